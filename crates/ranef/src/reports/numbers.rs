//! Numbers as papers print them (APA 2020, chapter 6): digits by what is known of them, no zero
//! before the point of what cannot exceed one.

/// Decimals that leave a standard error two significant digits: at least two decimals, unless the
/// numbers are in the hundreds.
pub fn decimals(std_error: Option<f64>) -> usize {
    let Some(error) = std_error.filter(|e| *e > 0.0 && e.is_finite()) else {
        return 2;
    };
    let power = error.log10().floor() as i32;
    let least = if power < 2 { 2 } else { 0 };
    (1 - power).clamp(least, 12) as usize
}

/// A number with so many decimals, and without the sign of a zero.
pub fn fixed_point(x: f64, decimals: usize) -> String {
    let text = format!("{x:.decimals$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| matches!(c, '0' | '.')) => rest.to_owned(),
        _ => text,
    }
}

/// At least three significant digits and at least two decimals.
pub fn significant(x: f64) -> String {
    let power = if x == 0.0 {
        0
    } else {
        x.abs().log10().floor() as i32
    };
    fixed_point(x, (2 - power).clamp(2, 12) as usize)
}

/// Degrees of freedom: two decimals below a hundred unless whole, one above.
pub fn df_text(df: f64) -> String {
    let text = if df < 100.0 {
        format!("{df:.2}")
    } else {
        format!("{df:.1}")
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A p-value as APA style wants it: `.012`, `< .001` (APA 2020, section 6.36).
pub fn p_apa(p: f64) -> String {
    if p < 0.001 {
        return "< .001".to_owned();
    }
    let text = fixed_point(p, 3);
    text.strip_prefix('0').map_or(text.clone(), str::to_owned)
}

/// A correlation: two decimals, without the zero before its point.
pub fn correlation(r: f64) -> String {
    let text = fixed_point(r, 2);
    match text.strip_prefix("-0.") {
        Some(rest) => format!("-.{rest}"),
        None => text.strip_prefix('0').map_or(text.clone(), str::to_owned),
    }
}

/// "a, b and c".
pub fn list(items: &[String]) -> String {
    match items {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => items.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_papers_print_them() {
        assert_eq!(p_apa(0.0123), ".012");
        assert_eq!(p_apa(1e-9), "< .001");
        assert_eq!(p_apa(0.9999), "1.000");
        assert_eq!(correlation(-0.414), "-.41");
        assert_eq!(correlation(1.0), "1.00");
        assert_eq!(decimals(Some(6.8)), 2);
        assert_eq!(decimals(Some(0.0034)), 4);
        assert_eq!(decimals(Some(340.0)), 0);
        assert_eq!(decimals(None), 2);
        assert_eq!(fixed_point(-0.001, 2), "0.00");
        assert_eq!(df_text(17.0), "17");
        assert_eq!(df_text(10.662), "10.66");
        assert_eq!(df_text(1450.773), "1450.8");
        assert_eq!(significant(0.001234), "0.00123");
        assert_eq!(significant(612.1), "612.10");
        assert_eq!(list(&["a".into(), "b".into(), "c".into()]), "a, b and c");
    }
}
