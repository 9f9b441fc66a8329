//! `ranef test`: contrasts of the fixed effects.

use crate::arguments::TestArguments;
use crate::error::Failure;
use crate::model::{Model, adjust};
use crate::output;
use crate::progress::Progress;

pub fn run(arguments: &TestArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let Model { fit, .. } = Model::of(&arguments.model, &progress)?;
    let mut hypotheses = Vec::new();
    for text in &arguments.contrast {
        hypotheses.extend(fit.hypotheses(text)?);
    }
    let test = fit.test(&hypotheses, fit.df_method(), adjust(arguments.adjust))?;
    drop(progress);
    output::answer(&test, &arguments.answer)
}
