//! How predictions are drawn: lines with bands, points with whiskers, facets.

use ranef::{GroupLines, Point, ResponseScale};

use super::{PredictedRow, PredictedValues};
use crate::chart::{Along, Axis, Colour, Curve, Dash, Layer, Mark, Panel, Shared, Style};
use crate::words::percent;
use crate::{Chart, Figure, points};

/// Levels of a moderator that can be told apart.
const SERIES: usize = 8;

impl PredictedValues {
    fn style(&self, series: usize) -> Style {
        match self.series.len() {
            1 => Style::default().colour(Colour::Series(0)),
            _ => Style::series(series),
        }
    }

    /// Lines with bands over numbers.
    fn curves(&self) -> Vec<Layer> {
        let mut bands = Vec::new();
        let mut lines = Vec::new();
        for (s, name) in self.series.iter().enumerate() {
            let own: Vec<(f64, &PredictedRow)> = self
                .rows
                .iter()
                .filter(|r| r.series == s)
                .filter_map(|r| match r.x {
                    Point::Number(x) => Some((x, r)),
                    Point::Level(_) => None,
                })
                .collect();
            let x: Vec<f64> = own.iter().map(|(x, _)| *x).collect();
            let style = self.style(s);
            bands.push(
                Mark::Band {
                    x: x.clone(),
                    lower: own.iter().map(|(_, r)| r.lower).collect(),
                    upper: own.iter().map(|(_, r)| r.upper).collect(),
                }
                .styled(style.opacity(0.2)),
            );
            let line = Mark::Lines(vec![Curve {
                x,
                y: own.iter().map(|(_, r)| r.estimate).collect(),
                name: name.clone(),
            }])
            .styled(style.size(1.8));
            lines.push(match name.is_empty() {
                true => line,
                false => line.keyed(name),
            });
        }
        bands.into_iter().chain(lines).collect()
    }

    /// Points with whiskers at levels.
    fn whiskers(&self) -> Vec<Layer> {
        let m = self.series.len() as f64;
        let mut layers = Vec::new();
        for (s, name) in self.series.iter().enumerate() {
            let off = (s as f64 - (m - 1.0) / 2.0) * (0.6 / m).min(0.2);
            let own: Vec<(f64, &PredictedRow)> = self
                .rows
                .iter()
                .filter(|r| r.series == s)
                .filter_map(|r| {
                    let text = r.x.to_string();
                    let at = self.x_levels.iter().position(|l| *l == text)?;
                    Some((at as f64 + off, r))
                })
                .collect();
            let at: Vec<f64> = own.iter().map(|(x, _)| *x).collect();
            let style = self.style(s).dash(Dash::Solid);
            layers.push(
                Mark::Intervals {
                    along: Along::Y,
                    at: at.clone(),
                    lower: own.iter().map(|(_, r)| r.lower).collect(),
                    upper: own.iter().map(|(_, r)| r.upper).collect(),
                }
                .styled(style),
            );
            let points = Mark::Points {
                x: at,
                y: own.iter().map(|(_, r)| r.estimate).collect(),
                names: Vec::new(),
            }
            .styled(style.size(1.3));
            layers.push(match name.is_empty() {
                true => points,
                false => points.keyed(name),
            });
        }
        layers
    }

    /// The rows of the data, and what is to be said of them.
    fn dots(&self) -> (Vec<Layer>, Option<String>) {
        let all = std::iter::once(None).chain((0..self.series.len()).map(Some));
        let found: Vec<(Option<Layer>, Option<String>)> = all
            .map(|series| {
                let own = self.data.iter().filter(|p| p.series == series);
                let colour = match series {
                    Some(s) if self.series.len() > 1 => self.style(s).colour,
                    _ => Colour::Muted,
                };
                points::layer(own.map(|p| (p.x, p.y)).collect(), Vec::new(), colour)
            })
            .collect();
        let note = found.iter().find_map(|(_, note)| note.clone());
        (
            found.into_iter().filter_map(|(layer, _)| layer).collect(),
            note,
        )
    }

