//! Text to tokens.
//!
//! The lexer knows R's spelling and nothing of its grammar: names with dots and Unicode letters,
//! backticks, numbers, quotes, comments, and every operator of R, also those that a formula
//! cannot use. The latter are tokens too, so that the parser can say what to write instead of
//! complaining about a character. The same holds for the dashes and quotes that word processors
//! put in place of the plain ones.

use crate::{FormulaError, FormulaErrorKind as Kind, Span};

/// A piece of text with meaning.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub kind: TokenKind,
    pub span: Span,
}

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TokenKind {
    /// A name written plainly.
    Name(String),
    /// A name written in backticks.
    Quoted(String),
    Number(f64),
    Text(String),
    /// An operator, parenthesis or comma.
    Symbol(&'static str),
}

/// Longest first, so that `%/%` is not read as `%` and `/`.
const SYMBOLS: [&str; 43] = [
    "%in%", "<<-", ":::", "%/%", "->>", "%%", "**", "||", "&&", "==", "!=", "<=", ">=", "<-", "->",
    "::", ":=", "|>", "[[", "]]", "+", "-", "*", "/", "^", ":", "|", "&", "!", "<", ">", "=", "~",
    "(", ")", ",", "$", "@", "[", "]", "{", "}", ";",
];

/// Words that cannot name a column without backticks.
const RESERVED: [&str; 19] = [
    "TRUE",
    "FALSE",
    "NULL",
    "NA",
    "NA_integer_",
    "NA_real_",
    "NA_character_",
    "NaN",
    "Inf",
    "if",
    "else",
    "for",
    "while",
    "repeat",
    "function",
    "next",
    "break",
    "in",
    "...",
];

/// Whether the word has a meaning of its own in R.
pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// Whether the name can stand in a formula without backticks.
pub(crate) fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && name != "." && !is_reserved(name) && name_length(name) == name.len()
}

/// Bytes of the name that `text` begins with, zero if there is none.
fn name_length(text: &str) -> usize {
    let mut characters = text.chars();
    let starts = match characters.next() {
        Some('.') => !characters.next().is_some_and(|c| c.is_ascii_digit()),
        Some(first) => first.is_alphabetic(),
        None => false,
    };
    if !starts {
        return 0;
    }
    text.find(|c| !continues_name(c)).unwrap_or(text.len())
}

fn continues_name(c: char) -> bool {
    // Combining marks: a file written on a Mac may spell `é` as `e` with an accent behind it.
    c.is_alphanumeric() || matches!(c, '.' | '_' | '\u{300}'..='\u{36F}')
}

/// All tokens of the text.
pub(crate) fn tokenize(text: &str) -> Result<Vec<Token>, FormulaError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if first.is_whitespace() || matches!(first, '\u{200B}' | '\u{FEFF}') {
            at += first.len_utf8();
            continue;
        }
        if first == '#' {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        let name = name_length(rest);
        let (kind, length) = if name > 0 {
            (TokenKind::Name(rest[..name].to_string()), name)
        } else if first.is_ascii_digit() || first == '.' {
            number(rest, at)?
        } else if matches!(first, '`' | '"' | '\'') {
            quoted(rest, at, first)?
        } else if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            (TokenKind::Symbol(symbol), symbol.len())
        } else {
            return Err(stray(rest, at, first));
        };
        tokens.push(Token {
            kind,
            span: Span::new(at, at + length),
        });
        at += length;
    }
    Ok(tokens)
}

fn number(rest: &str, at: usize) -> Result<(TokenKind, usize), FormulaError> {
    let bytes = rest.as_bytes();
    let digits = |from: usize| -> usize {
        bytes[from..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count()
    };
    let (value, mut length) = if rest.starts_with("0x") || rest.starts_with("0X") {
        let count = bytes[2..]
            .iter()
            .take_while(|b| b.is_ascii_hexdigit())
            .count();
        let value = u64::from_str_radix(&rest[2..2 + count], 16)
            .ok()
            .map(|v| v as f64);
        (value, 2 + count)
    } else {
        let mut length = digits(0);
        if bytes.get(length) == Some(&b'.') {
            length += 1;
            length += digits(length);
        }
        if matches!(bytes.get(length), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(length + 1), Some(b'+' | b'-')));
            let exponent = digits(length + 1 + sign);
            if exponent > 0 {
                length += 1 + sign + exponent;
            }
        }
        (rest[..length].parse::<f64>().ok(), length)
    };
    // R's mark for integers: `2L`.
    if bytes.get(length) == Some(&b'L') {
        length += 1;
    }
    let after = rest[length..]
        .find(|c| !continues_name(c))
        .unwrap_or(rest.len() - length);
    match value {
        Some(value) if after == 0 && value.is_finite() => Ok((TokenKind::Number(value), length)),
        Some(_) if after == 0 => Err(FormulaError::new(
            Kind::Number,
            Span::new(at, at + length),
            format!("`{}` is too large a number", &rest[..length]),
        )
        .with_hint("numbers go up to about 1.8e308")),
        _ => {
            let word = &rest[..length + after];
            Err(FormulaError::new(
                Kind::Number,
                Span::new(at, at + word.len()),
                format!("`{word}` is neither a number nor a name"),
            )
            .with_hint(format!(
                "if a column has this name, put it in backticks: `` `{word}` ``"
            )))
        }
    }
}

