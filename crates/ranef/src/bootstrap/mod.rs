//! Bootstrap: how far would the estimates move in data that are as likely?
//!
//! Replicates of the data are made, the model is fitted to each, and the spread of what is found
//! says how sure a number is, also where nobody has a formula for it: a standard deviation near
//! zero, an intraclass correlation, a share of variance. A gaussian model with responses drawn from
//! it needs no row for that: the products of a response with the design are drawn, and the fit starts
//! at the parameters that made them ([`ranef_engine::simulate`]). Everything else goes through the rows.
//!
//! Failed fits are counted and left out; singular ones are counted and stay, as a variance of zero
//! is an answer.

mod interval;
pub(crate) mod likelihood_ratio;
mod options;
mod replicate;
mod resample;
pub(crate) mod run;
mod view;

use ranef_frame::Source;
use serde::Serialize;

pub use likelihood_ratio::{BootstrapTest, compare_bootstrap};
pub use options::{BootstrapInterval, BootstrapOptions, BootstrapType};
pub use replicate::{PredictedRows, Replicate, Statistic};

use crate::intervals::{self, ConfidenceIntervals, IntervalMethod, ParameterInterval};
use crate::{Effect, Error, Fit};
use interval::{Ingredients, ends, mean_and_sd};
use replicate::Measure;

/// Below so many replicates no quantile of a 95 % interval is one of them.
const FEW: usize = 40;
/// Beyond this share of failed replicates the others may not stand for all.
const MANY_FAILED: f64 = 0.05;

/// What a bootstrap found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bootstrap {
    /// How the data of the replicates came about.
    #[serde(flatten)]
    pub count: BootstrapCount,
    /// How the ends of the intervals were made.
    pub interval: BootstrapInterval,
    /// The probability that an interval holds its target.
    pub level: f64,
    /// One number a row.
    pub rows: Vec<BootstrapRow>,
    /// What the reader should know.
    pub notes: Vec<String>,
    /// The replicates: for each row of `rows` its numbers in the order of the replicates, `None`
    /// where one has none; [`Bootstrap::draws`] has them as a table.
    #[serde(skip_serializing)]
    pub values: Vec<Vec<Option<f64>>>,
}

/// How many replicates there were and what became of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BootstrapCount {
    /// How the data of the replicates came about.
    #[serde(rename = "type")]
    pub kind: BootstrapType,
    /// Seed.
    pub seed: u64,
    /// Replicates that were asked for.
    pub replicates: u32,
    /// Replicates that were fitted.
    pub done: usize,
    /// Replicates without a fit, or whose fit did not converge; they are left out.
    pub failed: u32,
    /// Replicates with a singular fit among those done.
    pub singular: usize,
    /// Whether it was stopped before all were done.
    pub interrupted: bool,
}

/// One number and its bootstrap distribution.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BootstrapRow {
    /// `fixed`, `ran_pars`, `family`, `share`, `contrast`, `prediction`, or `own` for a function of
    /// one's own.
    pub kind: &'static str,
    /// The grouping factor, where there is one.
    pub group: Option<String>,
    /// Its name: as in [`crate::ParameterInterval`]; `icc`, `icc_unadjusted`, `r2_marginal`,
    /// `r2_conditional`; a contrast; `row 3`.
    pub parameter: String,
    /// The estimate of the fit.
    pub estimate: Option<f64>,
    /// Mean of the replicates less the estimate.
    pub bias: Option<f64>,
    /// Standard deviation of the replicates.
    pub std_error: Option<f64>,
    /// Lower end of the interval.
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
    /// Replicates that have this number: a correlation beside a variance of zero is none.
    pub count: usize,
}

