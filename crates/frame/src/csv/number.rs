//! What a cell of text means: nothing, a number, true or false, or just text.
//!
//! Typing asks the whole column, so what a column has seen is a set of marks ([`Seen`]) that is
//! united over cells and over chunks; the type follows from the set alone and not from the order
//! in which it was seen. That is what makes any split of the file into chunks give the same
//! types.

use std::ops::BitOrAssign;

use crate::ColumnKind;

/// The sorts of cell that a column has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Seen(u8);

impl Seen {
    /// An integer that `f64` holds exactly.
    pub(super) const INTEGER: Seen = Seen(1);
    /// An integer beyond 2^53 that fits 64 bits.
    pub(super) const BIG: Seen = Seen(2);
    /// An integer beyond 64 bits: an identifier, whatever its writer thought.
    pub(super) const HUGE: Seen = Seen(4);
    /// A number with a decimal mark or an exponent, or an infinite one.
    pub(super) const FLOAT: Seen = Seen(8);
    /// `true` or `false`.
    pub(super) const LOGICAL: Seen = Seen(16);
    /// Anything else.
    pub(super) const TEXT: Seen = Seen(32);

    const NUMBERS: Seen = Seen(1 | 2 | 4 | 8);

    /// Whether any of the marks is set.
    pub(super) fn has(self, marks: Seen) -> bool {
        self.0 & marks.0 != 0
    }

    /// Whether the cells were numbers of some sort.
    pub(super) fn is_number(self) -> bool {
        self.has(Seen::NUMBERS)
    }

    /// Whether no further cell can make the column anything but text.
    pub(super) fn is_surely_text(self) -> bool {
        self.has(Seen::TEXT) || (self.has(Seen::LOGICAL) && self.is_number())
    }

    /// The type of a column that has seen these.
    pub(super) fn kind(self) -> ColumnKind {
        if self.is_surely_text() || (self.has(Seen::HUGE) && !self.has(Seen::FLOAT)) {
            ColumnKind::Text { ordered: false }
        } else if self.has(Seen::LOGICAL) {
            ColumnKind::Logical
        } else if self.has(Seen::BIG) && !self.has(Seen::FLOAT) {
            ColumnKind::Integer
        } else {
            ColumnKind::Number
        }
    }
}

impl BitOrAssign for Seen {
    fn bitor_assign(&mut self, other: Seen) {
        self.0 |= other.0;
    }
}

/// A cell that is a number or a logical value; text otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    Number(f64),
    Integer(i64),
    Logical(bool),
    Text,
}

/// Reads a trimmed, unquoted cell that is not missing.
pub(super) fn classify(text: &[u8], decimal: u8) -> (Seen, Value) {
    match text {
        b"true" | b"TRUE" | b"True" => return (Seen::LOGICAL, Value::Logical(true)),
        b"false" | b"FALSE" | b"False" => return (Seen::LOGICAL, Value::Logical(false)),
        _ => {}
    }
    if !may_start_number(text, decimal) {
        return (Seen::TEXT, Value::Text);
    }
    if let Some(found) = integer(text) {
        return found;
    }
    match float(text, decimal) {
        Some(value) => (Seen::FLOAT, Value::Number(value)),
        None => (Seen::TEXT, Value::Text),
    }
}

/// A quick look at the first byte, since most text is words.
fn may_start_number(text: &[u8], decimal: u8) -> bool {
    text.first().is_some_and(|&c| {
        c.is_ascii_digit() || c == b'-' || c == b'+' || c == decimal || c == b'i' || c == b'I'
    })
}

