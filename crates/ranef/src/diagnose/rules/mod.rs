//! From numbers to verdicts. A departure counts only if it is both unlikely by chance (p < 0.01) and
//! large enough to matter; the limits stand in the rule of each finding.

mod generalised;
mod influence;
mod model;
mod residuals;

pub(super) use generalised::{overdispersion, separation, zeros};
pub(super) use influence::{influential_groups, influential_rows};
pub(super) use model::{collinearity, convergence, groups, optimizers, singularity};
pub(super) use residuals::{
    normal_effects, normal_residuals, simulated, spread_fitted, spread_groups, spread_predictors,
};

use super::check::Verdict;
use crate::format::p_values;

/// A p-value above this is chance.
const CHANCE: f64 = 0.01;

/// `p = 0.032`, `p < 2e-16`.
fn p(value: f64) -> String {
    let text = p_values(&[Some(value)], 2).concat();
    let text = text.trim();
    match text.strip_prefix('<') {
        Some(rest) => format!("p < {}", rest.trim()),
        None => format!("p = {text}"),
    }
}

/// The verdict on a departure: none by chance, else by its size.
fn by_size(p_value: Option<f64>, size: f64, note: f64, problem: f64) -> Verdict {
    match p_value {
        None => Verdict::Unknown,
        Some(p) if p >= CHANCE || size < note => Verdict::Ok,
        Some(_) if size < problem => Verdict::Note,
        Some(_) => Verdict::Problem,
    }
}

fn listed(names: &[String]) -> String {
    const MOST: usize = 5;
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] if names.len() <= MOST => format!("{} and {last}", first.join(", ")),
        _ => format!(
            "{} and {} more",
            names[..MOST].join(", "),
            names.len() - MOST
        ),
    }
}
