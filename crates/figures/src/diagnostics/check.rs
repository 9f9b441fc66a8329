//! The check of a model on one page: six panels, each with what to look for and the verdict.

use std::fmt;

use ranef::frame::Source;
use ranef::{
    Answer, Diagnostics, DiagnosticsOptions, Error, Finding, Fit, Simulate, Table, Verdict,
};
use serde::Serialize;

use super::{
    LeveragePlot, NAMES_NOTE, QuantileFigure, ResidualPlot, ScaleLocation, SimulatedPlot, heading,
};
use crate::chart::{Along, Axis, Colour, Mark, Panel, Rule, Style};
use crate::words::{list, term, write_figure};
use crate::{Chart, Figure};

/// Numbers that are simulated at most where nothing is said about simulations.
const SIMULATED: usize = 2_000_000;

/// The page of checks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckPanel {
    /// The formula of the model.
    pub formula: String,
    /// Residuals along fitted values; of a gaussian model.
    pub residuals: Option<ResidualPlot>,
    /// The spread of residuals, or the dispersion.
    pub spread: ScaleLocation,
    /// Normal quantiles of the residuals; of a gaussian model.
    pub residual_quantiles: Option<QuantileFigure>,
    /// Normal quantiles of the random effects, where they have variance.
    pub effect_quantiles: Option<QuantileFigure>,
    /// Leverage and residual.
    pub leverage: LeveragePlot,
    /// Variance inflation of the model's terms; empty for fewer than two.
    pub inflation: Vec<Inflated>,
    /// Simulated residuals.
    pub simulated: Option<SimulatedPlot>,
    /// All verdicts on what is shown.
    pub findings: Vec<Finding>,
}

/// How much wider the interval of a term is because others repeat it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inflated {
    /// The term.
    pub term: String,
    /// Generalised variance inflation to the power of 1/df (Fox and Monette 1992), the usual VIF of a
    /// single column; `None` where other terms determine it.
    pub vif: Option<f64>,
}

impl CheckPanel {
    /// The page of a model, from one pass over its rows. Without `simulate` there are 250
    /// simulations, fewer of many rows, down to 20.
    ///
    /// # Errors
    /// As [`Fit::diagnostics`].
    pub fn of(fit: &Fit, source: &dyn Source, simulate: Option<Simulate>) -> Result<Self, Error> {
        let fewer = (SIMULATED / fit.nobs().max(1)).clamp(20, 250) as u32;
        let simulate = simulate.unwrap_or(Simulate {
            replicates: fewer,
            ..Simulate::default()
        });
        let options = DiagnosticsOptions::default().simulate(simulate).rows();
        Ok(Self::from(fit, &fit.diagnostics(source, &options)?))
    }

    /// The same of diagnostics that were asked for before.
    pub fn from(fit: &Fit, from: &Diagnostics) -> Self {
        let gaussian = from.residual_quantiles.is_some();
        let inflation = (from.collinearity.inflation.iter())
            .filter(|i| i.level == "model")
            .map(|i| Inflated {
                term: i.term.clone(),
                vif: i.vif.map(|vif| vif.powf(1.0 / i.df as f64)),
            })
            .collect();
        Self {
            formula: fit.formula().to_owned(),
            residuals: gaussian.then(|| ResidualPlot::of(from)),
            spread: ScaleLocation::of(from),
            residual_quantiles: QuantileFigure::of_residuals(from).ok(),
            effect_quantiles: QuantileFigure::of_random_effects(fit, Some(from)).ok(),
            leverage: LeveragePlot::of(from),
            inflation,
            simulated: SimulatedPlot::of(from).ok(),
            findings: from.findings.clone(),
        }
    }

    fn panels(&self) -> Vec<Panel> {
        let mut panels = Vec::new();
        match (&self.residuals, &self.simulated) {
            (Some(residuals), _) => panels.push(residuals.checked()),
            (None, Some(simulated)) => panels.push(simulated.along_panel()),
            (None, None) => {}
        }
        panels.push(self.spread.checked());
        match (&self.residual_quantiles, &self.simulated) {
            (Some(quantiles), _) => panels.push(quantiles.checked()),
            (None, Some(simulated)) => panels.push(simulated.quantile_panel()),
            (None, None) => {}
        }
        panels.extend(self.effect_quantiles.as_ref().map(QuantileFigure::checked));
        panels.push(self.leverage.checked());
        let simulated = self.simulated.as_ref().filter(|_| self.residuals.is_some());
        panels.extend(match self.inflation.len() {
            0 | 1 => simulated.map(SimulatedPlot::quantile_panel),
            _ => Some(self.inflation_panel()),
        });
        // Hundreds of names behind the points of six panels make a page heavy: the single figures
        // have them.
        for layer in panels.iter_mut().flat_map(|panel| &mut panel.layers) {
            if let Mark::Points { names, .. } = &mut layer.mark {
                names.clear();
            }
        }
        panels
    }

