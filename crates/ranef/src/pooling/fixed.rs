//! The fixed effects under the three poolings.

use ranef_engine::{LeastSquares, NoPooling};

use super::PooledFixed;
use super::compute::Column;
use crate::robust::listed;
use crate::{Fit, Note};

pub(super) fn fixed(
    fit: &Fit,
    columns: &[Column],
    none: &NoPooling,
    complete: Option<&LeastSquares>,
    bases: &[Basis],
) -> Vec<PooledFixed> {
    let p = fit.fixef().len();
    fit.fixed_names()
        .iter()
        .enumerate()
        .map(|(j, &term)| {
            let own = columns.iter().position(|c| c.term == term);
            let (no, no_se) = match (none.common[j], own.and_then(|at| none.mean[at])) {
                // It would be a difference from what the groups' own coefficients took up.
                (Some(_), _) if bases.iter().any(|b| b.compared(j)) => (None, None),
                (Some(value), _) => (Some(value), none.common_std_errors[j]),
                (None, Some((value, se))) => (Some(value), se),
                (None, None) => (None, None),
            };
            let std_error = fit.vcov()[j * p + j].sqrt();
            let complete_se = complete.map(|c| c.covariance[j * p + j].sqrt());
            PooledFixed {
                term: term.to_owned(),
                complete_pooling: complete.map(|c| c.beta[j]),
                complete_pooling_std_error: complete_se,
                no_pooling: no,
                no_pooling_std_error: no_se,
                partial_pooling: fit.fixef()[j],
                partial_pooling_std_error: std_error,
                std_error_ratio: complete_se.filter(|s| *s > 0.0).map(|s| std_error / s),
            }
        })
        .collect()
}

/// What the fixed effects have in the place of a column that varies by group.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Basis {
    /// The same column.
    Same,
    /// Nothing: on average over all groups it is zero by the model.
    Nothing,
    /// The same in other words, such as an indicator of every level for an intercept: `taken`, the
    /// columns that give the groups theirs, and `others` of the same terms, which stay common and
    /// are differences from them.
    Others {
        taken: Vec<usize>,
        others: Vec<usize>,
    },
}

impl Basis {
    pub(super) fn of(fit: &Fit, columns: &[Column], at: usize, none: &NoPooling) -> Self {
        let names = fit.fixed_names();
        if names.contains(&columns[at].term) {
            return Self::Same;
        }
        let own = |j: usize| columns.iter().any(|c| c.term == names[j]);
        let factor = fit.varcorr()[columns[at].block].factor;
        let levels = 0..fit.recipe().factors()[factor].levels;
        let gives = |j: usize| {
            let mut lines = levels.clone().filter_map(|level| none.level(level).line(j));
            lines.any(|line| line[at] != 0.0)
        };
        let taken: Vec<usize> = (0..names.len()).filter(|&j| !own(j) && gives(j)).collect();
        if taken.is_empty() {
            return Self::Nothing;
        }
        let recipe = fit.recipe();
        let (kept, assign) = (recipe.fixed_kept(), recipe.fixed_assign());
        let term = |j: usize| assign[kept[j]];
        let others = (0..names.len())
            .filter(|j| !taken.contains(j) && taken.iter().any(|&t| term(t) == term(*j)))
            .collect();
        Self::Others { taken, others }
    }

    /// Whether a fixed effect, without pooling, is a difference from what the groups took up.
    fn compared(&self, j: usize) -> bool {
        matches!(self, Self::Others { others, .. } if others.contains(&j))
    }

    /// What to say of it.
    pub(super) fn note(&self, fit: &Fit, terms: &[&str]) -> Option<Note> {
        let names = fit.fixed_names();
        let list = |at: &[usize]| {
            let names: Vec<&str> = at.iter().map(|&j| names[j]).collect();
            listed(&names)
        };
        let (missing, many) = (listed(terms), terms.len() > 1);
        let message = match self {
            Self::Same => return None,
            Self::Nothing => format!(
                "The fixed effects have no {missing}: complete pooling takes {} for zero in every \
                 group, and so does the multilevel model on average over the groups.",
                if many { "them" } else { "it" }
            ),
            Self::Others { taken, others } if others.is_empty() => format!(
                "The fixed effects have no {missing} of {} own: {} of a group {} what {} {} it.",
                if many { "their" } else { "its" },
                if many { "those" } else { "that" },
                if many { "are" } else { "is" },
                list(taken),
                if taken.len() > 1 { "give" } else { "gives" },
            ),
            Self::Others { taken, others } => format!(
                "The fixed effects have no {missing} of {} own: {} of a group {} what {} {} it \
                 with {} at zero. Without pooling {} would be {} from {}, and {} left out.",
                if many { "their" } else { "its" },
                if many { "those" } else { "that" },
                if many { "are" } else { "is" },
                list(taken),
                if taken.len() > 1 { "give" } else { "gives" },
                list(others),
                list(others),
                if others.len() > 1 {
                    "differences"
                } else {
                    "a difference"
                },
                list(taken),
                if others.len() > 1 { "are" } else { "is" },
            ),
        };
        Some(Note::new("no_fixed_term", message))
    }
}
