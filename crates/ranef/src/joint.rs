//! The joint covariance of fixed and random effects, for those questions that ask how sure a
//! fitted or predicted value is.
//!
//! A saved model takes it along where it is small: what elimination leaves of a model with one
//! grouping factor is a few numbers a level, beside the random effects that are saved anyway. With
//! crossed factors it holds a dense matrix over the levels of the last one; then the rows are read
//! again instead, which costs one pass.

use ranef_engine::{glmm, lmm};
use serde::{Deserialize, Serialize};

use crate::rows::layout;
use crate::{Error, Fit};

/// Most numbers that are saved: two megabytes of text.
const MOST_SAVED: usize = 100_000;

/// A joint covariance in a saved model.
#[derive(Serialize, Deserialize)]
pub(crate) struct SavedJoint {
    integers: Vec<u32>,
    numbers: Vec<f64>,
}

impl Fit {
    /// The joint covariance of the errors of fixed and random effects, computed when first asked
    /// for.
    ///
    /// # Errors
    /// `needs_rows` for a saved model that was too large to take it along; [`Fit::with_rows`]
    /// mends that.
    pub fn joint(&self) -> Result<&lmm::Joint, Error> {
        if let Some(joint) = self.joint.get() {
            return Ok(joint);
        }
        let joint = if self.family().is_gaussian() {
            self.ask(lmm::Fit::joint)?
        } else {
            self.ask_generalised(glmm::Fit::joint)?
        };
        Ok(self.joint.get_or_init(|| joint))
    }

    /// What a saved model takes along.
    pub(crate) fn joint_to_save(&self) -> Option<SavedJoint> {
        let small = match self.joint.get() {
            Some(joint) => joint.size() <= MOST_SAVED,
            None if self.family().is_gaussian() => {
                self.ask(|fit| fit.joint_size()).ok()? <= MOST_SAVED
            }
            None => self.ask_generalised(glmm::Fit::joint_size).ok()? <= MOST_SAVED,
        };
        if !small || self.theta().is_empty() {
            return None;
        }
        let (integers, numbers) = self.joint().ok()?.parts();
        Some(SavedJoint { integers, numbers })
    }

    /// Takes up a saved joint covariance; `None` where it does not belong to the model.
    pub(crate) fn take_joint(&self, saved: &SavedJoint) -> Option<()> {
        let layout = layout(self.recipe());
        let joint = lmm::Joint::from_parts(&layout, &saved.integers, &saved.numbers)?;
        self.joint.set(joint).ok()
    }
}
