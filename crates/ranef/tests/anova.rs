//! F tests of terms: values of lmerTest 3.1-3 (`anova(m, type = …)`, Satterthwaite and
//! Kenward-Roger with pbkrtest 0.5.2, treatment contrasts, R 4.2.2), which must come out whatever the
//! coding is; and their definitions where lmerTest depends on the coding. Some of R's answers are
//! left out: pbkrtest 0.5.2 does not look at weights (the engine's tests compare those with the
//! definition), and by type II lmerTest takes `poly(x, 2)` for a factor when it asks what contains `A`,
//! though not `x`.

use ranef::frame::{ReadOptions, Source, Table, open};
use ranef::{Anova, AnovaType, Answer, Contrast, DfMethod, Fit, Model, lmer};
use serde_json::Value;

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("anova.json")).unwrap()
}

/// 120 rows made by arithmetic: 15 groups g, 7 groups h across them, factors A (3), B and C (2) in
/// unequal cells, numbers x and z, weights w.
fn made(keep: impl Fn(usize, usize) -> bool) -> Box<dyn Source> {
    let rows: Vec<usize> = (0..120)
        .filter(|i| keep((i * 7 + i / 5) % 3, (i * 5 + i / 3) % 2))
        .collect();
    let number = |f: &dyn Fn(usize) -> f64| -> Vec<f64> { rows.iter().map(|&i| f(i)).collect() };
    let text =
        |f: &dyn Fn(usize) -> String| -> Vec<String> { rows.iter().map(|&i| f(i)).collect() };
    let x = |i: usize| ((i * 37) % 101) as f64 / 10.0;
    let a = |i: usize| (i * 7 + i / 5) % 3;
    let b = |i: usize| (i * 5 + i / 3) % 2;
    let h = |i: usize| (i * 3 + i / 7) % 7;
    let y = |i: usize| {
        let cell = if a(i) == 1 { 0.8 } else { 0.0 } * if b(i) == 1 { 1.0 } else { 0.2 };
        ((i * 7919 + 13) % 1009) as f64 / 250.0
            + ((i / 8 * 31) % 17) as f64 / 5.0
            + 0.3 * x(i)
            + cell
            + (h(i) * 5) as f64 / 4.0
    };
    let table = Table::new()
        .text("g", text(&|i| format!("g{:02}", i / 8)))
        .text("h", text(&|i| format!("h{}", h(i))))
        .text("A", text(&|i| format!("a{}", a(i) + 1)))
        .text("B", text(&|i| format!("b{}", b(i) + 1)))
        .text("C", text(&|i| format!("c{}", (i * 11 + i / 11) % 2 + 1)))
        .number("x", number(&x))
        .number("x2", number(&|i| 2.0 * x(i) + 1.0))
        .number("z", number(&|i| ((i * 53) % 89) as f64 / 20.0))
        .number("w", number(&|i| 1.0 + ((i * 17) % 13) as f64 / 13.0))
        .number("y", number(&y));
    Box::new(table.source().unwrap())
}

