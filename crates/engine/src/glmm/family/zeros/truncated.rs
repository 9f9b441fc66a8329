//! Counts that were not recorded if zero.

use super::{Count, Moments, at_least, count_moments, ln_zero, plain};
use crate::glmm::family::{
    Density, Derivatives, Nuisance, Observation, compose, compose_nuisance, draw, peak::peak,
    tails::ln_one_minus_exp,
};
use crate::random::Stream;

/// Counts from 1: f(y)/(1 − f(0)). Nuisance parameters are those of the count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncated<B>(pub B);

/// Derivatives of −log(1 − f(0)) with those of log f(0), such that composing them gives what it
/// should: with r = f(0)/(1 − f(0)) they are r, r(1 + r), r(1 + r)(1 + 2r), which overflow as f(0)
/// nears 1. There the powers of r are given to the inner derivatives, which are as small as r is
/// large.
struct Truncation {
    /// log(1 − f(0)).
    ln_rest: f64,
    outer: [f64; 3],
    inner: Derivatives,
    /// What the inner derivatives have been multiplied with.
    factor: f64,
}

impl Truncation {
    fn new(ln_zero: Derivatives) -> Self {
        let inverse = (-ln_zero.value).exp_m1();
        let ratio = 1.0 / inverse;
        let ln_rest = ln_one_minus_exp(ln_zero.value).value;
        if ln_zero.value < -700.0 {
            return Self {
                ln_rest: 0.0,
                outer: [0.0; 3],
                inner: Derivatives::default(),
                factor: 0.0,
            };
        }
        if ratio < 1.0 {
            let second = ratio * (1.0 + ratio);
            return Self {
                ln_rest,
                outer: [ratio, second, second * (1.0 + 2.0 * ratio)],
                inner: ln_zero,
                factor: 1.0,
            };
        }
        let second = 1.0 + inverse;
        Self {
            ln_rest,
            outer: [1.0, second, second * (2.0 + inverse)],
            inner: ln_zero.times(ratio),
            factor: ratio,
        }
    }

    /// Of −log(1 − f(0)).
    fn derivatives(&self) -> Derivatives {
        compose(self.outer, &self.inner).with_value(-self.ln_rest)
    }

    fn nuisance(&self, of_zero: &Nuisance) -> Nuisance {
        compose_nuisance(self.outer, &self.inner, &of_zero.times(self.factor))
    }
}

/// Λ/(e^Λ − 1) less than 1 by this: Λ/2 − Λ²/12 + ….
fn bernoulli_lack(x: f64) -> f64 {
    if x < 0.02 {
        let square = x * x;
        0.5 * x - square / 12.0 + square * square / 720.0
    } else {
        1.0 - x / x.exp_m1()
    }
}

/// x − 1 for a ratio that is 1 or more, without the rounding error of one that is 1.
fn above_one(x: f64) -> f64 {
    if x - 1.0 > 1e-13 { x - 1.0 } else { 0.0 }
}

/// Of the truncated counts, and log f(0) with its derivatives.
///
/// With Λ = −log f(0) the mean is m = (μ/Λ) Λ/(1 − e^{−Λ}), its derivative in η is
/// m (1 − (∂ log Λ) Λ/(e^Λ − 1)) and the variance is m (Var/μ + μ − m): all written in what ratios
/// are above 1, as m − 1 and the other two vanish for small means.
pub(super) fn truncated_moments<B: Density>(
    count: &B,
    eta: f64,
    psi: &[f64],
) -> (Moments, Derivatives) {
    let ln_zero = ln_zero(count, &Observation::new(0.0), eta, psi);
    let all = count_moments(count, eta.max(-700.0), psi);
    let rate = -ln_zero.value;
    let lack = bernoulli_lack(rate);
    // μ/Λ is the mean of a jump.
    let jump = above_one(all.mean / rate);
    let above = jump + (1.0 + jump) * (rate - lack);
    // 1 − ∂ log Λ, from 0 to 1.
    let flat = 1.0 + ln_zero.first / rate;
    let flat = if flat > 1e-13 { flat } else { 0.0 };
    let moments = Moments {
        mean: 1.0 + above,
        slope: (1.0 + above) * (lack + (1.0 - lack) * flat),
        variance: (1.0 + above) * (above_one(all.variance / all.mean) + all.mean - above),
    };
    (moments, ln_zero)
}

pub(super) fn truncated_information<B: Density>(count: &B, eta: f64, psi: &[f64]) -> f64 {
    let (moments, ln_zero) = truncated_moments(count, eta, psi);
    let row = Observation::new(0.0);
    let whole = count.information(&row, eta.max(-700.0), psi) / -ln_zero.value.exp_m1();
    // r(1 + r)(∂ log f(0))².
    let cut = Truncation::new(ln_zero);
    let lost = cut.outer[1] * cut.inner.first * cut.inner.first;
    // Where nearly all counts are 1 the difference is rounding, and the bound is as good.
    let formula = if lost > (1.0 - 1e-7) * whole {
        0.0
    } else {
        whole - lost
    };
    at_least(formula, moments.information())
}

