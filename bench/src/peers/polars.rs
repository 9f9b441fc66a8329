//! polars, in a virtual environment that the bench makes.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::data::home;
use crate::record::Record;

/// The version that is compared with.
const VERSION: &str = "2.1.0";

/// Reads a CSV.
pub fn read_csv(case: &str, file: &Path, threads: usize, runs: usize) -> Record {
    let failed = |why: String| Record::failed(case, "polars", why);
    let Some(python) = python() else {
        return failed("skipped: no Python with pip".into());
    };
    let output = Command::new(python)
        .arg(home().join("scripts/read_csv.py"))
        .arg(file)
        .arg(runs.to_string())
        .env("POLARS_MAX_THREADS", threads.to_string())
        .output();
    match output {
        Ok(output) if output.status.success() => {
            match serde_json::from_slice::<Record>(&output.stdout) {
                Err(error) => failed(format!("unreadable answer: {error}")),
                Ok(record) => Record {
                    case: case.into(),
                    peer: "polars".into(),
                    ..record
                },
            }
        }
        Ok(output) => failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => failed(error.to_string()),
    }
}

/// Python of the environment, which is made if it is not there.
fn python() -> Option<PathBuf> {
    let folder = home().join("data/venv");
    let python = folder.join("bin/python");
    if !python.exists() {
        eprintln!("installing polars {VERSION}");
        let made = Command::new("python3")
            .args(["-m", "venv"])
            .arg(&folder)
            .status();
        let package = format!("polars=={VERSION}");
        let installed = Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", &package])
            .status();
        if !(made.ok()?.success() && installed.ok()?.success()) {
            let _ = std::fs::remove_dir_all(&folder);
            return None;
        }
    }
    Some(python)
}
