//! Positive numbers with a heavier tail: first-passage times.

use super::link::delta_variance;
use super::summary::Summary;
use super::{Density, Derivatives, Link, Nuisance, Observation};
use crate::distributions::special::LN_SQRT_TAU;
use crate::random::Stream;

/// The inverse Gaussian distribution of mean μ and variance φ μ³/w.
///
/// ℓ = −½ log φ − w (y − μ)²/(2 φ μ² y) − ½ log(2π y³/w) (Tweedie 1957). The nuisance parameter is
/// ψ = log φ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InverseGaussian {
    /// Log, 1/mu^2, inverse or identity.
    pub link: Link,
}

impl InverseGaussian {
    /// (y − μ)²/(μ² y) and its derivatives in log μ.
    fn distance(y: f64, ln_mean: f64) -> Derivatives {
        let inverse = (-ln_mean).exp();
        let off = y * inverse - 1.0;
        let square = y * inverse * inverse;
        Derivatives::new(
            off * off / y,
            2.0 * (inverse - square),
            4.0 * square - 2.0 * inverse,
            2.0 * inverse - 8.0 * square,
        )
    }
}

impl Density for InverseGaussian {
    fn nuisance(&self) -> usize {
        1
    }

    fn constant(&self, row: &Observation) -> f64 {
        0.5 * row.weight.ln() - LN_SQRT_TAU - 1.5 * row.y.ln()
    }

    fn derivatives(&self, row: &Observation, eta: f64, psi: &[f64]) -> Derivatives {
        let ln_mean = self.link.ln_mean(eta);
        let half = -0.5 * row.weight * (-psi[0]).exp();
        let inner = Self::distance(row.y, ln_mean.value).times(half);
        inner
            .with_value(inner.value - 0.5 * psi[0])
            .through(&ln_mean, self.link)
            .scaled(1.0)
    }

    fn nuisance_derivatives(&self, row: &Observation, eta: f64, psi: &[f64], out: &mut [Nuisance]) {
        let ln_mean = self.link.ln_mean(eta);
        let half = 0.5 * row.weight * (-psi[0]).exp();
        let inner = Self::distance(row.y, ln_mean.value).times(half);
        out[0] = Nuisance {
            value: inner.value - 0.5,
            first: inner.first,
            second: inner.second,
        }
        .through(&ln_mean)
        .scaled(1.0);
    }

    fn information(&self, row: &Observation, eta: f64, psi: &[f64]) -> f64 {
        let ln_mean = self.link.ln_mean(eta);
        let slope = ln_mean.first;
        let information = row.weight * (-psi[0] - ln_mean.value).exp() * slope * slope;
        if information.is_finite() {
            information
        } else {
            0.0
        }
    }

    fn mean(&self, eta: f64, _: &[f64]) -> f64 {
        self.link.value(eta).mean
    }

    fn variance(&self, row: &Observation, eta: f64, psi: &[f64]) -> f64 {
        let mean = self.link.value(eta).mean;
        psi[0].exp() * mean * mean * mean / row.weight
    }

    /// The delta method: φ μ³ (dη/dμ)², φ μ for the log link.
    fn link_variance(&self, eta: f64, psi: &[f64]) -> f64 {
        let mean = self.link.value(eta).mean;
        delta_variance(self.link, eta, psi[0].exp() * mean * mean * mean)
    }

    fn saturated(&self, _: &Observation, psi: &[f64]) -> f64 {
        -0.5 * psi[0]
    }

    /// Michael, Schucany and Haas (1976, *American Statistician* 30, 88–90).
    fn simulate(&self, row: &Observation, eta: f64, psi: &[f64], stream: &mut Stream) -> f64 {
        let mean = self.link.value(eta).mean;
        let z = stream.normal();
        let c = 0.5 * mean * psi[0].exp() / row.weight * z * z;
        // The smaller root over the mean, as a quotient that does not cancel.
        let small = 1.0 / (1.0 + c + (c * (2.0 + c)).sqrt());
        let ratio = if stream.uniform() * (1.0 + small) <= 1.0 {
            small
        } else {
            1.0 / small
        };
        mean * ratio
    }

    fn start(&self, row: &Observation) -> f64 {
        self.link.of(row.y)
    }

    /// The mean of 1/y less 1 over the mean of y estimates φ.
    fn start_nuisance(&self, rows: &[Observation]) -> Vec<f64> {
        let all = Summary::of(rows);
        let inverse = Summary::by(rows, |row| 1.0 / row.y);
        let dispersion = inverse.mean - 1.0 / all.mean;
        let least = 1e-4 / all.mean;
        vec![if dispersion > least {
            dispersion.ln()
        } else {
            least.ln()
        }]
    }
}
