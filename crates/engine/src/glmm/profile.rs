//! Profile likelihood of a generalised model: how far each parameter may move before Laplace's
//! −2 log-likelihood has risen by z².
//!
//! Search, coordinates and answers are those of linear models ([`crate::lmm::profile`]): one
//! standard deviation, correlation or fixed effect is held, all others are free, and each point is
//! a descent from the nearest one known along the tangent of the ridge. What differs is the
//! function. Its gradient is exact ([`super::laplace`]): ⟨Q, ∂(ΛΛ')⟩ for the elements of M, also
//! where M is singular. Second derivatives are a model: differences of the gradient at the
//! estimate, which then learns from every step (damped BFGS) over held and free coordinates
//! together, so that it knows the tangent as well.
//!
//! A fixed effect is a combination c'β of those in standard units. It is held by giving the
//! largest of them the value that the others leave it. A nuisance parameter is one of the coordinates
//! (β, ψ) as it is, and so held by the same means.

use rayon::prelude::*;

use super::fit::{Fit, Model};
use super::laplace::{Laplace, LaplaceDerivatives};
use crate::Interrupt;
use crate::coordinates::Coordinates;
use crate::layout::Layout;
use crate::lmm::profile::form::{Form, Variable};
use crate::lmm::profile::nothing;
use crate::lmm::profile::trace::{HeldDeviance, Trace};
use crate::lmm::{End, Parameter, Profile, ProfileOptions};
use crate::optimize::{CurvedObjective, Objective, symmetric_eigen};

/// Profiles parameters, none of which may be [`Parameter::Sigma`]. Parameters are independent of each
/// other and go through rayon's pool.
pub fn profile(fit: &Fit, parameters: &[Parameter], options: &ProfileOptions) -> Vec<Profile> {
    parameters
        .par_iter()
        .map(|&parameter| of_parameter(fit, parameter, options))
        .collect()
}

fn of_parameter(fit: &Fit, parameter: Parameter, options: &ProfileOptions) -> Profile {
    let uninformed = parameter
        .term()
        .is_some_and(|t| fit.certificate.uninformed.contains(&t));
    let centre = (parameter != Parameter::Sigma && !uninformed)
        .then(|| Held::new(fit, parameter, &options.interrupt))
        .flatten();
    let Some((mut objective, held, free)) = centre else {
        return nothing(parameter, None, End::NotIdentified, 0);
    };
    objective.settle_in(held, &free);
    let mut trace = Trace::new(objective, held, free, options.z);
    if let Parameter::Correlation { term, effects } = parameter {
        // Without one of its effects a correlation is anything.
        for effect in effects {
            let deviation = Parameter::StandardDeviation { term, effect };
            if let Some((mut smaller, held, free)) = Held::new(fit, deviation, &options.interrupt) {
                smaller.settle_in(held, &free);
                let mut smaller = Trace::new(smaller, held, free, options.z);
                trace.cap(smaller.value_at(0.0));
            }
        }
    }
    trace
        .run(options.points)
        .unwrap_or_else(|_| nothing(parameter, None, End::NotFound, 0))
}

/// Laplace's −2 log-likelihood with one parameter held. Free coordinates: elements of M, fixed
/// effects in standard units (without the one that a held effect determines), nuisance parameters.
struct Held {
    laplace: Laplace,
    form: Form,
    /// The combination of fixed effects and nuisance parameters that is held, and which of them it
    /// determines.
    fixed: Option<(Vec<f64>, usize)>,
    held: f64,
    free: Vec<f64>,
    value: f64,
    known: bool,
    derived: bool,
    derived_at: Vec<f64>,
    /// Point and gradient of the last derivatives, and the model of the Hessian.
    model: Model,
    /// The Hessian at the estimate, to return to after a long way.
    home: Vec<f64>,
    /// Q in the coordinates of each term at the last derivatives.
    scores: Vec<Vec<f64>>,
    evaluations: usize,
    /// Once set, the deviance is infinite everywhere.
    interrupt: Interrupt,
}

