//! What a fit can be told beyond its formula.

use ranef_design::Contrast;
use ranef_engine::Interrupt;
use ranef_engine::lmm::Optimizer;
use ranef_frame::Source;
use serde::{Deserialize, Serialize};

use crate::family::Family;
use crate::{Error, Fit};

/// A mixed model to be fitted: the formula and the choices around it. It is a linear one fitted by
/// REML until told otherwise.
///
/// ```
/// use ranef::frame::{ReadOptions, open};
///
/// let data = open("sleepstudy", &ReadOptions::default())?;
/// let fit = ranef::Model::new("Reaction ~ Days + (Days | Subject)").reml(false).fit(&*data)?;
/// assert!((fit.criterion() - 1751.939344).abs() < 1e-6);
/// # Ok::<(), ranef::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    pub(crate) formula: String,
    pub(crate) family: Family,
    pub(crate) reml: bool,
    pub(crate) design: ranef_design::Options,
    pub(crate) df: DfMethod,
    #[serde(with = "optimizer_by_name")]
    pub(crate) optimizer: Optimizer,
    pub(crate) start: Option<Vec<f64>>,
    #[serde(skip)]
    pub(crate) interrupt: Interrupt,
    /// Nodes of the quadrature of a generalised model; 1 is Laplace's approximation, 0 the fast one.
    pub(crate) agq: usize,
    pub(crate) curvature: Curvature,
    /// Standard deviation of the normal prior on the fixed effects of standardised predictors.
    pub(crate) prior: Option<f64>,
}

/// The curvature of the log-density in Laplace's approximation. Links that are canonical
/// (`binomial:logit`, `poisson:log`) have one only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Curvature {
    /// As lme4 has it: expected for binomial and Poisson responses, observed for all others.
    #[default]
    Customary,
    /// The observed one, as glmmTMB has it: nearer to the exact likelihood.
    Observed,
}

/// The name of an optimiser, as the command takes it.
pub(crate) fn optimizer_name(optimizer: Optimizer) -> &'static str {
    match optimizer {
        Optimizer::Newton => "newton",
        Optimizer::Bfgs => "bfgs",
        Optimizer::Bobyqa => "bobyqa",
        Optimizer::NelderMead => "nelder-mead",
    }
}

/// The engine knows no files: its optimisers are saved by name.
mod optimizer_by_name {
    use ranef_engine::lmm::Optimizer;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    const ALL: [Optimizer; 4] = [
        Optimizer::Newton,
        Optimizer::Bfgs,
        Optimizer::Bobyqa,
        Optimizer::NelderMead,
    ];

    pub fn serialize<S: Serializer>(optimizer: &Optimizer, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(super::optimizer_name(*optimizer))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Optimizer, D::Error> {
        let name = String::deserialize(from)?;
        ALL.into_iter()
            .find(|&optimizer| super::optimizer_name(optimizer) == name)
            .ok_or_else(|| D::Error::custom(format!("unknown optimiser `{name}`")))
    }
}

/// Degrees of freedom of the tests of fixed effects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DfMethod {
    /// Satterthwaite's, from the observed information on the variance parameters.
    #[default]
    Satterthwaite,
    /// Kenward and Roger's, with their corrected standard errors; from the expected information, by
    /// REML.
    #[serde(rename = "kenward-roger")]
    KenwardRoger,
    /// Number of rows less number of fixed effects.
    Residual,
    /// None: z tests.
    None,
}

impl Model {
    /// A model by REML with treatment contrasts and Satterthwaite's degrees of freedom.
    pub fn new(formula: impl Into<String>) -> Self {
        Self {
            formula: formula.into(),
            family: Family::default(),
            reml: true,
            design: ranef_design::Options::default(),
            df: DfMethod::default(),
            optimizer: Optimizer::default(),
            start: None,
            interrupt: Interrupt::default(),
            agq: 1,
            curvature: Curvature::default(),
            prior: None,
        }
    }

    /// The same choices around another formula.
    pub fn with_formula(&self, formula: impl Into<String>) -> Self {
        Self {
            formula: formula.into(),
            start: None,
            ..self.clone()
        }
    }

    /// The formula.
    pub fn formula(&self) -> &str {
        &self.formula
    }

    /// The family of the response: with another than the gaussian, a generalised model.
    pub fn family(mut self, family: Family) -> Self {
        self.family = family;
        self
    }

    /// REML (true, the default) or maximum likelihood.
    pub fn reml(mut self, reml: bool) -> Self {
        self.reml = reml;
        self
    }

    /// The column of precision weights: the residual variance of a row is σ²/weight.
    pub fn weights(mut self, column: impl Into<String>) -> Self {
        self.design.weights = Some(column.into());
        self
    }

    /// A column whose values are added to the linear predictor as they are.
    pub fn offset(mut self, column: impl Into<String>) -> Self {
        self.design.offset = Some(column.into());
        self
    }

