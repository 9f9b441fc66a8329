//! `predict` with intervals, `means` and `slopes`.

mod support;

use serde_json::Value;
use support::{Folder, SLEEP};

const BED: &str = "Reaction ~ Days*grp + (Days|Subject)";

#[track_caller]
fn near(value: &Value, want: f64, tolerance: f64) {
    let got = value.as_f64().expect("a number");
    assert!((got - want).abs() <= tolerance, "{got} is not {want}");
}

/// METHODS C15, from a saved model: four targets with their errors, labels and shares.
#[test]
fn intervals_say_what_they_are_for() {
    let folder = Folder::new("intervals");
    folder
        .run(&["fit", BED, "sleep_unbal", "--save", "bed.json"])
        .succeeds();
    folder.write("nine.csv", "Days,grp,Subject\n9,B,335\n");
    for (re, interval, std_error, target) in [
        (
            "all",
            "confidence",
            14.107007,
            "the expected value in the groups named",
        ),
        (
            "none",
            "confidence",
            21.187967,
            "the expected value in an average group (random effects at zero)",
        ),
        (
            "new",
            "confidence",
            64.339614,
            "the expected value in a group yet to be drawn",
        ),
        (
            "new",
            "prediction",
            69.155684,
            "a new observation in a group yet to be drawn",
        ),
    ] {
        let answer = folder
            .run(&[
                "predict",
                "bed.json",
                "nine.csv",
                "--re",
                re,
                "--interval",
                interval,
                "--json",
            ])
            .succeeds();
        assert!(answer.err.contains("95% intervals for"), "{answer:?}");
        let json = answer.json();
        let row = &json["rows"][0];
        near(&row["std_error"], std_error, 1e-3);
        let (fit, lower, upper) = (&row["fit"], &row["lower"], &row["upper"]);
        let middle = 0.5 * (lower.as_f64().unwrap() + upper.as_f64().unwrap());
        near(fit, middle, 1e-9 * middle);
        assert_eq!(json["interval"]["target"], target);
        let shares = row["shares"].as_object().expect("shares");
        let sum: f64 = shares.values().map(|s| s.as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-12);
        assert!(row["df"].as_f64().expect("degrees of freedom") > 1.0);
    }
    let csv = folder
        .run(&[
            "predict",
            "bed.json",
            "nine.csv",
            "--interval",
            "prediction",
            "--shares",
        ])
        .succeeds();
    let lines: Vec<&str> = csv.out.lines().collect();
    assert_eq!(
        lines[0],
        "fit,std_error,lower,upper,fixed,random,groups,residual"
    );
    assert_eq!(lines[1].split(',').count(), 8);
    assert!(csv.err.contains("Of their variance: "), "{csv:?}");
}

#[test]
fn a_model_too_large_to_take_its_covariances_along_finds_its_rows() {
    let folder = Folder::new("large");
    folder
        .run(&[
            "fit",
            "y ~ 1 + (1 | s) + (1 | d)",
            "InstEval",
            "--save",
            "eval.json",
        ])
        .succeeds();
    folder.write("one.csv", "s,d\n1,1002\n");
    let answer = folder
        .run(&[
            "predict",
            "eval.json",
            "one.csv",
            "--interval",
            "confidence",
            "--json",
        ])
        .succeeds();
    assert!(answer.json()["rows"][0]["std_error"].as_f64().unwrap() > 0.0);
}

#[test]
fn some_random_effects() {
    let folder = Folder::new("some");
    let fit = |re: &str| -> f64 {
        let answer = folder
            .run(&["predict", "-f", SLEEP, "sleepstudy", "--re", re, "--json"])
            .succeeds();
        answer.json()["rows"][9]["fit"].as_f64().unwrap()
    };
    let (all, none) = (fit("all"), fit("none"));
    let (intercept, slope) = (fit("1 | Subject"), fit("(0 + Days | Subject)"));
    assert_eq!(fit("Subject"), all);
    assert_eq!(fit("1 | Subject, 0 + Days | Subject"), all);
    assert!((intercept + slope - none - all).abs() < 1e-9);
    let unknown = folder.run(&["predict", "-f", SLEEP, "sleepstudy", "--re", "some"]);
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    assert!(
        unknown
            .err
            .contains("give `all`, `none`, `new`, or some of `Subject`, `1 + Days | Subject`"),
        "{unknown:?}"
    );
}

