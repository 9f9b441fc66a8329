//! `ranef pool`, `ranef icc`, `ranef r2`: the promised fields, saved models, errors.

mod support;

use serde_json::Value;
use support::{Folder, SLEEP};

const TEST_BED: &str = "Reaction ~ Days * grp + (Days | Subject)";

#[track_caller]
fn near(value: &Value, want: f64, tolerance: f64) {
    let got = value.as_f64().expect("a number");
    assert!((got - want).abs() <= tolerance, "{got} is not {want}");
}

#[test]
fn pool_has_what_it_promises() {
    let folder = Folder::new("pool");
    let answer = folder
        .run(&["pool", "Yield ~ 1 + (1 | Batch)", "Dyestuff", "--json"])
        .succeeds()
        .json();
    // 2451.25/1764.05, the variances within and between batches.
    near(&answer["equal_weight_n"], 1.389558, 1e-5);
    let groups = answer["groups"].as_array().expect("groups");
    assert_eq!(groups.len(), 6);
    let first = &groups[0];
    assert_eq!(first["level"], "A");
    assert_eq!(first["n"], 5);
    near(&first["no_pooling"], 1505.0, 1e-9);
    near(&first["complete_pooling"], 1527.5, 1e-9);
    let weight = first["weight"].as_f64().expect("a weight");
    near(&first["weight"], 5.0 / (5.0 + 1.389558), 1e-5);
    near(
        &first["partial_pooling"],
        1527.5 + weight * (1505.0 - 1527.5),
        1e-6,
    );
    let text = folder
        .run(&["pool", "Yield ~ 1 + (1 | Batch)", "Dyestuff"])
        .succeeds()
        .out;
    assert!(
        text.starts_with("Pooling over the 6 groups of Batch"),
        "{text}"
    );
    assert!(text.contains("half-way between its own value"), "{text}");
    let csv = folder
        .run(&["pool", SLEEP, "sleepstudy", "--csv"])
        .succeeds()
        .out;
    assert_eq!(csv.lines().count(), 37);
    assert!(csv.starts_with("level,term,n,no_pooling,"), "{csv}");
}

#[test]
fn pool_takes_models_in_every_form() {
    let folder = Folder::new("pool-forms");
    folder
        .run(&["fit", SLEEP, "sleepstudy", "--save", "sleep.json"])
        .succeeds();
    let forms: [&[&str]; 4] = [
        &["pool", SLEEP, "sleepstudy", "--json"],
        &["pool", "-f", SLEEP, "sleepstudy", "--json"],
        &["pool", "sleep.json", "--json"],
        &[
            "pool",
            "sleep.json",
            "sleepstudy",
            "--group",
            "Subject",
            "--json",
        ],
    ];
    let slopes: Vec<f64> = forms
        .iter()
        .map(|form| {
            let answer = folder.run(form).succeeds().json();
            answer["groups"][1]["partial_pooling"]
                .as_f64()
                .expect("a number")
        })
        .collect();
    assert!(
        slopes.iter().all(|s| (s - slopes[0]).abs() < 1e-6),
        "{slopes:?}"
    );
    folder
        .run(&["pool", SLEEP, "sleepstudy", "--group", "Days", "--json"])
        .fails_with("unknown_group");
    folder
        .run(&["pool", "Reaction ~ Days", "sleepstudy", "--json"])
        .fails_with("no_groups");
    let usage = folder.run(&["pool", SLEEP, "sleepstudy", "--level", "95"]);
    assert_eq!(usage.code, Some(2), "{usage:?}");
    // A formula without data.
    assert_eq!(folder.run(&["pool", SLEEP]).code, Some(2));
}

