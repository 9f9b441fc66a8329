//! `ranef tidy`: the estimates, one a row.

use clap::{Args, ValueEnum};
use ranef::{IntervalMethod, Scale, TidyEffect, TidyOptions};

use crate::arguments::{ModelArguments, level};
use crate::error::Failure;
use crate::model::Model;
use crate::progress::Progress;
use crate::report::{self, FileArguments};

/// Put the estimates into a table with one row each, as broom.mixed does
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef tidy sleep.json
  ranef tidy sleep.json --conf-int -o estimates.csv
  ranef tidy sleep.json --conf-int --conf-method profile
  ranef tidy sleep.json --effects ran_vals --csv
  ranef tidy -f 'Reaction ~ Days + (Days | Subject)' sleepstudy \\
      --effects ran_pars --scale vcov

The columns are those of broom.mixed, in CSV, JSON and Parquet alike: effect,
group, level, term, estimate, std.error, statistic, df, p.value, conf.low,
conf.high; those that do not apply are left out. The intervals are those of
`ranef confint`; of random effects level by level normal ones.")]
pub struct TidyArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    /// Kinds of estimates, in the order wanted
    #[arg(
        long,
        value_name = "KINDS",
        value_enum,
        value_delimiter = ',',
        default_value = "fixed,ran_pars",
        help_heading = "Output"
    )]
    pub effects: Vec<Effects>,

    /// Scale of the random-effect parameters
    #[arg(
        long,
        value_name = "SCALE",
        value_enum,
        default_value_t = ScaleName::Sdcor,
        help_heading = "Output"
    )]
    pub scale: ScaleName,

    /// Add confidence intervals
    #[arg(long, help_heading = "Output")]
    pub conf_int: bool,

    /// How they are made
    #[arg(long, value_name = "METHOD", value_enum, default_value_t = ConfMethod::Wald,
          requires = "conf_int", help_heading = "Output")]
    pub conf_method: ConfMethod,

    /// Their confidence level
    #[arg(long, default_value_t = 0.95, value_parser = level, help_heading = "Output")]
    pub level: f64,

    #[command(flatten)]
    pub form: FileArguments,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Effects {
    /// Fixed effects
    Fixed,
    /// Standard deviations and correlations of random effects, and σ
    RanPars,
    /// Random effects level by level
    RanVals,
    /// Coefficients of each level
    RanCoefs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ScaleName {
    /// Standard deviations and correlations
    Sdcor,
    /// Variances and covariances
    Vcov,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ConfMethod {
    /// From standard errors: t for fixed effects, by the logarithm for standard deviations
    Wald,
    /// From the profile of the likelihood
    Profile,
}

pub fn run(arguments: &TidyArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let method = match arguments.conf_method {
        ConfMethod::Wald => IntervalMethod::Wald,
        ConfMethod::Profile => IntervalMethod::Profile,
    };
    let Model { fit, .. } = match (arguments.conf_int, method) {
        (true, IntervalMethod::Profile) => Model::with_rows(&arguments.model, &progress)?,
        _ => Model::of(&arguments.model, &progress)?,
    };
    let kind = |effect: &Effects| match effect {
        Effects::Fixed => TidyEffect::Fixed,
        Effects::RanPars => TidyEffect::RanPars,
        Effects::RanVals => TidyEffect::RanVals,
        Effects::RanCoefs => TidyEffect::RanCoefs,
    };
    let tidy = fit.tidy(&TidyOptions {
        effects: arguments.effects.iter().map(kind).collect(),
        scale: match arguments.scale {
            ScaleName::Sdcor => Scale::Sdcor,
            ScaleName::Vcov => Scale::Vcov,
        },
        interval: arguments.conf_int.then_some((method, arguments.level)),
    })?;
    drop(progress);
    report::write_table(&tidy, &arguments.form)
}
