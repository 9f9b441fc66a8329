//! Generalised linear mixed models: from rows to a fit.

pub(crate) mod fitting;
pub(crate) mod inverse;
pub(crate) mod kind;
mod nuisance;
pub(crate) mod ratios;
pub(crate) mod response;
pub(crate) mod rows;
mod separation;
pub(crate) mod smooth;

pub use nuisance::FamilyParameter;
