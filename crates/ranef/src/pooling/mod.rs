//! Complete, no and partial pooling side by side (Gelman and Hill 2007, chapter 12).
//!
//! A multilevel model lies between two regressions: one that forgets the groups, and one that gives
//! every group coefficients of its own. Where between them is decided group by group: a group's own
//! data weigh λ = 1 − Var(b | y)/τ², its reliability, which for a random intercept is
//! τ²/(τ² + σ²/n) (Raudenbush and Bryk 2002, eq. 3.57). Everything here comes out of the statistics
//! and of the conditional modes; no row is read.
//!
//! The three coefficients of a group are on one footing. What the fixed effects give a group (its
//! predictors, and their products with the columns that vary by group) is read as coefficients on
//! the group's own columns; so with `Days * treatment + (Days | Subject)` the partially pooled slope
//! of a subject is that of its treatment plus its random effect, and so is comparable to the slope
//! of its own regression.

mod compute;
mod fixed;
mod terms;
mod words;

pub(crate) use compute::choose;
use serde::Serialize;

use crate::{Error, Fit, Note};

/// The three ways to estimate the coefficients of every group of one grouping factor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pooling {
    /// The grouping factor.
    pub group: String,
    /// The other grouping factors of the model, each of which can be asked about in turn.
    pub other_groups: Vec<String>,
    /// σ²/τ² of the first term: rows at which a group's own mean and that of all groups weigh the
    /// same. `None` where τ² is zero: then no number of rows is enough.
    pub equal_weight_n: Option<f64>,
    /// Residual standard deviations under each.
    pub sigma: PoolingSigma,
    /// Share of the intervals behind "significant", such as 0.95.
    pub confidence: f64,
    /// One row a level and term.
    pub groups: Vec<PooledCoefficient>,
    /// What holds for each term over all groups.
    pub terms: Vec<PoolingTerm>,
    /// The fixed effects under each.
    pub fixed: Vec<PooledFixed>,
    /// All of it in words.
    pub reading: String,
    /// What the reader should know besides.
    pub notes: Vec<Note>,
}

/// Residual standard deviations.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PoolingSigma {
    /// Pooled over the groups' own regressions; `None` where they leave no degrees of freedom.
    pub no_pooling: Option<f64>,
    /// Of the regression that forgets the groups.
    pub complete_pooling: Option<f64>,
    /// Of the multilevel model.
    pub partial_pooling: f64,
}

/// One coefficient of one group, three times.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PooledCoefficient {
    /// The level.
    pub level: String,
    /// The coefficient: a column that varies by group.
    pub term: String,
    /// Rows of the group.
    pub n: usize,
    /// From the group's own rows: its coefficient where the random columns are fixed effects of
    /// every group and the other fixed effects are common.
    pub no_pooling: Option<f64>,
    /// Its standard error, with the residual variance pooled over the groups.
    pub no_pooling_std_error: Option<f64>,
    /// From all rows as one: least squares of the fixed effects, read for this group.
    pub complete_pooling: Option<f64>,
    /// From the multilevel model: fixed effects plus the conditional modes of the group and of
    /// those it lies in.
    pub partial_pooling: Option<f64>,
    /// Its standard error: that of the error of prediction of the coefficient, variances known.
    pub partial_pooling_std_error: Option<f64>,
    /// Weight of the group's own data, 1 − Var(b | y)/τ²; 0 where τ² is zero.
    pub weight: f64,
    /// Whether no and partial pooling differ in sign.
    pub sign_changed: Option<bool>,
    /// Whether the coefficient differs from zero without pooling but not with partial pooling, at
    /// the level of `confidence`.
    pub significance_lost: Option<bool>,
    /// The other way round.
    pub significance_gained: Option<bool>,
    /// Why a number is missing.
    pub reason: Option<String>,
}

