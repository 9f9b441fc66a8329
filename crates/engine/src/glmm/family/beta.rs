//! Proportions that are measured, not counted.

use super::link::delta_variance;
use super::peak::peak;
use super::rising::rising;
use super::summary::Summary;
use super::{Density, Derivatives, Link, Nuisance, Observation, compose, draw};
use crate::distributions::special::{
    LN_SQRT_TAU, digamma, ln_gamma, polygamma_excess, stirling_error, tetragamma, trigamma,
};
use crate::random::Stream;

/// The beta distribution with shapes a = μφ and b = (1 − μ)φ, of variance μ(1 − μ)/(1 + φ).
///
/// The nuisance parameter is ψ = log φ, the precision of betareg and of glmmTMB's `sigma()` (Ferrari
/// and Cribari-Neto 2004). The weight multiplies the log-density.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beta {
    /// Logit, probit, cloglog or cauchit.
    pub link: Link,
}

/// One of the two shapes: its logarithm with derivatives in η, and the logarithm of y or 1 − y.
struct Side {
    ln_shape: Derivatives,
    shape: f64,
    ln_y: f64,
    /// Derivatives of f(t) = t − ln Γ(1 + e^t) + e^t (ln y + ln φ), at the logarithm of the shape,
    /// with the last φ held fixed.
    by: [f64; 3],
}

impl Side {
    fn new(ln_part: Derivatives, ln_y: f64, psi: f64) -> Self {
        let ln_shape = ln_part.with_value(ln_part.value + psi);
        let shape = ln_shape.value.exp();
        let above = 1.0 + shape;
        let first = shape * (ln_y + psi - digamma(above));
        let second = shape * shape * trigamma(above);
        let third = shape * shape * shape * tetragamma(above);
        Self {
            ln_shape,
            shape,
            ln_y,
            by: [1.0 + first, first - second, first - 3.0 * second - third],
        }
    }

    /// The part of ∂/∂ψ.
    fn nuisance(&self) -> Nuisance {
        let inner = &self.ln_shape;
        Nuisance {
            value: self.by[0],
            first: self.by[1] * inner.first,
            second: self.by[2] * inner.first * inner.first + self.by[1] * inner.second,
        }
    }
}

impl Beta {
    fn sides(self, row: &Observation, eta: f64, psi: &[f64]) -> [Side; 2] {
        [
            Side::new(self.link.ln_mean(eta), row.y.ln(), psi[0]),
            Side::new(self.link.ln_rest(eta), (-row.y).ln_1p(), psi[0]),
        ]
    }
}

/// ln Γ(φ) − ln Γ(a) − ln Γ(b) + a ln y + b ln(1 − y).
fn value(sides: &[Side; 2], psi: f64) -> f64 {
    let [a, b] = sides;
    if a.shape >= 10.0 && b.shape >= 10.0 {
        // Stirling's formula with all that is large taken out.
        let (ln_mean, ln_rest) = (a.ln_shape.value - psi, b.ln_shape.value - psi);
        let error =
            stirling_error(a.shape + b.shape) - stirling_error(a.shape) - stirling_error(b.shape);
        return 0.5 * (psi + ln_mean + ln_rest) - LN_SQRT_TAU
            + error
            + a.shape * (a.ln_y - ln_mean)
            + b.shape * (b.ln_y - ln_rest);
    }
    let (small, large) = if a.shape < b.shape { (a, b) } else { (b, a) };
    rising(large.shape, small.shape).value
        + small.shape * (large.ln_shape.value + small.ln_y)
        + large.shape * large.ln_y
        + small.ln_shape.value
        - ln_gamma(1.0 + small.shape)
}

impl Density for Beta {
    fn nuisance(&self) -> usize {
        1
    }

    fn constant(&self, row: &Observation) -> f64 {
        -row.weight * (row.y.ln() + (-row.y).ln_1p())
    }

    fn derivatives(&self, row: &Observation, eta: f64, psi: &[f64]) -> Derivatives {
        let sides = self.sides(row, eta, psi);
        let [a, b] = &sides;
        compose(a.by, &a.ln_shape)
            .combined(1.0, compose(b.by, &b.ln_shape), 1.0)
            .with_value(value(&sides, psi[0]))
            .scaled(row.weight)
    }

    fn nuisance_derivatives(&self, row: &Observation, eta: f64, psi: &[f64], out: &mut [Nuisance]) {
        let [a, b] = self.sides(row, eta, psi);
        let (left, right) = (a.nuisance(), b.nuisance());
        let precision = psi[0].exp();
        out[0] = Nuisance {
            value: precision * polygamma_excess(precision)[0] + left.value + right.value,
            first: left.first + right.first,
            second: left.second + right.second,
        }
        .scaled(row.weight);
    }

    fn information(&self, row: &Observation, eta: f64, psi: &[f64]) -> f64 {
        let part = |part: Derivatives| {
            // a² ψ₁(a), which is 1 for a = 0.
            let shape = (part.value + psi[0]).exp();
            part.first * part.first * (1.0 + shape * shape * trigamma(1.0 + shape))
        };
        let information = part(self.link.ln_mean(eta)) + part(self.link.ln_rest(eta));
        if information.is_finite() {
            row.weight * information
        } else {
            0.0
        }
    }

    fn mean(&self, eta: f64, _: &[f64]) -> f64 {
        self.link.value(eta).mean
    }

    fn variance(&self, _: &Observation, eta: f64, psi: &[f64]) -> f64 {
        let product = self.link.ln_mean(eta).value + self.link.ln_rest(eta).value;
        product.exp() / (1.0 + psi[0].exp())
    }

    /// The delta method: μ(1 − μ)/(1 + φ) (dη/dμ)².
    fn link_variance(&self, eta: f64, psi: &[f64]) -> f64 {
        delta_variance(
            self.link,
            eta,
            self.variance(&Observation::new(0.5), eta, psi),
        )
    }

    /// The largest density is not at μ = y.
    fn saturated(&self, row: &Observation, psi: &[f64]) -> f64 {
        let logit = Beta { link: Link::Logit };
        peak(Link::Logit.of(row.y), |eta| {
            logit.derivatives(row, eta, psi)
        })
    }

    fn simulate(&self, _: &Observation, eta: f64, psi: &[f64], stream: &mut Stream) -> f64 {
        let a = (self.link.ln_mean(eta).value + psi[0]).exp();
        let b = (self.link.ln_rest(eta).value + psi[0]).exp();
        // Neither 0 nor 1 could be fitted again.
        let (y, _) = draw::beta(a, b, stream);
        y.clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON)
    }

    fn start(&self, row: &Observation) -> f64 {
        self.link.of(row.y.clamp(1e-6, 1.0 - 1e-6))
    }

    fn start_nuisance(&self, rows: &[Observation]) -> Vec<f64> {
        let all = Summary::of(rows);
        let precision = all.mean * (1.0 - all.mean) / all.variance - 1.0;
        vec![if precision > 0.0 {
            precision.clamp(0.1, 1e4).ln()
        } else {
            0.0
        }]
    }
}
