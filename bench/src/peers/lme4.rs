//! lme4, at its best: R's reference BLAS is four times slower on InstEval than OpenBLAS, so the
//! bench looks for OpenBLAS, fetches it on Debian where it is not installed, and puts it before
//! R's own. One thread, and kernels that OpenBLAS also has for newer processors.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{io, thread};

use super::{PATIENCE, say};
use crate::case::Case;
use crate::data::home;
use crate::question::Question;
use crate::record::Record;

/// A script that takes longer is ended, and the record says so.
const LONGEST: Duration = Duration::from_secs(600);

/// Fits the case in R; a record without figures where R or lme4 is absent.
pub fn run(case: &Case, folder: &Path) -> Record {
    let mut command = r();
    command
        .arg(home().join("scripts/lme4.R"))
        .args([folder.as_os_str(), case.formula.as_ref()])
        .args([case.reml.to_string(), PATIENCE.to_string()])
        .arg(case.family);
    record(command, case.name, "lme4")
}

/// Asks a question in R, of lme4 or of the package that answers it there.
pub fn ask(question: &Question, folder: &Path) -> Record {
    let case = question.model();
    let mut command = r();
    command
        .arg(home().join("scripts/questions.R"))
        .args([folder.as_os_str(), case.formula.as_ref()])
        .args([case.reml.to_string(), PATIENCE.to_string()])
        .args([question.name, question.about]);
    record(command, &question.full_name(), "R")
}

/// Runs a script that prints a record.
fn record(mut command: Command, case: &str, peer: &str) -> Record {
    let failed = |why: String| Record::failed(case, peer, why);
    match patiently(&mut command) {
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            failed(format!("not finished in {LONGEST:?}, the fit before it included"))
        }
        Err(error) => failed(format!("skipped: no Rscript ({error})")),
        Ok(output) if !output.status.success() => {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.trim().lines().last().unwrap_or("no message");
            failed(format!("skipped: {last}"))
        }
        Ok(output) => match serde_json::from_slice::<Record>(&output.stdout) {
            Err(error) => failed(format!("unreadable answer: {error}")),
            Ok(record) => Record {
                case: case.into(),
                // A script that calls several packages says which one it was.
                peer: if record.peer.is_empty() {
                    peer.into()
                } else {
                    record.peer.clone()
                },
                ..record
            },
        },
    }
}

/// What a script prints, unless that takes too long: then it is ended.
fn patiently(command: &mut Command) -> io::Result<Output> {
    let mut script = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let started = Instant::now();
    // What it says fits into a pipe.
    while script.try_wait()?.is_none() {
        if started.elapsed() > LONGEST {
            script.kill()?;
            script.wait()?;
            return Err(io::ErrorKind::TimedOut.into());
        }
        thread::sleep(Duration::from_millis(100));
    }
    script.wait_with_output()
}

/// R's own name for its BLAS.
pub fn blas() -> String {
    let script = "cat(basename(extSoftVersion()['BLAS']))";
    let output = r().args(["-e", script]).output();
    output.map_or("no R".into(), |o| {
        String::from_utf8_lossy(&o.stdout).into_owned()
    })
}

/// Rscript with one thread of OpenBLAS.
pub fn r() -> Command {
    let mut command = Command::new("Rscript");
    command
        .env("OPENBLAS_NUM_THREADS", "1")
        .env("OPENBLAS_CORETYPE", "SkylakeX")
        .env("OMP_NUM_THREADS", "1");
    if let Some(library) = openblas() {
        let folders = [library.parent(), library.parent().and_then(Path::parent)];
        let folders: Vec<_> = folders
            .iter()
            .flatten()
            .map(|f| f.to_string_lossy())
            .collect();
        command.env("LD_LIBRARY_PATH", folders.join(":"));
        command.env("LD_PRELOAD", library);
    }
    command
}

/// The OpenBLAS that is installed, or unpacked below `data` from Debian's packages.
fn openblas() -> Option<PathBuf> {
    let path = "usr/lib/x86_64-linux-gnu/openblas-pthread/libopenblas.so.0";
    let installed = Path::new("/").join(path);
    if installed.exists() {
        return Some(installed);
    }
    let folder = home().join("data/openblas");
    let unpacked = folder.join(path);
    if !folder.exists() && say("Rscript", &["--version"]).is_some() {
        eprintln!("fetching OpenBLAS for R");
        let fetch = "apt-get -qq download libopenblas0-pthread libgfortran5 && \
                     for p in *.deb; do dpkg-deb -x $p .; done; rm -f *.deb";
        std::fs::create_dir_all(&folder).ok()?;
        let _ = Command::new("sh")
            .args(["-c", fetch])
            .current_dir(&folder)
            .status();
    }
    unpacked.exists().then_some(unpacked)
}
