//! Quantile plots of residuals and of each random effect.

use std::fmt;

use ranef::{Answer, Diagnostics, Error, Finding, Fit, QuantilePlot, QuantilePoint, Table};
use serde::Serialize;

use super::{NAMED, found, heading};
use crate::chart::{Axis, Colour, Dash, Layer, Mark, Panel, Rule, Shared, Style};
use crate::words::{count, list, term, write_figure};
use crate::{Chart, Figure};

/// Numbers against the quantiles of the distribution that they should have, with bands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QuantileFigure {
    /// `qq` of residuals or `qq-random` of random effects.
    pub kind: &'static str,
    /// A panel each.
    pub plots: Vec<QuantilePlot>,
    /// The verdict on normality.
    pub finding: Option<Finding>,
}

impl QuantileFigure {
    /// Of the studentised residuals of a gaussian model.
    ///
    /// # Errors
    /// `linear_only` for another family, whose residuals are normal in no model.
    pub fn of_residuals(from: &Diagnostics) -> Result<Self, Error> {
        let Some(plot) = &from.residual_quantiles else {
            return Err(Error::new(
                "linear_only",
                "residuals of this family are not normal even where the model is right",
            )
            .with_hint("draw `simulated`, whose residuals are uniform for every family"));
        };
        Ok(Self {
            kind: "qq",
            plots: vec![plot.clone()],
            finding: from.finding("normality_residuals").cloned(),
        })
    }

    /// Of each random effect, scaled by its standard deviation under the model.
    ///
    /// # Errors
    /// `no_random_effects` where none has variance in two groups or more.
    pub fn of_random_effects(fit: &Fit, from: Option<&Diagnostics>) -> Result<Self, Error> {
        let mut plots = match from {
            Some(from) => from.effect_quantiles.clone(),
            None => fit.effect_quantiles(),
        };
        plots.retain(|plot| plot.n > 1);
        if plots.is_empty() {
            return Err(Error::new(
                "no_random_effects",
                "no random effect has variance in two groups or more",
            ));
        }
        Ok(Self {
            kind: "qq-random",
            plots,
            finding: from.and_then(|d| d.finding("normality_random")).cloned(),
        })
    }

    fn is_random(&self) -> bool {
        self.kind == "qq-random"
    }

    fn title(&self) -> &'static str {
        match self.is_random() {
            true => "Normal quantiles of the random effects",
            false => "Normal quantiles of the residuals",
        }
    }

    /// What the figure shows, in sentences.
    pub fn description(&self) -> String {
        let one = |plot: &QuantilePlot| {
            let what = match &plot.term {
                Some(name) => format!("{} of {} levels of {}", term(name), plot.n, plot.group),
                None => format!("Studentised residuals of {} rows", count(plot.n)),
            };
            let outside: Vec<&str> = most_outside(plot).iter().map(|p| p.name.as_str()).collect();
            match plot.outside {
                0 => format!("{what}: all lie within the band."),
                n => format!(
                    "{what}: {} outside the band{}.",
                    match n {
                        1 => "1 point lies".to_owned(),
                        n => format!("{} points lie", count(n)),
                    },
                    match outside.is_empty() {
                        true => String::new(),
                        false => format!(", farthest {}", list(&outside)),
                    }
                ),
            }
        };
        let all: Vec<String> = self.plots.iter().map(one).collect();
        format!(
            "Sorted numbers against normal quantiles, on a straight line where they are normal. {}{}",
            all.join(" "),
            found(self.finding.as_ref())
        )
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = vec![
            "Band: holds all points with probability 0.95 if they are independent and normal (equal \
             local levels)."
                .to_owned(),
        ];
        let shown: usize = self.plots.iter().map(|plot| plot.points.len()).sum();
        let all: usize = self.plots.iter().map(|plot| plot.n).sum();
        if shown < all {
            notes.push(format!(
                "{} of {} points are drawn, all of them at both ends.",
                count(shown),
                count(all)
            ));
        }
        if self.is_random() {
            notes.push(
                "Conditional modes over their standard deviation under the model, √(τ² − Var(b | y))."
                    .to_owned(),
            );
        }
        notes
    }

    /// All plots in one panel, told apart by colour and symbol.
    pub(super) fn checked(&self) -> Panel {
        let what = match self.is_random() {
            true => "Normal random effects",
            false => "Normal residuals",
        };
        let title = heading(
            what,
            self.finding.as_ref(),
            match self.plots.iter().any(|plot| plot.n > 2000) {
                // Bands are so narrow that departures of no consequence leave them.
                true => "Points should follow the line.",
                false => "Points should lie within the band.",
            },
        );
        let several = self.plots.len() > 1;
        let groups = self.plots.iter().any(|p| p.group != self.plots[0].group);
        let mut layers: Vec<Layer> = Vec::new();
        for plot in &self.plots {
            layers.push(band(plot, if several { 0.12 } else { 0.22 }));
        }
        layers.push(diagonal());
        for (i, plot) in self.plots.iter().enumerate() {
            let style = match several {
                true => Style::series(i).size(0.7).opacity(0.8),
                false => points_style(plot),
            };
            let layer = points(plot).styled(style);
            layers.push(match (&plot.term, several) {
                (Some(name), true) if groups => {
                    layer.keyed(format!("{}: {}", plot.group, term(name)))
                }
                (Some(name), true) => layer.keyed(term(name)),
                _ => layer,
            });
            layers.extend(labels(plot));
        }
        Panel {
            title: Some(title),
            layers,
            ..axes(self.is_random())
        }
    }
}

