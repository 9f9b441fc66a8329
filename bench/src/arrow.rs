//! Arrow columns to plain vectors.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt32Type};
use arrow_array::{Array, ArrayRef};

/// The numbers of a `Float64` column.
pub fn numbers(batches: impl Iterator<Item = ArrayRef>) -> Vec<f64> {
    batches
        .flat_map(|array| array.as_primitive::<Float64Type>().values().to_vec())
        .collect()
}

/// Number of levels and codes of a dictionary column whose batches share one dictionary.
pub fn factor(batches: impl Iterator<Item = ArrayRef>) -> (usize, Vec<u32>) {
    let mut levels = 0;
    let mut codes = Vec::new();
    for array in batches {
        let dictionary = array.as_dictionary::<UInt32Type>();
        levels = dictionary.values().len();
        codes.extend_from_slice(dictionary.keys().values());
    }
    (levels, codes)
}
