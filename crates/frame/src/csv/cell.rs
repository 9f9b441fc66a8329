//! Where a cell ends, and the short way to a number.
//!
//! Finding the end of a cell and then parsing what lies before it reads every byte twice. Most
//! cells of a table of data are short decimal numbers, so [`fast_number`] gathers digits until
//! something else comes and looks only then whether that is the end of the cell; on anything
//! unusual it gives up and the cell goes the long way through [`find`].
//!
//! Both rely on the text ending in a line feed (the reader adds one), so no loop can run past the
//! end, and take plain `\n` or `\r\n` as the end of a line.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::fault::Fault;
use super::number::{Seen, float};

/// The extent of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    /// First byte of the contents, after an opening quote.
    pub(super) start: usize,
    /// First byte after the contents.
    pub(super) end: usize,
    /// The separator or line feed behind it.
    pub(super) stop: usize,
    /// Whether quotes inside are doubled.
    pub(super) doubled: bool,
}

impl Cell {
    /// The contents, with doubled quotes made single.
    pub(super) fn text<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let raw = &bytes[self.start..self.end];
        if !self.doubled {
            return Cow::Borrowed(raw);
        }
        let mut plain = Vec::with_capacity(raw.len());
        let mut rest = raw;
        while let Some(quote) = memchr(b'"', rest) {
            plain.extend_from_slice(&rest[..=quote]);
            rest = &rest[(quote + 2).min(rest.len())..];
        }
        plain.extend_from_slice(rest);
        Cow::Owned(plain)
    }
}

/// Finds the cell that begins at `at`. Blanks around unquoted text and around the quotes do not
/// belong to it; blanks inside the quotes do.
pub(super) fn find(bytes: &[u8], at: usize, separator: u8) -> Result<Cell, Fault> {
    let mut start = at;
    while is_blank(bytes[start]) && bytes[start] != separator {
        start += 1;
    }
    if bytes[start] == b'"' {
        return find_quoted(bytes, start, separator);
    }
    let stop = find_stop(bytes, start, separator);
    let mut end = stop;
    if bytes[stop] == b'\n' && end > start && bytes[end - 1] == b'\r' {
        end -= 1;
    }
    while end > start && is_blank(bytes[end - 1]) {
        end -= 1;
    }
    Ok(Cell {
        start,
        end,
        stop,
        doubled: false,
    })
}

/// The first separator or line feed at or after `at`. A look at the next few bytes comes before
/// the vectorised search, whose start costs more than a short cell.
fn find_stop(bytes: &[u8], at: usize, separator: u8) -> usize {
    let near = (at + 16).min(bytes.len());
    for (i, &byte) in bytes[at..near].iter().enumerate() {
        if byte == separator || byte == b'\n' {
            return at + i;
        }
    }
    let last = bytes.len() - 1;
    memchr2(separator, b'\n', &bytes[near..]).map_or(last, |i| near + i)
}

fn find_quoted(bytes: &[u8], quote: usize, separator: u8) -> Result<Cell, Fault> {
    let start = quote + 1;
    let mut doubled = false;
    let mut at = start;
    let end = loop {
        match memchr(b'"', &bytes[at..]) {
            None => return Err(Fault::unclosed_quote(quote)),
            Some(i) if bytes.get(at + i + 1) == Some(&b'"') => {
                doubled = true;
                at += i + 2;
            }
            Some(i) => break at + i,
        }
    };
    let mut stop = end + 1;
    // The text ends in a line feed, unless that very byte closed the quotes' search above.
    while stop < bytes.len() && is_blank(bytes[stop]) && bytes[stop] != separator {
        stop += 1;
    }
    match bytes.get(stop) {
        Some(&c) if c == separator || c == b'\n' => {}
        Some(b'\r') if bytes.get(stop + 1) == Some(&b'\n') => stop += 1,
        _ => return Err(Fault::text_after_quote(quote)),
    }
    Ok(Cell {
        start,
        end,
        stop,
        doubled,
    })
}

pub(super) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// A number read the short way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fast {
    pub(super) value: f64,
    pub(super) seen: Seen,
    pub(super) stop: usize,
}

/// Powers of ten that `f64` holds exactly.
const TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Largest integer below which every integer is an `f64`.
const EXACT: u64 = 1 << 53;

