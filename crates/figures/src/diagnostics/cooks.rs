//! Cook's distance: which groups and which rows move the fixed effects?

use std::fmt;

use ranef::{Answer, DeletionMethod, Diagnostics, Error, Finding, Table};
use serde::Serialize;

use super::found;
use crate::chart::{Along, Axis, Colour, Mark, Panel, Rule, Style};
use crate::words::{count, number, write_figure};
use crate::{Chart, Figure};

/// Groups that are drawn of a grouping factor: the most influential.
const GROUPS: usize = 20;
/// Rows that have a stem; more are points.
const STEMS: usize = 400;

/// Cook's distances of groups and rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CooksDistances {
    /// By grouping factor.
    pub groups: Vec<GroupDistances>,
    /// Of rows, in their order.
    pub rows: Vec<RowDistance>,
    /// The verdicts on groups and rows.
    pub findings: Vec<Finding>,
    /// What was left out.
    pub notes: Vec<String>,
}

/// Cook's distances of the levels of one grouping factor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupDistances {
    /// The grouping factor.
    pub group: String,
    /// Whether each is from a fit without the level, or in one step.
    pub method: DeletionMethod,
    /// The levels, the most influential first.
    pub levels: Vec<GroupDistance>,
}

/// What leaving out one level does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupDistance {
    /// The level.
    pub level: String,
    /// Its rows.
    pub n: usize,
    /// Cook's distance of the fixed effects; `None` where they cannot be estimated without it.
    pub cooks_distance: Option<f64>,
}

/// What leaving out one row does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RowDistance {
    /// Where it stands in the data, from 1.
    pub row: usize,
    /// Cook's distance of the fixed effects with the variances kept.
    pub cooks_distance: Option<f64>,
}

impl CooksDistances {
    /// Of what [`ranef::Fit::diagnostics`] found, asked for rows and groups.
    ///
    /// # Errors
    /// `no_fixed_effects` where there is nothing to move.
    pub fn of(from: &Diagnostics) -> Result<Self, Error> {
        if from.influence.is_none() && from.groups.is_empty() {
            return Err(Error::new(
                "no_fixed_effects",
                "there are no fixed effects that could move, or influence was not asked for",
            ));
        }
        let groups = (from.groups.iter())
            .map(|found| {
                let mut levels: Vec<GroupDistance> = (found.levels.iter())
                    .map(|level| GroupDistance {
                        level: level.level.clone(),
                        n: level.n,
                        cooks_distance: level.cooks_distance,
                    })
                    .collect();
                let size = |l: &GroupDistance| l.cooks_distance.unwrap_or(f64::INFINITY);
                levels.sort_by(|a, b| size(b).total_cmp(&size(a)));
                GroupDistances {
                    group: found.group.clone(),
                    method: found.method,
                    levels,
                }
            })
            .collect::<Vec<_>>();
        let rows = (from.influence.iter())
            .flat_map(|found| &found.rows)
            .map(|row| RowDistance {
                row: row.row,
                cooks_distance: row.cooks_fixed,
            })
            .collect();
        let mut notes = vec![
            "Cook's distance of the fixed effects: how far they move together, in standard errors \
             squared, over their number; from 1 on it is large."
                .to_owned(),
        ];
        for group in &groups {
            if group.levels.len() > GROUPS {
                notes.push(format!(
                    "The {GROUPS} most influential of {} levels of {} are drawn.",
                    count(group.levels.len()),
                    group.group
                ));
            }
            if group.method == DeletionMethod::OneStep {
                notes.push(format!(
                    "{} in one step, with the variances of all rows.",
                    group.group
                ));
            }
        }
        if !from.groups_left_out.is_empty() {
            notes.push(format!(
                "Groups of {} are too many to be left out one by one.",
                crate::words::list(&from.groups_left_out)
            ));
        }
        let findings = ["influence_groups", "influence_rows"]
            .iter()
            .filter_map(|name| from.finding(name).cloned())
            .collect();
        Ok(Self {
            groups,
            rows,
            findings,
            notes,
        })
    }

    /// What the figure shows, in sentences.
    pub fn description(&self) -> String {
        let mut out = String::from("Cook's distances.");
        for group in &self.groups {
            let first = group.levels.iter().find(|l| l.cooks_distance.is_some());
            if let Some((level, d)) = first.and_then(|l| Some((&l.level, l.cooks_distance?))) {
                out.push_str(&format!(
                    " Of {} levels of {} the largest is that of {level}, {}.",
                    count(group.levels.len()),
                    group.group,
                    number(d, 0.0)
                ));
            }
        }
        for finding in &self.findings {
            out.push_str(&found(Some(finding)));
        }
        out
    }

