//! Estimates for areas and for populations.

use pyo3::prelude::*;
use ranef::{AreasOptions, PoststratifyOptions};
use serde::Deserialize;

use super::{Question, read, said, with_rows};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Areas {
    group: Option<String>,
    top: usize,
    thresholds: Vec<f64>,
    level: f64,
    draws: u32,
    seed: u64,
}

pub(super) fn areas(options: &str) -> PyResult<Question> {
    let asked: Areas = read(options)?;
    let mut options = AreasOptions::default()
        .top(asked.top)
        .level(asked.level)
        .draws(asked.draws)
        .seed(asked.seed);
    if let Some(group) = asked.group {
        options = options.group(group);
    }
    for value in asked.thresholds {
        options = options.threshold(value);
    }
    Ok(with_rows("drawing", move |fit, rows, _| {
        said(fit.areas(rows, &options)?)
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Poststratify {
    by: Vec<String>,
    count: Option<String>,
    level: f64,
    draws: u32,
    seed: u64,
}

pub(super) fn poststratify(options: &str) -> PyResult<Question> {
    let asked: Poststratify = read(options)?;
    let mut options = PoststratifyOptions::by(asked.by)
        .level(asked.level)
        .draws(asked.draws)
        .seed(asked.seed);
    if let Some(count) = asked.count {
        options = options.count(count);
    }
    Ok(Question {
        what: "poststratifying",
        needs_rows: false,
        ask: Box::new(move |asked, _| match asked.more {
            Some(frame) => said(asked.fit.poststratify(frame, asked.rows, &options)?),
            None => unreachable!("Python asks for a frame"),
        }),
    })
}
