//! Shares of variance, and what pooling does.

use pyo3::prelude::*;
use ranef::{Error, LinkVariance, NullMean};
use serde::Deserialize;

use super::{Asked, Question, choice, read, said, with_rows};

fn link_variance(name: &str, mean: &str) -> PyResult<(LinkVariance, NullMean)> {
    let all = [
        ("theoretical", LinkVariance::Theoretical),
        ("delta", LinkVariance::Delta),
        ("trigamma", LinkVariance::Trigamma),
    ];
    let means = [("average", NullMean::Average), ("median", NullMean::Median)];
    Ok((
        choice("distribution", name, &all)?,
        choice("at_mean", mean, &means)?,
    ))
}

/// The fit, or a copy of it that takes the variance of the distribution otherwise.
fn with_link_variance<T>(
    asked: &Asked<'_>,
    (method, mean): (LinkVariance, NullMean),
    then: impl FnOnce(&ranef::Fit) -> Result<T, Error>,
) -> Result<T, Error> {
    if (method, mean) == <(LinkVariance, NullMean)>::default() {
        return then(asked.fit);
    }
    let mut copy = ranef::Fit::from_json(&asked.fit.to_json()?)?;
    if let Some(rows) = asked.rows {
        copy = copy.with_rows(rows)?;
    }
    then(&copy.with_link_variance(method, mean)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Icc {
    at: Option<Vec<f64>>,
    level: f64,
    distribution: String,
    at_mean: String,
}

pub(super) fn icc(options: &str) -> PyResult<Question> {
    let options: Icc = read(options)?;
    let variance = link_variance(&options.distribution, &options.at_mean)?;
    Ok(Question {
        what: "shares of variance",
        needs_rows: false,
        ask: Box::new(move |asked, _| {
            with_link_variance(asked, variance, |fit| {
                said(fit.icc(options.level, options.at.as_deref()))
            })
        }),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct R2 {
    level: f64,
    distribution: String,
    at_mean: String,
}

pub(super) fn r2(options: &str) -> PyResult<Question> {
    let options: R2 = read(options)?;
    let variance = link_variance(&options.distribution, &options.at_mean)?;
    Ok(Question {
        what: "explaining variance",
        needs_rows: false,
        ask: Box::new(move |asked, _| {
            with_link_variance(asked, variance, |fit| {
                let answer = fit.r_squared(options.level);
                match asked.other {
                    None => said(answer),
                    Some(other) => said(answer.against(fit.variance_against(other)?)),
                }
            })
        }),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pool {
    group: Option<String>,
    level: f64,
}

pub(super) fn pool(options: &str) -> PyResult<Question> {
    let Pool { group, level } = read(options)?;
    Ok(with_rows("pooling", move |fit, _, _| {
        said(fit.pooling(group.as_deref(), level)?)
    }))
}
