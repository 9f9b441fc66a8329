//! The gamma distribution.

use super::quantile::{self, Target};
use super::ratio::Ratio;
use super::tails::{Side, Tails, gamma_log_density, gamma_tails};

/// The gamma distribution with density `x^{a-1} e^{-x/s} / (Γ(a) s^a)`, shape `a` and scale `s`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gamma {
    shape: f64,
    scale: f64,
}

impl Gamma {
    /// The distribution with this shape and scale, both positive and finite.
    pub fn new(shape: f64, scale: f64) -> Self {
        let valid = shape > 0.0 && scale > 0.0 && shape.is_finite() && scale.is_finite();
        if valid {
            Gamma { shape, scale }
        } else {
            Gamma {
                shape: f64::NAN,
                scale: f64::NAN,
            }
        }
    }

    /// `x` divided by the mean.
    fn ratio(self, x: f64) -> Ratio {
        let x = x / self.scale;
        Ratio::from_difference(x, self.shape, x - self.shape)
    }

    fn tails(self, x: f64) -> Tails {
        if x.is_nan() || self.shape.is_nan() {
            Tails::UNDEFINED
        } else if x <= 0.0 {
            Tails::ABOVE
        } else if x == f64::INFINITY {
            Tails::BELOW
        } else {
            gamma_tails(self.shape, self.ratio(x))
        }
    }

    /// The density.
    pub fn density(self, x: f64) -> f64 {
        self.ln_density(x).exp()
    }

    /// The logarithm of the density.
    pub fn ln_density(self, x: f64) -> f64 {
        if x < 0.0 || x == f64::INFINITY {
            return f64::NEG_INFINITY;
        }
        if x == 0.0 {
            return density_at_zero(self.shape, self.scale).ln();
        }
        let (factor, exponent) = gamma_log_density(self.shape, self.ratio(x));
        exponent + (factor / x).ln()
    }

    /// The probability of a value up to `x`, `P(a, x/s)`.
    pub fn cdf(self, x: f64) -> f64 {
        self.tails(x).probability(Side::Lower)
    }

    /// The probability of a value above `x`, `Q(a, x/s)`.
    pub fn upper_tail(self, x: f64) -> f64 {
        self.tails(x).probability(Side::Upper)
    }

    /// The logarithm of [`Gamma::cdf`], also where that underflows.
    pub fn ln_cdf(self, x: f64) -> f64 {
        self.tails(x).ln_probability(Side::Lower)
    }

    /// The logarithm of [`Gamma::upper_tail`], also where that underflows.
    pub fn ln_upper_tail(self, x: f64) -> f64 {
        self.tails(x).ln_probability(Side::Upper)
    }

    /// The value with probability `p` below it.
    pub fn quantile(self, p: f64) -> f64 {
        self.at(p, 0.0, f64::INFINITY, Target::lower)
    }

    /// The value with probability `q` above it: the form for `q` too small for `1 - q`.
    pub fn upper_quantile(self, q: f64) -> f64 {
        self.at(q, f64::INFINITY, 0.0, Target::upper)
    }

    fn at(self, p: f64, at_zero: f64, at_one: f64, target: fn(f64) -> Target) -> f64 {
        if self.shape.is_nan() || !(0.0..=1.0).contains(&p) {
            f64::NAN
        } else if p == 0.0 {
            at_zero
        } else if p == 1.0 {
            at_one
        } else {
            self.shape * ln_ratio_at(self.shape, target(p)).exp() * self.scale
        }
    }
}

/// The logarithm of quantile over mean.
pub(super) fn ln_ratio_at(shape: f64, target: Target) -> f64 {
    // x ≤ a + sqrt(2 a L) + L with L = -ln q (Laurent and Massart 2000, *Ann. Statist.* 28, eq. 4.3).
    let per_shape = -target.probability.ln() / shape;
    let bound = ((2.0 * per_shape).sqrt() + per_shape).ln_1p();
    quantile::ln_ratio(target, shape.sqrt().recip(), bound, |f| {
        gamma_tails(shape, f)
    })
}

fn density_at_zero(shape: f64, scale: f64) -> f64 {
    if shape < 1.0 {
        f64::INFINITY
    } else if shape == 1.0 {
        1.0 / scale
    } else if shape > 1.0 {
        0.0
    } else {
        f64::NAN
    }
}
