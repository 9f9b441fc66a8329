//! The profiled criterion of a linear mixed model, its score and its Hessian.
//!
//! With V = ZΛΛ'Z' + W⁻¹ relative to σ², P as in Laird and Ware (1982), r = y'Py and dof = n (ML)
//! or n − p (REML), Bates et al. (2015, JSS 67:1, eqs 34 and 41):
//!
//! f(θ) = log|V| + \[log|X'V⁻¹X|\] + dof·(1 + log(2πr/dof)) − Σ log w.
//!
//! The score goes through a symmetric K × K matrix per grouping factor, on the covariance scale,
//! Q = Σ_f Z_f'PZ_f − c Σ_f v_fv_f' with v = Z'Py and c = dof/r (by ML the first term has V⁻¹ in
//! place of P), and ∂f/∂Λ = 2QΛ. Unlike the gradient in θ, Q does not vanish on the boundary: a
//! singular fit is a minimum only where Q is positive semidefinite.
//!
//! The Hessian for optimisation is the average information (Johnson and Thompson 1995), which is
//! positive semidefinite, plus the exact second derivative of ΛΛ':
//! H_ij = cF_ij − (c/r)r_ir_j + 2Q\[row_i,row_j\] for entries of one column of one block, with
//! F_ij = a_i'Pa_j and r_i = ∂r/∂θ_i. The exact Hessian has 2cF_ij − tr(PV_iPV_j) in place of
//! cF_ij.

use crate::Interrupt;
use crate::blocks::{Direction, Kept, Posterior, System};
use crate::layout::{Entry, Layout};
use crate::optimize::Objective;
use crate::statistics::{ResponseProducts, Statistics};

/// The criterion as a function of θ, in standard units.
pub struct Criterion {
    system: System,
    layout: Layout,
    entries: Vec<Entry>,
    reml: bool,
    rows: usize,
    degrees: f64,
    shift: f64,
    unit: f64,
    theta: Vec<f64>,
    last: Last,
    /// Whether derivatives, and β with them, are those of `theta`.
    derived: bool,
    /// Once set, the criterion is infinite everywhere, which ends every optimiser.
    pub(super) interrupt: Interrupt,
    /// How often the criterion was evaluated.
    pub evaluations: usize,
    /// How often its derivatives were.
    pub gradients: usize,
}

#[derive(Clone, Copy, Default)]
struct Last {
    value: f64,
    pwrss: f64,
}

/// Derivatives of the criterion at one θ.
#[derive(Clone, Debug)]
pub struct Derivatives {
    /// ∂f/∂θ.
    pub gradient: Vec<f64>,
    /// Second derivatives, m × m: average information or exact, as asked for.
    pub hessian: Vec<f64>,
    /// Q of each grouping factor, K × K by rows.
    pub scores: Vec<Vec<f64>>,
    /// The first term of Q: Σ_f Z_f'PZ_f (REML) or Σ_f Z_f'V⁻¹Z_f (ML).
    pub information: Vec<Vec<f64>>,
    /// ∂r/∂θ.
    pub pwrss_gradient: Vec<f64>,
}

/// What the observed information is made of, for m directions V_i.
pub(crate) struct Pieces {
    /// Σ_f Z_f'PZ_f (REML) or Σ_f Z_f'V⁻¹Z_f (ML) of each factor.
    pub scores: Vec<Vec<f64>>,
    /// Σ_f v_fv_f' of each factor.
    pub residual: Vec<Vec<f64>>,
    /// y'PV_iPV_jPy, m × m.
    pub forms: Vec<f64>,
    /// tr(PV_iPV_j), m × m.
    pub traces: Vec<f64>,
    /// The change of (X'V⁻¹X)⁻¹ in each direction.
    pub covariance_changes: Vec<Vec<f64>>,
    /// y'Py.
    pub pwrss: f64,
}

/// What the expected information is made of, for m directions V_i.
pub(crate) struct Expected {
    /// Σ_f Z_f'PZ_f of each factor.
    pub scores: Vec<Vec<f64>>,
    /// tr(PV_iPV_j), m × m.
    pub traces: Vec<f64>,
    /// Φ(X'V⁻¹V_iV⁻¹X)Φ with Φ = (X'V⁻¹X)⁻¹, p × p.
    pub covariance_changes: Vec<Vec<f64>>,
}

impl Criterion {
    /// For the given statistics, by REML or ML.
    pub fn new(statistics: &Statistics, reml: bool) -> Self {
        Self::with_system(System::new(statistics), statistics, reml)
    }

    pub(crate) fn with_system(system: System, statistics: &Statistics, reml: bool) -> Self {
        let layout = statistics.layout().clone();
        let degrees = (statistics.rows() - if reml { layout.fixed } else { 0 }) as f64;
        let shift =
            statistics.coordinates().criterion_shift(degrees, reml) - statistics.sum_log_weights();
        Self {
            system,
            entries: layout.entries(),
            layout,
            reml,
            rows: statistics.rows(),
            degrees,
            shift,
            unit: (-0.5 * statistics.sum_log_weights() / (statistics.rows().max(1) as f64)).exp(),
            theta: Vec::new(),
            last: Last::default(),
            derived: false,
            interrupt: Interrupt::default(),
            evaluations: 0,
            gradients: 0,
        }
    }

