//! Effects of groups, and expected values: means, slopes, predictions.

use pyo3::prelude::*;
use ranef::{Groups, Interval, MeansOptions, PredictOptions, ResponseScale, SlopesOptions};
use serde::Deserialize;

use super::inference::adjustment;
use super::{Level, Question, choice, plain, read, said};
use crate::answer::Predicted;

pub(super) fn effects(options: &str) -> PyResult<Question> {
    let Level { level } = read(options)?;
    Ok(plain("random effects", move |fit| said(fit.effects(level))))
}

pub(super) fn ratios(options: &str) -> PyResult<Question> {
    let Level { level } = read(options)?;
    Ok(plain("ratios", move |fit| said(fit.ratios(level)?)))
}

fn scale(name: &str) -> PyResult<ResponseScale> {
    let all = [
        ("response", ResponseScale::Response),
        ("link", ResponseScale::Link),
    ];
    choice("scale", name, &all)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Means {
    by: Vec<String>,
    within: Vec<String>,
    at: Vec<(String, Vec<String>)>,
    trend: Option<String>,
    pairwise: bool,
    adjust: String,
    level: f64,
    scale: String,
    re: String,
}

pub(super) fn means(options: &str) -> PyResult<Question> {
    let asked: Means = read(options)?;
    let average = choice("re", &asked.re, &[("none", false), ("average", true)])?;
    let mut options = MeansOptions::by(&asked.by)
        .within(&asked.within)
        .pairwise(asked.pairwise)
        .level(asked.level)
        .scale(scale(&asked.scale)?)
        .average(average)
        .adjust(adjustment(&asked.adjust)?);
    for (predictor, values) in &asked.at {
        options = options.at(predictor, values);
    }
    if let Some(trend) = asked.trend {
        options = options.trend(trend);
    }
    Ok(plain("means", move |fit| said(fit.means(&options)?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Slopes {
    of: String,
    over: String,
    at: Vec<(String, Vec<String>)>,
    level: f64,
    scale: String,
}

pub(super) fn slopes(options: &str) -> PyResult<Question> {
    let asked: Slopes = read(options)?;
    let mut options = SlopesOptions::new(&asked.of, &asked.over)
        .level(asked.level)
        .scale(scale(&asked.scale)?);
    for (predictor, values) in &asked.at {
        options = options.at(predictor, values);
    }
    Ok(plain("slopes", move |fit| said(fit.slopes(&options)?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Predict {
    re: Vec<String>,
    interval: Option<String>,
    level: f64,
    scale: String,
    trials: Option<f64>,
}

pub(super) fn predict(options: &str) -> PyResult<Question> {
    let asked: Predict = read(options)?;
    let words: Vec<&str> = asked.re.iter().map(String::as_str).collect();
    let mut options = match words[..] {
        ["all"] => Groups::All.into(),
        ["none"] => Groups::None.into(),
        ["new"] => Groups::New.into(),
        ["average"] => Groups::Average.into(),
        _ => PredictOptions::terms(words),
    };
    if let Some(interval) = &asked.interval {
        let all = [
            ("confidence", Interval::Confidence),
            ("prediction", Interval::Prediction),
        ];
        options = options.interval(choice("interval", interval, &all)?);
    }
    if let Some(trials) = asked.trials {
        options = options.trials(trials);
    }
    let options = options.scale(scale(&asked.scale)?).level(asked.level);
    Ok(Question {
        what: "predicting",
        needs_rows: false,
        ask: Box::new(move |asked, _| match asked.more.or(asked.rows) {
            Some(rows) => said(Predicted(asked.fit.predict(rows, options)?)),
            None => unreachable!("Python asks for rows to predict for"),
        }),
    })
}
