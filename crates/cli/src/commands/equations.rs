//! `ranef equations`: the model as equations.

use clap::Args;

use crate::arguments::{AnswerArguments, ModelArguments};
use crate::error::Failure;
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

/// Write a model as equations, level by level and combined
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef equations -f 'Reaction ~ Days*grp + (Days | Subject)' sleep_unbal
  ranef equations -f 'Reaction ~ Days*grp + (Days | Subject)' sleep_unbal \\
      --latex --values
  ranef equations math.json --latex > model.tex

Each predictor stands at the level at which it varies, which is found in the
rows of the model. The LaTeX needs amsmath.")]
pub struct EquationsArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    /// Print LaTeX
    #[arg(long, conflicts_with_all = ["json", "csv"], help_heading = "Output")]
    pub latex: bool,

    /// Put the estimates in the place of the symbols
    #[arg(long, help_heading = "Output")]
    pub values: bool,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

pub fn run(arguments: &EquationsArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let model = Model::with_rows(&arguments.model, &progress)?;
    progress.phase("levels of the predictors");
    let levels = model.fit.predictor_levels(model.rows()?)?;
    let equations = model.fit.equations(&levels, arguments.values);
    drop(progress);
    if arguments.latex {
        return output::text(equations.latex());
    }
    output::answer(&equations, &arguments.answer)
}
