//! Predictions for rows, old or new, and how far they may be off.
//!
//! With y = x'β + z'b + ε there are four things to predict, and their errors differ by orders of
//! magnitude (Henderson 1975; checked against METHODS C15): the mean of the population x'β, the
//! mean in a known group x'β + z'b, the mean in a group yet to be drawn (variance x'Φx + z'Tz),
//! and an observation in any of them (+ σ²/w). The variance parameters count as known in all of
//! these variances; that they are estimates goes into Satterthwaite's degrees of freedom, which the
//! intervals of all four have.

mod interval;
mod terms;
mod view;

use ranef_design::{DesignRows, NEW_LEVEL, Parts, Recipe};
use ranef_engine::lmm::LevelColumns;
use ranef_frame::Source;
use serde::{Deserialize, Serialize};

pub use interval::{Budget, Interval, PredictedInterval};
pub(crate) use view::percent;

use crate::generalised::response::share;
use crate::rows::{for_each_batch, response};
use crate::{Error, Fit, Note, RandomBlock};
use interval::{Answers, RowAsked};

/// Which random effects a prediction takes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Groups {
    /// The groups named in the rows, with their conditional modes; a group that the model has
    /// not seen counts as average, and its variance is added.
    #[default]
    All,
    /// The population: random effects at zero.
    None,
    /// A group yet to be drawn: the same expected value as for the population, with the variance
    /// between groups.
    New,
}

/// What to predict.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictOptions {
    groups: Groups,
    terms: Option<Vec<String>>,
    interval: Option<Interval>,
    level: f64,
}

impl From<Groups> for PredictOptions {
    fn from(groups: Groups) -> Self {
        Self {
            groups,
            terms: None,
            interval: None,
            level: 0.95,
        }
    }
}

impl PredictOptions {
    /// Expected values with some of the random effects: grouping factors (`Subject`) or terms with
    /// a bar (`1 | Subject`). The others are at zero.
    pub fn terms<S: Into<String>>(terms: impl IntoIterator<Item = S>) -> Self {
        Self {
            terms: Some(terms.into_iter().map(Into::into).collect()),
            ..Groups::All.into()
        }
    }

    /// With intervals.
    pub fn interval(mut self, interval: Interval) -> Self {
        self.interval = Some(interval);
        self
    }

    /// The probability that an interval holds its target, 0.95 unless told.
    pub fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }
}

/// Predicted values in the order of the rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// One number a row; `None` where a predictor is missing.
    pub fit: Vec<Option<f64>>,
    /// Intervals, if they were asked for.
    pub intervals: Option<Intervals>,
    /// How many rows named a level that the model has not seen, for each grouping factor with
    /// such rows.
    pub new_levels: Vec<(String, usize)>,
    /// Remarks, such as on groups whose mean was taken from these rows for `within()` and
    /// `between()`.
    pub notes: Vec<Note>,
}

/// Intervals in the order of the rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Intervals {
    /// For an expected value or for an observation.
    pub kind: Interval,
    /// The probability that one of them holds its target.
    pub level: f64,
    /// What the intervals are meant to hold, in words.
    pub target: String,
    /// One a row; `None` where a predictor is missing.
    pub rows: Vec<Option<PredictedInterval>>,
    /// The mean of the variances over the rows.
    pub budget: Budget,
}

