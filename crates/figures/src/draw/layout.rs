//! From a chart to a drawing: the size of the page, the grid of panels, and the room that every
//! text takes.
//!
//! The panels of a figure are all of one size. What stands around them (titles, labels, strips) is
//! measured first and reserved, the rest is theirs; as the labels depend on the size of the panels
//! and the other way round, this is done a few times, and reserved room never shrinks.

use ranef::Error;

use super::axes::{self, Labels, TICK_GAP};
use super::drawing::{
    Anchor, AxisBox, Drawing, Geometry, PanelBox, Part, Rect, Role, Shape, Stroke, Text, Tick,
};
use super::labels::{self, Obstacles};
use super::legend::Legend;
use super::marks::{Canvas, Losses};
use super::palette::{self, size};
use super::scale::{self, Placement};
use super::ticks::fixed;
use super::typography::{clean, length, shorten, wrap};
use crate::RenderOptions;
use crate::chart::{Along, Chart, Mark, Panel, Scale};

/// Points per millimetre.
pub(crate) const MILLIMETRE: f64 = 72.0 / 25.4;
/// The empty edge of the page.
const MARGIN: f64 = 5.0;
/// The tallest page that is made without being asked for: an A4 page within its margins.
const TALLEST: f64 = 240.0 * MILLIMETRE;
/// A panel smaller than this shows nothing.
const LEAST_PANEL: f64 = 24.0;

/// Lays a chart out.
///
/// # Errors
/// `figure_without_panels`; `figure_size` for a page that is not between 20 mm and 5 m;
/// `figure_too_small` where the texts leave no room for the panels.
pub fn layout(chart: &Chart, options: &RenderOptions) -> Result<Drawing, Error> {
    // What the renderer leaves out is said below the figure, which takes room, so that more may
    // have to be left out: the third time it is said as it is.
    let mut remarks = Vec::new();
    for attempt in 0.. {
        let (mut drawing, found) = Page::new(chart, options, &remarks)?.draw();
        if found == remarks || attempt == 2 {
            drawing.remarks = remarks;
            return Ok(drawing);
        }
        remarks = found;
    }
    unreachable!("the loop ends at its third turn")
}

/// A page whose panels have their places.
struct Page<'a> {
    chart: &'a Chart,
    width: f64,
    height: f64,
    /// Whether panels have an axis in common.
    shared: (bool, bool),
    columns: usize,
    frames: Vec<Rect>,
    x: Vec<Placement>,
    y: Vec<Placement>,
    below: Vec<Labels>,
    beside: Vec<Labels>,
    texts: Vec<Text>,
    legend: Legend<'a>,
    legend_at: (f64, f64, f64),
    zoom: f64,
}

/// Lines of text one below the other.
struct Block {
    lines: Vec<String>,
    size: f64,
    bold: bool,
}

impl Block {
    fn new(text: &str, room: f64, size: f64, bold: bool, lines: usize) -> Self {
        Self {
            lines: wrap(&clean(text), room, size, bold, lines),
            size,
            bold,
        }
    }

    fn height(&self) -> f64 {
        self.lines.len() as f64 * self.size * size::LEADING
    }

    /// Sets the lines from `top` on.
    fn set(
        &self,
        x: f64,
        top: f64,
        anchor: Anchor,
        role: Role,
        panel: Option<usize>,
        out: &mut Vec<Text>,
    ) {
        for (index, line) in self.lines.iter().enumerate() {
            out.push(Text {
                role,
                content: line.clone(),
                whole: None,
                x,
                y: top + (index as f64 + 0.82) * self.size * size::LEADING,
                anchor,
                size: self.size,
                bold: self.bold,
                turned: false,
                colour: match role {
                    Role::Subtitle | Role::Note => palette::SECOND,
                    _ => palette::INK,
                },
                length: length(line, self.size, self.bold),
                panel,
            });
        }
    }

