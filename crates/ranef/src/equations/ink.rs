//! Symbols, numbers and sums, in Unicode and in LaTeX at once.

use crate::format::exponential;

/// The same in both scripts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ink {
    pub text: String,
    pub latex: String,
}

impl Ink {
    pub fn new(text: impl Into<String>, latex: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            latex: latex.into(),
        }
    }

    /// A Greek or Latin letter with numbers and group indices below it, and perhaps a level above.
    pub fn symbol(
        text: &str,
        latex: &str,
        numbers: &[usize],
        groups: &str,
        level: Option<usize>,
    ) -> Self {
        let separator = if numbers.iter().any(|n| *n > 9) {
            ","
        } else {
            ""
        };
        let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
        let below = numbers.join(separator) + groups;
        let above = level.map_or(String::new(), |l| format!("^{{({l})}}"));
        let raised = level.map_or(String::new(), |l| format!("⁽{}⁾", raised(l)));
        let lowered: String = below.chars().map(lowered).collect();
        let below = if below.is_empty() {
            String::new()
        } else {
            format!("_{{{below}}}")
        };
        Self::new(
            format!("{text}{raised}{lowered}"),
            format!("{latex}{above}{below}"),
        )
    }

    /// A variable with its indices.
    pub fn variable(name: &str, groups: &str) -> Self {
        let lowered: String = groups.chars().map(lowered).collect();
        let below = if groups.is_empty() {
            String::new()
        } else {
            format!("_{{{groups}}}")
        };
        Self::new(
            format!("{name}{lowered}"),
            format!("\\text{{{}}}{below}", escape(name)),
        )
    }

    /// A number to four significant digits.
    pub fn number(x: f64) -> Self {
        if x == 0.0 {
            return Self::new("0", "0");
        }
        let power = x.abs().log10().floor() as i32;
        if (-4..7).contains(&power) {
            let decimals = (3 - power).max(0) as usize;
            let text = format!("{x:.decimals$}");
            return Self::new(text.replace('-', "−"), text);
        }
        let text = format!("{x:.3e}");
        let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
        Self::new(
            exponential(x, 3).replace('-', "−"),
            format!("{mantissa} \\times 10^{{{power}}}"),
        )
    }

    /// Several factors as a product.
    pub fn product(factors: &[Ink]) -> Self {
        let texts: Vec<&str> = factors.iter().map(|f| f.text.as_str()).collect();
        let latex: Vec<&str> = factors.iter().map(|f| f.latex.as_str()).collect();
        Self::new(texts.join("·"), latex.join(" \\, "))
    }

    /// The equation of a left side and a sum; a number in front decides the sign.
    pub fn equation(left: &Ink, sum: &[Ink]) -> Self {
        let (mut text, mut latex) = (format!("{} =", left.text), format!("{} =", left.latex));
        if sum.is_empty() {
            text += " 0";
            latex += " 0";
        }
        for (at, term) in sum.iter().enumerate() {
            let negative = term.latex.starts_with('-');
            let sign = |minus: &'static str| match (at, negative) {
                (0, true) => " ".to_owned() + minus,
                (0, false) => " ".to_owned(),
                (_, true) => format!(" {minus} "),
                (_, false) => " + ".to_owned(),
            };
            text += &sign("−");
            text += term.text.trim_start_matches('−');
            latex += &sign("-");
            latex += term.latex.trim_start_matches('-');
        }
        Self::new(text, latex)
    }
}

fn raised(n: usize) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    n.to_string()
        .bytes()
        .map(|b| DIGITS[usize::from(b - b'0')])
        .collect()
}

fn lowered(c: char) -> char {
    match c {
        '0'..='9' => char::from_u32(0x2080 + (c as u32 - '0' as u32)).unwrap_or(c),
        'i' => 'ᵢ',
        'j' => 'ⱼ',
        'k' => 'ₖ',
        'l' => 'ₗ',
        'm' => 'ₘ',
        'n' => 'ₙ',
        '[' => '₍',
        ']' => '₎',
        _ => c,
    }
}

/// Text that LaTeX prints as it is.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '_' | '%' | '&' | '#' | '$' | '{' | '}' => {
                out.push('\\');
                out.push(c);
            }
            '^' => out.push_str("\\textasciicircum{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '\\' => out.push_str("\\textbackslash{}"),
            _ => out.push(c),
        }
    }
    out
}

/// Letters of group indices: rows are i.
pub(super) fn index(level: usize) -> char {
    ['i', 'j', 'k', 'l', 'm', 'n']
        .get(level)
        .copied()
        .unwrap_or('n')
}