impl Fit {
    /// Expected values for the rows of a source, which needs no response; with intervals if they
    /// are asked for.
    ///
    /// # Errors
    /// `needs_rows` for intervals of known groups from a saved model that was too large to take
    /// their covariances along.
    pub fn predict(
        &self,
        source: &dyn Source,
        options: impl Into<PredictOptions>,
    ) -> Result<Predictions, Error> {
        let options = options.into();
        let chosen = match &options.terms {
            Some(names) => self.named_effects(names)?,
            None => {
                let keep = options.groups != Groups::None;
                let all = |b: &crate::RandomBlock| vec![keep; b.terms.len()];
                self.varcorr().iter().map(all).collect()
            }
        };
        let random = chosen.iter().flatten().any(|&c| c);
        let known = random && options.groups == Groups::All;
        let design = |e| Error::design(&e, self.formula());
        let (mut recipe, found) = self.recipe().with_new_groups(source).map_err(design)?;
        let mut notes: Vec<Note> = found
            .iter()
            .map(|n| Note::new(&n.code, n.message.clone()))
            .collect();
        if !known {
            // A group yet to be drawn has no name.
            recipe = recipe.without_groups();
        }
        let observed = options.interval == Some(Interval::Prediction);
        let weights = observed && self.weights_of(&recipe, source, &mut notes);
        let parts = Parts {
            response: false,
            fixed: true,
            random: known || (random && options.interval.is_some()),
            weights,
        };
        let answers = match options.interval {
            Some(_) => Some(Answers::new(self, known, options.level)?),
            None => None,
        };
        if answers.as_ref().is_some_and(Answers::lacks_changes) {
            notes.push(Note::new(
                "normal_intervals",
                "intervals of known groups are normal: the model is too large to say how their \
                 variances depend on its parameters, or was saved without it",
            ));
        }
        let mut asked = Asking {
            fit: self,
            chosen: &chosen,
            known,
            observed,
            unseen: vec![0; self.recipe().factors().len()],
            answers,
        };
        let mut fit = Vec::new();
        let mut intervals = Vec::new();
        for_each_batch(&recipe, source, parts, self.formula(), |batch, rows| {
            let values = asked.expected(&rows);
            let found = asked.intervals(&rows, &values);
            match &rows.kept {
                None => {
                    fit.extend(values.into_iter().map(Some));
                    intervals.extend(found.into_iter().map(Some));
                }
                Some(kept) => {
                    let first = fit.len();
                    fit.resize(first + batch.num_rows(), None);
                    intervals.resize(first + batch.num_rows(), None);
                    for (&row, value) in kept.iter().zip(values) {
                        fit[first + row as usize] = Some(value);
                    }
                    for (&row, interval) in kept.iter().zip(found) {
                        intervals[first + row as usize] = Some(interval);
                    }
                }
            }
            Ok(())
        })?;
        let new_levels: Vec<(String, usize)> = self
            .recipe()
            .factors()
            .iter()
            .zip(&asked.unseen)
            .filter(|(_, count)| **count > 0)
            .map(|(factor, &count)| (factor.name.clone(), count))
            .collect();
        let intervals = options.interval.map(|kind| {
            let mut budget = Budget::default();
            intervals
                .iter()
                .flatten()
                .for_each(|i: &PredictedInterval| budget.add(&i.variance));
            let n = intervals.iter().flatten().count();
            Intervals {
                kind,
                level: options.level,
                target: self.target(&options, random, &chosen, !new_levels.is_empty()),
                rows: intervals,
                budget: budget.divided_by(n.max(1) as f64),
            }
        });
        Ok(Predictions {
            fit,
            intervals,
            new_levels,
            notes,
        })
    }

    /// Whether the rows have the model's weights, for the variance of a new observation.
    fn weights_of(&self, recipe: &Recipe, source: &dyn Source, notes: &mut Vec<Note>) -> bool {
        const WEIGHTS: Parts = Parts {
            response: false,
            fixed: false,
            random: false,
            weights: true,
        };
        let names = recipe.columns(WEIGHTS);
        let Some(name) = names.first() else {
            return false;
        };
        let there = source.columns().iter().any(|c| c.name == *name);
        if !there {
            notes.push(Note::new(
                "no_weights",
                format!(
                    "there is no column `{name}`: an observation to come counts with weight 1, \
                     which is a residual variance of σ²"
                ),
            ));
        }
        there
    }

    /// What intervals are meant to hold, in words.
    fn target(
        &self,
        options: &PredictOptions,
        random: bool,
        chosen: &[Vec<bool>],
        new_levels: bool,
    ) -> String {
        let what = match options.interval {
            Some(Interval::Prediction) => "a new observation",
            _ => "the expected value",
        };
        let all = chosen.iter().flatten().all(|&c| c);
        let place = if self.varcorr().is_empty() {
            "at these predictors".to_owned()
        } else if !random {
            "in an average group (random effects at zero)".to_owned()
        } else if options.groups == Groups::New {
            "in a group yet to be drawn".to_owned()
        } else {
            let mut place = "in the groups named".to_owned();
            if !all {
                let named = options.terms.as_deref().unwrap_or_default();
                place = format!(
                    "with the random effects {} (the others at zero)",
                    named.join(", ")
                );
            }
            if new_levels {
                place.push_str("; where a group is new, in a group yet to be drawn");
            }
            place
        };
        format!("{what} {place}")
    }

    /// Calls `visit` with response, fitted value and weight of every row that was used. In a
    /// generalised model the response of several trials is its share, the fitted value its expected
    /// value, and the weight one over its variance.
    pub fn for_each_fitted(
        &self,
        source: &dyn Source,
        mut visit: impl FnMut(f64, f64, f64),
    ) -> Result<(), Error> {
        if !self.family().is_gaussian() {
            let response = self.response();
            return self.for_each_predictor(source, |row, eta| {
                let weight = 1.0 / response.variance(row, eta);
                visit(share(row), response.mean(eta), weight);
            });
        }
        for_each_batch(
            self.recipe(),
            source,
            Parts::ALL,
            self.formula(),
            |_, rows| {
                let values = self.expected(&rows);
                let observed = response(&rows);
                for (i, (value, y)) in values.iter().zip(&observed).enumerate() {
                    let offset = rows.offset.as_ref().map_or(0.0, |o| o.at(i));
                    let weight = rows.weights.as_ref().map_or(1.0, |w| w.at(i));
                    visit(y + offset, *value, weight);
                }
                Ok(())
            },
        )
    }

