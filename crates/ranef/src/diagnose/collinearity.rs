//! Do predictors repeat each other?

use std::fmt;

use ranef_engine::optimize::symmetric_eigen;
use ranef_frame::Source;
use serde::Serialize;

use super::model_rows::ModelRows;
use crate::table::{Answer, Style, Table};
use crate::{Error, Fit};

/// Variance inflation of the fixed effects, for the model and at each level.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Collinearity {
    /// One entry a term and level.
    pub inflation: Vec<Inflation>,
    /// Ratio of the largest to the smallest singular value of X with columns of length 1, the
    /// constant included (Belsley, Kuh and Welsch 1980); `None` where columns determine each other.
    pub condition_number: Option<f64>,
}

/// The variance inflation of one term.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inflation {
    /// `model`, `within Subject`, `between Subject`.
    pub level: String,
    /// The term of the fixed effects.
    pub term: String,
    /// Its columns.
    pub df: usize,
    /// Whether another term is made of the same data, as in products and powers: its VIF then
    /// depends on where the predictors have their zero.
    pub shares_data: bool,
    /// Generalised variance inflation |R₁₁||R₂₂|/|R| (Fox and Monette 1992, JASA 87:178); the usual
    /// VIF for one column. For the model R is the correlation of the estimates, else that of the
    /// columns. `None` where other columns determine these.
    pub vif: Option<f64>,
    /// VIF^(1/(2 df)): the factor by which standard errors are wider than without the others.
    pub std_error_factor: Option<f64>,
}

impl Fit {
    /// Variance inflation from the covariance of the fixed effects, and from the columns within and
    /// between the levels of each grouping factor, whose rows are read again.
    pub fn collinearity(&self, source: &dyn Source) -> Result<Collinearity, Error> {
        Ok(self.collinearity_of(&self.model_rows(source)?))
    }

    pub(super) fn collinearity_of(&self, rows: &ModelRows) -> Collinearity {
        let p = self.fixef().len();
        let terms = self.columns_of_terms();
        let sharing = self.terms_that_share_data();
        let mut inflation = Vec::new();
        let mut add = |level: String, matrix: &[f64], skip: &[bool]| {
            let groups: Vec<(String, Vec<usize>)> = (terms.iter())
                .map(|(name, columns)| {
                    let used = columns.iter().copied().filter(|&j| !skip[j]).collect();
                    (name.clone(), used)
                })
                .filter(|(_, columns): &(String, Vec<usize>)| !columns.is_empty())
                .collect();
            if groups.len() < 2 {
                return;
            }
            for (at, (term, columns)) in groups.iter().enumerate() {
                let others: Vec<usize> = (groups.iter().enumerate())
                    .filter(|(other, _)| *other != at)
                    .flat_map(|(_, (_, columns))| columns.iter().copied())
                    .collect();
                let vif = generalised(matrix, p, columns, &others);
                inflation.push(Inflation {
                    level: level.clone(),
                    term: term.clone(),
                    df: columns.len(),
                    shares_data: sharing.contains(term),
                    vif,
                    std_error_factor: vif.map(|v| v.powf(0.5 / columns.len() as f64)),
                });
            }
        };
        add("model".to_owned(), self.vcov(), &vec![false; p]);
        let total = &self.moments().fixed_cov;
        for (factor, shape) in self.recipe().factors().iter().enumerate() {
            if rows.widths()[factor] == 0 {
                continue;
            }
            let (within, between) = levels(rows, factor, shape.levels, p);
            let constant = |matrix: &[f64]| -> Vec<bool> {
                (0..p)
                    .map(|j| {
                        matrix[j * p + j] <= 1e-10 * total[j * p + j] || total[j * p + j] <= 0.0
                    })
                    .collect()
            };
            add(
                format!("within {}", shape.name),
                &within,
                &constant(&within),
            );
            add(
                format!("between {}", shape.name),
                &between,
                &constant(&between),
            );
        }
        Collinearity {
            inflation,
            condition_number: self.condition_number(),
        }
    }

    /// The terms of the fixed effects with their columns among [`Fit::fixef`]; the intercept is none.
    fn columns_of_terms(&self) -> Vec<(String, Vec<usize>)> {
        let kept = self.recipe().fixed_kept();
        (self.recipe().fixed_terms().iter())
            .map(|term| {
                let columns = (kept.iter().enumerate())
                    .filter(|(_, column)| term.columns.contains(column))
                    .map(|(at, _)| at)
                    .collect();
                (term.label.clone(), columns)
            })
            .collect()
    }

