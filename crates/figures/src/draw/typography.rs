//! How long a line of type is, and how a text is made to fit.
//!
//! Lengths are exact: the advances and kerning of Noto Sans, the font that PNG and PDF are set in.
//! An SVG names the font and states each text's length, so that a reader without it sees the same
//! layout.

use std::sync::LazyLock;

use ttf_parser::gpos::{PairAdjustment, PositioningSubtable};
use ttf_parser::{Face, GlyphId, Tag};

/// A face of the font with what is needed to measure.
struct Ruler {
    face: Face<'static>,
    pairs: Vec<Vec<PairAdjustment<'static>>>,
}

static REGULAR: LazyLock<Option<Ruler>> = LazyLock::new(|| Ruler::new(notosans::REGULAR_TTF));
static BOLD: LazyLock<Option<Ruler>> = LazyLock::new(|| Ruler::new(notosans::BOLD_TTF));

impl Ruler {
    fn new(data: &'static [u8]) -> Option<Self> {
        let face = Face::parse(data, 0).ok()?;
        let mut lookups = Vec::new();
        if let Some(table) = face.tables().gpos {
            for feature in table.features {
                if feature.tag == Tag::from_bytes(b"kern") {
                    lookups.extend(feature.lookup_indices);
                }
            }
            lookups.sort_unstable();
            lookups.dedup();
            let pairs = lookups
                .iter()
                .filter_map(|&index| table.lookups.get(index))
                .map(|lookup| {
                    lookup
                        .subtables
                        .into_iter::<PositioningSubtable>()
                        .filter_map(|subtable| match subtable {
                            PositioningSubtable::Pair(pair) => Some(pair),
                            _ => None,
                        })
                        .collect()
                })
                .collect();
            return Some(Self { face, pairs });
        }
        Some(Self {
            face,
            pairs: Vec::new(),
        })
    }

    /// What the pair is moved together (negative) or apart, in font units.
    fn kerning(&self, first: GlyphId, second: GlyphId) -> f64 {
        let mut sum = 0.0;
        for lookup in &self.pairs {
            for pair in lookup {
                let found = match pair {
                    PairAdjustment::Format1 { coverage, sets } => coverage
                        .get(first)
                        .and_then(|index| sets.get(index))
                        .and_then(|set| set.get(second)),
                    PairAdjustment::Format2 {
                        coverage,
                        classes,
                        matrix,
                    } => coverage
                        .get(first)
                        .and_then(|_| matrix.get((classes.0.get(first), classes.1.get(second)))),
                };
                if let Some((value, _)) = found {
                    sum += f64::from(value.x_advance);
                    break;
                }
            }
        }
        sum
    }

    fn length(&self, text: &str) -> f64 {
        let mut sum = 0.0;
        let mut before: Option<GlyphId> = None;
        for character in text.chars() {
            match self.face.glyph_index(character) {
                Some(glyph) => {
                    sum += f64::from(self.face.glyph_hor_advance(glyph).unwrap_or(0));
                    if let Some(before) = before {
                        sum += self.kerning(before, glyph);
                    }
                    before = Some(glyph);
                }
                None => {
                    // A box in our font; in another font a letter of a wider script.
                    sum += f64::from(self.face.units_per_em());
                    before = None;
                }
            }
        }
        sum / f64::from(self.face.units_per_em())
    }
}

/// The length of a line of type at a size, in the units of the size.
pub(crate) fn length(text: &str, size: f64, bold: bool) -> f64 {
    let ruler = if bold { &*BOLD } else { &*REGULAR };
    match ruler {
        Some(ruler) => ruler.length(text) * size,
        // Unreachable with the font that is compiled in.
        None => text.chars().count() as f64 * 0.6 * size,
    }
}

/// Whether the font can show a character.
pub(crate) fn shows(character: char) -> bool {
    REGULAR
        .as_ref()
        .is_some_and(|ruler| ruler.face.glyph_index(character).is_some())
}

/// A text as it can be written: without control characters, without what XML forbids, and with
/// symbols that the font lacks spelled out.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            c if c.is_control() => out.push(' '),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            // Marks that turn the direction of the text around them.
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if shows(c) => out.push(c),
            c => match spelled(c) {
                Some(words) => out.push_str(words),
                None => out.push(c),
            },
        }
    }
    if out.contains("  ") {
        out = out
            .split(' ')
            .filter(|w| !w.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
    }
    out.trim().to_owned()
}

