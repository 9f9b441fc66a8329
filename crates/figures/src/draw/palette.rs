//! Colours, widths of lines and sizes of type: the look of every figure in one place.

use super::drawing::{Rgb, Stroke};
use crate::chart::{Colour, Dash, Style};

/// Text and marks.
pub(crate) const INK: Rgb = Rgb(0x1a, 0x1a, 0x1a);
/// Text of less weight: 7.0 to 1 on white.
pub(crate) const SECOND: Rgb = Rgb(0x59, 0x59, 0x59);
pub(crate) const GRID: Rgb = Rgb(0xe8, 0xe8, 0xe8);
pub(crate) const FRAME: Rgb = Rgb(0xa6, 0xa6, 0xa6);
const MUTED: Rgb = Rgb(0x8c, 0x8c, 0x8c);
const FAINT: Rgb = Rgb(0xb3, 0xb3, 0xb3);
/// A dark red that lies apart from the series in hue and lightness.
const ALERT: Rgb = Rgb(0xb2, 0x18, 0x2b);

/// Okabe and Ito (2008), "Color Universal Design", in an order that keeps neighbours far apart; the
/// yellow, which is hard to see on white, is the last.
const SERIES: [Rgb; 8] = [
    Rgb(0x00, 0x72, 0xb2),
    Rgb(0xd5, 0x5e, 0x00),
    Rgb(0x00, 0x9e, 0x73),
    Rgb(0xcc, 0x79, 0xa7),
    Rgb(0xe6, 0x9f, 0x00),
    Rgb(0x56, 0xb4, 0xe9),
    Rgb(0x00, 0x00, 0x00),
    Rgb(0xf0, 0xe4, 0x42),
];

pub(crate) fn colour(colour: Colour) -> Rgb {
    match colour {
        Colour::Ink => INK,
        Colour::Muted => MUTED,
        Colour::Faint => FAINT,
        Colour::Series(n) => SERIES[n % SERIES.len()],
        Colour::Alert => ALERT,
    }
}

/// Sizes of type in points.
pub(crate) mod size {
    pub const TITLE: f64 = 10.0;
    pub const SUBTITLE: f64 = 8.5;
    pub const PANEL: f64 = 8.0;
    pub const AXIS: f64 = 8.5;
    pub const TICK: f64 = 7.5;
    pub const LEGEND: f64 = 8.0;
    pub const NOTE: f64 = 7.0;
    pub const LABEL: f64 = 7.0;
    /// The least that is printed.
    pub const LEAST: f64 = 7.0;
    /// From one baseline to the next.
    pub const LEADING: f64 = 1.25;
}

/// The width of a line of size 1.
pub(crate) const LINE: f64 = 1.1;
/// The diameter of a symbol of size 1.
pub(crate) const SYMBOL: f64 = 4.4;
/// The width of lines of grid, frame and ticks.
pub(crate) const HAIR: f64 = 0.5;

/// A style's opacity, within 0 and 1 whatever was given.
pub(crate) fn opacity(style: &Style) -> f64 {
    if style.opacity.is_finite() {
        style.opacity.clamp(0.0, 1.0)
    } else {
        1.0
    }
}

/// A style's size, positive whatever was given.
pub(crate) fn scale(style: &Style) -> f64 {
    if style.size.is_finite() {
        style.size.clamp(0.05, 20.0)
    } else {
        1.0
    }
}

/// The line of a style.
pub(crate) fn stroke(style: &Style, width: f64) -> Stroke {
    let width = width * scale(style);
    // Dashes grow with the line, but not as fast: they must stay apart in thin ones.
    let unit = width.max(0.8);
    Stroke {
        colour: colour(style.colour),
        opacity: opacity(style),
        width,
        dash: match style.dash {
            Dash::Solid => Vec::new(),
            Dash::Dashed => vec![4.0 * unit, 2.5 * unit],
            Dash::Dotted => vec![1.2 * unit, 1.8 * unit],
            Dash::DashDot => vec![4.5 * unit, 1.8 * unit, 1.2 * unit, 1.8 * unit],
        },
    }
}
