//! Markdown with pipe tables.

use std::fmt::Write;

use super::{Grid, GridRow, Markup, Text};

impl Grid {
    pub(super) fn markdown(&self) -> String {
        let markup = Markup::Markdown;
        let mut out = String::new();
        if !self.title.is_empty() {
            let _ = writeln!(out, "{}\n", self.title.set(markup));
        }
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        out.push_str(&line(&self.flat_heads(markup)));
        let rule = |(_, text): &(Text, bool)| if *text { ":--" } else { "--:" }.to_owned();
        out.push_str(&line(&self.heads.iter().map(rule).collect::<Vec<_>>()));
        for row in &self.rows {
            match row {
                GridRow::Cells(cells) => out.push_str(&line(&self.cells(cells, markup))),
                GridRow::Section(head) => {
                    let mut cells = vec![String::new(); self.heads.len()];
                    cells[0] = format!("**{}**", head.set(markup));
                    out.push_str(&line(&cells));
                }
            }
        }
        if !self.note.is_empty() {
            let _ = writeln!(out, "\n{}", self.note.set(markup));
        }
        out
    }
}

/// Adds a character so that it reads as itself: what CommonMark, its tables, and pandoc's
/// extensions give a meaning takes a backslash.
pub(super) fn escape(c: char, out: &mut String) {
    if matches!(
        c,
        '\\' | '`'
            | '*'
            | '_'
            | '{'
            | '}'
            | '['
            | ']'
            | '<'
            | '>'
            | '#'
            | '|'
            | '~'
            | '^'
            | '$'
            | '&'
            | '@'
    ) {
        out.push('\\');
    }
    out.push(c);
}

/// A span of code: within it nothing is escaped, so that its fence must be longer than any run of
/// backticks in it.
pub(super) fn code_span(text: &str) -> String {
    let longest = text
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let blank = if longest > 0 { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}
