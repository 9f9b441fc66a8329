//! Power: how often a study of some size finds the effect.
//!
//! The struct is filled by whoever simulates or computes; the figure shows each value with its
//! interval (Wilson's for a share of simulations), a line through them, the analytic curve where
//! there is one, and the target.

use std::fmt;

use ranef::{Answer, Table};
use serde::Serialize;

use crate::chart::{Along, Axis, Colour, Curve, Dash, Layer, Mark, Panel, Rule, Style};
use crate::words::{number, percent, write_figure};
use crate::{Chart, Figure};

/// Power along the size of a study, or of an effect.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PowerCurve {
    /// What is found, such as `ses:public`.
    pub effect: String,
    /// What stands across, with its unit: `Number of schools`.
    pub across: String,
    /// The power that is wanted, such as 0.8.
    pub target: Option<f64>,
    /// The probability that an interval holds the power.
    pub level: f64,
    /// The values, in increasing order.
    pub points: Vec<PowerPoint>,
    /// What the reader should know: test, simulations, assumptions.
    pub notes: Vec<String>,
}

/// Power at one value.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PowerPoint {
    /// The size of the study or of the effect.
    pub value: f64,
    /// The share of simulations that found the effect; `None` where none were made.
    pub power: Option<f64>,
    /// Lower end of its interval.
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
    /// The power by formula, where there is one.
    pub analytic: Option<f64>,
}

impl PowerCurve {
    /// The least value from which on the power is at least the target at every later value:
    /// simulated power, or by formula where nothing was simulated.
    pub fn reached(&self) -> Option<f64> {
        let target = self.target?;
        let known = |p: &&PowerPoint| p.power.or(p.analytic).is_some();
        let all: Vec<&PowerPoint> = self.points.iter().filter(known).collect();
        let enough = |p: &&&PowerPoint| p.power.or(p.analytic).is_some_and(|x| x >= target);
        let tail = all.iter().rev().take_while(enough).count();
        (tail > 0).then(|| all[all.len() - tail].value)
    }

    /// What the figure shows, in sentences.
    pub fn description(&self) -> String {
        let mut out = format!("Power to find {}.", self.effect);
        let ends = [self.points.first(), self.points.last()];
        if let [Some(first), Some(last)] = ends {
            let power = |p: &PowerPoint| {
                p.power
                    .or(p.analytic)
                    .map_or("unknown".to_owned(), |x| format!("{} %", whole(x)))
            };
            out.push_str(&format!(
                " It is {} at {} {} and {} at {}.",
                power(first),
                self.across.to_lowercase(),
                size(first.value),
                power(last),
                size(last.value)
            ));
        }
        if let Some(target) = self.target {
            out.push_str(&match self.reached() {
                Some(value) => format!(
                    " The target of {} % is reached from {} on.",
                    percent(target),
                    size(value)
                ),
                None => format!(" The target of {} % is not reached.", percent(target)),
            });
        }
        out
    }
}

/// A value of what varies: sizes of studies are whole numbers.
fn size(value: f64) -> String {
    match value.fract() == 0.0 && value.abs() < 1e6 {
        true => format!("{value:.0}"),
        false => number(value, 0.0),
    }
}

fn whole(share: f64) -> String {
    format!("{:.0}", 100.0 * share)
}

impl Answer for PowerCurve {
    fn table(&self) -> Table {
        use ranef::Style;
        let rows = &self.points;
        Table::new()
            .numbers("value", Style::Digits, rows.iter().map(|p| p.value))
            .titled(&self.across)
            .numbers("power", Style::Share, rows.iter().map(|p| p.power))
            .titled("Power")
            .numbers("lower", Style::Share, rows.iter().map(|p| p.lower))
            .numbers("upper", Style::Share, rows.iter().map(|p| p.upper))
            .numbers("analytic", Style::Share, rows.iter().map(|p| p.analytic))
            .titled("Analytic")
    }
}

impl fmt::Display for PowerCurve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = format!("Power to find {}", self.effect);
        write_figure(f, &heading, &self.table(), &self.description(), &self.notes)
    }
}

impl Figure for PowerCurve {
    fn chart(&self) -> Chart {
        let mut layers: Vec<Layer> = Vec::new();
        layers.extend(self.target.map(|target| {
            Mark::Rules(vec![Rule::Horizontal(target)])
                .styled(Style::default().colour(Colour::Faint))
                .keyed(format!("target {} %", percent(target)))
        }));
        let line = |f: fn(&PowerPoint) -> Option<f64>| {
            let (x, y): (Vec<f64>, Vec<f64>) = (self.points.iter())
                .filter_map(|p| Some((p.value, f(p)?)))
                .unzip();
            Curve {
                x,
                y,
                name: String::new(),
            }
        };
        let analytic = line(|p| p.analytic);
        if !analytic.x.is_empty() {
            layers.push(
                Mark::Lines(vec![analytic])
                    .styled(Style::series(1).dash(Dash::Dashed).size(1.5))
                    .keyed("by formula"),
            );
        }
        let simulated = line(|p| p.power);
        if !simulated.x.is_empty() {
            let style = Style::series(0);
            let ends: Vec<(f64, f64, f64)> = (self.points.iter())
                .filter_map(|p| Some((p.value, p.lower?, p.upper?)))
                .collect();
            layers.push(
                Mark::Intervals {
                    along: Along::Y,
                    at: ends.iter().map(|e| e.0).collect(),
                    lower: ends.iter().map(|e| e.1).collect(),
                    upper: ends.iter().map(|e| e.2).collect(),
                }
                .styled(style),
            );
            let key = format!("simulated, {} % interval", percent(self.level));
            layers.push(
                Mark::Lines(vec![simulated.clone()])
                    .styled(style)
                    .keyed(key.clone()),
            );
            layers.push(
                Mark::Points {
                    x: simulated.x,
                    y: simulated.y,
                    names: Vec::new(),
                }
                .styled(style)
                .keyed(key),
            );
        }
        Chart {
            name: "power",
            title: format!("Power to find {}", self.effect),
            subtitle: self.target.and_then(|target| {
                let value = self.reached()?;
                Some(format!("{} % from {} on", percent(target), size(value)))
            }),
            notes: self.notes.clone(),
            description: self.description(),
            panels: vec![Panel {
                title: None,
                x: Axis::new(self.across.clone()),
                y: Axis {
                    domain: Some((0.0, 1.0)),
                    percent: true,
                    ..Axis::new("Power")
                },
                layers,
            }],
            ..Chart::default()
        }
    }
}
