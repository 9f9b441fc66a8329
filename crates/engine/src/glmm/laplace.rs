//! The Laplace approximation to −2 log-likelihood, and its exact gradient.
//!
//! With random effects b = Λu, u ~ N(0, I), a linear predictor η = o + Xβ + Zb and log-densities
//! ℓ_i(η_i; ψ), let ũ minimise g(u) = −2Σℓ_i + u'u and let W = −diag ℓ''_i there. Then
//! (METHODS: Pinheiro and Chao 2006)
//!
//! F(θ, β, ψ) = g(ũ) + log|H|,  H = Λ'Z'WZΛ + I.
//!
//! All constants of the densities are in it; those of the normal integral cancel. lme4 takes the
//! expected information for W in log|H|, which differs where a binomial or Poisson link is not
//! canonical; so does this file where it is told to. The observed curvature is nearer to the
//! integral (cbpp with a probit link: the intercept is off by 0.001 of a standard error, by 0.03
//! with the expected one).
//!
//! The gradient goes through the mode as well. Let h_i = z_i'ΛH⁻¹Λ'z_i be the variance of η_i given
//! the data, a_i = h_i dW_i/dη_i = ∂log|H|/∂η_i, s = Z'ℓ' (so that ũ = Λ's), q = ΛH⁻¹Λ'Z'a and
//! t = Z'(a − WZq), which is Z'V⁻¹ of the response a/W with V = ZΛΛ'Z' + W⁻¹. Differentiating the
//! equation of the mode and collecting terms,
//!
//! (with the observed −ℓ'' for W in q and t, and in W of the first line)
//!
//! ∂F/∂β = X'(a − 2ℓ' − WZq),
//! ∂F/∂ψ = Σ (−2ℓ_ψ − h ℓ_ηηψ + (Zq) ℓ_ηψ),
//! ∂F/∂Λ = 2QΛ,  Q = Σ_f \[Z_f'V⁻¹Z_f − s_f s_f' + ½(t_f s_f' + s_f t_f')\].
//!
//! The last line has the form of the Gaussian criterion's: Q is on the covariance scale, does not
//! vanish where Λ is singular, and proves or refutes a boundary minimum in the same way.

use std::sync::Arc;

use super::data::Data;
use super::family::{Density, Derivatives, Nuisance};
use super::mode::Modes;
use super::quadrature::Rule;
use crate::Interrupt;
use crate::blocks::Spread;
use crate::layout::Entry;
use crate::optimize::Objective;

/// The objective as a function of τ = (θ, β, ψ), in standard units.
pub(crate) struct Laplace {
    pub(super) modes: Modes,
    pub(super) entries: Vec<Entry>,
    spread: Spread,
    /// h, a, and two vectors of the length of the rows.
    h: Vec<f64>,
    a: Vec<f64>,
    q: Vec<Vec<f64>>,
    t: Vec<Vec<f64>>,
    nuisance: Vec<Nuisance>,
    point: Vec<f64>,
    value: f64,
    /// −2Σ of what the log-densities have that depends on nothing but the rows.
    constant: f64,
    /// The rule of quadrature; without one the approximation is Laplace's.
    rule: Option<Rule>,
    /// Points of quadrature that the fit was asked for: 1 is Laplace's, 0 the fast approximation.
    pub(super) points: usize,
    /// Prior precision of each fixed effect, in standard units.
    pub(super) precision: Vec<f64>,
    /// Once it is set there are no values any more.
    pub(super) interrupt: Interrupt,
    pub(super) evaluations: usize,
    pub(super) gradients: usize,
}

/// The gradient and what proves a minimum on the boundary.
#[derive(Clone, Debug, Default)]
pub(crate) struct LaplaceDerivatives {
    /// ∂F/∂τ.
    pub gradient: Vec<f64>,
    /// Q by factor, K × K.
    pub scores: Vec<Vec<f64>>,
    /// Σ_f Z_f'V⁻¹Z_f by factor.
    pub information: Vec<Vec<f64>>,
}

