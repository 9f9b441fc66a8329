//! Models against each other: values of lme4 1.1-31 (`anova`), lmerTest 3.1-3 (`ranova`), R 4.2.2.

use ranef::frame::{ReadOptions, Source, Table, open};
use ranef::{Answer, Comparison, Error, Fit, Model, compare, lmer};
use serde_json::Value;

fn data(name: &str) -> Box<dyn Source> {
    open(name, &ReadOptions::default()).unwrap()
}

fn near(got: f64, want: f64, tolerance: f64) {
    assert!((got - want).abs() <= tolerance, "{got} is not {want}");
}

fn compared(name: &str, formulas: &[&str]) -> Result<Comparison, Error> {
    let fits: Vec<Fit> = formulas
        .iter()
        .map(|f| lmer(f, &*data(name)).unwrap())
        .collect();
    compare(&fits.iter().collect::<Vec<_>>(), true)
}

#[test]
fn the_table_of_lme4() {
    let comparison = compared(
        "sleepstudy",
        &[
            "Reaction ~ Days + (Days | Subject)",
            "Reaction ~ 1 + (1 | Subject)",
            "Reaction ~ Days + (1 | Subject)",
        ],
    )
    .unwrap();
    assert_eq!((comparison.refit, comparison.method), (Some("ML"), "ML"));
    let rows = &comparison.rows;
    assert_eq!(rows.iter().map(|r| r.npar).collect::<Vec<_>>(), [3, 4, 6]);
    assert_eq!(
        rows.iter().map(|r| r.model.as_str()).collect::<Vec<_>>(),
        ["m2", "m3", "m1"]
    );
    for (row, (aic, bic, deviance)) in rows.iter().zip([
        (1916.54105807306, 1926.11992862573, 1910.54105807306),
        (1802.07864300523, 1814.85047040879, 1794.07864300523),
        (1763.93934446321, 1783.09708556855, 1751.93934446321),
    ]) {
        near(row.aic, aic, 1e-5);
        near(row.bic, bic, 1e-5);
        near(row.deviance, deviance, 1e-5);
        near(row.loglik, -0.5 * deviance, 1e-5);
    }
    assert_eq!(
        (rows[0].chisq, rows[0].df, rows[0].nested),
        (None, None, None)
    );
    near(rows[1].chisq.unwrap(), 116.462415067833, 1e-5);
    near(rows[1].p_value.unwrap() / 3.76446147654564e-27, 1.0, 1e-4);
    near(rows[2].chisq.unwrap(), 42.1392985420164, 1e-5);
    near(rows[2].p_value.unwrap() / 7.07241254723003e-10, 1.0, 1e-4);
    // One variance and one covariance: half of χ² on 1 and half on 2.
    assert_eq!(rows[1].p_boundary, None);
    let boundary = rows[2].p_boundary.unwrap() / rows[2].p_value.unwrap();
    near(boundary, 0.56, 0.02);
    // AICc of the smallest: 2·3·4/(180 − 3 − 1).
    near(rows[0].aicc.unwrap() - rows[0].aic, 24.0 / 176.0, 1e-9);
    // Standard errors side by side: the intercept model's is far too small.
    let days = comparison.fixed.iter().find(|c| c.term == "Days").unwrap();
    assert_eq!(days.estimates[0], None);
    near(days.std_errors[1].unwrap(), 0.8042214, 1e-4);
    near(days.std_errors[2].unwrap(), 1.5457896, 1e-4);
}

#[test]
fn a_single_variance_is_tested_at_its_boundary() {
    let comparison = compared("Dyestuff", &["Yield ~ 1", "Yield ~ 1 + (1 | Batch)"]).unwrap();
    let row = &comparison.rows[1];
    near(row.p_boundary.unwrap(), 0.5 * row.p_value.unwrap(), 1e-12);
    // No variance at all: p = 1 either way.
    let none = compared("Dyestuff2", &["Yield ~ 1", "Yield ~ 1 + (1 | Batch)"]).unwrap();
    assert_eq!(none.rows[1].p_value, Some(1.0));
    assert_eq!(none.rows[1].p_boundary, Some(1.0));
    assert!(none.rows[1].singular);
}

