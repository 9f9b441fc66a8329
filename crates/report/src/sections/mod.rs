//! What a report says, section by section.
//!
//! Every section has a file. A section asks the fit its questions and says what came out; a question
//! that this kind of model has no answer to becomes one sentence, and an error becomes a remark in
//! its place: one question that fails must not take the report with it, nor be passed over in
//! silence. The one error that ends a report is that it was interrupted.

mod brief;
mod checks;
mod code;
mod data;
mod methods;
mod model;
mod pooling;
mod results;
mod variance;

use ranef::frame::Source;
use ranef::{
    Check, CheckOptions, Diagnostics, Error, Fit, Icc, Markup, PredictorLevels, RSquared, Text,
};

use crate::document::{Block, Document, Level, Section};
use crate::figures::Figures;
use crate::references::Cited;

/// Confidence level of all intervals of a report.
pub(crate) const LEVEL: f64 = 0.95;

/// Choices around a report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReportOptions {
    /// How the fit is checked.
    pub check: CheckOptions,
    /// Leaves out all figures.
    pub without_figures: bool,
}

/// What the sections draw on: the fit, and the answers that several of them use.
pub(crate) struct Material<'a> {
    pub fit: &'a Fit,
    /// The rows that the model was fitted to, where they are at hand.
    pub rows: Option<&'a dyn Source>,
    /// The check, and what its figure shows.
    pub check: Result<(Check, Diagnostics), Error>,
    pub levels: Result<PredictorLevels, Error>,
    pub icc: Icc,
    pub r2: RSquared,
    pub cited: Cited,
    pub figures: Figures,
}

/// Asks a fit all that a report says. Without `rows` the sections that need them say how to get
/// them. `progress` is told what is going on.
///
/// # Errors
/// `interrupted` only: other errors stand in the report, where the answer would.
pub fn report(
    fit: &Fit,
    rows: Option<&dyn Source>,
    options: &ReportOptions,
    progress: &mut dyn FnMut(&'static str),
) -> Result<Document, Error> {
    progress("where the predictors vary");
    let needs_rows = || {
        Error::new(
            "needs_rows",
            "this needs the rows that the model was fitted to, and a saved model has none",
        )
    };
    let levels = rows.ok_or_else(needs_rows);
    let levels = uninterrupted(levels.and_then(|rows| fit.predictor_levels(rows)))?;
    let check = rows.ok_or_else(needs_rows);
    let check = uninterrupted(
        check.and_then(|rows| fit.check_with_diagnostics(rows, &options.check, progress)),
    )?;
    progress("shares of variance");
    let mut material = Material {
        fit,
        rows,
        check,
        levels,
        icc: fit.icc(LEVEL, None),
        r2: fit.r_squared(LEVEL),
        cited: Cited::default(),
        figures: Figures::new(options.without_figures),
    };
    let m = &mut material;
    let mut sections = vec![
        Section {
            name: "brief",
            title: "In brief",
            blocks: brief::blocks(m)?,
        },
        Section {
            name: "model",
            title: "The model",
            blocks: model::blocks(m)?,
        },
        Section {
            name: "data",
            title: "The data",
            blocks: data::blocks(m)?,
        },
    ];
    progress("results");
    sections.push(Section {
        name: "results",
        title: "Results",
        blocks: results::blocks(m)?,
    });
    progress("pooling");
    sections.push(Section {
        name: "pooling",
        title: "What pooling did",
        blocks: pooling::blocks(m)?,
    });
    sections.push(Section {
        name: "variance",
        title: "Where the variance lies",
        blocks: variance::blocks(m)?,
    });
    progress("figures of the check");
    sections.push(Section {
        name: "checks",
        title: "Is the fit sound?",
        blocks: checks::blocks(m)?,
    });
    sections.push(Section {
        name: "methods",
        title: "For the methods section",
        blocks: methods::blocks(m)?,
    });
    sections.push(Section {
        name: "code",
        title: "To repeat it",
        blocks: code::blocks(m)?,
    });
    let references = std::mem::take(&mut material.cited).references();
    sections.push(Section {
        name: "references",
        title: "References",
        blocks: vec![Block::References(references)],
    });
    let title = fit.paper(Markup::Text).title();
    Ok(Document { title, sections })
}

/// Passes on that the work was interrupted; other errors stay with the answer.
pub(crate) fn uninterrupted<T>(answer: Result<T, Error>) -> Result<Result<T, Error>, Error> {
    match answer {
        Err(error) if error.code() == "interrupted" => Err(error),
        answer => Ok(answer),
    }
}

/// A remark in the place of an answer. `what` begins the sentence, such as `Pooling`.
pub(crate) fn missing(what: &str, error: &Error) -> Block {
    let level = match error.code() {
        "needs_rows" => {
            return Block::Remark(
                Level::Unknown,
                Text::plain(format!(
                    "{what} needs the rows that the model was fitted to, and they are not at hand. \
                     Name them and write the report again: "
                ))
                .then_code("ranef report MODEL --data DATA -o report.html")
                .then("."),
            );
        }
        "linear_only" | "no_groups" | "no_ratios" | "ordinal_means" => Level::Unknown,
        _ => Level::Problem,
    };
    let mut text = match level {
        Level::Unknown => Text::plain(format!("{what} is not part of this report: {error}.")),
        _ => Text::plain(format!("{what} could not be made: {error}.")),
    };
    if let Some(hint) = error.hint() {
        text = text.then(format!(" What helps: {hint}."));
    }
    Block::Remark(level, text)
}

/// A text in which names in backticks are code, as the messages of the library have them.
pub(crate) fn marked(text: &str) -> Text {
    let pieces: Vec<&str> = text.split('`').collect();
    // A name that holds a backtick itself leaves an odd one.
    if pieces.len().is_multiple_of(2) {
        return Text::plain(text);
    }
    let mut out = Text::default();
    for (at, piece) in pieces.iter().enumerate() {
        out = match at % 2 {
            0 => out.then(piece),
            _ => out.then_code(*piece),
        };
    }
    out
}

/// A paragraph of a library's message.
pub(crate) fn paragraph(text: &str) -> Block {
    Block::Paragraph(marked(text))
}

/// "1 row", "2 rows".
pub(crate) fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", thousands(n), if n == 1 { one } else { many })
}

/// With commas between thousands, from ten thousand on.
pub(crate) fn thousands(n: usize) -> String {
    let digits = n.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut out = String::new();
    for (at, c) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_backticks_are_code() {
        let text = marked("`a_b` of `g` is zero");
        assert_eq!(
            text.set(Markup::Html),
            "<code>a_b</code> of <code>g</code> is zero"
        );
        assert_eq!(marked("an odd ` one").set(Markup::Text), "an odd ` one");
    }

    #[test]
    fn large_counts_have_commas() {
        assert_eq!(thousands(9999), "9999");
        assert_eq!(thousands(73421), "73,421");
        assert_eq!(counted(1, "row", "rows"), "1 row");
    }

    #[test]
    fn what_a_model_has_no_answer_to_is_no_problem() {
        let level = |code: &'static str| match missing("It", &Error::new(code, "no")) {
            Block::Remark(level, _) => level,
            _ => unreachable!("a remark"),
        };
        assert_eq!(level("linear_only"), Level::Unknown);
        assert_eq!(level("needs_rows"), Level::Unknown);
        assert_eq!(level("other_rows"), Level::Problem);
    }
}
