//! `ranef areas` and `ranef poststratify`, on the survey of the guide.
#![allow(missing_docs)]

mod support;

use serde_json::Value;
use support::{Folder, SLEEP};

const MODEL: &str = "score ~ income + age + sex + (1 | region)";
const SURVEY: &str = include_str!("../../../guide/data/survey.csv");
const POPULATION: &str = include_str!("../../../guide/data/population.csv");

fn folder(test: &str) -> Folder {
    let folder = Folder::new(test);
    folder.write("survey.csv", SURVEY);
    folder.write("population.csv", POPULATION);
    folder
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

#[test]
fn areas_of_a_survey() {
    let folder = folder("areas");
    let answer = folder
        .run(&[
            "areas",
            "-f",
            MODEL,
            "survey.csv",
            "--threshold",
            "-1,52",
            "--top",
            "3",
            "--json",
        ])
        .succeeds()
        .json();
    assert_eq!(answer["group"], "region");
    assert_eq!(answer["thresholds"], serde_json::json!([-1.0, 52.0]));
    let areas = answer["areas"].as_array().expect("a list");
    assert_eq!(areas.len(), 14);
    let top: f64 = areas.iter().map(|a| number(&a["p_top"])).sum();
    assert!((top - 3.0).abs() < 1e-9);
    for area in areas {
        assert!(number(&area["lower"]) < number(&area["estimate"]));
        assert_eq!(area["above"][0], 1.0);
        assert!(area["raw_flagged"].is_boolean() && area["flagged"].is_boolean());
    }
    let text = folder
        .run(&["areas", "-f", MODEL, "survey.csv"])
        .succeeds()
        .out;
    assert!(text.contains("The 14 groups of region"), "{text}");
    assert!(
        text.contains("2000\njoint draws") || text.contains("2000 joint draws"),
        "{text}"
    );
    // The same seed, on one thread and on all: the same output.
    let again = |threads: &str| {
        folder
            .run(&[
                "areas",
                "-f",
                MODEL,
                "survey.csv",
                "--threads",
                threads,
                "--csv",
                "--seed",
                "9",
            ])
            .succeeds()
            .out
    };
    let csv = again("1");
    assert_eq!(csv, again("2"));
    assert_eq!(csv.lines().count(), 15);
    assert!(csv.starts_with("level,n,raw,raw_std_error,raw_lower,raw_upper,complete_pooling,"));
}

#[test]
fn a_saved_model_and_a_population() {
    let folder = folder("poststratify");
    folder
        .run(&["fit", MODEL, "survey.csv", "--save", "survey.json"])
        .succeeds();
    let ask = |more: &[&str]| {
        let mut arguments = vec!["poststratify", "survey.json", "population.csv"];
        arguments.extend(["--count", "people", "--by", "age,sex"]);
        arguments.extend(more);
        folder.run(&arguments)
    };
    let answer = ask(&["--json"]).succeeds().json();
    let rows = answer["rows"].as_array().expect("a list");
    assert_eq!(rows.len(), 8 + 4 + 2 + 1);
    assert_eq!(
        (&rows[0]["age"], &rows[0]["sex"]),
        (&"18-29".into(), &"f".into())
    );
    assert_eq!(
        (&rows[8]["age"], &rows[8]["sex"]),
        (&"18-29".into(), &Value::Null)
    );
    let whole = &rows[14];
    assert_eq!((&whole["age"], &whole["n"]), (&Value::Null, &1000.into()));
    // The grand total is the mean of the margins, people for people.
    let parts: f64 = rows[..8]
        .iter()
        .map(|r| number(&r["count"]) * number(&r["estimate"]))
        .sum();
    let all = number(&whole["count"]);
    assert!((parts / all - number(&whole["estimate"])).abs() < 1e-9);
    assert_eq!(answer["draws"], Value::Null);
    let text = ask(&[]).succeeds().out;
    assert!(text.contains("all    all"), "{text}");
    assert!(!text.contains("New"), "{text}");
    assert_eq!(ask(&["--csv"]).succeeds().out.lines().count(), 16);
    // From formula and data the same numbers.
    let direct = folder
        .run(&[
            "poststratify",
            "-f",
            MODEL,
            "survey.csv",
            "population.csv",
            "--json",
        ])
        .succeeds()
        .json();
    assert_eq!(direct["rows"].as_array().map(Vec::len), Some(1));
    assert_eq!(direct["cells"], 112);
    // Without the data there are no raw means, and a word about it.
    std::fs::remove_file(folder.path().join("survey.csv")).expect("it is there");
    let answer = ask(&["--json"]).succeeds();
    assert_eq!(answer.json()["rows"][0]["raw"], Value::Null);
    assert!(answer.err.contains("no raw means"), "{}", answer.err);
    folder
        .run(&["areas", "survey.json", "--json"])
        .fails_with("needs_rows");
}

#[test]
fn a_region_that_was_not_asked() {
    let folder = folder("new-region");
    folder.write("more.csv", POPULATION.replace("Noss", "Oban"));
    let by_region = ["--by", "region", "--count", "people"];
    let ask = |more: &[&str]| {
        let mut arguments = vec!["poststratify", "-f", MODEL, "survey.csv", "more.csv"];
        arguments.extend(by_region);
        arguments.extend(more);
        folder.run(&arguments).succeeds()
    };
    let answer = ask(&["--json"]).json();
    assert_eq!(
        answer["new_groups"][0]["levels"],
        serde_json::json!(["Oban"])
    );
    let row = &answer["rows"][13];
    assert_eq!(
        (&row["region"], &row["n"], &row["raw"]),
        (&"Oban".into(), &0.into(), &Value::Null)
    );
    let text = ask(&[]).out;
    assert!(
        text.contains("1 level\nof `region` the model has not seen (Oban)"),
        "{text}"
    );
}

#[test]
fn mistakes_are_named_with_their_place() {
    let folder = folder("areas-mistakes");
    let ask = |frame: &str, more: &[&str]| {
        let mut arguments = vec!["poststratify", "-f", MODEL, "survey.csv", frame];
        arguments.extend(more);
        folder.run(&arguments)
    };
    folder.write("old.csv", POPULATION.replace("65+", "70+"));
    ask("old.csv", &["--by", "region"]).fails_saying(
        "error: `old.csv`: `age` is \"70+\" in row 7, a level that the model was not fitted with\n\
         help: the known levels are \"18-29\", \"30-44\", \"45-64\", \"65+\"",
    );
    ask("population.csv", &["--by", "region", "--count", "peple"]).fails_saying(
        "error: `population.csv`: there is no column `peple`\nhelp: did you mean `people`?",
    );
    folder.write("zero.csv", POPULATION.replacen("20080", "0", 1));
    ask("zero.csv", &["--count", "people", "--json"]).fails_with("bad_count");
    folder.write("gap.csv", POPULATION.replacen("20080", "", 1));
    ask("gap.csv", &["--count", "people", "--json"]).fails_with("missing_count");
    folder
        .run(&[
            "areas",
            "-f",
            SLEEP,
            "sleepstudy",
            "--group",
            "Subjects",
            "--json",
        ])
        .fails_with("unknown_group");
    // Too few are too few for any model: wrong usage, as for simulated residuals.
    for (command, option, number, error) in [
        ("areas", "--draws", "10", "too_few_draws"),
        ("check", "--replicates", "1", "too_few_replicates"),
        ("residuals", "--replicates", "1", "too_few_replicates"),
    ] {
        let mut words = vec![command, "-f", SLEEP, "sleepstudy", option, number, "--json"];
        if command == "residuals" {
            words.extend(["--simulate", "conditional"]);
        }
        let answer = folder.run(&words);
        assert_eq!(answer.code, Some(2), "{answer:?}");
        assert_eq!(answer.json()["error"]["code"], error);
    }
    for (command, option) in [("residuals", "--replicates"), ("areas", "--draws")] {
        let none = folder.run(&[command, "-f", SLEEP, "sleepstudy", option, "0"]);
        assert_eq!(none.code, Some(2), "{none:?}");
    }
    let usage = folder.run(&["areas", "-f", SLEEP, "sleepstudy", "--threshold", "high"]);
    assert_eq!(usage.code, Some(2));
}
