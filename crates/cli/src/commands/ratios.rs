//! `ranef ratios`: coefficients as ratios of odds, rates or hazards.

use clap::Args;

use crate::arguments::{AnswerArguments, ModelArguments, level};
use crate::error::Failure;
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

/// Odds ratios, rate ratios, hazard ratios: what coefficients of a generalised model come to
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef ratios -f 'r2 ~ Gender + (1 | id)' VerbAgg --family binomial
  ranef ratios ticks.json --level 0.9 --json

Ratios of odds where the link is logit, of rates (expected counts) or means
where it is log, of hazards where it is cloglog, each with what it says in
words, and the median ratio of the groups (Larsen and Merlo 2005). Intervals
are Wald's on the scale of the link. R's broom.mixed has the same numbers
under tidy(exponentiate = TRUE).")]
pub struct RatiosArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    /// The probability that an interval holds its ratio
    #[arg(long, default_value_t = 0.95, value_parser = level, help_heading = "Output")]
    pub level: f64,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

pub fn run(arguments: &RatiosArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let Model { fit, .. } = Model::of(&arguments.model, &progress)?;
    let ratios = fit.ratios(arguments.level)?;
    drop(progress);
    output::answer(&ratios, &arguments.answer)
}
