//! A drawing: every line, symbol and text of a figure with its place on the page.
//!
//! This is what the outputs write down, and what tests look at: unlike an SVG it still knows which
//! text is a tick and which a title, which panel a mark belongs to, and what an axis shows.

use crate::chart::Symbol;

/// A figure laid out on a page. Lengths are points (1/72 inch), y runs downwards.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawing {
    /// Width of the page.
    pub width: f64,
    /// Height of the page.
    pub height: f64,
    /// What the figure is called.
    pub title: String,
    /// What it shows, in sentences.
    pub description: String,
    /// The panels in the order of the chart.
    pub panels: Vec<PanelBox>,
    /// Lines, areas and symbols, the first undermost.
    pub shapes: Vec<Shape>,
    /// Texts, above the shapes.
    pub texts: Vec<Text>,
    /// What the renderer itself thinned, shortened or left out, in sentences; they stand below the
    /// figure's own notes.
    pub remarks: Vec<String>,
}

/// A rectangle on the page.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// The left edge.
    pub left: f64,
    /// The upper edge.
    pub top: f64,
    /// The right edge.
    pub right: f64,
    /// The lower edge.
    pub bottom: f64,
}

impl Rect {
    /// Across.
    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    /// Downwards.
    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// Whether the two share more than `slack` in both directions.
    pub fn overlaps(&self, other: &Rect, slack: f64) -> bool {
        self.right.min(other.right) - self.left.max(other.left) > slack
            && self.bottom.min(other.bottom) - self.top.max(other.top) > slack
    }

    /// Whether `other` lies within this rectangle widened by `slack`.
    pub fn contains(&self, other: &Rect, slack: f64) -> bool {
        other.left >= self.left - slack
            && other.right <= self.right + slack
            && other.top >= self.top - slack
            && other.bottom <= self.bottom + slack
    }

    /// Whether the point lies within.
    pub fn holds(&self, (x, y): Point) -> bool {
        x >= self.left && x <= self.right && y >= self.top && y <= self.bottom
    }

    /// The same, wider by `by` on all sides.
    pub fn grown(&self, by: f64) -> Rect {
        Rect {
            left: self.left - by,
            top: self.top - by,
            right: self.right + by,
            bottom: self.bottom + by,
        }
    }
}

/// One panel as it was laid out.
#[derive(Clone, Debug, PartialEq)]
pub struct PanelBox {
    /// The area of the marks.
    pub frame: Rect,
    /// Its row in the grid, from 0.
    pub row: usize,
    /// Its column in the grid, from 0.
    pub column: usize,
    /// The horizontal axis.
    pub x: AxisBox,
    /// The vertical axis.
    pub y: AxisBox,
}

/// One axis of a panel as it was laid out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AxisBox {
    /// The number at its beginning (left, or bottom) and the one at its end.
    pub domain: (f64, f64),
    /// Whether the chart wants it to be the same in all panels.
    pub shared: bool,
    /// Whether names stand at its ticks.
    pub names: bool,
    /// The ticks; those of inner panels of a shared axis have no label.
    pub ticks: Vec<Tick>,
}

/// A tick of an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// The number it stands for; of a category its index.
    pub value: f64,
    /// Its place along the axis.
    pub place: f64,
    /// What is written at it.
    pub label: Option<String>,
}

/// What a text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The line above the figure.
    Title,
    /// The line below the title.
    Subtitle,
    /// The heading of a panel.
    PanelTitle,
    /// What an axis measures.
    AxisTitle,
    /// A number or name at an axis.
    Tick,
    /// An entry of the legend.
    Legend,
    /// A line below the figure.
    Note,
    /// A text among the marks of a panel.
    Label,
}

/// Where a text begins, seen from its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// One line of text.
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// What it is for.
    pub role: Role,
    /// The line as it is written: cleaned, perhaps shortened.
    pub content: String,
    /// The whole text where the line was shortened.
    pub whole: Option<String>,
    /// Where it is anchored, across.
    pub x: f64,
    /// Its baseline.
    pub y: f64,
    /// How it lies at its anchor.
    pub anchor: Anchor,
    /// The size of the type in points.
    pub size: f64,
    /// Whether it is set in bold type.
    pub bold: bool,
    /// Whether it runs upwards instead of to the right.
    pub turned: bool,
    /// Its colour.
    pub colour: Rgb,
    /// Its length.
    pub length: f64,
    /// The panel it belongs to.
    pub panel: Option<usize>,
}

