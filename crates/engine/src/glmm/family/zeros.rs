//! Counts with another number of zeros than their distribution has: inflated, none, or a hurdle.
//!
//! The three wrap a [`Count`] and ask it for its log-density at y and at 0, with all derivatives. The
//! probability of zero enters as log f(0): a mixture is log(e^z + f(0)), a truncation
//! −log(1 − f(0)), and [`compose`] carries the derivatives of both through.

use super::negative_binomial::{NegativeBinomial1, NegativeBinomial2};
use super::{
    Density, Derivatives, Link, Nuisance, Observation, Poisson, compose, compose_nuisance,
};
use super::{draw, peak::peak};
use crate::distributions::special::{logistic, softplus};
use crate::random::Stream;

/// A distribution of counts that is a sum of jumps at the events of a Poisson process. Its link is
/// the logarithm where something wraps it.
pub trait Count: Density {
    /// Draws a jump, 1 or more.
    fn jump(&self, eta: f64, psi: &[f64], stream: &mut Stream) -> f64;
}

impl Count for Poisson {
    fn jump(&self, _: f64, _: &[f64], _: &mut Stream) -> f64 {
        1.0
    }
}

impl Count for NegativeBinomial2 {
    fn jump(&self, eta: f64, psi: &[f64], stream: &mut Stream) -> f64 {
        draw::logarithmic(eta - psi[0], stream)
    }
}

impl Count for NegativeBinomial1 {
    fn jump(&self, _: f64, psi: &[f64], stream: &mut Stream) -> f64 {
        draw::logarithmic(psi[0], stream)
    }
}

/// The log link of what is wrapped: dμ/dη = μ.
const LINK: Link = Link::Log;

/// More zeros than the counts have of themselves: with probability π a zero, otherwise a count.
///
/// The last nuisance parameter is ψ = logit π; those of the count come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZeroInflated<B>(pub B);

/// Counts from 1: f(y)/(1 − f(0)). Nuisance parameters are those of the count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncated<B>(pub B);

/// Zero with probability π, else a truncated count: two models in one. η is that of the count, and
/// a zero says nothing about it. The last nuisance parameter is ψ = logit π.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hurdle<B>(pub B);

/// A row with weight 1, and one like it with y = 0.
fn plain(row: &Observation) -> (Observation, Observation) {
    let row = row.weighted(1.0);
    (row, Observation { y: 0.0, ..row })
}

fn split(psi: &[f64]) -> (&[f64], f64) {
    (&psi[..psi.len() - 1], psi[psi.len() - 1])
}

/// log f(0), below zero even where f(0) rounds to 1.
fn ln_zero<B: Density>(count: &B, row: &Observation, eta: f64, psi: &[f64]) -> Derivatives {
    // Below this the mean is 1e-304 and nothing changes any more.
    let (_, zero) = plain(row);
    count.derivatives(&zero, eta.max(-700.0), psi)
}

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
        let ln_rest = super::tails::ln_one_minus_exp(ln_zero.value).value;
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

/// Moments of a distribution: mean, its derivative in η, variance.
struct Moments {
    mean: f64,
    slope: f64,
    variance: f64,
}

impl Moments {
    /// Information on η in the mean alone: a lower bound of that in the distribution.
    fn information(&self) -> f64 {
        self.slope * self.slope / self.variance
    }

    /// With zeros at probability π.
    fn with_zeros(self, zero: f64, rest: f64) -> Self {
        Self {
            mean: rest * self.mean,
            slope: rest * self.slope,
            variance: rest * (self.variance + zero * self.mean * self.mean),
        }
    }

    /// log(1 + Var/E²), the lognormal form, which is log(1 + 1/λ) for Poisson counts.
    fn link_variance(&self) -> f64 {
        (self.variance / (self.mean * self.mean)).ln_1p()
    }
}

fn count_moments<B: Density>(count: &B, eta: f64, psi: &[f64]) -> Moments {
    let mean = LINK.value(eta).mean;
    Moments {
        mean,
        slope: mean,
        variance: count.variance(&Observation::new(0.0), eta, psi),
    }
}

/// Of the truncated counts, and log f(0) with its derivatives.
fn truncated_moments<B: Density>(count: &B, eta: f64, psi: &[f64]) -> (Moments, Derivatives) {
    let ln_zero = ln_zero(count, &Observation::new(0.0), eta, psi);
    let rest = -ln_zero.value.exp_m1();
    let all = count_moments(count, eta.max(-700.0), psi);
    let mean = all.mean / rest;
    // m' = m (1 + r ∂ log f(0)), and E[y²] − m².
    let slope = mean * (1.0 + Truncation::new(ln_zero).derivatives().first);
    let variance = (all.variance + all.mean * all.mean) / rest - mean * mean;
    let moments = Moments {
        mean,
        // Both are μ/2 for small means, if rounding leaves nothing.
        slope: slope.max(0.25 * all.mean),
        variance: variance.max(0.25 * all.mean),
    };
    (moments, ln_zero)
}

/// The larger of what a formula says, if it says anything, and a bound from below.
fn at_least(formula: f64, bound: f64) -> f64 {
    match (formula.is_finite(), bound.is_finite()) {
        (true, true) => formula.max(bound),
        (true, false) => formula.max(0.0),
        (false, true) => bound,
        (false, false) => 0.0,
    }
}

fn truncated_information<B: Density>(count: &B, eta: f64, psi: &[f64]) -> f64 {
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

fn truncated_draw<B: Count>(count: &B, eta: f64, psi: &[f64], stream: &mut Stream) -> f64 {
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
fn truncated_derivatives<B: Density>(
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

fn truncated_nuisance<B: Density>(
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

/// The rows without zeros, to start from.
fn positive(rows: &[Observation]) -> Vec<Observation> {
    rows.iter().filter(|row| row.y > 0.0).copied().collect()
}

/// The share of zeros by weight, away from 0 and 1.
fn share_of_zeros(rows: &[Observation]) -> f64 {
    let weight: f64 = rows.iter().map(|row| row.weight).sum();
    let zeros: f64 = rows
        .iter()
        .filter(|row| row.y == 0.0)
        .map(|row| row.weight)
        .sum();
    (zeros + 0.5) / (weight + 1.0)
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
