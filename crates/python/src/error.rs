//! A Rust error as a Python exception with the same code, place and hint.

use pyo3::prelude::*;
use ranef::frame::FrameError;

/// The exception that `ranef._errors.make` makes of an error.
pub(crate) fn raised(py: Python<'_>, error: &ranef::Error) -> PyErr {
    let place = error.place().map(|place| {
        (
            place.formula.as_str(),
            // Python counts characters, Rust bytes.
            characters(&place.formula, place.span.start),
            characters(&place.formula, place.span.end),
            place.caret(),
        )
    });
    make(py, error.code(), &error.to_string(), error.hint(), place)
}

/// The same of an error of reading data.
pub(crate) fn raised_frame(py: Python<'_>, error: FrameError) -> PyErr {
    raised(py, &ranef::Error::from(error))
}

type Place<'a> = (&'a str, usize, usize, String);

/// An exception from its parts.
pub(crate) fn make(
    py: Python<'_>,
    code: &str,
    message: &str,
    hint: Option<&str>,
    place: Option<Place<'_>>,
) -> PyErr {
    let made = py
        .import("ranef._errors")
        .and_then(|module| module.call_method1("make", (code, message, hint, place)));
    match made {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

fn characters(text: &str, byte: usize) -> usize {
    text.char_indices().take_while(|&(at, _)| at < byte).count()
}
