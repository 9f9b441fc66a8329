//! Every group's own line over a predictor, beside the line of the population and the one that
//! forgets the groups.
//!
//! The line of a group runs over the group's own range of the predictor. It is what the model says
//! of the group's own rows when only this predictor is moved: the rows are read again with the
//! predictor at each value, and their linear predictors averaged, so that other predictors count as
//! they are in the group (their means, for what enters linearly). Of the random effects it has those
//! of the group and of the groups it lies in; crossed factors are at zero. The line of the
//! population is that of [`Fit::means`]: random effects at zero, the others at their reference
//! values.
//!
//! Where the lines of the groups rise and the line through all rows falls, that is Simpson's paradox
//! (Simpson 1951; for multilevel data Robinson 1950).

mod compute;
mod rows;

use std::fmt;

use ranef_frame::Source;
use serde::Serialize;

use crate::format::write_text;
use crate::{Answer, Error, Fit, ResponseScale, Style, Table};

/// Which lines are wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupLinesOptions {
    pub(crate) x: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) levels: Vec<String>,
    pub(crate) most: usize,
    pub(crate) points: usize,
    pub(crate) level: f64,
    pub(crate) scale: ResponseScale,
    pub(crate) bands: bool,
    pub(crate) pooling: bool,
}

impl Default for GroupLinesOptions {
    fn default() -> Self {
        Self {
            x: None,
            group: None,
            levels: Vec::new(),
            most: 200,
            points: 3000,
            level: 0.95,
            scale: ResponseScale::Response,
            bands: false,
            pooling: false,
        }
    }
}

impl GroupLinesOptions {
    /// The predictor: a column of numbers. Unless told, that of the first random slope of the
    /// grouping factor, or the first that varies within groups.
    pub fn x(mut self, x: impl Into<String>) -> Self {
        self.x = Some(x.into());
        self
    }

    /// The grouping factor: the first of the formula unless told.
    pub fn group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// The groups that are wanted, in this order.
    pub fn levels<S: Into<String>>(mut self, levels: impl IntoIterator<Item = S>) -> Self {
        self.levels = levels.into_iter().map(Into::into).collect();
        self
    }

    /// How many groups are taken where none are named, 200 unless told: evenly by their number of
    /// rows, the smallest and the largest among them.
    pub fn most(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// How many rows of the data are kept as points, 3000 unless told.
    pub fn points(mut self, points: usize) -> Self {
        self.points = points;
        self
    }

    /// The probability that a band holds its target, 0.95 unless told.
    pub fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// In a generalised model: the response (unless told), or the scale of the link.
    pub fn scale(mut self, scale: ResponseScale) -> Self {
        self.scale = scale;
        self
    }

    /// With intervals around the lines of the groups.
    pub fn bands(mut self, bands: bool) -> Self {
        self.bands = bands;
        self
    }

    /// With the lines of no and of complete pooling, in gaussian models.
    pub fn pooling(mut self, pooling: bool) -> Self {
        self.pooling = pooling;
        self
    }
}

/// The lines of groups over a predictor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupLines {
    /// The predictor.
    pub x: String,
    /// The grouping factor.
    pub group: String,
    /// In a generalised model, the scale of the lines.
    pub scale: Option<ResponseScale>,
    /// The probability that a band holds its target.
    pub level: f64,
    /// Whether all lines are straight, on the scale of the link.
    pub straight: bool,
    /// Levels of the grouping factor.
    pub groups: usize,
    /// How the groups that are here were chosen; `None` where they are all or were named.
    pub chosen: Option<String>,
    /// The lines of the groups.
    pub lines: Vec<GroupLine>,
    /// The line of the population over the whole range of the predictor.
    pub population: Vec<PopulationPoint>,
    /// Rows of the groups that are here, of which `points` has some or all.
    pub rows: usize,
    /// Rows of the data.
    pub points: Vec<GroupPoint>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// The line of one group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupLine {
    /// The group.
    pub level: String,
    /// Its rows.
    pub n: usize,
    /// The rise per unit of the predictor on the scale of the link, from one end to the other;
    /// `None` where the predictor has one value only in the group.
    pub slope: Option<f64>,
    /// Values of the predictor, from the least in the group to the largest.
    pub x: Vec<f64>,
    /// The expected value in this group.
    pub estimate: Vec<f64>,
    /// Its lower end, if it was asked for.
    pub lower: Option<Vec<f64>>,
    /// Its upper end.
    pub upper: Option<Vec<f64>>,
    /// From the regression with coefficients of each group's own; `None` where they were not asked
    /// for or the group's rows do not give them.
    pub no_pooling: Option<Vec<f64>>,
    /// From one regression for all rows.
    pub complete_pooling: Option<Vec<f64>>,
}

/// A point of the line of the population.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PopulationPoint {
    /// The value of the predictor.
    pub x: f64,
    /// The expected value in an average group; `None` where the data cannot give it.
    pub estimate: Option<f64>,
    /// Lower end of its interval.
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
    /// From one regression for all rows that forgets the groups, in gaussian models.
    pub complete_pooling: Option<f64>,
}

