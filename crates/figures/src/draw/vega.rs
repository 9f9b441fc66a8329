//! A chart as a Vega-Lite (version 5) specification with its data: notebooks (altair's
//! `Chart.from_dict`) and browsers draw it natively, with names and numbers where it is pointed at.
//!
//! Axes have the domains of the [`Drawing`], and panels its sizes, so that both show the same. Names
//! at an axis are numbers with an expression for their labels, because marks lie between them.

use serde_json::{Map, Value, json};

use super::density;
use super::drawing::{Anchor, Drawing, Geometry, PanelBox, Point, Rgb, Role};
use super::layout;
use super::marks::{self, MANY_CORNERS, MANY_MARKS, MANY_POINTS};
use super::palette::{self, size};
use super::scale::Placement;
use super::typography::clean;
use crate::RenderOptions;
use crate::chart::{
    Along, Axis, Chart, Colour, Curve, Dash, Layer, Mark, Panel, Rule, Scale, Style, Symbol,
};

/// Pixels of a browser per point.
const PIXEL: f64 = 96.0 / 72.0;

/// The specification of a chart that was laid out.
pub(crate) fn specification(chart: &Chart, drawing: &Drawing, options: &RenderOptions) -> Value {
    let keys = Keys::of(chart);
    let panels: Vec<Value> = chart
        .panels
        .iter()
        .zip(&drawing.panels)
        .enumerate()
        .map(|(index, (panel, placed))| {
            Sheet {
                panel,
                placed,
                index,
                drawing,
                keys: &keys,
                x: layout::horizontal(panel, placed.x.domain, &placed.frame),
                y: layout::vertical(panel, placed.y.domain, &placed.frame),
            }
            .view()
        })
        .collect();
    let columns = drawing
        .panels
        .iter()
        .map(|p| p.column + 1)
        .max()
        .unwrap_or(1);
    let mut views = match <[Value; 1]>::try_from(panels) {
        Ok([only]) => vec![only],
        Err(several) => vec![json!({
            "concat": several,
            "columns": columns,
            "spacing": {
                "row": if drawing.panels.iter().all(|p| p.x.shared) { 12 } else { 24 },
                "column": if drawing.panels.iter().all(|p| p.y.shared) { 12 } else { 24 },
            },
            "resolve": {"scale": {"x": "independent", "y": "independent"}},
        })],
    };
    let notes: Vec<String> = drawing
        .texts_of(Role::Note)
        .map(|text| text.content.clone())
        .collect();
    if !notes.is_empty() {
        views.push(json!({
            "data": {"values": [{"note": notes}]},
            "mark": {"type": "text", "align": "left", "baseline": "top", "x": 0, "y": 0,
                     "fontSize": pixels(size::NOTE), "color": hex(palette::SECOND)},
            "encoding": {"text": {"field": "note", "type": "nominal"}},
            "width": pixels(drawing.width * 0.8),
            "height": pixels(notes.len() as f64 * size::NOTE * 1.3),
            "view": {"stroke": null},
        }));
    }
    let mut top = Map::new();
    top.insert(
        "$schema".into(),
        json!("https://vega.github.io/schema/vega-lite/v5.json"),
    );
    top.insert("description".into(), json!(drawing.description));
    if !options.plain {
        let mut title = json!({"text": clean(&chart.title), "anchor": "start"});
        if let Some(subtitle) = &chart.subtitle {
            title["subtitle"] = json!(clean(subtitle));
        }
        top.insert("title".into(), title);
    }
    top.insert("config".into(), config());
    let alone = views.len() == 1 && views[0].get("title").is_none();
    if let (true, Some(Value::Object(only))) = (alone, views.first()) {
        top.extend(only.clone());
    } else {
        top.insert("vconcat".into(), Value::Array(views));
        top.insert("spacing".into(), json!(8));
    }
    Value::Object(top)
}

fn config() -> Value {
    let (ink, second) = (hex(palette::INK), hex(palette::SECOND));
    json!({
        "background": "white",
        "font": "Noto Sans, Open Sans, Segoe UI, Arial, sans-serif",
        "view": {"stroke": hex(palette::FRAME)},
        "axis": {
            "domain": false,
            "gridColor": hex(palette::GRID),
            "tickColor": hex(palette::FRAME),
            "labelColor": second,
            "labelFontSize": pixels(size::TICK),
            "titleColor": ink,
            "titleFontSize": pixels(size::AXIS),
            "titleFontWeight": "normal",
        },
        "legend": {
            "orient": "bottom",
            "title": null,
            "labelColor": ink,
            "labelFontSize": pixels(size::LEGEND),
            "labelLimit": 400,
            "columns": 4,
        },
        "title": {
            "fontSize": pixels(size::TITLE),
            "color": ink,
            "subtitleFontSize": pixels(size::SUBTITLE),
            "subtitleColor": second,
        },
        "concat": {"spacing": 16},
    })
}