#[test]
fn nesting_is_seen() {
    let nested = |name: &str, small: &str, large: &str| {
        let comparison = compared(name, &[small, large]).unwrap();
        let row = &comparison.rows[1];
        assert_eq!(row.nested == Some(true), row.p_value.is_some());
        (row.nested.unwrap(), row.p_boundary.is_some())
    };
    let oats = |small: &str, large: &str| nested("Oats", small, large);
    // Correlations only: inside of their range.
    assert_eq!(
        nested(
            "sleepstudy",
            "Reaction ~ Days + (Days || Subject)",
            "Reaction ~ Days + (Days | Subject)"
        ),
        (true, false)
    );
    // Equal variances of machines within workers.
    assert_eq!(
        nested(
            "Machines",
            "score ~ Machine + (1 | Worker) + (1 | Worker:Machine)",
            "score ~ Machine + (Machine | Worker)"
        ),
        (true, false)
    );
    assert_eq!(
        oats(
            "yield ~ nitro + (1 | Block)",
            "yield ~ nitro * Variety + (1 | Block)"
        ),
        (true, false)
    );
    // The margin of an interaction that is there by its cells only.
    assert_eq!(
        oats(
            "yield ~ Variety + (1 | Block)",
            "yield ~ 0 + Variety:nitro + Variety + (1 | Block)"
        ),
        (true, false)
    );
    assert_eq!(
        oats(
            "yield ~ nitro + (1 | Block)",
            "yield ~ nitro + (1 | Block/Variety)"
        ),
        (true, true)
    );
    let same = compared(
        "Oats",
        &[
            "yield ~ Variety + (1 | Block)",
            "yield ~ 0 + Variety + (1 | Block)",
        ],
    );
    assert_eq!(same.unwrap().notes[0].code, "same_fit");
    // One does not contain the other.
    assert_eq!(
        oats(
            "yield ~ nitro + (1 | Block)",
            "yield ~ Variety + (1 | Block)"
        ),
        (false, false)
    );
    assert_eq!(
        oats(
            "yield ~ nitro + (1 | Block)",
            "yield ~ nitro + Variety + (1 | Block:Variety)"
        ),
        (false, false)
    );
    let text = compared(
        "Oats",
        &[
            "yield ~ nitro + (1 | Block)",
            "yield ~ Variety + (1 | Block)",
        ],
    )
    .unwrap()
    .to_string();
    assert!(text.contains("m1 is not a special case of m2"), "{text}");
}

#[test]
fn several_variances_at_once_have_no_simple_distribution() {
    let comparison = compared(
        "sleepstudy",
        &["Reaction ~ Days", "Reaction ~ Days + (Days | Subject)"],
    )
    .unwrap();
    assert_eq!(comparison.rows[1].p_boundary, None);
    assert!(comparison.rows[1].p_value.is_some());
    assert!(
        comparison
            .notes
            .iter()
            .any(|n| n.code == "several_variances")
    );
}

#[test]
fn what_cannot_be_compared() {
    let fit = |formula: &str, name: &str| lmer(formula, &*data(name)).unwrap();
    let code = |a: &Fit, b: &Fit, refit: bool| compare(&[a, b], refit).unwrap_err().code();
    let sleep = fit("Reaction ~ Days + (Days | Subject)", "sleepstudy");
    let log = fit("log(Reaction) ~ Days + (Days | Subject)", "sleepstudy");
    assert_eq!(code(&sleep, &log, true), "different_response");
    let fewer = fit("Reaction ~ Days + (Days | Subject)", "sleep_unbal");
    assert_eq!(code(&sleep, &fewer, true), "different_rows");
    let other = Table::new()
        .number("Reaction", (0..180).map(|i| f64::from(i * 37 % 101)))
        .number("Days", (0..180).map(|i| f64::from(i % 10)))
        .number("Subject", (0..180).map(|i| f64::from(i / 10)))
        .source()
        .unwrap();
    let other = lmer("Reaction ~ Days + (1 | Subject)", &other).unwrap();
    assert_eq!(code(&sleep, &other, true), "different_rows");
    assert_eq!(compare(&[&sleep], true).unwrap_err().code(), "one_model");
    let smaller = fit("Reaction ~ 1 + (Days | Subject)", "sleepstudy");
    assert_eq!(code(&sleep, &smaller, false), "different_fixed_effects");
    let ml = Model::new("Reaction ~ Days + (1 | Subject)").reml(false);
    let ml = ml.fit(&*data("sleepstudy")).unwrap();
    assert_eq!(code(&sleep, &ml, false), "different_methods");
    // With equal fixed effects REML will do.
    let intercepts = fit("Reaction ~ Days + (1 | Subject)", "sleepstudy");
    let by_reml = compare(&[&sleep, &intercepts], false).unwrap();
    assert_eq!((by_reml.refit, by_reml.method), (None, "REML"));
    near(by_reml.rows[1].chisq.unwrap(), 42.8368134349691, 1e-5);
    let loaded = Fit::from_json(&sleep.to_json().unwrap()).unwrap();
    assert_eq!(code(&loaded, &intercepts, true), "needs_rows");
}

