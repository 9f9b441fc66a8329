//! The grid of panels: how many side by side, how large, and the room around them.
//!
//! All panels of a figure are of one size. What stands around them (headings, labels, titles of
//! axes) is measured and reserved, the rest is theirs; as labels depend on the size of the panels
//! and the other way round, this is done a few times, and reserved room never shrinks.

use super::axes::{self, Labels, TICK_GAP};
use super::block::{Block, heading};
use super::drawing::Rect;
use super::palette::size;
use super::scale::{self, Domain, Placement};
use super::typography::{clean, wrap};
use crate::chart::{Along, Axis, Chart, Panel, Scale};

/// The empty edge of the page.
pub(crate) const MARGIN: f64 = 5.0;
/// The tallest page that is made without being asked for: A4 within its margins, in points.
const TALLEST: f64 = 240.0 * super::layout::MILLIMETRE;
/// Room right of the panels for half a label.
const RIGHT: f64 = 9.0;
/// Turns in which the size of the panels settles: real figures need two or three.
const TURNS: usize = 5;

/// The page as far as the grid has to know it.
pub(crate) struct Room {
    /// Width within the margins.
    pub inner: f64,
    /// Height of the page that was asked for.
    pub asked: Option<f64>,
    /// What stands above and below the grid, with the margins.
    pub around: f64,
}

/// Panels with their axes, each in a frame that begins at (0, 0), and what is reserved around them.
pub(crate) struct Grid<'a> {
    pub chart: &'a Chart,
    /// Whether the panels have their x and y axes in common.
    pub shared: (bool, bool),
    pub columns: usize,
    pub rows: usize,
    /// Width and height of a panel.
    pub panel: (f64, f64),
    pub x: Vec<Placement>,
    pub y: Vec<Placement>,
    /// Labels below and beside each panel.
    pub below: Vec<Labels>,
    pub beside: Vec<Labels>,
    /// Between columns and between rows.
    gap: (f64, f64),
    inner: f64,
    axis_size: f64,
    name_room: f64,
    heading: Vec<f64>,
    /// Of each row.
    pub label_height: Vec<f64>,
    title_height: Vec<f64>,
    /// Of each column.
    pub label_width: Vec<f64>,
    title_width: Vec<f64>,
    /// The common titles: width of that of y, height of that of x.
    common: (f64, f64),
}

/// Air above what takes room at all.
pub(crate) fn with_gap(length: f64, gap: f64) -> f64 {
    if length > 0.0 { length + gap } else { 0.0 }
}

fn reserve(room: &mut f64, needed: f64) {
    *room = room.max(needed);
}

impl<'a> Grid<'a> {
    /// Settles the size of the panels. The chart has at least one.
    pub fn new(chart: &'a Chart, room: &Room) -> Self {
        let inner = room.inner;
        let shared = (
            chart.shared.x && alike(&chart.panels, Along::X),
            chart.shared.y && alike(&chart.panels, Along::Y),
        );
        let count = chart.panels.len();
        let columns = columns(chart, inner, room.asked, shared);
        let rows = count.div_ceil(columns);
        let cell = inner / columns as f64;
        let width = 0.75 * cell;
        let mut grid = Self {
            chart,
            shared,
            columns,
            rows,
            panel: (width, room.asked.unwrap_or(width) / rows as f64 * 0.6),
            x: Vec::new(),
            y: Vec::new(),
            below: Vec::new(),
            beside: Vec::new(),
            gap: (
                if shared.1 { 10.0 } else { 15.0 },
                if shared.0 { 8.0 } else { 12.0 },
            ),
            inner,
            // In small panels smaller titles, or they would be broken.
            axis_size: if cell >= 165.0 {
                size::AXIS
            } else {
                size::TICK
            },
            name_room: cell * if columns == 1 { 0.42 } else { 0.38 },
            heading: vec![0.0; rows],
            label_height: vec![0.0; rows],
            title_height: vec![0.0; rows],
            label_width: vec![0.0; columns],
            title_width: vec![0.0; columns],
            common: (0.0, 0.0),
        };
        if let Some(title) = grid.common_x() {
            grid.common.1 = title.height() + 2.0;
        }
        let domains = (grid.domains(Along::X), grid.domains(Along::Y));
        for turn in 0..TURNS {
            grid.reserve_headings();
            let around = room.around + grid.reserved_height();
            grid.panel.1 = match room.asked {
                Some(height) => (height - around) / rows as f64,
                // Once the width is settled the height is, too.
                None if turn < TURNS - 2 => grid.natural_height(around),
                None => grid.panel.1,
            };
            grid.label_beside(&domains.1);
            grid.panel.0 = (inner - grid.reserved_width()) / columns as f64;
            grid.label_below(&domains.0);
        }
        grid
    }

