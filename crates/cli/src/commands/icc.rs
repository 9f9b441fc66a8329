//! `ranef icc`: intraclass correlations and design effects.

use clap::Args;

use crate::arguments::{AnswerArguments, ModelArguments, level};
use crate::error::Failure;
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

/// Intraclass correlations: how much of the variance lies between groups
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef icc sleep.json
  ranef icc -f 'strength ~ 1 + (1 | batch/cask)' Pastes
  ranef icc -f 'Reaction ~ Days + (Days | Subject)' sleepstudy --at 0,4.5,9

With random slopes the share of the groups depends on the value of the
predictor: the curve goes over its range, or over the values of --at. Intervals
are of the delta method, from the observed information on the variances, on the
logit scale.")]
pub struct IccArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    /// Values of the predictor at which the share is wanted [default: over its range]
    #[arg(
        long,
        value_name = "X,X,…",
        value_delimiter = ',',
        allow_hyphen_values = true,
        value_parser = number,
        help_heading = "Output"
    )]
    pub at: Option<Vec<f64>>,

    /// Level of the intervals
    #[arg(long, default_value_t = 0.95, value_parser = level, help_heading = "Output")]
    pub level: f64,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

pub fn run(arguments: &IccArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let at = arguments.at.as_deref();
    let Model { fit, .. } = Model::of(&arguments.model, &progress)?;
    let mut icc = fit.icc(arguments.level, at);
    // On the boundary intervals need more than a saved model holds; without its rows the shares are
    // still an answer.
    if !fit.has_rows()
        && icc.rows.iter().any(|share| share.lower.is_none())
        && let Ok(model) = Model::with_rows(&arguments.model, &progress)
    {
        icc = model.fit.icc(arguments.level, at);
    }
    drop(progress);
    output::answer(&icc, &arguments.answer)
}

/// A number of which there is a share.
fn number(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(x) if x.is_finite() => Ok(x),
        _ => Err("give numbers with commas between them, such as 0,4.5,9".to_owned()),
    }
}
