//! `ranef confint`.

mod support;

use support::{Folder, SLEEP};

#[test]
fn profile_is_the_default_and_has_the_fields() {
    let folder = Folder::new("confint-profile");
    let object = folder
        .run(&["confint", "-f", SLEEP, "sleepstudy", "--json"])
        .succeeds()
        .json();
    assert_eq!(object["method"], "profile");
    assert_eq!(object["level"], 0.95);
    let rows = object["rows"].as_array().expect("rows");
    let names: Vec<&str> = rows
        .iter()
        .map(|r| r["parameter"].as_str().expect("a name"))
        .collect();
    assert_eq!(
        names,
        [
            "(Intercept)",
            "Days",
            "sd__(Intercept)",
            "cor__(Intercept).Days",
            "sd__Days",
            "sd__Observation"
        ]
    );
    // lme4 1.1-31, METHODS to the digits that its spline has.
    for (row, lower, upper, width) in [
        (&rows[1], 7.3587, 13.5759, 1e-4),
        (&rows[2], 14.3815, 37.7160, 2e-4),
        (&rows[3], -0.4815, 0.6850, 1e-4),
    ] {
        assert!(
            (row["lower"].as_f64().unwrap() - lower).abs() < width,
            "{row}"
        );
        assert!(
            (row["upper"].as_f64().unwrap() - upper).abs() < width,
            "{row}"
        );
        assert!(row["estimate"].is_number());
    }
    assert_eq!(rows[2]["group"], "Subject");
}

#[test]
fn a_saved_model_finds_its_rows_for_a_profile() {
    let folder = Folder::new("confint-saved");
    let csv = folder.run(&["data", "sleepstudy", "--csv"]).succeeds().out;
    folder.write("nights.csv", &csv);
    folder
        .run(&["fit", SLEEP, "nights.csv", "--save", "sleep.json"])
        .succeeds();
    let run = |extra: &[&str]| {
        let mut arguments = vec!["confint", "sleep.json", "--parm", "sd__Days", "--json"];
        arguments.extend(extra);
        folder.run(&arguments)
    };
    let found = run(&[]).succeeds().json();
    let upper = found["rows"][0]["upper"].as_f64().unwrap();
    assert!((upper - 8.7534).abs() < 1e-4);
    assert!(run(&["--method", "wald"]).succeeds().json()["rows"][0]["upper"].is_number());
    // Without its rows only Wald is left.
    std::fs::rename(
        folder.path().join("nights.csv"),
        folder.path().join("moved.csv"),
    )
    .expect("renamed");
    run(&[]).fails_with("needs_rows");
    run(&["--method", "wald"]).succeeds();
    let again = run(&["--data", "moved.csv"]).succeeds().json();
    assert!((again["rows"][0]["upper"].as_f64().unwrap() - upper).abs() < 1e-6);
}

#[test]
fn text_and_csv() {
    let folder = Folder::new("confint-text");
    let text = folder
        .run(&["confint", "-f", SLEEP, "sleepstudy", "--level", "0.9"])
        .succeeds()
        .out;
    assert!(
        text.starts_with("90% intervals by profile likelihood:\n"),
        "{text}"
    );
    assert!(
        text.replace('\n', " ")
            .contains("refitted by maximum likelihood"),
        "{text}"
    );
    let csv = folder
        .run(&[
            "confint",
            "-f",
            SLEEP,
            "sleepstudy",
            "--method",
            "wald",
            "--csv",
        ])
        .succeeds()
        .out;
    assert!(csv.starts_with("effect,group,parameter,estimate,lower,upper,df,reason\n"));
    assert_eq!(csv.lines().count(), 7);
}

#[test]
fn what_cannot_be_answered() {
    let folder = Folder::new("confint-errors");
    let run = |extra: &[&str]| {
        let mut arguments = vec!["confint", "-f", SLEEP, "sleepstudy", "--json"];
        arguments.extend(extra);
        folder.run(&arguments)
    };
    let few = run(&["--method", "bootstrap", "--replicates", "1"]);
    assert_eq!(few.code, Some(2), "{few:?}");
    assert!(few.out.contains("too_few_replicates"), "{few:?}");
    run(&["--parm", "Nights"]).fails_with("unknown_parameter");
    assert_eq!(run(&["--level", "95"]).code, Some(2));
    assert_eq!(run(&["--method", "magic"]).code, Some(2));
}