impl Held {
    /// At the estimates; `None` for a correlation that does not exist.
    fn new(
        fit: &Fit,
        parameter: Parameter,
        interrupt: &Interrupt,
    ) -> Option<(Self, f64, Vec<f64>)> {
        let modes = &fit.laplace.modes;
        let (layout, coordinates): (&Layout, &Coordinates) =
            (&modes.data.layout, &modes.data.coordinates);
        let (theta, beta, psi) = fit.laplace.split(&fit.standard);
        let rest: Vec<f64> = beta.iter().chain(psi).copied().collect();
        let form = Form::without_sigma(layout, coordinates, parameter);
        let (mut held, mut free) = form.coordinates_of(theta, 1.0)?;
        let mut fixed = None;
        if let Parameter::Fixed(effect) = parameter {
            let mut c = coordinates.fixed_effect(layout, effect);
            c.resize(rest.len(), 0.0);
            // The effect's own column: the others only shift an intercept.
            held = c.iter().zip(&rest).map(|(c, b)| c * b).sum();
            fixed = Some((c, effect));
        }
        if let Parameter::Nuisance(k) = parameter {
            held = *psi.get(k)?;
            let pivot = beta.len() + k;
            let c = (0..rest.len()).map(|j| f64::from(j == pivot)).collect();
            fixed = Some((c, pivot));
        }
        let pivot = fixed.as_ref().map(|f| f.1);
        free.extend(
            (0..rest.len())
                .filter(|&j| Some(j) != pivot)
                .map(|j| rest[j]),
        );
        let mut laplace = Laplace::new(modes.data.clone(), modes.family.clone(), modes.expects());
        laplace.precision.clone_from(&fit.laplace.precision);
        let n = free.len() + 1;
        let out = Self {
            laplace,
            form,
            fixed,
            held,
            free: Vec::new(),
            value: f64::NAN,
            known: false,
            derived: false,
            derived_at: Vec::new(),
            model: Model {
                point: Vec::new(),
                gradient: Vec::new(),
                hessian: vec![0.0; n * n],
            },
            home: Vec::new(),
            scores: Vec::new(),
            evaluations: 0,
            interrupt: interrupt.clone(),
        };
        Some((out, held, free))
    }

    /// (θ, β, ψ) in standard units.
    fn point(&self, held: f64, free: &[f64]) -> Vec<f64> {
        let (entries, rest) = free.split_at(self.form.free());
        let mut out = self.form.theta(&self.form.state(held, entries));
        match &self.fixed {
            None => out.extend(rest),
            Some((c, pivot)) => {
                let p = c.len();
                let first = out.len();
                out.extend(&rest[..*pivot]);
                out.push(0.0);
                out.extend(&rest[*pivot..]);
                let beta = &mut out[first..first + p];
                let others: f64 = c.iter().zip(beta.iter()).map(|(c, b)| c * b).sum();
                beta[*pivot] = (held - others) / c[*pivot];
            }
        }
        out
    }

    /// The gradient in the held and the free coordinates.
    fn gradient_of(&self, held: f64, free: &[f64], found: &LaplaceDerivatives) -> Vec<f64> {
        let m = self.laplace.entries.len();
        let state = self.form.state(held, &free[..self.form.free()]);
        let mut out: Vec<f64> = self
            .form
            .variables
            .iter()
            .map(|&variable| match self.form.direction(variable, &state) {
                None => 0.0,
                Some(direction) => found.scores[direction.factor]
                    .iter()
                    .zip(&direction.change)
                    .map(|(q, change)| q * change)
                    .sum(),
            })
            .collect();
        let rest = &found.gradient[m..];
        match &self.fixed {
            None => out.extend(rest),
            Some((c, pivot)) => {
                let by_held = rest[*pivot] / c[*pivot];
                out[0] = by_held;
                out.extend(
                    (0..rest.len())
                        .filter(|j| j != pivot)
                        .map(|j| rest[j] - by_held * c[j]),
                );
            }
        }
        out
    }

