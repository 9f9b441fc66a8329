//! Numbers as R prints them: several in one column share their decimals. Texts side by side.

use std::fmt;

use unicode_width::UnicodeWidthStr;

/// Formats numbers with as many decimals as the one that needs most has with `digits` significant
/// digits (trailing zeros not counted), or in scientific notation where that is narrower; right
/// aligned. `None` prints as `NA`.
pub(crate) fn common(values: &[Option<f64>], digits: usize) -> Vec<String> {
    let finite = values.iter().flatten().copied().filter(|x| x.is_finite());
    let (mut decimals, mut left, mut mantissa, mut exponent) = (0i32, 1i32, 0i32, 1i32);
    let mut negative = 0;
    for x in finite.filter(|x| *x != 0.0) {
        let (power, needed) = significant(x, digits);
        decimals = decimals.max(needed - power - 1);
        left = left.max(power + 1);
        mantissa = mantissa.max(needed - 1);
        exponent = exponent.max(if power.abs() >= 100 { 3 } else { 2 });
        negative = negative.max(i32::from(x < 0.0));
    }
    let fixed = negative + left + if decimals > 0 { decimals + 1 } else { 0 };
    let scientific = negative + 1 + if mantissa > 0 { mantissa + 1 } else { 0 } + 2 + exponent;
    let one = |x: &Option<f64>| match x {
        None => "NA".to_owned(),
        Some(x) if !x.is_finite() => if *x > 0.0 {
            "Inf"
        } else if *x < 0.0 {
            "-Inf"
        } else {
            "NaN"
        }
        .to_owned(),
        Some(x) if fixed <= scientific => format!("{x:.*}", decimals as usize),
        Some(x) => exponential(*x, mantissa as usize),
    };
    let out: Vec<String> = values.iter().map(one).collect();
    align_right(out)
}

/// The power of ten of a number rounded to `digits` digits, and how many of those digits are
/// needed.
fn significant(x: f64, digits: usize) -> (i32, i32) {
    let text = format!("{:.*e}", digits - 1, x.abs());
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let needed = mantissa
        .trim_end_matches('0')
        .chars()
        .filter(char::is_ascii_digit)
        .count();
    (power.parse().unwrap_or(0), needed.max(1) as i32)
}

/// `1.17e-17`, with two digits of exponent at least.
pub(crate) fn exponential(x: f64, decimals: usize) -> String {
    let text = format!("{x:.decimals$e}");
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    format!(
        "{mantissa}e{}{:02}",
        if power < 0 { '-' } else { '+' },
        power.abs()
    )
}

/// The same in a sentence, where zero is `0`.
pub(crate) fn scientific(x: f64, decimals: usize) -> String {
    match x {
        0.0 => "0".to_owned(),
        x => exponential(x, decimals),
    }
}

/// Columns that a terminal gives to a text: `学` takes two, a combining accent none.
pub(crate) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Pads on the left to a common width.
pub(crate) fn align_right(texts: Vec<String>) -> Vec<String> {
    let widest = texts.iter().map(|t| width(t)).max().unwrap_or(0);
    let pad = |t: String| " ".repeat(widest - width(&t)) + &t;
    texts.into_iter().map(pad).collect()
}

/// Pads on the right to a common width.
pub(crate) fn align_left(texts: Vec<String>) -> Vec<String> {
    let widest = texts.iter().map(|t| width(t)).max().unwrap_or(0);
    let pad = |t: String| {
        let blanks = " ".repeat(widest - width(&t));
        t + &blanks
    };
    texts.into_iter().map(pad).collect()
}

/// Breaks a text into lines of at most `columns`, at spaces.
pub(crate) fn wrap(text: &str, columns: usize) -> String {
    let mut out = String::new();
    let mut length = 0;
    for word in text.split(' ') {
        let n = width(word);
        if length > 0 && length + 1 + n > columns {
            out.push('\n');
            length = 0;
        } else if length > 0 {
            out.push(' ');
            length += 1;
        }
        out.push_str(word);
        length += n;
    }
    out
}

/// Columns to set running text in: what the format asks for, as `{answer:100}` does, or 80.
pub(crate) fn columns(f: &fmt::Formatter<'_>) -> usize {
    f.width().unwrap_or(80)
}

