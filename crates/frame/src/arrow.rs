//! Arrow batches of a program, brought to the four kinds when they are first read.
//!
//! A data frame may have hundreds of columns of which a model uses five. [`MemorySource`] brings all
//! of them to their kinds beforehand, which for a million rows of text takes longer than many a
//! fit; here each column waits until it is asked for and is kept from then on. Numbers that are
//! `f64` without NaN already stay where they are.

use std::sync::{Arc, OnceLock};

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Schema, SchemaRef};

use crate::csv::missing::Missing;
use crate::normalize::{bring, kind_of, needs_a_look, unusable, widen};
use crate::source::{BATCH_ROWS, check_projection};
use crate::words::share_dictionary;
use crate::{Batches, Column, ColumnKind, FrameError, Source, memory};

/// A table in memory whose columns are brought to their kinds when they are first read.
#[derive(Debug)]
pub struct ArrowSource {
    columns: Vec<Column>,
    held: Vec<Held>,
    /// Rows of each batch.
    rows: Vec<usize>,
    notes: Vec<(String, String)>,
}

/// A column as it came, and as it is read.
#[derive(Debug)]
struct Held {
    pieces: Vec<ArrayRef>,
    ready: OnceLock<Vec<ArrayRef>>,
}

impl ArrowSource {
    /// A source over batches of one schema, with the kinds that
    /// [`normalize`](crate::normalize) gives them. Columns of types that no model can use (lists,
    /// structures, bytes) are left out, and of several with one name the first stays;
    /// [`Source::note`] tells so.
    ///
    /// # Errors
    /// `different_columns` when a batch has other columns than the schema says.
    pub fn new(schema: &Schema, batches: &[RecordBatch]) -> Result<Self, FrameError> {
        if let Some(k) = batches
            .iter()
            .position(|b| !same_types(&b.schema(), schema))
        {
            return Err(FrameError::new(
                "different_columns",
                format!("batch {} has other columns than the first one", k + 1),
            ));
        }
        let mut source = Self {
            columns: Vec::new(),
            held: Vec::new(),
            rows: batches.iter().map(RecordBatch::num_rows).collect(),
            notes: Vec::new(),
        };
        for (k, field) in schema.fields().iter().enumerate() {
            let name = field.name();
            if source.columns.iter().any(|c| c.name == *name) {
                let text = format!("there are several columns called `{name}`; the first is used");
                source.notes.push((name.clone(), text));
                continue;
            }
            let Some(kind) = kind_of(field) else {
                source.notes.push(unusable(field));
                continue;
            };
            let pieces: Vec<ArrayRef> = batches.iter().map(|b| Arc::clone(b.column(k))).collect();
            let kind = match needs_a_look(field.data_type()) {
                true => pieces.iter().fold(kind, widen),
                false => kind,
            };
            source.columns.push(Column {
                name: name.clone(),
                kind,
            });
            source.held.push(Held {
                pieces,
                ready: OnceLock::new(),
            });
        }
        Ok(source)
    }

    /// Leaves a column out; who asks for it is told why.
    pub fn leave_out(&mut self, column: &str, why: impl Into<String>) {
        if let Some(at) = self.columns.iter().position(|c| c.name == column) {
            self.columns.remove(at);
            self.held.remove(at);
        }
        self.notes.push((column.to_owned(), why.into()));
    }

    /// The pieces of a column, of its kind.
    fn ready(&self, at: usize) -> Result<&[ArrayRef], FrameError> {
        let held = &self.held[at];
        if let Some(ready) = held.ready.get() {
            return Ok(ready);
        }
        let Column { name, kind } = &self.columns[at];
        let missing = Missing::new(&[]);
        let pieces: Vec<ArrayRef> = held
            .pieces
            .iter()
            .map(|piece| bring(piece, *kind, name, &missing))
            .collect::<Result<_, _>>()?;
        let pieces = match *kind {
            ColumnKind::Text { ordered } => share_dictionary(&pieces, ordered),
            _ => pieces,
        };
        // Two threads may have done the same; either result serves.
        Ok(held.ready.get_or_init(|| pieces))
    }
}

