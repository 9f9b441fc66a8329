//! `cargo xtask bench`: the measurements of `bench/`, a workspace of its own because its peers
//! are no dependencies of ours.

use crate::step::{Failure, Step};

/// Builds and runs the benchmarks whose names contain one of the arguments, or all of them.
pub fn run(names: &[String]) -> Result<(), Failure> {
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
