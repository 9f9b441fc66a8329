//! The caret line: a plain-text pointer below a piece of the formula.

use crate::Span;

/// The line of `text` on which `span` begins, and below it carets under the span.
///
/// Columns are counted as terminals show them: combining marks take no column, East Asian wide
/// characters and emoji take two. An empty span, which says that something is missing, still gets
/// one caret. A span that goes on to later lines is pointed at up to the end of its first line.
///
/// ```
/// use ranef_formula::{Span, caret};
/// assert_eq!(caret("y ~ größe + x", Span::new(4, 11)), "y ~ größe + x\n    ^^^^^");
/// ```
pub fn caret(text: &str, span: Span) -> String {
    let start = floor(text, span.start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let end = floor(text, span.end).clamp(start, line_end.max(start));

    let mut shown = String::new();
    let mut pointer = String::new();
    for (offset, character) in text[line_start..line_end].char_indices() {
        // A tab or carriage return would move the carets away from what they point at.
        let character = if character.is_control() {
            ' '
        } else {
            character
        };
        shown.push(character);
        let at = line_start + offset;
        let mark = if at < start {
            ' '
        } else if at < end {
            '^'
        } else {
            continue;
        };
        for _ in 0..width(character) {
            pointer.push(mark);
        }
    }
    if !pointer.ends_with('^') {
        pointer.push('^');
    }
    format!("{}\n{pointer}", shown.trim_end())
}

/// The nearest character boundary at or before `offset`.
fn floor(text: &str, offset: usize) -> usize {
    (0..=offset.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}

/// Columns that a terminal gives to a character.
///
/// The ranges are the large blocks of Unicode's EastAsianWidth and of its nonspacing marks; a
/// whole table would be a dependency for the sake of a caret that is off by one.
fn width(character: char) -> usize {
    match character as u32 {
        0x0300..=0x036F | 0x200B..=0x200F | 0x20D0..=0x20FF | 0xFE00..=0xFE0F | 0xFEFF => 0,
        0x1100..=0x115F
        | 0x2E80..=0xA4CF
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1F64F
        | 0x1F900..=0x1F9FF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_at_the_span() {
        assert_eq!(caret("y ~ x + z", Span::new(8, 9)), "y ~ x + z\n        ^");
        assert_eq!(caret("y ~", Span::new(3, 3)), "y ~\n   ^");
        assert_eq!(caret("", Span::new(0, 0)), "\n^");
    }

    #[test]
    fn counts_columns_not_bytes() {
        assert_eq!(caret("学校 ~ x", Span::new(0, 6)), "学校 ~ x\n^^^^");
        assert_eq!(caret("学校 ~ x", Span::new(9, 10)), "学校 ~ x\n       ^");
        assert_eq!(
            caret("e\u{301} ~ x", Span::new(6, 7)),
            "e\u{301} ~ x\n    ^"
        );
    }

    #[test]
    fn shows_the_line_of_the_span() {
        assert_eq!(caret("y ~ a +\n\tb c", Span::new(11, 12)), " b c\n   ^");
        assert_eq!(caret("y ~ (a\n+ b", Span::new(4, 10)), "y ~ (a\n    ^^");
    }

    #[test]
    fn survives_spans_off_the_text() {
        assert_eq!(caret("é", Span::new(1, 40)), "é\n^");
        assert_eq!(caret("y", Span::new(7, 9)), "y\n ^");
    }
}
