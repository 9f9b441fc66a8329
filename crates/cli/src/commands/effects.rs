//! `ranef effects`: random effects, and the coefficients of each group.

use crate::arguments::EffectsArguments;
use crate::error::Failure;
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

pub fn run(arguments: &EffectsArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let Model { fit, .. } = Model::of(&arguments.model, &progress)?;
    let effects = fit.effects(arguments.level);
    drop(progress);
    output::answer(&effects, &arguments.answer)
}
