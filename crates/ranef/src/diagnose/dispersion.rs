//! Do counts and shares scatter more than their distribution lets them?
//!
//! Pearson's χ² = Σ(y − μ)²/Var(y) at the fitted values of the groups, over its degrees of freedom.
//! The usual ones are rows less parameters (Bolker's GLMM FAQ; R's performance): random effects count
//! as one parameter a variance, though the fitted values lean on every one of them, so that the
//! ratio is too low and overdispersion is missed. Rows less effective parameters, the sum of
//! the leverages, take that into account.

use std::fmt;

use ranef_engine::distributions::ChiSquared;
use ranef_frame::Source;
use serde::Serialize;

use super::model_rows::ModelRows;
use crate::generalised::kind::ResponseKind;
use crate::table::{Answer, Style, Table};
use crate::{Error, Fit};

/// The test of overdispersion.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Dispersion {
    /// Pearson's χ².
    pub chisq: f64,
    /// Rows less parameters.
    pub df: f64,
    /// χ² over these.
    pub ratio: f64,
    /// Probability of so large a χ², on `df`.
    pub p_value: f64,
    /// Rows less effective parameters.
    pub effective_df: f64,
    /// χ² over these: 1 is expected.
    pub effective_ratio: f64,
    /// Probability of so large a χ², on `effective_df`.
    pub effective_p_value: f64,
    /// Whether the response can be overdispersed at all: single yes/no answers and responses with a
    /// dispersion of their own cannot.
    pub informative: bool,
}

impl Fit {
    /// Pearson's test of overdispersion.
    ///
    /// # Errors
    /// `generalised_only` for a gaussian model, which estimates its dispersion; `needs_rows`,
    /// `other_rows`.
    pub fn dispersion(&self, source: &dyn Source) -> Result<Dispersion, Error> {
        let (rows, leverages) = self.rows_and_leverages(source)?;
        self.dispersion_of(&rows, &leverages)
    }

    pub(super) fn dispersion_of(
        &self,
        rows: &ModelRows,
        leverages: &[f64],
    ) -> Result<Dispersion, Error> {
        let Some(response) = &rows.response else {
            return Err(Error::new(
                "generalised_only",
                "a gaussian model estimates its residual variance: it cannot be overdispersed",
            ));
        };
        let chisq: f64 = response.pearson.iter().map(|r| r * r).sum();
        let n = rows.n as f64;
        let effective_df = (n - leverages.iter().sum::<f64>()).max(1e-9);
        let df = (self.df_residual() as f64).max(1e-9);
        let single = response.rows.iter().all(|row| row.trials <= 1.0);
        let informative = match self.family().response_kind() {
            ResponseKind::Counts => self.nuisance().is_empty(),
            ResponseKind::Trials => !single,
            _ => false,
        };
        Ok(Dispersion {
            chisq,
            df,
            ratio: chisq / df,
            p_value: ChiSquared::new(df).upper_tail(chisq),
            effective_df,
            effective_ratio: chisq / effective_df,
            effective_p_value: ChiSquared::new(effective_df).upper_tail(chisq),
            informative,
        })
    }
}

impl Answer for Dispersion {
    fn table(&self) -> Table {
        Table::new()
            .text(
                "parameters",
                ["of the model", "effective"].map(str::to_owned),
            )
            .titled("Parameters")
            .numbers("chisq", Style::Statistic, [self.chisq, self.chisq])
            .titled("Pearson χ²")
            .numbers("df", Style::Df, [self.df, self.effective_df])
            .numbers(
                "ratio",
                Style::Statistic,
                [self.ratio, self.effective_ratio],
            )
            .titled("χ²/df")
            .numbers(
                "p_value",
                Style::PValue,
                [self.p_value, self.effective_p_value],
            )
    }
}

impl fmt::Display for Dispersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Overdispersion:")?;
        write!(f, "{}", self.table())
    }
}
