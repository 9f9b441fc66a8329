//! `ranef confint`: confidence intervals of all parameters.

use clap::Args;
use ranef::IntervalMethod;

use crate::arguments::{AnswerArguments, Confint, ModelArguments, level};
use crate::commands::bootstrap::{self, ReplicateArguments};
use crate::error::{Failure, Problem};
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

/// Confidence intervals of all parameters: fixed effects, standard deviations, correlations
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef confint sleep.json
  ranef confint sleep.json --method wald --level 0.9
  ranef confint -f 'Reaction ~ Days + (Days | Subject)' sleepstudy \\
      --parm Days,sd__Days --json
  ranef confint sleep.json --method bootstrap --replicates 2000 \\
      --interval bca

Parameters are named as in R's broom.mixed: a fixed effect by its column, or
several by their term, such as a factor; sd__Days is a standard deviation,
cor__(Intercept).Days a correlation, sd__Observation that of the residuals.
Where two groups have the same name, Subject.sd__Days is the one of Subject.
beta_ stands for all fixed effects, theta_ for all standard deviations and
correlations, family_ for dispersions, zero probabilities and thresholds.

A saved model holds no rows. For profiles it reads them again from where it was
fitted, or from --data.")]
pub struct ConfintArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    /// Where the ends come from: the likelihood profile, standard errors, or replicates of the data
    #[arg(long, value_name = "METHOD", value_enum, default_value_t = Confint::Profile, help_heading = "Output")]
    pub method: Confint,

    /// The probability that an interval holds its parameter
    #[arg(long, default_value_t = 0.95, value_parser = level, help_heading = "Output")]
    pub level: f64,

    /// Only these parameters, with commas between them; may be given several times
    #[arg(
        long,
        value_name = "NAMES",
        allow_hyphen_values = true,
        help_heading = "Output"
    )]
    pub parm: Vec<String>,

    #[command(flatten)]
    pub bootstrap: ReplicateArguments,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

pub fn run(arguments: &ConfintArguments) -> Result<(), Failure> {
    let method = match arguments.method {
        Confint::Wald => IntervalMethod::Wald,
        Confint::Profile => IntervalMethod::Profile,
        Confint::Bootstrap => return by_bootstrap(arguments),
    };
    if let Some(option) = arguments.bootstrap.given() {
        let message = format!("{option} is for intervals by bootstrap");
        return Err(Problem::new("bootstrap_only", message)
            .hint("add --method bootstrap, or leave it out")
            .into());
    }
    let progress = Progress::start();
    let Model { fit, .. } = match method {
        IntervalMethod::Wald => Model::of(&arguments.model, &progress)?,
        _ => Model::with_rows(&arguments.model, &progress)?,
    };
    progress.phase("computing intervals");
    let intervals = fit.confint_of(&arguments.parm, method, arguments.level)?;
    drop(progress);
    output::answer(&intervals, &arguments.answer)
}

fn by_bootstrap(arguments: &ConfintArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let (fit, rows) = bootstrap::model(&arguments.model, &progress)?;
    let options = arguments.bootstrap.options(arguments.level);
    let intervals = fit.confint_bootstrap(
        &arguments.parm,
        rows.as_deref(),
        &options,
        &mut bootstrap::counter(&progress),
    )?;
    drop(progress);
    output::answer(&intervals, &arguments.answer)
}
