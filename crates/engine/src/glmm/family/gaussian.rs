//! Numbers with normal errors, where a link bends the mean.

use super::link::delta_variance;
use super::summary::Summary;
use super::{Density, Derivatives, Link, Nuisance, Observation, compose};
use crate::distributions::special::LN_SQRT_TAU;
use crate::random::Stream;

/// The normal distribution of mean μ and variance σ²/w: ℓ = −log σ − w (y − μ)²/(2σ²) −
/// ½ log(2π/w). The nuisance parameter is ψ = log σ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gaussian {
    /// Identity, log or inverse.
    pub link: Link,
}

impl Gaussian {
    fn precision(row: &Observation, psi: &[f64]) -> f64 {
        row.weight * (-2.0 * psi[0]).exp()
    }
}

impl Density for Gaussian {
    fn nuisance(&self) -> usize {
        1
    }

    fn constant(&self, row: &Observation) -> f64 {
        0.5 * row.weight.ln() - LN_SQRT_TAU
    }

    fn derivatives(&self, row: &Observation, eta: f64, psi: &[f64]) -> Derivatives {
        let mean = self.link.value(eta);
        let precision = Self::precision(row, psi);
        let off = row.y - mean.mean;
        compose([precision * off, -precision, 0.0], &mean.derivatives())
            .with_value(-psi[0] - 0.5 * precision * off * off)
            .scaled(1.0)
    }

    fn nuisance_derivatives(&self, row: &Observation, eta: f64, psi: &[f64], out: &mut [Nuisance]) {
        let at = self.derivatives(row, eta, psi);
        out[0] = Nuisance {
            value: -1.0 - 2.0 * (at.value + psi[0]),
            first: -2.0 * at.first,
            second: -2.0 * at.second,
        }
        .scaled(1.0);
    }

    fn information(&self, row: &Observation, eta: f64, psi: &[f64]) -> f64 {
        let slope = self.link.value(eta).first;
        let information = Self::precision(row, psi) * slope * slope;
        if information.is_finite() {
            information
        } else {
            0.0
        }
    }

    fn mean(&self, eta: f64, _: &[f64]) -> f64 {
        self.link.value(eta).mean
    }

    fn variance(&self, row: &Observation, _: f64, psi: &[f64]) -> f64 {
        1.0 / Self::precision(row, psi)
    }

    /// The delta method: σ² (dη/dμ)².
    fn link_variance(&self, eta: f64, psi: &[f64]) -> f64 {
        delta_variance(self.link, eta, (2.0 * psi[0]).exp())
    }

    fn saturated(&self, _: &Observation, psi: &[f64]) -> f64 {
        -psi[0]
    }

    fn simulate(&self, row: &Observation, eta: f64, psi: &[f64], stream: &mut Stream) -> f64 {
        self.link.value(eta).mean + stream.normal() / Self::precision(row, psi).sqrt()
    }

    fn start(&self, row: &Observation) -> f64 {
        start(self.link, row.y)
    }

    fn start_nuisance(&self, rows: &[Observation]) -> Vec<f64> {
        vec![start_scale(rows)]
    }
}

/// A linear predictor for any number under the links of location families: a log link has no place
/// for a negative one.
pub(super) fn start(link: Link, y: f64) -> f64 {
    match link {
        Link::Log => y.max(1e-3 * (1.0 + y.abs())).ln(),
        Link::Inverse if y == 0.0 => 1e3,
        link => link.of(y),
    }
}

/// The logarithm of the standard deviation of all responses.
pub(super) fn start_scale(rows: &[Observation]) -> f64 {
    let sd = Summary::of(rows).variance.sqrt();
    if sd > 0.0 { sd.ln() } else { 0.0 }
}
