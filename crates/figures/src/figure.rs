//! What all figures have in common, and the forms in which they are written.

use ranef::Answer;

use crate::Chart;

/// A figure: its data as a tidy table, and the chart of them.
pub trait Figure: Answer {
    /// What is shown.
    fn chart(&self) -> Chart;
}

/// The form in which a figure is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Scalable vector graphics with text as text.
    Svg,
    /// Pixels.
    Png,
    /// One page.
    Pdf,
    /// A Vega-Lite specification with its data, as JSON.
    VegaLite,
}

/// Choices that are the reader's, not the figure's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RenderOptions {
    /// Width of the drawing in millimetres; `None` for the chart's own or 150.
    pub width: Option<f64>,
    /// Height of the drawing in millimetres; `None` for the chart's own or what its panels need.
    pub height: Option<f64>,
    /// Pixels per inch of a PNG; `None` for 300.
    pub resolution: Option<f64>,
    /// Leaves out title and subtitle, for figures whose caption says it.
    pub plain: bool,
}
