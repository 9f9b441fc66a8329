//! Shares of variance, fitted values, overdispersion and likelihood ratios of generalised models
//! against `data/glmm_reference.json` (R 4.2.2: own likelihood in TMB held against glmmTMB 1.1.5 and
//! lme4 1.1-31; performance 0.10.2).

use ranef::frame::{ReadOptions, Source, open};
use ranef::{Curvature, Fit, LinkVariance, Model, NullMean, compare};
use serde_json::Value;

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("data/glmm_reference.json")).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[track_caller]
fn near(what: &str, got: f64, want: f64, tolerance: f64) {
    assert!(
        (got - want).abs() <= tolerance,
        "{what}: {got} is not {want} within {tolerance:e}"
    );
}

fn data(case: &Value) -> Box<dyn Source> {
    let name = text(&case["data"]);
    let file = format!("{}/tests/data/{name}.csv", env!("CARGO_MANIFEST_DIR"));
    let own = std::path::Path::new(&file).exists();
    let name = if own { file.as_str() } else { name };
    open(name, &ReadOptions::default()).unwrap()
}

fn model(case: &Value) -> Model {
    let options = &case["options"];
    let name = match text(&case["family"]) {
        "inverse.gaussian" => "inverse-gaussian",
        other => other,
    };
    let zeros = match options["zeros"].as_str() {
        Some("inflated") => "zero-inflated-",
        Some("hurdle") => "hurdle-",
        Some("truncated") => "truncated-",
        _ => "",
    };
    let family = format!("{zeros}{}:{}", name.to_lowercase(), text(&case["link"]));
    let factors = options["factors"].as_array().cloned().unwrap_or_default();
    let mut model = Model::new(text(&case["formula"]))
        .family(family.parse().unwrap())
        .curvature(Curvature::Observed)
        .factors(factors.iter().map(text));
    if let Some(weights) = options["weights"].as_str() {
        model = model.weights(weights);
    }
    model
}

fn shares(what: &str, fit: &Fit, want: &Value, tolerance: f64) {
    let found = fit.r_squared(0.95);
    let distribution = found.distribution.as_ref().unwrap();
    let want_of = |name: &str| want[name].as_f64().unwrap();
    let variance = want_of("variance_distribution");
    near(
        what,
        distribution.variance,
        variance,
        tolerance * variance.max(1.0),
    );
    for (measure, name) in [
        ("marginal", "r2_marginal"),
        ("conditional", "r2_conditional"),
        ("adjusted", "icc_adjusted"),
        ("unadjusted", "icc_unadjusted"),
    ] {
        let row = found.rows.iter().find(|s| s.measure == measure).unwrap();
        near(
            &format!("{what} {measure}"),
            row.estimate,
            want_of(name),
            tolerance,
        );
    }
}

#[test]
fn shares_of_all_families() {
    const CLOSE: f64 = 2e-4;
    let mut seen = 0;
    for case in cases() {
        let (id, want) = (text(&case["id"]), &case["expect"]["shares"]);
        // The largest ones are in generalised_questions.
        if want.is_null() || id.starts_with("verbagg") {
            continue;
        }
        let by = |fit: Fit, method, mean| fit.with_link_variance(method, mean).unwrap();
        let mut fit = model(&case).fit(&*data(&case)).unwrap();
        for (name, method, mean) in [
            ("theoretical", LinkVariance::Theoretical, NullMean::Average),
            ("lognormal", LinkVariance::Theoretical, NullMean::Average),
            ("trigamma", LinkVariance::Trigamma, NullMean::Average),
            ("delta", LinkVariance::Delta, NullMean::Average),
            (
                "lognormal_null_intercept",
                LinkVariance::Theoretical,
                NullMean::Median,
            ),
        ] {
            if want[name].is_null() {
                continue;
            }
            fit = by(fit, method, mean);
            shares(&format!("{id} {name}"), &fit, &want[name], CLOSE);
            seen += 1;
        }
        if let Some(lambda) = want["lambda"]["nakagawa_2017"].as_f64() {
            fit = by(fit, LinkVariance::Theoretical, NullMean::Average);
            let found = fit.icc(0.95, None).distribution.unwrap();
            near(id, found.lambda.unwrap(), lambda, 2e-3 * lambda);
        }
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn fitted_values_of_all_families() {
    let mut seen = 0;
    for case in cases() {
        let (id, expect) = (text(&case["id"]), &case["expect"]);
        let ordinal = text(&case["family"]) == "ordinal";
        if expect["fitted_head"].is_null() || ordinal || id.starts_with("verbagg") {
            continue;
        }
        let source = data(&case);
        let fit = model(&case).fit(&*source).unwrap();
        let table = fit.residual_table(&*source, None).unwrap();
        for (a, b) in table.fitted.iter().zip(fit.fitted(&*source).unwrap()) {
            near(id, *a, b, 1e-9 * b.abs());
        }
        let heads = [
            ("fitted_head", &table.fitted),
            ("population_head", &table.population),
        ];
        for (name, got) in heads {
            for (got, want) in got.iter().zip(expect[name].as_array().unwrap()) {
                let want = want.as_f64().unwrap();
                near(
                    &format!("{id} {name}"),
                    *got,
                    want,
                    2e-3 * want.abs().max(1e-3),
                );
            }
        }
        let dispersion = &expect["overdispersion"];
        if let Some(chisq) = dispersion["chisq"].as_f64() {
            let found = fit.dispersion(&*source).unwrap();
            near(id, found.chisq, chisq, 2e-3 * chisq);
            near(id, found.df, dispersion["df"].as_f64().unwrap(), 0.0);
        }
        seen += 1;
    }
    assert!(seen > 35, "{seen}");
}

#[test]
fn likelihood_ratios_of_all_families() {
    let mut seen = 0;
    for case in cases() {
        let want = &case["expect"]["lrt"];
        if want.is_null() || want["against"].is_null() {
            continue;
        }
        let (source, id) = (data(&case), text(&case["id"]));
        let fit = model(&case).fit(&*source).unwrap();
        let smaller = fit.options().with_formula(text(&want["against"]));
        let smaller = smaller.fit(&*source).unwrap();
        let found = compare(&[&smaller, &fit], true).unwrap();
        let chisq = want["chisq"].as_f64().unwrap();
        near(id, found.rows[1].chisq.unwrap(), chisq, 1e-3 + 1e-4 * chisq);
        assert_eq!(
            found.rows[1].df,
            want["df"].as_u64().map(|d| d as usize),
            "{id}"
        );
        seen += 1;
    }
    assert!(seen > 2, "{seen}");
}

/// A Poisson model is a negative binomial one at the end of the range of its dispersion.
#[test]
fn poisson_within_negative_binomial() {
    let by = |family: &str| {
        let source = open("grouseticks", &ReadOptions::default()).unwrap();
        let model = Model::new("TICKS ~ YEAR + (1 | BROOD)").factors(["YEAR", "BROOD"]);
        model.family(family.parse().unwrap()).fit(&*source).unwrap()
    };
    let (poisson, negative) = (by("poisson"), by("nbinom2"));
    let found = compare(&[&negative, &poisson], true).unwrap();
    let row = &found.rows[1];
    assert_eq!((row.nested, row.df), (Some(true), Some(1)));
    let difference = poisson.criterion() - negative.criterion();
    near("chisq", row.chisq.unwrap(), difference, 1e-9);
    let ratio = row.p_boundary.unwrap() / row.p_value.unwrap();
    near("half", ratio, 0.5, 1e-9);
    assert!(found.notes.iter().any(|n| n.code == "different_families"));
}
