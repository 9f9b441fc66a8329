//! The right side of a bar: grouping factors.
//!
//! Only nesting, crossing and interactions make sense there, and their results are separate
//! random terms, not one sum. Orders are lme4's: `a/b` becomes `b:a` and then `a`, the finest
//! first and its label from inside out, whereas `a:b` keeps the order in which it is written.

use crate::arithmetic::{self, Place};
use crate::expand::{Role, expand, not_a_term};
use crate::syntax::{Node, NodeKind, Operator, Sign};
use crate::{
    BinaryOperator as Common, Expr, ExprKind, FormulaError, FormulaErrorKind as Kind, RandomTerm,
    UnaryOperator,
};

/// The random terms that a parenthesis with a bar stands for.
pub(crate) fn random_terms(paren: &Node) -> Result<Vec<RandomTerm>, FormulaError> {
    let NodeKind::Paren(inner) = &paren.kind else {
        return Ok(Vec::new());
    };
    let NodeKind::Binary {
        operator,
        left,
        right,
    } = &inner.kind
    else {
        return Ok(Vec::new());
    };
    let effects = expand(left, None, Role::Random)?.effects;
    if !effects.intercept && effects.terms.is_empty() {
        return Err(FormulaError::new(
            Kind::NoEffects,
            left.span,
            "the random term has no effects",
        )
        .with_hint(format!(
            "write `(1 {} {right})` for an intercept that varies, or leave the term out",
            operator.symbol()
        )));
    }
    let context = Context {
        effects: left,
        bar: operator.symbol(),
    };
    Ok(context
        .groups(right)?
        .into_iter()
        .map(|group| RandomTerm {
            effects: effects.clone(),
            group,
            correlated: *operator != Operator::DoubleBar,
            span: paren.span,
        })
        .collect())
}

/// A grouping factor: the variables whose combinations are its levels.
type Group = Vec<Expr>;

/// More grouping factors than this in one term are a slip (`a*b*c*d*e*f*g`).
const MAX_GROUPS: usize = 64;

/// What stands left of the bar; hints quote it.
struct Context<'a> {
    effects: &'a Node,
    bar: &'static str,
}

impl Context<'_> {
    fn groups(&self, node: &Node) -> Result<Vec<Group>, FormulaError> {
        let variable = |node: &Node| -> Result<Vec<Group>, FormulaError> {
            Ok(vec![vec![arithmetic::read(
                node.clone(),
                Place::Predictor,
            )?]])
        };
        match &node.kind {
            NodeKind::Leaf(ExprKind::Column(_)) => variable(node),
            NodeKind::Leaf(ExprKind::Call { function, .. }) if function != "offset" => {
                variable(node)
            }
            NodeKind::Unary {
                operator: UnaryOperator::Not,
                ..
            } => variable(node),
            NodeKind::Paren(inner) if !inner.is_bar() => self.groups(inner),
            NodeKind::Paren(_) => Err(FormulaError::new(
                Kind::Bar,
                node.span,
                "a random term cannot be a grouping factor",
            )
            .with_hint("name the column whose levels differ: `(1 | school)`")),
            NodeKind::Sum { first, rest } => Err(self.sum(node, first, rest)),
            NodeKind::Binary {
                operator,
                left,
                right,
            } => match operator {
                Operator::Common(Common::Multiply | Common::Divide)
                | Operator::Interaction
                | Operator::In => self.product(node, *operator, left, right),
                Operator::Common(Common::Power) => Err(self.no_group(node)),
                Operator::DoubleBar => Err(self.no_group(node)),
                Operator::Common(_) => variable(node),
            },
            NodeKind::Leaf(constant @ (ExprKind::Text(_) | ExprKind::Logical(_))) => {
                let hint = not_a_term(constant, node.span);
                Err(FormulaError::new(
                    Kind::Group,
                    node.span,
                    format!("`{constant}` cannot be a grouping factor"),
                )
                .with_hint(hint.hint().unwrap_or_default()))
            }
            NodeKind::Leaf(_) | NodeKind::Dot | NodeKind::Unary { .. } => Err(self.no_group(node)),
        }
    }

    fn product(
        &self,
        node: &Node,
        operator: Operator,
        left: &Node,
        right: &Node,
    ) -> Result<Vec<Group>, FormulaError> {
        let left = self.groups(left)?;
        let right = self.groups(right)?;
        let crossed: Vec<Group> = left
            .iter()
            .flat_map(|a| right.iter().map(|b| combine(a, b)))
            .collect();
        let groups = match operator {
            Operator::Common(Common::Divide) => {
                let outer = left.iter().fold(Vec::new(), |all, one| combine(&all, one));
                let nested = right.iter().map(|inner| combine(inner, &outer));
                nested.chain(left.iter().cloned()).collect()
            }
            Operator::Common(Common::Multiply) => [left, right, crossed].concat(),
            _ => crossed,
        };
        let mut distinct: Vec<Group> = Vec::new();
        for group in groups {
            if !distinct.iter().any(|known| same_variables(known, &group)) {
                distinct.push(group);
            }
        }
        if distinct.len() > MAX_GROUPS {
            return Err(FormulaError::new(
                Kind::Group,
                node.span,
                format!("this stands for more than {MAX_GROUPS} grouping factors"),
            )
            .with_hint("write one random term for each that you mean"));
        }
        Ok(distinct)
    }

    fn sum(&self, node: &Node, first: &Node, rest: &[(Sign, Node)]) -> FormulaError {
        let Context { effects, bar } = self;
        let all_added = rest.iter().all(|(sign, _)| *sign == Sign::Plus);
        let hint = if all_added && rest.len() < 4 {
            let parts = std::iter::once(first).chain(rest.iter().map(|(_, part)| part));
            let terms: Vec<_> = parts
                .map(|part| format!("({effects} {bar} {part})"))
                .collect();
            format!("write one term for each: `{}`", terms.join(" + "))
        } else {
            format!("write one term for each: `({effects} {bar} a) + ({effects} {bar} b)`")
        };
        let message = "grouping factors cannot be added or subtracted";
        FormulaError::new(Kind::Group, node.span, message).with_hint(hint)
    }

    fn no_group(&self, node: &Node) -> FormulaError {
        FormulaError::new(
            Kind::Group,
            node.span,
            format!("`{node}` cannot be a grouping factor"),
        )
        .with_hint(format!(
            "name the column whose levels differ: `({} {} school)`",
            self.effects, self.bar
        ))
    }
}

/// The variables of both, each once.
fn combine(first: &[Expr], second: &[Expr]) -> Group {
    let mut all = first.to_vec();
    for variable in second {
        if !all.contains(variable) {
            all.push(variable.clone());
        }
    }
    all
}

/// Whether two grouping factors have the same levels, whatever the order in their labels.
fn same_variables(a: &[Expr], b: &[Expr]) -> bool {
    a.len() == b.len() && a.iter().all(|variable| b.contains(variable))
}
