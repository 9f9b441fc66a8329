//! `ranef predict`: expected values for rows, old or new.

use std::fs::File;
use std::io::{BufWriter, Write};

use ranef::{Groups, Predictions};
use serde::Serialize;

use crate::arguments::{PredictArguments, Re};
use crate::error::{Failure, Problem};
use crate::model::Model;
use crate::progress::Progress;
use crate::{data, output};

pub fn run(arguments: &PredictArguments) -> Result<(), Failure> {
    if arguments.model.formula.is_none() && arguments.newdata.is_none() {
        // Before the model is read: a mistake of usage should not hide behind one of the file.
        return Err(Problem::new(
            "no_new_data",
            "a saved model holds no rows, so there is nothing to predict for",
        )
        .hint("name the data: `ranef predict MODEL NEWDATA`")
        .into());
    }
    let progress = Progress::start();
    let model = Model::of(&arguments.model, &progress)?;
    let new = match &arguments.newdata {
        Some(name) => Some(data::open(name, &arguments.model.read)?),
        None => model.data,
    };
    let Some(rows) = new else {
        return Ok(());
    };
    progress.phase("predicting");
    let groups = match arguments.re {
        Re::All => Groups::All,
        Re::None => Groups::None,
        Re::New => Groups::New,
    };
    let predictions = model.fit.predict(&*rows, groups).map_err(|error| {
        let mut problem = Problem::from(error);
        if let Some(name) = &arguments.newdata {
            // A column that is not there, a level not seen: of the new data, not of the model.
            problem.message.insert_str(0, &format!("`{name}`: "));
        }
        problem
    })?;
    drop(progress);
    match &arguments.output {
        None => {
            let mut out = output::stdout();
            write(&predictions, arguments.json, &mut out)?;
            out.flush()?;
        }
        Some(path) => {
            let cannot = |e: std::io::Error| {
                Problem::new(
                    "write_failed",
                    format!("cannot write `{}`: {e}", path.display()),
                )
            };
            let mut out = BufWriter::new(File::create(path).map_err(cannot)?);
            write(&predictions, arguments.json, &mut out)?;
            out.flush().map_err(cannot)?;
        }
    }
    remark(&predictions);
    Ok(())
}

/// What deserves a word beside the numbers; on standard error, to keep the numbers clean.
fn remark(predictions: &Predictions) {
    for note in &predictions.notes {
        eprintln!("note: {}", note.message);
    }
    for (group, rows) in &predictions.new_levels {
        eprintln!(
            "note: {} a level of `{group}` that the model has not seen; there `{group}` counts as \
             average",
            if *rows == 1 {
                "1 row has".to_owned()
            } else {
                format!("{rows} rows have")
            }
        );
    }
    let missing = predictions.fit.iter().filter(|f| f.is_none()).count();
    if missing > 0 {
        eprintln!(
            "note: {} no prediction, for want of a value that the model needs",
            if missing == 1 {
                "1 row gets".to_owned()
            } else {
                format!("{missing} rows get")
            }
        );
    }
}

#[derive(Serialize)]
struct Rows {
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    fit: Option<f64>,
    /// Not in this version, like the two after it.
    std_error: Option<f64>,
    lower: Option<f64>,
    upper: Option<f64>,
}

fn write(predictions: &Predictions, json: bool, out: &mut impl Write) -> Result<(), Failure> {
    if json {
        let rows = predictions.fit.iter().map(|&fit| Row {
            fit,
            std_error: None,
            lower: None,
            upper: None,
        });
        let rows: Vec<Row> = rows.collect();
        return output::write_json(&Rows { rows }, out);
    }
    writeln!(out, "fit")?;
    for fit in &predictions.fit {
        match fit {
            None => writeln!(out, "NA")?,
            // Display would write 1e300 with all its zeros.
            Some(value) if value.abs() < 1e15 => writeln!(out, "{value}")?,
            Some(value) => writeln!(out, "{value:e}")?,
        }
    }
    Ok(())
}
