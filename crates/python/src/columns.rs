//! Columns of numbers and words that Python takes apart itself: data frames without Arrow, and
//! dictionaries of arrays and lists. They are copied; `python/ranef/_data.py` says what is sent.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, Int64Array,
    RecordBatch, RecordBatchOptions, StringArray,
};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_schema::{Field, Schema, SchemaRef};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

/// A batch from tuples `(name, kind, values, more)`.
pub(crate) fn batch(columns: &Bound<'_, PyList>) -> PyResult<(SchemaRef, RecordBatch)> {
    let mut fields = Vec::with_capacity(columns.len());
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(columns.len());
    for column in columns {
        let column = column.cast::<PyTuple>()?;
        let name: String = column.get_item(0)?.extract()?;
        let kind: String = column.get_item(1)?.extract()?;
        let array = array(&kind, &column.get_item(2)?, &column.get_item(3)?)?;
        if let Some(first) = arrays.first().filter(|first| first.len() != array.len()) {
            return Err(PyValueError::new_err(format!(
                "column {name:?} has {} values, the first column {}",
                array.len(),
                first.len()
            )));
        }
        fields.push(Field::new(name, array.data_type().clone(), true));
        arrays.push(array);
    }
    let rows = arrays.first().map_or(0, |a| a.len());
    let schema = Arc::new(Schema::new(fields));
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &options)
        .map_err(|e| PyValueError::new_err(e.to_string()))?;
    Ok((schema, batch))
}

/// One column. `more` is a mask of missing values (a byte each, 1 is missing) or `None`; of a
/// categorical it is the list of categories.
fn array(kind: &str, values: &Bound<'_, PyAny>, more: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    Ok(match kind {
        "float64" => Arc::new(Float64Array::new(
            numbers(values, f64::from_ne_bytes)?.into(),
            mask(more)?,
        )),
        "int64" => Arc::new(Int64Array::new(
            numbers(values, i64::from_ne_bytes)?.into(),
            mask(more)?,
        )),
        "bool" => {
            let bytes = values.cast::<PyBytes>()?.as_bytes();
            let bits = BooleanBuffer::collect_bool(bytes.len(), |i| bytes[i] != 0);
            Arc::new(BooleanArray::new(bits, mask(more)?))
        }
        "text" => Arc::new(words(values.cast::<PyList>()?)?),
        "category" => {
            let codes: Vec<i32> = numbers(values, i32::from_ne_bytes)?;
            let keys: Int32Array = codes.iter().map(|&c| (c >= 0).then_some(c)).collect();
            let levels = words(more.cast::<PyList>()?)?;
            let made = DictionaryArray::<Int32Type>::try_new(keys, Arc::new(levels));
            Arc::new(made.map_err(|e| PyValueError::new_err(e.to_string()))?)
        }
        other => return Err(PyTypeError::new_err(format!("no kind of column: {other}"))),
    })
}

/// Numbers of a fixed width from bytes.
fn numbers<T, const W: usize>(
    values: &Bound<'_, PyAny>,
    make: impl Fn([u8; W]) -> T,
) -> PyResult<Vec<T>> {
    let bytes = values.cast::<PyBytes>()?.as_bytes();
    let (cells, rest) = bytes.as_chunks::<W>();
    if !rest.is_empty() {
        return Err(PyValueError::new_err("bytes that are no whole numbers"));
    }
    Ok(cells.iter().map(|&cell| make(cell)).collect())
}

fn mask(more: &Bound<'_, PyAny>) -> PyResult<Option<NullBuffer>> {
    if more.is_none() {
        return Ok(None);
    }
    let missing = more.cast::<PyBytes>()?.as_bytes();
    let present = BooleanBuffer::collect_bool(missing.len(), |i| missing[i] == 0);
    Ok(Some(NullBuffer::new(present)))
}

fn words(list: &Bound<'_, PyList>) -> PyResult<StringArray> {
    let mut out = arrow_array::builder::StringBuilder::with_capacity(list.len(), list.len() * 8);
    for item in list {
        if item.is_none() {
            out.append_null();
        } else {
            out.append_value(item.cast::<PyString>()?.to_cow()?);
        }
    }
    Ok(out.finish())
}
