//! `ranef confint`: confidence intervals of all parameters.

use ranef::IntervalMethod;

use crate::arguments::{Confint, ConfintArguments};
use crate::error::{Failure, Problem};
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

pub fn run(arguments: &ConfintArguments) -> Result<(), Failure> {
    let method = match arguments.method {
        Confint::Wald => IntervalMethod::Wald,
        Confint::Profile => IntervalMethod::Profile,
        Confint::Bootstrap => {
            return Err(Problem::new(
                "method_not_available",
                "intervals by bootstrap are not in this version",
            )
            .hint("use --method profile, which follows the likelihood of each parameter")
            .into());
        }
    };
    let progress = Progress::start();
    let Model { fit, .. } = match method {
        IntervalMethod::Wald => Model::of(&arguments.model, &progress)?,
        IntervalMethod::Profile => Model::with_rows(&arguments.model, &progress)?,
    };
    progress.phase("computing intervals");
    let intervals = fit.confint_of(&arguments.parm, method, arguments.level)?;
    drop(progress);
    output::answer(&intervals, &arguments.answer)
}
