//! The fast approximation: fixed effects found together with the modes of the random effects, and
//! θ alone (with ψ) by the outer descent; lme4's nAGQ = 0.
//!
//! F₀(θ, ψ) = min over (β, u) of g, plus log|H| there. It leaves out how log|H| depends on β, so
//! fixed effects are drawn towards zero where groups are small; its name says what it is.

use super::laplace::Laplace;
use crate::blocks::System;
use crate::optimize::{self, Objective, bfgs};
use crate::statistics::Statistics;

/// Steps after which a joint mode is given up.
const STEPS: usize = 100;
/// A step of β and u that changes nothing any more.
const CLOSE: f64 = 1e-10;
const HALVINGS: usize = 40;
/// Step of the differences for the gradient in θ and ψ.
const STEP: f64 = 1e-4;

/// F₀ as a function of (θ, ψ).
struct Fast<'a> {
    laplace: &'a mut Laplace,
    statistics: Statistics,
    system: System,
    beta: Vec<f64>,
    evaluations: usize,
}

/// Minimises F₀ from a point (θ, β, ψ); gives the point, the value, whether the descent converged,
/// and the evaluations.
pub(super) fn minimise(
    laplace: &mut Laplace,
    start: &[f64],
    max_evaluations: usize,
) -> (Vec<f64>, f64, bool, usize) {
    let (theta, beta, psi) = laplace.split(start);
    let outer: Vec<f64> = theta.iter().chain(psi).copied().collect();
    let beta = beta.to_vec();
    let m = theta.len();
    let layout = laplace.modes.data.layout.clone();
    let statistics = Statistics::of_rows(&layout, &mut laplace.modes.data.rows);
    let mut fast = Fast {
        system: System::for_weights(&statistics),
        statistics,
        beta,
        evaluations: 0,
        laplace,
    };
    let settings = optimize::Options {
        max_evaluations,
        ..Default::default()
    };
    let minimum = bfgs(&mut fast, &outer, &settings);
    let value = fast.value(&minimum.theta);
    let mut point = minimum.theta[..m].to_vec();
    point.extend(&fast.beta);
    point.extend(&minimum.theta[m..]);
    (point, value, minimum.converged, fast.evaluations)
}

impl Fast<'_> {
    /// Finds the joint mode and returns F₀ without the constant of the densities.
    fn joint_mode(&mut self, theta: &[f64], psi: &[f64]) -> Option<f64> {
        let modes = &mut self.laplace.modes;
        let lambda = modes.data.layout.lambda(theta);
        let mut here = modes.evaluate_at(&lambda, &self.beta, psi);
        if !here.is_finite() {
            return None;
        }
        let (mut solution, mut scores, mut target) = (modes.room(), modes.room(), modes.room());
        for _ in 0..STEPS {
            if self.laplace.interrupt.is_set() {
                return None;
            }
            let (weights, right) = modes.working_response(psi);
            self.statistics.reweigh(&modes.data.rows, &weights, &right);
            self.system.load(&self.statistics);
            let log_det = self.system.value(theta)?.log_det;
            self.system.random_solution(&mut solution, &mut scores);
            super::mode::transposed(&lambda, &scores, &mut target);
            let beta = self.system.beta().to_vec();
            let steps = modes.u.iter().flatten().zip(target.iter().flatten());
            let longest = steps
                .chain(self.beta.iter().zip(&beta))
                .fold(0.0f64, |longest, (from, to)| longest.max((to - from).abs()));
            if longest < CLOSE {
                return Some(here + log_det);
            }
            let start = std::mem::replace(&mut modes.u, target);
            target = start;
            let before = std::mem::replace(&mut self.beta, beta);
            let mut next = modes.evaluate_at(&lambda, &self.beta, psi);
            let mut halvings = 0;
            while next.is_nan() || next > here + 1e-13 * here.abs() {
                halvings += 1;
                if halvings > HALVINGS {
                    // Rounding: the mode is as near as it gets.
                    return (longest < 1e-6).then_some(here + log_det);
                }
                let pairs = modes.u.iter_mut().flatten().zip(target.iter().flatten());
                for (x, from) in pairs.chain(self.beta.iter_mut().zip(&before)) {
                    *x = 0.5 * (*x + from);
                }
                next = modes.evaluate_at(&lambda, &self.beta, psi);
            }
            here = next;
        }
        None
    }
}

impl Objective for Fast<'_> {
    fn dimension(&self) -> usize {
        self.laplace.entries.len() + self.laplace.modes.family.nuisance()
    }

    fn value(&mut self, outer: &[f64]) -> f64 {
        self.evaluations += 1;
        let m = self.laplace.entries.len();
        let (theta, psi) = outer.split_at(m);
        match self.joint_mode(theta, psi) {
            Some(value) => value + self.laplace.constant(),
            None => f64::INFINITY,
        }
    }

    fn value_and_gradient(&mut self, outer: &[f64], gradient: &mut [f64]) -> f64 {
        for (i, slope) in gradient.iter_mut().enumerate() {
            let mut moved = outer.to_vec();
            moved[i] += STEP;
            let ahead = self.value(&moved);
            moved[i] -= 2.0 * STEP;
            *slope = (ahead - self.value(&moved)) / (2.0 * STEP);
        }
        self.value(outer)
    }

    fn lower_bounds(&self) -> Vec<f64> {
        vec![f64::NEG_INFINITY; self.dimension()]
    }
}
