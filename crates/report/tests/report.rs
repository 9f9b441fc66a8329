//! Reports of models of every kind: that nothing is missing, that names do no harm, that the HTML is
//! sound, and that the numbers are those of the answers.
#![allow(missing_docs)]

mod support;

use std::sync::LazyLock;

use ranef::{Fit, Markup, numbers};
use ranef_report::{Block, Document, Form, Level, ReportOptions, report};
use support::{Case, all, nasty, sleepstudy};

/// Every model with its report, made once.
static REPORTS: LazyLock<Vec<(Case, Document)>> = LazyLock::new(|| {
    let cases = all().into_iter();
    cases
        .map(|case| {
            let document = case.document();
            (case, document)
        })
        .collect()
});

const SECTIONS: [&str; 10] = [
    "brief",
    "model",
    "data",
    "results",
    "pooling",
    "variance",
    "checks",
    "methods",
    "code",
    "references",
];

/// All that a document says in words.
fn words(document: &Document) -> String {
    let mut out = String::new();
    let mut say = |text: &ranef::Text| {
        out += &text.set(Markup::Text);
        out.push('\n');
    };
    for block in document.sections.iter().flat_map(|s| &s.blocks) {
        match block {
            Block::Paragraph(text) | Block::Remark(_, text) => say(text),
            Block::List(points) => points.iter().for_each(&mut say),
            Block::Findings(findings) => {
                for finding in findings {
                    say(&finding.found);
                }
            }
            _ => {}
        }
    }
    out
}

#[test]
fn every_model_has_every_section() {
    for (case, document) in &*REPORTS {
        let names: Vec<&str> = document.sections.iter().map(|s| s.name).collect();
        assert_eq!(names, SECTIONS, "{}", case.name);
        for section in &document.sections {
            assert!(
                !section.blocks.is_empty(),
                "{}: {}",
                case.name,
                section.name
            );
        }
    }
}

#[test]
fn no_report_has_a_part_that_failed() {
    for (case, document) in &*REPORTS {
        let mut seen = 0;
        for section in document.sections.iter().filter(|s| s.name != "brief") {
            for block in &section.blocks {
                if let Block::Remark(level, text) = block {
                    seen += 1;
                    let text = text.set(Markup::Text);
                    assert!(*level != Level::Problem, "{}: {text}", case.name);
                }
            }
        }
        // What a generalised model has no answer to is said.
        if !case.fit.family().is_gaussian() {
            assert!(seen > 0, "{}", case.name);
        }
    }
}

/// Elements without content.
const VOID: [&str; 4] = ["meta", "br", "img", "link"];

/// A tag of the page: whether it opens, its name, what follows the name.
type Tag<'a> = (bool, &'a str, &'a str);

/// Reads a page tag by tag. What is escaped right has no `<` but those of tags.
fn tags(html: &str) -> Vec<Tag<'_>> {
    let mut out = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').expect("a tag that ends");
        let inner = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if inner.starts_with('!') {
            continue;
        }
        let (opens, inner) = match inner.strip_prefix('/') {
            Some(inner) => (false, inner),
            None => (true, inner),
        };
        let length = inner
            .find(|c: char| c.is_whitespace() || c == '/')
            .unwrap_or(inner.len());
        out.push((opens, &inner[..length], &inner[length..]));
    }
    out
}

#[test]
fn pages_are_well_formed() {
    for (case, document) in &*REPORTS {
        let html = document.write(Form::Html, "report").text;
        // The stylesheet holds no tag.
        let (head, rest) = html.split_once("<style>").expect("a stylesheet");
        let (style, body) = rest.split_once("</style>").expect("its end");
        assert!(!style.contains('<'), "{}", case.name);
        let mut open: Vec<&str> = Vec::new();
        let page = format!("{head}{body}");
        for (opens, name, attributes) in tags(&page) {
            if opens && !VOID.contains(&name) && !attributes.ends_with('/') {
                open.push(name);
            } else if !opens {
                assert_eq!(open.pop(), Some(name), "{}", case.name);
            }
        }
        assert!(open.is_empty(), "{}: {open:?}", case.name);
        // Quotes within attributes would break them.
        for (_, name, attributes) in tags(&page) {
            assert_eq!(
                attributes.matches('"').count() % 2,
                0,
                "{}: {name}",
                case.name
            );
        }
        let mut ids: Vec<&str> = page
            .split(" id=\"")
            .skip(1)
            .filter_map(|r| r.split('"').next())
            .collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "{}: an id twice", case.name);
        for link in page
            .split("href=\"#")
            .skip(1)
            .filter_map(|r| r.split('"').next())
        {
            assert!(ids.contains(&link), "{}: #{link} leads nowhere", case.name);
        }
    }
}

