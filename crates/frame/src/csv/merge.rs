//! The chunks of a column to one column: numbers keep their places, text gets one dictionary.

use std::sync::Arc;

use arrow_array::types::UInt32Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int64Array, StringArray, UInt32Array,
};
use arrow_buffer::{BooleanBufferBuilder, NullBuffer, ScalarBuffer};

use super::chunk::{Cells, Values, Words};
use super::fault::{count, line_of};
use super::number::{classify, float};
use crate::interner::Interner;
use crate::{ColumnKind, FrameError};

/// A column of a file, complete.
pub(super) struct Merged {
    /// One array a chunk.
    pub(super) arrays: Vec<ArrayRef>,
    /// Whether no cell holds anything.
    pub(super) all_missing: bool,
    /// Why it is text, where that may surprise.
    pub(super) note: Option<String>,
}

/// What a note needs to know of the file.
pub(super) struct Place<'p> {
    pub(super) bytes: &'p [u8],
    pub(super) decimal: u8,
}

/// Joins the chunks of the column `name`, whose cells have been read as `kind`.
pub(super) fn merge(
    name: &str,
    kind: ColumnKind,
    chunks: Vec<Cells<'_>>,
    place: &Place<'_>,
) -> Result<Merged, FrameError> {
    let rows: usize = chunks.iter().map(Cells::rows).sum();
    let missing: usize = chunks.iter().map(|c| c.nulls.len()).sum();
    let all_missing = rows == missing;
    if let ColumnKind::Text { .. } = kind {
        let (arrays, note) = merge_text(name, chunks, place)?;
        return Ok(Merged {
            arrays,
            all_missing,
            note,
        });
    }
    let arrays = chunks.into_iter().map(to_array).collect();
    Ok(Merged {
        arrays,
        all_missing,
        note: None,
    })
}

impl Cells<'_> {
    fn rows(&self) -> usize {
        match &self.values {
            Values::Skipped => 0,
            Values::Number(v) => v.len(),
            Values::Integer(v) => v.len(),
            Values::Logical(v) => v.len(),
            Values::Text(w) => w.codes.len(),
        }
    }
}

/// Which rows are there, if not all of them.
fn validity(nulls: &[u32], rows: usize) -> Option<NullBuffer> {
    if nulls.is_empty() {
        return None;
    }
    let mut bits = BooleanBufferBuilder::new(rows);
    bits.append_n(rows, true);
    for &row in nulls {
        bits.set_bit(row as usize, false);
    }
    Some(NullBuffer::new(bits.finish()))
}

fn to_array(cells: Cells<'_>) -> ArrayRef {
    let nulls = validity(&cells.nulls, cells.rows());
    match cells.values {
        Values::Number(v) => Arc::new(Float64Array::new(ScalarBuffer::from(v), nulls)),
        Values::Integer(v) => Arc::new(Int64Array::new(ScalarBuffer::from(v), nulls)),
        Values::Logical(v) => Arc::new(BooleanArray::new(v.into(), nulls)),
        Values::Skipped | Values::Text(_) => Arc::new(Float64Array::new_null(cells.nulls.len())),
    }
}

