//! Counts that vary more than Poisson's: negative binomial distributions of two kinds.

use super::link::delta_variance;
use super::peak::peak;
use super::rising::{ln_rising, rising};
use super::summary::Summary;
use super::{Density, Derivatives, Link, Nuisance, Observation, draw};
use crate::distributions::special::{ln_gamma, logistic, softplus};
use crate::random::Stream;

/// The negative binomial distribution with variance μ + μ²/k ("type 2").
///
/// ℓ = y log μ + S(k, y) − (k + y) log(1 + μ/k) − log y!, with S of module `rising`. The nuisance
/// parameter is ψ = log k; k is what glmmTMB's `sigma()` and MASS's `theta` are. The weight
/// multiplies the log-density.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NegativeBinomial2 {
    /// Log, square root or identity.
    pub link: Link,
}

/// The negative binomial distribution with variance μ(1 + φ) ("type 1").
///
/// It is the sum of μ/φ independent parts: with r = μ/φ, ℓ = y log μ + S(r, y) − (r + y) log(1 + φ)
/// − log y!. The nuisance parameter is ψ = log φ; φ is what glmmTMB's `sigma()` is. The weight
/// multiplies the log-density.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NegativeBinomial1 {
    /// Log, square root or identity.
    pub link: Link,
}

impl NegativeBinomial2 {
    /// Derivatives in κ = log μ.
    fn in_log_mean(y: f64, kappa: f64, psi: f64) -> Derivatives {
        let k = psi.exp();
        let t = kappa - psi;
        let p = logistic(t);
        let q = logistic(-t);
        let spread = (k + y) * p * q;
        Derivatives::new(
            y * kappa + ln_rising(k, y) - (k + y) * softplus(t),
            y * q - k * p,
            -spread,
            -spread * (q - p),
        )
    }

    fn mean_variance(self, eta: f64, psi: &[f64]) -> f64 {
        let mean = self.link.value(eta).mean;
        mean * (1.0 + mean * (-psi[0]).exp())
    }
}

impl Density for NegativeBinomial2 {
    fn nuisance(&self) -> usize {
        1
    }

    fn constant(&self, row: &Observation) -> f64 {
        ln_factorial(row)
    }

    fn derivatives(&self, row: &Observation, eta: f64, psi: &[f64]) -> Derivatives {
        let ln_mean = self.link.ln_mean(eta);
        let inner = Self::in_log_mean(row.y, ln_mean.value, psi[0]);
        inner.through(&ln_mean, self.link).scaled(row.weight)
    }

    fn nuisance_derivatives(&self, row: &Observation, eta: f64, psi: &[f64], out: &mut [Nuisance]) {
        let ln_mean = self.link.ln_mean(eta);
        let (y, k) = (row.y, psi[0].exp());
        let t = ln_mean.value - psi[0];
        let p = logistic(t);
        let q = logistic(-t);
        out[0] = Nuisance {
            value: rising(k, y).first - k * (softplus(t) - p) + y * p,
            first: p * (y * q - k * p),
            second: p * q * (y * (q - p) - 2.0 * k * p),
        }
        .through(&ln_mean)
        .scaled(row.weight);
    }

    fn information(&self, row: &Observation, eta: f64, psi: &[f64]) -> f64 {
        let ln_mean = self.link.ln_mean(eta);
        let slope = ln_mean.first;
        let information = (ln_mean.value - softplus(ln_mean.value - psi[0])).exp();
        finite_or_zero(row.weight * information * slope * slope)
    }

    fn mean(&self, eta: f64, _: &[f64]) -> f64 {
        self.link.value(eta).mean
    }

    fn variance(&self, _: &Observation, eta: f64, psi: &[f64]) -> f64 {
        self.mean_variance(eta, psi)
    }

    /// log(1 + 1/μ + 1/k) for the log link; the delta method for others.
    fn link_variance(&self, eta: f64, psi: &[f64]) -> f64 {
        match self.link {
            Link::Log => ((-eta).exp() + (-psi[0]).exp()).ln_1p(),
            link => delta_variance(link, eta, self.mean_variance(eta, psi)),
        }
    }

    fn saturated(&self, row: &Observation, psi: &[f64]) -> f64 {
        if row.y > 0.0 {
            row.weight * Self::in_log_mean(row.y, row.y.ln(), psi[0]).value
        } else {
            0.0
        }
    }

    fn simulate(&self, _: &Observation, eta: f64, psi: &[f64], stream: &mut Stream) -> f64 {
        let k = psi[0].exp();
        let rate = draw::gamma(k, stream) * (self.link.value(eta).mean / k);
        draw::poisson(rate, stream)
    }

