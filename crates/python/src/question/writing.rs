//! The model in words, tables, mathematics and other languages.

use pyo3::prelude::*;
use ranef::{Language, Markup, Scale, TidyEffect, TidyOptions};
use serde::Deserialize;

use super::inference::interval_method;
use super::{Nothing, Question, choice, plain, read, said, with_rows};
use crate::answer::{Prepared, Said};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Summary {
    columns: usize,
}

pub(super) fn summary(options: &str) -> PyResult<Question> {
    let Summary { columns } = read(options)?;
    Ok(Question {
        what: "summarising",
        needs_rows: false,
        ask: Box::new(move |asked, _| {
            if let Some(rows) = asked.rows {
                asked.fit.summarise_residuals(rows)?;
            }
            said(in_full(asked.fit, columns))
        }),
    })
}

/// The summary: its text, the fit in numbers, the table of fixed effects, and for documents the
/// tables that go into a paper.
fn in_full(fit: &ranef::Fit, columns: usize) -> impl Said + use<> {
    let paper = |language| (language, fit.paper(language).to_string());
    let options = TidyOptions {
        effects: vec![TidyEffect::Fixed],
        ..TidyOptions::default()
    };
    Prepared {
        text: fit.summary().columns(columns).to_string(),
        object: fit.report(),
        table: fit
            .tidy(&options)
            .map(|tidy| ranef::Answer::table(&tidy))
            .unwrap_or_default(),
        set: [Markup::Markdown, Markup::Latex, Markup::Html]
            .map(paper)
            .to_vec(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EquationOptions {
    values: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeOptions {
    language: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tidy {
    effects: Vec<String>,
    scale: String,
    interval: Option<String>,
    level: f64,
}

pub(super) fn tidy(options: &str) -> PyResult<Question> {
    let asked: Tidy = read(options)?;
    let kinds = [
        ("fixed", TidyEffect::Fixed),
        ("ran_pars", TidyEffect::RanPars),
        ("ran_vals", TidyEffect::RanVals),
        ("ran_coefs", TidyEffect::RanCoefs),
    ];
    let scales = [("sdcor", Scale::Sdcor), ("vcov", Scale::Vcov)];
    let method = asked.interval.as_deref().map(interval_method).transpose()?;
    let options = TidyOptions {
        effects: asked
            .effects
            .iter()
            .map(|kind| choice("effects", kind, &kinds))
            .collect::<PyResult<_>>()?,
        scale: choice("scale", &asked.scale, &scales)?,
        interval: method.map(|method| (method, asked.level)),
    };
    Ok(plain("tidying", move |fit| said(fit.tidy(&options)?)))
}

pub(super) fn apa(options: &str) -> PyResult<Question> {
    let Nothing {} = read(options)?;
    Ok(plain("summarising", |fit| {
        said(Prepared {
            text: fit.apa().to_string(),
            object: fit.report(),
            table: ranef::Answer::table(&fit.glance()),
            set: Vec::new(),
        })
    }))
}

pub(super) fn glance(options: &str) -> PyResult<Question> {
    let Nothing {} = read(options)?;
    Ok(plain("glance", |fit| said(fit.glance())))
}

pub(super) fn equations(options: &str) -> PyResult<Question> {
    let EquationOptions { values } = read(options)?;
    Ok(with_rows(
        "levels of the predictors",
        move |fit, rows, _| {
            let levels = fit.predictor_levels(rows)?;
            let equations = fit.equations(&levels, values);
            let latex = equations.latex();
            said(Prepared {
                text: equations.to_string(),
                table: ranef::Answer::table(&equations),
                object: equations,
                set: vec![(Markup::Latex, latex)],
            })
        },
    ))
}

pub(super) fn code(options: &str) -> PyResult<Question> {
    let CodeOptions { language } = read(options)?;
    let all = [
        ("r", Language::R),
        ("stata", Language::Stata),
        ("sas", Language::Sas),
    ];
    let language = choice("language", &language.to_lowercase(), &all)?;
    Ok(plain("code", move |fit| {
        let code = fit.code(language);
        said(Prepared {
            text: code.to_string(),
            object: code,
            table: ranef::Table::new(),
            set: Vec::new(),
        })
    }))
}
