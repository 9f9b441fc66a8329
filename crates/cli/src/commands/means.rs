//! `ranef means`: estimated marginal means, differences, slopes by group.

use ranef::MeansOptions;

use crate::arguments::MeansArguments;
use crate::error::Failure;
use crate::model::{Model, adjust};
use crate::output;
use crate::progress::Progress;

pub fn run(arguments: &MeansArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let Model { fit, .. } = Model::of(&arguments.model, &progress)?;
    let mut options = MeansOptions::by(&arguments.by)
        .within(&arguments.within)
        .pairwise(arguments.pairwise)
        .level(arguments.level)
        .adjust(adjust(arguments.adjust));
    for (predictor, values) in &arguments.at {
        options = options.at(predictor, values);
    }
    if let Some(trend) = &arguments.trend {
        options = options.trend(trend);
    }
    let means = fit.means(&options)?;
    drop(progress);
    output::answer(&means, &arguments.answer)
}