fn data(name: &str) -> Box<dyn Source> {
    match name {
        "made" => made(|_, _| true),
        "hole" => made(|a, b| !(a == 2 && b == 1)),
        name => open(name, &ReadOptions::default()).unwrap(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn model(case: &Value) -> Model {
    let mut model = Model::new(text(&case["formula"]));
    if let Some(factor) = case["factor"].as_str() {
        model = model.factors([factor]);
    }
    if let Some(weights) = case["weights"].as_str() {
        model = model.weights(weights);
    }
    model
}

/// Compares with rows of \[term, sum of squares, numerator df, denominator df, F, p\].
fn agrees(what: &str, got: &Anova, want: &Value, df_tolerance: f64) {
    let want = want.as_array().unwrap();
    assert_eq!(got.rows.len(), want.len(), "{what}");
    for row in want {
        let got = got
            .rows
            .iter()
            .find(|r| r.term == text(&row[0]))
            .unwrap_or_else(|| panic!("{what}: no term {}", row[0]));
        let near = |name: &str, got: Option<f64>, want: &Value, tolerance: f64| match want.as_f64()
        {
            None => assert_eq!(got, None, "{what} {} {name}", row[0]),
            Some(want) => {
                let got = got.unwrap_or(f64::NAN);
                assert!(
                    (got - want).abs() <= tolerance * want.abs().max(1e-6),
                    "{what} {} {name}: {got} is not {want}",
                    row[0]
                );
            }
        };
        near("f", got.f, &row[4], 1e-4);
        near("sum_sq", got.sum_sq, &row[1], 1e-4);
        near("den_df", got.den_df, &row[3], df_tolerance);
        near("p", got.p_value, &row[5], 5e-3);
        if row[2].is_null() {
            assert_eq!(got.num_df, 0.0, "{what} {}", row[0]);
        } else {
            near("num_df", Some(got.num_df), &row[2], 0.0);
        }
    }
}

const TYPES: [(AnovaType, &str); 3] = [
    (AnovaType::I, "I"),
    (AnovaType::II, "II"),
    (AnovaType::III, "III"),
];

#[test]
fn all_types_by_satterthwaite_in_every_coding() {
    for case in cases() {
        let data = data(text(&case["data"]));
        for contrasts in [
            Contrast::Treatment,
            Contrast::Sum,
            Contrast::Helmert,
            Contrast::Poly,
        ] {
            let fit = model(&case).contrasts(contrasts).fit(&*data).unwrap();
            if contrasts == Contrast::Treatment {
                let criterion = case["criterion"].as_f64().unwrap();
                assert!((fit.criterion() - criterion).abs() < 1e-4, "{}", case["id"]);
            }
            for (kind, name) in TYPES {
                let what = format!("{} {contrasts:?} {name}", text(&case["id"]));
                let anova = fit
                    .anova(kind, DfMethod::Satterthwaite)
                    .unwrap_or_else(|e| panic!("{what}: {e}"));
                let want = &case[format!("satterthwaite_{name}")];
                if !want.is_null() {
                    agrees(&what, &anova, want, 2e-3);
                }
            }
        }
    }
}

#[test]
fn all_types_by_kenward_and_roger() {
    for case in cases() {
        let data = data(text(&case["data"]));
        for contrasts in [Contrast::Treatment, Contrast::Sum] {
            let fit = model(&case)
                .contrasts(contrasts)
                .df(DfMethod::KenwardRoger)
                .fit(&*data)
                .unwrap();
            for (kind, name) in TYPES {
                let want = &case[format!("kr_{name}")];
                if want.is_null() {
                    continue;
                }
                let what = format!("{} {contrasts:?} {name}", text(&case["id"]));
                agrees(
                    &what,
                    &fit.anova(kind, DfMethod::KenwardRoger).unwrap(),
                    want,
                    1e-4,
                );
            }
        }
    }
}

#[test]
fn coefficients_by_kenward_and_roger() {
    for case in cases() {
        let data = data(text(&case["data"]));
        // Orthodont has its levels in nlme's order here and in alphabetical order there; for
        // weights see above.
        let Some(rows) = case["kr_coef"].as_array() else {
            continue;
        };
        let fit = model(&case).df(DfMethod::KenwardRoger).fit(&*data).unwrap();
        let table = fit.coefficients();
        let kept: Vec<_> = table.iter().filter(|c| c.estimate.is_some()).collect();
        assert_eq!(kept.len(), rows.len());
        for (got, row) in kept.iter().zip(rows) {
            assert_eq!(got.term, text(&row[0]));
            for (got, want, tolerance) in [
                (got.std_error, &row[2], 1e-5),
                (got.df, &row[3], 1e-4),
                (got.statistic, &row[4], 1e-4),
            ] {
                let (got, want) = (got.unwrap(), want.as_f64().unwrap());
                assert!(
                    (got - want).abs() <= tolerance * want.abs().max(1e-2),
                    "{} {}: {got} is not {want}",
                    case["id"],
                    row[0]
                );
            }
        }
    }
}

/// What lmerTest's types I and II lack where terms are not within their margins: one result for
/// every coding.
#[test]
fn unusual_formulas_do_not_depend_on_the_coding() {
    let data = data("made");
    for formula in [
        "y ~ A:B + (1 | g)",
        "y ~ A:B:x + B + (1 | g)",
        "y ~ 0 + A:x + B + C:B + (1 | g)",
        "y ~ x + A:B + C + (x | g)",
        "y ~ A + B + C + A:B:C + (1 | g)",
        "y ~ poly(x, 2) * A + B:z + (1 | g)",
    ] {
        let anova = |contrasts: Contrast, kind: AnovaType| {
            let fit = Model::new(formula)
                .contrasts(contrasts)
                .fit(&*data)
                .unwrap();
            fit.anova(kind, DfMethod::Satterthwaite).unwrap()
        };
        for (kind, name) in TYPES {
            let treatment = anova(Contrast::Treatment, kind);
            assert!(treatment.rows.iter().all(|r| r.f.is_some()));
            for contrasts in [Contrast::Sum, Contrast::Helmert] {
                let other = anova(contrasts, kind);
                for (a, b) in treatment.rows.iter().zip(&other.rows) {
                    let what = format!("{formula} {name} {contrasts:?} {}", a.term);
                    assert_eq!(a.num_df, b.num_df, "{what}");
                    let near = |x: Option<f64>, y: Option<f64>| {
                        (x.unwrap() - y.unwrap()).abs() < 1e-6 * x.unwrap().abs().max(1e-3)
                    };
                    assert!(near(a.f, b.f), "{what}: {a:?} {b:?}");
                    assert!(near(a.den_df, b.den_df), "{what}: {a:?} {b:?}");
                }
            }
        }
    }
}

/// Type III in a complete two-way design: equal weights for the cells, whatever the coding.
#[test]
fn type_three_averages_cells_with_equal_weights() {
    let data = data("made");
    let cells = lmer("y ~ 0 + A:B + (1 | g)", &*data).unwrap();
    let names = cells.fixed_names();
    let weight = |a: &str, sign: f64, row: &mut Vec<f64>| {
        for (w, name) in row.iter_mut().zip(&names) {
            if name.contains(a) {
                *w += sign / 2.0;
            }
        }
    };
    let mut contrasts = Vec::new();
    for other in ["a2", "a3"] {
        let mut row = vec![0.0; names.len()];
        weight(other, 1.0, &mut row);
        weight("a1", -1.0, &mut row);
        contrasts.extend(row);
    }
    let want = cells
        .f_test(&contrasts, &[0.0, 0.0], DfMethod::KenwardRoger)
        .unwrap();
    let fit = lmer("y ~ A * B + (1 | g)", &*data).unwrap();
    let anova = fit.anova(AnovaType::III, DfMethod::KenwardRoger).unwrap();
    let got = &anova.rows[0];
    assert_eq!((got.term.as_str(), got.num_df), ("A", 2.0));
    assert!(
        (got.f.unwrap() - want.f.unwrap()).abs() < 1e-7,
        "{got:?} {want:?}"
    );
    assert!((got.den_df.unwrap() - want.den_df.unwrap()).abs() < 1e-4);
}

#[test]
fn other_degrees_of_freedom() {
    let fit = lmer(
        "yield ~ nitro * Variety + (1 | Block/Variety)",
        &*data("Oats"),
    )
    .unwrap();
    let residual = fit.anova(AnovaType::III, DfMethod::Residual).unwrap();
    assert_eq!(residual.rows[0].den_df, Some(66.0));
    let wald = fit.anova(AnovaType::III, DfMethod::None).unwrap();
    let row = &wald.rows[2];
    assert_eq!((row.den_df, row.f), (None, residual.rows[2].f));
    assert_eq!(row.chisq, row.f.map(|f| 2.0 * f));
    assert!(residual.rows.iter().all(|r| r.chisq.is_none()));
    // pchisq(2 * 0.498814816, 2, lower.tail = FALSE)
    assert!((row.p_value.unwrap() - (-row.f.unwrap()).exp()).abs() < 1e-9);
    let table = wald.table();
    let names: Vec<&str> = table.columns().iter().map(|c| c.name.as_str()).collect();
    assert_eq!(
        names,
        ["term", "sum_sq", "mean_sq", "num_df", "chisq", "p_value"]
    );
}

/// Least squares: `anova(lm(…))` is type I, and the residual degrees of freedom are whole.
#[test]
fn least_squares() {
    let fit = lmer("y ~ A * B + x", &*data("made")).unwrap();
    for df in [DfMethod::Satterthwaite, DfMethod::KenwardRoger] {
        let anova = fit.anova(AnovaType::I, df).unwrap();
        assert_eq!(anova.method, DfMethod::Residual);
        assert!(anova.rows.iter().all(|r| r.den_df == Some(113.0)));
        // The sequential sums of squares add up to that of the model.
        let total: f64 = anova.rows.iter().filter_map(|r| r.sum_sq).sum();
        let y = fit.moments().response_variance * 119.0;
        let rest = fit.sigma().powi(2) * 113.0;
        assert!((total + rest - y).abs() < 1e-8 * y);
    }
}

/// Two workers and three random effects: Kenward and Roger's F has no mean. Single coefficients still
/// have their tests.
#[test]
fn too_few_groups_for_an_f() {
    let rows = 0..18u32;
    let score =
        |i: u32| f64::from(i * 37 % 19) + f64::from(i / 9 * (i % 3) * 20) + f64::from(i % 3);
    let source = Table::new()
        .number("score", rows.clone().map(score))
        .text("machine", rows.clone().map(|i| format!("m{}", i % 3)))
        .text("worker", rows.map(|i| format!("w{}", i / 9)))
        .source()
        .unwrap();
    let fit = lmer("score ~ machine + (machine | worker)", &source).unwrap();
    let anova = fit.anova(AnovaType::III, DfMethod::KenwardRoger).unwrap();
    let row = &anova.rows[0];
    assert!(
        row.f.is_some() && row.den_df.is_none() && row.p_value.is_none(),
        "{row:?}"
    );
    assert!(anova.notes.iter().any(|n| n.code == "no_denominator"));
    let one = fit
        .f_test(&[0.0, 1.0, 0.0], &[0.0], DfMethod::KenwardRoger)
        .unwrap();
    assert!(one.p_value.is_some(), "{one:?}");
}

#[test]
fn what_people_read() {
    let fit = lmer(
        "yield ~ nitro * Variety + (1 | Block/Variety)",
        &*data("Oats"),
    )
    .unwrap();
    let text = fit
        .anova(AnovaType::III, DfMethod::Satterthwaite)
        .unwrap()
        .to_string();
    for part in [
        "Type III analysis of variance with Satterthwaite's method\n",
        " Term           Sum Sq  Mean Sq  NumDF  DenDF  F value    Pr(>F)\n",
        " nitro ",
        "averaged over the cells of its",
        "at zero of",
        "Rule for few groups: `Block` has 6 levels; prefer Kenward and",
    ] {
        assert!(text.contains(part), "{part} not in\n{text}");
    }
    let empty = lmer("yield ~ 1 + (1 | Block)", &*data("Oats")).unwrap();
    let none = empty
        .anova(AnovaType::III, DfMethod::Satterthwaite)
        .unwrap();
    assert!(none.rows.is_empty() && none.to_string().contains("no terms to test"));
}

#[test]
fn a_fit_by_maximum_likelihood_is_refitted_by_reml() {
    let formula = "Reaction ~ Days * grp + (Days | Subject)";
    let data = data("sleep_unbal");
    let ml = Model::new(formula)
        .reml(false)
        .df(DfMethod::KenwardRoger)
        .fit(&*data)
        .unwrap();
    let reml = lmer(formula, &*data).unwrap();
    assert!(ml.kenward_roger().unwrap().refitted());
    assert!(ml.notes().iter().any(|n| n.code == "refitted_by_reml"));
    let (a, b) = (
        ml.anova(AnovaType::III, DfMethod::KenwardRoger).unwrap(),
        reml.anova(AnovaType::III, DfMethod::KenwardRoger).unwrap(),
    );
    assert!(a.notes.iter().any(|n| n.code == "refitted_by_reml"));
    for (a, b) in a.rows.iter().zip(&b.rows) {
        assert!((a.f.unwrap() - b.f.unwrap()).abs() < 1e-5 * b.f.unwrap());
        assert!((a.den_df.unwrap() - b.den_df.unwrap()).abs() < 1e-4);
    }
    // METHODS C3: the joint test of grp and Days:grp.
    let joint = [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0];
    let test = ml
        .f_test(&joint, &[0.0, 0.0], DfMethod::KenwardRoger)
        .unwrap();
    assert!((test.f.unwrap() - 0.4941819).abs() < 1e-6, "{test:?}");
    assert!((test.den_df.unwrap() - 14.823936).abs() < 1e-4, "{test:?}");
    let refit = ml.refit(true).unwrap();
    assert!(refit.notes().iter().all(|n| n.code != "refitted_by_reml"));
}

#[test]
fn saved_models_answer_the_same() {
    let fit = Model::new("Reaction ~ Days * grp + (Days | Subject)")
        .df(DfMethod::KenwardRoger)
        .fit(&*data("sleep_unbal"))
        .unwrap();
    let loaded = Fit::from_json(&fit.to_json().unwrap()).unwrap();
    assert_eq!(loaded.df_method(), DfMethod::KenwardRoger);
    assert_eq!(loaded.coefficients(), fit.coefficients());
    for (kind, _) in TYPES {
        for df in [DfMethod::KenwardRoger, DfMethod::Satterthwaite] {
            assert_eq!(
                loaded.anova(kind, df).unwrap(),
                fit.anova(kind, df).unwrap()
            );
        }
    }
    // Without its rows a model that was not fitted with them cannot give them.
    let plain = lmer("Reaction ~ Days + (Days | Subject)", &*data("sleepstudy")).unwrap();
    let loaded = Fit::from_json(&plain.to_json().unwrap()).unwrap();
    let error = loaded
        .anova(AnovaType::III, DfMethod::KenwardRoger)
        .unwrap_err();
    assert_eq!(error.code(), "needs_rows");
    let loaded = loaded.with_rows(&*data("sleepstudy")).unwrap();
    let found = loaded
        .anova(AnovaType::III, DfMethod::KenwardRoger)
        .unwrap();
    let want = plain.anova(AnovaType::III, DfMethod::KenwardRoger).unwrap();
    assert!((found.rows[0].den_df.unwrap() - want.rows[0].den_df.unwrap()).abs() < 1e-6);
}
