//! Those who are measured. Each fit happens in a process of its own, which loads the data first
//! and then times nothing but the call that a user would write.

pub mod glmm;
pub mod lme4;
pub mod ours;
pub mod polars;

/// Seconds after which a fit is not repeated any more (three runs at least).
pub const PATIENCE: f64 = 3.0;

/// The number that a tool prints about itself, or nothing if there is no such tool.
pub fn say(program: &str, arguments: &[&str]) -> Option<String> {
    let output = std::process::Command::new(program).args(arguments).output();
    let output = output.ok().filter(|o| o.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
