//! `ranef r2`: explained variance.

use clap::Args;

use super::icc::DistributionArguments;
use crate::arguments::{AnswerArguments, ModelArguments, level};
use crate::error::Failure;
use crate::model::{Model, load};
use crate::output;
use crate::progress::Progress;

/// Explained variance: marginal and conditional R², its pieces, and what each effect adds
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef r2 sleep.json
  ranef r2 -f 'Reaction ~ Days * grp + (Days | Subject)' sleep_unbal --json
  ranef r2 -f 'distance ~ age + (1 | Subject)' Orthodont \\
      --against 'distance ~ 1 + (1 | Subject)'

--against fits another formula to the same data with the same options, or reads
a saved model, and shows how much of each of its variances this model explains.")]
pub struct R2Arguments {
    #[command(flatten)]
    pub model: ModelArguments,

    /// A formula or a saved model to compare with, usually a simpler one
    #[arg(long, value_name = "FORMULA|MODEL", help_heading = "Output")]
    pub against: Option<String>,

    /// Level of the intervals
    #[arg(long, default_value_t = 0.95, value_parser = level, help_heading = "Output")]
    pub level: f64,

    #[command(flatten)]
    pub distribution: DistributionArguments,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

pub fn run(arguments: &R2Arguments) -> Result<(), Failure> {
    let progress = Progress::start();
    // Most of it needs no rows: where they are gone, the rest is still an answer, and says what is
    // missing.
    let model = match Model::with_rows(&arguments.model, &progress) {
        Err(failure) if arguments.model.formula.is_some() || arguments.model.data.is_some() => {
            return Err(failure);
        }
        Err(_) => Model::of(&arguments.model, &progress)?,
        Ok(model) => model,
    };
    let model = arguments.distribution.set(model)?;
    progress.phase("explaining variance");
    let mut answer = model.fit.r_squared(arguments.level);
    if let Some(other) = &arguments.against {
        let other = if other.contains('~') {
            let options = model.fit.options().with_formula(other);
            options.fit(model.rows()?)?
        } else {
            let other = load(other)?;
            match &model.data {
                Some(rows) => other.with_rows(&**rows)?,
                None => other,
            }
        };
        answer = answer.against(model.fit.variance_against(&other)?);
    }
    drop(progress);
    output::answer(&answer, &arguments.answer)
}