impl Laplace {
    pub fn new(data: Data, family: Arc<dyn Density>, expected: bool) -> Self {
        let entries = data.layout.entries();
        let precision = vec![0.0; data.layout.fixed];
        let modes = Modes::new(data, family, expected);
        let zeros = modes.room();
        let rows = modes.data.observations.iter().zip(&modes.data.counts);
        let constant: f64 = rows.map(|(row, n)| n * modes.family.constant(row)).sum();
        Self {
            constant: -2.0 * constant,
            entries,
            spread: Spread::default(),
            h: Vec::new(),
            a: Vec::new(),
            q: zeros.clone(),
            t: zeros,
            nuisance: Vec::new(),
            point: Vec::new(),
            value: f64::INFINITY,
            rule: None,
            points: 1,
            interrupt: Interrupt::default(),
            precision,
            evaluations: 0,
            gradients: 0,
            modes,
        }
    }

    /// Integrates by quadrature with so many points for each random effect from now on. Only where
    /// there is one grouping factor.
    pub fn integrate_with(&mut self, points: usize) {
        let width = self.modes.data.layout.factors[0].width;
        self.rule = Some(Rule::new(points, width));
        self.points = points;
        self.evaluations = 0;
    }

    /// θ, β and ψ of a point.
    pub fn split<'a>(&self, point: &'a [f64]) -> (&'a [f64], &'a [f64], &'a [f64]) {
        let (theta, rest) = point.split_at(self.entries.len());
        let (beta, psi) = rest.split_at(self.modes.data.layout.fixed);
        (theta, beta, psi)
    }

    /// −2Σ of the densities' constants.
    pub(super) fn constant(&self) -> f64 {
        self.constant
    }

    /// The point of the last value.
    pub fn point(&self) -> &[f64] {
        &self.point
    }

    /// F at a point; positive infinity where it does not exist.
    pub fn at(&mut self, point: &[f64]) -> f64 {
        if self.evaluations > 0 && self.point == point {
            return self.value;
        }
        self.evaluations += 1;
        self.point.clear();
        self.point.extend_from_slice(point);
        let m = self.entries.len();
        let p = self.modes.data.layout.fixed;
        let (theta, beta, psi) = (&point[..m], &point[m..m + p], &point[m + p..]);
        let found = match self.interrupt.is_set() {
            false => self.modes.find(theta, beta, psi),
            true => None,
        };
        let integral = match (found, &self.rule) {
            (Some(log_det), None) => Some(self.modes.penalised() + log_det),
            (Some(_), Some(rule)) => self.integral(rule, theta, psi),
            (None, _) => None,
        };
        self.value = match integral {
            Some(integral) => integral + self.constant + self.prior(beta),
            None => f64::INFINITY,
        };
        if !self.value.is_finite() {
            self.value = f64::INFINITY;
        }
        self.value
    }

    fn prior(&self, beta: &[f64]) -> f64 {
        self.precision
            .iter()
            .zip(beta)
            .map(|(precision, b)| precision * b * b)
            .sum()
    }

    /// The gradient at the point of the last value.
    pub fn derivatives(&mut self) -> LaplaceDerivatives {
        self.gradients += 1;
        let m = self.entries.len();
        let modes = &mut self.modes;
        let (p, n) = (modes.data.layout.fixed, modes.data.observations.len());
        let psi = &self.point[m + p..];
        modes.system.spread(&mut self.spread);
        modes.row_variances(&self.spread, &mut self.h);
        self.a.clear();
        self.a
            .extend(modes.slopes.iter().zip(&self.h).map(|(slope, h)| slope * h));
        modes.solve(&self.a, &mut self.q, &mut self.t);
        // Zq of every row.
        let mut zq = vec![0.0; n];
        modes.data.rows.add_random(&self.q, &mut zq);
        let row: Vec<f64> = (0..n)
            .map(|i| self.a[i] - 2.0 * modes.densities[i].first - modes.weights[i] * zq[i])
            .collect();
        let by_beta = modes.data.rows.fixed_products(&row);
        let mut by_psi = vec![0.0; psi.len()];
        if !psi.is_empty() {
            self.nuisance.resize(n * psi.len(), Nuisance::default());
            modes.family.evaluate_nuisance(
                &modes.data.observations,
                &modes.eta,
                psi,
                &mut self.nuisance,
            );
            for (i, row) in self.nuisance.chunks_exact(psi.len()).enumerate() {
                let count = modes.data.counts[i];
                for (sum, d) in by_psi.iter_mut().zip(row) {
                    *sum += count * (zq[i] * d.first - 2.0 * d.value - self.h[i] * d.second);
                }
            }
        }
        let layout = &modes.data.layout;
        let mut scores = self.spread.information.clone();
        for (f, factor) in layout.factors.iter().enumerate() {
            let k = factor.width;
            if k == 0 {
                continue;
            }
            let levels = modes.scores[f]
                .chunks_exact(k)
                .zip(self.t[f].chunks_exact(k));
            for (s, t) in levels {
                for i in 0..k {
                    for j in 0..k {
                        scores[f][i * k + j] += 0.5 * (t[i] * s[j] + s[i] * t[j]) - s[i] * s[j];
                    }
                }
            }
        }
        let lambda = layout.lambda(&self.point[..m]);
        let mut gradient: Vec<f64> = self
            .entries
            .iter()
            .map(|e| {
                let k = layout.factors[e.factor].width;
                let (q, l) = (&scores[e.factor], &lambda[e.factor]);
                (0..k)
                    .map(|a| q[e.row * k + a] * l[a * k + e.column])
                    .sum::<f64>()
                    * 2.0
            })
            .collect();
        let beta = &self.point[m..m + p];
        if let Some(rule) = &self.rule {
            let mut gradient = self.integral_gradient(rule, &self.point[..m], psi);
            for ((g, b), precision) in gradient[m..].iter_mut().zip(beta).zip(&self.precision) {
                *g += 2.0 * precision * b;
            }
            // Where no variance is zero, QΛ = 0 is what the gradient says; where one is, Laplace's Q
            // decides on the boundary.
            let inside = self
                .entries
                .iter()
                .zip(&self.point)
                .all(|(e, t)| !e.is_diagonal() || t.abs() > 1e-3);
            if inside {
                scores.iter_mut().for_each(|q| q.fill(0.0));
            }
            return LaplaceDerivatives {
                gradient,
                scores,
                information: self.spread.information.clone(),
            };
        }
        gradient.extend(
            by_beta
                .iter()
                .zip(beta)
                .zip(&self.precision)
                .map(|((g, b), precision)| g + 2.0 * precision * b),
        );
        gradient.extend(by_psi);
        LaplaceDerivatives {
            gradient,
            scores,
            information: self.spread.information.clone(),
        }
    }

    /// Conditional covariances of the random effects at the point of the last value, by factor.
    pub fn covariances(&mut self) -> Vec<Vec<f64>> {
        self.modes.system.spread(&mut self.spread);
        self.spread.own.clone()
    }
}