    /// Takes up another response of the same rows; nothing is evaluated yet.
    pub(super) fn set_response(&mut self, products: &ResponseProducts) {
        self.system.set_response(products);
        self.theta.clear();
        self.derived = false;
        (self.evaluations, self.gradients) = (0, 0);
    }

    /// What the criterion in the user's units has beside that of the standard ones.
    pub(super) fn shift(&self) -> f64 {
        self.shift
    }

    /// The entries of θ.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The shape of the model.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Whether this is the REML criterion.
    pub fn reml(&self) -> bool {
        self.reml
    }

    /// n by ML, n − p by REML.
    pub fn degrees(&self) -> f64 {
        self.degrees
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// σ² at the last θ, in units of the standardised response.
    pub fn sigma_squared(&self) -> f64 {
        self.last.pwrss / self.degrees
    }

    /// The criterion in the user's units; positive infinity where it does not exist. The point
    /// of the last evaluation is not evaluated again.
    pub fn at(&mut self, theta: &[f64]) -> f64 {
        if self.evaluations > 0 && self.theta == theta {
            return self.last.value;
        }
        self.evaluations += 1;
        self.derived = false;
        self.theta.clear();
        self.theta.extend_from_slice(theta);
        let stop = self.interrupt.is_set();
        let Some(value) = (!stop).then(|| self.system.value(theta)).flatten() else {
            self.last = Last {
                value: f64::INFINITY,
                pwrss: f64::NAN,
            };
            return f64::INFINITY;
        };
        let fixed = if self.reml { value.log_det_fixed } else { 0.0 };
        let scale = 2.0 * std::f64::consts::PI * value.pwrss / self.degrees;
        self.last = Last {
            value: value.log_det + fixed + self.degrees * (1.0 + scale.ln()) + self.shift,
            pwrss: value.pwrss,
        };
        self.last.value
    }

    /// Gradient, average-information Hessian and scores at the θ of the last evaluation.
    pub fn derivatives(&mut self) -> Derivatives {
        self.assemble(false)
    }

    /// Derivatives with the Hessian that serves an optimiser best: average information, positive
    /// semidefinite and cheap, in a first approach; the exact one where that approach takes long.
    /// The two differ much where random effects have a mean of their own that no fixed effect
    /// takes (`0 + x + (x | g)`): average information alone then takes hundreds of steps.
    pub(crate) fn best_derivatives(&mut self) -> Derivatives {
        let patience = if self.system.traces_are_cheap() {
            6
        } else {
            25
        };
        self.assemble(self.gradients >= patience)
    }

    /// Derivatives with the exact Hessian where it is cheap or the average information was given
    /// up, for the certificate.
    pub(crate) fn final_derivatives(&mut self) -> Derivatives {
        if self.system.traces_are_cheap() {
            self.assemble(true)
        } else {
            self.best_derivatives()
        }
    }

    /// The same with the exact (observed) Hessian of the profiled criterion.
    pub fn exact_derivatives(&mut self) -> Derivatives {
        self.assemble(true)
    }

    fn assemble(&mut self, exact: bool) -> Derivatives {
        self.gradients += 1;
        self.derived = true;
        let m = self.entries.len();
        let lambda = self.layout.lambda(&self.theta);
        let directions = self.system.directions();
        let (parts, forms) = self.system.derivatives(self.reml, &directions);
        let (r, c) = (self.last.pwrss, self.degrees / self.last.pwrss);
        let scores: Vec<Vec<f64>> = parts
            .information
            .iter()
            .zip(&parts.residual)
            .map(|(a, b)| a.iter().zip(b).map(|(a, b)| a - c * b).collect())
            .collect();
        let through = |matrix: &[Vec<f64>], entry: &Entry| -> f64 {
            let k = self.layout.factors[entry.factor].width;
            let (q, l) = (&matrix[entry.factor], &lambda[entry.factor]);
            (0..k)
                .map(|a| q[entry.row * k + a] * l[a * k + entry.column])
                .sum::<f64>()
                * 2.0
        };
        let gradient: Vec<f64> = self.entries.iter().map(|e| through(&scores, e)).collect();
        let pwrss_gradient: Vec<f64> = self
            .entries
            .iter()
            .map(|e| -through(&parts.residual, e))
            .collect();
        let traces = exact.then(|| self.system.traces(self.reml, &directions));
        let mut hessian = vec![0.0; m * m];
        for i in 0..m {
            for j in 0..m {
                let at = i * m + j;
                let mut sum = -(c / r) * pwrss_gradient[i] * pwrss_gradient[j];
                sum += match &traces {
                    None => c * forms[at],
                    Some(traces) => 2.0 * c * forms[at] - traces[at],
                };
                let (a, b) = (&self.entries[i], &self.entries[j]);
                if (a.term, a.column) == (b.term, b.column) {
                    let k = self.layout.factors[a.factor].width;
                    sum += 2.0 * scores[a.factor][a.row * k + b.row];
                }
                hessian[at] = sum;
            }
        }
        Derivatives {
            gradient,
            hessian,
            scores,
            information: parts.information,
            pwrss_gradient,
        }
    }

    /// Q of each grouping factor by ML, whatever the criterion is, at the θ of the last evaluation.
    pub(super) fn scores_by_ml(&mut self) -> Vec<Vec<f64>> {
        let (parts, _) = self.system.derivatives(false, &[]);
        let c = self.rows as f64 / self.last.pwrss;
        (parts.information.iter().zip(&parts.residual))
            .map(|(a, b)| a.iter().zip(b).map(|(a, b)| a - c * b).collect())
            .collect()
    }

    /// Goes to θ so that β and the modes are there to be read; does nothing twice.
    pub(crate) fn settle(&mut self, theta: &[f64]) -> f64 {
        let value = self.at(theta);
        if !self.derived && value.is_finite() {
            self.derivatives();
        }
        value
    }

    /// The size of an ordinary θ: relative to σ, which is the standard deviation of a row of weight
    /// 1, that of a row of typical weight. Without it weights like 10⁸ would start a fit far from
    /// its end and make every variance look like zero.
    pub(crate) fn unit(&self) -> f64 {
        self.unit
    }

    /// y'Py at the last θ, in units of the standardised response.
    pub(crate) fn pwrss(&self) -> f64 {
        self.last.pwrss
    }

    /// β at the θ of the last derivatives, in standard units.
    pub(crate) fn beta(&self) -> &[f64] {
        self.system.beta()
    }

    /// β at the θ of the last evaluation, in standard units.
    pub(crate) fn fixed_effects(&self) -> Vec<f64> {
        self.system.fixed_effects()
    }

    /// (X'V⁻¹X)⁻¹ at the last θ, in standard units.
    pub(crate) fn fixed_covariance(&self) -> Vec<f64> {
        self.system.fixed_covariance()
    }

    /// The pieces of the observed information in directions of one's own at the θ of the last
    /// evaluation.
    pub(crate) fn pieces(&mut self, directions: &[Direction]) -> Pieces {
        let (scores, forms) = self.system.derivatives(self.reml, directions);
        let traces = self.system.traces(self.reml, directions);
        let covariance_changes = self.system.fixed_covariance_changes(directions);
        Pieces {
            scores: scores.information,
            residual: scores.residual,
            forms,
            traces,
            covariance_changes,
            pwrss: self.last.pwrss,
        }
    }

    /// What the expected information by REML is made of, whatever the criterion is, in directions
    /// of one's own at the θ of the last evaluation.
    pub(crate) fn expected(&mut self, directions: &[Direction]) -> Expected {
        let (scores, _) = self.system.derivatives(true, &[]);
        Expected {
            scores: scores.information,
            traces: self.system.traces(true, directions),
            covariance_changes: self.system.fixed_covariance_changes(directions),
        }
    }

    /// Σ_r A_r'PA_r with A_r = D_rV⁻¹X for changes D_r of V, each by a K × K matrix a grouping
    /// factor: p × p, in standard units.
    pub(crate) fn spread_of_scores(&mut self, mixes: &[Vec<Vec<f64>>]) -> Vec<f64> {
        self.system.spread_of_scores(mixes)
    }

    /// ∂(ΛΛ')/∂θ_i at the last θ.
    #[cfg(test)]
    pub(crate) fn directions(&self) -> Vec<Direction> {
        self.system.directions()
    }

    /// Numbers that [`Criterion::keep`] keeps.
    pub(crate) fn kept_size(&self) -> usize {
        self.system.kept_size()
    }

    /// What variances of rows need, at the θ of the last evaluation, in standard units.
    pub(crate) fn keep(&mut self) -> Kept {
        self.system.keep()
    }

    /// Modes and conditional covariances at the θ of the last derivatives, in standard units.
    pub(crate) fn posterior(&mut self) -> Posterior {
        self.system.posterior()
    }
}

impl Objective for Criterion {
    fn dimension(&self) -> usize {
        self.entries.len()
    }

    fn value(&mut self, theta: &[f64]) -> f64 {
        self.at(theta)
    }

    fn value_and_gradient(&mut self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        self.at(theta);
        if !self.last.value.is_finite() {
            gradient.fill(f64::NAN);
            return self.last.value;
        }
        gradient.copy_from_slice(&self.derivatives().gradient);
        self.last.value
    }

    fn lower_bounds(&self) -> Vec<f64> {
        self.entries
            .iter()
            .map(|e| {
                if e.is_diagonal() {
                    0.0
                } else {
                    f64::NEG_INFINITY
                }
            })
            .collect()
    }
}
