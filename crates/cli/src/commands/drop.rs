//! `ranef drop`: what each random effect is worth.

use clap::Args;

use crate::arguments::{AnswerArguments, ModelArguments};
use crate::error::Failure;
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

/// Leave out one random effect after the other and say what each is worth
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef drop -f 'Reaction ~ Days + (Days | Subject)' sleepstudy
  ranef drop sleep.json

The table that lmerTest calls ranova, with a second p-value that takes in that
a variance cannot be negative.")]
pub struct DropArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

pub fn run(arguments: &DropArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let model = Model::with_rows(&arguments.model, &progress)?;
    progress.phase("fitting smaller models");
    let deletions = model.fit.deletions(model.rows()?)?;
    drop(progress);
    output::answer(&deletions, &arguments.answer)
}
