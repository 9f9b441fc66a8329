//! LaTeX that pdflatex, xelatex and lualatex compile with plain packages; figures are PDF files
//! beside it.

use std::fmt::Write;

use ranef::{Markup, Text, escape};
use ranef_figures::Format;

use super::{Written, caption, drawn};
use crate::document::{Block, Document, Level};

const MARKUP: Markup = Markup::Latex;

/// Figures may fill most of a page (the fractions), so that they stand near their text.
const PREAMBLE: &str = r"\documentclass[11pt]{article}
\usepackage{iftex}
\ifPDFTeX
  \usepackage[T1]{fontenc}
  \IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}
\else
  \usepackage{fontspec}
\fi
\usepackage{textcomp}
\usepackage[a4paper,margin=25mm]{geometry}
\usepackage{amsmath}
\usepackage{booktabs}
\usepackage{graphicx}
\usepackage{url}
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.6em plus 0.2em}
\emergencystretch=3em
\renewcommand{\topfraction}{0.9}
\renewcommand{\bottomfraction}{0.8}
\renewcommand{\textfraction}{0.07}
\renewcommand{\floatpagefraction}{0.8}
";

/// Characters of a line of mathematics from which it is broken.
const LONG: usize = 110;

pub(super) fn write(document: &Document, folder: &str) -> Written {
    let mut out = format!(
        "{PREAMBLE}\\title{{{}}}\n\\date{{}}\n\n\\begin{{document}}\n\\maketitle\n",
        escape(&document.title, MARKUP)
    );
    let mut files = Vec::new();
    for section in &document.sections {
        let _ = writeln!(
            out,
            "\n\\section{{{}}}\\label{{sec:{}}}",
            escape(section.title, MARKUP),
            section.name
        );
        for block in &section.blocks {
            out.push('\n');
            write_block(block, folder, &mut out, &mut files);
        }
    }
    out.push_str("\n\\end{document}\n");
    Written { text: out, files }
}

fn set(text: &Text) -> String {
    text.set(MARKUP)
}

fn write_block(block: &Block, folder: &str, out: &mut String, files: &mut Vec<(String, Vec<u8>)>) {
    let list = |out: &mut String, points: &[String]| {
        out.push_str("\\begin{itemize}\n");
        for point in points {
            // A bracket first would be taken for the label of the item.
            let _ = writeln!(out, "\\item {point}");
        }
        out.push_str("\\end{itemize}\n");
    };
    let _ = match block {
        Block::Heading(title) => writeln!(out, "\\subsection*{{{}}}", escape(title, MARKUP)),
        Block::Paragraph(words) => writeln!(out, "{}", set(words)),
        Block::Remark(level, words) => {
            let word = match level {
                Level::Unknown => "Left out",
                other => other.word(),
            };
            writeln!(
                out,
                "\\begin{{quote}}\n\\textbf{{{word}.}} {}\n\\end{{quote}}",
                set(words)
            )
        }
        Block::List(points) => {
            let points: Vec<String> = points.iter().map(set).collect();
            list(out, &points);
            Ok(())
        }
        Block::Findings(findings) => {
            let findings: Vec<String> = (findings.iter())
                .map(|f| {
                    let advice = f.advice.as_ref().map_or(String::new(), |advice| {
                        format!(" \\emph{{What to do:}} {}", set(advice))
                    });
                    format!(
                        "\\textbf{{{}.}} {} {}{advice}",
                        f.level.word(),
                        set(&f.about),
                        set(&f.found)
                    )
                })
                .collect();
            list(out, &findings);
            Ok(())
        }
        Block::Table(grid) => write!(out, "{}", fitted(&grid.set(MARKUP))),
        Block::Equations(about, equations) => {
            let equations: Vec<String> = (equations.iter())
                .map(|e| lines(&e.latex, "&\\qquad "))
                .collect();
            writeln!(
                out,
                "{}\n\\begin{{align*}}\n{}\n\\end{{align*}}",
                set(about),
                equations.join(" \\\\\n")
            )
        }
        Block::Symbols(meanings) => {
            out.push_str(
                "\\begin{table}[htbp]\n\\centering\n\\caption{What the symbols stand for}\n\
                 \\begin{tabular}{llr}\n\\toprule\nSymbol & Stands for & Estimate \\\\\n\\midrule\n",
            );
            for m in meanings {
                let _ = writeln!(
                    out,
                    "${}$ & {} & ${}$ \\\\",
                    m.symbol.latex,
                    escape(&m.term, MARKUP),
                    m.estimate
                );
            }
            writeln!(out, "\\bottomrule\n\\end{{tabular}}\n\\end{{table}}")
        }
        Block::Figure(figure) => {
            let below: Vec<String> = caption(figure).iter().map(set).collect();
            let path = format!("{folder}/{}.pdf", figure.name);
            match drawn(figure, Format::Pdf) {
                Ok(bytes) => {
                    files.push((path.clone(), bytes));
                    writeln!(
                        out,
                        "\\begin{{figure}}[htbp]\n\\centering\n\
                         \\includegraphics[width=\\linewidth,height=0.85\\textheight,keepaspectratio]{{{path}}}\n\
                         \\caption{{{}}}\\label{{fig:{}}}\n\\end{{figure}}",
                        below.join(" "),
                        figure.name
                    )
                }
                Err(error) => writeln!(
                    out,
                    "\\begin{{quote}}\n\\textbf{{Problem.}} The figure ``{}'' could not be drawn: {}.\n\\end{{quote}}",
                    below.join(" "),
                    escape(&error.to_string(), MARKUP)
                ),
            }
        }
        Block::Code(listing) => {
            let _ = writeln!(out, "\\subsection*{{{}}}", escape(listing.title, MARKUP));
            out.push_str("\\begin{flushleft}\\small\\ttfamily\n");
            for line in listing.code.trim_end().lines() {
                // Set line by line: `verbatim` breaks no line, and a name may hold its end.
                let indent = line.len() - line.trim_start().len();
                let line = match line.trim() {
                    "" => "~".to_owned(),
                    text => escape(text, MARKUP),
                };
                let _ = writeln!(out, "{}{line}\\par", "~".repeat(indent));
            }
            writeln!(out, "\\end{{flushleft}}")
        }
        Block::References(works) => {
            let works: Vec<String> = (works.iter())
                .map(|work| {
                    let address = work
                        .address
                        .as_deref()
                        .map_or(String::new(), |address| format!(" \\url{{{address}}}"));
                    format!("{}{address}", set(&work.text))
                })
                .collect();
            list(out, &works);
            Ok(())
        }
    };
}

