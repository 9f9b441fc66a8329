//! The same analysis in R, Stata and SAS: each model against its code in `tests/code/`, which was
//! read by eye for Stata and SAS; the R code was run with lme4 1.1-31 on the built-in data sets and
//! gave this crate's criterion, coefficients and names.
#![allow(missing_docs)]

use std::path::Path;

use ranef::frame::{MemorySource, ReadOptions, Table, open};
use ranef::{Contrast, DfMethod, Fit, Language, Model, Origin};

/// Pupils in classes in schools, each answering one of twelve items.
fn pupils() -> MemorySource {
    let rows = || 0..240usize;
    let text = |label: fn(usize) -> String| rows().map(label).collect::<Vec<_>>();
    Table::new()
        .number(
            "score",
            rows().map(|i| (i * 37 % 101) as f64 / 7.0 + (i / 24) as f64 + (i % 12) as f64),
        )
        .number("ses", rows().map(|i| (i * 11 % 17) as f64 / 2.0 - 4.0))
        .number("pre test", rows().map(|i| (i * 13 % 19) as f64))
        .text(
            "treat",
            text(|i| ["ctrl", "low", "high"][i / 2 % 3].to_owned()),
        )
        .text("school", text(|i| format!("s{:02}", i / 24)))
        .text("class", text(|i| format!("k{:02}", i / 8)))
        .text("item", text(|i| format!("i{:02}", i % 12)))
        .number("w", rows().map(|i| (1 + i % 3) as f64))
        .number("o", rows().map(|i| (i % 5) as f64 / 2.0))
        .source()
        .expect("columns")
}

fn fit(model: &Model, data: &str) -> Fit {
    let options = ReadOptions::default();
    let mut fit = match data {
        "pupils.csv" => model.fit(&pupils()),
        name => model.fit(&*open(name, &options).expect("a built-in data set")),
    }
    .expect("a fit");
    fit.remember_origin(Origin::new(data, &options));
    fit
}

#[track_caller]
fn check(name: &str, model: &Model, data: &str, gaps: usize) {
    let fit = fit(model, data);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/code");
    for (language, ending) in [
        (Language::R, "R"),
        (Language::Stata, "do"),
        (Language::Sas, "sas"),
    ] {
        let path = folder.join(format!("{name}.{ending}"));
        let expected =
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let code = fit.code(language);
        assert_eq!(code.code, expected, "{}", path.display());
        // Nothing is left out without a word at its place.
        let said = code.code.matches("NOT TRANSLATED: ").count();
        assert_eq!(said, code.not_translated.len(), "{}", path.display());
        if language == Language::Stata {
            assert_eq!(said, gaps, "{}", path.display());
        }
    }
}

#[test]
fn slopes() {
    let model = Model::new("Reaction ~ Days + (Days | Subject)");
    check("slopes", &model, "sleepstudy", 0);
}

#[test]
fn uncorrelated_by_maximum_likelihood() {
    let model = Model::new("Reaction ~ Days + (Days || Subject)").reml(false);
    check("uncorrelated", &model, "sleepstudy", 1);
}

#[test]
fn nested() {
    check(
        "nested",
        &Model::new("strength ~ 1 + (1 | batch/cask)"),
        "Pastes",
        0,
    );
    let model = Model::new("score ~ ses + (ses | school) + (1 | class)");
    check("nested_by_names", &model, "pupils.csv", 0);
}

#[test]
fn crossed() {
    let model = Model::new("diameter ~ 1 + (1 | plate) + (1 | sample)").df(DfMethod::Residual);
    check("crossed", &model, "Penicillin", 0);
    let model = Model::new("score ~ ses + (ses | school) + (ses | item)");
    check("crossed_slopes", &model, "pupils.csv", 1);
}

#[test]
fn contrasts() {
    let model = Model::new("distance ~ age * Sex + (age | Subject)").contrasts(Contrast::Sum);
    check("sum", &model, "Orthodont", 0);
    let model =
        Model::new("yield ~ relevel(Variety, \"Victory\") * factor(nitro) + (1 | Block/Variety)");
    check("levels", &model, "Oats", 0);
    let model = Model::new("score ~ 0 + treat + treat:ses + C(treat, helmert):o + (1 | school)");
    check("dummies", &model, "pupils.csv", 0);
}

#[test]
fn random_effects_of_factors() {
    let model = Model::new("score ~ Machine + (Machine || Worker)");
    check("split_factor", &model, "Machines", 0);
    let model = Model::new("score ~ Machine + (0 + Machine | Worker)");
    check("factor_block", &model, "Machines", 0);
}

#[test]
fn transforms() {
    let model = Model::new(
        "log(score + 1) ~ poly(ses, 2) + scale(`pre test`) + I(ses > 0) + ns(ses, 3) + (1 | school)",
    );
    check("transforms", &model, "pupils.csv", 1);
    let model = Model::new(
        "weight ~ within(Time, Chick) * Diet + between(Time, Chick) + (within(Time, Chick) | Chick)",
    );
    check("within_between", &model, "ChickWeight", 0);
}

#[test]
fn weights_offsets_and_z_tests() {
    let model = Model::new("score ~ ses + offset(2 * ses) + (1 | school)")
        .weights("w")
        .offset("o")
        .factors(["item"])
        .df(DfMethod::None);
    check("weighted", &model, "pupils.csv", 1);
}

#[test]
fn kenward_roger() {
    let model = Model::new("yield ~ nitro + (1 | Block/Variety)").df(DfMethod::KenwardRoger);
    check("kenward_roger", &model, "Oats", 0);
}

#[test]
fn without_random_effects() {
    check("plain", &Model::new("score ~ ses * treat"), "pupils.csv", 0);
}

#[test]
fn nothing_in_a_name_ends_a_comment() {
    let data = Table::new()
        .number("y", (0..60).map(|i| (i * 7 % 11) as f64 + (i / 6) as f64))
        .number("a */ b /* c", (0..60).map(|i| (i % 6) as f64))
        .number("d ///", (0..60).map(|i| (i * 5 % 7) as f64))
        .text("g", (0..60).map(|i| format!("g{}", i / 6)))
        .source()
        .expect("columns");
    let fit = Model::new("y ~ `a */ b /* c` + `d ///` + (1 | g)")
        .fit(&data)
        .expect("a fit");
    let sas = fit.code(Language::Sas).code;
    for line in sas.lines().filter(|l| l.contains("/*")) {
        assert_eq!(
            (line.matches("/*").count(), line.matches("*/").count()),
            (1, 1),
            "{line}"
        );
        assert!(line.starts_with("/*") && line.ends_with("*/"), "{line}");
    }
    // Three slashes would join the next line to the comment.
    let stata = fit.code(Language::Stata).code;
    let comments: Vec<&str> = stata.lines().filter(|l| l.starts_with("//")).collect();
    assert!(
        comments.len() >= 3 && !comments.iter().any(|l| l.contains("///")),
        "{stata}"
    );
}
