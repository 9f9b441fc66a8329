//! What a figure shows, before any pixel: panels with axes, and layers of marks on them.
//!
//! Every figure of this crate ends as a [`Chart`], and every output (SVG, PNG, PDF, Vega-Lite) is
//! made of it, so that no output can show what another does not. A chart holds numbers in the units
//! of the data; where they come to lie is the renderer's business.

use serde::Serialize;

/// A figure: panels in a grid, with one legend for all of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Chart {
    /// The kind of figure, such as `caterpillar`: its name on the command line and in file names.
    pub name: &'static str,
    /// One line above the figure.
    pub title: String,
    /// A line below the title.
    pub subtitle: Option<String>,
    /// Lines below the figure: what was left out, thinned or assumed.
    pub notes: Vec<String>,
    /// What the figure shows, in sentences, for people who cannot see it.
    pub description: String,
    /// The panels, row by row.
    pub panels: Vec<Panel>,
    /// Panels side by side; `None` leaves it to the renderer.
    pub columns: Option<usize>,
    /// Which axes all panels have in common: one domain, ticks on the outer panels, one title.
    pub shared: Shared,
    /// Width and height of the drawing in millimetres where the figure asks for others than the
    /// renderer's: a caterpillar of 200 groups is taller than a scatter plot.
    pub width: Option<f64>,
    /// See `width`.
    pub height: Option<f64>,
}

/// Axes that the panels of a chart have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Shared {
    /// One x axis for all panels.
    pub x: bool,
    /// One y axis for all panels.
    pub y: bool,
}

/// One pair of axes and what is drawn on it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Panel {
    /// Its heading: the group in a facet, the question in a panel of checks. What stands behind a line
    /// break is set below it in smaller type.
    pub title: Option<String>,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis, upwards.
    pub y: Axis,
    /// What is drawn, the first undermost.
    pub layers: Vec<Layer>,
}

/// An axis.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Axis {
    /// What is measured, with its unit.
    pub title: String,
    /// How numbers become places.
    pub scale: Scale,
    /// The least and the largest number shown; `None` fits them to the marks.
    pub domain: Option<(f64, f64)>,
    /// Numbers that the axis must show whatever the marks need, such as 0.
    pub include: Vec<f64>,
    /// Whether numbers at the ticks are shares to be read as percentages.
    pub percent: bool,
    /// Whether lines of the grid cross the panel at the ticks.
    pub grid: bool,
}

/// How numbers become places on an axis.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub enum Scale {
    /// Proportionally.
    #[default]
    Linear,
    /// By their logarithm: odds ratios and other positive numbers.
    Log,
    /// Names at 0, 1, 2, …; marks between them take fractions. On a vertical axis the first name is
    /// uppermost.
    Categories(Vec<String>),
}

/// Marks of one kind and look.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Layer {
    /// The marks.
    pub mark: Mark,
    /// Their look.
    pub style: Style,
    /// Their entry in the legend; layers of the same key share one entry.
    pub key: Option<String>,
}

/// Marks, in the units of the axes. The arrays of one mark have the same length.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Mark {
    /// A symbol at each (x, y).
    Points {
        /// Across.
        x: Vec<f64>,
        /// Upwards.
        y: Vec<f64>,
        /// What each stands for (shown when pointed at, where the output can); empty for nothing.
        names: Vec<String>,
    },
    /// Lines through (x, y) in the order given; several lines of one look.
    Lines(Vec<Curve>),
    /// A band between two curves.
    Band {
        /// Across.
        x: Vec<f64>,
        /// Its lower edge.
        lower: Vec<f64>,
        /// Its upper edge.
        upper: Vec<f64>,
    },
    /// Whiskers from `lower` to `upper`.
    Intervals {
        /// The axis they run along.
        along: Along,
        /// Where they stand on the other axis.
        at: Vec<f64>,
        /// One end.
        lower: Vec<f64>,
        /// The other end.
        upper: Vec<f64>,
    },
    /// Bars from `from` to `to`.
    Bars {
        /// The axis they run along.
        along: Along,
        /// The middle of each on the other axis.
        at: Vec<f64>,
        /// Where each begins: 0, or the end of the bar it stands on.
        from: Vec<f64>,
        /// Where each ends.
        to: Vec<f64>,
        /// The thickness of all in units of the other axis.
        width: f64,
    },
    /// Straight lines through the whole panel.
    Rules(Vec<Rule>),
    /// Arrows from one point to another.
    Arrows {
        /// The tails, (x, y).
        from: Vec<(f64, f64)>,
        /// The heads, (x, y).
        to: Vec<(f64, f64)>,
        /// What each stands for; empty for nothing.
        names: Vec<String>,
    },
    /// A closed curve, such as an ellipse.
    Outline(Curve),
    /// Texts beside points. The renderer moves them off each other and leaves out, from the last
    /// to the first, those for which there is no room.
    Labels {
        /// Across.
        x: Vec<f64>,
        /// Upwards.
        y: Vec<f64>,
        /// The texts.
        texts: Vec<String>,
    },
}

