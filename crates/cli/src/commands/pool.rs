//! `ranef pool`: complete, no and partial pooling side by side.

use clap::Args;

use crate::arguments::{AnswerArguments, ModelArguments, ModelOptions, ReadArguments, level};
use crate::error::Failure;
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

/// Compare complete, no and partial pooling for every group
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef pool 'Reaction ~ Days + (Days | Subject)' sleepstudy --csv > groups.csv
  ranef pool pastes.json --group cask:batch

Complete pooling is one regression for all rows, which forgets the groups; no pooling gives every
group coefficients of its own; partial pooling is the multilevel model. The weight is the share of
the group's own data in its partially pooled coefficient.")]
pub struct PoolArguments {
    /// The model, such as 'score ~ x + (1 | school)', or a file written by `ranef fit --save`
    #[arg(value_name = "FORMULA|MODEL")]
    pub formula: String,

    /// The data to fit the formula to; those that a saved model was fitted to, if they are not
    /// where it says
    #[arg(value_name = "DATA")]
    pub rows: Option<String>,

    /// The rows that the saved model was fitted to, as in the other commands
    #[arg(
        long,
        value_name = "DATA",
        conflicts_with_all = ["rows", "fit"],
        help_heading = "Model"
    )]
    pub data: Option<String>,

    /// The formula, with the data alone as argument, as in the other commands
    #[arg(
        short = 'f',
        long = "formula",
        value_name = "FORMULA",
        conflicts_with = "rows",
        help_heading = "Model"
    )]
    pub fit: Option<String>,

    #[command(flatten)]
    pub options: ModelOptions,

    #[command(flatten)]
    pub read: ReadArguments,

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
        formula,
        rows,
        data,
        fit,
        options,
        read,
        group,
        level,
        answer,
    } = arguments;
    // A formula has a tilde; the name of a file would be an odd one with it.
    let model = match (fit, rows) {
        (Some(fit), _) => ModelArguments {
            model: formula,
            formula: Some(fit),
            data: None,
            options,
            read,
        },
        (None, Some(rows)) if formula.contains('~') => ModelArguments {
            model: rows,
            formula: Some(formula),
            data: None,
            options,
            read,
        },
        (None, rows) => ModelArguments {
            model: formula,
            formula: None,
            data: rows.or(data),
            options,
            read,
        },
    };
    let progress = Progress::start();
    let Model { fit, .. } = Model::with_rows(&model, &progress)?;
    progress.phase("pooling");
    let pooling = fit.pooling(group.as_deref(), level)?;
    drop(progress);
    output::answer(&pooling, &answer)
}
