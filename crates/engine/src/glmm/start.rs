//! Where the descent begins: the generalised linear model without random effects, by Fisher
//! scoring (McCullagh and Nelder 1989, chapter 2.5), and standard deviations of ordinary size.

use super::family::Derivatives;
use super::laplace::Laplace;
use crate::optimize::Objective;

/// Standard deviation of the random effects on the scale of the linear predictor.
pub(super) const ORDINARY: f64 = 0.5;
const STEPS: usize = 20;

/// (θ, β, ψ) in standard units to start from.
pub(super) fn start(laplace: &mut Laplace, theta: Option<Vec<f64>>) -> Vec<f64> {
    let data = &laplace.modes.data;
    let p = data.layout.fixed;
    let family = &laplace.modes.family;
    let psi = family.start_nuisance(&data.observations);
    let mut point = theta.unwrap_or_else(|| {
        let entries = laplace.entries.iter();
        entries
            .map(|e| if e.is_diagonal() { ORDINARY } else { 0.0 })
            .collect()
    });
    let n = data.observations.len();
    let likelihood = |eta: &[f64]| -> f64 {
        if !data.collapsed() {
            return family.evaluate_sum(&data.observations, eta, &psi);
        }
        (0..n)
            .map(|i| data.counts[i] * family.log_density(&data.observations[i], eta[i], &psi))
            .sum()
    };
    let predictor = |beta: &[f64]| {
        let mut eta = data.offset.clone();
        data.rows.add_fixed(beta, &mut eta);
        eta
    };
    // First the linear predictors that the responses suggest, then scoring.
    let mut beta = vec![0.0; p];
    let mut eta: Vec<f64> = data
        .observations
        .iter()
        .map(|row| family.start(row))
        .collect();
    let mut value = f64::NEG_INFINITY;
    let mut densities = vec![Derivatives::default(); n];
    for step in 0..STEPS {
        let (mut weights, mut response) = (vec![0.0; n], vec![0.0; n]);
        family.evaluate_information(&data.observations, &eta, &psi, &mut weights);
        if step > 0 {
            family.evaluate(&data.observations, &eta, &psi, &mut densities);
        }
        for i in 0..n {
            let w = weights[i];
            weights[i] = if w > 0.0 && w.is_finite() {
                data.counts[i] * w
            } else {
                0.0
            };
            response[i] =
                data.counts[i] * densities[i].first + weights[i] * (eta[i] - data.offset[i]);
        }
        let Some(mut next) = data.weighted_least_squares(&weights, &response) else {
            break;
        };
        let mut candidate = predictor(&next);
        let mut reached = likelihood(&candidate);
        let mut halvings = 0;
        while (reached.is_nan() || reached < value) && halvings < 20 {
            halvings += 1;
            for (to, from) in next.iter_mut().zip(&beta) {
                *to = 0.5 * (*to + from);
            }
            candidate = predictor(&next);
            reached = likelihood(&candidate);
        }
        if !reached.is_finite() || reached < value {
            break;
        }
        let gain = reached - value;
        (beta, eta, value) = (next, candidate, reached);
        if gain < 1e-3 {
            break;
        }
    }
    point.extend(beta);
    point.extend(&psi);
    debug_assert_eq!(point.len(), laplace.dimension());
    point
}
