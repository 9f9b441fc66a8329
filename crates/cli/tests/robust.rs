//! `ranef robust`.

mod support;

use support::Folder;

const MODEL: &str = "Reaction ~ Days * grp + (Days | Subject)";

#[test]
fn json_has_coefficients_and_tests() {
    let folder = Folder::new("robust-json");
    let answer = folder
        .run(&[
            "robust",
            "-f",
            MODEL,
            "sleep_unbal",
            "--test",
            "grp,Days:grp",
            "--json",
        ])
        .succeeds()
        .json();
    assert_eq!(answer["type"], "CR2");
    assert_eq!(answer["cluster"], "Subject");
    assert_eq!(answer["clusters"], 18);
    let days = &answer["fixed"][1];
    assert_eq!(days["term"], "Days");
    assert!((days["std_error"].as_f64().unwrap() - 2.119712).abs() < 1e-5);
    assert!((days["df"].as_f64().unwrap() - 7.821960).abs() < 1e-4);
    assert_eq!(answer["vcov"].as_array().unwrap().len(), 4);
    let test = &answer["tests"][0];
    assert!((test["f"].as_f64().unwrap() - 0.504057).abs() < 1e-5);
}

#[test]
fn a_saved_model_finds_its_rows() {
    let folder = Folder::new("robust-saved");
    folder
        .run(&["fit", MODEL, "sleep_unbal", "--save", "m.json"])
        .succeeds();
    let saved = folder
        .run(&["robust", "m.json", "--type", "cr3"])
        .succeeds();
    let fresh = folder
        .run(&["robust", "-f", MODEL, "sleep_unbal", "--type", "CR3"])
        .succeeds();
    assert_eq!(saved.out, fresh.out);
    assert!(saved.out.starts_with(
        "Fixed effects with CR3 standard errors, 18 clusters of Subject, Satterthwaite's\ndegrees of freedom:\n"
    ));
    let csv = folder.run(&["robust", "m.json", "--csv"]).succeeds().out;
    assert!(csv.starts_with(
        "term,estimate,std_error,df,statistic,p_value,lower,upper,model_std_error\n(Intercept),253."
    ));
}

#[test]
fn crossed_factors_say_what_can_be_had() {
    let folder = Folder::new("robust-crossed");
    let model = "diameter ~ 1 + (1 | plate) + (1 | sample)";
    let plain = folder
        .run(&["robust", "-f", model, "Penicillin"])
        .succeeds();
    assert!(
        plain
            .out
            .contains("\nClusters are sample: no grouping factor")
    );
    let refused = folder.run(&[
        "robust",
        "-f",
        model,
        "Penicillin",
        "--type",
        "CR2",
        "--json",
    ]);
    assert_eq!(refused.code, Some(1));
    refused.fails_with("crossed_clusters");
    folder
        .run(&["robust", "-f", model, "Penicillin", "--type", "CR1"])
        .succeeds();
}

#[test]
fn regressions_need_a_cluster() {
    let folder = Folder::new("robust-ols");
    folder
        .run(&["robust", "-f", "Reaction ~ Days", "sleepstudy", "--json"])
        .fails_with("needs_cluster");
    let answer = folder
        .run(&[
            "robust",
            "-f",
            "Reaction ~ Days",
            "sleepstudy",
            "--cluster",
            "Subject",
            "--json",
        ])
        .succeeds()
        .json();
    assert_eq!(answer["clusters"], 18);
    let usage = folder.run(&[
        "robust",
        "-f",
        "Reaction ~ Days",
        "sleepstudy",
        "--type",
        "HC3",
    ]);
    assert_eq!(usage.code, Some(2));
}
