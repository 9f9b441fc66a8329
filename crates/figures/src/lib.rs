//! Figures of multilevel models: from an answer to a page of a paper.
//!
//! A figure is a typed table of data (a [`Figure`], which is also a [`ranef::Answer`]: CSV and JSON
//! come with it) that is made of a fit or of answers to questions about it. Its [`Chart`] says what
//! is shown, and [`Format`] in which form: SVG, PNG, PDF, or a Vega-Lite specification that
//! notebooks and browsers draw natively. No browser, no R, no network.

mod areas;
mod caterpillar;
pub mod chart;
mod coefficients;
mod diagnostics;
pub mod draw;
mod figure;
mod johnson_neyman;
mod lines;
mod points;
mod pooling;
mod power;
mod predictions;
mod profile;
mod shrinkage;
mod variance;
mod vpc;
mod words;

pub use areas::AreasPlot;
pub use caterpillar::{Caterpillar, CaterpillarOptions, CaterpillarRow, CaterpillarTerm};
pub use chart::Chart;
pub use coefficients::{CoefficientRow, Coefficients, CoefficientsOptions};
pub use diagnostics::{
    CheckPanel, CooksDistances, GroupDistance, GroupDistances, Inflated, LeveragePlot,
    QuantileFigure, QuartileCurve, ResidualPlot, RowDistance, ScaleLocation, SimulatedPlot,
    SmoothCurve,
};
pub use draw::{Drawing, layout, render};
pub use figure::{Figure, Format, RenderOptions};
pub use johnson_neyman::{SlopeAt, SlopeCurve};
pub use lines::Lines;
pub use pooling::PoolingFacets;
pub use power::{PowerCurve, PowerPoint};
pub use predictions::{PredictedOptions, PredictedPoint, PredictedRow, PredictedValues};
pub use profile::{LevelInterval, ProfileZeta, ProfiledParameter};
pub use shrinkage::{Shrinkage, ShrunkGroup};
pub use variance::{VariancePiece, VarianceShares};
pub use vpc::VpcCurve;
