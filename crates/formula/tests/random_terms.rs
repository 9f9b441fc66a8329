//! Random terms against lme4 1.1-31: `findbars`, its expansion of `/` and `||`, its labels.

use ranef_formula::{Formula, RandomTerm, Terms};

fn terms(text: &str) -> Terms {
    let formula = Formula::parse(text).unwrap_or_else(|e| panic!("{}", e.report(text)));
    formula
        .terms(&[] as &[&str])
        .unwrap_or_else(|e| panic!("{}", e.report(text)))
}

/// What stands right of `y ~`, the fixed part as printed, and each random term as printed.
const FACTS: &[(&str, &str, &[&str])] = &[
    ("x + (x | g)", "x", &["(x | g)"]),
    ("x + (1 + x | g)", "x", &["(x | g)"]),
    ("x + (x + 1 | g)", "x", &["(x | g)"]),
    ("x + (x || g)", "x", &["(x || g)"]),
    ("(1 | g)", "1", &["(1 | g)"]),
    ("0 + (1 | g)", "0", &["(1 | g)"]),
    ("(1 | g) - 1", "0", &["(1 | g)"]),
    ("a + (a*b | g) + b", "a + b", &["(a + b + a:b | g)"]),
    ("x + (0 + x | g)", "x", &["(0 + x | g)"]),
    ("x + (x - 1 | g)", "x", &["(0 + x | g)"]),
    ("x + (-1 + x | g)", "x", &["(0 + x | g)"]),
    (
        "x + (1 | g) + (0 + x | g)",
        "x",
        &["(1 | g)", "(0 + x | g)"],
    ),
    ("(poly(x, 2) | g)", "1", &["(poly(x, 2) | g)"]),
    ("(I(x - 4.5) | g)", "1", &["(I(x - 4.5) | g)"]),
    ("(x > 0 | g)", "1", &["((x > 0) | g)"]),
    ("(1 | a/b)", "1", &["(1 | b:a)", "(1 | a)"]),
    ("(1 | a/b/c)", "1", &["(1 | c:b:a)", "(1 | b:a)", "(1 | a)"]),
    (
        "(1 | a/(b/c))",
        "1",
        &["(1 | c:b:a)", "(1 | b:a)", "(1 | a)"],
    ),
    ("(x || a/b)", "1", &["(x || b:a)", "(x || a)"]),
    ("(1 | a:b)", "1", &["(1 | a:b)"]),
    ("(1 | b:a)", "1", &["(1 | b:a)"]),
    ("(1 | (a:b))", "1", &["(1 | a:b)"]),
    ("(1 | a:b/c)", "1", &["(1 | c:a:b)", "(1 | a:b)"]),
    ("(1 | a/b:c)", "1", &["(1 | b:c:a)", "(1 | a)"]),
    ("(1 | a*b)", "1", &["(1 | a)", "(1 | b)", "(1 | a:b)"]),
    ("(1 | a %in% b)", "1", &["(1 | a:b)"]),
    ("(1 | factor(g))", "1", &["(1 | factor(g))"]),
    ("(1 | factor(a):b)", "1", &["(1 | factor(a):b)"]),
    ("(1 | x > 0)", "1", &["(1 | (x > 0))"]),
    ("(1 | `my g`)", "1", &["(1 | `my g`)"]),
    ("(x + (1 | g))", "x", &["(1 | g)"]),
    ("((1 | g)) + x", "x", &["(1 | g)"]),
    (
        "x + (1 | b) + z + (1 | a)",
        "x + z",
        &["(1 | b)", "(1 | a)"],
    ),
];

#[test]
fn expansion() {
    for &(right, fixed, random) in FACTS {
        let text = format!("y ~ {right}");
        let terms = terms(&text);
        assert_eq!(terms.fixed.to_string(), fixed, "{text}");
        let shown: Vec<_> = terms.random.iter().map(ToString::to_string).collect();
        assert_eq!(shown, random, "{text}");
        let printed = terms.to_string();
        assert_eq!(self::terms(&printed), terms, "{printed}");
    }
}

/// Nesting spelt out is the same model, term by term.
#[test]
fn nesting_is_a_spelling() {
    assert_eq!(
        terms("y ~ 1 + (x | a/b)").random,
        terms("y ~ 1 + (x | b:a) + (x | a)").random
    );
}

#[test]
fn labels_and_spans() {
    let text = "y ~ x + (x || school/class)";
    let terms = terms(text);
    let labels: Vec<_> = terms.random.iter().map(RandomTerm::group_label).collect();
    assert_eq!(labels, ["class:school", "school"]);
    assert!(terms.random.iter().all(|term| !term.correlated));
    assert!(
        terms
            .random
            .iter()
            .all(|t| t.span.slice(text) == "(x || school/class)")
    );
}

/// The reference models of the project, printed as lme4 users know them.
#[test]
fn known_models_keep_their_text() {
    for text in [
        "angle ~ recipe * temperature + (1 | recipe:replicate)",
        "TICKS ~ YEAR + scale(HEIGHT) + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)",
        "cbind(incidence, size - incidence) ~ period + (1 | herd)",
        "sqrt(weight) ~ Time + (Time - 1 | Chick) + Diet:Time",
        "strength ~ 1 + (1 | batch/cask)",
        "incidence/size ~ period + (1 | herd)",
        "Reaction ~ I(Days - 4.5) + (1 + I(Days - 4.5) | Subject)",
    ] {
        let formula = Formula::parse(text).expect("parses");
        assert_eq!(formula.to_string(), text);
    }
    assert_eq!(
        terms("sqrt(weight) ~ Time + (Time - 1 | Chick) + Diet:Time").to_string(),
        "sqrt(weight) ~ Time + Time:Diet + (0 + Time | Chick)"
    );
}

#[test]
fn leaving_terms_out() {
    let full = terms("y ~ a*b + offset(w) + (x | g) + (1 | h)");
    assert_eq!(
        full.without_random(0).to_string(),
        "y ~ a + b + a:b + offset(w) + (1 | h)"
    );
    assert_eq!(
        full.without_all_random().to_string(),
        "y ~ a + b + a:b + offset(w)"
    );
    let removable: Vec<_> = full.fixed.removable().iter().map(|t| t.label()).collect();
    assert_eq!(removable, ["a:b"]);
    let interaction = full.fixed.removable()[0].clone();
    assert_eq!(full.without_fixed(&interaction).fixed.labels(), ["a", "b"]);

    let slope = full.random[0].effects.terms[0].clone();
    let smaller = full.random[0]
        .without(&slope)
        .expect("an intercept remains");
    assert_eq!(smaller.to_string(), "(1 | g)");
    assert_eq!(smaller.with_correlations(false).to_string(), "(1 || g)");
    let only_slope = &terms("y ~ (0 + x | g)").random[0];
    assert_eq!(only_slope.without(&slope), None);
}

/// The label of an interaction survives when the term that fixed its order is left out.
#[test]
fn order_within_labels_survives() {
    let full = terms("y ~ a + b + c + b:c + a:c");
    let main: Vec<_> = full.fixed.terms[..3].to_vec();
    let mut reduced = full;
    for term in &main {
        reduced = reduced.without_fixed(term);
    }
    let printed = reduced.to_string();
    assert_eq!(printed, "y ~ b:a:c + b:c + a:c - b:a:c");
    assert_eq!(terms(&printed), reduced);
    assert_eq!(terms("y ~ a:b + b + a").to_string(), "y ~ a:b + b + a");
}
