//! Named models on named public data, with values from R 4.2.2 (lme4 1.1-31, lmerTest 3.1-3; the
//! better of two optimisers at tight tolerances). The tolerances are those of the project, not of
//! a case: a criterion is never above R's.

use ranef::frame::{ReadOptions, open};
use ranef::{Fit, Groups, Model};
use serde_json::Value;

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("reference.json")).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn near(what: &str, got: f64, want: f64, tolerance: f64) {
    assert!(
        (got - want).abs() <= tolerance,
        "{what}: {got} is not {want} within {tolerance:e}"
    );
}

fn fit(case: &Value) -> (Fit, Box<dyn ranef::frame::Source>) {
    let data = open(text(&case["data"]), &ReadOptions::default()).unwrap();
    let model = Model::new(text(&case["formula"]))
        .reml(case["reml"].as_bool().unwrap())
        .factors(list(&case["factors"]).iter().map(text));
    (model.fit(&*data).unwrap(), data)
}

#[test]
fn criteria_are_never_above() {
    for case in cases() {
        let (fit, _) = fit(&case);
        let id = text(&case["id"]);
        let want = number(&case["criterion"]);
        assert!(
            fit.criterion() <= want + 1e-6,
            "{id}: {} above {want}",
            fit.criterion()
        );
        // Below by more than R's own tolerance would mean another criterion.
        near(id, fit.criterion(), want, 1e-5);
        near(id, fit.aic(), number(&case["aic"]), 1e-5);
        near(id, fit.bic(), number(&case["bic"]), 1e-5);
        assert_eq!(fit.nobs() as u64, case["nobs"].as_u64().unwrap(), "{id}");
        assert_eq!(fit.singular(), case["singular"].as_bool().unwrap(), "{id}");
        assert!(fit.certificate().converged, "{id}: {:?}", fit.certificate());
    }
}

#[test]
fn fixed_effects_and_their_errors() {
    for case in cases() {
        let (fit, _) = fit(&case);
        let id = text(&case["id"]);
        let table = fit.coefficients();
        let kept: Vec<_> = table.iter().filter(|c| c.estimate.is_some()).collect();
        let want = list(&case["fixed"]);
        let names: Vec<&str> = want.iter().map(|c| text(&c["term"])).collect();
        assert_eq!(
            kept.iter().map(|c| c.term.as_str()).collect::<Vec<_>>(),
            names,
            "{id}"
        );
        for (got, want) in kept.iter().zip(want) {
            let what = format!("{id} {}", got.term);
            let std_error = number(&want["std_error"]);
            near(
                &what,
                got.estimate.unwrap(),
                number(&want["estimate"]),
                1e-4 * std_error,
            );
            near(&what, got.std_error.unwrap(), std_error, 2e-4 * std_error);
            if let Some(df) = want["df"].as_f64() {
                near(&format!("{what} df"), got.df.unwrap(), df, 2e-3 * df);
            }
        }
    }
}

#[test]
fn variances_and_correlations() {
    for case in cases() {
        let (fit, _) = fit(&case);
        let id = text(&case["id"]);
        let sigma = number(&case["sigma"]);
        near(id, fit.sigma(), sigma, 1e-4 * sigma);
        for want in list(&case["sd"]) {
            // lme4 labels a second term on one group `Subject.1`.
            let group = text(&want["group"]).trim_end_matches(".1");
            let (term, sd) = (text(&want["term"]), number(&want["sd"]));
            let got = fit
                .varcorr()
                .iter()
                .filter(|b| b.group == group)
                .find_map(|b| b.terms.iter().position(|t| t == term).map(|i| b.sd[i]))
                .unwrap_or_else(|| panic!("{id}: no {term} of {group}"));
            near(&format!("{id} sd {group} {term}"), got, sd, 2e-4 * sd);
        }
        for want in list(&case["corr"]) {
            let block = fit
                .varcorr()
                .iter()
                .find(|b| b.group == text(&want["group"]))
                .unwrap();
            let at = |name: &Value| block.terms.iter().position(|t| t == text(name)).unwrap();
            let got = block.corr[at(&want["first"])][at(&want["second"])].unwrap();
            near(id, got, number(&want["corr"]), 1e-4);
        }
        let groups = fit.recipe().factors();
        for (name, levels) in case["groups"].as_object().unwrap() {
            let found = groups.iter().find(|g| g.name == *name).unwrap();
            assert_eq!(found.levels as u64, levels.as_u64().unwrap(), "{id} {name}");
        }
    }
}

#[test]
fn random_effects_fitted_values_and_residuals() {
    for case in cases() {
        let (fit, data) = fit(&case);
        let id = text(&case["id"]);
        let sigma = fit.sigma();
        let effects = fit.effects(0.95).random;
        for (group, want) in case["ranef"].as_object().into_iter().flatten() {
            for (i, level) in list(&want["level"]).iter().enumerate() {
                for (j, term) in list(&want["cols"]).iter().enumerate() {
                    let got = effects
                        .iter()
                        .find(|e| {
                            e.group == *group && e.level == text(level) && e.term == text(term)
                        })
                        .unwrap_or_else(|| panic!("{id}: no {term} of {group} {level}"));
                    let what = format!("{id} {group} {level} {term}");
                    let scale = got.std_error.max(1e-3 * sigma);
                    near(
                        &what,
                        got.estimate,
                        number(&want["mode"][i][j]),
                        5e-4 * scale,
                    );
                    // R gives none for two terms on one group.
                    if let Some(condsd) = want["condsd"][i][j].as_f64() {
                        near(&what, got.std_error, condsd, 5e-4 * scale);
                    }
                }
            }
        }
        let fitted = fit.fitted(&*data).unwrap();
        for (got, want) in fitted.iter().zip(list(&case["fitted_head"])) {
            near(&format!("{id} fitted"), *got, number(want), 5e-4 * sigma);
        }
        let residuals = fit.residuals(&*data).unwrap();
        for (got, want) in residuals.iter().zip(list(&case["resid_pearson_head"])) {
            near(&format!("{id} residual"), got / sigma, number(want), 1e-3);
        }
        let population = fit.predict(&*data, Groups::None).unwrap();
        for (got, want) in population.fit.iter().zip(list(&case["predict_fixed_head"])) {
            near(
                &format!("{id} population"),
                got.unwrap(),
                number(want),
                5e-4 * sigma,
            );
        }
        let known = fit.predict(&*data, Groups::All).unwrap();
        for (got, want) in known.fit.iter().zip(&fitted) {
            near(
                &format!("{id} prediction"),
                got.unwrap(),
                *want,
                1e-9 * want.abs().max(sigma),
            );
        }
    }
}
