//! `ranef influence`: which groups or rows move the results.

use clap::Args;
use ranef::DeletionMethod;

use crate::arguments::{AnswerArguments, ModelArguments};
use crate::error::Failure;
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

/// Which groups, or which rows, move the results: Cook's distance, DFBETAS and others
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef influence sleep.json
  ranef influence sleep.json --rows --csv > rows.csv
  ranef influence -f 'diameter ~ 1 + (1 | plate) + (1 | sample)' Penicillin \\
      --group sample

Groups are left out one by one and the model is fitted without each, where that
takes seconds; else in one step, with the variances kept. Rows are always left
out in one step.")]
pub struct InfluenceArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    /// Grouping factor [default: the one with the fewest levels]
    #[arg(long, value_name = "GROUP", help_heading = "Diagnostics")]
    pub group: Option<String>,

    /// Rows instead of groups
    #[arg(long, conflicts_with_all = ["group", "exact", "one_step"], help_heading = "Diagnostics")]
    pub rows: bool,

    /// Fit without each group, however long that takes
    #[arg(long, help_heading = "Diagnostics")]
    pub exact: bool,

    /// One step instead of a fit
    #[arg(long, conflicts_with = "exact", help_heading = "Diagnostics")]
    pub one_step: bool,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

pub fn run(arguments: &InfluenceArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let model = Model::with_rows(&arguments.model, &progress)?;
    if arguments.rows {
        progress.phase("leaving out rows");
        let influence = model.fit.row_influence(model.rows()?)?;
        drop(progress);
        return output::answer(&influence, &arguments.answer);
    }
    let deletions = match (arguments.exact, arguments.one_step) {
        (true, _) => DeletionMethod::Exact,
        (_, true) => DeletionMethod::OneStep,
        _ => DeletionMethod::Automatic,
    };
    let influence = model.fit.group_influence(
        model.rows()?,
        arguments.group.as_deref(),
        deletions,
        &mut |done, all| progress.phase(format!("leaving out group {} of {all}", done + 1)),
    )?;
    drop(progress);
    output::answer(&influence, &arguments.answer)
}
