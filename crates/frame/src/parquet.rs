//! Parquet files.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_schema::{DataType, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use parquet::file::statistics::Statistics;

use crate::bytes::unreadable;
use crate::source::BATCH_ROWS;
use crate::stream::{Format, Guarded, RawBatches, StreamSource, damaged, guarded};
use crate::{FrameError, ReadOptions, Source};

/// Integers to here are exact in `f64`.
const EXACT: i64 = 1 << 53;

/// A Parquet file on disk, with its footer read.
struct Parquet {
    path: PathBuf,
    file: String,
    footer: ArrowReaderMetadata,
}

/// Opens a Parquet file.
pub(crate) fn open(path: &Path, options: &ReadOptions) -> Result<Box<dyn Source>, FrameError> {
    let file = path.display().to_string();
    let handle = File::open(path).map_err(|e| unreadable(&file, &e))?;
    let footer = guarded(&file, || {
        ArrowReaderMetadata::load(&handle, Default::default()).map_err(|e| damaged(&file, &e))
    })?;
    let format = Parquet {
        path: path.to_owned(),
        file,
        footer,
    };
    Ok(Box::new(StreamSource::new(format, options)?))
}

impl Format for Parquet {
    fn schema(&self) -> SchemaRef {
        SchemaRef::clone(self.footer.schema())
    }

    fn rows(&self) -> Option<usize> {
        usize::try_from(self.footer.metadata().file_metadata().num_rows()).ok()
    }

    fn read(&self, fields: &[usize]) -> Result<RawBatches, FrameError> {
        guarded(&self.file, || {
            let handle = File::open(&self.path).map_err(|e| unreadable(&self.file, &e))?;
            let mask = ProjectionMask::roots(self.footer.parquet_schema(), fields.iter().copied());
            let reader =
                ParquetRecordBatchReaderBuilder::new_with_metadata(handle, self.footer.clone())
                    .with_projection(mask)
                    .with_batch_size(BATCH_ROWS)
                    .build()
                    .map_err(|e| damaged(&self.file, &e))?;
            Ok(Box::new(Guarded::new(reader)) as RawBatches)
        })
    }

    fn file(&self) -> &str {
        &self.file
    }

    /// By the statistics of the row groups, which nearly every writer keeps.
    fn is_small(&self, field: usize) -> bool {
        let schema = self.footer.parquet_schema();
        let leaves: Vec<usize> = (0..schema.num_columns())
            .filter(|&leaf| schema.get_column_root_idx(leaf) == field)
            .collect();
        let [leaf] = leaves[..] else {
            return false;
        };
        // Unsigned integers are stored as signed ones, the largest below zero.
        let signed = matches!(self.schema().field(field).data_type(), DataType::Int64);
        let least = if signed { -EXACT } else { 0 };
        let small = least..=EXACT;
        self.footer.metadata().row_groups().iter().all(|group| {
            match group.columns().get(leaf).and_then(|c| c.statistics()) {
                Some(Statistics::Int64(s)) => match (s.min_opt(), s.max_opt()) {
                    (Some(min), Some(max)) => small.contains(min) && small.contains(max),
                    _ => false,
                },
                _ => false,
            }
        })
    }
}
