//! Tests and intervals of parameters.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use ranef::{Adjust, AnovaType, IntervalMethod};
use serde::Deserialize;

use super::{Nothing, Question, choice, plain, read, said, with_rows};
use crate::fit::df_method;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Anova {
    kind: u8,
    df: Option<String>,
}

pub(super) fn anova(options: &str) -> PyResult<Question> {
    let options: Anova = read(options)?;
    let kind = match options.kind {
        1 => AnovaType::I,
        2 => AnovaType::II,
        3 => AnovaType::III,
        other => {
            return Err(PyValueError::new_err(format!(
                "type {other}: give 1, 2 or 3"
            )));
        }
    };
    let df = options.df.as_deref().map(df_method).transpose()?;
    Ok(plain("testing", move |fit| {
        said(fit.anova(kind, df.unwrap_or(fit.df_method()))?)
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Test {
    contrasts: Vec<String>,
    adjust: String,
    df: Option<String>,
}

pub(super) fn adjustment(name: &str) -> PyResult<Adjust> {
    let all = [
        ("none", Adjust::None),
        ("holm", Adjust::Holm),
        ("bonferroni", Adjust::Bonferroni),
        ("sidak", Adjust::Sidak),
        ("fdr", Adjust::Fdr),
        ("tukey", Adjust::Tukey),
    ];
    choice("adjust", name, &all)
}

pub(super) fn test(options: &str) -> PyResult<Question> {
    let options: Test = read(options)?;
    let adjust = adjustment(&options.adjust)?;
    let df = options.df.as_deref().map(df_method).transpose()?;
    Ok(plain("testing", move |fit| {
        let mut hypotheses = Vec::new();
        for text in &options.contrasts {
            hypotheses.extend(fit.hypotheses(text)?);
        }
        said(fit.test(&hypotheses, df.unwrap_or(fit.df_method()), adjust)?)
    }))
}

pub(super) fn drop(options: &str) -> PyResult<Question> {
    let Nothing {} = read(options)?;
    Ok(with_rows("fitting smaller models", |fit, rows, _| {
        said(fit.deletions(rows)?)
    }))
}

pub(super) fn interval_method(name: &str) -> PyResult<IntervalMethod> {
    let all = [
        ("wald", IntervalMethod::Wald),
        ("profile", IntervalMethod::Profile),
        ("bootstrap", IntervalMethod::Bootstrap),
    ];
    choice("method", name, &all)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Confint {
    parameters: Vec<String>,
    method: String,
    level: f64,
}

pub(super) fn confint(options: &str) -> PyResult<Question> {
    let options: Confint = read(options)?;
    let method = interval_method(&options.method)?;
    Ok(plain("computing intervals", move |fit| {
        said(fit.confint_of(&options.parameters, method, options.level)?)
    }))
}
