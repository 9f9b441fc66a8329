//! Elements of MathML Core, which browsers draw and screen readers read without a script.

use crate::reports::{Markup, escape};

/// "Is distributed as".
pub(super) const DISTRIBUTED: &str = "<mo lspace=\"0.28em\" rspace=\"0.28em\">∼</mo>";

/// The sign before a negative number.
pub(super) const MINUS: &str = "<mo form=\"prefix\">−</mo>";

/// A name of the data.
pub(super) fn text(name: &str) -> String {
    format!("<mtext>{}</mtext>", escape(name, Markup::Html))
}

/// A number as [`super::ink`] writes it: digits, a point, a sign.
pub(super) fn number(text: &str) -> String {
    match text.strip_prefix('-') {
        Some(size) => format!("{MINUS}<mn>{size}</mn>"),
        None => format!("<mn>{text}</mn>"),
    }
}

/// Numbers and letters of indices one after the other: `01`, `ij`, `j[i]`.
pub(super) fn indices(text: &str) -> String {
    let one = |c: char| match c {
        '0'..='9' => format!("<mn>{c}</mn>"),
        'a'..='z' => format!("<mi>{c}</mi>"),
        other => format!("<mo stretchy=\"false\" lspace=\"0\" rspace=\"0\">{other}</mo>"),
    };
    text.chars().map(one).collect()
}

/// A base with what stands below and above it; nothing where that is empty.
pub(super) fn scripts(base: &str, below: &str, above: Option<String>) -> String {
    match (below.is_empty(), above) {
        (true, None) => base.to_owned(),
        (false, None) => format!("<msub>{base}<mrow>{below}</mrow></msub>"),
        (true, Some(above)) => format!("<msup>{base}<mrow>{above}</mrow></msup>"),
        (false, Some(above)) => {
            format!("<msubsup>{base}<mrow>{below}</mrow><mrow>{above}</mrow></msubsup>")
        }
    }
}

/// A symbol with so many dashes behind it.
pub(super) fn primed(symbol: &str, dashes: usize) -> String {
    match dashes {
        0 => symbol.to_owned(),
        n => format!(
            "<msup><mrow>{symbol}</mrow><mo>{}</mo></msup>",
            "′".repeat(n)
        ),
    }
}

/// In parentheses.
pub(super) fn fenced(inner: &str) -> String {
    format!("<mrow><mo>(</mo>{inner}<mo>)</mo></mrow>")
}

/// A named function of something.
pub(super) fn function(name: &str, inner: &str) -> String {
    format!("<mi>{name}</mi>{}", fenced(inner))
}

/// What is normally distributed, with mean and variance.
pub(super) fn normal(what: &str, mean: &str, variance: &str) -> String {
    let inner = format!("{mean}<mo>,</mo>{variance}");
    format!("{what}{DISTRIBUTED}<mi>N</mi>{}", fenced(&inner))
}

/// A matrix in parentheses.
pub(super) fn matrix(rows: impl Iterator<Item = Vec<String>>) -> String {
    let row = |cells: Vec<String>| -> String {
        let cells: String = cells.iter().map(|c| format!("<mtd>{c}</mtd>")).collect();
        format!("<mtr>{cells}</mtr>")
    };
    let rows: String = rows.map(row).collect();
    fenced(&format!("<mtable>{rows}</mtable>"))
}
