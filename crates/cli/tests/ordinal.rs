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

/// Means, predictions and small areas have the probability of every category, with its error.
#[test]
fn categories_have_probabilities() {
    let folder = Folder::new("ordinal-means");
    let means = [
        "means", "-f", MODEL[0], MODEL[1], MODEL[2], "ordinal", "--by", "btype",
    ];
    let json = folder.run(&[&means[..], &["--json"]].concat());
    assert_eq!(json.code, Some(0), "{json:?}");
    let row = &json.json()["rows"][0];
    let chances = row["probabilities"].as_array().expect("a list");
    assert_eq!(chances[1]["category"], "perhaps");
    let sum: f64 = (chances.iter())
        .map(|c| c["estimate"].as_f64().expect("a number"))
        .sum();
    assert!((sum - 1.0).abs() < 1e-12);
    assert!(chances[1]["std_error"].as_f64().expect("a number") > 0.005);
    let text = folder.run(&means);
    assert!(
        text.out.contains("Mean category, counted from 0"),
        "{text:?}"
    );
    let link = folder.run(&[&means[..], &["--scale", "link", "--pairwise", "--json"]].concat());
    assert_eq!(link.code, Some(0), "{link:?}");
    assert!(link.json()["rows"][0]["probabilities"].is_null());
    let shout = &link.json()["contrasts"][1];
    assert!(
        (shout["estimate"].as_f64().unwrap().abs() - 1.7283).abs() < 1e-3,
        "{shout}"
    );
    let predict = ["predict", "-f", MODEL[0], MODEL[1], MODEL[2], "ordinal"];
    let interval = ["--interval", "confidence"];
    let rows = folder.run(&[&predict[..], &interval, &["--json"]].concat());
    let row = &rows.json()["rows"][0];
    for field in ["fit", "std_error", "lower", "upper"] {
        assert!(
            row[field].is_f64() && row["probabilities"][2][field].is_f64(),
            "{row}"
        );
    }
    let csv = folder.run(&[&predict[..], &interval].concat());
    let head = csv.out.lines().next().expect("a head");
    assert!(
        head.starts_with("fit,std_error,lower,upper,prob_no,prob_no_std_error"),
        "{head}"
    );
    let plain = folder.run(&predict);
    assert_eq!(
        plain.out.lines().next(),
        Some("fit,prob_no,prob_perhaps,prob_yes")
    );
}

#[test]
fn an_order_is_shown_and_a_wrong_one_is_refused() {
    let folder = Folder::new("ordinal-levels");
    let fit = |order: &str| {
        folder.run(&[
            "fit",
            MODEL[0],
            MODEL[1],
            MODEL[2],
            "ordinal",
            "--levels",
            order,
            "--levels",
            "Gender=M,...",
        ])
    };
    let answer = fit("resp=yes<perhaps<no");
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert!(
        answer.out.contains("Categories: yes < perhaps < no"),
        "{answer:?}"
    );
    assert!(answer.out.contains("GenderF"), "{answer:?}");
    let wrong = fit("resp=yes<perhps<no");
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    assert!(wrong.err.contains("did you mean \"perhaps\"?"), "{wrong:?}");
    assert_eq!(fit("resp").code, Some(2));
}

/// A saved model predicts for its own rows where these can be found, and says what is missing where not.
#[test]
fn a_saved_model_without_its_data() {
    let folder = Folder::new("predict-own-rows");
    let csv = folder.run(&["data", "sleepstudy", "--csv"]);
    folder.write("sleep.csv", &csv.out);
    let fit = folder.run(&[
        "fit",
        "Reaction ~ Days + (Days | Subject)",
        "sleep.csv",
        "--save",
        "m.json",
    ]);
    assert_eq!(fit.code, Some(0), "{fit:?}");
    let own = folder.run(&["predict", "m.json"]);
    assert_eq!(
        (own.code, own.out.lines().count()),
        (Some(0), 181),
        "{own:?}"
    );
    std::fs::remove_file(folder.path().join("sleep.csv")).expect("a file");
    let gone = folder.run(&["predict", "m.json", "--json"]);
    assert_eq!(gone.code, Some(1), "{gone:?}");
    gone.fails_with("needs_rows");
}

/// Code of ordinal models: categories in their order, quadrature where it was asked for.
#[test]
fn code_of_ordinal_models() {
    let folder = Folder::new("ordinal-code");
    let code = |to: &str, more: &[&str]| {
        let start = [
            "code", "--to", to, "-f", MODEL[0], MODEL[1], MODEL[2], "ordinal",
        ];
        folder.run(&[&start[..], more].concat()).out
    };
    let r = code("r", &["--agq", "5"]);
    assert!(
        r.contains("levels = c(\"no\", \"perhaps\", \"yes\"), ordered = TRUE)"),
        "{r}"
    );
    assert!(r.contains("nAGQ = 5"), "{r}");
    let stata = code("stata", &["--agq", "5", "--penalty", "2.5"]);
    assert!(
        stata.contains("intmethod(mvaghermite) intpoints(5)"),
        "{stata}"
    );
    assert!(
        stata.contains("1 \"no\" 2 \"perhaps\" 3 \"yes\""),
        "{stata}"
    );
    assert!(stata.contains("NOT TRANSLATED: the penalty"), "{stata}");
    assert!(!stata.contains("noconstant"), "{stata}");
    assert!(code("stata", &[]).contains("intmethod(laplace)"));
    folder.write(
        "ratings.csv",
        "rating,g\n1,a\n2,a\n3,b\n1,b\n2,c\n3,c\n2,d\n1,d\n",
    );
    let numbers = folder.run(&[
        "code",
        "--to",
        "r",
        "-f",
        "rating ~ 1 + (1 | g)",
        "ratings.csv",
        "--family",
        "ordinal",
    ]);
    assert!(
        numbers
            .out
            .contains("levels = c(\"1\", \"2\", \"3\"), ordered = TRUE)"),
        "{numbers:?}"
    );
}
