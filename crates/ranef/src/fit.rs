//! The fitted model as its user thinks of it.

use std::sync::{Arc, OnceLock};

use ranef_design::{Expect, Parts, Recipe, RowCount, Structure, survey};
use ranef_engine::distributions::{Normal, StudentT};
use ranef_engine::lmm::FitError;
use ranef_engine::{Interrupt, Statistics, glmm, lmm};
use ranef_formula::{Formula, Terms};
use ranef_frame::Source;
use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::family::Family;
use crate::moments::Moments;
use crate::notes::{self, Note};
use crate::options::{DfMethod, Model, optimizer_name};
use crate::origin::Origin;
use crate::random::{RandomBlock, RandomEffects};
use crate::residuals::ResidualSummary;
use crate::tests::KenwardRoger;
use crate::variance::{LinkVariance, Null, NullMean};
use crate::{Error, rows};

/// A fitted linear mixed model.
///
/// It holds no rows: what needs them (residuals, fitted values) takes the source again. Random
/// effects and the information behind the degrees of freedom are computed when first asked for.
#[derive(Debug)]
pub struct Fit {
    pub(crate) facts: Facts,
    pub(crate) engine: Option<Engine>,
    pub(crate) random_effects: OnceLock<RandomEffects>,
    pub(crate) inference: OnceLock<lmm::Inference>,
    pub(crate) kenward_roger: OnceLock<KenwardRoger>,
    pub(crate) residuals: OnceLock<ResidualSummary>,
    pub(crate) joint: OnceLock<lmm::Joint>,
    /// How the effects of a generalised model move with its nuisance parameters.
    pub(crate) drift: OnceLock<Vec<lmm::Drawn>>,
    pub(crate) joint_changes: OnceLock<lmm::JointChanges>,
    /// The variance of the distribution of a generalised model that shares are made with.
    pub(crate) link_variance: (LinkVariance, NullMean),
    pub(crate) null_model: OnceLock<Option<Null>>,
}

/// Everything about a fit that is known at once and saved with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Facts {
    pub formula: String,
    /// What the fit was told; the formula as it was typed.
    pub options: Model,
    /// Where the rows came from, if they can be had again.
    pub origin: Option<Origin>,
    pub terms: Terms,
    pub recipe: Recipe,
    /// For each aliased column its weights on the columns that have estimates.
    #[serde(default)]
    pub aliases: Vec<Vec<f64>>,
    pub structure: Structure,
    pub rows: RowCount,
    pub moments: Moments,
    pub family: Family,
    pub reml: bool,
    pub df: DfMethod,
    pub estimates: Estimates,
    pub optimizer: String,
    pub seconds: f64,
    pub notes: Vec<Note>,
    /// Random effects whose columns follow from others of their term.
    #[serde(default)]
    pub collinear: Vec<Collinear>,
}

/// A random effect whose column is a combination of others of its term in every row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Collinear {
    /// The block of random effects.
    pub block: usize,
    /// The effect.
    pub effect: usize,
    /// The weights of the block's columns in it.
    pub weights: Vec<f64>,
}

impl Collinear {
    pub(crate) fn of(statistics: &Statistics) -> Vec<Self> {
        ranef_engine::dependent_effects(statistics)
            .into_iter()
            .map(|found| Self {
                block: found.term,
                effect: found.effect,
                weights: found.weights,
            })
            .collect()
    }
}

/// What the minimum gives.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Estimates {
    pub criterion: f64,
    pub theta: Vec<f64>,
    pub sigma: f64,
    /// Of the columns that are not aliased.
    pub beta: Vec<f64>,
    pub vcov: Vec<f64>,
    pub random: Vec<RandomBlock>,
    /// Nuisance parameters ψ of the family and their covariance.
    pub nuisance: Vec<f64>,
    #[serde(with = "crate::save::unknown_as_null")]
    pub nuisance_vcov: Vec<f64>,
    /// The covariances of fixed effects and ψ, p × k by rows.
    #[serde(with = "crate::save::unknown_as_null")]
    pub cross_vcov: Vec<f64>,
    pub certificate: Certificate,
    pub evaluations: usize,
}

