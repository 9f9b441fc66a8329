//! The same figures for the other face in the wheel: the Python package names a kind and gives its
//! options in the words of the command, so that a kind that is added here is there as well.

use clap::Parser;
use ranef::frame::Source;
use ranef::{Fit, Table};
use ranef_figures::Chart;

use super::kinds::Kind;
use super::{Asked, FigureArguments, Fits};
use crate::error::Failure;

/// A figure that was made.
#[derive(Clone, Debug)]
pub struct Picture {
    /// What is shown.
    pub chart: Chart,
    /// The data behind it.
    pub table: Table,
    /// The data behind it as JSON.
    pub json: String,
    /// In words.
    pub words: String,
}

/// Why there is no figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// A stable code.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
}

/// A kind of figure that makes sense for a model: its name, what it shows, the options it takes.
pub type Offer = (&'static str, &'static str, &'static [&'static str]);

#[derive(Debug, Parser)]
#[command(no_binary_name = true, disable_help_flag = true)]
struct Words {
    kind: String,

    #[command(flatten)]
    figure: FigureArguments,
}

/// The figure that words (the kind, then options such as `--x Days`) describe, of models with their
/// names and of the rows of the first.
///
/// # Errors
/// `unknown_figure`, `usage` for options that make no sense, `needs_rows`, and those of the figure.
pub fn figure(
    words: &[String],
    fits: Vec<(String, &Fit)>,
    rows: Option<&dyn Source>,
) -> Result<Picture, Refusal> {
    let refuse = |code: &str, message: String, hint: Option<String>| Refusal {
        code: code.to_owned(),
        message,
        hint,
    };
    let Words { kind, figure } = Words::try_parse_from(words).map_err(|usage| {
        let text = usage.render().to_string();
        let line = text.lines().next().unwrap_or_default();
        let line = line.trim_start_matches("error: ").to_owned();
        refuse("usage", line, None)
    })?;
    let told = |failure: Failure| match failure {
        Failure::Problem(problem) => refuse(problem.code, problem.message, problem.hint),
        Failure::Unread => refuse("internal", "the figure was not written".to_owned(), None),
    };
    let kind = Kind::of(&kind).ok_or_else(|| told(Kind::unknown(&kind).into()))?;
    kind.refuse_others(&figure).map_err(told)?;
    if fits.is_empty() || (fits.len() > 1 && !kind.several) {
        let message = format!("`{}` is a figure of one model", kind.name);
        return Err(refuse("usage", message, None));
    }
    if (kind.rows)(&figure) && rows.is_none() {
        let message = "this figure needs the rows that the model was fitted to".to_owned();
        return Err(refuse("needs_rows", message, None));
    }
    let asked = Asked {
        arguments: &figure,
        fits: Fits(fits),
        rows,
    };
    let drawing = (kind.draw)(&asked).map_err(told)?;
    let mut json = Vec::new();
    drawing.json(&mut json).map_err(told)?;
    Ok(Picture {
        chart: drawing.chart(),
        table: drawing.table(),
        json: String::from_utf8(json).unwrap_or_default(),
        words: drawing.words(None),
    })
}

/// The kinds that make sense for a model.
pub fn offers(fit: &Fit) -> Vec<Offer> {
    let suits = |kind: &&Kind| (kind.suits)(fit);
    let offer = |kind: &Kind| (kind.name, kind.shows, kind.takes);
    Kind::all().filter(suits).map(offer).collect()
}
