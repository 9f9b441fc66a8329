//! Scales: how numbers become places, and which numbers an axis runs over.

use super::drawing::Rect;
use crate::chart::{Along, Axis, Mark, Panel, Rule, Scale};

/// The largest number that is told apart from infinity: beyond, sums of squares overflow.
const LARGEST: f64 = 1e300;

/// A scale with its two ends on the page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Placement {
    pub logarithmic: bool,
    /// The numbers at `start` and `end`.
    pub domain: (f64, f64),
    /// Whether only whole numbers are meant.
    pub whole: bool,
    pub start: f64,
    pub end: f64,
}

/// The numbers that an axis runs over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Domain {
    /// From its beginning to its end.
    pub ends: (f64, f64),
    /// Whether all marks stand at whole numbers: years, ranks, counts. Ticks between them would
    /// stand for nothing.
    pub whole: bool,
}

impl From<(f64, f64)> for Domain {
    fn from(ends: (f64, f64)) -> Self {
        Self { ends, whole: false }
    }
}

impl Placement {
    /// The horizontal axis of a panel with this frame.
    pub fn across(panel: &Panel, domain: Domain, frame: &Rect) -> Self {
        Self {
            logarithmic: panel.x.scale == Scale::Log,
            domain: domain.ends,
            whole: domain.whole,
            start: frame.left,
            end: frame.right,
        }
    }

    /// The vertical axis; of names the first is uppermost.
    pub fn upwards(panel: &Panel, domain: Domain, frame: &Rect) -> Self {
        let downwards = matches!(panel.y.scale, Scale::Categories(_));
        Self {
            logarithmic: panel.y.scale == Scale::Log,
            domain: domain.ends,
            whole: domain.whole,
            start: if downwards { frame.top } else { frame.bottom },
            end: if downwards { frame.bottom } else { frame.top },
        }
    }

    /// Where a number lies; `None` for what has no place (missing, or not positive on a logarithmic
    /// axis). It may lie beyond the ends.
    pub fn place(&self, value: f64) -> Option<f64> {
        let share = self.share(value)?;
        Some(self.start + share.clamp(-1e4, 1e4) * (self.end - self.start))
    }

    fn share(&self, value: f64) -> Option<f64> {
        if !value.is_finite() {
            return None;
        }
        let (from, to) = self.domain;
        if self.logarithmic {
            if value <= 0.0 {
                return None;
            }
            return Some((value.ln() - from.ln()) / (to.ln() - from.ln()));
        }
        // Halved, because the difference of two large numbers may not be a number.
        Some((value / 2.0 - from / 2.0) / (to / 2.0 - from / 2.0))
    }

    /// The number at a place.
    pub fn value(&self, place: f64) -> f64 {
        let share = (place - self.start) / (self.end - self.start);
        let (from, to) = self.domain;
        if self.logarithmic {
            (from.ln() + share * (to.ln() - from.ln())).exp()
        } else {
            from + share * (to - from)
        }
    }
}

/// Least and largest numbers.
#[derive(Clone, Copy, Debug)]
struct Extent {
    low: f64,
    high: f64,
    positive: bool,
    whole: bool,
}

impl Extent {
    fn new(positive: bool) -> Self {
        Self {
            low: f64::INFINITY,
            high: f64::NEG_INFINITY,
            positive,
            whole: true,
        }
    }

    fn add(&mut self, value: f64) {
        self.whole &= !value.is_finite() || value.fract() == 0.0;
        self.reach(value);
    }

    /// Adds a number that no mark stands at.
    fn reach(&mut self, value: f64) {
        if value.is_finite() && (!self.positive || value > 0.0) {
            let value = if self.positive {
                value.clamp(1.0 / LARGEST, LARGEST)
            } else {
                value.clamp(-LARGEST, LARGEST)
            };
            self.low = self.low.min(value);
            self.high = self.high.max(value);
        }
    }

    fn add_all(&mut self, values: &[f64]) {
        values.iter().for_each(|v| self.add(*v));
    }
}

