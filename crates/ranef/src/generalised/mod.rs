//! Generalised linear mixed models: from rows to a fit.

mod fitting;
pub(crate) mod inverse;
mod nuisance;
pub(crate) mod ratios;
pub(crate) mod rows;
mod separation;

pub use nuisance::FamilyParameter;
