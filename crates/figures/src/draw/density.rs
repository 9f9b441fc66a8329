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
                opacity: 0.2 + 0.8 * step as f64 / (STEPS - 1) as f64,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_under_a_square_and_none_elsewhere() {
        let frame = Rect {
            left: 10.0,
            top: 20.0,
            right: 110.0,
            bottom: 80.0,
        };
        let at: Vec<Point> = (0..5000)
            .map(|i| {
                let t = f64::from(i);
                (60.0 + 50.0 * (0.7 * t).sin(), 50.0 + 30.0 * (1.3 * t).cos())
            })
            .collect();
        let (shapes, densest) = squares(&at, &frame, &Style::default(), 0);
        let rects: Vec<Rect> = shapes
            .into_iter()
            .flat_map(|shape| match shape.geometry {
                Geometry::Rects(rects) => rects,
                _ => Vec::new(),
            })
            .collect();
        assert!(densest > 1);
        let holds = |rect: &Rect, (x, y): &Point| {
            *x >= rect.left - 1e-9
                && *x <= rect.right + 1e-9
                && *y >= rect.top - 1e-9
                && *y <= rect.bottom + 1e-9
        };
        assert!(
            at.iter()
                .all(|point| rects.iter().any(|rect| holds(rect, point)))
        );
        assert!(
            rects
                .iter()
                .all(|rect| at.iter().any(|point| holds(rect, point)))
        );
    }

    #[test]
    fn a_long_line_keeps_its_shape() {
        let points: Vec<Point> = (0..100_000)
            .map(|i| {
                let x = f64::from(i) / 250.0;
                (x, 50.0 + if i == 61_234 { 45.0 } else { 10.0 * x.sin() })
            })
            .collect();
        let (first, last) = (points[0], points[99_999]);
        let kept = fewer_corners(points);
        assert!(kept.len() < 12_000);
        assert_eq!((kept[0], kept[kept.len() - 1]), (first, last));
        // The one point that stands out is still there.
        assert!(kept.iter().any(|(_, y)| *y == 95.0));
    }
}
