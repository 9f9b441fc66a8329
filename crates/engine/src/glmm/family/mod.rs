//! Families: how a response is distributed given its linear predictor.
//!
//! A family is one small file that implements [`Density`]: the log-density of one observation as
//! a function of the linear predictor η and of nuisance parameters ψ (a dispersion, thresholds, a
//! probability of zeros), with the derivatives that the Laplace approximation asks for. Nothing
//! else in the engine knows a distribution. Every file's formulas are checked by quadrature and by
//! differences in `tests`.
//!
//! # How the formulas are kept right in the tails
//! Log-densities are written in log μ and log(1 − μ) ([`Link::ln_mean`], [`Link::ln_rest`]), whose
//! derivatives stay finite where μ itself has underflown, and one rule, [`compose`], carries
//! derivatives through a link, a mixture with zeros or a truncation.
//!
//! # Constants
//! What a log-density has that depends on the row alone (log-factorials, mostly) is
//! [`Density::constant`]. It is asked for once a row and left out of everything that is evaluated
//! again and again.

mod beta;
mod binomial;
pub(crate) mod draw;
mod gamma;
mod gaussian;
mod inverse_gaussian;
mod likelihood;
mod link;
mod negative_binomial;
mod ordinal;
mod peak;
mod poisson;
mod response;
mod rising;
mod student;
mod summary;
mod tails;
mod zeros;

pub use beta::Beta;
pub use binomial::Binomial;
pub use gamma::Gamma;
pub use gaussian::Gaussian;
pub use inverse_gaussian::InverseGaussian;
pub use likelihood::{Counts, Family, Likelihood, NameError};
pub use link::{Link, LinkValue};
pub use negative_binomial::{NegativeBinomial1, NegativeBinomial2};
pub use ordinal::Ordinal;
pub use poisson::Poisson;
pub use response::{Fault, Parameter, Response, Scale};
pub use student::Student;
pub use zeros::{Count, Hurdle, Truncated, ZeroInflated};

use crate::random::Stream;

/// One observation of the response.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// The response: a number, a count, a count of successes, or a category from 0.
    pub y: f64,
    /// Trials behind a count of successes; 1 elsewhere.
    pub trials: f64,
    /// Prior weight, positive. Families with a dispersion divide it by this; the log-density of all
    /// others is multiplied by it.
    pub weight: f64,
}

impl Observation {
    /// A response of one trial and weight 1.
    pub fn new(y: f64) -> Self {
        Self {
            y,
            trials: 1.0,
            weight: 1.0,
        }
    }

    /// Successes among trials, of weight 1.
    pub fn of(y: f64, trials: f64) -> Self {
        Self {
            y,
            trials,
            weight: 1.0,
        }
    }

    /// The same with a prior weight.
    pub fn weighted(self, weight: f64) -> Self {
        Self { weight, ..self }
    }
}

/// The log-density and its derivatives in η.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Derivatives {
    /// ℓ, without [`Density::constant`].
    pub value: f64,
    /// ∂ℓ/∂η.
    pub first: f64,
    /// ∂²ℓ/∂η².
    pub second: f64,
    /// ∂³ℓ/∂η³.
    pub third: f64,
}

impl Derivatives {
    /// Where there is no density: −∞, and no direction to go.
    pub const OUTSIDE: Derivatives = Derivatives {
        value: f64::NEG_INFINITY,
        first: 0.0,
        second: 0.0,
        third: 0.0,
    };

    /// From value and derivatives.
    #[inline]
    pub fn new(value: f64, first: f64, second: f64, third: f64) -> Self {
        Self {
            value,
            first,
            second,
            third,
        }
    }

    /// All four times a number, the weight of an observation; [`Derivatives::OUTSIDE`] if anything
    /// is not finite, such as a mean that has overflown.
    #[inline]
    fn scaled(self, by: f64) -> Self {
        let product = self.times(by);
        // One test for all four: the sum of what is finite is finite, or it has overflown, which is
        // as bad.
        let sum = product.value + product.first + product.second + product.third;
        if sum.is_finite() {
            product
        } else {
            Self::OUTSIDE
        }
    }

    /// a·`self` + b·`other`, where a factor of zero leaves its term out even if that is infinite.
    #[inline]
    fn combined(self, a: f64, other: Self, b: f64) -> Self {
        match (a == 0.0, b == 0.0) {
            (true, true) => Self::default(),
            (false, true) => self.times(a),
            (true, false) => other.times(b),
            (false, false) => Self {
                value: a * self.value + b * other.value,
                first: a * self.first + b * other.first,
                second: a * self.second + b * other.second,
                third: a * self.third + b * other.third,
            },
        }
    }