    /// The Hessian at the estimate by differences of the gradient.
    fn settle_in(&mut self, held: f64, free: &[f64]) {
        const STEP: f64 = 1e-3;
        let n = free.len() + 1;
        let mut hessian = vec![0.0; n * n];
        let own = self
            .fixed
            .as_ref()
            .map_or(1.0, |(c, pivot)| c[*pivot].abs());
        let mut v: Vec<f64> = std::iter::once(held).chain(free.iter().copied()).collect();
        for i in 0..n {
            let step = STEP * if i == 0 { own } else { 1.0 };
            let at = v[i];
            let mut there = |x: f64| {
                v[i] = x;
                let point = self.point(v[0], &v[1..]);
                let value = self.laplace.at(&point);
                self.evaluations += 1;
                value.is_finite().then(|| {
                    let found = self.laplace.derivatives();
                    self.gradient_of(v[0], &v[1..], &found)
                })
            };
            let (ahead, behind) = (there(at + step), there(at - step));
            v[i] = at;
            let (Some(ahead), Some(behind)) = (ahead, behind) else {
                continue;
            };
            for j in 0..n {
                let slope = (ahead[j] - behind[j]) / (2.0 * step);
                hessian[i * n + j] += 0.5 * slope;
                hessian[j * n + i] += 0.5 * slope;
            }
        }
        self.home = positive(hessian, n);
        self.model.hessian.clone_from(&self.home);
    }

    fn evaluate(&mut self, free: &[f64]) -> f64 {
        if !(self.known && self.free == free) {
            self.evaluations += 1;
            self.free.clear();
            self.free.extend_from_slice(free);
            let point = self.point(self.held, free);
            let possible = !self.interrupt.is_set() && point.iter().all(|x| x.is_finite());
            self.value = if possible {
                self.laplace.at(&point)
            } else {
                f64::INFINITY
            };
            self.known = true;
        }
        self.value
    }
}

/// A symmetric matrix with the eigenvalues of its correlation form made positive.
fn positive(mut matrix: Vec<f64>, n: usize) -> Vec<f64> {
    const LEAST: f64 = 1e-6;
    let scale: Vec<f64> = (0..n)
        .map(|i| match matrix[i * n + i] {
            x if x > 1e-8 => x.sqrt(),
            _ => 1.0,
        })
        .collect();
    for i in 0..n {
        for j in 0..n {
            matrix[i * n + j] /= scale[i] * scale[j];
        }
    }
    let Some((values, vectors)) = symmetric_eigen(&matrix, n) else {
        return (0..n * n)
            .map(|at| {
                if at / n == at % n {
                    scale[at / n].powi(2)
                } else {
                    0.0
                }
            })
            .collect();
    };
    let mut out = vec![0.0; n * n];
    for (value, vector) in values.iter().zip(vectors.chunks_exact(n.max(1))) {
        let value = value.max(LEAST);
        for i in 0..n {
            for j in 0..n {
                out[i * n + j] += value * vector[i] * vector[j] * scale[i] * scale[j];
            }
        }
    }
    out
}

impl Objective for Held {
    fn dimension(&self) -> usize {
        let m = self.laplace.entries.len();
        let other = self.laplace.dimension() - m;
        self.form.free() + other - usize::from(self.fixed.is_some())
    }

    fn value(&mut self, free: &[f64]) -> f64 {
        self.evaluate(free)
    }

    fn value_and_gradient(&mut self, free: &[f64], gradient: &mut [f64]) -> f64 {
        let value = self.evaluate(free);
        if value.is_finite() {
            self.differentiate();
            gradient.copy_from_slice(&self.model.gradient[1..]);
        } else {
            gradient.fill(f64::NAN);
        }
        value
    }

    fn lower_bounds(&self) -> Vec<f64> {
        vec![f64::NEG_INFINITY; self.dimension()]
    }
}

impl CurvedObjective for Held {
    fn gradient_and_hessian(&mut self) -> (Vec<f64>, Vec<f64>) {
        self.differentiate();
        (self.model.gradient[1..].to_vec(), self.free_hessian())
    }
}

