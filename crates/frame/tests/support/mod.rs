//! Files to read in tests, and tables as strings to compare.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt32Type};
use arrow_array::{Array, ArrayRef};
use ranef_frame::Source;

/// A place for a file of a test.
pub fn path(name: &str) -> String {
    format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"))
}

/// Writes a file; returns its path.
pub fn write(name: &str, bytes: &[u8]) -> String {
    let path = path(name);
    std::fs::write(&path, bytes).expect("a file in the target directory");
    path
}

/// Every column as strings; `NA` for what is missing.
pub fn table(source: &dyn Source) -> Vec<Vec<String>> {
    let all: Vec<usize> = (0..source.columns().len()).collect();
    let mut columns = vec![Vec::new(); all.len()];
    for batch in source.read(&all).expect("a reading") {
        let batch = batch.expect("a batch");
        for (column, array) in columns.iter_mut().zip(batch.columns()) {
            column.extend((0..array.len()).map(|row| show(array, row)));
        }
    }
    columns
}

fn show(array: &ArrayRef, row: usize) -> String {
    if array.is_null(row) {
        return "NA".into();
    }
    if let Some(numbers) = array.as_primitive_opt::<Float64Type>() {
        return numbers.value(row).to_string();
    }
    if let Some(numbers) = array.as_primitive_opt::<Int64Type>() {
        return numbers.value(row).to_string();
    }
    if let Some(values) = array.as_boolean_opt() {
        return values.value(row).to_string();
    }
    let words = array.as_dictionary::<UInt32Type>();
    let key = words.keys().value(row) as usize;
    words.values().as_string::<i32>().value(key).to_owned()
}
