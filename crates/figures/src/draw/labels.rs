//! Labels among the marks: beside their point, off each other, off the symbols and within the panel.
//!
//! Greedy: in the order given each label takes the first of eight places around its point, near or
//! farther off, that is free of marks, else of all but lines, and is left out if none is. Exact solutions of this problem cost seconds and are hardly
//! better for the dozen labels that a figure has.

use std::collections::HashMap;

use super::drawing::{Anchor, DESCENT, Geometry, Point, Rect, Role, Text};
use super::palette::{self, size};
use super::typography::{clean, length};

/// Places taken, in cells of a coarse grid so that thousands of symbols do not slow the search.
#[derive(Default)]
pub(crate) struct Taken {
    cells: HashMap<(i32, i32), Vec<Rect>>,
}

const CELL: f64 = 16.0;

/// What labels keep off.
#[derive(Default)]
pub(crate) struct Obstacles {
    /// Symbols, bars and other labels: never covered.
    pub firm: Taken,
    /// Lines: covered where there is no other place.
    pub soft: Taken,
}

impl Obstacles {
    /// Adds what a shape covers.
    pub fn add(&mut self, geometry: &Geometry) {
        let around = |(x, y): &Point, by: f64| Rect {
            left: x - by,
            right: x + by,
            top: y - by,
            bottom: y + by,
        };
        match geometry {
            Geometry::Symbols { at, radius, .. } => {
                at.iter().for_each(|p| self.firm.add(around(p, *radius)));
            }
            Geometry::Rects(rects) => rects.iter().for_each(|rect| self.firm.add(*rect)),
            Geometry::Areas(areas) => {
                // Heads of arrows; bands are no obstacle.
                for area in areas.iter().filter(|area| area.len() == 3) {
                    area.iter().for_each(|p| self.soft.add(around(p, 0.5)));
                }
            }
            Geometry::Lines { lines, .. } => {
                for pair in lines.iter().flat_map(|line| line.windows(2)) {
                    let (from, to) = (pair[0], pair[1]);
                    let steps = ((from.0 - to.0).hypot(from.1 - to.1) / 3.0).ceil().max(1.0);
                    for step in 0..=steps as usize {
                        let share = step as f64 / steps;
                        let at = (
                            from.0 + share * (to.0 - from.0),
                            from.1 + share * (to.1 - from.1),
                        );
                        self.soft.add(around(&at, 0.7));
                    }
                }
            }
        }
    }
}

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
    taken: &mut Obstacles,
    texts: &mut Vec<Text>,
) -> usize {
    let mut left_out = 0;
    for ((x, y), text) in points {
        let text = clean(text);
        if text.is_empty() {
            continue;
        }
        let long = length(&text, size::LABEL, false);
        let mut candidates = [3.6, 6.5, 10.0].into_iter().flat_map(|near| {
            let middle = 0.355 * size::LABEL;
            let (above, below) = (-near - DESCENT * size::LABEL, near + 0.8 * size::LABEL);
            [
                (near, middle, Anchor::Start),
                (-near, middle, Anchor::End),
                (0.0, above, Anchor::Middle),
                (0.0, below, Anchor::Middle),
                (near, above + 1.5, Anchor::Start),
                (near, below - 1.5, Anchor::Start),
                (-near, above + 1.5, Anchor::End),
                (-near, below - 1.5, Anchor::End),
            ]
        });
        let at = |(dx, dy, anchor): (f64, f64, Anchor)| {
            let text = Text {
                role: Role::Label,
                content: text.clone(),
                whole: None,
                x: x + dx,
                y: y + dy,
                anchor,
                size: size::LABEL,
                bold: false,
                turned: false,
                colour: palette::INK,
                length: long,
                panel: Some(panel),
            };
            let bounds = text.bounds();
            (frame.contains(&bounds, -1.0) && taken.firm.free(&bounds)).then_some(text)
        };
        let off_lines = candidates
            .clone()
            .filter_map(at)
            .find(|text| taken.soft.free(&text.bounds()));
        let candidate = off_lines.or_else(|| candidates.find_map(at));
        match candidate {
            Some(text) => {
                taken.firm.add(text.bounds().grown(0.5));
                texts.push(text);
            }
            None => left_out += 1,
        }
    }
    left_out
}
