//! The project's own tasks: `cargo xtask TASK`. Plain Rust without dependencies, so that it
//! builds in a second.

mod bench;
mod gallery;
mod proof;
mod python;
mod step;
mod test;
mod wheel;

use std::process::ExitCode;

/// A task: its name, what follows the name, one line of help, and what it does.
struct Task {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<(), step::Failure>,
}

const TASKS: [Task; 6] = [
    Task {
        name: "test",
        arguments: "[python]",
        about: "format, lints, all tests and documentation examples; or those of the Python package",
        run: test::run,
    },
    Task {
        name: "bench",
        arguments: "[NAME…]",
        about: "speed and memory beside lme4, glmm, polars, statsmodels (see bench/README.md)",
        run: bench::run,
    },
    Task {
        name: "gallery",
        arguments: "[--check]",
        about: "the pictures of guide/gallery.md, or whether they are current",
        run: gallery::run,
    },
    Task {
        name: "proof",
        arguments: "[DATA-SETS [BOOTSTRAPPED [REPLICATES]]]",
        about: "levels of tests and coverage of intervals, as in guide/power.md",
        run: proof::run,
    },
    Task {
        name: "wheel",
        arguments: "",
        about: "the wheel and the source archive of the Python package, built, checked and installed",
        run: wheel::run,
    },
    Task {
        name: "help",
        arguments: "",
        about: "this list",
        run: help,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("help", [].as_slice()),
    };
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        eprintln!("error: there is no task `{name}`; `cargo xtask help` lists them");
        return ExitCode::from(2);
    };
    match (task.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nerror: {failure}");
            failure.exit_code()
        }
    }
}

fn help(_: &[String]) -> Result<(), step::Failure> {
    println!("cargo xtask TASK\n");
    for task in &TASKS {
        let usage = format!("{} {}", task.name, task.arguments);
        println!("  {usage:14}  {}", task.about);
    }
    Ok(())
}
