//! Generalised linear mixed models: from rows to a fit.

mod fitting;
mod nuisance;
pub(crate) mod rows;
mod separation;

pub use nuisance::FamilyParameter;
