//! Power: how often a study that does not exist yet would find its effect.
//!
//! A [`PowerPlan`] begins with a [`Design`] or with a fitted model and says what is believed true;
//! [`PowerPlan::power`] simulates studies and tests them, with the answer by formula beside it;
//! [`PowerPlan::curve`] varies one thing, and [`PowerPlan::smallest`] looks for the smallest study
//! with enough power. Published planners that need no rows are in [`presets`].

mod analytic;
mod believed;
mod check;
mod count;
mod design;
mod fitted;
mod notes;
mod plan;
mod presets;
mod remedy;
mod rows;
mod search;
mod simulate;
mod study;
mod test;
mod view;

use std::collections::BTreeMap;

use ranef_engine::Interrupt;
use serde::Serialize;

pub use design::{
    Correlation, Design, Grouping, PerEffect, Predicted, PredictedValues, Size, Variance,
};
pub use plan::{Knob, PowerPlan};
pub use presets::{
    ClusterTrial, ClusterTrialPlan, CrossLevel, CrossLevelPlan, PilotTest, SummaryStatistics,
    SummaryStatisticsPlan,
};
pub use search::Smallest;
pub use test::PowerTest;

use crate::{DfMethod, Error, Model, Note};
use analytic::Exact;
use count::Simulations;
use simulate::Simulation;
use study::{Belief, Study};
use test::Target;

/// How power is computed.
#[derive(Clone, Debug, PartialEq)]
pub struct PowerOptions {
    /// What counts as finding the effect.
    pub test: PowerTest,
    /// The coefficient or term; may be left out where there is one beside the intercept.
    pub term: Option<String>,
    /// Degrees of freedom of tests and intervals of linear models.
    pub df: DfMethod,
    /// The level of the test.
    pub alpha: f64,
    /// Simulated studies for each value; none for the answer by formula alone.
    pub simulations: u32,
    /// Seed of the random numbers.
    pub seed: u64,
    /// The probability that the interval of a simulated power holds it.
    pub level: f64,
    /// Stops the simulations; what is done is kept.
    pub interrupt: Interrupt,
}

impl Default for PowerOptions {
    fn default() -> Self {
        Self {
            test: PowerTest::Coefficient,
            term: None,
            df: DfMethod::Satterthwaite,
            alpha: 0.05,
            simulations: 1000,
            seed: 1,
            level: 0.95,
            interrupt: Interrupt::default(),
        }
    }
}

/// Power, of one study or along a curve.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Power {
    /// The model.
    pub formula: String,
    /// The family of the response.
    pub family: String,
    /// The effect.
    pub term: String,
    /// What counts as finding it.
    pub test: String,
    /// The level of the test.
    pub alpha: f64,
    /// The probability that an interval of power holds it.
    pub level: f64,
    /// Simulations that were asked for, for each value.
    pub simulations: u32,
    /// Seed.
    pub seed: u64,
    /// What differs between the points.
    pub across: Option<String>,
    /// One point for each value.
    pub points: Vec<PowerResult>,
    /// The power that is wanted.
    pub target: Option<f64>,
    /// The smallest study with it, where that was looked for.
    pub smallest: Option<Smallest>,
    /// Whether it was stopped before all simulations were done.
    pub interrupted: bool,
    /// What the reader should know.
    pub notes: Vec<Note>,
}

/// The power of one study.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PowerResult {
    /// The value of what is varied.
    pub value: Option<f64>,
    /// Rows.
    pub nobs: usize,
    /// Groups of each grouping factor.
    pub groups: BTreeMap<String, usize>,
    /// The true value of a single coefficient.
    pub effect: Option<f64>,
    /// The share of the simulated studies that found the effect.
    pub power: Option<f64>,
    /// Lower end of its interval (Wilson 1927).
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
    /// Its Monte Carlo standard error.
    pub std_error: Option<f64>,
    /// Studies that found the effect.
    pub significant: u32,
    /// Studies that were simulated and fitted.
    pub simulations: u32,
    /// Studies that could not be fitted; they do not count.
    pub failed: u32,
    /// Studies whose fit was singular; they count.
    pub singular: u32,
    /// Draws of the predictors that the studies share.
    pub pictures: u32,
    /// The mean of the absolute estimates of those that found it, over the effect (Gelman and
    /// Carlin 2014, type M error).
    pub exaggeration: Option<f64>,
    /// The share of those with the wrong sign (type S error).
    pub wrong_sign: Option<f64>,
    /// Power by formula.
    pub analytic: Option<f64>,
    /// Whether the formula is exact.
    pub analytic_exact: Option<bool>,
}

