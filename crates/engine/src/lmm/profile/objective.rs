//! The ML deviance with one parameter held, as a function of all others.
//!
//! Before σ is profiled out, with c = σ⁻² and r the residual sum of squares at (θ, held β),
//!
//! d = log|V(θ)| + c·r(θ) + n log(2πσ²) − Σ log w   (Bates et al. 2015, JSS 67:1, eq. 28, times −2).
//!
//! Through G = MM' its derivatives are those of the criterion with c in place of n/r:
//! ∂d = ⟨Q, ∂G⟩, Q = Σ Z_f'V⁻¹Z_f − c Σ v_fv_f', and ∂²d = 2cF − T + ⟨Q, ∂²G⟩ with F = a'Pa and
//! T = tr(V⁻¹V_iV⁻¹V_j); or cF in place of 2cF − T (average information) where traces are dear. On
//! top, explicitly: ∂d/∂τ = 2(n − cr), ∂²d/∂τ² = 4cr, ∂²d/∂τ∂i = −2c ∂_ir, and for a fixed effect
//! held at b, ∂d/∂b = 2cλ and its derivatives (see `blocks::hold`).

use super::Parameter;
use super::form::{Form, Variable};
use crate::blocks::{Direction, System};
use crate::optimize::{CurvedObjective, Objective};
use crate::statistics::Statistics;
use crate::{DependentEffect, Interrupt};

/// The deviance with one parameter held.
pub(super) struct Held {
    system: System,
    pub form: Form,
    held: f64,
    rows: f64,
    shift: f64,
    unit: f64,
    /// Steps after which average information is given up for the exact Hessian.
    patience: usize,
    /// Derivatives asked for since the parameter was moved.
    asked: usize,
    pwrss: f64,
    value: f64,
    /// Where the last evaluation was, if there was one since the parameter was moved.
    free: Vec<f64>,
    known: bool,
    /// Where the derivatives below were taken.
    pub derived_at: Vec<f64>,
    /// With respect to the held coordinate and then the free ones, at the last derivatives.
    pub gradient: Vec<f64>,
    pub hessian: Vec<f64>,
    pub evaluations: usize,
    /// Once set, the deviance is infinite everywhere.
    interrupt: Interrupt,
}

impl Held {
    pub fn new(
        statistics: &Statistics,
        parameter: Parameter,
        dependent: &[DependentEffect],
        interrupt: &Interrupt,
    ) -> Self {
        let (layout, coordinates) = (statistics.layout(), statistics.coordinates());
        let form = Form::new(layout, coordinates, parameter, dependent);
        let mut system = System::new(statistics);
        if let Parameter::Fixed(effect) = parameter {
            system.hold(coordinates.fixed_effect(layout, effect));
        }
        let rows = statistics.rows() as f64;
        let patience = if system.traces_are_cheap() { 0 } else { 12 };
        Self {
            system,
            form,
            held: 0.0,
            rows,
            shift: coordinates.criterion_shift(rows, false) - statistics.sum_log_weights(),
            unit: (-0.5 * statistics.sum_log_weights() / rows.max(1.0)).exp(),
            patience,
            asked: 0,
            pwrss: f64::NAN,
            value: f64::NAN,
            known: false,
            free: Vec::new(),
            derived_at: Vec::new(),
            gradient: Vec::new(),
            hessian: Vec::new(),
            evaluations: 0,
            interrupt: interrupt.clone(),
        }
    }

    /// Moves the parameter.
    pub fn hold(&mut self, value: f64) {
        self.held = value;
        self.asked = 0;
        self.known = false;
        self.system.hold_at(value);
    }

    /// The estimate of a held fixed effect, in standard units less the shift of the response, with
    /// nothing held; call after an evaluation.
    pub fn free_estimate(&self) -> f64 {
        self.system
            .held()
            .map_or(f64::NAN, |h| h.value - h.multiplier * h.variance)
    }

    /// Whether derivatives were taken since the parameter was moved.
    pub fn derived(&self) -> bool {
        self.asked > 0
    }

    /// The size of an ordinary element of M: see [`Criterion::unit`](crate::lmm::Criterion).
    pub fn unit(&self) -> f64 {
        self.unit
    }

    /// Gives a point the σ that suits its other coordinates. A valley with little variance between
    /// groups is not found from the σ of one with much: the way leads back.
    pub fn suit_sigma(&mut self, free: &mut [f64]) {
        // Where a standard deviation is held M depends on σ: then the second step counts too.
        const STEPS: usize = 2;
        let variables = &self.form.variables[1..];
        let Some(at) = variables.iter().position(|v| *v == Variable::LogSigma) else {
            return;
        };
        for _ in 0..STEPS {
            if !self.evaluate(free).is_finite() {
                return;
            }
            let sigma = 0.5 * (self.pwrss / self.rows).ln();
            if sigma.is_finite() {
                free[at] = sigma;
            }
        }
    }

    /// Whether the work is to stop.
    pub fn interrupted(&self) -> bool {
        self.interrupt.is_set()
    }

    /// Exact Hessians only, whatever they cost.
    #[cfg(test)]
    pub fn be_exact(&mut self) {
        self.patience = 0;
    }

    /// σ in standard units at a point.
    pub fn sigma(&self, free: &[f64]) -> f64 {
        self.form.state(self.held, free).log_sigma.exp()
    }

    /// The point of the last evaluation is not evaluated again.
    fn evaluate(&mut self, free: &[f64]) -> f64 {
        if !(self.known && self.free == free) {
            self.value = self.compute(free);
            self.known = true;
        }
        self.value
    }

