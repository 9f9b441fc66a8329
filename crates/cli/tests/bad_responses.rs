//! Responses that a family does not take: exit code 1, the column, the first such row, the way out.

mod support;

use support::{Answer, Folder};

/// Eighty rows of eight groups; `cell` gives what stands before the group and `x`.
fn table(head: &str, cell: impl Fn(usize) -> String) -> String {
    let rows = (0..80).map(|i| {
        let x = ((i * 37) % 80) as f64 / 40.0 - 1.0;
        format!("{},g{},{x}\n", cell(i), i % 8)
    });
    format!("{head},g,x\n{}", rows.collect::<String>())
}

/// Counts from 0 to 4.
fn count(i: usize) -> usize {
    (i * 7 + i / 5) % 5
}

#[track_caller]
fn fit(data: &str, formula: &str, options: &[&str]) -> Answer {
    let caller = std::panic::Location::caller().line();
    let folder = Folder::new(&format!("responses-{caller}"));
    folder.write("data.csv", data);
    let mut all = vec!["fit", formula, "data.csv"];
    all.extend(options);
    folder.run(&all)
}

#[test]
fn counts_that_are_none() {
    let f = "y ~ x + (1 | g)";
    let negative = table("y", |i| {
        if i == 4 {
            "-1".into()
        } else {
            count(i).to_string()
        }
    });
    fit(&negative, f, &["--family", "poisson"]).fails_saying(
        "error: the response `y` is -1 in row 5, which the poisson family does not have: a count cannot be negative
help: for amounts rather than counts try gamma (positive numbers) or gaussian",
    );
    let broken = table("y", |i| {
        if i == 6 {
            "1.5".into()
        } else {
            count(i).to_string()
        }
    });
    fit(&broken, f, &["--family", "nbinom2"]).fails_saying(
        "error: the response `y` is 1.5 in row 7, which the nbinom2 family does not have: a count has to be a whole number
help: for amounts rather than counts try gamma (positive numbers) or gaussian",
    );
    let zero = table("y", |i| {
        if i == 3 {
            "0".into()
        } else {
            (1 + count(i)).to_string()
        }
    });
    let answer = fit(&zero, f, &["--family", "truncated-poisson"]);
    assert!(answer.err.contains("is 0 in row 4"), "{answer:?}");
    let answer = fit(&zero, f, &["--family", "gamma"]);
    assert!(answer.err.contains("is 0 in row 4"), "{answer:?}");
    assert!(answer.err.contains("above zero"), "{answer:?}");
}

#[test]
fn proportions_and_trials() {
    let f = "y ~ x + (1 | g)";
    let above = table("y,n", |i| {
        if i == 2 {
            "1.2,10".into()
        } else {
            "0.4,10".into()
        }
    });
    fit(&above, f, &["--family", "binomial", "--weights", "n"]).fails_saying(
        "error: the proportion `y` is 1.2 in row 3, outside 0 to 1
help: give successes as `cbind(successes, failures)`, or divide percentages by 100",
    );
    let contradicted = table("y,n", |i| {
        if i == 5 {
            "0.35,10".into()
        } else {
            "0.4,10".into()
        }
    });
    fit(
        &contradicted,
        f,
        &["--family", "binomial", "--weights", "n"],
    )
    .fails_saying(
        "error: row 6 has 0.35 of 10 trials as successes in `y`, which is 3.5: no whole number
help: the weights of proportions are their numbers of trials",
    );
    let more = table("s,n", |i| if i == 7 { "9,8".into() } else { "2,8".into() });
    let answer = fit(
        &more,
        "cbind(s, n - s) ~ x + (1 | g)",
        &["--family", "binomial"],
    );
    assert!(answer.err.contains("is -1 in row 8"), "{answer:?}");
    assert!(
        answer.err.contains("more successes than trials"),
        "{answer:?}"
    );
    let answer = fit(&above, f, &["--family", "beta"]);
    assert!(answer.err.contains("`y` is 1.2 in row 3"), "{answer:?}");
}