    /// Sets the lines upwards from `left` on, around the height `middle`.
    fn set_turned(&self, left: f64, middle: f64, panel: Option<usize>, out: &mut Vec<Text>) {
        for (index, line) in self.lines.iter().enumerate() {
            out.push(Text {
                role: Role::AxisTitle,
                content: line.clone(),
                whole: None,
                x: left + (index as f64 + 0.82) * self.size * size::LEADING,
                y: middle,
                anchor: Anchor::Middle,
                size: self.size,
                bold: self.bold,
                turned: true,
                colour: palette::INK,
                length: length(line, self.size, self.bold),
                panel,
            });
        }
    }
}

/// The heading of a panel: its first line, and below it in smaller type what follows.
fn heading(title: &str, room: f64) -> Vec<Block> {
    let (first, rest) = title.split_once('\n').unwrap_or((title, ""));
    let mut out = vec![Block::new(first, room, size::PANEL, true, 4)];
    if !rest.trim().is_empty() {
        out.push(Block::new(rest, room, size::NOTE, false, 3));
    }
    out
}

/// Whether panels can have an axis in common: all of one kind, with the same names.
fn alike(panels: &[Panel], along: Along) -> bool {
    let kind = |panel: &'_ Panel| match along {
        Along::X => (panel.x.scale.clone(), panel.x.percent),
        Along::Y => (panel.y.scale.clone(), panel.y.percent),
    };
    panels
        .windows(2)
        .all(|pair| kind(&pair[0]) == kind(&pair[1]))
}

/// Millimetres that were asked for, in points.
fn page_length(asked: Option<f64>) -> Result<Option<f64>, Error> {
    match asked {
        None => Ok(None),
        Some(length) if (20.0..=5000.0).contains(&length) => Ok(Some(length * MILLIMETRE)),
        Some(length) => Err(Error::new(
            "figure_size",
            format!("a figure cannot be {length} mm wide or high"),
        )
        .with_hint(
            "give between 20 and 5000 millimetres; a column of a journal is 85, a page 180",
        )),
    }
}

/// Panels side by side.
fn columns(chart: &Chart, width: f64, height: Option<f64>, shared: (bool, bool)) -> usize {
    let count = chart.panels.len();
    let either = shared.0 || shared.1;
    if let Some(asked) = chart.columns {
        let mut columns = asked.clamp(1, count);
        let least = if either { 52.0 } else { 90.0 };
        while columns > 1 && width / (columns as f64) < least {
            columns -= 1;
        }
        return columns;
    }
    let target = match (either, count) {
        (false, _) => 150.0,
        (true, ..=4) => 150.0,
        (true, ..=12) => 105.0,
        (true, ..=30) => 80.0,
        _ => 62.0,
    };
    let least = if either { 56.0 } else { 100.0 };
    let cost = |columns: usize| {
        let rows = count.div_ceil(columns);
        let cell = width / columns as f64;
        let shape = match height {
            Some(height) => (cell / (height / rows as f64) / 1.1).ln().abs(),
            None => (cell / target).ln().abs(),
        };
        shape + 1.3 * (rows * columns - count) as f64 / count as f64
    };
    (1..=count)
        .filter(|&columns| columns == 1 || width / columns as f64 >= least)
        .min_by(|a, b| cost(*a).total_cmp(&cost(*b)))
        .unwrap_or(1)
}