    /// Xβ + Zb plus the offset of rows whose levels are known; others count as average.
    pub(crate) fn expected(&self, rows: &DesignRows) -> Vec<f64> {
        let every = |b: &RandomBlock| vec![true; b.terms.len()];
        let chosen: Vec<Vec<bool>> = self.varcorr().iter().map(every).collect();
        let mut asked = Asking {
            fit: self,
            chosen: &chosen,
            known: true,
            observed: false,
            unseen: vec![0; self.recipe().factors().len()],
            answers: None,
        };
        asked.expected(rows)
    }

    /// Xβ plus the offset.
    pub(crate) fn fixed_part(&self, rows: &DesignRows) -> Vec<f64> {
        let mut values = vec![0.0; rows.n];
        for (column, beta) in rows.fixed.iter().zip(self.fixef()) {
            for (i, value) in values.iter_mut().enumerate() {
                *value += column.at(i) * beta;
            }
        }
        if let Some(offset) = &rows.offset {
            for (i, value) in values.iter_mut().enumerate() {
                *value += offset.at(i);
            }
        }
        values
    }
}

/// Predictions batch by batch.
struct Asking<'a> {
    fit: &'a Fit,
    /// The effects taken in, for each block.
    chosen: &'a [Vec<bool>],
    /// Whether rows name their groups.
    known: bool,
    /// Whether an observation is meant.
    observed: bool,
    /// Rows with levels that the model has not seen, by grouping factor.
    unseen: Vec<usize>,
    answers: Option<Answers<'a>>,
}

impl Asking<'_> {
    /// Xβ plus offset, plus Zb of known levels; counts the rows with unknown ones.
    fn expected(&mut self, rows: &DesignRows) -> Vec<f64> {
        let mut values = self.fit.fixed_part(rows);
        if !self.known || rows.codes.is_empty() {
            return values;
        }
        let widths = self.fit.widths();
        let effects = self.fit.random_effects();
        let mut counted = vec![false; rows.codes.len()];
        let blocks = self.fit.varcorr().iter().zip(&rows.random);
        for ((block, columns), chosen) in blocks.zip(self.chosen) {
            if !chosen.iter().any(|&c| c) {
                continue;
            }
            let codes = &rows.codes[block.factor];
            if !std::mem::replace(&mut counted[block.factor], true) {
                self.unseen[block.factor] += codes.iter().filter(|&&c| c == NEW_LEVEL).count();
            }
            let modes = &effects.modes[block.factor];
            for (i, &code) in codes.iter().enumerate() {
                if code == NEW_LEVEL {
                    continue;
                }
                let first = code as usize * widths[block.factor] + block.offset;
                for (a, column) in columns.iter().enumerate().filter(|(a, _)| chosen[*a]) {
                    values[i] += column.at(i) * modes[first + a];
                }
            }
        }
        values
    }

    /// The intervals of a batch; none where none are asked for.
    fn intervals(&self, rows: &DesignRows, expected: &[f64]) -> Vec<PredictedInterval> {
        let Some(answers) = &self.answers else {
            return Vec::new();
        };
        let widths = self.fit.widths();
        let mut x = vec![0.0; rows.fixed.len()];
        let mut faces: Vec<Vec<f64>> = widths.iter().map(|&k| vec![0.0; k]).collect();
        let mut used = vec![false; widths.len()];
        for (block, chosen) in self.fit.varcorr().iter().zip(self.chosen) {
            used[block.factor] |= chosen.iter().any(|&c| c);
        }
        (0..rows.n)
            .map(|i| {
                for (x, column) in x.iter_mut().zip(&rows.fixed) {
                    *x = column.at(i);
                }
                let blocks = self.fit.varcorr().iter().zip(&rows.random);
                for ((block, columns), chosen) in blocks.zip(self.chosen) {
                    let face = &mut faces[block.factor][block.offset..];
                    for ((z, column), chosen) in face.iter_mut().zip(columns).zip(chosen) {
                        *z = if *chosen { column.at(i) } else { 0.0 };
                    }
                }
                let mut known: Vec<LevelColumns<'_>> = Vec::new();
                let mut new: Vec<(usize, &[f64])> = Vec::new();
                for (factor, face) in faces.iter().enumerate().filter(|(f, _)| used[*f]) {
                    match self.known.then(|| rows.codes[factor][i]) {
                        Some(code) if code != NEW_LEVEL => {
                            known.push((factor, code as usize, face));
                        }
                        _ => new.push((factor, face)),
                    }
                }
                let weight = rows.weights.as_ref().map_or(1.0, |w| w.at(i));
                answers.interval(
                    expected[i],
                    &RowAsked {
                        x: &x,
                        known: &known,
                        new: &new,
                        weight: self.observed.then_some(weight),
                    },
                )
            })
            .collect()
    }
}
