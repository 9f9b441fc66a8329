//! `ranef bootstrap`: how far estimates would move in data that are as likely.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use ranef::frame::Source;
use ranef::{
    BootstrapInterval, BootstrapOptions, BootstrapType, Fit, Statistic, frame::write_parquet,
};

use crate::arguments::{AnswerArguments, ModelArguments, level};
use crate::error::{Failure, Problem};
use crate::model::Model;
use crate::progress::Progress;
use crate::{data, interrupt, output};

/// Bootstrap intervals of parameters, ICC, R², contrasts and predictions
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef bootstrap sleep.json
  ranef bootstrap sleep.json --of icc,r2 --replicates 2000
  ranef bootstrap sleep.json --type cluster --group Subject --interval bca
  ranef bootstrap sleep.json --contrast 'Days - 10' --predict tomorrow.csv
  ranef bootstrap -f 'Reaction ~ Days + (Days | Subject)' sleepstudy \\
      --draws replicates.csv

--type says how the data of a replicate come about:
  parametric   responses drawn from the model, with new groups (the default)
  kept         the same with the random effects of the groups as predicted
  residual     rescaled random effects and residuals drawn with replacement
               (Carpenter, Goldstein and Rasbash 2003)
  cases        rows drawn with replacement
  cluster      whole groups drawn with replacement

The same --seed gives the same replicates, on any number of threads. Ctrl-C
ends it with the replicates done so far.")]
pub struct BootstrapArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    /// What is computed of every replicate: parameters, icc, r2
    #[arg(
        long,
        value_name = "WHAT",
        value_enum,
        value_delimiter = ',',
        help_heading = "Output"
    )]
    pub of: Vec<What>,

    /// Only these parameters, with commas between them; may be given several times
    #[arg(
        long,
        value_name = "NAMES",
        allow_hyphen_values = true,
        help_heading = "Output"
    )]
    pub parm: Vec<String>,

    /// A combination of the fixed effects, such as 'Days - 10'; may be given several times
    #[arg(
        long,
        value_name = "CONTRAST",
        allow_hyphen_values = true,
        help_heading = "Output"
    )]
    pub contrast: Vec<String>,

    /// Rows whose expected values, with random effects at zero, are wanted
    #[arg(long, value_name = "DATA", help_heading = "Output")]
    pub predict: Option<String>,

    #[command(flatten)]
    pub bootstrap: ReplicateArguments,

    /// The probability that an interval holds its target
    #[arg(long, default_value_t = 0.95, value_parser = level, help_heading = "Output")]
    pub level: f64,

    /// Write all replicates to this file, one a row: .csv or .parquet
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub draws: Option<PathBuf>,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    Parameters,
    Icc,
    R2,
}

/// How the replicates are made.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Bootstrap")]
pub struct ReplicateArguments {
    /// Number of replicates [default: 1000]
    #[arg(long, value_name = "N")]
    pub replicates: Option<u32>,

    /// Seed of the random numbers [default: 1]
    #[arg(long, value_name = "SEED")]
    pub seed: Option<u64>,

    /// How the data of a replicate come about [default: parametric]
    #[arg(long = "type", value_name = "TYPE", value_enum)]
    pub kind: Option<Kind>,

    /// How the ends of the intervals are made [default: percentile]
    #[arg(long, value_name = "HOW", value_enum)]
    pub interval: Option<Ends>,

