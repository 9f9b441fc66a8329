//! log μ and log(1 − μ) with derivatives in η.
//!
//! Log-densities are made of these, not of μ: near 0 and 1 the mean itself has lost what they still
//! say. Every form here is right far beyond any mean that a number can hold.

use std::f64::consts::PI;

use super::{Derivatives, Link};
use crate::distributions::{ln_cdf_with_slope, special};

impl Link {
    /// log μ and its derivatives in η; [`Derivatives::OUTSIDE`] where the mean is not positive.
    pub fn ln_mean(self, eta: f64) -> Derivatives {
        match self {
            Link::Log => Derivatives::new(eta, 1.0, 0.0, 0.0),
            Link::Identity => power(1.0, eta),
            Link::Inverse => power(-1.0, eta),
            Link::InverseSquare => power(-0.5, eta),
            Link::Sqrt => power(2.0, eta.abs()).mirrored_if(eta < 0.0),
            Link::Logit => {
                let (value, p, q) = logistic_tail(eta);
                Derivatives::new(value, q, -p * q, p * q * (p - q))
            }
            Link::Probit => ln_normal_cdf(eta),
            Link::Cloglog => ln_extreme(eta),
            Link::Cauchit => ln_cauchy_cdf(eta),
        }
    }

    /// log(1 − μ) and its derivatives in η, for links into (0, 1); [`Derivatives::OUTSIDE`] where
    /// the mean is 1 or more.
    pub fn ln_rest(self, eta: f64) -> Derivatives {
        match self {
            // Symmetric distributions: 1 − μ(η) = μ(−η).
            Link::Logit | Link::Probit | Link::Cauchit => self.ln_mean(-eta).mirrored(),
            Link::Cloglog => {
                let t = -eta.exp();
                Derivatives::new(t, t, t, t)
            }
            Link::Log => {
                if eta >= 0.0 {
                    return Derivatives::OUTSIDE;
                }
                ln_one_minus_exp(eta)
            }
            Link::Identity | Link::Inverse | Link::Sqrt | Link::InverseSquare => {
                let mean = self.value(eta);
                if mean.mean.is_nan() || mean.mean >= 1.0 {
                    return Derivatives::OUTSIDE;
                }
                let rest = 1.0 / (1.0 - mean.mean);
                super::compose(
                    [-rest, -rest * rest, -2.0 * rest * rest * rest],
                    &mean.derivatives(),
                )
                .with_value((-mean.mean).ln_1p())
            }
        }
    }
}

/// log(1 − e^x) for x < 0, with derivatives in x.
pub(super) fn ln_one_minus_exp(x: f64) -> Derivatives {
    let ratio = 1.0 / (-x).exp_m1();
    let second = -ratio * (1.0 + ratio);
    Derivatives::new(
        special::ln_1m_exp(x),
        -ratio,
        second,
        second * (1.0 + 2.0 * ratio),
    )
}

/// a log η.
fn power(a: f64, eta: f64) -> Derivatives {
    if eta.is_nan() || eta <= 0.0 {
        return Derivatives::OUTSIDE;
    }
    let inverse = 1.0 / eta;
    let first = a * inverse;
    let second = -first * inverse;
    Derivatives::new(a * eta.ln(), first, second, -2.0 * second * inverse)
}

/// log p, p and 1 − p of the logistic distribution, for one exponential.
#[inline]
pub(super) fn logistic_tail(eta: f64) -> (f64, f64, f64) {
    let e = (-eta.abs()).exp();
    let large = 1.0 / (1.0 + e);
    let small = e * large;
    let rest = e.ln_1p();
    if eta > 0.0 {
        (-rest, large, small)
    } else {
        (eta - rest, small, large)
    }
}

/// log Φ(η). With h = φ/Φ: h, −h(η + h), h((η + h)² − 1 + h(η + h)).
///
/// η + h falls to 1/|η| in the left tail, and differences of it further, so that beyond −18 the
/// asymptotic series of log Φ is differentiated term by term.
fn ln_normal_cdf(eta: f64) -> Derivatives {
    if eta < -18.0 {
        return ln_normal_far(eta);
    }
    let (value, h) = ln_cdf_with_slope(eta);
    let s = eta + h;
    Derivatives::new(value, h, -h * s, h * (s * s - 1.0 + h * s))
}

