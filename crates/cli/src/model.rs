//! From arguments to a model: fitted now, or read from a file.

use std::path::Path;

use ranef::frame::Source;
use ranef::{Contrast, DfMethod, Fit, Origin};

use crate::arguments::{
    Adjust, Contrasts, Curvature, Df, ModelArguments, ModelOptions, Optimizer, ReadArguments,
};
use crate::data;
use crate::error::{Failure, Problem};
use crate::interrupt::{self, Stoppable};
use crate::progress::Progress;

/// A model that a question is asked of.
pub struct Model<'a> {
    pub fit: Fit,
    /// The rows it was fitted to, where they were read already.
    pub data: Option<Box<dyn Source>>,
    arguments: &'a ModelArguments,
}

impl<'a> Model<'a> {
    /// Fits the formula if there is one, and reads a saved model otherwise.
    pub fn of(arguments: &'a ModelArguments, progress: &Progress) -> Result<Self, Failure> {
        let Some(formula) = &arguments.formula else {
            let model = Self {
                fit: load(&arguments.model)?,
                data: None,
                arguments,
            };
            return model.with_df(progress);
        };
        not_swapped(formula, &arguments.model)?;
        let lmer = lmer(formula, &arguments.options)?;
        let (fit, data) = fit(&lmer, &arguments.model, &arguments.read, progress)?;
        Ok(Self {
            fit,
            data: Some(data),
            arguments,
        })
    }

    /// The same for questions that need more than a saved model holds: a saved model is given its
    /// rows again, from `--data` or from where it was fitted.
    pub fn with_rows(arguments: &'a ModelArguments, progress: &Progress) -> Result<Self, Failure> {
        let mut model = Self::of(arguments, progress)?;
        if model.fit.has_rows() {
            return Ok(model);
        }
        progress.phase("reading the rows of the model again");
        let data = model.find_rows()?;
        model.fit = model.fit.with_rows(&*data)?;
        model.data = Some(data);
        Ok(model)
    }

    /// The same for questions that say more with rows than without: a saved model whose rows are not
    /// to be had stays as it is. Rows that were named must be there.
    pub fn with_rows_if_found(
        arguments: &'a ModelArguments,
        progress: &Progress,
    ) -> Result<Self, Failure> {
        let mut model = Self::of(arguments, progress)?;
        if model.fit.has_rows() {
            return Ok(model);
        }
        progress.phase("reading the rows of the model again");
        let data = match model.find_rows() {
            Ok(data) => data,
            Err(error) if arguments.data.is_some() => return Err(error),
            Err(_) => return Ok(model),
        };
        model.fit = model.fit.with_rows(&*data)?;
        model.data = Some(data);
        Ok(model)
    }

    /// A saved model with the degrees of freedom that are asked for. Kenward and Roger's may need its
    /// rows.
    fn with_df(mut self, progress: &Progress) -> Result<Self, Failure> {
        let Some(df) = self.arguments.options.df.map(df_method) else {
            return Ok(self);
        };
        let known = df != DfMethod::KenwardRoger
            || self.fit.theta().is_empty()
            || self.fit.kenward_roger().is_ok();
        if !known {
            progress.phase("reading the rows of the model again");
            let data = self.find_rows()?;
            self.fit = self.fit.with_rows(&*data)?;
            self.data = Some(data);
        }
        self.fit = self.fit.with_df(df)?;
        Ok(self)
    }

    /// The rows of a model from [`Model::with_rows`].
    pub fn rows(&self) -> Result<&dyn Source, Failure> {
        self.data.as_deref().ok_or_else(Failure::panicked)
    }

    /// Where the rows of a saved model are to be had.
    pub fn find_rows(&self) -> Result<Box<dyn Source>, Failure> {
        if let Some(name) = &self.arguments.data {
            return data::open(name, &self.arguments.read);
        }
        let unknown = |message: String| {
            Problem::new("needs_rows", message).hint(
                "name the data that the model was fitted to with `--data DATA`, or give \
                 `-f FORMULA DATA` instead of a saved model",
            )
        };
        let Some(origin) = self.fit.origin() else {
            return Err(unknown(
                "this question needs the rows that the model was fitted to, and the model does \
                 not say where they came from"
                    .to_owned(),
            )
            .into());
        };
        // As the model names them from here, or from where it lies itself.
        let beside = Path::new(&self.arguments.model)
            .parent()
            .map(|folder| folder.join(&origin.name))
            .filter(|path| !Path::new(&origin.name).exists() && path.exists());
        let name = match &beside {
            Some(path) => path.to_string_lossy().into_owned(),
            None => origin.name.clone(),
        };
        Origin::new(name, &origin.read_options())
            .open()
            .map(|source| Box::new(Stoppable(source)) as Box<dyn Source>)
            .map_err(|error| {
                unknown(format!(
                    "this question needs the rows that the model was fitted to, `{}`: {error}",
                    origin.name
                ))
                .into()
            })
    }
}

