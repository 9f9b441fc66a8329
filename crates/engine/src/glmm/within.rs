//! A second start, from within the groups: the counterpart of that of linear models, see
//! `lmm/within.rs` for why.
//!
//! At a fitted point the likelihood is that of a linear model of the working response with known
//! weights (McCullagh and Nelder 1989, chapter 2.5). Its coefficients where random effects are wide
//! are those within groups; where one of them contradicts the fitted one, a descent from there, and
//! from random effects as large as the groups differ in that model, finds the other minimum.

use super::laplace::Laplace;
use super::start::ORDINARY;
use crate::blocks::System;
use crate::lmm::CONTRADICTION;
use crate::statistics::Statistics;

/// The standard deviation, on the scale of the linear predictor, at which differences between
/// groups count for nothing.
const WIDE: f64 = 1e3;
/// The least and the largest standard deviation to start from: groups of one answer only lie
/// infinitely far away.
const RANGE: (f64, f64) = (ORDINARY, 10.0);

/// A point to descend from once more, where coefficients within groups contradict those of a
/// fitted point (θ, β, ψ).
pub(super) fn start(laplace: &mut Laplace, point: &[f64]) -> Option<Vec<f64>> {
    let layout = laplace.modes.data.layout.clone();
    if layout.fixed == usize::from(layout.intercept.is_some()) || layout.terms.is_empty() {
        return None;
    }
    if !laplace.at(point).is_finite() {
        return None;
    }
    let (_, fitted, psi) = laplace.split(point);
    let wide: Vec<f64> = (laplace.entries.iter())
        .map(|entry| match entry.is_diagonal() {
            true if layout.takes_means(entry) => WIDE,
            true => ORDINARY,
            false => 0.0,
        })
        .collect();
    let modes = &laplace.modes;
    let (weights, right) = modes.working_response(psi);
    let mut rows = modes.data.rows.clone();
    let mut statistics = Statistics::of_rows(&layout, &mut rows);
    let mut system = System::for_weights(&statistics);
    statistics.reweigh(&rows, &weights, &right);
    system.load(&statistics);
    system.value(&wide)?;
    let (mut random, mut scores) = (modes.room(), modes.room());
    system.random_solution(&mut random, &mut scores);
    let (beta, covariance) = (system.beta().to_vec(), system.fixed_covariance());
    let contradicted = (0..layout.fixed).any(|j| {
        let error = covariance[j * layout.fixed + j].sqrt();
        (beta[j] - fitted[j]).abs() > CONTRADICTION * error
    });
    if !contradicted {
        return None;
    }
    let spread = |factor: usize, column: usize| -> f64 {
        let width = layout.factors[factor].width;
        let effects = random[factor].iter().skip(column).step_by(width);
        let squares: f64 = effects.map(|b| b * b).sum();
        (squares / layout.factors[factor].levels as f64).sqrt()
    };
    let theta = laplace.entries.iter().zip(&wide).map(|(entry, &wide)| {
        if wide < WIDE {
            wide
        } else {
            spread(entry.factor, entry.row).clamp(RANGE.0, RANGE.1)
        }
    });
    Some(theta.chain(beta).chain(psi.iter().copied()).collect())
}
