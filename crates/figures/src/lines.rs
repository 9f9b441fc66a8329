//! Lines: every group's own line over a predictor, the data behind, the line of the population over
//! all, and on request the line that forgets the groups. Where that one falls while the groups'
//! rise, Simpson's paradox can be seen.

use std::fmt;

use ranef::frame::Source;
use ranef::{
    Answer, Error, Fit, GroupLines, GroupLinesOptions, PopulationPoint, ResponseScale, Table,
};
use serde::Serialize;

use crate::chart::{Axis, Colour, Curve, Dash, Mark, Panel, Style};
use crate::words::{self, count, number, range, write_text};
use crate::{Chart, Figure, points};

/// The lines of all groups.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lines {
    /// What the vertical axis measures.
    pub outcome: String,
    /// Whether the line that forgets the groups is drawn.
    pub complete: bool,
    /// The lines.
    pub lines: GroupLines,
}

impl Lines {
    /// The lines of the groups of a model; `complete` adds the line of one regression for all rows,
    /// in gaussian models.
    ///
    /// # Errors
    /// As [`Fit::group_lines`].
    pub fn of(
        fit: &Fit,
        source: &dyn Source,
        options: &GroupLinesOptions,
        complete: bool,
    ) -> Result<Self, Error> {
        let lines = fit.group_lines(source, &options.clone().pooling(complete))?;
        Ok(Self {
            outcome: words::outcome(fit, lines.scale.unwrap_or_default()),
            complete: complete && lines.complete_slope().is_some(),
            lines,
        })
    }

    /// Whether the response can stand beside the lines.
    fn has_points(&self) -> bool {
        self.lines.scale != Some(ResponseScale::Link)
    }

    fn summary(&self) -> String {
        let lines = &self.lines;
        let n = lines.lines.len();
        let many = match n == lines.groups {
            true => count(n),
            false => format!("{} of {}", count(n), count(lines.groups)),
        };
        let mut out = format!("{many} levels of {}", lines.group);
        let kind = match (lines.straight, lines.scale) {
            (false, _) => "average slopes",
            (true, None) => "slopes",
            (true, Some(_)) => "slopes on the link's scale",
        };
        if let Some((least, largest)) = lines.slopes() {
            // Without random slopes all are the same.
            out.push_str(&match largest - least <= 1e-9 * largest.abs() {
                true => format!(", all {kind} {}", number(least, 0.0)),
                false => format!(", {kind} from {}", range(least, largest)),
            });
        }
        out
    }

    fn description(&self) -> String {
        let lines = &self.lines;
        let slopes: Vec<f64> = lines.lines.iter().filter_map(|l| l.slope).collect();
        let rising = slopes.iter().filter(|s| **s > 0.0).count();
        let mut out = format!(
            "{} over {}: {}. {} of {} rise.",
            self.outcome,
            lines.x,
            self.summary(),
            count(rising),
            count(slopes.len())
        );
        let population = lines.population_slope();
        if let (Some(slope), None) = (population, lines.scale) {
            out.push_str(&format!(
                " The population's line has the slope {}.",
                number(slope, 0.0)
            ));
        }
        if let (Some(complete), true) = (lines.complete_slope(), self.complete) {
            out.push_str(&format!(
                " One line for all rows, which forgets the groups, has {}",
                number(complete, 0.0)
            ));
            let against = 2 * slopes.iter().filter(|s| **s * complete < 0.0).count();
            out.push_str(match against > slopes.len() {
                true => ": the other way round than most groups (Simpson's paradox).",
                false => ".",
            });
        }
        out
    }

    fn notes(&self) -> Vec<String> {
        let own = self.lines.chosen.iter().chain(&self.lines.notes);
        own.cloned().collect()
    }
}

impl Answer for Lines {
    fn table(&self) -> Table {
        self.lines.table()
    }
}

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.lines)?;
        write_text(f, &self.description())
    }
}

impl Figure for Lines {
    fn chart(&self) -> Chart {
        let lines = &self.lines;
        let n = lines.lines.len();
        let mut layers = Vec::new();
        let mut notes = self.notes();
        if self.has_points() {
            let points = lines.points.iter().map(|p| (p.x, p.y)).collect();
            let names = lines.points.iter().map(|p| &lines.lines[p.line].level);
            let names = names.cloned().collect();
            let (points, note) = points::layer(points, names, Colour::Muted);
            layers.extend(points);
            notes.extend(note);
        }
        let curves: Vec<Curve> = lines
            .lines
            .iter()
            .filter(|l| l.slope.is_some())
            .map(|l| Curve {
                x: l.x.clone(),
                y: l.estimate.clone(),
                name: l.level.clone(),
            })
            .collect();
        let opacity = match n {
            0..=30 => 0.8,
            31..=100 => 0.5,
            _ => 0.3,
        };
        layers.push(
            Mark::Lines(curves)
                .styled(
                    Style::default()
                        .colour(Colour::Series(0))
                        .size(0.8)
                        .opacity(opacity),
                )
                .keyed(format!("each {}", lines.group)),
        );
        let along = |of: fn(&PopulationPoint) -> Option<f64>| {
            let points = lines.population.iter().filter_map(|p| Some((p.x, of(p)?)));
            let (x, y): (Vec<f64>, Vec<f64>) = points.unzip();
            Curve {
                x,
                y,
                name: String::new(),
            }
        };
        layers.push(
            Mark::Lines(vec![along(|p| p.estimate)])
                .styled(Style::default().size(1.8))
                .keyed("population"),
        );
        // Above the population's, which it may coincide with.
        if self.complete {
            layers.push(
                Mark::Lines(vec![along(|p| p.complete_pooling)])
                    .styled(Style::series(1).dash(Dash::Dashed).size(1.6))
                    .keyed("one line for all rows"),
            );
        }
        Chart {
            name: "lines",
            title: format!("{} over {} in each {}", self.outcome, lines.x, lines.group),
            subtitle: Some(self.summary()),
            notes,
            description: self.description(),
            panels: vec![Panel {
                title: None,
                x: Axis::new(lines.x.clone()),
                y: Axis::new(self.outcome.clone()),
                layers,
            }],
            ..Chart::default()
        }
    }
}
