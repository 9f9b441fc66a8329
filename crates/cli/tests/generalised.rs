//! Every command on a binomial and on a Poisson model, from a formula and from a saved model: an
//! answer for that family, or a refusal with a stable code. None panics, and none answers as if the
//! model were gaussian.

mod support;

use serde_json::Value;
use support::{Answer, Folder};

/// A model in the words of the command.
struct Case {
    name: &'static str,
    formula: &'static str,
    data: &'static str,
    options: &'static [&'static str],
    smaller: &'static str,
    factor: &'static str,
    contrast: &'static str,
}

const CASES: [Case; 2] = [
    Case {
        name: "binomial",
        formula: "cbind(incidence, size - incidence) ~ period + (1 | herd)",
        data: "cbpp",
        options: &["--family", "binomial", "--factor", "period"],
        smaller: "cbind(incidence, size - incidence) ~ 1 + (1 | herd)",
        factor: "period",
        contrast: "period2 = period3",
    },
    Case {
        name: "poisson",
        formula: "TICKS ~ YEAR + cHEIGHT + (1 | LOCATION)",
        data: "grouseticks",
        options: &["--family", "poisson", "--factor", "YEAR,LOCATION"],
        smaller: "TICKS ~ cHEIGHT + (1 | LOCATION)",
        factor: "YEAR",
        contrast: "YEAR96 = YEAR97",
    },
];

impl Case {
    /// The command with the formula, and with the saved model.
    fn both(&self, folder: &Folder, words: &[&str]) -> [Answer; 2] {
        let (command, rest) = words.split_first().expect("a command");
        let mut typed = vec![*command, "-f", self.formula, self.data];
        typed.extend(self.options);
        typed.extend(rest);
        let mut saved = vec![*command, self.name];
        saved.extend(rest);
        [folder.run(&typed), folder.run(&saved)]
    }
}

/// What must be in the JSON of an answer.
type Look = fn(&Value) -> bool;

/// Commands that answer.
fn answers(case: &Case) -> Vec<(Vec<&'static str>, Look)> {
    let mut out: Vec<(Vec<&'static str>, Look)> = vec![
        (vec!["summary"], |v| {
            v["family"] != "gaussian" && v["fixed"][0]["df"].is_null() && v["converged"] == true
        }),
        (vec!["effects"], |v| {
            v["random"][0]["std_error"].as_f64().unwrap() > 0.0
        }),
        (vec!["anova"], |v| v["rows"][0]["den_df"].is_null()),
        (vec!["drop"], |v| {
            let row = &v["rows"][1];
            let (p, boundary) = (&row["p_value"], &row["p_boundary"]);
            v["method"] == "ML" && boundary.as_f64().unwrap() <= p.as_f64().unwrap()
        }),
        (vec!["check"], |v| {
            let checks = v["checks"].as_array().unwrap();
            let names: Vec<&str> = checks.iter().map(|c| c["name"].as_str().unwrap()).collect();
            names.contains(&"overdispersion")
                && names.contains(&"separation")
                && !names.contains(&"normality_residuals")
                && checks.iter().all(|c| {
                    c["message"].as_str().unwrap().ends_with(['.', ')'])
                        && c["rule"].as_str().unwrap().len() > 10
                })
                && v["spread"].is_null()
                && v["caic"].is_null()
                && v["dispersion"]["df"].as_f64().unwrap() > 0.0
        }),
        (vec!["influence"], |v| {
            v["levels"][0]["cooks_distance"].as_f64().unwrap() > 0.0
        }),
        (vec!["influence", "--one-step"], |v| {
            v["method"] == "one_step"
        }),
        (vec!["influence", "--rows"], |v| {
            v["rows"][0]["leverage"].as_f64().unwrap() < 1.0
        }),
        (vec!["residuals", "--simulate", "conditional"], |v| {
            let row = &v["rows"][0];
            row["deviance"].is_number()
                && row["working"].is_number()
                && row["simulated"].is_number()
        }),
        (vec!["icc"], |v| {
            v["distribution"]["variance"].as_f64().unwrap() > 0.0
                && v["groups"][0]["median_ratio"].as_f64().unwrap() > 1.0
        }),
        (
            vec!["icc", "--distribution", "delta", "--lambda", "median"],
            |v| {
                v["distribution"]["method"] == "delta"
                    && v["distribution"]["lambda_from"] == "null_model_median"
            },
        ),
        (vec!["r2"], |v| {
            v["conditional"].as_f64().unwrap() > v["marginal"].as_f64().unwrap()
                && v["semi_partial"].as_array().unwrap().is_empty()
                && v["notes"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|n| n["code"] == "linear_only")
        }),
        (vec!["glance"], |v| {
            v["rows"][0]["sigma"].is_null() && v["rows"][0]["deviance"].is_number()
        }),
        (vec!["tidy"], |v| {
            let rows = v["rows"].as_array().unwrap();
            rows.iter().all(|r| r["term"] != "sd__Observation")
        }),
        (vec!["table"], |v| {
            v["methods"][0].as_str().unwrap().contains("z tests")
                && !v["methods"][0].as_str().unwrap().contains("restricted")
        }),
        (vec!["equations"], |v| !v.to_string().contains('ε')),
        (vec!["code", "--to", "r"], |v| {
            v["code"].as_str().unwrap().contains("glmer(")
        }),
        (vec!["code", "--to", "stata"], |v| {
            v["code"].as_str().unwrap().contains("\nme")
                && !v["code"].as_str().unwrap().contains("mixed ")
        }),
        (vec!["code", "--to", "sas"], |v| {
            !v["code"].as_str().unwrap().contains("proc mixed")
        }),
    ];
    let test = vec!["test", "--contrast", case.contrast];
    out.push((test, |v| v["rows"][0]["df"].is_null()));
    out
}

