//! `cargo xtask test`: all that must hold before a change lands.

use crate::step::{Failure, Step, run_all};

/// Runs every check, the quick ones first. The tests come last and unfiltered, so that the
/// runners' own closing lines are the last that is seen.
pub fn run(_: &[String]) -> Result<(), Failure> {
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
    ])?;
    crate::gallery::run(&["--check".to_owned()])?;
    Step::cargo("tests", &["test", "--workspace"]).run()
}
