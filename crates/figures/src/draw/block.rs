//! Lines of text that belong together: a title, the heading of a panel, a note.

use super::drawing::{Anchor, Role, Text};
use super::palette::{self, size};
use super::typography::{clean, length, wrap};

/// Lines of text one below the other.
pub(crate) struct Block {
    pub lines: Vec<String>,
    /// The whole text where the lines leave some of it out.
    whole: Option<String>,
    size: f64,
    bold: bool,
}

impl Block {
    pub fn new(text: &str, room: f64, size: f64, bold: bool, lines: usize) -> Self {
        let text = clean(text);
        let lines = wrap(&text, room, size, bold, lines);
        let letters = |text: &str| text.split_whitespace().collect::<String>();
        let left_out = letters(&lines.concat()) != letters(&text);
        Self {
            lines,
            whole: left_out.then_some(text),
            size,
            bold,
        }
    }

    /// The longest of its lines.
    pub fn length(&self) -> f64 {
        let long = |line: &String| length(line, self.size, self.bold);
        self.lines.iter().map(long).fold(0.0, f64::max)
    }

    pub fn height(&self) -> f64 {
        self.lines.len() as f64 * self.size * size::LEADING
    }

    /// Sets the lines from `top` on.
    pub fn set(
        &self,
        x: f64,
        top: f64,
        anchor: Anchor,
        role: Role,
        panel: Option<usize>,
        out: &mut Vec<Text>,
    ) {
        for (index, line) in self.lines.iter().enumerate() {
            out.push(Text {
                role,
                content: line.clone(),
                whole: self.whole.clone(),
                x,
                y: top + (index as f64 + 0.82) * self.size * size::LEADING,
                anchor,
                size: self.size,
                bold: self.bold,
                turned: false,
                colour: match role {
                    Role::Subtitle | Role::Note => palette::SECOND,
                    _ => palette::INK,
                },
                length: length(line, self.size, self.bold),
                panel,
            });
        }
    }

    /// Sets the lines upwards from `left` on, around the height `middle`.
    pub fn set_turned(&self, left: f64, middle: f64, panel: Option<usize>, out: &mut Vec<Text>) {
        for (index, line) in self.lines.iter().enumerate() {
            out.push(Text {
                role: Role::AxisTitle,
                content: line.clone(),
                whole: None,
                x: left + (index as f64 + 0.82) * self.size * size::LEADING,
                y: middle,
                anchor: Anchor::Middle,
                size: self.size,
                bold: self.bold,
                turned: true,
                colour: palette::INK,
                length: length(line, self.size, self.bold),
                panel,
            });
        }
    }
}

/// The heading of a panel: its first line, and below it in smaller type what follows.
pub(crate) fn heading(title: &str, room: f64) -> Vec<Block> {
    let (first, rest) = title.split_once('\n').unwrap_or((title, ""));
    // No more lines than leave the panels their height; the whole name is shown when it is pointed at.
    let mut out = vec![Block::new(first, room, size::PANEL, true, 2)];
    if !rest.trim().is_empty() {
        out.push(Block::new(rest, room, size::NOTE, false, 3));
    }
    out
}
