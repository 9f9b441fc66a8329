//! What the simpler models would cost: for a singular fit, the same model with less in the terms
//! that are singular.

use ranef_formula::Terms;
use ranef_frame::Source;
use serde::Serialize;

use crate::Fit;

/// A simpler model and what it costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SimplerModel {
    /// Its formula.
    pub formula: String,
    /// How much higher its criterion (REML's, or the deviance) is.
    pub cost: f64,
    /// How much higher its AIC is; below zero the simpler model is the better one by AIC.
    pub aic_change: f64,
    /// How many covariance parameters fewer it has.
    pub fewer_parameters: usize,
    /// Whether it is singular too.
    pub singular: bool,
    /// What becomes of the fixed effects, in the order of [`Fit::fixef`].
    pub fixed: Vec<FixedChange>,
}

/// What becomes of a fixed effect in a simpler model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FixedChange {
    /// The fixed effect.
    pub term: String,
    /// Its estimate in the simpler model.
    pub estimate: f64,
    /// Its change in standard errors of the model at hand.
    pub change: f64,
    /// Its standard error over that of the model at hand.
    pub std_error_ratio: f64,
}

impl SimplerModel {
    /// The fixed effect that changes most.
    pub fn largest_change(&self) -> Option<&FixedChange> {
        let size = |change: &&FixedChange| change.change.abs();
        (self.fixed.iter()).max_by(|a, b| size(a).total_cmp(&size(b)))
    }
}

impl Fit {
    /// Refits with singular terms simplified, one step at a time: without correlations, and
    /// without each of its effects. Compares on the same criterion, as the fixed effects stay.
    pub fn simpler_models(&self, source: &dyn Source) -> Vec<SimplerModel> {
        let mut out: Vec<SimplerModel> = Vec::new();
        for terms in self.candidates() {
            let formula = terms.to_string();
            if out.iter().any(|m| m.formula == formula) {
                continue;
            }
            if self.not_interrupted().is_err() {
                break;
            }
            // Advice only: a candidate that cannot be fitted is no advice.
            let Ok(fit) = self.options().with_formula(&formula).fit(source) else {
                continue;
            };
            out.push(SimplerModel {
                formula,
                cost: fit.criterion() - self.criterion(),
                aic_change: fit.aic() - self.aic(),
                fixed: self.fixed_changes(&fit),
                fewer_parameters: self.theta().len() - fit.theta().len(),
                singular: fit.singular(),
            });
        }
        out.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        out
    }

    fn fixed_changes(&self, other: &Fit) -> Vec<FixedChange> {
        let (p, names) = (self.fixef().len(), self.fixed_names());
        (0..p.min(other.fixef().len()))
            .map(|j| {
                let error = self.vcov()[j * p + j].sqrt();
                FixedChange {
                    term: names[j].to_owned(),
                    estimate: other.fixef()[j],
                    change: (other.fixef()[j] - self.fixef()[j]) / error,
                    std_error_ratio: other.vcov()[j * p + j].sqrt() / error,
                }
            })
            .collect()
    }

    /// Each singular term without its correlations, without one of its effects, or left out.
    fn candidates(&self) -> Vec<Terms> {
        let terms = self.terms();
        let designs = self.recipe().random();
        let mut out = Vec::new();
        for (index, term) in terms.random.iter().enumerate() {
            let singular = self
                .varcorr()
                .iter()
                .zip(designs)
                .any(|(block, design)| design.term == index && block.singular);
            if !singular {
                continue;
            }
            let width: usize = designs
                .iter()
                .filter(|d| d.term == index)
                .map(|d| d.names.len())
                .sum();
            if width > 1 && term.correlated {
                let mut simpler = terms.clone();
                simpler.random[index] = term.with_correlations(false);
                out.push(simpler);
            }
            for effect in &term.effects.terms {
                let Some(without) = term.without(effect) else {
                    continue;
                };
                let mut simpler = terms.clone();
                simpler.random[index] = without;
                out.push(simpler);
            }
            if width == 1 {
                out.push(terms.without_random(index));
            }
        }
        out
    }
}
