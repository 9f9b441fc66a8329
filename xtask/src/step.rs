//! One command of a task: announced, run with its output untouched, and judged by its exit code.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// A command to run, and what it is for.
pub struct Step {
    title: &'static str,
    program: String,
    arguments: Vec<String>,
    folder: PathBuf,
    environment: Vec<(&'static str, String)>,
}

impl Step {
    /// A step that calls the same cargo that called xtask.
    pub fn cargo(title: &'static str, arguments: &[&str]) -> Self {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        Self::program(title, &cargo, arguments)
    }

    /// A step that calls any program.
    pub fn program(title: &'static str, program: &str, arguments: &[&str]) -> Self {
        Self {
            title,
            program: program.to_owned(),
            arguments: arguments.iter().map(|&a| a.to_owned()).collect(),
            folder: root(),
            environment: Vec::new(),
        }
    }

    /// Runs it in a folder of the project instead of at its root.
    pub fn within(mut self, folder: &str) -> Self {
        self.folder = root().join(folder);
        self
    }

    /// Sets a variable of its environment.
    pub fn variable(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// Adds arguments that came from the command line.
    pub fn with(mut self, arguments: &[String]) -> Self {
        self.arguments.extend_from_slice(arguments);
        self
    }

    /// Runs the step.
    pub fn run(&self) -> Result<(), Failure> {
        eprintln!("\n── {}: {}", self.title, self.command_line());
        let status = Command::new(&self.program)
            .args(&self.arguments)
            .current_dir(&self.folder)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .status();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Failure {
                what: format!("{}: {} ({status})", self.title, self.command_line()),
                code: status.code(),
            }),
            Err(error) => Err(Failure {
                what: format!("{}: cannot run {}: {error}", self.title, self.program),
                code: None,
            }),
        }
    }

    fn command_line(&self) -> String {
        let name = Path::new(&self.program)
            .file_name()
            .map_or(self.program.as_str().into(), |n| n.to_string_lossy());
        format!("{name} {}", self.arguments.join(" "))
    }
}

/// Runs the steps in order, up to the first that fails.
pub fn run_all(steps: &[Step]) -> Result<(), Failure> {
    steps.iter().try_for_each(Step::run)
}

/// A step that failed, with its exit code where there is one.
#[derive(Debug)]
pub struct Failure {
    what: String,
    code: Option<i32>,
}

impl Failure {
    /// A failure of xtask itself.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            code: None,
        }
    }

    /// The code of the step, so that callers of xtask see what its callee said; 1 for a step that
    /// was killed or could not be started.
    pub fn exit_code(&self) -> ExitCode {
        let code = self.code.and_then(|c| u8::try_from(c).ok()).unwrap_or(1);
        ExitCode::from(code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// The root of the project, wherever xtask is called from.
pub fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}
