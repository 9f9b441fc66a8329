//! The wheel and the source archive of the Python package, looked at as by somebody who installs them.
//!
//! Not part of `cargo xtask test`: maturin selects features of its own and builds all dependencies
//! again, which takes a quarter of an hour on two cores. What can be checked without building is a
//! test of the package (`tests/test_package.py`).

use crate::python::{PACKAGE, environment};
use crate::step::{Failure, Step, root};

/// Builds both into `target/wheels`, checks what is said of them, and installs the wheel into an
/// environment where nothing else is.
pub fn run(_: &[String]) -> Result<(), Failure> {
    let interpreter = environment("python", "crates/python/requirements-test.txt")?;
    let folder = root().join("target/wheels");
    let folder = folder.to_string_lossy();
    let maturin = |title, arguments: &[&str]| {
        Step::program(title, &interpreter, &["-m", "maturin"])
            .with(
                &arguments
                    .iter()
                    .map(|a| (*a).to_owned())
                    .collect::<Vec<_>>(),
            )
            .within(PACKAGE)
    };
    maturin("source archive", &["sdist", "--out", &folder]).run()?;
    maturin("wheel", &["build", "--release", "--out", &folder]).run()?;
    Step::program("what they say", &interpreter, &["tests/wheel.py", &folder])
        .within(PACKAGE)
        .run()
}
