//! Simulated residuals: uniform quantiles, and quartiles along the expected values (as Hartig's
//! DHARMa shows them).
//!
//! The residual of a row is the share of simulated responses below the observed one: uniform where
//! the model is right, whatever its family, but for the pull that rows have on their own fitted values,
//! which the expected quantiles take into account. Along the expected values of the population (their
//! ranks) the quartiles should stay at ¼, ½ and ¾, but for the same pull.

use std::fmt;

use ranef::smooth::local_quantiles;
use ranef::{Answer, Diagnostics, Error, Finding, QuantilePlot, Table};
use serde::Serialize;

use super::quantiles::{band, diagonal, labels, points, points_style};
use super::{SmoothCurve, cloud, found, heading, line, reference};
use crate::chart::{Axis, Colour, Panel, Rule, Style};
use crate::words::{count, write_text};
use crate::{Chart, Figure};

/// Quantiles whose curves are drawn.
const QUARTILES: [f64; 3] = [0.25, 0.5, 0.75];

/// Simulated residuals.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SimulatedPlot {
    /// How many simulations of which kind, with which seed.
    pub simulations: String,
    /// Their quantiles against uniform ones.
    pub quantiles: QuantilePlot,
    /// What `rank` ranks.
    pub across: String,
    /// Where each row stands in the data, from 1.
    pub row: Vec<usize>,
    /// The rank of its expected value, from 0 to 1; the mean rank of equals.
    pub rank: Vec<f64>,
    /// Its simulated residual, from 0 to 1.
    pub residual: Vec<f64>,
    /// Quartiles of the residuals along the ranks: local ones of the nearest half of the rows.
    pub quartiles: Vec<QuartileCurve>,
    /// The verdicts on distribution, dispersion, outliers and patterns, and on zeros of counts.
    pub findings: Vec<Finding>,
}

/// A quartile along the ranks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QuartileCurve {
    /// ¼, ½ or ¾.
    pub quantile: f64,
    /// Where it should stay, leverages taken into account.
    pub expected: f64,
    /// The p-value of the test that it stays there; `None` where all expected values are equal.
    pub p_value: Option<f64>,
    /// Where it is.
    pub curve: SmoothCurve,
}

impl SimulatedPlot {
    /// Of what [`ranef::Fit::diagnostics`] found, asked for simulated residuals.
    ///
    /// # Errors
    /// `not_simulated` where they were not asked for.
    pub fn of(from: &Diagnostics) -> Result<Self, Error> {
        let (Some(found), Some(quantiles)) = (&from.simulated, &from.simulated_quantiles) else {
            return Err(Error::new(
                "not_simulated",
                "responses were not simulated for these diagnostics",
            )
            .with_hint("ask for them: DiagnosticsOptions::default().simulate(…)"));
        };
        // Fitted values take their residuals along; expected values of the population do not.
        let varies = from.population.windows(2).any(|w| w[0] != w[1]);
        let (across, values) = match varies {
            true => (
                "Expected value without random effects (rank)",
                &from.population,
            ),
            false => ("Fitted value (rank)", &from.fitted),
        };
        let rank = ranks(values);
        let curves = local_quantiles(&rank, &found.residuals, &QUARTILES, 0.5, 41);
        let quartiles = QUARTILES
            .iter()
            .zip(curves)
            .map(|(&quantile, curve)| QuartileCurve {
                quantile,
                expected: found.expected_quantile(quantile),
                p_value: (found.quantiles.iter().find(|q| q.quantile == quantile))
                    .map(|q| q.p_value),
                curve: curve.into(),
            })
            .collect();
        let names = [
            "simulated_uniformity",
            "simulated_dispersion",
            "simulated_outliers",
            "simulated_quantiles",
            "overdispersion",
            "zero_inflation",
        ];
        Ok(Self {
            simulations: format!(
                "{} {} simulations, seed {}",
                found.replicates, found.method, found.seed
            ),
            quantiles: quantiles.clone(),
            across: across.to_owned(),
            row: from.row.clone(),
            rank,
            residual: found.residuals.clone(),
            quartiles,
            findings: names
                .iter()
                .filter_map(|name| from.finding(name).cloned())
                .collect(),
        })
    }

    fn finding(&self, name: &str) -> Option<&Finding> {
        self.findings.iter().find(|f| f.name == name)
    }

    /// The uniform quantiles.
    pub(super) fn quantile_panel(&self) -> Panel {
        let plot = &self.quantiles;
        let mut layers = vec![band(plot, 0.22), diagonal()];
        layers.push(points(plot).styled(points_style(plot)));
        layers.extend(labels(plot));
        let unit = |title: &str| Axis {
            domain: Some((0.0, 1.0)),
            ..Axis::new(title)
        };
        Panel {
            title: Some(heading(
                "Distribution",
                self.finding("simulated_uniformity"),
                "Points should lie within the band.",
            )),
            x: unit("Expected quantile"),
            y: unit("Simulated residual"),
            layers,
        }
    }