impl<'a> Page<'a> {
    fn new(chart: &'a Chart, options: &RenderOptions, remarks: &[String]) -> Result<Self, Error> {
        let count = chart.panels.len();
        if count == 0 {
            return Err(Error::new(
                "figure_without_panels",
                format!("the figure `{}` has nothing to show", chart.name),
            ));
        }
        let width = page_length(options.width.or(chart.width))?.unwrap_or(150.0 * MILLIMETRE);
        let asked = page_length(options.height.or(chart.height))?;
        let shared = (
            chart.shared.x && alike(&chart.panels, Along::X),
            chart.shared.y && alike(&chart.panels, Along::Y),
        );
        let inner = width - 2.0 * MARGIN;

        // Above and below the panels.
        let mut texts = Vec::new();
        let mut top = MARGIN;
        if !options.plain {
            let title = Block::new(&chart.title, inner, size::TITLE, true, 3);
            title.set(MARGIN, top, Anchor::Start, Role::Title, None, &mut texts);
            top += title.height();
            if let Some(subtitle) = &chart.subtitle {
                let subtitle = Block::new(subtitle, inner, size::SUBTITLE, false, 3);
                subtitle.set(MARGIN, top, Anchor::Start, Role::Subtitle, None, &mut texts);
                top += subtitle.height();
            }
            if top > MARGIN {
                top += 4.0;
            }
        }
        let notes: Vec<Block> = chart
            .notes
            .iter()
            .chain(remarks)
            .map(|note| Block::new(note, inner, size::NOTE, false, 6))
            .collect();
        let notes_height: f64 = notes.iter().map(Block::height).sum();
        let legend = Legend::of(chart);
        let legend_height = legend.height(inner);
        let gap_above = |height: f64, gap: f64| if height > 0.0 { height + gap } else { 0.0 };
        let under = gap_above(legend_height, 5.0) + gap_above(notes_height, 4.0) + MARGIN;

        // The grid.
        let columns = columns(chart, inner, asked, shared);
        let rows = count.div_ceil(columns);
        let cell = |index: usize| (index / columns, index % columns);
        let has_below = |index: usize| index + columns < count;
        let gap_x = if shared.1 { 8.0 } else { 13.0 };
        let gap_y = if shared.0 { 8.0 } else { 12.0 };
        let right = 9.0;
        // In small panels smaller titles, or they would be broken.
        let axis_size = if inner / columns as f64 >= 165.0 {
            size::AXIS
        } else {
            size::TICK
        };
        let overhang = (gap_x / 2.0 - 1.0f64).min(right + MARGIN - 2.0).max(2.0);
        let overhang = if columns == 1 {
            right + MARGIN - 2.0
        } else {
            overhang
        };

        let panels: Vec<&Panel> = chart.panels.iter().collect();
        let domains = |along: Along, shared: bool| -> Vec<(f64, f64)> {
            if shared {
                vec![scale::domain(&panels, along); count]
            } else {
                panels
                    .iter()
                    .map(|panel| scale::domain(&[panel], along))
                    .collect()
            }
        };
        let (domain_x, domain_y) = (domains(Along::X, shared.0), domains(Along::Y, shared.1));

        // Titles of axes that are written: one if the axis is shared.
        let title_of = |texts: Vec<&str>| -> String {
            texts
                .into_iter()
                .find(|t| !t.is_empty())
                .unwrap_or("")
                .to_owned()
        };
        let common_x = title_of(panels.iter().map(|p| p.x.title.as_str()).collect());
        let common_y = title_of(panels.iter().map(|p| p.y.title.as_str()).collect());

        // Room that is reserved, found step by step.
        let mut label_width = vec![0.0f64; columns];
        let mut title_width = vec![0.0f64; columns];
        let mut common_width = 0.0f64;
        let mut label_height = vec![0.0f64; rows];
        let mut title_height = vec![0.0f64; rows];
        let mut strip = vec![0.0f64; rows];
        let mut panel_width = inner / columns as f64 * 0.75;
        let mut panel_height = asked.unwrap_or(panel_width) / rows as f64 * 0.6;
        let (mut below, mut beside) = (Vec::new(), Vec::new());
        let (mut x, mut y): (Vec<Placement>, Vec<Placement>) = (Vec::new(), Vec::new());
        let name_room = inner / columns as f64 * if columns == 1 { 0.42 } else { 0.38 };
        let common_height = if shared.0 && !common_x.is_empty() {
            Block::new(&common_x, inner * 0.8, size::AXIS, false, 2).height() + 2.0
        } else {
            0.0
        };
        for turn in 0..5 {
            // Down the page.
            for (index, panel) in panels.iter().enumerate() {
                if let Some(title) = &panel.title {
                    let height: f64 = heading(title, panel_width).iter().map(Block::height).sum();
                    let row = cell(index).0;
                    strip[row] = strip[row].max(gap_above(height, 2.0));
                }
            }
            let around: f64 = top
                + under
                + common_height
                + strip.iter().sum::<f64>()
                + label_height.iter().sum::<f64>()
                + title_height.iter().sum::<f64>()
                + (rows - 1) as f64 * gap_y;
            panel_height = match asked {
                Some(height) => (height - around) / rows as f64,
                // Once the width is settled the height is, too.
                None if turn < 3 => {
                    natural_height(chart, panel_width, shared, rows, around, name_room)
                }
                None => panel_height,
            };
            let frame = Rect {
                left: 0.0,
                top: 0.0,
                right: panel_width.max(1.0),
                bottom: panel_height.max(1.0),
            };
            // Labels beside the panels.
            y = panels
                .iter()
                .zip(&domain_y)
                .map(|(panel, domain)| vertical(panel, *domain, &frame))
                .collect();
            beside = panels
                .iter()
                .zip(&y)
                .map(|(panel, placement)| axes::vertical(&panel.y, placement, name_room))
                .collect();
            for (index, labels) in beside.iter().enumerate() {
                let column = cell(index).1;
                if shared.1 && column > 0 {
                    continue;
                }
                label_width[column] = label_width[column].max(gap_above(labels.extent, TICK_GAP));
                if !shared.1 && !panels[index].y.title.is_empty() {
                    let room = panel_height.max(40.0) + 6.0;
                    let block = Block::new(&panels[index].y.title, room, axis_size, false, 3);
                    title_width[column] = title_width[column].max(block.height() + 4.0);
                }
            }
            if shared.1 && !common_y.is_empty() {
                let room = panel_height * rows as f64 + (rows - 1) as f64 * gap_y;
                let block = Block::new(&common_y, room.max(40.0), size::AXIS, false, 2);
                common_width = common_width.max(block.height() + 4.0);
            }
            panel_width = (inner
                - common_width
                - label_width.iter().sum::<f64>()
                - title_width.iter().sum::<f64>()
                - (columns - 1) as f64 * gap_x
                - right)
                / columns as f64;
            // Labels below the panels.
            let frame = Rect {
                right: panel_width.max(1.0),
                ..frame
            };
            x = panels
                .iter()
                .zip(&domain_x)
                .map(|(panel, domain)| horizontal(panel, *domain, &frame))
                .collect();
            below = panels
                .iter()
                .zip(&x)
                .map(|(panel, placement)| axes::horizontal(&panel.x, placement, overhang))
                .collect();
            for (index, labels) in below.iter().enumerate() {
                let row = cell(index).0;
                let last = row + 1 == rows;
                if shared.0 && !last {
                    continue;
                }
                label_height[row] = label_height[row].max(gap_above(labels.extent, TICK_GAP));
                if !shared.0 && !panels[index].x.title.is_empty() {
                    let block =
                        Block::new(&panels[index].x.title, panel_width, axis_size, false, 3);
                    title_height[row] = title_height[row].max(block.height() + 1.0);
                }
            }
        }
        if panel_width < LEAST_PANEL || panel_height < LEAST_PANEL {
            return Err(Error::new(
                "figure_too_small",
                format!(
                    "the texts of the figure `{}` leave no room for its panels",
                    chart.name
                ),
            )
            .with_hint("ask for a wider or higher drawing (`--width`, `--height`), or leave the titles out"));
        }

        // Everything has its place now.
        let mut lefts = Vec::with_capacity(columns);
        let mut cursor = MARGIN + common_width;
        for column in 0..columns {
            cursor += title_width[column] + label_width[column];
            lefts.push(cursor);
            cursor += panel_width + gap_x;
        }
        let mut tops = Vec::with_capacity(rows);
        let mut cursor = top;
        for row in 0..rows {
            cursor += strip[row];
            tops.push(cursor);
            cursor += panel_height + label_height[row] + title_height[row];
            if row + 1 < rows {
                cursor += gap_y;
            }
        }
        let grid = Rect {
            left: lefts[0],
            right: lefts[columns - 1] + panel_width,
            top: tops[0],
            bottom: tops[rows - 1] + panel_height,
        };
        let mut page = Self {
            chart,
            width,
            height: 0.0,
            shared,
            columns,
            frames: Vec::with_capacity(count),
            x,
            y,
            below,
            beside,
            texts,
            legend,
            legend_at: (grid.left, 0.0, inner),
            zoom: (panel_width.min(panel_height) / 170.0)
                .sqrt()
                .clamp(0.72, 1.0),
        };
        for index in 0..count {
            let (row, column) = cell(index);
            let frame = Rect {
                left: lefts[column],
                right: lefts[column] + panel_width,
                top: tops[row],
                bottom: tops[row] + panel_height,
            };
            page.frames.push(frame);
            page.shift(index, &frame);
            let panel = &chart.panels[index];
            if let Some(title) = &panel.title {
                let blocks = heading(title, panel_width);
                let height: f64 = blocks.iter().map(Block::height).sum();
                let mut at = frame.top - 2.0 - height;
                for (block, role) in blocks.iter().zip([Role::PanelTitle, Role::Subtitle]) {
                    let panel = Some(index);
                    block.set(frame.left, at, Anchor::Start, role, panel, &mut page.texts);
                    at += block.height();
                }
            }
            if !shared.0 || !has_below(index) {
                page.write_below(index);
            } else {
                page.below[index]
                    .ticks
                    .iter_mut()
                    .for_each(|t| t.label = None);
            }
            if !shared.1 || column == 0 {
                page.write_beside(index);
            } else {
                page.beside[index]
                    .ticks
                    .iter_mut()
                    .for_each(|t| t.label = None);
            }
            if !shared.0 && !panel.x.title.is_empty() {
                let block = Block::new(&panel.x.title, panel_width, axis_size, false, 3);
                block.set(
                    (frame.left + frame.right) / 2.0,
                    frame.bottom + label_height[row] + 1.0,
                    Anchor::Middle,
                    Role::AxisTitle,
                    Some(index),
                    &mut page.texts,
                );
            }
            if !shared.1 && !panel.y.title.is_empty() {
                let block = Block::new(
                    &panel.y.title,
                    panel_height.max(40.0) + 6.0,
                    axis_size,
                    false,
                    3,
                );
                block.set_turned(
                    frame.left - label_width[column] - block.height() - 3.0,
                    (frame.top + frame.bottom) / 2.0,
                    Some(index),
                    &mut page.texts,
                );
            }
        }
        if shared.0 && !common_x.is_empty() {
            let block = Block::new(&common_x, inner * 0.8, size::AXIS, false, 2);
            let widest = block
                .lines
                .iter()
                .map(|line| length(line, size::AXIS, false))
                .fold(0.0, f64::max);
            let middle = ((grid.left + grid.right) / 2.0)
                .max(MARGIN + widest / 2.0)
                .min(width - MARGIN - widest / 2.0);
            block.set(
                middle,
                cursor + 1.0,
                Anchor::Middle,
                Role::AxisTitle,
                None,
                &mut page.texts,
            );
            cursor += common_height;
        }
        if shared.1 && !common_y.is_empty() {
            let block = Block::new(&common_y, grid.height(), size::AXIS, false, 2);
            block.set_turned(
                MARGIN,
                (grid.top + grid.bottom) / 2.0,
                None,
                &mut page.texts,
            );
        }
        // Legend and notes stand at the foot.
        if legend_height > 0.0 {
            cursor += 5.0;
            let needs = inner - (grid.left - MARGIN);
            // Under the panels where that takes no further row, else from the edge of the page.
            let left = if page.legend.height(needs) <= legend_height {
                grid.left
            } else {
                MARGIN
            };
            page.legend_at = (left, cursor, width - MARGIN - left);
            cursor += legend_height;
        }
        if notes_height > 0.0 {
            cursor += 4.0;
            for note in &notes {
                note.set(
                    MARGIN,
                    cursor,
                    Anchor::Start,
                    Role::Note,
                    None,
                    &mut page.texts,
                );
                cursor += note.height();
            }
        }
        page.height = cursor + MARGIN;
        if let Some(asked) = asked {
            page.height = page.height.max(asked);
        }
        Ok(page)
    }

