//! Words that figures share: numbers in sentences, names of axes, lists.

use std::fmt;

use ranef::formula::did_you_mean;
use ranef::{Error, Fit, ResponseScale, Table};

/// A number in a sentence: three significant digits of the largest of those it stands beside.
pub(crate) fn number(x: f64, beside: f64) -> String {
    let size = x.abs().max(beside.abs());
    if size == 0.0 || !size.is_finite() {
        return if x == 0.0 {
            "0".to_owned()
        } else {
            x.to_string()
        };
    }
    let power = size.log10().floor();
    if !(-4.0..6.0).contains(&power) {
        return format!("{x:.2e}");
    }
    let decimals = (2.0 - power).max(0.0) as usize;
    let text = format!("{x:.decimals$}");
    let zero = text
        .trim_start_matches('-')
        .chars()
        .all(|c| c == '0' || c == '.');
    match zero {
        true => text.trim_start_matches('-').to_owned(),
        false => text.replace('-', "−"),
    }
}

/// Two numbers with the same decimals.
pub(crate) fn range(from: f64, to: f64) -> String {
    format!("{} to {}", number(from, to), number(to, from))
}

/// `a, b and c`.
pub(crate) fn list<T: AsRef<str>>(items: &[T]) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    match items.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// `95` of 0.95, without the digits that rounding leaves behind.
pub(crate) fn percent(level: f64) -> String {
    let rounded: f64 = format!("{:.8}", level * 100.0).parse().unwrap_or(level);
    rounded.to_string()
}

/// A term as a figure writes it.
pub(crate) fn term(name: &str) -> &str {
    match name {
        "(Intercept)" => "Intercept",
        _ => name,
    }
}

/// A count with thousands set apart: `10,000`.
pub(crate) fn count(n: usize) -> String {
    let digits = n.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The name of the response.
pub(crate) fn response(fit: &Fit) -> String {
    fit.recipe()
        .response_name()
        .unwrap_or("response")
        .to_owned()
}

/// What an axis with expected values measures.
pub(crate) fn outcome(fit: &Fit, scale: ResponseScale) -> String {
    let name = response(fit);
    let family = fit.family();
    if family.is_gaussian() {
        return name;
    }
    let binomial = family.name() == "binomial";
    let success = || fit.success().unwrap_or_else(|| name.clone());
    match (scale, family.link().to_string().as_str()) {
        (ResponseScale::Response, _) if binomial => format!("Probability of {}", success()),
        (ResponseScale::Response, _) => format!("Expected {name}"),
        (_, "logit") if binomial => format!("Log odds of {}", success()),
        (_, "log") => format!("Log of expected {name}"),
        (_, link) if binomial => format!("{} ({link} scale)", success()),
        (_, link) => format!("{name} ({link} scale)"),
    }
}

/// Sentences in lines of as many columns as the format asks for, or 80.
pub(crate) fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let columns = f.width().unwrap_or(80);
    let mut length = 0;
    for word in text.split_whitespace() {
        let n = word.chars().count();
        if length > 0 {
            let fits = length + 1 + n <= columns;
            f.write_str(if fits { " " } else { "\n" })?;
            length = if fits { length + 1 } else { 0 };
        }
        f.write_str(word)?;
        length += n;
    }
    writeln!(f)
}

/// A figure in words: its heading, a table, what it shows, and its notes.
pub(crate) fn write_figure(
    f: &mut fmt::Formatter<'_>,
    heading: &str,
    table: &Table,
    description: &str,
    notes: &[String],
) -> fmt::Result {
    writeln!(f, "{heading}\n\n{table}")?;
    write_text(f, description)?;
    for note in notes {
        writeln!(f)?;
        write_text(f, note)?;
    }
    Ok(())
}

