//! Tables as Markdown, LaTeX and HTML.
//!
//! A table that goes to paper has more than columns: a caption, a line of model names above them,
//! sections, a note below. [`Grid`] is such a table with its texts unescaped ([`text`]). Each language has a file
//! with how it sets a grid and what it must escape: names of columns and levels may hold anything,
//! and nowhere else is anything escaped.

mod html;
mod latex;
mod markdown;
mod plain;
#[cfg(test)]
mod tests;
mod text;

use serde::{Deserialize, Serialize};

use crate::{Table, Values};

pub use text::{Text, escape};

/// A language to set tables in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Markup {
    /// Aligned text.
    Text,
    /// Markdown with pipe tables, as GitHub, pandoc and Quarto read it.
    Markdown,
    /// LaTeX with the package booktabs.
    Latex,
    /// HTML with horizontal rules only, as APA style wants tables (APA 2020, section 7.10); it
    /// can be pasted into a word processor.
    Html,
}

/// What stands above and below a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caption {
    /// Above it; may be empty.
    pub title: String,
    /// Below it; may be empty.
    pub note: String,
}

impl Table {
    /// The table in a markup language: the cells that people read under the titles that people
    /// read.
    pub fn markup(&self, markup: Markup, caption: &Caption) -> String {
        self.grid(caption).set(markup)
    }

    /// The table between its caption, before a language is chosen.
    pub fn grid(&self, caption: &Caption) -> Grid {
        let columns = self.columns();
        let cells: Vec<Vec<String>> = columns.iter().map(|c| c.cells()).collect();
        let rows = (0..self.rows())
            .map(|i| GridRow::Cells(cells.iter().map(|c| Text::plain(&c[i])).collect()))
            .collect();
        Grid {
            title: Text::plain(&caption.title),
            spanners: Vec::new(),
            heads: columns
                .iter()
                .map(|c| (Text::plain(&c.title), matches!(c.values, Values::Texts(_))))
                .collect(),
            rows,
            note: Text::plain(&caption.note),
        }
    }
}

/// A table to be set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    /// Above it; may be empty.
    pub title: Text,
    /// Texts above the heads, each over so many columns; none, or enough for all columns.
    pub spanners: Vec<(Text, usize)>,
    /// The head of each column, and whether the column is of text.
    pub heads: Vec<(Text, bool)>,
    /// The rows.
    pub rows: Vec<GridRow>,
    /// Below it; may be empty.
    pub note: Text,
}

/// A row of a grid.
#[derive(Clone, Debug, PartialEq)]
pub enum GridRow {
    /// A cell for each column.
    Cells(Vec<Text>),
    /// A heading over all columns, with a rule above it.
    Section(Text),
}

impl Grid {
    /// The grid in a markup language; a block of its own that ends in a line feed.
    pub fn set(&self, markup: Markup) -> String {
        match markup {
            Markup::Text => self.text(),
            Markup::Markdown => self.markdown(),
            Markup::Latex => self.latex(),
            Markup::Html => self.html(),
        }
    }

    /// Each column's head with the spanner above it, for languages whose cells span nothing.
    fn flat_heads(&self, markup: Markup) -> Vec<String> {
        let mut over = self
            .spanners
            .iter()
            .flat_map(|(text, columns)| std::iter::repeat_n(text, *columns));
        self.heads
            .iter()
            .map(|(head, _)| match over.next() {
                Some(above) if !above.is_empty() => {
                    format!("{}: {}", above.set(markup), head.set(markup))
                }
                _ => head.set(markup),
            })
            .collect()
    }

    fn cells(&self, row: &[Text], markup: Markup) -> Vec<String> {
        // A hyphen is no minus sign in print.
        let print = matches!(markup, Markup::Latex | Markup::Html);
        row.iter()
            .zip(&self.heads)
            .map(|(cell, (_, text))| match print && !text {
                true => cell.with_minus_signs().set(markup),
                false => cell.set(markup),
            })
            .collect()
    }
}

impl Markup {
    /// A file of its own around tables and paragraphs: what a browser takes as it is, and for LaTeX
    /// what must be loaded before it is included.
    pub fn document(self, title: &str, body: &str) -> String {
        match self {
            Markup::Html => {
                let head = html::HEAD.replace("TITLE", &escape(title, self));
                format!("{head}{body}</body>\n</html>\n")
            }
            Markup::Latex => {
                format!("% Needs \\usepackage[T1]{{fontenc}} and \\usepackage{{booktabs}}.\n{body}")
            }
            Markup::Text | Markup::Markdown => body.to_owned(),
        }
    }
}
