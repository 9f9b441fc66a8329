//! Files that are read batch by batch: what Parquet and Arrow files have in common.
//!
//! Such a file knows its columns and types beforehand and can give some columns without the
//! others, so nothing of it stays in memory between two readings. Only columns of 64-bit integers
//! are looked through once when the file is opened, because whether `f64` can hold them depends
//! on the values.

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, SchemaRef};

use crate::csv::missing::Missing;
use crate::normalize::{bring, kind_of, needs_a_look, unusable, widen};
use crate::source::{BATCH_ROWS, check_projection};
use crate::{Batches, Column, FrameError, ReadOptions, Source, memory};

/// A format of files with batches.
pub(crate) trait Format: Send + Sync {
    /// The Arrow schema of the file.
    fn schema(&self) -> SchemaRef;
    /// Number of rows, where the file says so.
    fn rows(&self) -> Option<usize>;
    /// Reads the fields at the given positions, which ascend, in that order.
    fn read(&self, fields: &[usize]) -> Result<RawBatches, FrameError>;
    /// The name of the file, for messages.
    fn file(&self) -> &str;
    /// Whether every value of a 64-bit integer field is known to lie within 2^53.
    fn is_small(&self, field: usize) -> bool {
        let _ = field;
        false
    }
}

/// Batches as the file has them.
pub(crate) type RawBatches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>> + Send>;

/// A source over a file of batches.
pub(crate) struct StreamSource<F> {
    format: F,
    missing: Missing,
    columns: Vec<Column>,
    /// The field of the file behind each column.
    fields: Vec<usize>,
    notes: Vec<(String, String)>,
}

impl<F: Format> StreamSource<F> {
    /// Settles the kinds of the columns.
    pub(crate) fn new(format: F, options: &ReadOptions) -> Result<Self, FrameError> {
        let schema = format.schema();
        let mut source = StreamSource {
            format,
            missing: Missing::new(&options.na),
            columns: Vec::new(),
            fields: Vec::new(),
            notes: Vec::new(),
        };
        for (k, field) in schema.fields().iter().enumerate() {
            let repeated = source.columns.iter().any(|c| c.name == *field.name());
            match kind_of(field) {
                Some(_) if repeated => source.notes.push((
                    field.name().clone(),
                    format!(
                        "there are several columns called `{}`; the first one is used",
                        field.name()
                    ),
                )),
                Some(kind) => {
                    source.columns.push(Column {
                        name: field.name().clone(),
                        kind,
                    });
                    source.fields.push(k);
                }
                None => source.notes.push(unusable(field)),
            }
        }
        source.look_at_integers(&schema)?;
        Ok(source)
    }

    fn look_at_integers(&mut self, schema: &SchemaRef) -> Result<(), FrameError> {
        let columns: Vec<usize> = (0..self.columns.len())
            .filter(|&c| {
                let field = self.fields[c];
                needs_a_look(schema.field(field).data_type()) && !self.format.is_small(field)
            })
            .collect();
        if columns.is_empty() {
            return Ok(());
        }
        let fields: Vec<usize> = columns.iter().map(|&c| self.fields[c]).collect();
        for batch in self.format.read(&fields)? {
            let batch = batch.map_err(|e| damaged(self.format.file(), &e))?;
            for (&column, array) in columns.iter().zip(batch.columns()) {
                let kind = &mut self.columns[column].kind;
                *kind = widen(*kind, array);
            }
        }
        Ok(())
    }
}

impl<F: Format> Source for StreamSource<F> {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn rows(&self) -> Option<usize> {
        self.format.rows()
    }

    fn read(&self, projection: &[usize]) -> Result<Batches<'_>, FrameError> {
        check_projection(&self.columns, projection)?;
        let mut fields: Vec<usize> = projection.iter().map(|&p| self.fields[p]).collect();
        let wanted = fields.clone();
        fields.sort_unstable();
        fields.dedup();
        // Where each wanted field stands in the batches of the file.
        let places: Vec<usize> = wanted
            .iter()
            .filter_map(|f| fields.binary_search(f).ok())
            .collect();
        let columns: Vec<Column> = projection
            .iter()
            .map(|&p| self.columns[p].clone())
            .collect();
        let schema = memory::schema(&columns);
        let raw = self.format.read(&fields)?;
        let short = raw.flat_map(|batch| match batch {
            Ok(batch) => cut(&batch).into_iter().map(Ok).collect(),
            Err(e) => vec![Err(e)],
        });
        Ok(Box::new(short.map(move |batch| {
            let batch = batch.map_err(|e| damaged(self.format.file(), &e))?;
            let arrays: Vec<ArrayRef> = columns
                .iter()
                .zip(&places)
                .map(|(column, &place)| match batch.columns().get(place) {
                    Some(array) => bring(array, column.kind, &column.name, &self.missing),
                    None => Err(damaged(self.format.file(), &"a batch lacks a column")),
                })
                .collect::<Result<_, _>>()?;
            memory::batch(&schema, arrays, batch.num_rows())
        })))
    }

    fn note(&self, column: &str) -> Option<String> {
        let note = self.notes.iter().find(|(name, _)| name == column);
        note.map(|(_, text)| text.clone())
    }
}

/// Pieces of at most [`BATCH_ROWS`] rows.
fn cut(batch: &RecordBatch) -> Vec<RecordBatch> {
    let rows = batch.num_rows();
    (0..rows)
        .step_by(BATCH_ROWS)
        .map(|start| batch.slice(start, BATCH_ROWS.min(rows - start)))
        .collect()
}

/// A file that is not what its format says.
pub(crate) fn damaged(file: &str, error: &impl std::fmt::Display) -> FrameError {
    let text = error.to_string().to_lowercase();
    if text.contains("brotli") && (text.contains("disabled") || text.contains("feature")) {
        let message = format!("{file} is compressed with brotli, which this version cannot read");
        return FrameError::new("unsupported_format", message)
            .with_hint("save it with zstd or snappy");
    }
    FrameError::new("damaged_file", format!("{file} is damaged: {error}"))
        .with_hint("copy or download it again")
}

/// Keeps a panic of a decoder on damaged bytes from ending the program.
pub(crate) fn guarded<T>(
    file: &str,
    work: impl FnOnce() -> Result<T, FrameError>,
) -> Result<T, FrameError> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(damaged(file, &"its contents make no sense")))
}

/// Batches whose decoder may panic on damaged bytes; the first panic is an error and the end.
pub(crate) struct Guarded<I> {
    inner: Option<I>,
}

impl<I> Guarded<I> {
    pub(crate) fn new(inner: I) -> Self {
        Guarded { inner: Some(inner) }
    }
}

impl<I: Iterator<Item = Result<RecordBatch, ArrowError>>> Iterator for Guarded<I> {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut inner = self.inner.take()?;
        let step = std::panic::AssertUnwindSafe(|| (inner.next(), inner));
        match std::panic::catch_unwind(step) {
            Ok((item, rest)) => {
                if matches!(item, Some(Ok(_))) {
                    self.inner = Some(rest);
                }
                item
            }
            Err(_) => Some(Err(ArrowError::ParseError(
                "its contents make no sense".into(),
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::damaged;

    #[test]
    fn brotli_is_no_damage() {
        let told = damaged("x.parquet", &"Disabled feature at compile time: brotli");
        assert_eq!(told.code, "unsupported_format");
        assert_eq!(
            told.message,
            "x.parquet is compressed with brotli, which this version cannot read"
        );
        let broken = damaged("x.parquet", &"invalid brotli stream");
        assert_eq!(broken.code, "damaged_file");
    }
}
