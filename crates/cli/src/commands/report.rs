//! `ranef report`: everything about a model in one file.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use ranef_report::{Form, ReportOptions, Written};

use crate::arguments::ModelArguments;
use crate::commands::check::SimulateArguments;
use crate::commands::plot::write::whole;
use crate::error::{Failure, Problem};
use crate::model::Model;
use crate::output;
use crate::progress::Progress;

/// Write a report: the model in words and equations, data, results, pooling, variance, checks,
/// figures, a methods paragraph with references, and the code to repeat it
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef report sleep.json -o sleep.html
  ranef report -f 'Reaction ~ Days + (Days | Subject)' sleepstudy -o sleep.html
  ranef report sleep.json -o sleep.md
  ranef report sleep.json -o sleep.tex

The HTML file holds all it needs: it opens without a network, and prints. For
Markdown and LaTeX the figures are written beside the text, as SVG or PDF, into
a folder named after it (sleep_files). Without -o the text goes to standard
output, and Markdown and LaTeX have no figures.")]
pub struct ReportArguments {
    #[command(flatten)]
    pub model: ModelArguments,

    /// Write to this file: .html, .md or .tex
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub output: Option<PathBuf>,

    /// The language, where the ending of the file does not say it [default: html]
    #[arg(long, value_name = "FORMAT", value_enum, help_heading = "Output")]
    pub format: Option<ReportFormat>,

    /// Leave out all figures
    #[arg(long, help_heading = "Output")]
    pub no_figures: bool,

    #[command(flatten)]
    pub simulate: SimulateArguments,
}

/// Languages of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// One file for a browser, with all figures in it
    Html,
    /// As GitHub, pandoc and Quarto read it
    Markdown,
    /// With the packages amsmath, booktabs and graphicx
    Latex,
}

impl From<ReportFormat> for Form {
    fn from(format: ReportFormat) -> Self {
        match format {
            ReportFormat::Html => Form::Html,
            ReportFormat::Markdown => Form::Markdown,
            ReportFormat::Latex => Form::Latex,
        }
    }
}

pub fn run(arguments: &ReportArguments) -> Result<(), Failure> {
    // Before the work, not after it.
    let form = form(arguments)?;
    let progress = Progress::start();
    let model = Model::with_rows_if_found(&arguments.model, &progress)?;
    let mut options = ReportOptions {
        without_figures: arguments.no_figures || (arguments.output.is_none() && form != Form::Html),
        ..ReportOptions::default()
    };
    options.check.simulate = arguments.simulate.or_conditional();
    let document =
        ranef_report::report(&model.fit, model.data.as_deref(), &options, &mut |phase| {
            progress.phase(phase)
        })?;
    progress.phase("drawing");
    let stem = (arguments.output.as_deref())
        .and_then(Path::file_stem)
        .map_or_else(|| "report".to_owned(), |s| s.to_string_lossy().into_owned());
    let written = document.write(form, &stem);
    drop(progress);
    match &arguments.output {
        Some(path) => write(path, &written),
        None => output::text(&written.text),
    }
}

/// The language that the arguments ask for.
fn form(arguments: &ReportArguments) -> Result<Form, Failure> {
    if let Some(format) = arguments.format {
        return Ok(format.into());
    }
    let Some(path) = &arguments.output else {
        return Ok(Form::Html);
    };
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    match ending.as_deref() {
        Some("html" | "htm" | "xhtml") => Ok(Form::Html),
        Some("md" | "markdown" | "qmd" | "rmd") => Ok(Form::Markdown),
        Some("tex" | "latex") => Ok(Form::Latex),
        _ => Err(Problem::new(
            "usage",
            format!(
                "the ending of `{}` does not say in which language a report is to be written",
                path.display()
            ),
        )
        .hint("name the file .html, .md or .tex, or say --format html, markdown or latex")
        .into()),
    }
}

/// Writes the files beside the text first: a text that names figures that are not there would be
/// worse than none.
fn write(path: &Path, written: &Written) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(Path::new(""));
    for (name, bytes) in &written.files {
        let beside = folder.join(name);
        if let Some(folder) = beside.parent() {
            std::fs::create_dir_all(folder).map_err(|error| -> Failure {
                let why = ranef::frame::io_reason(&error);
                let message = format!("cannot make the folder `{}`: {why}", folder.display());
                Problem::new("write_failed", message).into()
            })?;
        }
        whole(&beside, bytes)?;
    }
    whole(path, written.text.as_bytes())
}