/// What holds for one term over all groups.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PoolingTerm {
    /// The term.
    pub term: String,
    /// Standard deviation τ of the group's deviations.
    pub sd: f64,
    /// σ²/(τ² E\[z²\]) with the term's column z: rows at which a group's own data and the others
    /// weigh the same, its other coefficients being known. σ²/τ² for an intercept.
    pub equal_weight_n: Option<f64>,
    /// The same where the group's other coefficients are learnt from its rows too: rows, each of
    /// the average kind, at which the weight is one half.
    pub half_weight_n: Option<f64>,
    /// Mean weight of the groups: their reliability, as HLM prints it for an intercept.
    pub mean_weight: f64,
    /// Gelman and Pardoe's (2006) pooling factor 1 − V(E ε)/E V(ε): above one half, the groups are
    /// pooled more than half.
    pub pooling_factor: f64,
    /// Gelman and Pardoe's R² of the group level: 1 − E V(ε)/E V(θ), with θ the coefficients of the
    /// groups.
    pub explained: Option<f64>,
    /// Standard deviation over the groups of the coefficients without pooling.
    pub no_pooling_spread: Option<f64>,
    /// The same with partial pooling.
    pub partial_pooling_spread: Option<f64>,
    /// Groups that have no coefficient of their own.
    pub without: usize,
    /// Groups whose sign differs between no and partial pooling.
    pub sign_changed: usize,
    /// Groups significant without pooling only.
    pub significance_lost: usize,
    /// Groups significant with partial pooling only.
    pub significance_gained: usize,
    /// Groups that differ from complete pooling without pooling, by a test of their coefficient
    /// against it as known.
    pub stand_out_no_pooling: usize,
    /// Groups whose conditional mode differs from zero by its conditional standard deviation.
    pub stand_out_partial_pooling: usize,
}

/// A fixed effect, three times.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PooledFixed {
    /// The fixed effect.
    pub term: String,
    /// Least squares without groups.
    pub complete_pooling: Option<f64>,
    /// Its standard error, which counts rows as independent.
    pub complete_pooling_std_error: Option<f64>,
    /// With coefficients for every group: the common coefficient, or the mean over the groups
    /// where each has its own; `None` where the groups' coefficients take it up.
    pub no_pooling: Option<f64>,
    /// Its standard error, for these very groups.
    pub no_pooling_std_error: Option<f64>,
    /// The multilevel model.
    pub partial_pooling: f64,
    /// Its standard error.
    pub partial_pooling_std_error: f64,
    /// The standard error of the multilevel model over that of complete pooling: above 1, least
    /// squares overstates how much is known.
    pub std_error_ratio: Option<f64>,
}

impl Fit {
    /// Complete, no and partial pooling of the groups of one grouping factor: that of this name,
    /// or the first of the formula. `confidence` (such as 0.95) decides what counts as significant.
    ///
    /// # Errors
    /// `no_groups` for a model without random effects, `unknown_group` for a name that is not one
    /// of its grouping factors, `needs_rows` for a loaded fit.
    pub fn pooling(&self, group: Option<&str>, confidence: f64) -> Result<Pooling, Error> {
        self.refuse_generalised(
            "no and complete pooling are least squares here",
            "`ranef effects` has the partially pooled effects of the groups, `ranef predict` their \
             expected responses",
        )?;
        compute::pooling(self, group, confidence)
    }

    /// The rows of [`Pooling::groups`] alone, without the standard errors of partial pooling and what
    /// hangs on them. These need the covariance of all effects with each other; without them the
    /// answer comes at once also for thousands of crossed groups.
    ///
    /// # Errors
    /// As [`Fit::pooling`].
    pub fn pooled_coefficients(
        &self,
        group: Option<&str>,
    ) -> Result<Vec<PooledCoefficient>, Error> {
        self.refuse_generalised(
            "no and complete pooling are least squares here",
            "`ranef effects` has the partially pooled effects of the groups, `ranef predict` their \
             expected responses",
        )?;
        compute::coefficients(self, group)
    }

    /// The rows of [`Pooling::fixed`] alone.
    ///
    /// # Errors
    /// As [`Fit::pooling`].
    pub fn pooled_fixed(&self, group: Option<&str>) -> Result<Vec<PooledFixed>, Error> {
        self.refuse_generalised(
            "no and complete pooling are least squares here",
            "`ranef summary` has the fixed effects",
        )?;
        compute::fixed_effects(self, group)
    }
}
