//! The chi-squared distribution, and mixtures of two of them.

use super::gamma::Gamma;

/// The chi-squared distribution: [`Gamma`] with shape `df / 2` and scale 2.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChiSquared {
    gamma: Gamma,
}

impl ChiSquared {
    /// The distribution with `df` degrees of freedom, positive and finite, not necessarily whole.
    pub fn new(df: f64) -> Self {
        ChiSquared {
            gamma: Gamma::new(0.5 * df, 2.0),
        }
    }

    /// The density.
    pub fn density(self, x: f64) -> f64 {
        self.gamma.density(x)
    }

    /// The logarithm of the density.
    pub fn ln_density(self, x: f64) -> f64 {
        self.gamma.ln_density(x)
    }

    /// The probability of a value up to `x`.
    pub fn cdf(self, x: f64) -> f64 {
        self.gamma.cdf(x)
    }

    /// The probability of a value above `x`: the p value of a likelihood-ratio test.
    pub fn upper_tail(self, x: f64) -> f64 {
        self.gamma.upper_tail(x)
    }

    /// The logarithm of [`ChiSquared::cdf`], also where that underflows.
    pub fn ln_cdf(self, x: f64) -> f64 {
        self.gamma.ln_cdf(x)
    }

    /// The logarithm of [`ChiSquared::upper_tail`], also where that underflows.
    pub fn ln_upper_tail(self, x: f64) -> f64 {
        self.gamma.ln_upper_tail(x)
    }

    /// The value with probability `p` below it.
    pub fn quantile(self, p: f64) -> f64 {
        self.gamma.quantile(p)
    }

    /// The value with probability `q` above it: the form for `q` too small for `1 - q`.
    pub fn upper_quantile(self, q: f64) -> f64 {
        self.gamma.upper_quantile(q)
    }
}

/// The upper tail of the equal mixture of chi-squared with `df` and with `df + 1` degrees of
/// freedom.
///
/// It is the distribution of the likelihood ratio when one variance and its `df` covariances are
/// tested at the boundary (Self and Liang 1987, case 6; Stram and Lee 1994, case 3). With `df = 0`
/// one half of it is a point mass at 0.
pub fn chi_bar_squared(x: f64, df: f64) -> f64 {
    let below = if df != 0.0 {
        ChiSquared::new(df).upper_tail(x)
    } else if x > 0.0 {
        0.0
    } else {
        1.0
    };
    0.5 * below + 0.5 * ChiSquared::new(df + 1.0).upper_tail(x)
}
