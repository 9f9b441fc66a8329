//! `ranef compare`: models side by side.

use clap::Args;
use ranef::Fit;

use crate::arguments::{AnswerArguments, ModelArguments, ModelOptions, ReadArguments};
use crate::error::{Failure, Problem};
use crate::model::Model;
use crate::progress::Progress;
use crate::{models, output};

/// Compare models: likelihood-ratio tests, AIC, BIC, fixed effects side by side
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef compare sleepstudy -f 'Reaction ~ Days + (1 | Subject)' -f 'Reaction ~ Days + (Days | Subject)'
  ranef compare small.json large.json

Models by REML are refitted by maximum likelihood for the comparison, and ordered by their number of
parameters; each is tested against the one above it if that is a special case of it. Where one
variance more is tested, `p (boundary)` takes in that a variance cannot be negative.")]
pub struct CompareArguments {
    /// Files written by `ranef fit --save`; with -f, the data to fit the formulas to
    #[arg(value_name = "MODEL|DATA", required = true)]
    pub models: Vec<String>,

    /// Fit this formula instead of reading a saved model; give two or more
    #[arg(
        short = 'f',
        long = "formula",
        value_name = "FORMULA",
        help_heading = "Model"
    )]
    pub formula: Vec<String>,

    /// The rows that the saved models were fitted to [default: those they name]
    #[arg(
        long,
        value_name = "DATA",
        conflicts_with = "formula",
        help_heading = "Model"
    )]
    pub data: Option<String>,

    /// Compare REML likelihoods as they are; right for models with equal fixed effects only
    #[arg(long, help_heading = "Output")]
    pub no_refit: bool,

    #[command(flatten)]
    pub options: ModelOptions,

    #[command(flatten)]
    pub read: ReadArguments,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

pub fn run(arguments: &CompareArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let fits = if arguments.formula.is_empty() {
        saved(arguments, &progress)?
    } else {
        fitted(arguments, &progress)?
    };
    progress.phase("comparing");
    let models: Vec<&Fit> = fits.iter().collect();
    let comparison = ranef::compare(&models, !arguments.no_refit)?;
    drop(progress);
    output::answer(&comparison, &arguments.answer)
}

/// All formulas fitted to one source of data.
fn fitted(arguments: &CompareArguments, progress: &Progress) -> Result<Vec<Fit>, Failure> {
    if arguments.formula.len() < 2 {
        return Err(too_few());
    }
    models::fitted(
        &arguments.models,
        &arguments.formula,
        &arguments.options,
        &arguments.read,
        progress,
    )
}

/// Saved models with their rows, which a refit needs.
fn saved(arguments: &CompareArguments, progress: &Progress) -> Result<Vec<Fit>, Failure> {
    if arguments.models.len() < 2 {
        return Err(too_few());
    }
    let one = |name: &String| -> Result<Fit, Failure> {
        let model = ModelArguments {
            model: name.clone(),
            formula: None,
            data: arguments.data.clone(),
            options: arguments.options.clone(),
            read: arguments.read.clone(),
        };
        Ok(Model::with_rows(&model, progress)?.fit)
    };
    arguments.models.iter().map(one).collect()
}

fn too_few() -> Failure {
    Problem::new("one_model", "a comparison needs two models or more")
        .hint("`ranef compare DATA -f F1 -f F2`, or `ranef compare M1.json M2.json`")
        .into()
}
