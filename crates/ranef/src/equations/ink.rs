//! Symbols, numbers and sums, in Unicode, in LaTeX and in MathML at once.

use super::mathml;
use crate::format::exponential;

/// The same in all scripts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ink {
    pub text: String,
    pub latex: String,
    /// Elements of MathML in pieces, between which a line may be broken; most ink is one piece.
    pub mathml: Vec<String>,
}

impl Ink {
    pub fn new(
        text: impl Into<String>,
        latex: impl Into<String>,
        mathml: impl Into<String>,
    ) -> Self {
        Self {
            text: text.into(),
            latex: latex.into(),
            mathml: vec![mathml.into()],
        }
    }

    /// All of its MathML.
    pub fn math(&self) -> String {
        self.mathml.concat()
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
        let math = mathml::scripts(
            &format!("<mi>{text}</mi>"),
            &mathml::indices(&below),
            level.map(|l| format!("<mo>(</mo><mn>{l}</mn><mo>)</mo>")),
        );
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
            math,
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
            mathml::scripts(&mathml::text(name), &mathml::indices(groups), None),
        )
    }

    /// A number to four significant digits.
    pub fn number(x: f64) -> Self {
        if x == 0.0 {
            return Self::new("0", "0", "<mn>0</mn>");
        }
        let power = x.abs().log10().floor() as i32;
        if (-4..7).contains(&power) {
            let decimals = (3 - power).max(0) as usize;
            let text = format!("{x:.decimals$}");
            let math = mathml::number(&text);
            return Self::new(text.replace('-', "−"), text, math);
        }
        let text = format!("{x:.3e}");
        let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
        Self::new(
            exponential(x, 3).replace('-', "−"),
            format!("{mantissa} \\times 10^{{{power}}}"),
            format!(
                "{}<mo>×</mo><msup><mn>10</mn><mrow>{}</mrow></msup>",
                mathml::number(mantissa),
                mathml::number(power)
            ),
        )
    }

    /// Several factors as a product.
    pub fn product(factors: &[Ink]) -> Self {
        let texts: Vec<&str> = factors.iter().map(|f| f.text.as_str()).collect();
        let latex: Vec<&str> = factors.iter().map(|f| f.latex.as_str()).collect();
        let math: Vec<String> = factors.iter().map(Ink::math).collect();
        Self::new(
            texts.join("·"),
            latex.join(" \\, "),
            math.join("<mo lspace=\"0\" rspace=\"0.17em\">⁢</mo>"),
        )
    }

    /// The equation of a left side and a sum; a number in front decides the sign.
    pub fn equation(left: &Ink, sum: &[Ink]) -> Self {
        let (mut text, mut latex) = (format!("{} =", left.text), format!("{} =", left.latex));
        let mut pieces = vec![format!("{}<mo>=</mo>", left.math())];
        if sum.is_empty() {
            text += " 0";
            latex += " 0";
            pieces.push("<mn>0</mn>".to_owned());
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
            let math = term.math();
            pieces.push(match (at, math.strip_prefix(mathml::MINUS)) {
                (0, _) => math,
                // Between two terms, not before one.
                (_, Some(rest)) => format!("<mo form=\"infix\">−</mo>{rest}"),
                (_, None) => format!("<mo form=\"infix\">+</mo>{math}"),
            });
        }
        // The first term stays with what it explains.
        let rest = pieces.split_off(2);
        let mut mathml = vec![pieces.concat()];
        mathml.extend(rest);
        Self {
            text,
            latex,
            mathml,
        }
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
