//! Expressions in variable position: what a row is turned into before it enters a model matrix.

use serde::{Deserialize, Serialize};

use crate::arithmetic::{self, Place};
use crate::parser::parse_expression;
use crate::{FormulaError, Span};

/// An expression over columns, such as `log(Reaction)`, `I(Days - 4.5)` or `poly(Days, 2)`.
///
/// Two expressions are equal when they mean the same text, wherever they stand: the span does
/// not take part in equality. `Display` prints R's `deparse` of the expression, which is what
/// coefficient names are made of.
///
/// Serialised, an expression is that text. A tree of objects would be hard to read in a saved
/// model, and a sum of fifty items in it deeper than JSON readers go. The span then refers to the
/// expression's own text.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Expr {
    /// What the expression is.
    pub kind: ExprKind,
    /// Where it stands in the formula.
    pub span: Span,
}

/// The kinds of expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ExprKind {
    /// A column of the data, by its name without backticks.
    Column(String),
    /// A number.
    Number(f64),
    /// A quoted string, as in `relevel(f, "b")`.
    Text(String),
    /// `TRUE` or `FALSE`.
    Logical(bool),
    /// A function call, such as `poly(x, 2, raw = TRUE)`.
    Call {
        /// The function's name.
        function: String,
        /// Its arguments in the order written.
        arguments: Vec<Argument>,
    },
    /// An operator with one operand.
    Unary {
        /// The operator.
        operator: UnaryOperator,
        /// What it applies to.
        operand: Box<Expr>,
    },
    /// An operator with two operands; inside variables these have their arithmetic meaning.
    Binary {
        /// The operator.
        operator: BinaryOperator,
        /// Left operand.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// A parenthesised expression; kept so that printing gives back what R would print.
    Paren(Box<Expr>),
}

/// One argument of a call, positional or named.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Argument {
    /// The name before `=`, if there is one.
    pub name: Option<String>,
    /// The value.
    pub value: Expr,
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UnaryOperator {
    /// `-x`
    Minus,
    /// `+x`
    Plus,
    /// `!x`
    Not,
}

/// Operators with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BinaryOperator {
    /// `a + b`
    Add,
    /// `a - b`
    Subtract,
    /// `a * b`
    Multiply,
    /// `a / b`
    Divide,
    /// `a ^ b`
    Power,
    /// `a %% b`
    Modulo,
    /// `a %/% b`
    IntegerDivide,
    /// `a == b`
    Equal,
    /// `a != b`
    NotEqual,
    /// `a < b`
    Less,
    /// `a <= b`
    LessEqual,
    /// `a > b`
    Greater,
    /// `a >= b`
    GreaterEqual,
    /// `a & b`
    And,
    /// `a | b` (inside parentheses of a call only: elsewhere a bar makes a random term)
    Or,
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Expr {
    /// An expression of the given kind at the given place.
    pub fn new(kind: ExprKind, span: Span) -> Self {
        Self { kind, span }
    }

    /// Reads an expression by itself, as it would stand in the argument of a call.
    ///
    /// # Errors
    ///
    /// As [`crate::Formula::parse`]; spans refer to `text`.
    pub fn parse(text: &str) -> Result<Self, FormulaError> {
        arithmetic::read(parse_expression(text)?, Place::Argument)
    }

    /// Every mention of a column, from left to right, with its place.
    ///
    /// A column that is mentioned twice comes twice. Names that are no columns are left out: of
    /// functions, of arguments, and of the contrasts in the second argument of `C(x, sum)`.
    pub fn columns(&self) -> Vec<(&str, Span)> {
        let mut found = Vec::new();
        self.collect_columns(&mut found);
        found
    }

    fn collect_columns<'a>(&'a self, found: &mut Vec<(&'a str, Span)>) {
        match &self.kind {
            ExprKind::Column(name) => found.push((name, self.span)),
            ExprKind::Number(_) | ExprKind::Text(_) | ExprKind::Logical(_) => {}
            ExprKind::Call {
                function,
                arguments,
            } => {
                for (index, argument) in arguments.iter().enumerate() {
                    let names_a_contrast = function == "C" && index > 0;
                    if !(names_a_contrast && matches!(argument.value.kind, ExprKind::Column(_))) {
                        argument.value.collect_columns(found);
                    }
                }
            }
            ExprKind::Unary { operand, .. } => operand.collect_columns(found),
            ExprKind::Binary { left, right, .. } => {
                left.collect_columns(found);
                right.collect_columns(found);
            }
            ExprKind::Paren(inner) => inner.collect_columns(found),
        }
    }

    /// The name, if the expression is a column and nothing else.
    pub fn as_column(&self) -> Option<&str> {
        match &self.kind {
            ExprKind::Column(name) => Some(name),
            _ => None,
        }
    }

    /// The truth value, if the expression is `TRUE`, `FALSE`, or R's short `T` or `F`.
    ///
    /// In an argument given by name (`raw = T`) the parser has already made a
    /// [`ExprKind::Logical`] of `T`. Elsewhere `T` is the column of that name (`log(T)` of a
    /// temperature, `cbind(S, F)` of successes and failures), and only the function knows better:
    /// it asks here for its third argument in `scale(x, T, F)`.
    pub fn as_logical(&self) -> Option<bool> {
        match &self.kind {
            ExprKind::Logical(value) => Some(*value),
            ExprKind::Column(name) if name == "T" => Some(true),
            ExprKind::Column(name) if name == "F" => Some(false),
            _ => None,
        }
    }

    /// The number, if the expression is one, possibly with a sign or in parentheses.
    pub fn as_number(&self) -> Option<f64> {
        match &self.kind {
            ExprKind::Number(value) => Some(*value),
            ExprKind::Paren(inner) => inner.as_number(),
            ExprKind::Unary {
                operator: UnaryOperator::Minus,
                operand,
            } => operand.as_number().map(|value| -value),
            ExprKind::Unary {
                operator: UnaryOperator::Plus,
                operand,
            } => operand.as_number(),
            _ => None,
        }
    }
}

impl TryFrom<String> for Expr {
    type Error = FormulaError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Expr> for String {
    fn from(expr: Expr) -> Self {
        expr.to_string()
    }
}
