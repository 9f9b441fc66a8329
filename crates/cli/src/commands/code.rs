//! `ranef code`: the same analysis in another language.

use clap::{Args, ValueEnum};
use ranef::Language;

use crate::arguments::ModelArguments;
use crate::error::Failure;
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

/// Print the same analysis as R, Stata, SAS or Python code, or as a command
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef code sleep.json --to r
  ranef code -f 'math ~ ses * public + (ses | school)' pupils.csv \\
      --to stata > model.do

What the other system cannot say stands in the code as a comment that begins
with NOT TRANSLATED, and on standard error.")]
pub struct CodeArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    /// The language
    #[arg(long, value_name = "LANGUAGE", value_enum, help_heading = "Output")]
    pub to: LanguageName,

    /// Print one JSON object
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LanguageName {
    /// R with lme4 and lmerTest
    R,
    /// Stata's mixed
    Stata,
    /// SAS proc mixed
    Sas,
    /// The Python package ranef
    Python,
    /// The command itself, with all that the saved model was told
    Command,
}

pub fn run(arguments: &CodeArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let Model { fit, .. } = Model::of(&arguments.model, &progress)?;
    let code = fit.code(match arguments.to {
        LanguageName::R => Language::R,
        LanguageName::Stata => Language::Stata,
        LanguageName::Sas => Language::Sas,
        LanguageName::Python => Language::Python,
        LanguageName::Command => Language::Command,
    });
    drop(progress);
    if arguments.json {
        return output::json(&code);
    }
    output::text(&code)?;
    for gap in &code.not_translated {
        eprintln!("note: not translated: {gap}");
    }
    Ok(())
}
