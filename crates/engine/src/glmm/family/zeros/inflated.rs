//! Counts with zeros of another origin among them.

use super::{Count, at_least, count_moments, ln_zero, plain, share_of_zeros, split};
use crate::distributions::special::{logistic, softplus};
use crate::glmm::family::{
    Density, Derivatives, Link, Nuisance, Observation, compose, compose_nuisance,
};
use crate::random::Stream;

/// More zeros than the counts have of themselves: with probability π a zero, otherwise a count.
///
/// The last nuisance parameter is ψ = logit π; those of the count come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZeroInflated<B>(pub B);

/// log(e^z + f(0)) − log(1 + e^z), its first three derivatives in log f(0), and w, the probability
/// that a zero came from the counts.
fn mixture(ln_zero: f64, logit: f64) -> (f64, [f64; 3], f64) {
    let w = logistic(ln_zero - logit);
    let v = logistic(logit - ln_zero);
    let value = if ln_zero > logit {
        ln_zero + softplus(logit - ln_zero)
    } else {
        logit + softplus(ln_zero - logit)
    };
    (value - softplus(logit), [w, w * v, w * v * (v - w)], w)
}

impl<B: Count> Density for ZeroInflated<B> {
    fn nuisance(&self) -> usize {
        self.0.nuisance() + 1
    }

    fn constant(&self, row: &Observation) -> f64 {
        self.0.constant(row)
    }

    fn derivatives(&self, row: &Observation, eta: f64, psi: &[f64]) -> Derivatives {
        let (own, logit) = split(psi);
        let count = self.0.derivatives(&plain(row).0, eta, own);
        if row.y > 0.0 {
            return count
                .with_value(count.value - softplus(logit))
                .scaled(row.weight);
        }
        let (value, outer, w) = mixture(count.value, logit);
        if w == 0.0 {
            // No zero is from the counts, whatever the derivatives of log f(0).
            return Derivatives::default().with_value(value).scaled(row.weight);
        }
        compose(outer, &count).with_value(value).scaled(row.weight)
    }

    fn nuisance_derivatives(&self, row: &Observation, eta: f64, psi: &[f64], out: &mut [Nuisance]) {
        let (own, logit) = split(psi);
        let last = own.len();
        let plain_row = plain(row).0;
        self.0
            .nuisance_derivatives(&plain_row, eta, own, &mut out[..last]);
        out[last] = Nuisance::default();
        if row.y > 0.0 {
            out[last].value = -logistic(logit);
        } else {
            let count = self.0.derivatives(&plain_row, eta, own);
            let (_, outer, w) = mixture(count.value, logit);
            out[last].value = logistic(logit - count.value) - logistic(logit);
            if w == 0.0 {
                out[..last].fill(Nuisance::default());
            } else {
                for out in &mut out[..last] {
                    *out = compose_nuisance(outer, &count, out);
                }
                // ∂w/∂z = −∂w/∂ log f(0).
                let square = count.first * count.first;
                out[last].first = -outer[1] * count.first;
                out[last].second = -(outer[1] * count.second + outer[2] * square);
            }
        }
        for out in out {
            *out = out.scaled(row.weight);
        }
    }

    /// (1 − π)(I − f(0)(1 − w)(∂ log f(0))²), I that of the counts; at least the information of the
    /// mean.
    fn information(&self, row: &Observation, eta: f64, psi: &[f64]) -> f64 {
        let (own, logit) = split(psi);
        let (zero, rest) = (logistic(logit), logistic(-logit));
        let ln_zero = ln_zero(&self.0, row, eta, own);
        let hidden = (ln_zero.value - softplus(ln_zero.value - logit)).exp();
        let lost = if hidden == 0.0 {
            0.0
        } else {
            hidden * ln_zero.first * ln_zero.first
        };
        let whole = self.0.information(&plain(row).0, eta, own);
        let bound = count_moments(&self.0, eta, own).with_zeros(zero, rest);
        row.weight * at_least(rest * (whole - lost), bound.information())
    }

    fn mean(&self, eta: f64, psi: &[f64]) -> f64 {
        let (own, logit) = split(psi);
        logistic(-logit) * self.0.mean(eta, own)
    }

    fn variance(&self, _: &Observation, eta: f64, psi: &[f64]) -> f64 {
        let (own, logit) = split(psi);
        count_moments(&self.0, eta, own)
            .with_zeros(logistic(logit), logistic(-logit))
            .variance
    }

    /// log(1 + Var/E²).
    fn link_variance(&self, eta: f64, psi: &[f64]) -> f64 {
        let (own, logit) = split(psi);
        count_moments(&self.0, eta, own)
            .with_zeros(logistic(logit), logistic(-logit))
            .link_variance()
    }

    fn saturated(&self, row: &Observation, psi: &[f64]) -> f64 {
        let (own, logit) = split(psi);
        if row.y > 0.0 {
            row.weight * (self.0.saturated(&plain(row).0, own) - softplus(logit))
        } else {
            0.0
        }
    }

    fn simulate(&self, row: &Observation, eta: f64, psi: &[f64], stream: &mut Stream) -> f64 {
        let (own, logit) = split(psi);
        if stream.uniform() < logistic(logit) {
            0.0
        } else {
            self.0.simulate(row, eta, own, stream)
        }
    }

    fn start(&self, row: &Observation) -> f64 {
        self.0.start(row)
    }

    /// Half of the zeros are taken to be extra.
    fn start_nuisance(&self, rows: &[Observation]) -> Vec<f64> {
        let mut psi = self.0.start_nuisance(rows);
        psi.push(Link::Logit.of(0.5 * share_of_zeros(rows)));
        psi
    }
}
