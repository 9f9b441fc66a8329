//! Several models at once: saved ones, or formulas that are fitted to the same data.

use std::path::Path;

use clap::Args;
use ranef::Fit;

use crate::arguments::{ModelOptions, ReadArguments};
use crate::error::{Failure, Problem};
use crate::progress::Progress;
use crate::{data, model};

/// Saved models, or data and formulas to fit to them.
#[derive(Debug, Args)]
pub struct ModelsArguments {
    /// Files written by `ranef fit --save`; with -f, the data to fit the formulas to
    #[arg(value_name = "MODEL|DATA", required = true)]
    pub models: Vec<String>,

    /// Fit this formula instead of reading a saved model; may be given several times
    #[arg(
        short = 'f',
        long = "formula",
        value_name = "FORMULA",
        help_heading = "Model"
    )]
    pub formula: Vec<String>,

    #[command(flatten)]
    pub options: ModelOptions,

    #[command(flatten)]
    pub read: ReadArguments,
}

/// The models with their names: of a saved one its file without the ending, of a formula its number.
pub fn of(arguments: &ModelsArguments, progress: &Progress) -> Result<Vec<(String, Fit)>, Failure> {
    if arguments.formula.is_empty() {
        let fits = arguments.models.iter().map(|name| model::load(name));
        let fits: Vec<Fit> = fits.collect::<Result<_, _>>()?;
        return Ok(names(&arguments.models).into_iter().zip(fits).collect());
    }
    let [name] = arguments.models.as_slice() else {
        return Err(Problem::new(
            "several_data",
            "formulas given with -f are fitted to one set of data, but several are named",
        )
        .hint("name one: `-f FORMULA -f FORMULA DATA`")
        .into());
    };
    progress.phase("reading data");
    let source = data::open(name, &arguments.read)?;
    progress.phase("fitting");
    let fit = |(k, formula): (usize, &String)| {
        let fit = model::lmer(formula, &arguments.options)?.fit(&*source)?;
        Ok((format!("Model {}", k + 1), fit))
    };
    arguments.formula.iter().enumerate().map(fit).collect()
}

/// Names of files without folder and ending, unless that makes two of them equal.
fn names(files: &[String]) -> Vec<String> {
    let short = |file: &String| {
        let stem = Path::new(file).file_stem();
        stem.map_or(file.clone(), |s| s.to_string_lossy().into_owned())
    };
    let short: Vec<String> = files.iter().map(short).collect();
    let distinct = (1..short.len()).all(|i| !short[..i].contains(&short[i]));
    if distinct { short } else { files.to_vec() }
}
