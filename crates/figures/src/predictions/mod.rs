//! Predicted values with bands over a predictor: of the population, by a moderator (at its levels,
//! or at its mean and one standard deviation to each side), or in facets by group.
//!
//! The values are those of [`Fit::means`] (random effects at zero, other numbers at their mean, other
//! factors averaged with equal weights), in generalised models on the scale of the response: of an
//! average group, or averaged over all groups that might be drawn. In facets they are those of
//! [`Fit::group_lines`] with their bands.

mod chart;
mod options;

use std::fmt;

use ranef::frame::Source;
use ranef::{
    Answer, Error, Fit, GroupLines, GroupLinesOptions, MeansOptions, ObservedColumn, Point,
    PredictorKind, ResponseScale, Table,
};
use serde::Serialize;

pub use self::options::PredictedOptions;

use crate::words::{self, count, number, percent, write_figure};

/// Values along a predictor of numbers.
const STEPS: usize = 48;
/// Groups that get a facet unless told.
const FACETS: usize = 12;

/// Predicted values over a predictor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PredictedValues {
    /// What the vertical axis measures.
    pub outcome: String,
    /// The predictor along the horizontal axis.
    pub x: String,
    /// Its levels where it is a factor; empty for numbers.
    pub x_levels: Vec<String>,
    /// The moderator.
    pub by: Option<String>,
    /// Its values, in words: the key of each line.
    pub series: Vec<String>,
    /// The probability that a band holds its target.
    pub level: f64,
    /// Whether they are averaged over the random effects.
    pub averaged: bool,
    /// The values, series by series.
    pub rows: Vec<PredictedRow>,
    /// Rows of the data.
    pub data: Vec<PredictedPoint>,
    /// The lines of the groups, where facets are asked for.
    pub groups: Option<GroupLines>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// A predicted value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PredictedRow {
    /// The predictor.
    pub x: Point,
    /// Position of the moderator's value in [`PredictedValues::series`].
    pub series: usize,
    /// The expected value.
    pub estimate: f64,
    /// Lower end of its interval.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

/// A row of the data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PredictedPoint {
    /// The predictor: of a factor the position of the level.
    pub x: f64,
    /// The response.
    pub y: f64,
    /// The series it belongs to, where the moderator has levels.
    pub series: Option<usize>,
}

impl PredictedValues {
    /// The predicted values of a model; the source is needed for points and for facets.
    ///
    /// # Errors
    /// `no_predictors`, `unknown_predictor`, `predictor_twice`; as [`Fit::means`] and
    /// [`Fit::group_lines`].
    pub fn of(
        fit: &Fit,
        source: Option<&dyn Source>,
        options: &PredictedOptions,
    ) -> Result<Self, Error> {
        if let (Some(group), Some(source)) = (&options.group, source) {
            return Self::facets(fit, source, group, options);
        }
        let x = match &options.x {
            Some(name) => fit.predictor_range(name)?,
            None => default_x(fit, options.by.as_deref())?,
        };
        let asked = |name: &str| {
            let found = options.at.iter().find(|(of, _)| of == name);
            found.map(|(_, values)| values.clone())
        };
        let x_levels = match &x.values {
            PredictorKind::Levels(levels) => levels.clone(),
            PredictorKind::Numbers { .. } => Vec::new(),
        };
        let x_values = match (&x.values, asked(&x.name)) {
            (_, Some(values)) => values,
            (PredictorKind::Levels(levels), None) => levels.clone(),
            (
                PredictorKind::Numbers {
                    min,
                    max,
                    two_values: true,
                    ..
                },
                None,
            ) => {
                vec![min.to_string(), max.to_string()]
            }
            (PredictorKind::Numbers { min, max, .. }, None) => (0..=STEPS)
                .map(|i| min + (max - min) * i as f64 / STEPS as f64)
                .map(|x| x.to_string())
                .collect(),
        };
        let mut by = None;
        let (mut by_values, mut series) = (Vec::new(), vec![String::new()]);
        if let Some(name) = &options.by {
            let found = fit.predictor_range(name)?;
            if found.name == x.name {
                let message = format!("`{name}` is on the horizontal axis already");
                return Err(Error::new("predictor_twice", message)
                    .with_hint("name another predictor with --by"));
            }
            (by_values, series) = moderator(&found.name, &found.values, asked(&found.name));
            by = Some(found);
        }
        let mut names = vec![x.name.clone()];
        if let Some(by) = &by {
            names.insert(0, by.name.clone());
        }
        let mut means = MeansOptions::by(names)
            .level(options.level)
            .scale(options.scale)
            .average(options.average && !fit.family().is_gaussian())
            .at(&x.name, x_values);
        if let Some(by) = &by {
            means = means.at(&by.name, by_values);
        }
        for (name, values) in &options.at {
            let used = *name == x.name || by.as_ref().is_some_and(|by| by.name == *name);
            if !used {
                means = means.at(name, values.iter().cloned());
            }
        }
        let found = fit.means(&means)?;
        let per = found.rows.len() / series.len().max(1);
        let rows: Vec<PredictedRow> = found
            .rows
            .iter()
            .enumerate()
            .filter_map(|(i, row)| {
                let value = row.value?;
                Some(PredictedRow {
                    x: row.at.last()?.clone(),
                    series: i / per.max(1),
                    estimate: value.estimate,
                    lower: value.lower,
                    upper: value.upper,
                })
            })
            .collect();
        let mut notes: Vec<String> = Vec::new();
        let held: Vec<String> = found.held.iter().map(|(name, at)| held(name, at)).collect();
        if !held.is_empty() {
            notes.push(format!("The others: {}.", words::list(&held)));
        }
        if !fit.family().is_gaussian() && options.scale == ResponseScale::Response {
            notes.push(
                match options.average {
                    true => "Averaged over the random effects of all groups that might be drawn.",
                    false => "In an average group (random effects at zero).",
                }
                .to_owned(),
            );
        }
        let mut figure = Self {
            outcome: words::outcome(fit, options.scale),
            x: x.name.clone(),
            x_levels,
            by: by.as_ref().map(|by| by.name.clone()),
            series,
            level: options.level,
            averaged: found.averaged,
            rows,
            data: Vec::new(),
            groups: None,
            notes,
        };
        let linear = fit.family().is_gaussian() || options.scale == ResponseScale::Response;
        if let (Some(source), true, true) = (source, options.points > 0, linear) {
            let levels = by.as_ref().and_then(|by| match &by.values {
                PredictorKind::Levels(levels) => Some(levels.clone()),
                PredictorKind::Numbers {
                    two_values: true,
                    min,
                    max,
                    ..
                } => Some(vec![min.to_string(), max.to_string()]),
                PredictorKind::Numbers { .. } => None,
            });
            figure.read(fit, source, levels.as_deref(), options.points)?;
        }
        Ok(figure)
    }

