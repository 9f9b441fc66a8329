//! Positive numbers with a constant coefficient of variation.

use super::link::delta_variance;
use super::summary::Summary;
use super::{Density, Derivatives, Link, Nuisance, Observation, draw};
use crate::distributions::special::{LN_SQRT_TAU, expm1mx, polygamma_excess, stirling_error};
use crate::random::Stream;

/// The gamma distribution of mean μ and variance φ μ²/w.
///
/// With ν = w/φ, the shape, and d = log(y/μ): ℓ = ½ log ν − δ(ν) − ν (e^d − 1 − d) − log y −
/// ½ log 2π, δ being the error of Stirling's formula. The nuisance parameter is ψ = log φ; √φ is
/// the coefficient of variation and glmmTMB's `sigma()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gamma {
    /// Log, inverse or identity.
    pub link: Link,
}

impl Gamma {
    fn shape(row: &Observation, psi: &[f64]) -> f64 {
        row.weight * (-psi[0]).exp()
    }

    fn derivatives_with(self, error: f64, row: &Observation, eta: f64, psi: &[f64]) -> Derivatives {
        let ln_mean = self.link.ln_mean(eta);
        let shape = Self::shape(row, psi);
        let d = row.y.ln() - ln_mean.value;
        let ratio = shape * d.exp();
        Derivatives::new(
            -0.5 * psi[0] - error - shape * expm1mx(d),
            shape * d.exp_m1(),
            -ratio,
            ratio,
        )
        .through(&ln_mean, self.link)
        .scaled(1.0)
    }

    fn nuisance_with(self, excess: f64, row: &Observation, eta: f64, psi: &[f64]) -> Nuisance {
        let ln_mean = self.link.ln_mean(eta);
        let shape = Self::shape(row, psi);
        let d = row.y.ln() - ln_mean.value;
        Nuisance {
            value: shape * (excess + expm1mx(d)),
            first: -shape * d.exp_m1(),
            second: shape * d.exp(),
        }
        .through(&ln_mean)
        .scaled(1.0)
    }
}

/// A function of the shape that remembers its last value: weights are mostly all the same, and so
/// are the gamma functions then.
struct Remembered {
    function: fn(f64) -> f64,
    last: Option<(f64, f64)>,
}

impl Remembered {
    fn new(function: fn(f64) -> f64) -> Self {
        Self {
            function,
            last: None,
        }
    }

    fn at(&mut self, shape: f64) -> f64 {
        match self.last {
            Some((x, value)) if x == shape => value,
            _ => {
                let value = (self.function)(shape);
                self.last = Some((shape, value));
                value
            }
        }
    }
}

/// ψ(ν) − ln ν.
fn excess(shape: f64) -> f64 {
    polygamma_excess(shape)[0]
}

impl Density for Gamma {
    fn nuisance(&self) -> usize {
        1
    }

    fn constant(&self, row: &Observation) -> f64 {
        0.5 * row.weight.ln() - row.y.ln() - LN_SQRT_TAU
    }

    fn derivatives(&self, row: &Observation, eta: f64, psi: &[f64]) -> Derivatives {
        self.derivatives_with(stirling_error(Self::shape(row, psi)), row, eta, psi)
    }

    fn evaluate(&self, rows: &[Observation], eta: &[f64], psi: &[f64], out: &mut [Derivatives]) {
        let mut error = Remembered::new(stirling_error);
        for ((out, row), &eta) in out.iter_mut().zip(rows).zip(eta) {
            *out = self.derivatives_with(error.at(Self::shape(row, psi)), row, eta, psi);
        }
    }

    fn evaluate_sum(&self, rows: &[Observation], eta: &[f64], psi: &[f64]) -> f64 {
        let mut error = Remembered::new(stirling_error);
        let value = |(row, &eta): (&Observation, &f64)| {
            let error = error.at(Self::shape(row, psi));
            self.derivatives_with(error, row, eta, psi).value
        };
        rows.iter().zip(eta).map(value).sum()
    }

    fn nuisance_derivatives(&self, row: &Observation, eta: f64, psi: &[f64], out: &mut [Nuisance]) {
        out[0] = self.nuisance_with(excess(Self::shape(row, psi)), row, eta, psi);
    }

    fn evaluate_nuisance(
        &self,
        rows: &[Observation],
        eta: &[f64],
        psi: &[f64],
        out: &mut [Nuisance],
    ) {
        let mut excess = Remembered::new(excess);
        for ((out, row), &eta) in out.iter_mut().zip(rows).zip(eta) {
            *out = self.nuisance_with(excess.at(Self::shape(row, psi)), row, eta, psi);
        }
    }

    fn information(&self, row: &Observation, eta: f64, psi: &[f64]) -> f64 {
        let slope = self.link.ln_mean(eta).first;
        let information = Self::shape(row, psi) * slope * slope;
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
        mean * mean / Self::shape(row, psi)
    }

    /// log(1 + φ) for the log link, the lognormal form (ψ₁(1/φ), the variance of log y, is the other
    /// form in use); the delta method for other links.
    fn link_variance(&self, eta: f64, psi: &[f64]) -> f64 {
        let dispersion = psi[0].exp();
        match self.link {
            Link::Log => dispersion.ln_1p(),
            link => {
                let mean = link.value(eta).mean;
                delta_variance(link, eta, dispersion * mean * mean)
            }
        }
    }

    fn saturated(&self, row: &Observation, psi: &[f64]) -> f64 {
        -0.5 * psi[0] - stirling_error(Self::shape(row, psi))
    }

    fn simulate(&self, row: &Observation, eta: f64, psi: &[f64], stream: &mut Stream) -> f64 {
        let shape = Self::shape(row, psi);
        let y = draw::gamma(shape, stream) * (self.link.value(eta).mean / shape);
        // A response of zero could not be fitted again.
        if y == 0.0 { f64::MIN_POSITIVE } else { y }
    }

    fn start(&self, row: &Observation) -> f64 {
        self.link.of(row.y)
    }

    fn start_nuisance(&self, rows: &[Observation]) -> Vec<f64> {
        let all = Summary::of(rows);
        vec![
            (all.variance / (all.mean * all.mean))
                .clamp(1e-4, 100.0)
                .ln(),
        ]
    }
}
