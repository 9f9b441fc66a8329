//! The other reading of the syntax tree: a sum of terms.
//!
//! Wilkinson and Rogers (1973) gave the algebra, R's `terms()` its details, and the details are
//! what people's coefficient tables depend on:
//!
//! - A term is a set of variables. Variables are numbered as they appear, from left to right, also
//!   where they are subtracted; a label lists them by number. So `a + b:a` gives `a` and `a:b`.
//! - Terms are ordered by the number of their variables, then by appearance. The second mention of
//!   a term is dropped.
//! - `1`, `0` and `-1` are no terms but switches, and the last one counts; behind a minus they
//!   mean their opposite.
//! - `a/b` nests: all variables of the left side enter the interaction. `(a + b)/c` therefore
//!   contains `a:b:c` and not `a:c`.
//!
//! Where R silently drops what it cannot use (`1:a`, `2 * x` inside a product, a bar in an
//! interaction), an error says so instead.

mod complaints;

use std::collections::HashMap;

use complaints::{bare_bar, factor_of_product};

pub(crate) use complaints::not_a_term;

use crate::arithmetic::{self, Place as Arithmetic};
use crate::products::{MAX_TERMS, Product, Products, too_many};
use crate::syntax::{Node, NodeKind, Operator, Sign};
use crate::{
    BinaryOperator as Common, Effects, Expr, ExprKind, FormulaError, FormulaErrorKind as Kind,
    Span, Term, UnaryOperator,
};

/// What the sum belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Role<'a> {
    /// The fixed effects. The columns that `.` stands for are `None` while the formula is only
    /// being checked: `.` is then allowed and empty.
    Fixed(Option<&'a [&'a str]>),
    /// The effects of a random term.
    Random,
}

/// A sum read as terms, with what stands in it and is no term.
pub(crate) struct Expansion<'a> {
    pub effects: Effects,
    /// The arguments of `offset(...)`.
    pub offsets: Vec<Expr>,
    /// Random terms: the parentheses with a bar in them.
    pub bars: Vec<&'a Node>,
}

/// Expands a sum. The response, if there is one, is the first variable.
pub(crate) fn expand<'a>(
    node: &'a Node,
    response: Option<&Expr>,
    role: Role<'_>,
) -> Result<Expansion<'a>, FormulaError> {
    let mut reader = Reader {
        role,
        variables: Vec::new(),
        numbers: HashMap::new(),
        intercept: true,
        removing: false,
        offsets: Vec::new(),
        bars: Vec::new(),
    };
    if let Some(response) = response {
        reader.number(response.clone());
    }
    let mut products = reader.sum(node, Place::Sum)?.list;
    products.sort_by_key(|product| product.variables.len());
    let terms = products
        .into_iter()
        .map(|product| Term {
            factors: product
                .variables
                .iter()
                .map(|&number| reader.variables[number].clone())
                .collect(),
            span: product.span,
        })
        .collect();
    Ok(Expansion {
        effects: Effects {
            intercept: reader.intercept,
            terms,
        },
        offsets: reader.offsets,
        bars: reader.bars,
    })
}

/// Where a node stands, which decides whether a bar or an offset may stand there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Added to the sum.
    Sum,
    /// Subtracted from it.
    Removed,
    /// Inside a product of terms.
    Product,
}

struct Reader<'a, 'r> {
    role: Role<'r>,
    variables: Vec<Expr>,
    /// From the text of a variable to its number.
    numbers: HashMap<String, usize>,
    intercept: bool,
    /// Whether an odd number of minuses stands before the present place.
    removing: bool,
    offsets: Vec<Expr>,
    bars: Vec<&'a Node>,
}

