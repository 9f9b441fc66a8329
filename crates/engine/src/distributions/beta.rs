//! The beta distribution.

use super::quantile::{self, Target};
use super::ratio::Ratio;
use super::tails::{Side, Tails, beta_log_density, beta_tails};

/// The beta distribution with density `x^{a-1} (1-x)^{b-1} / B(a, b)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beta {
    a: f64,
    b: f64,
}

impl Beta {
    /// The distribution with shapes `a` and `b`, both positive and finite.
    pub fn new(a: f64, b: f64) -> Self {
        let valid = a > 0.0 && b > 0.0 && a.is_finite() && b.is_finite();
        if valid {
            Beta { a, b }
        } else {
            Beta {
                a: f64::NAN,
                b: f64::NAN,
            }
        }
    }

    /// The odds `x / (1 - x)` over `a / b`.
    fn ratio(self, x: f64) -> Ratio {
        // (1 - x) a f = x b, so the difference is x b - (1 - x) a = (a + b) x - a. It is all that
        // counts when both shapes are huge, hence to twice the precision.
        let sum = self.a + self.b;
        let lost = if self.a > self.b {
            self.b - (sum - self.a)
        } else {
            self.a - (sum - self.b)
        };
        let difference = sum.mul_add(x, -self.a) + lost * x;
        Ratio::from_difference(x * self.b, (1.0 - x) * self.a, difference)
    }

    fn tails(self, x: f64) -> Tails {
        if x.is_nan() || self.a.is_nan() {
            Tails::UNDEFINED
        } else if x <= 0.0 {
            Tails::ABOVE
        } else if x >= 1.0 {
            Tails::BELOW
        } else {
            beta_tails(self.a, self.b, self.ratio(x))
        }
    }

    /// The density; infinite at an end where the exponent is negative.
    pub fn density(self, x: f64) -> f64 {
        self.ln_density(x).exp()
    }

    /// The logarithm of the density.
    pub fn ln_density(self, x: f64) -> f64 {
        if !(0.0..=1.0).contains(&x) {
            return if x.is_nan() { x } else { f64::NEG_INFINITY };
        }
        if x == 0.0 || x == 1.0 {
            let (near, far) = if x == 0.0 {
                (self.a, self.b)
            } else {
                (self.b, self.a)
            };
            return if near == 1.0 {
                far.ln()
            } else {
                (near - 1.0) * f64::NEG_INFINITY
            };
        }
        let (factor, exponent) = beta_log_density(self.a, self.b, self.ratio(x));
        exponent + (factor / x / (1.0 - x)).ln()
    }

    /// The density of the logit of a value, x^a(1−x)^b/B(a, b), at that of `x` in (0, 1).
    pub(super) fn logit_density(self, x: f64) -> f64 {
        let (factor, exponent) = beta_log_density(self.a, self.b, self.ratio(x));
        factor * exponent.exp()
    }

    /// The probability of a value up to `x`: the regularised incomplete beta function `I_x(a, b)`.
    pub fn cdf(self, x: f64) -> f64 {
        self.tails(x).probability(Side::Lower)
    }

    /// The probability of a value above `x`: `I_{1-x}(b, a)`.
    pub fn upper_tail(self, x: f64) -> f64 {
        self.tails(x).probability(Side::Upper)
    }

    /// The logarithm of [`Beta::cdf`], also where that underflows.
    pub fn ln_cdf(self, x: f64) -> f64 {
        self.tails(x).ln_probability(Side::Lower)
    }

    /// The logarithm of [`Beta::upper_tail`], also where that underflows.
    pub fn ln_upper_tail(self, x: f64) -> f64 {
        self.tails(x).ln_probability(Side::Upper)
    }

    /// The value with probability `p` below it.
    pub fn quantile(self, p: f64) -> f64 {
        self.at(p, Target::lower)
    }

    /// The value with probability `q` above it: the form for `q` too small for `1 - q`.
    pub fn upper_quantile(self, q: f64) -> f64 {
        if q == 0.0 || q == 1.0 {
            1.0 - q
        } else {
            self.at(q, Target::upper)
        }
    }

    fn at(self, p: f64, target: fn(f64) -> Target) -> f64 {
        if self.a.is_nan() || !(0.0..=1.0).contains(&p) {
            return f64::NAN;
        }
        if p == 0.0 || p == 1.0 {
            return p;
        }
        let odds = ln_ratio_at(self.a, self.b, target(p)).exp() * (self.a / self.b);
        if odds < 1.0 {
            odds / (1.0 + odds)
        } else {
            1.0 / (1.0 + odds.recip())
        }
    }
}

/// The logarithm of the F ratio (odds over `a / b`) at a quantile.
pub(super) fn ln_ratio_at(a: f64, b: f64, target: Target) -> f64 {
    let spread = (a.recip() + b.recip()).sqrt();
    // Towards the side of the smaller shape the logarithm is heavy-tailed, towards the other it
    // ends like a gamma variable; see the bound there.
    if target.side == Side::Lower && b < a {
        let swapped = Target {
            side: Side::Upper,
            ..target
        };
        return -ln_ratio_at(b, a, swapped);
    }
    let bound = if a < b {
        let per_shape = -target.probability.ln() / a;
        ((2.0 * per_shape).sqrt() + per_shape).ln_1p()
    } else {
        f64::INFINITY
    };
    quantile::ln_ratio(target, spread, bound, |f| beta_tails(a, b, f))
}