/// The grouping factor of a name, or the first of the formula.
///
/// # Errors
/// `no_groups`, `unknown_group`.
pub(crate) fn group<'a>(fit: &'a Fit, name: Option<&str>) -> Result<&'a str, Error> {
    let blocks = fit.varcorr();
    let Some(first) = blocks.first() else {
        return Err(Error::new(
            "no_groups",
            "the model has no random effects, so there are no groups to show",
        )
        .with_hint("add a term such as (1 | group), or draw `coefficients` or `predictions`"));
    };
    let Some(name) = name else {
        return Ok(&first.group);
    };
    let parts = |name: &str| {
        let mut parts: Vec<String> = name.split(':').map(str::to_owned).collect();
        parts.sort();
        parts
    };
    if let Some(found) = blocks.iter().find(|b| parts(&b.group) == parts(name)) {
        return Ok(&found.group);
    }
    let mut known: Vec<&str> = blocks.iter().map(|b| b.group.as_str()).collect();
    known.dedup();
    let message = format!("`{name}` is not a grouping factor of the model");
    Err(
        Error::new("unknown_group", message).with_hint(match did_you_mean(name, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has: {}", known.join(", ")),
        }),
    )
}

/// Those of the known terms that are wanted, in their own order; all where nothing is said. Names
/// may stand in one text with commas between, also names that have commas themselves
/// (`poly(Days, 2)1`); `Intercept` and `1` are `(Intercept)`.
///
/// # Errors
/// `unknown_term`.
pub(crate) fn choose_terms(
    known: &[String],
    wanted: &[String],
    what: &str,
) -> Result<Vec<String>, Error> {
    if wanted.is_empty() {
        return Ok(known.to_vec());
    }
    let find = |text: &str| {
        let text = match text {
            "Intercept" | "1" | "intercept" => "(Intercept)",
            other => other,
        };
        known.iter().find(|k| k.as_str() == text)
    };
    let mut chosen: Vec<&String> = Vec::new();
    for list in wanted {
        let pieces: Vec<&str> = list.split(',').collect();
        let mut first = 0;
        while first < pieces.len() {
            let longest = (first + 1..=pieces.len())
                .rev()
                .find_map(|last| Some((last, find(pieces[first..last].join(",").trim())?)));
            let Some((last, found)) = longest else {
                let name = pieces[first].trim();
                let message = format!("there is no {what} `{name}`");
                let hint = match did_you_mean(name, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are: {}", known.join(", ")),
                };
                return Err(Error::new("unknown_term", message).with_hint(hint));
            };
            chosen.push(found);
            first = last;
        }
    }
    Ok(known
        .iter()
        .filter(|k| chosen.contains(k))
        .cloned()
        .collect())
}

/// `most` of `n` places, evenly spaced, both ends among them; all where there are no more.
pub(crate) fn thinned(n: usize, most: usize) -> Vec<usize> {
    if n <= most {
        return (0..n).collect();
    }
    if most < 2 {
        return (0..most).collect();
    }
    let step = |i: usize| (i as f64 * (n - 1) as f64 / (most - 1) as f64).round() as usize;
    (0..most).map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_of_the_largest() {
        assert_eq!(number(251.405, 0.0), "251");
        assert_eq!(range(2.114, 19.04), "2.1 to 19.0");
        assert_eq!(number(-0.001, 12.0), "0.0");
        assert_eq!(number(-0.31, 12.0), "−0.3");
        assert_eq!(number(0.0, 0.0), "0");
        assert_eq!(number(1.5e-7, 0.0), "1.50e-7");
    }

    #[test]
    fn names_with_commas_are_one_name() {
        let known: Vec<String> = ["(Intercept)", "poly(x, 2)1", "height"]
            .map(str::to_owned)
            .into();
        let wanted = ["poly(x, 2)1,1".to_owned()];
        let chosen = choose_terms(&known, &wanted, "term").expect("they are there");
        assert_eq!(chosen, ["(Intercept)", "poly(x, 2)1"]);
        let error = choose_terms(&known, &["heigth".to_owned()], "term").expect_err("unknown");
        assert_eq!(error.code(), "unknown_term");
        assert_eq!(error.hint(), Some("did you mean `height`?"));
    }

    #[test]
    fn thinning_keeps_both_ends() {
        assert_eq!(thinned(3, 5), [0, 1, 2]);
        assert_eq!(thinned(101, 3), [0, 50, 100]);
        assert_eq!(thinned(10_000, 400).len(), 400);
        assert_eq!(count(9_999), "9999");
        assert_eq!(count(1_234_567), "1,234,567");
    }
}
