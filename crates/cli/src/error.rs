//! How a command fails: on standard error for people, and with `--json` on standard output for
//! programs too.

use std::ffi::OsString;
use std::io;

use ranef::Place;
use ranef::formula::Span;
use ranef::frame::{FrameError, io_reason};
use serde::Serialize;

use crate::{habits, interrupt, output};

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

    /// 1, or 2 where what was typed makes no sense with any model and any data. A name that the
    /// model or the data do not have is 1: with others it would be right.
    fn exit_code(&self) -> u8 {
        match self.code {
            "usage" | "swapped" | "one_model" | "one_data" | "needs_predictor"
            | "predictor_twice" | "empty_contrast" | "bad_level" | "unknown_family"
            | "unknown_link" | "link_not_allowed" | "unknown_figure" | "facets_by"
            | "many_terms" | "too_few_replicates" | "too_few_draws" | "no_simulations"
            | "bootstrap_only" | "bad_target" | "bad_probability" => 2,
            // As a shell reports what Ctrl-C ended.
            "interrupted" => 130,
            _ => 1,
        }
    }

    fn print(&self) {
        let columns = output::columns(&io::stderr()).unwrap_or(usize::MAX);
        let text = output::wrap(&format!("error: {}", self.message), columns);
        anstream::eprintln!("{ERROR}error{RESET}{}", &text["error".len()..]);
        if let Some(place) = self.place.as_ref().filter(|p| !p.formula.trim().is_empty()) {
            let caret = shortened(place, columns.saturating_sub(2)).caret();
            let (line, pointer) = caret.split_once('\n').unwrap_or((&caret, ""));
            anstream::eprintln!("\n  {line}\n  {ERROR}{pointer}{RESET}\n");
        }
        if let Some(hint) = &self.hint {
            let text = output::wrap(&format!("help: {hint}"), columns);
            anstream::eprintln!("{HELP}help{RESET}{}", &text["help".len()..]);
        }
    }
}

/// A formula too long for a line is shown around the place that is meant.
fn shortened(place: &Place, columns: usize) -> Place {
    let characters: Vec<(usize, char)> = place.formula.char_indices().collect();
    if characters.len() <= columns || place.formula.contains('\n') {
        return place.clone();
    }
    let position = |byte: usize| characters.partition_point(|&(at, _)| at < byte);
    let meant = position(place.span.start);
    let room = columns.saturating_sub(2).max(10);
    let first = meant
        .saturating_sub(room / 3)
        .min(characters.len().saturating_sub(room));
    let last = (first + room).min(characters.len());
    let mut formula = String::new();
    if first > 0 {
        formula.push('…');
    }
    let kept = characters.get(first).map_or(0, |&(at, _)| at);
    let shift = |byte: usize| byte.max(kept) - kept + formula.len();
    let span = Span::new(shift(place.span.start), shift(place.span.end));
    formula.extend(characters[first..last].iter().map(|(_, c)| c));
    let span = Span::new(span.start, span.end.min(formula.len()));
    if last < characters.len() {
        formula.push('…');
    }
    Place { formula, span }
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
    pub fn report(&self, json: bool) -> u8 {
        match self {
            Failure::Unread => 0,
            Failure::Problem(problem) => {
                problem.print();
                if json {
                    print_json(problem.code, &problem.message, problem.hint.as_deref());
                }
                problem.exit_code()
            }
        }
    }
}

/// Wrong usage, in clap's words: help and version go to standard output and are no error. Who
/// types what R calls it is told what it is called here.
pub fn report_usage(usage: &clap::Error, given: &[OsString]) -> u8 {
    let json = given.iter().any(|a| a == "--json");
    if let Some((message, hint)) = habits::answer(usage, given) {
        let problem = Problem::new("usage", message).hint(hint);
        return Failure::from(problem).report(json);
    }
    // Nothing can be done if even the message cannot be written.
    let _ = usage.print();
    if json && usage.use_stderr() {
        let text = usage.render().to_string();
        // What is missing or unknown may stand on lines of its own.
        let lines: Vec<&str> = text
            .lines()
            .map(str::trim)
            .take_while(|line| !line.is_empty())
            .collect();
        let message = lines.join(" ");
        let message = message.trim_start_matches("error: ");
        print_json("usage", message, Some("`--help` shows what can be typed"));
    }
    u8::try_from(usage.exit_code()).unwrap_or(2)
}

#[derive(Serialize)]
struct ErrorObject<'a> {
    error: ErrorBody<'a>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    code: &'a str,
    message: &'a str,
    hint: Option<&'a str>,
}

fn print_json(code: &str, message: &str, hint: Option<&str>) {
    let error = ErrorObject {
        error: ErrorBody {
            code,
            message,
            hint,
        },
    };
    // Whoever asked for it may be gone; the exit code still tells.
    let _ = output::json(&error);
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
        let kept = (error.code() == "interrupted").then_some(interrupt::KEPT);
        Self {
            code: error.code(),
            message: error.to_string(),
            hint: error.hint().or(kept).map(str::to_owned),
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
        let why = io_reason(&error);
        Problem::new("write_failed", format!("cannot write the output: {why}")).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_formulas_are_shown_around_the_place() {
        let formula = format!(
            "y ~ {}größe + {}z",
            "abc + ".repeat(20),
            "def + ".repeat(20)
        );
        let start = formula.find("größe").expect("it is there");
        let place = Place {
            span: Span::new(start, start + "größe".len()),
            formula,
        };
        let caret = shortened(&place, 40).caret();
        let (line, pointer) = caret.split_once('\n').expect("two lines");
        assert_eq!(line, "…abc + abc + größe + def + def + def + …");
        assert_eq!(pointer.trim_start(), "^^^^^");
        let before = line.split('g').next().expect("a text");
        assert_eq!(pointer.find('^'), Some(before.chars().count()));
        assert_eq!(shortened(&place, 400), place);
    }

    #[test]
    fn the_end_of_a_long_formula_is_shown_whole() {
        let formula = format!("y ~ {}(1 | g", "abc + ".repeat(20));
        let end = formula.len();
        let place = Place {
            formula,
            span: Span::new(end, end),
        };
        let caret = shortened(&place, 30).caret();
        assert!(caret.contains("(1 | g\n"), "{caret}");
        assert!(caret.ends_with("    ^"), "{caret}");
    }
}
