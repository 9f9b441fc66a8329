//! `ranef drop`: what each random effect is worth.

use crate::arguments::DropArguments;
use crate::error::Failure;
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

pub fn run(arguments: &DropArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let model = Model::with_rows(&arguments.model, &progress)?;
    progress.phase("fitting smaller models");
    let deletions = model.fit.deletions(model.rows()?)?;
    drop(progress);
    output::answer(&deletions, &arguments.answer)
}
