//! `ranef augment`: the data with what the model says of each row.

use clap::Args;
use ranef::frame::{write_csv, write_parquet};

use crate::arguments::ModelArguments;
use crate::error::Failure;
use crate::model::Model;
use crate::progress::Progress;
use crate::report::{self, FileArguments};

/// Add fitted values, residuals, leverages and Cook's distances to the data, as broom.mixed does
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef augment sleep.json -o sleep_augmented.parquet
  ranef augment sleep.json --data sleepstudy.csv > augmented.csv
  ranef augment -f 'Reaction ~ Days + (Days | Subject)' sleepstudy \\
      --format markdown

The answer is CSV unless asked for otherwise. The rows are those that the model
uses. Behind all columns of the data come .fitted, .resid, .hat (leverage),
.cooksd, .fixed (fitted value of the population), .mu, .offset, .sqrtXwt,
.sqrtrwt, .weights and .wtres (weighted residual).")]
pub struct AugmentArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    #[command(flatten)]
    pub form: FileArguments,
}

pub fn run(arguments: &AugmentArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let model = Model::with_rows(&arguments.model, &progress)?;
    progress.phase("augmenting rows");
    let augmented = model.fit.augment(model.rows()?)?;
    drop(progress);
    report::write(
        &augmented,
        &arguments.form,
        true,
        |augmented, mut out| Ok(write_csv(&augmented.rows, &mut out)?),
        |augmented, path| Ok(write_parquet(&augmented.rows, path)?),
    )
}