    /// The quartiles along the expected values.
    pub(super) fn along_panel(&self) -> Panel {
        let mut layers = vec![cloud(&self.rank, &self.residual, &self.row)];
        for quartile in &self.quartiles {
            layers.push(reference(Rule::Horizontal(quartile.expected)));
        }
        for quartile in self.quartiles.iter().filter(|q| q.curve.x.len() > 2) {
            // A p-value of three.
            let off = quartile.p_value.is_some_and(|p| p * 3.0 < 0.01);
            let colour = if off {
                Colour::Alert
            } else {
                Colour::Series(0)
            };
            layers.push(
                line(&quartile.curve.x, &quartile.curve.y)
                    .styled(Style::default().colour(colour).size(1.8)),
            );
        }
        Panel {
            title: Some(heading(
                "Pattern",
                self.finding("simulated_quantiles"),
                "The curves should follow the dashes.",
            )),
            x: Axis {
                domain: Some((0.0, 1.0)),
                ..Axis::new(self.across.clone())
            },
            y: Axis {
                domain: Some((0.0, 1.0)),
                ..Axis::new("Simulated residual")
            },
            layers,
        }
    }

    /// What the figure shows, in sentences.
    pub fn description(&self) -> String {
        let mut out = format!(
            "Simulated residuals of {} rows ({}): against the quantiles expected, of which {} points lie \
             outside the band, and with their quartiles along the {}.",
            count(self.row.len()),
            self.simulations,
            match self.quantiles.outside {
                0 => "no".to_owned(),
                n => count(n),
            },
            super::residuals::lower_first(&self.across)
        );
        for finding in &self.findings {
            // Several findings: each says what was looked at, or nobody knows of what it speaks.
            out.push(' ');
            out.push_str(&finding.looked_at);
            out.push_str(&found(Some(finding)));
        }
        out
    }
}

/// Ranks from 0 to 1; equals have their mean.
fn ranks(values: &[f64]) -> Vec<f64> {
    let n = values.len() as f64;
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut out = vec![0.0; values.len()];
    let mut first = 0;
    for run in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let middle = (first as f64 + 0.5 * run.len() as f64) / n;
        run.iter().for_each(|&i| out[i] = middle);
        first += run.len();
    }
    out
}

impl Answer for SimulatedPlot {
    /// The rows, then the quartiles.
    fn table(&self) -> Table {
        use ranef::Style;
        let n = self.row.len();
        let curves = || {
            self.quartiles.iter().flat_map(|q| {
                q.curve
                    .x
                    .iter()
                    .zip(&q.curve.y)
                    .map(move |xy| (q.quantile, xy))
            })
        };
        let more = curves().count();
        Table::new()
            .text(
                "part",
                std::iter::repeat_n("row", n)
                    .chain(std::iter::repeat_n("quartile", more))
                    .map(str::to_owned),
            )
            .numbers(
                "row",
                Style::Count,
                (self.row.iter().map(|r| Some(*r as f64))).chain(std::iter::repeat_n(None, more)),
            )
            .numbers(
                "quantile",
                Style::Share,
                std::iter::repeat_n(None, n).chain(curves().map(|(q, _)| Some(q))),
            )
            .numbers(
                "rank",
                Style::Share,
                self.rank
                    .iter()
                    .copied()
                    .chain(curves().map(|(_, (x, _))| *x)),
            )
            .numbers(
                "residual",
                Style::Share,
                self.residual
                    .iter()
                    .copied()
                    .chain(curves().map(|(_, (_, y))| *y)),
            )
    }
}

impl fmt::Display for SimulatedPlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Simulated residuals\n")?;
        write_text(f, &self.description())
    }
}

impl Figure for SimulatedPlot {
    fn chart(&self) -> Chart {
        Chart {
            name: "simulated",
            title: "Simulated residuals".to_owned(),
            subtitle: Some(format!(
                "Share of simulated responses below the observed one; {}",
                self.simulations
            )),
            notes: vec![
                "Expected quantiles are uniform but for the pull that rows have on their own fitted \
                 values; the band holds all points with probability 0.95."
                    .to_owned(),
                "Curves: quartiles of the nearest half of the rows; in red where they leave the \
                 dashes beyond chance (p < 0.01 after three tests)."
                    .to_owned(),
            ],
            description: self.description(),
            columns: Some(2),
            height: Some(85.0),
            panels: vec![self.quantile_panel(), self.along_panel()],
            ..Chart::default()
        }
    }
}
