//! Is the residual variance the same everywhere?

use std::fmt;

use ranef_engine::distributions::{ChiSquared, FisherF};
use ranef_frame::Source;
use serde::Serialize;

use super::influence::form_of_inverse;
use super::model_rows::ModelRows;
use super::residuals::studentised;
use crate::table::{Answer, Style, Table};
use crate::{Error, Fit};

/// Tests of equal residual variance along the fitted values, the predictors and the groups.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The tests.
    pub tests: Vec<SpreadTest>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpreadTest {
    /// `fitted`, `predictor` or `group`.
    pub along: String,
    /// The fitted values, the term, or the grouping factor.
    pub of: String,
    /// `breusch_pagan` (studentised, Koenker 1981, J. Econometrics 17:107) or `brown_forsythe`
    /// (1974, JASA 69:364: analysis of variance of the distances from the groups' medians).
    pub test: String,
    /// nR² or F.
    pub statistic: Option<f64>,
    /// Degrees of freedom, of the numerator.
    pub df: f64,
    /// Of the denominator of F.
    pub df_residual: Option<f64>,
    /// The p-value.
    pub p_value: Option<f64>,
    /// How much the residual standard deviation differs: for `breusch_pagan` that where it is large
    /// over that where it is small (90th and 10th percentile of the variance expected by the
    /// regression).
    pub sd_ratio: Option<f64>,
    /// For `brown_forsythe` the share ω² of the distances that the groups explain beyond chance.
    pub omega_squared: Option<f64>,
}

impl Fit {
    /// Breusch and Pagan's tests of the squared studentised residuals along the fitted values and
    /// each term, and Brown and Forsythe's between groups.
    pub fn spread(&self, source: &dyn Source) -> Result<Spread, Error> {
        self.only_linear()?;
        let (rows, leverages) = self.rows_and_leverages(source)?;
        Ok(self.spread_of(&rows, &leverages))
    }

    pub(super) fn spread_of(&self, rows: &ModelRows, leverages: &[f64]) -> Spread {
        let pearson: Vec<f64> = (0..rows.n).map(|i| rows.pearson(i, self.sigma())).collect();
        let residuals = studentised(&pearson, leverages);
        let squares: Vec<f64> = residuals.iter().map(|r| r * r).collect();
        let mut tests = vec![breusch_pagan(
            "fitted",
            "fitted values",
            &squares,
            &[&rows.fitted],
        )];
        let kept = self.recipe().fixed_kept();
        for term in self.recipe().fixed_terms() {
            let columns: Vec<Vec<f64>> = (kept.iter().enumerate())
                .filter(|(_, column)| term.columns.contains(column))
                .map(|(at, _)| (0..rows.n).map(|i| rows.x(i)[at]).collect())
                .collect();
            let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
            if !columns.is_empty() {
                tests.push(breusch_pagan("predictor", &term.label, &squares, &columns));
            }
        }
        for (factor, shape) in self.recipe().factors().iter().enumerate() {
            let members = rows.by_level(factor, shape.levels);
            tests.push(brown_forsythe(&shape.name, &residuals, &members));
        }
        Spread { tests }
    }
}

/// nR² of the regression of squares on columns.
fn breusch_pagan(along: &str, of: &str, squares: &[f64], columns: &[&[f64]]) -> SpreadTest {
    let (n, k) = (squares.len() as f64, columns.len());
    let mean = |x: &[f64]| x.iter().sum::<f64>() / n;
    let centre = mean(squares);
    let means: Vec<f64> = columns.iter().map(|c| mean(c)).collect();
    let cross = |a: &[f64], ma: f64, b: &[f64], mb: f64| -> f64 {
        a.iter()
            .zip(b)
            .map(|(x, y)| (x - ma) * (y - mb))
            .sum::<f64>()
            / n
    };
    let covariance: Vec<f64> = (0..k * k)
        .map(|at| {
            cross(
                columns[at / k],
                means[at / k],
                columns[at % k],
                means[at % k],
            )
        })
        .collect();
    let with: Vec<f64> = (0..k)
        .map(|j| cross(columns[j], means[j], squares, centre))
        .collect();
    let total = cross(squares, centre, squares, centre);
    let explained = form_of_inverse(&covariance, &with).filter(|_| total > 0.0);
    let statistic = explained.map(|e| n * (e / total).clamp(0.0, 1.0));
    let sd_ratio = explained.and_then(|_| {
        let slopes = solve(&covariance, &with)?;
        let mut expected: Vec<f64> = (0..squares.len())
            .map(|i| {
                let moved: f64 = (0..k).map(|j| slopes[j] * (columns[j][i] - means[j])).sum();
                // A straight line may cross zero, where no variance can be.
                (centre + moved).max(0.05 * centre)
            })
            .collect();
        expected.sort_by(f64::total_cmp);
        let at = |share: f64| expected[(share * (expected.len() - 1) as f64) as usize];
        Some((at(0.9) / at(0.1)).sqrt())
    });
    SpreadTest {
        along: along.to_owned(),
        of: of.to_owned(),
        test: "breusch_pagan".to_owned(),
        statistic,
        df: k as f64,
        df_residual: None,
        p_value: statistic.map(|x| ChiSquared::new(k as f64).upper_tail(x)),
        sd_ratio,
        omega_squared: None,
    }
}

