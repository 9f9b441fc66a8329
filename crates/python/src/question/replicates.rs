//! New responses from the model, and the bootstrap.

use pyo3::prelude::*;
use ranef::{BootstrapInterval, BootstrapOptions, BootstrapType, SimulateOptions, Statistic};
use serde::Deserialize;

use super::{Question, choice, read, said, with_further};
use crate::answer::Said;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewResponses {
    n: u32,
    seed: u64,
    re: String,
}

pub(super) fn simulation(options: &str) -> PyResult<Question> {
    let asked: NewResponses = read(options)?;
    let options = SimulateOptions {
        count: asked.n,
        seed: asked.seed,
        kept: choice("re", &asked.re, &[("new", false), ("kept", true)])?,
    };
    Ok(Question {
        what: "simulating",
        needs_rows: false,
        ask: Box::new(move |asked, _| match (asked.more, asked.rows) {
            (Some(rows), _) => said(asked.fit.simulate_new(rows, &options)?),
            (None, Some(rows)) => said(asked.fit.simulate(rows, &options)?),
            (None, None) => unreachable!("Python asks for rows to draw for"),
        }),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Replicates {
    of: Vec<String>,
    parameters: Vec<String>,
    contrasts: Vec<String>,
    replicates: u32,
    seed: u64,
    kind: String,
    interval: String,
    group: Option<String>,
    level: f64,
}

/// Bootstrap distributions with the replicates behind them.
pub(crate) struct Bootstrapped(pub(crate) ranef::Bootstrap);

impl Said for Bootstrapped {
    fn text(&self, columns: usize) -> String {
        self.0.text(columns)
    }

    fn json(&self) -> Result<String, serde_json::Error> {
        self.0.json()
    }

    fn table(&self) -> ranef::Table {
        ranef::Answer::table(&self.0)
    }

    fn draws(&self) -> Option<ranef::Table> {
        Some(self.0.draws())
    }
}

impl Replicates {
    fn options(&self) -> PyResult<BootstrapOptions> {
        let kinds = [
            ("parametric", BootstrapType::Parametric),
            ("kept", BootstrapType::Kept),
            ("residual", BootstrapType::Residual),
            ("cases", BootstrapType::Cases),
            ("cluster", BootstrapType::Cluster),
        ];
        let ends = [
            ("percentile", BootstrapInterval::Percentile),
            ("basic", BootstrapInterval::Basic),
            ("bca", BootstrapInterval::Bca),
            ("normal", BootstrapInterval::Normal),
        ];
        Ok(BootstrapOptions {
            replicates: self.replicates,
            seed: self.seed,
            kind: choice("type", &self.kind, &kinds)?,
            interval: choice("interval", &self.interval, &ends)?,
            level: self.level,
            group: self.group.clone(),
        })
    }
}

/// The options of a bootstrap whose statistic is a function in Python.
pub(crate) fn bootstrap_options(options: &str) -> PyResult<BootstrapOptions> {
    let asked: Replicates = read(options)?;
    asked.options()
}

pub(super) fn bootstrap(options: &str) -> PyResult<Question> {
    let asked: Replicates = read(options)?;
    let options = asked.options()?;
    let mut statistics = Vec::new();
    for what in &asked.of {
        let all = [("parameters", 0), ("icc", 1), ("r2", 2)];
        statistics.push(match choice("of", what, &all)? {
            0 => Statistic::Parameters(asked.parameters.clone()),
            1 => Statistic::Icc,
            _ => Statistic::RSquared,
        });
    }
    let contrasts = asked.contrasts;
    Ok(with_further("replicates", move |asked, rows, phase| {
        let mut statistics = statistics;
        let mut hypotheses = Vec::new();
        for text in &contrasts {
            hypotheses.extend(asked.fit.hypotheses(text)?);
        }
        if !hypotheses.is_empty() {
            statistics.push(Statistic::Contrasts(hypotheses));
        }
        if let Some(new) = asked.more {
            statistics.push(asked.fit.statistic_of_rows(new)?);
        }
        let mut count = |done, all| phase.set(&format!("replicate {done} of {all}"));
        let found = asked
            .fit
            .bootstrap(Some(rows), &statistics, &options, &mut count)?;
        said(Bootstrapped(found))
    }))
}
