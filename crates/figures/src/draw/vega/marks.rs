//! Marks as layers of a Vega-Lite specification, with their data.

use serde_json::{Value, json};

use super::super::density;
use super::super::drawing::{Anchor, Geometry, Point, Role};
use super::super::marks::{MANY_CORNERS, MANY_MARKS, MANY_POINTS, band_fill};
use super::super::palette::{self, size};
use super::super::typography::clean;
use super::{PIXEL, Sheet, hex, pixels, title};
use crate::chart::{Along, Axis, Curve, Layer, Mark, Rule, Scale, Symbol};

impl Sheet<'_> {
    /// The layers of the specification that a layer of the chart becomes.
    pub fn layer(&self, layer: &Layer) -> Vec<Value> {
        let mut out = self.marks(layer);
        if let Some(key) = layer.key.as_deref().map(clean).filter(|k| !k.is_empty()) {
            // The legend is made of a field that all rows of the layer have.
            for made in &mut out {
                made["transform"] = json!([{"calculate": json!(key).to_string(), "as": "key"}]);
            }
        }
        out
    }

    fn marks(&self, layer: &Layer) -> Vec<Value> {
        let style = &layer.style;
        let width = pixels(palette::LINE * palette::scale(style));
        match &layer.mark {
            Mark::Points { x, y, names } => self.points(layer, x, y, names),
            Mark::Lines(curves) => vec![self.curves(layer, curves, false)],
            Mark::Outline(curve) => vec![self.curves(layer, std::slice::from_ref(curve), true)],
            Mark::Band { x, lower, upper } => {
                let rows: Vec<Value> = x
                    .iter()
                    .zip(lower)
                    .zip(upper)
                    .map(|((x, lower), upper)| json!({"x": x, "y": lower, "y2": upper}))
                    .collect();
                let opacity = band_fill(style).opacity;
                vec![json!({
                    "data": {"values": rows},
                    "mark": {"type": "area", "clip": true, "opacity": opacity},
                    "encoding": {
                        "x": {"field": "x"},
                        "y": {"field": "y"},
                        "y2": {"field": "y2"},
                        "color": self.keys.colour(layer),
                    },
                })]
            }
            Mark::Intervals {
                along,
                at,
                lower,
                upper,
            } => {
                let given = at.len().min(lower.len()).min(upper.len());
                let rows: Vec<Value> = (0..given)
                    .step_by(given.div_ceil(MANY_MARKS).max(1))
                    .filter(|&i| lower[i].is_finite() && upper[i].is_finite())
                    .map(|i| json!({"at": at[i], "lower": lower[i], "upper": upper[i]}))
                    .collect();
                let (run, run2, stand) = match along {
                    Along::X => ("x", "x2", "y"),
                    Along::Y => ("y", "y2", "x"),
                };
                vec![json!({
                    "data": {"values": rows},
                    "mark": {"type": "rule", "clip": true, "strokeWidth": width,
                             "opacity": palette::opacity(style)},
                    "encoding": {
                        run: {"field": "lower"},
                        run2: {"field": "upper"},
                        stand: {"field": "at"},
                        "color": self.keys.colour(layer),
                        "tooltip": [
                            {"field": "lower", "type": "quantitative"},
                            {"field": "upper", "type": "quantitative"},
                        ],
                    },
                })]
            }
            Mark::Bars {
                along,
                at,
                from,
                to,
                width,
            } => {
                let (run, stand) = match along {
                    Along::X => (["x", "x2"], ["y", "y2"]),
                    Along::Y => (["y", "y2"], ["x", "x2"]),
                };
                let rows: Vec<Value> = at
                    .iter()
                    .zip(from)
                    .zip(to)
                    .map(|((at, from), to)| {
                        json!({
                            "from": from, "to": to,
                            "first": at - width / 2.0, "last": at + width / 2.0,
                        })
                    })
                    .collect();
                vec![json!({
                    "data": {"values": rows},
                    "mark": {"type": "rect", "clip": true, "opacity": palette::opacity(style)},
                    "encoding": {
                        run[0]: {"field": "from"}, run[1]: {"field": "to"},
                        stand[0]: {"field": "first"}, stand[1]: {"field": "last"},
                        "color": self.keys.colour(layer),
                        "tooltip": [{"field": "to", "type": "quantitative"}],
                    },
                })]
            }
            Mark::Rules(rules) => self.rules(layer, rules),
            Mark::Arrows { from, to, names } => self.arrows(layer, from, to, names),
            // Labels are taken from the drawing, where they have their places.
            Mark::Labels { .. } => Vec::new(),
        }
    }

    fn points(&self, layer: &Layer, x: &[f64], y: &[f64], names: &[String]) -> Vec<Value> {
        let style = &layer.style;
        if x.len().min(y.len()) > MANY_POINTS {
            return self.squares(layer, x, y);
        }
        let named = names.iter().any(|name| !name.is_empty());
        let rows: Vec<Value> = x
            .iter()
            .zip(y)
            .enumerate()
            .filter(|(_, (x, y))| x.is_finite() && y.is_finite())
            .map(|(index, (x, y))| match names.get(index).filter(|_| named) {
                Some(name) => json!({"x": x, "y": y, "name": clean(name)}),
                None => json!({"x": x, "y": y}),
            })
            .collect();
        let diameter = palette::SYMBOL * palette::scale(style) * PIXEL;
        let filled = !matches!(style.symbol, Symbol::Ring | Symbol::Cross);
        vec![json!({
            "data": {"values": rows},
            "mark": {"type": "point", "clip": true, "filled": filled,
                     "size": (0.785 * diameter * diameter * 10.0).round() / 10.0,
                     "opacity": palette::opacity(style)},
            "encoding": {
                "x": {"field": "x"},
                "y": {"field": "y"},
                "color": self.keys.colour(layer),
                "shape": self.keys.shape(layer),
                "tooltip": self.pointed(named),
            },
        })]
    }

    /// What is shown of a mark that is pointed at.
    fn pointed(&self, named: bool) -> Value {
        let called = |axis: &Axis, other: &str| match title(axis) {
            Value::String(title) => title,
            _ => other.to_owned(),
        };
        let mut shown = Vec::new();
        if named {
            shown.push(json!({"field": "name", "type": "nominal", "title": "name"}));
        }
        for (axis, field) in [(&self.panel.x, "x"), (&self.panel.y, "y")] {
            // The place of a name is no number worth reading.
            if !matches!(axis.scale, Scale::Categories(_)) {
                shown.push(json!({
                    "field": field, "type": "quantitative", "title": called(axis, field),
                }));
            }
        }
        json!(shown)
    }

    /// More points than can be seen: squares of the drawing, back in the units of the data.
    fn squares(&self, layer: &Layer, x: &[f64], y: &[f64]) -> Vec<Value> {
        let frame = &self.placed.frame;
        let at: Vec<Point> = x
            .iter()
            .zip(y)
            .filter_map(|(x, y)| Some((self.x.place(*x)?, self.y.place(*y)?)))
            .filter(|(x, y)| {
                *x >= frame.left && *x <= frame.right && *y >= frame.top && *y <= frame.bottom
            })
            .collect();
        let (shapes, _) = density::squares(&at, frame, &layer.style, self.index);
        let mut rows = Vec::new();
        for shape in shapes {
            let opacity = shape.fill.map_or(1.0, |fill| fill.opacity);
            let Geometry::Rects(rects) = shape.geometry else {
                continue;
            };
            for rect in rects {
                rows.push(json!({
                    "x": self.x.value(rect.left), "x2": self.x.value(rect.right),
                    "y": self.y.value(rect.bottom), "y2": self.y.value(rect.top),
                    "o": (opacity * 100.0).round() / 100.0,
                }));
            }
        }
        vec![json!({
            "data": {"values": rows},
            "mark": {"type": "rect", "clip": true},
            "encoding": {
                "x": {"field": "x"}, "x2": {"field": "x2"},
                "y": {"field": "y"}, "y2": {"field": "y2"},
                "opacity": {"field": "o", "type": "quantitative", "scale": null},
                "color": self.keys.colour(layer),
            },
        })]
    }

    fn curves(&self, layer: &Layer, curves: &[Curve], closed: bool) -> Value {
        let style = &layer.style;
        let corners: usize = curves.iter().map(|c| c.x.len().min(c.y.len())).sum();
        let stride = if curves.len() > 1 {
            corners.div_ceil(MANY_CORNERS).max(1)
        } else {
            1
        };
        let named = curves.iter().any(|curve| !curve.name.is_empty());
        let mut rows = Vec::new();
        for (number, curve) in curves.iter().enumerate().step_by(stride) {
            let mut order = 0;
            let mut add = |x: f64, y: f64| {
                // Numbers that are missing become null, which breaks the line.
                let mut row = json!({"x": x, "y": y, "line": number, "order": order});
                if named {
                    row["name"] = json!(clean(&curve.name));
                }
                order += 1;
                rows.push(row);
            };
            for (x, y) in curve.x.iter().zip(&curve.y) {
                add(*x, *y);
            }
            if closed && let (Some(x), Some(y)) = (curve.x.first(), curve.y.first()) {
                add(*x, *y);
            }
        }
        let mut encoding = json!({
            "x": {"field": "x"},
            "y": {"field": "y"},
            "order": {"field": "order", "type": "quantitative"},
            "detail": {"field": "line", "type": "nominal"},
            "color": self.keys.colour(layer),
            "strokeDash": self.keys.dash(layer),
        });
        if named {
            encoding["tooltip"] = json!([{"field": "name", "type": "nominal", "title": "name"}]);
        }
        json!({
            "data": {"values": rows},
            "mark": {"type": "line", "clip": true,
                     "strokeWidth": pixels(palette::LINE * palette::scale(style)),
                     "opacity": palette::opacity(style)},
            "encoding": encoding,
        })
    }

    fn rules(&self, layer: &Layer, rules: &[Rule]) -> Vec<Value> {
        let mut out = Vec::new();
        let mut slopes = Vec::new();
        for rule in rules {
            let (own, value) = match *rule {
                Rule::Horizontal(y) => ("y", y),
                Rule::Vertical(x) => ("x", x),
                Rule::Slope { intercept, slope } => {
                    let (from, to) = self.placed.x.domain;
                    let x: Vec<f64> = (0..=60)
                        .map(|i| from + (to - from) * f64::from(i) / 60.0)
                        .collect();
                    slopes.push(Curve {
                        y: x.iter().map(|x| intercept + slope * x).collect(),
                        x,
                        name: String::new(),
                    });
                    continue;
                }
            };
            if !value.is_finite() {
                continue;
            }
            out.push(json!({
                "data": {"values": [{}]},
                "mark": {"type": "rule", "clip": true,
                         "strokeWidth": pixels(0.75 * palette::LINE * palette::scale(&layer.style)),
                         "opacity": palette::opacity(&layer.style)},
                "encoding": {
                    own: {"datum": value},
                    "color": self.keys.colour(layer),
                    "strokeDash": self.keys.dash(layer),
                },
            }));
        }
        if !slopes.is_empty() {
            out.push(self.curves(layer, &slopes, false));
        }
        out
    }

    fn arrows(
        &self,
        layer: &Layer,
        from: &[(f64, f64)],
        to: &[(f64, f64)],
        names: &[String],
    ) -> Vec<Value> {
        let given = from.len().min(to.len());
        let mut rows = Vec::new();
        for index in (0..given).step_by(given.div_ceil(MANY_MARKS).max(1)) {
            let ((x, y), (x2, y2)) = (from[index], to[index]);
            let (Some(left), Some(top), Some(right), Some(bottom)) = (
                self.x.place(x),
                self.y.place(y),
                self.x.place(x2),
                self.y.place(y2),
            ) else {
                continue;
            };
            // Clockwise from upwards, as the wedge points at 0.
            let angle = (right - left).atan2(top - bottom).to_degrees();
            let name = names.get(index).map(|name| clean(name)).unwrap_or_default();
            rows.push(json!({
                "x": x, "y": y, "x2": x2, "y2": y2,
                "angle": (angle * 10.0).round() / 10.0, "name": name,
            }));
        }
        let named = names.iter().any(|name| !name.is_empty());
        let width = pixels(0.75 * palette::LINE * palette::scale(&layer.style));
        let mut encoding = json!({
            "x": {"field": "x"}, "x2": {"field": "x2"},
            "y": {"field": "y"}, "y2": {"field": "y2"},
            "color": self.keys.colour(layer),
        });
        if named {
            encoding["tooltip"] = json!([{"field": "name", "type": "nominal", "title": "name"}]);
        }
        vec![
            json!({
                "data": {"values": rows},
                "mark": {"type": "rule", "clip": true, "strokeWidth": width,
                         "opacity": palette::opacity(&layer.style)},
                "encoding": encoding,
            }),
            json!({
                "data": {"values": rows},
                "mark": {"type": "point", "clip": true, "filled": true, "shape": "wedge",
                         "size": 45, "opacity": palette::opacity(&layer.style)},
                "encoding": {
                    "x": {"field": "x2"}, "y": {"field": "y2"},
                    "angle": {"field": "angle", "type": "quantitative", "scale": null},
                    "color": self.keys.colour(layer),
                },
            }),
        ]
    }

    /// The labels that the drawing has room for, where it has them.
    pub fn labels(&self) -> Vec<Value> {
        let rows = |anchor: Anchor| -> Vec<Value> {
            self.drawing
                .texts_of(Role::Label)
                .filter(|text| text.panel == Some(self.index) && text.anchor == anchor)
                .map(|text| {
                    json!({
                        "x": self.x.value(text.x), "y": self.y.value(text.y),
                        "text": text.content,
                    })
                })
                .collect()
        };
        [
            (Anchor::Start, "left"),
            (Anchor::Middle, "center"),
            (Anchor::End, "right"),
        ]
        .into_iter()
        .map(|(anchor, align)| (rows(anchor), align))
        .filter(|(rows, _)| !rows.is_empty())
        .map(|(rows, align)| {
            json!({
                "data": {"values": rows},
                "mark": {"type": "text", "align": align, "baseline": "alphabetic",
                         "fontSize": pixels(size::LABEL), "color": hex(palette::INK)},
                "encoding": {
                    "x": {"field": "x"},
                    "y": {"field": "y"},
                    "text": {"field": "text", "type": "nominal"},
                },
            })
        })
        .collect()
    }
}
