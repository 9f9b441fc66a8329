//! Markdown as GitHub, pandoc and Quarto read it; figures are SVG files beside it.

use std::fmt::Write;

use ranef::{Equation, Language, Markup, Text, escape};
use ranef_figures::Format;

use super::{Written, caption, drawn};
use crate::document::{Block, Document, Level};

const MARKUP: Markup = Markup::Markdown;

pub(super) fn write(document: &Document, folder: &str) -> Written {
    let mut out = format!("# {}\n", escape(&document.title, MARKUP));
    let mut files = Vec::new();
    for section in &document.sections {
        let _ = write!(out, "\n## {}\n", escape(section.title, MARKUP));
        for block in &section.blocks {
            out.push('\n');
            write_block(block, folder, &mut out, &mut files);
        }
    }
    Written { text: out, files }
}

fn set(text: &Text) -> String {
    text.set(MARKUP)
}

fn write_block(block: &Block, folder: &str, out: &mut String, files: &mut Vec<(String, Vec<u8>)>) {
    let _ = match block {
        Block::Heading(title) => writeln!(out, "### {}", escape(title, MARKUP)),
        Block::Paragraph(words) => writeln!(out, "{}", set(words)),
        Block::Remark(level, words) => {
            let word = match level {
                Level::Unknown => "Left out",
                other => other.word(),
            };
            writeln!(out, "> **{word}.** {}", set(words))
        }
        Block::List(points) => points
            .iter()
            .try_for_each(|point| writeln!(out, "- {}", set(point))),
        Block::Findings(findings) => findings.iter().try_for_each(|f| {
            write!(
                out,
                "- **{}.** {} {}",
                f.level.word(),
                set(&f.about),
                set(&f.found)
            )?;
            match &f.advice {
                Some(advice) => writeln!(out, " *What to do:* {}", set(advice)),
                None => writeln!(out),
            }
        }),
        Block::Table(grid) => write!(out, "{}", grid.set(MARKUP)),
        Block::Equations(about, lines) => {
            let lines: Vec<String> = lines.iter().map(math).collect();
            writeln!(
                out,
                "{}\n\n$$\n\\begin{{aligned}}\n{}\n\\end{{aligned}}\n$$",
                set(about),
                lines.join(" \\\\\n")
            )
        }
        Block::Symbols(meanings) => {
            let _ = writeln!(
                out,
                "| Symbol | Stands for | Estimate |\n| :-- | :-- | --: |"
            );
            meanings.iter().try_for_each(|m| {
                writeln!(
                    out,
                    "| ${}$ | {} | {} |",
                    m.symbol.latex.replace('|', "\\vert "),
                    escape(&m.term, MARKUP),
                    m.estimate
                )
            })
        }
        Block::Figure(figure) => {
            let below: Vec<String> = caption(figure).iter().map(set).collect();
            let path = format!("{folder}/{}.svg", figure.name);
            match drawn(figure, Format::Svg) {
                Ok(bytes) => {
                    let description = escape(&figure.chart.description, MARKUP);
                    let _ = writeln!(out, "![{description}]({path})\n");
                    files.push((path, bytes));
                }
                Err(error) => {
                    let error = escape(&error.to_string(), MARKUP);
                    let _ = writeln!(
                        out,
                        "> **Problem.** This figure could not be drawn: {error}.\n"
                    );
                }
            }
            writeln!(out, "**Figure {}.** {}", figure.number, below.join(" "))
        }
        Block::Code(listing) => {
            let language = match listing.language {
                Language::R => "r",
                Language::Stata => "stata",
                Language::Sas => "sas",
                Language::Python => "python",
                Language::Command => "sh",
            };
            let fence = fence(&listing.code);
            writeln!(
                out,
                "### {}\n\n{fence}{language}\n{}\n{fence}",
                listing.title,
                listing.code.trim_end()
            )
        }
        Block::References(works) => works.iter().try_for_each(|work| {
            let address = work
                .address
                .as_deref()
                .map_or(String::new(), |address| format!(" <{address}>"));
            writeln!(out, "- {}{address}", set(&work.text))
        }),
    };
}

/// An equation aligned at its sign, and broken where it is long.
fn math(equation: &Equation) -> String {
    super::latex::lines(&equation.latex, "&\\quad ")
}

/// Backticks enough to hold the code.
fn fence(code: &str) -> String {
    let longest = code
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    "`".repeat(longest.max(2) + 1)
}
