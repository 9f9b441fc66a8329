//! The two tails of the gamma and the beta family.

use super::quadrature::decaying_integral;
use super::ratio::Ratio;
use super::special::{expm1mx, log1pmx, stirling_error};

/// Which side of `x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Lower,
    Upper,
}

/// The probabilities below and above a point: the one that lies beyond the mode was integrated,
/// the other is its complement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tails {
    side: Side,
    /// The integrated tail is `factor · exp(exponent)`: apart, for the sake of the logarithm and
    /// of the last digits.
    factor: f64,
    exponent: f64,
    /// The density with respect to `ln f` has the same exponent and this factor.
    density_factor: f64,
}

impl Tails {
    /// All mass above the point.
    pub const ABOVE: Tails = Tails {
        side: Side::Lower,
        factor: 0.0,
        exponent: 0.0,
        density_factor: 0.0,
    };
    /// All mass below the point.
    pub const BELOW: Tails = Tails {
        side: Side::Upper,
        ..Tails::ABOVE
    };
    /// For parameters that have no distribution.
    pub const UNDEFINED: Tails = Tails {
        factor: f64::NAN,
        ..Tails::ABOVE
    };

    pub fn probability(self, side: Side) -> f64 {
        let integrated = self.factor * self.exponent.exp();
        if side == self.side {
            integrated
        } else {
            1.0 - integrated
        }
    }

    pub fn ln_probability(self, side: Side) -> f64 {
        if side == self.side {
            self.exponent + self.factor.ln()
        } else {
            (-self.factor * self.exponent.exp()).ln_1p()
        }
    }

    /// The derivative of [`Tails::ln_probability`] with respect to `ln f`.
    pub fn ln_slope(self, side: Side) -> f64 {
        let slope = if side == self.side {
            self.density_factor / self.factor
        } else {
            let density = self.density_factor * self.exponent.exp();
            density / (1.0 - self.factor * self.exponent.exp())
        };
        if side == Side::Lower { slope } else { -slope }
    }

    fn mirrored(self) -> Self {
        let side = if self.side == Side::Lower {
            Side::Upper
        } else {
            Side::Lower
        };
        Tails { side, ..self }
    }
}

/// The density of `ln x`, `x^a e^{-x} / Γ(a)`, at `x = a·f`, as factor and exponent.
///
/// With `Γ(a) = sqrt(2π/a) a^a e^{-a} e^{δ(a)}` this is `sqrt(a/2π) exp(-δ(a) - a(f - 1 - ln f))`
/// (Loader 2000, *Fast and accurate computation of binomial probabilities*, eqs. 3–5): no
/// difference of large numbers is left.
pub(super) fn gamma_log_density(a: f64, f: Ratio) -> (f64, f64) {
    let factor = (a / std::f64::consts::TAU).sqrt();
    (factor, a * f.ln_minus_linear() - stirling_error(a))
}

/// The tails of the gamma distribution with shape `a` and scale 1 at `x = a·f`.
///
/// Above the mean, with `t = x + u`: `Q = x^{a-1}e^{-x}/Γ(a) ∫ (1 + u/x)^{a-1} e^{-u} du`. Below,
/// with `t = x e^{-u}`: `P = x^a e^{-x}/Γ(a) ∫ exp(-a u + x (1 - e^{-u})) du`.
pub(super) fn gamma_tails(a: f64, f: Ratio) -> Tails {
    let (density_factor, exponent) = gamma_log_density(a, f);
    let x = a * f.value;
    if f.minus_one >= 0.0 {
        let integral = if a < 1.0 {
            decaying_integral(1.0, |u| (a - 1.0) * (u / x).ln_1p() - u)
        } else {
            // The slope at 0 taken out, everything that is left is negative.
            let slope = (a * f.minus_one + 1.0) / x;
            let scale = 1.0 / (slope + (a - 1.0).sqrt() / x);
            decaying_integral(scale, |u| (a - 1.0) * log1pmx(u / x) - slope * u)
        };
        Tails {
            side: Side::Upper,
            factor: density_factor * integral / x,
            exponent,
            density_factor,
        }
    } else {
        let slope = -a * f.minus_one;
        let scale = 1.0 / (slope + x.sqrt());
        let integral = decaying_integral(scale, |u| -slope * u - x * expm1mx(-u));
        Tails {
            side: Side::Lower,
            factor: density_factor * integral,
            exponent,
            density_factor,
        }
    }
}

/// The density of `ln(x / (1 - x))` at `x / (1 - x) = f·a/b`, `x^a (1-x)^b / B(a, b)`, as factor
/// and exponent; for `f ≤ 1`.
///
/// As for the gamma distribution, with `x = x_mean (1 + r_x)` and `1 - x = y_mean (1 + r_y)`:
/// since `a r_x = -b r_y`, the linear terms of `a ln(1 + r_x) + b ln(1 + r_y)` cancel exactly.
pub(super) fn beta_log_density(a: f64, b: f64, f: Ratio) -> (f64, f64) {
    if f.minus_one > 0.0 {
        return beta_log_density(b, a, f.inverse());
    }
    let n = a + b;
    let x_mean = a / n;
    let y_mean = b / n;
    let mixed = x_mean * f.value + y_mean;
    let x_deviation = y_mean * f.minus_one / mixed;
    let y_deviation = -x_mean * f.minus_one / mixed;
    let deviance = if x_deviation > -0.5 {
        a * log1pmx(x_deviation) + b * log1pmx(y_deviation)
    } else {
        let ratio = f.value / mixed;
        let ln_ratio = if ratio > f64::MIN_POSITIVE {
            ratio.ln()
        } else {
            f.ln - mixed.ln()
        };
        a * ln_ratio + b * y_deviation.ln_1p()
    };
    let factor = (a * y_mean / std::f64::consts::TAU).sqrt();
    let exponent = deviance + stirling_error(n) - stirling_error(a) - stirling_error(b);
    (factor, exponent)
}

/// The tails of the beta distribution with shapes `a` and `b` at `x / (1 - x) = f·a/b`; `f` is
/// the ratio that has the F distribution with `2a` and `2b` degrees of freedom.
///
/// Below the mean, with `t = x e^{-u}` and the odds `o = x / (1 - x)`:
/// `I = x^a (1-x)^b / B(a, b) · 1/(1-x) · ∫ exp(-a u + (b - 1) ln(1 + o (1 - e^{-u}))) du`. Above
/// it, the same with `a` and `b` exchanged.
pub(super) fn beta_tails(a: f64, b: f64, f: Ratio) -> Tails {
    if f.minus_one > 0.0 {
        return beta_tails(b, a, f.inverse()).mirrored();
    }
    let (density_factor, exponent) = beta_log_density(a, b, f);
    let odds = f.value * a / b;
    let integral = if b < 1.0 {
        decaying_integral(1.0 / a, |u| {
            (b - 1.0) * (odds * -(-u).exp_m1()).ln_1p() - a * u
        })
    } else {
        // As above: the slope at 0 taken out, no term is positive.
        let slope = odds - a * f.minus_one;
        let curvature = (b - 1.0) * odds;
        let scale = 1.0 / (slope + (curvature * (1.0 + odds)).sqrt());
        decaying_integral(scale, |u| {
            let bend = expm1mx(-u);
            (b - 1.0) * log1pmx(odds * (u - bend)) - curvature * bend - slope * u
        })
    };
    let factor = density_factor * integral * (1.0 + odds);
    Tails {
        side: Side::Lower,
        factor,
        exponent,
        density_factor,
    }
}
