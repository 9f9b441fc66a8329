//! The numbers of mixed models.
mod blocks;
mod coordinates;
pub mod distributions;
mod layout;
pub mod lmm;
pub mod optimize;
mod rank;
mod statistics;

pub use coordinates::{Coordinates, Standard};
pub use layout::{Entry, Factor, Layout, Term};
pub use rank::dependent_columns;
pub use statistics::{Column, FactorRows, Rows, Statistics};

#[cfg(test)]
extern crate self as ranef_engine;
#[cfg(test)]
#[path = "../tests/support/mod.rs"]
mod support;
