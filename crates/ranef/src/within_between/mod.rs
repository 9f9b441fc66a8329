//! One predictor, two slopes: within groups and between them.
//!
//! The coefficient of a predictor that varies within and between groups is a weighted mean of two
//! questions (Does a pupil with higher ses do better than others of the same school? Do schools
//! of higher mean ses do better?). The pair of centred and group-mean predictors takes them apart
//! (Mundlak 1978, *Econometrica* 46:69; Bell and Jones 2015, *Political Science Research and
//! Methods* 3:133):
//!
//! - REWB: y = β_w(x − x̄_j) + β_b x̄_j + …
//! - Mundlak: y = β_w x + (β_b − β_w) x̄_j + …, the same model in other words.
//!
//! The difference β_b − β_w is the contextual effect, and its test is Hausman's test for this
//! predictor (Wu 1973). Here the formula is rewritten with `within(x, g)` and `between(x, g)`, so
//! that the model can be typed, saved and asked like any other.

mod rewrite;
mod table;

use ranef_engine::distributions::{Normal, StudentT};
use ranef_frame::Source;
use serde::Serialize;

use crate::levels::{PredictorLevel, Varies};
use crate::{Coefficient, Error, Fit, Model, Note};
use rewrite::{Rewritten, Split};

/// How the pair is written. Both are the same model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WithinBetweenForm {
    /// Distance from the group mean, and the group mean: coefficients are β_w and β_b.
    #[default]
    Rewb,
    /// The predictor as it is, and the group mean: coefficients are β_w and β_b − β_w.
    Mundlak,
}

/// What a question for within and between effects can say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WithinBetweenOptions {
    /// The predictors to take apart, as the formula writes them.
    pub of: Vec<String>,
    /// The grouping factor; without it, that of the formula if there is just one.
    pub group: Option<String>,
    /// How the pair is written.
    pub form: WithinBetweenForm,
}

/// Within, between and contextual effects of predictors.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WithinBetween {
    /// The formula that was fitted.
    pub formula: String,
    /// The formula as it was given.
    pub plain_formula: String,
    /// How the pair is written.
    pub form: WithinBetweenForm,
    /// The grouping factor.
    pub group: String,
    /// For each coefficient of the predictors: within, between, contextual and plain effect.
    pub rows: Vec<LevelEffect>,
    /// Where the predictors vary.
    pub levels: Vec<PredictorLevel>,
    /// All fixed effects of the fitted model.
    pub fixed: Vec<Coefficient>,
    /// Akaike's criterion by maximum likelihood with the pair, and without it.
    pub aic: Option<[f64; 2]>,
    /// Remarks.
    pub warnings: Vec<Note>,
}

/// Which of the effects of a predictor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EffectLevel {
    /// Of the predictor within groups, β_w.
    Within,
    /// Of the group mean, β_b.
    Between,
    /// β_b − β_w.
    Contextual,
    /// Of the predictor in the model as it was given.
    Plain,
}

/// One effect of a predictor, or of an interaction with it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LevelEffect {
    /// The coefficient as the plain model names it: `ses`, `sexm`, `ses:public`.
    pub term: String,
    /// Which effect.
    pub effect: EffectLevel,
    /// The estimate; `None` where the data cannot give it.
    pub estimate: Option<f64>,
    /// Its standard error.
    pub std_error: Option<f64>,
    /// Degrees of freedom; `None` for a z test.
    pub df: Option<f64>,
    /// t, or z.
    pub statistic: Option<f64>,
    /// Two-sided p-value.
    pub p_value: Option<f64>,
}