/// −z²/2 − log z − log √2π + Σ c_k z^{−2k} at z = −η: the logarithm of the asymptotic series of
/// Mills' ratio (Abramowitz and Stegun 1964, 26.2.12).
fn ln_normal_far(eta: f64) -> Derivatives {
    const SERIES: [f64; 8] = [
        -1.0,
        5.0 / 2.0,
        -37.0 / 3.0,
        353.0 / 4.0,
        -4081.0 / 5.0,
        55_205.0 / 6.0,
        -854_197.0 / 7.0,
        14_876_033.0 / 8.0,
    ];
    let z = -eta;
    let inverse = 1.0 / z;
    let square = inverse * inverse;
    let (mut value, mut first, mut second, mut third) = (0.0, 0.0, 0.0, 0.0);
    for (i, c) in SERIES.iter().enumerate().rev() {
        let n = (2 * i + 2) as f64;
        value = (value + c) * square;
        first = (first - n * c) * square;
        second = (second + n * (n + 1.0) * c) * square;
        third = (third - n * (n + 1.0) * (n + 2.0) * c) * square;
    }
    // Each derivative in z has one power of 1/z more.
    Derivatives::new(
        -0.5 * z * z - z.ln() - special::LN_SQRT_TAU + value,
        -(-z - inverse + first * inverse),
        -1.0 + square + second * square,
        -((-2.0 + third) * square * inverse),
    )
}

/// log(1 − exp(−e^η)). With t = e^η, g = t/(e^t − 1), s = 1 − t − g: g, g s, g(s² − t − g s).
fn ln_extreme(eta: f64) -> Derivatives {
    let t = eta.exp();
    if t < 0.1 {
        // log t is η, and 1 − t − g is its series in Bernoulli's numbers.
        let square = t * t;
        let even = square
            * (1.0 / 12.0
                - square * (1.0 / 720.0 - square * (1.0 / 30_240.0 - square / 1_209_600.0)));
        let g = 1.0 - 0.5 * t + even;
        let s = -0.5 * t - even;
        let ratio = if t == 0.0 { 0.0 } else { ln_mean_ratio(t) };
        return Derivatives::new(eta + ratio, g, g * s, g * (s * s - t - g * s));
    }
    let g = t / t.exp_m1();
    let value = special::ln_1m_exp(-t);
    if g == 0.0 || g.is_nan() {
        // e^t is beyond all numbers.
        return Derivatives::new(value, 0.0, 0.0, 0.0);
    }
    let s = 1.0 - t - g;
    Derivatives::new(value, g, g * s, g * (s * s - t - g * s))
}

/// log((1 − e^{−t})/t) for small t.
fn ln_mean_ratio(t: f64) -> f64 {
    // −t/2 + t²/24 − t⁴/2880 + t⁶/181440 − t⁸/9676800.
    let square = t * t;
    -0.5 * t
        + square
            * (1.0 / 24.0
                - square * (1.0 / 2880.0 - square * (1.0 / 181_440.0 - square / 9_676_800.0)))
}

/// log(½ + arctan(η)/π), the angle being the one between −η and 1, small in the left tail.
fn ln_cauchy_cdf(eta: f64) -> Derivatives {
    let angle = 1f64.atan2(-eta);
    let scale = 1.0 / (1.0 + eta * eta);
    let first = scale / angle;
    // The logarithmic derivative of the density, and its derivative.
    let slope = -2.0 * eta * scale;
    let bend = (2.0 - 4.0 * scale) * scale;
    let second = first * (slope - first);
    let third = second * (slope - first) + first * (bend - second);
    let value = if eta > 1.0 {
        (-(1.0 / eta).atan() / PI).ln_1p()
    } else {
        (angle / PI).ln()
    };
    Derivatives::new(value, first, second, third)
}
