//! Models that are saved and used elsewhere: `predict`, `effects`, `summary`.

mod support;

use serde_json::Value;
use support::{Folder, SLEEP};

fn with_model(test: &str) -> Folder {
    let folder = Folder::new(test);
    let saved = folder
        .run(&["fit", SLEEP, "sleepstudy", "--save", "sleep.json"])
        .succeeds();
    assert!(
        saved.out.ends_with(
            "Saved as sleep.json: `ranef predict sleep.json NEWDATA` predicts from it.\n"
        ),
        "{saved:?}"
    );
    folder
}

#[test]
fn predictions_are_the_same_elsewhere() {
    let folder = with_model("elsewhere");
    let csv = folder.run(&["data", "sleepstudy", "--csv"]).succeeds().out;
    folder.write("old.csv", csv);
    for re in ["all", "none", "new"] {
        let in_place = folder
            .run(&["predict", "-f", SLEEP, "sleepstudy", "--re", re, "--json"])
            .succeeds()
            .json();
        let elsewhere = folder
            .run(&["predict", "sleep.json", "old.csv", "--re", re, "--json"])
            .succeeds()
            .json();
        let pairs = |v: &Value| v["rows"].as_array().expect("rows").clone();
        let (in_place, elsewhere) = (pairs(&in_place), pairs(&elsewhere));
        assert_eq!(in_place.len(), 180);
        assert_eq!(elsewhere.len(), 180);
        for (a, b) in in_place.iter().zip(&elsewhere) {
            let (x, y) = (a["fit"].as_f64().unwrap(), b["fit"].as_f64().unwrap());
            assert!((x - y).abs() <= 1e-9 * x.abs(), "{x} {y}");
            for field in ["std_error", "lower", "upper"] {
                assert!(a[field].is_null());
            }
        }
    }
}

#[test]
fn predictions_have_their_values() {
    let folder = with_model("values");
    folder.write("new.csv", "Days,Subject\n0,308\n5,308\n5,999\n,308\n");
    let answer = folder.run(&["predict", "sleep.json", "new.csv"]).succeeds();
    let lines: Vec<&str> = answer.out.lines().collect();
    assert_eq!(lines.len(), 5, "{answer:?}");
    assert_eq!((lines[0], lines[4]), ("fit", "NA"));
    let values: Vec<f64> = lines[1..4].iter().map(|l| l.parse().unwrap()).collect();
    // R: predict(fm1, data.frame(Days = c(0, 5, 5), Subject = ...), allow.new.levels = TRUE)
    for (value, expected) in values.iter().zip([253.6637, 351.9950, 303.7415]) {
        assert!((value - expected).abs() < 5e-3, "{values:?}");
    }
    assert_eq!(
        answer.err,
        "note: 1 row has a level of `Subject` that the model has not seen; there `Subject` counts \
         as average\nnote: 1 row gets no prediction, for want of a value that the model needs\n"
    );
    let to_file = folder
        .run(&["predict", "sleep.json", "new.csv", "-o", "out.csv"])
        .succeeds();
    assert_eq!(to_file.out, "");
    assert_eq!(folder.read("out.csv"), answer.out);
    folder
        .run(&["predict", "sleep.json", "new.csv", "--re", "none"])
        .succeeds();
}

#[test]
fn new_data_must_fit_the_model() {
    let folder = with_model("new-data");
    // Without new rows those of the model, where they were fitted.
    let own = folder.run(&["predict", "sleep.json"]).succeeds();
    assert_eq!(own.out.lines().count(), 181, "{own:?}");
    folder.write("short.csv", "Day,Subject\n0,308\n");
    let missing = folder.run(&["predict", "sleep.json", "short.csv", "--json"]);
    missing.fails_with("unknown_column");
    assert!(
        missing.err.contains("there is no column `Days`"),
        "{missing:?}"
    );
    assert!(missing.err.contains("did you mean `Day`?"), "{missing:?}");

    folder
        .run(&["fit", "Yield ~ Batch", "Dyestuff", "--save", "dye.json"])
        .succeeds();
    folder.write("dye.csv", "Batch\nA\nG\n");
    let unknown = folder.run(&["predict", "dye.json", "dye.csv"]);
    unknown.fails_saying(
        "error: `dye.csv`: `Batch` is \"G\" in row 2, a level that the model was not fitted with
help: the known levels are \"A\", \"B\", \"C\", \"D\", \"E\", \"F\"",
    );
}

#[test]
fn group_means_of_new_groups_come_from_the_new_data() {
    let folder = Folder::new("means");
    let mut text = String::from("y,x,g\n");
    for i in 0..60 {
        text.push_str(&format!("{},{},s{}\n", (i * 7) % 11, (i * 5) % 13, i / 6));
    }
    folder.write("data.csv", &text);
    let formula = "y ~ within(x, g) + between(x, g) + (1 | g)";
    folder
        .run(&["fit", formula, "data.csv", "--save", "means.json"])
        .succeeds();
    folder.write("new.csv", "x,g\n1,new\n3,new\n1,s1\n");
    let answer = folder.run(&["predict", "means.json", "new.csv"]).succeeds();
    assert_eq!(answer.out.lines().count(), 4, "{answer:?}");
    assert!(answer.err.starts_with("note: "), "{answer:?}");
}

