//! The model in sentences: what the response is taken to be, what acts on it everywhere, what
//! differs between groups, and what each coefficient of a linear model says.
//!
//! A formula is short because it leaves out what its reader knows. These sentences are for the
//! reader who does not: every term of the formula is named once, with what it allows and what it
//! assumes. Coefficients of generalised models are read as ratios, see [`Fit::ratios`].

use ranef_design::{Contrast, FixedTerm, VariableInfo, VariableValues};
use ranef_engine::distributions::Normal;
use ranef_engine::glmm::family::{Family as Distribution, Link};

use super::markup::Text;
use super::numbers::{decimals, fixed_point};
use super::paper::LEVEL;
use crate::{Coefficient, Fit, RandomBlock};

/// A model in sentences.
#[derive(Clone, Debug, PartialEq)]
pub struct Words {
    /// What the response is taken to be.
    pub response: Text,
    /// What holds for all groups alike.
    pub fixed: Vec<Text>,
    /// What differs between the groups, one sentence or two for each block of [`Fit::varcorr`].
    pub random: Vec<Text>,
}

impl Fit {
    /// The model in sentences.
    pub fn words(&self) -> Words {
        Words {
            response: response(self),
            fixed: fixed(self),
            random: self
                .varcorr()
                .iter()
                .enumerate()
                .map(|(at, block)| random(self, at, block))
                .collect(),
        }
    }

    /// What each coefficient of a linear model says, in the order of [`Fit::coefficients`]; `None`
    /// for those that no sentence reads (contrasts other than treatment contrasts, polynomials,
    /// products), for aliased ones, and for all of a generalised model with a link.
    pub fn readings(&self) -> Vec<Option<Text>> {
        if self.family().link() != Link::Identity {
            return self.coefficients().iter().map(|_| None).collect();
        }
        let terms = self.recipe().fixed_terms();
        let variables = self.recipe().variables();
        let coefficients = self.coefficients().into_iter().enumerate();
        coefficients
            .map(|(column, c)| {
                let owner = terms.iter().find(|t| t.columns.contains(&column));
                reading(self, &c, owner, terms, &variables)
            })
            .collect()
    }
}

impl Fit {
    /// How far apart the coefficients of groups are: for every random effect with a fixed effect of
    /// the same name, between what bounds 95 % of all groups would lie if they are as normal as the
    /// model takes them to be: estimate ± 1.96 standard deviations, both taken as known. Effects
    /// without variance, and those of ordinal models, are left out.
    pub fn spreads(&self) -> Vec<Text> {
        let coefficients = self.coefficients();
        let z = Normal::STANDARD.quantile(0.5 + 0.5 * LEVEL);
        let link = match self.family().link() {
            Link::Identity => String::new(),
            link => format!(", on the scale of the link {link}"),
        };
        let mut out = Vec::new();
        for block in self.varcorr() {
            for (term, &sd) in block.terms.iter().zip(&block.sd) {
                let found = coefficients.iter().find(|c| c.term == *term);
                let Some(estimate) = found.and_then(|c| c.estimate).filter(|_| sd > 0.0) else {
                    continue;
                };
                let places = decimals(found.and_then(|c| c.std_error));
                let what = match term.as_str() {
                    "(Intercept)" => Text::plain("an intercept"),
                    name => Text::plain("a coefficient of ").then_code(name),
                };
                out.push(
                    Text::plain(format!("About {}% of all levels of ", LEVEL * 100.0))
                        .then_code(&block.group)
                        .then(" would have ")
                        .append(what)
                        .then(format!(
                            " between {} and {}{link}.",
                            spoken(estimate - z * sd, places),
                            spoken(estimate + z * sd, places)
                        )),
                );
            }
        }
        out
    }
}

/// Names as code, with commas and an "and".
fn listed(names: &[&str]) -> Text {
    let mut text = Text::default();
    for (at, name) in names.iter().enumerate() {
        text = match at {
            0 => text,
            _ if at + 1 == names.len() => text.then(" and "),
            _ => text.then(", "),
        };
        text = text.then_code(*name);
    }
    text
}

/// A number in a sentence: with a minus sign, not a hyphen.
fn spoken(x: f64, places: usize) -> String {
    fixed_point(x, places).replace('-', "−")
}

fn response_name(fit: &Fit) -> &str {
    fit.recipe().response_name().unwrap_or("the response")
}