impl PowerPlan {
    /// The power of the study as it is planned.
    ///
    /// ```
    /// use ranef::{Design, PowerOptions, PowerPlan};
    ///
    /// let plan = PowerPlan::of_design(Design::parse(Design::TEMPLATE)?)?;
    /// let options = PowerOptions {
    ///     term: Some("ses:treated".to_owned()),
    ///     simulations: 200,
    ///     ..PowerOptions::default()
    /// };
    /// let power = plan.power(&options, &mut |_, _| {})?;
    /// let point = &power.points[0];
    /// assert!((point.power.unwrap() - point.analytic.unwrap()).abs() < 0.12);
    /// # Ok::<(), ranef::Error>(())
    /// ```
    ///
    /// # Errors
    /// What the design, the fit or the test cannot be; `interrupted` where nothing was done.
    pub fn power(
        &self,
        options: &PowerOptions,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<Power, Error> {
        self.points(None, options, progress)
    }

    /// Power along the values of something.
    ///
    /// # Errors
    /// As [`PowerPlan::power`] and [`PowerPlan::with`].
    pub fn curve(
        &self,
        knob: &Knob,
        values: &[f64],
        options: &PowerOptions,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<Power, Error> {
        self.points(Some((knob, values)), options, progress)
    }

    fn points(
        &self,
        along: Option<(&Knob, &[f64])>,
        options: &PowerOptions,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<Power, Error> {
        options.check()?;
        // All that can be wrong with a value is told before the first simulation.
        let mut plans = match along {
            None => vec![(None, self.clone())],
            Some((knob, values)) => {
                let plan = |&value: &f64| Ok((Some(value), self.with(knob, value)?));
                values.iter().map(plan).collect::<Result<Vec<_>, Error>>()?
            }
        };
        if plans.is_empty() {
            return Err(design::bad(
                "there are no values to vary",
                "give one value or more",
            ));
        }
        plans.sort_by(|a, b| a.0.unwrap_or(0.0).total_cmp(&b.0.unwrap_or(0.0)));
        let first = Prepared::or_way_out(&plans[0].1, options)?;
        let mut out = first.answer(options);
        out.across = along.map(|(knob, _)| knob.to_string());
        let single = !matches!(options.test, PowerTest::Term) && !options.test.is_ratio();
        let own = |knob: &Knob| matches!(knob, Knob::Effect(term) if *term == first.target.name);
        if let (Some((knob, _)), true) = (along, single)
            && own(knob)
        {
            return first.effects(&plans, options, out, progress);
        }
        let total = plans.len() as u32;
        // Designs that cannot be fitted are told at once, not after an hour.
        let mut prepared = vec![first];
        for (_, plan) in &plans[1..] {
            prepared.push(Prepared::or_way_out(plan, options)?);
        }
        for (at, (ready, (value, _))) in prepared.iter().zip(&plans).enumerate() {
            let mut done = |d: u32, n: u32| progress(at as u32 * n + d, total * n);
            let mut point = ready.point(options, &mut done)?;
            point.0.value = *value;
            out.interrupted |= point.1;
            out.points.push(point.0);
            if out.interrupted {
                break;
            }
        }
        Ok(self.with_notes(out, options))
    }
}

/// A plan with its study and the effect it is about.
struct Prepared<'a> {
    plan: &'a PowerPlan,
    study: Study,
    target: Target,
}

impl<'a> Prepared<'a> {
    fn of(plan: &'a PowerPlan, options: &PowerOptions) -> Result<Self, Error> {
        let study = plan.study(&options.model(plan), options.seed)?;
        let target = Target::of(&study.truth, &options.test, options.term.as_deref())?;
        Ok(Self {
            plan,
            study,
            target,
        })
    }

    /// The same, with the numbers that would work where the study is too small.
    fn or_way_out(plan: &'a PowerPlan, options: &PowerOptions) -> Result<Self, Error> {
        Self::of(plan, options)
            .map_err(|error| plan.with_way_out(&options.model(plan), options.seed, error))
    }

    fn answer(&self, options: &PowerOptions) -> Power {
        let truth = &self.study.truth;
        Power {
            formula: truth.formula().to_owned(),
            family: truth.family().to_string(),
            term: self.target.name.clone(),
            test: options
                .test
                .words(options.df_of(truth), 1.0 - options.alpha),
            alpha: options.alpha,
            level: options.level,
            simulations: options.simulations,
            seed: options.seed,
            across: None,
            points: Vec::new(),
            target: None,
            smallest: None,
            interrupted: false,
            notes: Vec::new(),
        }
    }

    /// A point without power.
    fn blank(&self) -> PowerResult {
        let truth = &self.study.truth;
        let levels = truth.recipe().factors().iter();
        PowerResult {
            nobs: truth.nobs(),
            groups: levels.map(|f| (f.name.clone(), f.levels)).collect(),
            effect: match self.target.columns.as_slice() {
                [column] => Some(truth.fixef()[*column]),
                _ => None,
            },
            ..PowerResult::default()
        }
    }

    /// The covariances by formula, for a few pictures.
    fn exact(&self, options: &PowerOptions) -> Result<Vec<Exact>, Error> {
        let truth = &self.study.truth;
        if matches!(options.test, PowerTest::Against(_)) {
            return Ok(Vec::new());
        }
        let Some(statistics) = &self.study.statistics else {
            return Ok(Exact::generalised(&self.study)?.into_iter().collect());
        };
        let df = options.df_of(truth);
        let rows = truth.nobs();
        let mut out = vec![Exact::linear(
            &self.study,
            statistics,
            &self.target,
            df,
            rows,
        )?];
        // As many as are cheap.
        let most = (400_000 / rows.max(1)).clamp(1, 100) as u32;
        for picture in 1..self.plan.pictures(options.simulations.max(100)).min(most) {
            let source = self.plan.source(options.seed, picture)?;
            let again = self.study.again(&source)?;
            let own = Exact::linear(&self.study, &again, &self.target, df, again.rows());
            out.extend(own.ok());
        }
        Ok(out)
    }

    /// Fills in the answer by formula.
    fn by_formula(
        &self,
        exact: &[Exact],
        options: &PowerOptions,
        beta: &[f64],
        point: &mut PowerResult,
    ) {
        let rule = options.rule();
        let found: Vec<_> = (exact.iter())
            .filter_map(|e| e.power(&rule, &self.target, beta))
            .collect();
        if found.is_empty() {
            return;
        }
        let mean = found.iter().map(|a| a.power).sum::<f64>() / found.len() as f64;
        point.analytic = Some(mean.clamp(0.0, 1.0));
        point.analytic_exact = Some(found.len() == 1 && found[0].exact);
    }

    fn simulate(
        &self,
        options: &PowerOptions,
        effects: Vec<f64>,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<Simulations, Error> {
        let simulation = Simulation {
            plan: self.plan,
            study: &self.study,
            target: &self.target,
            options,
            effects,
        };
        let found = simulation.run(progress)?;
        Ok(Simulations {
            found: found.found,
            failed: found.failed,
            interrupted: found.interrupted,
            pictures: match options.test.is_ratio() {
                true => 1,
                false => self.plan.pictures(options.simulations),
            },
        })
    }

    fn point(
        &self,
        options: &PowerOptions,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<(PowerResult, bool), Error> {
        let mut point = self.blank();
        let beta = self.study.truth.fixef();
        self.by_formula(&self.exact(options)?, options, beta, &mut point);
        if options.simulations == 0 {
            return Ok((point, false));
        }
        let effect = point.effect.unwrap_or(0.0);
        let found = self.simulate(options, vec![effect], progress)?;
        found.fill(&mut point, options, effect);
        Ok((point, found.interrupted))
    }

    /// A curve of effects from one set of simulations.
    fn effects(
        &self,
        plans: &[(Option<f64>, PowerPlan)],
        options: &PowerOptions,
        mut out: Power,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<Power, Error> {
        // The effects in the units of the model, which standardised ones are not.
        let mut betas = Vec::new();
        for (_, plan) in plans {
            betas.push(plan.beta(&self.study.truth)?);
        }
        let column = self.target.columns[0];
        let effects: Vec<f64> = betas.iter().map(|beta| beta[column]).collect();
        let exact = self.exact(options)?;
        // Estimates of a generalised model move with the effect.
        let shared = match (options.simulations, self.study.truth.family().is_gaussian()) {
            (0, _) | (_, false) => None,
            _ => Some(self.simulate(options, effects.clone(), progress)?),
        };
        for (i, (value, plan)) in plans.iter().enumerate() {
            let mut point = PowerResult {
                value: *value,
                effect: Some(effects[i]),
                ..self.blank()
            };
            self.by_formula(&exact, options, &betas[i], &mut point);
            match &shared {
                Some(found) => {
                    found.fill(&mut point, options, effects[i]);
                    out.interrupted |= found.interrupted;
                }
                None if options.simulations > 0 => {
                    let own = Prepared::of(plan, options)?;
                    let mut done =
                        |d: u32, n: u32| progress(i as u32 * n + d, plans.len() as u32 * n);
                    let (found, interrupted) = own.point(options, &mut done)?;
                    out.interrupted |= interrupted;
                    point = PowerResult {
                        value: *value,
                        ..found
                    };
                }
                None => {}
            }
            out.points.push(point);
            if out.interrupted && shared.is_none() {
                break;
            }
        }
        Ok(self.plan.with_notes(out, options))
    }
}

impl PowerOptions {
    /// The model that is fitted to each response.
    fn model(&self, plan: &PowerPlan) -> Model {
        let model = plan.model().interrupt(&self.interrupt);
        match self.test.is_ratio() {
            true => model.reml(false),
            // Kenward and Roger's are computed for each study where they are asked for.
            false => model.df(DfMethod::None),
        }
    }

    fn check(&self) -> Result<(), Error> {
        let inside = |name: &str, x: f64| match x > 0.0 && x < 1.0 {
            true => Ok(()),
            false => Err(Error::new(
                "bad_probability",
                format!("{name} = {x} is no probability between 0 and 1"),
            )
            .with_hint(format!(
                "give a number between 0 and 1, such as {}",
                if name == "alpha" { "0.05" } else { "0.95" }
            ))),
        };
        inside("alpha", self.alpha)?;
        inside("level", self.level)?;
        match self.test {
            PowerTest::Width(w) if !(w > 0.0 && w.is_finite()) => Err(design::bad(
                format!("no interval is {w} wide"),
                "give a width above 0",
            )),
            PowerTest::Excludes(b) if !b.is_finite() => Err(design::bad(
                format!("{b} is no bound"),
                "give a finite number",
            )),
            _ => Ok(()),
        }
    }
}
