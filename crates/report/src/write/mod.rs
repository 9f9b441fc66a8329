//! From a document to a file: HTML, Markdown, LaTeX.
//!
//! HTML is one file with its figures in it. Markdown and LaTeX cannot hold a figure: theirs are
//! written beside the text, into a folder named after it.

mod html;
mod latex;
mod markdown;

use ranef::{Error, Text};
use ranef_figures::{Chart, Format, RenderOptions, render};

use crate::document::{Document, Figure};
use crate::sections::marked;

/// A language that reports are set in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One file that a browser opens, without a network.
    Html,
    /// As GitHub, pandoc and Quarto read it, with figures as SVG beside it.
    Markdown,
    /// With plain packages, with figures as PDF beside it.
    Latex,
}

/// A report as text, and what lies beside it.
#[derive(Clone, Debug)]
pub struct Written {
    /// The text of the file.
    pub text: String,
    /// Files beside it: their paths from the folder of the text, with `/`, and what they hold.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Document {
    /// The report in a language. `stem` is the name of the file to be without its ending: the folder
    /// of the figures is named after it.
    pub fn write(&self, form: Form, stem: &str) -> Written {
        match form {
            Form::Html => html::write(self),
            Form::Markdown => markdown::write(self, &folder(stem)),
            Form::Latex => latex::write(self, &folder(stem)),
        }
    }
}

/// The folder of the figures.
fn folder(stem: &str) -> String {
    // LaTeX and Markdown take neither blanks nor signs of their own in paths.
    let plain = |c: char| {
        if c.is_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '-'
        }
    };
    format!("{}_files", stem.chars().map(plain).collect::<String>())
}

/// A figure drawn. Its title and its notes stand in the caption and are not drawn again.
fn drawn(figure: &Figure, format: Format) -> Result<Vec<u8>, Error> {
    let options = RenderOptions {
        plain: true,
        ..RenderOptions::default()
    };
    let chart = Chart {
        notes: Vec::new(),
        ..figure.chart.clone()
    };
    render(&chart, format, &options)
}

/// What stands below a figure, a sentence each: its title, its subtitle, its notes.
fn caption(figure: &Figure) -> Vec<Text> {
    let chart = &figure.chart;
    let title = std::iter::once(chart.title.as_str());
    let below = chart.subtitle.as_deref().into_iter();
    let all = title
        .chain(below)
        .chain(chart.notes.iter().map(String::as_str));
    all.filter(|line| !line.is_empty())
        .map(|line| {
            let text = marked(line);
            match line.ends_with(['.', '!', '?', ':']) {
                true => text,
                false => text.then("."),
            }
        })
        .collect()
}
