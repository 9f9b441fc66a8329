//! The parameters of a model by name, as broom.mixed calls them: `sd__(Intercept)`,
//! `cor__(Intercept).Days`, `sd__Observation`, and the fixed effects by the names of their columns.

use ranef_engine::lmm::Parameter;
use ranef_formula::did_you_mean;

use super::{Effect, ParameterInterval};
use crate::{Error, Fit};

/// A parameter, what it is called, and its estimate.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    /// `None` for a coefficient that the data cannot give.
    pub parameter: Option<Parameter>,
    pub effect: Effect,
    pub group: Option<String>,
    pub name: String,
    /// The term of the formula that a fixed effect belongs to.
    pub term: Option<String>,
    pub estimate: Option<f64>,
}

impl Named {
    /// The interval of this parameter without its ends.
    pub(super) fn interval(&self) -> ParameterInterval {
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
        text == self.name
            || self.term.as_deref() == Some(text)
            || self.with_group().as_deref() == Some(text)
            // lme4's names for all of a kind.
            || (text == "beta_" && self.effect == Effect::Fixed)
            || (text == "theta_" && self.effect == Effect::RanPars)
            || (text == "family_" && self.effect == Effect::Family)
    }

    /// `Subject.sd__Days`.
    fn with_group(&self) -> Option<String> {
        Some(format!("{}.{}", self.group.as_ref()?, self.name))
    }
}

/// All parameters of a fit: fixed effects, then each block's lower triangle by columns, then σ.
pub(super) fn of_fit(fit: &Fit) -> Vec<Named> {
    let kept = fit.recipe().fixed_kept();
    let names = fit.recipe().fixed_names();
    let (assign, terms) = (fit.recipe().fixed_assign(), fit.recipe().fixed_terms());
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
                term: assign[column].map(|term| terms[term].label.clone()),
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
                    term: None,
                    estimate,
                });
            }
        }
    }
    if !fit.family().is_gaussian() {
        // No residual variance, but what the family has of its own.
        let own = fit.family_parameters().into_iter().enumerate();
        out.extend(own.map(|(k, parameter)| Named {
            parameter: Some(Parameter::Nuisance(k)),
            effect: Effect::Family,
            group: Some("Family".to_owned()),
            name: parameter.name,
            term: None,
            estimate: Some(parameter.estimate),
        }));
        return out;
    }
    out.push(Named {
        parameter: Some(Parameter::Sigma),
        effect: Effect::RanPars,
        group: Some("Residual".to_owned()),
        name: "sd__Observation".to_owned(),
        term: None,
        estimate: Some(fit.sigma()),
    });
    out
}

/// The names that there are: with the group where several have the same.
fn names(all: &[Named]) -> Vec<String> {
    let once = |name: &str| all.iter().filter(|p| p.name == name).count() == 1;
    all.iter()
        .map(|p| match p.with_group() {
            Some(grouped) if !once(&p.name) => grouped,
            _ => p.name.clone(),
        })
        .collect()
}

fn unknown(text: &str, all: &[Named]) -> Error {
    let mut known = names(all);
    let hint = {
        let terms = all.iter().filter_map(|p| p.term.clone());
        let candidates: Vec<String> = known.iter().cloned().chain(terms).collect();
        did_you_mean(text, &candidates).map(|near| format!("did you mean `{near}`?"))
    };
    let message = format!("the model has no parameter `{text}`");
    Error::new("unknown_parameter", message).with_hint(hint.unwrap_or_else(|| {
        known
            .iter_mut()
            .for_each(|name| *name = format!("`{name}`"));
        format!("its parameters are {}", known.join(", "))
    }))
}

/// Those that are wanted, in the order of the model; all where nothing is said. The name of a term
/// of the fixed effects stands for all of its columns. Names may stand
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
                return Err(unknown(pieces[first].trim(), &all));
            };
            texts.push(text);
            first = last;
        }
    }
    let is_wanted = |p: &Named| texts.iter().any(|text| p.is_meant(text));
    Ok(all.into_iter().filter(is_wanted).collect())
}