#[test]
fn deletions_are_ranova() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("anova.json")).unwrap();
    let mut compared = 0;
    for case in &cases {
        let name = case["data"].as_str().unwrap();
        let (Some(rows), false) = (case["ranova"].as_array(), name == "made" || name == "hole")
        else {
            continue;
        };
        let mut model = Model::new(case["formula"].as_str().unwrap());
        if let Some(factor) = case["factor"].as_str() {
            model = model.factors([factor]);
        }
        let data = data(name);
        let deletions = model.fit(&*data).unwrap().deletions(&*data).unwrap();
        assert_eq!(deletions.method, "REML");
        assert_eq!(deletions.rows.len(), rows.len());
        for row in rows {
            // R names nested groups the other way round.
            let wanted = row[0].as_str().unwrap();
            let found = deletions
                .rows
                .iter()
                .find(|r| {
                    let sorted = |s: &str| {
                        let mut c: Vec<char> = s.chars().filter(|c| !c.is_whitespace()).collect();
                        c.sort_unstable();
                        c
                    };
                    sorted(&r.term) == sorted(wanted)
                })
                .unwrap_or_else(|| panic!("{wanted} not in {deletions}"));
            assert_eq!(found.npar as f64, row[1].as_f64().unwrap());
            near(found.loglik, row[2].as_f64().unwrap(), 1e-4);
            near(found.aic, row[3].as_f64().unwrap(), 2e-4);
            match row[4].as_f64() {
                None => assert_eq!(found.lrt, None),
                Some(lrt) => {
                    near(found.lrt.unwrap(), lrt, 2e-4);
                    assert_eq!(found.df.unwrap() as f64, row[5].as_f64().unwrap());
                    let p = row[6].as_f64().unwrap();
                    near(found.p_value.unwrap(), p, 1e-3 * p);
                }
            }
            compared += 1;
        }
    }
    assert!(compared > 15, "{compared}");
}

#[test]
fn deletions_at_the_boundary() {
    let data = data("sleepstudy");
    let fit = lmer("Reaction ~ Days + (Days | Subject)", &*data).unwrap();
    let deletions = fit.deletions(&*data).unwrap();
    let row = &deletions.rows[1];
    assert_eq!(row.term, "Days in (Days | Subject)");
    assert_eq!(row.formula, "Reaction ~ Days + (1 | Subject)");
    near(row.lrt.unwrap(), 42.8368134349691, 1e-5);
    near(row.p_value.unwrap() / 4.99004143060735e-10, 1.0, 1e-4);
    // ½χ²₁ + ½χ²₂ in R: mean(pchisq(42.8368134349691, 1:2, lower.tail = FALSE)).
    near(row.p_boundary.unwrap() / 2.792529817e-10, 1.0, 1e-4);
    let apart = lmer("Reaction ~ Days + (Days || Subject)", &*data).unwrap();
    let terms: Vec<String> = apart
        .deletions(&*data)
        .unwrap()
        .rows
        .into_iter()
        .map(|r| r.term)
        .collect();
    assert_eq!(
        terms,
        [
            "<none>",
            "(Intercept) in (Days || Subject)",
            "Days in (Days || Subject)"
        ]
    );
    let plain = lmer("Reaction ~ Days", &*data).unwrap();
    assert_eq!(
        plain.deletions(&*data).unwrap_err().code(),
        "no_random_effects"
    );
    let text = deletions.to_string();
    assert!(text.contains("p (boundary)"), "{text}");
    assert_eq!(deletions.table().rows(), 2);
}
