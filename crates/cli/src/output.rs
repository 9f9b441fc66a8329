//! Standard output. A reader that goes away (`| head`) is no error.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use ranef::{Answer, Caption, Fit, Markup};
use serde::Serialize;

use crate::arguments::{AnswerArguments, TableFormat};
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

/// Writes an answer in the form asked for.
pub fn answer(answer: &impl Answer, form: &AnswerArguments) -> Result<(), Failure> {
    if form.json {
        return json(answer);
    }
    if form.csv {
        let mut out = stdout();
        answer.table().write_csv(&mut out)?;
        return Ok(out.flush()?);
    }
    match form.format {
        None | Some(TableFormat::Text) => match columns(&io::stdout()) {
            Some(columns) => text(format_args!("{answer:columns$}")),
            None => text(answer),
        },
        Some(format) => {
            let markup = markup(format);
            let table = answer.table().markup(markup, &Caption::default());
            text(markup.document("ranef", &table))
        }
    }
}

/// The language of a format.
pub fn markup(format: TableFormat) -> Markup {
    match format {
        TableFormat::Text => Markup::Text,
        TableFormat::Markdown => Markup::Markdown,
        TableFormat::Latex => Markup::Latex,
        TableFormat::Html => Markup::Html,
    }
}

/// Columns to set text in, where a terminal is there to show it: at most 100, beyond which lines
/// are hard to read.
pub fn columns(stream: &impl IsTerminal) -> Option<usize> {
    let (width, _) = stream.is_terminal().then(terminal_size::terminal_size)??;
    Some(usize::from(width.0).clamp(20, 100))
}

/// The summary of a fit, set for standard output.
pub fn summary(fit: &Fit) -> String {
    let summary = fit.summary();
    match columns(&io::stdout()) {
        Some(columns) => summary.columns(columns).to_string(),
        None => summary.to_string(),
    }
}

/// Breaks a text into lines at spaces.
pub fn wrap(text: &str, columns: usize) -> String {
    let mut out = String::new();
    let mut length = 0;
    for word in text.split(' ') {
        let n = word.chars().count();
        if length > 0 {
            let fits = length + 1 + n <= columns;
            out.push(if fits { ' ' } else { '\n' });
            length = if fits { length + 1 } else { 0 };
        }
        out.push_str(word);
        length += n;
    }
    out
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
