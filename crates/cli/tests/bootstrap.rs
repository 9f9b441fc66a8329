//! `ranef bootstrap`, `simulate`, `confint --method bootstrap` and `compare --bootstrap`.

mod support;

use support::{Folder, SLEEP};

#[test]
fn confint_has_the_promised_fields() {
    let folder = Folder::new("bootstrap-confint");
    let run = |extra: &[&str]| {
        let mut arguments = vec![
            "confint",
            "-f",
            SLEEP,
            "sleepstudy",
            "--method",
            "bootstrap",
        ];
        arguments.extend(["--replicates", "200", "--seed", "7", "--json"]);
        arguments.extend(extra);
        folder.run(&arguments).succeeds().json()
    };
    let object = run(&[]);
    assert_eq!(object["method"], "bootstrap");
    assert_eq!(object["bootstrap"]["type"], "parametric");
    assert_eq!(object["bootstrap"]["replicates"], 200);
    assert_eq!(object["bootstrap"]["failed"], 0);
    let rows = object["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 6);
    for row in rows {
        assert!(row["lower"].as_f64() < row["upper"].as_f64(), "{row}");
        assert!(row["estimate"].is_number() && row["parameter"].is_string());
    }
    assert_eq!(run(&[]), object);
    for interval in ["percentile", "basic", "bca", "normal"] {
        for kind in ["parametric", "kept", "residual", "cases", "cluster"] {
            let object = run(&["--interval", interval, "--type", kind, "--parm", "Days"]);
            assert_eq!(object["rows"].as_array().map(Vec::len), Some(1));
            assert_eq!(object["bootstrap"]["type"], kind);
        }
    }
}

#[test]
fn bootstrap_of_all_there_is() {
    let folder = Folder::new("bootstrap-all");
    let csv = folder.run(&["data", "sleepstudy", "--csv"]).succeeds().out;
    folder.write("nights.csv", &csv);
    folder.write("new.csv", "Days\n0\n9\n");
    folder
        .run(&["fit", SLEEP, "nights.csv", "--save", "sleep.json"])
        .succeeds();
    let answer = folder
        .run(&[
            "bootstrap",
            "sleep.json",
            "--of",
            "parameters,icc,r2",
            "--contrast",
            "Days - 10",
            "--predict",
            "new.csv",
            "--replicates",
            "100",
            "--draws",
            "draws.csv",
        ])
        .succeeds();
    for text in [
        "Parametric bootstrap with new groups, 100 replicates (seed 1)",
        "sd__Days",
        "r2_conditional",
        "Days - 10",
        "row 2",
    ] {
        assert!(answer.out.contains(text), "{text}: {}", answer.out);
    }
    let draws = folder.read("draws.csv");
    assert_eq!(draws.lines().count(), 101);
    assert!(draws.starts_with("replicate,"), "{draws}");
}

#[test]
fn simulated_responses_fit_the_model_again() {
    let folder = Folder::new("simulate");
    folder
        .run(&[
            "simulate",
            "-f",
            SLEEP,
            "sleepstudy",
            "-n",
            "2",
            "-o",
            "new.csv",
        ])
        .succeeds();
    let text = folder.read("new.csv");
    assert!(text.starts_with("row,sim_1,sim_2\n1,"), "{text}");
    assert_eq!(text.lines().count(), 181);
    let again = folder
        .run(&["simulate", "-f", SLEEP, "sleepstudy", "-n", "1"])
        .succeeds()
        .out;
    let first = |text: &str| -> Vec<String> {
        text.lines()
            .map(|l| l.split(',').nth(1).unwrap().to_owned())
            .collect()
    };
    assert_eq!(first(&again), first(&text));
    folder
        .run(&[
            "simulate",
            "-f",
            SLEEP,
            "sleepstudy",
            "-n",
            "3",
            "-o",
            "new.parquet",
        ])
        .succeeds();
    let fit = folder
        .run(&["fit", "sim_3 ~ 1", "new.parquet", "--json"])
        .succeeds()
        .json();
    assert_eq!(fit["nobs"], 180);
    // A design without a response.
    folder.write("design.csv", "Days,Subject\n0,308\n1,x\n2,x\n");
    let new = folder
        .run(&[
            "simulate",
            "-f",
            SLEEP,
            "sleepstudy",
            "--newdata",
            "design.csv",
            "--re",
            "kept",
        ])
        .succeeds();
    assert_eq!(new.out.lines().count(), 4);
}

#[test]
fn a_test_of_a_random_slope() {
    let folder = Folder::new("bootstrap-compare");
    let object = folder
        .run(&[
            "compare",
            "sleepstudy",
            "-f",
            "Reaction ~ Days + (1 | Subject)",
            "-f",
            SLEEP,
            "--bootstrap",
            "199",
            "--json",
        ])
        .succeeds()
        .json();
    let row = &object["rows"][1];
    assert_eq!(row["p_bootstrap"], 0.005);
    assert_eq!(row["bootstrap"]["done"], 199);
    assert_eq!(row["bootstrap"]["extreme"], 0);
    assert!(object["rows"][0].get("p_bootstrap").is_none());
}

#[test]
fn what_cannot_be_done_is_said() {
    let folder = Folder::new("bootstrap-errors");
    let run = |arguments: &[&str]| {
        let mut all = arguments.to_vec();
        all.push("--json");
        let answer = folder.run(&all);
        assert!(answer.json()["error"]["hint"].is_string(), "{answer:?}");
        answer
    };
    let fails = |arguments: &[&str], code: &str| run(arguments).fails_with(code);
    let misused = |arguments: &[&str], code: &str| run(arguments).is_misuse(code);
    let model = ["-f", SLEEP, "sleepstudy"];
    let with = |command: &'static str, extra: &[&'static str]| -> Vec<&'static str> {
        let mut all = vec![command];
        all.extend(model);
        all.extend(extra);
        all
    };
    misused(
        &with("bootstrap", &["--replicates", "0"]),
        "too_few_replicates",
    );
    misused(
        &with("bootstrap", &["--replicates", "1"]),
        "too_few_replicates",
    );
    fails(
        &with("bootstrap", &["--type", "cluster", "--group", "subject"]),
        "unknown_group",
    );
    misused(&with("simulate", &["-n", "0"]), "no_simulations");
    fails(&with("simulate", &["-n", "4000000000"]), "too_many");
    misused(&with("confint", &["--replicates", "10"]), "bootstrap_only");
    fails(
        &with("bootstrap", &["--parm", "Dayz", "--replicates", "10"]),
        "unknown_parameter",
    );
    // A saved model whose rows are gone.
    let csv = folder.run(&["data", "sleepstudy", "--csv"]).succeeds().out;
    folder.write("nights.csv", &csv);
    folder
        .run(&["fit", SLEEP, "nights.csv", "--save", "sleep.json"])
        .succeeds();
    std::fs::remove_file(folder.path().join("nights.csv")).expect("a file");
    fails(&["bootstrap", "sleep.json"], "needs_rows");
    fails(&["simulate", "sleep.json"], "needs_rows");
}
