//! `ranef test`: contrasts of the fixed effects.

use clap::Args;

use crate::arguments::{Adjust, AnswerArguments, ModelArguments};
use crate::error::Failure;
use crate::model::{Model, adjust};
use crate::output;
use crate::progress::Progress;

/// Test contrasts of the fixed effects, one by one and together
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef test sleep.json --contrast 'Days = 10'
  ranef test -f 'score ~ Machine + (Machine | Worker)' Machines \\
      --contrast Machine
  ranef test -f 'score ~ Machine + (Machine | Worker)' Machines \\
      --contrast MachineB --contrast MachineC \\
      --contrast 'MachineC - MachineB' --adjust tukey

A contrast is a combination of coefficients, as `ranef fit` names them, and the
value it is tested against: `a - b`, `(a + b)/2 = 1`, `a = b = c`. The name of
a term stands for all of its coefficients. A name that reads otherwise goes in
backticks.")]
pub struct TestArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    /// A contrast to test; may be given several times
    #[arg(
        short,
        long,
        value_name = "CONTRAST",
        required = true,
        allow_hyphen_values = true,
        help_heading = "Contrasts"
    )]
    pub contrast: Vec<String>,

    /// How p-values are adjusted for the number of contrasts
    #[arg(long, value_name = "RULE", value_enum, default_value_t = Adjust::None, help_heading = "Contrasts")]
    pub adjust: Adjust,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

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
