//! Checks, influence, residuals.

use pyo3::prelude::*;
use ranef::{CheckOptions, DeletionMethod, Simulate};
use serde::Deserialize;

use super::{Question, choice, read, said, with_rows};
use crate::fit::optimizer;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Simulated {
    method: Option<String>,
    replicates: u32,
    seed: u64,
}

/// How residuals are simulated.
pub(crate) fn simulate(method: &str, replicates: u32, seed: u64) -> PyResult<Simulate> {
    let all = [("conditional", true), ("unconditional", false)];
    Ok(Simulate {
        replicates,
        conditional: choice("simulate", method, &all)?,
        seed,
    })
}

fn deletions(name: &str) -> PyResult<DeletionMethod> {
    let all = [
        ("automatic", DeletionMethod::Automatic),
        ("exact", DeletionMethod::Exact),
        ("one-step", DeletionMethod::OneStep),
    ];
    choice("deletions", name, &all)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Check {
    simulate: String,
    replicates: u32,
    seed: u64,
    deletions: String,
    optimizers: Option<Vec<String>>,
}

pub(super) fn check(options: &str) -> PyResult<Question> {
    let asked: Check = read(options)?;
    let optimizers = match &asked.optimizers {
        None => None,
        Some(names) => Some(
            names
                .iter()
                .map(|name| optimizer(name))
                .collect::<PyResult<_>>()?,
        ),
    };
    let options = CheckOptions {
        simulate: simulate(&asked.simulate, asked.replicates, asked.seed)?,
        deletions: deletions(&asked.deletions)?,
        optimizers,
    };
    Ok(with_rows("checking", move |fit, rows, phase| {
        said(fit.check(rows, &options, &mut |what| phase.set(what))?)
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Influence {
    group: Option<String>,
    rows: bool,
    deletions: String,
}

pub(super) fn influence(options: &str) -> PyResult<Question> {
    let asked: Influence = read(options)?;
    let deletions = deletions(&asked.deletions)?;
    Ok(with_rows("leaving out groups", move |fit, rows, phase| {
        if asked.rows {
            phase.set("leaving out rows");
            return said(fit.row_influence(rows)?);
        }
        let group = asked.group.as_deref();
        said(
            fit.group_influence(rows, group, deletions, &mut |done, all| {
                phase.set(&format!("leaving out group {} of {all}", done + 1));
            })?,
        )
    }))
}

pub(super) fn residuals(options: &str) -> PyResult<Question> {
    let Simulated {
        method,
        replicates,
        seed,
    } = read(options)?;
    let simulate = match method {
        None => None,
        Some(method) => Some(simulate(&method, replicates, seed)?),
    };
    Ok(with_rows("residuals", move |fit, rows, _| {
        said(fit.residual_table(rows, simulate)?)
    }))
}
