//! Generalised linear mixed models: from rows to a fit.

mod fitting;
pub(crate) mod inverse;
pub(crate) mod ratios;
pub(crate) mod rows;
