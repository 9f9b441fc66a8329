//! `ranef slopes`: simple slopes and the bounds of Johnson and Neyman.

use clap::Args;
use ranef::SlopesOptions;

use crate::arguments::{AnswerArguments, ModelArguments, at, level};
use crate::error::Failure;
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

/// Simple slopes: what one predictor does at values of another, and where it does anything
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef slopes -f 'math ~ ses * public + (ses | school)' pupils.csv --of ses \\
      --over public
  ranef slopes math.json --of ses --over schoolses
  ranef slopes math.json --of ses --over schoolses --at schoolses=-1,0,1 \\
      --level 0.9

Over a factor, its levels; over a number, its mean and one standard deviation
to each side, and the bounds of Johnson and Neyman, between which the slope
does or does not differ from zero.")]
pub struct SlopesArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    /// The predictor, a number, whose slopes are wanted
    #[arg(long, value_name = "COL", help_heading = "Question")]
    pub of: String,

    /// The predictor that they depend on
    #[arg(long, value_name = "COL", help_heading = "Question")]
    pub over: String,

    /// Values of a predictor instead of its levels or its mean, such as x=1,2; may be repeated
    #[arg(long, value_name = "COL=VALUES", value_parser = at, allow_hyphen_values = true, help_heading = "Question")]
    pub at: Vec<(String, Vec<String>)>,

    /// The probability that an interval holds its slope
    #[arg(long, default_value_t = 0.95, value_parser = level, help_heading = "Output")]
    pub level: f64,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

pub fn run(arguments: &SlopesArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let Model { fit, .. } = Model::of(&arguments.model, &progress)?;
    let mut options = SlopesOptions::new(&arguments.of, &arguments.over).level(arguments.level);
    for (predictor, values) in &arguments.at {
        options = options.at(predictor, values);
    }
    let slopes = fit.slopes(&options)?;
    drop(progress);
    output::answer(&slopes, &arguments.answer)
}
