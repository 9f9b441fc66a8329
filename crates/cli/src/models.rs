//! Several models at once: saved ones, or formulas that are fitted to the same data.

use std::path::Path;

use clap::Args;
use ranef::Fit;
use ranef::frame::Source;

use crate::arguments::{ModelArguments, ModelOptions, ReadArguments};
use crate::error::{Failure, Problem};
use crate::model::Model;
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
    let (fits, _) = fitted(arguments, progress)?;
    let named = |(k, fit)| (format!("Model {}", k + 1), fit);
    Ok(fits.into_iter().enumerate().map(named).collect())
}

/// Models, and where their rows are: one source for each, or one for all.
pub type WithSources = (Vec<Fit>, Vec<Box<dyn Source>>);

/// The models with their rows, which a saved one is given again: from `data`, or from where it was
/// fitted.
pub fn with_sources(
    arguments: &ModelsArguments,
    data: Option<&str>,
    progress: &Progress,
) -> Result<WithSources, Failure> {
    if !arguments.formula.is_empty() {
        let (fits, source) = fitted(arguments, progress)?;
        return Ok((fits, vec![source]));
    }
    let one = |name: &String| -> Result<(Fit, Box<dyn Source>), Failure> {
        let model = ModelArguments {
            model: name.clone(),
            formula: None,
            data: data.map(str::to_owned),
            options: arguments.options.clone(),
            read: arguments.read.clone(),
        };
        let Model { fit, data, .. } = Model::with_rows(&model, progress)?;
        Ok((fit, data.ok_or_else(Failure::panicked)?))
    };
    let all: Vec<_> = (arguments.models.iter().map(one)).collect::<Result<_, Failure>>()?;
    Ok(all.into_iter().unzip())
}

/// All formulas fitted to the one set of data that is named.
fn fitted(
    arguments: &ModelsArguments,
    progress: &Progress,
) -> Result<(Vec<Fit>, Box<dyn Source>), Failure> {
    let [name] = arguments.models.as_slice() else {
        return Err(Problem::new(
            "one_data",
            "formulas given with -f are fitted to one set of data, and several are named",
        )
        .hint("give one: `DATA -f F1 -f F2`")
        .into());
    };
    progress.phase("reading data");
    let source = data::open(name, &arguments.read)?;
    progress.phase("fitting");
    let one = |formula: &String| Ok(model::lmer(formula, &arguments.options)?.fit(&*source)?);
    let fits: Vec<Fit> = (arguments.formula.iter().map(one)).collect::<Result<_, Failure>>()?;
    Ok((fits, source))
}

/// Names of files without folder and ending, unless that makes two of them equal.
pub fn names(files: &[String]) -> Vec<String> {
    let short = |file: &String| {
        let stem = Path::new(file).file_stem();
        stem.map_or(file.clone(), |s| s.to_string_lossy().into_owned())
    };
    let short: Vec<String> = files.iter().map(short).collect();
    let distinct = (1..short.len()).all(|i| !short[..i].contains(&short[i]));
    if distinct { short } else { files.to_vec() }
}