    #[inline]
    fn times(self, by: f64) -> Self {
        Self {
            value: self.value * by,
            first: self.first * by,
            second: self.second * by,
            third: self.third * by,
        }
    }

    /// Of η ↦ f(−η), given that of f at −η.
    #[inline]
    fn mirrored(self) -> Self {
        Self {
            first: -self.first,
            third: -self.third,
            ..self
        }
    }

    #[inline]
    fn mirrored_if(self, condition: bool) -> Self {
        if condition { self.mirrored() } else { self }
    }

    /// In η, given that `self` is in log μ and how log μ follows from η.
    #[inline]
    fn through(self, ln_mean: &Derivatives, link: Link) -> Self {
        if link == Link::Log {
            self
        } else {
            compose([self.first, self.second, self.third], ln_mean).with_value(self.value)
        }
    }

    #[inline]
    fn with_value(self, value: f64) -> Self {
        Self { value, ..self }
    }
}

/// Derivatives in one nuisance parameter ψ_k.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Nuisance {
    /// ∂ℓ/∂ψ.
    pub value: f64,
    /// ∂²ℓ/∂η∂ψ.
    pub first: f64,
    /// ∂³ℓ/∂η²∂ψ.
    pub second: f64,
}

impl Nuisance {
    /// In η, given that `self` is in x and how x, the mean or its logarithm, follows from η.
    #[inline]
    fn through(self, x: &Derivatives) -> Self {
        Self {
            value: self.value,
            first: self.first * x.first,
            second: self.second * x.first * x.first + self.first * x.second,
        }
    }

    #[inline]
    fn times(self, by: f64) -> Self {
        Self {
            value: self.value * by,
            first: self.first * by,
            second: self.second * by,
        }
    }

    #[inline]
    fn plus(self, other: &Self) -> Self {
        Self {
            value: self.value + other.value,
            first: self.first + other.first,
            second: self.second + other.second,
        }
    }

    /// All three times a number, the weight of an observation; zero if anything is not finite.
    #[inline]
    fn scaled(self, by: f64) -> Self {
        let product = self.times(by);
        let sum = product.value + product.first + product.second;
        if sum.is_finite() {
            product
        } else {
            Self::default()
        }
    }
}

/// The derivatives of G(f(η)), from the first three of G at f and those of f: Faà di Bruno's rule.
/// Its value is that of f.
#[inline]
fn compose(outer: [f64; 3], inner: &Derivatives) -> Derivatives {
    let [g1, g2, g3] = outer;
    let square = inner.first * inner.first;
    Derivatives {
        value: inner.value,
        first: g1 * inner.first,
        second: g1 * inner.second + g2 * square,
        third: g1 * inner.third + 3.0 * g2 * inner.first * inner.second + g3 * square * inner.first,
    }
}

/// The derivatives of G(f(η, ψ)) in ψ, from those of G and those of f in η and ψ.
#[inline]
fn compose_nuisance(outer: [f64; 3], inner: &Derivatives, psi: &Nuisance) -> Nuisance {
    let [g1, g2, g3] = outer;
    Nuisance {
        value: g1 * psi.value,
        first: g1 * psi.first + g2 * inner.first * psi.value,
        second: g1 * psi.second
            + g2 * (inner.second * psi.value + 2.0 * inner.first * psi.first)
            + g3 * inner.first * inner.first * psi.value,
    }
}

/// The distribution of one observation given its linear predictor.
///
/// Nuisance parameters are on a scale without bounds (the logarithm of a dispersion, the logit of a
/// probability), so that an optimiser may try any number. All methods are total: where the
/// density does not exist (an identity link with a negative mean, thresholds out of order, a mean
/// that overflows), the log-density is −∞ and derivatives are zero.
///
/// The methods for many rows ([`Density::evaluate`] and the following) are one call through a
/// `dyn Density` and a loop that is compiled for the family.
pub trait Density: Send + Sync {
    /// Number of nuisance parameters.
    fn nuisance(&self) -> usize {
        0
    }

    /// What the log-density has that depends on the row alone. [`Density::log_density`] and all
    /// that follows leave it out.
    fn constant(&self, row: &Observation) -> f64 {
        let _ = row;
        0.0
    }

    /// The log-density, without [`Density::constant`].
    fn log_density(&self, row: &Observation, eta: f64, psi: &[f64]) -> f64 {
        self.derivatives(row, eta, psi).value
    }