    /// Columns of numbers to be taken as categories.
    pub fn factors<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.design
            .factors
            .extend(columns.into_iter().map(Into::into));
        self
    }

    /// The order of the levels of a categorical column: of an ordinal response from the lowest to the
    /// highest category, of a predictor with the reference first. All levels of the rows, or some and
    /// `...` for all others in their usual order.
    ///
    /// ```
    /// use ranef::frame::{ReadOptions, open};
    ///
    /// let data = open("cake", &ReadOptions::default())?;
    /// let fit = ranef::Model::new("angle ~ recipe + (1 | replicate)")
    ///     .levels("recipe", ["C", "..."])
    ///     .fit(&*data)?;
    /// assert_eq!(fit.fixed_names(), ["(Intercept)", "recipeA", "recipeB"]);
    /// # Ok::<(), ranef::Error>(())
    /// ```
    pub fn levels<S: Into<String>>(
        mut self,
        column: impl Into<String>,
        levels: impl IntoIterator<Item = S>,
    ) -> Self {
        let levels = levels.into_iter().map(Into::into).collect();
        self.design.levels.push((column.into(), levels));
        self
    }

    /// How factors are coded where the formula does not say it.
    pub fn contrasts(mut self, contrasts: Contrast) -> Self {
        self.design.contrasts = contrasts;
        self
    }

    /// The degrees of freedom of the tests.
    pub fn df(mut self, df: DfMethod) -> Self {
        self.df = df;
        self
    }

    /// The optimiser; others than the default are there to be compared with.
    pub fn optimizer(mut self, optimizer: Optimizer) -> Self {
        self.optimizer = optimizer;
        self
    }

    /// Where the optimiser starts: θ in the order of [`Fit::theta`].
    pub fn start(mut self, theta: Vec<f64>) -> Self {
        self.start = Some(theta);
        self
    }

    /// Nodes of adaptive Gauss-Hermite quadrature for each random effect of a generalised model
    /// with one grouping factor. 1, the default, is Laplace's approximation; 0 the fast
    /// approximation that finds the fixed effects with the modes (lme4's nAGQ = 0).
    pub fn agq(mut self, nodes: usize) -> Self {
        self.agq = nodes;
        self
    }

    /// The curvature in Laplace's approximation.
    pub fn curvature(mut self, curvature: Curvature) -> Self {
        self.curvature = curvature;
        self
    }

    /// A normal prior with this standard deviation on every fixed effect but the intercept of a
    /// generalised model, for predictors scaled to a standard deviation of 1: what keeps estimates
    /// finite under separation (2.5 is usual on the logit scale; Gelman et al. 2008).
    pub fn prior(mut self, sd: f64) -> Self {
        self.prior = Some(sd);
        self
    }

    /// A switch that stops the fit, and later questions to it that fit again or profile, from
    /// another thread or a signal handler. They end with the error `interrupted`, soon: the switch
    /// is looked at once an evaluation of the criterion.
    ///
    /// ```
    /// use ranef::{Interrupt, Model, frame::{ReadOptions, open}};
    ///
    /// let data = open("sleepstudy", &ReadOptions::default())?;
    /// let interrupt = Interrupt::default();
    /// let model = Model::new("Reaction ~ Days + (Days | Subject)").interrupt(&interrupt);
    /// let fit = model.fit(&*data)?;
    /// interrupt.set(); // as a handler of Ctrl-C would
    /// assert_eq!(model.fit(&*data).unwrap_err().code(), "interrupted");
    /// assert_eq!(fit.refit(false).unwrap_err().code(), "interrupted");
    /// # Ok::<(), ranef::Error>(())
    /// ```
    pub fn interrupt(mut self, interrupt: &Interrupt) -> Self {
        self.interrupt = interrupt.clone();
        self
    }

    /// Refuses what a linear model has no use for.
    pub(crate) fn refuse_generalised_choices(&self) -> Result<(), Error> {
        let refuse = |code, what: &str| {
            Err(Error::new(code, format!("a gaussian model {what}"))
                .with_hint("leave the option out, or name another family"))
        };
        if self.agq != 1 {
            return refuse("agq_gaussian", "is fitted exactly and needs no quadrature");
        }
        if self.prior.is_some() {
            return refuse(
                "penalty_gaussian",
                "has finite estimates and takes no penalty here",
            );
        }
        Ok(())
    }

    /// Fits the model: two passes over the rows of the source.
    pub fn fit(&self, source: &dyn Source) -> Result<Fit, Error> {
        Fit::of(self, source)
    }
}

/// Fits a linear mixed model by REML, or, where the formula has no bars, a linear model by least
/// squares.
pub fn lmer(formula: &str, source: &dyn Source) -> Result<Fit, Error> {
    Model::new(formula).fit(source)
}

/// Fits a generalised linear mixed model by Laplace's approximation, or, where the formula has no
/// bars, a generalised linear model.
///
/// ```
/// use ranef::frame::{ReadOptions, open};
///
/// let data = open("cbpp", &ReadOptions::default())?;
/// let formula = "cbind(incidence, size - incidence) ~ period + (1 | herd)";
/// let fit = ranef::glmer(formula, "binomial".parse()?, &*data)?;
/// assert!((fit.log_likelihood() + 92.02628186).abs() < 1e-6);
/// # Ok::<(), ranef::Error>(())
/// ```
pub fn glmer(formula: &str, family: Family, source: &dyn Source) -> Result<Fit, Error> {
    Model::new(formula).family(family).fit(source)
}