fn pixels(points: f64) -> f64 {
    (points * PIXEL * 10.0).round() / 10.0
}

fn hex(Rgb(r, g, b): Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn dash(style: &Style) -> Value {
    match style.dash {
        Dash::Solid => json!([1, 0]),
        Dash::Dashed => json!([6, 4]),
        Dash::Dotted => json!([2, 2.5]),
        Dash::DashDot => json!([6, 3, 2, 3]),
    }
}

fn shape(symbol: Symbol) -> &'static str {
    match symbol {
        Symbol::Disc | Symbol::Ring => "circle",
        Symbol::Square => "square",
        Symbol::Triangle => "triangle-up",
        Symbol::Diamond => "diamond",
        Symbol::Cross => "cross",
    }
}

/// The keys of the legend with the first look that each has.
struct Keys {
    entries: Vec<(String, Colour)>,
    dashes: Vec<(String, Value)>,
    shapes: Vec<(String, &'static str)>,
}

impl Keys {
    fn of(chart: &Chart) -> Self {
        let mut keys = Self {
            entries: Vec::new(),
            dashes: Vec::new(),
            shapes: Vec::new(),
        };
        for layer in chart.panels.iter().flat_map(|p| &p.layers) {
            let Some(key) = layer.key.as_deref().map(clean).filter(|k| !k.is_empty()) else {
                continue;
            };
            if !keys.entries.iter().any(|(known, _)| *known == key) {
                keys.entries.push((key.clone(), layer.style.colour));
            }
            let dashed = keys.dashes.iter().any(|(known, _)| *known == key);
            let shaped = keys.shapes.iter().any(|(known, _)| *known == key);
            match layer.mark {
                Mark::Lines(_) | Mark::Outline(_) | Mark::Rules(_) if !dashed => {
                    keys.dashes.push((key, dash(&layer.style)));
                }
                Mark::Points { .. } if !shaped => {
                    keys.shapes.push((key, shape(layer.style.symbol)));
                }
                _ => {}
            }
        }
        keys
    }

    /// The scale of a channel over the keys that use it, and nothing else.
    fn scale<T>(entries: &[(String, T)], value: impl Fn(&T) -> Value) -> Value {
        json!({
            "domain": entries.iter().map(|(key, _)| key).collect::<Vec<_>>(),
            "range": entries.iter().map(|(_, v)| value(v)).collect::<Vec<_>>(),
        })
    }

    fn colour(&self, layer: &Layer) -> Value {
        let own = hex(palette::colour(layer.style.colour));
        let Some(key) = layer.key.as_deref().map(clean) else {
            return json!({"value": own});
        };
        match self.entries.iter().find(|(known, _)| *known == key) {
            Some((_, colour)) if *colour == layer.style.colour => json!({
                "field": "key",
                "type": "nominal",
                "title": null,
                "scale": Self::scale(&self.entries, |c| json!(hex(palette::colour(*c)))),
            }),
            _ => json!({"value": own}),
        }
    }

    fn dash(&self, layer: &Layer) -> Value {
        let key = layer.key.as_deref().map(clean);
        match key.filter(|key| self.dashes.iter().any(|(known, _)| known == key)) {
            // A legend of dashes beside one of colours only where all keys are lines: then both
            // are one.
            Some(_) if self.dashes.len() == self.entries.len() => json!({
                "field": "key",
                "type": "nominal",
                "title": null,
                "scale": Self::scale(&self.dashes, Clone::clone),
            }),
            _ => json!({"value": dash(&layer.style)}),
        }
    }

    fn shape(&self, layer: &Layer) -> Value {
        let key = layer.key.as_deref().map(clean);
        match key.filter(|key| self.shapes.iter().any(|(known, _)| known == key)) {
            Some(_) if self.shapes.len() == self.entries.len() => json!({
                "field": "key",
                "type": "nominal",
                "title": null,
                "scale": Self::scale(&self.shapes, |s| json!(s)),
            }),
            _ => json!({"value": shape(layer.style.symbol)}),
        }
    }
}

/// One panel.
struct Sheet<'a> {
    panel: &'a Panel,
    placed: &'a PanelBox,
    index: usize,
    drawing: &'a Drawing,
    keys: &'a Keys,
    x: Placement,
    y: Placement,
}