    fn facet_panels(&self, lines: &GroupLines) -> Vec<Panel> {
        let facets = lines.lines.iter().enumerate();
        facets
            .map(|(at, line)| {
                let mut layers = Vec::new();
                if lines.scale != Some(ResponseScale::Link) {
                    let own = || lines.points.iter().filter(|p| p.line == at);
                    layers.push(
                        Mark::Points {
                            x: own().map(|p| p.x).collect(),
                            y: own().map(|p| p.y).collect(),
                            names: Vec::new(),
                        }
                        .styled(
                            Style::default()
                                .colour(Colour::Muted)
                                .size(0.7)
                                .opacity(0.6),
                        ),
                    );
                }
                let style = Style::default().colour(Colour::Series(0));
                if let (Some(lower), Some(upper), true) =
                    (&line.lower, &line.upper, line.slope.is_some())
                {
                    layers.push(
                        Mark::Band {
                            x: line.x.clone(),
                            lower: lower.clone(),
                            upper: upper.clone(),
                        }
                        .styled(style.opacity(0.2)),
                    );
                }
                let points = lines.population.iter();
                let points = points.filter_map(|p| Some((p.x, p.estimate?)));
                let (x, y): (Vec<f64>, Vec<f64>) = points.unzip();
                layers.push(
                    Mark::Lines(vec![Curve {
                        x,
                        y,
                        name: String::new(),
                    }])
                    .styled(Style::default().colour(Colour::Muted).dash(Dash::Dashed))
                    .keyed("population"),
                );
                layers.push(
                    Mark::Lines(vec![Curve {
                        x: line.x.clone(),
                        y: line.estimate.clone(),
                        name: line.level.clone(),
                    }])
                    .styled(style.size(1.8))
                    .keyed(format!("this {}", lines.group)),
                );
                Panel {
                    title: Some(line.level.clone()),
                    x: Axis::new(self.x.clone()),
                    y: Axis::new(self.outcome.clone()),
                    layers,
                }
            })
            .collect()
    }
}

impl Figure for PredictedValues {
    fn chart(&self) -> Chart {
        let chart = Chart {
            name: "predictions",
            title: self.title(),
            subtitle: Some(format!("{}% confidence bands", percent(self.level))),
            notes: self.notes.clone(),
            description: self.description(),
            ..Chart::default()
        };
        if let Some(lines) = &self.groups {
            let n = lines.lines.len();
            let columns = match n {
                0..=3 => n.max(1),
                4 => 2,
                5..=9 => 3,
                10..=24 => 4,
                _ => 6,
            };
            return Chart {
                panels: self.facet_panels(lines),
                columns: Some(columns),
                shared: Shared { x: true, y: true },
                height: Some(30.0 + (34.0 * n.div_ceil(columns) as f64).max(48.0)),
                ..chart
            };
        }
        let (mut layers, note) = self.dots();
        let mut notes = chart.notes.clone();
        notes.extend(note);
        let x = match self.x_levels.is_empty() {
            true => {
                layers.extend(self.curves());
                Axis::new(self.x.clone())
            }
            false => {
                layers.extend(self.whiskers());
                Axis::categories(self.x.clone(), self.x_levels.clone())
            }
        };
        if self.series.len() > SERIES {
            notes.push(format!(
                "{} has more levels than colours can tell apart; `--at` names some.",
                self.by.as_deref().unwrap_or_default()
            ));
        }
        Chart {
            subtitle: match self.x_levels.is_empty() {
                true => chart.subtitle,
                false => Some(format!("{}% confidence intervals", percent(self.level))),
            },
            notes,
            panels: vec![Panel {
                title: None,
                x,
                y: Axis::new(self.outcome.clone()),
                layers,
            }],
            ..chart
        }
    }
}
