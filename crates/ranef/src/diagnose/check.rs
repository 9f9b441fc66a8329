//! All questions at once, and a verdict on each.

use ranef_engine::lmm::Optimizer;
use ranef_frame::Source;
use serde::Serialize;

use super::caic::ConditionalAic;
use super::collinearity::Collinearity;
use super::dispersion::Dispersion;
use super::influence::{DeletionMethod, GroupInfluence};
use super::influence_rows::RowInfluences;
use super::model_rows::ModelRows;
use super::normality::Normality;
use super::optimizers::{self, Optimizers};
use super::rules;
use super::separation::Separation;
use super::simulated::{Simulate, Simulated};
use super::singularity::Singularity;
use super::spread::Spread;
use crate::{Error, Fit};

/// What was looked at, what was found, and what to do about it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// A finding for each question, always in the same order.
    pub checks: Vec<Finding>,
    /// Principal components of the random effects and prices of simpler models.
    pub singularity: Singularity,
    /// The same fit by other optimisers.
    pub optimizers: Option<Optimizers>,
    /// Variance inflation.
    pub collinearity: Collinearity,
    /// Normality of residuals and random effects.
    pub normality: Normality,
    /// Equality of the residual variance; of a gaussian model.
    pub spread: Option<Spread>,
    /// Overdispersion; of a generalised model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispersion: Option<Dispersion>,
    /// Coefficients that may have no finite estimate; of a generalised model.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub separation: Vec<Separation>,
    /// Simulated residuals.
    pub simulated: Simulated,
    /// Conditional AIC; of a gaussian model.
    pub caic: Option<ConditionalAic>,
    /// Influence of groups, a grouping factor each; not in JSON, where `ranef influence` has it.
    #[serde(skip)]
    pub groups: Vec<GroupInfluence>,
    /// Influence of rows; not in JSON.
    #[serde(skip)]
    pub rows: RowInfluences,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing to do.
    Ok,
    /// The data cannot tell.
    Unknown,
    /// Worth a look and a sentence in the report.
    Note,
    /// The results should not be used as they are.
    Problem,
}

/// The answer to one question.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// A stable name, such as `normality_residuals`.
    pub name: String,
    /// How bad it is.
    pub verdict: Verdict,
    /// All of it in one text: what was looked at, what was found, what to do.
    pub message: String,
    /// What was looked at.
    pub looked_at: String,
    /// What was found.
    pub found: String,
    /// What to do, for a note or a problem.
    pub advice: Option<String>,
    /// The rule by which the verdict follows from what was found.
    pub rule: String,
}

impl Finding {
    pub(super) fn new(
        name: &str,
        verdict: Verdict,
        looked_at: impl Into<String>,
        found: impl Into<String>,
        advice: impl Into<Option<String>>,
        rule: &str,
    ) -> Self {
        let (looked_at, found) = (looked_at.into(), found.into());
        // Where the data cannot tell there is nothing to act on.
        let acts = matches!(verdict, Verdict::Note | Verdict::Problem);
        let advice: Option<String> = advice.into().filter(|_| acts);
        let parts: Vec<&str> = [Some(looked_at.as_str()), Some(&found), advice.as_deref()]
            .into_iter()
            .flatten()
            .collect();
        Self {
            name: name.to_owned(),
            verdict,
            message: parts.join(" "),
            looked_at,
            found,
            advice,
            rule: rule.to_owned(),
        }
    }
}

/// Choices around a check.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckOptions {
    /// How residuals are simulated.
    pub simulate: Simulate,
    /// How groups are left out.
    pub deletions: DeletionMethod,
    /// The optimisers to compare; by default all four where that takes seconds at most, else those
    /// with derivatives.
    pub optimizers: Option<Vec<Optimizer>>,
}

/// Numbers that all evaluations of the optimisers without derivatives may touch.
const NUMBERS_OF_SECONDS: f64 = 2e8;