    fn panels(&self) -> &'a [Panel] {
        &self.chart.panels
    }

    /// Row and column of a panel.
    pub fn cell(&self, index: usize) -> (usize, usize) {
        (index / self.columns, index % self.columns)
    }

    /// Whether the panel writes its x axis, and its y axis.
    pub fn writes(&self, index: usize) -> (bool, bool) {
        let has_below = index + self.columns < self.panels().len();
        (
            !self.shared.0 || !has_below,
            !self.shared.1 || index.is_multiple_of(self.columns),
        )
    }

    fn domains(&self, along: Along) -> Vec<Domain> {
        let panels: Vec<&Panel> = self.panels().iter().collect();
        let shared = match along {
            Along::X => self.shared.0,
            Along::Y => self.shared.1,
        };
        if shared {
            return vec![scale::domain(&panels, along); panels.len()];
        }
        let own = |panel: &&Panel| scale::domain(&[*panel], along);
        panels.iter().map(own).collect()
    }

    /// A frame of a panel at the corner of the page; never without size.
    fn frame(&self) -> Rect {
        Rect {
            left: 0.0,
            top: 0.0,
            right: self.panel.0.max(1.0),
            bottom: self.panel.1.max(1.0),
        }
    }

    fn reserve_headings(&mut self) {
        for (index, panel) in self.panels().iter().enumerate() {
            if let Some(title) = &panel.title {
                let lines = heading(title, self.panel.0);
                let height: f64 = lines.iter().map(Block::height).sum();
                reserve(
                    &mut self.heading[index / self.columns],
                    with_gap(height, 2.0),
                );
            }
        }
    }

    /// What the grid takes of the height beside its panels.
    fn reserved_height(&self) -> f64 {
        let rows = [&self.heading, &self.label_height, &self.title_height];
        let of_rows: f64 = rows.into_iter().flatten().sum();
        self.common.1 + of_rows + (self.rows - 1) as f64 * self.gap.1
    }

    /// What it takes of the width.
    fn reserved_width(&self) -> f64 {
        let columns = [&self.label_width, &self.title_width];
        let of_columns: f64 = columns.into_iter().flatten().sum();
        self.common.0 + of_columns + (self.columns - 1) as f64 * self.gap.0 + RIGHT
    }

    fn label_beside(&mut self, domains: &[Domain]) {
        let frame = self.frame();
        let panels = self.panels();
        self.y = panels
            .iter()
            .zip(domains)
            .map(|(panel, domain)| Placement::upwards(panel, *domain, &frame))
            .collect();
        self.beside = panels
            .iter()
            .zip(&self.y)
            .map(|(panel, placement)| axes::vertical(&panel.y, placement, self.name_room))
            .collect();
        for index in 0..panels.len() {
            let column = index % self.columns;
            if !self.writes(index).1 {
                continue;
            }
            let extent = self.beside[index].extent;
            reserve(&mut self.label_width[column], with_gap(extent, TICK_GAP));
            if let Some(title) = self.title_beside(index) {
                reserve(&mut self.title_width[column], title.height() + 4.0);
            }
        }
        let height = self.panel.1 * self.rows as f64 + (self.rows - 1) as f64 * self.gap.1;
        if let Some(title) = self.common_y(height.max(40.0)) {
            reserve(&mut self.common.0, title.height() + 4.0);
        }
    }

    fn label_below(&mut self, domains: &[Domain]) {
        let frame = self.frame();
        let panels = self.panels();
        self.x = panels
            .iter()
            .zip(domains)
            .map(|(panel, domain)| Placement::across(panel, *domain, &frame))
            .collect();
        // How far a label may reach out of its panel without meeting that of the next.
        let outside = RIGHT + MARGIN - 2.0;
        let overhang = if self.columns == 1 {
            outside
        } else {
            (self.gap.0 / 2.0 - 2.2).clamp(2.0, outside)
        };
        self.below = panels
            .iter()
            .zip(&self.x)
            .map(|(panel, placement)| axes::horizontal(&panel.x, placement, overhang))
            .collect();
        for index in 0..panels.len() {
            let row = index / self.columns;
            // Labels above an empty place of the last row hang into it and need no room.
            if self.shared.0 && row + 1 < self.rows {
                continue;
            }
            let extent = self.below[index].extent;
            reserve(&mut self.label_height[row], with_gap(extent, TICK_GAP));
            if let Some(title) = self.title_below(index) {
                reserve(&mut self.title_height[row], title.height() + 1.0);
            }
        }
    }

    /// The title of a panel's own x axis.
    pub fn title_below(&self, index: usize) -> Option<Block> {
        let title = &self.panels()[index].x.title;
        (!self.shared.0 && !title.is_empty())
            .then(|| Block::new(title, self.panel.0, self.axis_size, false, 3))
    }

    /// The title of a panel's own y axis.
    pub fn title_beside(&self, index: usize) -> Option<Block> {
        let title = &self.panels()[index].y.title;
        // Less than the gap beyond the panel, or the titles of two rows would meet.
        let room = self.panel.1.max(super::layout::LEAST_PANEL) + 6.0;
        (!self.shared.1 && !title.is_empty())
            .then(|| Block::new(title, room, self.axis_size, false, 3))
    }

    fn common_title(&self, axis: fn(&Panel) -> &Axis) -> Option<&'a str> {
        let titles = self.panels().iter().map(|panel| axis(panel).title.as_str());
        titles.into_iter().find(|title| !title.is_empty())
    }

    /// The title of the x axis that all panels share.
    pub fn common_x(&self) -> Option<Block> {
        let title = self.common_title(|panel| &panel.x)?;
        self.shared
            .0
            .then(|| Block::new(title, 0.8 * self.inner, size::AXIS, false, 2))
    }

    /// The title of the y axis that all panels share, in a room of this height.
    pub fn common_y(&self, height: f64) -> Option<Block> {
        let title = self.common_title(|panel| &panel.y)?;
        self.shared
            .1
            .then(|| Block::new(title, height, size::AXIS, false, 2))
    }

    /// The frames of the panels below `top`, and where the next thing below the grid may begin.
    pub fn frames(&self, top: f64) -> (Vec<Rect>, f64) {
        let mut lefts = Vec::with_capacity(self.columns);
        let mut cursor = MARGIN + self.common.0;
        for column in 0..self.columns {
            cursor += self.title_width[column] + self.label_width[column];
            lefts.push(cursor);
            cursor += self.panel.0 + self.gap.0;
        }
        let mut tops = Vec::with_capacity(self.rows);
        let mut cursor = top;
        for row in 0..self.rows {
            cursor += self.heading[row];
            tops.push(cursor);
            cursor += self.panel.1 + self.label_height[row] + self.title_height[row];
            if row + 1 < self.rows {
                cursor += self.gap.1;
            }
        }
        let frames = (0..self.panels().len())
            .map(|index| {
                let (row, column) = self.cell(index);
                Rect {
                    left: lefts[column],
                    right: lefts[column] + self.panel.0,
                    top: tops[row],
                    bottom: tops[row] + self.panel.1,
                }
            })
            .collect();
        (frames, cursor)
    }

    /// The height of the common title of x.
    pub fn common_height(&self) -> f64 {
        self.common.1
    }

    /// How high panels want to be where nobody says.
    fn natural_height(&self, around: f64) -> f64 {
        let width = self.panel.0;
        let most = ((TALLEST - around) / self.rows as f64).max(60.0);
        let names = self
            .panels()
            .iter()
            .filter_map(|panel| match &panel.y.scale {
                Scale::Categories(names) => Some(names),
                _ => None,
            })
            .max_by_key(|names| names.len());
        if let Some(names) = names {
            // Lines that the longest name takes, where there are few names.
            let lines =
                |name: &String| wrap(&clean(name), self.name_room, size::TICK, false, 3).len();
            let lines = if names.len() <= 30 {
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
        let share = match (self.panels().len(), self.shared.0 || self.shared.1) {
            (1, _) if width > 200.0 => 0.62,
            (1, _) => 0.8,
            (_, true) => 0.92,
            (_, false) if width < 110.0 => 0.9,
            (_, false) => 0.78,
        };
        (share * width).clamp(50.0, 340.0).min(most)
    }
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
