//! Answers of any kind as Python sees them: text, JSON, markup, columns.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowDictionaryKeyType, Float64Type, Int64Type, UInt32Type};
use arrow_array::{
    Array, ArrayRef, DictionaryArray, Float64Array, Int64Array, RecordBatch, RecordBatchIterator,
    StringArray,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyCapsule, PyList};
use ranef::{Caption, Markup, Predictions, Style, Table, Values};
use serde::Serialize;

use crate::{capsule, columns};

/// What an answer can do once its type is forgotten.
pub(crate) trait Said: Send + Sync {
    /// For people, in lines of so many columns.
    fn text(&self, columns: usize) -> String;
    /// For programs.
    fn json(&self) -> Result<String, serde_json::Error>;
    /// In tidy columns.
    fn table(&self) -> Table;
    /// For documents.
    fn markup(&self, markup: Markup, caption: &Caption) -> String {
        self.table().markup(markup, caption)
    }
    /// The replicates behind it, where there are any.
    fn draws(&self) -> Option<Table> {
        None
    }
    /// What Python should warn of.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }
}

impl<T: ranef::Answer + Send + Sync> Said for T {
    fn text(&self, columns: usize) -> String {
        format!("{self:columns$}")
    }

    fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    fn table(&self) -> Table {
        ranef::Answer::table(self)
    }
}

/// An answer to a question about a model.
#[pyclass(frozen, module = "ranef._ranef")]
pub(crate) struct Answer {
    said: Box<dyn Said>,
}

impl Answer {
    pub(crate) fn new(said: impl Said + 'static) -> Self {
        Self {
            said: Box::new(said),
        }
    }

    pub(crate) fn boxed(said: Box<dyn Said>) -> Self {
        Self { said }
    }
}

#[pymethods]
impl Answer {
    /// The text for people.
    #[pyo3(signature = (columns = 80))]
    fn text(&self, py: Python<'_>, columns: usize) -> String {
        py.detach(|| self.said.text(columns))
    }

    /// One JSON object with all numbers at full precision.
    fn json(&self, py: Python<'_>) -> PyResult<String> {
        py.detach(|| self.said.json())
            .map_err(|e| PyRuntimeError::new_err(e.to_string()))
    }

    /// The table in a markup language: `text`, `markdown`, `latex` or `html`.
    #[pyo3(signature = (language, title = ""))]
    fn markup(&self, language: &str, title: &str) -> PyResult<String> {
        let caption = Caption {
            title: title.to_owned(),
            ..Caption::default()
        };
        Ok(self.said.markup(markup(language)?, &caption))
    }

    /// What there is to be warned of.
    fn remarks(&self) -> Vec<String> {
        self.said.remarks()
    }

    /// The table as columns.
    fn frame(&self) -> PyResult<Frame> {
        Frame::of_table(&self.said.table())
    }

    /// The replicates behind the answer as columns.
    fn draws(&self) -> PyResult<Option<Frame>> {
        self.said.draws().as_ref().map(Frame::of_table).transpose()
    }
}

/// A column of a table as an Arrow array; counts are integers.
fn array(column: &ranef::Column) -> ArrayRef {
    match &column.values {
        Values::Texts(texts) => {
            Arc::new(texts.iter().map(Option::as_deref).collect::<StringArray>())
        }
        Values::Numbers(numbers) => {
            let whole = |x: &Option<f64>| x.is_none_or(|x| x.fract() == 0.0 && x.abs() < 1e15);
            if column.style == Style::Count && numbers.iter().all(whole) {
                let counts = numbers.iter().map(|x| x.map(|x| x as i64));
                return Arc::new(counts.collect::<Int64Array>());
            }
            Arc::new(numbers.iter().copied().collect::<Float64Array>())
        }
    }
}

/// The markup language of a name.
pub(crate) fn markup(language: &str) -> PyResult<Markup> {
    match language {
        "text" => Ok(Markup::Text),
        "markdown" => Ok(Markup::Markdown),
        "latex" => Ok(Markup::Latex),
        "html" => Ok(Markup::Html),
        other => Err(PyValueError::new_err(format!(
            "format {other:?}: give 'text', 'markdown', 'latex' or 'html'"
        ))),
    }
}

/// An answer whose table is not the whole of it, such as a summary.
pub(crate) struct Prepared<T> {
    pub(crate) text: String,
    pub(crate) object: T,
    pub(crate) table: Table,
    pub(crate) set: Vec<(Markup, String)>,
}

impl<T: Serialize + Send + Sync> Said for Prepared<T> {
    fn text(&self, _: usize) -> String {
        self.text.clone()
    }

    fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&self.object)
    }

    fn table(&self) -> Table {
        self.table.clone()
    }

    fn markup(&self, markup: Markup, caption: &Caption) -> String {
        match self.set.iter().find(|(language, _)| *language == markup) {
            Some((_, text)) => text.clone(),
            None => self.table.markup(markup, caption),
        }
    }
}

/// Predictions, with what their rows give cause to say.
pub(crate) struct Predicted(pub(crate) Predictions);

impl Said for Predicted {
    fn text(&self, columns: usize) -> String {
        self.0.text(columns)
    }

    fn json(&self) -> Result<String, serde_json::Error> {
        self.0.json()
    }

    fn table(&self) -> Table {
        ranef::Answer::table(&self.0)
    }

    fn remarks(&self) -> Vec<String> {
        let rows = |&(ref group, count): &(String, usize)| {
            let rows = match count {
                1 => "1 row has".to_owned(),
                n => format!("{n} rows have"),
            };
            format!(
                "{rows} a level of `{group}` that the model has not seen; there `{group}` counts as \
                 average"
            )
        };
        let notes = self.0.notes.iter().map(|note| note.message.clone());
        notes.chain(self.0.new_levels.iter().map(rows)).collect()
    }
}

