//! What figures of diagnostics show, from one pass over the rows.
//!
//! [`Fit::check`] answers every question there is about a fit, some of which fit it again. This asks
//! those whose answers are seen row by row or group by group, keeps what is to be drawn, and gives
//! the verdicts of [`Check`](crate::Check) on the same.

use ranef_frame::Source;
use serde::Serialize;

use super::check::{Check, CheckOptions, Finding};
use super::collinearity::Collinearity;
use super::dispersion::Dispersion;
use super::influence::{DeletionMethod, GroupInfluence};
use super::influence_rows::RowInfluences;
use super::model_rows::ModelRows;
use super::normality::Normality;
use super::quantiles::QuantilePlot;
use super::residuals::studentised;
use super::rules;
use super::simulated::{Simulate, Simulated};
use super::spread::Spread;
use crate::{Error, Fit};

/// What is asked for beside residuals, leverages and random effects.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DiagnosticsOptions {
    simulate: Option<Simulate>,
    rows: bool,
    groups: Option<DeletionMethod>,
}

impl DiagnosticsOptions {
    /// Simulated residuals.
    pub fn simulate(mut self, how: Simulate) -> Self {
        self.simulate = Some(how);
        self
    }

    /// What leaving out each row does to the fixed effects.
    pub fn rows(mut self) -> Self {
        self.rows = true;
        self
    }

    /// What leaving out each group does.
    pub fn groups(mut self, how: DeletionMethod) -> Self {
        self.groups = Some(how);
        self
    }
}

/// Residuals, leverages and random effects as figures show them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnostics {
    /// The response.
    pub response: String,
    /// In a generalised model the link, on whose scale `fitted` and `population` are.
    pub link: Option<String>,
    /// Where each row stands in the data, from 1.
    pub row: Vec<usize>,
    /// Its expected value in its own group; in a generalised model on the scale of the link.
    pub fitted: Vec<f64>,
    /// The same where all random effects are zero.
    pub population: Vec<f64>,
    /// Studentised residual: Pearson's over √(1 − h).
    pub residual: Vec<f64>,
    /// Leverage h = ∂ŷ/∂y at given variances.
    pub leverage: Vec<f64>,
    /// Cook's distance of the fitted values, r²h/((1 − h)p) with r the studentised residual, as lme4
    /// has it; `None` at leverage 1.
    pub cooks_distance: Vec<Option<f64>>,
    /// Number of fixed effects, p.
    pub coefficients: usize,
    /// Quantiles of the residuals; of a gaussian model.
    pub residual_quantiles: Option<QuantilePlot>,
    /// Quantiles of each random effect, the conditional modes divided by their standard deviation
    /// under the model, √(τ² − Var(b | y)) (Lange and Ryan 1989).
    pub effect_quantiles: Vec<QuantilePlot>,
    /// Quantiles of the simulated residuals, where asked for; leverages taken into account.
    pub simulated_quantiles: Option<QuantilePlot>,
    /// Normality of residuals and random effects.
    pub normality: Normality,
    /// Equality of the residual variance; of a gaussian model.
    pub spread: Option<Spread>,
    /// Overdispersion; of a generalised model.
    pub dispersion: Option<Dispersion>,
    /// Variance inflation.
    pub collinearity: Collinearity,
    /// Simulated residuals, where asked for.
    pub simulated: Option<Simulated>,
    /// What leaving out each row does, where asked for.
    pub influence: Option<RowInfluences>,
    /// What leaving out each group does, where asked for: a grouping factor each.
    pub groups: Vec<GroupInfluence>,
    /// Grouping factors whose groups are too many to be left out one by one.
    pub groups_left_out: Vec<String>,
    /// The verdicts on what was asked, as [`Check`](crate::Check) gives them.
    pub findings: Vec<Finding>,
}

impl Fit {
    /// What figures of diagnostics show: one pass over the rows.
    ///
    /// # Errors
    /// `needs_rows` for a loaded fit without rows, `other_rows` where these are others;
    /// `too_few_replicates` for fewer than 20 simulations.
    pub fn diagnostics(
        &self,
        source: &dyn Source,
        options: &DiagnosticsOptions,
    ) -> Result<Diagnostics, Error> {
        let (rows, leverage) = self.rows_and_leverages(source)?;
        let answers = self.answers(&rows, &leverage, options)?;
        Ok(self.shown(rows, leverage, answers))
    }