/// A name in backticks or a text in quotes, with backslash escapes as in R.
fn quoted(rest: &str, at: usize, quote: char) -> Result<(TokenKind, usize), FormulaError> {
    let mut content = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((offset, character)) = characters.next() {
        if character == quote {
            let length = offset + 1;
            if quote != '`' {
                return Ok((TokenKind::Text(content), length));
            }
            if content.is_empty() {
                return Err(FormulaError::new(
                    Kind::Quote,
                    Span::new(at, at + length),
                    "there is no name between the backticks",
                )
                .with_hint("write the name of a column between them"));
            }
            return Ok((TokenKind::Quoted(content), length));
        }
        if character != '\\' {
            content.push(character);
            continue;
        }
        content.push(match characters.next() {
            Some((_, 'n')) => '\n',
            Some((_, 't')) => '\t',
            Some((_, 'r')) => '\r',
            Some((_, escaped @ ('\\' | '"' | '\'' | '`'))) => escaped,
            Some((end, other)) => {
                return Err(FormulaError::new(
                    Kind::Character,
                    Span::new(at + offset, at + end + other.len_utf8()),
                    format!("`\\{other}` is no known escape"),
                )
                .with_hint("write a backslash as `\\\\`"));
            }
            None => break,
        });
    }
    let what = if quote == '`' { "backtick" } else { "quote" };
    Err(FormulaError::new(
        Kind::Quote,
        Span::new(at, at + 1),
        format!("this {what} is never closed"),
    )
    .with_hint(format!("add the closing {quote} behind the last character")))
}

/// The error for a character that begins no token.
fn stray(rest: &str, at: usize, first: char) -> FormulaError {
    let span = Span::new(at, at + first.len_utf8());
    let plain = match first {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FF0D}' => Some("-"),
        '\u{D7}' | '\u{B7}' | '\u{2217}' | '\u{2219}' | '\u{22C5}' => Some("*"),
        '\u{201C}'..='\u{201F}' | '\u{AB}' | '\u{BB}' => Some("\""),
        '\u{2018}'..='\u{201B}' | '\u{B4}' => Some("'"),
        '\u{223C}' | '\u{FF5E}' | '\u{2DC}' => Some("~"),
        '\u{2223}' | '\u{2502}' | '\u{FF5C}' | '\u{A6}' => Some("|"),
        '\u{FF08}' => Some("("),
        '\u{FF09}' => Some(")"),
        '\u{FF0C}' => Some(","),
        '\u{FF0B}' => Some("+"),
        '\u{FF1A}' => Some(":"),
        _ => None,
    };
    if let Some(plain) = plain {
        return FormulaError::new(
            Kind::Character,
            span,
            format!("`{first}` is a typographic character"),
        )
        .with_hint(format!("type a plain `{plain}`"));
    }
    if first == '%' {
        let end = rest[1..].find('%').map_or(1, |end| end + 2);
        return FormulaError::new(
            Kind::Operator,
            Span::new(at, at + end),
            format!("`{}` is no operator of formulas", &rest[..end]),
        )
        .with_hint("there are `%%` (remainder), `%/%` (whole quotient) and `%in%`");
    }
    if first == '_' {
        let end = rest.find(|c| !continues_name(c)).unwrap_or(rest.len());
        return FormulaError::new(
            Kind::Character,
            Span::new(at, at + end),
            "a name cannot begin with `_`",
        )
        .with_hint(format!("put it in backticks: `` `{}` ``", &rest[..end]));
    }
    FormulaError::new(
        Kind::Character,
        span,
        format!(
            "`{}` has no meaning in a formula",
            if first.is_control() {
                first.escape_unicode().to_string()
            } else {
                first.to_string()
            }
        ),
    )
    .with_hint("a column whose name contains it is written in backticks, as `` `my column` ``")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        let tokens = tokenize(text).expect("tokens");
        tokens.into_iter().map(|token| token.kind).collect()
    }

    fn name(text: &str) -> TokenKind {
        TokenKind::Name(text.to_string())
    }

    #[test]
    fn names() {
        for text in [
            "y",
            "total.fruits",
            ".x",
            "..y",
            ".",
            "a_b",
            "élan",
            "学校",
            "x1",
            "e\u{301}t",
            "._a",
        ] {
            assert_eq!(kinds(text), [name(text)]);
        }
        assert_eq!(
            kinds("`my x`"),
            [TokenKind::Quoted("my x".to_string())],
            "backticks"
        );
        assert_eq!(kinds(r"`a\`b`"), [TokenKind::Quoted("a`b".to_string())]);
        assert!(is_plain_name("x.1"));
        assert!(!is_plain_name(".1"));
        assert!(!is_plain_name("if"));
        assert!(!is_plain_name("my x"));
        assert!(!is_plain_name(""));
    }

    #[test]
    fn numbers() {
        for (text, value) in [
            ("1", 1.0),
            ("1.5", 1.5),
            (".5", 0.5),
            ("2.", 2.0),
            ("1e-3", 1e-3),
            ("1E+3", 1e3),
            ("2L", 2.0),
            ("0x1F", 31.0),
        ] {
            assert_eq!(kinds(text), [TokenKind::Number(value)], "{text}");
        }
    }

    #[test]
    fn longest_symbol_wins() {
        let symbols: Vec<_> = kinds("%in%%/%%%**||| <=<-")
            .into_iter()
            .map(|kind| match kind {
                TokenKind::Symbol(symbol) => symbol,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(symbols, ["%in%", "%/%", "%%", "**", "||", "|", "<=", "<-"]);
    }

    #[test]
    fn comments_and_odd_spaces_are_skipped() {
        assert_eq!(
            kinds("a # the first\n\u{A0}b\u{FEFF}"),
            [name("a"), name("b")]
        );
    }

    #[test]
    fn spans_are_bytes() {
        let tokens = tokenize("é + x").expect("tokens");
        let spans: Vec<_> = tokens.iter().map(|t| (t.span.start, t.span.end)).collect();
        assert_eq!(spans, [(0, 2), (3, 4), (5, 6)]);
    }
}