    /// Moves the scales and ticks of a panel from a corner of the page to its frame.
    fn shift(&mut self, index: usize, frame: &Rect) {
        let (x, y) = (&mut self.x[index], &mut self.y[index]);
        x.start += frame.left;
        x.end += frame.left;
        y.start += frame.top;
        y.end += frame.top;
        self.below[index]
            .ticks
            .iter_mut()
            .for_each(|t| t.place += frame.left);
        self.beside[index]
            .ticks
            .iter_mut()
            .for_each(|t| t.place += frame.top);
    }

    fn tick_text(
        &self,
        line: &str,
        x: f64,
        y: f64,
        anchor: Anchor,
        turned: bool,
        panel: usize,
    ) -> Text {
        Text {
            role: Role::Tick,
            content: line.to_owned(),
            whole: None,
            x,
            y,
            anchor,
            size: size::TICK,
            bold: false,
            turned,
            colour: palette::SECOND,
            length: length(line, size::TICK, false),
            panel: Some(panel),
        }
    }

    fn write_below(&mut self, index: usize) {
        let frame = self.frames[index];
        let labels = &self.below[index];
        let mut texts = Vec::new();
        for (tick, lines) in labels.ticks.iter().zip(&labels.lines) {
            for (order, line) in lines.iter().enumerate() {
                let mut text = if labels.turned {
                    self.tick_text(
                        line,
                        tick.place + 0.355 * size::TICK,
                        frame.bottom + TICK_GAP,
                        Anchor::End,
                        true,
                        index,
                    )
                } else {
                    let y = frame.bottom + TICK_GAP + 0.78 * size::TICK + order as f64 * axes::LINE;
                    self.tick_text(line, tick.place, y, Anchor::Middle, false, index)
                };
                text.whole = whole(tick, lines);
                texts.push(text);
            }
        }
        self.texts.extend(texts);
    }

