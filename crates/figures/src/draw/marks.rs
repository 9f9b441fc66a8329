//! Marks become shapes: places on the page, cut to the panel, thinned where there are more than can
//! be seen.

use super::clip;
use super::density;
use super::drawing::{Fill, Geometry, Part, Point, Rect, Shape, Stroke};
use super::losses::Losses;
use super::palette;
use super::scale::Placement;
use crate::chart::{Along, Curve, Layer, Mark, Rule, Style, Symbol};

/// Points of one layer beyond which single symbols say nothing any more.
pub(crate) const MANY_POINTS: usize = 20_000;
/// Intervals, arrows or bars of one layer that are drawn at most.
pub(crate) const MANY_MARKS: usize = 5_000;
/// Corners of the lines of one layer that are drawn at most.
pub(crate) const MANY_CORNERS: usize = 60_000;

/// A panel to draw in.
pub(crate) struct Canvas {
    pub frame: Rect,
    pub x: Placement,
    pub y: Placement,
    pub panel: usize,
    /// How large symbols and lines are drawn: smaller in small panels.
    pub zoom: f64,
}

impl Canvas {
    fn point(&self, x: f64, y: f64) -> Option<Point> {
        Some((self.x.place(x)?, self.y.place(y)?))
    }

    fn inside(&self, (x, y): Point) -> bool {
        let slack = 1e-6;
        x >= self.frame.left - slack
            && x <= self.frame.right + slack
            && y >= self.frame.top - slack
            && y <= self.frame.bottom + slack
    }

    fn shape(&self, geometry: Geometry, stroke: Option<Stroke>, fill: Option<Fill>) -> Shape {
        Shape {
            part: Part::Marks,
            panel: Some(self.panel),
            geometry,
            stroke,
            fill,
        }
    }

    /// The shapes of a layer, the first undermost; texts are not among them.
    pub fn shapes(&self, layer: &Layer, losses: &mut Losses) -> Vec<Shape> {
        let style = &layer.style;
        let mut shapes = match &layer.mark {
            Mark::Points { x, y, names } => self.points(x, y, names, style, losses),
            Mark::Lines(curves) => self.lines(curves, style, losses),
            Mark::Band { x, lower, upper } => self.band(x, lower, upper, style),
            Mark::Intervals {
                along,
                at,
                lower,
                upper,
            } => self.intervals(*along, at, lower, upper, style, losses),
            Mark::Bars {
                along,
                at,
                from,
                to,
                width,
            } => self.bars(*along, at, from, to, *width, style),
            Mark::Rules(rules) => self.rules(rules, style),
            Mark::Arrows { from, to, names } => self.arrows(from, to, names, style, losses),
            Mark::Outline(curve) => self.outline(curve, style),
            Mark::Labels { .. } => Vec::new(),
        };
        shapes.retain(|shape| !shape.geometry.is_empty());
        shapes
    }

    fn points(
        &self,
        x: &[f64],
        y: &[f64],
        names: &[String],
        style: &Style,
        losses: &mut Losses,
    ) -> Vec<Shape> {
        let mut at = Vec::with_capacity(x.len().min(y.len()));
        let mut called = Vec::new();
        for (index, (&x, &y)) in x.iter().zip(y).enumerate() {
            let Some(point) = self.point(x, y) else {
                losses.not_positive += usize::from(x.is_finite() && y.is_finite());
                continue;
            };
            if !self.inside(point) {
                losses.outside += 1;
                continue;
            }
            at.push(point);
            if let Some(name) = names.get(index) {
                called.push(name.clone());
            }
        }
        if at.len() > MANY_POINTS {
            losses.binned += at.len();
            let (shapes, densest) = density::squares(&at, &self.frame, style, self.panel);
            losses.densest = losses.densest.max(densest);
            return shapes;
        }
        let names = if called.len() == at.len() {
            called
        } else {
            Vec::new()
        };
        vec![self.symbols(at, names, style)]
    }

