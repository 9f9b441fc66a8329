//! `cargo xtask test`: all that must hold before a change lands.

use crate::python;
use crate::step::{Failure, Step, run_all};

/// Programs that the tests of reports in a browser take.
const BROWSERS: [&str; 5] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
];

/// Runs every check, the quick ones first; or with the word `python` those of the Python package
/// alone. The tests in Rust come last and unfiltered, so that the runners' own closing lines are seen;
/// below them stands only what was left out.
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
    let tests = Step::cargo("tests", &["test", "--workspace"]).run();
    say_of_browser();
    tests
}

/// Reports are opened in a browser where there is one; where there is none, that is said and not
/// passed over.
fn say_of_browser() {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::var_os("RANEF_BROWSER").is_some()
        || std::env::split_paths(&path).any(|f| BROWSERS.iter().any(|b| f.join(b).is_file()));
    if !found {
        eprintln!(
            "\nleft out: reports in a browser, as there is no Chromium (install one, or name it in \
             RANEF_BROWSER)"
        );
    }
}
