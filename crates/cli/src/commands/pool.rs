//! `ranef pool`: complete, no and partial pooling side by side.

use clap::Args;

use crate::arguments::{AnswerArguments, level};
use crate::error::Failure;
use crate::formula_first::FormulaFirst;
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

/// Compare complete, no and partial pooling for every group
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef pool 'Reaction ~ Days + (Days | Subject)' sleepstudy --csv > groups.csv
  ranef pool pastes.json --group cask:batch

Complete pooling is one regression for all rows, which forgets the groups; no
pooling gives every group coefficients of its own; partial pooling is the
multilevel model. The weight is the share of the group's own data in its
partially pooled coefficient.")]
pub struct PoolArguments {
    #[command(flatten)]
    pub model: FormulaFirst,

    /// The grouping factor whose groups are compared [default: the first of the formula]
    #[arg(long, value_name = "NAME", help_heading = "Output")]
    pub group: Option<String>,

    /// Level of the intervals that decide what is significant
    #[arg(long, default_value_t = 0.95, value_parser = level, help_heading = "Output")]
    pub level: f64,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

pub fn run(arguments: PoolArguments) -> Result<(), Failure> {
    let PoolArguments {
        model,
        group,
        level,
        answer,
    } = arguments;
    let model = model.into_model()?;
    let progress = Progress::start();
    let Model { fit, .. } = Model::with_rows(&model, &progress)?;
    progress.phase("pooling");
    let pooling = fit.pooling(group.as_deref(), level)?;
    drop(progress);
    output::answer(&pooling, &answer)
}