impl Objective for Laplace {
    fn dimension(&self) -> usize {
        self.entries.len() + self.modes.data.layout.fixed + self.modes.family.nuisance()
    }

    fn value(&mut self, point: &[f64]) -> f64 {
        self.at(point)
    }

    fn value_and_gradient(&mut self, point: &[f64], gradient: &mut [f64]) -> f64 {
        if !self.at(point).is_finite() {
            gradient.fill(f64::NAN);
            return f64::INFINITY;
        }
        gradient.copy_from_slice(&self.derivatives().gradient);
        self.value
    }

    fn lower_bounds(&self) -> Vec<f64> {
        let free = self.dimension() - self.entries.len();
        self.entries
            .iter()
            .map(|e| {
                if e.is_diagonal() {
                    0.0
                } else {
                    f64::NEG_INFINITY
                }
            })
            .chain(std::iter::repeat_n(f64::NEG_INFINITY, free))
            .collect()
    }
}

/// ℓ and its derivatives of all rows, times the count of each.
pub(super) fn densities(
    data: &Data,
    family: &dyn Density,
    eta: &[f64],
    psi: &[f64],
    out: &mut Vec<Derivatives>,
) {
    out.resize(data.observations.len(), Derivatives::default());
    family.evaluate(&data.observations, eta, psi, out);
    if data.collapsed() {
        for (d, count) in out.iter_mut().zip(&data.counts) {
            d.value *= count;
            d.first *= count;
            d.second *= count;
            d.third *= count;
        }
    }
}