/// Symbols of statistics in letters that every font has.
fn spelled(character: char) -> Option<&'static str> {
    Some(match character {
        '\u{2009}' | '\u{202f}' | '\u{00a0}' | '\u{2002}'..='\u{200a}' => " ",
        '\u{2212}' | '\u{2010}' | '\u{2011}' | '\u{2012}' => "-",
        '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{feff}' => "",
        '→' => "->",
        '←' => "<-",
        '↔' => "<->",
        '≤' => "<=",
        '≥' => ">=",
        '≠' => "!=",
        '≈' | '∼' => "~",
        '∞' => "Inf",
        '√' => "sqrt",
        '∑' => "sum",
        '∂' => "d",
        '∝' => "~",
        '×' => "x",
        '·' | '⋅' => ".",
        '…' => "...",
        '⁰' => "^0",
        '⁴' => "^4",
        '⁵' => "^5",
        '⁶' => "^6",
        '⁷' => "^7",
        '⁸' => "^8",
        '⁹' => "^9",
        '⁻' => "^-",
        'ₐ' => "a",
        '₀' => "0",
        '₁' => "1",
        '₂' => "2",
        '₃' => "3",
        '′' => "'",
        '″' => "\"",
        'ℓ' => "l",
        '✓' => "yes",
        '✗' | '✕' => "x",
        _ => return None,
    })
}

/// The text, or as much of its beginning as fits, with an ellipsis.
pub(crate) fn shorten(text: &str, room: f64, size: f64, bold: bool) -> String {
    if length(text, size, bold) <= room {
        return text.to_owned();
    }
    let characters: Vec<char> = text.chars().collect();
    let mut keep = 0;
    let (mut low, mut high) = (0, characters.len());
    while low < high {
        let middle = (low + high).div_ceil(2);
        let candidate: String = characters[..middle].iter().collect();
        if length(&format!("{}…", candidate.trim_end()), size, bold) <= room {
            keep = middle;
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    let kept: String = characters[..keep].iter().collect();
    let kept = kept.trim_end();
    if kept.is_empty() && length("…", size, bold) > room {
        return String::new();
    }
    format!("{kept}…")
}

/// The text in at most `lines` lines no longer than `room`, broken at spaces where there are any;
/// what does not fit is shortened.
pub(crate) fn wrap(text: &str, room: f64, size: f64, bold: bool, lines: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut words = text.split(' ').filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        let candidate = if line.is_empty() {
            word.to_owned()
        } else {
            format!("{line} {word}")
        };
        if line.is_empty() || length(&candidate, size, bold) <= room {
            line = candidate;
            continue;
        }
        if out.len() + 1 == lines {
            // The last line takes all the rest and is shortened.
            line = candidate;
            for rest in words.by_ref() {
                line.push(' ');
                line.push_str(rest);
            }
            break;
        }
        out.push(std::mem::take(&mut line));
        line = word.to_owned();
    }
    if !line.is_empty() {
        out.push(line);
    }
    out.into_iter()
        .map(|line| shorten(&line, room, size, bold))
        .filter(|line| !line.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_shows_what_statistics_needs() {
        for character in "αβγδεζηθικλμνξοπρστυφχψωΔΣΩ²³⁻⁴−×·≤≥≠≈±–—…√∞ÄÖÜäöüßéñçøåŁžşğЖя".chars()
        {
            assert!(
                shows(character) || spelled(character).is_some(),
                "{character} can neither be shown nor spelled"
            );
        }
    }

    #[test]
    fn texts_are_cleaned() {
        assert_eq!(clean(" a\tb\n\nc\u{0}d "), "a b c d");
        assert_eq!(clean("a\u{202e}b\u{ffff}"), "ab\u{fffd}");
        assert_eq!(clean("北京"), "北京");
    }

    #[test]
    fn texts_are_made_to_fit() {
        let room = length("between schools", 8.0, false);
        assert_eq!(
            shorten("between schools", room, 8.0, false),
            "between schools"
        );
        let short = shorten("between classes within schools", room, 8.0, false);
        assert!(short.ends_with('…') && length(&short, 8.0, false) <= room);
        assert_eq!(shorten("abc", 0.0, 8.0, false), "");
        let lines = wrap("between classes within schools", room, 8.0, false, 3);
        assert_eq!(lines.join(" "), "between classes within schools");
        assert!(lines.iter().all(|line| length(line, 8.0, false) <= room));
        let cut = wrap(
            "between classes within schools and districts",
            room,
            8.0,
            false,
            2,
        );
        assert!(cut.len() == 2 && cut[1].ends_with('…'));
    }

    #[test]
    fn pairs_are_kerned() {
        assert!(length("AV", 10.0, false) < length("A", 10.0, false) + length("V", 10.0, false));
    }
}
