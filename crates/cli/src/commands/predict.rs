//! `ranef predict`: expected values for rows, old or new, and intervals.

use std::fs::File;
use std::io::{BufWriter, Write};

use ranef::frame::io_reason;
use ranef::{Budget, Groups, PredictOptions, Predictions};

use crate::arguments::{Interval, PredictArguments};
use crate::error::{Failure, Problem};
use crate::model::Model;
use crate::progress::Progress;
use crate::{data, output};

pub fn run(arguments: &PredictArguments) -> Result<(), Failure> {
    let progress = Progress::start();
    let options = options(arguments);
    let mut model = Model::of(&arguments.model, &progress)?;
    if arguments.interval.is_some() && asks_for_groups(arguments) && model.fit.joint().is_err() {
        // Too large to be saved with the model: its rows have to be read again.
        model = Model::with_rows(&arguments.model, &progress)?;
    }
    let rows = match (&arguments.newdata, &arguments.model.data) {
        (Some(name), _) | (None, Some(name)) => data::open(name, &arguments.model.read)?,
        // Its own rows: at hand, or of a saved model where it was fitted.
        (None, None) => match model.data.take() {
            Some(rows) => rows,
            None => model.find_rows()?,
        },
    };
    progress.phase("predicting");
    let predictions = model.fit.predict(&*rows, options).map_err(|error| {
        let mut problem = Problem::from(error);
        let of_model = problem.code == "unknown_random_effects";
        if let Some(name) = arguments.newdata.as_ref().filter(|_| !of_model) {
            // A column that is not there, a level not seen: of the new data, not of the model.
            problem.message.insert_str(0, &format!("`{name}`: "));
        }
        problem
    })?;
    drop(progress);
    match &arguments.output {
        None => {
            let mut out = output::stdout();
            write(&predictions, arguments, &mut out)?;
            out.flush()?;
        }
        Some(path) => {
            let cannot = |e: std::io::Error| {
                Problem::new(
                    "write_failed",
                    format!("cannot write `{}`: {}", path.display(), io_reason(&e)),
                )
            };
            let mut out = BufWriter::new(File::create(path).map_err(cannot)?);
            write(&predictions, arguments, &mut out)?;
            out.flush().map_err(cannot)?;
        }
    }
    remark(&predictions);
    Ok(())
}

/// What to predict, as the arguments say it.
fn options(arguments: &PredictArguments) -> PredictOptions {
    let re: Vec<&str> = arguments.re.iter().map(|r| r.trim()).collect();
    let mut options = match re[..] {
        ["all"] => Groups::All.into(),
        ["none"] => Groups::None.into(),
        ["new"] => Groups::New.into(),
        ["average"] => Groups::Average.into(),
        _ => PredictOptions::terms(re),
    };
    if let Some(interval) = arguments.interval {
        options = options.interval(match interval {
            Interval::Confidence => ranef::Interval::Confidence,
            Interval::Prediction => ranef::Interval::Prediction,
        });
    }
    if let Some(trials) = arguments.trials {
        options = options.trials(trials);
    }
    options.scale(arguments.scale.into()).level(arguments.level)
}

/// Whether the random effects of known groups are taken in.
fn asks_for_groups(arguments: &PredictArguments) -> bool {
    !matches!(arguments.re[..], [ref one] if one == "none" || one == "new" || one == "average")
}

/// What deserves a word beside the numbers; on standard error, to keep the numbers clean.
fn remark(predictions: &Predictions) {
    let mut remarks: Vec<String> = Vec::new();
    remarks.extend(predictions.notes.iter().map(|note| note.message.clone()));
    match (&predictions.intervals, &predictions.meaning) {
        (Some(intervals), _) => remarks.push(intervals.sentence()),
        (None, Some(meaning)) => remarks.push(format!("predicted: {meaning}")),
        (None, None) => {}
    }
    let rows = |n: usize, one: &str, many: &str| match n {
        1 => format!("1 row {one}"),
        n => format!("{n} rows {many}"),
    };
    for (group, count) in &predictions.new_levels {
        let count = rows(*count, "has", "have");
        let effect = match &predictions.intervals {
            None => format!("there `{group}` counts as average"),
            Some(_) => format!(
                "there the prediction is that of an average `{group}`, and the interval takes in \
                 how far groups differ"
            ),
        };
        remarks.push(format!(
            "{count} a level of `{group}` that the model has not seen; {effect}"
        ));
    }
    let missing = predictions.fit.iter().filter(|f| f.is_none()).count();
    if missing > 0 {
        let count = rows(missing, "gets", "get");
        remarks.push(format!(
            "{count} no prediction, for want of a value that the model needs"
        ));
    }
    let columns = output::columns(&std::io::stderr()).unwrap_or(usize::MAX);
    let mut text = String::new();
    for remark in remarks {
        text += &output::wrap(&format!("note: {remark}"), columns);
        text.push('\n');
    }
    // In one piece, so that no other program's lines come in between.
    eprint!("{text}");
}

fn write(
    predictions: &Predictions,
    arguments: &PredictArguments,
    out: &mut impl Write,
) -> Result<(), Failure> {
    if arguments.json {
        return output::write_json(predictions, out);
    }
    let intervals = predictions.intervals.as_ref();
    let mut head: Vec<String> = vec!["fit".to_owned()];
    let mut more = |names: &[&str]| head.extend(names.iter().map(|&name| name.to_owned()));
    if intervals.is_some() {
        more(&["std_error", "lower", "upper"]);
    }
    if arguments.shares {
        more(&["fixed", "random", "groups", "residual"]);
    }
    let sure = intervals.is_some_and(|all| all.kind == ranef::Interval::Confidence);
    for category in &predictions.categories {
        head.push(format!("prob_{category}"));
        if sure {
            let parts = ["std_error", "lower", "upper"];
            head.extend(parts.map(|part| format!("prob_{category}_{part}")));
        }
    }
    let head: Vec<String> = head.iter().map(|name| quoted(name)).collect();
    writeln!(out, "{}", head.join(","))?;
    for (row, &fit) in predictions.fit.iter().enumerate() {
        write_cell(fit, out)?;
        if let Some(all) = intervals {
            let found = all.rows[row];
            let mut cells = vec![
                found.map(|i| i.std_error),
                found.map(|i| i.lower),
                found.map(|i| i.upper),
            ];
            if arguments.shares {
                let shares = found.and_then(|i| i.variance.shares());
                let part = |of: fn(Budget) -> f64| shares.map(of);
                cells.extend([
                    part(|s| s.fixed),
                    part(|s| s.random),
                    part(|s| s.groups),
                    part(|s| s.residual),
                ]);
            }
            for cell in cells {
                write!(out, ",")?;
                write_cell(cell, out)?;
            }
        }
        let chances = predictions.probabilities.get(row).and_then(Option::as_ref);
        for k in 0..predictions.categories.len() {
            let chance = chances.map(|all| all[k]);
            write!(out, ",")?;
            write_cell(chance.map(|c| c.fit), out)?;
            for part in 0..if sure { 3 } else { 0 } {
                write!(out, ",")?;
                write_cell(chance.and_then(|c| Some(c.interval?[part])), out)?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

/// A cell of text, in quotes where it has to be.
fn quoted(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn write_cell(value: Option<f64>, out: &mut impl Write) -> std::io::Result<()> {
    match value {
        None => write!(out, "NA"),
        // Display would write 1e300 with all its zeros.
        Some(value) if value.abs() < 1e15 => write!(out, "{value}"),
        Some(value) => write!(out, "{value:e}"),
    }
}
