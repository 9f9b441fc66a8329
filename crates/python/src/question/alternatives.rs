//! The same rows under other assumptions: clusters, fixed effects of groups, within and between.

use pyo3::prelude::*;
use ranef::{
    FixedEffectsOptions, RobustOptions, RobustType, WithinBetweenForm, WithinBetweenOptions,
};
use serde::Deserialize;

use super::{Question, choice, read, said, with_rows};

fn robust_type(name: &str) -> PyResult<RobustType> {
    let all = [
        ("cr0", RobustType::Cr0),
        ("cr1", RobustType::Cr1),
        ("cr1s", RobustType::Cr1s),
        ("cr2", RobustType::Cr2),
        ("cr3", RobustType::Cr3),
    ];
    choice("kind", &name.to_lowercase(), &all)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Robust {
    kind: Option<String>,
    cluster: Option<String>,
    tests: Vec<Vec<String>>,
    level: f64,
}

pub(super) fn robust(options: &str) -> PyResult<Question> {
    let asked: Robust = read(options)?;
    let options = RobustOptions {
        kind: asked.kind.as_deref().map(robust_type).transpose()?,
        cluster: asked.cluster,
        tests: asked.tests,
        level: asked.level,
    };
    Ok(with_rows("clusters", move |fit, rows, _| {
        said(fit.robust(rows, &options)?)
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FixedEffects {
    group: Option<String>,
    cluster: Option<String>,
    kind: String,
    level: f64,
}

pub(super) fn fixed_effects(options: &str) -> PyResult<Question> {
    let asked: FixedEffects = read(options)?;
    let options = FixedEffectsOptions {
        group: asked.group,
        cluster: asked.cluster,
        kind: robust_type(&asked.kind)?,
        level: asked.level,
    };
    Ok(with_rows("within groups", move |fit, rows, _| {
        said(fit.fixed_effects(rows, &options)?)
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WithinBetween {
    of: Vec<String>,
    group: Option<String>,
    form: String,
}

pub(super) fn within_between(options: &str) -> PyResult<Question> {
    let asked: WithinBetween = read(options)?;
    let all = [
        ("rewb", WithinBetweenForm::Rewb),
        ("mundlak", WithinBetweenForm::Mundlak),
    ];
    let options = WithinBetweenOptions {
        form: choice("form", &asked.form, &all)?,
        of: asked.of,
        group: asked.group,
    };
    Ok(with_rows("fitting", move |fit, rows, _| {
        said(fit.options().within_between(rows, &options)?)
    }))
}
