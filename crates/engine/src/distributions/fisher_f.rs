//! Fisher's F distribution.

use super::beta;
use super::gamma;
use super::quantile::Target;
use super::ratio::Ratio;
use super::tails::{Side, Tails, beta_log_density, beta_tails, gamma_log_density, gamma_tails};

/// The F distribution of `(χ²_{d1} / d1) / (χ²_{d2} / d2)`; with infinite `d2`, of `χ²_{d1} / d1`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FisherF {
    /// Half the degrees of freedom of the numerator and of the denominator.
    a: f64,
    b: f64,
}

impl FisherF {
    /// The distribution with `d1` (positive, finite) and `d2` (positive, or infinite) degrees of
    /// freedom, not necessarily whole: Satterthwaite's and Kenward and Roger's are not.
    pub fn new(d1: f64, d2: f64) -> Self {
        if d1 > 0.0 && d2 > 0.0 && d1.is_finite() {
            FisherF {
                a: 0.5 * d1,
                b: 0.5 * d2,
            }
        } else {
            FisherF {
                a: f64::NAN,
                b: f64::NAN,
            }
        }
    }

    fn tails(self, f: f64) -> Tails {
        if f.is_nan() || self.a.is_nan() {
            Tails::UNDEFINED
        } else if f <= 0.0 {
            Tails::ABOVE
        } else if f == f64::INFINITY {
            Tails::BELOW
        } else {
            self.tails_at(Ratio::from_value(f))
        }
    }

    pub(super) fn tails_at(self, f: Ratio) -> Tails {
        if self.b.is_finite() {
            beta_tails(self.a, self.b, f)
        } else {
            gamma_tails(self.a, f)
        }
    }

    /// The density.
    pub fn density(self, f: f64) -> f64 {
        self.ln_density(f).exp()
    }

    /// The logarithm of the density.
    pub fn ln_density(self, f: f64) -> f64 {
        if f < 0.0 || f == f64::INFINITY {
            return f64::NEG_INFINITY;
        }
        if f == 0.0 {
            return if self.a == 1.0 {
                0.0
            } else {
                (self.a - 1.0) * f64::NEG_INFINITY
            };
        }
        let ratio = Ratio::from_value(f);
        let (factor, exponent) = if self.b.is_finite() {
            beta_log_density(self.a, self.b, ratio)
        } else {
            gamma_log_density(self.a, ratio)
        };
        exponent + (factor / f).ln()
    }

    /// The probability of a value up to `f`.
    pub fn cdf(self, f: f64) -> f64 {
        self.tails(f).probability(Side::Lower)
    }

    /// The probability of a value above `f`: the p value of an F test.
    pub fn upper_tail(self, f: f64) -> f64 {
        self.tails(f).probability(Side::Upper)
    }

    /// The logarithm of [`FisherF::cdf`], also where that underflows.
    pub fn ln_cdf(self, f: f64) -> f64 {
        self.tails(f).ln_probability(Side::Lower)
    }

    /// The logarithm of [`FisherF::upper_tail`], also where that underflows.
    pub fn ln_upper_tail(self, f: f64) -> f64 {
        self.tails(f).ln_probability(Side::Upper)
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
        if self.a.is_nan() || !(0.0..=1.0).contains(&p) {
            f64::NAN
        } else if p == 0.0 {
            at_zero
        } else if p == 1.0 {
            at_one
        } else {
            self.ln_ratio_at(target(p)).exp()
        }
    }

    pub(super) fn ln_ratio_at(self, target: Target) -> f64 {
        if self.b.is_finite() {
            beta::ln_ratio_at(self.a, self.b, target)
        } else {
            gamma::ln_ratio_at(self.a, target)
        }
    }
}
