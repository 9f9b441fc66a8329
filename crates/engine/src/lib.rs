//! The numbers of mixed models: no files, no names, no printing.
//!
//! A linear mixed model is y = Xβ + Zb + ε with b ~ N(0, σ²ΛΛ') and ε ~ N(0, σ²W⁻¹). It goes
//! through this crate in three steps:
//!
//! 1. A [`Layout`] says what the model looks like: so many fixed effects, these grouping factors,
//!    these terms on them.
//! 2. [`Statistics`] take in rows, batch by batch, and keep the crossproducts of \[Z X y\]. They add
//!    up over batches, threads and files; afterwards no row is needed any more.
//! 3. [`lmm::fit`] finds the θ behind Λ that minimises the criterion (REML's, or the deviance) by
//!    Newton steps with exact derivatives, and proves that it is a minimum.
//!
//! ```
//! use ranef_engine::lmm::{self, Options};
//! use ranef_engine::{Column, Coordinates, FactorRows, Layout, Rows, Statistics};
//!
//! // Yield of dyestuff in grams, six batches of five (Davies and Goldsmith 1972).
//! let yields: [f64; 30] = [
//!     1545., 1440., 1440., 1520., 1580., 1540., 1555., 1490., 1560., 1495., //
//!     1595., 1550., 1605., 1510., 1560., 1445., 1440., 1595., 1465., 1545., //
//!     1595., 1630., 1515., 1635., 1625., 1520., 1455., 1450., 1480., 1445.,
//! ];
//! let batch: Vec<u32> = (0..30).map(|row| row / 5).collect();
//!
//! // Yield ~ 1 + (1 | Batch): one fixed effect, which is the intercept; one factor of six levels;
//! // one term on factor 0, of width 1, whose column 0 is the constant.
//! let layout = Layout::new(1, Some(0), &[6], &[(0, 1, Some(0))]);
//! let rows = Rows {
//!     response: &yields,
//!     fixed: vec![Column::Constant(1.0)],
//!     weights: None,
//!     factors: vec![FactorRows {
//!         codes: &batch,
//!         columns: vec![Column::Constant(1.0)],
//!     }],
//! };
//!
//! // The first batch of rows sets the units to compute in; further ones would be added the same way.
//! let mut statistics = Statistics::new(layout.clone(), Coordinates::pilot(&layout, &rows));
//! statistics.add(&rows);
//!
//! let mut fit = lmm::fit(&statistics, &Options::default())?;
//! assert!(fit.certificate.converged);
//! assert!((fit.value - 319.654277).abs() < 1e-6); // REML criterion
//! assert!((fit.beta[0] - 1527.5).abs() < 1e-9); // mean yield
//! assert!((fit.sigma - 49.51).abs() < 1e-2); // within batches
//! assert!((fit.theta[0] * fit.sigma - 42.00).abs() < 1e-2); // between batches
//! assert!((fit.inference().satterthwaite(&[1.0]) - 5.0).abs() < 1e-6); // degrees of freedom
//! # Ok::<(), lmm::FitError>(())
//! ```
//!
//! # Where to begin reading
//! `lmm::criterion` has the formulas. `blocks` computes them: `plan` chooses the order in which
//! random effects are eliminated, `face` is the arithmetic of one level, `lanes` does eight levels
//! at a time where there is one grouping factor, `sparse` goes level by level where there are
//! several, `root` is the dense rest, and `curvature` has second derivatives. `lmm::fit` drives
//! [`optimize::trust_region`] and deals with the boundary; `lmm::refit` does the same for one response
//! after another, which [`simulate`] draws. In the tests, `support::twin` computes
//! everything once more from V as an n × n matrix: that is the shortest definition of what all of
//! it means.
mod blocks;
mod collinear;
mod coordinates;
pub mod distributions;
pub mod glmm;
pub mod goodness;
mod interrupt;
mod layout;
mod least_squares;
pub mod lmm;
pub mod optimize;
pub mod posterior;
pub mod random;
mod rank;
pub mod sandwich;
pub mod simulate;
pub mod smooth;
mod statistics;

pub use collinear::{DependentEffect, dependent_effects};
pub use coordinates::{Coordinates, Standard};
pub use interrupt::Interrupt;
pub use layout::{Entry, Factor, Layout, Term};
pub use least_squares::{LeastSquares, LevelFit, NoPooling};
pub use rank::{dependence, dependent_columns};
pub use statistics::{
    Column, FactorRows, Level, LevelMeans, Levels, Moments, ResponseProducts, Rows, Statistics,
};

#[cfg(test)]
extern crate self as ranef_engine;
#[cfg(test)]
#[path = "../tests/support/mod.rs"]
mod support;
