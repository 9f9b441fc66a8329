//! `ranef fixed-effects`: the within estimator beside the multilevel model.

use clap::Args;
use ranef::FixedEffectsOptions;

use crate::arguments::{AnswerArguments, ModelArguments, level};
use crate::commands::robust::Kind;
use crate::error::Failure;
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

/// Compare a model with fixed effects for groups: within estimates, robust errors, Hausman's test
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef fixed-effects -f 'weight ~ Time + Diet + (1 | Chick)' ChickWeight
  ranef fixed-effects pupils.json --group class --cluster school

Each group gets an intercept of its own, so that slopes rest on differences
within groups only. The tests ask whether the slopes of the multilevel model
are the same: Hausman's, and that of group means added to the model (Wu,
Mundlak), by the model's covariance and by the cluster-robust one.")]
pub struct FixedEffectsArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    /// The groups that get an intercept each [default: the grouping factor that lies in all others;
    /// else the one with the most levels]
    #[arg(long, value_name = "G")]
    pub group: Option<String>,

    /// The clusters of the robust standard errors [default: the grouping factor that all others lie
    /// in; else parts of the data that share no level; else the groups]
    #[arg(long, value_name = "G")]
    pub cluster: Option<String>,

    /// The kind of robust standard errors
    #[arg(long = "type", value_name = "TYPE", value_enum, ignore_case = true, default_value_t = Kind::Cr2)]
    pub kind: Kind,

    /// Share that the intervals hold
    #[arg(long, default_value_t = 0.95, value_parser = level, help_heading = "Output")]
    pub level: f64,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

pub fn run(arguments: &FixedEffectsArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let model = Model::with_rows(&arguments.model, &progress)?;
    let options = FixedEffectsOptions {
        group: arguments.group.clone(),
        cluster: arguments.cluster.clone(),
        kind: arguments.kind.into(),
        level: arguments.level,
    };
    progress.phase("within groups");
    let answer = model.fit.fixed_effects(model.rows()?, &options)?;
    drop(progress);
    output::answer(&answer, &arguments.answer)
}