/// Recognises data and formula that stand in each other's place.
pub fn not_swapped(formula: &str, data: &str) -> Result<(), Failure> {
    if formula.contains('~') || !data.contains('~') || Path::new(data).exists() {
        return Ok(());
    }
    let message = format!("`{formula}` is no formula, and `{data}` is one: they are swapped");
    let problem = Problem::new("swapped", message)
        .hint(format!("the formula comes first: `'{data}' {formula}`"));
    Err(problem.into())
}

/// Opens data, fits a model to them, and lets the fit remember them.
pub fn fit(
    lmer: &ranef::Model,
    name: &str,
    read: &ReadArguments,
    progress: &Progress,
) -> Result<(Fit, Box<dyn Source>), Failure> {
    progress.phase("reading data");
    let data = data::open(name, read)?;
    progress.phase("fitting");
    let mut fit = lmer.fit(&*data)?;
    if name != "-" {
        fit.remember_origin(Origin::new(name, &data::read_options(read)));
    }
    Ok((fit, data))
}

/// Reads a saved model; where the name looks like data, says how data would be given.
pub fn load(name: &str) -> Result<Fit, Failure> {
    let fit = Fit::load(Path::new(name)).map_err(|error| {
        let mut problem = Problem::from(error);
        if problem.code == "not_a_model" || problem.code == "model_not_read" {
            problem.hint = Some(
                "give a file written by `ranef fit … --save FILE`, or a formula and data: \
                 `-f FORMULA DATA`"
                    .to_owned(),
            );
        }
        Failure::from(problem)
    })?;
    Ok(fit.with_interrupt(interrupt::switch()))
}

/// The rule that an argument names.
pub fn adjust(rule: Adjust) -> ranef::Adjust {
    match rule {
        Adjust::None => ranef::Adjust::None,
        Adjust::Holm => ranef::Adjust::Holm,
        Adjust::Bonferroni => ranef::Adjust::Bonferroni,
        Adjust::Sidak => ranef::Adjust::Sidak,
        Adjust::Fdr => ranef::Adjust::Fdr,
        Adjust::Tukey => ranef::Adjust::Tukey,
    }
}

pub fn df_method(df: Df) -> DfMethod {
    match df {
        Df::Satterthwaite => DfMethod::Satterthwaite,
        Df::KenwardRoger => DfMethod::KenwardRoger,
        Df::Residual => DfMethod::Residual,
        Df::None => DfMethod::None,
    }
}

/// The model that the options describe.
pub fn lmer(formula: &str, options: &ModelOptions) -> Result<ranef::Model, Failure> {
    let df = options.df.map_or(DfMethod::Satterthwaite, df_method);
    let family: ranef::Family = match &options.family {
        Some(text) => text.parse()?,
        None => ranef::Family::default(),
    };
    let given = options.df.is_some_and(|df| !matches!(df, Df::None));
    if given && !family.is_gaussian() {
        let message = format!(
            "degrees of freedom are of the t tests of gaussian models, and this is a {family} model"
        );
        return Err(Problem::new("linear_only", message)
            .hint("leave --df out: tests of other families are z tests")
            .into());
    }
    let mut model = ranef::Model::new(formula)
        .family(family)
        .reml(!options.ml)
        .interrupt(interrupt::switch())
        .factors(&options.factor)
        .df(df);
    for (column, levels) in &options.levels {
        model = model.levels(column, levels);
    }
    if let Some(column) = &options.weights {
        model = model.weights(column);
    }
    if let Some(column) = &options.offset {
        model = model.offset(column);
    }
    if let Some(contrasts) = options.contrasts {
        model = model.contrasts(match contrasts {
            Contrasts::Treatment => Contrast::Treatment,
            Contrasts::Sum => Contrast::Sum,
            Contrasts::Helmert => Contrast::Helmert,
            Contrasts::Poly => Contrast::Poly,
        });
    }
    if let Some(nodes) = options.agq {
        model = model.agq(nodes as usize);
    }
    if let Some(Curvature::Observed) = options.curvature {
        model = model.curvature(ranef::Curvature::Observed);
    }
    if let Some(sd) = options.penalty {
        model = model.prior(sd);
    }
    if let Some(optimizer) = options.optimizer {
        model = model.optimizer(optimizer.into());
    }
    Ok(model)
}

impl From<Optimizer> for ranef::Optimizer {
    fn from(optimizer: Optimizer) -> Self {
        match optimizer {
            Optimizer::Newton => Self::Newton,
            Optimizer::Bfgs => Self::Bfgs,
            Optimizer::Bobyqa => Self::Bobyqa,
            Optimizer::NelderMead => Self::NelderMead,
        }
    }
}
