//! Standard output. A reader that goes away (`| head`) is no error.

use std::io::{self, BufWriter, StdoutLock, Write};

use serde::Serialize;

use crate::error::Failure;

/// Standard output through a buffer.
pub fn stdout() -> BufWriter<StdoutLock<'static>> {
    BufWriter::with_capacity(1 << 16, io::stdout().lock())
}

/// Writes one JSON object as one line.
pub fn json(value: &impl Serialize) -> Result<(), Failure> {
    let mut out = stdout();
    write_json(value, &mut out)?;
    Ok(out.flush()?)
}

/// Writes one JSON object as one line to any writer. Numbers that are not finite become null.
pub fn write_json(value: &impl Serialize, out: &mut impl Write) -> Result<(), Failure> {
    serde_json::to_writer(&mut *out, value).map_err(io::Error::from)?;
    Ok(out.write_all(b"\n")?)
}

/// Writes a text.
pub fn text(text: impl std::fmt::Display) -> Result<(), Failure> {
    let mut out = stdout();
    write!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Columns to set text in: those of the terminal, or 80 where there is none; at most 100, beyond
/// which lines are hard to read.
pub fn columns() -> usize {
    terminal_size::terminal_size_of(io::stdout())
        .map_or(80, |(width, _)| usize::from(width.0).clamp(20, 100))
}

/// A writer that remembers that its reader went away, for code that reports errors as text.
pub struct Watched<W> {
    inner: W,
    unread: bool,
}

impl<W: Write> Watched<W> {
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            unread: false,
        }
    }

    /// Whether a write failed because nobody reads any more.
    pub fn unread(&self) -> bool {
        self.unread
    }

    fn watch<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &result {
            self.unread |= error.kind() == io::ErrorKind::BrokenPipe;
        }
        result
    }
}

impl<W: Write> Write for Watched<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.inner.write(bytes);
        self.watch(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.inner.flush();
        self.watch(result)
    }
}