    /// The terms that have a column of the data in common with another.
    fn terms_that_share_data(&self) -> Vec<String> {
        let variables = self.recipe().variables();
        let terms: Vec<(&str, Vec<&str>)> = (self.recipe().fixed_terms().iter())
            .map(|term| {
                let columns = (term.variables.iter())
                    .flat_map(|(variable, _)| &variables[*variable].columns)
                    .map(String::as_str)
                    .collect();
                (term.label.as_str(), columns)
            })
            .collect();
        let shared = |(at, (_, columns)): &(usize, &(&str, Vec<&str>))| {
            (terms.iter().enumerate()).any(|(other, (_, theirs))| {
                other != *at && columns.iter().any(|c| theirs.contains(c))
            })
        };
        (terms.iter().enumerate())
            .filter(shared)
            .map(|(_, (label, _))| (*label).to_owned())
            .collect()
    }

    fn condition_number(&self) -> Option<f64> {
        let p = self.fixef().len();
        let (mean, cov) = (&self.moments().fixed_mean, &self.moments().fixed_cov);
        let share = 1.0 - 1.0 / self.nobs() as f64;
        let product = |i: usize, j: usize| share * cov[i * p + j] + mean[i] * mean[j];
        let scaled: Vec<f64> = (0..p * p)
            .map(|at| {
                let (i, j) = (at / p, at % p);
                product(i, j) / (product(i, i) * product(j, j)).sqrt()
            })
            .collect();
        let (values, _) = symmetric_eigen(&scaled, p)?;
        let (least, most) = (values.first()?, values.last()?);
        (*least > 1e-14 * most).then(|| (most / least).sqrt())
    }
}

/// Covariances of the columns of rows, k × k.
fn covariance(rows: &[Vec<f64>], k: usize) -> Vec<f64> {
    let n = rows.len().max(1) as f64;
    let mut mean = vec![0.0; k];
    for row in rows {
        mean.iter_mut().zip(row).for_each(|(m, x)| *m += x / n);
    }
    let mut out = vec![0.0; k * k];
    for row in rows {
        for i in 0..k {
            for j in 0..k {
                out[i * k + j] += (row[i] - mean[i]) * (row[j] - mean[j]) / n;
            }
        }
    }
    out
}

/// Covariances of the fixed-effects columns within levels, and of their means between levels.
fn levels(rows: &ModelRows, factor: usize, levels: usize, p: usize) -> (Vec<f64>, Vec<f64>) {
    let members = rows.by_level(factor, levels);
    let mut means = Vec::with_capacity(levels);
    let mut within = vec![0.0; p * p];
    for which in members.iter().filter(|which| !which.is_empty()) {
        let mut mean = vec![0.0; p];
        for &row in which {
            let share = 1.0 / which.len() as f64;
            mean.iter_mut()
                .zip(rows.x(row))
                .for_each(|(m, x)| *m += share * x);
        }
        for &row in which {
            let x = rows.x(row);
            for i in 0..p {
                for j in 0..p {
                    within[i * p + j] += (x[i] - mean[i]) * (x[j] - mean[j]) / rows.n as f64;
                }
            }
        }
        means.push(mean);
    }
    (within, covariance(&means, p))
}

/// |R₁₁||R₂₂|/|R| of the correlations behind a covariance matrix.
fn generalised(matrix: &[f64], p: usize, one: &[usize], others: &[usize]) -> Option<f64> {
    let ln_det = |which: &[usize]| -> Option<f64> {
        let k = which.len();
        let r: Vec<f64> = (0..k * k)
            .map(|at| {
                let (i, j) = (which[at / k], which[at % k]);
                matrix[i * p + j] / (matrix[i * p + i] * matrix[j * p + j]).sqrt()
            })
            .collect();
        let (values, _) = symmetric_eigen(&r, k)?;
        (values.iter().all(|v| *v > 1e-12)).then(|| values.iter().map(|v| v.ln()).sum())
    };
    let all: Vec<usize> = one.iter().chain(others).copied().collect();
    let vif = (ln_det(one)? + ln_det(others)? - ln_det(&all)?).exp();
    Some(vif.max(1.0))
}

impl Answer for Collinearity {
    fn table(&self) -> Table {
        let rows = &self.inflation;
        Table::new()
            .text("level", rows.iter().map(|r| r.level.clone()))
            .titled("Where")
            .text("term", rows.iter().map(|r| r.term.clone()))
            .numbers("df", Style::Count, rows.iter().map(|r| r.df as f64))
            .numbers("vif", Style::Statistic, rows.iter().map(|r| r.vif))
            .titled("VIF")
            .numbers(
                "std_error_factor",
                Style::Statistic,
                rows.iter().map(|r| r.std_error_factor),
            )
            .titled("SE wider by")
    }
}

impl fmt::Display for Collinearity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.inflation.is_empty() {
            return writeln!(
                f,
                "There are not two predictors that could repeat each other."
            );
        }
        writeln!(f, "Variance inflation of the fixed effects:")?;
        write!(f, "{}", self.table())?;
        match self.condition_number {
            Some(number) => writeln!(f, "\nCondition number of X: {number:.1}."),
            None => Ok(()),
        }
    }
}
