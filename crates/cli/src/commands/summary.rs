//! `ranef summary`: the summary of a model.

use crate::arguments::SummaryArguments;
use crate::error::Failure;
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

pub fn run(arguments: &SummaryArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let Model { fit, data, .. } = Model::of(&arguments.model, &progress)?;
    if arguments.json {
        let report = fit.report();
        drop(progress);
        return output::json(&report);
    }
    if let Some(data) = &data {
        fit.summarise_residuals(&**data)?;
    }
    let summary = output::summary(&fit);
    drop(progress);
    output::text(summary)
}
