//! Saved models: a small versioned JSON without rows, which predicts anywhere.

use std::sync::OnceLock;

use ranef_engine::lmm;
use ranef_frame::io_reason;
use serde::{Deserialize, Serialize};

use crate::fit::Facts;
use crate::joint::SavedJoint;
use crate::random::RandomEffects;
use crate::residuals::ResidualSummary;
use crate::tests::{KenwardRoger, kenward_roger};
use crate::{DfMethod, Error, Fit};

/// What the file says it is.
const FORMAT: &str = "ranef model";
/// Raised when an older reader would misread the file.
const VERSION: u32 = 4;

#[derive(Serialize, Deserialize)]
struct Saved {
    format: String,
    version: u32,
    /// The version of ranef that wrote it.
    written_by: String,
    facts: Facts,
    random_effects: RandomEffects,
    inference: SavedInference,
    /// Only where it was asked for: it may take a refit.
    #[serde(default)]
    kenward_roger: Option<kenward_roger::Saved>,
    residuals: Option<ResidualSummary>,
    #[serde(default)]
    joint: Option<SavedJoint>,
}

/// Only what is read before anything else.
#[derive(Deserialize)]
struct Head {
    format: Option<String>,
    version: Option<u32>,
    written_by: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct SavedInference {
    #[serde(with = "unknown_as_null")]
    covariance: Vec<f64>,
    dropped: usize,
    vcov_changes: Vec<Vec<f64>>,
}

/// Numbers of which some may be unknown: how sure θ is, the fast approximation does not say.
pub(crate) mod unknown_as_null {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(numbers: &[f64], to: S) -> Result<S::Ok, S::Error> {
        let known = |x: &f64| x.is_finite().then_some(*x);
        numbers.iter().map(known).collect::<Vec<_>>().serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
        let numbers = Vec::<Option<f64>>::deserialize(from)?;
        Ok(numbers.into_iter().map(|x| x.unwrap_or(f64::NAN)).collect())
    }
}

impl Fit {
    /// The model as JSON: formula, recipe, estimates, random effects; kilobytes, and no rows.
    pub fn to_json(&self) -> Result<String, Error> {
        let inference = self.inference();
        let saved = Saved {
            format: FORMAT.to_owned(),
            version: VERSION,
            written_by: env!("CARGO_PKG_VERSION").to_owned(),
            facts: self.facts.clone(),
            random_effects: self.random_effects().clone(),
            inference: SavedInference {
                covariance: inference.covariance.clone(),
                dropped: inference.dropped,
                vcov_changes: inference.vcov_changes.clone(),
            },
            kenward_roger: self.kenward_roger.get().map(kenward_roger::Saved::from),
            residuals: self.residuals.get().copied(),
            joint: self.joint_to_save(),
        };
        serde_json::to_string(&saved).map_err(|e| {
            Error::new(
                "model_not_saved",
                format!("the model cannot be written: {e}"),
            )
        })
    }

    /// Writes the model to a file, whole or not at all.
    pub fn save(&self, path: &std::path::Path) -> Result<(), Error> {
        let json = self.to_json()?;
        let failed = |e: std::io::Error| {
            Error::new(
                "model_not_saved",
                format!("cannot write `{}`: {}", path.display(), io_reason(&e)),
            )
            .with_hint("check that the folder exists and may be written to")
        };
        // A file beside the target first: what was there before survives a full disk.
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let part = path.with_file_name(name);
        let written = std::fs::write(&part, json).and_then(|()| std::fs::rename(&part, path));
        if written.is_err() {
            // Nothing is lost if this fails too: the half-written file is not the model.
            let _ = std::fs::remove_file(&part);
        }
        written.map_err(failed)
    }

    /// Reads a saved model.
    pub fn load(path: &std::path::Path) -> Result<Self, Error> {
        let shown = path.display();
        let bytes = std::fs::read(path).map_err(|e| {
            let message = match e.kind() {
                std::io::ErrorKind::NotFound => format!("there is no file `{shown}`"),
                _ => format!("cannot read the model `{shown}`: {}", io_reason(&e)),
            };
            Error::new("model_not_read", message)
                .with_hint("give a file written by `ranef fit … --save FILE`")
        })?;
        let text = String::from_utf8(bytes).map_err(|_| {
            Error::new(
                "not_a_model",
                format!("`{shown}` is not a saved model: it is not text"),
            )
            .with_hint("give a file written by `ranef fit … --save FILE`")
        })?;
        Self::from_json(&text).map_err(|mut error| {
            error.prefix(&format!("`{shown}`: "));
            error
        })
    }

