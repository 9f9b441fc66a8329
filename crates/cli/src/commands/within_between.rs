//! `ranef within-between`: effects of a predictor within and between groups.

use clap::{Args, ValueEnum};
use ranef::{WithinBetweenForm, WithinBetweenOptions};

use crate::arguments::{AnswerArguments, ModelOptions, ReadArguments};
use crate::data;
use crate::error::Failure;
use crate::model;
use crate::output;
use crate::progress::Progress;

/// Take a predictor apart: its effect within groups, between them, and whether they differ
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef within-between 'weight ~ Time + (1 | Chick)' ChickWeight --of Time
  ranef within-between 'math ~ ses * public + (ses | school)' pupils.csv --of ses
  ranef within-between 'math ~ ses + sex + (1 | school/class)' pupils.csv --of ses,sex --group school

The formula is fitted as it is, and with within(x, g) and between(x, g) in place of x; these can be
typed in any formula. Random slopes of x become slopes of within(x, g). A factor is taken apart
dummy by dummy.")]
pub struct WithinBetweenArguments {
    /// The model, such as 'math ~ ses + (1 | school)'
    pub formula: String,

    /// A file, - for CSV on standard input, or a built-in data set
    pub data: String,

    /// Predictors to take apart, as the formula writes them
    #[arg(long, value_name = "X", value_delimiter = ',', required = true)]
    pub of: Vec<String>,

    /// The grouping factor, where the formula has several
    #[arg(long, value_name = "G")]
    pub group: Option<String>,

    /// How the model is written; both forms are the same model
    #[arg(long, value_enum, default_value_t = Form::Rewb)]
    pub form: Form,

    #[command(flatten)]
    pub options: ModelOptions,

    #[command(flatten)]
    pub read: ReadArguments,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Form {
    /// x - mean and mean: coefficients are the within and the between effect (the default)
    Rewb,
    /// x and mean: coefficients are the within effect and the difference
    Mundlak,
}

pub fn run(arguments: &WithinBetweenArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let lmer = model::lmer(&arguments.formula, &arguments.options)?;
    progress.phase("reading data");
    let data = data::open(&arguments.data, &arguments.read)?;
    let options = WithinBetweenOptions {
        of: arguments.of.clone(),
        group: arguments.group.clone(),
        form: match arguments.form {
            Form::Rewb => WithinBetweenForm::Rewb,
            Form::Mundlak => WithinBetweenForm::Mundlak,
        },
    };
    progress.phase("fitting");
    let answer = lmer.within_between(&*data, &options)?;
    drop(progress);
    output::answer(&answer, &arguments.answer)
}
