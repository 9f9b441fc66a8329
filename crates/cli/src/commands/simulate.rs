//! `ranef simulate`: new responses from a model.

use clap::{Args, ValueEnum};
use ranef::SimulateOptions;
use ranef::frame::{write_csv, write_parquet};

use crate::arguments::ModelArguments;
use crate::error::Failure;
use crate::model::Model;
use crate::progress::Progress;
use crate::report::{self, FileArguments};
use crate::{data, interrupt};

/// Draw new responses from a model, for its rows or for others
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef simulate sleep.json -n 100 -o simulated.parquet
  ranef simulate sleep.json -n 5 --re kept --seed 42 > simulated.csv
  ranef simulate sleep.json -n 100 --newdata design.csv -o new.csv
  ranef simulate -f 'Reaction ~ Days + (Days | Subject)' sleepstudy -n 3

The answer is CSV unless asked for otherwise: the number of each row in the
data, and a column sim_1, sim_2, … for each response. Counts of successes are
successes of the trials that the row has. The same --seed gives the same
responses, on any number of threads.")]
pub struct SimulateArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    /// Number of responses
    #[arg(
        short = 'n',
        long = "number",
        value_name = "N",
        default_value_t = 1,
        help_heading = "Simulation"
    )]
    pub number: u32,

    /// The random effects of the groups: new ones, or kept at their predicted values
    #[arg(long = "re", value_name = "WHICH", value_enum, default_value_t = Effects::New, help_heading = "Simulation")]
    pub re: Effects,

    /// Seed of the random numbers
    #[arg(
        long,
        value_name = "SEED",
        default_value_t = 1,
        help_heading = "Simulation"
    )]
    pub seed: u64,

    /// Rows to draw responses for instead of those of the model; they need no response. Groups that
    /// the model has not seen have new random effects
    #[arg(long, value_name = "DATA", help_heading = "Simulation")]
    pub newdata: Option<String>,

    #[command(flatten)]
    pub form: FileArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Effects {
    New,
    Kept,
}

pub fn run(arguments: &SimulateArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let options = SimulateOptions {
        count: arguments.number,
        seed: arguments.seed,
        kept: arguments.re == Effects::Kept,
    };
    let simulation = match &arguments.newdata {
        Some(name) => {
            let model = Model::of(&arguments.model, &progress)?;
            let rows = data::open(name, &arguments.model.read)?;
            progress.phase("simulating");
            let fit = model.fit.with_interrupt(interrupt::switch());
            fit.simulate_new(&*rows, &options)?
        }
        None => {
            let model = Model::with_rows(&arguments.model, &progress)?;
            let Model { fit, data, .. } = model;
            progress.phase("simulating");
            let fit = fit.with_interrupt(interrupt::switch());
            fit.simulate(data.as_deref().ok_or_else(Failure::panicked)?, &options)?
        }
    };
    drop(progress);
    report::write(
        &simulation,
        &arguments.form,
        true,
        |simulation, mut out| Ok(write_csv(&simulation.source()?, &mut out)?),
        |simulation, path| Ok(write_parquet(&simulation.source()?, path)?),
    )
}
