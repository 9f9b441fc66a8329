//! The share of the groups as a function of a predictor whose slope varies between them.
//!
//! With random slopes the variance between groups depends on where one looks (Goldstein, Browne
//! and Rasbash 2002): VPC(x) = z'Tz/(z'Tz + … + σ²) with z = (1, x), a quadratic in x that is least at
//! x* = −τ01/τ11. What moves with x is every column of that name, in all groups; other columns stay
//! at their means, and dummies of the same factor at zero.

use ranef_design::PredictorValues;
use serde::Serialize;

use super::point::Model;
use crate::Fit;
use crate::linear::quadratic;

/// The share of a grouping factor at one value of a predictor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CurvePoint {
    /// The grouping factor.
    pub group: String,
    /// The predictor.
    pub term: String,
    /// Its value.
    pub x: f64,
    /// Variance between the groups there.
    pub variance: f64,
    /// Its share of all random variance and the residual variance there.
    pub vpc: f64,
}

/// Where the variance between groups is least.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CurveTurn {
    /// The grouping factor.
    pub group: String,
    /// The predictor.
    pub term: String,
    /// The value of least variance, −τ01/τ11 for an intercept and one slope.
    pub x: f64,
    /// The variance there.
    pub variance: f64,
    /// The share there.
    pub vpc: f64,
    /// Whether that value lies within the data.
    pub in_range: bool,
}

/// Values of a curve over a numeric predictor: enough to draw, with its middle among them.
const POINTS: usize = 11;

/// The curves of all predictors with a random slope, at `at` or over the range of the data.
pub(super) fn curves(model: &Model, at: Option<&[f64]>) -> (Vec<CurvePoint>, Vec<CurveTurn>) {
    let blocks = model.fit.varcorr();
    let constants: Vec<Option<usize>> = model
        .fit
        .recipe()
        .random()
        .iter()
        .map(|d| d.constant)
        .collect();
    let mut terms: Vec<&str> = Vec::new();
    for (block, constant) in blocks.iter().zip(&constants) {
        for (a, term) in block.terms.iter().enumerate() {
            if Some(a) != *constant && !terms.contains(&term.as_str()) {
                terms.push(term);
            }
        }
    }
    let (mut points, mut turns) = (Vec::new(), Vec::new());
    for term in terms {
        let (range, binary) = range(model.fit, term);
        let grid: Vec<f64> = match at {
            Some(at) => at.to_vec(),
            None if binary => vec![0.0, 1.0],
            None => (0..POINTS)
                .map(|i| {
                    let share = i as f64 / (POINTS - 1) as f64;
                    range.0 + (range.1 - range.0) * share
                })
                .collect(),
        };
        let mut groups: Vec<&str> = Vec::new();
        for block in blocks {
            let varies = block.terms.iter().any(|t| t == term);
            if varies && !groups.contains(&block.group.as_str()) {
                groups.push(&block.group);
            }
        }
        for group in groups {
            let variance = |x: f64| at_value(model, term, x, Some(group));
            let vpc = |x: f64, own: f64| {
                own / (at_value(model, term, x, None) + model.residual(&model.here))
            };
            for &x in &grid {
                let own = variance(x);
                points.push(CurvePoint {
                    group: group.to_owned(),
                    term: term.to_owned(),
                    x,
                    variance: own,
                    vpc: vpc(x, own),
                });
            }
            // V(x) = V(0) + 2bx + cx² from three values, on the scale of the data.
            let h = (range.1 - range.0).abs().max(f64::MIN_POSITIVE);
            let (left, middle, right) = (variance(-h), variance(0.0), variance(h));
            let c = (left + right - 2.0 * middle) / (2.0 * h * h);
            let b = (right - left) / (4.0 * h);
            if c > 0.0 && !binary {
                // Not −0.
                let x = 0.0 - b / c;
                let own = variance(x).max(0.0);
                turns.push(CurveTurn {
                    group: group.to_owned(),
                    term: term.to_owned(),
                    x,
                    variance: own,
                    vpc: vpc(x, own),
                    in_range: (range.0..=range.1).contains(&x),
                });
            }
        }
    }
    (points, turns)
}

/// The variance of the random effects of a group, or of all, where a predictor has a value.
fn at_value(model: &Model, term: &str, x: f64, group: Option<&str>) -> f64 {
    let fit = model.fit;
    let covariances = model.covariances(&model.here);
    let mut sum = 0.0;
    for (index, block) in fit.varcorr().iter().enumerate() {
        if group.is_some_and(|g| g != block.group) || model.is_dispersion(index) {
            continue;
        }
        let chosen = block.terms.iter().position(|t| t == term);
        let beside_dummy = chosen.is_some_and(|a| is_binary(fit, index, a));
        let constant = fit.recipe().random()[index].constant;
        let z: Vec<f64> = (0..block.terms.len())
            .map(|a| {
                if Some(a) == chosen {
                    x
                } else if Some(a) != constant && beside_dummy && is_binary(fit, index, a) {
                    0.0
                } else {
                    fit.moments().random_mean[index][a]
                }
            })
            .collect();
        sum += quadratic(&z, &covariances[index]);
    }
    sum
}

/// Whether a column of a block is a dummy: all of its values are 0 or 1, for which E x² = E x and
/// E x lies between.
fn is_binary(fit: &Fit, block: usize, a: usize) -> bool {
    let k = fit.varcorr()[block].terms.len();
    let mean = fit.moments().random_mean[block][a];
    let square = fit.moments().random_product[block][a * k + a];
    let known = |p: &ranef_design::Predictor| matches!(&p.values, PredictorValues::Numbers(m) if p.name == fit.varcorr()[block].terms[a] && (m.min, m.max) != (0.0, 1.0));
    (mean - square).abs() <= 1e-12 && mean < 1.0 && !fit.recipe().predictors().iter().any(known)
}

/// The range of a predictor, and whether it is a dummy: that of the column of the data of this
/// name, or two standard deviations about the mean of the column of the model.
fn range(fit: &Fit, term: &str) -> ((f64, f64), bool) {
    let place = fit.varcorr().iter().enumerate().find_map(|(index, block)| {
        let a = block.terms.iter().position(|t| t == term)?;
        Some((index, a))
    });
    if let Some((index, a)) = place.filter(|&(index, a)| is_binary(fit, index, a)) {
        debug_assert!(index < fit.varcorr().len() && a < fit.varcorr()[index].terms.len());
        return ((0.0, 1.0), true);
    }
    for predictor in fit.recipe().predictors() {
        if let (PredictorValues::Numbers(moments), true) =
            (&predictor.values, predictor.name == term)
        {
            return ((moments.min, moments.max), false);
        }
    }
    let Some((index, a)) = place else {
        return ((0.0, 1.0), false);
    };
    let k = fit.varcorr()[index].terms.len();
    let mean = fit.moments().random_mean[index][a];
    let square = fit.moments().random_product[index][a * k + a];
    let sd = (square - mean * mean).max(0.0).sqrt();
    ((mean - 2.0 * sd, mean + 2.0 * sd), false)
}