    /// The grouping factor whose groups are drawn (cluster), or left out one by one (bca) [default:
    /// that with the fewest groups]
    #[arg(long, value_name = "GROUP")]
    pub group: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Parametric,
    Kept,
    Residual,
    Cases,
    Cluster,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Ends {
    Percentile,
    Basic,
    Bca,
    Normal,
}

impl ReplicateArguments {
    /// The choices, with intervals of a level.
    pub fn options(&self, level: f64) -> BootstrapOptions {
        let usual = BootstrapOptions::default();
        BootstrapOptions {
            replicates: self.replicates.unwrap_or(usual.replicates),
            seed: self.seed.unwrap_or(usual.seed),
            kind: self.kind.map_or(usual.kind, |kind| match kind {
                Kind::Parametric => BootstrapType::Parametric,
                Kind::Kept => BootstrapType::Kept,
                Kind::Residual => BootstrapType::Residual,
                Kind::Cases => BootstrapType::Cases,
                Kind::Cluster => BootstrapType::Cluster,
            }),
            interval: self.interval.map_or(usual.interval, |ends| match ends {
                Ends::Percentile => BootstrapInterval::Percentile,
                Ends::Basic => BootstrapInterval::Basic,
                Ends::Bca => BootstrapInterval::Bca,
                Ends::Normal => BootstrapInterval::Normal,
            }),
            level,
            group: self.group.clone(),
        }
    }

    /// The first option given that only a bootstrap has a use for.
    pub fn given(&self) -> Option<&'static str> {
        let given = [
            (self.replicates.is_some(), "--replicates"),
            (self.seed.is_some(), "--seed"),
            (self.kind.is_some(), "--type"),
            (self.interval.is_some(), "--interval"),
            (self.group.is_some(), "--group"),
        ];
        given.into_iter().find(|(is, _)| *is).map(|(_, name)| name)
    }
}

/// A model with its rows and a switch that Ctrl-C sets.
pub fn model(
    arguments: &ModelArguments,
    progress: &Progress,
) -> Result<(Fit, Option<Box<dyn Source>>), Failure> {
    let Model { fit, data, .. } = Model::with_rows(arguments, progress)?;
    Ok((fit.with_interrupt(interrupt::switch()), data))
}

/// Says how far it is.
pub fn counter(progress: &Progress) -> impl FnMut(u32, u32) + '_ {
    |done, count| progress.phase(format!("{done} of {count} replicates"))
}

pub fn run(arguments: &BootstrapArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let (fit, rows) = model(&arguments.model, &progress)?;
    let statistics = statistics(arguments, &fit)?;
    let options = arguments.bootstrap.options(arguments.level);
    let found = fit.bootstrap(
        rows.as_deref(),
        &statistics,
        &options,
        &mut counter(&progress),
    )?;
    if let Some(path) = &arguments.draws {
        let table = found.draws();
        if path.extension().is_some_and(|e| e == "parquet") {
            write_parquet(&table.source()?, path)?;
        } else {
            let cannot = |e: std::io::Error| {
                let reason = ranef::frame::io_reason(&e);
                let message = format!("cannot write `{}`: {reason}", path.display());
                Failure::from(Problem::new("write_failed", message))
            };
            let mut out = std::io::BufWriter::new(std::fs::File::create(path).map_err(cannot)?);
            table.write_csv(&mut out).map_err(cannot)?;
        }
    }
    drop(progress);
    output::answer(&found, &arguments.answer)
}

/// What is asked of every replicate: the parameters, if nothing is said.
fn statistics(arguments: &BootstrapArguments, fit: &Fit) -> Result<Vec<Statistic>, Failure> {
    let mut out = Vec::new();
    let other = !arguments.contrast.is_empty() || arguments.predict.is_some();
    let named = !arguments.parm.is_empty();
    if named || arguments.of.contains(&What::Parameters) || (arguments.of.is_empty() && !other) {
        out.push(Statistic::Parameters(arguments.parm.clone()));
    }
    if arguments.of.contains(&What::Icc) {
        out.push(Statistic::Icc);
    }
    if arguments.of.contains(&What::R2) {
        out.push(Statistic::RSquared);
    }
    let mut contrasts = Vec::new();
    for text in &arguments.contrast {
        contrasts.extend(fit.hypotheses(text)?);
    }
    if !contrasts.is_empty() {
        out.push(Statistic::Contrasts(contrasts));
    }
    if let Some(name) = &arguments.predict {
        let rows = data::open(name, &arguments.model.read)?;
        out.push(fit.statistic_of_rows(&*rows)?);
    }
    Ok(out)
}
