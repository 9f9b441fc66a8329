//! The random effects level by level, and the coefficients that each group has.

use ranef_engine::distributions::Normal;
use serde::Serialize;

use crate::Fit;

/// Random effects and group-specific coefficients.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effects {
    /// Share of the conditional distribution that the intervals hold, such as 0.95.
    pub level: f64,
    /// In a generalised model the link, on whose scale all numbers are.
    pub link: Option<String>,
    /// Conditional modes, term by term in the order of the formula.
    pub random: Vec<RandomEffect>,
    /// Fixed effect plus random effects, for each group and each effect.
    pub coef: Vec<GroupCoefficient>,
}

/// The conditional mode of one effect of one level.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RandomEffect {
    /// The grouping factor.
    pub group: String,
    /// The level.
    pub level: String,
    /// The effect.
    pub term: String,
    /// The conditional mode (BLUP).
    pub estimate: f64,
    /// The conditional standard deviation, given the variances and the fixed effects.
    pub std_error: f64,
    /// Lower end of the interval at the confidence level asked for, normal.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

/// One coefficient of one level.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupCoefficient {
    /// The grouping factor.
    pub group: String,
    /// The level.
    pub level: String,
    /// The effect.
    pub term: String,
    /// Fixed effect plus the conditional modes of this grouping factor.
    pub estimate: f64,
}

impl Fit {
    /// Random effects with intervals that hold the given share of their conditional
    /// distribution, such as 0.95, and the coefficients of each group.
    pub fn effects(&self, confidence: f64) -> Effects {
        let z = Normal::STANDARD.quantile(0.5 + 0.5 * confidence);
        let effects = self.random_effects();
        let recipe = self.recipe();
        let widths = self.widths();
        let mut random = Vec::new();
        for block in self.varcorr() {
            let width = widths[block.factor];
            for level in 0..recipe.factors()[block.factor].levels {
                let label = recipe.level(block.factor, level);
                for (a, term) in block.terms.iter().enumerate() {
                    let at = block.offset + a;
                    let estimate = effects.modes[block.factor][level * width + at];
                    let variance =
                        effects.covariances[block.factor][level * width * width + at * width + at];
                    let std_error = variance.max(0.0).sqrt();
                    random.push(RandomEffect {
                        group: block.group.clone(),
                        level: label.clone(),
                        term: term.clone(),
                        estimate,
                        std_error,
                        lower: estimate - z * std_error,
                        upper: estimate + z * std_error,
                    });
                }
            }
        }
        Effects {
            level: confidence,
            link: (!self.family().is_gaussian()).then(|| self.family().link().to_string()),
            random,
            coef: self.group_coefficients(),
        }
    }

    /// Fixed effects plus random effects of every level of every grouping factor.
    fn group_coefficients(&self) -> Vec<GroupCoefficient> {
        let effects = self.random_effects();
        let recipe = self.recipe();
        let widths = self.widths();
        let fixed = self.fixed_names();
        let mut out = Vec::new();
        for (factor, shape) in recipe.factors().iter().enumerate() {
            let blocks: Vec<_> = self
                .varcorr()
                .iter()
                .filter(|b| b.factor == factor)
                .collect();
            let Some(first) = blocks.first() else {
                continue;
            };
            let mut terms: Vec<&str> = fixed.clone();
            for term in blocks.iter().flat_map(|b| &b.terms) {
                if !terms.contains(&term.as_str()) {
                    terms.push(term);
                }
            }
            for level in 0..shape.levels {
                let label = recipe.level(factor, level);
                let mode =
                    &effects.modes[factor][level * widths[factor]..(level + 1) * widths[factor]];
                for (at, &term) in terms.iter().enumerate() {
                    let random: f64 = blocks
                        .iter()
                        .flat_map(|b| {
                            b.terms
                                .iter()
                                .enumerate()
                                .map(move |(a, t)| (b.offset + a, t))
                        })
                        .filter(|(_, t)| t.as_str() == term)
                        .map(|(column, _)| mode[column])
                        .sum();
                    let base = if at < fixed.len() {
                        self.fixef()[at]
                    } else {
                        0.0
                    };
                    out.push(GroupCoefficient {
                        group: first.group.clone(),
                        level: label.clone(),
                        term: term.to_owned(),
                        estimate: base + random,
                    });
                }
            }
        }
        out
    }

    /// Effects a level of each grouping factor.
    pub(crate) fn widths(&self) -> Vec<usize> {
        let mut widths = vec![0; self.recipe().factors().len()];
        for block in self.varcorr() {
            widths[block.factor] += block.terms.len();
        }
        widths
    }
}