    fn write_beside(&mut self, index: usize) {
        let frame = self.frames[index];
        let labels = &self.beside[index];
        let mut texts = Vec::new();
        for (tick, lines) in labels.ticks.iter().zip(&labels.lines) {
            let first =
                tick.place + 0.355 * size::TICK - (lines.len() as f64 - 1.0) / 2.0 * axes::LINE;
            for (order, line) in lines.iter().enumerate() {
                let y = first + order as f64 * axes::LINE;
                let mut text =
                    self.tick_text(line, frame.left - TICK_GAP, y, Anchor::End, false, index);
                text.whole = whole(tick, lines);
                texts.push(text);
            }
        }
        self.texts.extend(texts);
    }

    /// Draws the panels and says what had to be left out.
    fn draw(mut self) -> (Drawing, Vec<String>) {
        let mut shapes = Vec::new();
        let mut losses = Losses::default();
        let mut panels = Vec::with_capacity(self.frames.len());
        for index in 0..self.frames.len() {
            self.draw_panel(index, &mut shapes, &mut losses);
            panels.push(PanelBox {
                frame: self.frames[index],
                row: index / self.columns,
                column: index % self.columns,
                x: AxisBox {
                    domain: self.x[index].domain,
                    shared: self.shared.0,
                    names: matches!(self.chart.panels[index].x.scale, Scale::Categories(_)),
                    ticks: self.below[index].ticks.clone(),
                },
                y: AxisBox {
                    domain: self.y[index].domain,
                    shared: self.shared.1,
                    names: matches!(self.chart.panels[index].y.scale, Scale::Categories(_)),
                    ticks: self.beside[index].ticks.clone(),
                },
            });
        }
        let (left, top, width) = self.legend_at;
        self.legend
            .draw(left, top, width, &mut shapes, &mut self.texts);
        let strides = self.below.iter().chain(&self.beside).map(|l| l.stride);
        let found = remarks(&losses, strides.max().unwrap_or(1));
        let drawing = Drawing {
            width: self.width,
            height: self.height,
            title: clean(&self.chart.title),
            description: clean(&self.chart.description),
            panels,
            shapes,
            texts: self.texts,
            remarks: Vec::new(),
        };
        (drawing, found)
    }