impl Certificate {
    pub(crate) fn of(found: &lmm::Certificate) -> Self {
        Self {
            converged: found.converged,
            newton_decrement: found.newton_decrement,
            smallest_score: found.smallest_score,
            largest_slope: found.largest_slope,
            uninformed: found.uninformed.clone(),
        }
    }
}

impl Estimates {
    fn of(recipe: &Recipe, engine: &lmm::Fit) -> Self {
        Self {
            criterion: engine.value,
            theta: engine.theta.clone(),
            sigma: engine.sigma,
            beta: engine.beta.clone(),
            vcov: engine.vcov.clone(),
            random: RandomBlock::of_linear(recipe, engine),
            nuisance: Vec::new(),
            nuisance_vcov: Vec::new(),
            cross_vcov: Vec::new(),
            certificate: Certificate::of(&engine.certificate),
            evaluations: engine.evaluations,
        }
    }
}

/// The proof that a fit is a minimum of its criterion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// Whether all tests below hold.
    pub converged: bool,
    /// How far below, in units of the criterion, the minimum may lie: ½g'H⁻¹g.
    pub newton_decrement: f64,
    /// Smallest eigenvalue of the score matrix Q of any term, relative to its information: not
    /// negative at a minimum, also on the boundary.
    pub smallest_score: f64,
    /// Largest element of QΛ, on the same scale: zero at a minimum.
    pub largest_slope: f64,
    /// Blocks of [`Fit::varcorr`], by position, on whose variances the data say nothing.
    pub uninformed: Vec<usize>,
}

/// One fixed effect.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coefficient {
    /// R's name of the column: `(Intercept)`, `Days`, `recipeB:temperature`.
    pub term: String,
    /// The estimate; `None` where other columns determine this one (aliased).
    pub estimate: Option<f64>,
    /// Its standard error.
    pub std_error: Option<f64>,
    /// Degrees of freedom of the t test; `None` for a z test.
    pub df: Option<f64>,
    /// t, or z where `df` is `None`.
    pub statistic: Option<f64>,
    /// Two-sided p-value.
    pub p_value: Option<f64>,
}

