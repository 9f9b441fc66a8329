//! `ranef glance`: models in one row each.

use clap::Args;
use ranef::Glance;

use crate::error::Failure;
use crate::models::{self, ModelsArguments};
use crate::progress::Progress;
use crate::report::{self, FileArguments};

/// Put models into a table with one row each, as broom does
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef glance sleep.json
  ranef glance intercepts.json slopes.json -o models.csv
  ranef glance -f 'Reaction ~ Days + (1 | Subject)' \\
      -f 'Reaction ~ Days + (Days | Subject)' \\
      sleepstudy --ml

The columns are those of broom: nobs, sigma, logLik, AIC, BIC, REMLcrit or
deviance, df.residual; before them the model's name where there are several.")]
pub struct GlanceArguments {
    #[command(flatten)]
    pub models: ModelsArguments,

    #[command(flatten)]
    pub form: FileArguments,
}

pub fn run(arguments: &GlanceArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let models = models::of(&arguments.models, &progress)?;
    let glance = match models.as_slice() {
        [(_, fit)] => fit.glance(),
        several => Glance::of(several.iter().map(|(name, fit)| (name.as_str(), fit))),
    };
    drop(progress);
    report::write_table(&glance, &arguments.form)
}
