//! HTML with horizontal rules only.

use std::fmt::Write;

use super::{Grid, GridRow, Markup};

/// What begins an HTML file with tables in it.
pub(super) const HEAD: &str = "<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<title>TITLE</title>
<style>
body { font-family: \"Times New Roman\", serif; margin: 2em; }
table { border-collapse: collapse; margin: 1em 0; }
caption { text-align: left; font-style: italic; padding-bottom: 0.4em; }
th, td { padding: 0.15em 0.7em; text-align: right; font-weight: normal; }
th.text, td.text { text-align: left; }
thead tr:first-child > * { border-top: 1.5px solid black; }
thead tr:last-child > * { border-bottom: 1px solid black; }
thead th.span { text-align: center; border-bottom: 1px solid black; }
tbody tr:last-child > * { border-bottom: 1.5px solid black; }
tr.section td { border-top: 1px solid black; text-align: left; font-weight: bold; }
p.note { font-size: 0.9em; max-width: 45em; }
</style>
</head>
<body>
";

impl Grid {
    pub(super) fn html(&self) -> String {
        let markup = Markup::Html;
        let mut out = String::from("<table>\n");
        if !self.title.is_empty() {
            let _ = writeln!(out, "<caption>{}</caption>", self.title.set(markup));
        }
        out.push_str("<thead>\n");
        if !self.spanners.is_empty() {
            out.push_str("<tr>");
            for (over, span) in &self.spanners {
                if over.is_empty() {
                    let _ = write!(out, "<td colspan=\"{span}\"></td>");
                } else {
                    let over = over.set(markup);
                    let _ = write!(
                        out,
                        "<th scope=\"colgroup\" class=\"span\" colspan=\"{span}\">{over}</th>"
                    );
                }
            }
            out.push_str("</tr>\n");
        }
        // A head says what it is the head of, for screen readers; an empty one is none.
        let cell = |scope: Option<&str>, text: bool, inner: &str| {
            let class = if text { " class=\"text\"" } else { "" };
            match scope.filter(|_| !inner.is_empty()) {
                Some(scope) => format!("<th scope=\"{scope}\"{class}>{inner}</th>"),
                None => format!("<td{class}>{inner}</td>"),
            }
        };
        let heads = self.heads.iter();
        let heads: String = heads
            .map(|(head, text)| cell(Some("col"), *text, &head.set(markup)))
            .collect();
        let _ = writeln!(out, "<tr>{heads}</tr>\n</thead>\n<tbody>");
        for row in &self.rows {
            match row {
                GridRow::Cells(cells) => {
                    let cells: String = self
                        .cells(cells, markup)
                        .iter()
                        .zip(&self.heads)
                        .enumerate()
                        .map(|(at, (inner, (_, text)))| {
                            let scope = (at == 0 && *text).then_some("row");
                            cell(scope, *text, inner)
                        })
                        .collect();
                    let _ = writeln!(out, "<tr>{cells}</tr>");
                }
                GridRow::Section(head) => {
                    let _ = writeln!(
                        out,
                        "<tr class=\"section\"><td colspan=\"{}\">{}</td></tr>",
                        self.heads.len(),
                        head.set(markup)
                    );
                }
            }
        }
        out.push_str("</tbody>\n</table>\n");
        if !self.note.is_empty() {
            let _ = writeln!(out, "<p class=\"note\">{}</p>", self.note.set(markup));
        }
        out
    }
}

/// Adds a character so that it reads as itself.
pub(super) fn escape(c: char, out: &mut String) {
    match c {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        c => out.push(c),
    }
}
