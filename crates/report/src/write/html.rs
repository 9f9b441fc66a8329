//! HTML: one page that asks for nothing from outside, reads in order without styles and prints.

use std::fmt::Write;

use ranef::{Equation, Language, Markup, Text, escape};
use ranef_figures::Format;

use super::{Written, caption, drawn};
use crate::document::{Block, Document, Figure, Finding, Level, Meaning, Section};

const STYLE: &str = include_str!("style.css");

/// Symbols of an equation above which it may be broken into lines.
const LONG: usize = 30;

pub(super) fn write(document: &Document) -> Written {
    let mut out = String::with_capacity(1 << 17);
    let title = text(&document.title);
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"generator\" content=\"ranef {}\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#brief\">To the report</a>\n\
         <header>\n<h1>{title}</h1>\n</header>\n",
        env!("CARGO_PKG_VERSION"),
    );
    contents(document, &mut out);
    out.push_str("<main>\n");
    for section in &document.sections {
        write_section(section, &mut out);
    }
    out.push_str("</main>\n</body>\n</html>\n");
    Written {
        text: out,
        files: Vec::new(),
    }
}

fn text(plain: &str) -> String {
    escape(plain, Markup::Html)
}

fn set(text: &Text) -> String {
    text.set(Markup::Html)
}

fn contents(document: &Document, out: &mut String) {
    out.push_str("<nav aria-label=\"Contents\">\n<ol>\n");
    for section in &document.sections {
        let _ = writeln!(
            out,
            "<li><a href=\"#{}\">{}</a></li>",
            section.name,
            text(section.title)
        );
    }
    out.push_str("</ol>\n</nav>\n");
}

fn write_section(section: &Section, out: &mut String) {
    let _ = writeln!(
        out,
        "<section id=\"{0}\" aria-labelledby=\"{0}-title\">\n<h2 id=\"{0}-title\">{1}</h2>",
        section.name,
        text(section.title)
    );
    for block in &section.blocks {
        write_block(block, out);
    }
    out.push_str("</section>\n");
}

fn write_block(block: &Block, out: &mut String) {
    let _ = match block {
        Block::Heading(title) => writeln!(out, "<h3>{}</h3>", text(title)),
        Block::Paragraph(words) => writeln!(out, "<p>{}</p>", set(words)),
        Block::Remark(level, words) => writeln!(
            out,
            "<p class=\"remark {}\"><strong>{}.</strong> {}</p>",
            level.name(),
            remark_word(*level),
            set(words)
        ),
        Block::List(points) => {
            let points: String = points
                .iter()
                .map(|p| format!("<li>{}</li>\n", set(p)))
                .collect();
            writeln!(out, "<ul>\n{points}</ul>")
        }
        Block::Findings(findings) => {
            let findings: String = findings.iter().map(finding).collect();
            writeln!(out, "<ul class=\"findings\">\n{findings}</ul>")
        }
        // A wide table scrolls by itself on a narrow screen, also by keyboard.
        Block::Table(grid) => writeln!(
            out,
            "<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"{}\">\n{}</div>",
            text(&grid.title.set(Markup::Text)),
            grid.set(Markup::Html)
        ),
        Block::Equations(about, lines) => {
            let lines: String = lines
                .iter()
                .map(|line| format!("<p class=\"equation\">{}</p>\n", equation(line)))
                .collect();
            writeln!(
                out,
                "<p class=\"about\">{}</p>\n<div class=\"equations\">\n{lines}</div>",
                set(about)
            )
        }
        Block::Symbols(meanings) => symbols(meanings, out),
        Block::Figure(figure) => write_figure(figure, out),
        Block::Code(listing) => {
            let class = match listing.language {
                Language::R => "r",
                Language::Stata => "stata",
                Language::Sas => "sas",
                Language::Python => "python",
                Language::Command => "shell",
            };
            writeln!(
                out,
                "<h3>{}</h3>\n<pre tabindex=\"0\"><code class=\"language-{class}\">{}</code></pre>",
                text(listing.title),
                code(&listing.code)
            )
        }
        Block::References(works) => {
            let works: String = works
                .iter()
                .map(|work| {
                    let address = work.address.as_deref().map_or(String::new(), |address| {
                        format!(" <a href=\"{0}\">{0}</a>", text(address))
                    });
                    format!("<li>{}{address}</li>\n", set(&work.text))
                })
                .collect();
            writeln!(out, "<ul class=\"references\">\n{works}</ul>")
        }
    };
}