    fn symbols(&self, at: Vec<Point>, names: Vec<String>, style: &Style) -> Shape {
        let radius = palette::SYMBOL / 2.0 * palette::scale(style) * self.zoom;
        let (stroke, fill) = symbol_look(style, radius);
        self.shape(
            Geometry::Symbols {
                symbol: style.symbol,
                radius,
                at,
                names,
            },
            stroke,
            fill,
        )
    }

    fn lines(&self, curves: &[Curve], style: &Style, losses: &mut Losses) -> Vec<Shape> {
        let mut drawn: Vec<(Vec<Vec<Point>>, &str)> = Vec::with_capacity(curves.len());
        let mut corners = 0;
        for curve in curves {
            let mut parts = Vec::new();
            for run in self.runs(&curve.x, &curve.y) {
                for part in clip::line(&run, &self.frame) {
                    let part = density::fewer_corners(part);
                    corners += part.len();
                    parts.push(part);
                }
            }
            drawn.push((parts, &curve.name));
        }
        let given = drawn.len();
        if corners > MANY_CORNERS && given > 1 {
            let stride = corners.div_ceil(MANY_CORNERS);
            drawn = drawn.into_iter().step_by(stride).collect();
            losses.thinned = Some((given, drawn.len()));
        }
        let named = drawn.iter().any(|(_, name)| !name.is_empty());
        let mut lines = Vec::new();
        let mut names = Vec::new();
        for (parts, name) in drawn {
            for part in parts {
                lines.push(part);
                if named {
                    names.push(name.to_owned());
                }
            }
        }
        let stroke = self.stroke(style, palette::LINE);
        vec![self.shape(Geometry::Lines { lines, names }, Some(stroke), None)]
    }

    /// Stretches of a curve without gaps.
    fn runs(&self, x: &[f64], y: &[f64]) -> Vec<Vec<Point>> {
        let mut runs = vec![Vec::new()];
        for (&x, &y) in x.iter().zip(y) {
            match self.point(x, y) {
                Some(point) => {
                    if let Some(run) = runs.last_mut() {
                        run.push(point);
                    }
                }
                None => runs.push(Vec::new()),
            }
        }
        runs.retain(|run| !run.is_empty());
        runs
    }

    fn stroke(&self, style: &Style, width: f64) -> Stroke {
        // Lines thin out less than symbols shrink, or dashes could not be told apart.
        palette::stroke(style, width * self.zoom.sqrt())
    }

    fn band(&self, x: &[f64], lower: &[f64], upper: &[f64], style: &Style) -> Vec<Shape> {
        let mut areas = Vec::new();
        let mut there: Vec<Point> = Vec::new();
        let mut back: Vec<Point> = Vec::new();
        let mut close = |there: &mut Vec<Point>, back: &mut Vec<Point>| {
            if there.len() > 1 {
                let mut area = density::fewer_corners(std::mem::take(there));
                let mut other = density::fewer_corners(std::mem::take(back));
                other.reverse();
                area.extend(other);
                let area = clip::area(&area, &self.frame);
                if !area.is_empty() {
                    areas.push(area);
                }
            }
            there.clear();
            back.clear();
        };
        for ((&x, &lower), &upper) in x.iter().zip(lower).zip(upper) {
            match (self.point(x, lower), self.point(x, upper)) {
                (Some(low), Some(high)) => {
                    there.push(high);
                    back.push(low);
                }
                _ => close(&mut there, &mut back),
            }
        }
        close(&mut there, &mut back);
        vec![self.shape(Geometry::Areas(areas), None, Some(band_fill(style)))]
    }

    /// Two points from a place on the axis along which a mark runs and one on the other.
    fn span(&self, along: Along, at: f64, from: f64, to: f64) -> Option<(Point, Point)> {
        Some(match along {
            Along::X => (self.point(from, at)?, self.point(to, at)?),
            Along::Y => (self.point(at, from)?, self.point(at, to)?),
        })
    }

