//! Counts of independent events.

use super::link::delta_variance;
use super::{Density, Derivatives, Link, Observation, compose, draw};
use crate::distributions::special::{ln_gamma, softplus};
use crate::random::Stream;

/// The Poisson distribution: ℓ = y log μ − μ − log y!.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Poisson {
    /// Log, square root or identity. With the square root, η and −η are the same mean.
    pub link: Link,
}

impl Density for Poisson {
    fn constant(&self, row: &Observation) -> f64 {
        if row.y <= 1.0 {
            0.0
        } else {
            -row.weight * ln_gamma(row.y + 1.0)
        }
    }

    #[inline]
    fn derivatives(&self, row: &Observation, eta: f64, _: &[f64]) -> Derivatives {
        if self.link == Link::Log {
            let mean = eta.exp();
            return Derivatives::new(row.y * eta - mean, row.y - mean, -mean, -mean)
                .scaled(row.weight);
        }
        if row.y == 0.0 {
            // log μ is not needed, and √μ = 0 is as good a place as any.
            let mean = self.link.value(eta);
            if mean.mean.is_nan() || (mean.mean <= 0.0 && self.link != Link::Sqrt) {
                return Derivatives::OUTSIDE;
            }
            return Derivatives::new(-mean.mean, -mean.first, -mean.second, -mean.third)
                .scaled(row.weight);
        }
        let ln_mean = self.link.ln_mean(eta);
        let mean = ln_mean.value.exp();
        compose([row.y - mean, -mean, -mean], &ln_mean)
            .with_value(row.y * ln_mean.value - mean)
            .scaled(row.weight)
    }

    fn information(&self, row: &Observation, eta: f64, _: &[f64]) -> f64 {
        let information = match self.link {
            Link::Sqrt => 4.0,
            link => {
                let ln_mean = link.ln_mean(eta);
                ln_mean.value.exp() * ln_mean.first * ln_mean.first
            }
        };
        if information.is_finite() {
            row.weight * information
        } else {
            0.0
        }
    }

    fn expected(&self, row: &Observation, eta: f64) -> Option<(f64, f64)> {
        if self.link == Link::Log {
            return None;
        }
        let mean = self.link.value(eta);
        let information = row.weight * mean.first * mean.first / mean.mean;
        let slope = information * (2.0 * mean.second / mean.first - mean.first / mean.mean);
        Some(if information.is_finite() && slope.is_finite() {
            (information, slope)
        } else {
            (0.0, 0.0)
        })
    }

    fn mean(&self, eta: f64, _: &[f64]) -> f64 {
        self.link.value(eta).mean
    }

    fn variance(&self, _: &Observation, eta: f64, _: &[f64]) -> f64 {
        self.link.value(eta).mean
    }

    /// log(1 + 1/μ) for the log link; the delta method, μ(dη/dμ)², for others.
    fn link_variance(&self, eta: f64, _: &[f64]) -> f64 {
        match self.link {
            Link::Log => softplus(-eta),
            Link::Sqrt => 0.25,
            link => delta_variance(link, eta, link.value(eta).mean),
        }
    }

    fn saturated(&self, row: &Observation, _: &[f64]) -> f64 {
        if row.y > 0.0 {
            row.weight * row.y * (row.y.ln() - 1.0)
        } else {
            0.0
        }
    }

    fn simulate(&self, _: &Observation, eta: f64, _: &[f64], stream: &mut Stream) -> f64 {
        draw::poisson(self.link.value(eta).mean, stream)
    }

    fn start(&self, row: &Observation) -> f64 {
        self.link.of(row.y + 0.1)
    }
}
