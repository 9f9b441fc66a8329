//! What a reader would find wrong with a drawing, found by looking at it.
//!
//! For tests of figures: `assert_eq!(drawing.faults(), [] as [String; 0])`. The layout is made so
//! that none of these can happen; this looks at its result only, and knows nothing of how it came
//! about.

use super::drawing::{AxisBox, Drawing, Geometry, Part, Rect, Role, Text};
use super::palette::size;

/// How far boxes may reach into each other: the air above small letters is counted as text.
const SLACK: f64 = 0.8;

impl Drawing {
    /// The texts of a role.
    pub fn texts_of(&self, role: Role) -> impl Iterator<Item = &Text> {
        self.texts.iter().filter(move |text| text.role == role)
    }

    /// All faults of the drawing in words; none for a drawing that can be published: text or marks
    /// outside of where they belong, texts upon each other or upon panels, type too small or too
    /// pale, panels upon each other, axes that should be the same and are not, ticks in wrong
    /// places.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let page = Rect {
            left: 0.0,
            top: 0.0,
            right: self.width,
            bottom: self.height,
        };
        if !(self.width.is_finite() && self.height.is_finite()) || self.width <= 0.0 {
            faults.push(format!("a page of {} by {}", self.width, self.height));
        }
        self.look_at_texts(&page, &mut faults);
        self.look_at_panels(&page, &mut faults);
        self.look_at_shapes(&page, &mut faults);
        faults
    }

    fn look_at_texts(&self, page: &Rect, faults: &mut Vec<String>) {
        let called = |text: &Text| format!("{:?} `{}`", text.role, text.content);
        // From left to right, so that only near ones are compared.
        let mut boxes: Vec<(Rect, &Text)> = self.texts.iter().map(|t| (t.bounds(), t)).collect();
        boxes.sort_by(|a, b| a.0.left.total_cmp(&b.0.left));
        for (index, (bounds, text)) in boxes.iter().enumerate() {
            let numbers = [bounds.left, bounds.top, bounds.right, bounds.bottom];
            if !numbers.iter().all(|v| v.is_finite()) {
                faults.push(format!("{} has no place", called(text)));
                continue;
            }
            if text.content.trim().is_empty() {
                faults.push(format!("an empty {:?}", text.role));
            }
            if text.content.chars().any(char::is_control) {
                faults.push(format!("{} has control characters", called(text)));
            }
            if !page.contains(bounds, 0.01) {
                faults.push(format!("{} leaves the page", called(text)));
            }
            if text.size < size::LEAST {
                faults.push(format!("{} is only {} pt", called(text), text.size));
            }
            if text.colour.contrast() < 4.5 {
                faults.push(format!("{} is too pale", called(text)));
            }
            for (other_bounds, other) in &boxes[index + 1..] {
                if other_bounds.left > bounds.right {
                    break;
                }
                if bounds.overlaps(other_bounds, SLACK) {
                    faults.push(format!("{} overlaps {}", called(text), called(other)));
                }
            }
            for (number, panel) in self.panels.iter().enumerate() {
                let own = text.role == Role::Label && text.panel == Some(number);
                if own && !panel.frame.contains(bounds, 0.5) {
                    faults.push(format!("{} leaves panel {number}", called(text)));
                }
                if !own && panel.frame.overlaps(bounds, SLACK) {
                    faults.push(format!("{} lies upon panel {number}", called(text)));
                }
            }
        }
    }

    fn look_at_panels(&self, page: &Rect, faults: &mut Vec<String>) {
        for (index, panel) in self.panels.iter().enumerate() {
            if !page.contains(&panel.frame, 0.01) {
                faults.push(format!("panel {index} leaves the page"));
            }
            // Not `<=`: missing numbers are faults as well.
            let room = panel.frame.width() > 10.0 && panel.frame.height() > 10.0;
            if !room {
                faults.push(format!("panel {index} has no room"));
            }
            for (other, second) in self.panels.iter().enumerate().skip(index + 1) {
                if panel.frame.overlaps(&second.frame, 0.01) {
                    faults.push(format!("panels {index} and {other} overlap"));
                }
            }
            let frame = &panel.frame;
            look_at_axis(
                &panel.x,
                (frame.left, frame.right),
                &format!("x of panel {index}"),
                faults,
            );
            look_at_axis(
                &panel.y,
                (frame.top, frame.bottom),
                &format!("y of panel {index}"),
                faults,
            );
            let first = &self.panels[0];
            for (what, own, of_first) in [("x", &panel.x, &first.x), ("y", &panel.y, &first.y)] {
                if !(own.shared && of_first.shared) {
                    continue;
                }
                let values =
                    |axis: &AxisBox| axis.ticks.iter().map(|t| t.value).collect::<Vec<_>>();
                if own.domain != of_first.domain || values(own) != values(of_first) {
                    faults.push(format!(
                        "panel {index} has another {what} axis than panel 0"
                    ));
                }
            }
            let same_size = (frame.width() - first.frame.width()).abs() < 0.01
                && (frame.height() - first.frame.height()).abs() < 0.01;
            if !same_size {
                faults.push(format!("panel {index} has another size than panel 0"));
            }
        }
    }

    fn look_at_shapes(&self, page: &Rect, faults: &mut Vec<String>) {
        let texts: Vec<Rect> = self.texts_of(Role::Legend).map(Text::bounds).collect();
        for shape in &self.shapes {
            let points = shape.geometry.points();
            if !points.iter().all(|(x, y)| x.is_finite() && y.is_finite()) {
                faults.push(format!("{:?} without a place", shape.part));
                continue;
            }
            let frame = match (shape.part, shape.panel) {
                (Part::Marks, Some(panel)) => self.panels.get(panel).map(|p| p.frame),
                _ => Some(*page),
            };
            let Some(frame) = frame else {
                faults.push(format!("{:?} of a panel that is not there", shape.part));
                continue;
            };
            let out = points.iter().filter(|(x, y)| {
                let at = Rect {
                    left: *x,
                    right: *x,
                    top: *y,
                    bottom: *y,
                };
                !frame.contains(&at, 0.01)
            });
            let out = out.count();
            if out > 0 {
                faults.push(format!(
                    "{:?} of panel {:?}: {out} points outside",
                    shape.part, shape.panel
                ));
            }
            if shape.part == Part::Legend {
                let covered = points.iter().any(|(x, y)| {
                    texts.iter().any(|t| {
                        *x > t.left + SLACK && *x < t.right - SLACK && *y > t.top && *y < t.bottom
                    })
                });
                if covered {
                    faults.push("a sample of the legend lies upon a text".to_owned());
                }
            }
            if let Geometry::Lines { lines, names } = &shape.geometry
                && !names.is_empty()
                && names.len() != lines.len()
            {
                faults.push("names of lines do not match the lines".to_owned());
            }
        }
    }
}

