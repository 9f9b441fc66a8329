//! `ranef compare`: models side by side.

use clap::Args;
use ranef::Fit;

use crate::arguments::AnswerArguments;
use crate::error::{Failure, Problem};
use crate::models::{self, ModelsArguments};
use crate::output;
use crate::progress::Progress;

/// Compare models: likelihood-ratio tests, AIC, BIC, fixed effects side by side
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef compare sleepstudy -f 'Reaction ~ Days + (1 | Subject)' \\
      -f 'Reaction ~ Days + (Days | Subject)'
  ranef compare small.json large.json

Models by REML are refitted by maximum likelihood for the comparison, and
ordered by their number of parameters; each is tested against the one above it
if that is a special case of it. Where one variance more is tested,
`p (boundary)` takes in that a variance cannot be negative.")]
pub struct CompareArguments {
    #[command(flatten)]
    pub models: ModelsArguments,

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
    pub answer: AnswerArguments,
}

pub fn run(arguments: &CompareArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let asked = &arguments.models;
    let count = match asked.formula.len() {
        0 => asked.models.len(),
        formulas => formulas,
    };
    if count < 2 {
        return Err(
            Problem::new("one_model", "a comparison needs two models or more")
                .hint("`ranef compare DATA -f F1 -f F2`, or `ranef compare M1.json M2.json`")
                .into(),
        );
    }
    let fits = models::with_rows(asked, arguments.data.as_deref(), &progress)?;
    progress.phase("comparing");
    let models: Vec<&Fit> = fits.iter().collect();
    let comparison = ranef::compare(&models, !arguments.no_refit)?;
    drop(progress);
    output::answer(&comparison, &arguments.answer)
}