    /// Predictions of known groups, a facet each.
    fn facets(
        fit: &Fit,
        source: &dyn Source,
        group: &str,
        options: &PredictedOptions,
    ) -> Result<Self, Error> {
        if let Some(by) = &options.by {
            let message = format!("facets by {group} have no lines by {by}");
            return Err(
                Error::new("facets_by", message).with_hint("leave out one of --group and --by")
            );
        }
        let group = words::group(fit, Some(group))?;
        let mut wanted = GroupLinesOptions::default()
            .group(group)
            .most(options.groups.unwrap_or(FACETS))
            .levels(options.levels.iter().cloned())
            .level(options.level)
            .scale(options.scale)
            .points(options.points)
            .bands(true);
        if let Some(x) = &options.x {
            wanted = wanted.x(x);
        }
        let lines = fit.group_lines(source, &wanted)?;
        Ok(Self {
            outcome: words::outcome(fit, options.scale),
            x: lines.x.clone(),
            x_levels: Vec::new(),
            by: None,
            series: Vec::new(),
            level: options.level,
            averaged: false,
            rows: Vec::new(),
            data: Vec::new(),
            notes: lines.chosen.iter().chain(&lines.notes).cloned().collect(),
            groups: Some(lines),
        })
    }

    /// The rows of the data, thinned.
    fn read(
        &mut self,
        fit: &Fit,
        source: &dyn Source,
        levels: Option<&[String]>,
        most: usize,
    ) -> Result<(), Error> {
        let mut columns = vec![self.x.as_str()];
        columns.extend(self.by.as_deref());
        let found = fit.observations(source, &columns)?;
        let text = |column: &ObservedColumn, i: usize| match column {
            ObservedColumn::Numbers(x) => x[i].to_string(),
            ObservedColumn::Texts(texts) => texts[i].clone().unwrap_or_default(),
        };
        let n = found.response.len();
        let kept = n.min(most);
        for i in (0..kept).map(|i| i * n / kept.max(1)) {
            let x = match found.columns.first() {
                Some(ObservedColumn::Numbers(x)) if self.x_levels.is_empty() => x[i],
                Some(column) => {
                    let text = text(column, i);
                    match self.x_levels.iter().position(|l| *l == text) {
                        Some(at) => at as f64,
                        None => continue,
                    }
                }
                None => continue,
            };
            let own = found.columns.get(1).zip(levels);
            let series = own.and_then(|(column, levels)| {
                let text = text(column, i);
                levels.iter().position(|l| *l == text)
            });
            self.data.push(PredictedPoint {
                x,
                y: found.response[i],
                series: series.filter(|s| *s < self.series.len()),
            });
        }
        if kept < n {
            self.notes.push(format!(
                "{} of {} rows are shown as points, evenly through the data.",
                count(kept),
                count(n)
            ));
        }
        Ok(())
    }

    fn title(&self) -> String {
        let by = match (&self.by, &self.groups) {
            (_, Some(lines)) => format!(" in each {}", lines.group),
            (Some(by), None) => format!(" by {by}"),
            (None, None) => String::new(),
        };
        format!("{} over {}{by}", self.outcome, self.x)
    }

