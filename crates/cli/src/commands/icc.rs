//! `ranef icc`: intraclass correlations and design effects.

use clap::{Args, ValueEnum};
use ranef::{LinkVariance, NullMean};

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
    pub distribution: DistributionArguments,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

/// What stands in the place of the residual variance in a generalised model.
#[derive(Debug, Args)]
#[command(next_help_heading = "Generalised models")]
pub struct DistributionArguments {
    /// The variance of the distribution on the scale of the link: theoretical (π²/3 for logit,
    /// log(1 + 1/λ) for counts), delta (delta method), trigamma (log link only)
    #[arg(long, value_name = "HOW", value_enum)]
    pub distribution: Option<Distribution>,

    /// The mean λ that this may depend on: average (exp(β₀ + ½Σσ²) of the null model) or median
    /// (exp(β₀), as R's performance has it)
    #[arg(long, value_name = "WHICH", value_enum)]
    pub lambda: Option<Lambda>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Distribution {
    #[value(alias = "lognormal")]
    Theoretical,
    Delta,
    Trigamma,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Lambda {
    Average,
    Median,
}

impl DistributionArguments {
    /// The model, with its rows where a null model may be fitted to them: where they are gone, λ is
    /// the mean of the response, and the answer says so.
    pub fn model<'a>(
        &self,
        arguments: &'a ModelArguments,
        progress: &Progress,
    ) -> Result<Model<'a>, Failure> {
        let mut model = Model::of(arguments, progress)?;
        if !model.fit.family().is_gaussian() && !model.fit.has_rows() {
            match Model::with_rows(arguments, progress) {
                Ok(found) => model = found,
                Err(failure) if arguments.data.is_some() => return Err(failure),
                Err(_) => {}
            }
        }
        self.set(model)
    }

    /// The model with the variance that is asked for.
    pub fn set<'a>(&self, mut model: Model<'a>) -> Result<Model<'a>, Failure> {
        let method = match self.distribution {
            None | Some(Distribution::Theoretical) => LinkVariance::Theoretical,
            Some(Distribution::Delta) => LinkVariance::Delta,
            Some(Distribution::Trigamma) => LinkVariance::Trigamma,
        };
        let mean = match self.lambda {
            None | Some(Lambda::Average) => NullMean::Average,
            Some(Lambda::Median) => NullMean::Median,
        };
        model.fit = model.fit.with_link_variance(method, mean)?;
        Ok(model)
    }
}

pub fn run(arguments: &IccArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let at = arguments.at.as_deref();
    let distribution = &arguments.distribution;
    let fit = distribution.model(&arguments.model, &progress)?.fit;
    let mut icc = fit.icc(arguments.level, at);
    // On the boundary intervals need more than a saved model holds; without its rows the shares are
    // still an answer.
    if !fit.has_rows()
        && icc.rows.iter().any(|share| share.lower.is_none())
        && let Ok(model) = Model::with_rows(&arguments.model, &progress)
    {
        icc = distribution.set(model)?.fit.icc(arguments.level, at);
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
