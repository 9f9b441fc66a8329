//! Areas: each group's own mean, its estimate with partial pooling, and its place among all.
//!
//! The left panel shows three estimates a group, the right one the interval of its place in joint
//! draws: a league table without false precision (Goldstein and Spiegelhalter 1996, *JRSS A*
//! 159:385).

use std::fmt;

use ranef::{Answer, Area, Areas, Table};
use serde::Serialize;

use crate::chart::{Along, Axis, Colour, Dash, Mark, Panel, Rule, Shared, Style, Symbol};
use crate::words::{count, number, percent, thinned, write_figure};
use crate::{Chart, Figure};

/// Groups that are named on an axis.
const NAMED: usize = 60;
/// Groups that are drawn unless told.
const MOST: usize = 400;

/// The groups of a grouping factor in the order of their estimates.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AreasPlot {
    /// The grouping factor.
    pub group: String,
    /// What is estimated, with its unit.
    pub target: String,
    /// The probability that an interval holds its target.
    pub level: f64,
    /// The mean of all rows.
    pub average: f64,
    /// How many groups are drawn at most.
    pub most: usize,
    /// The groups, the highest estimate first.
    pub areas: Vec<Area>,
    /// Who stands out, in words.
    pub reading: String,
    /// What the reader should know.
    pub notes: Vec<String>,
}

impl AreasPlot {
    /// Of an answer to [`ranef::Fit::areas`]; `response` is the name of what is measured, `most` how
    /// many groups are drawn at most (400 unless told).
    pub fn of(from: &Areas, response: &str, most: Option<usize>) -> Self {
        let mut areas = from.areas.clone();
        areas.sort_by_key(|area| area.rank);
        let most = most.unwrap_or(MOST).max(2);
        let mut notes = vec![format!(
            "{}% intervals; places from {} joint draws (seed {}).",
            percent(from.level),
            count(from.draws as usize),
            from.seed
        )];
        if areas.len() > most {
            notes.push(format!(
                "{} of {} levels of {} are drawn, evenly by rank.",
                count(most),
                count(areas.len()),
                from.group
            ));
        }
        Self {
            group: from.group.clone(),
            target: response.to_owned(),
            level: from.level,
            average: from.average,
            most,
            areas,
            reading: from.reading.clone(),
            notes,
        }
    }

    /// What the figure shows, in sentences.
    pub fn description(&self) -> String {
        let mut out = format!(
            "{} levels of {} by their estimate with partial pooling, beside their own means.",
            count(self.areas.len()),
            self.group
        );
        if let (Some(first), Some(last)) = (self.areas.first(), self.areas.last()) {
            out.push_str(&format!(
                " Highest is {} with {} (place {} to {}), lowest {} with {} (place {} to {}).",
                first.level,
                number(first.estimate, 0.0),
                first.rank_lower,
                first.rank_upper,
                last.level,
                number(last.estimate, 0.0),
                last.rank_lower,
                last.rank_upper
            ));
        }
        format!("{out} {}", self.reading)
    }
}

impl Answer for AreasPlot {
    fn table(&self) -> Table {
        use ranef::Style;
        let rows = &self.areas;
        Table::new()
            .text("level", rows.iter().map(|r| r.level.clone()))
            .numbers("n", Style::Count, rows.iter().map(|r| r.n as f64))
            .numbers("raw", Style::Estimate, rows.iter().map(|r| r.raw))
            .titled("Raw")
            .numbers(
                "raw_lower",
                Style::Estimate,
                rows.iter().map(|r| r.raw_lower),
            )
            .titled("Lower")
            .numbers(
                "raw_upper",
                Style::Estimate,
                rows.iter().map(|r| r.raw_upper),
            )
            .titled("Upper")
            .numbers(
                "synthetic",
                Style::Estimate,
                rows.iter().map(|r| r.synthetic),
            )
            .titled("Synthetic")
            .numbers("estimate", Style::Estimate, rows.iter().map(|r| r.estimate))
            .numbers("lower", Style::Estimate, rows.iter().map(|r| r.lower))
            .numbers("upper", Style::Estimate, rows.iter().map(|r| r.upper))
            .numbers("rank", Style::Count, rows.iter().map(|r| r.rank as f64))
            .titled("Place")
            .numbers(
                "rank_lower",
                Style::Count,
                rows.iter().map(|r| r.rank_lower as f64),
            )
            .titled("from")
            .numbers(
                "rank_upper",
                Style::Count,
                rows.iter().map(|r| r.rank_upper as f64),
            )
            .titled("to")
    }
}

