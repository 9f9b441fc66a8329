//! Is the fit sound? Questions that go back to the rows, and what they find, in words.
//!
//! Each question has a type of its own that can be asked for alone: [`Singularity`],
//! [`Optimizers`], [`Collinearity`], [`Residuals`], [`Simulated`], [`Normality`], [`Spread`],
//! [`GroupInfluence`], [`RowInfluence`], [`ConditionalAic`]. [`Check`] asks all of them and turns
//! what they find into verdicts, by rules that are printed with them; [`Diagnostics`] asks those that
//! are seen in figures. A p-value alone never makes a
//! verdict: with many rows every departure is significant, so its size must count as well.

mod caic;
mod check;
mod check_table;
mod collinearity;
mod decorrelate;
mod diagnostics;
mod dispersion;
mod generalised;
mod influence;
mod influence_rows;
mod influence_table;
pub(crate) mod model_rows;
mod normality;
mod optimizers;
mod quantiles;
mod residuals;
mod rules;
mod separation;
mod simulated;
mod simulated_generalised;
mod simulated_quantiles;
mod simulated_world;
mod singularity;
mod spread;

pub use caic::ConditionalAic;
pub use check::{Check, CheckOptions, Finding, Verdict};
pub use collinearity::{Collinearity, Inflation};
pub use diagnostics::{Diagnostics, DiagnosticsOptions};
pub use dispersion::Dispersion;
pub use influence::{DeletionMethod, GroupInfluence, LevelInfluence, VarianceChange};
pub use influence_rows::{RowInfluence, RowInfluences};
pub use normality::{Normality, NormalitySample};
pub use optimizers::{OptimizerRun, Optimizers};
pub use quantiles::{QuantilePlot, QuantilePoint};
pub use residuals::Residuals;
pub use separation::Separation;
pub use simulated::{Simulate, Simulated, Zeros};
pub use simulated_quantiles::QuantileDeviation;
pub use singularity::{Component, Principal, Singularity};
pub use spread::{Spread, SpreadTest};
