//! Properties: nothing panics, and what is printed reads back as the same.

use proptest::prelude::*;
use ranef_formula::{Formula, FormulaError, Span, Terms, caret, did_you_mean};

/// Parses, expands and prints; checks that errors point into the text and that prints read back.
fn exercise(text: &str) {
    let columns = ["y", "x", "g", "my x", "été"];
    let formula = match Formula::parse(text) {
        Ok(formula) => formula,
        Err(error) => return check_error(&error, text),
    };
    let printed = formula.to_string();
    let again = Formula::parse(&printed).unwrap_or_else(|e| panic!("{}", e.report(&printed)));
    assert_eq!(again, formula, "{text} printed as {printed}");
    assert_eq!(again.to_string(), printed);

    let terms = match formula.terms(&columns) {
        Ok(terms) => terms,
        Err(error) => return check_error(&error, text),
    };
    assert_eq!(again.terms(&columns).as_ref(), Ok(&terms));
    for (name, span) in terms.columns() {
        let written = span.slice(text);
        assert!(
            written == "." || written.contains(name) || written.starts_with('`'),
            "{name} is not at {written}"
        );
    }
    let printed = terms.to_string();
    let again = Formula::parse(&printed).unwrap_or_else(|e| panic!("{}", e.report(&printed)));
    let again = again.terms(&columns).expect("no dot remains");
    assert_eq!(again, terms, "{text} expanded to {printed}");

    let saved = serde_json::to_string(&terms).expect("serialises");
    let loaded: Terms = serde_json::from_str(&saved).unwrap_or_else(|e| panic!("{e}: {saved}"));
    assert_eq!(loaded, terms);
}

fn check_error(error: &FormulaError, text: &str) {
    let Span { start, end } = error.span();
    assert!(start <= end && end <= text.len(), "{error:?}");
    assert!(text.is_char_boundary(start) && text.is_char_boundary(end));
    assert!(!error.message().is_empty() && !error.code().is_empty());
    assert!(
        error.hint().is_some_and(|hint| !hint.is_empty()),
        "{error:?}"
    );
    assert!(error.report(text).contains('^'));
}

/// Pieces of formulas, in any order.
fn soup() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "y",
        "x",
        "g",
        "a",
        "b",
        "c",
        "T",
        "F",
        "TRUE",
        "été",
        "`my x`",
        "total.fruits",
        ".",
        "~",
        "+",
        "-",
        "*",
        "/",
        ":",
        "^",
        "%in%",
        "%%",
        "|",
        "||",
        "(",
        ")",
        ",",
        "=",
        "==",
        "<",
        "!",
        "&",
        "0",
        "1",
        "2",
        "3",
        "1e5",
        "'a'",
        "I(",
        "log(",
        "poly(",
        "offset(",
        "(1 |",
        "(x ||",
        "raw =",
        " ",
        "\n",
        "#",
        "−",
    ]);
    prop::collection::vec(token, 0..24).prop_map(|tokens| tokens.join(" "))
}

/// Right sides that mostly mean something: variables, operators, parentheses, bars.
fn sum(names: &'static [&'static str]) -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(names).prop_map(str::to_string);
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} + {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a} - {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}):({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) * ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a})/({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) %in% ({b})")),
            (inner.clone(), 1..4).prop_map(|(a, n)| format!("({a})^{n}")),
            inner.clone().prop_map(|a| format!("({a})")),
        ]
    })
}

const VARIABLES: &[&str] = &[
    "a",
    "b",
    "c",
    "d",
    "`my x`",
    "log(a)",
    "(a > 3)",
    "!b",
    "I(a^2 - 1e5)",
    "y",
    "poly(x, 2, raw = T)",
    "factor(T)",
];