impl Model {
    /// Takes predictors apart into their effects within and between groups: fits this model and
    /// the one with the pair.
    ///
    /// # Errors
    /// `unknown_predictor`, `needs_group`, `unknown_group`; `not_one_column` for a predictor such
    /// as `poly(x, 2)`; `one_level` where it does not vary both within and between groups; and
    /// what either fit may say.
    pub fn within_between(
        &self,
        source: &dyn Source,
        options: &WithinBetweenOptions,
    ) -> Result<WithinBetween, Error> {
        let plain = self.fit(source)?;
        let split = Split::of(&plain, options)?;
        let all = plain.predictor_levels(source)?;
        let mut levels = Vec::new();
        for name in split.names() {
            let Some(found) = all.of(&name, &split.group) else {
                continue;
            };
            if found.varies != Varies::Both {
                return Err(one_level(found));
            }
            levels.push(found.clone());
        }
        let rewritten = Rewritten::of(&plain, &split, options.form);
        let fit = self.with_formula(rewritten.terms.to_string()).fit(source)?;
        let mut rows = Vec::new();
        for pair in rewritten.pairs(&plain, &fit) {
            let (within, between) = (&pair.within, &pair.between);
            let contextual = within
                .as_ref()
                .zip(between.as_ref())
                .map(|(w, b)| w.iter().zip(b).map(|(w, b)| b - w).collect());
            let contrasts = [
                (EffectLevel::Within, within.clone()),
                (EffectLevel::Between, between.clone()),
                (EffectLevel::Contextual, contextual),
            ];
            for (effect, contrast) in contrasts {
                rows.push(LevelEffect::of(&fit, &pair.term, effect, contrast));
            }
            rows.push(LevelEffect::plain(&plain, &pair.term));
        }
        let mut warnings = Vec::new();
        if plain.nobs() != fit.nobs() {
            warnings.push(Note::new(
                "different_rows",
                format!(
                    "the plain model has {} rows and the one with the pair {}",
                    plain.nobs(),
                    fit.nobs()
                ),
            ));
        }
        for (of, note) in [(&fit, "pair"), (&plain, "plain")]
            .iter()
            .flat_map(|(fit, name)| fit.notes().iter().map(move |note| (name, note)))
        {
            if matches!(note.code.as_str(), "singular" | "not_converged") {
                warnings.push(Note::new(
                    &note.code,
                    format!(
                        "{}: {}",
                        if *of == "pair" {
                            "with the pair"
                        } else {
                            "plain model"
                        },
                        note.message
                    ),
                ));
            }
        }
        let by_likelihood = |fit: &Fit| -> Option<f64> {
            if fit.reml() {
                fit.refit(false).ok().map(|fit| fit.aic())
            } else {
                Some(fit.aic())
            }
        };
        let aic = by_likelihood(&fit)
            .zip(by_likelihood(&plain))
            .filter(|_| fit.nobs() == plain.nobs())
            .map(|(with, without)| [with, without]);
        Ok(WithinBetween {
            formula: fit.formula().to_owned(),
            plain_formula: plain.formula().to_owned(),
            form: options.form,
            group: split.group.clone(),
            rows,
            levels,
            fixed: fit.coefficients(),
            aic,
            warnings,
        })
    }
}

/// Why there is no pair.
fn one_level(found: &PredictorLevel) -> Error {
    let (x, g) = (&found.predictor, &found.group);
    let (message, hint) = match found.varies {
        Varies::Between => (
            format!("`{x}` is the same for all rows of a `{g}`: it has no effect within groups"),
            "its coefficient in the plain model is the effect between groups",
        ),
        Varies::Within => (
            format!("`{x}` has the same mean in every `{g}`: it has no effect between groups"),
            "its coefficient in the plain model is the effect within groups",
        ),
        _ => (format!("`{x}` does not vary"), "leave it out"),
    };
    Error::new("one_level", message).with_hint(hint)
}

impl LevelEffect {
    fn of(fit: &Fit, term: &str, effect: EffectLevel, contrast: Option<Vec<f64>>) -> Self {
        let mut out = Self {
            term: term.to_owned(),
            effect,
            estimate: None,
            std_error: None,
            df: None,
            statistic: None,
            p_value: None,
        };
        let Some(contrast) = contrast else {
            return out;
        };
        let (beta, vcov, p) = (fit.fixef(), fit.vcov(), fit.fixef().len());
        let estimate: f64 = contrast.iter().zip(beta).map(|(c, b)| c * b).sum();
        let variance: f64 = (0..p * p)
            .map(|at| contrast[at / p] * vcov[at] * contrast[at % p])
            .sum();
        let std_error = variance.max(0.0).sqrt();
        let df = fit.contrast_df(&contrast);
        let statistic = estimate / std_error;
        out.estimate = Some(estimate);
        out.std_error = Some(std_error);
        out.df = df;
        out.statistic = Some(statistic).filter(|t| t.is_finite());
        out.p_value = out.statistic.map(|t| match df {
            Some(df) => StudentT::new(df).two_sided_p(t),
            None => Normal::STANDARD.two_sided_p(t),
        });
        out
    }

    fn plain(fit: &Fit, term: &str) -> Self {
        let contrast = fit.fixed_names().iter().position(|n| *n == term).map(|at| {
            let mut unit = vec![0.0; fit.fixef().len()];
            unit[at] = 1.0;
            unit
        });
        Self::of(fit, term, EffectLevel::Plain, contrast)
    }
}

impl WithinBetween {
    /// One effect of one coefficient of the plain model.
    pub fn effect(&self, term: &str, effect: EffectLevel) -> Option<&LevelEffect> {
        self.rows
            .iter()
            .find(|row| row.term == term && row.effect == effect)
    }
}