#[test]
fn every_command_answers_or_refuses() {
    for case in &CASES {
        let folder = Folder::new(&format!("generalised-{}", case.name));
        let mut fit = vec![
            "fit",
            case.formula,
            case.data,
            "--save",
            case.name,
            "--json",
        ];
        fit.extend(case.options);
        let fitted = folder.run(&fit).succeeds().json();
        assert_eq!(fitted["family"], case.name);
        for (words, look) in answers(case) {
            let mut words = words.clone();
            words.push("--json");
            for answer in case.both(&folder, &words) {
                let json = answer.succeeds().json();
                assert!(look(&json), "{words:?}: {json}");
            }
            // And for people.
            words.pop();
            for answer in case.both(&folder, &words) {
                let out = answer.succeeds().out;
                let nan = out.contains("NaN") && words[0] != "code";
                assert!(!nan, "{words:?}: {out}");
                assert!(!out.contains("Residual standard"), "{words:?}: {out}");
            }
        }
        let refusals: [&[&str]; 4] = [
            &["robust", "--json"],
            &["fixed-effects", "--json"],
            &["icc", "--df", "satterthwaite", "--json"],
            &["r2", "--df", "kenward-roger", "--json"],
        ];
        for words in refusals {
            for answer in case.both(&folder, words) {
                answer.fails_with("linear_only");
            }
        }
        // Questions whose answers are another chapter's: none may panic or fail without a code.
        let others: [&[&str]; 5] = [
            &["confint", "--json"],
            &["confint", "--method", "profile", "--json"],
            &["means", "--by", case.factor, "--pairwise", "--json"],
            &["slopes", "--of", "cHEIGHT", "--over", "YEAR", "--json"],
            &["tidy", "--conf-int", "--json"],
        ];
        for words in others {
            for answer in case.both(&folder, words) {
                assert!(answer.code == Some(0) || answer.json()["error"]["code"] != "panic");
                assert!(matches!(answer.code, Some(0 | 1)), "{words:?}: {answer:?}");
                assert!(!answer.err.contains("panicked"), "{answer:?}");
            }
        }
        let predict = ["predict", case.name, case.data, "--json"];
        let rows = folder.run(&predict).succeeds().json();
        assert!(rows["rows"][0]["fit"].is_number());

        let mut compare = vec!["compare", "-f", case.smaller, "-f", case.formula, case.data];
        compare.extend(case.options);
        compare.push("--json");
        let compared = folder.run(&compare).succeeds().json();
        assert!(compared["refit"].is_null());
        assert!(compared["rows"][1]["chisq"].as_f64().unwrap() > 3.0);

        let mut against = vec![
            "r2",
            "-f",
            case.formula,
            case.data,
            "--against",
            case.smaller,
        ];
        against.extend(case.options);
        let text = folder.run(&against).succeeds().out;
        assert!(text.contains("prefer the shares"), "{text}");

        for format in ["text", "markdown", "latex", "html", "apa", "display"] {
            for answer in case.both(&folder, &["summary", "--format", format]) {
                let out = answer.succeeds().out;
                let names = [case.name, "Linear mixed"].map(|name| out.contains(name));
                assert_eq!(names, [true, false], "{format}: {out}");
                // arm's display has a residual standard deviation of 1 for every family.
                assert_eq!(
                    out.contains("Residual"),
                    format == "display",
                    "{format}: {out}"
                );
                assert!(!out.contains("REML"), "{format}: {out}");
            }
        }
        for answer in case.both(&folder, &["augment"]) {
            let out = answer.succeeds().out;
            let head = out.lines().next().unwrap();
            assert!(
                head.ends_with(".sqrtXwt,.sqrtrwt,.weights,.wtres,.eta"),
                "{head}"
            );
        }
    }
}