/// Writes a text below or above a table, in lines of as many columns as the format asks for.
pub(crate) fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let columns = columns(f);
    writeln!(f, "{}", wrap(text, columns))
}

/// Rounds to a number of decimals.
pub(crate) fn round(x: f64, decimals: i32) -> f64 {
    let scale = 10f64.powi(decimals);
    if (x * scale).is_finite() {
        // A number that rounds to zero has no sign.
        (x * scale).round() / scale + 0.0
    } else {
        x
    }
}

/// p-values: those below 2.2e-16 as `< 2e-16`; small ones scientific, the others with shared
/// decimals.
pub(crate) fn p_values(values: &[Option<f64>], digits: usize) -> Vec<String> {
    const EPSILON: f64 = f64::EPSILON;
    let pick = |want: fn(f64) -> bool| -> Vec<Option<f64>> {
        values
            .iter()
            .flatten()
            .copied()
            .filter(|p| *p >= EPSILON && want(*p))
            .map(Some)
            .collect()
    };
    let mut plain = common(&pick(|p| p >= 1e-3), digits).into_iter();
    let mut small = values
        .iter()
        .flatten()
        .filter(|p| **p >= EPSILON && **p < 1e-3)
        .map(|p| exponential(*p, digits - 1));
    let texts = values
        .iter()
        .map(|p| match p {
            None => "NA".to_owned(),
            Some(p) if p.is_nan() => "NaN".to_owned(),
            Some(p) if *p < EPSILON => "< 2e-16".to_owned(),
            Some(p) if *p < 1e-3 => small.next().unwrap_or_default(),
            Some(_) => plain.next().unwrap_or_default(),
        })
        .collect();
    align_right(texts)
}

/// A p-value in a sentence: `= 0.617`, `< 0.001`.
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.001 {
        "< 0.001".to_owned()
    } else {
        format!("= {p:.3}")
    }
}

/// The stars behind a p-value.
pub(crate) fn stars(p: f64) -> &'static str {
    match p {
        p if p < 0.001 => "***",
        p if p < 0.01 => "**",
        p if p < 0.05 => "*",
        p if p < 0.1 => ".",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(values: &[f64]) -> Vec<Option<f64>> {
        values.iter().copied().map(Some).collect()
    }

    #[test]
    fn columns_share_decimals_as_in_r() {
        assert_eq!(
            common(&some(&[612.0899, 35.0717, 654.941]), 4),
            ["612.09", " 35.07", "654.94"]
        );
        assert_eq!(
            common(&some(&[251.405, 10.467, 6.825, 17.0]), 4)[3],
            " 17.000"
        );
        assert_eq!(common(&some(&[1.0, 1e10]), 4), ["1e+00", "1e+10"]);
        assert_eq!(common(&some(&[0.0, -0.5]), 4), [" 0.0", "-0.5"]);
        assert_eq!(common(&[None, Some(2.25)], 4), ["  NA", "2.25"]);
    }

    #[test]
    fn sentences_fill_the_columns_that_the_format_asks_for() {
        struct Said;
        impl fmt::Display for Said {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_text(f, &"word ".repeat(40))
            }
        }
        let longest = |text: String| text.lines().map(width).max();
        assert_eq!(longest(format!("{Said}")), Some(79));
        assert_eq!(longest(format!("{Said:30}")), Some(29));
    }

    #[test]
    fn what_rounds_to_zero_has_no_sign_and_powers_have_two_digits() {
        assert_eq!(round(-0.0004, 3).to_string(), "0");
        assert_eq!(exponential(1.7218e10, 3), "1.722e+10");
        assert_eq!(scientific(4.3e-9, 1), "4.3e-09");
        assert_eq!(scientific(0.0, 1), "0");
    }

    #[test]
    fn p_values_switch_to_powers_of_ten() {
        assert_eq!(
            p_values(&some(&[1.17e-17, 3.263788e-06]), 3),
            [" < 2e-16", "3.26e-06"]
        );
        assert_eq!(p_values(&some(&[0.0506, 0.5]), 3), ["0.0506", "0.5000"]);
    }
}