/// Columns of equal length, in Arrow's memory.
#[pyclass(frozen, module = "ranef._ranef")]
pub(crate) struct Frame {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Frame {
    pub(crate) fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self { schema, batches }
    }

    /// The columns of a table.
    pub(crate) fn of_table(table: &Table) -> PyResult<Self> {
        let mut fields = Vec::new();
        let mut arrays = Vec::new();
        for column in table.columns() {
            let array = array(column);
            fields.push(Field::new(&column.name, array.data_type().clone(), true));
            arrays.push(array);
        }
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        if arrays.is_empty() {
            return Ok(Self::new(schema, Vec::new()));
        }
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays)
            .map_err(|e| PyRuntimeError::new_err(e.to_string()))?;
        Ok(Self::new(schema, vec![batch]))
    }

    /// One column of numbers.
    pub(crate) fn of_numbers(name: &str, values: Vec<f64>) -> Self {
        let array: ArrayRef = Arc::new(Float64Array::from(values));
        let schema = Arc::new(Schema::new(vec![Field::new(name, DataType::Float64, true)]));
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![array]);
        Self::new(schema, batch.into_iter().collect())
    }
}

#[pymethods]
impl Frame {
    /// The names of the columns.
    #[getter]
    fn names(&self) -> Vec<String> {
        let fields = self.schema.fields().iter();
        fields.map(|field| field.name().clone()).collect()
    }

    fn __len__(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// A column as `(kind, values, more)`: `float64` and `int64` as bytes of numbers, what is missing
    /// NaN (whole numbers of which some are missing are `float64`); `text` as a list; `category` as
    /// bytes of 32-bit codes, −1 missing, with the list of categories.
    fn column<'py>(&self, py: Python<'py>, at: usize) -> PyResult<Column<'py>> {
        if at >= self.schema.fields().len() {
            return Err(PyValueError::new_err("there is no such column"));
        }
        let pieces: Vec<&ArrayRef> = self.batches.iter().map(|b| b.column(at)).collect();
        let nulls = pieces.iter().any(|p| p.null_count() > 0);
        let none = || py.None().into_bound(py);
        let bytes = |of: Vec<u8>| PyByteArray::new(py, &of).into_any();
        Ok(match self.schema.field(at).data_type() {
            DataType::Int64 if !nulls => {
                let values = pieces
                    .iter()
                    .flat_map(|p| p.as_primitive::<Int64Type>().values());
                let values = values.flat_map(|x| x.to_ne_bytes()).collect();
                ("int64", bytes(values), none())
            }
            DataType::Int64 => {
                let values = pieces
                    .iter()
                    .flat_map(|p| p.as_primitive::<Int64Type>().iter());
                let values = values.map(|x| x.map_or(f64::NAN, |x| x as f64));
                (
                    "float64",
                    bytes(values.flat_map(f64::to_ne_bytes).collect()),
                    none(),
                )
            }
            DataType::Float64 => {
                let values = pieces
                    .iter()
                    .flat_map(|p| p.as_primitive::<Float64Type>().iter());
                let values = values.map(|x| x.unwrap_or(f64::NAN));
                (
                    "float64",
                    bytes(values.flat_map(f64::to_ne_bytes).collect()),
                    none(),
                )
            }
            DataType::Boolean => {
                let values = pieces.iter().flat_map(|p| p.as_boolean().iter());
                ("bool", PyList::new(py, values)?.into_any(), none())
            }
            DataType::Utf8 => {
                let values = pieces.iter().flat_map(|p| p.as_string::<i32>().iter());
                (
                    "text",
                    PyList::new(py, values.collect::<Vec<_>>())?.into_any(),
                    none(),
                )
            }
            DataType::Dictionary(..) => {
                let (codes, levels) = category::<UInt32Type>(&pieces);
                let codes = codes.into_iter().flat_map(i32::to_ne_bytes).collect();
                (
                    "category",
                    bytes(codes),
                    PyList::new(py, levels)?.into_any(),
                )
            }
            other => {
                return Err(PyRuntimeError::new_err(format!("a column of type {other}")));
            }
        })
    }

    /// The table for other libraries, by the Arrow PyCapsule interface.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // A wish that need not be granted, says the interface.
        let _ = requested_schema;
        let batches = self.batches.clone().into_iter().map(Ok);
        let reader = RecordBatchIterator::new(batches, Arc::clone(&self.schema));
        capsule::export_stream(py, Box::new(reader))
    }
}

/// Columns that Python has taken apart, see [`columns::batch`].
#[pyfunction]
pub(crate) fn frame(columns: Bound<'_, PyList>) -> PyResult<Frame> {
    let (schema, batch) = columns::batch(&columns)?;
    Ok(Frame::new(schema, vec![batch]))
}

type Column<'py> = (&'static str, Bound<'py, PyAny>, Bound<'py, PyAny>);

/// Codes, −1 missing, and categories of pieces that share their dictionary.
fn category<K: ArrowDictionaryKeyType>(pieces: &[&ArrayRef]) -> (Vec<i32>, Vec<String>) {
    let mut codes = Vec::new();
    let mut levels = Vec::new();
    for piece in pieces {
        let Some(words) = piece.as_any().downcast_ref::<DictionaryArray<K>>() else {
            continue;
        };
        for row in 0..words.len() {
            codes.push(words.key(row).map_or(-1, |k| k as i32));
        }
        if levels.is_empty() {
            let values = words.values().as_string::<i32>().iter().flatten();
            levels = values.map(str::to_owned).collect();
        }
    }
    (codes, levels)
}