/// A remark that is no finding calls itself otherwise.
fn remark_word(level: Level) -> &'static str {
    match level {
        Level::Unknown => "Left out",
        other => other.word(),
    }
}

fn finding(finding: &Finding) -> String {
    let advice = finding.advice.as_ref().map_or(String::new(), |advice| {
        format!(
            "<br><span class=\"advice\"><b>What to do:</b> {}</span>",
            set(advice)
        )
    });
    format!(
        "<li class=\"{}\"><strong>{}.</strong> {} {}{advice}</li>\n",
        finding.level.name(),
        finding.level.word(),
        set(&finding.about),
        set(&finding.found)
    )
}

/// An equation: one element where it is short, else one for each piece, so that it breaks into lines
/// instead of running out of a narrow screen or of the paper.
fn equation(equation: &Equation) -> String {
    let math = |inner: &str| format!("<math displaystyle=\"true\"><mrow>{inner}</mrow></math>");
    if equation.text.chars().count() <= LONG || equation.mathml.len() < 2 {
        return math(&equation.mathml.concat());
    }
    let pieces: Vec<String> = equation.mathml.iter().map(|piece| math(piece)).collect();
    pieces.join("\n")
}

fn symbols(meanings: &[Meaning], out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"What the symbols stand \
         for\">\n<table>\n<caption>What the symbols stand for</caption>\n<thead>\n<tr>\
         <th scope=\"col\" class=\"text\">Symbol</th><th scope=\"col\" class=\"text\">Stands for</th>\
         <th scope=\"col\">Estimate</th></tr>\n</thead>\n<tbody>"
    )?;
    for meaning in meanings {
        writeln!(
            out,
            "<tr><th scope=\"row\" class=\"text\">{}</th><td class=\"text\">{}</td><td>{}</td></tr>",
            equation(&meaning.symbol),
            text(&meaning.term),
            text(&meaning.estimate.replace('-', "−"))
        )?;
    }
    writeln!(out, "</tbody>\n</table>\n</div>")
}

/// Code as it is, line feeds and all.
fn code(code: &str) -> String {
    code.lines()
        .map(|line| format!("{}\n", text(line)))
        .collect()
}

fn write_figure(figure: &Figure, out: &mut String) -> std::fmt::Result {
    let lines: Vec<String> = caption(figure).iter().map(set).collect();
    let drawing = match drawn(figure, Format::Svg).map(|bytes| inline(&bytes, &figure.name)) {
        Ok(svg) => svg,
        Err(error) => format!(
            "<p class=\"remark problem\"><strong>Problem.</strong> This figure could not be drawn: \
             {}.</p>\n",
            text(&error.to_string())
        ),
    };
    writeln!(
        out,
        "<figure id=\"figure-{}\">\n<div class=\"drawing\" tabindex=\"0\">\n{drawing}</div>\n<figcaption><b>Figure {}.</b> {}</figcaption>\n\
         </figure>",
        figure.name,
        figure.number,
        lines.join(" ")
    )
}

/// An SVG as part of a page: without the prologue of a file, and with names that are its own among
/// all figures of the page.
fn inline(svg: &[u8], name: &str) -> String {
    let svg = String::from_utf8_lossy(svg);
    let start = svg.find("<svg").unwrap_or(0);
    let mut out = svg[start..].to_owned();
    // The width in millimetres is that of paper; here the page decides.
    for (mark, with) in [
        ("id=\"", format!("id=\"{name}-")),
        ("href=\"#", format!("href=\"#{name}-")),
        ("url(#", format!("url(#{name}-")),
    ] {
        out = out.replace(mark, &with);
    }
    if let Some((before, rest)) = out.split_once("aria-labelledby=\"")
        && let Some((names, after)) = rest.split_once('"')
    {
        let names: Vec<String> = names
            .split_whitespace()
            .map(|own| format!("{name}-{own}"))
            .collect();
        out = format!("{before}aria-labelledby=\"{}\"{after}", names.join(" "));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_within_a_drawing_are_its_own() {
        let svg =
            b"<?xml version=\"1.0\"?>\n<svg aria-labelledby=\"t d\"><title id=\"t\">x</title>\
                    <rect fill=\"url(#p)\"/><use href=\"#q\"/></svg>";
        assert_eq!(
            inline(svg, "one"),
            "<svg aria-labelledby=\"one-t one-d\"><title id=\"one-t\">x</title>\
             <rect fill=\"url(#one-p)\"/><use href=\"#one-q\"/></svg>"
        );
    }
}
