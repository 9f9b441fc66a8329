//! Student's t distribution.

use super::fisher_f::FisherF;
use super::normal::Normal;
use super::quantile::Target;
use super::ratio::Ratio;
use super::special::{LN_SQRT_TAU, log1pmx, stirling_error};
use super::tails::{Side, Tails};

/// Student's t distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StudentT {
    df: f64,
}

impl StudentT {
    /// The distribution with `df` degrees of freedom: positive, not necessarily whole; infinite
    /// for the standard normal distribution.
    pub fn new(df: f64) -> Self {
        StudentT {
            df: if df > 0.0 { df } else { f64::NAN },
        }
    }

    /// `t²` has the F distribution with 1 and `df` degrees of freedom.
    fn square(self) -> FisherF {
        FisherF::new(1.0, self.df)
    }

    /// The tails of `t²`.
    fn square_tails(self, t: f64) -> Tails {
        if t.is_nan() || self.df.is_nan() {
            return Tails::UNDEFINED;
        }
        if t == 0.0 {
            return Tails::ABOVE;
        }
        if t.is_infinite() {
            return Tails::BELOW;
        }
        // With df = 0.1, t = 1e200 is not far out: the square may overflow.
        let t = t.abs();
        let minus_one = (t - 1.0) * (t + 1.0);
        self.square().tails_at(Ratio {
            value: t * t,
            minus_one,
            ln: 2.0 * t.ln(),
        })
    }

    /// The density.
    pub fn density(self, t: f64) -> f64 {
        self.ln_density(t).exp()
    }

    /// The logarithm of the density.
    ///
    /// `Γ(a + 1/2) / Γ(a)` with `a = df / 2` in the saddle-point form (Loader 2000, section 4).
    pub fn ln_density(self, t: f64) -> f64 {
        if self.df.is_infinite() {
            return Normal::STANDARD.ln_density(t);
        }
        let a = 0.5 * self.df;
        let constant = stirling_error(a + 0.5) - stirling_error(a) + a * log1pmx(0.5 / a);
        let ratio = t * t / self.df;
        let ln_one_plus = if ratio.is_finite() {
            ratio.ln_1p()
        } else {
            2.0 * t.abs().ln() - self.df.ln()
        };
        constant - LN_SQRT_TAU - (a + 0.5) * ln_one_plus
    }

    /// The probability of a value up to `t`.
    pub fn cdf(self, t: f64) -> f64 {
        self.upper_tail(-t)
    }

    /// The probability of a value above `t`, relatively accurate however small.
    pub fn upper_tail(self, t: f64) -> f64 {
        if t >= 0.0 {
            0.5 * self.two_sided_p(t)
        } else {
            0.5 + 0.5 * self.square_tails(t).probability(Side::Lower)
        }
    }

    /// The logarithm of [`StudentT::cdf`], also where that underflows.
    pub fn ln_cdf(self, t: f64) -> f64 {
        self.ln_upper_tail(-t)
    }

    /// The logarithm of [`StudentT::upper_tail`], also where that underflows.
    pub fn ln_upper_tail(self, t: f64) -> f64 {
        if t < 0.0 {
            return (-0.5 * self.two_sided_p(t)).ln_1p();
        }
        if self.df.is_infinite() {
            return Normal::STANDARD.ln_upper_tail(t);
        }
        self.square_tails(t).ln_probability(Side::Upper) - std::f64::consts::LN_2
    }

    /// The probability of a value at least as far from 0 as `t`, on either side: the p value of a
    /// t test.
    pub fn two_sided_p(self, t: f64) -> f64 {
        if self.df.is_infinite() {
            return Normal::STANDARD.two_sided_p(t);
        }
        self.square_tails(t).probability(Side::Upper)
    }

    /// The value with probability `p` below it.
    pub fn quantile(self, p: f64) -> f64 {
        if self.df.is_infinite() {
            return Normal::STANDARD.quantile(p);
        }
        if self.df.is_nan() || !(0.0..=1.0).contains(&p) {
            return f64::NAN;
        }
        // Both differences are exact where they are used.
        let from_half = p - 0.5;
        let tail = p.min(1.0 - p);
        let size = if tail == 0.0 {
            f64::INFINITY
        } else if from_half == 0.0 {
            return 0.0;
        } else {
            let target = if tail < 0.25 {
                Target::upper(2.0 * tail)
            } else {
                Target::lower(2.0 * from_half.abs())
            };
            (0.5 * self.square().ln_ratio_at(target)).exp()
        };
        size.copysign(from_half)
    }

    /// The value with probability `q` above it.
    pub fn upper_quantile(self, q: f64) -> f64 {
        -self.quantile(q)
    }
}