impl<'a> Reader<'a, '_> {
    fn number(&mut self, variable: Expr) -> usize {
        let next = self.variables.len();
        let number = *self.numbers.entry(variable.to_string()).or_insert(next);
        if number == next {
            self.variables.push(variable);
        }
        number
    }

    fn variable(&mut self, variable: Expr) -> Products {
        let span = variable.span;
        let mut products = Products::default();
        products.add(Product {
            variables: vec![self.number(variable)],
            span,
        });
        products
    }

    fn sum(&mut self, node: &'a Node, place: Place) -> Result<Products, FormulaError> {
        match &node.kind {
            NodeKind::Dot => self.dot(node.span),
            NodeKind::Leaf(leaf) => self.leaf(leaf, node.span, place),
            NodeKind::Unary {
                operator: UnaryOperator::Plus,
                operand,
            } => self.sum(operand, place),
            NodeKind::Unary {
                operator: UnaryOperator::Minus,
                operand,
            } => {
                // Nothing stands before it that could be removed; the intercept can.
                self.removed(operand)?;
                Ok(Products::default())
            }
            NodeKind::Unary {
                operator: UnaryOperator::Not,
                ..
            } => self.expression(node),
            NodeKind::Sum { first, rest } => {
                let mut sum = self.sum(first, place)?;
                for (sign, summand) in rest {
                    match sign {
                        Sign::Plus => sum.add_all(self.sum(summand, place)?),
                        Sign::Minus => sum.remove_all(&self.removed(summand)?),
                    }
                }
                Ok(sum)
            }
            NodeKind::Paren(inner) if inner.is_bar() => {
                self.bar(node, inner, place)?;
                Ok(Products::default())
            }
            NodeKind::Paren(inner) => self.sum(inner, place),
            NodeKind::Binary {
                operator,
                left,
                right,
            } => self.binary(node, *operator, left, right),
        }
    }

    fn removed(&mut self, node: &'a Node) -> Result<Products, FormulaError> {
        self.removing = !self.removing;
        let products = self.sum(node, Place::Removed)?;
        self.removing = !self.removing;
        Ok(products)
    }

    fn leaf(
        &mut self,
        leaf: &ExprKind,
        span: Span,
        place: Place,
    ) -> Result<Products, FormulaError> {
        match leaf {
            ExprKind::Number(value) if *value == 1.0 => self.intercept = !self.removing,
            ExprKind::Number(value) if *value == 0.0 => self.intercept = self.removing,
            ExprKind::Number(_) | ExprKind::Text(_) | ExprKind::Logical(_) => {
                return Err(not_a_term(leaf, span));
            }
            ExprKind::Call {
                function,
                arguments,
            } if function == "offset" => {
                let role = self.role;
                let fault = match (role, place) {
                    (Role::Random, _) => Some("a random term cannot contain an offset"),
                    (_, Place::Product) => Some("an offset cannot be part of an interaction"),
                    (_, Place::Removed) => Some("an offset cannot be subtracted"),
                    (_, Place::Sum) => None,
                };
                if let Some(fault) = fault {
                    return Err(FormulaError::new(Kind::Offset, span, fault).with_hint(
                        "an offset is added to the fixed effects: `y ~ x + offset(log(n))`",
                    ));
                }
                let [argument] = &arguments[..] else {
                    let message = format!("`offset` takes one argument, not {}", arguments.len());
                    return Err(FormulaError::new(Kind::Offset, span, message)
                        .with_hint("write one `offset(...)` for each"));
                };
                if !self.offsets.contains(&argument.value) {
                    self.offsets.push(argument.value.clone());
                }
            }
            _ => return Ok(self.variable(Expr::new(leaf.clone(), span))),
        }
        Ok(Products::default())
    }

    fn dot(&mut self, span: Span) -> Result<Products, FormulaError> {
        let columns = match self.role {
            Role::Fixed(None) => return Ok(Products::default()),
            Role::Fixed(Some(columns)) => columns,
            Role::Random => {
                return Err(FormulaError::new(
                    Kind::Dot,
                    span,
                    "`.` cannot stand in a random term",
                )
                .with_hint("write out the columns whose effects vary: `(x + z | group)`"));
            }
        };
        if columns.is_empty() {
            return Err(FormulaError::new(
                Kind::Dot,
                span,
                "`.` stands for the other columns of the data, and there are none",
            )
            .with_hint("write out the predictors, or `1` for the mean alone"));
        }
        let mut products = Products::default();
        for column in columns {
            let kind = ExprKind::Column(column.to_string());
            products.add_all(self.variable(Expr::new(kind, span)));
        }
        Ok(products)
    }

    fn bar(&mut self, node: &'a Node, inner: &Node, place: Place) -> Result<(), FormulaError> {
        let message = match (self.role, place) {
            (Role::Random, _) => "a random term cannot stand inside another one",
            (_, Place::Product) => "a random term cannot be part of an interaction",
            (_, Place::Removed) => "a random term cannot be subtracted",
            (_, Place::Sum) => {
                self.bars.push(node);
                return Ok(());
            }
        };
        let hint = match place {
            Place::Removed => "leave it out of the formula".to_string(),
            _ => format!("add it to the fixed effects: `y ~ x + ({inner})`"),
        };
        Err(FormulaError::new(Kind::Bar, node.span, message).with_hint(hint))
    }

    fn binary(
        &mut self,
        node: &'a Node,
        operator: Operator,
        left: &'a Node,
        right: &'a Node,
    ) -> Result<Products, FormulaError> {
        if operator.is_bar() {
            return Err(bare_bar(node, operator, left, right, self.role));
        }
        match operator {
            Operator::Common(Common::Power) => return self.power(node, left, right),
            Operator::Common(Common::Multiply | Common::Divide)
            | Operator::Interaction
            | Operator::In => {}
            Operator::Common(_) | Operator::DoubleBar => return self.expression(node),
        }
        factor_of_product(node, left)?;
        factor_of_product(node, right)?;
        let left = self.sum(left, Place::Product)?;
        let right = self.sum(right, Place::Product)?;
        let crossed = match operator {
            Operator::Interaction => return left.cross(&right, node.span),
            Operator::In => return left.cross(&right.whole(), node.span),
            Operator::Common(Common::Divide) => left.whole().cross(&right, node.span)?,
            _ => left.cross(&right, node.span)?,
        };
        let mut sum = left;
        if operator == Operator::Common(Common::Multiply) {
            sum.add_all(right);
        }
        sum.add_all(crossed);
        if sum.list.len() > MAX_TERMS {
            return Err(too_many(node.span));
        }
        Ok(sum)
    }

    fn power(
        &mut self,
        node: &'a Node,
        base: &'a Node,
        exponent: &Node,
    ) -> Result<Products, FormulaError> {
        let times = match exponent.kind {
            NodeKind::Leaf(ExprKind::Number(n)) if n >= 1.0 && n.fract() == 0.0 => n,
            _ => {
                return Err(FormulaError::new(
                    Kind::Power,
                    exponent.span,
                    "the exponent of terms is a whole number of at least 1",
                )
                .with_hint(format!(
                    "`(a + b)^2` gives all two-way interactions; for arithmetic write `I({node})`"
                )));
            }
        };
        let base = self.sum(base, Place::Product)?;
        let mut power = base.clone();
        let mut done = 1.0;
        while done < times {
            let next = power.cross(&base, node.span)?;
            // Once every variable is in, further factors change nothing.
            if next.list.len() == power.list.len() {
                break;
            }
            power = next;
            done += 1.0;
        }
        Ok(power)
    }

    /// A variable that is a comparison or another operator without a meaning for terms.
    fn expression(&mut self, node: &Node) -> Result<Products, FormulaError> {
        let variable = arithmetic::read(node.clone(), Arithmetic::Predictor)?;
        Ok(self.variable(variable))
    }
}