    fn intervals(
        &self,
        along: Along,
        at: &[f64],
        lower: &[f64],
        upper: &[f64],
        style: &Style,
        losses: &mut Losses,
    ) -> Vec<Shape> {
        let given = at.len().min(lower.len()).min(upper.len());
        let stride = given.div_ceil(MANY_MARKS).max(1);
        if stride > 1 {
            losses.thinned = Some((given, given.div_ceil(stride)));
        }
        let lines = (0..given)
            .step_by(stride)
            .filter_map(|i| self.span(along, at[i], lower[i], upper[i]))
            .filter_map(|(from, to)| clip::segment(from, to, &self.frame))
            .map(|(from, to)| vec![from, to])
            .collect();
        let stroke = self.stroke(style, palette::LINE);
        let names = Vec::new();
        vec![self.shape(Geometry::Lines { lines, names }, Some(stroke), None)]
    }

    fn bars(
        &self,
        along: Along,
        at: &[f64],
        from: &[f64],
        to: &[f64],
        width: f64,
        style: &Style,
    ) -> Vec<Shape> {
        let mut rects = Vec::new();
        for ((&at, &from), &to) in at.iter().zip(from).zip(to) {
            let half = if width.is_finite() {
                width.abs() / 2.0
            } else {
                0.4
            };
            let corners = match along {
                Along::X => (self.point(from, at - half), self.point(to, at + half)),
                Along::Y => (self.point(at - half, from), self.point(at + half, to)),
            };
            // On a logarithmic axis a bar has no beginning: it stands on the edge.
            let (first, second) = match (corners, along) {
                ((Some(a), Some(b)), _) => (a, b),
                ((None, Some(b)), Along::X) if self.x.logarithmic && from <= 0.0 => {
                    match self.y.place(at - half) {
                        Some(y) => ((self.frame.left, y), b),
                        None => continue,
                    }
                }
                ((None, Some(b)), Along::Y) if self.y.logarithmic && from <= 0.0 => {
                    match self.x.place(at - half) {
                        Some(x) => ((x, self.frame.bottom), b),
                        None => continue,
                    }
                }
                _ => continue,
            };
            let f = &self.frame;
            let rect = Rect {
                left: first.0.min(second.0).clamp(f.left, f.right),
                right: first.0.max(second.0).clamp(f.left, f.right),
                top: first.1.min(second.1).clamp(f.top, f.bottom),
                bottom: first.1.max(second.1).clamp(f.top, f.bottom),
            };
            if rect.width() > 0.0 && rect.height() > 0.0 {
                rects.push(rect);
            }
        }
        let fill = Fill {
            colour: palette::colour(style.colour),
            opacity: palette::opacity(style),
        };
        vec![self.shape(Geometry::Rects(rects), None, Some(fill))]
    }

    fn rules(&self, rules: &[Rule], style: &Style) -> Vec<Shape> {
        let f = &self.frame;
        let mut lines = Vec::new();
        for rule in rules {
            match *rule {
                Rule::Horizontal(y) => {
                    if let Some(y) = self.y.place(y).filter(|y| *y >= f.top && *y <= f.bottom) {
                        lines.push(vec![(f.left, y), (f.right, y)]);
                    }
                }
                Rule::Vertical(x) => {
                    if let Some(x) = self.x.place(x).filter(|x| *x >= f.left && *x <= f.right) {
                        lines.push(vec![(x, f.top), (x, f.bottom)]);
                    }
                }
                Rule::Slope { intercept, slope } => {
                    // On logarithmic axes the line is bent: enough corners for any of them.
                    let corners = if self.x.logarithmic || self.y.logarithmic {
                        100
                    } else {
                        1
                    };
                    let (xs, ys): (Vec<f64>, Vec<f64>) = (0..=corners)
                        .map(|i| {
                            let share = f64::from(i) / f64::from(corners);
                            let x = self.x.value(f.left + share * f.width());
                            (x, intercept + slope * x)
                        })
                        .unzip();
                    for run in self.runs(&xs, &ys) {
                        lines.extend(clip::line(&run, f));
                    }
                }
            }
        }
        let stroke = self.stroke(style, 0.75 * palette::LINE);
        let names = Vec::new();
        vec![self.shape(Geometry::Lines { lines, names }, Some(stroke), None)]
    }

