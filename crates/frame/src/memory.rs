//! Data in memory: what a CSV file becomes, and what programs hand over.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use crate::source::{BATCH_ROWS, check_projection};
use crate::{Batches, Column, ColumnKind, FrameError, Source};

/// A table in memory, as record batches of typed columns. Reading it copies nothing.
#[derive(Clone, Debug)]
pub struct MemorySource {
    columns: Vec<Column>,
    batches: Vec<RecordBatch>,
    rows: usize,
    notes: Vec<(String, String)>,
}

impl MemorySource {
    /// A source over batches of any Arrow types, brought to the four kinds of [`ColumnKind`] as
    /// [`normalize`](crate::normalize) does, with one dictionary for all batches of a column.
    /// Columns of types that no model can use (lists, structures, bytes) are left out;
    /// [`Source::note`] tells so.
    ///
    /// # Errors
    /// `different_columns` when the batches do not share their schema, `duplicate_column`, and
    /// what `normalize` says.
    pub fn from_batches(batches: Vec<RecordBatch>) -> Result<Self, FrameError> {
        crate::normalize::normalize_all(batches)
    }

    /// A source from the arrays of every column, chunk by chunk, already of their kinds; chunks
    /// of more than [`BATCH_ROWS`] rows are cut.
    pub(crate) fn from_chunks(
        columns: Vec<Column>,
        arrays: Vec<Vec<ArrayRef>>,
        rows: &[usize],
        notes: Vec<(String, String)>,
    ) -> Result<Self, FrameError> {
        let schema = schema(&columns);
        let mut batches = Vec::new();
        for (k, &n) in rows.iter().enumerate().filter(|(_, n)| **n > 0) {
            let chunk: Vec<ArrayRef> = arrays.iter().map(|a| Arc::clone(&a[k])).collect();
            let whole = batch(&schema, chunk, n)?;
            for start in (0..n).step_by(BATCH_ROWS) {
                batches.push(whole.slice(start, BATCH_ROWS.min(n - start)));
            }
        }
        let rows = rows.iter().sum();
        Ok(MemorySource {
            columns,
            batches,
            rows,
            notes,
        })
    }

    /// The batches, whose columns are [`Source::columns`].
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }
}

impl Source for MemorySource {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn rows(&self) -> Option<usize> {
        Some(self.rows)
    }

    fn read(&self, projection: &[usize]) -> Result<Batches<'_>, FrameError> {
        check_projection(&self.columns, projection)?;
        let projection = projection.to_vec();
        Ok(Box::new(self.batches.iter().map(move |batch| {
            batch
                .project(&projection)
                .map_err(|e| FrameError::new("column_out_of_range", e))
        })))
    }

    fn note(&self, column: &str) -> Option<String> {
        let note = self.notes.iter().find(|(name, _)| name == column);
        note.map(|(_, text)| text.clone())
    }
}

/// The rows of a batch at the given positions, in their order.
///
/// # Errors
/// `row_out_of_range` for a position that the batch does not have.
pub fn take_rows(batch: &RecordBatch, rows: &[u32]) -> Result<RecordBatch, FrameError> {
    let positions = UInt32Array::from(rows.to_vec());
    arrow_select::take::take_record_batch(batch, &positions)
        .map_err(|e| FrameError::new("row_out_of_range", e))
}

/// All batches as one, in their order.
///
/// # Errors
/// `no_rows` without batches; `batches_differ` where their columns do.
pub fn one_batch(batches: &[RecordBatch]) -> Result<RecordBatch, FrameError> {
    match batches {
        [] => Err(FrameError::new("no_rows", "there are no rows")),
        [only] => Ok(only.clone()),
        [first, ..] => arrow_select::concat::concat_batches(&first.schema(), batches)
            .map_err(|e| FrameError::new("batches_differ", e)),
    }
}

/// The Arrow type of a kind.
pub(crate) fn data_type(kind: ColumnKind) -> DataType {
    match kind {
        ColumnKind::Number => DataType::Float64,
        ColumnKind::Integer => DataType::Int64,
        ColumnKind::Logical => DataType::Boolean,
        ColumnKind::Text { .. } => {
            DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8))
        }
    }
}

/// The Arrow schema of columns; every one may miss values.
pub(crate) fn schema(columns: &[Column]) -> SchemaRef {
    let fields: Vec<Field> = columns
        .iter()
        .map(|c| Field::new(&c.name, data_type(c.kind), true))
        .collect();
    Arc::new(Schema::new(fields))
}

/// A batch of `rows` rows, which has a length even without columns.
pub(crate) fn batch(
    schema: &SchemaRef,
    arrays: Vec<ArrayRef>,
    rows: usize,
) -> Result<RecordBatch, FrameError> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options)
        .map_err(|e| FrameError::new("unequal_lengths", e))
}
