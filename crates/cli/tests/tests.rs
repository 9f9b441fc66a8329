//! `anova`, `test`, `compare`, `drop`, and Kenward and Roger's degrees of freedom.

mod support;

use serde_json::Value;
use support::{Folder, SLEEP};

const UNBALANCED: &str = "Reaction ~ Days * grp + (Days | Subject)";

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

fn near(got: &Value, want: f64, tolerance: f64) {
    assert!(
        (number(got) - want).abs() <= tolerance,
        "{got} is not {want}"
    );
}

#[test]
fn analysis_of_variance() {
    let folder = Folder::new("anova");
    let answer = folder
        .run(&["anova", "-f", UNBALANCED, "sleep_unbal", "--json"])
        .succeeds()
        .json();
    assert_eq!(
        (&answer["type"], &answer["method"]),
        (&3.into(), &"satterthwaite".into())
    );
    let days = &answer["rows"][0];
    assert_eq!(days["term"], "Days");
    near(&days["f"], 42.094, 1e-3);
    near(&days["den_df"], 10.662062, 2e-3);
    for field in ["sum_sq", "mean_sq", "num_df", "p_value"] {
        assert!(days[field].is_f64(), "{field}: {days}");
    }
    let types = ["1", "2", "3"].map(|kind| {
        let arguments = [
            "anova",
            "-f",
            UNBALANCED,
            "sleep_unbal",
            "--type",
            kind,
            "--csv",
        ];
        folder.run(&arguments).succeeds().out
    });
    assert!(types[0].starts_with("term,sum_sq,mean_sq,num_df,den_df,f,p_value\nDays,"));
    assert_ne!(types[0], types[2]);
    assert_eq!(
        folder
            .run(&["anova", "-f", SLEEP, "sleepstudy", "--type", "4"])
            .code,
        Some(2)
    );
}

#[test]
fn kenward_and_roger_with_a_saved_model() {
    let folder = Folder::new("kenward");
    folder
        .run(&["fit", UNBALANCED, "sleep_unbal", "--save", "plain.json"])
        .succeeds();
    folder
        .run(&[
            "fit",
            UNBALANCED,
            "sleep_unbal",
            "--df",
            "kenward-roger",
            "--save",
            "kr.json",
        ])
        .succeeds();
    // The model by Satterthwaite reads its rows again for it.
    let ask = |model: &str| {
        let arguments = ["anova", model, "--df", "kenward-roger", "--json"];
        folder.run(&arguments).succeeds().json()
    };
    let (a, b) = (ask("plain.json"), ask("kr.json"));
    assert_eq!(a["method"], "kenward-roger");
    near(&a["rows"][2]["den_df"], 15.591262, 1e-4);
    near(&a["rows"][2]["f"], number(&b["rows"][2]["f"]), 1e-8);
    let report = folder
        .run(&["summary", "kr.json", "--json"])
        .succeeds()
        .json();
    assert_eq!(report["df_method"], "kenward-roger");
    near(&report["fixed"][0]["df"], 15.977858, 1e-4);
    let summary = folder.run(&["summary", "kr.json"]).succeeds().out;
    assert!(
        summary.contains("t-tests use Kenward and Roger's method"),
        "{summary}"
    );
    // And back again, which needs no rows.
    let back = folder
        .run(&["summary", "kr.json", "--df", "satterthwaite", "--json"])
        .succeeds()
        .json();
    near(&back["fixed"][0]["df"], 15.776675, 2e-3);
}

#[test]
fn contrasts() {
    let folder = Folder::new("contrasts");
    let model = "score ~ Machine + (Machine | Worker)";
    let answer = folder
        .run(&[
            "test",
            "-f",
            model,
            "Machines",
            "-c",
            "MachineB",
            "-c",
            "MachineC",
            "-c",
            "MachineC - MachineB",
            "--adjust",
            "tukey",
            "--df",
            "kenward-roger",
            "--json",
        ])
        .succeeds()
        .json();
    assert_eq!(answer["adjustment"], "tukey");
    near(&answer["rows"][1]["p_value"], 0.0006527, 2e-6);
    near(&answer["joint"]["num_df"], 2.0, 0.0);
    assert_eq!(answer["notes"][0]["code"], "few_groups");
    let shown = folder
        .run(&[
            "test",
            "-f",
            model,
            "Machines",
            "--contrast",
            "-MachineB = -8",
        ])
        .succeeds()
        .out;
    assert!(shown.contains("-MachineB = -8"), "{shown}");
    folder
        .run(&["test", "-f", model, "Machines", "-c", "MachineD - MachineB"])
        .fails_saying(
            "error: the model has no coefficient or term `MachineD`\n\n  MachineD - MachineB\n  \
             ^^^^^^^^\n\nhelp: did you mean `MachineB`?",
        );
    assert_eq!(folder.run(&["test", "-f", model, "Machines"]).code, Some(2));
}