#[test]
fn means_have_the_promised_fields() {
    let folder = Folder::new("means");
    let formula = "yield ~ nitro * Variety + (1 | Block/Variety)";
    let answer = folder
        .run(&[
            "means",
            "-f",
            formula,
            "Oats",
            "--by",
            "Variety",
            "--pairwise",
            "--json",
        ])
        .succeeds()
        .json();
    let row = &answer["rows"][0];
    assert_eq!(row["Variety"], "Golden Rain");
    // emmeans 1.8.4
    near(&row["estimate"], 104.5, 1e-6);
    near(&row["std_error"], 7.79753922736965, 1e-3);
    near(&row["df"], 8.86898138920443, 1e-2);
    near(&row["lower"], 86.8209392509732, 1e-2);
    near(&row["upper"], 122.179060749028, 1e-2);
    assert_eq!(answer["contrasts"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        answer["contrasts"][0]["contrast"],
        "Golden Rain - Marvellous"
    );
    near(&answer["held"]["nitro"][0], 0.3, 1e-12);
    let text = folder
        .run(&[
            "means",
            "-f",
            formula,
            "Oats",
            "--by",
            "Variety",
            "--pairwise",
        ])
        .succeeds()
        .out;
    assert!(text.contains("Held at nitro = 0.3."), "{text}");
    assert!(
        text.contains(
            "p-values by Tukey's rule for pairwise differences; intervals each by itself."
        ),
        "{text}"
    );
    let csv = folder
        .run(&["means", "-f", formula, "Oats", "--by", "Variety", "--csv"])
        .succeeds()
        .out;
    assert!(
        csv.starts_with("Variety,estimate,std_error,df,lower,upper\n"),
        "{csv}"
    );
    let number = folder.run(&["means", "-f", formula, "Oats", "--by", "nitro"]);
    number.fails_saying(
        "error: `nitro` is a number, and has no levels to take means by
help: give values between 0 and 0.6, such as --at nitro=0,0.6; or ask for its slope with --trend nitro",
    );
    let at = folder
        .run(&[
            "means",
            "-f",
            formula,
            "Oats",
            "--by",
            "nitro",
            "--at",
            "nitro=0,0.6",
            "--json",
        ])
        .succeeds()
        .json();
    assert_eq!(at["rows"][1]["nitro"], 0.6);
}

#[test]
fn slopes_by_group_and_over_a_number() {
    let folder = Folder::new("slopes");
    let formula = "distance ~ age * Sex + (age | Subject)";
    let answer = folder
        .run(&[
            "means",
            "-f",
            formula,
            "Orthodont",
            "--by",
            "Sex",
            "--trend",
            "age",
            "--json",
        ])
        .succeeds()
        .json();
    assert_eq!(answer["trend"], "age");
    // The levels of the built-in data are in R's order: Male, Female.
    near(&answer["rows"][0]["estimate"], 0.784375, 1e-6);
    let same = folder
        .run(&[
            "slopes",
            "-f",
            formula,
            "Orthodont",
            "--of",
            "age",
            "--over",
            "Sex",
            "--json",
        ])
        .succeeds()
        .json();
    assert_eq!(same["rows"][0]["Sex"], "Male");
    near(&same["rows"][0]["estimate"], 0.784375, 1e-6);
    assert!(same["johnson_neyman"].is_null());
    let mut rows = String::from("y,x,w,g\n");
    for i in 0..240 {
        let (g, x) = (i / 12, f64::from(i * 31 % 41) / 10.0 - 2.0);
        let w = f64::from(g * 7 % 20) / 4.0;
        let y = 0.4 * x * (w - 2.0) + f64::from(i * 7919 % 1009) / 500.0;
        rows.push_str(&format!("{y},{x},{w},g{g}\n"));
    }
    folder.write("rows.csv", rows);
    let over = folder
        .run(&[
            "slopes",
            "-f",
            "y ~ x * w + (x | g)",
            "rows.csv",
            "--of",
            "x",
            "--over",
            "w",
        ])
        .succeeds();
    assert!(over.out.contains("mean - sd"), "{over:?}");
    assert!(
        over.out.contains("Johnson-Neyman: the slope of x is "),
        "{over:?}"
    );
}
