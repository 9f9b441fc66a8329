//! Formulas that few people write: they work or fail with a message, whatever the batches.

mod common;

use common::{small, try_rows, try_survey};
use ranef_design::{Options, Parts};

#[test]
fn they_work() {
    let table = small();
    for formula in [
        "y ~ (1 | factor(round(scale(x))))",
        "y ~ within(x, factor(round(x))) + (1 | g)",
        "y ~ between(within(x, g), f) + (1 | f:g)",
        "y ~ poly(scale(x), 2):scale(z) + (scale(x) | g)",
        "y ~ poly(scale(log(x)), 2) + ns(scale(scale(z)), 2) + (1 | f)",
        "y ~ x + (1 | interaction(f, g)) + (1 | f:g)",
        "y ~ x + (1 | factor(id, levels = c(1, 2, 10)))",
        "y ~ x + (1 | relevel(factor(id, levels = c(1, 2, 10)), \"2\")) + (1 | g)",
        "scale(y) ~ x + (1 | g)",
        "log(y) - 1 ~ I(f == \"a\") + ifelse(f != \"b\", x, z) + (1 | g)",
        "y ~ I(x > 3 & z < 1) + I(!(x > 3)) + (1 | g)",
        "y ~ (1 | f/g/id)",
        "y ~ (1 | x)",
        "y ~ 0 + (0 + f | g)",
        "y ~ within(x, interaction(f, g)) + f:g + (1 | g)",
        "y ~ factor(x > 3) * f + (factor(x > 3) || g)",
        "y ~ offset(log(x)) + offset(2 * z) + (1 | g)",
        "y ~ bs(x, knots = c(2, 2, 5), degree = 2) + (1 | g)",
    ] {
        let run = |batch: usize| {
            let table = table.batches_of(batch);
            let survey = try_survey(formula, &table, &Options::default())
                .unwrap_or_else(|error| panic!("{formula}: {error}"));
            let rows = try_rows(&survey.recipe, &table, Parts::ALL)
                .unwrap_or_else(|error| panic!("{formula}: {error}"));
            assert_eq!(rows.n, survey.rows.used, "{formula}");
            for (codes, factor) in rows.codes.iter().zip(survey.recipe.factors()) {
                assert!(
                    codes.iter().all(|&code| (code as usize) < factor.levels),
                    "{formula}: {codes:?}"
                );
            }
            (rows, survey.structure, survey.recipe.fixed_names().to_vec())
        };
        let (whole, structure, names) = run(usize::MAX);
        for batch in [1, 3, 5] {
            let (rows, other, again) = run(batch);
            assert_eq!(rows.codes, whole.codes, "{formula}");
            assert_eq!(other, structure, "{formula}");
            assert_eq!(again, names, "{formula}");
            for (a, b) in rows
                .fixed
                .iter()
                .flatten()
                .zip(whole.fixed.iter().flatten())
            {
                assert!((a - b).abs() < 1e-9, "{formula}: {a} and {b}");
            }
        }
    }
}

#[test]
fn they_fail_with_a_message() {
    let table = small();
    for (formula, code) in [
        ("y ~ ns(x, 3, Boundary.knots = c(100, 200))", "cannot_learn"),
        ("y ~ cbind(x, z)", "arguments"),
        ("y ~ log(offset(x))", "arguments"),
        ("y ~ factor(f, labels = c(\"A\", \"B\"))", "cannot_learn"),
        (
            "y ~ factor(f, levels = c(\"a\", \"b\"), labels = \"A\")",
            "arguments",
        ),
        ("y ~ x + (1 | factor(f, levels = \"a\"))", "one_level_group"),
        ("y ~ factor(f, levels = \"zz\")", "no_rows_left"),
        (
            "y ~ x + (1 | factor(round(x), levels = c(1, 2)))",
            "cannot_learn",
        ),
        ("y ~ \"text\"", "category_not_number"),
        ("y ~ C(f, 2)", "arguments"),
        ("y ~ ifelse(x > 1, 2)", "arguments"),
        ("y ~ within(x)", "arguments"),
        ("y ~ within(f, g)", "text_not_number"),
        ("y ~ scale(x, center = g)", "arguments"),
        ("y ~ x + (0 | g)", "no_effects"),
        ("y ~ poly(x, 0)", "arguments"),
        ("cbind(y) ~ x", "arguments"),
        ("f ~ x", "response_not_numeric"),
    ] {
        match common::try_survey_or_parse(formula, &table, &Options::default()) {
            None => {}
            Some(Ok(_)) => panic!("{formula} is fine"),
            Some(Err(error)) => assert_eq!(error.code(), code, "{formula}: {error}"),
        }
    }
}
