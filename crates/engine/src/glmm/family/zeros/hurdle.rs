//! Whether at all, and if so how many: two models in one.

use super::truncated::{
    truncated_derivatives, truncated_draw, truncated_information, truncated_moments,
    truncated_nuisance,
};
use super::{Count, share_of_zeros, split};
use crate::distributions::special::{logistic, softplus};
use crate::glmm::family::{Density, Derivatives, Link, Nuisance, Observation, peak::peak};
use crate::random::Stream;

/// Zero with probability π, else a truncated count: two models in one. η is that of the count, and
/// a zero says nothing about it. The last nuisance parameter is ψ = logit π.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hurdle<B>(pub B);

/// The rows without zeros, to start from.
fn positive(rows: &[Observation]) -> Vec<Observation> {
    rows.iter().filter(|row| row.y > 0.0).copied().collect()
}

impl<B: Count> Density for Hurdle<B> {
    fn nuisance(&self) -> usize {
        self.0.nuisance() + 1
    }

    fn constant(&self, row: &Observation) -> f64 {
        self.0.constant(row)
    }

    fn derivatives(&self, row: &Observation, eta: f64, psi: &[f64]) -> Derivatives {
        let (own, logit) = split(psi);
        if row.y > 0.0 {
            let count = truncated_derivatives(&self.0, row, eta, own);
            count
                .with_value(count.value - softplus(logit))
                .scaled(row.weight)
        } else {
            Derivatives::default()
                .with_value(-softplus(-logit))
                .scaled(row.weight)
        }
    }

    fn nuisance_derivatives(&self, row: &Observation, eta: f64, psi: &[f64], out: &mut [Nuisance]) {
        let (own, logit) = split(psi);
        let last = own.len();
        out.fill(Nuisance::default());
        if row.y > 0.0 {
            truncated_nuisance(&self.0, row, eta, own, &mut out[..last]);
            out[last].value = -logistic(logit);
        } else {
            out[last].value = logistic(-logit);
        }
        for out in out {
            *out = out.scaled(row.weight);
        }
    }

    fn information(&self, row: &Observation, eta: f64, psi: &[f64]) -> f64 {
        let (own, logit) = split(psi);
        row.weight * logistic(-logit) * truncated_information(&self.0, eta, own)
    }

    fn mean(&self, eta: f64, psi: &[f64]) -> f64 {
        let (own, logit) = split(psi);
        logistic(-logit) * truncated_moments(&self.0, eta, own).0.mean
    }

    fn variance(&self, _: &Observation, eta: f64, psi: &[f64]) -> f64 {
        let (own, logit) = split(psi);
        truncated_moments(&self.0, eta, own)
            .0
            .with_zeros(logistic(logit), logistic(-logit))
            .variance
    }

    /// log(1 + Var/E²).
    fn link_variance(&self, eta: f64, psi: &[f64]) -> f64 {
        let (own, logit) = split(psi);
        truncated_moments(&self.0, eta, own)
            .0
            .with_zeros(logistic(logit), logistic(-logit))
            .link_variance()
    }

    fn saturated(&self, row: &Observation, psi: &[f64]) -> f64 {
        let (own, logit) = split(psi);
        if row.y > 0.0 {
            let start = (row.y - 0.5).max(0.1).ln();
            let best = peak(start, |eta| truncated_derivatives(&self.0, row, eta, own));
            row.weight * (best - softplus(logit))
        } else {
            -row.weight * softplus(-logit)
        }
    }

    fn simulate(&self, _: &Observation, eta: f64, psi: &[f64], stream: &mut Stream) -> f64 {
        let (own, logit) = split(psi);
        if stream.uniform() < logistic(logit) {
            0.0
        } else {
            truncated_draw(&self.0, eta, own, stream)
        }
    }

    /// That of the counts; a zero, which says nothing, starts at a mean of 1.
    fn start(&self, row: &Observation) -> f64 {
        if row.y > 0.0 { row.y.ln() } else { 0.0 }
    }

    fn start_nuisance(&self, rows: &[Observation]) -> Vec<f64> {
        let mut psi = self.0.start_nuisance(&positive(rows));
        psi.push(Link::Logit.of(share_of_zeros(rows)));
        psi
    }
}
