//! `ranef residuals`: residuals of every kind.

use clap::Args;

use super::check::SimulateArguments;
use crate::arguments::{AnswerArguments, ModelArguments};
use crate::error::Failure;
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

/// Residuals row by row: raw, Pearson, studentised, marginal, decorrelated, simulated
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef residuals sleep.json --csv > residuals.csv
  ranef residuals -f 'Reaction ~ Days + (Days | Subject)' sleepstudy \\
      --simulate conditional --json")]
pub struct ResidualsArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    #[command(flatten)]
    pub simulate: SimulateArguments,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

pub fn run(arguments: &ResidualsArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let model = Model::with_rows(&arguments.model, &progress)?;
    progress.phase("residuals");
    let residuals = model
        .fit
        .residual_table(model.rows()?, arguments.simulate.asked())?;
    drop(progress);
    output::answer(&residuals, &arguments.answer)
}
