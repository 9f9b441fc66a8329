//! `ranef means`: estimated marginal means, differences, slopes by group.

use clap::Args;
use ranef::MeansOptions;

use crate::arguments::{Adjust, AnswerArguments, ModelArguments, at, level};
use crate::error::Failure;
use crate::model::{Model, adjust};
use crate::output;
use crate::progress::Progress;

/// Estimated marginal means, their differences, and slopes by group
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef means -f 'yield ~ nitro * Variety + (1 | Block/Variety)' Oats \\
      --by Variety --pairwise
  ranef means -f 'angle ~ recipe * temperature + (1 | recipe:replicate)' \\
      cake --by recipe --at temperature=175,225
  ranef means -f 'distance ~ age * Sex + (age | Subject)' Orthodont --by Sex \\
      --trend age --pairwise
  ranef means trial.json --by treatment --within site --pairwise \\
      --adjust bonferroni

Other factors are averaged over with equal weights, other numbers are held at
their mean; a number with two values only counts as a factor. Random effects
are at zero: these are means of the population. Predictors are named as columns
of the data, so that poly(x, 2) or log(x) is taken at the mean of x.")]
pub struct MeansArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    /// Predictors whose levels, in all combinations, get a mean each
    #[arg(
        long,
        value_name = "COLS",
        value_delimiter = ',',
        help_heading = "Question"
    )]
    pub by: Vec<String>,

    /// Further predictors, between whose levels nothing is compared
    #[arg(
        long,
        value_name = "COLS",
        value_delimiter = ',',
        help_heading = "Question"
    )]
    pub within: Vec<String>,

    /// Values of a predictor instead of its levels or its mean, such as x=1,2; may be repeated
    #[arg(long, value_name = "COL=VALUES", value_parser = at, allow_hyphen_values = true, help_heading = "Question")]
    pub at: Vec<(String, Vec<String>)>,

    /// Slopes along this predictor instead of means
    #[arg(long, value_name = "COL", help_heading = "Question")]
    pub trend: Option<String>,

    /// All differences between two
    #[arg(long, help_heading = "Question")]
    pub pairwise: bool,

    /// How the p-values of the differences are adjusted for their number
    #[arg(long, value_name = "HOW", value_enum, default_value_t = Adjust::Tukey, help_heading = "Question")]
    pub adjust: Adjust,

    /// The probability that an interval holds its mean
    #[arg(long, default_value_t = 0.95, value_parser = level, help_heading = "Output")]
    pub level: f64,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

pub fn run(arguments: &MeansArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let Model { fit, .. } = Model::of(&arguments.model, &progress)?;
    let mut options = MeansOptions::by(&arguments.by)
        .within(&arguments.within)
        .pairwise(arguments.pairwise)
        .level(arguments.level)
        .adjust(adjust(arguments.adjust));
    for (predictor, values) in &arguments.at {
        options = options.at(predictor, values);
    }
    if let Some(trend) = &arguments.trend {
        options = options.trend(trend);
    }
    let means = fit.means(&options)?;
    drop(progress);
    output::answer(&means, &arguments.answer)
}
