//! Leverage against residual: which rows move the fitted values?
//!
//! With r the studentised residual, h the leverage and p fixed effects, Cook's distance of a row is
//! r²h/((1 − h)p) as lme4 has it (Cook 1977), so its contours are r = ±√(Dp(1 − h)/h).

use std::fmt;

use ranef::{Answer, Diagnostics, Finding, Table};
use serde::Serialize;

use super::residuals::ends;
use super::{NAMES_NOTE, RESIDUAL, cloud, found, heading, named, reference, rows};
use crate::chart::{Axis, Colour, Curve, Dash, Layer, Mark, Panel, Rule, Style};
use crate::words::{list, number, write_figure};
use crate::{Chart, Figure};

/// Distances whose contours are drawn.
const CONTOURS: [f64; 2] = [0.5, 1.0];

/// Leverages and residuals of the rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LeveragePlot {
    /// Number of fixed effects.
    pub coefficients: usize,
    /// Where each row stands in the data, from 1.
    pub row: Vec<usize>,
    /// Its leverage h = ∂ŷ/∂y.
    pub leverage: Vec<f64>,
    /// Its studentised residual.
    pub residual: Vec<f64>,
    /// Its Cook's distance; `None` at leverage 1.
    pub cooks_distance: Vec<Option<f64>>,
    /// The verdict on influential rows, where that was asked.
    pub finding: Option<Finding>,
}

impl LeveragePlot {
    /// Of what [`ranef::Fit::diagnostics`] found.
    pub fn of(from: &Diagnostics) -> Self {
        Self {
            coefficients: from.coefficients,
            row: from.row.clone(),
            leverage: from.leverage.clone(),
            residual: from.residual.clone(),
            cooks_distance: from.cooks_distance.clone(),
            finding: from.finding("influence_rows").cloned(),
        }
    }

    /// Where Cook's distance has a value, as far as residuals reach: upper and lower branch.
    fn contour(&self, distance: f64) -> Option<(Vec<f64>, Vec<f64>)> {
        const POINTS: usize = 60;
        let (_, most) = ends(&self.leverage);
        let (low, high) = ends(&self.residual);
        let reach = 1.05 * low.abs().max(high.abs()).max(2.0);
        let p = self.coefficients as f64;
        if p == 0.0 || !most.is_finite() {
            return None;
        }
        // h at which the contour comes down to the largest residual.
        let first = distance * p / (distance * p + reach * reach);
        let last = (1.05 * most).min(0.999);
        if first >= last {
            return None;
        }
        let x: Vec<f64> = (0..POINTS)
            .map(|i| first + (last - first) * i as f64 / (POINTS - 1) as f64)
            .collect();
        let y = x
            .iter()
            .map(|h| (distance * p * (1.0 - h) / h).sqrt())
            .collect();
        Some((x, y))
    }

    fn contours(&self) -> Vec<Layer> {
        let mut out = Vec::new();
        for (i, distance) in CONTOURS.into_iter().enumerate() {
            let Some((x, y)) = self.contour(distance) else {
                continue;
            };
            let below: Vec<f64> = y.iter().map(|y| -y).collect();
            let curve = |y: &[f64]| Curve {
                x: x.clone(),
                y: y.to_vec(),
                name: format!("Cook's distance {distance}"),
            };
            let dash = [Dash::Dashed, Dash::Solid][i];
            let style = Style::default().colour(Colour::Alert).dash(dash);
            out.push(
                Mark::Lines(vec![curve(&y), curve(&below)])
                    .styled(style)
                    .keyed(format!("Cook's distance {distance}")),
            );
        }
        out
    }

    pub(super) fn panel(&self, title: Option<String>) -> Panel {
        let mut layers = vec![reference(Rule::Horizontal(0.0))];
        layers.extend(self.contours());
        layers.push(cloud(&self.leverage, &self.residual, &self.row));
        let size = |i: usize| self.cooks_distance[i].unwrap_or(f64::INFINITY);
        // The three largest, where they are not like all others.
        let mean = self.cooks_distance.iter().flatten().sum::<f64>() / self.row.len().max(1) as f64;
        layers.extend(named(
            &self.leverage,
            &self.residual,
            &self.row,
            &size,
            (4.0 * mean).max(1e-12),
        ));
        Panel {
            title,
            x: Axis::new("Leverage ∂ŷ/∂y").including([0.0]),
            y: Axis::new(RESIDUAL).including([-2.0, 2.0]),
            layers,
        }
    }

    pub(super) fn checked(&self) -> Panel {
        let look = match self.contours().is_empty() {
            true => "No row should lie far out to the right and far up or down.",
            false => "Points should lie within the contours.",
        };
        self.panel(Some(heading(
            "Influential rows",
            self.finding.as_ref(),
            look,
        )))
    }

    /// The rows with the largest distances.
    fn largest(&self) -> Vec<(usize, f64)> {
        let mut all: Vec<(usize, f64)> = (self.row.iter().zip(&self.cooks_distance))
            .filter_map(|(row, d)| Some((*row, (*d)?)))
            .collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        all.truncate(3);
        all
    }

    /// What the figure shows, in sentences.
    pub fn description(&self) -> String {
        let (low, high) = ends(&self.leverage);
        let largest: Vec<String> = self
            .largest()
            .iter()
            .map(|(row, d)| format!("{} (row {row})", number(*d, 0.0)))
            .collect();
        format!(
            "Studentised residuals of {} against their leverages, which run from {} to {}. Largest \
             Cook's distances of the fitted values: {}.{}",
            rows(self.row.len()),
            number(low, high),
            number(high, low),
            list(&largest),
            found(self.finding.as_ref())
        )
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = vec![NAMES_NOTE.to_owned()];
        if self.contours().is_empty() {
            notes.push("No row comes near a Cook's distance of 0.5.".to_owned());
        }
        notes
    }
}

impl Answer for LeveragePlot {
    fn table(&self) -> Table {
        use ranef::Style;
        Table::new()
            .numbers("row", Style::Count, self.row.iter().map(|r| *r as f64))
            .numbers("leverage", Style::Share, self.leverage.iter().copied())
            .numbers("residual", Style::Share, self.residual.iter().copied())
            .numbers(
                "cooks_distance",
                Style::Digits,
                self.cooks_distance.iter().copied(),
            )
    }
}

impl fmt::Display for LeveragePlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use ranef::Style;
        let largest = self.largest();
        let table = Table::new()
            .numbers(
                "row",
                Style::Count,
                largest.iter().map(|(row, _)| *row as f64),
            )
            .titled("Row")
            .numbers(
                "cooks_distance",
                Style::Digits,
                largest.iter().map(|(_, d)| *d),
            )
            .titled("Cook's distance");
        write_figure(f, "Leverage and residual", &table, &self.description(), &[])
    }
}

impl Figure for LeveragePlot {
    fn chart(&self) -> Chart {
        Chart {
            name: "leverage",
            title: "Leverage and residual of each row".to_owned(),
            subtitle: Some("Rows to the right, up or down move the fitted values most".to_owned()),
            notes: self.notes(),
            description: self.description(),
            panels: vec![self.panel(None)],
            ..Chart::default()
        }
    }
}