/// How far a line of type reaches above its baseline, in units of its size: capitals with accents.
pub(crate) const ASCENT: f64 = 0.80;
/// How far it reaches below.
pub(crate) const DESCENT: f64 = 0.22;

impl Text {
    /// The rectangle it covers.
    pub fn bounds(&self) -> Rect {
        let before = match self.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => self.length / 2.0,
            Anchor::End => self.length,
        };
        let after = self.length - before;
        let (above, below) = (ASCENT * self.size, DESCENT * self.size);
        if self.turned {
            Rect {
                left: self.x - above,
                right: self.x + below,
                top: self.y - after,
                bottom: self.y + before,
            }
        } else {
            Rect {
                left: self.x - before,
                right: self.x + after,
                top: self.y - above,
                bottom: self.y + below,
            }
        }
    }
}

/// A colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Rgb {
    /// The relative luminance of WCAG 2.1.
    fn luminance(self) -> f64 {
        let channel = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(self.0) + 0.7152 * channel(self.1) + 0.0722 * channel(self.2)
    }

    /// Its contrast with white as of WCAG 2.1, from 1 to 21.
    pub fn contrast(self) -> f64 {
        1.05 / (self.luminance() + 0.05)
    }
}

/// What a shape is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Lines of the grid and ticks.
    Grid,
    /// The edge of a panel.
    Frame,
    /// Marks of the chart.
    Marks,
    /// A sample in the legend.
    Legend,
}

/// Shapes of one look.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// What they are for.
    pub part: Part,
    /// The panel they belong to.
    pub panel: Option<usize>,
    /// Where they are.
    pub geometry: Geometry,
    /// Their line.
    pub stroke: Option<Stroke>,
    /// Their filling.
    pub fill: Option<Fill>,
}

/// A point of the page.
pub type Point = (f64, f64);

/// Where shapes are.
#[derive(Clone, Debug, PartialEq)]
pub enum Geometry {
    /// Open lines; `names` is empty or as long.
    Lines {
        /// Their points.
        lines: Vec<Vec<Point>>,
        /// What they stand for.
        names: Vec<String>,
    },
    /// Closed areas.
    Areas(Vec<Vec<Point>>),
    /// Rectangles.
    Rects(Vec<Rect>),
    /// Symbols of one kind and size; `names` is empty or as long.
    Symbols {
        /// Their form.
        symbol: Symbol,
        /// Half their diameter.
        radius: f64,
        /// Their middles.
        at: Vec<Point>,
        /// What they stand for.
        names: Vec<String>,
    },
}

impl Geometry {
    /// All points that the shapes go through or stand at.
    pub fn points(&self) -> Vec<Point> {
        match self {
            Self::Lines { lines, .. } | Self::Areas(lines) => lines.concat(),
            Self::Rects(rects) => rects
                .iter()
                .flat_map(|r| [(r.left, r.top), (r.right, r.bottom)])
                .collect(),
            Self::Symbols { at, .. } => at.clone(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Lines { lines, .. } | Self::Areas(lines) => lines.is_empty(),
            Self::Rects(rects) => rects.is_empty(),
            Self::Symbols { at, .. } => at.is_empty(),
        }
    }
}

/// A line's look.
#[derive(Clone, Debug, PartialEq)]
pub struct Stroke {
    /// Its colour.
    pub colour: Rgb,
    /// Its opacity.
    pub opacity: f64,
    /// Its width.
    pub width: f64,
    /// Lengths of strokes and gaps in turn; empty for a whole line.
    pub dash: Vec<f64>,
}

/// A filling.
#[derive(Clone, Debug, PartialEq)]
pub struct Fill {
    /// Its colour.
    pub colour: Rgb,
    /// Its opacity.
    pub opacity: f64,
}