/// Ticks lie on their axis, in its order, and not two in one place.
fn look_at_axis(axis: &AxisBox, ends: (f64, f64), called: &str, faults: &mut Vec<String>) {
    let (from, to) = axis.domain;
    if !(from.is_finite() && to.is_finite()) || from == to {
        faults.push(format!("{called} runs from {from} to {to}"));
    }
    for tick in &axis.ticks {
        let on = tick.place >= ends.0 - 0.01 && tick.place <= ends.1 + 0.01;
        if !on {
            faults.push(format!(
                "{called}: the tick {} lies beyond its ends",
                tick.value
            ));
        }
    }
    let mut order: Vec<(f64, f64)> = axis.ticks.iter().map(|t| (t.value, t.place)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let rises = |w: &[(f64, f64)]| w[1].1 > w[0].1;
    let falls = |w: &[(f64, f64)]| w[1].1 < w[0].1;
    if !(order.windows(2).all(rises) || order.windows(2).all(falls)) {
        faults.push(format!("{called}: ticks are not in their order"));
    }
    let labels: Vec<&String> = axis.ticks.iter().filter_map(|t| t.label.as_ref()).collect();
    if !axis.names && labels.windows(2).any(|w| w[0] == w[1]) {
        faults.push(format!("{called}: two ticks are both called {:?}", labels));
    }
}
