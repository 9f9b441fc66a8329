//! What of a line or an area lies within a rectangle.
//!
//! Marks are cut here and not by the output: a clip path costs a layer of pixels per panel in a
//! PNG, and marks that reach out of their panel could not be found by a test.

use super::drawing::{Point, Rect};

/// The part of a segment within the rectangle (Liang and Barsky 1984).
pub(crate) fn segment(from: Point, to: Point, frame: &Rect) -> Option<(Point, Point)> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    for (step, room) in [
        (-dx, from.0 - frame.left),
        (dx, frame.right - from.0),
        (-dy, from.1 - frame.top),
        (dy, frame.bottom - from.1),
    ] {
        if step == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if step < 0.0 {
            enter = enter.max(room / step);
        } else {
            leave = leave.min(room / step);
        }
    }
    if enter > leave {
        return None;
    }
    let at = |share: f64| {
        (
            (from.0 + share * dx).clamp(frame.left, frame.right),
            (from.1 + share * dy).clamp(frame.top, frame.bottom),
        )
    };
    let first = if enter == 0.0 { from } else { at(enter) };
    let last = if leave == 1.0 { to } else { at(leave) };
    Some((first, last))
}

/// The parts of a line within the rectangle.
pub(crate) fn line(points: &[Point], frame: &Rect) -> Vec<Vec<Point>> {
    let mut out: Vec<Vec<Point>> = Vec::new();
    let mut open: Vec<Point> = Vec::new();
    for pair in points.windows(2) {
        let Some((from, to)) = segment(pair[0], pair[1], frame) else {
            if open.len() > 1 {
                out.push(std::mem::take(&mut open));
            }
            open.clear();
            continue;
        };
        if open.last() != Some(&from) {
            if open.len() > 1 {
                out.push(std::mem::take(&mut open));
            }
            open.clear();
            open.push(from);
        }
        open.push(to);
        if to != pair[1] {
            out.push(std::mem::take(&mut open));
        }
    }
    if open.len() > 1 {
        out.push(open);
    }
    out
}

/// The part of an area within the rectangle (Sutherland and Hodgman 1974).
pub(crate) fn area(points: &[Point], frame: &Rect) -> Vec<Point> {
    type Inside = fn(Point, &Rect) -> bool;
    type Cross = fn(Point, Point, &Rect) -> Point;
    fn at_x(a: Point, b: Point, x: f64) -> Point {
        (x, a.1 + (x - a.0) / (b.0 - a.0) * (b.1 - a.1))
    }
    fn at_y(a: Point, b: Point, y: f64) -> Point {
        (a.0 + (y - a.1) / (b.1 - a.1) * (b.0 - a.0), y)
    }
    let sides: [(Inside, Cross); 4] = [
        (|p, f| p.0 >= f.left, |a, b, f| at_x(a, b, f.left)),
        (|p, f| p.0 <= f.right, |a, b, f| at_x(a, b, f.right)),
        (|p, f| p.1 >= f.top, |a, b, f| at_y(a, b, f.top)),
        (|p, f| p.1 <= f.bottom, |a, b, f| at_y(a, b, f.bottom)),
    ];
    let mut polygon = points.to_vec();
    for (inside, cross) in sides {
        let mut next = Vec::with_capacity(polygon.len() + 4);
        for index in 0..polygon.len() {
            let before = polygon[(index + polygon.len() - 1) % polygon.len()];
            let here = polygon[index];
            match (inside(before, frame), inside(here, frame)) {
                (true, true) => next.push(here),
                (true, false) => next.push(cross(before, here, frame)),
                (false, true) => {
                    next.push(cross(before, here, frame));
                    next.push(here);
                }
                (false, false) => {}
            }
        }
        polygon = next;
    }
    if polygon.len() < 3 {
        Vec::new()
    } else {
        polygon
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FRAME: Rect = Rect {
        left: 0.0,
        top: 0.0,
        right: 10.0,
        bottom: 6.0,
    };

    fn inside((x, y): Point, slack: f64) -> bool {
        x >= -slack && x <= 10.0 + slack && y >= -slack && y <= 6.0 + slack
    }

    #[test]
    fn a_line_that_leaves_and_comes_back_is_two() {
        let parts = line(&[(1.0, 1.0), (5.0, 9.0), (9.0, 1.0)], &FRAME);
        assert_eq!(parts, [[(1.0, 1.0), (3.5, 6.0)], [(6.5, 6.0), (9.0, 1.0)]]);
    }

    #[test]
    fn an_area_around_the_frame_is_the_frame() {
        let around = [(-5.0, -5.0), (15.0, -5.0), (15.0, 15.0), (-5.0, 15.0)];
        let mut corners = area(&around, &FRAME);
        corners.sort_by(|a, b| a.partial_cmp(b).unwrap());
        assert_eq!(corners, [(0.0, 0.0), (0.0, 6.0), (10.0, 0.0), (10.0, 6.0)]);
    }

    proptest! {
        // Against points along the segment: what is inside is kept, what is outside is not.
        #[test]
        fn segments_are_cut_where_they_cross(
            x in -20.0..30.0f64, y in -20.0..30.0f64, u in -20.0..30.0f64, v in -20.0..30.0f64,
        ) {
            let kept = segment((x, y), (u, v), &FRAME);
            for step in 0..=200 {
                let share = f64::from(step) / 200.0;
                let at = (x + share * (u - x), y + share * (v - y));
                let on = kept.is_some_and(|((a, b), (c, d))| {
                    at.0 >= a.min(c) - 1e-9 && at.0 <= a.max(c) + 1e-9
                        && at.1 >= b.min(d) - 1e-9 && at.1 <= b.max(d) + 1e-9
                });
                if inside(at, -1e-6) {
                    prop_assert!(on);
                } else if !inside(at, 1e-6) {
                    prop_assert!(!on);
                }
            }
        }
    }
}
