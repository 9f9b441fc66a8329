//! Questions by name, with their options in JSON.
//!
//! Python calls them with typed arguments and sends those as one JSON object. The options of each
//! question are a structure here whose fields have the same names; a field that it does not know is
//! an error, so that the two sides cannot drift apart unseen.

mod alternatives;
mod diagnosis;
mod inference;
mod means;
mod narrow;
mod population;
mod replicates;
mod variance;
mod writing;

use std::sync::Arc;

use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use ranef::frame::Source;
use ranef::{Error, Markup};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::answer::Said;
use crate::work::Phase;

pub(crate) use diagnosis::simulate;
pub(crate) use narrow::Narrow;
pub(crate) use replicates::{Bootstrapped, bootstrap_options};

/// What a question may look at.
pub(crate) struct Asked<'a> {
    /// The model.
    pub(crate) fit: &'a ranef::Fit,
    /// The rows that it was fitted to.
    pub(crate) rows: Option<&'a dyn Source>,
    /// A further table.
    pub(crate) more: Option<&'a dyn Source>,
    /// A further model.
    pub(crate) other: Option<&'a ranef::Fit>,
}

type Ask = Box<dyn FnOnce(&Asked<'_>, &Phase) -> Result<Box<dyn Said>, Error> + Send>;

/// A question that was understood.
pub(crate) struct Question {
    /// What is going on while it is answered.
    pub(crate) what: &'static str,
    /// Whether there is no answer without the rows of the model.
    pub(crate) needs_rows: bool,
    /// Gives the answer.
    pub(crate) ask: Ask,
}

/// The languages that tables are set in.
pub(crate) const LANGUAGES: [Markup; 4] =
    [Markup::Text, Markup::Markdown, Markup::Latex, Markup::Html];

/// Options from JSON.
pub(crate) fn read<T: DeserializeOwned>(options: &str) -> PyResult<T> {
    serde_json::from_str(options).map_err(|error| wrong(options, &error))
}

/// What Python says of an argument of another type, in its words instead of those of Rust.
fn wrong(options: &str, error: &serde_json::Error) -> PyErr {
    let text = error.to_string();
    let (found, expected) = match text.split_once(", expected ") {
        Some((found, rest)) => (found, rest.split(" at line").next().unwrap_or(rest)),
        None => return PyValueError::new_err(format!("options: {text}")),
    };
    let expected = match expected {
        "f64" => "a number",
        "u8" | "u32" | "u64" | "usize" => "a whole number from 0 up",
        "a boolean" => "True or False",
        "a string" => "text",
        "a sequence" => "a list",
        other => other,
    };
    // The value ends at the place of the error, and its name stands before it.
    let before = options.get(..error.column()).unwrap_or(options);
    let name = before
        .rsplit("\": ")
        .nth(1)
        .and_then(|b| b.rsplit('"').next());
    let name = match name.unwrap_or("options") {
        "kind" => "type",
        "reml" => "REML",
        "agq" => "nAGQ",
        name => name,
    };
    let given = found.rsplit(": ").next().unwrap_or(found);
    let given = given.replace("floating point ", "").replace("integer ", "");
    let message = format!("{name}: give {expected}, not {given}");
    match found.starts_with("invalid type") {
        true => PyTypeError::new_err(message),
        false => PyValueError::new_err(message),
    }
}

/// The meaning of a word, or a `ValueError` that lists the words there are.
pub(crate) fn choice<T: Copy>(what: &str, given: &str, all: &[(&str, T)]) -> PyResult<T> {
    // `Wald` and `Kenward-Roger` are how R writes them.
    let is = |word: &str| word.eq_ignore_ascii_case(given);
    if let Some((_, meaning)) = all.iter().find(|(word, _)| is(word)) {
        return Ok(*meaning);
    }
    let words: Vec<String> = all.iter().map(|(word, _)| format!("'{word}'")).collect();
    Err(PyValueError::new_err(format!(
        "{what} {given:?}: give {}",
        words.join(", ")
    )))
}

/// A question to the fit alone.
fn plain(
    what: &'static str,
    ask: impl FnOnce(&ranef::Fit) -> Result<Box<dyn Said>, Error> + Send + 'static,
) -> Question {
    Question {
        what,
        needs_rows: false,
        ask: Box::new(move |asked, _| ask(asked.fit)),
    }
}

/// A question that needs the rows, with all that was asked.
fn with_further(
    what: &'static str,
    ask: impl FnOnce(&Asked<'_>, &dyn Source, &Phase) -> Result<Box<dyn Said>, Error> + Send + 'static,
) -> Question {
    Question {
        what,
        needs_rows: true,
        ask: Box::new(move |asked, phase| match asked.rows {
            Some(rows) => ask(asked, rows, phase),
            None => unreachable!("asked for before the work begins"),
        }),
    }
}

/// A question to the fit and its rows.
fn with_rows(
    what: &'static str,
    ask: impl FnOnce(&ranef::Fit, &dyn Source, &Phase) -> Result<Box<dyn Said>, Error> + Send + 'static,
) -> Question {
    with_further(what, move |asked, rows, phase| ask(asked.fit, rows, phase))
}

fn said(answer: impl Said + 'static) -> Result<Box<dyn Said>, Error> {
    Ok(Box::new(answer))
}

/// The question of a name.
pub(crate) fn of(name: &str, options: &str) -> PyResult<Question> {
    let make: fn(&str) -> PyResult<Question> = match name {
        "summary" => writing::summary,
        "apa" => writing::apa,
        "tidy" => writing::tidy,
        "glance" => writing::glance,
        "equations" => writing::equations,
        "code" => writing::code,
        "effects" => means::effects,
        "ratios" => means::ratios,
        "means" => means::means,
        "slopes" => means::slopes,
        "predict" => means::predict,
        "anova" => inference::anova,
        "test" => inference::test,
        "drop" => inference::drop,
        "confint" => inference::confint,
        "icc" => variance::icc,
        "r2" => variance::r2,
        "pool" => variance::pool,
        "check" => diagnosis::check,
        "influence" => diagnosis::influence,
        "residuals" => diagnosis::residuals,
        "robust" => alternatives::robust,
        "fixed_effects" => alternatives::fixed_effects,
        "within_between" => alternatives::within_between,
        "simulate" => replicates::simulation,
        "bootstrap" => replicates::bootstrap,
        "areas" => population::areas,
        "poststratify" => population::poststratify,
        other => {
            return Err(PyRuntimeError::new_err(format!("no question {other:?}")));
        }
    };
    make(options)
}

/// Options of questions that have none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Options of questions that are asked at a confidence level and nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Level {
    level: f64,
}

/// Models are asked from several threads at once.
const _: fn() = || {
    fn shared<T: Send + Sync>() {}
    shared::<Arc<ranef::Fit>>();
};
