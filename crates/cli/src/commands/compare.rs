//! `ranef compare`: models side by side.

use clap::Args;
use ranef::frame::Source;
use ranef::{BootstrapOptions, Fit};

use crate::arguments::AnswerArguments;
use crate::commands::bootstrap;
use crate::error::{Failure, Problem};
use crate::models::{self, ModelsArguments};
use crate::progress::Progress;
use crate::{interrupt, output};

/// Compare models: likelihood-ratio tests, AIC, BIC, fixed effects side by side
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef compare sleepstudy -f 'Reaction ~ Days + (1 | Subject)' \\
      -f 'Reaction ~ Days + (Days | Subject)'
  ranef compare small.json large.json
  ranef compare small.json large.json --bootstrap 1000

Models by REML are refitted by maximum likelihood for the comparison, and
ordered by their number of parameters; each is tested against the one above it
if that is a special case of it. Where one variance more is tested,
`p (boundary)` takes in that a variance cannot be negative. With --bootstrap,
responses are drawn from the smaller model and both are fitted to each:
`p (bootstrap)` is right for fixed effects with few groups and for variances.")]
pub struct CompareArguments {
    #[command(flatten)]
    pub models: ModelsArguments,

    /// The rows that the saved models were fitted to [default: those they name]
    #[arg(
        long,
        value_name = "DATA",
        conflicts_with = "formula",
        help_heading = "Model"
    )]
    pub data: Option<String>,

    /// Compare REML likelihoods as they are; right for models with equal fixed effects only
    #[arg(long, help_heading = "Output")]
    pub no_refit: bool,

    /// Test each model against the one above it by parametric bootstrap with N replicates
    #[arg(
        long,
        value_name = "N",
        conflicts_with = "no_refit",
        help_heading = "Bootstrap"
    )]
    pub bootstrap: Option<u32>,

    /// Seed of the random numbers
    #[arg(
        long,
        value_name = "SEED",
        default_value_t = 1,
        requires = "bootstrap",
        help_heading = "Bootstrap"
    )]
    pub seed: u64,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

pub fn run(arguments: &CompareArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let asked = &arguments.models;
    let count = match asked.formula.len() {
        0 => asked.models.len(),
        formulas => formulas,
    };
    if count < 2 {
        return Err(
            Problem::new("one_model", "a comparison needs two models or more")
                .hint("`ranef compare DATA -f F1 -f F2`, or `ranef compare M1.json M2.json`")
                .into(),
        );
    }
    let (fits, sources) = models::with_sources(asked, arguments.data.as_deref(), &progress)?;
    progress.phase("comparing");
    let comparison = match arguments.bootstrap {
        None => {
            let models: Vec<&Fit> = fits.iter().collect();
            ranef::compare(&models, !arguments.no_refit)?
        }
        Some(replicates) => {
            let switch = interrupt::switch();
            let fits: Vec<Fit> = (fits.into_iter())
                .map(|fit| fit.with_interrupt(switch))
                .collect();
            let models: Vec<&Fit> = fits.iter().collect();
            let sources: Vec<&dyn Source> = sources.iter().map(|s| &**s).collect();
            let options = BootstrapOptions {
                replicates,
                seed: arguments.seed,
                ..BootstrapOptions::default()
            };
            let mut count = bootstrap::counter(&progress);
            ranef::compare_bootstrap(&models, &sources, &options, &mut count)?
        }
    };
    drop(progress);
    output::answer(&comparison, &arguments.answer)
}
