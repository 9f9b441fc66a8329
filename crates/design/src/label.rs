//! Numbers as R prints them in labels: fifteen significant digits, no trailing zeros.

/// The label of a number that is a level.
///
/// Integers are written out ("100000"), as R writes a column that its reader took for integers;
/// other numbers take the shorter of the fixed and the scientific form, as R's `as.character`.
pub fn number(x: f64) -> String {
    if x == x.trunc() && x.abs() < 1e15 {
        return format!("{}", x as i64);
    }
    if !x.is_finite() {
        return if x.is_nan() {
            "NaN"
        } else if x > 0.0 {
            "Inf"
        } else {
            "-Inf"
        }
        .into();
    }
    // "d.dddddddddddddde±x" with fifteen digits, then without trailing zeros.
    let scientific = format!("{x:.14e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let mantissa = if mantissa.contains('.') {
        mantissa.trim_end_matches('0').trim_end_matches('.')
    } else {
        mantissa
    };
    let digits = mantissa.chars().filter(char::is_ascii_digit).count() as i32;
    let decimals = (digits - 1 - exponent).max(0);
    let fixed = format!("{x:.*}", decimals as usize);
    let sign = if exponent < 0 { '-' } else { '+' };
    let short = format!("{mantissa}e{sign}{:02}", exponent.abs());
    if fixed.len() <= short.len() {
        fixed
    } else {
        short
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_print_as_in_r() {
        // as.character(c(0.1 + 0.2, 1/3, 123456, 1e-5, 1e-4, 1234567.1, -2.5, 1e300)), R 4.2.2
        let cases = [
            (0.1 + 0.2, "0.3"),
            (1.0 / 3.0, "0.333333333333333"),
            (123456.0, "123456"),
            (1e-5, "1e-05"),
            (1e-4, "1e-04"),
            (1234567.1, "1234567.1"),
            (-2.5, "-2.5"),
            (1e300, "1e+300"),
            (100000.0, "100000"),
            (0.0, "0"),
        ];
        for (x, label) in cases {
            assert_eq!(number(x), label);
        }
    }
}
