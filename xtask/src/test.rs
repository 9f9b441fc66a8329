//! `cargo xtask test`: all that must hold before a change lands.

use crate::python;
use crate::step::{Failure, Step, run_all};

/// Runs every check, the quick ones first; or with the word `python` those of the Python package
/// alone. The tests in Rust come last and unfiltered, so that the runners' own closing lines are the
/// last that is seen.
pub fn run(names: &[String]) -> Result<(), Failure> {
    let build = Step::cargo("build", &["build", "--workspace"]);
    match names {
        [] => {}
        [name] if name == "python" => {
            build.run()?;
            return python::test();
        }
        [name, ..] => return Err(Failure::new(format!("there are no tests called `{name}`"))),
    }
    run_all(&[
        Step::cargo("format", &["fmt", "--all", "--check"]),
        Step::cargo(
            "format of bench",
            &["fmt", "--manifest-path", "bench/Cargo.toml", "--check"],
        ),
        Step::cargo(
            "lints",
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ],
        ),
        build,
    ])?;
    crate::gallery::run(&["--check".to_owned()])?;
    python::test()?;
    Step::cargo("tests", &["test", "--workspace"]).run()
}