/// Unites the levels of the chunks, sorts them, and translates the codes in place.
fn merge_text(
    name: &str,
    chunks: Vec<Cells<'_>>,
    place: &Place<'_>,
) -> Result<(Vec<ArrayRef>, Option<String>), FrameError> {
    let mut parts: Vec<(Words<'_>, Vec<u32>)> = chunks
        .into_iter()
        .filter_map(|c| match c.values {
            Values::Text(words) => Some((words, c.nulls)),
            _ => None,
        })
        .collect();
    let note = why_text(name, &parts, place);
    let mut all = Interner::new();
    let translations: Vec<Vec<u32>> = parts
        .iter()
        .map(|(words, _)| all.absorb(&words.levels))
        .collect();
    let (sorted, places) = all.sorted();
    let levels = dictionary(&sorted, name)?;
    let keys: Vec<(Vec<u32>, Vec<u32>)> = parts
        .iter_mut()
        .zip(&translations)
        .map(|((words, nulls), translation)| {
            let to: Vec<u32> = translation.iter().map(|&t| places[t as usize]).collect();
            let mut codes = std::mem::take(&mut words.codes);
            for code in &mut codes {
                // A missing first cell carries code 0 though no level may exist yet.
                *code = to.get(*code as usize).copied().unwrap_or(0);
            }
            (codes, std::mem::take(nulls))
        })
        .collect();
    let arrays = keys
        .into_iter()
        .map(|(codes, nulls)| {
            let nulls = validity(&nulls, codes.len());
            let keys = UInt32Array::new(ScalarBuffer::from(codes), nulls);
            DictionaryArray::<UInt32Type>::try_new(keys, levels.clone())
                .map(|a| Arc::new(a) as ArrayRef)
                .map_err(|e| FrameError::new("too_large", format!("column `{name}`: {e}")))
        })
        .collect::<Result<_, _>>()?;
    Ok((arrays, note))
}

/// The levels as an Arrow array, whose offsets end at 2 GB of text.
fn dictionary(levels: &[&[u8]], name: &str) -> Result<ArrayRef, FrameError> {
    let total: usize = levels.iter().map(|l| l.len()).sum();
    if total > i32::MAX as usize {
        return Err(FrameError::new(
            "too_large",
            format!("column `{name}` holds more than 2 GB of different text"),
        ));
    }
    // The text was checked to be UTF-8 before it was cut at ASCII bytes.
    let words = levels
        .iter()
        .map(|l| std::str::from_utf8(l).unwrap_or_default());
    Ok(Arc::new(StringArray::from_iter_values(words)))
}

/// The classic accident: a column of numbers in which a few cells are none. The cells that made
/// it text are counted, and the first of them is shown with its line, for whoever later asks why
/// the column is not a number.
fn why_text(name: &str, parts: &[(Words<'_>, Vec<u32>)], place: &Place<'_>) -> Option<String> {
    let (mut numbers, mut others) = (0usize, 0usize);
    let mut first: Option<(usize, &[u8])> = None;
    let mut longest: Option<(usize, &[u8])> = None;
    for (words, nulls) in parts {
        let levels = words.levels.levels();
        let is_number: Vec<bool> = levels
            .iter()
            .map(|l| classify(l.trim_ascii(), place.decimal).0.is_number())
            .collect();
        for (code, level) in levels.iter().enumerate() {
            let seen = (words.first[code], &**level);
            let culprit = if is_number[code] {
                &mut longest
            } else {
                &mut first
            };
            let earlier = culprit.is_none_or(|(at, _)| seen.0 < at);
            if earlier && (!is_number[code] || level.len() > 18) {
                *culprit = Some(seen);
            }
        }
        if !is_number.contains(&true) {
            others += words.codes.len() - nulls.len();
            continue;
        }
        let mut missing = nulls.iter().peekable();
        for (row, &code) in words.codes.iter().enumerate() {
            if missing.next_if(|&&m| m as usize == row).is_some() {
                continue;
            }
            if is_number[code as usize] {
                numbers += 1;
            } else {
                others += 1;
            }
        }
    }
    if others == 0 {
        let (at, digits) = longest?;
        return Some(format!(
            "column `{name}` is text because of `{}` in line {}, a whole number of more than 64 bits",
            shown(digits),
            line_of(place.bytes, at)
        ));
    }
    if numbers <= others {
        return None;
    }
    let (at, word) = first?;
    let comma = if place.decimal == b'.' && float(word, b',').is_some() {
        "; if the comma is its decimal mark, say so"
    } else {
        ""
    };
    Some(format!(
        "column `{name}` is text because of `{}` in line {} ({}){comma}",
        shown(word),
        line_of(place.bytes, at),
        count(others, "such cell"),
    ))
}

/// A cell as a message shows it: one short line.
fn shown(cell: &[u8]) -> String {
    let text = String::from_utf8_lossy(cell);
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(40)
        .collect();
    if text.chars().count() > 40 {
        format!("{line}…")
    } else {
        line
    }
}
