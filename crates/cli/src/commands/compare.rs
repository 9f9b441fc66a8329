//! `ranef compare`: models side by side.

use ranef::Fit;

use crate::arguments::{CompareArguments, ModelArguments};
use crate::error::{Failure, Problem};
use crate::model::Model;
use crate::progress::Progress;
use crate::{models, output};

pub fn run(arguments: &CompareArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let fits = if arguments.formula.is_empty() {
        saved(arguments, &progress)?
    } else {
        fitted(arguments, &progress)?
    };
    progress.phase("comparing");
    let models: Vec<&Fit> = fits.iter().collect();
    let comparison = ranef::compare(&models, !arguments.no_refit)?;
    drop(progress);
    output::answer(&comparison, &arguments.answer)
}

/// All formulas fitted to one source of data.
fn fitted(arguments: &CompareArguments, progress: &Progress) -> Result<Vec<Fit>, Failure> {
    if arguments.formula.len() < 2 {
        return Err(too_few());
    }
    models::fitted(
        &arguments.models,
        &arguments.formula,
        &arguments.options,
        &arguments.read,
        progress,
    )
}

/// Saved models with their rows, which a refit needs.
fn saved(arguments: &CompareArguments, progress: &Progress) -> Result<Vec<Fit>, Failure> {
    if arguments.models.len() < 2 {
        return Err(too_few());
    }
    let one = |name: &String| -> Result<Fit, Failure> {
        let model = ModelArguments {
            model: name.clone(),
            formula: None,
            data: arguments.data.clone(),
            options: arguments.options.clone(),
            read: arguments.read.clone(),
        };
        Ok(Model::with_rows(&model, progress)?.fit)
    };
    arguments.models.iter().map(one).collect()
}

fn too_few() -> Failure {
    Problem::new("one_model", "a comparison needs two models or more")
        .hint("`ranef compare DATA -f F1 -f F2`, or `ranef compare M1.json M2.json`")
        .into()
}