#[test]
fn damaged_models_are_refused() {
    let folder = with_model("damaged");
    let whole = folder.read("sleep.json");
    folder.write("cut.json", &whole[..whole.len() / 2]);
    folder.run(&["summary", "cut.json"]).fails_saying(
        "error: `cut.json`: the saved model ends in the middle\nhelp: fit and save it again",
    );
    folder.write(
        "newer.json",
        whole.replacen("\"version\":4", "\"version\":99", 1),
    );
    let newer = folder.run(&["summary", "newer.json", "--json"]);
    newer.fails_with("model_version");
    assert!(newer.err.contains("saved in format 99"), "{newer:?}");
    folder.write("other.json", "{\"a\": 1}");
    folder.run(&["effects", "other.json"]).fails_saying(
        "error: `other.json`: this is not a saved model
help: give a file written by `ranef fit … --save FILE`, or a formula and data: `-f FORMULA DATA`",
    );
    folder
        .run(&["effects", "nothing.json", "--json"])
        .fails_with("model_not_read");
    folder
        .run(&["summary", "sleepstudy", "--json"])
        .fails_with("model_not_read");
}

#[test]
fn a_model_that_has_nowhere_to_go_is_not_fitted() {
    let folder = Folder::new("nowhere");
    folder
        .run(&["fit", SLEEP, "sleepstudy", "--save", "no/such/folder.json"])
        .fails_saying(
            "error: cannot save the model as `no/such/folder.json`: there is no folder `no/such`
help: name a file in a folder that exists, such as `--save model.json`",
        );
    let answer = folder.run(&["fit", SLEEP, "sleepstudy", "--save", ".", "--json"]);
    answer.fails_with("model_not_saved");
}

#[test]
fn effects_hold_modes_and_coefficients() {
    let folder = with_model("effects");
    let saved = folder
        .run(&["effects", "sleep.json", "--json"])
        .succeeds()
        .json();
    let fitted = folder
        .run(&["effects", "-f", SLEEP, "sleepstudy", "--json"])
        .succeeds()
        .json();
    assert_eq!(saved, fitted);
    assert_eq!(saved["random"].as_array().map(Vec::len), Some(36));
    let first = &saved["random"][0];
    assert_eq!(
        (&first["group"], &first["level"], &first["term"]),
        (&"Subject".into(), &"308".into(), &"(Intercept)".into())
    );
    // R: ranef(fm1)$Subject[1, ], with condVar.
    let number = |field: &str| first[field].as_f64().expect("a number");
    assert!((number("estimate") - 2.25855).abs() < 1e-3);
    assert!((number("std_error") - 12.0708).abs() < 1e-2);
    let z = (number("upper") - number("estimate")) / number("std_error");
    assert!((z - 1.959964).abs() < 1e-6);
    let coefficient = saved["coef"][0]["estimate"].as_f64().expect("a number");
    assert!((coefficient - 253.6637).abs() < 1e-3);
    let table = folder
        .run(&["effects", "sleep.json", "--level", "0.9"])
        .succeeds()
        .out;
    assert!(
        table.starts_with("Random effects of Subject, with 90% intervals:\n"),
        "{table}"
    );
    assert!(table.contains("Coefficients of each Subject"), "{table}");
}

#[test]
fn a_saved_model_has_the_summary_of_the_fit() {
    let folder = with_model("summary");
    let fitted = folder.run(&["fit", SLEEP, "sleepstudy"]).succeeds().out;
    assert_eq!(
        folder.run(&["summary", "sleep.json"]).succeeds().out,
        fitted
    );
    assert_eq!(
        folder
            .run(&["summary", "-f", SLEEP, "sleepstudy"])
            .succeeds()
            .out,
        fitted
    );
    let saved = folder
        .run(&["summary", "sleep.json", "--json"])
        .succeeds()
        .json();
    assert_eq!(saved["nobs"], 180);
}

#[test]
fn built_in_data_are_listed_described_and_written() {
    let folder = Folder::new("data");
    let list = folder.run(&["data"]).succeeds().out;
    assert!(
        list.contains("sleepstudy      180  Reaction times"),
        "{list}"
    );
    let sets = folder.run(&["data", "--json"]).succeeds().json();
    assert_eq!(sets["datasets"][0]["name"], "sleepstudy");
    let text = folder.run(&["data", "sleepstudy"]).succeeds().out;
    assert!(text.contains("average reaction time (ms)"), "{text}");
    let one = folder
        .run(&["data", "sleepstudy", "--json"])
        .succeeds()
        .json();
    assert_eq!(one["columns"][2]["name"], "Subject");
    let csv = folder.run(&["data", "sleepstudy", "--csv"]).succeeds().out;
    assert!(
        csv.starts_with("Reaction,Days,Subject\n249.56,0,308\n"),
        "{csv}"
    );
    assert_eq!(csv.lines().count(), 181);
    folder.run(&["data", "sleep"]).fails_saying(
        "error: there is no built-in data set `sleep`\nhelp: did you mean `sleepstudy`?",
    );
    folder
        .run(&["data", "nothing", "--json"])
        .fails_with("unknown_data");
}

#[test]
fn a_reader_may_go_away() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_ranef"))
        .args(["data", "InstEval", "--csv"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut line = String::new();
    let mut reader = BufReader::new(child.stdout.take().expect("an output"));
    reader.read_line(&mut line).expect("a line");
    assert_eq!(line, "s,d,studage,lectage,service,dept,y\n");
    drop(reader);
    let output = child.wait_with_output().expect("the command ends");
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
