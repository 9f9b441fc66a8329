//! What each language makes of a table.

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
        "<tr><th scope=\"row\" class=\"text\">50% &lt;x&gt; &amp; &quot;y&quot;</th><td>−2.25</td></tr>",
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
            GridRow::Cells(vec![
                Text::plain("one"),
                Text::plain("1.5"),
                Text::plain(".04"),
            ]),
            GridRow::Section(Text::plain("More")),
            GridRow::Cells(vec![Text::plain("two"), Text::plain("−1"), Text::default()]),
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