impl Fit {
    pub(crate) fn of(options: &Model, source: &dyn Source) -> Result<Self, Error> {
        if !options.family.is_gaussian() {
            return Self::generalised(options, source);
        }
        options.refuse_generalised_choices()?;
        let started = std::time::Instant::now();
        let text = options.formula.as_str();
        let formula = Formula::parse(text).map_err(|e| Error::formula(&e, text))?;
        let columns: Vec<&str> = source.columns().iter().map(|c| c.name.as_str()).collect();
        let terms = formula
            .terms(&columns)
            .map_err(|e| Error::formula(&e, text))?;
        let mut design = options.design.clone();
        design.response = Expect::Numbers;
        let found = survey(&terms, source, &design).map_err(|e| Error::design(&e, text))?;
        let mut recipe = found.recipe;
        notes::refuse_unidentified(&recipe, &terms, found.rows.used, text)?;
        // The passes over the rows are not stopped half-way, but none is begun for nothing.
        let stop = || match options.interrupt.is_set() {
            true => Err(Error::interrupted()),
            false => Ok(()),
        };
        stop()?;
        let mut statistics = rows::statistics(&recipe, source, text)?;
        stop()?;
        let dependent = ranef_engine::dependent_columns(&statistics);
        let aliases = ranef_engine::dependence(&statistics, &dependent);
        if !dependent.is_empty() {
            statistics = statistics.without_fixed(&dependent);
            recipe.drop_fixed(&dependent);
        }
        let count = statistics.layout().entries().len();
        if let Some(start) = options.start.as_ref().filter(|s| s.len() != count) {
            return Err(Error::new(
                "start_length",
                format!(
                    "{} starting values for {count} covariance parameters",
                    start.len()
                ),
            )
            .with_hint("give one number for each entry of theta"));
        }
        let settings = lmm::Options {
            reml: options.reml,
            optimizer: options.optimizer,
            start: options.start.clone(),
            interrupt: options.interrupt.clone(),
            ..Default::default()
        };
        // Without random effects Satterthwaite's formula gives the residual degrees of freedom.
        let df = match options.df {
            DfMethod::Satterthwaite | DfMethod::KenwardRoger if terms.random.is_empty() => {
                DfMethod::Residual
            }
            df => df,
        };
        let engine = lmm::fit(&statistics, &settings).map_err(|e| match e {
            FitError::TooFewRows { rows, fixed } => {
                notes::too_few_rows(rows, fixed, &recipe, source)
            }
            other => Error::fit(&other),
        })?;
        let mut facts = Facts {
            formula: formula.to_string(),
            options: options.clone(),
            origin: None,
            terms,
            aliases,
            structure: found.structure,
            rows: found.rows,
            moments: Moments::of(&recipe, &statistics),
            family: options.family,
            reml: options.reml,
            df,
            optimizer: optimizer_name(options.optimizer).to_owned(),
            seconds: 0.0,
            notes: Vec::new(),
            collinear: Collinear::of(&statistics),
            estimates: Estimates::of(&recipe, &engine),
            recipe,
        };
        facts.notes = notes::of_columns(&facts.recipe, &facts.terms, source);
        facts.notes.extend(notes::of_data(&facts, &found.notes));
        facts.notes.extend(notes::of_estimates(&facts));
        facts.seconds = started.elapsed().as_secs_f64();
        Self::new(facts, Engine::linear(engine, Arc::new(statistics)))
    }

    pub(crate) fn new(facts: Facts, engine: Engine) -> Result<Self, Error> {
        let mut fit = Self {
            engine: Some(engine),
            ..Self::of_facts(facts)
        };
        fit.prepare_df()?;
        Ok(fit)
    }

    /// The fit that facts describe, without rows.
    pub(crate) fn of_facts(facts: Facts) -> Self {
        Self {
            facts,
            engine: None,
            random_effects: OnceLock::new(),
            inference: OnceLock::new(),
            kenward_roger: OnceLock::new(),
            residuals: OnceLock::new(),
            joint: OnceLock::new(),
            drift: OnceLock::new(),
            joint_changes: OnceLock::new(),
            link_variance: Default::default(),
            null_model: OnceLock::new(),
        }
    }

    /// The same fit with a switch that stops later questions that fit again or profile, see
    /// [`Model::interrupt`]: for a loaded fit, which has none.
    pub fn with_interrupt(mut self, interrupt: &Interrupt) -> Self {
        self.facts.options.interrupt = interrupt.clone();
        self
    }

    /// An error where the switch of the fit is set: for questions between their pieces.
    pub(crate) fn not_interrupted(&self) -> Result<(), Error> {
        match self.facts.options.interrupt.is_set() {
            true => Err(Error::interrupted()),
            false => Ok(()),
        }
    }

    /// The same fit with another method for degrees of freedom.
    ///
    /// # Errors
    /// `needs_rows` for Kenward and Roger's on a saved model that does not carry them; `linear_only` for
    /// degrees of freedom of a generalised model, whose tests are z tests.
    pub fn with_df(mut self, df: DfMethod) -> Result<Self, Error> {
        if df != DfMethod::None {
            self.refuse_generalised(
                "degrees of freedom are of the t tests of gaussian models",
                "leave --df out: tests of other families are z tests",
            )?;
        }
        self.facts.df = self.effective_df(df);
        self.facts.options.df = df;
        self.prepare_df()?;
        Ok(self)
    }