fn response(fit: &Fit) -> Text {
    let name = response_name(fit);
    let family = fit.family();
    let groups = match fit.varcorr().is_empty() {
        true => "",
        false => ", random effects, by which groups differ,",
    };
    if family.is_gaussian() {
        let text = Text::default().then_code(name).then(format!(
            " is taken as a sum: fixed effects, which are the same for all rows{groups} and a \
                 residual of each row, which is normal"
        ));
        return match &fit.options().design.weights {
            Some(weights) => text
                .then(" with a variance in inverse proportion to ")
                .then_code(weights)
                .then("."),
            None => text.then(" with the same variance everywhere."),
        };
    }
    let what = match family.distribution() {
        Distribution::Binomial => {
            " as yes or no, or as a number of successes; the model is of the \
                                   probability of a success"
                .to_owned()
        }
        Distribution::Ordinal => {
            " as ordered categories; the model is of the probability of a higher one, with a \
             threshold between neighbouring categories"
                .to_owned()
        }
        Distribution::ZeroInflated(_) => format!(
            " as counts with more zeros than their distribution ({}) has; the model is of the \
             expected count of those that are no extra zeros",
            family.name()
        ),
        Distribution::Hurdle(_) => format!(
            " as counts whose zeros come about in another way than the rest ({}); the model is of \
             the counts above zero",
            family.name()
        ),
        other if other.counts().is_some() => format!(
            " as counts ({}); the model is of the expected count",
            family.name()
        ),
        _ => format!(
            " as {} distributed; the model is of the expected value",
            family.name()
        ),
    };
    let scale = match family.link() {
        Link::Identity => String::new(),
        Link::Logit => ", on the scale of the log odds (logit)".to_owned(),
        Link::Log => ", on the scale of its logarithm".to_owned(),
        link => format!(", through the link {link}"),
    };
    let groups = if groups.is_empty() {
        "fixed effects, which are the same for all rows, add up there"
    } else {
        "fixed effects, which are the same for all rows, and random effects, by which groups \
         differ, add up there"
    };
    Text::default()
        .then_code(name)
        .then(format!(" is taken{what}{scale}: {groups}."))
}

fn fixed(fit: &Fit) -> Vec<Text> {
    let effects = &fit.terms().fixed;
    let labels: Vec<String> = (effects.terms.iter())
        .map(|t| {
            let parts: Vec<String> = t.factors.iter().map(|e| e.to_string()).collect();
            parts.join(":")
        })
        .collect();
    let names: Vec<&str> = labels.iter().map(String::as_str).collect();
    let thresholds = fit.family().distribution() == Distribution::Ordinal;
    let intercept = effects.intercept && !thresholds;
    let mut out = Vec::new();
    out.push(match (intercept, names.is_empty()) {
        (true, true) => Text::plain(
            "There are no predictors: the only fixed effect is the intercept, what is expected in \
             an average group.",
        ),
        (false, true) => Text::plain("There are no fixed effects."),
        (true, false) => Text::plain("Fixed effects: an intercept, and ")
            .append(listed(&names))
            .then("."),
        (false, false) => Text::plain("Fixed effects: ")
            .append(listed(&names))
            .then("."),
    });
    if let Some(product) = labels
        .iter()
        .zip(&effects.terms)
        .find(|(_, t)| t.factors.len() > 1)
        .map(|(label, _)| label)
    {
        out.push(
            Text::plain("An interaction such as ")
                .then_code(product)
                .then(
                    " says how the effect of the one changes with the other. The coefficients of \
                     its predictors alone hold where the others are zero (numbers) or at their \
                     first level (categories, unless coded otherwise).",
                ),
        );
    }
    let offsets: Vec<String> = (fit.terms().offsets.iter().map(|o| o.to_string()))
        .chain(fit.options().design.offset.clone())
        .collect();
    if !offsets.is_empty() {
        let names: Vec<&str> = offsets.iter().map(String::as_str).collect();
        out.push(
            Text::plain("Added as they are, without a coefficient: ")
                .append(listed(&names))
                .then("."),
        );
    }
    out
}

