//! Expressions in variable position: what a row is turned into before it enters a model matrix.

use serde::{Deserialize, Serialize};

use crate::Span;

/// An expression over columns, such as `log(Reaction)`, `I(Days - 4.5)` or `poly(Days, 2)`.
///
/// Two expressions are equal when they mean the same text, wherever they stand: the span does
/// not take part in equality. `Display` prints R's `deparse` of the expression, which is what
/// coefficient names are made of.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
