//! Text with separators (CSV, TSV and relatives) to typed columns.
//!
//! The whole text lies in memory while it is read and is dropped afterwards. It is cut into
//! chunks that threads read side by side, each into typed columns of its own ([`chunk`]), and the
//! chunks of a column are joined at the end ([`merge`]). Three things make the result the same
//! as that of one thread reading from the first byte to the last, whatever the chunks:
//!
//! * **Types** follow from the set of things that a column has seen, not from their order
//!   ([`number`]). A first look at the head of the file guesses them; columns guessed wrong are
//!   read again.
//! * **Cuts** are made behind line feeds, some of which stand inside quotes. Instead of looking
//!   for quotes beforehand, which costs a pass over every file and is wrong for a stray quote in
//!   plain text, the cut is taken on trust and then checked: a chunk that was read from a right
//!   start knows where its last record ends, and if that is not the start of the next chunk, the
//!   next one is read again from there.
//! * **Levels** are sorted by bytes once all chunks are in.
//!
//! A chunk is a fixed piece of the text rather than its share of a thread, so that even the
//! batches are the same for any number of threads.

mod cell;
mod chunk;
mod dialect;
mod fault;
mod header;
mod merge;
pub(crate) mod missing;
mod number;
mod write;

use rayon::prelude::*;

use self::chunk::{Chunk, Plan, Target};
use self::dialect::Dialect;
use self::fault::{Fault, FaultKind};
use self::header::{Heading, Role};
use self::merge::Place;
use self::missing::Missing;
use self::number::Seen;
use crate::memory::MemorySource;
use crate::{Column, ColumnKind, FrameError, ReadOptions};

pub use self::write::write_csv;

/// Bytes of text to a chunk. Large enough that joining dictionaries costs little, small enough
/// that two threads end a file of ten megabytes together.
const CHUNK_BYTES: usize = 1 << 20;

/// Bytes looked at for a first guess of the types.
const SAMPLE_BYTES: usize = 1 << 14;

/// Reads a table from text that is in memory. `file` is its name for messages; `text` is UTF-8
/// with or without a byte order mark (or UTF-16 with one), and lines end in `\n`, `\r\n` or `\r`.
///
/// # Errors
/// A fault in the text, with its line; see [`FrameError`] for the codes.
pub fn read_csv(
    text: Vec<u8>,
    file: &str,
    options: &ReadOptions,
) -> Result<MemorySource, FrameError> {
    read_in_chunks(text, file, options, CHUNK_BYTES)
}

fn read_in_chunks(
    text: Vec<u8>,
    file: &str,
    options: &ReadOptions,
    chunk_bytes: usize,
) -> Result<MemorySource, FrameError> {
    let mut text = crate::text::decode(text, file)?;
    if text.trim_ascii().is_empty() {
        return Err(FrameError::new("empty_file", format!("{file} is empty")));
    }
    if memchr::memchr(b'\n', &text).is_none() {
        // The line ends of old Macintoshes.
        text.iter_mut()
            .filter(|b| **b == b'\r')
            .for_each(|b| *b = b'\n');
    }
    if text.last() != Some(&b'\n') {
        text.push(b'\n');
    }
    let mut dialect = Dialect::of(&text, options)?;
    if dialect.separator == b' ' {
        dialect::blanks_to_tabs(&mut text);
        dialect.separator = b'\t';
    }
    if let Some(fault) = check_text(first_line(&text), 0) {
        return Err(fault.explain(&text, file));
    }
    let (headings, body) = header::read(&text, dialect.separator, file)?;
    let cuts = cuts(&text, body, chunk_bytes);
    let threads = Threads::new(options.threads.min(cuts.len() - 1))?;
    let reader = Reader {
        text: &text,
        file,
        dialect,
        missing: Missing::new(&options.na),
        cuts,
        threads,
    };
    reader.read(headings)
}