impl Source for ArrowSource {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn rows(&self) -> Option<usize> {
        Some(self.rows.iter().sum())
    }

    fn read(&self, projection: &[usize]) -> Result<Batches<'_>, FrameError> {
        check_projection(&self.columns, projection)?;
        let columns: Vec<Column> = projection
            .iter()
            .map(|&p| self.columns[p].clone())
            .collect();
        let schema: SchemaRef = memory::schema(&columns);
        let arrays: Vec<&[ArrayRef]> = projection
            .iter()
            .map(|&p| self.ready(p))
            .collect::<Result<_, _>>()?;
        let pieces = self.rows.iter().enumerate().flat_map(|(k, &rows)| {
            let starts = (0..rows).step_by(BATCH_ROWS);
            starts.map(move |start| (k, start, BATCH_ROWS.min(rows - start)))
        });
        Ok(Box::new(pieces.map(move |(k, start, length)| {
            let cut = |array: &&[ArrayRef]| array[k].slice(start, length);
            memory::batch(&schema, arrays.iter().map(cut).collect(), length)
        })))
    }

    fn note(&self, column: &str) -> Option<String> {
        let note = self.notes.iter().find(|(name, _)| name == column);
        note.map(|(_, text)| text.clone())
    }
}

/// Whether names and types are the same; what else a field says may differ between batches.
fn same_types(one: &Schema, other: &Schema) -> bool {
    let (one, other) = (one.fields(), other.fields());
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(a, b)| a.name() == b.name() && a.data_type() == b.data_type())
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float64Type, UInt32Type};
    use arrow_array::{Float64Array, Int32Array, ListArray, StringArray};

    use super::*;

    fn example() -> ArrowSource {
        let batch = |x: [f64; 2], g: [&str; 2]| {
            let list = ListArray::from_iter_primitive::<Float64Type, _, _>([
                Some(vec![Some(1.0)]),
                Some(vec![]),
            ]);
            let columns: [(&str, ArrayRef); 4] = [
                ("x", Arc::new(Float64Array::from(x.to_vec()))),
                ("g", Arc::new(StringArray::from_iter_values(g))),
                ("l", Arc::new(list)),
                ("n", Arc::new(Int32Array::from(vec![1, 2]))),
            ];
            RecordBatch::try_from_iter(columns).expect("a batch")
        };
        let batches = [
            batch([1.0, f64::NAN], ["b", "a"]),
            batch([3.0, 4.0], ["c", "b"]),
        ];
        ArrowSource::new(&batches[0].schema(), &batches).expect("a source")
    }

    #[test]
    fn columns_are_brought_when_they_are_read() {
        let source = example();
        let names: Vec<&str> = source.columns().iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["x", "g", "n"]);
        assert!(
            source
                .note("l")
                .is_some_and(|note| note.contains("left out"))
        );
        assert!(source.held.iter().all(|held| held.ready.get().is_none()));
        let batches: Vec<RecordBatch> = source
            .read(&[1, 0])
            .and_then(Iterator::collect)
            .expect("batches");
        assert_eq!(batches.len(), 2);
        assert!(source.held[2].ready.get().is_none());
        let codes = batches[1].column(0).as_dictionary::<UInt32Type>();
        assert_eq!(codes.keys().values(), &[2, 1]);
        assert!(batches[0].column(1).is_null(1), "NaN is missing");
    }

    #[test]
    fn numbers_stay_where_they_are() {
        let values: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0]));
        let batch = RecordBatch::try_from_iter([("x", Arc::clone(&values))]).expect("a batch");
        let source = ArrowSource::new(&batch.schema(), &[batch]).expect("a source");
        let read = source.read(&[0]).expect("batches").next();
        let read = read.expect("one").expect("a batch");
        let place = |a: &ArrayRef| a.as_primitive::<Float64Type>().values().as_ptr();
        assert_eq!(place(read.column(0)), place(&values));
    }

    #[test]
    fn a_column_that_is_left_out_says_why() {
        let mut source = example();
        source.leave_out("g", "no text today");
        assert_eq!(source.note("g").as_deref(), Some("no text today"));
        assert_eq!(source.columns().len(), 2);
    }
}
