//! From a chart to a drawing: what stands above and below the grid of panels, and everything at its
//! place.

use ranef::Error;

use super::block::{Block, heading};
use super::drawing::{Anchor, Drawing, Rect, Role, Text};
use super::grid::{Grid, MARGIN, Room, with_gap};
use super::legend::Legend;
use super::losses::Losses;
use super::palette::size;
use super::panels::Panels;
use super::typography::{clean, shows};
use crate::RenderOptions;
use crate::chart::Chart;

/// Points per millimetre.
pub(crate) const MILLIMETRE: f64 = 72.0 / 25.4;
/// A panel smaller than this shows nothing.
pub(crate) const LEAST_PANEL: f64 = 24.0;
/// Above legend and notes.
const ABOVE_LEGEND: f64 = 5.0;
const ABOVE_NOTES: f64 = 4.0;

/// Lays a chart out.
///
/// # Errors
/// `figure_without_panels`; `figure_size` for a page that is not between 20 mm and 5 m;
/// `figure_too_small` where the texts leave no room for the panels.
pub fn layout(chart: &Chart, options: &RenderOptions) -> Result<Drawing, Error> {
    if chart.panels.is_empty() {
        return Err(Error::new(
            "figure_without_panels",
            format!("the figure `{}` has nothing to show", chart.name),
        ));
    }
    let page = Page {
        chart,
        options,
        width: page_length(options.width.or(chart.width))?.unwrap_or(150.0 * MILLIMETRE),
        asked: page_length(options.height.or(chart.height))?,
    };
    // What is left out is said below the figure, which takes room, so that more may have to be left
    // out: the third time it is said as it is.
    let mut remarks = Vec::new();
    for _ in 0..2 {
        let (drawing, losses) = page.draw(&remarks)?;
        let found = losses.sentences();
        if found == remarks {
            return Ok(drawing);
        }
        remarks = found;
    }
    page.draw(&remarks).map(|(drawing, _)| drawing)
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

/// A page to be drawn.
struct Page<'a> {
    chart: &'a Chart,
    options: &'a RenderOptions,
    width: f64,
    asked: Option<f64>,
}

impl Page<'_> {
    /// Sets the title and returns where it ends.
    fn title(&self, texts: &mut Vec<Text>) -> f64 {
        let inner = self.width - 2.0 * MARGIN;
        let mut top = MARGIN;
        if self.options.plain {
            return top;
        }
        let title = Block::new(&self.chart.title, inner, size::TITLE, true, 3);
        title.set(MARGIN, top, Anchor::Start, Role::Title, None, texts);
        top += title.height();
        if let Some(subtitle) = &self.chart.subtitle {
            let subtitle = Block::new(subtitle, inner, size::SUBTITLE, false, 3);
            subtitle.set(MARGIN, top, Anchor::Start, Role::Subtitle, None, texts);
            top += subtitle.height();
        }
        if top > MARGIN { top + 4.0 } else { top }
    }

    fn draw(&self, remarks: &[String]) -> Result<(Drawing, Losses), Error> {
        let chart = self.chart;
        let inner = self.width - 2.0 * MARGIN;
        let mut texts = Vec::new();
        let top = self.title(&mut texts);
        let notes: Vec<Block> = chart
            .notes
            .iter()
            .chain(remarks)
            .map(|note| Block::new(note, inner, size::NOTE, false, 6))
            .collect();
        let notes_height: f64 = notes.iter().map(Block::height).sum();
        let legend = Legend::of(chart);
        let legend_height = legend.height(inner);
        let under = with_gap(legend_height, ABOVE_LEGEND) + with_gap(notes_height, ABOVE_NOTES);
        let grid = Grid::new(
            chart,
            &Room {
                inner,
                asked: self.asked,
                around: top + under + MARGIN,
            },
        );
        // Not `<`: a size that is no number is too small as well.
        let large = grid.panel.0 >= LEAST_PANEL && grid.panel.1 >= LEAST_PANEL;
        if !large {
            return Err(too_small(chart));
        }
        let (frames, mut cursor) = grid.frames(top);
        let titles = Titles {
            grid: &grid,
            frames: &frames,
            width: self.width,
        };
        let mut panels = Panels {
            grid: &grid,
            frames: &frames,
            shapes: Vec::new(),
            texts,
            losses: Losses::default(),
        };
        let mut boxes = Vec::with_capacity(frames.len());
        for index in 0..frames.len() {
            titles.of_panel(index, &mut panels.texts);
            boxes.push(panels.draw(index));
        }
        let Panels {
            mut shapes,
            mut texts,
            mut losses,
            ..
        } = panels;
        titles.common(cursor, &mut texts);
        cursor += grid.common_height();
        // Legend and notes stand at the foot.
        if legend_height > 0.0 {
            cursor += ABOVE_LEGEND;
            // Under the panels where that takes no further row, else from the edge of the page.
            let indented = self.width - MARGIN - frames[0].left;
            let left = if legend.height(indented) <= legend_height {
                frames[0].left
            } else {
                MARGIN
            };
            let width = self.width - MARGIN - left;
            legend.draw(left, cursor, width, &mut shapes, &mut texts);
            cursor += legend_height;
        }
        cursor += with_gap(notes_height, ABOVE_NOTES) - notes_height;
        for note in &notes {
            note.set(MARGIN, cursor, Anchor::Start, Role::Note, None, &mut texts);
            cursor += note.height();
        }
        let lacks = |text: &&Text| !text.content.chars().all(shows);
        losses.unshown = texts.iter().filter(lacks).count();
        let height = cursor + MARGIN;
        let drawing = Drawing {
            width: self.width,
            height: self.asked.map_or(height, |asked| height.max(asked)),
            title: clean(&chart.title),
            description: clean(&chart.description),
            panels: boxes,
            shapes,
            texts,
            remarks: remarks.to_vec(),
        };
        Ok((drawing, losses))
    }
}

