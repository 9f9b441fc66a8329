//! `ranef slopes`: simple slopes and the bounds of Johnson and Neyman.

use ranef::SlopesOptions;

use crate::arguments::SlopesArguments;
use crate::error::Failure;
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

pub fn run(arguments: &SlopesArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let Model { fit, .. } = Model::of(&arguments.model, &progress)?;
    let mut options = SlopesOptions::new(&arguments.of, &arguments.over).level(arguments.level);
    for (predictor, values) in &arguments.at {
        options = options.at(predictor, values);
    }
    let slopes = fit.slopes(&options)?;
    drop(progress);
    output::answer(&slopes, &arguments.answer)
}