/// A line through points.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Curve {
    /// Across.
    pub x: Vec<f64>,
    /// Upwards.
    pub y: Vec<f64>,
    /// What it stands for, such as a group; empty for nothing.
    pub name: String,
}

/// A straight line through the whole panel.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub enum Rule {
    /// At a height.
    Horizontal(f64),
    /// At a place across.
    Vertical(f64),
    /// y = intercept + slope x.
    Slope {
        /// y at x = 0.
        intercept: f64,
        /// The rise per unit of x.
        slope: f64,
    },
}

/// The axis that a mark runs along.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Along {
    /// Across.
    X,
    /// Upwards.
    Y,
}

/// The look of marks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Style {
    /// The colour of lines, symbols and fillings.
    pub colour: Colour,
    /// From 0, invisible, to 1.
    pub opacity: f64,
    /// The width of lines, and the diameter of symbols in units of the renderer's usual one.
    pub size: f64,
    /// How lines are broken.
    pub dash: Dash,
    /// The symbol of points.
    pub symbol: Symbol,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            colour: Colour::Ink,
            opacity: 1.0,
            size: 1.0,
            dash: Dash::Solid,
            symbol: Symbol::Disc,
        }
    }
}

/// A colour by its part in the figure. The series are those of Okabe and Ito (2008), which people
/// with any form of colour vision tell apart; series also differ in dash or symbol, so that a copy
/// in black and white can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Colour {
    /// Of text and of what matters most where there is one series.
    Ink,
    /// Raw data and other context.
    Muted,
    /// Reference lines.
    Faint,
    /// The n-th of several series, from 0; eight differ.
    Series(usize),
    /// What asks for attention.
    Alert,
}

/// How a line is broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Dash {
    /// Not at all.
    #[default]
    Solid,
    /// Long strokes.
    Dashed,
    /// Dots.
    Dotted,
    /// Strokes and dots.
    DashDot,
}

impl Dash {
    /// The dash of the n-th series.
    pub fn series(n: usize) -> Self {
        [Self::Solid, Self::Dashed, Self::Dotted, Self::DashDot][n % 4]
    }
}

/// The symbol of a point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum Symbol {
    /// ●
    #[default]
    Disc,
    /// ○
    Ring,
    /// ■
    Square,
    /// ▲
    Triangle,
    /// ◆
    Diamond,
    /// ✕
    Cross,
}

impl Symbol {
    /// The symbol of the n-th series.
    pub fn series(n: usize) -> Self {
        [
            Self::Disc,
            Self::Triangle,
            Self::Square,
            Self::Ring,
            Self::Diamond,
            Self::Cross,
        ][n % 6]
    }
}

impl Style {
    /// The n-th of several series: its colour, dash and symbol.
    pub fn series(n: usize) -> Self {
        Self {
            colour: Colour::Series(n),
            dash: Dash::series(n),
            symbol: Symbol::series(n),
            ..Self::default()
        }
    }

    /// The same in another colour.
    pub fn colour(self, colour: Colour) -> Self {
        Self { colour, ..self }
    }

    /// The same, more or less transparent.
    pub fn opacity(self, opacity: f64) -> Self {
        Self { opacity, ..self }
    }

    /// The same, larger or smaller.
    pub fn size(self, size: f64) -> Self {
        Self { size, ..self }
    }

    /// The same with another dash.
    pub fn dash(self, dash: Dash) -> Self {
        Self { dash, ..self }
    }

    /// The same with another symbol.
    pub fn symbol(self, symbol: Symbol) -> Self {
        Self { symbol, ..self }
    }
}

impl Mark {
    /// A layer of these marks without an entry in the legend.
    pub fn styled(self, style: Style) -> Layer {
        Layer {
            mark: self,
            style,
            key: None,
        }
    }
}

impl Layer {
    /// The same with an entry in the legend.
    pub fn keyed(self, key: impl Into<String>) -> Self {
        Self {
            key: Some(key.into()),
            ..self
        }
    }
}

impl Axis {
    /// A linear axis fitted to its marks.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            grid: true,
            ..Self::default()
        }
    }

    /// An axis of names.
    pub fn categories(title: impl Into<String>, names: Vec<String>) -> Self {
        Self {
            title: title.into(),
            scale: Scale::Categories(names),
            ..Self::default()
        }
    }

    /// The same, with numbers that it must show.
    pub fn including(mut self, numbers: impl IntoIterator<Item = f64>) -> Self {
        self.include.extend(numbers);
        self
    }
}
