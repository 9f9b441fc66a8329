//! Questions to generalised models: `ratios`, and the scales of `predict`, `means` and `slopes`.

mod support;

use serde_json::Value;
use support::Folder;

const CBPP: &str = "cbind(incidence, size - incidence) ~ period + (1 | herd)";

#[track_caller]
fn near(value: &Value, want: f64, tolerance: f64) {
    let got = value.as_f64().expect("a number");
    assert!((got - want).abs() <= tolerance, "{got} is not {want}");
}

fn saved(test: &str) -> Folder {
    let folder = Folder::new(test);
    let fit = [
        "fit", CBPP, "cbpp", "--factor", "period", "--family", "binomial", "--save", "m.json",
    ];
    folder.run(&fit).succeeds();
    folder.write("new.csv", "period,herd\n1,1\n2,new\n");
    folder
}

#[test]
fn ratios() {
    let folder = saved("ratios");
    let answer = folder
        .run(&["ratios", "m.json", "--json"])
        .succeeds()
        .json();
    assert_eq!(answer["kind"], "odds");
    assert_eq!(answer["rows"][1]["term"], "period2");
    near(&answer["rows"][1]["ratio"], 0.370_711, 1e-5);
    near(&answer["median"][0]["ratio"], 1.845_25, 1e-4);
    assert_eq!(answer["median"][0]["group"], "herd");
    let csv = folder.run(&["ratios", "m.json", "--csv"]).succeeds().out;
    assert!(
        csv.starts_with("kind,term,ratio,std_error,lower,upper,statistic,p_value\n"),
        "{csv}"
    );
    let text = folder.run(&["ratios", "m.json"]).succeeds().out;
    assert!(text.starts_with("Odds ratios with 95% intervals"), "{text}");
    let probit = [
        "ratios",
        "-f",
        CBPP,
        "cbpp",
        "--factor",
        "period",
        "--family",
        "binomial:probit",
        "--json",
    ];
    let error = folder.run(&probit);
    assert_eq!(error.code, Some(1));
    assert_eq!(error.json()["error"]["code"], "no_ratios");
}

#[test]
fn scales_of_predictions() {
    let folder = saved("scales");
    let predict = |more: &[&str]| {
        let mut all = vec!["predict", "m.json", "new.csv", "--json"];
        all.extend(more);
        folder.run(&all).succeeds().json()
    };
    let response = predict(&[]);
    assert_eq!(response["scale"], "response");
    near(&response["rows"][0]["fit"], 0.308_207_65, 1e-6);
    let link = predict(&["--scale", "link"]);
    near(
        &link["rows"][0]["fit"],
        (0.308_207_65f64 / (1.0 - 0.308_207_65)).ln(),
        1e-5,
    );
    let average = predict(&["--re", "average", "--interval", "confidence"]);
    near(&average["rows"][0]["fit"], 0.216_092_93, 1e-6);
    assert!(
        average["interval"]["target"]
            .as_str()
            .unwrap()
            .contains("on average over all groups")
    );
    let observed = predict(&["--re", "new", "--interval", "prediction", "--trials", "10"]);
    assert_eq!(observed["rows"][0]["lower"], 0.0);
    near(&observed["rows"][0]["upper"], 0.6, 1e-12);
    let said = folder
        .run(&["predict", "m.json", "new.csv", "--re", "none"])
        .succeeds();
    assert!(
        said.err
            .contains("the probability of incidence in an average group"),
        "{said:?}"
    );
    let wrong = folder.run(&[
        "predict",
        "m.json",
        "new.csv",
        "--scale",
        "link",
        "--interval",
        "prediction",
        "--json",
    ]);
    assert_eq!(wrong.code, Some(1));
    assert_eq!(wrong.json()["error"]["code"], "no_observations_on_the_link");
}

#[test]
fn scales_of_means_and_slopes() {
    let folder = saved("means");
    let means = |more: &[&str]| {
        let mut all = vec!["means", "m.json", "--by", "period", "--pairwise", "--json"];
        all.extend(more);
        folder.run(&all).succeeds().json()
    };
    let response = means(&[]);
    near(&response["rows"][0]["estimate"], 0.198_049, 1e-5);
    assert_eq!(response["ratio"], "odds");
    near(&response["contrasts"][0]["estimate"], 2.697_520, 1e-4);
    let link = means(&["--scale", "link"]);
    near(&link["rows"][0]["estimate"], -1.398_532, 1e-5);
    assert_eq!(link["ratio"], Value::Null);
    let average = means(&["--re", "average"]);
    assert_eq!(average["averaged"], true);
    near(&average["rows"][0]["estimate"], 0.216_093, 1e-5);
    let wrong = folder.run(&[
        "means", "m.json", "--by", "period", "--scale", "link", "--re", "average", "--json",
    ]);
    assert_eq!(wrong.code, Some(1));
    assert_eq!(wrong.json()["error"]["code"], "no_average_on_the_link");
    let slopes = folder
        .run(&[
            "slopes",
            "-f",
            "r2 ~ Anger * Gender + (1 | id)",
            "VerbAgg",
            "--family",
            "binomial",
            "--of",
            "Anger",
            "--over",
            "Gender",
            "--scale",
            "response",
            "--json",
        ])
        .succeeds()
        .json();
    assert_eq!(slopes["scale"], "response");
    assert!(slopes["rows"][0]["estimate"].as_f64().unwrap() < 0.03);
}

#[test]
fn profiles_and_tests() {
    let folder = saved("profiles");
    let intervals = folder
        .run(&[
            "confint",
            "m.json",
            "--parm",
            "period2,sd__(Intercept)",
            "--json",
        ])
        .succeeds()
        .json();
    near(&intervals["rows"][0]["lower"], -1.616_68, 2e-4);
    near(&intervals["rows"][1]["upper"], 1.099_88, 2e-4);
    let anova = folder.run(&["anova", "m.json", "--json"]).succeeds().json();
    near(&anova["rows"][0]["chisq"], 24.949, 0.01);
    assert_eq!(anova["rows"][0]["den_df"], Value::Null);
}
