//! Combinations of fixed effects: what a mean, a difference or a slope comes to.

use ranef_engine::distributions::{Normal, StudentT};

use crate::Fit;

/// l'β with its standard error and degrees of freedom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Linear {
    pub estimate: f64,
    pub std_error: f64,
    /// `None` for z.
    pub df: Option<f64>,
}

impl Fit {
    /// The combination l'β of the coefficients in [`Fit::fixef`].
    pub(crate) fn linear(&self, l: &[f64]) -> Linear {
        let estimate = l.iter().zip(self.fixef()).map(|(l, b)| l * b).sum();
        let variance = quadratic(l, self.tested_vcov(self.df_method()).unwrap_or(self.vcov()));
        Linear {
            estimate,
            std_error: variance.max(0.0).sqrt(),
            // A combination without variance, such as l = 0, has no t.
            df: if variance > 0.0 {
                self.contrast_df(l)
            } else {
                None
            },
        }
    }
}

impl Linear {
    /// Lower and upper end of the interval that holds with the given probability.
    pub fn interval(&self, level: f64) -> (f64, f64) {
        let half = quantile(level, self.df) * self.std_error;
        (self.estimate - half, self.estimate + half)
    }

    /// t or z; `None` where there is no error.
    pub fn statistic(&self) -> Option<f64> {
        (self.std_error > 0.0).then(|| self.estimate / self.std_error)
    }

    /// Two-sided p-value.
    pub fn p_value(&self) -> Option<f64> {
        let statistic = self.statistic()?;
        Some(match self.df {
            Some(df) => StudentT::new(df).two_sided_p(statistic),
            None => Normal::STANDARD.two_sided_p(statistic),
        })
    }
}

/// The quantile that a two-sided interval of a level takes: Student's, or normal without degrees
/// of freedom.
pub(crate) fn quantile(level: f64, df: Option<f64>) -> f64 {
    let tail = 0.5 * (1.0 - level);
    match df {
        Some(df) => StudentT::new(df).upper_quantile(tail),
        None => Normal::STANDARD.upper_quantile(tail),
    }
}

/// x'Ax for a matrix by rows.
pub(crate) fn quadratic(x: &[f64], a: &[f64]) -> f64 {
    let p = x.len();
    (0..p)
        .map(|i| x[i] * (0..p).map(|j| a[i * p + j] * x[j]).sum::<f64>())
        .sum()
}
