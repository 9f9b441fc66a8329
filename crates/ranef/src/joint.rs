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
/// Most numbers that are held for the changes of the joint covariance with θ: 400 megabytes.
const MOST_CHANGES: usize = 50_000_000;

/// A joint covariance in a saved model.
#[derive(Serialize, Deserialize)]
pub(crate) struct SavedJoint {
    integers: Vec<u32>,
    numbers: Vec<f64>,
    /// The same on both sides of every θ, where that is small too.
    #[serde(default)]
    changes: Option<Vec<Option<lmm::SidesParts>>>,
    /// How the effects move with each nuisance parameter of a generalised model: fixed effects, then
    /// the random effects of every grouping factor.
    #[serde(default)]
    drift: Vec<(Vec<f64>, Vec<Vec<f64>>)>,
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

    /// How the joint covariance changes with θ, computed when first asked for; `None` where that
    /// would be too large, or a saved model does not carry it.
    pub(crate) fn joint_changes(&self) -> Option<&lmm::JointChanges> {
        if let Some(changes) = self.joint_changes.get() {
            return Some(changes);
        }
        let size = self.ask(|fit| fit.joint_size()).ok()?;
        if self.changes_size(size) > MOST_CHANGES {
            return None;
        }
        let inference = self.inference();
        let changes = self.ask(|fit| fit.joint_changes(inference)).ok()?;
        Some(self.joint_changes.get_or_init(|| changes))
    }

    /// How the effects of a generalised model move with its nuisance parameters ψ, ∂(β, b)/∂ψ at
    /// given θ, computed when first asked for; see [`glmm::Fit::drift`]. Empty without ψ.
    ///
    /// # Errors
    /// `needs_rows` as [`Fit::joint`].
    pub(crate) fn drift(&self) -> Result<&[lmm::Drawn], Error> {
        if self.nuisance().is_empty() {
            return Ok(&[]);
        }
        if let Some(drift) = self.drift.get() {
            return Ok(drift);
        }
        let drift = self.ask_generalised(glmm::Fit::drift)?;
        Ok(self.drift.get_or_init(|| drift))
    }

    /// Numbers that the changes of a joint covariance of some size take.
    fn changes_size(&self, joint: usize) -> usize {
        joint.saturating_mul(2 * self.theta().len())
    }

    /// What a saved model takes along.
    pub(crate) fn joint_to_save(&self) -> Option<SavedJoint> {
        let size = match self.joint.get() {
            Some(joint) => joint.size(),
            None if self.family().is_gaussian() => self.ask(|fit| fit.joint_size()).ok()?,
            None => self.ask_generalised(glmm::Fit::joint_size).ok()?,
        };
        let effects: usize = self.random_effects().modes.iter().map(Vec::len).sum();
        let drift = self.nuisance().len() * (effects + self.fixef().len());
        if size + drift > MOST_SAVED || self.theta().is_empty() {
            return None;
        }
        let drift = self.drift().ok()?;
        let (integers, numbers) = self.joint().ok()?.parts();
        let changes = match self.changes_size(size) <= MOST_SAVED {
            true => self.joint_changes().map(lmm::JointChanges::parts),
            false => None,
        };
        Some(SavedJoint {
            integers,
            numbers,
            changes,
            drift: drift
                .iter()
                .map(|d| (d.fixed.clone(), d.random.clone()))
                .collect(),
        })
    }

    /// Takes up a saved joint covariance; `None` where it does not belong to the model.
    pub(crate) fn take_joint(&self, saved: &SavedJoint) -> Option<()> {
        let layout = layout(self.recipe());
        let joint = lmm::Joint::from_parts(&layout, &saved.integers, &saved.numbers)?;
        if let Some(changes) = &saved.changes {
            let changes = lmm::JointChanges::from_parts(&layout, changes)?;
            self.joint_changes.set(changes).ok()?;
        }
        if self.theta().is_empty() || self.nuisance().is_empty() {
            return self.joint.set(joint).ok();
        }
        let modes = &self.random_effects().modes;
        let fits = |(fixed, random): &(Vec<f64>, Vec<Vec<f64>>)| {
            fixed.len() == self.fixef().len()
                && random.len() == modes.len()
                && random.iter().zip(modes).all(|(a, b)| a.len() == b.len())
        };
        // None at all where the system had no solution.
        let count = saved.drift.len();
        if !(count == 0 || count == self.nuisance().len()) || !saved.drift.iter().all(fits) {
            return None;
        }
        let drift = saved.drift.iter().cloned();
        let drift = drift.map(|(fixed, random)| lmm::Drawn { fixed, random });
        self.drift.set(drift.collect()).ok()?;
        self.joint.set(joint).ok()
    }
}
