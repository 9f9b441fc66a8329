//! Estimated marginal means: what the model says of a factor when the other predictors are held
//! at common values; differences between them; and slopes by group.
//!
//! Each is a combination l'β of the fixed effects, with standard error √(l'Φl) and the degrees of
//! freedom of the fit's method. The random effects are at zero: these are means of the
//! population. Definitions are those of Searle, Speed and Milliken (1980, The American Statistician
//! 34:216) and of R's emmeans; see [`grid`](self) for the values that the others are held at.

mod grid;
mod response;
mod view;

use std::collections::BTreeMap;

use serde::Serialize;

pub use grid::Point;
pub(crate) use grid::{Grid, Place, Row, Spread};
pub(crate) use response::Kind;
pub(crate) use view::{
    Probabilities, estimate_columns, point_columns, probability_table, serialize_estimate,
    wide_probabilities, write_held,
};

use crate::adjust::Single;
use crate::linear::Linear;
use crate::{Adjust, Error, Fit, Note, RatioKind, ResponseScale};

/// Which means are wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct MeansOptions {
    by: Vec<String>,
    within: Vec<String>,
    at: Vec<(String, Vec<String>)>,
    trend: Option<String>,
    pairwise: bool,
    adjust: Adjust,
    level: f64,
    scale: ResponseScale,
    average: bool,
}

impl MeansOptions {
    /// For each combination of the levels of these predictors.
    pub fn by<S: Into<String>>(by: impl IntoIterator<Item = S>) -> Self {
        Self {
            by: by.into_iter().map(Into::into).collect(),
            within: Vec::new(),
            at: Vec::new(),
            trend: None,
            pairwise: false,
            adjust: Adjust::Tukey,
            level: 0.95,
            scale: ResponseScale::default(),
            average: false,
        }
    }

    /// And of these, between whose levels nothing is compared: a family of comparisons for each of
    /// their combinations.
    pub fn within<S: Into<String>>(mut self, within: impl IntoIterator<Item = S>) -> Self {
        self.within = within.into_iter().map(Into::into).collect();
        self
    }

    /// Values of a predictor instead of its levels or its mean.
    pub fn at<S: Into<String>>(
        mut self,
        predictor: impl Into<String>,
        values: impl IntoIterator<Item = S>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.at.push((predictor.into(), values));
        self
    }

    /// The slope along this predictor instead of the mean.
    pub fn trend(mut self, predictor: impl Into<String>) -> Self {
        self.trend = Some(predictor.into());
        self
    }

    /// With all differences between two.
    pub fn pairwise(mut self, pairwise: bool) -> Self {
        self.pairwise = pairwise;
        self
    }

    /// How the p-values of the differences are adjusted for their number: Tukey's rule unless told.
    pub fn adjust(mut self, adjust: Adjust) -> Self {
        self.adjust = adjust;
        self
    }

    /// The probability that an interval holds its mean, 0.95 unless told.
    pub fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// In a generalised model: on the scale of the response (unless told), where differences become
    /// ratios if the link is a logarithm of something, or on that of the link. Averages over other
    /// factors are taken on the scale of the link.
    pub fn scale(mut self, scale: ResponseScale) -> Self {
        self.scale = scale;
        self
    }

    /// In a generalised model: responses averaged over the random effects of all groups that might be
    /// drawn, and over the other factors, in the place of the response of an average group.
    pub fn average(mut self, average: bool) -> Self {
        self.average = average;
        self
    }
}

/// Estimated marginal means, or slopes.
#[derive(Clone, Debug, PartialEq)]
pub struct Means {
    /// The predictors they are for, in the order of the columns.
    pub by: Vec<String>,
    /// The predictor along which slopes are taken; `None` for means.
    pub trend: Option<String>,
    /// The probability that an interval holds its mean.
    pub level: f64,
    /// One a combination; the first predictor varies slowest.
    pub rows: Vec<Mean>,
    /// Differences of two, if they were asked for; ratios where [`Means::ratio`] says so.
    pub contrasts: Vec<Difference>,
    /// The categories of an ordinal response, on the scale of the response; none of any other.
    pub categories: Vec<String>,
    /// In a generalised model, the scale of the means.
    pub scale: Option<ResponseScale>,
    /// Whether they are averages over the random effects.
    pub averaged: bool,
    /// What contrasts are ratios of, if they are ratios.
    pub ratio: Option<RatioKind>,
    /// How their p-values are adjusted, if they were asked for.
    pub adjust: Option<Adjust>,
    /// The other predictors: the values that were averaged over with equal weights, or the one
    /// they are held at.
    pub held: BTreeMap<String, Vec<Point>>,
    /// Remarks.
    pub notes: Vec<Note>,
}

