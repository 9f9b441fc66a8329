//! `ranef anova`: F tests of the terms of the fixed effects.

use clap::Args;
use ranef::AnovaType;

use crate::arguments::{AnswerArguments, ModelArguments};
use crate::error::Failure;
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

/// Test the terms of the fixed effects (analysis of variance)
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef anova -f 'yield ~ nitro * Variety + (1 | Block/Variety)' Oats
  ranef anova oats.json --type 2 --df kenward-roger

Types, none of which depends on how factors are coded:
  1   each term after those before it in the formula
  2   each term after all others that do not contain it
  3   each term after all others, averaged over the cells of its interactions
      (as SAS and lmerTest have it)")]
pub struct AnovaArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    /// Type of the hypotheses: 1, 2 or 3
    #[arg(long = "type", value_name = "N", default_value_t = 3, value_parser = kind, help_heading = "Output")]
    pub kind: u8,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

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

fn kind(text: &str) -> Result<u8, String> {
    match text.trim() {
        "1" | "I" => Ok(1),
        "2" | "II" => Ok(2),
        "3" | "III" => Ok(3),
        _ => Err("give 1, 2 or 3".to_owned()),
    }
}
