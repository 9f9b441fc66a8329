//! The labels of one axis: which are written, in how many lines, and how much room they take.

use super::drawing::Tick;
use super::palette::size;
use super::scale::Placement;
use super::ticks::{self, Labelled, Numbers};
use super::typography::{clean, length, shorten, wrap};
use crate::chart::{Axis, Scale};

/// From the edge of a panel to its labels: the tick and a little air.
pub(crate) const TICK_GAP: f64 = 4.0;
/// The least between two labels side by side.
const BESIDE: f64 = 3.6;
/// From one line of a label to the next.
pub(crate) const LINE: f64 = size::TICK * 1.12;

/// The ticks of an axis with their labels as they are to be set.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Labels {
    pub ticks: Vec<Tick>,
    /// The lines of each tick's label.
    pub lines: Vec<Vec<String>>,
    /// Whether labels run upwards.
    pub turned: bool,
    /// What the labels take away from the axis: their height at a horizontal one, else their width.
    pub extent: f64,
    /// Every how manieth name is written.
    pub stride: usize,
}

impl Labels {
    fn numbers(labelled: Labelled, placement: &Placement) -> Self {
        let ticks: Vec<Tick> = labelled
            .into_iter()
            .filter_map(|(value, label)| {
                Some(Tick {
                    value,
                    place: placement.place(value)?,
                    label: Some(label),
                })
            })
            .collect();
        let lines = ticks
            .iter()
            .map(|t| t.label.iter().cloned().collect())
            .collect();
        Self {
            ticks,
            lines,
            stride: 1,
            ..Self::default()
        }
    }

    fn names(names: &[String], placement: &Placement) -> Self {
        Self {
            ticks: names
                .iter()
                .enumerate()
                .filter_map(|(index, name)| {
                    Some(Tick {
                        value: index as f64,
                        place: placement.place(index as f64)?,
                        label: Some(clean(name)).filter(|name| !name.is_empty()),
                    })
                })
                .collect(),
            lines: Vec::new(),
            stride: 1,
            ..Self::default()
        }
    }
}

/// A domain in rising order.
fn rising(placement: &Placement) -> (f64, f64) {
    let (from, to) = placement.domain;
    (from.min(to), from.max(to))
}

fn numbers(
    axis: &Axis,
    placement: &Placement,
    wanted: f64,
    room: &dyn Fn(&Labelled) -> Option<f64>,
) -> Labelled {
    let (low, high) = rising(placement);
    let style = Numbers {
        percent: axis.percent,
        whole: placement.whole,
    };
    if placement.logarithmic {
        ticks::logarithmic(low, high, wanted, style, room)
    } else {
        ticks::linear(low, high, wanted, style, room)
    }
}

/// Labels below a panel that may reach out of it by `overhang` on both sides.
pub(crate) fn horizontal(axis: &Axis, placement: &Placement, overhang: f64) -> Labels {
    let (left, right) = (
        placement.start.min(placement.end) - overhang,
        placement.start.max(placement.end) + overhang,
    );
    let breadth = (placement.end - placement.start).abs();
    if let Scale::Categories(names) = &axis.scale {
        return names_below(names, placement, breadth, overhang);
    }
    let edges = |value: f64, label: &str| {
        let middle = placement.place(value)?;
        let half = length(label, size::TICK, false) / 2.0;
        Some((middle - half, middle + half))
    };
    let fits = |labelled: &Labelled| {
        let mut boxes: Vec<(f64, f64)> = labelled
            .iter()
            .filter_map(|(value, label)| edges(*value, label))
            .collect();
        boxes.sort_by(|a, b| a.0.total_cmp(&b.0));
        let all = boxes.len();
        boxes.retain(|b| b.0 >= left && b.1 <= right);
        if boxes.windows(2).any(|w| w[1].0 - w[0].1 < BESIDE) {
            return None;
        }
        if boxes.is_empty() {
            return None;
        }
        Some(0.3 * (all - boxes.len()) as f64 + if boxes.len() < 2 { 1.0 } else { 0.0 })
    };
    let wanted = (breadth / 46.0).clamp(2.5, 6.0);
    let labelled = numbers(axis, placement, wanted, &fits);
    let mut labels = Labels::numbers(labelled, placement);
    for (tick, lines) in labels.ticks.iter_mut().zip(&mut labels.lines) {
        let out = tick
            .label
            .as_ref()
            .and_then(|label| edges(tick.value, label))
            .is_none_or(|(from, to)| from < left || to > right);
        if out {
            tick.label = None;
            lines.clear();
        }
    }
    labels.extent = LINE;
    labels
}

