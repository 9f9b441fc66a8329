//! The extension module of the Python package `ranef`.
//!
//! Python sees little of it: what people call is Python in `python/ranef/`, typed and documented
//! there, and comes here for five things. [`data`] takes tables in (Arrow without copies, columns of
//! numbers and words, files), [`fit`] fits and keeps a model, [`question`] puts a question to it, an
//! [`answer`] is text, JSON and columns of whatever was answered, and [`work`] does all of that
//! without the interpreter's lock, so that other threads run, Ctrl-C is heard and progress is shown.
//! Nothing here computes.

mod answer;
mod capsule;
mod columns;
mod data;
mod error;
mod figure;
mod fit;
mod question;
mod report;
mod several;
mod work;

use std::ffi::OsString;

use pyo3::prelude::*;

/// Runs the command `ranef` with these arguments, the name of the command first, and gives its exit
/// code.
#[pyfunction]
fn main(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| ranef_cli::main(arguments))
}

/// The extension module.
#[pymodule]
fn _ranef(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<data::Data>()?;
    module.add_class::<answer::Answer>()?;
    module.add_class::<answer::Frame>()?;
    module.add_class::<figure::Figure>()?;
    module.add_class::<fit::Fit>()?;
    module.add_class::<report::Report>()?;
    module.add_function(wrap_pyfunction!(main, module)?)?;
    module.add_function(wrap_pyfunction!(answer::frame, module)?)?;
    module.add_function(wrap_pyfunction!(data::datasets, module)?)?;
    module.add_function(wrap_pyfunction!(data::describe, module)?)?;
    module.add_function(wrap_pyfunction!(several::compare, module)?)?;
    module.add_function(wrap_pyfunction!(several::figure, module)?)?;
    module.add_function(wrap_pyfunction!(several::regression_table, module)?)?;
    module.add_function(wrap_pyfunction!(several::glance, module)?)?;
    module.add_function(wrap_pyfunction!(fit::variables, module)?)?;
    module.add_function(wrap_pyfunction!(work::set_threads, module)?)?;
    module.add_function(wrap_pyfunction!(work::threads, module)?)?;
    Ok(())
}
