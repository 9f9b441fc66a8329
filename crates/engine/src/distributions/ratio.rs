//! A positive number near or far from one.

use super::special::log1pmx;

/// A ratio `f` with `f - 1` and `ln f`, each to full relative accuracy.
///
/// `x / mean` is such a ratio. With 1e15 degrees of freedom the distribution lives on
/// `f - 1 ≈ 1e-8`, where `f` alone has eight digits left; far out, `f` overflows where `ln f` does
/// not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ratio {
    /// `f`; 0 or infinite where it does not fit.
    pub value: f64,
    /// `f - 1`.
    pub minus_one: f64,
    /// `ln f`.
    pub ln: f64,
}

impl Ratio {
    pub fn from_value(value: f64) -> Self {
        Ratio {
            value,
            minus_one: value - 1.0,
            ln: value.ln(),
        }
    }

    /// `numerator / denominator`, where their difference is known more exactly than from the
    /// quotient.
    pub fn from_difference(numerator: f64, denominator: f64, difference: f64) -> Self {
        let value = numerator / denominator;
        let minus_one = difference / denominator;
        let ln = if minus_one.abs() < 0.5 {
            minus_one.ln_1p()
        } else {
            value.ln()
        };
        Ratio {
            value,
            minus_one,
            ln,
        }
    }

    pub fn from_ln(ln: f64) -> Self {
        Ratio {
            value: ln.exp(),
            minus_one: ln.exp_m1(),
            ln,
        }
    }

    pub fn inverse(self) -> Self {
        let value = 1.0 / self.value;
        let minus_one = if self.value < 2.0 {
            -self.minus_one / self.value
        } else {
            value - 1.0
        };
        Ratio {
            value,
            minus_one,
            ln: -self.ln,
        }
    }

    /// `ln f - (f - 1)`, which is never positive.
    pub fn ln_minus_linear(self) -> f64 {
        if self.minus_one > -0.5 {
            log1pmx(self.minus_one)
        } else {
            self.ln - self.minus_one
        }
    }
}