    /// Computes what the degrees of freedom need, so that no later question can fail for want of it.
    fn prepare_df(&mut self) -> Result<(), Error> {
        let refitted = |note: &Note| note.code == "refitted_by_reml";
        self.facts.notes.retain(|note| !refitted(note));
        if self.facts.df == DfMethod::KenwardRoger {
            self.kenward_roger()?;
            self.facts
                .notes
                .extend(crate::tests::refitted(self, self.facts.df));
        }
        Ok(())
    }

    /// The engine's fit of the model by REML or by maximum likelihood, from the statistics at hand.
    pub(crate) fn engine_fit(&self, reml: bool) -> Result<lmm::Fit, Error> {
        let settings = lmm::Options {
            reml,
            optimizer: self.facts.options.optimizer,
            interrupt: self.facts.options.interrupt.clone(),
            ..Default::default()
        };
        lmm::fit(self.statistics()?, &settings).map_err(|e| Error::fit(&e))
    }

    /// The same model by REML (true) or by maximum likelihood, from the statistics at hand: no row
    /// is read. Where the fit is by that method already it is made anew.
    ///
    /// # Errors
    /// `needs_rows` for a loaded fit, which [`Fit::with_rows`] mends.
    pub fn refit(&self, reml: bool) -> Result<Self, Error> {
        let started = std::time::Instant::now();
        let statistics = Arc::clone(self.statistics()?);
        let engine = self.engine_fit(reml)?;
        let mut facts = Facts {
            reml,
            options: self.facts.options.clone().reml(reml),
            estimates: Estimates::of(&self.facts.recipe, &engine),
            ..self.facts.clone()
        };
        facts.notes.retain(|note| !notes::is_of_estimates(note));
        facts.notes.extend(notes::of_estimates(&facts));
        facts.seconds = started.elapsed().as_secs_f64();
        Self::new(facts, Engine::linear(engine, statistics))
    }

    /// Gives a loaded fit its rows again, for the questions that need more than was saved: one pass.
    ///
    /// # Errors
    /// `other_rows` where these are not the rows that the model was fitted to.
    pub fn with_rows(mut self, source: &dyn Source) -> Result<Self, Error> {
        if !self.family().is_gaussian() {
            return self.generalised_with_rows(source);
        }
        let facts = &self.facts;
        let statistics = rows::statistics(&facts.recipe, source, &facts.formula)?;
        let (now, then) = (statistics.rows(), facts.rows.used);
        let other = |what: String| {
            Error::new(
                "other_rows",
                format!("these are not the rows that the model was fitted to: {what}"),
            )
            .with_hint("give the data that the model was fitted to, or fit it again")
        };
        if now != then {
            return Err(other(format!("{now} complete rows here, {then} there")));
        }
        let fit = lmm::fit_at(&statistics, facts.reml, &facts.estimates.theta)
            .map_err(|e| Error::fit(&e))?;
        // The order of the rows may differ, and with it the rounding.
        let tolerance = 1e-6 * facts.estimates.criterion.abs().max(1.0);
        if (fit.value - facts.estimates.criterion).abs() > tolerance {
            return Err(other(format!(
                "the criterion is {} here, {} there",
                fit.value, facts.estimates.criterion
            )));
        }
        self.engine = Some(Engine::linear(fit, Arc::new(statistics)));
        Ok(self)
    }

    /// The formula, as R would print it.
    pub fn formula(&self) -> &str {
        &self.facts.formula
    }

    /// The formula, expanded to terms.
    pub fn terms(&self) -> &Terms {
        &self.facts.terms
    }

    /// What the fit was told beyond its data: the formula as it was typed, weights, factors,
    /// contrasts; for fitting a relative of it.
    pub fn options(&self) -> &Model {
        &self.facts.options
    }

    /// Where the rows came from, if that was said with [`Fit::remember_origin`].
    pub fn origin(&self) -> Option<&Origin> {
        self.facts.origin.as_ref()
    }

    /// Remembers, also in a saved model, where the rows came from.
    pub fn remember_origin(&mut self, origin: Origin) {
        self.facts.origin = Some(origin);
    }