    fn arrows(
        &self,
        from: &[(f64, f64)],
        to: &[(f64, f64)],
        names: &[String],
        style: &Style,
        losses: &mut Losses,
    ) -> Vec<Shape> {
        let given = from.len().min(to.len());
        let stride = given.div_ceil(MANY_MARKS).max(1);
        if stride > 1 {
            losses.thinned = Some((given, given.div_ceil(stride)));
        }
        let stroke = Stroke {
            dash: Vec::new(),
            ..self.stroke(style, 0.75 * palette::LINE)
        };
        let mut lines = Vec::new();
        let mut called = Vec::new();
        let mut heads = Vec::new();
        for index in (0..given).step_by(stride) {
            let (Some(tail), Some(head)) = (
                self.point(from[index].0, from[index].1),
                self.point(to[index].0, to[index].1),
            ) else {
                continue;
            };
            let Some((start, end)) = clip::segment(tail, head, &self.frame) else {
                continue;
            };
            let whole = end == head;
            let (line, tip) = arrow(
                start,
                end,
                whole,
                3.6 * self.zoom * palette::scale(style).sqrt(),
            );
            lines.push(line);
            called.push(names.get(index).cloned().unwrap_or_default());
            let tip = tip.map(|tip| clip::area(&tip, &self.frame));
            heads.extend(tip.filter(|tip| !tip.is_empty()));
        }
        if called.iter().all(String::is_empty) {
            called.clear();
        }
        let fill = Fill {
            colour: stroke.colour,
            opacity: stroke.opacity,
        };
        vec![
            self.shape(
                Geometry::Lines {
                    lines,
                    names: called,
                },
                Some(stroke),
                None,
            ),
            self.shape(Geometry::Areas(heads), None, Some(fill)),
        ]
    }

    fn outline(&self, curve: &Curve, style: &Style) -> Vec<Shape> {
        let mut lines = Vec::new();
        let runs = self.runs(&curve.x, &curve.y);
        let whole = runs.len() == 1;
        for mut run in runs {
            if whole && run.len() > 2 && run.first() != run.last() {
                run.push(run[0]);
            }
            lines.extend(clip::line(&run, &self.frame));
        }
        let names = if curve.name.is_empty() {
            Vec::new()
        } else {
            vec![curve.name.clone(); lines.len()]
        };
        let stroke = self.stroke(style, palette::LINE);
        vec![self.shape(Geometry::Lines { lines, names }, Some(stroke), None)]
    }
}

/// Line and filling of a symbol.
pub(crate) fn symbol_look(style: &Style, radius: f64) -> (Option<Stroke>, Option<Fill>) {
    let colour = palette::colour(style.colour);
    let opacity = palette::opacity(style);
    let stroke = Stroke {
        colour,
        opacity,
        width: (0.45 * radius).clamp(0.4, 1.4),
        dash: Vec::new(),
    };
    match style.symbol {
        Symbol::Ring | Symbol::Cross => (Some(stroke), None),
        _ => (None, Some(Fill { colour, opacity })),
    }
}

/// The filling of a band: light where the style does not say, so that lines on it can be seen.
pub(crate) fn band_fill(style: &Style) -> Fill {
    let opacity = palette::opacity(style);
    Fill {
        colour: palette::colour(style.colour),
        opacity: if opacity < 1.0 { opacity } else { 0.2 },
    }
}

/// A line with the triangle at its end; none where the arrow is shorter than half its head.
pub(crate) fn arrow(
    start: Point,
    end: Point,
    head: bool,
    size: f64,
) -> (Vec<Point>, Option<Vec<Point>>) {
    let (dx, dy) = (end.0 - start.0, end.1 - start.1);
    let length = dx.hypot(dy);
    let size = size.min(0.75 * length);
    if !head || length < 1.0 {
        return (vec![start, end], None);
    }
    let (ux, uy) = (dx / length, dy / length);
    let base = (end.0 - size * ux, end.1 - size * uy);
    let half = 0.38 * size;
    let tip = vec![
        end,
        (base.0 - half * uy, base.1 + half * ux),
        (base.0 + half * uy, base.1 - half * ux),
    ];
    (vec![start, base], Some(tip))
}