impl HeldDeviance for Held {
    fn form(&self) -> &Form {
        &self.form
    }

    fn hold(&mut self, held: f64) {
        self.held = held;
        self.known = false;
        self.derived = false;
    }

    fn free_estimate(&self) -> Option<f64> {
        None
    }

    fn theta(&self, held: f64, free: &[f64]) -> Vec<f64> {
        self.form
            .theta(&self.form.state(held, &free[..self.form.free()]))
    }

    fn ordinary(&self, _: &[f64]) -> f64 {
        0.1
    }

    fn rivals(&self, free: &[f64]) -> Vec<Vec<f64>> {
        let (entries, rest) = free.split_at(self.form.free());
        let mut out = self.form.rivals(entries, 1.0);
        for rival in &mut out {
            rival.extend_from_slice(rest);
        }
        out
    }

    fn differentiate(&mut self) {
        /// The longest step, in standard errors, that the model learns from.
        const LONG: f64 = 5.0;
        // A cached value may be of another point of the modes.
        let point = self.point(self.held, &self.free);
        self.laplace.at(&point);
        let found = self.laplace.derivatives();
        let gradient = self.gradient_of(self.held, &self.free, &found);
        let v: Vec<f64> = std::iter::once(self.held)
            .chain(self.free.iter().copied())
            .collect();
        let n = v.len();
        if self.model.point.len() == n {
            let s: Vec<f64> = v
                .iter()
                .zip(&self.model.point)
                .map(|(a, b)| a - b)
                .collect();
            let length: f64 = (0..n * n)
                .map(|at| s[at / n] * self.home[at] * s[at % n])
                .sum();
            if length > 2.0 * LONG * LONG {
                self.model.hessian.clone_from(&self.home);
            } else if s.iter().any(|x| *x != 0.0) {
                self.model.learn(&v, &gradient);
            }
        }
        self.model.point = v;
        self.model.gradient = gradient;
        self.scores = self.form.scores_of_terms(&found.scores);
        self.derived_at.clone_from(&self.free);
        self.derived = true;
    }

    fn interrupted(&self) -> bool {
        self.interrupt.is_set()
    }

    fn derived(&self) -> bool {
        self.derived
    }

    fn derived_at(&self) -> &[f64] {
        &self.derived_at
    }

    fn gradient(&self) -> &[f64] {
        &self.model.gradient
    }

    fn hessian(&self) -> &[f64] {
        &self.model.hessian
    }

    fn evaluations(&self) -> usize {
        self.evaluations
    }

    /// Where a column of M is zero the gradient cannot tell whether it should be: Q can, which is
    /// negative in some direction if variance is missing there.
    fn way_down(&mut self, free: &[f64], value: f64) -> Option<Vec<f64>> {
        const ZERO: f64 = 1e-4;
        const LENGTHS: [f64; 5] = [0.3, 1.0, 0.1, 0.03, 0.01];
        let mut worst: Option<(usize, f64)> = None;
        for (at, variable) in self.form.variables[1..].iter().enumerate() {
            let Variable::Entry { term, row, column } = *variable else {
                continue;
            };
            let empty = self.form.variables[1..]
                .iter()
                .zip(free)
                .all(|(v, x)| match *v {
                    Variable::Entry {
                        term: t, column: c, ..
                    } if (t, c) == (term, column) => x.abs() < ZERO,
                    _ => true,
                });
            let k = self.scores[term].len().isqrt();
            let q = self.scores[term][row * k + row];
            if empty && q < worst.map_or(-1e-6, |w| w.1) {
                worst = Some((at, q));
            }
        }
        let (at, _) = worst?;
        let mut best: Option<(f64, Vec<f64>)> = None;
        for length in LENGTHS {
            let mut candidate = free.to_vec();
            candidate[at] = length;
            let next = self.evaluate(&candidate);
            if next < best.as_ref().map_or(value - 1e-8, |b| b.0) {
                best = Some((next, candidate));
            }
        }
        best.map(|(_, candidate)| candidate)
    }
}
