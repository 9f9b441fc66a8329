//! `ranef data`: the built-in data sets.

use std::io::Write;

use ranef::frame::{DataSet, datasets, write_csv};
use serde_json::{Value, json};

use crate::arguments::DataArguments;
use crate::error::{Failure, Problem};
use crate::output::{self, Watched};

pub fn run(arguments: &DataArguments) -> Result<(), Failure> {
    let Some(name) = &arguments.name else {
        return list(arguments.json);
    };
    let set = find(name)?;
    if arguments.json {
        return output::json(&description(set));
    }
    if arguments.csv {
        let mut out = Watched::new(output::stdout());
        let written = write_csv(&set.load(), &mut out);
        if out.unread() {
            return Err(Failure::Unread);
        }
        written?;
        return Ok(out.flush()?);
    }
    output::text(set.describe())
}

fn find(name: &str) -> Result<&'static DataSet, Failure> {
    if let Some(set) = datasets().iter().find(|d| d.name == name) {
        return Ok(set);
    }
    let names: Vec<&str> = datasets().iter().map(|d| d.name).collect();
    let near = ranef::formula::did_you_mean(name, names);
    let problem = Problem::new(
        "unknown_data",
        format!("there is no built-in data set `{name}`"),
    );
    Err(match near {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint("`ranef data` lists them"),
    }
    .into())
}

fn list(json: bool) -> Result<(), Failure> {
    if json {
        let sets: Vec<Value> = datasets()
            .iter()
            .map(|d| json!({"name": d.name, "rows": d.rows, "title": d.title}))
            .collect();
        return output::json(&json!({ "datasets": sets }));
    }
    let width = datasets().iter().map(|d| d.name.len()).max().unwrap_or(0);
    let lines: String = datasets()
        .iter()
        .map(|d| format!("{:width$}  {:>6}  {}\n", d.name, d.rows, d.title))
        .collect();
    output::text(format_args!(
        "{:width$}  {:>6}  What it is\n{lines}\n`ranef data NAME` describes one, \
         `ranef data NAME --csv` writes it out.\n",
        "Name", "Rows"
    ))
}

fn description(set: &DataSet) -> Value {
    let columns: Vec<Value> = set
        .columns
        .iter()
        .map(|(name, meaning)| json!({"name": name, "description": meaning}))
        .collect();
    json!({
        "name": set.name,
        "title": set.title,
        "description": set.description,
        "rows": set.rows,
        "columns": columns,
        "source": set.source,
    })
}
