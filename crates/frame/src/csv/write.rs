//! A source back to CSV.

use std::io::Write;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt32Type};
use arrow_array::{Array, ArrayRef, StringArray};

use crate::{ColumnKind, FrameError, Source};

/// Writes all columns of a source as CSV: commas, `\n`, a header, missing values as `NA`, text in
/// quotes only where it needs them. Numbers have the fewest digits that read back to the same
/// value; infinite ones are `Inf` and `-Inf`.
///
/// The table reads back the same except for what CSV cannot say: a factor whose levels are
/// numbers comes back as numbers, and the order of levels as that of bytes.
///
/// # Errors
/// `write_failed` with the system's reason, and errors of reading the source.
pub fn write_csv(source: &(impl Source + ?Sized), out: &mut impl Write) -> Result<(), FrameError> {
    let columns = source.columns();
    let projection: Vec<usize> = (0..columns.len()).collect();
    let mut line = String::new();
    for (k, column) in columns.iter().enumerate() {
        separate(k, &mut line);
        write_text(&column.name, &mut line);
    }
    line.push('\n');
    put(&line, out)?;
    for batch in source.read(&projection)? {
        let batch = batch?;
        let cells: Vec<Cells<'_>> = batch
            .columns()
            .iter()
            .zip(columns)
            .map(|(array, column)| Cells::new(array, column.kind))
            .collect();
        for row in 0..batch.num_rows() {
            line.clear();
            for (k, cells) in cells.iter().enumerate() {
                separate(k, &mut line);
                cells.write(row, &mut line);
            }
            line.push('\n');
            put(&line, out)?;
        }
    }
    Ok(())
}

fn put(line: &str, out: &mut impl Write) -> Result<(), FrameError> {
    out.write_all(line.as_bytes())
        .map_err(|e| FrameError::new("write_failed", format!("cannot write CSV: {e}")))
}

fn separate(column: usize, line: &mut String) {
    if column > 0 {
        line.push(',');
    }
}

/// A column of a batch, with its quoted levels at hand.
struct Cells<'a> {
    array: &'a ArrayRef,
    kind: ColumnKind,
    levels: Vec<String>,
}

impl<'a> Cells<'a> {
    fn new(array: &'a ArrayRef, kind: ColumnKind) -> Self {
        let levels = match array.as_dictionary_opt::<UInt32Type>() {
            Some(words) => quoted(words.values().as_string::<i32>()),
            None => Vec::new(),
        };
        Cells {
            array,
            kind,
            levels,
        }
    }

    fn write(&self, row: usize, line: &mut String) {
        if self.array.is_null(row) {
            line.push_str("NA");
            return;
        }
        match self.kind {
            ColumnKind::Number => {
                write_number(self.array.as_primitive::<Float64Type>().value(row), line);
            }
            ColumnKind::Integer => {
                line.push_str(
                    &self
                        .array
                        .as_primitive::<Int64Type>()
                        .value(row)
                        .to_string(),
                );
            }
            ColumnKind::Logical => {
                let value = self.array.as_boolean().value(row);
                line.push_str(if value { "true" } else { "false" });
            }
            ColumnKind::Text { .. } => {
                let key = self.array.as_dictionary::<UInt32Type>().keys().value(row);
                line.push_str(&self.levels[key as usize]);
            }
        }
    }
}

fn quoted(levels: &StringArray) -> Vec<String> {
    let quote = |level: Option<&str>| {
        let mut text = String::new();
        write_text(level.unwrap_or_default(), &mut text);
        text
    };
    levels.iter().map(quote).collect()
}

fn write_text(text: &str, line: &mut String) {
    let needs_quotes = text.is_empty()
        || text.contains([',', '"', '\n', '\r', ';', '\t', '|'])
        || text.starts_with(' ')
        || text.ends_with(' ');
    if needs_quotes {
        line.push('"');
        line.push_str(&text.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(text);
    }
}

fn write_number(value: f64, line: &mut String) {
    let text = if value.is_infinite() {
        if value > 0.0 {
            "Inf".into()
        } else {
            "-Inf".into()
        }
    } else if value.fract() == 0.0 && value.abs() < 1e15 {
        format!("{value:.0}")
    } else {
        format!("{value:?}")
    };
    line.push_str(&text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Table;

    #[test]
    fn cells_are_written_as_they_read_back() {
        let data = Table::new()
            .number(
                "x",
                [
                    Some(1.0),
                    Some(-0.1),
                    None,
                    Some(1e300),
                    Some(f64::NEG_INFINITY),
                ],
            )
            .text(
                "a \"b\"",
                [
                    "plain",
                    "with, comma",
                    "with \"quote\"",
                    " blank",
                    "line\nfeed",
                ],
            )
            .logical("l", [true, false, true, false, true])
            .integer("i", [i64::MAX, 0, 1, 2, 3])
            .source()
            .expect("a table");
        let mut out = Vec::new();
        write_csv(&data, &mut out).expect("CSV");
        let text = String::from_utf8(out).expect("UTF-8");
        assert_eq!(
            text,
            "x,\"a \"\"b\"\"\",l,i\n1,plain,true,9223372036854775807\n-0.1,\"with, comma\",false,0\n\
             NA,\"with \"\"quote\"\"\",true,1\n1e300,\" blank\",false,2\n-Inf,\"line\nfeed\",true,3\n"
        );
    }
}
