//! `ranef check`: is the fit sound?

use clap::{Args, ValueEnum};
use ranef::{CheckOptions, DeletionMethod, Simulate};

use crate::arguments::{AnswerArguments, ModelArguments, Optimizer, count, number_of};
use crate::error::Failure;
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

/// Is the fit sound? Convergence, singularity, residuals, random effects, collinearity, influence,
/// each with a verdict in words
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef check sleep.json
  ranef check -f 'Reaction ~ Days + (Days | Subject)' sleepstudy --json
  ranef check sleep.json --simulate unconditional --seed 7

A verdict is ok, note (worth a look and a sentence in the report), problem (do
not use the results as they are) or unknown (the data cannot tell). Nothing is
called a note or a problem for a small p-value alone: it must be large enough
to matter as well. The rules are in the JSON.")]
pub struct CheckArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    #[command(flatten)]
    pub simulate: SimulateArguments,

    /// Optimisers to compare [default: all four where that takes seconds, else newton,bfgs]
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        value_enum,
        help_heading = "Diagnostics"
    )]
    pub optimizers: Vec<Optimizer>,

    /// Leave out each group by a fit without it, however long that takes
    #[arg(long, help_heading = "Diagnostics")]
    pub exact: bool,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

/// How responses are simulated.
#[derive(Debug, Args)]
#[command(next_help_heading = "Diagnostics")]
pub struct SimulateArguments {
    /// Simulate new rows of the same groups, or new groups as well
    #[arg(long, value_name = "HOW", value_enum)]
    pub simulate: Option<Method>,

    /// Number of simulated responses
    #[arg(long, value_name = "N", value_parser = number_of, default_value_t = 250)]
    pub replicates: u32,

    /// Seed of the random numbers: the same seed gives the same numbers
    #[arg(long, value_name = "N", value_parser = count, default_value_t = 1)]
    pub seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Method {
    /// New residuals around the fitted values of the groups at hand
    Conditional,
    /// New random effects and new residuals
    Unconditional,
}

impl SimulateArguments {
    /// What the arguments ask for, if they ask for any.
    pub fn asked(&self) -> Option<Simulate> {
        self.simulate.map(|method| Simulate {
            replicates: self.replicates,
            conditional: method == Method::Conditional,
            seed: self.seed,
        })
    }

    /// The same where anything is said about simulations.
    pub fn given(&self) -> Option<Simulate> {
        let said = self.simulate.is_some() || self.replicates != 250 || self.seed != 1;
        said.then(|| self.or_conditional())
    }

    /// The same; conditional where nothing is said.
    pub fn or_conditional(&self) -> Simulate {
        self.asked().unwrap_or(Simulate {
            replicates: self.replicates,
            conditional: true,
            seed: self.seed,
        })
    }
}

pub fn run(arguments: &CheckArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let model = Model::with_rows(&arguments.model, &progress)?;
    let chosen = &arguments.optimizers;
    let options = CheckOptions {
        simulate: arguments.simulate.or_conditional(),
        deletions: if arguments.exact {
            DeletionMethod::Exact
        } else {
            DeletionMethod::Automatic
        },
        optimizers: (!chosen.is_empty()).then(|| chosen.iter().map(|&o| o.into()).collect()),
    };
    let check = model
        .fit
        .check(model.rows()?, &options, &mut |phase| progress.phase(phase))?;
    drop(progress);
    output::answer(&check, &arguments.answer)
}
