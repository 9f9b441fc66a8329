//! What is said about a sum that means nothing, with the sum that was probably meant.

use super::Role;
use crate::syntax::{Node, NodeKind, Operator, Sign};
use crate::{ExprKind, FormulaError, FormulaErrorKind as Kind, Span, UnaryOperator};

/// Refuses the operands of a product that R drops without a word.
pub(super) fn factor_of_product(node: &Node, operand: &Node) -> Result<(), FormulaError> {
    // `:` and `%in%` have no meaning in arithmetic, so there is nothing to wrap in `I()`.
    let arithmetic = match &node.kind {
        NodeKind::Binary {
            operator: Operator::Interaction | Operator::In,
            ..
        } => None,
        _ => Some(format!("for arithmetic write `I({node})`")),
    };
    match &operand.kind {
        NodeKind::Leaf(ExprKind::Number(_)) => {
            let hint = match (arithmetic, &node.kind) {
                (Some(hint), NodeKind::Binary { right, .. })
                    if matches!(right.kind, NodeKind::Leaf(ExprKind::Column(_)))
                        && node.to_string() == format!("1/{right}") =>
                {
                    format!("for a random intercept write `(1 | {right})`; {hint}")
                }
                (Some(hint), _) => hint,
                (None, _) => "leave the number out; `1` and `0` are added to a sum".to_string(),
            };
            let message = "a number cannot be a factor of a term";
            Err(FormulaError::new(Kind::NotATerm, operand.span, message).with_hint(hint))
        }
        NodeKind::Unary {
            operator: UnaryOperator::Minus,
            ..
        } => {
            let text = node.to_string();
            let product = text.strip_prefix('-').unwrap_or(&text);
            let removal = format!("to remove a product write `- ({product})`");
            let message = "a minus removes a term from a sum and cannot be part of a product";
            let hint = match arithmetic {
                Some(arithmetic) => format!("{removal}; {arithmetic}"),
                None => removal,
            };
            Err(FormulaError::new(Kind::Minus, operand.span, message).with_hint(hint))
        }
        _ => Ok(()),
    }
}

pub(crate) fn not_a_term(leaf: &ExprKind, span: Span) -> FormulaError {
    let error = FormulaError::new(Kind::NotATerm, span, format!("`{leaf}` is not a term"));
    match leaf {
        ExprKind::Number(_) => {
            error.with_hint("the numbers of a formula are `1` (intercept) and `0` (none)")
        }
        ExprKind::Text(text) => error.with_hint(format!(
            "a column is named without quotes: `{}`",
            ExprKind::Column(text.clone())
        )),
        _ => error.with_hint(format!(
            "`1` and `0` switch the intercept; a column named so is written `` `{leaf}` ``"
        )),
    }
}

pub(super) fn bare_bar(
    node: &Node,
    operator: Operator,
    left: &Node,
    right: &Node,
    role: Role<'_>,
) -> FormulaError {
    let symbol = operator.symbol();
    if matches!(role, Role::Random) || left.is_bar() {
        return FormulaError::new(
            Kind::Bar,
            node.span,
            "a random term has one bar, and this one has two",
        )
        .with_hint("give each its own parentheses: `(1 | a) + (1 | b)`");
    }
    FormulaError::new(
        Kind::BareBar,
        node.span,
        "a random term must stand in parentheses",
    )
    .with_hint(match split_last(left) {
        Some((before, last)) if matches!(last.kind, NodeKind::Leaf(ExprKind::Number(_))) => {
            format!("write `{before} + ({last} {symbol} {right})`")
        }
        Some((before, last)) if !has_bar(left) => format!(
            "write `{before} + ({last} {symbol} {right})`, or `({left} {symbol} {right})` if all \
             these effects vary"
        ),
        Some((before, last)) => format!("write `{before} + ({last} {symbol} {right})`"),
        None => format!("write `({left} {symbol} {right})`"),
    })
}

/// Whether a random term is a summand.
fn has_bar(node: &Node) -> bool {
    let is_term = |node: &Node| matches!(&node.kind, NodeKind::Paren(inner) if inner.is_bar());
    match &node.kind {
        NodeKind::Sum { first, rest } => {
            is_term(first) || rest.iter().any(|(_, summand)| is_term(summand))
        }
        _ => is_term(node),
    }
}

/// The last summand of a sum and all before it, if it is added.
fn split_last(node: &Node) -> Option<(String, &Node)> {
    let NodeKind::Sum { first, rest } = &node.kind else {
        return None;
    };
    let ((Sign::Plus, last), before) = rest.split_last()? else {
        return None;
    };
    let before = NodeKind::Sum {
        first: first.clone(),
        rest: before.to_vec(),
    };
    Some((Node::above(before, node.span, []).to_string(), last))
}