#[test]
fn headings_come_in_order() {
    for (case, document) in &*REPORTS {
        let html = document.write(Form::Html, "report").text;
        let mut before = 0;
        let mut first = 0;
        for (_, name, _) in tags(&html).into_iter().filter(|t| t.0) {
            let Some(level) = name.strip_prefix('h').and_then(|n| n.parse::<usize>().ok()) else {
                continue;
            };
            assert!(
                level <= before + 1,
                "{}: h{level} after h{before}",
                case.name
            );
            first += usize::from(level == 1);
            before = level;
        }
        assert_eq!(first, 1, "{}: one title", case.name);
    }
}

#[test]
fn pages_ask_for_nothing_from_outside() {
    for (case, document) in &*REPORTS {
        let html = document.write(Form::Html, "report").text;
        for (_, name, attributes) in tags(&html) {
            assert!(
                ![
                    "script", "link", "iframe", "img", "object", "embed", "base", "form"
                ]
                .contains(&name),
                "{}: {name}",
                case.name
            );
            assert!(
                !attributes.contains(" src="),
                "{}: {name}{attributes}",
                case.name
            );
            assert!(
                !attributes.contains(" on"),
                "{}: {name}{attributes}",
                case.name
            );
        }
        for foreign in ["@import", "url(http", "url(//", "javascript:"] {
            assert!(!html.contains(foreign), "{}: {foreign}", case.name);
        }
        // Addresses are links of the references, or the name of a namespace.
        for (at, _) in html.match_indices("http") {
            let before = &html[..at];
            let plain = before.ends_with("<a href=\"") || before.ends_with("\">");
            assert!(
                plain || before.ends_with("xmlns=\""),
                "{}",
                &html[at - 40..at + 20]
            );
        }
    }
}

#[test]
fn every_figure_can_be_heard() {
    let mut figures = 0;
    for (case, document) in &*REPORTS {
        let html = document.write(Form::Html, "report").text;
        let drawn: Vec<&str> = html.split("<figure ").skip(1).collect();
        assert_eq!(drawn.len(), document.figures().count(), "{}", case.name);
        figures += drawn.len();
        for figure in drawn {
            let figure = figure.split("</figure>").next().expect("its end");
            assert!(figure.contains("role=\"img\""), "{}", case.name);
            for element in ["title", "desc"] {
                let (_, rest) = figure
                    .split_once(&format!("<{element} id="))
                    .expect(element);
                let (_, rest) = rest.split_once('>').expect(element);
                let text = rest.split("</").next().expect(element);
                assert!(text.trim().len() > 10, "{}: {element} `{text}`", case.name);
            }
            assert!(figure.contains("<figcaption>"), "{}", case.name);
        }
    }
    assert!(figures >= REPORTS.len(), "{figures} figures");
}

#[test]
fn tables_have_captions_and_heads_with_a_scope() {
    for (case, document) in &*REPORTS {
        let html = document.write(Form::Html, "report").text;
        let tables = html.matches("<table>").count();
        assert!(tables >= 3, "{}", case.name);
        assert_eq!(html.matches("<caption>").count(), tables, "{}", case.name);
        assert_eq!(
            html.matches("<th ").count(),
            html.matches("<th scope=").count(),
            "{}",
            case.name
        );
        assert!(!html.contains("<th>"), "{}", case.name);
    }
}

