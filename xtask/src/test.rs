//! `cargo xtask test`: all that must hold before a change lands.

use crate::step::{Failure, Step, run_all};

/// Programs that the tests of reports in a browser take.
const BROWSERS: [&str; 5] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
];

/// Runs every check, the quick ones first. The tests come last and unfiltered, so that the
/// runners' own closing lines are the last that is seen.
pub fn run(_: &[String]) -> Result<(), Failure> {
    let browser = browser();
    say_of_browser(browser);
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
        Step::cargo("tests", &["test", "--workspace"]),
    ])?;
    // Once more where it is seen: what was left out is no success.
    say_of_browser(browser);
    Ok(())
}

/// Whether reports can be opened in a browser here.
fn browser() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::var_os("RANEF_BROWSER").is_some()
        || std::env::split_paths(&path).any(|f| BROWSERS.iter().any(|b| f.join(b).is_file()))
}

fn say_of_browser(found: bool) {
    if !found {
        eprintln!(
            "left out: reports in a browser, as there is no Chromium (install one, or name it in \
             RANEF_BROWSER)"
        );
    }
}
