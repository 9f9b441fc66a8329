//! `ranef fit`: a model from a formula and data.

use std::path::Path;

use ranef::frame::Source;
use ranef::{Fit, SimplerModel};

use crate::arguments::FitArguments;
use crate::error::{Failure, Problem};
use crate::progress::Progress;
use crate::{model, output};

pub fn run(arguments: &FitArguments) -> Result<(), Failure> {
    model::not_swapped(&arguments.formula, &arguments.data)?;
    let lmer = model::lmer(&arguments.formula, &arguments.options)?;
    if let Some(path) = &arguments.save {
        check_target(path)?;
    }
    let progress = Progress::start();
    let (fit, data) = model::fit(&lmer, &arguments.data, &arguments.read, &progress)?;
    if arguments.json && arguments.save.is_none() {
        let report = fit.report();
        drop(progress);
        return output::json(&report);
    }
    progress.phase("residuals");
    fit.summarise_residuals(&*data)?;
    if arguments.json {
        let report = fit.report();
        drop(progress);
        save(&fit, arguments.save.as_deref())?;
        return output::json(&report);
    }
    let summary = output::summary(&fit);
    drop(progress);
    output::text(summary)?;
    if fit.singular() {
        explain_simpler(&fit, &*data)?;
    }
    if let Some(path) = &arguments.save {
        save(&fit, Some(path))?;
        let path = path.display();
        output::text(format_args!(
            "\nSaved as {path}: `ranef predict {path} NEWDATA` predicts from it.\n"
        ))?;
    }
    Ok(())
}

/// A fit may take long; that it has nowhere to go is better said before.
fn check_target(path: &Path) -> Result<(), Failure> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    let shown = path.display();
    let message = if path.is_dir() {
        format!("cannot save the model as `{shown}`: it is a directory")
    } else if let Some(folder) = folder.filter(|f| !f.is_dir()) {
        format!(
            "cannot save the model as `{shown}`: there is no folder `{}`",
            folder.display()
        )
    } else {
        return Ok(());
    };
    Err(Problem::new("model_not_saved", message)
        .hint("name a file in a folder that exists, such as `--save model.json`")
        .into())
}

fn save(fit: &Fit, path: Option<&Path>) -> Result<(), Failure> {
    path.map_or(Ok(()), |path| Ok(fit.save(path)?))
}

/// What a singular fit leaves open: which simpler model does as well.
fn explain_simpler(fit: &Fit, data: &dyn Source) -> Result<(), Failure> {
    let progress = Progress::start();
    progress.phase("fitting simpler models");
    let models = fit.simpler_models(data);
    drop(progress);
    if models.is_empty() {
        return Ok(());
    }
    output::text(simpler_table(fit, &models))
}

fn simpler_table(fit: &Fit, models: &[SimplerModel]) -> String {
    let criterion = if fit.reml() {
        "REML criterion"
    } else {
        "deviance"
    };
    let mut text = format!("\nWhat simpler models would cost, as a rise of the {criterion}:\n");
    for model in models {
        let parameters = match model.fewer_parameters {
            1 => "1 parameter fewer ".to_owned(),
            n => format!("{n} parameters fewer"),
        };
        // Rounding may leave a cost a little below zero.
        let cost = model.cost.max(0.0);
        let still = if model.singular {
            "  (singular too)"
        } else {
            ""
        };
        text.push_str(&format!(
            "  {cost:>8.2}  {parameters}  {}{still}\n",
            model.formula
        ));
    }
    if models.iter().any(|m| m.cost < 0.01) {
        text.push_str("A cost of 0 means that the simpler model fits these data just as well.\n");
    }
    text
}
