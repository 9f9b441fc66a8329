//! `check`, `influence` and `residuals`.

mod support;

use support::{Folder, SLEEP};

#[test]
fn check_has_a_verdict_on_everything() {
    let folder = Folder::new("check");
    let answer = folder.run(&["check", "-f", SLEEP, "sleepstudy"]).succeeds();
    assert!(answer.out.starts_with("Is the fit sound? "), "{answer:?}");
    let json = folder
        .run(&["check", "-f", SLEEP, "sleepstudy", "--json"])
        .succeeds()
        .json();
    let checks = json["checks"].as_array().expect("checks");
    let names: Vec<&str> = checks.iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "convergence",
            "optimizers",
            "singularity",
            "groups",
            "collinearity",
            "normality_residuals",
            "normality_random",
            "variance_fitted",
            "variance_predictors",
            "variance_groups",
            "simulated_uniformity",
            "simulated_dispersion",
            "simulated_outliers",
            "simulated_quantiles",
            "influence_groups",
            "influence_rows"
        ]
    );
    for check in checks {
        let verdict = check["verdict"].as_str().unwrap();
        assert!(
            ["ok", "note", "problem", "unknown"].contains(&verdict),
            "{check}"
        );
        assert!(
            check["message"].as_str().unwrap().ends_with(['.', ')']),
            "{check}"
        );
        assert!(check["rule"].as_str().unwrap().len() > 10);
    }
    assert_eq!(json["optimizers"]["runs"].as_array().unwrap().len(), 4);
    let csv = folder
        .run(&["check", "-f", SLEEP, "sleepstudy", "--csv"])
        .succeeds();
    assert!(
        csv.out.starts_with("name,verdict,message\nconvergence,ok,"),
        "{csv:?}"
    );
}

#[test]
fn a_saved_model_finds_its_rows() {
    let folder = Folder::new("check-saved");
    folder
        .run(&["fit", SLEEP, "sleepstudy", "--save", "sleep.json"])
        .succeeds();
    let saved = folder
        .run(&[
            "check",
            "sleep.json",
            "--optimizers",
            "newton,bobyqa",
            "--json",
        ])
        .succeeds()
        .json();
    let runs = saved["optimizers"]["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2);
    assert_eq!(runs[1]["optimizer"], "bobyqa");
    assert!((saved["caic"]["effective_parameters"].as_f64().unwrap() - 29.0).abs() < 3.0);
}

#[test]
fn influence_of_groups_and_rows() {
    let folder = Folder::new("influence");
    let model = [
        "-f",
        "Reaction ~ Days * grp + (Days | Subject)",
        "sleep_unbal",
    ];
    let run = |more: &[&str]| {
        let arguments: Vec<&str> = ["influence"]
            .iter()
            .chain(&model)
            .chain(more)
            .copied()
            .collect();
        folder.run(&arguments)
    };
    let json = run(&["--json"]).succeeds().json();
    assert_eq!(
        (json["group"].as_str(), json["method"].as_str()),
        (Some("Subject"), Some("exact"))
    );
    let first = &json["levels"][0];
    assert_eq!(first["level"], "308");
    // METHODS C12, from R.
    assert!((first["cooks_distance"].as_f64().unwrap() - 0.152099).abs() < 2e-6);
    assert!((first["cooks_lme4"].as_f64().unwrap() - 0.118299).abs() < 2e-6);
    assert!((first["cooks_one_step"].as_f64().unwrap() - 0.150105).abs() < 2e-6);
    let once = run(&["--one-step", "--json"]).succeeds().json();
    assert_eq!(once["method"], "one_step");
    let rows = run(&["--rows", "--json"]).succeeds().json();
    assert_eq!(rows["rows"].as_array().unwrap().len(), 154);
    assert!((rows["effective_parameters"].as_f64().unwrap() - 29.196138).abs() < 1e-5);
    let csv = run(&["--rows", "--csv"]).succeeds();
    assert_eq!(csv.out.lines().count(), 155);
    assert!(run(&[]).succeeds().out.contains("Cook's D"));
    run(&["--group", "Subjct", "--json"]).fails_with("unknown_group");
    assert_eq!(run(&["--rows", "--exact"]).code, Some(2));
}

#[test]
fn residuals_of_every_kind() {
    let folder = Folder::new("residuals");
    folder.write(
        "some.csv",
        "y,x,g\n1,1,a\n,2,a\n2,2,a\n4,3,b\n3,1,b\n7,4,b\n2.5,2,c\n3,3,c\n1,5,c\n",
    );
    let json = folder
        .run(&[
            "residuals",
            "-f",
            "y ~ x + (1 | g)",
            "some.csv",
            "--simulate",
            "unconditional",
            "--seed",
            "3",
            "--json",
        ])
        .succeeds()
        .json();
    let rows = json["rows"].as_array().unwrap();
    let numbers: Vec<i64> = rows
        .iter()
        .map(|r| r["row"].as_f64().unwrap() as i64)
        .collect();
    assert_eq!(numbers, [1, 3, 4, 5, 6, 7, 8, 9]);
    for row in rows {
        for column in [
            "observed",
            "fitted",
            "population",
            "raw",
            "pearson",
            "studentised",
            "marginal",
            "decorrelated",
            "leverage",
            "simulated",
        ] {
            assert!(row[column].is_number(), "{column} in {row}");
        }
    }
    let few = [
        "residuals",
        "-f",
        SLEEP,
        "sleepstudy",
        "--simulate",
        "conditional",
        "--replicates",
    ];
    let arguments: Vec<&str> = few.iter().chain(&["3", "--json"]).copied().collect();
    let refused = folder.run(&arguments);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.out.contains("too_few_replicates"), "{refused:?}");
    let text = folder
        .run(&["residuals", "-f", SLEEP, "sleepstudy"])
        .succeeds();
    assert!(text.out.contains("studentised"), "{text:?}");
}
