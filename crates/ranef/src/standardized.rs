//! Coefficients in standard deviations: of their column of the model matrix and, in gaussian models,
//! of the response.
//!
//! β·sd(x)/sd(y), from the fit as it is (the method `basic` of `effectsize::standardize_parameters`;
//! Snijders and Bosker 2012, section 5.1). Both standard deviations are those of all rows, divisor
//! n − 1; a dummy variable is a column like any other, and so is a product. Degrees of freedom and
//! tests are those of β. The intercept has none. In generalised models the response has no scale of
//! its own: β·sd(x), on the scale of the link.

use std::fmt;

use serde::Serialize;

use crate::format::write_text;
use crate::{Answer, Fit, Style, Table};

/// The fixed effects in standard deviations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standardized {
    /// Standard deviation of the response that they are divided by; `None` in generalised models.
    pub response_sd: Option<f64>,
    /// The probability that an interval holds its coefficient.
    pub level: f64,
    /// One a fixed effect but the intercept.
    pub rows: Vec<StandardizedCoefficient>,
}

/// One fixed effect in standard deviations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StandardizedCoefficient {
    /// The coefficient.
    pub term: String,
    /// Standard deviation of its column; `None` where the data cannot give the coefficient.
    pub sd: Option<f64>,
    /// β·sd(x)/sd(y), or β·sd(x) in generalised models.
    pub estimate: Option<f64>,
    /// Its standard error, the standard deviations counting as known.
    pub std_error: Option<f64>,
    /// Lower end of the Wald interval.
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
}

impl Fit {
    /// The fixed effects in standard deviations, with Wald intervals.
    pub fn standardized(&self, level: f64) -> Standardized {
        let moments = self.moments();
        let p = self.fixef().len();
        let kept = self.recipe().fixed_kept();
        let gaussian = self.family().is_gaussian();
        let response_sd = gaussian
            .then(|| moments.response_variance.sqrt())
            .filter(|sd| *sd > 0.0);
        let rows = self.coefficients().into_iter().enumerate();
        let rows = rows
            .filter(|(_, c)| c.term != "(Intercept)")
            .map(|(column, c)| {
                let at = kept.iter().position(|&k| k == column);
                let sd = at.map(|at| moments.fixed_cov[at * p + at].max(0.0).sqrt());
                let times = sd.map(|sd| sd / response_sd.unwrap_or(1.0));
                let scaled = |x: Option<f64>| x.zip(times).map(|(x, times)| x * times);
                let ends = c.wald_interval(level);
                StandardizedCoefficient {
                    sd,
                    estimate: scaled(c.estimate),
                    std_error: scaled(c.std_error),
                    lower: scaled(ends.map(|e| e[0])),
                    upper: scaled(ends.map(|e| e[1])),
                    term: c.term,
                }
            })
            .collect();
        Standardized {
            response_sd,
            level,
            rows,
        }
    }
}

impl Answer for Standardized {
    fn table(&self) -> Table {
        let rows = &self.rows;
        Table::new()
            .text("term", rows.iter().map(|r| r.term.clone()))
            .numbers("sd", Style::Digits, rows.iter().map(|r| r.sd))
            .numbers("estimate", Style::Estimate, rows.iter().map(|r| r.estimate))
            .numbers(
                "std_error",
                Style::Estimate,
                rows.iter().map(|r| r.std_error),
            )
            .numbers("lower", Style::Estimate, rows.iter().map(|r| r.lower))
            .numbers("upper", Style::Estimate, rows.iter().map(|r| r.upper))
    }
}

impl fmt::Display for Standardized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Standardised coefficients\n\n{}", self.table())?;
        match self.response_sd {
            Some(sd) => write_text(
                f,
                &format!(
                    "Standard deviations of the response (one is {sd:.4}) per standard deviation of the column."
                ),
            ),
            None => write_text(
                f,
                "On the scale of the link, per standard deviation of the column.",
            ),
        }
    }
}
