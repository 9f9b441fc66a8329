//! Numbers with heavy-tailed errors.

use super::gaussian::{start, start_scale};
use super::link::delta_variance;
use super::rising::rising;
use super::{Density, Derivatives, Link, Nuisance, Observation, compose, draw};
use crate::distributions::special::LN_SQRT_TAU;
use crate::random::Stream;

/// Student's t distribution with location μ, scale σ/√w and ν degrees of freedom.
///
/// With z = √w (y − μ)/σ: ℓ = S(ν/2, ½) − log σ − ½ (ν + 1) log(1 + z²/ν) − ½ log(2π/w), with S of
/// module `rising`. Both nuisance parameters are estimated: ψ₀ = log σ and ψ₁ = log(ν − 1), so that
/// the mean exists. The variance, σ²ν/(ν − 2), is infinite for ν ≤ 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Student {
    /// Identity or log.
    pub link: Link,
}

/// What all formulas are made of.
struct Parts {
    df: f64,
    /// √w/σ.
    rate: f64,
    z: f64,
    /// ν + z².
    sum: f64,
}

impl Student {
    fn parts(row: &Observation, mean: f64, psi: &[f64]) -> Parts {
        let df = 1.0 + psi[1].exp();
        let rate = row.weight.sqrt() * (-psi[0]).exp();
        let z = rate * (row.y - mean);
        Parts {
            df,
            rate,
            z,
            sum: df + z * z,
        }
    }

    /// The gamma functions, which are of ψ alone: many rows have them once.
    fn gamma(psi: &[f64]) -> Derivatives {
        rising(0.5 + 0.5 * psi[1].exp(), 0.5)
    }

    fn derivatives_with(
        self,
        gamma: &Derivatives,
        row: &Observation,
        eta: f64,
        psi: &[f64],
    ) -> Derivatives {
        let mean = self.link.value(eta);
        let Parts { df, rate, z, sum } = Self::parts(row, mean.mean, psi);
        let scale = (df + 1.0) * rate / sum;
        let value = gamma.value - psi[0] - 0.5 * (df + 1.0) * (z * z / df).ln_1p();
        let outer = [
            scale * z,
            -scale * rate * (df - z * z) / sum,
            -2.0 * scale * rate * rate * z / sum * (3.0 * df - z * z) / sum,
        ];
        compose(outer, &mean.derivatives())
            .with_value(value)
            .scaled(1.0)
    }

    fn nuisance_with(
        self,
        gamma: &Derivatives,
        row: &Observation,
        eta: f64,
        psi: &[f64],
        out: &mut [Nuisance],
    ) {
        let mean = self.link.value(eta);
        let Parts { df, rate, z, sum } = Self::parts(row, mean.mean, psi);
        let square = z * z;
        let slope = rate / sum;
        out[0] = Nuisance {
            value: (df + 1.0) * square / sum - 1.0,
            first: -2.0 * df * (df + 1.0) * slope * z / sum,
            second: 2.0 * df * (df + 1.0) * slope * slope * (df - 3.0 * square) / sum,
        }
        .through(&mean.derivatives())
        .scaled(1.0);
        let gamma = gamma.first / df;
        let tail = 0.5 * ((df + 1.0) * square / (df * sum) - (square / df).ln_1p());
        let by = df - 1.0;
        let bend = df + square * square - 3.0 * square * (df + 1.0);
        out[1] = Nuisance {
            value: by * (gamma + tail),
            first: by * slope * z * (square - 1.0) / sum,
            second: by * slope * slope * bend / sum,
        }
        .through(&mean.derivatives())
        .scaled(1.0);
    }

    fn mean_variance(row: &Observation, psi: &[f64]) -> f64 {
        let df = 1.0 + psi[1].exp();
        if df > 2.0 {
            (2.0 * psi[0]).exp() / row.weight * df / (df - 2.0)
        } else {
            f64::INFINITY
        }
    }
}

impl Density for Student {
    fn nuisance(&self) -> usize {
        2
    }

    fn constant(&self, row: &Observation) -> f64 {
        0.5 * row.weight.ln() - LN_SQRT_TAU
    }

    fn derivatives(&self, row: &Observation, eta: f64, psi: &[f64]) -> Derivatives {
        self.derivatives_with(&Self::gamma(psi), row, eta, psi)
    }

    fn evaluate(&self, rows: &[Observation], eta: &[f64], psi: &[f64], out: &mut [Derivatives]) {
        let gamma = Self::gamma(psi);
        for ((out, row), &eta) in out.iter_mut().zip(rows).zip(eta) {
            *out = self.derivatives_with(&gamma, row, eta, psi);
        }
    }

    fn evaluate_sum(&self, rows: &[Observation], eta: &[f64], psi: &[f64]) -> f64 {
        let gamma = Self::gamma(psi);
        rows.iter()
            .zip(eta)
            .map(|(row, &eta)| self.derivatives_with(&gamma, row, eta, psi).value)
            .sum()
    }

    fn nuisance_derivatives(&self, row: &Observation, eta: f64, psi: &[f64], out: &mut [Nuisance]) {
        self.nuisance_with(&Self::gamma(psi), row, eta, psi, out);
    }

    fn evaluate_nuisance(
        &self,
        rows: &[Observation],
        eta: &[f64],
        psi: &[f64],
        out: &mut [Nuisance],
    ) {
        let gamma = Self::gamma(psi);
        for ((out, row), &eta) in out.chunks_exact_mut(2).zip(rows).zip(eta) {
            self.nuisance_with(&gamma, row, eta, psi, out);
        }
    }

    fn information(&self, row: &Observation, eta: f64, psi: &[f64]) -> f64 {
        let mean = self.link.value(eta);
        let Parts { df, rate, .. } = Self::parts(row, mean.mean, psi);
        let slope = rate * mean.first;
        let information = (df + 1.0) / (df + 3.0) * slope * slope;
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
        Self::mean_variance(row, psi)
    }

    /// The delta method: Var\[y\] (dη/dμ)²; infinite for ν ≤ 2.
    fn link_variance(&self, eta: f64, psi: &[f64]) -> f64 {
        delta_variance(
            self.link,
            eta,
            Self::mean_variance(&Observation::new(0.0), psi),
        )
    }

    fn saturated(&self, _: &Observation, psi: &[f64]) -> f64 {
        Self::gamma(psi).value - psi[0]
    }

    fn simulate(&self, row: &Observation, eta: f64, psi: &[f64], stream: &mut Stream) -> f64 {
        let mean = self.link.value(eta).mean;
        let Parts { df, rate, .. } = Self::parts(row, mean, psi);
        let chi_square = 2.0 * draw::gamma(0.5 * df, stream);
        mean + stream.normal() / (rate * (chi_square / df).sqrt())
    }

    fn start(&self, row: &Observation) -> f64 {
        start(self.link, row.y)
    }

    /// Somewhat less than the standard deviation, and 6 degrees of freedom.
    fn start_nuisance(&self, rows: &[Observation]) -> Vec<f64> {
        vec![start_scale(rows) - 0.2, 5f64.ln()]
    }
}
