//! `cargo xtask bench`: the measurements of `bench/`, a workspace of its own because its peers
//! are no dependencies of ours.

use crate::python;
use crate::step::{Failure, Step};

/// Builds and runs the benchmarks whose names contain one of the arguments, or all of them.
/// The word `python` runs those of the Python package, beside others there.
pub fn run(names: &[String]) -> Result<(), Failure> {
    if let [first, rest @ ..] = names
        && first == "python"
    {
        Step::cargo("build", &["build", "--release", "--workspace"]).run()?;
        let interpreter = python::environment("python-bench", "bench/python/requirements.txt")?;
        python::place_module("release")?;
        return python::step("bench", &interpreter, &["../../bench/python/bench.py"])
            .with(rest)
            .run();
    }
    Step::cargo(
        "bench",
        &[
            "run",
            "--release",
            "--manifest-path",
            "bench/Cargo.toml",
            "--",
        ],
    )
    .with(names)
    .run()
}
