//! Kenward and Roger's correction as a fit keeps it.

use ranef_engine::lmm::{self, FTest};
use serde::{Deserialize, Serialize};

use crate::{Error, Fit};

/// Kenward and Roger's covariance of the fixed effects with their degrees of freedom (1997,
/// *Biometrics* 53:983): standard errors that take in how uncertain the variances are.
///
/// It is about REML. A fit by maximum likelihood is refitted by REML for it, as pbkrtest does;
/// [`KenwardRoger::fixef`] and all tests are then those of the refit.
#[derive(Clone, Debug)]
pub struct KenwardRoger {
    beta: Vec<f64>,
    refitted: bool,
    engine: lmm::KenwardRoger,
}

impl KenwardRoger {
    /// The fixed effects by REML.
    pub fn fixef(&self) -> &[f64] {
        &self.beta
    }

    /// Their corrected covariance matrix, p × p by rows.
    pub fn covariance(&self) -> &[f64] {
        &self.engine.covariance
    }

    /// Whether the model was refitted by REML for this.
    pub fn refitted(&self) -> bool {
        self.refitted
    }

    /// Degrees of freedom of the contrast l'β.
    pub fn df(&self, contrast: &[f64]) -> f64 {
        self.engine.df(contrast)
    }

    /// The F test of q contrasts (q × p by rows), given their estimates less the values tested.
    pub(crate) fn f_test(&self, contrasts: &[f64], values: &[f64]) -> FTest {
        self.engine.f_test(contrasts, values)
    }
}

impl Fit {
    /// Kenward and Roger's correction, computed when first asked for.
    ///
    /// # Errors
    /// `needs_rows` for a saved model that was not fitted with these degrees of freedom; and, for a
    /// fit by maximum likelihood, what its refit by REML may fail with.
    pub fn kenward_roger(&self) -> Result<&KenwardRoger, Error> {
        if let Some(known) = self.kenward_roger.get() {
            return Ok(known);
        }
        let found = if self.reml() {
            self.ask(|fit| KenwardRoger {
                beta: fit.beta.clone(),
                refitted: false,
                engine: fit.kenward_roger(),
            })?
        } else {
            let mut fit = self.engine_fit(true)?;
            KenwardRoger {
                beta: fit.beta.clone(),
                refitted: true,
                engine: fit.kenward_roger(),
            }
        };
        Ok(self.kenward_roger.get_or_init(|| found))
    }
}

/// As it stands in a saved model.
#[derive(Serialize, Deserialize)]
pub(crate) struct Saved {
    beta: Vec<f64>,
    refitted: bool,
    covariance: Vec<f64>,
    parameters: Vec<f64>,
    changes: Vec<Vec<f64>>,
    dropped: usize,
}

impl From<&KenwardRoger> for Saved {
    fn from(known: &KenwardRoger) -> Self {
        Self {
            beta: known.beta.clone(),
            refitted: known.refitted,
            covariance: known.engine.covariance.clone(),
            parameters: known.engine.parameters.clone(),
            changes: known.engine.changes.clone(),
            dropped: known.engine.dropped,
        }
    }
}

impl From<Saved> for KenwardRoger {
    fn from(saved: Saved) -> Self {
        Self {
            beta: saved.beta,
            refitted: saved.refitted,
            engine: lmm::KenwardRoger {
                covariance: saved.covariance,
                parameters: saved.parameters,
                changes: saved.changes,
                dropped: saved.dropped,
            },
        }
    }
}

impl Saved {
    /// Whether its sizes are those of p fixed effects and m covariance parameters.
    pub fn fits(&self, p: usize, m: usize) -> bool {
        self.beta.len() == p
            && self.covariance.len() == p * p
            && self.parameters.len() == (m + 1) * (m + 1)
            && self.changes.len() == m + 1
            && self.changes.iter().all(|change| change.len() == p * p)
    }
}
