//! Tables from Python as sources.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowDictionaryKeyType, Float64Type, UInt8Type, UInt16Type, UInt32Type};
use arrow_array::{Array, ArrayRef, DictionaryArray, Int64Array, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyList};
use ranef::Origin;
use ranef::frame::{ArrowSource, ColumnKind, ReadOptions, Source, open};

use crate::answer::Frame;
use crate::{capsule, columns, error};

/// A table that models are fitted to.
#[pyclass(frozen, module = "ranef._ranef")]
pub(crate) struct Data {
    pub(crate) source: Arc<dyn Source>,
    /// Where it came from, if it has a name.
    pub(crate) origin: Option<Origin>,
}

/// Columns that are left out, each with the reason.
type Notes = Vec<(String, String)>;

impl Data {
    fn of_arrow(py: Python<'_>, (schema, batches): Batches, notes: Notes) -> PyResult<Self> {
        // Integers are looked through for large ones.
        let mut source = py
            .detach(|| ArrowSource::new(&schema, &batches))
            .map_err(|e| error::raised_frame(py, e))?;
        for field in schema.fields() {
            if let Some(what) = moment(field.data_type()) {
                let name = field.name();
                source.leave_out(
                    name,
                    format!(
                        "column `{name}` holds {what}, which are no numbers to a model: make it a \
                         number (days since a start, a year) or text (to group by)"
                    ),
                );
            }
        }
        for (column, why) in notes {
            source.leave_out(&column, why);
        }
        Ok(Self {
            source: Arc::new(source),
            origin: None,
        })
    }
}

/// Batches of one schema.
type Batches = (SchemaRef, Vec<RecordBatch>);

/// A table whose column `name` holds codes, with categories in their place.
fn categories(
    (schema, batches): Batches,
    name: &str,
    words: &[RecordBatch],
) -> Result<Batches, ArrowError> {
    let at = schema.index_of(name)?;
    let words = match words {
        [one] => Arc::clone(one.column(0)),
        _ => return Err(ArrowError::CDataInterface("words in pieces".to_owned())),
    };
    // As polars marks them: categories, but in no order.
    let metadata = HashMap::from([("_PL_CATEGORICAL".to_owned(), String::new())]);
    let mut fields: Vec<_> = schema.fields().iter().cloned().collect();
    let mut tables = Vec::with_capacity(batches.len());
    let mut data_type = None;
    for batch in &batches {
        let mut columns = batch.columns().to_vec();
        columns[at] = coded(&columns[at], &words)?;
        data_type = Some(columns[at].data_type().clone());
        tables.push(columns);
    }
    if let Some(data_type) = data_type {
        fields[at] = Arc::new(Field::new(name, data_type, true).with_metadata(metadata));
    }
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let batch = |columns| RecordBatch::try_new(Arc::clone(&schema), columns);
    let batches = tables.into_iter().map(batch).collect::<Result<_, _>>()?;
    Ok((schema, batches))
}

/// Codes as the keys of a dictionary.
fn coded(codes: &ArrayRef, words: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    fn made<K: ArrowDictionaryKeyType>(
        codes: &ArrayRef,
        words: &ArrayRef,
    ) -> Result<ArrayRef, ArrowError> {
        let codes = codes.as_primitive::<K>().clone();
        Ok(Arc::new(DictionaryArray::try_new(
            codes,
            Arc::clone(words),
        )?))
    }
    match codes.data_type() {
        DataType::UInt8 => made::<UInt8Type>(codes, words),
        DataType::UInt16 => made::<UInt16Type>(codes, words),
        DataType::UInt32 => made::<UInt32Type>(codes, words),
        other => Err(ArrowError::CDataInterface(format!("codes of type {other}"))),
    }
}

/// Dates and times in words.
fn moment(data_type: &DataType) -> Option<&'static str> {
    match data_type {
        DataType::Date32 | DataType::Date64 => Some("dates"),
        DataType::Timestamp(..) => Some("dates and times"),
        DataType::Time32(_) | DataType::Time64(_) => Some("times of day"),
        DataType::Duration(_) | DataType::Interval(_) => Some("durations"),
        DataType::Dictionary(_, values) => moment(values),
        _ => None,
    }
}

