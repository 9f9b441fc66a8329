//! Text with emphasis, and its escaping.

use super::{Markup, html, latex, markdown};

/// Text with emphasis, not yet escaped.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Text(Vec<(Face, String)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Face {
    Plain,
    Italic,
    Bold,
    Code,
}

impl Text {
    /// Upright text.
    pub fn plain(text: impl AsRef<str>) -> Self {
        Self::default().then(text)
    }

    /// Italics.
    pub fn italic(text: impl Into<String>) -> Self {
        Self::default().then_italic(text)
    }

    /// Bold type.
    pub fn bold(text: impl Into<String>) -> Self {
        Self::default().push(Face::Bold, text.into())
    }

    /// With upright text behind it.
    pub fn then(self, text: impl AsRef<str>) -> Self {
        self.push(Face::Plain, text.as_ref().to_owned())
    }

    /// With italics behind it.
    pub fn then_italic(self, text: impl Into<String>) -> Self {
        self.push(Face::Italic, text.into())
    }

    /// With code behind it.
    pub fn then_code(self, text: impl Into<String>) -> Self {
        self.push(Face::Code, text.into())
    }

    /// With another text behind it.
    pub fn append(mut self, other: Text) -> Self {
        self.0.extend(other.0);
        self
    }

    fn push(mut self, face: Face, text: String) -> Self {
        if !text.is_empty() {
            self.0.push((face, text));
        }
        self
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// With minus signs for the hyphens before numbers; those of exponents stay.
    pub(super) fn with_minus_signs(&self) -> Self {
        let one = |(face, text): &(Face, String)| {
            let mut out = String::with_capacity(text.len());
            let mut rest = text.chars().peekable();
            let mut before = ' ';
            while let Some(c) = rest.next() {
                let number = rest.peek().is_some_and(|n| n.is_ascii_digit() || *n == '.');
                let sign = c == '-' && number && !before.is_alphanumeric();
                out.push(if sign { '−' } else { c });
                before = c;
            }
            (*face, out)
        };
        Self(self.0.iter().map(one).collect())
    }

    /// The text in a markup language.
    pub fn set(&self, markup: Markup) -> String {
        let one = |(face, text): &(Face, String)| {
            let escaped = escape(text, markup);
            match (markup, face) {
                (Markup::Text, Face::Code) | (_, Face::Plain) | (Markup::Text, _) => escaped,
                (Markup::Markdown, Face::Italic) => format!("*{escaped}*"),
                (Markup::Markdown, Face::Bold) => format!("**{escaped}**"),
                (Markup::Markdown, Face::Code) => markdown::code_span(text),
                (Markup::Latex, Face::Italic) => format!("\\emph{{{escaped}}}"),
                (Markup::Latex, Face::Bold) => format!("\\textbf{{{escaped}}}"),
                (Markup::Latex, Face::Code) => format!("\\texttt{{{escaped}}}"),
                (Markup::Html, Face::Italic) => format!("<i>{escaped}</i>"),
                (Markup::Html, Face::Bold) => format!("<b>{escaped}</b>"),
                (Markup::Html, Face::Code) => format!("<code>{escaped}</code>"),
            }
        };
        self.0.iter().map(one).collect()
    }
}

/// A text so that it reads as itself in a markup language.
pub fn escape(text: &str, markup: Markup) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match markup {
            // None of the languages has a use for these.
            _ if c.is_control() => out.push(' '),
            Markup::Text => out.push(c),
            Markup::Markdown => markdown::escape(c, &mut out),
            Markup::Latex => latex::escape(c, &mut out),
            Markup::Html => html::escape(c, &mut out),
        }
    }
    out
}
