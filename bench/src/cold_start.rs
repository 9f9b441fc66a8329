//! From the shell's prompt to the printed summary of a small model.

use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::data::home;
use crate::measure::median;
use crate::peers::lme4;
use crate::record::Record;

/// Its name among the cases.
pub const NAME: &str = "cold-start";

/// Starts the command and R, each with the same model.
pub fn run(mut show: impl FnMut(Record) -> io::Result<()>) -> io::Result<()> {
    let binary = build()?;
    let mut ours = Command::new(&binary);
    ours.args(["fit", "Reaction ~ Days + (Days | Subject)", "sleepstudy"]);
    let mut record = time(NAME, "ranef", ours, 50);
    record.version = env!("CARGO_PKG_VERSION").into();
    let megabytes = std::fs::metadata(&binary)?.len() as f64 / 1e6;
    record
        .note
        .get_or_insert(format!("binary {megabytes:.1} MB"));
    show(record)?;

    let mut r = lme4::r();
    let script = "suppressMessages(library(lme4)); \
                  print(summary(lmer(Reaction ~ Days + (Days | Subject), sleepstudy)))";
    r.args(["-e", script]);
    show(time(NAME, "lme4", r, 5))
}

/// Wall time of a command, start to end.
pub fn time(case: &str, peer: &str, mut command: Command, runs: usize) -> Record {
    command.stdin(Stdio::null());
    let mut seconds = Vec::new();
    for _ in 0..runs {
        let start = Instant::now();
        match command.output() {
            Ok(output) if output.status.success() => {
                seconds.push(start.elapsed().as_secs_f64());
            }
            Ok(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                return Record::failed(case, peer, said.trim());
            }
            Err(error) => return Record::failed(case, peer, format!("skipped: {error}")),
        }
    }
    seconds.sort_by(f64::total_cmp);
    Record {
        case: case.into(),
        peer: peer.into(),
        runs,
        wall: Some([median(&seconds), seconds[0], seconds[runs - 1]]),
        ..Record::default()
    }
}

/// Builds the command as it is shipped.
pub fn build() -> io::Result<PathBuf> {
    let cargo = || {
        let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
        command.current_dir(home().join(".."));
        command
    };
    let arguments = ["build", "--release", "--package", "ranef-cli"];
    if !cargo().args(arguments).status()?.success() {
        return Err(io::Error::other("the command does not build"));
    }
    let arguments = ["metadata", "--format-version", "1", "--no-deps"];
    let metadata = cargo().args(arguments).stderr(Stdio::inherit()).output()?;
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout)?;
    let target = metadata["target_directory"].as_str().unwrap_or("target");
    Ok(PathBuf::from(target).join("release/ranef"))
}
