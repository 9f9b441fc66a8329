//! `ranef anova`: F tests of the terms of the fixed effects.

use ranef::AnovaType;

use crate::arguments::AnovaArguments;
use crate::error::Failure;
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

pub fn run(arguments: &AnovaArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let Model { fit, .. } = Model::of(&arguments.model, &progress)?;
    let kind = match arguments.kind {
        1 => AnovaType::I,
        2 => AnovaType::II,
        _ => AnovaType::III,
    };
    let anova = fit.anova(kind, fit.df_method())?;
    drop(progress);
    output::answer(&anova, &arguments.answer)
}
