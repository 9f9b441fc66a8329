//! `ranef fit`: the promised fields with their values, and what people read.

mod support;

use serde_json::Value;
use support::{Folder, SLEEP};

#[track_caller]
fn near(value: &Value, expected: f64, tolerance: f64) {
    let value = value.as_f64().expect("a number");
    assert!(
        (value - expected).abs() <= tolerance * expected.abs(),
        "{value} instead of {expected}"
    );
}

#[test]
fn json_has_every_promised_field() {
    let fit = Folder::new("fields")
        .run(&["fit", SLEEP, "sleepstudy", "--json"])
        .succeeds()
        .json();
    assert_eq!(fit["formula"], SLEEP);
    assert_eq!(fit["method"], "REML");
    assert_eq!(fit["family"], "gaussian");
    assert_eq!(fit["link"], "identity");
    assert_eq!(fit["nobs"], 180);
    assert_eq!(fit["dropped"], 0);
    assert_eq!(fit["groups"]["Subject"], 18);
    near(&fit["criterion"], 1743.62827195849, 1e-9);
    near(&fit["loglik"], -871.814135979245, 1e-9);
    assert_eq!(fit["npar"], 6);
    near(&fit["aic"], 1755.62827195849, 1e-9);
    near(&fit["bic"], 1774.78601306383, 1e-9);
    assert_eq!(fit["df_residual"], 174);
    near(&fit["sigma"], 25.5918156267253, 1e-6);
    for (theta, expected) in fit["theta"].as_array().expect("theta").iter().zip([
        0.966732893590541,
        0.0151690675460488,
        0.230909592018104,
    ]) {
        near(theta, expected, 2e-5);
    }
    assert_eq!(fit["converged"], true);
    assert_eq!(fit["singular"], false);
    assert!(fit["evaluations"].is_u64());
    assert!(fit["seconds"].is_f64());
    let intercept = &fit["fixed"][0];
    assert_eq!(intercept["term"], "(Intercept)");
    near(&intercept["estimate"], 251.405104848485, 1e-9);
    near(&intercept["std_error"], 6.82455626, 1e-6);
    near(&intercept["df"], 17.0, 1e-6);
    near(&intercept["statistic"], 36.8383079, 1e-6);
    near(&intercept["p_value"], 1.17088e-17, 1e-5);
    let days = &fit["fixed"][1];
    assert_eq!(days["term"], "Days");
    near(&days["p_value"], 3.26379e-6, 1e-5);
    near(&fit["vcov"][1][1], 2.38946331, 1e-6);
    near(&fit["vcov"][0][1], -1.45109571, 1e-5);
    let random = &fit["random"][0];
    assert_eq!(random["group"], "Subject");
    assert_eq!(random["terms"], serde_json::json!(["(Intercept)", "Days"]));
    near(&random["sd"][0], 24.7404506, 1e-5);
    near(&random["cov"][0][1], 9.6043335, 1e-4);
    near(&random["corr"][0][1], 0.0655513, 1e-4);
    assert_eq!(random["corr"][0][0], 1.0);
    assert_eq!(fit["warnings"], serde_json::json!([]));
}

#[test]
fn summary_reads_as_that_of_lmertest() {
    let answer = Folder::new("summary")
        .run(&["fit", SLEEP, "sleepstudy"])
        .succeeds();
    for line in [
        "Linear mixed model fit by REML. t-tests use Satterthwaite's method",
        "REML criterion at convergence: 1743.6",
        "-3.9536 -0.4634  0.0231  0.4634  5.1793",
        " Subject  (Intercept)   612.1",
        "(Intercept)  251.405      6.825 17.000  36.838  < 2e-16 ***",
        "Days          10.467      1.546 17.000   6.771 3.26e-06 ***",
        "Days        -0.138",
    ] {
        let begins = line.split("   612.1").next().expect("a beginning");
        assert!(
            answer.out.lines().any(|l| l.starts_with(begins)),
            "{line}\n{}",
            answer.out
        );
    }
    assert_eq!(answer.err, "");
}

