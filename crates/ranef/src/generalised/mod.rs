//! Generalised linear mixed models: from rows to a fit.

mod fitting;
pub(crate) mod rows;