/// Reads a cell that is digits, perhaps with a sign, a decimal mark, and quotes around them.
/// `None` means only that the cell has to go the long way.
///
/// A mantissa up to 2^53 divided by a power of ten up to 10^22 is the division of two exact
/// numbers, hence correctly rounded (Clinger 1990); longer mantissas are given to a full parser,
/// whose result is rounded correctly too.
#[inline]
pub(super) fn fast_number(bytes: &[u8], at: usize, separator: u8, decimal: u8) -> Option<Fast> {
    let quoted = bytes[at] == b'"';
    let start = at + usize::from(quoted);
    let mut i = start;
    let negative = *bytes.get(i)? == b'-';
    i += usize::from(negative);
    let first = i;
    let mut mantissa = 0u64;
    i = digits(bytes, i, &mut mantissa);
    let mut count = i - first;
    let mut fraction = 0;
    let mut seen = Seen::INTEGER;
    if bytes.get(i) == Some(&decimal) {
        let point = i + 1;
        i = digits(bytes, point, &mut mantissa);
        fraction = i - point;
        count += fraction;
        seen = Seen::FLOAT;
    }
    let end = i;
    if quoted {
        if bytes.get(i) != Some(&b'"') {
            return None;
        }
        i += 1;
    }
    let next = *bytes.get(i)?;
    let stop = if next == separator || next == b'\n' {
        i
    } else if next == b'\r' && bytes.get(i + 1) == Some(&b'\n') {
        i + 1
    } else {
        return None;
    };
    // Nineteen digits cannot overflow 64 bits, but eighteen cannot overflow their signed half.
    if count == 0 || count > 18 {
        return None;
    }
    let value = if mantissa <= EXACT && fraction < TEN.len() {
        let whole = mantissa as f64 / TEN[fraction];
        if negative { -whole } else { whole }
    } else if fraction == 0 && seen == Seen::INTEGER {
        seen = Seen::BIG;
        let whole = mantissa as f64;
        if negative { -whole } else { whole }
    } else {
        float(&bytes[start..end], decimal)?
    };
    Some(Fast { value, seen, stop })
}

/// Adds the digits from `i` on to the mantissa; returns the first place that is none.
#[inline]
fn digits(bytes: &[u8], mut i: usize, mantissa: &mut u64) -> usize {
    let mut m = *mantissa;
    while let Some(&byte) = bytes.get(i) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        m = m.wrapping_mul(10).wrapping_add(u64::from(digit));
        i += 1;
    }
    *mantissa = m;
    i
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(line: &str) -> (String, usize) {
        let cell = find(line.as_bytes(), 0, b',').expect("a cell");
        let text = cell.text(line.as_bytes()).into_owned();
        (String::from_utf8(text).expect("UTF-8"), cell.stop)
    }

    #[test]
    fn cells_end_where_they_should() {
        assert_eq!(cell("ab,c\n"), ("ab".into(), 2));
        assert_eq!(cell(",c\n"), ("".into(), 0));
        assert_eq!(cell("  ab \r\n"), ("ab".into(), 6));
        assert_eq!(cell("\"a,\n\"\"b\"\"\",c\n"), ("a,\n\"b\"".into(), 10));
        assert_eq!(cell(" \" a \" ,c\n"), (" a ".into(), 7));
        assert_eq!(cell("\"\"\r\n"), ("".into(), 3));
        assert_eq!(cell("5\" pipe,c\n"), ("5\" pipe".into(), 7));
        assert_eq!(cell("a long cell that goes on and on,c\n").1, 31);
    }

    #[test]
    fn quotes_must_close() {
        assert_eq!(find(b"\"ab,c\n", 0, b','), Err(Fault::unclosed_quote(0)));
        assert_eq!(
            find(b"\"ab\"c,\n", 0, b','),
            Err(Fault::text_after_quote(0))
        );
        assert_eq!(find(b"\"ab\"", 0, b','), Err(Fault::text_after_quote(0)));
    }

    #[test]
    fn the_short_way_agrees_with_the_long() {
        for text in [
            "0",
            "-1",
            "12.50",
            "0.1",
            "123456789012345678",
            "0.30000000000000004",
            "1234567.123456789",
            "-0.000001",
            "9007199254740993.0",
            ".5",
            "5.",
        ] {
            for line in [
                format!("{text},"),
                format!("{text}\n"),
                format!("{text}\r\n"),
                format!("\"{text}\","),
            ] {
                let fast = fast_number(line.as_bytes(), 0, b',', b'.').expect(text);
                assert_eq!(fast.value, text.parse::<f64>().expect("a number"), "{text}");
                let next = line.as_bytes()[fast.stop];
                assert!(next == b',' || next == b'\n');
            }
        }
        for text in [
            "",
            "-",
            ".",
            "1e5",
            "x",
            "1x",
            "1 ",
            "\"1",
            "\"1\"x",
            "1234567890123456789",
            "Inf",
        ] {
            assert_eq!(
                fast_number(format!("{text},").as_bytes(), 0, b',', b'.'),
                None,
                "{text}"
            );
        }
    }
}