    /// The log-density, without [`Density::constant`], with derivatives in η.
    fn derivatives(&self, row: &Observation, eta: f64, psi: &[f64]) -> Derivatives;

    /// Derivatives in the nuisance parameters, one entry each.
    fn nuisance_derivatives(&self, row: &Observation, eta: f64, psi: &[f64], out: &mut [Nuisance]) {
        let _ = (row, eta, psi, out);
    }

    /// Expected information on η, E\[−∂²ℓ/∂η²\], or another curvature of that size: a step towards
    /// the mode uses it where the observed one is not positive. Never negative; it may underflow to
    /// zero far out.
    fn information(&self, row: &Observation, eta: f64, psi: &[f64]) -> f64;

    /// The expected information and its derivative in η, where it differs from the observed
    /// curvature and the custom is to take it in Laplace's approximation: lme4's families with
    /// links that are not canonical.
    fn expected(&self, row: &Observation, eta: f64) -> Option<(f64, f64)> {
        let _ = (row, eta);
        None
    }

    /// E\[y\], per trial, on the scale of the response.
    fn mean(&self, eta: f64, psi: &[f64]) -> f64;

    /// Var\[y\], of the mean of the trials. Where there is a dispersion it is divided by the weight
    /// of the row.
    fn variance(&self, row: &Observation, eta: f64, psi: &[f64]) -> f64;

    /// The variance of the distribution on the scale of η, of one observation of weight 1: π²/3
    /// for the logit, log(1 + 1/λ) for Poisson counts (Nakagawa, Johnson and Schielzeth 2017), at
    /// `eta`.
    fn link_variance(&self, eta: f64, psi: &[f64]) -> f64;

    /// The largest log-density that any mean gives, without [`Density::constant`].
    fn saturated(&self, row: &Observation, psi: &[f64]) -> f64;

    /// Unit deviance: twice what the log-density lacks of that of a perfect fit; 0 or more.
    /// With a dispersion φ this is R's unit deviance over φ.
    fn deviance(&self, row: &Observation, eta: f64, psi: &[f64]) -> f64 {
        let lack = self.saturated(row, psi) - self.log_density(row, eta, psi);
        if lack > 0.0 { 2.0 * lack } else { 0.0 }
    }

    /// Draws a response.
    fn simulate(&self, row: &Observation, eta: f64, psi: &[f64], stream: &mut Stream) -> f64;

    /// A linear predictor that goes with a response, to start from.
    fn start(&self, row: &Observation) -> f64;

    /// Nuisance parameters to start from, given all observations.
    fn start_nuisance(&self, rows: &[Observation]) -> Vec<f64> {
        let _ = rows;
        Vec::new()
    }

    /// [`Density::constant`] of all rows together.
    fn constants(&self, rows: &[Observation]) -> f64 {
        rows.iter().map(|row| self.constant(row)).sum()
    }

    /// [`Density::derivatives`] of many rows. `eta` and `out` are as long as `rows`.
    fn evaluate(&self, rows: &[Observation], eta: &[f64], psi: &[f64], out: &mut [Derivatives]) {
        for ((out, row), &eta) in out.iter_mut().zip(rows).zip(eta) {
            *out = self.derivatives(row, eta, psi);
        }
    }

    /// The sum of [`Density::log_density`] over many rows.
    fn evaluate_sum(&self, rows: &[Observation], eta: &[f64], psi: &[f64]) -> f64 {
        rows.iter()
            .zip(eta)
            .map(|(row, &eta)| self.log_density(row, eta, psi))
            .sum()
    }

    /// [`Density::nuisance_derivatives`] of many rows: `out` has [`Density::nuisance`] entries for
    /// each row, one row after the other.
    fn evaluate_nuisance(
        &self,
        rows: &[Observation],
        eta: &[f64],
        psi: &[f64],
        out: &mut [Nuisance],
    ) {
        let width = self.nuisance();
        if width == 0 {
            return;
        }
        for ((out, row), &eta) in out.chunks_exact_mut(width).zip(rows).zip(eta) {
            self.nuisance_derivatives(row, eta, psi, out);
        }
    }

    /// [`Density::information`] of many rows.
    fn evaluate_information(
        &self,
        rows: &[Observation],
        eta: &[f64],
        psi: &[f64],
        out: &mut [f64],
    ) {
        for ((out, row), &eta) in out.iter_mut().zip(rows).zip(eta) {
            *out = self.information(row, eta, psi);
        }
    }
}
