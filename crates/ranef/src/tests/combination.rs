//! Linear combinations of coefficients as people write them: `Days - grpB`, `(a + b)/2 = 1`.
//!
//! Names of coefficients contain almost anything (`(Intercept)`, `poly(Days, 2)1`,
//! `recipeB:temperature`), so the text is not split into words: wherever a value may stand, the
//! longest name that fits is taken, and only then is a number or a parenthesis looked for. A name in
//! backticks is taken as it is.

use ranef_formula::{Span, did_you_mean};

use crate::Error;

/// Weights on the names, and a constant.
#[derive(Clone, Debug, PartialEq)]
struct Affine {
    weights: Vec<f64>,
    constant: f64,
}

/// A linear combination of coefficients that is to equal a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Combination {
    /// A weight for each name.
    pub weights: Vec<f64>,
    /// The value.
    pub value: f64,
}

/// Reads `combination`, `combination = value`, or a chain `a = b = c` (each equal to the next).
pub(super) fn parse(text: &str, names: &[&str]) -> Result<Vec<Combination>, Error> {
    let mut reader = Reader { text, at: 0, names };
    let mut sides = vec![reader.sum()?];
    while reader.take("=") {
        // `==` is the same, as people who program write it.
        reader.take("=");
        sides.push(reader.sum()?);
    }
    reader.blanks();
    if reader.at < text.len() {
        return Err(reader.unexpected());
    }
    let zero = Affine {
        weights: vec![0.0; names.len()],
        constant: 0.0,
    };
    if sides.len() == 1 {
        sides.push(zero);
    }
    let rows: Vec<Combination> = sides
        .windows(2)
        .map(|pair| Combination {
            weights: (0..names.len())
                .map(|j| pair[0].weights[j] - pair[1].weights[j])
                .collect(),
            value: pair[1].constant - pair[0].constant,
        })
        .collect();
    if rows.iter().any(|r| r.weights.iter().all(|w| *w == 0.0)) {
        return Err(Error::new(
            "empty_contrast",
            format!("`{text}` has no coefficient in it, so there is nothing to test"),
        )
        .with_hint("name at least one coefficient, as `ranef fit` prints them"));
    }
    Ok(rows)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    names: &'a [&'a str],
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn take(&mut self, token: &str) -> bool {
        self.blanks();
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn sum(&mut self) -> Result<Affine, Error> {
        let mut total = self.product()?;
        loop {
            let sign = if self.take("+") {
                1.0
            } else if self.take("-") || self.take("−") {
                -1.0
            } else {
                return Ok(total);
            };
            let next = self.product()?;
            for (a, b) in total.weights.iter_mut().zip(&next.weights) {
                *a += sign * b;
            }
            total.constant += sign * next.constant;
        }
    }

    fn product(&mut self) -> Result<Affine, Error> {
        let mut total = self.factor()?;
        loop {
            let start = self.at;
            if self.take("*") {
                let next = self.factor()?;
                total = match (total.number(), next.number()) {
                    (Some(x), _) => next.times(x),
                    (_, Some(x)) => total.times(x),
                    _ => return Err(self.not_linear(start)),
                };
            } else if self.take("/") {
                let next = self.factor()?;
                let Some(x) = next.number().filter(|x| *x != 0.0) else {
                    return Err(self.not_linear(start));
                };
                total = total.times(1.0 / x);
            } else {
                return Ok(total);
            }
        }
    }

    fn factor(&mut self) -> Result<Affine, Error> {
        self.blanks();
        if let Some(j) = self.name()? {
            let mut weights = vec![0.0; self.names.len()];
            weights[j] = 1.0;
            return Ok(Affine {
                weights,
                constant: 0.0,
            });
        }
        if self.take("-") || self.take("−") {
            return Ok(self.factor()?.times(-1.0));
        }
        if self.take("+") {
            return self.factor();
        }
        if self.take("(") {
            let inner = self.sum()?;
            if !self.take(")") {
                return Err(self.unexpected());
            }
            return Ok(inner);
        }
        self.number()
    }

    /// The longest name that begins here and ends where a name can end.
    fn name(&mut self) -> Result<Option<usize>, Error> {
        if let Some(quoted) = self.rest().strip_prefix('`') {
            let Some(length) = quoted.find('`') else {
                return Err(self.unexpected());
            };
            let wanted = &quoted[..length];
            return match self.names.iter().position(|name| *name == wanted) {
                Some(j) => {
                    self.at += length + 2;
                    Ok(Some(j))
                }
                None => Err(self.unknown(self.at..self.at + length + 2, wanted)),
            };
        }
        let rest = self.rest();
        let ends = |length: usize| {
            let next = rest[length..].chars().next();
            !next.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.' || c == ':')
        };
        let found = (0..self.names.len())
            .filter(|&j| rest.starts_with(self.names[j]) && ends(self.names[j].len()))
            .max_by_key(|&j| self.names[j].len());
        if let Some(j) = found {
            self.at += self.names[j].len();
        }
        Ok(found)
    }

    fn number(&mut self) -> Result<Affine, Error> {
        let rest = self.rest();
        let digits = |c: char| c.is_ascii_digit() || c == '.';
        let mut length = rest.find(|c| !digits(c)).unwrap_or(rest.len());
        // An exponent, if one follows whole.
        let tail = &rest[length..];
        if length > 0 && tail.starts_with(['e', 'E']) {
            let sign = usize::from(tail[1..].starts_with(['+', '-']));
            let power = tail[1 + sign..]
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(tail.len() - 1 - sign);
            if power > 0 {
                length += 1 + sign + power;
            }
        }
        // A digit that begins a name that is not there (`2nd`) is no number.
        let word = rest[length..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
        let Some(constant) = rest[..length]
            .parse()
            .ok()
            .filter(|x: &f64| x.is_finite() && !word)
        else {
            return Err(self.unexpected());
        };
        self.at += length;
        Ok(Affine {
            weights: vec![0.0; self.names.len()],
            constant,
        })
    }

    fn unexpected(&self) -> Error {
        let rest = self.rest();
        let trimmed = rest.trim_start();
        let start = self.at + rest.len() - trimmed.len();
        if self.text.trim().is_empty() {
            return Error::new("empty_contrast", "a contrast is empty")
                .with_hint("write a combination of coefficients, such as `a - b = 0`");
        }
        if trimmed.is_empty() {
            return Error::new("contrast_syntax", format!("`{}` ends too early", self.text))
                .with_hint("write a combination of coefficients, such as `a - b = 0`")
                .with_span(self.text, Span::new(self.text.len(), self.text.len()));
        }
        let length = trimmed
            .find(|c: char| c.is_whitespace() || "+*/=)".contains(c))
            .unwrap_or(trimmed.len())
            .max(trimmed.chars().next().map_or(0, char::len_utf8));
        self.unknown(start..start + length, &trimmed[..length])
    }

    fn unknown(&self, range: std::ops::Range<usize>, word: &str) -> Error {
        let error = Error::new(
            "unknown_coefficient",
            format!("the model has no coefficient or term `{word}`"),
        )
        .with_span(self.text, Span::new(range.start, range.end));
        match did_you_mean(word, self.names.iter().copied()) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error.with_hint(format!("its coefficients are: {}", self.some_names())),
        }
    }

    fn some_names(&self) -> String {
        const MOST: usize = 12;
        let mut text = self.names[..self.names.len().min(MOST)].join(", ");
        if self.names.len() > MOST {
            text.push_str(", …");
        }
        text
    }

    fn not_linear(&self, start: usize) -> Error {
        Error::new(
            "not_linear",
            format!(
                "`{}` is not a linear combination of coefficients",
                self.text
            ),
        )
        .with_hint("multiply and divide coefficients by numbers only")
        .with_span(self.text, Span::new(start, self.at))
    }
}