/// One mean, or slope.
#[derive(Clone, Debug, PartialEq)]
pub struct Mean {
    /// The values of [`Means::by`].
    pub at: Vec<Point>,
    /// The estimate with its error; `None` where the data cannot give it. Of ordered categories it is
    /// that of the number of the category, counted from 0.
    pub value: Option<Estimate>,
    /// The probability of each of [`Means::categories`], or its slope.
    pub probabilities: Vec<Option<Estimate>>,
}

/// The difference of two means, or slopes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The values of the predictors between whose levels nothing is compared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<Point>,
    /// What is compared: `A - B`.
    pub contrast: String,
    /// The estimate with its error, its p-value adjusted; `None` where the data cannot give it.
    #[serde(flatten)]
    pub value: Option<Estimate>,
}

/// An estimate with its error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The estimate.
    pub estimate: f64,
    /// Its standard error.
    pub std_error: f64,
    /// Degrees of freedom; `None` for a z test.
    pub df: Option<f64>,
    /// Lower end of the interval, each by itself.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// t or z against zero; `None` where there is no error.
    pub statistic: Option<f64>,
    /// Two-sided p-value.
    pub p_value: Option<f64>,
}

impl Estimate {
    pub(crate) fn of(linear: &Linear, offset: f64, level: f64) -> Self {
        let shifted = Linear {
            estimate: linear.estimate + offset,
            ..*linear
        };
        let (lower, upper) = shifted.interval(level);
        Self {
            estimate: shifted.estimate,
            std_error: shifted.std_error,
            df: shifted.df,
            lower,
            upper,
            statistic: shifted.statistic(),
            p_value: shifted.p_value(),
        }
    }
}

impl Fit {
    /// Estimated marginal means, their differences, or slopes by group.
    ///
    /// # Errors
    /// `unknown_predictor`, `predictor_is_a_number` and their like for what cannot be taken means
    /// by.
    pub fn means(&self, options: &MeansOptions) -> Result<Means, Error> {
        let kind = Kind::of(self, options)?;
        let mut grid = match kind {
            Kind::Averaged => Grid::with_random(self, &options.at)?,
            _ => Grid::new(self, &options.at)?,
        };
        let along = match &options.trend {
            Some(name) => Some(grid.find_number(name)?.0),
            None => None,
        };
        let asked = || options.by.iter().chain(&options.within);
        let mut by = Vec::new();
        for name in asked() {
            let place = grid.find(name)?;
            if by.contains(&place) {
                return Err(
                    Error::new("predictor_twice", format!("`{name}` is named twice")).with_hint(
                        "name it once, in the predictors to compare or in those to compare within",
                    ),
                );
            }
            if Some(place) == along {
                return Err(Error::new(
                    "predictor_twice",
                    format!("the slope of `{name}` cannot be taken by `{name}` itself"),
                )
                .with_hint("take the slope by the levels of another predictor"));
            }
            by.push(place);
        }
        asked().try_for_each(|name| grid.find_by(name).map(drop))?;
        let compared = options.by.len();
        let rows = match along {
            Some(along) => grid.slopes(along, &by)?,
            None => grid.rows(&by)?,
        };
        let answers = self.on_scale(kind, &mut grid, along, &by, &rows)?;
        let cells = cells(&grid, &by);
        let means = cells
            .iter()
            .enumerate()
            .map(|(i, at)| Mean {
                at: at.clone(),
                value: answers.mean(i, options.level),
                probabilities: answers.probabilities(i, options.level),
            })
            .collect();
        let contrasts = match options.pairwise {
            true => self.differences(&cells, &answers, compared, options),
            false => Vec::new(),
        };
        let mut held = BTreeMap::new();
        for (place, axis) in grid.axes.iter().enumerate() {
            if !by.contains(&place) && Some(place) != along {
                held.insert(axis.column.clone(), axis.points.clone());
            }
        }
        let names = |places: &[usize]| -> Vec<String> {
            let typed = options.by.iter().chain(&options.within);
            typed.take(places.len()).cloned().collect()
        };
        let mut means = Means {
            by: names(&by),
            trend: options.trend.clone(),
            level: options.level,
            rows: means,
            categories: answers.categories(),
            ratio: answers.ratio(),
            scale: answers.scale(),
            averaged: matches!(kind, Kind::Averaged),
            contrasts,
            adjust: options.pairwise.then_some(options.adjust),
            held,
            notes: Vec::new(),
        };
        means.notes = self.notes_of_means(&means);
        Ok(means)
    }

    /// The estimate of a cell; `None` where the data cannot give it.
    pub(crate) fn estimate(&self, row: &Row, level: f64) -> Option<Estimate> {
        let linear = self.linear(&self.estimable(&row.x)?);
        Some(Estimate::of(&linear, row.offset, level))
    }