impl Fit {
    /// Bootstrap of statistics. `source` has the rows of the fit; responses drawn from a gaussian
    /// model need none unless many crossed factors make its design too large to factor. `progress`
    /// is told how many replicates are done, and of how many.
    ///
    /// ```
    /// use ranef::frame::{ReadOptions, open};
    /// use ranef::{BootstrapOptions, Statistic};
    ///
    /// let data = open("sleepstudy", &ReadOptions::default())?;
    /// let fit = ranef::lmer("Reaction ~ Days + (Days | Subject)", &*data)?;
    /// let all = [Statistic::Parameters(Vec::new()), Statistic::Icc];
    /// let found = fit.bootstrap(None, &all, &BootstrapOptions::default(), &mut |_, _| {})?;
    /// let days = &found.rows[1];
    /// assert!(days.lower.unwrap() > 7.0 && days.upper.unwrap() < 14.0);
    /// # Ok::<(), ranef::Error>(())
    /// ```
    ///
    /// # Errors
    /// `needs_rows`, `too_few_replicates`, `bad_level`, `unknown_parameter`, `unknown_group`,
    /// `no_groups`, `no_random_effects`, `linear_only`, `no_replicates`; `interrupted` where nothing
    /// was done before.
    pub fn bootstrap(
        &self,
        source: Option<&dyn Source>,
        statistics: &[Statistic],
        options: &BootstrapOptions,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<Bootstrap, Error> {
        let measure = Measure::of(self, statistics)?;
        self.bootstrap_measure(source, &measure, options, progress)
    }

    /// Bootstrap of a function of one's own, which gives as many numbers as there are names; numbers
    /// that are not finite count as unknown. What it is given has a way to be a fit,
    /// [`Replicate::fit`].
    ///
    /// # Errors
    /// As [`Fit::bootstrap`].
    pub fn bootstrap_of(
        &self,
        source: Option<&dyn Source>,
        names: &[String],
        statistic: &(dyn Fn(&Replicate) -> Vec<f64> + Sync),
        options: &BootstrapOptions,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<Bootstrap, Error> {
        let measure = Measure::own(self, names, statistic);
        self.bootstrap_measure(source, &measure, options, progress)
    }

    fn bootstrap_measure(
        &self,
        source: Option<&dyn Source>,
        measure: &Measure<'_>,
        options: &BootstrapOptions,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<Bootstrap, Error> {
        intervals::check(options.level)?;
        check_replicates(options.replicates)?;
        if !self.has_rows() {
            return Err(run::needs_rows("a bootstrap"));
        }
        if options.interval == BootstrapInterval::Bca || options.kind == BootstrapType::Cluster {
            resample::factor(self, options.group.as_deref())?;
        }
        let left_out = match options.interval {
            BootstrapInterval::Bca => self.jackknife(source, options.group.as_deref(), measure)?,
            _ => Vec::new(),
        };
        let collected = self.run_bootstrap(source, options, measure, progress)?;
        let found = &collected.found;
        let mut rows = Vec::new();
        let mut values = Vec::new();
        for (i, asked) in measure.asked.iter().enumerate() {
            let all: Vec<Option<f64>> = (found.iter())
                .map(|(v, _)| Some(v[i]).filter(|x| x.is_finite()))
                .collect();
            let mut sorted: Vec<f64> = all.iter().flatten().copied().collect();
            sorted.sort_by(f64::total_cmp);
            let left_out: Vec<f64> = (left_out.iter())
                .map(|v| v[i])
                .filter(|x| x.is_finite())
                .collect();
            let interval = asked.estimate.and_then(|estimate| {
                let of = Ingredients {
                    sorted: &sorted,
                    estimate,
                    level: options.level,
                    left_out: &left_out,
                    range: asked.range,
                };
                ends(options.interval, &of)
            });
            let spread = (sorted.len() > 1).then(|| mean_and_sd(&sorted));
            rows.push(BootstrapRow {
                kind: asked.kind,
                group: asked.group.clone(),
                parameter: asked.name.clone(),
                estimate: asked.estimate,
                bias: spread.zip(asked.estimate).map(|((mean, _), e)| mean - e),
                std_error: spread.map(|(_, sd)| sd),
                lower: interval.map(|i| i.0),
                upper: interval.map(|i| i.1),
                count: sorted.len(),
            });
            values.push(all);
        }
        let count = BootstrapCount {
            kind: options.kind,
            seed: options.seed,
            replicates: options.replicates,
            done: found.len(),
            failed: collected.failed,
            singular: found.iter().filter(|(_, singular)| *singular).count(),
            interrupted: collected.interrupted,
        };
        let notes = self.bootstrap_notes(&count, &rows, options);
        Ok(Bootstrap {
            notes,
            count,
            interval: options.interval,
            level: options.level,
            rows,
            values,
        })
    }

    /// Confidence intervals of parameters by bootstrap: [`Fit::confint_of`] with another method.
    ///
    /// # Errors
    /// As [`Fit::bootstrap`].
    pub fn confint_bootstrap(
        &self,
        names: &[String],
        source: Option<&dyn Source>,
        options: &BootstrapOptions,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<ConfidenceIntervals, Error> {
        let asked = [Statistic::Parameters(names.to_vec())];
        let found = self.bootstrap(source, &asked, options, progress)?;
        let rows = found.rows.iter().map(|row| ParameterInterval {
            effect: match row.kind {
                "fixed" => Effect::Fixed,
                "family" => Effect::Family,
                _ => Effect::RanPars,
            },
            group: row.group.clone(),
            parameter: row.parameter.clone(),
            estimate: row.estimate,
            lower: row.lower,
            upper: row.upper,
            df: None,
            open: None,
            reason: None,
        });
        Ok(ConfidenceIntervals {
            method: IntervalMethod::Bootstrap,
            level: options.level,
            rows: rows.collect(),
            notes: std::iter::once(found.how())
                .chain(found.notes.iter().cloned())
                .collect(),
            bootstrap: Some(found.count),
        })
    }

    fn bootstrap_notes(
        &self,
        count: &BootstrapCount,
        rows: &[BootstrapRow],
        options: &BootstrapOptions,
    ) -> Vec<String> {
        let mut notes = Vec::new();
        if count.interrupted {
            notes.push(format!(
                "Stopped after {} of {} replicates: the intervals are of these.",
                count.done + count.failed as usize,
                count.replicates
            ));
        }
        let tried = count.done + count.failed as usize;
        if f64::from(count.failed) > MANY_FAILED * tried as f64 {
            notes.push(format!(
                "{} of {tried} replicates could not be fitted. Those that could may not stand for \
                 all: simplify the model, or do not use these intervals.",
                count.failed
            ));
        }
        if count.done < FEW {
            notes.push(format!(
                "{} replicates are too few for the ends of an interval; 1000 are usual.",
                count.done
            ));
        }
        if count.kind == BootstrapType::Kept {
            notes.push(
                "With the groups' effects kept, replicates are other observations of these very \
                 groups, and variances between groups come out too small: use new groups to judge \
                 variances."
                    .to_owned(),
            );
        }
        if count.kind == BootstrapType::Cases && !self.varcorr().is_empty() {
            notes.push(
                "Rows were drawn as if they were independent given their groups, with the groups \
                 as they are: what differs between groups is not drawn anew."
                    .to_owned(),
            );
        }
        let missing = |row: &&BootstrapRow| row.estimate.is_some() && row.lower.is_none();
        if options.interval == BootstrapInterval::Bca && rows.iter().any(|r| missing(&r)) {
            notes.push(
                "Where all replicates lie on one side of the estimate there is no BCa interval; \
                 take `percentile`."
                    .to_owned(),
            );
        }
        if rows.iter().any(|r| r.count > 0 && r.count < count.done) {
            notes.push(
                "A correlation beside a standard deviation of zero is none: its interval is of \
                 the other replicates."
                    .to_owned(),
            );
        }
        notes
    }
}

pub(crate) fn check_replicates(replicates: u32) -> Result<(), Error> {
    if replicates >= 2 {
        return Ok(());
    }
    Err(Error::new(
        "too_few_replicates",
        format!("{replicates} replicates have no spread"),
    )
    .with_hint("ask for 2 at the very least; 1000 are usual for intervals"))
}