/// Where chunks start: behind the first line feed after every `chunk_bytes`; the end last.
fn cuts(text: &[u8], body: usize, chunk_bytes: usize) -> Vec<usize> {
    let mut cuts = vec![body];
    let mut at = body;
    while let Some(found) = text
        .get(at + chunk_bytes..)
        .and_then(|rest| memchr::memchr(b'\n', rest))
    {
        at += chunk_bytes + found + 1;
        if at < text.len() {
            cuts.push(at);
        }
    }
    cuts.push(text.len());
    cuts
}

/// The text up to the end of the first line that says something.
fn first_line(text: &[u8]) -> &[u8] {
    let start = text.len() - text.trim_ascii_start().len();
    let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |i| start + i);
    &text[..end]
}

/// Threads that were asked for; none is started for one.
struct Threads(Option<rayon::ThreadPool>);

impl Threads {
    fn new(threads: usize) -> Result<Self, FrameError> {
        if threads <= 1 {
            return Ok(Threads(None));
        }
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map(|pool| Threads(Some(pool)))
            .map_err(|e| {
                FrameError::new("unreadable_file", format!("no threads to read with: {e}"))
            })
    }

    /// Does the work for every item, in order or side by side.
    fn map<T: Send, R: Send>(&self, items: Vec<T>, work: impl Fn(T) -> R + Send + Sync) -> Vec<R> {
        match &self.0 {
            Some(pool) if items.len() > 1 => {
                pool.install(|| items.into_par_iter().map(work).collect())
            }
            _ => items.into_iter().map(work).collect(),
        }
    }
}

/// One file being read.
struct Reader<'a> {
    text: &'a [u8],
    file: &'a str,
    dialect: Dialect,
    missing: Missing,
    cuts: Vec<usize>,
    threads: Threads,
}

impl<'a> Reader<'a> {
    fn read(mut self, headings: Vec<Heading>) -> Result<MemorySource, FrameError> {
        let guess = self.guess(&headings);
        let mut chunks = self.read_chunks(&guess)?;
        let rows: Vec<usize> = chunks.iter().map(|c| c.rows).collect();
        if rows.iter().sum::<usize>() == 0 {
            return Err(FrameError::new(
                "no_rows",
                format!("{} has a header and no rows", self.file),
            ));
        }
        let kinds: Vec<ColumnKind> = (0..headings.len())
            .map(|k| {
                let mut seen = Seen::default();
                chunks.iter().for_each(|c| seen |= c.columns[k].seen);
                seen.kind()
            })
            .collect();
        self.read_again(&guess, &kinds, &mut chunks)?;
        self.join(headings, kinds, chunks, &rows)
    }

    fn plan<'p>(&'p self, targets: &'p [Target]) -> Plan<'p> {
        Plan {
            separator: self.dialect.separator,
            decimal: self.dialect.decimal,
            missing: &self.missing,
            targets,
        }
    }

    /// The types that the head of the file suggests. Only text is certain from a part of it.
    fn guess(&self, headings: &[Heading]) -> Vec<Target> {
        let targets: Vec<Target> = headings
            .iter()
            .map(|h| {
                if h.role == Role::RowNames {
                    Target::Skip
                } else {
                    Target::Number
                }
            })
            .collect();
        let start = self.cuts[0];
        let end = (start + SAMPLE_BYTES).min(self.text.len());
        let head = chunk::read(self.text, start, end, &self.plan(&targets));
        targets
            .iter()
            .zip(&head.columns)
            .map(|(&target, column)| match target {
                Target::Number => Target::of(column.seen.kind()),
                other => other,
            })
            .collect()
    }