    fn differences(
        &self,
        cells: &[Vec<Point>],
        answers: &response::Answers<'_>,
        compared: usize,
        options: &MeansOptions,
    ) -> Vec<Difference> {
        let mut families: Vec<(Vec<Point>, Vec<usize>)> = Vec::new();
        for (i, at) in cells.iter().enumerate() {
            let within = at[compared..].to_vec();
            match families.iter_mut().find(|(of, _)| *of == within) {
                Some((_, members)) => members.push(i),
                None => families.push((within, vec![i])),
            }
        }
        let label = |i: usize| -> String {
            let parts: Vec<String> = cells[i][..compared].iter().map(Point::to_string).collect();
            parts.join(" ")
        };
        let mut out = Vec::new();
        for (within, members) in families {
            let first = out.len();
            for (n, &i) in members.iter().enumerate() {
                for &j in &members[n + 1..] {
                    let sign = if answers.ratio().is_some() { '/' } else { '-' };
                    out.push(Difference {
                        within: within.clone(),
                        contrast: format!("{} {sign} {}", label(i), label(j)),
                        value: answers.difference(i, j, options.level),
                    });
                }
            }
            let family = &mut out[first..];
            let tests: Vec<Single> = family
                .iter()
                .map(|d| Single {
                    statistic: d.value.and_then(|v| v.statistic).unwrap_or(f64::NAN),
                    df: d.value.and_then(|v| v.df),
                    p_value: d.value.and_then(|v| v.p_value),
                })
                .collect();
            let adjusted = options.adjust.apply(&tests, Some(members.len()));
            for (difference, p) in family.iter_mut().zip(adjusted) {
                if let Some(value) = &mut difference.value {
                    value.p_value = p;
                }
            }
        }
        out
    }

    fn notes_of_means(&self, means: &Means) -> Vec<Note> {
        let mut notes = Vec::new();
        let names = self.recipe().fixed_names();
        let response = self.terms().response.as_ref();
        let linear = self.family().is_gaussian();
        if linear && response.is_some_and(|r| r.as_column().is_none()) {
            let name = self.recipe().response_name().unwrap_or_default();
            notes.push(Note::new(
                "scale_of_response",
                format!("all numbers are on the scale of `{name}`"),
            ));
        }
        notes.extend(self.note_of_scale(means));
        if let (Some(RatioKind::CountRate), false) = (means.ratio, means.contrasts.is_empty()) {
            let about = self.about_count_rates();
            notes.extend(about.map(|text| Note::new("ratios_of_the_count_part", text)));
        }
        if means.rows.iter().any(|row| row.value.is_none()) && !self.recipe().aliased().is_empty() {
            let aliased: Vec<String> = self
                .recipe()
                .aliased()
                .iter()
                .map(|&j| format!("`{}`", names[j]))
                .collect();
            notes.push(Note::new(
                "not_estimable",
                format!(
                    "where no number stands, the data cannot give it: it hangs on {}, which no \
                     rows of their own determine (such as an empty cell)",
                    aliased.join(", ")
                ),
            ));
        }
        // A mean over the other factor's levels says little where its effect depends on them.
        let averaged: Vec<&String> = means
            .held
            .iter()
            .filter(|(_, points)| points.len() > 1)
            .map(|(column, _)| column)
            .collect();
        let together = |a: &str, b: &str| {
            let variables = self.recipe().variables();
            self.recipe().fixed_terms().iter().any(|term| {
                // A variable of its own: `within(x, g)` is no interaction with `g`.
                let has = |column: &str| {
                    term.variables
                        .iter()
                        .any(|&(v, _)| matches!(&variables[v].columns[..], [c] if c == column))
                };
                has(a) && has(b)
            })
        };
        let crossed: Vec<String> = averaged
            .iter()
            .filter(|other| means.by.iter().any(|by| together(by, other)))
            .map(|other| format!("`{other}`"))
            .collect();
        if !crossed.is_empty() && !means.by.is_empty() {
            notes.push(Note::new(
                "averaged_over_interaction",
                format!(
                    "averaged over {}, with which {} interacts: the differences may not be the \
                     same at each of its levels",
                    crossed.join(", "),
                    means
                        .by
                        .iter()
                        .map(|b| format!("`{b}`"))
                        .collect::<Vec<_>>()
                        .join(", "),
                ),
            ));
        }
        notes
    }
}

/// The combinations of the points of some axes; the first varies slowest.
pub(crate) fn cells(grid: &Grid<'_>, by: &[usize]) -> Vec<Vec<Point>> {
    let mut out = vec![Vec::new()];
    for &place in by {
        out = out
            .into_iter()
            .flat_map(|cell: Vec<Point>| {
                grid.axes[place].points.iter().map(move |point| {
                    let mut cell = cell.clone();
                    cell.push(point.clone());
                    cell
                })
            })
            .collect();
    }
    out
}