    fn group_panel(&self, group: &GroupDistances) -> Panel {
        let shown: Vec<&GroupDistance> = (group.levels.iter())
            .filter(|l| l.cooks_distance.is_some())
            .take(GROUPS)
            .collect();
        let at: Vec<f64> = (0..shown.len()).map(|i| i as f64).collect();
        let to: Vec<f64> = shown.iter().filter_map(|l| l.cooks_distance).collect();
        let style = Style::default().colour(Colour::Series(0));
        Panel {
            title: Some(group.group.clone()),
            x: Axis::new("Cook's distance").including([0.0]),
            y: Axis::categories(
                String::new(),
                shown.iter().map(|l| l.level.clone()).collect(),
            ),
            layers: [
                Mark::Intervals {
                    along: Along::X,
                    at: at.clone(),
                    lower: vec![0.0; at.len()],
                    upper: to.clone(),
                }
                .styled(style.colour(Colour::Muted)),
                Mark::Points {
                    x: to.clone(),
                    y: at,
                    names: shown.iter().map(|l| l.level.clone()).collect(),
                }
                .styled(style),
            ]
            .into_iter()
            .chain(one(&to, Rule::Vertical(1.0)))
            .collect(),
        }
    }

    fn row_panel(&self) -> Panel {
        let known: Vec<(f64, f64)> = (self.rows.iter())
            .filter_map(|r| Some((r.row as f64, r.cooks_distance?)))
            .collect();
        let (x, y): (Vec<f64>, Vec<f64>) = known.iter().copied().unzip();
        let mut order: Vec<usize> = (0..x.len()).collect();
        order.sort_by(|&a, &b| y[b].total_cmp(&y[a]).then(a.cmp(&b)));
        order.truncate(5);
        let style = Style::default().colour(Colour::Series(0));
        let mut layers = Vec::new();
        if x.len() <= STEMS {
            layers.push(
                Mark::Intervals {
                    along: Along::Y,
                    at: x.clone(),
                    lower: vec![0.0; x.len()],
                    upper: y.clone(),
                }
                .styled(style.colour(Colour::Muted).size(0.6)),
            );
        }
        layers.push(
            Mark::Points {
                x: x.clone(),
                y: y.clone(),
                names: x.iter().map(|row| format!("row {row}")).collect(),
            }
            .styled(style.size(if x.len() > 100 { 0.5 } else { 0.8 })),
        );
        layers.push(
            Mark::Labels {
                x: order.iter().map(|&i| x[i]).collect(),
                y: order.iter().map(|&i| y[i]).collect(),
                texts: order.iter().map(|&i| x[i].to_string()).collect(),
            }
            .styled(Style::default()),
        );
        layers.extend(one(&y, Rule::Horizontal(1.0)));
        Panel {
            title: Some("Rows".to_owned()),
            x: Axis::new("Row of the data"),
            y: Axis::new("Cook's distance").including([0.0]),
            layers,
        }
    }
}

/// The line at a distance of 1, where any comes near.
fn one(values: &[f64], rule: Rule) -> Option<crate::chart::Layer> {
    (values.iter().any(|d| *d > 0.7))
        .then(|| Mark::Rules(vec![rule]).styled(Style::default().colour(Colour::Alert)))
}

impl Answer for CooksDistances {
    fn table(&self) -> Table {
        use ranef::Style;
        let groups = || {
            (self.groups.iter())
                .flat_map(|g| g.levels.iter().map(move |l| (Some(g), Some(l), None)))
        };
        let all = || groups().chain(self.rows.iter().map(|r| (None, None, Some(r))));
        type Cell<'a> = (
            Option<&'a GroupDistances>,
            Option<&'a GroupDistance>,
            Option<&'a RowDistance>,
        );
        let each = |f: fn(Cell<'_>) -> Option<f64>| all().map(f).collect::<Vec<_>>();
        Table::new()
            .text("group", all().map(|(g, _, _)| g.map(|g| g.group.clone())))
            .text("level", all().map(|(_, l, _)| l.map(|l| l.level.clone())))
            .numbers("row", Style::Count, each(|(_, _, r)| Some(r?.row as f64)))
            .numbers(
                "n",
                Style::Count,
                each(|(_, l, _)| Some(l.map_or(1, |l| l.n) as f64)),
            )
            .numbers(
                "cooks_distance",
                Style::Digits,
                each(|(_, l, r)| l.map_or_else(|| r?.cooks_distance, |l| l.cooks_distance)),
            )
    }
}

impl fmt::Display for CooksDistances {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut short = self.clone();
        short.groups.iter_mut().for_each(|g| g.levels.truncate(10));
        let size = |r: &RowDistance| r.cooks_distance.unwrap_or(f64::INFINITY);
        short.rows.sort_by(|a, b| size(b).total_cmp(&size(a)));
        short.rows.truncate(10);
        write_figure(
            f,
            "Cook's distances, the largest first",
            &short.table(),
            &self.description(),
            &self.notes,
        )
    }
}

impl Figure for CooksDistances {
    fn chart(&self) -> Chart {
        let mut panels: Vec<Panel> = self.groups.iter().map(|g| self.group_panel(g)).collect();
        if !self.rows.is_empty() {
            panels.push(self.row_panel());
        }
        let tallest = (self.groups.iter())
            .map(|g| g.levels.len().min(GROUPS))
            .max()
            .unwrap_or(0) as f64;
        Chart {
            name: "cooks",
            title: "Cook's distance: what leaving out a group or a row does".to_owned(),
            subtitle: Some("How far the fixed effects move".to_owned()),
            notes: self.notes.clone(),
            description: self.description(),
            columns: Some(panels.len().clamp(1, 2)),
            height: Some((45.0 + 3.6 * tallest).max(80.0) * panels.len().div_ceil(2) as f64),
            panels,
            ..Chart::default()
        }
    }
}
