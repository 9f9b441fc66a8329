//! `ranef areas`: what is known of each of many groups.

use clap::Args;
use ranef::AreasOptions;

use crate::arguments::{AnswerArguments, ModelArguments};
use crate::drawing::DrawArguments;
use crate::error::Failure;
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

/// Small areas: raw, pooled and model-based means of every group, with ranks and flags
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef areas -f 'score ~ income + age + (1 | region)' survey.csv
  ranef areas -f 'math ~ ses + (1 | school)' pupils.csv --top 10
  ranef areas survey.json --group region --draws 10000 --csv > regions.csv

Each group is estimated from its own rows (raw), from the predictors alone
(synthetic) and by the model (estimate), which borrows from the other groups
what the group's own rows do not tell. All are means over the predictors of
the group's own rows; for a population with other people in it see `ranef
poststratify`. Places and probabilities come from joint draws of all effects.
The flags say whose interval leaves out the average, and the paragraph above
the table what such flags are worth: how many would have the wrong sign (type
S) and how much too large they would be (type M).")]
pub struct AreasArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    /// The grouping factor whose levels are the areas [default: the first of the formula]
    #[arg(long, value_name = "NAME", help_heading = "Question")]
    pub group: Option<String>,

    /// How many groups count as top and as bottom
    #[arg(long, value_name = "K", default_value_t = 1, help_heading = "Question")]
    pub top: usize,

    /// Add the probability of lying above these values
    #[arg(
        long,
        value_name = "X,X,…",
        value_delimiter = ',',
        allow_hyphen_values = true,
        value_parser = number,
        help_heading = "Question"
    )]
    pub threshold: Vec<f64>,

    #[command(flatten)]
    pub draws: DrawArguments,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

pub fn run(arguments: &AreasArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let model = Model::with_rows(&arguments.model, &progress)?;
    let options = AreasOptions::default().top(arguments.top);
    let mut options = arguments.draws.told(
        options,
        AreasOptions::level,
        AreasOptions::draws,
        AreasOptions::seed,
    );
    if let Some(group) = &arguments.group {
        options = options.group(group);
    }
    for &value in &arguments.threshold {
        options = options.threshold(value);
    }
    progress.phase("drawing");
    let areas = model.fit.areas(model.rows()?, &options)?;
    drop(progress);
    output::answer(&areas, &arguments.answer)
}

/// A number to lie above.
fn number(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(x) if x.is_finite() => Ok(x),
        _ => Err("give numbers with commas between them, such as 450,500".to_owned()),
    }
}
