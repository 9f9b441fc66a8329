//! All generalised models of `data/glmm_reference.json`: likelihoods of their own in TMB, held against
//! glmmTMB 1.1.5, ordinal 2022.11-16 and lme4 1.1-31 (see `data/README.md`).

use std::path::{Path, PathBuf};

use ranef::frame::{ReadOptions, open};
use ranef::{Curvature, Family, Fit, Model};
use serde_json::Value;

fn cases() -> Vec<Value> {
    let text = std::fs::read_to_string(folder().join("glmm_reference.json")).expect("the file");
    serde_json::from_str(&text).expect("a list of cases")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(list) => list.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// The family by our names; R's has the zeros apart.
fn family(case: &Value) -> Family {
    let name = case["family"].as_str().expect("a family");
    let plain = name
        .trim_start_matches("truncated_")
        .trim_end_matches("_family");
    let plain = match plain {
        "Gamma" => "gamma",
        "student" => "t",
        "inverse.gaussian" => "inverse-gaussian",
        other => other,
    };
    let zeros = match case["options"]["zeros"].as_str() {
        Some("truncated") => "truncated-",
        Some("inflated") => "zero-inflated-",
        Some("hurdle") => "hurdle-",
        _ => "",
    };
    let link = case["link"].as_str().expect("a link");
    format!("{zeros}{plain}:{link}")
        .parse()
        .expect("a family of ours")
}

fn fit(case: &Value, points: usize) -> Fit {
    let name = case["data"].as_str().expect("data");
    let file = folder().join(format!("{name}.csv"));
    let source = match file.exists() {
        true => file.to_string_lossy().into_owned(),
        false => name.to_owned(),
    };
    let data = open(&source, &ReadOptions::default()).expect("data");
    let options = &case["options"];
    let mut model = Model::new(case["formula"].as_str().expect("a formula"))
        .family(family(case))
        .curvature(Curvature::Observed)
        .agq(points)
        .factors(texts(&options["factors"]));
    if let Some(weights) = options["weights"].as_str() {
        model = model.weights(weights);
    }
    if let Some(offset) = options["offset"].as_str() {
        model = model.offset(offset);
    }
    model.fit(&*data).expect("a fit")
}

#[track_caller]
fn close(label: &str, found: f64, expected: &Value, within: f64) {
    let expected = expected
        .as_f64()
        .unwrap_or_else(|| panic!("{label}: no reference"));
    assert!(
        (found - expected).abs() <= within,
        "{label}: {found} for {expected}"
    );
}

/// Criterion, fixed effects, standard errors, standard deviations, dispersions and thresholds.
fn check(case: &Value) {
    let id = case["id"].as_str().expect("an id");
    let (fit, expect) = (fit(case, 1), &case["expect"]);
    close(id, fit.criterion(), &expect["criterion"], 1e-6);
    close(id, fit.aic(), &expect["aic"], 1e-6);
    assert!(fit.certificate().converged, "{id}");
    let effects = fit.coefficients();
    let fixef = expect["fixef"].as_object().expect("fixed effects");
    assert_eq!(effects.len(), fixef.len(), "{id}");
    for effect in effects {
        let label = format!("{id} {}", effect.term);
        let error = expect["std_error"][&effect.term]
            .as_f64()
            .expect("a standard error");
        close(
            &label,
            effect.estimate.expect("an estimate"),
            &fixef[&effect.term],
            1e-4 * error,
        );
        close(
            &label,
            effect.std_error.expect("an error"),
            &error.into(),
            1e-3 * error,
        );
    }
    for block in fit.varcorr() {
        let all = expect["random"].as_array().expect("random effects");
        let same = all
            .iter()
            .find(|r| r["group"] == block.group.as_str() && !r["sd"][&block.terms[0]].is_null());
        let same = same.unwrap_or_else(|| panic!("{id}: no {}", block.group));
        for (term, sd) in block.terms.iter().zip(&block.sd) {
            close(&format!("{id} {term}"), *sd, &same["sd"][term], 1e-4 * sd);
        }
    }
    for parameter in fit.family_parameters() {
        let label = format!("{id} {}", parameter.name);
        let value = parameter.estimate;
        match parameter.name.as_str() {
            "zero_probability" => close(&label, value, &expect["zero"]["probability"], 1e-5),
            "df" => close(&label, value, &expect["df"]["value"], 1e-3 * value),
            // The reference has the shape 1/φ of a gamma.
            "dispersion" if fit.family().name() == "gamma" => {
                close(
                    &label,
                    1.0 / value,
                    &expect["dispersion"]["value"],
                    1e-4 / value,
                );
            }
            "sigma" | "dispersion" | "precision" => {
                close(&label, value, &expect["dispersion"]["value"], 1e-4 * value);
            }
            threshold => close(&label, value, &expect["thresholds"][threshold], 1e-5),
        }
    }
}

fn check_where(wanted: impl Fn(&str) -> bool, count: usize) {
    let cases = cases();
    let ids = cases.iter().filter(|case| {
        let id = case["id"].as_str().unwrap_or_default();
        !id.ends_with("_agq") && wanted(id)
    });
    assert_eq!(ids.map(check).count(), count, "cases");
}

#[test]
fn counts() {
    check_where(
        |id| id.starts_with("counts") || id.starts_with("grouse"),
        20,
    );
}

#[test]
fn amounts() {
    check_where(
        |id| id.starts_with("amounts") || id.starts_with("sleepstudy"),
        13,
    );
}

#[test]
fn answers() {
    check_where(
        |id| id.starts_with("cbpp") || id.starts_with("answers") || id.starts_with("wine"),
        24,
    );
}

#[test]
fn verbal_aggression() {
    check_where(|id| id.starts_with("verbagg"), 6);
}

/// Quadrature. Scalar effects: the reference to all its digits. Vectors: it takes another root of the
/// curvature, and both approach the same integral.
#[test]
fn quadrature() {
    let mut count = 0;
    for case in cases() {
        let id = case["id"].as_str().expect("an id");
        if !id.ends_with("_agq") {
            continue;
        }
        count += 1;
        let fits: Vec<&Value> = match &case["expect"]["fits"] {
            Value::Array(list) => list.iter().collect(),
            Value::Object(map) => map.values().collect(),
            _ => panic!("{id}: no fits"),
        };
        for expected in fits {
            let points = expected["nodes"].as_u64().expect("points") as usize;
            let fit = fit(&case, points);
            let vector = fit.varcorr()[0].terms.len() > 1;
            let within = match points {
                _ if !vector => 1e-8,
                1 => 1e-8,
                5 => 5e-3,
                9 => 1e-4,
                _ => 1e-6,
            };
            let label = format!("{id} {points}");
            close(&label, fit.criterion(), &expected["criterion"], within);
            assert!(fit.certificate().converged, "{label}");
        }
    }
    assert_eq!(count, 10);
}
