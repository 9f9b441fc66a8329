//! The words of the commands: sentences that say what is unusual in a model, and lines that fit.

mod support;

use support::{Answer, Folder, SLEEP};

/// A text without its line ends.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(answer: &Answer, text: &str) {
    assert!(flat(&answer.out).contains(text), "{}", answer.out);
}

/// `y` depends on `x`, in eight groups, with columns of weights and of an offset.
fn weighted() -> String {
    let mut out = "g,x,y,two,w\n".to_owned();
    for row in 0..80 {
        let (g, x) = (row / 10, f64::from(row % 10));
        let noise = f64::from((row * 37) % 11) / 3.0;
        out += &format!("{g},{x},{},2,{}\n", x + noise + f64::from(g), 1 + row % 5);
    }
    out
}

/// The groups have a coefficient that the fixed effects have under no name, or not at all.
#[test]
fn pooling_explains_coefficients_without_a_fixed_effect() {
    let folder = Folder::new("pool-words");
    let run = |formula: &str, data: &str| folder.run(&["pool", formula, data]).succeeds();
    let cells = run("score ~ 0 + Machine + (1 | Worker)", "Machines");
    says(
        &cells,
        "The fixed effects have no `(Intercept)` of its own: that of a group is what `MachineC` \
         gives it with `MachineA` and `MachineB` at zero.",
    );
    let json = folder.run(&[
        "pool",
        "score ~ 0 + Machine + (1 | Worker)",
        "Machines",
        "--json",
    ]);
    let fixed = &json.succeeds().json()["fixed"];
    // −13.92 would be a difference from machine C under the name of the mean of machine A.
    assert!(fixed[0]["no_pooling"].is_null(), "{fixed}");
    let through_zero = run("Reaction ~ 0 + Days + (1 | Subject)", "sleepstudy");
    says(
        &through_zero,
        "The fixed effects have no `(Intercept)`: complete pooling takes it for zero in every group",
    );
    let several = run("score ~ 1 + (0 + Machine | Worker)", "Machines");
    says(
        &several,
        "The fixed effects have no `MachineA`, `MachineB` and `MachineC` of their own: those of a \
         group are what `(Intercept)` gives it.",
    );
    let usual = run(SLEEP, "sleepstudy");
    assert!(!flat(&usual.out).contains("fixed effects have no"));
}

/// A name of a group that is a number is not a number of groups.
#[test]
fn pooling_keeps_counts_and_names_apart() {
    let folder = Folder::new("pool-names");
    let formula = "Reaction ~ Days * grp + (Days | Subject)";
    says(
        &folder.run(&["pool", formula, "sleep_unbal"]).succeeds(),
        "Pooling changes the sign of 1 group (Subject `309`), and none is significant alone but no \
         longer with pooling.",
    );
    says(
        &folder.run(&["pool", SLEEP, "sleepstudy"]).succeeds(),
        "Pooling changes the sign of no group, and none is significant alone",
    );
}

#[test]
fn models_without_fixed_effects_are_said_to_have_none() {
    let folder = Folder::new("no-fixed");
    let formula = "diameter ~ 0 + (1 | plate) + (1 | sample)";
    let r2 = folder.run(&["r2", "-f", formula, "Penicillin"]).succeeds();
    assert!(!r2.out.contains("-0.0"), "{}", r2.out);
    for form in [&["--json"][..], &["--rows", "--json"]] {
        let arguments = [&["influence", "-f", formula, "Penicillin"], form].concat();
        folder.run(&arguments).fails_with("no_fixed_effects");
    }
    let check = folder.run(&["check", "-f", formula, "Penicillin"]);
    says(
        &check.succeeds(),
        "The model has no fixed effects that could move.",
    );
}