fn random(fit: &Fit, at: usize, block: &RandomBlock) -> Text {
    let levels = fit.recipe().factors()[block.factor].levels;
    let parts: Vec<&str> = block.group.split(':').collect();
    let text = match parts.len() {
        1 => Text::plain("Each of the ")
            .then(format!("{levels} levels of "))
            .then_code(&block.group),
        _ => Text::plain(format!("Each of the {levels} combinations of ")).append(listed(&parts)),
    };
    let slopes: Vec<&str> = block
        .terms
        .iter()
        .map(String::as_str)
        .filter(|t| *t != "(Intercept)")
        .collect();
    let intercept = slopes.len() < block.terms.len();
    let own = match (intercept, slopes.len()) {
        (true, 0) => Text::plain(" has an intercept of its own"),
        (true, n) => Text::plain(" has an intercept and ")
            .then(if n == 1 {
                "a coefficient of "
            } else {
                "coefficients of "
            })
            .append(listed(&slopes))
            .then(" of its own"),
        (false, n) => Text::plain(" has ")
            .then(if n == 1 {
                "a coefficient of "
            } else {
                "coefficients of "
            })
            .append(listed(&slopes))
            .then(" of its own"),
    };
    let blocks = fit.varcorr();
    let apart = blocks
        .iter()
        .enumerate()
        .any(|(other, b)| other != at && b.group == block.group);
    let how = match (block.terms.len(), apart) {
        (1, false) => {
            "; its deviation from the fixed effects is taken as normal with mean zero, and its \
             standard deviation is estimated."
        }
        (1, true) => {
            "; its deviation from the fixed effects is taken as normal with mean zero, and as \
             uncorrelated with the other random effects of that group."
        }
        (2, _) => {
            "; their deviations from the fixed effects are taken as normal with mean zero, and \
             their standard deviations and correlation are estimated."
        }
        _ => {
            "; their deviations from the fixed effects are taken as normal with mean zero, and \
             their standard deviations and correlations are estimated."
        }
    };
    text.append(own).then(how)
}

fn reading(
    fit: &Fit,
    c: &Coefficient,
    owner: Option<&FixedTerm>,
    terms: &[FixedTerm],
    variables: &[VariableInfo],
) -> Option<Text> {
    let (estimate, [low, high]) = (c.estimate?, c.wald_interval(LEVEL)?);
    let places = decimals(c.std_error);
    let number = |x: f64| spoken(x, places);
    let percent = LEVEL * 100.0;
    let name = response_name(fit);
    if c.term == "(Intercept)" {
        let predictors = terms.iter().any(|t| !t.variables.is_empty());
        let sums = variables.iter().any(|v| {
            matches!(&v.values, VariableValues::Factor { contrast, .. }
                if *contrast != Contrast::Treatment)
        });
        let place = match (predictors, sums) {
            (false, _) => "",
            (true, false) => {
                "Where all predictors are zero (numbers) or at their first level (categories), "
            }
            (true, true) => return None,
        };
        let text = match place.is_empty() {
            true => Text::plain("The expected "),
            false => Text::plain(place).then("the expected "),
        };
        let average = match fit.varcorr().is_empty() {
            true => "",
            false => " of an average group",
        };
        return Some(text.then_code(name).then(format!(
            "{average} is {} ({percent}% CI {} to {}).",
            number(estimate),
            number(low),
            number(high)
        )));
    }
    let owner = owner?;
    let [(variable, _)] = owner.variables[..] else {
        return None;
    };
    let variable_name = &variables[variable].name;
    let mut text = match &variables[variable].values {
        VariableValues::Numbers { columns: 1 } => Text::plain("With one unit more of ")
            .then_code(variable_name)
            .then(", the expected "),
        VariableValues::Factor { levels, contrast } if *contrast == Contrast::Treatment => {
            let level = c.term.strip_prefix(variable_name.as_str())?;
            let first = levels.first()?;
            if level == first || !levels.iter().any(|l| l == level) {
                return None;
            }
            Text::plain("Where ")
                .then_code(variable_name)
                .then(" is ")
                .then_code(level)
                .then(" instead of ")
                .then_code(first)
                .then(", the expected ")
        }
        _ => return None,
    };
    let direction = if estimate < 0.0 { "lower" } else { "higher" };
    // The interval in the direction of the estimate: "3.2 lower (1.1 to 5.3)".
    let (from, to) = match estimate < 0.0 {
        true => (-high, -low),
        false => (low, high),
    };
    let settled = from > 0.0;
    text = text.then_code(name).then(format!(
        " is {} {direction} ({percent}% CI {} to {})",
        number(estimate.abs()),
        number(from),
        number(to)
    ));
    let multiplied = (terms.iter())
        .any(|t| t.variables.len() > 1 && t.variables.iter().any(|(v, _)| *v == variable));
    if multiplied {
        text = text
            .then(", where the predictors that it interacts with are zero or at their first level");
    }
    Some(match settled {
        true => text.then("."),
        false => {
            text.then(". The interval reaches beyond zero: the data do not settle the direction.")
        }
    })
}