    fn description(&self) -> String {
        let band = format!("{}% intervals", percent(self.level));
        if let Some(lines) = &self.groups {
            let mut out = format!(
                "{}, {} of {} levels of {}, with {band} and the population's line.",
                self.title(),
                count(lines.lines.len()),
                count(lines.groups),
                lines.group
            );
            if let Some((least, largest)) = lines.slopes() {
                let scale = if lines.scale.is_some() {
                    " on the link's scale"
                } else {
                    ""
                };
                out.push_str(&format!(
                    " Slopes{scale} from {}.",
                    words::range(least, largest)
                ));
            }
            return out;
        }
        let mut out = format!("{}, with {band}.", self.title());
        for (s, name) in self.series.iter().enumerate() {
            let own: Vec<&PredictedRow> = self.rows.iter().filter(|r| r.series == s).collect();
            let lead = match name.is_empty() {
                true => String::new(),
                false => format!("{name}: "),
            };
            if self.x_levels.is_empty() {
                if let (Some(a), Some(b)) = (own.first(), own.last()) {
                    out.push_str(&format!(
                        " {lead}{} at {} = {}, {} at {}.",
                        number(a.estimate, b.estimate),
                        self.x,
                        a.x,
                        number(b.estimate, a.estimate),
                        b.x
                    ));
                }
                continue;
            }
            let size = own.iter().fold(0.0f64, |m, r| m.max(r.estimate.abs()));
            let values: Vec<String> = own
                .iter()
                .take(20)
                .map(|r| format!("{} {}", r.x, number(r.estimate, size)))
                .collect();
            out.push_str(&format!(" {lead}{}.", words::list(&values)));
        }
        out
    }
}

/// What another predictor is held at, in words.
fn held(name: &str, at: &[Point]) -> String {
    match at {
        [Point::Number(x)] => format!("{name} at {}", number(*x, 0.0)),
        [one] => format!("{name} at {one}"),
        many => format!("{name} averaged over {} values", many.len()),
    }
}

/// The first predictor of numbers, or the first.
fn default_x(fit: &Fit, by: Option<&str>) -> Result<ranef::PredictorRange, Error> {
    let mut all = fit.predictors()?;
    all.retain(|p| by != Some(p.name.as_str()));
    let numbers = |p: &ranef::PredictorRange| {
        matches!(
            p.values,
            PredictorKind::Numbers {
                two_values: false,
                ..
            }
        )
    };
    let at = all.iter().position(numbers).unwrap_or(0);
    all.into_iter().nth(at).ok_or_else(|| {
        Error::new(
            "no_predictors",
            "the model has no predictor to draw predictions over",
        )
        .with_hint("draw `caterpillar`, which shows how groups differ")
    })
}

/// The values of a moderator, and how they are named.
fn moderator(
    name: &str,
    values: &PredictorKind,
    asked: Option<Vec<String>>,
) -> (Vec<String>, Vec<String>) {
    if let Some(values) = asked {
        let series = values.iter().map(|v| format!("{name} = {v}")).collect();
        return (values, series);
    }
    match values {
        PredictorKind::Levels(levels) => (levels.clone(), levels.clone()),
        PredictorKind::Numbers {
            min,
            max,
            two_values: true,
            ..
        } => {
            let values = vec![min.to_string(), max.to_string()];
            let series = values.iter().map(|v| format!("{name} = {v}")).collect();
            (values, series)
        }
        PredictorKind::Numbers { mean, sd, .. } => {
            let at = [mean - sd, *mean, mean + sd];
            let words = ["mean − SD", "mean", "mean + SD"];
            let size = at[0].abs().max(at[2].abs());
            let series = words.iter().zip(at);
            (
                at.iter().map(f64::to_string).collect(),
                series
                    .map(|(word, x)| format!("{name} = {} ({word})", number(x, size)))
                    .collect(),
            )
        }
    }
}

impl Answer for PredictedValues {
    fn table(&self) -> Table {
        use ranef::Style;
        if let Some(lines) = &self.groups {
            return lines.table();
        }
        let rows = &self.rows;
        let mut table = Table::new();
        table = match self.x_levels.is_empty() {
            true => table.numbers(
                &self.x,
                Style::Digits,
                rows.iter().map(|r| match r.x {
                    Point::Number(x) => Some(x),
                    Point::Level(_) => None,
                }),
            ),
            false => table.text(&self.x, rows.iter().map(|r| r.x.to_string())),
        };
        if let Some(by) = &self.by {
            table = table.text(by, rows.iter().map(|r| self.series[r.series].clone()));
        }
        table
            .numbers("estimate", Style::Digits, rows.iter().map(|r| r.estimate))
            .numbers("lower", Style::Digits, rows.iter().map(|r| r.lower))
            .numbers("upper", Style::Digits, rows.iter().map(|r| r.upper))
    }
}

impl fmt::Display for PredictedValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_figure(
            f,
            &self.title(),
            &self.table(),
            &self.description(),
            &self.notes,
        )
    }
}
