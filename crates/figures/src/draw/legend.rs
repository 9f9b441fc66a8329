//! The legend: one entry per key, with every line, symbol and filling that carries it.

use super::drawing::{Anchor, Geometry, Part, Rect, Role, Shape, Text};
use super::marks::{arrow, band_fill, symbol_look};
use super::palette::{self, size};
use super::typography::{clean, length, shorten};
use crate::chart::{Along, Chart, Layer, Mark};

/// The sample before an entry's text.
const SAMPLE: f64 = 17.0;
const AFTER_SAMPLE: f64 = 4.0;
const BETWEEN: f64 = 13.0;
/// From one row of entries to the next.
const ROW: f64 = 12.0;

/// The entries of a legend.
pub(crate) struct Legend<'a> {
    entries: Vec<(String, Vec<&'a Layer>)>,
}

impl<'a> Legend<'a> {
    pub fn of(chart: &'a Chart) -> Self {
        let mut entries: Vec<(String, Vec<&Layer>)> = Vec::new();
        for layer in chart.panels.iter().flat_map(|panel| &panel.layers) {
            let Some(key) = &layer.key else { continue };
            let key = clean(key);
            if key.is_empty() {
                continue;
            }
            let index = match entries.iter().position(|(known, _)| *known == key) {
                Some(index) => index,
                None => {
                    entries.push((key, Vec::new()));
                    entries.len() - 1
                }
            };
            let same = |other: &&Layer| {
                other.style == layer.style
                    && std::mem::discriminant(&other.mark) == std::mem::discriminant(&layer.mark)
            };
            if !entries[index].1.iter().any(same) {
                entries[index].1.push(layer);
            }
        }
        Self { entries }
    }

    /// Each entry's row and beginning, in a legend `width` wide.
    fn flow(&self, width: f64) -> Vec<(usize, f64, String)> {
        let mut out = Vec::new();
        let (mut row, mut x) = (0, 0.0);
        // Entries stand below each other in columns where that takes no more rows.
        let room = width - SAMPLE - AFTER_SAMPLE;
        let texts: Vec<String> = self
            .entries
            .iter()
            .map(|(key, _)| shorten(key, room, size::LEGEND, false))
            .collect();
        let wide = |text: &str| SAMPLE + AFTER_SAMPLE + length(text, size::LEGEND, false);
        let widest = texts.iter().map(|t| wide(t)).fold(0.0, f64::max) + BETWEEN;
        let abreast = (((width + BETWEEN) / widest).floor() as usize).max(1);
        let flowing = {
            let (mut rows, mut x) = (1, 0.0);
            for text in &texts {
                if x > 0.0 && x + wide(text) > width {
                    rows += 1;
                    x = 0.0;
                }
                x += wide(text) + BETWEEN;
            }
            rows
        };
        let aligned = flowing > 1 && texts.len().div_ceil(abreast) <= flowing;
        for (index, text) in texts.into_iter().enumerate() {
            let own = wide(&text);
            if aligned {
                row = index / abreast;
                x = (index % abreast) as f64 * widest;
            } else if x > 0.0 && x + own > width {
                row += 1;
                x = 0.0;
            }
            out.push((row, x, text));
            x += own + BETWEEN;
        }
        out
    }

    /// The height of the legend.
    pub fn height(&self, width: f64) -> f64 {
        self.flow(width)
            .last()
            .map_or(0.0, |(row, _, _)| (row + 1) as f64 * ROW)
    }

    /// Draws the entries below `top`, from `left` on.
    pub fn draw(
        &self,
        left: f64,
        top: f64,
        width: f64,
        shapes: &mut Vec<Shape>,
        texts: &mut Vec<Text>,
    ) {
        for ((key, layers), (row, x, text)) in self.entries.iter().zip(self.flow(width)) {
            let middle = top + row as f64 * ROW + ROW / 2.0;
            let frame = Rect {
                left: left + x,
                right: left + x + SAMPLE,
                top: middle - 4.0,
                bottom: middle + 4.0,
            };
            for layer in layers {
                sample(layer, &frame, shapes);
            }
            texts.push(Text {
                role: Role::Legend,
                whole: (text != *key).then(|| key.clone()),
                length: length(&text, size::LEGEND, false),
                content: text,
                x: left + x + SAMPLE + AFTER_SAMPLE,
                y: middle + 0.355 * size::LEGEND,
                anchor: Anchor::Start,
                size: size::LEGEND,
                bold: false,
                turned: false,
                colour: palette::INK,
                panel: None,
            });
        }
    }
}

/// What a layer looks like, in a small frame.
fn sample(layer: &Layer, frame: &Rect, shapes: &mut Vec<Shape>) {
    let style = &layer.style;
    let (x, y) = (
        (frame.left + frame.right) / 2.0,
        (frame.top + frame.bottom) / 2.0,
    );
    let across = vec![(frame.left, y), (frame.right, y)];
    let mut add = |geometry, stroke, fill| {
        shapes.push(Shape {
            part: Part::Legend,
            panel: None,
            geometry,
            stroke,
            fill,
        });
    };
    let line = |points: Vec<(f64, f64)>| Geometry::Lines {
        lines: vec![points],
        names: Vec::new(),
    };
    match &layer.mark {
        Mark::Points { .. } => {
            // Symbols that are tiny because there are many of them would not be seen alone.
            let radius = (palette::SYMBOL / 2.0 * palette::scale(style)).clamp(1.6, 3.6);
            // Faint marks lie upon each other in the figure; alone they could not be seen.
            let style = style.opacity(palette::opacity(style).max(0.6));
            let (stroke, fill) = symbol_look(&style, radius);
            add(
                Geometry::Symbols {
                    symbol: style.symbol,
                    radius,
                    at: vec![(x, y)],
                    names: Vec::new(),
                },
                stroke,
                fill,
            );
        }
        Mark::Lines(_) | Mark::Outline(_) => {
            let style = style.opacity(palette::opacity(style).max(0.5));
            add(
                line(across),
                Some(palette::stroke(&style, palette::LINE)),
                None,
            );
        }
        Mark::Rules(_) => add(
            line(across),
            Some(palette::stroke(style, 0.75 * palette::LINE)),
            None,
        ),
        Mark::Intervals { along, .. } => {
            let points = match along {
                Along::X => across,
                Along::Y => vec![(x, frame.top - 0.5), (x, frame.bottom + 0.5)],
            };
            add(
                line(points),
                Some(palette::stroke(style, palette::LINE)),
                None,
            );
        }
        Mark::Band { .. } => add(Geometry::Rects(vec![*frame]), None, Some(band_fill(style))),
        Mark::Bars { .. } => add(
            Geometry::Rects(vec![Rect {
                left: x - 5.0,
                right: x + 5.0,
                ..*frame
            }]),
            None,
            Some(super::drawing::Fill {
                colour: palette::colour(style.colour),
                opacity: palette::opacity(style),
            }),
        ),
        Mark::Arrows { .. } => {
            let stroke = palette::stroke(style, 0.75 * palette::LINE);
            let (shaft, head) = arrow(across[0], across[1], true, 4.0);
            let fill = super::drawing::Fill {
                colour: stroke.colour,
                opacity: stroke.opacity,
            };
            add(line(shaft), Some(stroke), None);
            add(
                Geometry::Areas(head.into_iter().collect()),
                None,
                Some(fill),
            );
        }
        Mark::Labels { .. } => {}
    }
}
