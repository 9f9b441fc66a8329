//! Counts with another number of zeros than their distribution has: inflated, none, or a hurdle.
//!
//! The three wrap a [`Count`] and ask it for its log-density at y and at 0, with all derivatives. The
//! probability of zero enters as log f(0): a mixture is log(e^z + f(0)), a truncation
//! −log(1 − f(0)), and [`compose`] carries the derivatives of both through.

mod hurdle;
mod inflated;
mod truncated;

pub use hurdle::Hurdle;
pub use inflated::ZeroInflated;
pub use truncated::Truncated;

use super::draw;
use super::negative_binomial::{NegativeBinomial1, NegativeBinomial2};
use super::{Density, Derivatives, Link, Observation, Poisson};
use crate::random::Stream;

/// A distribution of counts that is a sum of jumps at the events of a Poisson process. Its link is
/// the logarithm where something wraps it.
pub trait Count: Density {
    /// Draws a jump, 1 or more.
    fn jump(&self, eta: f64, psi: &[f64], stream: &mut Stream) -> f64;
}

impl Count for Poisson {
    fn jump(&self, _: f64, _: &[f64], _: &mut Stream) -> f64 {
        1.0
    }
}

impl Count for NegativeBinomial2 {
    fn jump(&self, eta: f64, psi: &[f64], stream: &mut Stream) -> f64 {
        draw::logarithmic(eta - psi[0], stream)
    }
}

impl Count for NegativeBinomial1 {
    fn jump(&self, _: f64, psi: &[f64], stream: &mut Stream) -> f64 {
        draw::logarithmic(psi[0], stream)
    }
}

/// The log link of what is wrapped: dμ/dη = μ.
const LINK: Link = Link::Log;

/// A row with weight 1, and one like it with y = 0.
fn plain(row: &Observation) -> (Observation, Observation) {
    let row = row.weighted(1.0);
    (row, Observation { y: 0.0, ..row })
}

fn split(psi: &[f64]) -> (&[f64], f64) {
    (&psi[..psi.len() - 1], psi[psi.len() - 1])
}

/// log f(0), below zero even where f(0) rounds to 1.
fn ln_zero<B: Density>(count: &B, row: &Observation, eta: f64, psi: &[f64]) -> Derivatives {
    // Below this the mean is 1e-304 and nothing changes any more.
    let (_, zero) = plain(row);
    count.derivatives(&zero, eta.max(-700.0), psi)
}

/// Moments of a distribution: mean, its derivative in η, variance.
struct Moments {
    mean: f64,
    slope: f64,
    variance: f64,
}

impl Moments {
    /// Information on η in the mean alone: a lower bound of that in the distribution.
    fn information(&self) -> f64 {
        self.slope * self.slope / self.variance
    }

    /// With zeros at probability π.
    fn with_zeros(self, zero: f64, rest: f64) -> Self {
        Self {
            mean: rest * self.mean,
            slope: rest * self.slope,
            variance: rest * (self.variance + zero * self.mean * self.mean),
        }
    }

    /// log(1 + Var/E²), the lognormal form, which is log(1 + 1/λ) for Poisson counts.
    fn link_variance(&self) -> f64 {
        (self.variance / (self.mean * self.mean)).ln_1p()
    }
}

fn count_moments<B: Density>(count: &B, eta: f64, psi: &[f64]) -> Moments {
    let mean = LINK.value(eta).mean;
    Moments {
        mean,
        slope: mean,
        variance: count.variance(&Observation::new(0.0), eta, psi),
    }
}

/// The larger of what a formula says, if it says anything, and a bound from below.
fn at_least(formula: f64, bound: f64) -> f64 {
    match (formula.is_finite(), bound.is_finite()) {
        (true, true) => formula.max(bound),
        (true, false) => formula.max(0.0),
        (false, true) => bound,
        (false, false) => 0.0,
    }
}

/// The share of zeros by weight, away from 0 and 1.
fn share_of_zeros(rows: &[Observation]) -> f64 {
    let weight: f64 = rows.iter().map(|row| row.weight).sum();
    let zeros: f64 = rows
        .iter()
        .filter(|row| row.y == 0.0)
        .map(|row| row.weight)
        .sum();
    (zeros + 0.5) / (weight + 1.0)
}