impl Sheet<'_> {
    fn view(&self) -> Value {
        let mut layers: Vec<Value> = self
            .panel
            .layers
            .iter()
            .flat_map(|l| self.layer(l))
            .collect();
        layers.extend(self.labels());
        if layers.is_empty() {
            // Without a mark there are no axes.
            layers.push(json!({
                "data": {"values": []},
                "mark": "point",
                "encoding": {"x": {"field": "x"}, "y": {"field": "y"}},
            }));
        }
        // Rules through the whole panel have one of the axes only.
        for (name, along) in [("x", Along::X), ("y", Along::Y)] {
            let axis = self.axis(along);
            for layer in &mut layers {
                if let Some(Value::Object(channel)) = layer["encoding"].get_mut(name)
                    && let Value::Object(axis) = &axis
                {
                    channel.extend(axis.clone());
                }
            }
        }
        let mut view = json!({
            "width": pixels(self.placed.frame.width()),
            "height": pixels(self.placed.frame.height()),
            "layer": layers,
        });
        if let Some(title) = &self.panel.title {
            let (first, rest) = title.split_once('\n').unwrap_or((title, ""));
            view["title"] = json!({
                "text": clean(first),
                "anchor": "start",
                "frame": "group",
                "fontSize": pixels(size::PANEL),
            });
            if !rest.trim().is_empty() {
                view["title"]["subtitle"] = json!(clean(rest));
                view["title"]["subtitleFontSize"] = json!(pixels(size::NOTE));
            }
        }
        view
    }

    /// Scale and axis of one direction.
    fn axis(&self, along: Along) -> Value {
        let (axis, placed) = match along {
            Along::X => (&self.panel.x, &self.placed.x),
            Along::Y => (&self.panel.y, &self.placed.y),
        };
        let (from, to) = placed.domain;
        let downwards = along == Along::Y && matches!(axis.scale, Scale::Categories(_));
        let reversed = (from > to) != downwards;
        let mut scale = json!({
            "domain": [from.min(to), from.max(to)],
            "nice": false,
            "zero": false,
        });
        if axis.scale == Scale::Log {
            scale["type"] = json!("log");
        }
        if reversed {
            scale["reverse"] = json!(true);
        }
        let outer = !placed.shared || placed.ticks.iter().any(|tick| tick.label.is_some());
        let values: Vec<f64> = placed.ticks.iter().map(|tick| tick.value).collect();
        let mut shown = json!({"grid": axis.grid, "values": values});
        if outer {
            match &axis.scale {
                Scale::Categories(names) => {
                    let written = placed.ticks.iter().filter(|t| t.label.is_some());
                    shown["values"] = json!(written.map(|t| t.value).collect::<Vec<_>>());
                    let names: Vec<String> = names.iter().map(|n| clean(n)).collect();
                    shown["labelExpr"] = json!(format!("{}[datum.value]", json!(names)));
                    shown["labelLimit"] = json!(220);
                }
                _ => {
                    if axis.percent {
                        shown["format"] = json!("~%");
                    }
                }
            }
        } else {
            shown["labels"] = json!(false);
            shown["ticks"] = json!(false);
        }
        // A shared axis has one title: at the panel in the middle of its outer ones.
        let (place, count) = match along {
            Along::X => (
                self.placed.column,
                self.drawing.panels.iter().map(|p| p.column).max(),
            ),
            Along::Y => (
                self.placed.row,
                self.drawing.panels.iter().map(|p| p.row).max(),
            ),
        };
        let last = along == Along::Y
            || self.placed.row == self.drawing.panels.iter().map(|p| p.row).max().unwrap_or(0);
        let titled = outer && (!placed.shared || place == count.unwrap_or(0) / 2 && last);
        let title = if titled { title(axis) } else { Value::Null };
        json!({"type": "quantitative", "scale": scale, "axis": shown, "title": title})
    }

    /// The layers of the specification that a layer of the chart becomes.
    fn layer(&self, layer: &Layer) -> Vec<Value> {
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
                let opacity = marks::band_fill(style).opacity;
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
    fn labels(&self) -> Vec<Value> {
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

fn title(axis: &Axis) -> Value {
    let title = clean(&axis.title);
    if title.is_empty() {
        Value::Null
    } else {
        Value::String(title)
    }
}
