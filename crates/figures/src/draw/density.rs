//! What is done with more marks than can be seen: points become a density, lines lose the corners
//! that no eye and no printer tells apart.

use std::collections::BTreeMap;

use super::drawing::{Fill, Geometry, Part, Point, Rect, Shape};
use super::palette;
use crate::chart::Style;

/// The side of a square of a density in points: three to the millimetre.
const SIDE: f64 = 1.5;
/// Steps of darkness.
const STEPS: usize = 10;

/// Squares, the darker the more points they hold, by the logarithm of their number; and the largest
/// number.
pub(crate) fn squares(
    at: &[Point],
    frame: &Rect,
    style: &Style,
    panel: usize,
) -> (Vec<Shape>, usize) {
    let columns = (frame.width() / SIDE).floor().max(1.0);
    let rows = (frame.height() / SIDE).floor().max(1.0);
    let (width, height) = (frame.width() / columns, frame.height() / rows);
    let (columns, rows) = (columns as usize, rows as usize);
    let mut counts = vec![0u32; columns * rows];
    for (x, y) in at {
        let column = (((x - frame.left) / width) as usize).min(columns - 1);
        let row = (((y - frame.top) / height) as usize).min(rows - 1);
        counts[row * columns + column] += 1;
    }
    let densest = counts.iter().copied().max().unwrap_or(0);
    let top = f64::from(densest.max(2)).ln();
    let mut steps: BTreeMap<usize, Vec<Rect>> = BTreeMap::new();
    for row in 0..rows {
        let step = |column: usize| match counts[row * columns + column] {
            0 => None,
            n => Some((f64::from(n).ln() / top * (STEPS - 1) as f64).round() as usize),
        };
        let mut column = 0;
        while column < columns {
            let Some(here) = step(column) else {
                column += 1;
                continue;
            };
            // Neighbours of one step are one rectangle: fewer of them, and no seams between.
            let first = column;
            while column < columns && step(column) == Some(here) {
                column += 1;
            }
            steps.entry(here).or_default().push(Rect {
                left: frame.left + first as f64 * width,
                right: frame.left + column as f64 * width,
                top: frame.top + row as f64 * height,
                bottom: frame.top + (row + 1) as f64 * height,
            });
        }
    }
    let shapes = steps
        .into_iter()
        .map(|(step, rects)| Shape {
            part: Part::Marks,
            panel: Some(panel),
            geometry: Geometry::Rects(rects),
            stroke: None,
            fill: Some(Fill {
                colour: palette::colour(style.colour),
                opacity: 0.12 + 0.88 * step as f64 / (STEPS - 1) as f64,
            }),
        })
        .collect();
    (shapes, densest as usize)
}

/// A line without corners that cannot be seen. Long lines keep the first, the least, the largest
/// and the last height in every twentieth of a millimetre across while they run one way; corners
/// nearer to the last kept than a fiftieth of a millimetre go.
pub(crate) fn fewer_corners(points: Vec<Point>) -> Vec<Point> {
    if points.len() < 200 {
        return points;
    }
    let mut kept: Vec<Point> = Vec::new();
    let mut index = 0;
    const COLUMN: f64 = 0.14;
    while index < points.len() {
        let column = (points[index].0 / COLUMN).floor();
        let mut end = index + 1;
        let (mut low, mut high) = (index, index);
        while end < points.len() && (points[end].0 / COLUMN).floor() == column {
            if points[end].1 < points[low].1 {
                low = end;
            }
            if points[end].1 > points[high].1 {
                high = end;
            }
            end += 1;
        }
        let mut keep = [index, low, high, end - 1];
        keep.sort_unstable();
        for (order, &at) in keep.iter().enumerate() {
            if order == 0 || keep[order - 1] != at {
                kept.push(points[at]);
            }
        }
        index = end;
    }
    let last = kept.len() - 1;
    let mut out: Vec<Point> = Vec::with_capacity(kept.len());
    for (index, point) in kept.into_iter().enumerate() {
        let near = out
            .last()
            .is_some_and(|before| (before.0 - point.0).hypot(before.1 - point.1) < 0.06);
        if !near || index == last {
            out.push(point);
        }
    }
    out
}