#[pymethods]
impl Data {
    /// A table from a capsule of `__arrow_c_stream__`. Columns that `words` names hold the codes of
    /// categories in no order; their words are the only column of a stream each.
    #[staticmethod]
    #[pyo3(signature = (stream, notes, words = vec![]))]
    fn from_stream(
        py: Python<'_>,
        stream: Bound<'_, PyCapsule>,
        notes: Notes,
        words: Vec<(String, Bound<'_, PyCapsule>)>,
    ) -> PyResult<Self> {
        let mut table = capsule::import_stream(&stream)?;
        for (name, stream) in &words {
            let (_, batches) = capsule::import_stream(stream)?;
            table = categories(table, name, &batches)
                .map_err(|e| PyValueError::new_err(format!("column {name:?}: {e}")))?;
        }
        Self::of_arrow(py, table, notes)
    }

    /// A table from the capsules of `__arrow_c_array__`.
    #[staticmethod]
    fn from_array(
        py: Python<'_>,
        schema: Bound<'_, PyCapsule>,
        array: Bound<'_, PyCapsule>,
    ) -> PyResult<Self> {
        Self::of_arrow(py, capsule::import_array(&schema, &array)?, Vec::new())
    }

    /// A table from columns, see [`columns::batch`].
    #[staticmethod]
    fn from_columns(py: Python<'_>, columns: Bound<'_, PyList>, notes: Notes) -> PyResult<Self> {
        let (schema, batch) = columns::batch(&columns)?;
        Self::of_arrow(py, (schema, vec![batch]), notes)
    }

    /// A file or a built-in data set by its name.
    #[staticmethod]
    #[pyo3(signature = (name, na = vec![], separator = None, decimal = None))]
    fn open(
        py: Python<'_>,
        name: &str,
        na: Vec<String>,
        separator: Option<char>,
        decimal: Option<char>,
    ) -> PyResult<Self> {
        let options = ReadOptions {
            na,
            separator,
            decimal,
            ..ReadOptions::default()
        };
        let source = py
            .detach(|| open(name, &options))
            .map_err(|e| error::raised_frame(py, e))?;
        Ok(Self {
            source: Arc::from(source),
            origin: Some(Origin::new(name, &options)),
        })
    }

    /// Names of the columns.
    #[getter]
    fn names(&self) -> Vec<String> {
        let columns = self.source.columns().iter();
        columns.map(|column| column.name.clone()).collect()
    }

    /// What each column is: `number`, `integer`, `logical`, `text` or `factor`.
    #[getter]
    fn kinds(&self) -> Vec<&'static str> {
        let kind = |kind: ColumnKind| match kind {
            ColumnKind::Number => "number",
            ColumnKind::Integer => "integer",
            ColumnKind::Logical => "logical",
            ColumnKind::Text { ordered: false } => "text",
            ColumnKind::Text { ordered: true } => "factor",
        };
        let columns = self.source.columns().iter();
        columns.map(|column| kind(column.kind)).collect()
    }

    /// Number of rows, where it is known.
    #[getter]
    fn rows(&self) -> Option<usize> {
        self.source.rows()
    }

    /// The table as columns; numbers that are all whole become integers.
    fn frame(&self, py: Python<'_>) -> PyResult<Frame> {
        py.detach(|| whole(&*self.source))
            .map_err(|e| error::raised_frame(py, e))
    }
}

/// A source as columns of plain types.
fn whole(source: &dyn Source) -> Result<Frame, ranef::frame::FrameError> {
    let columns = source.columns();
    let every: Vec<usize> = (0..columns.len()).collect();
    let batches: Vec<RecordBatch> = source.read(&every)?.collect::<Result<_, _>>()?;
    let mut pieces: Vec<Vec<ArrayRef>> = vec![Vec::new(); batches.len()];
    let mut fields = Vec::new();
    for (at, column) in columns.iter().enumerate() {
        let arrays: Vec<&ArrayRef> = batches.iter().map(|b| b.column(at)).collect();
        let made: Vec<ArrayRef> = match column.kind {
            ColumnKind::Number if arrays.iter().all(|a| is_whole(a)) => {
                arrays.iter().map(|a| integers(a)).collect()
            }
            ColumnKind::Text { ordered: false } => arrays.iter().map(|a| texts(a)).collect(),
            _ => arrays.iter().map(|&a| Arc::clone(a)).collect(),
        };
        let data_type = made
            .first()
            .map_or(DataType::Null, |a| a.data_type().clone());
        fields.push(Field::new(&column.name, data_type, true));
        for (piece, array) in pieces.iter_mut().zip(made) {
            piece.push(array);
        }
    }
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let batch = |arrays| {
        RecordBatch::try_new(Arc::clone(&schema), arrays)
            .map_err(|e| ranef::frame::FrameError::new("unequal_lengths", e))
    };
    let batches = pieces.into_iter().map(batch).collect::<Result<_, _>>()?;
    Ok(Frame::new(schema, batches))
}

fn is_whole(array: &ArrayRef) -> bool {
    let numbers = array.as_primitive::<Float64Type>();
    let whole = |x: f64| x.fract() == 0.0 && x.abs() < 9e15;
    numbers.iter().flatten().all(whole)
}

fn integers(array: &ArrayRef) -> ArrayRef {
    let numbers = array.as_primitive::<Float64Type>().iter();
    Arc::new(numbers.map(|x| x.map(|x| x as i64)).collect::<Int64Array>())
}

/// Plain text of a dictionary that has no order of its own.
fn texts(array: &ArrayRef) -> ArrayRef {
    let words = array.as_any_dictionary();
    let levels = words.values().as_string::<i32>();
    let keys = words.normalized_keys();
    let texts = keys
        .iter()
        .enumerate()
        .map(|(row, &key)| array.is_valid(row).then(|| levels.value(key)));
    Arc::new(texts.collect::<StringArray>())
}

/// Names, titles and numbers of rows of the built-in data sets.
#[pyfunction]
pub(crate) fn datasets() -> Vec<(&'static str, &'static str, usize)> {
    let all = ranef::frame::datasets().iter();
    all.map(|set| (set.name, set.title, set.rows)).collect()
}

/// What people read about a built-in data set.
#[pyfunction]
pub(crate) fn describe(name: &str) -> PyResult<String> {
    let found = ranef::frame::datasets().iter().find(|set| set.name == name);
    let Some(set) = found else {
        return Err(PyValueError::new_err(format!(
            "there is no built-in data set {name:?}"
        )));
    };
    let mut text = format!("{}: {}\n\n{}\n", set.name, set.title, set.description);
    for (column, meaning) in set.columns {
        text += &format!("\n  {column}: {meaning}");
    }
    Ok(format!("{text}\n\nSource: {}", set.source))
}
