//! The panels of a page: grid, ticks, marks, labels.

use super::axes::{self, Labels, TICK_GAP};
use super::drawing::{
    Anchor, AxisBox, Geometry, PanelBox, Part, Rect, Rgb, Role, Shape, Stroke, Text, Tick,
};
use super::grid::Grid;
use super::labels::{self, Obstacles};
use super::losses::Losses;
use super::marks::Canvas;
use super::palette::{self, size};
use super::scale::Placement;
use super::typography::{length, shorten};
use crate::chart::{Mark, Panel, Scale};

/// The height of figures above their baseline, by half: what centres a line of type.
const HALF: f64 = 0.355 * size::TICK;

/// Panels being drawn at their places.
pub(crate) struct Panels<'a> {
    pub grid: &'a Grid<'a>,
    pub frames: &'a [Rect],
    pub shapes: Vec<Shape>,
    pub texts: Vec<Text>,
    pub losses: Losses,
}

/// A panel's axes at their place on the page.
struct Axes {
    x: Placement,
    y: Placement,
    below: Labels,
    beside: Labels,
}

fn moved(placement: Placement, by: f64) -> Placement {
    Placement {
        start: placement.start + by,
        end: placement.end + by,
        ..placement
    }
}

/// The same labels along an axis that lies elsewhere; without their texts where they are not
/// written.
fn shifted(labels: &Labels, by: f64, written: bool) -> Labels {
    let mut labels = labels.clone();
    for tick in &mut labels.ticks {
        tick.place += by;
        if !written {
            tick.label = None;
        }
    }
    if !written {
        labels.lines.clear();
        labels.stride = 1;
    }
    labels
}