    fn draw_panel(&mut self, index: usize, shapes: &mut Vec<Shape>, losses: &mut Losses) {
        let panel = &self.chart.panels[index];
        let frame = self.frames[index];
        let hair = |colour| {
            Some(Stroke {
                colour,
                opacity: 1.0,
                width: palette::HAIR,
                dash: Vec::new(),
            })
        };
        let lines = |part, lines: Vec<Vec<(f64, f64)>>, colour| Shape {
            part,
            panel: Some(index),
            geometry: Geometry::Lines {
                lines,
                names: Vec::new(),
            },
            stroke: hair(colour),
            fill: None,
        };
        let mut grid = Vec::new();
        let mut ticks = Vec::new();
        for tick in &self.below[index].ticks {
            if panel.x.grid {
                grid.push(vec![(tick.place, frame.top), (tick.place, frame.bottom)]);
            }
            if tick.label.is_some() {
                ticks.push(vec![
                    (tick.place, frame.bottom),
                    (tick.place, frame.bottom + 2.2),
                ]);
            }
        }
        for tick in &self.beside[index].ticks {
            if panel.y.grid {
                grid.push(vec![(frame.left, tick.place), (frame.right, tick.place)]);
            }
            if tick.label.is_some() {
                ticks.push(vec![
                    (frame.left - 2.2, tick.place),
                    (frame.left, tick.place),
                ]);
            }
        }
        if !grid.is_empty() {
            shapes.push(lines(Part::Grid, grid, palette::GRID));
        }
        if !ticks.is_empty() {
            shapes.push(lines(Part::Grid, ticks, palette::FRAME));
        }
        shapes.push(Shape {
            part: Part::Frame,
            panel: Some(index),
            geometry: Geometry::Rects(vec![frame]),
            stroke: hair(palette::FRAME),
            fill: None,
        });
        let canvas = Canvas {
            frame,
            x: self.x[index],
            y: self.y[index],
            panel: index,
            zoom: self.zoom.min(pitch(panel, &frame) / 5.5).max(0.4),
        };
        let mut empty = true;
        let mut taken = Obstacles::default();
        let labelled = (panel.layers.iter()).any(|l| matches!(l.mark, Mark::Labels { .. }));
        for layer in &panel.layers {
            let drawn = canvas.shapes(layer, losses);
            empty &= drawn.is_empty();
            if labelled {
                drawn.iter().for_each(|shape| taken.add(&shape.geometry));
            }
            shapes.extend(drawn);
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
                    Some(((canvas.x.place(*x)?, canvas.y.place(*y)?), text.as_str()))
                })
                .filter(|((x, y), _)| {
                    frame.contains(
                        &Rect {
                            left: *x,
                            right: *x,
                            top: *y,
                            bottom: *y,
                        },
                        0.0,
                    )
                })
                .collect();
            empty &= points.is_empty();
            losses.unlabelled += labels::place(&points, &frame, index, &mut taken, &mut self.texts);
        }
        if empty {
            let content = shorten("no data", frame.width() - 4.0, size::LABEL, false);
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
}

