//! Small areas: what is known of each of many groups, most of which have few rows.
//!
//! A region with thirty answers in a survey, a school with twelve pupils: its own mean is unbiased
//! and noisy, the mean of all is quiet and beside the point. The model lies between, group by group
//! (Fay and Herriot 1979), and nearer to the truth with predictors of the groups. [`Fit::areas`]
//! puts the three side by side and says what may be concluded: ranks with intervals, who stands out,
//! what would be made of the raw differences. [`Fit::poststratify`] takes the model to a population
//! whose cells are counted (Gelman and Little 1997; Park, Gelman and Bafumi 2004).
//!
//! All uncertainty is that of worlds: joint draws of all effects and of the variances behind them,
//! never one cell or group by itself ([`worlds`]). The family of the response enters in [`response`] and nowhere else.

mod cells;
mod compute;
mod drawing;
mod frame;
mod magnitude;
mod mixture;
mod poststratify;
mod poststratify_view;
mod response;
mod targets;
mod view;
mod worlds;

use ranef_frame::Source;
use serde::Serialize;

pub use poststratify::{NewGroups, Poststratified, PoststratifiedRow, PoststratifyOptions};

use crate::{Error, Fit, Note};
use drawing::{Drawing, drawing_options};

/// What is asked about the groups.
#[derive(Clone, Debug, PartialEq)]
pub struct AreasOptions {
    group: Option<String>,
    drawing: Drawing,
    thresholds: Vec<f64>,
    top: usize,
}

impl Default for AreasOptions {
    fn default() -> Self {
        Self {
            group: None,
            drawing: Drawing::default(),
            thresholds: Vec::new(),
            top: 1,
        }
    }
}

impl AreasOptions {
    /// The grouping factor whose levels are the areas; the first of the formula unless told.
    pub fn group(mut self, name: impl Into<String>) -> Self {
        self.group = Some(name.into());
        self
    }

    /// Adds the probability of lying above a value.
    pub fn threshold(mut self, value: f64) -> Self {
        self.thresholds.push(value);
        self
    }

    /// How many groups count as top and as bottom, 1 unless told.
    pub fn top(mut self, groups: usize) -> Self {
        self.top = groups;
        self
    }
}

drawing_options!(AreasOptions);

/// The groups of one grouping factor, each estimated three ways, with ranks and flags.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Areas {
    /// The grouping factor.
    pub group: String,
    /// What is estimated, in words.
    pub target: String,
    /// The probability that an interval holds its target.
    pub level: f64,
    /// Number of joint draws.
    pub draws: u32,
    /// Their seed.
    pub seed: u64,
    /// Groups that count as top and as bottom.
    pub top: usize,
    /// The values of [`Area::above`].
    pub thresholds: Vec<f64>,
    /// The mean of all rows.
    pub average: f64,
    /// Standard deviation of the raw means over the groups.
    pub raw_spread: Option<f64>,
    /// Standard deviation of the groups' true means as the model has it, √E V(θ) over draws with the
    /// variances as estimated.
    pub spread: f64,
    /// One row a group, in the order of its levels.
    pub areas: Vec<Area>,
    /// Who stands out, and what that is worth.
    pub flags: AreaFlags,
    /// All of it in words.
    pub reading: String,
    /// What the reader should know besides.
    pub notes: Vec<Note>,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Area {
    /// The level.
    pub level: String,
    /// Its rows.
    pub n: usize,
    /// No pooling: the mean of its rows.
    pub raw: f64,
    /// Its standard error from the group's own rows; `None` for a single row.
    pub raw_std_error: Option<f64>,
    /// Lower end of its interval.
    pub raw_lower: Option<f64>,
    /// Upper end.
    pub raw_upper: Option<f64>,
    /// Complete pooling: the mean of all rows, the same for every group.
    pub complete_pooling: f64,
    /// From the predictors alone, random effects at zero (the synthetic estimate).
    pub synthetic: f64,
    /// Partial pooling: the model's mean of the group over its own rows.
    pub estimate: f64,
    /// Its standard error.
    pub std_error: f64,
    /// Lower end of its interval.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// Place of the raw mean, 1 for the highest.
    pub raw_rank: usize,
    /// Place of the model's estimate.
    pub rank: usize,
    /// Lower end of the interval of its place in the draws.
    pub rank_lower: usize,
    /// Upper end.
    pub rank_upper: usize,
    /// Probability of being among the top ones.
    pub p_top: f64,
    /// Probability of being among the bottom ones.
    pub p_bottom: f64,
    /// Probability of lying above the average of all groups.
    pub p_above_average: f64,
    /// Probability of lying above each of the thresholds.
    pub above: Vec<f64>,
    /// Whether the raw interval leaves out the mean of all rows.
    pub raw_flagged: Option<bool>,
    /// Whether the interval of the difference from the average, with partial pooling, leaves out
    /// zero.
    pub flagged: bool,
    /// Probability, by the model, that the raw difference from the average has the wrong sign.
    pub raw_sign_wrong: f64,
    /// Type S of groups like this one: the share of wrong signs among raw differences that would be
    /// flagged.
    pub type_s: Option<f64>,
    /// Type M of groups like this one: how many times too large raw differences are that would be
    /// flagged.
    pub type_m: Option<f64>,
}

/// Groups that stand out from the average.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AreaFlags {
    /// How many do by their own rows.
    pub raw: usize,
    /// How many do with partial pooling.
    pub model: usize,
    /// How many do both ways.
    pub both: usize,
    /// How many raw flags groups with such a spread and such standard errors would give.
    pub raw_expected: f64,
    /// The share of raw flags that would have the wrong sign.
    pub type_s: Option<f64>,
    /// How many times too large flagged raw differences would be.
    pub type_m: Option<f64>,
}

impl Fit {
    /// The groups of one grouping factor: raw, completely pooled, predicted and partially pooled
    /// means over each group's own rows, with ranks and flags. `source` has the rows that the model
    /// was fitted to.
    ///
    /// # Errors
    /// `no_groups`, `unknown_group`; `other_rows` where these are not the rows of the fit;
    /// `too_few_draws` for fewer than 100; `too_many_draws` where draws times groups would not fit
    /// into memory; `needs_rows` for a saved model that was too large to take its joint covariance
    /// along.
    pub fn areas(&self, source: &dyn Source, options: &AreasOptions) -> Result<Areas, Error> {
        compute::areas(self, source, options)
    }
}
