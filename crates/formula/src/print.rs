//! Terms back to text that reads as the same terms.
//!
//! The labels of R are not such text. The variable `x > 3` has the label `x > 3`, which in a sum
//! would swallow its neighbours, so variables that are operators get parentheses here. And an
//! interaction lists its variables by their first appearance in the formula: when `b` has been
//! printed before `a`, the text `a:b` reads back as `b:a`, and every coefficient of it changes its
//! name. Then one interaction that has all variables in the right order leads the sum, because a
//! sum sorts its terms by degree anyway; if the model has no such term, it is subtracted again at
//! the end: `a:b:c + b:c + a:c - a:b:c`.

use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};

use crate::{Effects, Expr, ExprKind, RandomTerm, Term, Terms};

impl Display for Terms {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.response {
            Some(response) => write!(f, "{response} ~ ")?,
            None => f.write_str("~")?,
        }
        write_effects(f, &self.fixed, self.response.as_ref())?;
        for offset in &self.offsets {
            write!(f, " + offset({offset})")?;
        }
        for term in &self.random {
            write!(f, " + {term}")?;
        }
        Ok(())
    }
}

impl Display for Effects {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_effects(f, self, None)
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label())
    }
}

impl Display for RandomTerm {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let bar = if self.correlated { "|" } else { "||" };
        write!(f, "({} {bar} {})", self.effects, product(&self.group))
    }
}

fn write_effects(f: &mut Formatter<'_>, effects: &Effects, response: Option<&Expr>) -> fmt::Result {
    let lead = leading_product(&effects.terms, response);
    let is_lead = |term: &&Term| lead.as_ref().is_some_and(|lead| *lead == term.factors);
    let mut parts: Vec<String> = Vec::new();
    if !effects.intercept {
        parts.push("0".to_string());
    }
    parts.extend(lead.as_deref().map(product));
    let others = effects.terms.iter().filter(|term| !is_lead(term));
    parts.extend(others.map(|term| product(&term.factors)));
    if parts.is_empty() {
        parts.push("1".to_string());
    }
    f.write_str(&parts.join(" + "))?;
    match lead {
        Some(lead) if !effects.terms.iter().any(|term| is_lead(&term)) => {
            write!(f, " - {}", product(&lead))
        }
        _ => Ok(()),
    }
}

/// A term with parentheses around those of its variables that are operators.
fn product(factors: &[Expr]) -> String {
    let texts: Vec<String> = factors
        .iter()
        .map(|factor| match factor.kind {
            ExprKind::Unary { .. } | ExprKind::Binary { .. } => format!("({factor})"),
            _ => factor.to_string(),
        })
        .collect();
    texts.join(":")
}

/// The interaction that must be printed first so that all others keep the order of their
/// variables; `None` when the plain order of the terms does.
fn leading_product(terms: &[Term], response: Option<&Expr>) -> Option<Vec<Expr>> {
    let mut variables: Vec<&Expr> = Vec::new();
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut number = |expr| {
        let next = variables.len();
        let number = *numbers.entry(format!("{expr}")).or_insert(next);
        if number == next {
            variables.push(expr);
        }
        number
    };
    response.map(&mut number);
    let numbered: Vec<Vec<usize>> = terms
        .iter()
        .map(|term| term.factors.iter().map(&mut number).collect())
        .collect();
    if numbered.iter().all(|term| term.is_sorted()) {
        return None;
    }

    // A topological sort: take the first variable that no interaction wants behind another one
    // which is still to be taken. Terms that were read from a formula always allow it.
    let mut remaining: Vec<usize> = (0..variables.len())
        .filter(|v| numbered.iter().any(|t| t.len() > 1 && t.contains(v)))
        .collect();
    let mut order = Vec::new();
    while !remaining.is_empty() {
        let free = |v: usize| {
            numbered.iter().all(|term| {
                let before = term.iter().take_while(|&&other| other != v);
                !term.contains(&v) || before.clone().all(|other| order.contains(other))
            })
        };
        let at = remaining.iter().position(|&v| free(v))?;
        order.push(remaining.remove(at));
    }
    Some(order.into_iter().map(|v| variables[v].clone()).collect())
}
