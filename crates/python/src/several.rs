//! Questions to several models at once.

use std::sync::Arc;

use pyo3::prelude::*;
use ranef::{BootstrapOptions, RegressionTable};

use crate::answer::{Answer, Prepared};
use crate::figure::Figure;
use crate::fit::Fit;
use crate::{error, question, work};

/// Compares models by likelihood.
#[pyfunction]
#[pyo3(signature = (fits, refit, bootstrap = None, seed = 1))]
pub(crate) fn compare(
    py: Python<'_>,
    fits: Vec<Py<Fit>>,
    refit: bool,
    bootstrap: Option<u32>,
    seed: u64,
) -> PyResult<Answer> {
    let held: Vec<PyRef<'_, Fit>> = fits.iter().map(|f| f.borrow(py)).collect();
    let arcs: Vec<Arc<ranef::Fit>> = held.iter().map(|f| Arc::clone(&f.fit)).collect();
    let interrupt = held
        .first()
        .map(|f| f.interrupt.clone())
        .unwrap_or_default();
    let sources = match bootstrap {
        None => Vec::new(),
        Some(_) => held
            .iter()
            .map(|f| f.rows(py))
            .collect::<PyResult<Vec<_>>>()?,
    };
    let comparison = work::run(py, "comparing", &interrupt, |phase| {
        let fits: Vec<&ranef::Fit> = arcs.iter().map(|fit| &**fit).collect();
        let Some(replicates) = bootstrap else {
            return ranef::compare(&fits, refit);
        };
        let options = BootstrapOptions {
            replicates,
            seed,
            ..BootstrapOptions::default()
        };
        ranef::compare_bootstrap(&fits, &sources, &options, &mut |done, all| {
            phase.set(&format!("replicate {done} of {all}"));
        })
    })?;
    Ok(Answer::new(comparison))
}

/// A figure: `words` are its kind and options as the command takes them.
#[pyfunction]
pub(crate) fn figure(
    py: Python<'_>,
    fits: Vec<(String, Py<Fit>)>,
    words: Vec<String>,
) -> PyResult<Figure> {
    let held: Vec<(&str, PyRef<'_, Fit>)> = fits
        .iter()
        .map(|(name, fit)| (name.as_str(), fit.borrow(py)))
        .collect();
    let arcs: Vec<(String, Arc<ranef::Fit>)> = held
        .iter()
        .map(|(name, fit)| ((*name).to_owned(), Arc::clone(&fit.fit)))
        .collect();
    let rows = held.first().and_then(|(_, fit)| fit.source.clone());
    let interrupt = held
        .first()
        .map(|(_, f)| f.interrupt.clone())
        .unwrap_or_default();
    // A refusal is an error of the face, not of the crate `ranef`.
    let made = work::run(py, "drawing", &interrupt, |_| {
        let fits = arcs
            .iter()
            .map(|(name, fit)| (name.clone(), &**fit))
            .collect();
        Ok(ranef_cli::figure(&words, fits, rows.as_deref()))
    })?;
    made.map(Figure::new).map_err(|refusal| {
        let hint = refusal.hint.as_deref();
        error::make(py, &refusal.code, &refusal.message, hint, None)
    })
}

/// Models side by side.
#[pyfunction]
pub(crate) fn regression_table(py: Python<'_>, fits: Vec<(String, Py<Fit>)>) -> Answer {
    let held: Vec<(&str, PyRef<'_, Fit>)> = fits
        .iter()
        .map(|(name, fit)| (name.as_str(), fit.borrow(py)))
        .collect();
    let table = RegressionTable::of(held.iter().map(|(name, fit)| (*name, &*fit.fit)));
    let set = question::LANGUAGES.map(|language| (language, table.markup(language)));
    Answer::new(Prepared {
        text: table.to_string(),
        table: ranef::Answer::table(&table),
        object: table,
        set: set.to_vec(),
    })
}

/// Models row by row.
#[pyfunction]
pub(crate) fn glance(py: Python<'_>, fits: Vec<(String, Py<Fit>)>) -> Answer {
    let held: Vec<(&str, PyRef<'_, Fit>)> = fits
        .iter()
        .map(|(name, fit)| (name.as_str(), fit.borrow(py)))
        .collect();
    Answer::new(ranef::Glance::of(
        held.iter().map(|(name, fit)| (*name, &*fit.fit)),
    ))
}