impl Affine {
    /// The number it is, if no coefficient is in it.
    fn number(&self) -> Option<f64> {
        self.weights
            .iter()
            .all(|w| *w == 0.0)
            .then_some(self.constant)
    }

    fn times(mut self, x: f64) -> Self {
        self.weights.iter_mut().for_each(|w| *w *= x);
        self.constant *= x;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 7] = [
        "(Intercept)",
        "Days",
        "grpB",
        "Days:grpB",
        "poly(x, 2)1",
        "nitro0.2",
        "2nd year",
    ];

    fn one(text: &str) -> (Vec<f64>, f64) {
        let mut rows = parse(text, &NAMES).unwrap();
        assert_eq!(rows.len(), 1, "{text}");
        let row = rows.remove(0);
        (row.weights, row.value)
    }

    #[test]
    fn combinations_are_read() {
        assert_eq!(one("Days").0[1], 1.0);
        assert_eq!(
            one("Days - grpB = 3"),
            (vec![0.0, 1.0, -1.0, 0.0, 0.0, 0.0, 0.0], 3.0)
        );
        assert_eq!(
            one("2*(Days + 0.5 * Days:grpB)/4 == grpB - 1e-1"),
            (vec![0.0, 0.5, -1.0, 0.25, 0.0, 0.0, 0.0], -0.1)
        );
        assert_eq!(
            one("-(Intercept) + poly(x, 2)1 - nitro0.2 + `2nd year`").0,
            [-1.0, 0.0, 0.0, 0.0, 1.0, -1.0, 1.0]
        );
        assert_eq!(one("grpB-Days").0[..3], [0.0, -1.0, 1.0]);
    }

    #[test]
    fn chains_are_several_rows() {
        let rows = parse("Days = grpB = 0", &NAMES).unwrap();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].weights[1..3], [1.0, -1.0]);
        assert_eq!((rows[1].weights[2], rows[1].value), (1.0, 0.0));
    }

    #[test]
    fn mistakes_have_a_code_and_a_place() {
        for (text, code, place) in [
            ("Day - grpB", "unknown_coefficient", Some("Day")),
            ("Days * grpB", "not_linear", Some(" * grpB")),
            ("Days - ", "contrast_syntax", Some("")),
            ("1 = 2", "empty_contrast", None),
            ("Days / 0", "not_linear", Some(" / 0")),
            ("(Days", "contrast_syntax", Some("")),
            ("", "empty_contrast", None),
            ("Days grpB", "unknown_coefficient", Some("grpB")),
            ("`grp`", "unknown_coefficient", Some("`grp`")),
            ("`grp", "unknown_coefficient", Some("`grp")),
            ("Days = ü", "unknown_coefficient", Some("ü")),
        ] {
            let error = parse(text, &NAMES).unwrap_err();
            assert_eq!(error.code(), code, "{text}");
            let found = error.place().map(|p| &p.formula[p.span.start..p.span.end]);
            assert_eq!(found, place, "{text}");
        }
    }
}