impl fmt::Display for AreasPlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heading = format!("The levels of {} in order", self.group);
        write_figure(f, &heading, &self.table(), &self.description(), &self.notes)
    }
}

impl Figure for AreasPlot {
    fn chart(&self) -> Chart {
        let n = self.areas.len();
        let named = n <= NAMED && n <= self.most;
        let drawn: Vec<&Area> = thinned(n, self.most)
            .into_iter()
            .map(|at| &self.areas[at])
            .collect();
        // On an axis of names the first is uppermost; on one of numbers the first place must be.
        let place = |area: &Area| match named {
            true => area.rank as f64 - 1.0,
            false => n as f64 + 1.0 - area.rank as f64,
        };
        let y = match named {
            true => Axis::categories(
                self.group.clone(),
                self.areas.iter().map(|a| a.level.clone()).collect(),
            ),
            false => Axis {
                domain: Some((0.5, n as f64 + 0.5)),
                grid: false,
                ..Axis::new(format!("{} from the lowest to the highest", self.group))
            },
        };
        let half = match named {
            true => 0.18,
            false => 0.0,
        };
        let size = if drawn.len() > 100 { 0.5 } else { 1.0 };
        let raw = Style::series(1).size(0.7 * size).symbol(Symbol::Ring);
        let own = Style::series(0).size(size);
        let known: Vec<&&Area> = drawn.iter().filter(|a| a.raw_lower.is_some()).collect();
        let estimates = vec![
            Mark::Rules(vec![Rule::Vertical(self.average)])
                .styled(Style::default().colour(Colour::Faint).dash(Dash::Dashed)),
            Mark::Intervals {
                along: Along::X,
                at: known.iter().map(|a| place(a) + half).collect(),
                lower: known.iter().filter_map(|a| a.raw_lower).collect(),
                upper: known.iter().filter_map(|a| a.raw_upper).collect(),
            }
            .styled(raw.opacity(0.7)),
            Mark::Points {
                x: drawn.iter().map(|a| a.raw).collect(),
                y: drawn.iter().map(|a| place(a) + half).collect(),
                names: drawn.iter().map(|a| a.level.clone()).collect(),
            }
            .styled(raw)
            .keyed("own rows alone"),
            Mark::Intervals {
                along: Along::X,
                at: drawn.iter().map(|a| place(a) - half).collect(),
                lower: drawn.iter().map(|a| a.lower).collect(),
                upper: drawn.iter().map(|a| a.upper).collect(),
            }
            .styled(own),
            Mark::Points {
                x: drawn.iter().map(|a| a.estimate).collect(),
                y: drawn.iter().map(|a| place(a) - half).collect(),
                names: drawn.iter().map(|a| a.level.clone()).collect(),
            }
            .styled(own)
            .keyed("partial pooling"),
            Mark::Points {
                x: drawn.iter().map(|a| a.synthetic).collect(),
                y: drawn.iter().map(|a| place(a)).collect(),
                names: drawn.iter().map(|a| a.level.clone()).collect(),
            }
            .styled(Style::series(2).size(0.6 * size).symbol(Symbol::Cross))
            .keyed("predictors alone"),
        ];
        let places = vec![
            Mark::Intervals {
                along: Along::X,
                at: drawn.iter().map(|a| place(a)).collect(),
                lower: drawn.iter().map(|a| a.rank_lower as f64).collect(),
                upper: drawn.iter().map(|a| a.rank_upper as f64).collect(),
            }
            .styled(own),
            Mark::Points {
                x: drawn.iter().map(|a| a.rank as f64).collect(),
                y: drawn.iter().map(|a| place(a)).collect(),
                names: drawn.iter().map(|a| a.level.clone()).collect(),
            }
            .styled(own),
        ];
        Chart {
            name: "areas",
            title: format!("The levels of {} in order", self.group),
            subtitle: Some(format!(
                "Estimates and places with {}% intervals; dashes: the mean of all rows",
                percent(self.level)
            )),
            notes: self.notes.clone(),
            description: self.description(),
            columns: Some(2),
            shared: Shared { x: false, y: true },
            height: Some(match named {
                true => 40.0 + 4.6 * n as f64,
                false => 140.0,
            }),
            width: None,
            panels: vec![
                Panel {
                    title: Some("Mean".to_owned()),
                    x: Axis::new(self.target.clone()),
                    y: y.clone(),
                    layers: estimates,
                },
                Panel {
                    title: Some("Place".to_owned()),
                    x: Axis::new("Place (1 is the highest)").including([1.0]),
                    y,
                    layers: places,
                },
            ],
        }
    }
}