    fn inflation_panel(&self) -> Panel {
        let known: Vec<(f64, f64)> = (self.inflation.iter().enumerate())
            .filter_map(|(at, i)| Some((at as f64, i.vif?)))
            .collect();
        let (at, vif): (Vec<f64>, Vec<f64>) = known.into_iter().unzip();
        let largest = vif.iter().copied().fold(1.0, f64::max);
        let style = Style::default().colour(Colour::Series(0));
        let mut layers = vec![
            Mark::Intervals {
                along: Along::X,
                at: at.clone(),
                lower: vec![1.0; at.len()],
                upper: vif.clone(),
            }
            .styled(style.colour(Colour::Muted)),
            Mark::Points {
                x: vif,
                y: at,
                names: self.inflation.iter().map(|i| i.term.clone()).collect(),
            }
            .styled(style),
        ];
        if largest > 3.5 {
            layers.insert(0, super::reference(Rule::Vertical(5.0)));
        }
        let finding = self.findings.iter().find(|f| f.name == "collinearity");
        Panel {
            title: Some(heading(
                "Collinearity",
                finding,
                "Points should lie below 5.",
            )),
            x: Axis::new("Variance inflation factor").including([1.0, 2.0]),
            y: Axis::categories(
                String::new(),
                self.inflation
                    .iter()
                    .map(|i| term(&i.term).to_owned())
                    .collect(),
            ),
            layers,
        }
    }

    /// How many checks have a verdict.
    fn count(&self, verdict: Verdict) -> usize {
        self.findings
            .iter()
            .filter(|f| f.verdict == verdict)
            .count()
    }

    fn summary(&self) -> String {
        let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
        format!(
            "{}, {}, {} in order",
            plural(self.count(Verdict::Problem), "problem"),
            plural(self.count(Verdict::Note), "note"),
            self.count(Verdict::Ok)
        )
    }

    /// What the figure shows, in sentences: the verdicts.
    pub fn description(&self) -> String {
        let panels: Vec<String> = self
            .panels()
            .iter()
            .filter_map(|p| Some(p.title.as_ref()?.lines().next()?.to_owned()))
            .collect();
        let mut out = format!(
            "Checks of {}: {}. Panels: {}.",
            self.formula,
            self.summary(),
            list(&panels)
        );
        for finding in &self.findings {
            if matches!(finding.verdict, Verdict::Note | Verdict::Problem) {
                out.push_str(&format!(" {}", finding.message));
            }
        }
        out
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = vec![
            "Verdicts are those of ranef check: a departure counts if it is both beyond chance and \
             large enough to matter."
                .to_owned(),
        ];
        if let Some(simulated) = &self.simulated {
            notes.push(format!("{}.", simulated.simulations));
        }
        notes.push(format!(
            "{NAMES_NOTE} Bands hold all points with probability 0.95."
        ));
        notes
    }
}

impl Answer for CheckPanel {
    /// The verdicts; the data of a panel are those of its own figure.
    fn table(&self) -> Table {
        let each =
            |text: fn(&Finding) -> String| self.findings.iter().map(text).collect::<Vec<_>>();
        Table::new()
            .text("name", each(|f| f.name.clone()))
            .text("verdict", each(|f| f.verdict.word().to_owned()))
            .text("message", each(|f| f.message.clone()))
    }
}

impl fmt::Display for CheckPanel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = Table::new()
            .text("check", self.findings.iter().map(|f| f.name.clone()))
            .titled("Check")
            .text(
                "verdict",
                self.findings.iter().map(|f| f.verdict.word().to_owned()),
            )
            .titled("Verdict");
        write_figure(
            f,
            "Checks in figures",
            &table,
            &self.description(),
            &self.notes(),
        )
    }
}

impl Figure for CheckPanel {
    fn chart(&self) -> Chart {
        let panels = self.panels();
        let rows = panels.len().div_ceil(2);
        Chart {
            name: "check",
            title: "Is the fit sound?".to_owned(),
            subtitle: Some(format!("{}: {}", self.formula, self.summary())),
            notes: self.notes(),
            description: self.description(),
            columns: Some(2),
            width: Some(180.0),
            height: Some(30.0 + 68.0 * rows as f64),
            panels,
            ..Chart::default()
        }
    }
}