pub(super) fn truncated_draw<B: Count>(
    count: &B,
    eta: f64,
    psi: &[f64],
    stream: &mut Stream,
) -> f64 {
    let row = Observation::new(0.0);
    let ln_zero = ln_zero(count, &row, eta, psi).value;
    if !ln_zero.is_finite() {
        return f64::NAN;
    }
    if ln_zero < -0.7 {
        loop {
            let y = count.simulate(&row, eta, psi, stream);
            // NaN where there is no mean.
            if y != 0.0 {
                return y;
            }
        }
    }
    // The first event of the process, given that there is one, and those after it.
    let first = -(stream.uniform() * ln_zero.exp_m1()).ln_1p();
    let mut events = 1.0 + draw::poisson((-ln_zero - first).max(0.0), stream);
    let mut sum = 0.0;
    while events > 0.0 {
        sum += count.jump(eta, psi, stream);
        events -= 1.0;
    }
    sum
}

/// The log-density of a truncated count and its derivatives, of weight 1.
pub(super) fn truncated_derivatives<B: Density>(
    count: &B,
    row: &Observation,
    eta: f64,
    psi: &[f64],
) -> Derivatives {
    let ln_zero = ln_zero(count, row, eta, psi);
    count
        .derivatives(&plain(row).0, eta.max(-700.0), psi)
        .combined(1.0, Truncation::new(ln_zero).derivatives(), 1.0)
}

pub(super) fn truncated_nuisance<B: Density>(
    count: &B,
    row: &Observation,
    eta: f64,
    psi: &[f64],
    out: &mut [Nuisance],
) {
    let (row, zero) = plain(row);
    let cut = Truncation::new(ln_zero(count, &row, eta, psi));
    let mut of_zero = [Nuisance::default(); 2];
    let of_zero = &mut of_zero[..psi.len()];
    count.nuisance_derivatives(&zero, eta, psi, of_zero);
    count.nuisance_derivatives(&row, eta, psi, out);
    for (out, of_zero) in out.iter_mut().zip(of_zero) {
        *out = out.plus(&cut.nuisance(of_zero));
    }
}

impl<B: Count> Density for Truncated<B> {
    fn nuisance(&self) -> usize {
        self.0.nuisance()
    }

    fn constant(&self, row: &Observation) -> f64 {
        self.0.constant(row)
    }

    fn derivatives(&self, row: &Observation, eta: f64, psi: &[f64]) -> Derivatives {
        if row.y < 1.0 {
            return Derivatives::OUTSIDE;
        }
        truncated_derivatives(&self.0, row, eta, psi).scaled(row.weight)
    }

    fn nuisance_derivatives(&self, row: &Observation, eta: f64, psi: &[f64], out: &mut [Nuisance]) {
        truncated_nuisance(&self.0, row, eta, psi, out);
        for out in out {
            *out = out.scaled(row.weight);
        }
    }

    /// I/(1 − f(0)) − r(1 + r)(∂ log f(0))², I that of the counts; at least the information of the
    /// mean.
    fn information(&self, row: &Observation, eta: f64, psi: &[f64]) -> f64 {
        row.weight * truncated_information(&self.0, eta, psi)
    }

    fn mean(&self, eta: f64, psi: &[f64]) -> f64 {
        truncated_moments(&self.0, eta, psi).0.mean
    }

    fn variance(&self, _: &Observation, eta: f64, psi: &[f64]) -> f64 {
        truncated_moments(&self.0, eta, psi).0.variance
    }

    /// log(1 + Var/E²).
    fn link_variance(&self, eta: f64, psi: &[f64]) -> f64 {
        truncated_moments(&self.0, eta, psi).0.link_variance()
    }

    fn saturated(&self, row: &Observation, psi: &[f64]) -> f64 {
        let start = (row.y - 0.5).max(0.1).ln();
        row.weight * peak(start, |eta| truncated_derivatives(&self.0, row, eta, psi))
    }

    fn simulate(&self, _: &Observation, eta: f64, psi: &[f64], stream: &mut Stream) -> f64 {
        truncated_draw(&self.0, eta, psi, stream)
    }

    fn start(&self, row: &Observation) -> f64 {
        (row.y - 0.5).max(0.1).ln()
    }

    fn start_nuisance(&self, rows: &[Observation]) -> Vec<f64> {
        self.0.start_nuisance(rows)
    }
}
