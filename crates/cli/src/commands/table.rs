//! `ranef table`: models side by side.

use clap::Args;
use ranef::RegressionTable;

use crate::arguments::{AnswerArguments, TableFormat};
use crate::error::Failure;
use crate::models::{self, ModelsArguments};
use crate::output;
use crate::progress::Progress;

/// Print models side by side, as in papers
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ranef table intercepts.json slopes.json
  ranef table intercepts.json slopes.json --format html > table.html
  ranef table -f 'Reaction ~ Days + (1 | Subject)' \\
      -f 'Reaction ~ Days + (Days | Subject)' \\
      sleepstudy --format latex

σ² is the residual variance, τ₀₀ the variance of an intercept between groups,
τ₁₁ that of a slope, ρ₀₁ their correlation, N the number of groups, ICC the
adjusted intraclass correlation; R² are those of Nakagawa (`ranef r2` says
more).")]
pub struct TableArguments {
    #[command(flatten)]
    pub models: ModelsArguments,

    #[command(flatten)]
    pub answer: AnswerArguments,
}

pub fn run(arguments: &TableArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let models = models::of(&arguments.models, &progress)?;
    let table = RegressionTable::of(models.iter().map(|(name, fit)| (name.as_str(), fit)));
    drop(progress);
    match arguments.answer.format {
        Some(format) if format != TableFormat::Text => {
            output::text(table.markup(output::markup(format)))
        }
        _ => output::answer(&table, &arguments.answer),
    }
}