#[test]
fn comparisons_name_weights_and_offsets_that_differ() {
    let folder = Folder::new("compare-weights");
    folder.write("w.csv", weighted());
    let save = |name: &str, more: &[&str]| {
        let fit = ["fit", "y ~ x + (1 | g)", "w.csv", "--ml", "--save", name];
        folder.run(&[&fit, more].concat()).succeeds();
    };
    save("plain.json", &[]);
    save("two.json", &["--weights", "two"]);
    save("w.json", &["--weights", "w"]);
    save("offset.json", &["--offset", "w"]);
    let answer = folder
        .run(&["compare", "plain.json", "w.json", "offset.json"])
        .succeeds();
    assert!(answer.out.contains("(weights w)"), "{}", answer.out);
    assert!(answer.out.contains("(offset w)"), "{}", answer.out);
    says(
        &answer,
        "The models have different weights: m1 has none, m2 has `w`, m3 has none.",
    );
    says(
        &answer,
        "The models have different offsets: m1 has none, m2 has none, m3 has `w`.",
    );
    let json = folder.run(&["compare", "plain.json", "two.json", "--json"]);
    let json = json.succeeds().json();
    assert_eq!(json["rows"][1]["weights"], "two");
    assert_eq!(json["notes"][0]["code"], "different_weights");
    // Equal weights are no weights: the likelihoods are of one response, whatever the weights.
    let [a, b] = [0, 1].map(|row| json["rows"][row]["loglik"].as_f64().expect("a number"));
    assert!((a - b).abs() < 1e-8, "{a} {b}");
    let same = folder.run(&["compare", "w.json", "w.json", "--json"]);
    let notes = same.succeeds().json()["notes"].to_string();
    assert!(!notes.contains("different_weights"), "{notes}");
}

#[test]
fn parameters_are_found_by_term_and_by_slips() {
    let folder = Folder::new("parm");
    let parm = |formula: &str, data: &str, name: &str| {
        folder.run(&[
            "confint", "-f", formula, data, "--method", "wald", "--parm", name, "--json",
        ])
    };
    let cake = "angle ~ recipe + temp + (1 | recipe:replicate)";
    let names = |answer: Answer| -> Vec<String> {
        let rows = answer.succeeds().json()["rows"].clone();
        let rows = rows.as_array().expect("rows");
        rows.iter()
            .map(|r| format!("{} {}", r["group"], r["parameter"]))
            .collect()
    };
    assert_eq!(
        names(parm(cake, "cake", "recipe")),
        ["null \"recipeB\"", "null \"recipeC\""]
    );
    let hint = |answer: Answer| {
        answer.fails_with("unknown_parameter");
        answer.json()["error"]["hint"].to_string()
    };
    assert!(hint(parm(cake, "cake", "recpie")).contains("did you mean `recipe`?"));
    let crossed = "diameter ~ 1 + (1 | plate) + (1 | sample)";
    assert_eq!(
        names(parm(crossed, "Penicillin", "sd__(Intercept)")),
        [
            "\"plate\" \"sd__(Intercept)\"",
            "\"sample\" \"sd__(Intercept)\""
        ]
    );
    let all = hint(parm(crossed, "Penicillin", "nothing"));
    assert!(
        all.contains("`plate.sd__(Intercept)`, `sample.sd__(Intercept)`"),
        "{all}"
    );
}

/// Sentences are set in lines of 80 columns where no terminal says otherwise.
#[test]
fn sentences_are_wrapped() {
    let folder = Folder::new("wrapped");
    let oats = "yield ~ nitro + Variety + (1 | Block/Variety)";
    for arguments in [
        vec!["confint", "-f", SLEEP, "sleepstudy"],
        vec!["confint", "-f", SLEEP, "sleepstudy", "--method", "wald"],
        vec!["robust", "-f", oats, "Oats"],
        vec!["icc", "-f", SLEEP, "sleepstudy"],
        vec!["means", "-f", oats, "Oats", "--by", "Variety", "--pairwise"],
        vec![
            "influence",
            "-f",
            "Reaction ~ 1 + (1 | Subject)",
            "sleepstudy",
        ],
        vec![
            "within-between",
            "weight ~ Time + (1 | Chick)",
            "ChickWeight",
            "--of",
            "Time",
        ],
        vec![
            "fixed-effects",
            "weight ~ Time + (1 | Chick)",
            "ChickWeight",
        ],
        vec!["check", "-f", oats, "Oats"],
    ] {
        let answer = folder.run(&arguments).succeeds();
        // Tables are as wide as they are: their lines begin with a blank.
        for line in answer.out.lines().filter(|l| !l.starts_with(' ')) {
            assert!(line.chars().count() <= 80, "{arguments:?}: {line}");
        }
    }
}

/// The rule for few groups reads alike wherever it is said.
#[test]
fn few_groups_are_one_rule() {
    let folder = Folder::new("few-groups");
    let formula = "score ~ Machine + (1 | Worker)";
    let rule = "Rule for few groups: `Worker` has 6 levels; prefer Kenward and Roger's degrees of \
                freedom (--df kenward-roger).";
    says(&folder.run(&["fit", formula, "Machines"]).succeeds(), rule);
    for command in ["anova", "check"] {
        says(
            &folder.run(&[command, "-f", formula, "Machines"]).succeeds(),
            rule,
        );
    }
}