/// The whole of a label that was shortened.
fn whole(tick: &Tick, lines: &[String]) -> Option<String> {
    tick.label.clone().filter(|label| *label != lines.join(" "))
}

pub(crate) fn horizontal(panel: &Panel, domain: (f64, f64), frame: &Rect) -> Placement {
    Placement {
        logarithmic: panel.x.scale == Scale::Log,
        domain,
        start: frame.left,
        end: frame.right,
    }
}

pub(crate) fn vertical(panel: &Panel, domain: (f64, f64), frame: &Rect) -> Placement {
    // The first name is uppermost.
    let downwards = matches!(panel.y.scale, Scale::Categories(_));
    Placement {
        logarithmic: panel.y.scale == Scale::Log,
        domain,
        start: if downwards { frame.top } else { frame.bottom },
        end: if downwards { frame.bottom } else { frame.top },
    }
}

/// The room of a name on the axes, in points.
fn pitch(panel: &Panel, frame: &Rect) -> f64 {
    let of = |scale: &Scale, length: f64| match scale {
        Scale::Categories(names) => length / names.len().max(1) as f64,
        _ => f64::INFINITY,
    };
    of(&panel.x.scale, frame.width()).min(of(&panel.y.scale, frame.height()))
}

/// How high panels want to be where nobody says.
fn natural_height(
    chart: &Chart,
    width: f64,
    shared: (bool, bool),
    rows: usize,
    around: f64,
    room: f64,
) -> f64 {
    let most = ((TALLEST - around) / rows as f64).max(60.0);
    let names = chart
        .panels
        .iter()
        .filter_map(|panel| match &panel.y.scale {
            Scale::Categories(names) => Some(names),
            _ => None,
        })
        .max_by_key(|names| names.len());
    if let Some(names) = names {
        // Lines that the longest name takes, where there are few names.
        let lines = if names.len() <= 30 {
            let lines = |name: &String| wrap(&clean(name), room, size::TICK, false, 3).len();
            names.iter().map(lines).max().unwrap_or(1)
        } else {
            1
        };
        let count = names.len() as f64;
        let comfortable = count * (13.0f64).max(lines as f64 * axes::LINE + 4.0) + 8.0;
        let tight = count * (axes::LINE + 0.2);
        return if comfortable <= 320.0 {
            comfortable.max(36.0)
        } else {
            tight.max(320.0).min(most.max(tight.min(320.0)))
        };
    }
    let share = match (chart.panels.len(), shared.0 || shared.1) {
        (1, _) if width > 200.0 => 0.62,
        (1, _) => 0.8,
        (_, true) => 0.92,
        (_, false) if width < 110.0 => 0.9,
        (_, false) => 0.78,
    };
    (share * width).clamp(50.0, 340.0).min(most)
}

