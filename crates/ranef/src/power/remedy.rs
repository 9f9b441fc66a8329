//! What would do where a study is too small for its model.

use crate::diagnose::model_rows::dot;
use crate::{Error, Fit, Model};

use super::plan::{Knob, PowerPlan};
use ranef_frame::Source;

/// Whether an error says that a study is too small, not that it is wrong.
pub(super) fn is_too_small(error: &Error) -> bool {
    matches!(
        error.code(),
        "too_few_rows"
            | "group_per_row"
            | "too_many_random_effects"
            | "no_residual"
            | "aliased"
            | "not_defined"
            | "constant_predictor"
            | "no_variance_left"
    )
}

/// Rows in each group that are tried.
const ROWS: std::ops::RangeInclusive<usize> = 2..=12;
/// Groups that are tried.
const GROUPS: [usize; 12] = [3, 4, 5, 6, 7, 8, 10, 12, 16, 20, 30, 50];

impl PowerPlan {
    /// The error with the numbers that would work, where some are found.
    pub(super) fn with_way_out(&self, model: &Model, seed: u64, error: Error) -> Error {
        if !is_too_small(&error) {
            return error;
        }
        let fits = |knob: &Knob, n: usize| {
            let plan = self.with(knob, n as f64);
            plan.and_then(|plan| plan.study(model, seed)).is_ok()
        };
        let mut ways = Vec::new();
        for group in self.groups() {
            let within = Knob::Within(group.to_owned());
            if let Some(n) = ROWS.into_iter().find(|&n| fits(&within, n)) {
                ways.push(format!(
                    "with {n} rows in each `{group}` (--within {group}={n})"
                ));
            }
            let groups = Knob::Groups(group.to_owned());
            let more = |n: &usize| self.count(group).is_none_or(|now| *n > now);
            if let Some(n) = GROUPS.into_iter().filter(more).find(|&n| fits(&groups, n)) {
                ways.push(format!(
                    "with {n} groups of `{group}` (--groups {group}={n})"
                ));
            }
        }
        match ways.is_empty() {
            true => error,
            false => error.with_hint(format!("it can be fitted {}", ways.join(", or "))),
        }
    }
}

/// Refuses a study whose fixed effects explain all differences between the groups of a factor.
pub(super) fn refuse_saturated(fit: &Fit, source: &dyn Source) -> Result<(), Error> {
    let p = fit.fixef().len();
    let factors = fit.recipe().factors();
    // So many groups differ in more ways than there are columns.
    if factors.iter().all(|f| f.levels > p) {
        return Ok(());
    }
    let rows = fit.model_rows(source)?;
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for column in 0..p {
        let x: Vec<f64> = (0..rows.n).map(|i| rows.fixed[i * p + column]).collect();
        let left = without(&x, &basis);
        let size = dot(&left, &left).sqrt();
        if size > 1e-7 * dot(&x, &x).sqrt() {
            basis.push(left.iter().map(|v| v / size).collect());
        }
    }
    for (f, factor) in factors.iter().enumerate().filter(|(_, f)| f.levels <= p) {
        let free = (0..factor.levels as u32).any(|level| {
            let member = |code: &u32| f64::from(u8::from(*code == level));
            let x: Vec<f64> = rows.codes[f].iter().map(member).collect();
            let left = without(&x, &basis);
            dot(&left, &left) > 1e-8 * dot(&x, &x)
        });
        if !free {
            return Err(Error::new(
                "no_variance_left",
                format!(
                    "the predictors explain all differences between the {} groups of `{}`: nothing is left \
                     to estimate their variance from",
                    factor.levels, factor.name
                ),
            )
            .with_hint(format!("plan more groups of `{}`, or fewer predictors of them", factor.name)));
        }
    }
    Ok(())
}

/// What of a vector is orthogonal to the basis, taken off twice against rounding.
fn without(x: &[f64], basis: &[Vec<f64>]) -> Vec<f64> {
    let mut out = x.to_vec();
    for _ in 0..2 {
        for b in basis {
            let share = dot(&out, b);
            out.iter_mut().zip(b).for_each(|(o, b)| *o -= share * b);
        }
    }
    out
}
