//! Reports: everything about a model in one file.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use ranef_report::{Document, Form};

use crate::question::choice;

/// A report, in no language yet.
#[pyclass(frozen, module = "ranef._ranef")]
pub(crate) struct Report {
    document: Document,
}

/// What lies beside the text of a report: paths from its folder, with `/`, and what they hold.
type Files<'py> = Vec<(String, Bound<'py, PyBytes>)>;

impl Report {
    pub(crate) fn new(document: Document) -> Self {
        Self { document }
    }
}

#[pymethods]
impl Report {
    /// The text in a language (`html`, `markdown`, `latex`), and the files beside it; `stem` is the
    /// name of the file to be without its ending.
    fn write<'py>(
        &self,
        py: Python<'py>,
        language: &str,
        stem: &str,
    ) -> PyResult<(String, Files<'py>)> {
        let all = [
            ("html", Form::Html),
            ("markdown", Form::Markdown),
            ("latex", Form::Latex),
        ];
        let form = choice("format", language, &all)?;
        let written = py.detach(|| self.document.write(form, stem));
        let files = written.files.iter();
        let files = files.map(|(path, bytes)| (path.clone(), PyBytes::new(py, bytes)));
        Ok((written.text, files.collect()))
    }
}
