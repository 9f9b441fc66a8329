//! Simulated residuals along the expected values: do their quartiles stay where they should?

use ranef_engine::distributions::{ChiSquared, Normal};
use serde::Serialize;

use super::influence::form_of_inverse;
use super::model_rows::ModelRows;

/// A quantile of the simulated residuals along the fitted values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QuantileDeviation {
    /// Which: 0.25, 0.5 or 0.75.
    pub quantile: f64,
    /// Score test that it is the constant it should be against a quadratic curve over the ranks of
    /// the expected values (Koenker 2005, Quantile Regression, section 3.5): χ².
    pub statistic: f64,
    /// Its degrees of freedom: 3, less where there are fewer expected values.
    pub df: usize,
    /// Its p-value, as if rows were independent.
    pub p_value: f64,
    /// Share of rows below it in the lowest, middle and highest third of the expected values.
    pub below: [f64; 3],
    /// The same as they should be after leverages.
    pub below_expected: [f64; 3],
}

/// Places of the rows along the expected values of the population, from −1 to 1; the same for equal
/// values. `None` where all are equal.
fn places(rows: &ModelRows) -> Option<Vec<f64>> {
    let mut order: Vec<usize> = (0..rows.n).collect();
    let value = |i: usize| rows.population[i] - rows.offset[i];
    order.sort_by(|&a, &b| value(a).total_cmp(&value(b)));
    let mut places = vec![0.0; rows.n];
    let mut first = 0;
    let mut runs = 0;
    for run in order.chunk_by(|&a, &b| value(a) == value(b)) {
        let middle = first as f64 + 0.5 * run.len() as f64;
        for &row in run {
            places[row] = 2.0 * middle / rows.n as f64 - 1.0;
        }
        first += run.len();
        runs += 1;
    }
    (runs > 1).then_some(places)
}

/// Whether the quartiles stay where they should, where normal scores of the residuals are narrower by
/// the factors `narrowing`.
pub(super) fn quantile_deviations(
    residuals: &[f64],
    rows: &ModelRows,
    narrowing: &[f64],
) -> Vec<QuantileDeviation> {
    let Some(places) = places(rows) else {
        return Vec::new();
    };
    // With few different values there may be no curve, then a line.
    let distinct = {
        let mut sorted = places.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.dedup();
        sorted.len()
    };
    let terms = distinct.min(3);
    [0.25, 0.5, 0.75]
        .iter()
        .map(|&q| quantile_deviation(q, terms, &places, residuals, narrowing))
        .collect()
}

fn quantile_deviation(
    quantile: f64,
    terms: usize,
    places: &[f64],
    residuals: &[f64],
    narrowing: &[f64],
) -> QuantileDeviation {
    let normal = Normal::STANDARD;
    let z = normal.quantile(quantile);
    let (mut score, mut information) = (vec![0.0; terms], vec![0.0; terms * terms]);
    let (mut below, mut expected, mut count) = ([0.0; 3], [0.0; 3], [0.0f64; 3]);
    for (i, &x) in places.iter().enumerate() {
        let p = normal.cdf(z / narrowing[i]);
        let is_below = f64::from(u8::from(residuals[i] < quantile));
        let f = [1.0, x, x * x - 1.0 / 3.0];
        for a in 0..terms {
            score[a] += f[a] * (is_below - p);
            for b in 0..terms {
                information[a * terms + b] += f[a] * f[b] * p * (1.0 - p);
            }
        }
        let third = ((1.5 * (x + 1.0)) as usize).min(2);
        below[third] += is_below;
        expected[third] += p;
        count[third] += 1.0;
    }
    let statistic = form_of_inverse(&information, &score).unwrap_or(0.0);
    let share = |sums: [f64; 3]| [0, 1, 2].map(|i| sums[i] / count[i].max(1.0));
    QuantileDeviation {
        quantile,
        statistic,
        df: terms,
        p_value: ChiSquared::new(terms as f64).upper_tail(statistic),
        below: share(below),
        below_expected: share(expected),
    }
}
