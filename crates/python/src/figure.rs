//! Figures: what is shown, in the forms that people and programs want.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use ranef_cli::Picture;
use ranef_figures::{Format, RenderOptions, render};

use crate::answer::Frame;
use crate::error;

/// A figure of a model.
#[pyclass(frozen, module = "ranef._ranef")]
pub(crate) struct Figure {
    picture: Picture,
}

impl Figure {
    pub(crate) fn new(picture: Picture) -> Self {
        Self { picture }
    }
}

#[pymethods]
impl Figure {
    /// The figure as `svg`, `png`, `pdf` or `vega-lite`; sizes in millimetres.
    #[pyo3(signature = (format, width = None, height = None, dpi = None, plain = false))]
    fn render<'py>(
        &self,
        py: Python<'py>,
        format: &str,
        width: Option<f64>,
        height: Option<f64>,
        dpi: Option<f64>,
        plain: bool,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let format = match format {
            "svg" => Format::Svg,
            "png" => Format::Png,
            "pdf" => Format::Pdf,
            "vega-lite" => Format::VegaLite,
            other => {
                return Err(PyValueError::new_err(format!(
                    "format {other:?}: give 'svg', 'png', 'pdf' or 'vega-lite'"
                )));
            }
        };
        let options = RenderOptions {
            width,
            height,
            resolution: dpi,
            plain,
        };
        let bytes = py
            .detach(|| render(&self.picture.chart, format, &options))
            .map_err(|e| error::raised(py, &e))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// The figure in words.
    fn text(&self) -> &str {
        &self.picture.words
    }

    /// The data behind the figure as JSON.
    fn json(&self) -> &str {
        &self.picture.json
    }

    /// The data behind the figure as columns.
    fn frame(&self) -> PyResult<Frame> {
        Frame::of_table(&self.picture.table)
    }
}