    /// [`Fit::check`] and what figures of it show, simulated residuals and the influence of rows
    /// among it, from one pass over the rows and one round of simulations: what a report needs.
    ///
    /// # Errors
    /// As [`Fit::check`].
    pub fn check_with_diagnostics(
        &self,
        source: &dyn Source,
        options: &CheckOptions,
        progress: &mut dyn FnMut(&'static str),
    ) -> Result<(Check, Diagnostics), Error> {
        progress("reading the rows");
        self.not_interrupted()?;
        let (rows, leverage) = self.rows_and_leverages(source)?;
        let check = self.check_of(source, options, &rows, &leverage, progress)?;
        let answers = Answers::of(&check, self.fixef().is_empty());
        Ok((check, self.shown(rows, leverage, answers)))
    }

    fn answers(
        &self,
        rows: &ModelRows,
        leverage: &[f64],
        options: &DiagnosticsOptions,
    ) -> Result<Answers, Error> {
        let gaussian = rows.response.is_none();
        let p = self.fixef().len();
        let collinearity = self.collinearity_of(rows);
        let normality = self.normality_of(rows, leverage);
        let mut findings = vec![
            rules::collinearity(&collinearity),
            rules::normal_effects(&normality),
        ];
        let mut spread = None;
        if gaussian {
            let found = self.spread_of(rows, leverage);
            findings.extend([
                rules::normal_residuals(&normality),
                rules::spread_fitted(&found),
                rules::spread_predictors(&found),
                rules::spread_groups(&found),
            ]);
            spread = Some(found);
        }
        self.not_interrupted()?;
        let simulated = match options.simulate {
            None => None,
            Some(how) => Some(self.simulated_of(rows, leverage, how)?),
        };
        let dispersion = match gaussian {
            true => None,
            false => Some(self.dispersion_of(rows, leverage)?),
        };
        if let Some(simulated) = &simulated {
            findings.extend(
                dispersion
                    .as_ref()
                    .map(|d| rules::overdispersion(d, simulated)),
            );
            findings.extend(simulated.zeros.as_ref().map(rules::zeros));
            findings.extend(rules::simulated(simulated, !gaussian));
        }
        self.not_interrupted()?;
        let influence = match options.rows && p > 0 {
            false => None,
            true => Some(self.row_influence_of(rows, leverage)?),
        };
        findings.extend(influence.as_ref().map(rules::influential_rows));
        let (groups, groups_left_out) = match options.groups {
            None => Default::default(),
            Some(_) if p == 0 => Default::default(),
            Some(deletions) => {
                let options = CheckOptions {
                    deletions,
                    ..CheckOptions::default()
                };
                let (groups, left_out) = self.influences(rows, &options)?;
                findings.push(rules::influential_groups(&groups, &left_out));
                (groups, left_out)
            }
        };
        Ok(Answers {
            collinearity,
            normality,
            spread,
            dispersion,
            simulated,
            influence,
            groups,
            groups_left_out,
            findings,
        })
    }

    fn shown(&self, rows: ModelRows, leverage: Vec<f64>, answers: Answers) -> Diagnostics {
        let gaussian = rows.response.is_none();
        let pearson: Vec<f64> = (0..rows.n)
            .map(|i| rows.pearson(i, self.working_sigma()))
            .collect();
        let residual = studentised(&pearson, &leverage);
        let p = self.fixef().len();
        let cooks_distance = (residual.iter().zip(&leverage))
            .map(|(r, h)| (1.0 - h > 1e-9 && p > 0).then(|| r * r * h / ((1.0 - h) * p as f64)))
            .collect();
        let number: Vec<usize> = rows.number.iter().map(|r| r + 1).collect();
        let named = |i: usize| number[i].to_string();
        Diagnostics {
            response: self
                .recipe()
                .response_name()
                .unwrap_or("response")
                .to_owned(),
            link: (!gaussian).then(|| self.family().link().to_string()),
            residual_quantiles: gaussian
                .then(|| QuantilePlot::normal("Residual", None, &residual, named)),
            effect_quantiles: self.effect_quantiles(),
            simulated_quantiles: (answers.simulated.as_ref())
                .map(|s| QuantilePlot::unit("Simulated", &s.residuals, &s.expected, named)),
            fitted: rows.fitted,
            population: rows.population,
            row: number,
            residual,
            leverage,
            cooks_distance,
            coefficients: p,
            normality: answers.normality,
            spread: answers.spread,
            dispersion: answers.dispersion,
            collinearity: answers.collinearity,
            simulated: answers.simulated,
            influence: answers.influence,
            groups: answers.groups,
            groups_left_out: answers.groups_left_out,
            findings: answers.findings,
        }
    }

    /// Quantile plots of the random effects, one a term; without those that have no variance.
    pub fn effect_quantiles(&self) -> Vec<QuantilePlot> {
        self.standardised_effects()
            .into_iter()
            .filter(|effect| !effect.values.is_empty())
            .map(|effect| {
                let name = |i: usize| self.recipe().level(effect.factor, effect.levels[i]);
                QuantilePlot::normal(&effect.group, Some(&effect.term), &effect.values, name)
            })
            .collect()
    }
}

/// Answers to the questions that were asked of the rows.
struct Answers {
    collinearity: Collinearity,
    normality: Normality,
    spread: Option<Spread>,
    dispersion: Option<Dispersion>,
    simulated: Option<Simulated>,
    influence: Option<RowInfluences>,
    groups: Vec<GroupInfluence>,
    groups_left_out: Vec<String>,
    findings: Vec<Finding>,
}

/// Questions of a check that rows and their residuals show nothing of.
const NOT_OF_ROWS: [&str; 6] = [
    "convergence",
    "optimizers",
    "singularity",
    "groups",
    "separation",
    "influence_groups",
];

impl Answers {
    /// Those of a check that are seen row by row.
    fn of(check: &Check, without_coefficients: bool) -> Self {
        let left_out = |f: &Finding| {
            NOT_OF_ROWS.contains(&f.name.as_str())
                || without_coefficients && f.name == "influence_rows"
        };
        Self {
            collinearity: check.collinearity.clone(),
            normality: check.normality.clone(),
            spread: check.spread.clone(),
            dispersion: check.dispersion.clone(),
            simulated: Some(check.simulated.clone()),
            influence: (!without_coefficients).then(|| check.rows.clone()),
            groups: Vec::new(),
            groups_left_out: Vec::new(),
            findings: (check.checks.iter())
                .filter(|f| !left_out(f))
                .cloned()
                .collect(),
        }
    }
}

impl Diagnostics {
    /// The finding of this name.
    pub fn finding(&self, name: &str) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.name == name)
    }
}
