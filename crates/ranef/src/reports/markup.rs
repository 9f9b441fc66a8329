//! Tables as Markdown, LaTeX and HTML.
//!
//! A table that goes to paper has more than columns: a caption, a line of model names above them,
//! sections, a note below. [`Grid`] is such a table with its texts unescaped; the three ways to
//! set it differ in little more than their escaping, and escaping happens here and nowhere else:
//! names of columns and levels may hold anything.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::format::{align_left, align_right, width, wrap};
use crate::{Table, Values};

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
        let columns = self.columns();
        let cells: Vec<Vec<String>> = columns.iter().map(|c| c.cells()).collect();
        let rows = (0..self.rows())
            .map(|i| Row::Cells(cells.iter().map(|c| Text::plain(&c[i])).collect()))
            .collect();
        let grid = Grid {
            title: Text::plain(&caption.title),
            spanners: Vec::new(),
            heads: columns
                .iter()
                .map(|c| (Text::plain(&c.title), matches!(c.values, Values::Texts(_))))
                .collect(),
            rows,
            note: Text::plain(&caption.note),
        };
        grid.set(markup)
    }
}

/// A table to be set.
#[derive(Clone, Debug, Default)]
pub(super) struct Grid {
    pub title: Text,
    /// Texts above the heads, each over so many columns; none, or enough for all columns.
    pub spanners: Vec<(Text, usize)>,
    /// The head of each column, and whether the column is of text.
    pub heads: Vec<(Text, bool)>,
    pub rows: Vec<Row>,
    pub note: Text,
}

/// A row of a grid.
#[derive(Clone, Debug)]
pub(super) enum Row {
    Cells(Vec<Text>),
    /// A heading over all columns, with a rule above it.
    Section(Text),
}

/// Text with emphasis, not yet escaped.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Text(Vec<(Face, String)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Face {
    Plain,
    Italic,
    Bold,
    Code,
}

impl Text {
    pub fn plain(text: impl AsRef<str>) -> Self {
        Self::default().then(text)
    }

    pub fn italic(text: impl Into<String>) -> Self {
        Self::default().then_italic(text)
    }

    pub fn bold(text: impl Into<String>) -> Self {
        Self::default().push(Face::Bold, text.into())
    }

    pub fn then(self, text: impl AsRef<str>) -> Self {
        self.push(Face::Plain, text.as_ref().to_owned())
    }

    pub fn then_italic(self, text: impl Into<String>) -> Self {
        self.push(Face::Italic, text.into())
    }

    pub fn then_code(self, text: impl Into<String>) -> Self {
        self.push(Face::Code, text.into())
    }

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

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// With minus signs for the hyphens before numbers; those of exponents stay.
    fn with_minus_signs(&self) -> Self {
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
                (Markup::Markdown, Face::Code) => code_span(text),
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
pub(super) fn escape(text: &str, markup: Markup) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match markup {
            Markup::Text => out.push(if c.is_control() { ' ' } else { c }),
            Markup::Markdown => match c {
                // What CommonMark, its tables, and pandoc's extensions give a meaning.
                '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '~'
                | '^' | '$' | '&' | '@' => {
                    out.push('\\');
                    out.push(c);
                }
                c if c.is_control() => out.push(' '),
                c => out.push(c),
            },
            Markup::Latex => match latex(c) {
                Some(command) => out.push_str(command),
                None if c.is_control() => out.push(' '),
                // Two hyphens would become a dash.
                None if c == '-' && out.ends_with('-') => out.push_str("{}-"),
                None => out.push(c),
            },
            Markup::Html => match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                '\'' => out.push_str("&#39;"),
                c if c.is_control() => out.push(' '),
                c => out.push(c),
            },
        }
    }
    out
}

/// What LaTeX needs for a character that means something else there or that its text fonts lack.
/// Letters of the world's scripts are left: every LaTeX since 2018 reads UTF-8.
fn latex(c: char) -> Option<&'static str> {
    Some(match c {
        '\\' => "\\textbackslash{}",
        '{' => "\\{",
        '}' => "\\}",
        '$' => "\\$",
        '&' => "\\&",
        '#' => "\\#",
        '_' => "\\_",
        '%' => "\\%",
        '~' => "\\textasciitilde{}",
        '^' => "\\textasciicircum{}",
        '<' => "\\textless{}",
        '>' => "\\textgreater{}",
        '|' => "\\textbar{}",
        '"' => "\\textquotedbl{}",
        '`' => "\\textasciigrave{}",
        // At the start of a row these would be taken for an option of `\\`.
        '[' => "{[}",
        ']' => "{]}",
        '*' => "{*}",
        '−' => "$-$",
        '–' => "--",
        '×' => "$\\times$",
        '·' => "$\\cdot$",
        '≥' => "$\\geq$",
        '≤' => "$\\leq$",
        '²' => "\\textsuperscript{2}",
        'σ' => "$\\sigma$",
        'τ' => "$\\tau$",
        'ρ' => "$\\rho$",
        'β' => "$\\beta$",
        'χ' => "$\\chi$",
        '₀' => "\\textsubscript{0}",
        '₁' => "\\textsubscript{1}",
        _ => return None,
    })
}