    fn compute(&mut self, free: &[f64]) -> f64 {
        self.evaluations += 1;
        self.free.clear();
        self.free.extend_from_slice(free);
        if self.interrupt.is_set() {
            return f64::INFINITY;
        }
        let state = self.form.state(self.held, free);
        let variance = (2.0 * state.log_sigma).exp();
        let theta = self.form.theta(&state);
        // The numbers behind θ may overflow; so may those behind σ.
        if !(variance > 0.0 && variance.is_finite() && theta.iter().all(|x| x.is_finite())) {
            return f64::INFINITY;
        }
        let Some(value) = self.system.value(&theta) else {
            return f64::INFINITY;
        };
        self.pwrss = value.pwrss;
        let residual = value.pwrss / variance;
        let scale = std::f64::consts::TAU.ln() + 2.0 * state.log_sigma;
        let out = value.log_det + residual + self.rows * scale + self.shift;
        if out.is_nan() { f64::INFINITY } else { out }
    }

    /// Gradient and Hessian in all coordinates at the last evaluation.
    pub fn differentiate(&mut self) {
        self.asked += 1;
        self.derived_at.clone_from(&self.free);
        let exact = self.asked > self.patience;
        let state = self.form.state(self.held, &self.free);
        let variables = self.form.variables.clone();
        let size = variables.len();
        let mut at = vec![None; size];
        let mut directions: Vec<Direction> = Vec::new();
        for (i, &variable) in variables.iter().enumerate() {
            if let Some(direction) = self.form.direction(variable, &state) {
                at[i] = Some(directions.len());
                directions.push(direction);
            }
        }
        let (parts, forms) = self.system.derivatives(false, &directions);
        let traces =
            (exact && !directions.is_empty()).then(|| self.system.traces(false, &directions));
        let c = (-2.0 * state.log_sigma).exp();
        let residual = c * self.pwrss;
        let pair = |matrices: &[Vec<f64>], direction: &Direction| -> f64 {
            matrices[direction.factor]
                .iter()
                .zip(&direction.change)
                .map(|(a, b)| a * b)
                .sum()
        };
        // ⟨A, ∂G⟩ and ∂r = −⟨R, ∂G⟩.
        let taken: Vec<f64> = directions
            .iter()
            .map(|d| pair(&parts.information, d))
            .collect();
        let slopes: Vec<f64> = directions
            .iter()
            .map(|d| -pair(&parts.residual, d))
            .collect();
        let scores: Vec<Vec<f64>> = parts
            .information
            .iter()
            .zip(&parts.residual)
            .map(|(a, r)| a.iter().zip(r).map(|(a, r)| a - c * r).collect())
            .collect();
        let scores = self.form.scores_of_terms(&scores);
        let m = directions.len();
        let mut gradient = vec![0.0; size];
        let mut hessian = vec![0.0; size * size];
        for i in 0..size {
            if let Some(a) = at[i] {
                gradient[i] += taken[a] + c * slopes[a];
            }
            for j in 0..=i {
                let mut sum = self.form.bend(variables[i], variables[j], &state, &scores);
                if let (Some(a), Some(b)) = (at[i], at[j]) {
                    sum += match &traces {
                        None => c * forms[a * m + b],
                        Some(traces) => 2.0 * c * forms[a * m + b] - traces[a * m + b],
                    };
                }
                hessian[i * size + j] = sum;
                hessian[j * size + i] = sum;
            }
        }
        let mut add = |i: usize, j: usize, x: f64| {
            hessian[i * size + j] += x;
            hessian[j * size + i] += x;
        };
        let log_sigma = variables.iter().enumerate().position(|(i, v)| {
            *v == Variable::LogSigma || (i == 0 && self.form.parameter == Parameter::Sigma)
        });
        if let Some(tau) = log_sigma {
            gradient[tau] += 2.0 * (self.rows - residual);
            for i in 0..size {
                if let Some(a) = at[i] {
                    add(tau, i, -2.0 * c * slopes[a]);
                }
            }
            add(tau, tau, 2.0 * residual);
        }
        if let Some(hold) = self.system.held() {
            gradient[0] += 2.0 * c * hold.multiplier;
            add(0, 0, c / hold.variance);
            for i in 0..size {
                if let Some(a) = at[i] {
                    add(0, i, 2.0 * c * hold.slopes[a] / hold.variance);
                }
            }
            if let Some(tau) = log_sigma {
                add(0, tau, -4.0 * c * hold.multiplier);
            }
        }
        self.gradient = gradient;
        self.hessian = hessian;
    }

    /// The part of the last Hessian that belongs to the free coordinates.
    pub fn free_hessian(&self) -> Vec<f64> {
        let size = self.form.variables.len();
        let m = size - 1;
        (0..m * m)
            .map(|at| self.hessian[(at / m + 1) * size + at % m + 1])
            .collect()
    }

    /// Its column of the held coordinate against the free ones.
    pub fn mixed(&self) -> &[f64] {
        &self.hessian[1..self.form.variables.len()]
    }
}

impl Objective for Held {
    fn dimension(&self) -> usize {
        self.form.free()
    }

    fn value(&mut self, free: &[f64]) -> f64 {
        self.evaluate(free)
    }

    fn value_and_gradient(&mut self, free: &[f64], gradient: &mut [f64]) -> f64 {
        let value = self.evaluate(free);
        if value.is_finite() {
            self.differentiate();
            gradient.copy_from_slice(&self.gradient[1..]);
        } else {
            gradient.fill(f64::NAN);
        }
        value
    }

    fn lower_bounds(&self) -> Vec<f64> {
        vec![f64::NEG_INFINITY; self.form.free()]
    }
}

impl CurvedObjective for Held {
    fn gradient_and_hessian(&mut self) -> (Vec<f64>, Vec<f64>) {
        self.differentiate();
        (self.gradient[1..].to_vec(), self.free_hessian())
    }
}
