//! Which separator and which decimal mark: found in the first records when nobody says.
//!
//! A separator is right when every record has the same number of cells, more than one. The first
//! records are cut with each candidate, and the one that most records agree on wins, then the one
//! with more cells; a file that is ragged under all of them is reported as such later, with the
//! likeliest reading. Blanks come last, because text is full of them.

use super::cell::{Cell, find};
use super::number::float;
use crate::{FrameError, ReadOptions};

/// Candidates in the order of preference.
const CANDIDATES: [u8; 4] = [b',', b'\t', b';', b'|'];

/// Records looked at.
const SAMPLE: usize = 100;

/// How cells are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) separator: u8,
    pub(super) decimal: u8,
}

impl Dialect {
    /// What the options say, and for the rest what the text shows. The text ends in a line feed.
    pub(super) fn of(bytes: &[u8], options: &ReadOptions) -> Result<Dialect, FrameError> {
        let separator = options.separator_byte()?;
        let decimal = options.decimal_byte(separator)?;
        let separator = separator.unwrap_or_else(|| sniff_separator(bytes, decimal));
        // Said alone, a decimal comma still has to meet the separator that was found.
        let decimal = match decimal {
            Some(decimal) => decimal,
            None if separator == b',' => b'.',
            None => sniff_decimal(bytes, separator),
        };
        Ok(Dialect { separator, decimal })
    }
}

fn sniff_separator(bytes: &[u8], decimal: Option<u8>) -> u8 {
    // A file of one column has no separator; it must only not be part of a number.
    let none = if decimal == Some(b',') { b';' } else { b',' };
    let mut best = (0.0, 0, none);
    for separator in CANDIDATES {
        if Some(separator) == decimal {
            continue;
        }
        let (agreement, cells) = agreement(bytes, separator);
        if cells > 1 && (agreement, cells) > (best.0, best.1) {
            best = (agreement, cells, separator);
        }
    }
    if best.1 == 0 && blanks_agree(bytes) {
        b' '
    } else {
        best.2
    }
}

/// The share of records with as many cells as the first one (or one more, where the first names
/// no column for the row names), and that number.
fn agreement(bytes: &[u8], separator: u8) -> (f64, usize) {
    let mut widths = Vec::new();
    let whole = for_each_record(bytes, separator, |cells| widths.push(cells.len()));
    let Some(&header) = widths.first() else {
        return (0.0, 0);
    };
    let named = widths[1..].iter().filter(|&&w| w == header).count();
    let rownames = widths[1..].iter().filter(|&&w| w == header + 1).count();
    let agreeing = 1 + named.max(rownames);
    let all = widths.len() + usize::from(!whole);
    (agreeing as f64 / all as f64, header)
}

/// Whether the lines, cut at runs of blanks, have the same number of words throughout.
fn blanks_agree(bytes: &[u8]) -> bool {
    let mut widths = bytes
        .split(|&b| b == b'\n')
        .map(words)
        .filter(|&w| w > 0)
        .take(SAMPLE);
    let Some(header) = widths.next() else {
        return false;
    };
    let rest: Vec<usize> = widths.collect();
    let same = |width| rest.iter().all(|&w| w == width);
    !rest.is_empty() && ((header > 1 && same(header)) || same(header + 1))
}

/// Words of a line; what stands in quotes is one.
fn words(line: &[u8]) -> usize {
    let (mut count, mut inside, mut quoted) = (0, false, false);
    for &byte in line {
        let blank = byte.is_ascii_whitespace() && !quoted;
        count += usize::from(!blank && !inside);
        inside = !blank;
        quoted ^= byte == b'"';
    }
    count
}

/// A comma is the decimal mark when some cells are numbers only with it and none has a point
/// between its digits.
fn sniff_decimal(bytes: &[u8], separator: u8) -> u8 {
    let (mut commas, mut points) = (0, 0);
    for_each_record(bytes, separator, |cells| {
        for cell in cells {
            let text = &bytes[cell.start..cell.end];
            commas += usize::from(text.contains(&b',') && float(text, b',').is_some());
            points += usize::from(text.contains(&b'.') && float(text, b'.').is_some());
        }
    });
    if commas > 0 && points == 0 {
        b','
    } else {
        b'.'
    }
}

/// Calls `see` with the cells of the first records; false when they ended in a fault.
fn for_each_record(bytes: &[u8], separator: u8, mut see: impl FnMut(&[Cell])) -> bool {
    let mut at = 0;
    let mut cells = Vec::new();
    let mut records = 0;
    while at < bytes.len() && records < SAMPLE {
        cells.clear();
        loop {
            let Ok(cell) = find(bytes, at, separator) else {
                return false;
            };
            at = cell.stop + 1;
            cells.push(cell);
            if bytes[cell.stop] == b'\n' {
                break;
            }
        }
        if cells.len() > 1 || cells[0].end > cells[0].start {
            see(&cells);
            records += 1;
        }
    }
    true
}

/// Rewrites text whose cells stand apart by runs of blanks, as `write.table` makes them, to text
/// with tabs. Length and line feeds stay where offsets need them.
pub(super) fn blanks_to_tabs(bytes: &mut [u8]) {
    let (mut read, mut write) = (0, 0);
    let mut quoted = false;
    let mut line_is_empty = true;
    let mut pending = false;
    while read < bytes.len() {
        let byte = bytes[read];
        read += 1;
        if !quoted && matches!(byte, b' ' | b'\t' | b'\r') {
            pending = !line_is_empty;
            continue;
        }
        if !quoted && byte == b'\n' {
            pending = false;
            line_is_empty = true;
            bytes[write] = byte;
            write += 1;
            continue;
        }
        if pending {
            bytes[write] = b'\t';
            write += 1;
            pending = false;
        }
        line_is_empty = false;
        quoted ^= byte == b'"';
        bytes[write] = byte;
        write += 1;
    }
    // What is left over becomes blank lines at the end, which are skipped.
    bytes[write..].fill(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sniff(text: &str) -> (char, char) {
        let d = Dialect::of(text.as_bytes(), &ReadOptions::default()).expect("a dialect");
        (d.separator as char, d.decimal as char)
    }

    #[test]
    fn separators_and_decimal_marks_are_found() {
        assert_eq!(sniff("a,b\n1,2\n"), (',', '.'));
        assert_eq!(sniff("a\tb\n1\t2\n"), ('\t', '.'));
        assert_eq!(sniff("a;b\n1,5;2,5\n3;4\n"), (';', ','));
        assert_eq!(sniff("a;b\n1.5;2.5\n"), (';', '.'));
        assert_eq!(sniff("a|b|c\n1|x, y|3\n"), ('|', '.'));
        assert_eq!(sniff("a b c\n1  2   3\n"), (' ', '.'));
        assert_eq!(sniff("\"a\" \"b\"\n\"1\" 2 3\n"), (' ', '.'));
        assert_eq!(sniff("word\none\ntwo words\n"), (',', '.'));
        assert_eq!(sniff("x\n1\n2\n"), (',', '.'));
        assert_eq!(sniff("name,note\nx,a;b\ny,c;d\n"), (',', '.'));
    }

    #[test]
    fn blanks_become_tabs() {
        let mut text = b" a  b\t c \n1 \"x y\" 3\n".to_vec();
        blanks_to_tabs(&mut text);
        let text = String::from_utf8(text).expect("UTF-8");
        assert_eq!(text.trim_end(), "a\tb\tc\n1\t\"x y\"\t3");
    }
}