/// A row of the data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct GroupPoint {
    /// Its group: a position in [`GroupLines::lines`].
    pub line: usize,
    /// The predictor.
    pub x: f64,
    /// The response.
    pub y: f64,
}

impl Fit {
    /// The lines of groups over a predictor, for the rows that the model was fitted to.
    ///
    /// # Errors
    /// `no_groups`, `unknown_group`, `unknown_level`, `unknown_predictor`, `predictor_is_a_factor`;
    /// `no_slope` where no predictor varies within groups; `needs_rows` for pooling and bands of a
    /// loaded fit, which [`Fit::with_rows`] mends.
    pub fn group_lines(
        &self,
        source: &dyn Source,
        options: &GroupLinesOptions,
    ) -> Result<GroupLines, Error> {
        compute::group_lines(self, source, options)
    }
}

impl GroupLines {
    /// The least and the largest slope of the groups.
    pub fn slopes(&self) -> Option<(f64, f64)> {
        let slopes = || self.lines.iter().filter_map(|line| line.slope);
        let least = slopes().min_by(f64::total_cmp)?;
        Some((least, slopes().max_by(f64::total_cmp)?))
    }

    /// The rise of the line of the population, end to end.
    pub fn population_slope(&self) -> Option<f64> {
        self.rise(|p| p.estimate)
    }

    /// The rise of the line that forgets the groups, end to end.
    pub fn complete_slope(&self) -> Option<f64> {
        self.rise(|p| p.complete_pooling)
    }

    fn rise(&self, of: fn(&PopulationPoint) -> Option<f64>) -> Option<f64> {
        let (first, last) = (self.population.first()?, self.population.last()?);
        (last.x > first.x).then_some((of(last)? - of(first)?) / (last.x - first.x))
    }
}

impl Answer for GroupLines {
    /// A row a point of a line: `kind` is `group`, `population` or `data`.
    fn table(&self) -> Table {
        let mut rows: Vec<Row<'_>> = Vec::new();
        for line in &self.lines {
            let at = |values: &Option<Vec<f64>>, i: usize| values.as_ref().map(|v| v[i]);
            rows.extend((0..line.x.len()).map(|i| Row {
                kind: "group",
                level: Some(&line.level),
                x: line.x[i],
                numbers: [
                    Some(line.estimate[i]),
                    at(&line.lower, i),
                    at(&line.upper, i),
                    at(&line.no_pooling, i),
                    at(&line.complete_pooling, i),
                ],
                response: None,
            }));
        }
        rows.extend(self.population.iter().map(|p| Row {
            kind: "population",
            level: None,
            x: p.x,
            numbers: [p.estimate, p.lower, p.upper, None, p.complete_pooling],
            response: None,
        }));
        rows.extend(self.points.iter().map(|p| Row {
            kind: "data",
            level: Some(&self.lines[p.line].level),
            x: p.x,
            numbers: [None; 5],
            response: Some(p.y),
        }));
        let names = [
            "estimate",
            "lower",
            "upper",
            "no_pooling",
            "complete_pooling",
        ];
        let mut table = Table::new()
            .text("kind", rows.iter().map(|r| r.kind.to_owned()))
            .text("level", rows.iter().map(|r| r.level.cloned()))
            .numbers("x", Style::Digits, rows.iter().map(|r| r.x));
        for (at, name) in names.iter().enumerate() {
            let all = rows.iter().all(|r| r.numbers[at].is_none());
            if !all {
                table = table.numbers(name, Style::Digits, rows.iter().map(|r| r.numbers[at]));
            }
        }
        table.numbers("response", Style::Digits, rows.iter().map(|r| r.response))
    }
}

struct Row<'a> {
    kind: &'static str,
    level: Option<&'a String>,
    x: f64,
    numbers: [Option<f64>; 5],
    response: Option<f64>,
}

impl fmt::Display for GroupLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = |v: &Vec<f64>| v.first().copied();
        let last = |v: &Vec<f64>| v.last().copied();
        let lines = &self.lines;
        let table = Table::new()
            .text("level", lines.iter().map(|l| l.level.clone()))
            .numbers("n", Style::Count, lines.iter().map(|l| l.n as f64))
            .numbers("from", Style::Digits, lines.iter().map(|l| first(&l.x)))
            .numbers("to", Style::Digits, lines.iter().map(|l| last(&l.x)))
            .numbers(
                "at from",
                Style::Digits,
                lines.iter().map(|l| first(&l.estimate)),
            )
            .numbers(
                "at to",
                Style::Digits,
                lines.iter().map(|l| last(&l.estimate)),
            )
            .numbers("slope", Style::Digits, lines.iter().map(|l| l.slope));
        writeln!(f, "Lines of {} over {}\n\n{table}", self.group, self.x)?;
        if let Some(chosen) = &self.chosen {
            write_text(f, chosen)?;
        }
        for note in &self.notes {
            write_text(f, note)?;
        }
        Ok(())
    }
}