/// A⁻¹v by the columns of A⁻¹'s quadratic forms: A is small.
fn solve(matrix: &[f64], v: &[f64]) -> Option<Vec<f64>> {
    let k = v.len();
    let form = |u: &[f64]| form_of_inverse(matrix, u);
    (0..k)
        .map(|j| {
            // e'A⁻¹v by polarisation, in units in which both have the same size.
            let unit = matrix[j * k + j].sqrt();
            let (mut plus, mut minus) = (v.to_vec(), v.to_vec());
            let size = form(v)?.sqrt().max(f64::MIN_POSITIVE) * unit;
            plus[j] += size;
            minus[j] -= size;
            Some((form(&plus)? - form(&minus)?) / (4.0 * size))
        })
        .collect()
}

fn brown_forsythe(group: &str, residuals: &[f64], members: &[Vec<usize>]) -> SpreadTest {
    let used: Vec<&Vec<usize>> = members.iter().filter(|m| !m.is_empty()).collect();
    let (n, groups) = (residuals.len() as f64, used.len() as f64);
    let mut test = SpreadTest {
        along: "group".to_owned(),
        of: group.to_owned(),
        test: "brown_forsythe".to_owned(),
        statistic: None,
        df: groups - 1.0,
        df_residual: Some(n - groups),
        p_value: None,
        sd_ratio: None,
        omega_squared: None,
    };
    // Of fewer rows a group a variance cannot be told.
    if groups < 2.0 || n < 3.0 * groups {
        return test;
    }
    let distances: Vec<Vec<f64>> = used
        .iter()
        .map(|which| {
            let mut values: Vec<f64> = which.iter().map(|&i| residuals[i]).collect();
            values.sort_by(f64::total_cmp);
            let middle = values.len() / 2;
            let median = if values.len() % 2 == 1 {
                values[middle]
            } else {
                0.5 * (values[middle - 1] + values[middle])
            };
            values.iter().map(|x| (x - median).abs()).collect()
        })
        .collect();
    let grand = distances.iter().flatten().sum::<f64>() / n;
    let (mut between, mut within) = (0.0, 0.0);
    for values in &distances {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        between += values.len() as f64 * (mean - grand).powi(2);
        within += values.iter().map(|x| (x - mean).powi(2)).sum::<f64>();
    }
    let error = within / (n - groups);
    if error > 0.0 {
        let f = between / (groups - 1.0) / error;
        test.statistic = Some(f);
        test.p_value = Some(FisherF::new(groups - 1.0, n - groups).upper_tail(f));
        let beyond = between - (groups - 1.0) * error;
        test.omega_squared = Some((beyond / (between + within + error)).max(0.0));
    }
    test
}

impl Answer for Spread {
    fn table(&self) -> Table {
        let rows = &self.tests;
        let test = |name: &str| match name {
            "breusch_pagan" => "Breusch-Pagan".to_owned(),
            _ => "Brown-Forsythe".to_owned(),
        };
        Table::new()
            .text("along", rows.iter().map(|r| r.along.clone()))
            .titled("Along")
            .text("of", rows.iter().map(|r| r.of.clone()))
            .titled("")
            .text("test", rows.iter().map(|r| test(&r.test)))
            .titled("Test")
            .numbers(
                "statistic",
                Style::Statistic,
                rows.iter().map(|r| r.statistic),
            )
            .titled("Statistic")
            .numbers("df", Style::Df, rows.iter().map(|r| r.df))
            .numbers("df_residual", Style::Df, rows.iter().map(|r| r.df_residual))
            .titled("residual df")
            .numbers("p_value", Style::PValue, rows.iter().map(|r| r.p_value))
            .numbers(
                "sd_ratio",
                Style::Statistic,
                rows.iter().map(|r| r.sd_ratio),
            )
            .titled("SD ratio")
            .numbers(
                "omega_squared",
                Style::Share,
                rows.iter().map(|r| r.omega_squared),
            )
            .titled("ω²")
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Is the residual variance the same everywhere?")?;
        write!(f, "{}", self.table())
    }
}
