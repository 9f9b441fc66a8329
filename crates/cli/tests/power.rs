//! `ranef power`.

mod support;

use support::{Folder, SLEEP};

#[test]
fn a_design_from_the_template() {
    let folder = Folder::new("power-template");
    let template = folder.run(&["power", "--template"]).succeeds().out;
    folder.write("design.toml", &template);
    let run = |extra: &[&str]| {
        let mut arguments = vec!["power", "design.toml", "--term", "ses:treated", "--json"];
        arguments.extend(extra);
        if !extra.contains(&"-n") {
            arguments.extend(["-n", "100"]);
        }
        folder.run(&arguments).succeeds().json()
    };
    let object = run(&[]);
    let point = &object["points"][0];
    assert_eq!(point["nobs"], 800);
    assert_eq!(point["simulations"], 100);
    for field in ["power", "lower", "upper", "std_error", "analytic", "effect"] {
        assert!(point[field].is_number(), "{field}");
    }
    assert_eq!(object["term"], "ses:treated");
    assert_eq!(run(&[]), object);
    let curve = run(&["--groups", "school=20..40/10", "-o", "power.svg"]);
    let values: Vec<f64> = curve["points"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|p| p["value"].as_f64())
        .collect();
    assert_eq!(values, [20.0, 30.0, 40.0]);
    assert!(folder.read("power.svg").contains("<svg"));
    let found = run(&["--target", "0.8", "--find", "groups", "-n", "0"]);
    assert!(found["smallest"]["value"].as_f64().unwrap() > 40.0);
    let text = folder
        .run(&["power", "design.toml", "--term", "treated", "-n", "50"])
        .succeeds()
        .out;
    assert!(text.contains("simulated studies find treated"), "{text}");
}

#[test]
fn a_design_of_options_and_a_fitted_model() {
    let folder = Folder::new("power-options");
    let object = folder
        .run(&[
            "power",
            "-f",
            "y ~ arm + (1 | clinic)",
            "--groups",
            "clinic=20",
            "--within",
            "clinic=10",
            "--predictor",
            "arm=binary@clinic",
            "--effect",
            "arm=0.4",
            "--icc",
            "clinic=0.1",
            "-n",
            "200",
            "--json",
        ])
        .succeeds()
        .json();
    assert_eq!(object["points"][0]["nobs"], 200);
    assert_eq!(object["points"][0]["analytic_exact"], true);
    let object = folder
        .run(&[
            "power",
            "-f",
            SLEEP,
            "sleepstudy",
            "--effect",
            "Days=3,5",
            "-n",
            "100",
            "--json",
        ])
        .succeeds()
        .json();
    assert_eq!(object["points"].as_array().map(Vec::len), Some(2));
    let object = folder
        .run(&["power", "-f", SLEEP, "sleepstudy", "-n", "50", "--json"])
        .succeeds()
        .json();
    let codes: Vec<&str> = object["notes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|n| n["code"].as_str())
        .collect();
    assert!(codes.contains(&"observed_power"));
}

#[test]
fn presets() {
    let folder = Folder::new("power-presets");
    let run = |arguments: &[&str]| {
        let mut all = vec!["power", "--json", "--preset"];
        all.extend(arguments);
        folder.run(&all).succeeds().json()
    };
    let murayama = run(&["summary-statistics", "--set", "t=2.8,pilot=20,groups=40"]);
    assert!((murayama["power"].as_f64().unwrap() - 0.9713209).abs() < 1e-6);
    let cross = run(&["cross-level", "--set", "l2n=30,l1n=8", "-n", "100"]);
    assert_eq!(cross["inputs"]["l2n"], 30);
    assert!(cross["simulated"]["points"][0]["power"].is_number());
    let trial = run(&[
        "cluster-trial",
        "--set",
        "effect=0.3,icc=0.05,cost_cluster=10",
    ]);
    assert_eq!(trial["size"], 14);
}

#[test]
fn what_is_wrong_is_told() {
    let folder = Folder::new("power-wrong");
    let error = |arguments: &[&str], code: &str, exit: i32| {
        let mut all = vec!["power", "--json"];
        all.extend(arguments);
        let answer = folder.run(&all);
        match exit {
            1 => answer.fails_with(code),
            _ => answer.is_misuse(code),
        }
        let object = answer.json();
        assert!(object["error"]["hint"].is_string(), "{object}");
    };
    error(&[], "usage", 2);
    error(&["--preset", "cross-level", "--set", "l2m=3"], "usage", 2);
    error(
        &["--preset", "cross-level", "--set", "vu1j=0.1"],
        "usage",
        2,
    );
    error(
        &["-f", SLEEP, "sleepstudy", "--effect", "Day=3"],
        "unknown_name",
        1,
    );
    error(
        &[
            "-f",
            SLEEP,
            "sleepstudy",
            "--effect",
            "Days=3,4",
            "--sd",
            "Subject:Days=1,2",
        ],
        "usage",
        2,
    );
    error(
        &["-f", SLEEP, "sleepstudy", "--target", "1.5"],
        "bad_target",
        2,
    );
    error(
        &["-f", SLEEP, "sleepstudy", "--sd", "Subject:Days=-1"],
        "bad_design",
        1,
    );
    error(
        &["-f", SLEEP, "sleepstudy", "--groups", "Subject=0"],
        "bad_design",
        1,
    );
    error(
        &["-f", SLEEP, "sleepstudy", "--alpha", "2"],
        "bad_probability",
        2,
    );
}