    /// Means, variances and group sizes of the rows that were used.
    pub fn moments(&self) -> &Moments {
        &self.facts.moments
    }

    /// Whether a standard deviation or correlation of effects of a block is any number at all,
    /// because their columns are collinear.
    pub(crate) fn is_blurred(&self, block: usize, effects: &[usize]) -> bool {
        let of = |c: &Collinear| {
            let touches = |&e: &usize| c.effect == e || c.weights[e] != 0.0;
            c.block == block && effects.iter().any(touches)
        };
        self.facts.collinear.iter().any(of)
    }

    /// The family of the response and its link.
    pub fn family(&self) -> &Family {
        &self.facts.family
    }

    /// Whether the fit is by REML.
    pub fn reml(&self) -> bool {
        self.facts.reml
    }

    /// Number of rows used.
    pub fn nobs(&self) -> usize {
        self.facts.rows.used
    }

    /// Rows read, used and dropped, and which columns made them drop.
    pub fn row_count(&self) -> &RowCount {
        &self.facts.rows
    }

    /// How the grouping factors lie to each other.
    pub fn structure(&self) -> &Structure {
        &self.facts.structure
    }

    /// The recipe that turns rows into numbers.
    pub fn recipe(&self) -> &Recipe {
        &self.facts.recipe
    }

    /// Columns of the data that the model uses.
    pub fn columns(&self) -> Vec<&str> {
        self.facts.recipe.columns(Parts::ALL)
    }

    /// Positions, from 0, of the rows of a source that miss no value the model needs: those that
    /// fitted values, residuals and the like are of.
    pub fn rows_used(&self, source: &dyn Source) -> Result<Vec<usize>, Error> {
        let recipe = &self.facts.recipe;
        let mut first = 0;
        let mut out = Vec::with_capacity(self.nobs());
        rows::for_each_batch(recipe, source, Parts::ALL, self.formula(), |batch, rows| {
            match &rows.kept {
                None => out.extend(first..first + batch.num_rows()),
                Some(kept) => out.extend(kept.iter().map(|&k| first + k as usize)),
            }
            first += batch.num_rows();
            Ok(())
        })?;
        Ok(out)
    }

    /// The REML criterion, or −2 log-likelihood, at the minimum.
    pub fn criterion(&self) -> f64 {
        self.facts.estimates.criterion
    }

    /// The restricted or full log-likelihood.
    pub fn log_likelihood(&self) -> f64 {
        -0.5 * self.facts.estimates.criterion
    }

    /// Number of parameters: fixed effects, covariance parameters and σ, or the nuisance
    /// parameters of the family.
    pub fn parameters(&self) -> usize {
        let estimates = &self.facts.estimates;
        let own = if self.family().is_gaussian() {
            1
        } else {
            estimates.nuisance.len()
        };
        estimates.beta.len() + estimates.theta.len() + own
    }

    /// Akaike's criterion, with the restricted likelihood where the fit is by REML, as in lme4.
    pub fn aic(&self) -> f64 {
        self.facts.estimates.criterion + 2.0 * self.parameters() as f64
    }

    /// Schwarz' criterion with the number of rows, as in lme4.
    pub fn bic(&self) -> f64 {
        self.facts.estimates.criterion + self.parameters() as f64 * (self.nobs() as f64).ln()
    }

    /// Rows less parameters.
    pub fn df_residual(&self) -> usize {
        self.nobs().saturating_sub(self.parameters())
    }

    /// Residual standard deviation.
    pub fn sigma(&self) -> f64 {
        self.facts.estimates.sigma
    }

    /// Relative covariance parameters, term by term, each lower triangle by columns.
    pub fn theta(&self) -> &[f64] {
        &self.facts.estimates.theta
    }

    /// Fixed effects that the data can give, in the order of [`Fit::fixed_names`].
    pub fn fixef(&self) -> &[f64] {
        &self.facts.estimates.beta
    }