/// Sentences on what is not shown as it was given.
fn remarks(losses: &Losses, stride: usize) -> Vec<String> {
    let number = |n: usize| fixed(n as f64, 0);
    let mut out = Vec::new();
    if losses.binned > 0 {
        out.push(format!(
            "{} points are shown as a density: the darker a square, the more points it holds (up to {}).",
            number(losses.binned),
            number(losses.densest)
        ));
    }
    if let Some((given, drawn)) = losses.thinned {
        out.push(format!(
            "{} of {} lines are drawn, evenly chosen in their order.",
            number(drawn),
            number(given)
        ));
    }
    if losses.not_positive > 0 {
        out.push(format!(
            "{} points have no place on a logarithmic axis.",
            number(losses.not_positive)
        ));
    }
    if losses.outside > 0 {
        out.push(format!(
            "{} points lie outside the axes.",
            number(losses.outside)
        ));
    }
    if losses.unlabelled > 0 {
        out.push(format!(
            "{} labels are left out for want of room.",
            number(losses.unlabelled)
        ));
    }
    if stride > 1 {
        let ending = match (stride % 10, stride % 100) {
            (1, n) if n != 11 => "st",
            (2, n) if n != 12 => "nd",
            (3, n) if n != 13 => "rd",
            _ => "th",
        };
        out.push(format!(
            "Every {stride}{ending} name is written at the axis."
        ));
    }
    out
}