impl Fit {
    /// Is the fit sound? All diagnostics, each with a verdict in words. `progress` is told what is
    /// going on.
    ///
    /// # Errors
    /// `needs_rows` for a loaded fit without rows, `other_rows` where these are others; `interrupted`.
    pub fn check(
        &self,
        source: &dyn Source,
        options: &CheckOptions,
        progress: &mut dyn FnMut(&'static str),
    ) -> Result<Check, Error> {
        progress("reading the rows");
        self.not_interrupted()?;
        let (rows, leverages) = self.rows_and_leverages(source)?;
        self.check_of(source, options, &rows, &leverages, progress)
    }

    /// The same of rows that were read before.
    pub(super) fn check_of(
        &self,
        source: &dyn Source,
        options: &CheckOptions,
        rows: &ModelRows,
        leverages: &[f64],
        progress: &mut dyn FnMut(&'static str),
    ) -> Result<Check, Error> {
        if !self.family().is_gaussian() {
            return self.check_generalised(source, options, rows, leverages, progress);
        }
        // Each piece is told of, and none is begun once the fit was interrupted.
        let mut at = |what| {
            progress(what);
            self.not_interrupted()
        };
        at("comparing optimisers")?;
        let optimizers = if self.theta().is_empty() {
            None
        } else {
            let chosen = match &options.optimizers {
                Some(chosen) => chosen.clone(),
                None => self.affordable_optimizers()?,
            };
            Some(self.compare_optimizers(&chosen)?)
        };
        at("fitting simpler models")?;
        let singularity = self.singularity(source);
        at("looking at residuals")?;
        let collinearity = self.collinearity_of(rows);
        let normality = self.normality_of(rows, leverages);
        let spread = self.spread_of(rows, leverages);
        at("simulating")?;
        let simulated = self.simulated_of(rows, leverages, options.simulate)?;
        at("conditional AIC")?;
        let caic = self.conditional_aic_of(rows, leverages)?;
        at("leaving out rows and groups")?;
        let influence = self.row_influence_of(rows, leverages)?;
        let (groups, left_out) = self.influences(rows, options)?;
        self.not_interrupted()?;
        let mut checks = vec![
            rules::convergence(self),
            rules::optimizers(self, optimizers.as_ref()),
            rules::singularity(&singularity),
            rules::groups(self),
            rules::collinearity(&collinearity),
            rules::normal_residuals(&normality),
            rules::normal_effects(&normality),
            rules::spread_fitted(&spread),
            rules::spread_predictors(&spread),
            rules::spread_groups(&spread),
        ];
        checks.extend(rules::simulated(&simulated, false));
        checks.push(rules::influential_groups(&groups, &left_out));
        checks.push(rules::influential_rows(&influence));
        Ok(Check {
            checks,
            singularity,
            optimizers,
            collinearity,
            normality,
            spread: Some(spread),
            dispersion: None,
            separation: Vec::new(),
            simulated,
            caic: Some(caic),
            groups,
            rows: influence,
        })
    }

    /// The influence of the groups of each factor where that takes seconds, and the names of the
    /// others.
    pub(super) fn influences(
        &self,
        rows: &ModelRows,
        options: &CheckOptions,
    ) -> Result<(Vec<GroupInfluence>, Vec<String>), Error> {
        let (mut groups, mut left_out) = (Vec::new(), Vec::new());
        for (factor, shape) in self.recipe().factors().iter().enumerate() {
            if options.deletions == DeletionMethod::Automatic
                && !self.influence_is_cheap(rows, factor)?
            {
                left_out.push(shape.name.clone());
                continue;
            }
            groups.push(self.group_influence_of(
                rows,
                factor,
                options.deletions,
                &mut |_, _| {},
            )?);
        }
        Ok((groups, left_out))
    }

    fn affordable_optimizers(&self) -> Result<Vec<Optimizer>, Error> {
        let size = (self.statistics()?.bytes() / 8) as f64;
        let evaluations = 200.0 * (self.theta().len() as f64).powi(2);
        Ok(if evaluations * size <= NUMBERS_OF_SECONDS {
            optimizers::ALL.to_vec()
        } else {
            vec![Optimizer::Newton, Optimizer::Bfgs]
        })
    }
}

impl Check {
    /// The worst verdict.
    pub fn verdict(&self) -> Verdict {
        (self.checks.iter())
            .map(|finding| finding.verdict)
            .max()
            .unwrap_or(Verdict::Ok)
    }

    /// The finding of this name.
    pub fn finding(&self, name: &str) -> Option<&Finding> {
        self.checks.iter().find(|finding| finding.name == name)
    }
}
