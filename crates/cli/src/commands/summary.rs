//! `ranef summary`: the summary of a model, for a screen or for a document.

use clap::{Args, ValueEnum};
use ranef::Markup;

use crate::arguments::ModelArguments;
use crate::error::Failure;
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

/// Print the summary of a model, for the screen or for a document
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef fit 'Reaction ~ Days + (Days | Subject)' sleepstudy --save sleep.json
  ranef summary sleep.json
  ranef summary sleep.json --format html > sleep.html
  ranef summary sleep.json --format apa | pandoc -o results.docx")]
pub struct SummaryArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    /// How to print it
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        default_value_t = SummaryFormat::Text,
        conflicts_with = "json",
        help_heading = "Output"
    )]
    pub format: SummaryFormat,

    /// Print one JSON object with all numbers at full precision, that of `ranef fit --json`
    #[arg(long, help_heading = "Output")]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SummaryFormat {
    /// As lmerTest prints it, and then in words what the fit has to say
    Text,
    /// Tables in Markdown
    Markdown,
    /// Tables in LaTeX, with the package booktabs
    Latex,
    /// Tables in HTML, to be opened in a browser or pasted into a word processor
    Html,
    /// Sentences and tables for a results section in APA style, in Markdown
    Apa,
    /// As `display()` of R's package arm prints it: few digits, no tests
    Display,
}

pub fn run(arguments: &SummaryArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    // Its deviance is that of another fit, by maximum likelihood.
    let Model { fit, data, .. } = match arguments.format {
        SummaryFormat::Display => Model::with_rows(&arguments.model, &progress)?,
        _ => Model::of(&arguments.model, &progress)?,
    };
    if arguments.json {
        let report = fit.report();
        drop(progress);
        return output::json(&report);
    }
    let text = match arguments.format {
        SummaryFormat::Text => {
            if let Some(data) = &data {
                fit.summarise_residuals(&**data)?;
            }
            output::summary(&fit)
        }
        SummaryFormat::Markdown => fit.paper(Markup::Markdown).to_string(),
        SummaryFormat::Latex => fit.paper(Markup::Latex).to_string(),
        SummaryFormat::Html => fit.paper(Markup::Html).to_string(),
        SummaryFormat::Apa => fit.apa().to_string(),
        SummaryFormat::Display => fit.arm_display()?.to_string(),
    };
    drop(progress);
    output::text(text)
}