/// Names below a panel: on one line, wrapped, shortened, or as a last resort upwards.
fn names_below(names: &[String], placement: &Placement, breadth: f64, overhang: f64) -> Labels {
    let mut labels = Labels::names(names, placement);
    let count = labels.ticks.len().max(1);
    let pitch = breadth / count as f64;
    let room = (pitch - 3.0).min(pitch + 2.0 * overhang);
    let texts: Vec<String> = labels
        .ticks
        .iter()
        .map(|t| t.label.clone().unwrap_or_default())
        .collect();
    let whole = |lines: &[Vec<String>]| {
        lines
            .iter()
            .zip(&texts)
            .all(|(lines, text)| lines.join(" ") == *text)
    };
    let broken = |lines: usize| -> Vec<Vec<String>> {
        texts
            .iter()
            .map(|text| wrap(text, room, size::TICK, false, lines))
            .collect()
    };
    for lines in 1..=4 {
        let set = broken(lines);
        if whole(&set) || (lines == 4 && pitch >= 34.0) {
            let most = set.iter().map(Vec::len).max().unwrap_or(1).max(1);
            labels.lines = set;
            labels.extent = LINE * most as f64;
            return labels;
        }
    }
    // Upwards, as many as there is room for.
    let stride = (LINE / pitch).ceil().max(1.0) as usize;
    labels.turned = true;
    labels.stride = stride;
    let mut longest: f64 = 0.0;
    labels.lines = texts
        .iter()
        .enumerate()
        .map(|(index, text)| {
            if !index.is_multiple_of(stride) || text.is_empty() {
                return Vec::new();
            }
            let text = shorten(text, 80.0, size::TICK, false);
            longest = longest.max(length(&text, size::TICK, false));
            if text.is_empty() {
                Vec::new()
            } else {
                vec![text]
            }
        })
        .collect();
    for (tick, lines) in labels.ticks.iter_mut().zip(&labels.lines) {
        if lines.is_empty() {
            tick.label = None;
        }
    }
    labels.extent = longest;
    labels
}

/// Labels left of a panel, at most `room` wide.
pub(crate) fn vertical(axis: &Axis, placement: &Placement, room: f64) -> Labels {
    let height = (placement.end - placement.start).abs();
    let widest = |labels: &Labels| {
        labels
            .lines
            .iter()
            .flatten()
            .map(|line| length(line, size::TICK, false))
            .fold(0.0, f64::max)
    };
    if let Scale::Categories(names) = &axis.scale {
        let mut labels = Labels::names(names, placement);
        let pitch = height / labels.ticks.len().max(1) as f64;
        let stride = (LINE / pitch).ceil().max(1.0) as usize;
        let most = ((pitch - 2.0) / LINE).floor().clamp(1.0, 3.0) as usize;
        labels.stride = stride;
        labels.lines = labels
            .ticks
            .iter()
            .enumerate()
            .map(|(index, tick)| match &tick.label {
                Some(text) if index.is_multiple_of(stride) => {
                    wrap(text, room, size::TICK, false, most)
                }
                _ => Vec::new(),
            })
            .collect();
        for (tick, lines) in labels.ticks.iter_mut().zip(&labels.lines) {
            if lines.is_empty() {
                tick.label = None;
            }
        }
        labels.extent = widest(&labels);
        return labels;
    }
    let fits = |labelled: &Labelled| {
        let mut places: Vec<f64> = labelled
            .iter()
            .filter_map(|(value, _)| placement.place(*value))
            .collect();
        places.sort_by(f64::total_cmp);
        let crowded = places.windows(2).any(|w| w[1] - w[0] < 1.3 * size::TICK);
        let wide = labelled
            .iter()
            .any(|(_, label)| length(label, size::TICK, false) > room);
        (!crowded && !wide && !places.is_empty()).then_some(0.0)
    };
    let wanted = (height / 34.0).clamp(2.5, 6.0);
    let mut labels = Labels::numbers(numbers(axis, placement, wanted, &fits), placement);
    labels.extent = widest(&labels);
    labels
}