fn axes(random: bool) -> Panel {
    Panel {
        x: Axis::new("Normal quantile (SD)"),
        y: Axis::new(match random {
            true => "Random effect (SD)",
            false => super::RESIDUAL,
        }),
        ..Panel::default()
    }
}

/// The points farthest outside their band.
fn most_outside(plot: &QuantilePlot) -> Vec<&QuantilePoint> {
    let far = |p: &QuantilePoint| (p.lower - p.observed).max(p.observed - p.upper);
    let mut out: Vec<&QuantilePoint> = plot.points.iter().filter(|p| p.is_outside()).collect();
    out.sort_by(|a, b| far(b).total_cmp(&far(a)));
    out.truncate(NAMED);
    out
}

/// The band of a plot.
pub(super) fn band(plot: &QuantilePlot, opacity: f64) -> Layer {
    Mark::Band {
        x: plot.points.iter().map(|p| p.expected).collect(),
        lower: plot.points.iter().map(|p| p.lower).collect(),
        upper: plot.points.iter().map(|p| p.upper).collect(),
    }
    .styled(Style::default().colour(Colour::Muted).opacity(opacity))
}

/// Where the points should lie.
pub(super) fn diagonal() -> Layer {
    Mark::Rules(vec![Rule::Slope {
        intercept: 0.0,
        slope: 1.0,
    }])
    .styled(Style::default().colour(Colour::Faint).dash(Dash::Dashed))
}

pub(super) fn points(plot: &QuantilePlot) -> Mark {
    Mark::Points {
        x: plot.points.iter().map(|p| p.expected).collect(),
        y: plot.points.iter().map(|p| p.observed).collect(),
        names: plot.points.iter().map(|p| p.name.clone()).collect(),
    }
}

pub(super) fn points_style(plot: &QuantilePlot) -> Style {
    let size = if plot.points.len() > 60 { 0.6 } else { 0.9 };
    Style::default().colour(Colour::Series(0)).size(size)
}

/// The names of the points farthest outside.
pub(super) fn labels(plot: &QuantilePlot) -> Option<Layer> {
    let out = most_outside(plot);
    (!out.is_empty()).then(|| {
        Mark::Labels {
            x: out.iter().map(|p| p.expected).collect(),
            y: out.iter().map(|p| p.observed).collect(),
            texts: out.iter().map(|p| p.name.clone()).collect(),
        }
        .styled(Style::default())
    })
}

/// All plots in one table.
pub(super) fn table(plots: &[QuantilePlot]) -> Table {
    use ranef::Style;
    let all = || {
        plots
            .iter()
            .flat_map(|plot| plot.points.iter().map(move |p| (plot, p)))
    };
    Table::new()
        .text("group", all().map(|(plot, _)| plot.group.clone()))
        .text("term", all().map(|(plot, _)| plot.term.clone()))
        .text("name", all().map(|(_, p)| p.name.clone()))
        .numbers("rank", Style::Count, all().map(|(_, p)| p.rank as f64))
        .numbers("expected", Style::Share, all().map(|(_, p)| p.expected))
        .numbers("observed", Style::Share, all().map(|(_, p)| p.observed))
        .numbers("lower", Style::Share, all().map(|(_, p)| p.lower))
        .numbers("upper", Style::Share, all().map(|(_, p)| p.upper))
}

impl Answer for QuantileFigure {
    fn table(&self) -> Table {
        table(&self.plots)
    }
}

impl fmt::Display for QuantileFigure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<QuantilePlot> = self.plots.iter().map(shortened).collect();
        write_figure(
            f,
            self.title(),
            &table(&shown),
            &self.description(),
            &self.notes(),
        )
    }
}

/// Some points of a plot, for people: both ends and some between.
fn shortened(plot: &QuantilePlot) -> QuantilePlot {
    let at = crate::words::thinned(plot.points.len(), 15);
    QuantilePlot {
        points: at.into_iter().map(|i| plot.points[i].clone()).collect(),
        ..plot.clone()
    }
}

impl Figure for QuantileFigure {
    fn chart(&self) -> Chart {
        let random = self.is_random();
        let groups = self.plots.iter().any(|p| p.group != self.plots[0].group);
        let panels = self
            .plots
            .iter()
            .map(|plot| {
                let mut layers = vec![band(plot, 0.22), diagonal()];
                layers.push(points(plot).styled(points_style(plot)));
                layers.extend(labels(plot));
                Panel {
                    title: plot.term.as_deref().map(|name| match groups {
                        true => format!("{}: {}", plot.group, term(name)),
                        false => term(name).to_owned(),
                    }),
                    layers,
                    ..axes(random)
                }
            })
            .collect::<Vec<_>>();
        Chart {
            name: self.kind,
            title: match (random, groups) {
                (true, false) => format!("{} of {}", self.title(), self.plots[0].group),
                _ => self.title().to_owned(),
            },
            subtitle: Some("Points should follow the line and lie within the band".to_owned()),
            notes: self.notes(),
            description: self.description(),
            columns: Some(panels.len().clamp(1, 3)),
            shared: Shared { x: true, y: true },
            panels,
            ..Chart::default()
        }
    }
}