fn too_small(chart: &Chart) -> Error {
    Error::new(
        "figure_too_small",
        format!(
            "the texts of the figure `{}` leave no room for its panels",
            chart.name
        ),
    )
    .with_hint("ask for a wider or higher drawing (`--width`, `--height`), or leave the titles out")
}

/// Headings of panels and titles of axes.
struct Titles<'a> {
    grid: &'a Grid<'a>,
    frames: &'a [Rect],
    width: f64,
}

impl Titles<'_> {
    fn of_panel(&self, index: usize, texts: &mut Vec<Text>) {
        let frame = &self.frames[index];
        let (row, column) = self.grid.cell(index);
        let panel = Some(index);
        if let Some(title) = &self.grid.chart.panels[index].title {
            let blocks = heading(title, self.grid.panel.0);
            let height: f64 = blocks.iter().map(Block::height).sum();
            let mut at = frame.top - 2.0 - height;
            for (block, role) in blocks.iter().zip([Role::PanelTitle, Role::Subtitle]) {
                block.set(frame.left, at, Anchor::Start, role, panel, texts);
                at += block.height();
            }
        }
        if let Some(title) = self.grid.title_below(index) {
            let middle = (frame.left + frame.right) / 2.0;
            let top = frame.bottom + self.grid.label_height[row] + 1.0;
            title.set(middle, top, Anchor::Middle, Role::AxisTitle, panel, texts);
        }
        if let Some(title) = self.grid.title_beside(index) {
            let left = frame.left - self.grid.label_width[column] - title.height() - 3.0;
            title.set_turned(left, (frame.top + frame.bottom) / 2.0, panel, texts);
        }
    }

    /// The titles of axes that all panels have in common; that of x below `top`.
    fn common(&self, top: f64, texts: &mut Vec<Text>) {
        let (first, last) = (&self.frames[0], &self.frames[self.frames.len() - 1]);
        let right = self.frames[self.grid.columns.min(self.frames.len()) - 1].right;
        if let Some(title) = self.grid.common_x() {
            let half = title.length() / 2.0;
            let middle = ((first.left + right) / 2.0)
                .max(MARGIN + half)
                .min(self.width - MARGIN - half);
            title.set(
                middle,
                top + 1.0,
                Anchor::Middle,
                Role::AxisTitle,
                None,
                texts,
            );
        }
        if let Some(title) = self.grid.common_y(last.bottom - first.top) {
            title.set_turned(MARGIN, (first.top + last.bottom) / 2.0, None, texts);
        }
    }
}
