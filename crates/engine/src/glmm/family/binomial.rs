//! Successes among trials.

use super::link::delta_variance;
use super::tails::logistic_tail;
use super::{Density, Derivatives, Link, Observation, draw};
use crate::distributions::special::ln_gamma;
use crate::random::Stream;

/// The binomial distribution: y successes of n trials, ℓ = y log μ + (n − y) log(1 − μ) +
/// log (n over y).
///
/// y and n need not be whole: a proportion times its trials may have been rounded. The coefficient
/// then comes from gamma functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binomial {
    /// Logit, probit, cloglog, cauchit; also log and identity, where the mean can leave (0, 1).
    pub link: Link,
}

impl Density for Binomial {
    fn constant(&self, row: &Observation) -> f64 {
        if row.trials == 1.0 && (row.y == 0.0 || row.y == 1.0) {
            return 0.0;
        }
        let failures = row.trials - row.y;
        row.weight * (ln_gamma(row.trials + 1.0) - ln_gamma(row.y + 1.0) - ln_gamma(failures + 1.0))
    }

    fn log_density(&self, row: &Observation, eta: f64, psi: &[f64]) -> f64 {
        if self.link == Link::Logit {
            // log(1 − μ) = log μ − η.
            let (ln_p, _, _) = logistic_tail(eta);
            let failures = row.trials - row.y;
            return row.weight * (row.trials * ln_p - failures * eta);
        }
        self.derivatives(row, eta, psi).value
    }

    #[inline]
    fn derivatives(&self, row: &Observation, eta: f64, _: &[f64]) -> Derivatives {
        let failures = row.trials - row.y;
        if self.link == Link::Logit {
            let e = (-eta.abs()).exp();
            let sum = 1.0 + e;
            let large = 1.0 / sum;
            let small = e * large;
            // log(1 + e) to all digits by Kahan's rule: the library's costs twice as much.
            let rest = if sum == 1.0 {
                e
            } else {
                sum.ln() * (e / (sum - 1.0))
            };
            // Written with the event that is likely, so that neither tail subtracts.
            let (likely, unlikely, sign) = if eta > 0.0 {
                (row.y, failures, 1.0)
            } else {
                (failures, row.y, -1.0)
            };
            let spread = row.trials * small * large;
            return Derivatives::new(
                row.weight * (-row.trials * rest - unlikely * eta.abs()),
                row.weight * sign * (likely * small - unlikely * large),
                row.weight * -spread,
                row.weight * spread * sign * (large - small),
            );
        }
        let successes = if row.y == 0.0 {
            Derivatives::default()
        } else {
            self.link.ln_mean(eta)
        };
        let rest = if failures == 0.0 {
            Derivatives::default()
        } else {
            self.link.ln_rest(eta)
        };
        // A mean outside (0, 1) has no density even for a response that would not notice.
        if outside(self.link, eta) {
            return Derivatives::OUTSIDE;
        }
        successes.combined(row.y, rest, failures).scaled(row.weight)
    }

    fn information(&self, row: &Observation, eta: f64, _: &[f64]) -> f64 {
        if outside(self.link, eta) {
            return 0.0;
        }
        // n μ'²/(μ(1 − μ)).
        let information = -self.link.ln_mean(eta).first * self.link.ln_rest(eta).first;
        if information.is_finite() {
            row.weight * row.trials * information
        } else {
            0.0
        }
    }

    fn expected(&self, row: &Observation, eta: f64) -> Option<(f64, f64)> {
        if self.link == Link::Logit {
            return None;
        }
        if outside(self.link, eta) {
            return Some((0.0, 0.0));
        }
        // μ'²/(μ(1 − μ)) is the product of the slopes of log μ and −log(1 − μ).
        let (p, q) = (self.link.ln_mean(eta), self.link.ln_rest(eta));
        let size = -row.weight * row.trials;
        Some((
            size * p.first * q.first,
            size * (p.second * q.first + p.first * q.second),
        ))
    }

    fn mean(&self, eta: f64, _: &[f64]) -> f64 {
        self.link.value(eta).mean
    }

    fn variance(&self, row: &Observation, eta: f64, _: &[f64]) -> f64 {
        unit_variance(self.link, eta) / row.trials
    }

    /// π²/3, 1 and π²/6 for logit, probit and cloglog; for other links the delta method,
    /// μ(1 − μ)(dη/dμ)².
    fn link_variance(&self, eta: f64, _: &[f64]) -> f64 {
        self.link
            .latent_variance()
            .unwrap_or_else(|| delta_variance(self.link, eta, unit_variance(self.link, eta)))
    }

    fn saturated(&self, row: &Observation, _: &[f64]) -> f64 {
        let failures = row.trials - row.y;
        let part = |count: f64| {
            if count > 0.0 {
                count * (count / row.trials).ln()
            } else {
                0.0
            }
        };
        row.weight * (part(row.y) + part(failures))
    }

    fn simulate(&self, row: &Observation, eta: f64, _: &[f64], stream: &mut Stream) -> f64 {
        draw::binomial(row.trials, self.link.value(eta).mean, stream)
    }

    fn start(&self, row: &Observation) -> f64 {
        self.link.of((row.y + 0.5) / (row.trials + 1.0))
    }
}

/// μ(1 − μ).
fn unit_variance(link: Link, eta: f64) -> f64 {
    (link.ln_mean(eta).value + link.ln_rest(eta).value).exp()
}

/// Whether the link's mean leaves (0, 1) here.
fn outside(link: Link, eta: f64) -> bool {
    match link {
        Link::Logit | Link::Probit | Link::Cloglog | Link::Cauchit => eta.is_nan(),
        Link::Log => eta.is_nan() || eta >= 0.0,
        _ => {
            let mean = link.value(eta).mean;
            mean.is_nan() || mean <= 0.0 || mean >= 1.0
        }
    }
}
