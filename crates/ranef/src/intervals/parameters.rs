//! The parameters of a model by name, as broom.mixed calls them: `sd__(Intercept)`,
//! `cor__(Intercept).Days`, `sd__Observation`, and the fixed effects by the names of their columns.

use ranef_engine::lmm::Parameter;

use super::{Effect, ParameterInterval};
use crate::{Error, Fit};

/// A parameter, what it is called, and its estimate.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// `None` for a coefficient that the data cannot give.
    pub parameter: Option<Parameter>,
    pub effect: Effect,
    pub group: Option<String>,
    pub name: String,
    pub estimate: Option<f64>,
}

impl Named {
    /// The interval of this parameter without its ends.
    pub fn interval(&self) -> ParameterInterval {
        ParameterInterval {
            effect: self.effect,
            group: self.group.clone(),
            parameter: self.name.clone(),
            estimate: self.estimate,
            lower: None,
            upper: None,
            df: None,
            open: None,
            reason: None,
        }
    }

    /// Whether a person means this parameter by `text`.
    fn is_meant(&self, text: &str) -> bool {
        let grouped = |group: &String| {
            text.strip_prefix(group.as_str())
                .and_then(|rest| rest.strip_prefix('.'))
                == Some(&self.name)
        };
        text == self.name
            || self.group.as_ref().is_some_and(grouped)
            // lme4's names for all of a kind.
            || (text == "beta_" && self.effect == Effect::Fixed)
            || (text == "theta_" && self.effect == Effect::RanPars)
    }
}

/// All parameters of a fit: fixed effects, then each block's lower triangle by columns, then σ.
pub(super) fn of_fit(fit: &Fit) -> Vec<Named> {
    let kept = fit.recipe().fixed_kept();
    let names = fit.recipe().fixed_names();
    let mut out: Vec<Named> = names
        .iter()
        .enumerate()
        .map(|(column, name)| {
            let at = kept.iter().position(|&k| k == column);
            Named {
                parameter: at.map(Parameter::Fixed),
                effect: Effect::Fixed,
                group: None,
                name: name.clone(),
                estimate: at.map(|at| fit.fixef()[at]),
            }
        })
        .collect();
    for (term, block) in fit.varcorr().iter().enumerate() {
        for column in 0..block.terms.len() {
            for row in column..block.terms.len() {
                let (parameter, name, estimate) = if row == column {
                    (
                        Parameter::StandardDeviation { term, effect: row },
                        format!("sd__{}", block.terms[row]),
                        Some(block.sd[row]),
                    )
                } else {
                    (
                        Parameter::Correlation {
                            term,
                            effects: [column, row],
                        },
                        format!("cor__{}.{}", block.terms[column], block.terms[row]),
                        block.corr[row][column],
                    )
                };
                out.push(Named {
                    parameter: Some(parameter),
                    effect: Effect::RanPars,
                    group: Some(block.group.clone()),
                    name,
                    estimate,
                });
            }
        }
    }
    if !fit.family().is_gaussian() {
        // No residual variance.
        return out;
    }
    out.push(Named {
        parameter: Some(Parameter::Sigma),
        effect: Effect::RanPars,
        group: Some("Residual".to_owned()),
        name: "sd__Observation".to_owned(),
        estimate: Some(fit.sigma()),
    });
    out
}

/// Those that are wanted, in the order of the model; all where nothing is said. Names may stand
/// in one text with commas between, also names that have commas themselves (`poly(Days, 2)1`).
pub(super) fn select(all: Vec<Named>, wanted: &[String]) -> Result<Vec<Named>, Error> {
    if wanted.is_empty() {
        return Ok(all);
    }
    let known = |text: &str| all.iter().any(|p| p.is_meant(text));
    let mut texts: Vec<String> = Vec::new();
    for list in wanted {
        let pieces: Vec<&str> = list.split(',').collect();
        let mut first = 0;
        while first < pieces.len() {
            let longest = (first + 1..=pieces.len())
                .rev()
                .map(|last| (last, pieces[first..last].join(",").trim().to_owned()))
                .find(|(_, text)| known(text));
            let Some((last, text)) = longest else {
                let names: Vec<String> = all.iter().map(|p| format!("`{}`", p.name)).collect();
                return Err(Error::new(
                    "unknown_parameter",
                    format!("the model has no parameter `{}`", pieces[first].trim()),
                )
                .with_hint(format!("its parameters are {}", names.join(", "))));
            };
            texts.push(text);
            first = last;
        }
    }
    let is_wanted = |p: &Named| texts.iter().any(|text| p.is_meant(text));
    Ok(all.into_iter().filter(is_wanted).collect())
}
