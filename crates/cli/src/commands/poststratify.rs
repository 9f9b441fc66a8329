//! `ranef poststratify`: from cells to margins of a population.

use clap::Args;
use ranef::PoststratifyOptions;

use crate::arguments::{AnswerArguments, ModelArguments};
use crate::drawing::DrawArguments;
use crate::error::{Failure, Problem};
use crate::model::Model;
use crate::progress::Progress;
use crate::{data, output};

/// Multilevel regression and poststratification: estimates for any margin of a counted population
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef poststratify survey.json census.csv --by region --count people
  ranef poststratify -f 'score ~ age + (1 | region)' survey.csv census.csv
  ranef poststratify survey.json voters.csv

FRAME has one row for each cell of the population: the predictors of the
model, those of the groups among them, and a column that counts the people of
the cell. Without --count every row is a person. There is an estimate for
every combination of the columns of --by, for each of their values, and for
all. Standard errors are those of the margin as a whole. Groups that the model
has not seen get an effect from the distribution of the groups; a level of a
predictor that it has not seen is an error. Beside the estimates stand the raw
means of the model's own rows, where these are to be had.")]
pub struct PoststratifyArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    /// The population: a row for each cell, in a file like DATA
    #[arg(value_name = "FRAME")]
    pub frame: String,

    /// Columns of FRAME whose values get an estimate, in all combinations and each
    #[arg(
        long,
        value_name = "COLS",
        value_delimiter = ',',
        help_heading = "Question"
    )]
    pub by: Vec<String>,

    /// The column of FRAME that counts the people of a cell [default: every row is a person]
    #[arg(long, value_name = "COL", help_heading = "Question")]
    pub count: Option<String>,

    #[command(flatten)]
    pub draws: DrawArguments,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

pub fn run(arguments: &PoststratifyArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    // The rows of a saved model are wanted for raw means, and needed where its joint covariance was
    // too large to be saved.
    let mut model = Model::of(&arguments.model, &progress)?;
    if model.fit.joint().is_err() || arguments.model.data.is_some() {
        model = Model::with_rows(&arguments.model, &progress)?;
    } else if model.data.is_none() {
        model = match Model::with_rows(&arguments.model, &progress) {
            Ok(with_rows) => with_rows,
            Err(_) => {
                eprintln!("note: the data of the model are not at hand, so there are no raw means");
                model
            }
        };
    }
    let options = PoststratifyOptions::by(arguments.by.iter().map(|name| name.trim()));
    let mut options = arguments.draws.told(
        options,
        PoststratifyOptions::level,
        PoststratifyOptions::draws,
        PoststratifyOptions::seed,
    );
    if let Some(count) = &arguments.count {
        options = options.count(count);
    }
    let frame = data::open(&arguments.frame, &arguments.model.read)?;
    progress.phase("poststratifying");
    let found = model
        .fit
        .poststratify(&*frame, model.data.as_deref(), &options)
        .map_err(|error| {
            let mut problem = Problem::from(error);
            let elsewhere = [
                "too_few_draws",
                "too_many_draws",
                "needs_rows",
                "other_rows",
            ];
            if !elsewhere.contains(&problem.code) {
                problem
                    .message
                    .insert_str(0, &format!("`{}`: ", arguments.frame));
            }
            problem
        })?;
    drop(progress);
    output::answer(&found, &arguments.answer)
}
