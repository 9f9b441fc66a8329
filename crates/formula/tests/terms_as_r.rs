//! Fixed effects against R: the term labels and the intercept of `terms()` in R 4.2.2.

use ranef_formula::{Formula, Terms};

type Fact = (&'static str, u8, &'static [&'static str]);

/// Formula, `attr(t, "intercept")`, `attr(t, "term.labels")`.
const FACTS: &[Fact] = &[
    ("y ~ a + b:a", 1, &["a", "a:b"]),
    ("y ~ b:a + a", 1, &["a", "b:a"]),
    ("y ~ a:b + b + a", 1, &["b", "a", "a:b"]),
    ("y ~ a - 1", 0, &["a"]),
    ("y ~ 0 + a", 0, &["a"]),
    ("y ~ a + 0", 0, &["a"]),
    ("y ~ -1 + a + b + a:b", 0, &["a", "b", "a:b"]),
    ("y ~ a - 1 + 1", 1, &["a"]),
    ("y ~ a + 0 - 0", 1, &["a"]),
    ("y ~ a - 0", 1, &["a"]),
    ("y ~ 1", 1, &[]),
    ("y ~ 0", 0, &[]),
    ("y ~ -1", 0, &[]),
    ("y ~ - -1", 1, &[]),
    ("y ~ -(1)", 0, &[]),
    ("y ~ (0)", 0, &[]),
    ("y ~ 1 - 1", 0, &[]),
    ("y ~ 0 + 1", 1, &[]),
    ("y ~ 1L", 1, &[]),
    ("y ~ a - (b - 1)", 1, &["a"]),
    ("y ~ a + (b - 1)", 0, &["a", "b"]),
    ("y ~ a - (1 + b)", 0, &["a"]),
    ("y ~ a - (0)", 1, &["a"]),
    ("y ~ a:(b - 1)", 0, &["a:b"]),
    ("y ~ (1 + a):b", 1, &["a:b"]),
    ("y ~ a*(1 + b)", 1, &["a", "b", "a:b"]),
    ("y ~ (0 + a):b", 0, &["a:b"]),
    ("y ~ (a + 1)^2", 1, &["a"]),
    ("y ~ a:b:a", 1, &["a:b"]),
    ("y ~ a*a", 1, &["a"]),
    ("y ~ a^2", 1, &["a"]),
    ("y ~ -a + b", 1, &["b"]),
    ("y ~ +a", 1, &["a"]),
    ("y ~ a - b + b", 1, &["a", "b"]),
    ("y ~ a - a", 1, &[]),
    ("y ~ a - a:b", 1, &["a"]),
    ("y ~ a*b - a", 1, &["b", "a:b"]),
    (
        "y ~ a*b*c",
        1,
        &["a", "b", "c", "a:b", "a:c", "b:c", "a:b:c"],
    ),
    (
        "y ~ c*b*a",
        1,
        &["c", "b", "a", "c:b", "c:a", "b:a", "c:b:a"],
    ),
    (
        "y ~ (a*b*c) - a:b:c",
        1,
        &["a", "b", "c", "a:b", "a:c", "b:c"],
    ),
    ("y ~ a*b*c - a:b - a:b:c", 1, &["a", "b", "c", "a:c", "b:c"]),
    (
        "y ~ (a + b + c)^2",
        1,
        &["a", "b", "c", "a:b", "a:c", "b:c"],
    ),
    (
        "y ~ (c + b + a)^2",
        1,
        &["c", "b", "a", "c:b", "c:a", "b:a"],
    ),
    ("y ~ (a + b + c)^2 - a:b", 1, &["a", "b", "c", "a:c", "b:c"]),
    (
        "y ~ (a + b + c + d)^3",
        1,
        &[
            "a", "b", "c", "d", "a:b", "a:c", "a:d", "b:c", "b:d", "c:d", "a:b:c", "a:b:d",
            "a:c:d", "b:c:d",
        ],
    ),
    (
        "y ~ (a + b + c)^3 - a:b:c - b",
        1,
        &["a", "c", "a:b", "a:c", "b:c"],
    ),
    ("y ~ (a + b)**2", 1, &["a", "b", "a:b"]),
    ("y ~ (a*b)^2", 1, &["a", "b", "a:b"]),
    ("y ~ (a/b)^2", 1, &["a", "a:b"]),
    (
        "y ~ (a + b)^2*c",
        1,
        &["a", "b", "c", "a:b", "a:c", "b:c", "a:b:c"],
    ),
    ("y ~ (a + b)^2/c", 1, &["a", "b", "a:b", "a:b:c"]),
    (
        "y ~ (a + b + c)^2/d",
        1,
        &["a", "b", "c", "a:b", "a:c", "b:c", "a:b:c:d"],
    ),
    ("y ~ (a + b)/c", 1, &["a", "b", "a:b:c"]),
    ("y ~ a/(b + c)", 1, &["a", "a:b", "a:c"]),
    ("y ~ a/(b*c)", 1, &["a", "a:b", "a:c", "a:b:c"]),
    ("y ~ a/b/c", 1, &["a", "a:b", "a:b:c"]),
    ("y ~ a/b*c", 1, &["a", "c", "a:b", "a:c", "a:b:c"]),
    ("y ~ a*b/c", 1, &["a", "b", "a:b", "a:b:c"]),
    ("y ~ a:b/c", 1, &["a:b", "a:b:c"]),
    ("y ~ a:(b/c)", 1, &["a:b", "a:b:c"]),
    ("y ~ (a/b):c", 1, &["a:c", "a:b:c"]),
    ("y ~ (a:b):c + a/b", 1, &["a", "a:b", "a:b:c"]),
    ("y ~ (a + b):(c + d)", 1, &["a:c", "a:d", "b:c", "b:d"]),
    (
        "y ~ (a + b)*(c + d)",
        1,
        &["a", "b", "c", "d", "a:c", "a:d", "b:c", "b:d"],
    ),
    ("y ~ (a + b)*(a - b)", 1, &["a", "b", "a:b"]),
    ("y ~ a + b*(c - a)", 1, &["a", "b", "c", "b:c"]),
    ("y ~ a*(b + c:d)", 1, &["a", "b", "c:d", "a:b", "a:c:d"]),
    (
        "y ~ a + b:c:d + d:c + a:b",
        1,
        &["a", "c:d", "a:b", "b:c:d"],
    ),
    (
        "y ~ b + a + c + a:c + c:b",
        1,
        &["b", "a", "c", "a:c", "b:c"],
    ),
    ("y ~ a + a:b:c + b", 1, &["a", "b", "a:b:c"]),
    ("y ~ a:b + c:d + b:c + a", 1, &["a", "a:b", "c:d", "b:c"]),
    ("y ~ a:b + a*b", 1, &["a", "b", "a:b"]),
    ("y ~ a:b - b:a", 1, &[]),
    ("y ~ a:b:c + a:b", 1, &["a:b", "a:b:c"]),
    ("y ~ a %in% b", 1, &["a:b"]),
    ("y ~ b %in% a + a", 1, &["a", "b:a"]),
    ("y ~ (a + b) %in% c", 1, &["a:c", "b:c"]),
    ("y ~ a + b %in% a + c", 1, &["a", "c", "a:b"]),
    ("y ~ a %in% b %in% c", 1, &["a:b:c"]),
    ("y ~ a:b %in% c", 1, &["a:b:c"]),
    ("y ~ a + b + c + d - (a + b)", 1, &["c", "d"]),
    ("y ~ -(a + b) + a + c", 1, &["a", "c"]),
    ("y ~ a + (b + (c + d))", 1, &["a", "b", "c", "d"]),
    ("y ~ (((a)))", 1, &["a"]),
    ("y ~ a:y", 1, &["y:a"]),
    ("y ~ I(a) + a", 1, &["I(a)", "a"]),
    ("y ~ I( x ^ 2 )+I(x^2) + x", 1, &["I(x^2)", "x"]),
    ("y ~ x*I(x^2)", 1, &["x", "I(x^2)", "x:I(x^2)"]),
    ("y ~ a + I(x^2) + log(x):a", 1, &["a", "I(x^2)", "a:log(x)"]),
    ("y ~ log(x+1)*f", 1, &["log(x + 1)", "f", "log(x + 1):f"]),
    (
        "y ~ factor(a)*poly(b,2)",
        1,
        &["factor(a)", "poly(b, 2)", "factor(a):poly(b, 2)"],
    ),
    ("y ~ poly(x,2,raw=TRUE)", 1, &["poly(x, 2, raw = TRUE)"]),
    ("y ~ exp(-x) + a^3", 1, &["exp(-x)", "a"]),
    ("y ~ a:I(b=='z')", 1, &[r#"a:I(b == "z")"#]),
    ("y ~ a > 3", 1, &["a > 3"]),
    ("y ~ a + b > 3", 1, &["a + b > 3"]),
    ("y ~ b:(a > 3)", 1, &["b:a > 3"]),
    ("y ~ !a", 1, &["!a"]),
    ("y ~ a %% 2 + b", 1, &["a%%2", "b"]),
    ("y ~ (a %/% 2):b", 1, &["a%/%2:b"]),
    ("y ~ a & b", 1, &["a & b"]),
    ("y ~ a == 1", 1, &["a == 1"]),
    ("y ~ T", 1, &["T"]),
    ("y ~ pi", 1, &["pi"]),
    ("y ~ `my x`*a.b", 1, &["`my x`", "a.b", "`my x`:a.b"]),
    ("y ~ été + `é è`:été", 1, &["été", "été:`é è`"]),
    (
        "y ~ total.fruits*nutrient",
        1,
        &["total.fruits", "nutrient", "total.fruits:nutrient"],
    ),
    ("y ~ .x + ..y", 1, &[".x", "..y"]),
    ("y ~ a + offset(w) + b", 1, &["a", "b"]),
    ("y ~ offset(log(n)) + a", 1, &["a"]),
    ("~a + b", 1, &["a", "b"]),
    ("cbind(s, n - s) ~ a", 1, &["a"]),
    ("s/n ~ a", 1, &["a"]),
    ("log(y) ~ y + x", 1, &["y", "x"]),
    ("weight ~ Time + Diet:Time", 1, &["Time", "Time:Diet"]),
    (
        "y ~ scale(a):scale(b) + scale(b)",
        1,
        &["scale(b)", "scale(a):scale(b)"],
    ),
];

/// The same with the columns `y`, `x`, `g` and `my z` for `.`.
const FACTS_WITH_DOT: &[Fact] = &[
    ("y ~ .", 1, &["x", "g", "`my z`"]),
    ("y ~ . - x", 1, &["g", "`my z`"]),
    (
        "y ~ .^2",
        1,
        &["x", "g", "`my z`", "x:g", "x:`my z`", "g:`my z`"],
    ),
    ("y ~ . + log(x)", 1, &["x", "g", "`my z`", "log(x)"]),
    ("log(y) ~ .", 1, &["x", "g", "`my z`"]),
    ("log(x) ~ .", 1, &["y", "g", "`my z`"]),
    ("cbind(y, x) ~ .", 1, &["g", "`my z`"]),
    ("~.", 1, &["y", "x", "g", "`my z`"]),
    ("y ~ .:x", 1, &["x", "x:g", "x:`my z`"]),
    ("y ~ x + .", 1, &["x", "g", "`my z`"]),
    ("y ~ x:.", 1, &["x", "x:g", "x:`my z`"]),
    ("y ~ . - 1", 0, &["x", "g", "`my z`"]),
    ("y ~ a + .", 1, &["a", "x", "g", "`my z`"]),
    ("y ~ g:x + .", 1, &["x", "g", "`my z`", "g:x"]),
    ("y + x ~ .", 1, &["g", "`my z`"]),
    ("I(y - x) ~ .", 1, &["g", "`my z`"]),
    ("y ~ . - `my z`", 1, &["x", "g"]),
    ("y ~ (. - g)^2", 1, &["x", "`my z`", "x:`my z`"]),
];

fn terms(text: &str, columns: &[&str]) -> Terms {
    let formula = Formula::parse(text).unwrap_or_else(|e| panic!("{}", e.report(text)));
    formula
        .terms(columns)
        .unwrap_or_else(|e| panic!("{}", e.report(text)))
}

fn check(facts: &[Fact], columns: &[&str]) {
    for &(text, intercept, labels) in facts {
        let terms = terms(text, columns);
        assert_eq!(terms.fixed.labels(), labels, "{text}");
        assert_eq!(terms.fixed.intercept, intercept == 1, "{text}");
        // What is printed reads back as the same terms.
        let printed = terms.to_string();
        assert_eq!(
            self::terms(&printed, &[]),
            terms,
            "{text} printed as {printed}"
        );
        // Random terms do not take part. (A comparison would take the bar for its right side.)
        if !text.contains(['>', '&', '!']) && !text.contains("==") {
            let with_bar = self::terms(&format!("{text} + (b:a | h)"), columns);
            assert_eq!(with_bar.fixed, terms.fixed, "{text}");
            assert_eq!(with_bar.random[0].effects.labels(), ["b:a"]);
        }
    }
}

#[test]
fn labels_and_order() {
    check(FACTS, &[]);
}

#[test]
fn dot_is_every_other_column() {
    check(FACTS_WITH_DOT, &["y", "x", "g", "my z"]);
}

#[test]
fn dot_leaves_grouping_factors_out() {
    let columns = ["y", "x", "g", "my z", "h"];
    let terms = terms("y ~ . + (x | g/factor(h))", &columns);
    assert_eq!(terms.fixed.labels(), ["x", "`my z`"]);
}

#[test]
fn offsets() {
    let terms = terms(
        "y ~ a + offset(log(n)) + (b + offset(w) + offset(log(n)))",
        &[],
    );
    let offsets: Vec<_> = terms.offsets.iter().map(ToString::to_string).collect();
    assert_eq!(offsets, ["log(n)", "w"]);
    assert_eq!(terms.to_string(), "y ~ a + b + offset(log(n)) + offset(w)");
}

#[test]
fn spans_point_into_the_text() {
    let text = "y ~ été + log(x):été";
    let terms = terms(text, &[]);
    let shown: Vec<_> = terms
        .fixed
        .terms
        .iter()
        .map(|t| t.span.slice(text))
        .collect();
    assert_eq!(shown, ["été", "log(x):été"]);
    let columns: Vec<_> = terms
        .columns()
        .into_iter()
        .map(|(name, span)| (name, span.slice(text)))
        .collect();
    assert_eq!(columns, [("y", "y"), ("été", "été"), ("x", "x")]);
}

#[test]
fn columns_are_those_of_the_data() {
    let text = "cbind(s, n - s) ~ C(f, sum) + C(g, contr = treatment) + relevel(h, \"b\") \
                + poly(x, 2, raw = T) + offset(w) + (T || b/log(`a b`))";
    let terms = terms(text, &[]);
    let names: Vec<_> = terms.columns().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["s", "n", "f", "g", "h", "x", "w", "T", "a b", "b"]);
}

/// A sum of thousands of predictors is no deep tree.
#[test]
fn long_sums() {
    let names: Vec<String> = (0..5000).map(|i| format!("x{i}")).collect();
    let text = format!("y ~ {}", names.join(" + "));
    let terms = terms(&text, &[]);
    assert_eq!(terms.fixed.terms.len(), 5000);
    assert_eq!(terms.to_string(), text);
}
