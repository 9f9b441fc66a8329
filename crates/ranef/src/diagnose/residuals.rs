//! Residuals of every kind, side by side.

use std::fmt;

use ranef_frame::Source;
use serde::Serialize;

use super::decorrelate::decorrelated;
use super::simulated::Simulate;
use crate::table::{Answer, Style, Table};
use crate::{Error, Fit};

/// Fitted values and residuals of the rows that were used, column by column, in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct Residuals {
    /// Where each row stands in the data, from 1.
    pub row: Vec<usize>,
    /// The response.
    pub observed: Vec<f64>,
    /// Its expected value in its own group.
    pub fitted: Vec<f64>,
    /// Its expected value in the population: random effects at zero.
    pub population: Vec<f64>,
    /// Observed less fitted, in the units of the response (conditional residual).
    pub raw: Vec<f64>,
    /// √w(y − ŷ)/σ: in units of the residual standard deviation of the row.
    pub pearson: Vec<f64>,
    /// Pearson's over √(1 − h), its standard deviation at given variances: all rows alike.
    pub studentised: Vec<f64>,
    /// Observed less population, in the units of the response: the group's deviation included.
    pub marginal: Vec<f64>,
    /// Marginal residuals made independent with variance 1: L⁻¹(y − Xβ̂), LL' = V, in the order of
    /// the rows. `None` where groups tie together more rows than can be unravelled.
    pub decorrelated: Vec<Option<f64>>,
    /// In a generalised model: signed roots of the unit deviances.
    pub deviance: Option<Vec<f64>>,
    /// In a generalised model: residuals on the scale of the link, r = ℓ'/W.
    pub working: Option<Vec<f64>>,
    /// Leverage h = ∂ŷ/∂y at given variances.
    pub leverage: Vec<f64>,
    /// Simulated (quantile) residual between 0 and 1, if they were asked for.
    pub simulated: Option<Vec<f64>>,
}

impl Fit {
    /// Residuals raw, Pearson's, studentised, marginal and decorrelated, with leverages, and
    /// simulated ones if asked for: one pass over the rows, which stay in memory.
    ///
    /// # Errors
    /// `needs_rows` for a loaded fit without rows, `other_rows` where these are others.
    pub fn residual_table(
        &self,
        source: &dyn Source,
        simulate: Option<Simulate>,
    ) -> Result<Residuals, Error> {
        let (mut rows, leverage) = self.rows_and_leverages(source)?;
        let simulated = match simulate {
            None => None,
            Some(how) => Some(self.simulated_of(&rows, &leverage, how)?.residuals),
        };
        let every = 0..rows.n;
        let pearson: Vec<f64> = every
            .clone()
            .map(|i| rows.pearson(i, self.sigma()))
            .collect();
        if let Some(response) = rows.response.take() {
            return Ok(Residuals {
                row: rows.number.iter().map(|r| r + 1).collect(),
                raw: differences(&response.observed, &response.fitted),
                studentised: studentised(&pearson, &leverage),
                marginal: differences(&response.observed, &response.population),
                decorrelated: vec![None; rows.n],
                pearson,
                deviance: Some(response.deviance),
                working: Some(every.map(|i| rows.residual(i)).collect()),
                leverage,
                observed: response.observed,
                fitted: response.fitted,
                population: response.population,
                simulated,
            });
        }
        Ok(Residuals {
            deviance: None,
            working: None,
            row: rows.number.iter().map(|r| r + 1).collect(),
            raw: every.clone().map(|i| rows.residual(i)).collect(),
            studentised: studentised(&pearson, &leverage),
            marginal: every
                .map(|i| rows.observed[i] - rows.population[i])
                .collect(),
            decorrelated: decorrelated(self, &rows),
            pearson,
            leverage,
            observed: rows.observed,
            fitted: rows.fitted,
            population: rows.population,
            simulated,
        })
    }
}

fn differences(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// r/√(1 − h); where a row determines its own fitted value its residual is zero and stays it.
pub(super) fn studentised(pearson: &[f64], leverage: &[f64]) -> Vec<f64> {
    let one = |(r, h): (&f64, &f64)| {
        let free = 1.0 - h;
        if free > 1e-9 { r / free.sqrt() } else { 0.0 }
    };
    pearson.iter().zip(leverage).map(one).collect()
}

impl Answer for Residuals {
    fn table(&self) -> Table {
        let all = |values: &[f64]| values.to_vec();
        let table = Table::new()
            .numbers("row", Style::Count, self.row.iter().map(|&r| r as f64))
            .numbers("observed", Style::Estimate, all(&self.observed))
            .numbers("fitted", Style::Estimate, all(&self.fitted))
            .numbers("population", Style::Estimate, all(&self.population))
            .numbers("raw", Style::Estimate, all(&self.raw))
            .numbers("pearson", Style::Share, all(&self.pearson))
            .numbers("studentised", Style::Share, all(&self.studentised))
            .numbers("marginal", Style::Estimate, all(&self.marginal));
        let table = match (&self.deviance, &self.working) {
            (Some(deviance), Some(working)) => table
                .numbers("deviance", Style::Share, all(deviance))
                .numbers("working", Style::Share, all(working)),
            _ => table.numbers("decorrelated", Style::Share, self.decorrelated.clone()),
        };
        let table = table.numbers("leverage", Style::Share, all(&self.leverage));
        match &self.simulated {
            None => table,
            Some(values) => table.numbers("simulated", Style::Share, all(values)),
        }
    }
}

/// As `{"rows": [...]}`, one object a row.
impl Serialize for Residuals {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("rows", &self.table())?;
        map.end()
    }
}

impl fmt::Display for Residuals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Residuals of the {} rows used:", self.row.len())?;
        write!(f, "{}", self.table())?;
        writeln!(f)?;
        if self.deviance.is_some() {
            return crate::format::write_text(
                f,
                "observed and fitted: shares of the trials, or numbers; fitted: in its own group; \
                 population: in an average group. raw = observed − fitted; pearson: raw in units of \
                 its standard deviation; studentised: the same, leverage taken into account; \
                 marginal = observed − population; deviance: signed root of the row's deviance; \
                 working: on the scale of the link.",
            );
        }
        crate::format::write_text(
            f,
            "fitted: in its own group; population: in an average group. raw = observed − fitted; \
             pearson: raw in units of its standard deviation; studentised: the same, leverage \
             taken into account; marginal = observed − population; decorrelated: marginal, made \
             independent with variance 1.",
        )
    }
}
