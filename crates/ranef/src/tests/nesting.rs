//! Whether one model is a special case of another.
//!
//! It is decided by the terms: every fixed effect of the smaller model must be among those of the
//! larger or a margin of one of them, and every covariance block must fit into one of the larger's.
//! That recognises what people write; two parametrisations of one space that share no names
//! (`poly(x, 2)` and `x + I(x^2)`) it does not, and such models count as not nested.

use ranef_formula::{Expr, Term, Terms};

use crate::Fit;

/// How a smaller model lies in a larger one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nesting {
    /// It does not.
    None,
    /// It does; the larger model has so many more variances of random effects. With none, the
    /// parameters that are tested lie inside of their range.
    In {
        /// Variances that the smaller model sets to zero.
        variances: usize,
    },
}

/// How `small` lies in `large`.
pub(super) fn nesting(small: &Fit, large: &Fit) -> Nesting {
    if !fixed_within(small, large) {
        return Nesting::None;
    }
    random_within(small, large).map_or(Nesting::None, |variances| Nesting::In { variances })
}

fn fixed_within(small: &Fit, large: &Fit) -> bool {
    let names = large.recipe().fixed_names();
    if small
        .recipe()
        .fixed_names()
        .iter()
        .all(|n| names.contains(n))
    {
        return true;
    }
    let factors = Factors::of(large);
    let (a, b) = (&small.terms().fixed, &large.terms().fixed);
    let intercept = !a.intercept || b.intercept || factors.spanned(&b.terms, &[]);
    intercept
        && a.terms
            .iter()
            .all(|t| factors.spanned(&b.terms, &t.factors))
}

/// Which expressions are factors.
struct Factors(Vec<String>);

impl Factors {
    fn of(fit: &Fit) -> Self {
        let is_factor = |v: &ranef_design::VariableInfo| {
            matches!(v.values, ranef_design::VariableValues::Factor { .. })
        };
        let variables = fit.recipe().variables();
        Self(
            variables
                .into_iter()
                .filter(is_factor)
                .map(|v| v.name)
                .collect(),
        )
    }

    /// Whether some term has all of these variables, and beyond them factors only: the sum over
    /// their levels is what is left.
    fn spanned(&self, terms: &[Term], variables: &[Expr]) -> bool {
        terms.iter().any(|term| {
            variables.iter().all(|v| term.factors.contains(v))
                && term
                    .factors
                    .iter()
                    .all(|f| variables.contains(f) || self.0.contains(&f.to_string()))
        })
    }
}

/// A covariance block: its group, its effects' names and the terms they come from.
struct Block<'a> {
    group: &'a [Expr],
    names: &'a [String],
    effects: &'a ranef_formula::Effects,
}

fn blocks<'a>(fit: &'a Fit, terms: &'a Terms) -> Vec<Block<'a>> {
    let of = |design: &'a ranef_design::RandomDesign| Block {
        group: &terms.random[design.term].group,
        names: &design.names,
        effects: &terms.random[design.term].effects,
    };
    fit.recipe().random().iter().map(of).collect()
}

/// Variances of `large` beyond those of `small`, where every block of `small` fits into one of
/// `large`.
fn random_within(small: &Fit, large: &Fit) -> Option<usize> {
    let (few, many) = (blocks(small, small.terms()), blocks(large, large.terms()));
    let width = |blocks: &[Block<'_>]| blocks.iter().map(|b| b.names.len()).sum::<usize>();
    let mut compound = false;
    for block in &few {
        let direct = many.iter().any(|b| {
            same_group(block.group, b.group) && block.names.iter().all(|n| b.names.contains(n))
        });
        // (1 | g:f) beside (1 | g) is (f | g) with equal variances and equal covariances.
        let through = |b: &Block<'_>| {
            let within = b.group.iter().all(|g| block.group.contains(g));
            let rest: Vec<Expr> = block
                .group
                .iter()
                .filter(|g| !b.group.contains(g))
                .cloned()
                .collect();
            within
                && !rest.is_empty()
                && block.names == ["(Intercept)"]
                && b.effects.terms.iter().any(|t| {
                    t.factors.len() == rest.len() && rest.iter().all(|f| t.factors.contains(f))
                })
        };
        if direct {
            continue;
        }
        if !many.iter().any(through) {
            return None;
        }
        compound = true;
    }
    if compound {
        // The equal variances lie inside of their range, unless they are zero.
        return Some(0);
    }
    Some(width(&many).saturating_sub(width(&few)))
}

fn same_group(a: &[Expr], b: &[Expr]) -> bool {
    a.len() == b.len() && a.iter().all(|x| b.contains(x))
}
