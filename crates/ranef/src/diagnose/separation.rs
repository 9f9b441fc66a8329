//! Predictors that tell yes from no without exception: their estimates have no end.
//!
//! Where all rows with a value of a dummy have the same extreme response, or a number divides noes
//! from yeses, the likelihood rises for ever along that coefficient (Albert and Anderson 1984). What
//! the optimiser prints then is where it stopped. Looked for are single columns; that several
//! together separate shows in standard errors that are out of all proportion.

use serde::Serialize;

use super::model_rows::ModelRows;
use crate::Fit;
use crate::generalised::kind::ResponseKind;

/// A coefficient that may have no finite estimate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Separation {
    /// The coefficient.
    pub term: String,
    /// Its estimate, where the optimiser stopped.
    pub estimate: f64,
    /// Its standard error.
    pub std_error: f64,
    /// Rows that all have the same extreme response; `None` where only the standard error tells.
    pub rows: Option<usize>,
    /// What was seen, in words.
    pub reason: String,
}

/// A standard error of the effect of one standard deviation of a predictor that no data with both
/// answers give.
const HUGE: f64 = 10.0;

impl Fit {
    pub(super) fn separations(&self, rows: &ModelRows) -> Vec<Separation> {
        let Some(response) = &rows.response else {
            return Vec::new();
        };
        let kind = self.family().response_kind();
        let highest = match kind {
            ResponseKind::Trials => Some(1.0),
            ResponseKind::Counts => None,
            _ => return Vec::new(),
        };
        let y = &response.observed;
        let p = self.fixef().len();
        let first = usize::from(self.recipe().has_intercept());
        let names = self.fixed_names();
        let mut out = Vec::new();
        for j in first..p {
            let x: Vec<f64> = (0..rows.n).map(|i| rows.x(i)[j]).collect();
            let seen = if x.iter().all(|v| *v == 0.0 || *v == 1.0) {
                one_sided(&x, y, highest)
            } else {
                highest.and_then(|_| divided(&x, y))
            };
            let std_error = self.vcov()[j * p + j].sqrt();
            let spread = self.moments().fixed_cov[j * p + j].max(0.0).sqrt();
            let seen = seen.or_else(|| {
                (std_error * spread > HUGE).then(|| {
                    (
                        None,
                        "its standard error is out of all proportion: several predictors together \
                         may separate"
                            .to_owned(),
                    )
                })
            });
            if let Some((count, reason)) = seen {
                out.push(Separation {
                    term: names[j].to_owned(),
                    estimate: self.fixef()[j],
                    std_error,
                    rows: count,
                    reason,
                });
            }
        }
        out
    }
}

/// Whether all rows where a dummy is 1, or all where it is 0, have the same extreme response.
fn one_sided(x: &[f64], y: &[f64], highest: Option<f64>) -> Option<(Option<usize>, String)> {
    for value in [1.0, 0.0] {
        let own: Vec<f64> = x
            .iter()
            .zip(y)
            .filter(|(x, _)| **x == value)
            .map(|(_, y)| *y)
            .collect();
        let what = match own.first() {
            Some(&lowest) if lowest == 0.0 && own.iter().all(|y| *y == 0.0) => "0",
            Some(_) if own.iter().all(|y| Some(*y) == highest) => "1",
            _ => continue,
        };
        return Some((
            Some(own.len()),
            format!(
                "all {} rows where it is {value} have the response {what}",
                own.len()
            ),
        ));
    }
    None
}

/// Whether a number divides noes from yeses.
fn divided(x: &[f64], y: &[f64]) -> Option<(Option<usize>, String)> {
    let range = |wanted: &dyn Fn(f64) -> bool| {
        let own = x.iter().zip(y).filter(|(_, y)| wanted(**y));
        own.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (x, _)| {
            (low.min(*x), high.max(*x))
        })
    };
    // Rows with some of both are in neither part, and would have to lie between.
    let (no, yes) = (range(&|y| y < 1.0), range(&|y| y > 0.0));
    let apart = no.1 < yes.0 || yes.1 < no.0;
    (apart && no.0.is_finite() && yes.0.is_finite()).then(|| {
        (
            Some(x.len()),
            "below some value of it all responses are the same, above it the other".to_owned(),
        )
    })
}
