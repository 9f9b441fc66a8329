//! A chart as a Vega-Lite (version 5) specification with its data: notebooks (altair's
//! `Chart.from_dict`) and browsers draw it natively, with names and numbers where it is pointed at.
//!
//! Axes have the domains of the [`Drawing`], and panels its sizes, so that both show the same. Names
//! at an axis are numbers with an expression for their labels, because marks lie between them.

mod marks;

use serde_json::{Map, Value, json};

use super::drawing::{Drawing, PanelBox, Rgb, Role, Tick};
use super::palette::{self, size};
use super::scale::Placement;
use super::typography::clean;
use crate::RenderOptions;
use crate::chart::{Along, Axis, Chart, Colour, Dash, Layer, Mark, Panel, Scale, Style, Symbol};

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
                x: Placement::across(panel, placed.x.domain.into(), &placed.frame),
                y: Placement::upwards(panel, placed.y.domain.into(), &placed.frame),
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
            // In lines, as it was set: a long one would push the panels apart.
            let lines: Vec<&str> = (self.drawing.texts_of(Role::PanelTitle))
                .filter(|text| text.panel == Some(self.index))
                .map(|text| text.content.as_str())
                .collect();
            view["title"] = json!({
                "text": if lines.is_empty() { json!(clean(first)) } else { json!(lines) },
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
                    shown["labelExpr"] = json!(labels(&placed.ticks));
                }
            }
        } else {
            shown["labels"] = json!(false);
            shown["ticks"] = json!(false);
        }
        // A shared axis has one title: at the panel in the middle of its outer ones.
        let most =
            |of: fn(&PanelBox) -> usize| self.drawing.panels.iter().map(of).max().unwrap_or(0);
        let (rows, columns) = (most(|p| p.row), most(|p| p.column));
        let central = match along {
            Along::X => self.placed.row == rows && self.placed.column == columns / 2,
            Along::Y => self.placed.row == rows / 2,
        };
        let titled = outer && (!placed.shared || central);
        let title = if titled { title(axis) } else { Value::Null };
        json!({"type": "quantitative", "scale": scale, "axis": shown, "title": title})
    }
}

/// An expression for the labels of numbers: ours, as Vega rounds to what its own ticks would need,
/// and 0.25, 0.5 and 0.75 become 0.3, 0.5 and 0.8.
fn labels(ticks: &[Tick]) -> String {
    let known = ticks.iter().filter_map(|tick| {
        let label = tick.label.clone()?;
        // The number as JavaScript writes it; where it would write an exponent, Vega's label serves.
        let size = tick.value.abs();
        let plain = tick.value == 0.0 || (1e-6..1e15).contains(&size);
        plain.then(|| (format!("{}", tick.value + 0.0), Value::String(label)))
    });
    let known: Map<String, Value> = known.collect();
    format!("{}[datum.value] || datum.label", Value::Object(known))
}

fn title(axis: &Axis) -> Value {
    let title = clean(&axis.title);
    if title.is_empty() {
        Value::Null
    } else {
        Value::String(title)
    }
}