    /// Reads all chunks, and corrects the cuts where a record reaches over them.
    fn read_chunks(&mut self, targets: &[Target]) -> Result<Vec<Chunk<'a>>, FrameError> {
        let (text, plan) = (self.text, self.plan(targets));
        let spans: Vec<(usize, usize)> = self.cuts.windows(2).map(|c| (c[0], c[1])).collect();
        let results = self.threads.map(spans, |(start, end)| {
            (
                check_text(&text[start..end], start),
                chunk::read(text, start, end, &plan),
            )
        });
        let mut fault: Option<Fault> = None;
        let mut chunks: Vec<Chunk<'a>> = Vec::with_capacity(results.len());
        let mut starts = self.cuts.clone();
        for (k, (bad_text, mut chunk)) in results.into_iter().enumerate() {
            let end = self.cuts[k + 1];
            if let Some(before) = chunks.last()
                && before.end != starts[k]
            {
                // A record may even reach over all of this chunk, which then has no rows.
                starts[k] = before.end;
                chunk = chunk::read(text, before.end.min(end), end, &plan);
                chunk.end = chunk.end.max(before.end);
            }
            // Bytes that are no text come first: they explain whatever else is wrong.
            fault = bad_text.or(chunk.fault);
            chunks.push(chunk);
            if fault.is_some() {
                break;
            }
        }
        self.cuts = starts;
        match fault {
            Some(fault) => Err(fault.explain(self.text, self.file)),
            None => Ok(chunks),
        }
    }

    /// Reads the columns that were guessed wrong into their true type.
    fn read_again(
        &self,
        guess: &[Target],
        kinds: &[ColumnKind],
        chunks: &mut [Chunk<'a>],
    ) -> Result<(), FrameError> {
        let targets: Vec<Target> = guess
            .iter()
            .zip(kinds)
            .map(|(&guess, &kind)| match Target::of(kind) {
                target if target != guess && guess != Target::Skip => target,
                _ => Target::Skip,
            })
            .collect();
        if targets.iter().all(|t| *t == Target::Skip) {
            return Ok(());
        }
        let (text, plan) = (self.text, self.plan(&targets));
        let spans: Vec<(usize, usize)> = self
            .cuts
            .windows(2)
            .map(|c| (c[0], c[1].max(c[0])))
            .collect();
        let again = self
            .threads
            .map(spans, |(start, end)| chunk::read(text, start, end, &plan));
        for (chunk, new) in chunks.iter_mut().zip(again) {
            for (k, column) in new.columns.into_iter().enumerate() {
                if targets[k] != Target::Skip {
                    chunk.columns[k] = column;
                }
            }
        }
        Ok(())
    }

    /// Joins the chunks and forgets columns without name and content.
    fn join(
        &self,
        headings: Vec<Heading>,
        kinds: Vec<ColumnKind>,
        chunks: Vec<Chunk<'a>>,
        rows: &[usize],
    ) -> Result<MemorySource, FrameError> {
        let place = Place {
            bytes: self.text,
            decimal: self.dialect.decimal,
        };
        let mut pieces: Vec<Vec<chunk::Cells<'a>>> = headings.iter().map(|_| Vec::new()).collect();
        for chunk in chunks {
            for (column, cells) in pieces.iter_mut().zip(chunk.columns) {
                column.push(cells);
            }
        }
        let work: Vec<_> = headings.into_iter().zip(kinds).zip(pieces).collect();
        let merged = self.threads.map(work, |((heading, kind), cells)| {
            let merged = match heading.role {
                Role::RowNames => None,
                _ => Some(merge::merge(&heading.name, kind, cells, &place)),
            };
            (heading, kind, merged)
        });
        let mut columns = Vec::new();
        let mut arrays = Vec::new();
        let mut notes = Vec::new();
        for (heading, kind, merged) in merged {
            let Some(merged) = merged.transpose()? else {
                continue;
            };
            if heading.role == Role::Unnamed && merged.all_missing {
                continue;
            }
            let remarks: Vec<String> = merged.note.into_iter().chain(heading.note).collect();
            if !remarks.is_empty() {
                notes.push((heading.name.clone(), remarks.join("; ")));
            }
            columns.push(Column {
                name: heading.name,
                kind,
            });
            arrays.push(merged.arrays);
        }
        MemorySource::from_chunks(columns, arrays, rows, notes)
    }
}

/// Looks for bytes that are no text in a piece that begins at `start`.
fn check_text(piece: &[u8], start: usize) -> Option<Fault> {
    if let Some(at) = memchr::memchr(0, piece) {
        return Some(Fault {
            at: start + at,
            kind: FaultKind::Binary,
        });
    }
    let error = std::str::from_utf8(piece).err()?;
    Some(Fault {
        at: start + error.valid_up_to(),
        kind: FaultKind::NotUtf8,
    })
}

#[cfg(test)]
mod tests;