#[test]
fn names_do_no_harm() {
    let case = nasty();
    let document = case.document();
    let html = document.write(Form::Html, "report").text;
    assert!(html.contains("&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(html.contains("y &lt;b&gt;&amp;&quot;&#39;"));
    assert!(!html.contains("<script") && !html.contains("<b>&"));
    let latex = document.write(Form::Latex, "report").text;
    assert_latex(&latex, case.name);
    let markdown = document.write(Form::Markdown, "report").text;
    let outside_code = without_code(&markdown);
    for line in outside_code.lines() {
        assert!(!line.replace("\\<", "").contains("<script"), "{line}");
    }
    // The missing row and the aliased column are said.
    let words = words(&document);
    assert!(words.contains("Of 120 rows, 119 were used"), "{words}");
    assert!(words.contains("twice is not estimated"), "{words}");
}

/// Markdown without code, in which nothing is escaped, and without mathematics.
fn without_code(markdown: &str) -> String {
    let mut out = String::new();
    let mut fenced = false;
    for line in markdown.lines() {
        if line.starts_with("```") || line.starts_with("$$") {
            fenced = !fenced;
            continue;
        }
        if fenced {
            continue;
        }
        // Spans of any number of backticks.
        let mut rest = line;
        while let Some(start) = rest.find('`') {
            if rest[..start].ends_with('\\') {
                out += &rest[..=start];
                rest = &rest[start + 1..];
                continue;
            }
            out += &rest[..start];
            let ticks = rest[start..].len() - rest[start..].trim_start_matches('`').len();
            let fence = "`".repeat(ticks);
            let inner = &rest[start + ticks..];
            let end = inner.find(&fence).map_or(inner.len(), |e| e + ticks);
            rest = &inner[end..];
        }
        out += rest;
        out.push('\n');
    }
    out
}

/// Environments that pair up, braces that balance, no sign of LaTeX's own without its backslash
/// outside mathematics, tables and code, and no character that pdflatex would not know.
#[track_caller]
fn assert_latex(latex: &str, name: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut depth = 0i32;
    let mut before = ' ';
    for (at, c) in latex.char_indices() {
        match c {
            '{' if before != '\\' => depth += 1,
            '}' if before != '\\' => depth -= 1,
            '\\' => {
                let rest = &latex[at..];
                for (mark, begins) in [("\\begin{", true), ("\\end{", false)] {
                    if let Some(rest) = rest.strip_prefix(mark) {
                        let environment = rest.split('}').next().expect("its name");
                        match begins {
                            true => open.push(environment),
                            false => assert_eq!(open.pop(), Some(environment), "{name}"),
                        }
                    }
                }
            }
            _ => {}
        }
        assert!(depth >= 0, "{name}: …{}", &latex[at.saturating_sub(60)..at]);
        // A backslash that is escaped escapes nothing.
        before = if before == '\\' && c == '\\' { ' ' } else { c };
    }
    assert_eq!(depth, 0, "{name}");
    assert!(open.is_empty(), "{name}: {open:?}");
    for (number, line) in latex.lines().enumerate() {
        let mathematics = line.contains("\\begin") || line.contains('$');
        if mathematics {
            continue;
        }
        let mut before = ' ';
        for c in line.chars() {
            if matches!(c, '%' | '#') {
                let preamble = line.starts_with("\\resizebox");
                assert!(before == '\\' || preamble, "{name}, line {number}: {line}");
            }
            before = c;
        }
    }
}

#[test]
fn latex_is_sound_and_plain() {
    for (case, document) in &*REPORTS {
        let written = document.write(Form::Latex, "my report");
        let latex = &written.text;
        assert_latex(latex, case.name);
        assert!(latex.starts_with("\\documentclass"), "{}", case.name);
        assert!(latex.ends_with("\\end{document}\n"), "{}", case.name);
        // Accents of names are known to every LaTeX since 2018; other signs must be commands.
        let foreign: String = latex
            .chars()
            .filter(|c| !c.is_ascii() && !c.is_alphabetic())
            .collect();
        assert_eq!(foreign, "", "{}", case.name);
        let greek: String = latex.chars().filter(|c| ('Ͱ'..='Ͽ').contains(c)).collect();
        assert_eq!(greek, "", "{}", case.name);
        assert_eq!(
            latex.matches("\\includegraphics").count(),
            written.files.len(),
            "{}",
            case.name
        );
        for (path, bytes) in &written.files {
            assert!(path.starts_with("my-report_files/") && path.ends_with(".pdf"));
            assert!(latex.contains(&format!("{{{path}}}")), "{path}");
            assert!(bytes.starts_with(b"%PDF"), "{path}");
        }
    }
}

#[test]
fn markdown_names_its_figures() {
    for (case, document) in &*REPORTS {
        let written = document.write(Form::Markdown, "a b");
        assert_eq!(
            written.files.len(),
            document.figures().count(),
            "{}",
            case.name
        );
        for (path, bytes) in &written.files {
            assert!(path.starts_with("a-b_files/") && path.ends_with(".svg"));
            assert!(written.text.contains(&format!("]({path})")), "{path}");
            assert!(bytes.starts_with(b"<svg"), "{path}");
        }
        for section in &document.sections {
            assert!(written.text.contains(&format!("\n## {}\n", section.title)));
        }
    }
}

#[test]
fn numbers_are_those_of_the_answers() {
    let case = sleepstudy();
    let fit = &case.fit;
    let document = case.document();
    let words = words(&document);
    let html = document.write(Form::Html, "report").text;
    let days = &fit.coefficients()[1];
    let [low, high] = days.wald_interval(0.95).expect("an interval");
    let two = |x: f64| numbers::fixed_point(x, 2);
    // lme4 1.1-31 and lmerTest 3.1-3: 10.467, 7.212 to 13.723 with 17 degrees of freedom.
    assert_eq!((two(low), two(high)), ("7.21".into(), "13.73".into()));
    assert!(words.contains("With one unit more of Days, the expected Reaction is 10.47 higher (95% CI 7.21 to 13.73)."), "{words}");
    let r2 = fit.r_squared(0.95);
    let percent = |x: f64| format!("{:.0}%", 100.0 * x);
    assert!(words.contains(&format!(
        "The fixed effects account for {} of the variance (marginal R²), fixed and random effects \
         together for {} (conditional R²)",
        percent(r2.marginal),
        percent(r2.conditional)
    )));
    let slopes = &fit.varcorr()[0];
    let bounds =
        [-1.0, 1.0].map(|s| two(days.estimate.unwrap() + s * 1.959963984540054 * slopes.sd[1]));
    assert!(words.contains(&format!(
        "About 95% of all levels of Subject would have a coefficient of Days between {} and {}.",
        bounds[0].replace('-', "−"),
        bounds[1]
    )));
    let pooling = fit.pooling(None, 0.95).expect("an answer");
    assert!(words.contains(&pooling.reading.replace('`', "")), "{words}");
    let check = fit
        .check(&*case.data, &Default::default(), &mut |_| {})
        .expect("a check");
    for finding in &check.checks {
        assert!(
            words.contains(&finding.found.replace('`', "")),
            "{}",
            finding.found
        );
    }
    for cell in ["612.09", "24.74", "35.07", "5.92", "1743.6", "1755.6"] {
        assert!(html.contains(&format!("<td>{cell}</td>")), "{cell}");
    }
    assert!(html.contains("<td>−871.8</td>") || html.contains("<td>-871.8</td>"));
}

#[test]
fn what_is_wrong_is_said_first() {
    let find = |name: &str| {
        let found = REPORTS.iter().find(|(case, _)| case.name == name);
        words(&found.expect(name).1)
    };
    let singular = find("singular");
    assert!(
        singular.starts_with("A linear mixed model of Yield"),
        "{singular}"
    );
    let first: String = singular.lines().take(4).collect();
    assert!(first.contains("Singular fit"), "{first}");
    assert!(first.contains("Rule for few groups"), "{first}");
    assert!(singular.contains("The fit is singular: a variance is estimated as zero"));
    let none = find("regression");
    assert!(none.contains("so nothing is pooled"), "{none}");
    assert!(none.contains("takes all rows as independent"), "{none}");
    let odds = find("cbpp");
    assert!(odds.contains("Where period is 2 the odds are 0.371 times as large as where it is 1 (95% CI 0.203 to 0.676)."), "{odds}");
    assert!(
        odds.contains("no and complete pooling are least squares here"),
        "{odds}"
    );
    let ordinal = find("ordinal");
    assert!(ordinal.contains("as ordered categories"), "{ordinal}");
}

#[test]
fn a_saved_model_without_rows_says_what_is_missing() {
    let case = sleepstudy();
    let saved = Fit::from_json(&case.fit.to_json().expect("JSON")).expect("a fit");
    let document = report(&saved, None, &ReportOptions::default(), &mut |_| {}).expect("a report");
    assert_eq!(document.sections.len(), SECTIONS.len());
    let words = words(&document);
    assert!(
        words.contains("The check needs the rows that the model was fitted to"),
        "{words}"
    );
    assert!(words.contains("ranef report MODEL --data DATA"), "{words}");
    assert!(words.contains("With one unit more of Days"), "{words}");
    let problems = document.sections.iter().flat_map(|s| &s.blocks);
    let problems = problems.filter(|b| matches!(b, Block::Remark(Level::Problem, _)));
    assert_eq!(problems.count(), 0);
}

#[test]
fn rows_of_another_data_set_are_an_error_that_is_shown() {
    let case = sleepstudy();
    let saved = Fit::from_json(&case.fit.to_json().expect("JSON")).expect("a fit");
    let other = support::penicillin();
    let document = report(
        &saved,
        Some(&*other.data),
        &ReportOptions::default(),
        &mut |_| {},
    )
    .expect("a report");
    let checks = document.section("checks").expect("checks");
    assert!(
        checks
            .blocks
            .iter()
            .any(|b| matches!(b, Block::Remark(Level::Problem, _))),
        "{:?}",
        checks.blocks
    );
    // The rest is there all the same.
    assert!(words(&document).contains("With one unit more of Days"));
}

#[test]
fn an_interrupted_report_ends() {
    let case = sleepstudy();
    let switch = ranef::Interrupt::default();
    let saved = case.fit.to_json().expect("JSON");
    let fit = Fit::from_json(&saved)
        .and_then(|fit| fit.with_rows(&*case.data))
        .expect("a fit")
        .with_interrupt(&switch);
    switch.set();
    let error = report(
        &fit,
        Some(&*case.data),
        &ReportOptions::default(),
        &mut |_| {},
    )
    .expect_err("interrupted");
    assert_eq!(error.code(), "interrupted");
}
