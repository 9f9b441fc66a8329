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
use ranef_engine::glmm::family::Family as Distribution;
use ranef_engine::lmm::LevelColumns;
use ranef_frame::Source;
use serde::{Deserialize, Serialize};

pub use interval::{Budget, Interval, PredictedInterval};
pub(crate) use view::percent;

use crate::generalised::inverse::Inverse;
use crate::generalised::response::share;
use crate::rows::{for_each_batch, response};
use crate::{Error, Fit, Note, RandomBlock, ResponseScale};
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
    /// The average over all groups that might be drawn. In linear models that is the population with
    /// random effects at zero; elsewhere the mean of the responses is not the response at the mean.
    Average,
}

/// What to predict.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictOptions {
    groups: Groups,
    terms: Option<Vec<String>>,
    interval: Option<Interval>,
    level: f64,
    scale: ResponseScale,
    trials: Option<f64>,
}

impl From<Groups> for PredictOptions {
    fn from(groups: Groups) -> Self {
        Self {
            groups,
            terms: None,
            interval: None,
            level: 0.95,
            scale: ResponseScale::default(),
            trials: None,
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

    /// On the scale of the response (unless told) or of the link. In linear models they are one.
    pub fn scale(mut self, scale: ResponseScale) -> Self {
        self.scale = scale;
        self
    }

    /// How many trials a binomial observation to come is made of, for prediction intervals of the
    /// share of successes: the weights of the rows, or one, unless told.
    pub fn trials(mut self, trials: f64) -> Self {
        self.trials = Some(trials);
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
    /// The categories of an ordinal response, on the scale of the response; none of any other.
    pub categories: Vec<String>,
    /// The probability of each of them in every row; `None` where a predictor is missing.
    pub probabilities: Vec<Option<Vec<Probability>>>,
    /// The scale that they are on.
    pub scale: ResponseScale,
    /// What they are, in words; `None` in linear models without intervals.
    pub meaning: Option<String>,
    /// Remarks, such as on groups whose mean was taken from these rows for `within()` and
    /// `between()`.
    pub notes: Vec<Note>,
}

/// The probability of one category.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Probability {
    /// The probability.
    pub fit: f64,
    /// Its standard error by the delta method, with lower and upper end of the interval, where
    /// confidence intervals were asked for.
    pub interval: Option<[f64; 3]>,
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
    /// How they were made, where that needs saying.
    pub how: Option<String>,
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
        let linear = self.family().is_gaussian();
        self.check_predictions(&options)?;
        // The mean over groups takes the variance between them.
        let averaged = !linear && options.groups == Groups::Average;
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
            random: known || (random && (options.interval.is_some() || averaged)),
            weights,
        };
        let answers = if options.interval.is_some() || averaged {
            Some(Answers::new(self, known, options.level)?)
        } else {
            None
        };
        let categories = match options.scale {
            ResponseScale::Response => crate::family::categories(self.recipe()).to_vec(),
            ResponseScale::Link => Vec::new(),
        };
        let inverse = self.inverse();
        let onto = Onto {
            each: (0..categories.len()).map(|k| inverse.category(k)).collect(),
            inverse,
            options: &options,
            averaged,
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
            observed: observed && linear,
            unseen: vec![0; self.recipe().factors().len()],
            answers,
        };
        let mut fit = Vec::new();
        let mut intervals = Vec::new();
        let mut probabilities = Vec::new();
        for_each_batch(&recipe, source, parts, self.formula(), |batch, rows| {
            let mut values = asked.expected(&rows);
            let (mut found, with_family) = asked.intervals(&rows, &values, onto.inverse.moves());
            let mut chances = Vec::new();
            if !linear && options.scale == ResponseScale::Response {
                chances = onto.probabilities(&values, &found, &with_family, asked.answers.as_ref());
                onto.response(
                    &rows,
                    &mut values,
                    &mut found,
                    &with_family,
                    asked.answers.as_ref(),
                );
            }
            match &rows.kept {
                None => {
                    fit.extend(values.into_iter().map(Some));
                    intervals.extend(found.into_iter().map(Some));
                    probabilities.extend(chances.into_iter().map(Some));
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
                    probabilities.resize(first + batch.num_rows(), None);
                    for (&row, chances) in kept.iter().zip(chances) {
                        probabilities[first + row as usize] = Some(chances);
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
                how: onto.how(self),
                rows: intervals,
                budget: budget.divided_by(n.max(1) as f64),
            }
        });
        let meaning = (!linear || intervals.is_some())
            .then(|| self.target(&options, random, &chosen, !new_levels.is_empty()));
        Ok(Predictions {
            fit,
            intervals,
            new_levels,
            categories,
            probabilities,
            scale: options.scale,
            meaning,
            notes,
        })
    }

    /// What a binomial response counts, in words: `passed = yes`; meaningless for other families.
    pub fn success(&self) -> Option<String> {
        use ranef_design::ResponseKind;
        let name = self.recipe().response_name()?;
        Some(match self.recipe().response_kind() {
            ResponseKind::Levels { success, .. } => format!("{name} = {success}"),
            ResponseKind::Counts => {
                let inside = name.strip_prefix("cbind(")?;
                inside.split(',').next()?.trim().to_owned()
            }
            _ => format!("{name} = 1"),
        })
    }

    /// Refuses what has no meaning.
    fn check_predictions(&self, options: &PredictOptions) -> Result<(), Error> {
        if options.trials.is_some_and(|n| !(n >= 1.0 && n.is_finite())) {
            return Err(Error::new("bad_trials", "a number of trials is 1 or more"));
        }
        if self.family().is_gaussian() || options.scale == ResponseScale::Response {
            return Ok(());
        }
        if options.interval == Some(Interval::Prediction) {
            return Err(Error::new(
                "no_observations_on_the_link",
                "there are no observations on the scale of the link, and so no prediction intervals",
            )
            .with_hint("ask for the scale of the response (--scale response), or for --interval confidence"));
        }
        if options.groups == Groups::Average {
            return Err(Error::new(
                "no_average_on_the_link",
                "the average over groups is one of responses: on the scale of the link it is that of \
                 an average group",
            )
            .with_hint("ask for the scale of the response (--scale response), or for --re none"));
        }
        Ok(())
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
                    "there is no column `{name}`: an observation to come counts with weight 1{}",
                    if self.family().is_gaussian() {
                        ", which is a residual variance of σ²"
                    } else {
                        ""
                    }
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
        let linear = self.family().is_gaussian();
        let what = match (options.interval, options.scale) {
            (Some(Interval::Prediction), _) => "a new observation".to_owned(),
            (_, ResponseScale::Link) if !linear => {
                format!(
                    "the linear predictor (scale of the {} link)",
                    self.family().link()
                )
            }
            _ if self.family().name() == "binomial" => format!(
                "the probability of {}",
                self.success().unwrap_or_else(|| "success".to_owned())
            ),
            _ if self.family().distribution() == Distribution::Ordinal => {
                let labels = crate::family::categories(self.recipe());
                let (first, last) = (labels.first(), labels.last());
                format!(
                    "the expected category, counted from 0 ({}) to {} ({}),",
                    first.map_or("", String::as_str),
                    labels.len().saturating_sub(1),
                    last.map_or("", String::as_str)
                )
            }
            _ => "the expected value".to_owned(),
        };
        let all = chosen.iter().flatten().all(|&c| c);
        let place = if self.varcorr().is_empty() {
            "at these predictors".to_owned()
        } else if !random {
            "in an average group (random effects at zero)".to_owned()
        } else if options.groups == Groups::Average {
            match (linear, options.interval) {
                (true, Some(Interval::Prediction)) | (false, Some(Interval::Prediction)) => {
                    "in a group yet to be drawn".to_owned()
                }
                _ => "on average over all groups that might be drawn".to_owned(),
            }
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

    /// Linear predictors of rows of known levels with some of the random effects, the others at
    /// zero, and their intervals where a probability is given.
    pub(crate) fn with_effects(
        &self,
        rows: &DesignRows,
        chosen: &[Vec<bool>],
        level: Option<f64>,
    ) -> Result<(Vec<f64>, Vec<PredictedInterval>), Error> {
        let mut asked = Asking {
            fit: self,
            chosen,
            known: true,
            observed: false,
            unseen: vec![0; self.recipe().factors().len()],
            answers: match level {
                Some(level) => Some(Answers::new(self, true, level)?),
                None => None,
            },
        };
        let values = asked.expected(rows);
        let (intervals, _) = asked.intervals(rows, &values, false);
        Ok((values, intervals))
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

/// The way from the linear predictor to the response.
struct Onto<'a> {
    inverse: Inverse,
    /// The same for the probability of each category.
    each: Vec<Inverse>,
    options: &'a PredictOptions,
    averaged: bool,
}

impl Onto<'_> {
    /// Carries values and intervals of a batch over. The ends of a confidence interval are those on
    /// the scale of the link, transformed; its standard error is by the delta method. A prediction
    /// interval has the quantiles of the response, whose linear predictor is normal with the
    /// variance of the prediction.
    fn response(
        &self,
        rows: &DesignRows,
        values: &mut [f64],
        intervals: &mut Vec<PredictedInterval>,
        with_family: &[Vec<f64>],
        answers: Option<&Answers<'_>>,
    ) {
        let inverse = &self.inverse;
        let level = self.options.level;
        if intervals.is_empty() {
            values.iter_mut().for_each(|eta| *eta = inverse.mean(*eta));
            return;
        }
        for (i, (value, interval)) in values.iter_mut().zip(intervals.iter_mut()).enumerate() {
            let eta = *value;
            let between = if self.averaged {
                interval.variance.groups
            } else {
                0.0
            };
            *value = inverse.average(eta, between);
            if self.options.interval == Some(Interval::Prediction) {
                let trials = self
                    .options
                    .trials
                    .unwrap_or_else(|| rows.weights.as_ref().map_or(1.0, |w| w.at(i)).max(1.0));
                let total = interval.variance.total();
                let found = inverse.observation(eta, total, level, trials);
                interval.std_error = found.std_error;
                (interval.lower, interval.upper) = (found.lower, found.upper);
                continue;
            }
            let variance = interval.variance.total() - between;
            let std_error = variance.max(0.0).sqrt();
            let half = crate::linear::quantile(level, None) * std_error;
            match (with_family.get(i), answers) {
                (Some(with), Some(answers)) => {
                    let own = std_error * std_error;
                    [interval.std_error, interval.lower, interval.upper] =
                        self.of_family(inverse, answers, eta, between, own, with);
                }
                _ => {
                    interval.std_error = inverse.slope(eta, between).abs() * std_error;
                    (interval.lower, interval.upper) =
                        inverse.ends(eta - half, eta + half, between);
                }
            }
            if self.averaged {
                // Averaged over, and no longer a source of error.
                interval.variance.groups = 0.0;
            }
        }
        if self.options.interval.is_none() {
            intervals.clear();
        }
    }

    /// Standard error and interval of a response that depends on parameters of the family, at a linear
    /// predictor with the variance `own`, which has the covariances `with` with these.
    fn of_family(
        &self,
        inverse: &Inverse,
        answers: &Answers<'_>,
        eta: f64,
        between: f64,
        own: f64,
        with: &[f64],
    ) -> [f64; 3] {
        let (slope, nuisance) = (inverse.slope(eta, between), inverse.nuisance(eta, between));
        let std_error = answers
            .response_variance(own, with, slope, &nuisance)
            .sqrt();
        let times = crate::linear::quantile(self.options.level, None);
        let (lower, upper) = inverse.interval(inverse.average(eta, between), std_error, times);
        [std_error, lower, upper]
    }

    /// The probability of every category in the rows of a batch, before values are carried over.
    fn probabilities(
        &self,
        values: &[f64],
        intervals: &[PredictedInterval],
        with_family: &[Vec<f64>],
        answers: Option<&Answers<'_>>,
    ) -> Vec<Vec<Probability>> {
        if self.each.is_empty() {
            return Vec::new();
        }
        let confidence = self.options.interval == Some(Interval::Confidence);
        let row = |(i, &eta): (usize, &f64)| {
            let found = intervals.get(i);
            // In a group yet to be drawn an observation has the probabilities of the average over all.
            let averaged = self.averaged || self.options.interval == Some(Interval::Prediction);
            let between = found
                .filter(|_| averaged)
                .map_or(0.0, |interval| interval.variance.groups);
            let one = |inverse: &Inverse| Probability {
                fit: inverse.average(eta, between),
                interval: match (found, with_family.get(i), answers) {
                    (Some(found), Some(with), Some(answers)) if confidence => {
                        let own = found.variance.total() - between;
                        Some(self.of_family(inverse, answers, eta, between, own, with))
                    }
                    _ => None,
                },
            };
            self.each.iter().map(one).collect()
        };
        values.iter().enumerate().map(row).collect()
    }

    /// How the intervals were made, in a sentence; nothing is to be said in linear models.
    fn how(&self, fit: &Fit) -> Option<String> {
        if fit.family().is_gaussian() {
            return None;
        }
        Some(match (self.options.interval, self.options.scale) {
            (_, ResponseScale::Link) => "Normal intervals on the scale of the link.".to_owned(),
            (Some(Interval::Prediction), _) => {
                let way = if self.inverse.discrete() {
                    "from its probabilities, integrated over the linear predictor by quadrature"
                } else {
                    "from 20,000 drawn responses with a fixed seed"
                };
                let trials = match (fit.family().name(), self.options.trials) {
                    ("binomial", Some(n)) => format!(" Shares of {n} trials."),
                    ("binomial", None) if fit.options().design.weights.is_none() => {
                        " Of one trial, whose share is 0 or 1: say how many (--trials).".to_owned()
                    }
                    _ => String::new(),
                };
                format!("Quantiles of the response {way}.{trials}")
            }
            _ if !self.each.is_empty() => {
                "Standard errors by the delta method over effects and thresholds; intervals normal \
                 on the scale of the logit, within the range."
                    .to_owned()
            }
            _ if self.inverse.moves() => {
                "Standard errors by the delta method over effects and parameters of the family; \
                 intervals normal on the logarithmic scale."
                    .to_owned()
            }
            _ => {
                "Ends transformed from the scale of the link; standard errors by the delta method."
                    .to_owned()
            }
        })
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

    /// The intervals of a batch, and the covariances of linear predictors with the parameters of the
    /// family where these are wanted; none where none are asked for.
    fn intervals(
        &self,
        rows: &DesignRows,
        expected: &[f64],
        with_family: bool,
    ) -> (Vec<PredictedInterval>, Vec<Vec<f64>>) {
        let Some(answers) = &self.answers else {
            return Default::default();
        };
        let mut covariances = Vec::new();
        let widths = self.fit.widths();
        let mut x = vec![0.0; rows.fixed.len()];
        let mut faces: Vec<Vec<f64>> = widths.iter().map(|&k| vec![0.0; k]).collect();
        let mut used = vec![false; widths.len()];
        for (block, chosen) in self.fit.varcorr().iter().zip(self.chosen) {
            used[block.factor] |= chosen.iter().any(|&c| c);
        }
        let intervals = (0..rows.n)
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
                let row = RowAsked {
                    x: &x,
                    known: &known,
                    new: &new,
                    weight: self.observed.then_some(weight),
                };
                if with_family {
                    covariances.push(answers.with_family(&row));
                }
                answers.interval(expected[i], &row)
            })
            .collect();
        (intervals, covariances)
    }
}