#[test]
fn options_reach_the_model() {
    let folder = Folder::new("options");
    let fit = |more: &[&str]| {
        let mut arguments = vec!["fit", SLEEP, "sleepstudy", "--json"];
        arguments.extend(more);
        folder.run(&arguments).succeeds().json()
    };
    let ml = fit(&["--ml"]);
    assert_eq!(ml["method"], "ML");
    near(&ml["criterion"], 1751.93934446, 1e-9);
    assert_eq!(fit(&["--df", "residual"])["fixed"][0]["df"], 178.0);
    let z = fit(&["--df", "none"]);
    assert!(z["fixed"][0]["df"].is_null());
    near(&z["fixed"][1]["p_value"], 1.274e-11, 1e-3);
    for optimizer in ["newton", "bfgs", "bobyqa", "nelder-mead"] {
        near(
            &fit(&["--optimizer", optimizer])["criterion"],
            1743.62827195849,
            1e-8,
        );
    }
    assert_eq!(
        fit(&["--family", "gaussian:identity"])["family"],
        "gaussian"
    );
    let days = folder
        .run(&[
            "fit",
            "Reaction ~ Days + (1 | Subject)",
            "sleepstudy",
            "--factor",
            "Days",
            "--contrasts",
            "sum",
            "--json",
        ])
        .succeeds()
        .json();
    assert_eq!(days["fixed"].as_array().map(Vec::len), Some(10));
    assert_eq!(days["fixed"][1]["term"], "Days1");
    let offset = folder
        .run(&[
            "fit",
            "Reaction ~ 1 + (1 | Subject)",
            "sleepstudy",
            "--offset",
            "Days",
            "--weights",
            "Reaction",
            "--json",
        ])
        .succeeds()
        .json();
    assert_eq!(offset["nobs"], 180);
}

#[test]
fn reading_options_reach_the_reader() {
    let folder = Folder::new("reading");
    let mut text = String::from("y;x;g\n");
    for i in 0..40 {
        let y = if i == 7 {
            "-99".to_owned()
        } else {
            format!("{},5", (i * 7) % 11)
        };
        text.push_str(&format!("{y};{};{}\n", i % 5, i / 5));
    }
    folder.write("data.csv", &text);
    let fit = folder
        .run(&[
            "fit",
            "y ~ x + (1 | g)",
            "data.csv",
            "--separator",
            ";",
            "--decimal",
            ",",
            "--na",
            "-99",
            "--threads",
            "1",
            "--json",
        ])
        .succeeds()
        .json();
    assert_eq!(fit["nobs"], 39);
    assert_eq!(fit["dropped"], 1);
    assert_eq!(fit["warnings"][0]["code"], "rows_dropped");
}

#[test]
fn standard_input_and_compressed_files_are_data() {
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;
    let folder = Folder::new("sources");
    let csv = folder.run(&["data", "sleepstudy", "--csv"]).succeeds().out;
    let expected = folder.run(&["fit", SLEEP, "sleepstudy", "--json"]).json()["criterion"].clone();
    let from_input = folder
        .run_with_input(&["fit", SLEEP, "-", "--json"], csv.as_bytes())
        .succeeds()
        .json();
    assert_eq!(from_input["criterion"], expected);
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(csv.as_bytes()).expect("packing");
    folder.write("sleep.csv.gz", packed.finish().expect("packing"));
    let from_file = folder
        .run(&["fit", SLEEP, "sleep.csv.gz", "--json"])
        .succeeds()
        .json();
    assert_eq!(from_file["criterion"], expected);
}

#[test]
fn singular_fits_say_what_simpler_models_cost() {
    let answer = Folder::new("singular")
        .run(&["fit", "Yield ~ 1 + (1 | Batch)", "Dyestuff2"])
        .succeeds();
    assert!(
        answer
            .out
            .contains("Singular fit: the estimated variance of `(Intercept)`")
    );
    assert!(
        answer.out.contains("What simpler models would cost, as a rise of the REML criterion:\n      0.00  1 parameter fewer   Yield ~ 1"),
        "{}", answer.out
    );
}

