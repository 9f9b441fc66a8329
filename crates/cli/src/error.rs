//! How a command fails: on standard error for people, and with `--json` on standard output for
//! programs too.

use std::io;
use std::process::ExitCode;

use ranef::Place;
use ranef::frame::FrameError;
use serde_json::json;

/// Why a command ends without its answer.
#[derive(Debug)]
pub enum Failure {
    /// Model or data cannot give an answer.
    Problem(Box<Problem>),
    /// Nobody reads the output any more, as after `| head`.
    Unread,
}

/// What is wrong, where, and the way out.
#[derive(Debug)]
pub struct Problem {
    pub code: &'static str,
    pub message: String,
    pub hint: Option<String>,
    pub place: Option<Place>,
}

impl Problem {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
            place: None,
        }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn print(&self) {
        anstream::eprintln!("{ERROR}error{RESET}: {}", self.message);
        if let Some(place) = &self.place {
            let caret = place.caret();
            let (line, pointer) = caret.split_once('\n').unwrap_or((&caret, ""));
            anstream::eprintln!("\n  {line}\n  {ERROR}{pointer}{RESET}\n");
        }
        if let Some(hint) = &self.hint {
            anstream::eprintln!("{HELP}help{RESET}: {hint}");
        }
    }
}

const ERROR: &str = "\x1b[1;31m";
const HELP: &str = "\x1b[1;36m";
const RESET: &str = "\x1b[0m";

impl Failure {
    /// A mistake in ranef itself.
    pub fn panicked() -> Self {
        Problem::new("internal", "ranef made a mistake and cannot go on")
            .hint("please report it, with the formula and, if possible, the data")
            .into()
    }

    /// Tells the user, and gives the exit code.
    pub fn report(&self, json: bool) -> ExitCode {
        match self {
            Failure::Unread => ExitCode::SUCCESS,
            Failure::Problem(problem) => {
                problem.print();
                if json {
                    print_json(problem.code, &problem.message, problem.hint.as_deref());
                }
                ExitCode::from(1)
            }
        }
    }
}

/// Wrong usage, in clap's words: help and version go to standard output and are no error.
pub fn report_usage(usage: &clap::Error, json: bool) -> ExitCode {
    // Nothing can be done if even the message cannot be written.
    let _ = usage.print();
    if json && usage.use_stderr() {
        let text = usage.render().to_string();
        let message = text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        print_json("usage", message, Some("`--help` shows what can be typed"));
    }
    ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(2))
}

fn print_json(code: &str, message: &str, hint: Option<&str>) {
    let error = json!({"error": {"code": code, "message": message, "hint": hint}});
    // Whoever asked for it may be gone; the exit code still tells.
    let _ = crate::output::json(&error);
}

/// A panic is reported in one line, without a backtrace; `main` turns it into an exit code.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info
            .location()
            .map_or(String::new(), |l| format!(" at {}:{}", l.file(), l.line()));
        let reason = info.payload_as_str().unwrap_or("unknown reason");
        anstream::eprintln!("internal error{place}: {reason}");
    }));
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Failure::Problem(Box::new(problem))
    }
}

impl From<ranef::Error> for Problem {
    fn from(error: ranef::Error) -> Self {
        Self {
            code: error.code(),
            message: error.to_string(),
            hint: error.hint().map(str::to_owned),
            place: error.place().cloned(),
        }
    }
}

impl From<ranef::Error> for Failure {
    fn from(error: ranef::Error) -> Self {
        Problem::from(error).into()
    }
}

impl From<FrameError> for Failure {
    fn from(error: FrameError) -> Self {
        ranef::Error::from(error).into()
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure::Unread;
        }
        Problem::new("write_failed", format!("cannot write the output: {error}")).into()
    }
}
