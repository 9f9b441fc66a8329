//! The engine behind a fit: what questions are put to, and which of them it can be asked.

use std::sync::{Arc, Mutex};

use ranef_engine::{Statistics, glmm, lmm};

use crate::{Error, Fit};

/// The engine's fit, which its later questions work on, and the statistics it was made of, for
/// questions that refit.
pub(crate) struct Engine {
    kind: EngineFit,
    statistics: Arc<Statistics>,
}

enum EngineFit {
    Linear(Box<Mutex<lmm::Fit>>),
    Generalised(Box<Mutex<glmm::Fit>>),
}

impl Engine {
    pub(crate) fn linear(fit: lmm::Fit, statistics: Arc<Statistics>) -> Self {
        Self {
            kind: EngineFit::Linear(Box::new(Mutex::new(fit))),
            statistics,
        }
    }

    pub(crate) fn generalised(fit: glmm::Fit, statistics: Statistics) -> Self {
        Self {
            kind: EngineFit::Generalised(Box::new(Mutex::new(fit))),
            statistics: Arc::new(statistics),
        }
    }
}

/// A question that panicked half-way leaves nothing behind that the next one reads.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

impl Fit {
    /// Whether the questions can be asked that need more than a saved model holds.
    pub fn has_rows(&self) -> bool {
        self.engine.is_some()
    }

    fn held(&self) -> Result<&Engine, Error> {
        self.engine.as_ref().ok_or_else(|| {
            Error::new(
                "needs_rows",
                "this question needs the rows that the model was fitted to, and a saved model has none",
            )
            .with_hint("give the data as well, or fit the model again")
        })
    }

    /// The statistics that a linear fit was made of.
    pub(crate) fn statistics(&self) -> Result<&Arc<Statistics>, Error> {
        self.only_linear()?;
        Ok(&self.held()?.statistics)
    }

    /// Refuses a question about linear models that is asked of another.
    pub(crate) fn only_linear(&self) -> Result<(), Error> {
        if self.family().is_gaussian() {
            return Ok(());
        }
        Err(Error::new(
            "linear_only",
            format!(
                "this question has an answer for gaussian models with the identity link, and this \
                 is a {} model",
                self.family()
            ),
        ))
    }

    /// Refuses what generalised models do not have, with a way out.
    pub(crate) fn refuse_generalised(&self, what: &str, way_out: &str) -> Result<(), Error> {
        if self.family().is_gaussian() {
            return Ok(());
        }
        let message = format!("{what}, and this is a {} model", self.family());
        Err(Error::new("linear_only", message).with_hint(way_out))
    }

    /// Runs a question about a linear model to the engine.
    pub(crate) fn ask<T>(&self, question: impl FnOnce(&mut lmm::Fit) -> T) -> Result<T, Error> {
        self.only_linear()?;
        match &self.held()?.kind {
            EngineFit::Linear(fit) => Ok(question(&mut lock(fit))),
            EngineFit::Generalised(_) => Err(Error::new("linear_only", "a generalised model")),
        }
    }

    /// Runs a question about a generalised model to the engine.
    pub(crate) fn ask_generalised<T>(
        &self,
        question: impl FnOnce(&mut glmm::Fit) -> T,
    ) -> Result<T, Error> {
        match &self.held()?.kind {
            EngineFit::Generalised(fit) => Ok(question(&mut lock(fit))),
            EngineFit::Linear(_) => Err(Error::new("generalised_only", "a linear model")),
        }
    }
}