/// A table that is shrunk where it is wider than the text.
fn fitted(table: &str) -> String {
    table
        .replace(
            "\\begin{tabular}",
            "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%\n\\begin{tabular}",
        )
        .replace("\\end{tabular}", "\\end{tabular}}")
}

/// An equation for an environment that aligns: `&` before its sign, and broken before a plus or minus
/// where it is long. `indent` begins the lines after the first.
pub(super) fn lines(latex: &str, indent: &str) -> String {
    let aligned = match latex.split_once(" = ") {
        Some((left, right)) => format!("{left} &= {right}"),
        None => match latex.split_once(" \\sim ") {
            Some((left, right)) => format!("{left} &\\sim {right}"),
            None => format!("&{latex}"),
        },
    };
    if aligned.len() <= LONG || aligned.contains("\\begin") {
        return aligned;
    }
    let mut out = String::new();
    let mut length = 0;
    let mut depth = 0i32;
    let mut rest = aligned.as_str();
    while let Some(c) = rest.chars().next() {
        match c {
            '{' | '(' => depth += 1,
            '}' | ')' => depth -= 1,
            _ => {}
        }
        let sign = depth == 0 && (rest.starts_with(" + ") || rest.starts_with(" - "));
        if sign {
            // Up to the next sign at this depth: does the term still fit?
            let term = next_sign(&rest[3..]);
            if length + term > LONG {
                out.push_str(" \\\\\n");
                out.push_str(indent);
                length = 0;
                rest = &rest[1..];
                continue;
            }
        }
        out.push(c);
        length += 1;
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// Bytes up to the next sign outside braces.
fn next_sign(text: &str) -> usize {
    let mut depth = 0i32;
    for (at, c) in text.char_indices() {
        match c {
            '{' | '(' => depth += 1,
            '}' | ')' => depth -= 1,
            ' ' if depth == 0
                && (text[at..].starts_with(" + ") || text[at..].starts_with(" - ")) =>
            {
                return at;
            }
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_equations_are_broken_before_signs() {
        let short = "y = a + b";
        assert_eq!(lines(short, "&\\quad "), "y &= a + b");
        let terms: Vec<String> = (0..20)
            .map(|i| format!("\\beta_{{{i}}} \\, x_{{{i}}}"))
            .collect();
        let long = format!("y = {}", terms.join(" + "));
        let broken = lines(&long, "&\\quad ");
        assert!(broken.matches("\\\\\n&\\quad + ").count() >= 2, "{broken}");
        for line in broken.split("\\\\\n") {
            assert!(line.len() < LONG + 30, "{line}");
        }
        assert_eq!(
            broken.replace(" \\\\\n&\\quad +", " +").replace("&=", "="),
            long
        );
    }
}
