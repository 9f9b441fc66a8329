//! `ranef within-between`: effects of a predictor within and between groups.

use clap::{Args, ValueEnum};
use ranef::{WithinBetweenForm, WithinBetweenOptions};

use crate::arguments::AnswerArguments;
use crate::data;
use crate::error::Failure;
use crate::formula_first::FormulaFirst;
use crate::model::{Model, lmer, not_swapped};
use crate::output;
use crate::progress::Progress;

/// Take a predictor apart: its effect within groups, between them, and whether they differ
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef within-between 'weight ~ Time + (1 | Chick)' ChickWeight --of Time
  ranef within-between 'math ~ ses * public + (ses | school)' pupils.csv \\
      --of ses
  ranef within-between 'math ~ ses + sex + (1 | school/class)' pupils.csv \\
      --of ses,sex --group school
  ranef within-between pupils.json --of ses

The formula is fitted as it is, and with within(x, g) and between(x, g) in
place of x; these can be typed in any formula. Random slopes of x become slopes
of within(x, g). A factor is taken apart dummy by dummy.")]
pub struct WithinBetweenArguments {
    #[command(flatten)]
    pub model: FormulaFirst,

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
    pub answer: AnswerArguments,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Form {
    /// x - mean and mean: coefficients are the within and the between effect (the default)
    Rewb,
    /// x and mean: coefficients are the within effect and the difference
    Mundlak,
}

pub fn run(arguments: WithinBetweenArguments) -> Result<(), Failure> {
    let WithinBetweenArguments {
        model,
        of,
        group,
        form,
        answer,
    } = arguments;
    let model = model.into_model()?;
    let options = WithinBetweenOptions {
        of,
        group,
        form: match form {
            Form::Rewb => WithinBetweenForm::Rewb,
            Form::Mundlak => WithinBetweenForm::Mundlak,
        },
    };
    let progress = Progress::start();
    let result = match &model.formula {
        // The model as it is and the one with the pair are fitted by the question itself.
        Some(formula) => {
            not_swapped(formula, &model.model)?;
            let lmer = lmer(formula, &model.options)?;
            progress.phase("reading data");
            let data = data::open(&model.model, &model.read)?;
            progress.phase("fitting");
            lmer.within_between(&*data, &options)?
        }
        None => {
            let saved = Model::with_rows(&model, &progress)?;
            progress.phase("fitting");
            saved
                .fit
                .options()
                .within_between(saved.rows()?, &options)?
        }
    };
    drop(progress);
    output::answer(&result, &answer)
}