    /// Names of the fixed effects that the data can give.
    pub fn fixed_names(&self) -> Vec<&str> {
        let names = self.facts.recipe.fixed_names();
        self.facts
            .recipe
            .fixed_kept()
            .into_iter()
            .map(|j| names[j].as_str())
            .collect()
    }

    /// Covariance matrix of [`Fit::fixef`], p × p by rows.
    pub fn vcov(&self) -> &[f64] {
        &self.facts.estimates.vcov
    }

    /// Variances and correlations of the random effects, one block a term.
    pub fn varcorr(&self) -> &[RandomBlock] {
        &self.facts.estimates.random
    }

    /// The proof of convergence.
    pub fn certificate(&self) -> &Certificate {
        &self.facts.estimates.certificate
    }

    /// Evaluations of the criterion.
    pub fn evaluations(&self) -> usize {
        self.facts.estimates.evaluations
    }

    /// Seconds from formula to fit, reading of rows included.
    pub fn seconds(&self) -> f64 {
        self.facts.seconds
    }

    /// The method for degrees of freedom.
    pub fn df_method(&self) -> DfMethod {
        self.facts.df
    }

    /// What the reader of the results should know.
    pub fn notes(&self) -> &[Note] {
        &self.facts.notes
    }

    /// Whether the covariance matrix of any term is singular.
    pub fn singular(&self) -> bool {
        self.facts
            .estimates
            .random
            .iter()
            .any(|block| block.singular)
    }

    /// How well the variance parameters are known; see [`lmm::Inference`].
    pub fn inference(&self) -> &lmm::Inference {
        // A loaded fit carries this answer.
        self.inference
            .get_or_init(|| self.ask(lmm::Fit::inference).expect("saved with the model"))
    }

    /// Conditional modes of the random effects and their conditional covariances.
    pub fn random_effects(&self) -> &RandomEffects {
        // A loaded fit carries this answer.
        self.random_effects.get_or_init(|| {
            let found = if self.family().is_gaussian() {
                self.ask(lmm::Fit::random_effects)
            } else {
                self.ask_generalised(glmm::Fit::random_effects)
            };
            RandomEffects::from(found.expect("saved with the model"))
        })
    }

    /// Degrees of freedom of a contrast of [`Fit::fixef`] by the chosen method.
    pub fn contrast_df(&self, contrast: &[f64]) -> Option<f64> {
        // Fits and saved models by Kenward and Roger's method carry what it needs.
        self.df_of(contrast, self.facts.df).ok().flatten()
    }

    /// The table of fixed effects, aliased ones included.
    pub fn coefficients(&self) -> Vec<Coefficient> {
        let p = self.facts.estimates.beta.len();
        let kept = self.facts.recipe.fixed_kept();
        let vcov = self.tested_vcov(self.facts.df).unwrap_or(self.vcov());
        let one = |(j, name): (usize, &String)| {
            let Some(at) = kept.iter().position(|&k| k == j) else {
                return Coefficient {
                    term: name.clone(),
                    estimate: None,
                    std_error: None,
                    df: None,
                    statistic: None,
                    p_value: None,
                };
            };
            let estimate = self.facts.estimates.beta[at];
            // The fit of a replicate has none.
            let std_error = Some(vcov[at * p + at].sqrt()).filter(|x| !x.is_nan());
            let mut contrast = vec![0.0; p];
            contrast[at] = 1.0;
            let df = self.contrast_df(&contrast);
            let statistic = std_error.map(|error| estimate / error);
            let two_sided_p = |statistic| match df {
                Some(df) => StudentT::new(df).two_sided_p(statistic),
                None => Normal::STANDARD.two_sided_p(statistic),
            };
            Coefficient {
                term: name.clone(),
                estimate: Some(estimate),
                std_error,
                df,
                statistic,
                p_value: statistic.map(two_sided_p),
            }
        };
        self.facts
            .recipe
            .fixed_names()
            .iter()
            .enumerate()
            .map(one)
            .collect()
    }
}
