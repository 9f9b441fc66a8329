//! Generalised linear mixed models: y given b has a density with linear predictor
//! η = o + Xβ + Zb, and b ~ N(0, ΛΛ').
//!
//! `family` knows distributions, `data` keeps the rows, `mode` finds the mode of the random
//! effects on the blocks of the Gaussian engine, `laplace` is the objective with its exact
//! gradient, and `fit` descends and proves that it has arrived.

mod again;
mod data;
mod drift;
pub mod family;
mod fast;
mod fit;
mod hermite;
mod hessian;
mod laplace;
mod mode;
mod profile;
mod quadrature;
mod start;
#[cfg(test)]
mod tests;
mod within;

pub use again::{Known, resume};
pub use data::Data;
pub use fit::{Curvature, Fit, FitError, Options, fit};
pub use hermite::hermite;
pub use profile::profile;

pub(crate) use fit::inverse;
pub(crate) use laplace::Laplace;
