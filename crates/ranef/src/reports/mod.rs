//! A fit for the next program and for the paper.
//!
//! For programs there are three tables under the names that R's broom and broom.mixed gave them
//! (Bolker & Robinson 2024), because scripts and readers know these names: [`Tidy`] has a row for
//! each estimate, [`Glance`] one for each model, [`Augmented`] one for each observation. Their
//! columns are called the same in CSV, JSON and Parquet, dots and all (`std.error`, `.fitted`): a
//! table that changed its names with the file format would break scripts. Everything else that
//! this crate serialises has names with underscores.
//!
//! For papers every [`crate::Table`] can be set as Markdown, LaTeX or HTML ([`Markup`]), a fit as a
//! [`Paper`], several fits side by side as a [`RegressionTable`], and one fit as `arm::display`
//! prints it.

mod apa;
mod augment;
mod display;
mod glance;
mod markup;
pub mod numbers;
mod paper;
mod regression;
mod tidy;
mod words;

pub use apa::Apa;
pub use augment::Augmented;
pub use display::ArmDisplay;
pub use glance::{Glance, GlanceRow};
pub use markup::{Caption, Grid, GridRow, Markup, Text, escape};
pub use paper::Paper;
pub use regression::{RegressionCell, RegressionRow, RegressionTable};
pub use tidy::{Scale, Tidy, TidyEffect, TidyOptions, TidyRow};
pub use words::Words;
