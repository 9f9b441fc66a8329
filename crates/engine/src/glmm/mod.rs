//! Generalised linear mixed models.
pub mod family;
