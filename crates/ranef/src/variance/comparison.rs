//! Two models of the same rows: what the second leaves of each variance.

use serde::Serialize;

use super::point::Share;
use crate::{Error, Fit, Note};

/// Shares and variances of a model beside those of another one, usually a simpler one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VarianceComparison {
    /// The model.
    pub formula: String,
    /// The one that it is compared with.
    pub against: String,
    /// Proportional reduction of each variance (Raudenbush and Bryk 2002, chapter 4).
    pub components: Vec<VarianceReduction>,
    /// Change of every share that both models have.
    pub measures: Vec<MeasureChange>,
    /// What the reader should know besides.
    pub notes: Vec<Note>,
}

/// A variance in both models.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VarianceReduction {
    /// The grouping factor, or `Residual`.
    pub group: String,
    /// The effect; empty for the residual.
    pub term: String,
    /// The variance in the model.
    pub variance: f64,
    /// That in the other one.
    pub against: f64,
    /// 1 − variance/against: the share of it that the model explains. Negative where the variance
    /// grew; `None` where there was none to explain.
    pub reduction: Option<f64>,
}

/// A share in both models.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MeasureChange {
    /// Its name.
    pub measure: String,
    /// In the model.
    pub estimate: f64,
    /// In the other one.
    pub against: f64,
    /// The difference.
    pub difference: f64,
}

impl Fit {
    /// What this model explains of the variances of another one, and how the shares differ.
    ///
    /// # Errors
    /// `other_rows` where the two were not fitted to the same response and number of rows.
    pub fn variance_against(&self, other: &Fit) -> Result<VarianceComparison, Error> {
        let (mine, theirs) = (self.moments(), other.moments());
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * (a.abs() + b.abs());
        let same_spread = near(mine.response_variance, theirs.response_variance)
            || self.options().design.offset != other.options().design.offset;
        if self.nobs() != other.nobs() || !same_spread {
            return Err(Error::new(
                "other_rows",
                format!(
                    "the two models were fitted to different rows or responses: {} and {} rows",
                    self.nobs(),
                    other.nobs()
                ),
            )
            .with_hint(
                "fit both to the rows that have all variables of both; a missing value may have \
                 dropped some from one",
            ));
        }
        if self.family() != other.family() {
            return Err(Error::new(
                "different_family",
                format!(
                    "the two models are of different families, {} and {}: their variances are on \
                     different scales",
                    self.family(),
                    other.family()
                ),
            )
            .with_hint("compare models of one family and link"));
        }
        let mut notes = Vec::new();
        if self.reml() != other.reml() {
            notes.push(Note::new(
                "methods_differ",
                "One model is by REML and the other by ML: their variances differ for that alone.",
            ));
        }
        let mut components = Vec::new();
        for block in self.varcorr() {
            for (a, term) in block.terms.iter().enumerate() {
                let there = other
                    .varcorr()
                    .iter()
                    .filter(|b| b.group == block.group)
                    .find_map(|b| b.terms.iter().position(|t| t == term).map(|i| b.cov[i][i]));
                if let Some(there) = there {
                    components.push(change(&block.group, term, block.cov[a][a], there));
                }
            }
        }
        let squares = (self.sigma().powi(2), other.sigma().powi(2));
        if self.family().is_gaussian() {
            components.push(change("Residual", "", squares.0, squares.1));
        } else {
            notes.push(Note::new(
                "rescaling",
                "On the scale of a link a variance between groups can grow as predictors come in, as \
                 the variance of the distribution stays what it is (Snijders and Bosker 2012, section \
                 17.3.5): prefer the shares to the reductions.",
            ));
        }
        if components
            .iter()
            .any(|c| c.reduction.is_some_and(|r| r < 0.0))
        {
            notes.push(Note::new(
                "variance_grew",
                "A variance that grew is no mistake: with a predictor that varies within groups, \
                 the noise in the groups' means is seen better, and more of their spread counts as \
                 real (Snijders and Bosker 2012, section 7.1).",
            ));
        }
        if self.varcorr().iter().any(|b| b.terms.len() > 1) {
            notes.push(Note::new(
                "intercepts_at_zero",
                "With random slopes the variance of the intercept is that where their predictors \
                 are zero: compare models with the same predictors, coded alike.",
            ));
        }
        let list = |fit: &Fit| -> Vec<Share> {
            let mut all = fit.shares(0.95);
            all.extend(fit.decomposition(0.95).measures);
            all
        };
        let theirs = list(other);
        let measures = list(self)
            .iter()
            .filter_map(|mine| {
                let there = theirs.iter().find(|s| s.measure == mine.measure)?;
                Some(MeasureChange {
                    measure: mine.measure.clone(),
                    estimate: mine.estimate,
                    against: there.estimate,
                    difference: mine.estimate - there.estimate,
                })
            })
            .collect();
        Ok(VarianceComparison {
            formula: self.formula().to_owned(),
            against: other.formula().to_owned(),
            components,
            measures,
            notes,
        })
    }
}

fn change(group: &str, term: &str, variance: f64, against: f64) -> VarianceReduction {
    VarianceReduction {
        group: group.to_owned(),
        term: term.to_owned(),
        variance,
        against,
        reduction: (against > 0.0).then(|| 1.0 - variance / against),
    }
}
