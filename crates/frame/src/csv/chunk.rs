//! One chunk of text to typed columns.
//!
//! A chunk is read into the types that a look at the head of the file suggests. A cell that does
//! not fit is not an end: the column notes what it has seen, keeps a null, and goes on, so that
//! after one pass over all chunks the true type of every column is known. The few columns that
//! were guessed wrong are then read once more, alone ([`Target::Skip`] for the others), from the
//! text that is still there. Keeping the spelling of every number in case its column turns out
//! to be text would cost every file what only a few need.

use super::cell::{fast_number, find};
use super::fault::{Fault, FaultKind};
use super::missing::Missing;
use super::number::{Seen, Value, classify};
use crate::ColumnKind;
use crate::interner::Interner;

/// What a column is read into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Skip,
    Number,
    Integer,
    Logical,
    Text,
}

impl Target {
    /// Where a column of this type is read into.
    pub(super) fn of(kind: ColumnKind) -> Target {
        match kind {
            ColumnKind::Number => Target::Number,
            ColumnKind::Integer => Target::Integer,
            ColumnKind::Logical => Target::Logical,
            ColumnKind::Text { .. } => Target::Text,
        }
    }
}

/// How the cells of a file are to be read.
pub(super) struct Plan<'p> {
    pub(super) separator: u8,
    pub(super) decimal: u8,
    pub(super) missing: &'p Missing,
    /// One for each cell of a row.
    pub(super) targets: &'p [Target],
}

/// The cells of one column in one chunk. Missing ones have a place in the values and are listed
/// in `nulls`, which is short as a rule.
pub(super) struct Cells<'a> {
    pub(super) values: Values<'a>,
    pub(super) nulls: Vec<u32>,
    pub(super) seen: Seen,
}

/// Values by type.
pub(super) enum Values<'a> {
    Skipped,
    Number(Vec<f64>),
    Integer(Vec<i64>),
    Logical(Vec<bool>),
    Text(Words<'a>),
}

/// Text as codes into the levels of the chunk.
pub(super) struct Words<'a> {
    pub(super) codes: Vec<u32>,
    pub(super) levels: Interner<'a>,
    /// Where each level was seen first.
    pub(super) first: Vec<usize>,
    /// The cell before, for data that stand in groups.
    last: Option<(&'a [u8], u32)>,
}

/// A chunk, read.
pub(super) struct Chunk<'a> {
    pub(super) rows: usize,
    pub(super) columns: Vec<Cells<'a>>,
    /// The first byte not read: the start of the next record.
    pub(super) end: usize,
    pub(super) fault: Option<Fault>,
}

/// Reads the records that begin in `start..end`. The last one may reach beyond `end`.
pub(super) fn read<'a>(bytes: &'a [u8], start: usize, end: usize, plan: &Plan<'_>) -> Chunk<'a> {
    let room = (end - start) / (plan.targets.len().max(1) * 6) + 8;
    let mut columns: Vec<Cells<'a>> = plan.targets.iter().map(|&t| Cells::new(t, room)).collect();
    let mut at = start;
    let mut rows = 0;
    let mut fault = None;
    'records: while at < end {
        if let Some(next) = blank_line(bytes, at) {
            at = next;
            continue;
        }
        let record = at;
        let last = columns.len() - 1;
        for (k, column) in columns.iter_mut().enumerate() {
            let stop = match column.push(bytes, at, rows, plan) {
                Ok(stop) => stop,
                Err(found) => {
                    fault = Some(found);
                    break 'records;
                }
            };
            at = stop + 1;
            if (bytes[stop] == b'\n') != (k == last) {
                fault = Some(ragged(bytes, record, plan));
                break 'records;
            }
        }
        rows += 1;
    }
    Chunk {
        rows,
        columns,
        end: at,
        fault,
    }
}

