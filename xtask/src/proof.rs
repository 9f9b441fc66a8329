//! `cargo xtask proof`: whether tests keep their level and intervals hold the truth, as the table that
//! stands in `guide/power.md`.

use crate::step::{Failure, Step};

/// Simulates and prints the table. The arguments are numbers: data sets, of these bootstrapped,
/// replicates of each.
pub fn run(numbers: &[String]) -> Result<(), Failure> {
    Step::cargo(
        "proof",
        &[
            "run",
            "--release",
            "--package",
            "ranef-engine",
            "--example",
            "proof",
            "--",
        ],
    )
    .with(numbers)
    .run()
}