#[test]
fn pooling_of_rates() {
    let folder = Folder::new("pool-rates");
    let mut words = vec![
        "pool",
        "cbind(incidence, size - incidence) ~ 1 + (1 | herd)",
        "cbpp",
    ];
    words.extend(["--family", "binomial", "--json"]);
    folder.run(&words).fails_with("linear_only");
}

#[test]
fn effects_within_and_between_groups() {
    let folder = Folder::new("within-between-counts");
    let words = [
        "within-between",
        "TICKS ~ YEAR + cHEIGHT + (1 | LOCATION)",
        "grouseticks",
        "--of",
        "YEAR",
        "--family",
        "poisson",
        "--factor",
        "YEAR,LOCATION",
    ];
    let text = folder.run(&words).succeeds().out;
    assert!(
        text.contains("z value") && !text.contains("t value"),
        "{text}"
    );
    let mut json = words.to_vec();
    json.push("--json");
    let answer = folder.run(&json).succeeds().json();
    let rows = answer["rows"].as_array().unwrap();
    let find = |effect: &str| {
        let row = rows.iter().find(|r| r["effect"] == effect).unwrap();
        row["estimate"].as_f64().unwrap()
    };
    let contextual = find("between") - find("within");
    assert!((contextual - find("contextual")).abs() < 1e-6, "{answer}");
    assert!(rows.iter().all(|r| r["df"].is_null()));
}

#[test]
fn a_model_of_other_rows_is_refused() {
    let folder = Folder::new("generalised-rows");
    let csv = folder.run(&["data", "cbpp", "--csv"]).succeeds().out;
    folder.write("cows.csv", &csv);
    let formula = "cbind(incidence, size - incidence) ~ period + (1 | herd)";
    folder
        .run(&[
            "fit",
            formula,
            "cows.csv",
            "--family",
            "binomial",
            "--save",
            "cows.json",
        ])
        .succeeds();
    folder.run(&["drop", "cows.json", "--json"]).succeeds();
    let mut fewer: Vec<&str> = csv.lines().collect();
    fewer.pop();
    folder.write("cows.csv", fewer.join("\n"));
    for command in ["check", "drop", "influence"] {
        folder
            .run(&[command, "cows.json", "--json"])
            .fails_with("other_rows");
    }
    std::fs::remove_file(folder.path().join("cows.csv")).unwrap();
    folder
        .run(&["check", "cows.json", "--json"])
        .fails_with("needs_rows");
    // Shares need no rows; those of counts say where their λ is from.
    let icc = folder
        .run(&["icc", "cows.json", "--json"])
        .succeeds()
        .json();
    assert_eq!(icc["distribution"]["method"], "theoretical");
}

#[test]
fn other_integrals_are_taken_up_again() {
    let folder = Folder::new("generalised-agq");
    let formula = "cbind(incidence, size - incidence) ~ period + (1 | herd)";
    for points in ["0", "9"] {
        let model = format!("agq{points}.json");
        let fit = [
            "fit", formula, "cbpp", "--family", "binomial", "--factor", "period",
        ];
        let rest = ["--agq", points, "--save", &model];
        folder.run(&[&fit[..], &rest[..]].concat()).succeeds();
        for command in [
            "check",
            "influence",
            "icc",
            "r2",
            "residuals",
            "tidy",
            "table",
        ] {
            let answer = folder.run(&[command, &model, "--json"]).succeeds();
            assert!(!answer.out.contains("NaN"), "{answer:?}");
        }
    }
}