#[test]
fn comparisons() {
    let folder = Folder::new("comparisons");
    let intercepts = "Reaction ~ Days + (1 | Subject)";
    let answer = folder
        .run(&[
            "compare",
            "sleepstudy",
            "-f",
            SLEEP,
            "-f",
            intercepts,
            "--json",
        ])
        .succeeds()
        .json();
    assert_eq!(answer["refit"], "ML");
    let rows = &answer["rows"];
    assert_eq!((&rows[0]["npar"], &rows[1]["npar"]), (&4.into(), &6.into()));
    assert!(rows[0]["chisq"].is_null() && rows[0]["p_value"].is_null());
    near(&rows[1]["chisq"], 42.1392985, 1e-5);
    for field in ["formula", "aic", "bic", "loglik", "deviance", "df"] {
        assert!(!rows[1][field].is_null(), "{field}");
    }
    // The same from saved models.
    for (formula, name) in [(SLEEP, "a.json"), (intercepts, "b.json")] {
        folder
            .run(&["fit", formula, "sleepstudy", "--save", name])
            .succeeds();
    }
    let saved = folder
        .run(&["compare", "a.json", "b.json", "--json"])
        .succeeds()
        .json();
    near(&saved["rows"][1]["chisq"], number(&rows[1]["chisq"]), 1e-6);
    let by_reml = folder
        .run(&["compare", "a.json", "b.json", "--no-refit", "--json"])
        .succeeds()
        .json();
    assert!(by_reml["refit"].is_null());
    near(&by_reml["rows"][1]["chisq"], 42.8368134, 1e-5);
    folder
        .run(&["compare", "a.json", "--json"])
        .is_misuse("one_model");
    folder
        .run(&["compare", "sleepstudy", "-f", SLEEP, "--json"])
        .is_misuse("one_model");
    folder
        .run(&[
            "compare",
            "sleepstudy",
            "Oats",
            "-f",
            SLEEP,
            "-f",
            intercepts,
            "--json",
        ])
        .is_misuse("one_data");
    folder
        .run(&[
            "compare",
            "sleepstudy",
            "-f",
            SLEEP,
            "-f",
            "log(Reaction) ~ Days + (1 | Subject)",
            "--json",
        ])
        .fails_with("different_response");
    let shown = folder
        .run(&["compare", "sleepstudy", "-f", SLEEP, "-f", intercepts])
        .succeeds()
        .out;
    for part in [
        "refitted by maximum likelihood",
        "Fixed effects as fitted",
        "p (boundary)",
    ] {
        assert!(shown.contains(part), "{part} not in\n{shown}");
    }
}

#[test]
fn deletions() {
    let folder = Folder::new("deletions");
    folder
        .run(&["fit", SLEEP, "sleepstudy", "--save", "sleep.json"])
        .succeeds();
    let saved = folder
        .run(&["drop", "sleep.json", "--json"])
        .succeeds()
        .json();
    let row = &saved["rows"][1];
    assert_eq!(row["term"], "Days in (Days | Subject)");
    near(&row["lrt"], 42.8368134, 1e-4);
    assert!(number(&row["p_boundary"]) < number(&row["p_value"]));
    let shown = folder
        .run(&["drop", "-f", SLEEP, "sleepstudy"])
        .succeeds()
        .out;
    assert!(shown.contains("Days in (Days | Subject)"), "{shown}");
    folder
        .run(&["drop", "-f", "Reaction ~ Days", "sleepstudy", "--json"])
        .fails_with("no_random_effects");
}
