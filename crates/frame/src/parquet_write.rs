//! A source to a Parquet file.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use crate::memory::schema;
use crate::{FrameError, Source};

/// Writes all columns of a source as a Parquet file, compressed with Snappy, which every reader
/// knows. Numbers keep all bits, text becomes a dictionary, missing values are nulls.
///
/// # Errors
/// `write_failed` with the system's reason, and errors of reading the source.
pub fn write_parquet(
    source: &(impl Source + ?Sized),
    path: impl AsRef<Path>,
) -> Result<(), FrameError> {
    let path = path.as_ref();
    let failed = |reason: &dyn std::fmt::Display| {
        FrameError::new(
            "write_failed",
            format!("cannot write `{}`: {reason}", path.display()),
        )
    };
    let file = File::create(path).map_err(|e| failed(&e))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .build();
    let columns = source.columns();
    let projection: Vec<usize> = (0..columns.len()).collect();
    let mut writer =
        ArrowWriter::try_new(file, schema(columns), Some(properties)).map_err(|e| failed(&e))?;
    for batch in source.read(&projection)? {
        writer.write(&batch?).map_err(|e| failed(&e))?;
    }
    let mut file = writer.into_inner().map_err(|e| failed(&e))?;
    file.flush().map_err(|e| failed(&e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ReadOptions, Table, open, write_csv};

    #[test]
    fn what_is_written_reads_back() {
        let data = Table::new()
            .number("x", [Some(0.1), None, Some(-1e300)])
            .text_or_missing("größe, cm", [Some("a|b"), Some("<c>"), None])
            .integer("i", [i64::MAX, 0, 1])
            .logical("l", [true, false, true])
            .source()
            .expect("a table");
        let path = std::env::temp_dir().join(format!("ranef-{}.parquet", std::process::id()));
        write_parquet(&data, &path).expect("written");
        let name = path.to_string_lossy().into_owned();
        let again = open(&name, &ReadOptions::default()).expect("read");
        let csv = |source: &dyn Source| {
            let mut out = Vec::new();
            write_csv(source, &mut out).expect("CSV");
            String::from_utf8(out).expect("UTF-8")
        };
        assert_eq!(csv(&data), csv(&*again));
        std::fs::remove_file(path).expect("it is there");
        let error = write_parquet(&data, "/no such folder/a.parquet").unwrap_err();
        assert_eq!(error.code, "write_failed");
    }
}
