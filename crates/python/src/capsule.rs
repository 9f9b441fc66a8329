//! Tables from and to the Arrow PyCapsule interface, without copies.
//!
//! This is the one module with unsafe code. A capsule holds a pointer to a C structure of the Arrow
//! C data or stream interface; whoever takes it over moves the structure out and calls its release
//! function when done. What is taken on trust is what the interface promises
//! (<https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html>): that a capsule
//! of one of the three names points to a structure of that kind. The name is checked, the pointer is
//! never null, and a structure that was taken over already is refused, because taking over leaves
//! one without a release function behind.
#![allow(unsafe_code)]

use std::ffi::CStr;

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi};
use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_array::{RecordBatch, RecordBatchReader, StructArray};
use arrow_schema::{ArrowError, SchemaRef};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

const SCHEMA: &CStr = c"arrow_schema";
const ARRAY: &CStr = c"arrow_array";
const STREAM: &CStr = c"arrow_array_stream";

/// The schema and all batches of a capsule from `__arrow_c_stream__`. The producer is called with the
/// interpreter's lock held, because it may be Python; the batches keep its memory alive.
pub(crate) fn import_stream(
    capsule: &Bound<'_, PyCapsule>,
) -> PyResult<(SchemaRef, Vec<RecordBatch>)> {
    let pointer = capsule
        .pointer_checked(Some(STREAM))?
        .cast::<FFI_ArrowArrayStream>();
    // SAFETY: a capsule of this name holds such a structure, aligned and valid while the capsule
    // lives; `from_raw` moves it out and leaves an empty one behind, which the capsule's destructor
    // accepts.
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(pointer.as_ptr()) };
    let reader = RecordBatchStreamReader::try_new(stream).map_err(bad)?;
    let schema = reader.schema();
    let batches = reader.collect::<Result<_, _>>().map_err(bad)?;
    Ok((schema, batches))
}

/// The one batch of the capsules from `__arrow_c_array__`.
pub(crate) fn import_array(
    schema: &Bound<'_, PyCapsule>,
    array: &Bound<'_, PyCapsule>,
) -> PyResult<(SchemaRef, Vec<RecordBatch>)> {
    let schema = schema
        .pointer_checked(Some(SCHEMA))?
        .cast::<FFI_ArrowSchema>();
    let array = array.pointer_checked(Some(ARRAY))?.cast::<FFI_ArrowArray>();
    // SAFETY: as above; the schema is borrowed for this function only, in which its capsule lives.
    let (schema, array) = unsafe { (schema.as_ref(), FFI_ArrowArray::from_raw(array.as_ptr())) };
    if array.is_released() {
        return Err(bad(ArrowError::CDataInterface(
            "the table was taken over already".to_owned(),
        )));
    }
    // SAFETY: the producer promises that the array is laid out as the schema says; the lengths of
    // its buffers follow from that.
    let data = unsafe { from_ffi(array, schema) }.map_err(bad)?;
    if !matches!(data.data_type(), arrow_schema::DataType::Struct(_)) {
        return Err(bad(ArrowError::CDataInterface(
            "a table is a structure of columns, and this is a single column".to_owned(),
        )));
    }
    let batch = RecordBatch::from(StructArray::from(data));
    Ok((batch.schema(), vec![batch]))
}

/// A capsule for `__arrow_c_stream__`.
pub(crate) fn export_stream(
    py: Python<'_>,
    reader: Box<dyn RecordBatchReader + Send>,
) -> PyResult<Bound<'_, PyCapsule>> {
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(reader), STREAM)
}

fn bad(error: ArrowError) -> PyErr {
    PyValueError::new_err(format!("Arrow data that cannot be read: {error}"))
}
