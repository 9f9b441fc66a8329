//! Columns of a frame beside those that the model reads: labels to sum by, and counts.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt32Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use ranef_frame::Source;

use crate::Error;

/// The values of one column, each once.
#[derive(Clone, Debug, Default)]
pub(super) struct Labels {
    /// With its number, where it is one.
    values: Vec<(Option<f64>, String)>,
    codes: HashMap<String, usize>,
}

impl Labels {
    /// The code of a value.
    pub fn code(&mut self, value: (Option<f64>, String)) -> usize {
        if let Some(&code) = self.codes.get(&value.1) {
            return code;
        }
        let code = self.values.len();
        self.codes.insert(value.1.clone(), code);
        self.values.push(value);
        code
    }

    /// The code of a value that is known.
    pub fn known(&self, text: &str) -> Option<usize> {
        self.codes.get(text).copied()
    }

    /// The value of a code as text.
    pub fn text(&self, code: usize) -> &str {
        &self.values[code].1
    }

    /// The place of each code when values are sorted: numbers by size, then texts by their bytes.
    pub fn places(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.values.len()).collect();
        order.sort_by(|&a, &b| {
            let ((x, s), (y, t)) = (&self.values[a], &self.values[b]);
            match (x, y) {
                (Some(x), Some(y)) => x.total_cmp(y),
                _ => y.is_some().cmp(&x.is_some()).then_with(|| s.cmp(t)),
            }
        });
        let mut places = vec![0; order.len()];
        for (place, code) in order.into_iter().enumerate() {
            places[code] = place;
        }
        places
    }
}

/// A column of a batch by name.
pub(super) fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, Error> {
    batch
        .column_by_name(name)
        .ok_or_else(|| Error::new("unknown_column", format!("there is no column `{name}`")))
}

/// The value of a cell as a label; `None` where it is missing.
pub(super) fn label(array: &ArrayRef, row: usize) -> Option<(Option<f64>, String)> {
    if array.is_null(row) {
        return None;
    }
    if let Some(values) = array.as_primitive_opt::<Float64Type>() {
        let x = values.value(row);
        return Some((Some(x), x.to_string()));
    }
    if let Some(values) = array.as_primitive_opt::<Int64Type>() {
        let x = values.value(row);
        return Some((Some(x as f64), x.to_string()));
    }
    if let Some(values) = array.as_boolean_opt() {
        let word = if values.value(row) { "TRUE" } else { "FALSE" };
        return Some((None, word.to_owned()));
    }
    let dictionary = array.as_dictionary_opt::<UInt32Type>()?;
    let words = dictionary.values().as_string_opt::<i32>()?;
    let key = dictionary.keys().value(row) as usize;
    Some((None, words.value(key).to_owned()))
}

/// The count of a cell of the population; rows are counted from `first`.
pub(super) fn count(
    source: &dyn Source,
    name: &str,
    array: &ArrayRef,
    row: usize,
    first: usize,
) -> Result<f64, Error> {
    let number = first + row + 1;
    let value = if array.is_null(row) {
        None
    } else if let Some(values) = array.as_primitive_opt::<Float64Type>() {
        Some(values.value(row))
    } else if let Some(values) = array.as_primitive_opt::<Int64Type>() {
        Some(values.value(row) as f64)
    } else {
        let why = source
            .note(name)
            .map_or(String::new(), |n| format!(": {n}"));
        return Err(Error::new(
            "not_numeric",
            format!("`{name}` should count people, and it has no numbers{why}"),
        )
        .with_hint("name the column of counts with --count"));
    };
    let hint = "leave cells that nobody is in out of the frame, and give all others a count";
    match value {
        None => Err(Error::new(
            "missing_count",
            format!("row {number} has no count: `{name}` is missing"),
        )
        .with_hint(hint)),
        Some(n) if n > 0.0 && n.is_finite() => Ok(n),
        Some(n) => Err(Error::new(
            "bad_count",
            format!("row {number} has the count {n} in `{name}`, which should be above zero"),
        )
        .with_hint(hint)),
    }
}