#[test]
fn warnings_are_in_text_and_json() {
    let folder = Folder::new("warnings");
    let mut text = String::from("y,x,g\n");
    for i in 0..40 {
        let x = if i == 17 {
            "n.d.".to_owned()
        } else {
            (i % 5).to_string()
        };
        text.push_str(&format!("{},{x},{}\n", (i * 7) % 11, i / 5));
    }
    folder.write("data.csv", &text);
    let json = folder
        .run(&["fit", "y ~ x + (1 | g)", "data.csv", "--json"])
        .succeeds()
        .json();
    assert_eq!(json["warnings"][0]["code"], "text_column");
    let message = json["warnings"][0]["message"].as_str().expect("a text");
    assert!(message.contains("`n.d.` in line 19"), "{message}");
    let text = folder
        .run(&["fit", "y ~ x + (1 | g)", "data.csv"])
        .succeeds()
        .out;
    assert!(text.contains("Is this meant?"), "{text}");
    let repaired = folder
        .run(&[
            "fit",
            "y ~ x + (1 | g)",
            "data.csv",
            "--na",
            "n.d.",
            "--json",
        ])
        .succeeds()
        .json();
    assert_eq!(repaired["fixed"].as_array().map(Vec::len), Some(2));
}

#[test]
fn aliased_columns_are_named_and_null() {
    let folder = Folder::new("aliased");
    let mut text = String::from("y,x,twice,five,g\n");
    for i in 0..40 {
        text.push_str(&format!(
            "{},{},{},5,{}\n",
            (i * 7) % 11,
            i % 5,
            2 * (i % 5),
            i / 5
        ));
    }
    folder.write("data.csv", &text);
    let fit = folder
        .run(&[
            "fit",
            "y ~ x + twice + five + (1 | g)",
            "data.csv",
            "--json",
        ])
        .succeeds()
        .json();
    assert!(fit["fixed"][1]["estimate"].is_f64());
    for at in [2, 3] {
        for field in ["estimate", "std_error", "df", "statistic", "p_value"] {
            assert!(fit["fixed"][at][field].is_null());
        }
    }
    let warning = fit["warnings"]
        .as_array()
        .and_then(|w| w.iter().find(|w| w["code"] == "aliased"))
        .expect("a warning");
    let message = warning["message"].as_str().expect("a text");
    assert!(message.contains("`twice` and `five`"), "{message}");
}

#[test]
fn a_model_without_bars_is_fitted() {
    let folder = Folder::new("plain");
    let fit = folder
        .run(&["fit", "Reaction ~ Days", "sleepstudy", "--json"])
        .succeeds()
        .json();
    near(&fit["fixed"][1]["estimate"], 10.467285959596, 1e-9);
    assert_eq!(fit["fixed"][1]["df"], 178.0);
    assert_eq!(fit["random"], serde_json::json!([]));
}

#[test]
fn names_in_other_scripts_stay_in_line() {
    let folder = Folder::new("scripts");
    let mut text = String::from("反应,天数,学校\n");
    for i in 0..60 {
        text.push_str(&format!("{},{},学校{}\n", (i * 7) % 11, i % 6, i / 6));
    }
    folder.write("数据.csv", &text);
    let out = folder
        .run(&["fit", "反应 ~ 天数 + (1 | 学校)", "数据.csv"])
        .succeeds()
        .out;
    let lines: Vec<&str> = out.lines().collect();
    let head = lines
        .iter()
        .position(|l| *l == "Fixed effects:")
        .expect("a table")
        + 1;
    // `(Intercept)` takes 11 columns, `天数` takes 4 and 7 blanks.
    assert!(lines[head + 2].starts_with("天数        "), "{out}");
    let error = folder.run(&["fit", "反应 ~ 天 + (1 | 学校)", "数据.csv"]);
    assert!(
        error
            .err
            .contains("\n  反应 ~ 天 + (1 | 学校)\n         ^^\n"),
        "{}",
        error.err
    );
}
