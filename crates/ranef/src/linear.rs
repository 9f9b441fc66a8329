//! Combinations of fixed effects: what a mean, a difference or a slope comes to.

use std::cell::RefCell;

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

/// Quantiles of one level for many degrees of freedom, one after another. A quantile of t takes
/// 20 µs; as a function of 1/df it is so smooth that a cubic through four of a table of them has
/// eleven digits.
pub(crate) struct Quantiles {
    level: f64,
    /// At 1/df = i/[`Quantiles::NODES`]; NaN where nobody asked yet.
    nodes: RefCell<Vec<f64>>,
}

impl Quantiles {
    /// Nodes for df from 1.
    const NODES: usize = 1024;
    /// Below this the quantile is asked for itself.
    const FEWEST: f64 = 4.0;

    pub fn new(level: f64) -> Self {
        Self {
            level,
            nodes: RefCell::new(vec![f64::NAN; Self::NODES]),
        }
    }

    /// As [`quantile`].
    pub fn of(&self, df: Option<f64>) -> f64 {
        let Some(df) = df.filter(|df| *df > Self::FEWEST) else {
            return quantile(self.level, df);
        };
        let mut nodes = self.nodes.borrow_mut();
        let place = Self::NODES as f64 / df;
        let first = (place as usize).saturating_sub(1);
        let mut at = |i: usize| {
            if nodes[i].is_nan() {
                let df = Self::NODES as f64 / i as f64;
                nodes[i] = quantile(self.level, (i > 0).then_some(df));
            }
            nodes[i]
        };
        let t = place - first as f64;
        // Lagrange's cubic through 0, 1, 2, 3.
        at(first) * (t - 1.0) * (t - 2.0) * (t - 3.0) / -6.0
            + at(first + 1) * t * (t - 2.0) * (t - 3.0) / 2.0
            + at(first + 2) * t * (t - 1.0) * (t - 3.0) / -2.0
            + at(first + 3) * t * (t - 1.0) * (t - 2.0) / 6.0
    }
}

/// x'Ax for a matrix by rows.
pub(crate) fn quadratic(x: &[f64], a: &[f64]) -> f64 {
    let p = x.len();
    (0..p)
        .map(|i| x[i] * (0..p).map(|j| a[i * p + j] * x[j]).sum::<f64>())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_in_a_row_are_those_asked_for_singly() {
        for level in [0.5, 0.9, 0.95, 0.99, 0.9999] {
            let all = Quantiles::new(level);
            for step in 0..400 {
                let df = 0.7 * 1.05f64.powi(step);
                let (got, want) = (all.of(Some(df)), quantile(level, Some(df)));
                assert!(
                    (got - want).abs() < 1e-9 * want,
                    "{level} {df}: {got} {want}"
                );
            }
            assert_eq!(all.of(None), quantile(level, None));
        }
    }
}