const WITH_CONSTANTS: &[&str] = &["a", "b", "c", "d", "1", "0", "y:a", "."];

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in any::<String>()) {
        exercise(&text);
    }

    #[test]
    fn any_printable_text(text in "[ -~é学\u{301}]{0,40}") {
        exercise(&text);
    }

    #[test]
    fn token_soup(text in soup()) {
        exercise(&text);
        exercise(&format!("y ~ {text}"));
    }

    #[test]
    fn sums(text in sum(VARIABLES)) {
        exercise(&format!("y ~ {text}"));
        exercise(&format!("z ~ {text} - a - b + offset(w)"));
    }

    #[test]
    fn sums_with_constants(fixed in sum(WITH_CONSTANTS), effects in sum(&["a", "b", "1", "0"])) {
        exercise(&format!("y ~ {fixed} + ({effects} | g/h) - 1 + (0 + {effects} || g:h)"));
    }

    /// Leaving terms out one after another never changes the labels of the others.
    #[test]
    fn removal(text in sum(&["a", "b", "c", "d"]), picks in prop::collection::vec(0usize..40, 0..6)) {
        let formula = Formula::parse(&format!("y ~ {text} + (1 | g)")).expect("valid");
        let mut terms = formula.terms(&[] as &[&str]).expect("expands");
        for pick in picks {
            if terms.fixed.terms.is_empty() {
                break;
            }
            let term = terms.fixed.terms[pick % terms.fixed.terms.len()].clone();
            terms = terms.without_fixed(&term);
            assert!(!terms.fixed.contains(&term));
            let printed = terms.to_string();
            let again = Formula::parse(&printed).expect("valid");
            assert_eq!(again.terms(&[] as &[&str]).as_ref(), Ok(&terms), "{printed}");
        }
    }

    #[test]
    fn carets_anywhere(text in any::<String>(), start in 0usize..60, end in 0usize..60) {
        assert!(caret(&text, Span::new(start, end)).ends_with('^'));
    }

    #[test]
    fn suggestions(name in any::<String>(), known in prop::collection::vec(any::<String>(), 0..5)) {
        let found = did_you_mean(&name, &known);
        assert!(found.is_none_or(|found| known.iter().any(|k| k == found)));
    }
}

/// Nesting is refused before the stack runs out.
#[test]
fn deep_nesting() {
    for (open, close) in [
        ("(", ")"),
        ("log(", ")"),
        ("-", ""),
        ("!", ""),
        ("a^", ""),
        ("a:", ""),
        ("a %% ", ""),
        ("(1 | ", ")"),
        ("I(a + ", ")"),
        ("I(b:c + (", "))"),
        ("a * (b / ", ")"),
    ] {
        for depth in [10, 150, 250, 20_000] {
            let text = format!("y ~ {}x{}", open.repeat(depth), close.repeat(depth));
            exercise(&text);
            exercise(&format!(
                "{}x{} ~ z",
                open.repeat(depth),
                close.repeat(depth)
            ));
            exercise(&format!("y ~ {}", open.repeat(depth)));
        }
    }
    let long = vec!["x"; 20_000];
    for operator in ["+", "-", "*", "/", ":", "^", "%in%", "%%", "&", "|", "<"] {
        exercise(&format!("y ~ {}", long.join(operator)));
        exercise(&format!("y ~ I({})", long.join(operator)));
        exercise(&format!("{} ~ y", long.join(operator)));
    }
}

#[test]
fn saved_as_text() {
    let text = "log(y)~poly(x, 2)*a+(x||g)";
    let formula = Formula::parse(text).expect("valid");
    let saved = serde_json::to_string(&formula).expect("serialises");
    assert_eq!(saved, format!("\"{text}\""));
    assert_eq!(
        serde_json::from_str::<Formula>(&saved).ok(),
        Some(formula.clone())
    );
    let terms = formula.terms(&[] as &[&str]).expect("expands");
    let saved = serde_json::to_value(&terms).expect("serialises");
    assert_eq!(saved["response"], "log(y)");
    assert_eq!(saved["fixed"]["terms"][0]["factors"][0], "poly(x, 2)");
    assert!(serde_json::from_str::<Formula>("\"y ~\"").is_err());
    // A long sum inside a call is a deep tree and a short text.
    exercise(&format!("y ~ I({})", vec!["x"; 190].join(" + ")));
}

/// Sums in parentheses inside sums: as arithmetic this is a deep tree, though no part is.
#[test]
fn wide_and_deep() {
    let sum = vec!["x"; 150].join(" + ");
    let text = (0..150).fold("x".to_string(), |inner, _| format!("({inner} + {sum})"));
    exercise(&format!("y ~ {text}"));
    exercise(&format!("y ~ {text} > 3"));
    exercise(&format!("{text} ~ x"));
    exercise(&format!("y ~ I({text})"));
}
