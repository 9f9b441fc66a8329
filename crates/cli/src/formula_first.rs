//! `FORMULA DATA`, as `ranef fit` takes them, for commands that people ask before they have saved a
//! model; and, as for the other commands, a saved model or `-f FORMULA DATA`.

use clap::Args;

use crate::arguments::{ModelArguments, ModelOptions, ReadArguments};
use crate::error::{Failure, Problem};

/// A formula and data, or a saved model.
#[derive(Debug, Args)]
pub struct FormulaFirst {
    /// The model, such as 'score ~ x + (1 | school)', or a file written by `ranef fit --save`
    #[arg(value_name = "FORMULA|MODEL")]
    pub formula: String,

    /// The data to fit the formula to; those that a saved model was fitted to, if they are not
    /// where it says
    #[arg(value_name = "DATA")]
    pub rows: Option<String>,

    /// The rows that the saved model was fitted to, as in the other commands
    #[arg(
        long,
        value_name = "DATA",
        conflicts_with_all = ["rows", "fit"],
        help_heading = "Model"
    )]
    pub data: Option<String>,

    /// The formula, with the data alone as argument, as in the other commands
    #[arg(
        short = 'f',
        long = "formula",
        value_name = "FORMULA",
        conflicts_with = "rows",
        help_heading = "Model"
    )]
    pub fit: Option<String>,

    #[command(flatten)]
    pub options: ModelOptions,

    #[command(flatten)]
    pub read: ReadArguments,
}

impl FormulaFirst {
    /// The same as the other commands take it.
    pub fn into_model(self) -> Result<ModelArguments, Failure> {
        let Self {
            formula,
            rows,
            data,
            fit,
            options,
            read,
        } = self;
        // A formula has a tilde; the name of a file would be an odd one with it.
        let is_formula = |text: &str| text.contains('~');
        let (model, formula, data) = match (fit, rows) {
            (Some(fit), _) => (formula, Some(fit), None),
            (None, Some(rows)) if is_formula(&formula) || is_formula(&rows) => {
                // Where they are swapped, that is said in the words of the other commands.
                (rows, Some(formula), None)
            }
            (None, None) if is_formula(&formula) => {
                return Err(Problem::new(
                    "usage",
                    format!("`{formula}` is a formula, and there are no data to fit it to"),
                )
                .hint("name the data after the formula")
                .into());
            }
            (None, rows) => (formula, None, rows.or(data)),
        };
        if let Some(option) = options.given().filter(|_| formula.is_none()) {
            return Err(Problem::new(
                "usage",
                format!(
                    "`{option}` is for a formula: the saved model `{model}` has made its choices"
                ),
            )
            .hint("give a formula and data to fit it to, or leave the option out")
            .into());
        }
        Ok(ModelArguments {
            model,
            formula,
            data,
            options,
            read,
        })
    }
}