#[test]
fn icc_has_what_it_promises() {
    let folder = Folder::new("icc");
    let arguments = [
        "icc",
        "-f",
        TEST_BED,
        "sleep_unbal",
        "--at",
        "0,4.5,9",
        "--json",
    ];
    let answer = folder.run(&arguments).succeeds().json();
    near(&answer["adjusted"], 0.726737, 5e-7);
    near(&answer["unadjusted"], 0.493120, 5e-7);
    assert_eq!(answer["groups"][0]["group"], "Subject");
    near(&answer["groups"][0]["icc"], 0.726737, 5e-7);
    for (point, want) in answer["curve"]
        .as_array()
        .expect("curve")
        .iter()
        .zip([0.500, 0.685, 0.852])
    {
        near(&point["vpc"], want, 5e-4);
    }
    for row in answer["rows"].as_array().expect("rows") {
        assert!(row["lower"].as_f64() < row["estimate"].as_f64(), "{row}");
        assert!(row["definition"].as_str().is_some_and(|d| d.len() > 20));
    }
    // A saved model needs no rows for it.
    let csv = folder.run(&["data", "sleep_unbal", "--csv"]).succeeds().out;
    folder.write("sleep.csv", csv);
    folder
        .run(&["fit", TEST_BED, "sleep.csv", "--save", "sleep.json"])
        .succeeds();
    std::fs::remove_file(folder.path().join("sleep.csv")).expect("a file");
    let saved = folder
        .run(&["icc", "sleep.json", "--json"])
        .succeeds()
        .json();
    near(&saved["adjusted"], 0.726737, 5e-7);
    assert_eq!(saved["curve"].as_array().map(Vec::len), Some(11));
    // R² gives what it can, and says what is missing.
    let saved = folder
        .run(&["r2", "sleep.json", "--json"])
        .succeeds()
        .json();
    near(&saved["marginal"], 0.321460, 5e-7);
    assert_eq!(saved["notes"][0]["code"], "needs_rows");
    let zero = folder
        .run(&[
            "icc",
            "-f",
            "Yield ~ 1 + (1 | Batch)",
            "Dyestuff2",
            "--json",
        ])
        .succeeds()
        .json();
    near(&zero["adjusted"], 0.0, 0.0);
    near(&zero["rows"][0]["lower"], 0.0, 0.0);
    near(&zero["rows"][0]["upper"], 0.319404, 1e-6);
    assert_eq!(zero["rows"][0]["method"], "likelihood");
    // A saved model finds its rows for that.
    folder
        .run(&[
            "fit",
            "Yield ~ 1 + (1 | Batch)",
            "Dyestuff2",
            "--save",
            "m.json",
        ])
        .succeeds();
    let saved = folder.run(&["icc", "m.json", "--json"]).succeeds().json();
    near(&saved["rows"][0]["upper"], 0.319404, 1e-6);
}

#[test]
fn r2_has_what_it_promises() {
    let folder = Folder::new("r2");
    let answer = folder
        .run(&["r2", "-f", TEST_BED, "sleep_unbal", "--json"])
        .succeeds()
        .json();
    near(&answer["marginal"], 0.321460, 5e-7);
    near(&answer["conditional"], 0.814580, 5e-7);
    let total = &answer["decomposition"]["total"];
    near(&total["f"], 0.321252, 5e-7);
    near(&total["v"], 0.099931, 5e-7);
    near(&total["m"], 0.393518, 5e-7);
    near(&total["residual"], 0.185299, 5e-7);
    let kr = &answer["semi_partial"][0];
    assert_eq!(
        (&kr["term"], &kr["method"]),
        (&"Model".into(), &"kr".into())
    );
    near(&kr["r2"], 0.704955, 5e-7);
    assert!(answer["against"].is_null());
    let text = folder
        .run(&["r2", "-f", TEST_BED, "sleep_unbal"])
        .succeeds()
        .out;
    assert!(
        text.contains("Rights and Sterba") && text.contains("HLM's"),
        "{text}"
    );
}

#[test]
fn r2_compares_with_a_formula_or_a_saved_model() {
    let folder = Folder::new("r2-against");
    let null = "distance ~ 1 + (1 | Subject)";
    folder
        .run(&["fit", null, "Orthodont", "--save", "null.json"])
        .succeeds();
    for against in [null, "null.json"] {
        let answer = folder
            .run(&[
                "r2",
                "-f",
                "distance ~ age * Sex + (1 | Subject)",
                "Orthodont",
                "--against",
                against,
                "--json",
            ])
            .succeeds()
            .json();
        let components = answer["against"]["components"]
            .as_array()
            .expect("components");
        assert_eq!(components.len(), 2);
        let residual = &components[1];
        let (here, there) = (residual["variance"].as_f64(), residual["against"].as_f64());
        near(
            &residual["reduction"],
            1.0 - here.expect("σ²") / there.expect("σ²"),
            1e-12,
        );
    }
    folder
        .run(&[
            "r2",
            "-f",
            SLEEP,
            "sleepstudy",
            "--against",
            "null.json",
            "--json",
        ])
        .fails_with("unknown_column");
}
