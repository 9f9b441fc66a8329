//! A row for each model: how large, how well it fits, how many parameters it spends.

use std::fmt;

use serde::{Serialize, Serializer};

use super::tidy::rows_of;
use crate::{Answer, Fit, Style, Table};

/// Models in one row each, with broom.mixed's columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Glance {
    /// The models, in the order given.
    pub rows: Vec<GlanceRow>,
}

/// One model.
#[derive(Clone, Debug, PartialEq)]
pub struct GlanceRow {
    /// Its name, where there are several models.
    pub model: Option<String>,
    /// Rows used.
    pub nobs: usize,
    /// Residual standard deviation; of other families with a dispersion what glmmTMB's `sigma()` gives:
    /// k or φ of the negative binomial families, φ of beta, the coefficient of variation √φ of gamma
    /// (and √φ of the inverse Gaussian, as lme4). `None` for families without one.
    pub sigma: Option<f64>,
    /// Log-likelihood, restricted where the fit is by REML.
    pub log_likelihood: f64,
    /// Akaike's criterion.
    pub aic: f64,
    /// Schwarz' criterion.
    pub bic: f64,
    /// REML criterion, of a fit by REML.
    pub reml_criterion: Option<f64>,
    /// −2 log-likelihood, of a fit by maximum likelihood.
    pub deviance: Option<f64>,
    /// Rows less parameters.
    pub df_residual: usize,
}

impl Fit {
    /// The model in one row.
    pub fn glance(&self) -> Glance {
        let criterion = self.criterion();
        let row = GlanceRow {
            model: None,
            nobs: self.nobs(),
            sigma: self.spread_parameter(),
            log_likelihood: self.log_likelihood(),
            aic: self.aic(),
            bic: self.bic(),
            reml_criterion: self.reml().then_some(criterion),
            deviance: (!self.reml()).then_some(criterion),
            df_residual: self.df_residual(),
        };
        Glance { rows: vec![row] }
    }
}

impl Fit {
    /// σ as broom and glmmTMB have it.
    fn spread_parameter(&self) -> Option<f64> {
        use ranef_engine::glmm::family::Family;
        if self.has_sigma() {
            return Some(self.sigma());
        }
        let own = self.family_parameters();
        let named = |name: &str| own.iter().find(|p| p.name == name).map(|p| p.estimate);
        match self.family().distribution() {
            Family::Gamma | Family::InverseGaussian => named("dispersion").map(f64::sqrt),
            _ => named("dispersion").or_else(|| named("precision")),
        }
    }
}

impl Glance {
    /// Several models, one row each, with their names.
    pub fn of<'a>(models: impl IntoIterator<Item = (&'a str, &'a Fit)>) -> Self {
        let named = |(name, fit): (&str, &Fit)| {
            let mut rows = fit.glance().rows;
            rows.iter_mut()
                .for_each(|row| row.model = Some(name.to_owned()));
            rows
        };
        Self {
            rows: models.into_iter().flat_map(named).collect(),
        }
    }
}

impl Answer for Glance {
    fn table(&self) -> Table {
        let rows = &self.rows;
        let mut table = Table::new();
        if rows.iter().any(|r| r.model.is_some()) {
            table = table.text("model", rows.iter().map(|r| r.model.clone()));
        }
        table = table
            .numbers("nobs", Style::Count, rows.iter().map(|r| r.nobs as f64))
            .numbers("sigma", Style::Digits, rows.iter().map(|r| r.sigma))
            .numbers(
                "logLik",
                Style::Criterion,
                rows.iter().map(|r| r.log_likelihood),
            )
            .numbers("AIC", Style::Criterion, rows.iter().map(|r| r.aic))
            .numbers("BIC", Style::Criterion, rows.iter().map(|r| r.bic));
        if rows.iter().any(|r| r.reml_criterion.is_some()) {
            let values = rows.iter().map(|r| r.reml_criterion);
            table = table.numbers("REMLcrit", Style::Criterion, values);
        }
        if rows.iter().any(|r| r.deviance.is_some()) {
            let values = rows.iter().map(|r| r.deviance);
            table = table.numbers("deviance", Style::Criterion, values);
        }
        let df = rows.iter().map(|r| r.df_residual as f64);
        table.numbers("df.residual", Style::Count, df)
    }
}

impl Serialize for Glance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        rows_of(&self.table(), serializer)
    }
}

impl fmt::Display for Glance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.table().fmt(f)?;
        let reml = self
            .rows
            .iter()
            .filter(|r| r.reml_criterion.is_some())
            .count();
        if self.rows.len() > 1 && reml > 0 {
            writeln!(
                f,
                "\n{} by REML: their criteria compare only between models with the same fixed \
                 effects.",
                if reml == self.rows.len() {
                    "All are"
                } else {
                    "Some are"
                }
            )?;
        }
        Ok(())
    }
}
