//! Links: what the linear predictor is of the mean.

use std::f64::consts::PI;
use std::fmt;
use std::str::FromStr;

use super::Derivatives;
use crate::distributions::Normal;

/// How the mean follows from the linear predictor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Link {
    /// μ = η.
    Identity,
    /// μ = exp η.
    Log,
    /// μ = 1/(1 + exp −η).
    Logit,
    /// μ = Φ(η).
    Probit,
    /// μ = 1 − exp(−exp η).
    Cloglog,
    /// μ = ½ + arctan(η)/π.
    Cauchit,
    /// μ = 1/η.
    Inverse,
    /// μ = η².
    Sqrt,
    /// μ = 1/√η.
    InverseSquare,
}

/// The mean and its derivatives in η.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LinkValue {
    /// μ.
    pub mean: f64,
    /// dμ/dη.
    pub first: f64,
    /// d²μ/dη².
    pub second: f64,
    /// d³μ/dη³.
    pub third: f64,
}

impl LinkValue {
    fn new(mean: f64, first: f64, second: f64, third: f64) -> Self {
        Self {
            mean,
            first,
            second,
            third,
        }
    }

    pub(super) fn derivatives(self) -> Derivatives {
        Derivatives::new(self.mean, self.first, self.second, self.third)
    }
}

impl Link {
    /// All of them.
    pub const ALL: [Link; 9] = [
        Link::Identity,
        Link::Log,
        Link::Logit,
        Link::Probit,
        Link::Cloglog,
        Link::Cauchit,
        Link::Inverse,
        Link::Sqrt,
        Link::InverseSquare,
    ];

    /// The name, as R spells it.
    pub fn name(self) -> &'static str {
        match self {
            Link::Identity => "identity",
            Link::Log => "log",
            Link::Logit => "logit",
            Link::Probit => "probit",
            Link::Cloglog => "cloglog",
            Link::Cauchit => "cauchit",
            Link::Inverse => "inverse",
            Link::Sqrt => "sqrt",
            Link::InverseSquare => "1/mu^2",
        }
    }

    /// The mean at a linear predictor, with derivatives. NaN where there is no mean (below zero for
    /// [`Link::InverseSquare`]); whether a family has such a mean is the family's to say.
    pub fn value(self, eta: f64) -> LinkValue {
        match self {
            Link::Identity => LinkValue::new(eta, 1.0, 0.0, 0.0),
            Link::Log => {
                let mean = eta.exp();
                LinkValue::new(mean, mean, mean, mean)
            }
            Link::Logit => {
                let e = (-eta.abs()).exp();
                let (large, small) = (1.0 / (1.0 + e), e / (1.0 + e));
                let (p, q) = if eta > 0.0 {
                    (large, small)
                } else {
                    (small, large)
                };
                let pq = p * q;
                LinkValue::new(p, pq, pq * (q - p), pq * (1.0 - 6.0 * pq))
            }
            Link::Probit => {
                let density = Normal::STANDARD.density(eta);
                LinkValue::new(
                    Normal::STANDARD.cdf(eta),
                    density,
                    -eta * density,
                    (eta * eta - 1.0) * density,
                )
            }
            Link::Cloglog => {
                let t = eta.exp();
                let survival = (-t).exp();
                if survival == 0.0 {
                    return LinkValue::new(1.0, 0.0, 0.0, 0.0);
                }
                let first = t * survival;
                LinkValue::new(
                    -(-t).exp_m1(),
                    first,
                    first * (1.0 - t),
                    first * (1.0 - 3.0 * t + t * t),
                )
            }
            Link::Cauchit => {
                let scale = 1.0 / (1.0 + eta * eta);
                let first = scale / PI;
                LinkValue::new(
                    1f64.atan2(-eta) / PI,
                    first,
                    -2.0 * eta * scale * first,
                    (6.0 - 8.0 * scale) * scale * first,
                )
            }
            Link::Inverse => {
                let mean = 1.0 / eta;
                let square = mean * mean;
                LinkValue::new(mean, -square, 2.0 * square * mean, -6.0 * square * square)
            }
            Link::Sqrt => LinkValue::new(eta * eta, 2.0 * eta, 2.0, 0.0),
            Link::InverseSquare => {
                let mean = 1.0 / eta.sqrt();
                let first = -0.5 * mean / eta;
                let second = -1.5 * first / eta;
                LinkValue::new(mean, first, second, -2.5 * second / eta)
            }
        }
    }

    /// The linear predictor of a mean: infinite or NaN at or beyond the ends of its range.
    pub fn of(self, mean: f64) -> f64 {
        match self {
            Link::Identity => mean,
            Link::Log => mean.ln(),
            Link::Logit => mean.ln() - (-mean).ln_1p(),
            Link::Probit => Normal::STANDARD.quantile(mean),
            Link::Cloglog => (-(-mean).ln_1p()).ln(),
            Link::Cauchit => {
                // The cotangent is right for small means, where tan(π(μ − ½)) is not.
                if mean == 0.5 {
                    0.0
                } else if mean < 0.5 {
                    -1.0 / (PI * mean).tan()
                } else {
                    1.0 / (PI * (1.0 - mean)).tan()
                }
            }
            Link::Inverse => 1.0 / mean,
            Link::Sqrt => mean.sqrt(),
            Link::InverseSquare => 1.0 / (mean * mean),
        }
    }

    /// The variance of the latent variable that this link cuts in two (Nakagawa, Johnson and
    /// Schielzeth 2017, table 2); `None` where there is no such variable or, as with Cauchy's, it
    /// has no variance.
    pub fn latent_variance(self) -> Option<f64> {
        match self {
            Link::Logit => Some(PI * PI / 3.0),
            Link::Probit => Some(1.0),
            Link::Cloglog => Some(PI * PI / 6.0),
            _ => None,
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Link {
    type Err = ();

    /// R's names, whatever their case; also `inverse-square`, `logistic`, `cauchy` and the
    /// like.
    fn from_str(text: &str) -> Result<Self, ()> {
        let plain = text.trim().to_ascii_lowercase().replace('_', "-");
        if let Some(link) = Link::ALL.into_iter().find(|link| link.name() == plain) {
            return Ok(link);
        }
        match plain.as_str() {
            "logistic" => Ok(Link::Logit),
            "complementary-log-log" | "comp-log-log" => Ok(Link::Cloglog),
            "cauchy" => Ok(Link::Cauchit),
            "square-root" => Ok(Link::Sqrt),
            "inverse-square" | "inverse-squared" | "1/mu2" => Ok(Link::InverseSquare),
            "reciprocal" => Ok(Link::Inverse),
            _ => Err(()),
        }
    }
}

/// A variance on the scale of the mean, carried to the scale of η: Var (dη/dμ)².
pub(super) fn delta_variance(link: Link, eta: f64, variance: f64) -> f64 {
    let slope = link.value(eta).first;
    variance / (slope * slope)
}
