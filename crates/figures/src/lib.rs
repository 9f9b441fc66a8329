//! Figures of multilevel models: from an answer to a page of a paper.
//!
//! A figure is a typed table of data (a [`Figure`], which is also a [`ranef::Answer`]: CSV and JSON
//! come with it) that is made of a fit or of answers to questions about it. Its [`Chart`] says what
//! is shown, and [`Format`] in which form: SVG, PNG, PDF, or a Vega-Lite specification that
//! notebooks and browsers draw natively. No browser, no R, no network.

mod caterpillar;
pub mod chart;
mod coefficients;
pub mod draw;
mod figure;
mod johnson_neyman;
mod lines;
mod pooling;
mod predictions;
mod shrinkage;
mod words;

pub use caterpillar::{Caterpillar, CaterpillarOptions, CaterpillarRow, CaterpillarTerm};
pub use chart::Chart;
pub use coefficients::{CoefficientRow, Coefficients, CoefficientsOptions};
pub use draw::{Drawing, layout, render};
pub use figure::{Figure, Format, RenderOptions};
pub use johnson_neyman::{SlopeAt, SlopeCurve};
pub use lines::Lines;
pub use pooling::PoolingFacets;
pub use predictions::{PredictedOptions, PredictedPoint, PredictedRow, PredictedValues};
pub use shrinkage::{Shrinkage, ShrunkGroup};
