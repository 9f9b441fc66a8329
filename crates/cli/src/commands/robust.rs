//! `ranef robust`: cluster-robust standard errors.

use clap::{Args, ValueEnum};
use ranef::{RobustOptions, RobustType};

use crate::arguments::{AnswerArguments, ModelArguments, level};
use crate::error::Failure;
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

/// Fixed effects with cluster-robust standard errors
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef robust -f 'Reaction ~ Days*grp + (Days | Subject)' sleep_unbal
  ranef robust -f 'Reaction ~ Days*grp + (Days | Subject)' sleep_unbal \\
      --test grp,Days:grp
  ranef robust -f 'Reaction ~ Days' sleepstudy --cluster Subject --type CR3
  ranef robust pupils.json --cluster district

CR2 (Bell and McCaffrey) with Satterthwaite's degrees of freedom is right with
few clusters too; joint tests are HTZ (Pustejovsky and Tipton 2018). The rows
of the model are read again.")]
pub struct RobustArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    /// The kind of sandwich [default: CR2, or CR0 where clusters share random effects]
    #[arg(long = "type", value_name = "TYPE", value_enum, ignore_case = true)]
    pub kind: Option<Kind>,

    /// What the clusters are: a grouping factor or another column [default: the grouping factor
    /// that all others are nested in; else parts of the data that share no level; else the
    /// grouping factor with the fewest levels]
    #[arg(long, value_name = "G")]
    pub cluster: Option<String>,

    /// Terms or coefficients to test jointly, separated by commas; may be given several times.
    /// Terms of several coefficients are tested without being named
    #[arg(long = "test", value_name = "TERMS")]
    pub tests: Vec<String>,

    /// Share that the intervals hold
    #[arg(long, default_value_t = 0.95, value_parser = level, help_heading = "Output")]
    pub level: f64,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Kind {
    /// No correction for few clusters
    #[value(name = "CR0")]
    Cr0,
    /// CR0 times J/(J-1)
    #[value(name = "CR1")]
    Cr1,
    /// CR0 times J/(J-1) (N-1)/(N-p), as Stata does
    #[value(name = "CR1S")]
    Cr1s,
    /// Unbiased where the variances of the model are right
    #[value(name = "CR2")]
    Cr2,
    /// Nearly the jackknife over clusters
    #[value(name = "CR3")]
    Cr3,
}

impl From<Kind> for RobustType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Cr0 => RobustType::Cr0,
            Kind::Cr1 => RobustType::Cr1,
            Kind::Cr1s => RobustType::Cr1s,
            Kind::Cr2 => RobustType::Cr2,
            Kind::Cr3 => RobustType::Cr3,
        }
    }
}

pub fn run(arguments: &RobustArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let model = Model::with_rows(&arguments.model, &progress)?;
    let names = |list: &String| list.split(',').map(|name| name.trim().to_owned()).collect();
    let options = RobustOptions {
        kind: arguments.kind.map(Into::into),
        cluster: arguments.cluster.clone(),
        tests: arguments.tests.iter().map(names).collect(),
        level: arguments.level,
    };
    progress.phase("clusters");
    let robust = model.fit.robust(model.rows()?, &options)?;
    drop(progress);
    output::answer(&robust, &arguments.answer)
}