/// An optional sign and digits only.
fn integer(text: &[u8]) -> Option<(Seen, Value)> {
    let digits = match text {
        [b'-' | b'+', rest @ ..] => rest,
        all => all,
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let text = std::str::from_utf8(text).ok()?;
    Some(match text.parse::<i64>() {
        Ok(v) if v.unsigned_abs() <= 1 << 53 => (Seen::INTEGER, Value::Integer(v)),
        Ok(v) => (Seen::BIG, Value::Integer(v)),
        Err(_) => (Seen::HUGE, Value::Number(text.parse().ok()?)),
    })
}

/// A decimal number, correctly rounded. Refuses NaN, whose spellings are those of a missing value
/// or text, and words such as `infinitely` that only begin like a number.
pub(super) fn float(text: &[u8], decimal: u8) -> Option<f64> {
    if decimal == b'.' {
        return point(text);
    }
    // A point is no decimal mark here: `1.5` is text, as `1,5` is in a file with points.
    let mut buffer = [0; 64];
    if text.len() > buffer.len() || text.contains(&b'.') {
        return None;
    }
    let copy = &mut buffer[..text.len()];
    copy.copy_from_slice(text);
    for byte in copy.iter_mut() {
        if *byte == decimal {
            *byte = b'.';
        }
    }
    point(copy)
}

fn point(text: &[u8]) -> Option<f64> {
    let unsigned = match text {
        [b'-' | b'+', rest @ ..] => rest,
        all => all,
    };
    if unsigned.eq_ignore_ascii_case(b"inf") || unsigned.eq_ignore_ascii_case(b"infinity") {
        let negative = text[0] == b'-';
        return Some(if negative {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        });
    }
    if !unsigned
        .first()
        .is_some_and(|c| c.is_ascii_digit() || *c == b'.')
    {
        return None;
    }
    lexical_core::parse::<f64>(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Seen, Value) {
        classify(text.as_bytes(), b'.')
    }

    #[test]
    fn cells_are_what_they_look_like() {
        assert_eq!(read("12"), (Seen::INTEGER, Value::Integer(12)));
        assert_eq!(read("-0"), (Seen::INTEGER, Value::Integer(0)));
        assert_eq!(read("+7"), (Seen::INTEGER, Value::Integer(7)));
        assert_eq!(read("9007199254740993").0, Seen::BIG);
        assert_eq!(read("99999999999999999999").0, Seen::HUGE);
        assert_eq!(read("1.50"), (Seen::FLOAT, Value::Number(1.5)));
        assert_eq!(read(".5"), (Seen::FLOAT, Value::Number(0.5)));
        assert_eq!(read("5."), (Seen::FLOAT, Value::Number(5.0)));
        assert_eq!(read("1e-3"), (Seen::FLOAT, Value::Number(0.001)));
        assert_eq!(
            read("-Inf"),
            (Seen::FLOAT, Value::Number(f64::NEG_INFINITY))
        );
        assert_eq!(read("inf"), (Seen::FLOAT, Value::Number(f64::INFINITY)));
        assert_eq!(read("TRUE"), (Seen::LOGICAL, Value::Logical(true)));
        for word in [
            "",
            "-",
            "+",
            "e5",
            "1e",
            "1_0",
            "0x1F",
            "1,5",
            "nan",
            "12a",
            "infinitely",
            "1 2",
            "--1",
            "+-1",
        ] {
            assert_eq!(read(word), (Seen::TEXT, Value::Text), "{word:?}");
        }
    }

    #[test]
    fn a_decimal_comma_is_one_only_when_asked() {
        assert_eq!(classify(b"12,5", b',').1, Value::Number(12.5));
        assert_eq!(classify(b"-,5e1", b',').1, Value::Number(-5.0));
        assert_eq!(classify(b"12.5", b',').0, Seen::TEXT);
        assert_eq!(classify(b"1,2,3", b',').0, Seen::TEXT);
    }

    #[test]
    fn the_type_follows_from_the_set() {
        let kind = |marks: &[Seen]| {
            let mut seen = Seen::default();
            marks.iter().for_each(|&m| seen |= m);
            seen.kind()
        };
        let text = ColumnKind::Text { ordered: false };
        assert_eq!(kind(&[]), ColumnKind::Number);
        assert_eq!(kind(&[Seen::INTEGER, Seen::FLOAT]), ColumnKind::Number);
        assert_eq!(kind(&[Seen::INTEGER, Seen::BIG]), ColumnKind::Integer);
        assert_eq!(kind(&[Seen::FLOAT, Seen::BIG]), ColumnKind::Number);
        assert_eq!(kind(&[Seen::HUGE, Seen::INTEGER]), text);
        assert_eq!(kind(&[Seen::HUGE, Seen::FLOAT]), ColumnKind::Number);
        assert_eq!(kind(&[Seen::LOGICAL]), ColumnKind::Logical);
        assert_eq!(kind(&[Seen::LOGICAL, Seen::INTEGER]), text);
        assert_eq!(kind(&[Seen::TEXT, Seen::FLOAT]), text);
    }
}