    fn start(&self, row: &Observation) -> f64 {
        self.link.of(row.y + 0.2)
    }

    /// log k from mean and variance of all, k between 0.05 and 100.
    fn start_nuisance(&self, rows: &[Observation]) -> Vec<f64> {
        let all = Summary::of(rows);
        let k = all.mean * all.mean / (all.variance - all.mean);
        vec![if k > 0.0 {
            k.clamp(0.05, 100.0).ln()
        } else {
            100f64.ln()
        }]
    }
}

impl NegativeBinomial1 {
    /// Derivatives in κ = log μ.
    fn in_log_mean(y: f64, kappa: f64, psi: f64) -> Derivatives {
        let r = (kappa - psi).exp();
        let growth = softplus(psi);
        let s = rising(r, y);
        let base = r * growth;
        Derivatives::new(
            y * (kappa - growth) + s.value - base,
            y + s.first - base,
            s.second - base,
            s.third - base,
        )
    }

    fn mean_variance(self, eta: f64, psi: &[f64]) -> f64 {
        self.link.value(eta).mean * (1.0 + psi[0].exp())
    }
}

impl Density for NegativeBinomial1 {
    fn nuisance(&self) -> usize {
        1
    }

    fn constant(&self, row: &Observation) -> f64 {
        ln_factorial(row)
    }

    fn derivatives(&self, row: &Observation, eta: f64, psi: &[f64]) -> Derivatives {
        let ln_mean = self.link.ln_mean(eta);
        let inner = Self::in_log_mean(row.y, ln_mean.value, psi[0]);
        inner.through(&ln_mean, self.link).scaled(row.weight)
    }

    fn nuisance_derivatives(&self, row: &Observation, eta: f64, psi: &[f64], out: &mut [Nuisance]) {
        let ln_mean = self.link.ln_mean(eta);
        let r = (ln_mean.value - psi[0]).exp();
        let s = rising(r, row.y);
        let p = logistic(psi[0]);
        let base = r * (softplus(psi[0]) - p);
        out[0] = Nuisance {
            value: base - s.first - row.y * p,
            first: base - s.second,
            second: base - s.third,
        }
        .through(&ln_mean)
        .scaled(row.weight);
    }

    /// μ/(1 + φ) on log μ: the information of the mean alone, which bounds that of the whole
    /// distribution (there is no closed form) from below.
    fn information(&self, row: &Observation, eta: f64, psi: &[f64]) -> f64 {
        let ln_mean = self.link.ln_mean(eta);
        let slope = ln_mean.first;
        let information = (ln_mean.value - softplus(psi[0])).exp();
        finite_or_zero(row.weight * information * slope * slope)
    }

    fn mean(&self, eta: f64, _: &[f64]) -> f64 {
        self.link.value(eta).mean
    }

    fn variance(&self, _: &Observation, eta: f64, psi: &[f64]) -> f64 {
        self.mean_variance(eta, psi)
    }

    /// log(1 + (1 + φ)/μ) for the log link; the delta method for others.
    fn link_variance(&self, eta: f64, psi: &[f64]) -> f64 {
        match self.link {
            Link::Log => softplus(softplus(psi[0]) - eta),
            link => delta_variance(link, eta, self.mean_variance(eta, psi)),
        }
    }

    fn saturated(&self, row: &Observation, psi: &[f64]) -> f64 {
        if row.y > 0.0 {
            let start = row.y.ln();
            row.weight * peak(start, |kappa| Self::in_log_mean(row.y, kappa, psi[0]))
        } else {
            0.0
        }
    }

    fn simulate(&self, _: &Observation, eta: f64, psi: &[f64], stream: &mut Stream) -> f64 {
        let dispersion = psi[0].exp();
        let r = self.link.value(eta).mean / dispersion;
        draw::poisson(draw::gamma(r, stream) * dispersion, stream)
    }

    fn start(&self, row: &Observation) -> f64 {
        self.link.of(row.y + 0.2)
    }

    /// log φ from mean and variance of all, φ between 0.02 and 100.
    fn start_nuisance(&self, rows: &[Observation]) -> Vec<f64> {
        let all = Summary::of(rows);
        let dispersion = all.variance / all.mean - 1.0;
        vec![if dispersion > 0.0 {
            dispersion.clamp(0.02, 100.0).ln()
        } else {
            0.02f64.ln()
        }]
    }
}

fn ln_factorial(row: &Observation) -> f64 {
    if row.y <= 1.0 {
        0.0
    } else {
        -row.weight * ln_gamma(row.y + 1.0)
    }
}

fn finite_or_zero(x: f64) -> f64 {
    if x.is_finite() { x } else { 0.0 }
}
