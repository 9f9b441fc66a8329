//! What is wrong inside the text, kept as a byte offset until somebody has to read it.
//!
//! Counting lines costs a pass over the text, and only a file with a fault needs it. The reader
//! therefore carries offsets, and the line is counted when the message is written.

use crate::FrameError;

/// A fault at a byte of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) kind: FaultKind,
}

/// What the fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// A row with another number of cells than the header.
    Ragged { found: usize, expected: usize },
    /// A quote that never closes.
    UnclosedQuote,
    /// Text between a closing quote and the separator.
    TextAfterQuote,
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// A zero byte.
    Binary,
}

impl Fault {
    pub(super) fn unclosed_quote(at: usize) -> Self {
        Fault {
            at,
            kind: FaultKind::UnclosedQuote,
        }
    }

    pub(super) fn text_after_quote(at: usize) -> Self {
        Fault {
            at,
            kind: FaultKind::TextAfterQuote,
        }
    }

    /// The message, with the line counted in `bytes`.
    pub(super) fn explain(self, bytes: &[u8], file: &str) -> FrameError {
        let line = line_of(bytes, self.at);
        match self.kind {
            FaultKind::Ragged { found, expected } => FrameError::new(
                "ragged_row",
                format!("{file}, line {line}: {} where the header has {expected}", count(found, "cell")),
            )
            .with_hint(if found > expected {
                "put quotes around cells that hold the separator, or say which separator the file has"
            } else {
                "fill the row up with empty cells, which are missing values"
            }),
            FaultKind::UnclosedQuote => FrameError::new(
                "unclosed_quote",
                format!("{file}, line {line}: a quote opens here and never closes"),
            )
            .with_hint("close it, or double a quote that belongs to the text: `\"5\"\" pipe\"`"),
            FaultKind::TextAfterQuote => FrameError::new(
                "text_after_quote",
                format!("{file}, line {line}: text follows the closing quote of a cell"),
            )
            .with_hint("double a quote that belongs to the text: `\"the \"\"old\"\" one\"`"),
            FaultKind::NotUtf8 => FrameError::new(
                "not_utf8",
                format!("{file}, line {line}: this is not UTF-8 text"),
            )
            .with_hint(
                "save the file as UTF-8 (in Excel \"CSV UTF-8\"; on a command line \
                 `iconv -f LATIN1 -t UTF-8`)",
            ),
            FaultKind::Binary => FrameError::new(
                "binary_file",
                format!("{file}, line {line}: a zero byte, so this is no text file"),
            )
            .with_hint("save the data as CSV or Parquet"),
        }
    }
}

/// The line of a byte, from 1, however the lines end.
pub(super) fn line_of(bytes: &[u8], at: usize) -> usize {
    1 + memchr::memchr_iter(b'\n', &bytes[..at.min(bytes.len())]).count()
}

/// "1 cell", "2 cells".
pub(crate) fn count(n: usize, noun: &str) -> String {
    if n == 1 {
        format!("1 {noun}")
    } else {
        format!("{n} {noun}s")
    }
}