/// The numbers that the axes of these panels run over, all alike: from the beginning of the axis to
/// its end. `along` says which axis of the panels is meant; they all have the scale of the first.
pub(crate) fn domain(panels: &[&Panel], along: Along) -> Domain {
    let axes: Vec<&Axis> = panels
        .iter()
        .map(|panel| match along {
            Along::X => &panel.x,
            Along::Y => &panel.y,
        })
        .collect();
    if axes.is_empty() {
        return (0.0, 1.0).into();
    }
    if let Scale::Categories(_) = &axes[0].scale {
        let count = axes
            .iter()
            .map(|axis| match &axis.scale {
                Scale::Categories(names) => names.len(),
                _ => 0,
            })
            .max()
            .unwrap_or(0)
            .max(1);
        return (-0.5, count as f64 - 0.5).into();
    }
    let logarithmic = axes[0].scale == Scale::Log;
    // Domains that the figure states: their union, in the direction of the first.
    let mut stated = Extent::new(logarithmic);
    let mut reversed = None;
    let mut every = true;
    for axis in &axes {
        match axis.domain {
            Some((from, to)) if from.is_finite() && to.is_finite() => {
                stated.reach(from);
                stated.reach(to);
                reversed.get_or_insert(from > to);
            }
            _ => every = false,
        }
    }
    let reversed = reversed.unwrap_or(false);
    let mut extent = stated;
    let mut bars = Extent::new(logarithmic);
    if !every {
        for panel in panels {
            for layer in &panel.layers {
                measure(&layer.mark, along, &mut extent, &mut bars);
            }
        }
    }
    let percent = axes[0].percent;
    let whole = extent.whole && !every && !percent && extent.high - extent.low >= 1.0;
    for axis in &axes {
        axis.include.iter().for_each(|value| extent.reach(*value));
    }
    let (low, high) = if extent.low > extent.high {
        if logarithmic { (0.1, 10.0) } else { (0.0, 1.0) }
    } else if logarithmic {
        // In logarithms, because the ratio of the ends may not be a number.
        let (low, high) = (extent.low.ln(), extent.high.ln());
        let by = if high - low < 1e-9 {
            std::f64::consts::LN_2
        } else if every {
            0.0
        } else {
            0.04 * (high - low)
        };
        let end = |stated: f64, widened: f64| {
            let end = if by == 0.0 { stated } else { widened.exp() };
            end.clamp(1.0 / LARGEST, LARGEST)
        };
        (end(extent.low, low - by), end(extent.high, high + by))
    } else if extent.high - extent.low <= 1e-12 * extent.high.abs().max(extent.low.abs()) {
        let by = if extent.high == 0.0 {
            1.0
        } else {
            0.1 * extent.high.abs()
        };
        (extent.low - by, extent.high + by)
    } else if every {
        (extent.low, extent.high)
    } else {
        let by = 0.04 * (extent.high - extent.low);
        let (mut low, mut high) = (extent.low - by, extent.high + by);
        // Bars stand on the edge of the panel.
        if bars.low == extent.low && bars.low == 0.0 {
            low = 0.0;
        }
        if bars.high == extent.high && bars.high == 0.0 {
            high = 0.0;
        }
        if percent {
            // There are no shares below none and beyond all.
            if extent.low >= 0.0 {
                low = low.max(-0.02);
            }
            if extent.high <= 1.0 {
                high = high.min(1.02);
            }
        }
        (low, high)
    };
    Domain {
        ends: if reversed { (high, low) } else { (low, high) },
        whole,
    }
}

fn measure(mark: &Mark, along: Along, extent: &mut Extent, bars: &mut Extent) {
    let across = along == Along::X;
    match mark {
        Mark::Points { x, y, .. } | Mark::Labels { x, y, .. } => {
            extent.add_all(if across { x } else { y });
        }
        Mark::Lines(curves) => {
            for curve in curves {
                extent.add_all(if across { &curve.x } else { &curve.y });
            }
        }
        Mark::Outline(curve) => extent.add_all(if across { &curve.x } else { &curve.y }),
        Mark::Band { x, lower, upper } => {
            if across {
                extent.add_all(x);
            } else {
                extent.add_all(lower);
                extent.add_all(upper);
            }
        }
        Mark::Intervals {
            along: runs,
            at,
            lower,
            upper,
        } => {
            if *runs == along {
                extent.add_all(lower);
                extent.add_all(upper);
            } else {
                extent.add_all(at);
            }
        }
        Mark::Bars {
            along: runs,
            at,
            from,
            to,
            width,
        } => {
            if *runs == along {
                extent.add_all(from);
                extent.add_all(to);
                bars.add_all(from);
                bars.add_all(to);
            } else {
                for at in at {
                    extent.add(*at);
                    extent.reach(at - width / 2.0);
                    extent.reach(at + width / 2.0);
                }
            }
        }
        Mark::Rules(rules) => {
            for rule in rules {
                match rule {
                    Rule::Horizontal(y) if !across => extent.reach(*y),
                    Rule::Vertical(x) if across => extent.reach(*x),
                    _ => {}
                }
            }
        }
        Mark::Arrows { from, to, .. } => {
            for (x, y) in from.iter().chain(to) {
                extent.add(if across { *x } else { *y });
            }
        }
    }
}
