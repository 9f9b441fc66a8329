//! The arithmetic reading of the syntax tree: numbers and values, not terms.
//!
//! It holds for the response, for arguments of calls, and for a predictor that is a comparison
//! or another operator that formulas give no meaning of their own (`x > 3`, `!f`, `day %% 7`).

use crate::syntax::{MAX_DEPTH, Node, NodeKind, Operator, Sign};
use crate::{BinaryOperator, Expr, ExprKind, FormulaError, FormulaErrorKind as Kind, Span};

/// Where the expression stands, which decides what a bar in it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// An argument of a call: `|` is "or".
    Argument,
    /// The response: `|` is an error with a hint of its own.
    Response,
    /// A predictor: `|` there is a random term that has got lost.
    Predictor,
}

/// Reads a node as arithmetic.
pub(crate) fn read(node: Node, place: Place) -> Result<Expr, FormulaError> {
    if node.arithmetic_depth() > MAX_DEPTH {
        return Err(too_deep(node.span));
    }
    lower(node, place)
}

/// The error for a formula that is nested too deeply.
pub(crate) fn too_deep(span: Span) -> FormulaError {
    FormulaError::new(
        Kind::TooDeep,
        span,
        format!("the expression is nested more than {MAX_DEPTH} levels deep"),
    )
    .with_hint("compute it as a column of the data")
}

fn lower(node: Node, place: Place) -> Result<Expr, FormulaError> {
    let Node { kind, span, .. } = node;
    let kind = match kind {
        NodeKind::Leaf(leaf) => leaf,
        NodeKind::Dot => return Err(dot(span, place)),
        NodeKind::Unary { operator, operand } => ExprKind::Unary {
            operator,
            operand: Box::new(lower(*operand, place)?),
        },
        NodeKind::Paren(inner) => ExprKind::Paren(Box::new(lower(*inner, place)?)),
        NodeKind::Sum { first, rest } => {
            let mut sum = lower(*first, place)?;
            for (sign, summand) in rest {
                let right = lower(summand, place)?;
                let span = sum.span.join(right.span);
                let kind = ExprKind::Binary {
                    operator: match sign {
                        Sign::Plus => BinaryOperator::Add,
                        Sign::Minus => BinaryOperator::Subtract,
                    },
                    left: Box::new(sum),
                    right: Box::new(right),
                };
                sum = Expr::new(kind, span);
            }
            return Ok(sum);
        }
        NodeKind::Binary {
            operator,
            left,
            right,
        } => match operator {
            Operator::Common(operator)
                if operator != BinaryOperator::Or || place == Place::Argument =>
            {
                ExprKind::Binary {
                    operator,
                    left: Box::new(lower(*left, place)?),
                    right: Box::new(lower(*right, place)?),
                }
            }
            _ => return Err(no_arithmetic(operator, &left, &right, span, place)),
        },
    };
    Ok(Expr::new(kind, span))
}

fn dot(span: Span, place: Place) -> FormulaError {
    let message = match place {
        Place::Response => "`.` cannot be the response",
        Place::Argument | Place::Predictor => "`.` cannot be part of an expression",
    };
    FormulaError::new(Kind::Dot, span, message)
        .with_hint("`.` stands for the other columns as predictors of their own: `y ~ .`")
}

fn no_arithmetic(
    operator: Operator,
    left: &Node,
    right: &Node,
    span: Span,
    place: Place,
) -> FormulaError {
    let symbol = operator.symbol();
    if operator.is_bar() {
        return match place {
            Place::Argument => FormulaError::new(
                Kind::Arithmetic,
                span,
                "`||` inside a call compares single values, not columns",
            )
            .with_hint(format!(
                "for \"or\" write `{left} | {right}`; a random term is added: `x + ({left} || {right})`"
            )),
            Place::Response => FormulaError::new(
                Kind::Bar,
                span,
                format!("`{symbol}` cannot be part of the response"),
            )
            .with_hint(
                "random terms stand right of `~`; successes out of trials are \
                 `cbind(successes, trials - successes)`",
            ),
            Place::Predictor => FormulaError::new(
                Kind::Bar,
                span,
                "a random term cannot be part of a comparison",
            )
            .with_hint(
                "put the comparison in parentheses and add the random term: \
                 `(x > 0) + (1 | g)`",
            ),
        };
    }
    let hint = match place {
        Place::Argument if operator == Operator::In => {
            "to pick out levels write `f == \"a\" | f == \"b\"`".to_string()
        }
        Place::Argument => format!(
            "`{left}:{right}` is an interaction only outside of calls; a factor of all \
             combinations is `interaction({left}, {right})`"
        ),
        Place::Response => "interactions stand right of `~`".to_string(),
        Place::Predictor => "put the comparison in parentheses: `a:(x > 0)`".to_string(),
    };
    FormulaError::new(
        Kind::Arithmetic,
        span,
        format!("`{symbol}` has no meaning in arithmetic"),
    )
    .with_hint(hint)
}