#[test]
fn answers_of_other_kinds() {
    let f = "y ~ x + (1 | g)";
    let three = table("y", |i| ["a", "b", "c"][i % 3].to_owned());
    let answer = fit(&three, f, &["--family", "binomial"]);
    assert!(
        answer.err.contains("has 3 levels, but two are needed"),
        "{answer:?}"
    );
    assert!(answer.err.contains("--family ordinal"), "{answer:?}");
    let number = table("y", |i| count(i).to_string());
    let answer = fit(&number, f, &["--family", "binomial"]);
    assert!(
        answer.err.contains("but a binomial response is 0 or 1"),
        "{answer:?}"
    );
    assert!(answer.err.contains("--family poisson"), "{answer:?}");
    let one = table("y", |_| "1".to_owned());
    let answer = fit(&one, f, &["--family", "binomial"]);
    assert!(answer.err.contains("nothing to explain"), "{answer:?}");
    let failures = table("s,f", |i| format!("0,{}", 3 + i % 2));
    fit(
        &failures,
        "cbind(s, f) ~ x + (1 | g)",
        &["--family", "binomial"],
    )
    .fails_saying(
        "error: every trial of the response `cbind(s, f)` is a failure: there is nothing to explain
help: look at how the response is coded: the first level, or 0, is failure",
    );
}

#[test]
fn offsets_that_are_infinite() {
    let data = table("y,e", |i| {
        format!("{},{}", count(i), if i == 9 { 0 } else { 2 })
    });
    let f = "y ~ x + (1 | g) + offset(log(e))";
    let answer = fit(&data, f, &["--family", "poisson"]);
    assert_eq!(answer.code, Some(1));
    assert!(answer.err.contains("row 10"), "{answer:?}");
    assert!(answer.err.contains("log(e)"), "{answer:?}");
}

#[test]
fn families_and_choices_that_do_not_exist() {
    let f = "y ~ x + (1 | g)";
    let data = table("y", |i| count(i).to_string());
    for (options, code) in [
        (&["--family", "poison"][..], "unknown_family"),
        (&["--family", "poisson:logg"], "unknown_link"),
        (&["--family", "poisson:probit"], "link_not_allowed"),
        (
            &["--family", "poisson", "--agq", "500"],
            "agq_too_many_points",
        ),
        (&["--agq", "9"], "agq_gaussian"),
        (&["--penalty", "2.5"], "penalty_gaussian"),
    ] {
        let mut all = options.to_vec();
        all.push("--json");
        let answer = fit(&data, f, &all);
        assert_eq!(answer.json()["error"]["code"], code, "{answer:?}");
        assert!(answer.json()["error"]["hint"].is_string(), "{answer:?}");
    }
    let answer = fit(
        &data,
        "y ~ x + (1 | g) + (1 | x)",
        &["--family", "poisson", "--agq", "5"],
    );
    assert!(
        answer.err.contains("needs one grouping factor"),
        "{answer:?}"
    );
}

/// A level in which every answer is yes, and a predictor that tells yes from no: both have no finite
/// estimate, which is said, and a weak prior gives one.
#[test]
fn separation_is_named() {
    let answer = |i: usize| if i % 4 == 3 { 1 } else { (i * 5 + i / 3) % 2 };
    let level = table("y,f", |i| {
        format!("{},{}", answer(i), ["A", "B", "C", "D"][i % 4])
    });
    let code = |answer: &Answer| -> Vec<String> {
        let notes = answer.json()["warnings"].as_array().expect("notes").clone();
        let texts = notes.iter().filter(|n| n["code"] == "separation");
        texts
            .map(|n| n["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let options = ["--family", "binomial", "--json"];
    let found = code(&fit(&level, "y ~ f + (1 | g)", &options));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("`fD` (every response is 1 in the rows of it)"),
        "{found:?}"
    );
    let told = table("y", |i| usize::from((i * 37) % 80 > 39).to_string());
    let found = code(&fit(&told, "y ~ x + (1 | g)", &options));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("`x`"), "{found:?}");
    let held = fit(
        &level,
        "y ~ f + (1 | g)",
        &["--family", "binomial", "--penalty", "2.5", "--json"],
    );
    assert_eq!(code(&held), Vec::<String>::new());
    let effects = held.json()["fixed"]
        .as_array()
        .expect("fixed effects")
        .clone();
    for effect in effects {
        assert!(
            effect["estimate"].as_f64().is_some_and(|b| b.abs() < 8.0),
            "{effect}"
        );
    }
}