/// The start of the next line, if this one holds blanks only.
fn blank_line(bytes: &[u8], at: usize) -> Option<usize> {
    if bytes[at] > b' ' {
        return None;
    }
    let blanks = bytes[at..]
        .iter()
        .position(|&b| !matches!(b, b' ' | b'\r'))?;
    (bytes[at + blanks] == b'\n').then_some(at + blanks + 1)
}

fn ragged(bytes: &[u8], record: usize, plan: &Plan<'_>) -> Fault {
    let mut at = record;
    let mut found = 0;
    while let Ok(cell) = find(bytes, at, plan.separator) {
        found += 1;
        at = cell.stop + 1;
        if bytes[cell.stop] == b'\n' {
            break;
        }
    }
    let expected = plan.targets.len();
    Fault {
        at: record,
        kind: FaultKind::Ragged { found, expected },
    }
}

impl<'a> Cells<'a> {
    fn new(target: Target, room: usize) -> Self {
        let values = match target {
            Target::Skip => Values::Skipped,
            Target::Number => Values::Number(Vec::with_capacity(room)),
            Target::Integer => Values::Integer(Vec::with_capacity(room)),
            Target::Logical => Values::Logical(Vec::with_capacity(room)),
            Target::Text => Values::Text(Words {
                codes: Vec::with_capacity(room),
                levels: Interner::new(),
                first: Vec::new(),
                last: None,
            }),
        };
        Cells {
            values,
            nulls: Vec::new(),
            seen: Seen::default(),
        }
    }

    /// Takes the cell at `at`; returns where it stops.
    #[inline]
    fn push(
        &mut self,
        bytes: &'a [u8],
        at: usize,
        row: usize,
        plan: &Plan<'_>,
    ) -> Result<usize, Fault> {
        if let Values::Number(values) = &mut self.values
            && !plan.missing.looks_like_numbers()
            && let Some(fast) = fast_number(bytes, at, plan.separator, plan.decimal)
        {
            values.push(fast.value);
            self.seen |= fast.seen;
            return Ok(fast.stop);
        }
        self.push_slowly(bytes, at, row, plan)
    }

    fn push_slowly(
        &mut self,
        bytes: &'a [u8],
        at: usize,
        row: usize,
        plan: &Plan<'_>,
    ) -> Result<usize, Fault> {
        let cell = find(bytes, at, plan.separator)?;
        if let Values::Skipped = self.values {
            return Ok(cell.stop);
        }
        // Not `cell.text` yet: its owned form is for the rare doubled quotes.
        let raw = &bytes[cell.start..cell.end];
        if plan.missing.is(raw) {
            self.push_null(row);
            return Ok(cell.stop);
        }
        if let Values::Text(words) = &mut self.values {
            self.seen |= Seen::TEXT;
            if let (false, Some((text, code))) = (cell.doubled, words.last)
                && text == raw
            {
                words.codes.push(code);
                return Ok(cell.stop);
            }
            let (code, new) = words.levels.intern(cell.text(bytes));
            if new {
                words.first.push(cell.start);
            }
            words.codes.push(code);
            words.last = (!cell.doubled).then_some((raw, code));
            return Ok(cell.stop);
        }
        // Blanks inside quotes belong to text, never to a number.
        let (seen, value) = classify(raw.trim_ascii(), plan.decimal);
        self.seen |= seen;
        match (&mut self.values, value) {
            (Values::Number(values), Value::Number(v)) => values.push(v),
            (Values::Number(values), Value::Integer(v)) => values.push(v as f64),
            (Values::Integer(values), Value::Integer(v)) => values.push(v),
            (Values::Logical(values), Value::Logical(v)) => values.push(v),
            _ => self.push_null(row),
        }
        Ok(cell.stop)
    }

    fn push_null(&mut self, row: usize) {
        self.nulls.push(row as u32);
        match &mut self.values {
            Values::Skipped => {}
            Values::Number(values) => values.push(0.0),
            Values::Integer(values) => values.push(0),
            Values::Logical(values) => values.push(false),
            Values::Text(words) => words.codes.push(0),
        }
    }
}