    /// Reads a saved model from its JSON.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let foreign = || {
            Error::new("not_a_model", "this is not a saved model")
                .with_hint("give a file written by `ranef fit … --save FILE`")
        };
        let head: Head = serde_json::from_str(text).map_err(|e| {
            // Cut within a number it is no end of file to the reader, but an error in its last place.
            let last = text.lines().count().max(1);
            let length = text.lines().next_back().map_or(0, str::len);
            let cut = e.is_eof() || (e.line() == last && e.column() >= length);
            if cut && text.trim_start().starts_with('{') {
                Error::new("model_truncated", "the saved model ends in the middle")
                    .with_hint("fit and save it again")
            } else {
                foreign()
            }
        })?;
        if head.format.as_deref() != Some(FORMAT) {
            return Err(foreign());
        }
        if head.version != Some(VERSION) {
            return Err(Error::new(
                "model_version",
                format!(
                    "the model was saved in format {} by ranef {}; this is ranef {}, which reads format {VERSION}",
                    head.version.map_or("?".to_owned(), |v| v.to_string()),
                    head.written_by.as_deref().unwrap_or("?"),
                    env!("CARGO_PKG_VERSION"),
                ),
            )
            .with_hint("use the ranef that saved it, or fit and save it again"));
        }
        let saved: Saved = serde_json::from_str(text).map_err(|e| {
            Error::new("model_damaged", format!("the saved model is damaged: {e}"))
                .with_hint("fit and save it again")
        })?;
        saved.check()?;
        let SavedInference {
            covariance,
            dropped,
            vcov_changes,
        } = saved.inference;
        let inference = lmm::Inference::from_parts(
            covariance,
            dropped,
            vcov_changes,
            saved.facts.estimates.vcov.clone(),
        );
        let fit = Self {
            facts: saved.facts,
            engine: None,
            random_effects: OnceLock::from(saved.random_effects),
            inference: OnceLock::from(inference),
            kenward_roger: saved.kenward_roger.map_or_else(OnceLock::new, |known| {
                OnceLock::from(KenwardRoger::from(known))
            }),
            residuals: saved.residuals.map_or_else(OnceLock::new, OnceLock::from),
            joint: OnceLock::new(),
            drift: OnceLock::new(),
            joint_changes: OnceLock::new(),
            link_variance: Default::default(),
            null_model: OnceLock::new(),
        };
        if let Some(joint) = &saved.joint {
            fit.take_joint(joint)
                .ok_or_else(|| damaged("its joint covariance does not fit its effects"))?;
        }
        Ok(fit)
    }
}

impl Saved {
    /// Sizes that must agree before any of it is used.
    fn check(&self) -> Result<(), Error> {
        let p = self.facts.estimates.beta.len();
        if self.facts.recipe.fixed_kept().len() != p || self.facts.estimates.vcov.len() != p * p {
            return Err(damaged("fixed effects and their covariance differ in size"));
        }
        let m = self.facts.estimates.theta.len();
        if self.inference.vcov_changes.len() != m + 1
            || self.inference.covariance.len() != (m + 1) * (m + 1)
            || self.inference.vcov_changes.iter().any(|x| x.len() != p * p)
        {
            return Err(damaged("its information matrix has the wrong size"));
        }
        let corrected = self.kenward_roger.as_ref();
        let promised = self.facts.df == DfMethod::KenwardRoger;
        if corrected.map_or(promised, |known| !known.fits(p, m)) {
            return Err(damaged(
                "its corrected covariance is missing or has the wrong size",
            ));
        }
        let estimates = &self.facts.estimates;
        let k = estimates.nuisance.len();
        if estimates.nuisance_vcov.len() != k * k || estimates.cross_vcov.len() != p * k {
            return Err(damaged(
                "the parameters of the family and their covariance differ in size",
            ));
        }
        let aliased = self.facts.recipe.aliased().len();
        let aliases = &self.facts.aliases;
        if aliases.len() != aliased || aliases.iter().any(|pattern| pattern.len() != p) {
            return Err(damaged("its pattern of aliasing has the wrong size"));
        }
        let factors = self.facts.recipe.factors();
        let mut widths = vec![0; factors.len()];
        for block in &self.facts.estimates.random {
            let k = block.terms.len();
            let fits = block.factor < factors.len()
                && block.offset == widths[block.factor]
                && block.sd.len() == k
                && block.cov.len() == k
                && block.corr.len() == k
                && block.cov.iter().all(|row| row.len() == k)
                && block.corr.iter().all(|row| row.len() == k);
            if !fits {
                return Err(damaged(
                    "a covariance block does not fit its grouping factor",
                ));
            }
            widths[block.factor] += k;
        }
        let effects = &self.random_effects;
        let sized = effects.modes.len() == factors.len()
            && effects.covariances.len() == factors.len()
            && factors.iter().enumerate().all(|(f, factor)| {
                effects.modes[f].len() == factor.levels * widths[f]
                    && effects.covariances[f].len() == factor.levels * widths[f] * widths[f]
            });
        if sized {
            Ok(())
        } else {
            Err(damaged("its random effects have the wrong size"))
        }
    }
}

fn damaged(what: &str) -> Error {
    Error::new(
        "model_damaged",
        format!("the saved model is damaged: {what}"),
    )
    .with_hint("fit and save it again")
}