/// A span of code: within it nothing is escaped, so that its fence must be longer than any run of
/// backticks in it.
fn code_span(text: &str) -> String {
    let longest = text
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let blank = if longest > 0 { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// What begins an HTML file with tables in it.
const HTML_HEAD: &str = "<!DOCTYPE html>
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
thead tr:first-child th { border-top: 1.5px solid black; }
thead tr:last-child th { border-bottom: 1px solid black; }
thead th.span { text-align: center; border-bottom: 1px solid black; }
tbody tr:last-child td { border-bottom: 1.5px solid black; }
tr.section td { border-top: 1px solid black; text-align: left; font-weight: bold; }
p.note { font-size: 0.9em; max-width: 45em; }
</style>
</head>
<body>
";

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

    fn text(&self) -> String {
        let markup = Markup::Text;
        let mut out = String::new();
        let mut columns: Vec<Vec<String>> = self
            .heads
            .iter()
            .map(|(head, _)| vec![head.set(markup)])
            .collect();
        for row in &self.rows {
            if let Row::Cells(cells) = row {
                for (column, cell) in columns.iter_mut().zip(self.cells(cells, markup)) {
                    column.push(cell);
                }
            }
        }
        // A spanner that is wider than its columns widens the last of them.
        let mut first = 0;
        for (over, span) in &self.spanners {
            let widths = columns[first..first + span]
                .iter()
                .map(|c| c.iter().map(|t| width(t)).max().unwrap_or(0));
            let inner = widths.sum::<usize>() + 2 * span.saturating_sub(1);
            let missing = width(&over.set(markup)).saturating_sub(inner);
            if let Some(column) = columns[first..first + span]
                .last_mut()
                .filter(|_| missing > 0)
            {
                let widest = column.iter().map(|t| width(t)).max().unwrap_or(0);
                let pad = " ".repeat(widest + missing - width(&column[0]));
                column[0].insert_str(0, &pad);
            }
            first += span;
        }
        let columns: Vec<Vec<String>> = columns
            .into_iter()
            .zip(&self.heads)
            .map(|(cells, (_, text))| {
                if *text {
                    align_left(cells)
                } else {
                    align_right(cells)
                }
            })
            .collect();
        let widths: Vec<usize> = columns.iter().map(|c| width(&c[0])).collect();
        let whole = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
        let rule = "-".repeat(whole);
        let push = |out: &mut String, line: &str| {
            out.push_str(line.trim_end());
            out.push('\n');
        };
        if !self.title.is_empty() {
            push(&mut out, &self.title.set(markup));
        }
        push(&mut out, &rule);
        if !self.spanners.is_empty() {
            let mut first = 0;
            let mut line = Vec::new();
            for (over, span) in &self.spanners {
                let room: usize =
                    widths[first..first + span].iter().sum::<usize>() + 2 * span.saturating_sub(1);
                let text = over.set(markup);
                let left = (room - width(&text).min(room)) / 2;
                let right = room - left - width(&text).min(room);
                line.push(format!("{}{text}{}", " ".repeat(left), " ".repeat(right)));
                first += span;
            }
            push(&mut out, &line.join("  "));
        }
        let line = |at: usize| {
            let cells: Vec<&str> = columns.iter().map(|c| c[at].as_str()).collect();
            cells.join("  ")
        };
        push(&mut out, &line(0));
        push(&mut out, &rule);
        let mut at = 0;
        for row in &self.rows {
            match row {
                Row::Cells(_) => {
                    at += 1;
                    push(&mut out, &line(at));
                }
                Row::Section(head) => {
                    push(&mut out, &rule);
                    push(&mut out, &head.set(markup));
                }
            }
        }
        push(&mut out, &rule);
        if !self.note.is_empty() {
            push(&mut out, &wrap(&self.note.set(markup), whole.max(80)));
        }
        out
    }

    fn markdown(&self) -> String {
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
                Row::Cells(cells) => out.push_str(&line(&self.cells(cells, markup))),
                Row::Section(head) => {
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

    fn latex(&self) -> String {
        let markup = Markup::Latex;
        let mut out = String::from("\\begin{table}[htbp]\n\\centering\n");
        if !self.title.is_empty() {
            let _ = writeln!(out, "\\caption{{{}}}", self.title.set(markup));
        }
        let columns: String = (self.heads.iter())
            .map(|(_, text)| if *text { 'l' } else { 'r' })
            .collect();
        let _ = writeln!(out, "\\begin{{tabular}}{{{columns}}}\n\\toprule");
        if !self.spanners.is_empty() {
            let mut cells = Vec::new();
            let mut rules = String::new();
            let mut first = 1;
            for (over, span) in &self.spanners {
                cells.push(if over.is_empty() && *span == 1 {
                    String::new()
                } else {
                    let last = first + span - 1;
                    let _ = write!(rules, "\\cmidrule(lr){{{first}-{last}}}");
                    format!("\\multicolumn{{{span}}}{{c}}{{{}}}", over.set(markup))
                });
                first += span;
            }
            let _ = writeln!(out, "{} \\\\\n{rules}", cells.join(" & "));
        }
        let heads: Vec<String> = self.heads.iter().map(|(h, _)| h.set(markup)).collect();
        let _ = writeln!(out, "{} \\\\\n\\midrule", heads.join(" & "));
        for row in &self.rows {
            match row {
                Row::Cells(cells) => {
                    let _ = writeln!(out, "{} \\\\", self.cells(cells, markup).join(" & "));
                }
                Row::Section(head) => {
                    let _ = writeln!(
                        out,
                        "\\midrule\n\\multicolumn{{{}}}{{l}}{{\\textbf{{{}}}}} \\\\",
                        self.heads.len(),
                        head.set(markup)
                    );
                }
            }
        }
        out.push_str("\\bottomrule\n\\end{tabular}\n");
        if !self.note.is_empty() {
            let _ = writeln!(
                out,
                "\n\\medskip\n\\parbox{{0.9\\linewidth}}{{\\footnotesize {}}}",
                self.note.set(markup)
            );
        }
        out.push_str("\\end{table}\n");
        out
    }

    fn html(&self) -> String {
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
                    let _ = write!(out, "<th colspan=\"{span}\"></th>");
                } else {
                    let over = over.set(markup);
                    let _ = write!(out, "<th class=\"span\" colspan=\"{span}\">{over}</th>");
                }
            }
            out.push_str("</tr>\n");
        }
        let cell = |tag: &str, text: bool, inner: &str| {
            let class = if text { " class=\"text\"" } else { "" };
            format!("<{tag}{class}>{inner}</{tag}>")
        };
        let heads = self.heads.iter();
        let heads: String = heads
            .map(|(head, text)| cell("th", *text, &head.set(markup)))
            .collect();
        let _ = writeln!(out, "<tr>{heads}</tr>\n</thead>\n<tbody>");
        for row in &self.rows {
            match row {
                Row::Cells(cells) => {
                    let cells: String = self
                        .cells(cells, markup)
                        .iter()
                        .zip(&self.heads)
                        .map(|(inner, (_, text))| cell("td", *text, inner))
                        .collect();
                    let _ = writeln!(out, "<tr>{cells}</tr>");
                }
                Row::Section(head) => {
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

impl Markup {
    /// A file of its own around tables and paragraphs: what a browser takes as it is, and for LaTeX
    /// what must be loaded before it is included.
    pub fn document(self, title: &str, body: &str) -> String {
        match self {
            Markup::Html => {
                let head = HTML_HEAD.replace("TITLE", &escape(title, self));
                format!("{head}{body}</body>\n</html>\n")
            }
            Markup::Latex => {
                format!("% Needs \\usepackage[T1]{{fontenc}} and \\usepackage{{booktabs}}.\n{body}")
            }
            Markup::Text | Markup::Markdown => body.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Style;

    fn nasty() -> Table {
        Table::new()
            .text(
                "term",
                ["a_b|c", "50% <x> & \"y\"", "größe*2", "[z]--{w}~^$#\\`"].map(str::to_owned),
            )
            .numbers("estimate", Style::Estimate, [1.5, -2.25, 0.0, 10.0])
    }

    #[test]
    fn every_language_escapes_what_it_would_take_for_its_own() {
        let caption = Caption {
            title: "A & B".to_owned(),
            note: "p < .05".to_owned(),
        };
        let set = |markup| nasty().markup(markup, &caption);
        assert_eq!(
            set(Markup::Markdown),
            "A \\& B

| Term | Estimate |
| :-- | --: |
| a\\_b\\|c | 1.50 |
| 50% \\<x\\> \\& \"y\" | -2.25 |
| größe\\*2 | 0.00 |
| \\[z\\]--\\{w\\}\\~\\^\\$\\#\\\\\\` | 10.00 |

p \\< .05
"
        );
        let latex = set(Markup::Latex);
        for line in [
            "\\caption{A \\& B}",
            "\\begin{tabular}{lr}",
            "a\\_b\\textbar{}c & 1.50 \\\\",
            "50\\% \\textless{}x\\textgreater{} \\& \\textquotedbl{}y\\textquotedbl{} & $-$2.25 \\\\",
            "größe{*}2 & 0.00 \\\\",
            "{[}z{]}-{}-\\{w\\}\\textasciitilde{}\\textasciicircum{}\\$\\#\\textbackslash{}\\textasciigrave{} & 10.00 \\\\",
        ] {
            assert!(latex.contains(line), "{line}\n{latex}");
        }
        let html = set(Markup::Html);
        for line in [
            "<caption>A &amp; B</caption>",
            "<tr><td class=\"text\">50% &lt;x&gt; &amp; &quot;y&quot;</td><td>−2.25</td></tr>",
            "<p class=\"note\">p &lt; .05</p>",
        ] {
            assert!(html.contains(line), "{line}\n{html}");
        }
    }

    /// What a reader of Markdown makes of escaped text: a backslash before a sign is taken away.
    fn unescape_markdown(text: &str) -> String {
        let mut out = String::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match c {
                '\\' => out.extend(rest.next()),
                c => out.push(c),
            }
        }
        out
    }

    proptest::proptest! {
        #[test]
        fn escaped_text_reads_as_itself(text in "[ -~äß−²<>&|]{0,20}") {
            let html = escape(&text, Markup::Html)
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&#39;", "'")
                .replace("&amp;", "&");
            proptest::prop_assert_eq!(&html, &text);
            let markdown = escape(&text, Markup::Markdown);
            proptest::prop_assert_eq!(unescape_markdown(&markdown), text.clone());
            // A bar that no backslash protects would end the cell.
            let plain = markdown.replace("\\\\", "");
            proptest::prop_assert_eq!(plain.matches('|').count(), plain.matches("\\|").count());
            // Braces pair up, and no sign of LaTeX's own stands without its backslash.
            let latex = escape(&text, Markup::Latex);
            let mut before = ' ';
            let mut depth = 0;
            let mut dollars = 0;
            for c in latex.chars() {
                match c {
                    '{' if before != '\\' => depth += 1,
                    '}' if before != '\\' => depth -= 1,
                    '&' | '%' | '#' | '_' => proptest::prop_assert_eq!(before, '\\'),
                    '$' if before != '\\' => dollars += 1,
                    '~' | '^' | '<' | '>' | '|' | '"' => proptest::prop_assert!(false, "{}", latex),
                    _ => {}
                }
                before = c;
            }
            proptest::prop_assert_eq!((depth, dollars % 2), (0, 0));
        }
    }

    #[test]
    fn code_may_hold_backticks() {
        assert_eq!(
            Text::default().then_code("y ~ x").set(Markup::Markdown),
            "`y ~ x`"
        );
        assert_eq!(
            Text::default()
                .then_code("y ~ `my x`")
                .set(Markup::Markdown),
            "`` y ~ `my x` ``"
        );
    }

    #[test]
    fn text_lines_up_under_its_spanners() {
        let grid = Grid {
            title: Text::plain("T"),
            spanners: vec![(Text::default(), 1), (Text::plain("A long model name"), 2)],
            heads: vec![
                (Text::plain("x"), true),
                (Text::plain("b"), false),
                (Text::italic("p"), false),
            ],
            rows: vec![
                Row::Cells(vec![
                    Text::plain("one"),
                    Text::plain("1.5"),
                    Text::plain(".04"),
                ]),
                Row::Section(Text::plain("More")),
                Row::Cells(vec![Text::plain("two"), Text::plain("−1"), Text::default()]),
            ],
            note: Text::default(),
        };
        assert_eq!(
            grid.set(Markup::Text),
            "T
----------------------
     A long model name
x      b             p
----------------------
one  1.5           .04
----------------------
More
two   −1
----------------------
"
        );
    }
}
