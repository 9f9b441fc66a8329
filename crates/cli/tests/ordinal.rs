//! Ordered categories: what is shown of them, and what is refused.

mod support;

use support::Folder;

const MODEL: [&str; 3] = ["resp ~ Gender + btype + (1 | id)", "VerbAgg", "--family"];

#[test]
fn order_and_thresholds_are_shown() {
    let folder = Folder::new("ordinal");
    let answer = folder.run(&["fit", MODEL[0], MODEL[1], MODEL[2], "ordinal"]);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert!(
        answer.out.contains("Categories: no < perhaps < yes"),
        "{answer:?}"
    );
    let threshold = answer.out.lines().find(|l| l.starts_with("perhaps|yes"));
    let threshold = threshold.expect("the second threshold");
    assert!(threshold.contains("1.037"), "{threshold}");
}

/// How sure a mean category is takes the covariance of effects and thresholds.
#[test]
fn means_of_categories_are_refused_and_contrasts_are_not() {
    let folder = Folder::new("ordinal-means");
    let means = [
        "means", "-f", MODEL[0], MODEL[1], MODEL[2], "ordinal", "--by", "btype",
    ];
    let refused = folder.run(&[&means[..], &["--json"]].concat());
    refused.fails_with("ordinal_means");
    let link = folder.run(&[&means[..], &["--scale", "link", "--pairwise", "--json"]].concat());
    assert_eq!(link.code, Some(0), "{link:?}");
    let shout = &link.json()["contrasts"][1];
    assert!(
        (shout["estimate"].as_f64().unwrap().abs() - 1.7283).abs() < 1e-3,
        "{shout}"
    );
    let predict = ["predict", "-f", MODEL[0], MODEL[1], MODEL[2], "ordinal"];
    let interval = ["--interval", "confidence", "--json"];
    folder
        .run(&[&predict[..], &interval].concat())
        .fails_with("ordinal_means");
    let areas = [
        "areas", "-f", MODEL[0], MODEL[1], MODEL[2], "ordinal", "--json",
    ];
    folder.run(&areas).fails_with("ordinal_means");
}
