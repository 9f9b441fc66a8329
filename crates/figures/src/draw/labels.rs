//! Labels among the marks: beside their point, off each other, off the symbols and within the panel.
//!
//! Greedy: in the order given each label takes the first of eight places around its point that is
//! free, and is left out if none is. Exact solutions of this problem cost seconds and are hardly
//! better for the dozen labels that a figure has.

use std::collections::HashMap;

use super::drawing::{Anchor, DESCENT, Point, Rect, Role, Text};
use super::palette::{self, size};
use super::typography::{clean, length};

/// Places taken, in cells of a coarse grid so that thousands of symbols do not slow the search.
#[derive(Default)]
pub(crate) struct Taken {
    cells: HashMap<(i32, i32), Vec<Rect>>,
}

const CELL: f64 = 16.0;

impl Taken {
    fn cells(rect: &Rect) -> impl Iterator<Item = (i32, i32)> {
        let of = |v: f64| (v / CELL).floor() as i32;
        let (left, right, top, bottom) =
            (of(rect.left), of(rect.right), of(rect.top), of(rect.bottom));
        (left..=right).flat_map(move |x| (top..=bottom).map(move |y| (x, y)))
    }

    pub fn add(&mut self, rect: Rect) {
        for cell in Self::cells(&rect) {
            self.cells.entry(cell).or_default().push(rect);
        }
    }

    fn free(&self, rect: &Rect) -> bool {
        Self::cells(rect).all(|cell| {
            self.cells
                .get(&cell)
                .is_none_or(|taken| taken.iter().all(|other| !other.overlaps(rect, 0.0)))
        })
    }
}

/// Writes the labels that have room and returns how many have none.
pub(crate) fn place(
    points: &[(Point, &str)],
    frame: &Rect,
    panel: usize,
    taken: &mut Taken,
    texts: &mut Vec<Text>,
) -> usize {
    let mut left_out = 0;
    for ((x, y), text) in points {
        let text = clean(text);
        if text.is_empty() {
            continue;
        }
        let long = length(&text, size::LABEL, false);
        let (near, middle) = (3.6, 0.355 * size::LABEL);
        let (above, below) = (-near - DESCENT * size::LABEL, near + 0.8 * size::LABEL);
        let places = [
            (near, middle, Anchor::Start),
            (-near, middle, Anchor::End),
            (0.0, above, Anchor::Middle),
            (0.0, below, Anchor::Middle),
            (near, above + 1.5, Anchor::Start),
            (near, below - 1.5, Anchor::Start),
            (-near, above + 1.5, Anchor::End),
            (-near, below - 1.5, Anchor::End),
        ];
        let candidate = places.iter().find_map(|(dx, dy, anchor)| {
            let text = Text {
                role: Role::Label,
                content: text.clone(),
                whole: None,
                x: x + dx,
                y: y + dy,
                anchor: *anchor,
                size: size::LABEL,
                bold: false,
                turned: false,
                colour: palette::INK,
                length: long,
                panel: Some(panel),
            };
            let bounds = text.bounds();
            (frame.contains(&bounds, -1.0) && taken.free(&bounds)).then_some(text)
        });
        match candidate {
            Some(text) => {
                taken.add(text.bounds().grown(0.5));
                texts.push(text);
            }
            None => left_out += 1,
        }
    }
    left_out
}