impl Panels<'_> {
    /// Draws a panel and says where it and its axes are.
    pub fn draw(&mut self, index: usize) -> PanelBox {
        let frame = self.frames[index];
        let grid = self.grid;
        let panel = &grid.chart.panels[index];
        let (writes_x, writes_y) = grid.writes(index);
        let axes = Axes {
            x: moved(grid.x[index], frame.left),
            y: moved(grid.y[index], frame.top),
            below: shifted(&grid.below[index], frame.left, writes_x),
            beside: shifted(&grid.beside[index], frame.top, writes_y),
        };
        self.losses.stride = (self.losses.stride)
            .max(axes.below.stride)
            .max(axes.beside.stride);
        self.write_below(index, &axes.below);
        self.write_beside(index, &axes.beside);
        self.draw_grid(index, &axes);
        self.draw_marks(index, &axes);
        let (row, column) = grid.cell(index);
        let names = |scale: &Scale| matches!(scale, Scale::Categories(_));
        PanelBox {
            frame,
            row,
            column,
            x: AxisBox {
                domain: axes.x.domain,
                shared: grid.shared.0,
                names: names(&panel.x.scale),
                ticks: axes.below.ticks,
            },
            y: AxisBox {
                domain: axes.y.domain,
                shared: grid.shared.1,
                names: names(&panel.y.scale),
                ticks: axes.beside.ticks,
            },
        }
    }

    fn write_below(&mut self, index: usize, labels: &Labels) {
        let top = self.frames[index].bottom + TICK_GAP;
        for (tick, lines) in labels.ticks.iter().zip(&labels.lines) {
            for (order, line) in lines.iter().enumerate() {
                let (x, y, anchor) = if labels.turned {
                    (tick.place + HALF, top, Anchor::End)
                } else {
                    let y = top + 0.78 * size::TICK + order as f64 * axes::LINE;
                    (tick.place, y, Anchor::Middle)
                };
                self.texts.push(Text {
                    turned: labels.turned,
                    whole: whole(tick, lines),
                    ..tick_text(line, x, y, anchor, index)
                });
            }
        }
    }

    fn write_beside(&mut self, index: usize, labels: &Labels) {
        let x = self.frames[index].left - TICK_GAP;
        for (tick, lines) in labels.ticks.iter().zip(&labels.lines) {
            let first = tick.place + HALF - (lines.len() as f64 - 1.0) / 2.0 * axes::LINE;
            for (order, line) in lines.iter().enumerate() {
                let y = first + order as f64 * axes::LINE;
                self.texts.push(Text {
                    whole: whole(tick, lines),
                    ..tick_text(line, x, y, Anchor::End, index)
                });
            }
        }
    }

    fn draw_grid(&mut self, index: usize, axes: &Axes) {
        let frame = self.frames[index];
        let panel = &self.grid.chart.panels[index];
        let mut grid = Vec::new();
        let mut ticks = Vec::new();
        for tick in &axes.below.ticks {
            let at = |y| (tick.place, y);
            if panel.x.grid {
                grid.push(vec![at(frame.top), at(frame.bottom)]);
            }
            if tick.label.is_some() {
                ticks.push(vec![at(frame.bottom), at(frame.bottom + 2.2)]);
            }
        }
        for tick in &axes.beside.ticks {
            let at = |x| (x, tick.place);
            if panel.y.grid {
                grid.push(vec![at(frame.left), at(frame.right)]);
            }
            if tick.label.is_some() {
                ticks.push(vec![at(frame.left - 2.2), at(frame.left)]);
            }
        }
        let edge = Geometry::Rects(vec![frame]);
        for (part, geometry, colour) in [
            (Part::Grid, lines(grid), palette::GRID),
            (Part::Grid, lines(ticks), palette::FRAME),
            (Part::Frame, edge, palette::FRAME),
        ] {
            if !geometry.is_empty() {
                self.shapes.push(hair(part, index, geometry, colour));
            }
        }
    }

    fn draw_marks(&mut self, index: usize, axes: &Axes) {
        let panel = &self.grid.chart.panels[index];
        let frame = self.frames[index];
        let (width, height) = self.grid.panel;
        let zoom = (width.min(height) / 170.0).sqrt().clamp(0.72, 1.0);
        let canvas = Canvas {
            frame,
            x: axes.x,
            y: axes.y,
            panel: index,
            zoom: zoom.min(pitch(panel, &frame) / 5.5).max(0.4),
        };
        let mut empty = true;
        let mut taken = Obstacles::default();
        let labelled = (panel.layers.iter()).any(|l| matches!(l.mark, Mark::Labels { .. }));
        for layer in &panel.layers {
            let drawn = canvas.shapes(layer, &mut self.losses);
            empty &= drawn.is_empty();
            if labelled {
                drawn.iter().for_each(|shape| taken.add(&shape.geometry));
            }
            self.shapes.extend(drawn);
        }
        for layer in &panel.layers {
            let Mark::Labels { x, y, texts } = &layer.mark else {
                continue;
            };
            let points: Vec<((f64, f64), &str)> = x
                .iter()
                .zip(y)
                .zip(texts)
                .filter_map(|((x, y), text)| {
                    let (x, y) = (axes.x.place(*x)?, axes.y.place(*y)?);
                    frame.holds((x, y)).then_some(((x, y), text.as_str()))
                })
                .collect();
            empty &= points.is_empty();
            self.losses.unlabelled +=
                labels::place(&points, &frame, index, &mut taken, &mut self.texts);
        }
        if empty {
            self.say_empty(index);
        }
    }

    fn say_empty(&mut self, index: usize) {
        let frame = self.frames[index];
        let content = shorten("no data", frame.width() - 4.0, size::LABEL, false);
        if content.is_empty() {
            return;
        }
        self.texts.push(Text {
            role: Role::Label,
            length: length(&content, size::LABEL, false),
            content,
            whole: None,
            x: (frame.left + frame.right) / 2.0,
            y: (frame.top + frame.bottom) / 2.0 + 0.3 * size::LABEL,
            anchor: Anchor::Middle,
            size: size::LABEL,
            bold: false,
            turned: false,
            colour: palette::SECOND,
            panel: Some(index),
        });
    }
}

fn lines(lines: Vec<Vec<(f64, f64)>>) -> Geometry {
    Geometry::Lines {
        lines,
        names: Vec::new(),
    }
}

/// Thin lines.
fn hair(part: Part, panel: usize, geometry: Geometry, colour: Rgb) -> Shape {
    Shape {
        part,
        panel: Some(panel),
        geometry,
        stroke: Some(Stroke {
            colour,
            opacity: 1.0,
            width: palette::HAIR,
            dash: Vec::new(),
        }),
        fill: None,
    }
}

fn tick_text(line: &str, x: f64, y: f64, anchor: Anchor, panel: usize) -> Text {
    Text {
        role: Role::Tick,
        content: line.to_owned(),
        whole: None,
        x,
        y,
        anchor,
        size: size::TICK,
        bold: false,
        turned: false,
        colour: palette::SECOND,
        length: length(line, size::TICK, false),
        panel: Some(panel),
    }
}

/// The whole of a label that was shortened.
fn whole(tick: &Tick, lines: &[String]) -> Option<String> {
    tick.label.clone().filter(|label| *label != lines.join(" "))
}

/// The room of a name on the axes, in points.
fn pitch(panel: &Panel, frame: &Rect) -> f64 {
    let of = |scale: &Scale, length: f64| match scale {
        Scale::Categories(names) => length / names.len().max(1) as f64,
        _ => f64::INFINITY,
    };
    of(&panel.x.scale, frame.width()).min(of(&panel.y.scale, frame.height()))
}
