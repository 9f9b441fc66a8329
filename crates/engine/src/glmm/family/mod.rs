//! Families: how a response is distributed given its linear predictor.
//!
//! A family is one small file that implements [`Density`]: the log-density of one observation as
//! a function of the linear predictor η and of nuisance parameters ψ (a dispersion, thresholds, a
//! probability of zeros), with the derivatives that the Laplace approximation asks for. Nothing
//! else in the engine knows a distribution. Every file's formulas are checked by quadrature and by
//! differences in `tests`.

mod link;

pub use link::{Link, LinkValue};

use crate::random::Stream;

/// One observation of the response.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// The response: a number, a count, a count of successes, or a category from 0.
    pub y: f64,
    /// Trials behind a count of successes; 1 elsewhere.
    pub trials: f64,
    /// Prior weight. Families with a dispersion divide it by this; the log-density of all others is
    /// multiplied by it.
    pub weight: f64,
}

/// The log-density and its derivatives in η.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Derivatives {
    /// ℓ, all constants included.
    pub value: f64,
    /// ∂ℓ/∂η.
    pub first: f64,
    /// ∂²ℓ/∂η².
    pub second: f64,
    /// ∂³ℓ/∂η³.
    pub third: f64,
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

/// The distribution of one observation given its linear predictor.
///
/// Nuisance parameters are on a scale without bounds (the logarithm of a dispersion, the logit of a
/// probability), so that an optimiser may try any number. All methods are total: where the
/// density does not exist (an identity link with a negative mean, thresholds out of order), the
/// log-density is −∞ and derivatives are zero.
pub trait Density: Send + Sync {
    /// Number of nuisance parameters.
    fn nuisance(&self) -> usize {
        0
    }

    /// The log-density, all constants included.
    fn log_density(&self, row: &Observation, eta: f64, psi: &[f64]) -> f64;

    /// The log-density with derivatives in η.
    fn derivatives(&self, row: &Observation, eta: f64, psi: &[f64]) -> Derivatives;

    /// Derivatives in the nuisance parameters, one entry each.
    fn nuisance_derivatives(&self, row: &Observation, eta: f64, psi: &[f64], out: &mut [Nuisance]) {
        let _ = (row, eta, psi, out);
    }

    /// Expected information on η, E\[−∂²ℓ/∂η²\], or another positive curvature of that size: a
    /// step towards the mode uses it where the observed one is not positive.
    fn information(&self, row: &Observation, eta: f64, psi: &[f64]) -> f64;

    /// E\[y\], per trial, on the scale of the response.
    fn mean(&self, eta: f64, psi: &[f64]) -> f64;

    /// Var\[y\], of the mean of the trials.
    fn variance(&self, row: &Observation, eta: f64, psi: &[f64]) -> f64;

    /// The variance of the distribution on the scale of η, of one observation: π²/3 for the logit,
    /// log(1 + 1/λ) for Poisson counts (Nakagawa, Johnson and Schielzeth 2017), at `eta`.
    fn link_variance(&self, eta: f64, psi: &[f64]) -> f64;

    /// Unit deviance: twice what the log-density lacks of that of a perfect fit; 0 or more.
    fn deviance(&self, row: &Observation, eta: f64, psi: &[f64]) -> f64;

    /// Draws a response.
    fn simulate(&self, row: &Observation, eta: f64, psi: &[f64], stream: &mut Stream) -> f64;

    /// A linear predictor that goes with a response, to start from.
    fn start(&self, row: &Observation) -> f64;

    /// Nuisance parameters to start from, given all observations.
    fn start_nuisance(&self, rows: &[Observation]) -> Vec<f64> {
        let _ = rows;
        Vec::new()
    }
}
