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
            "-f",
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
    // A generalised model has no degrees of freedom to prefer.
    folder.write("w.csv", weighted());
    says(
        &folder
            .run(&["fit", "w ~ x + (1 | g)", "w.csv", "--family", "poisson"])
            .succeeds(),
        "Rule for few groups: `g` has 8 levels; its variance is uncertain, and z tests of what \
         varies between its levels are too sure.",
    );
}

/// A comparison's formula, data and model may be given as everywhere else.
#[test]
fn within_between_takes_a_saved_model_and_dash_f() {
    let folder = Folder::new("wb-forms");
    let formula = "weight ~ Time + (1 | Chick)";
    let more = ["--of", "Time", "--json"];
    let run = |first: &[&str]| {
        let arguments = [&["within-between"], first, &more].concat();
        folder.run(&arguments).succeeds().json()
    };
    folder
        .run(&["fit", formula, "ChickWeight", "--save", "chick.json"])
        .succeeds();
    let want = run(&[formula, "ChickWeight"]);
    assert_eq!(run(&["-f", formula, "ChickWeight"]), want);
    assert_eq!(run(&["chick.json"]), want);
    assert_eq!(run(&["chick.json", "--data", "ChickWeight"]), want);
    for (arguments, message) in [
        (&["chick.json", "--ml"][..], "`--ml` is for a formula"),
        (&[formula], "there are no data to fit it to"),
        (&["ChickWeight", formula], "they are swapped"),
    ] {
        for command in ["within-between", "pool"] {
            let of: &[&str] = if command == "pool" {
                &[]
            } else {
                &["--of", "Time"]
            };
            let answer = folder.run(&[&[command], arguments, of].concat());
            assert_eq!(answer.code, Some(2), "{answer:?}");
            assert!(flat(&answer.err).contains(message), "{answer:?}");
        }
    }
}

/// 1 where another model or other data would have had the name; 2 where nothing would have helped.
#[test]
fn unknown_names_and_wrong_usage_end_differently() {
    let folder = Folder::new("exit-codes");
    let oats = "yield ~ nitro + Variety + (1 | Block/Variety)";
    let code = |command: &str, more: &[&str]| {
        let arguments = [&[command, "-f", oats, "Oats"], more].concat();
        folder.run(&arguments).code
    };
    for (command, more) in [
        ("predict", &["--re", "some"][..]),
        ("means", &["--by", "some"]),
        ("confint", &["--parm", "some"]),
        ("test", &["--contrast", "some"]),
        ("pool", &["--group", "some"]),
        ("slopes", &["--of", "some", "--over", "nitro"]),
        ("influence", &["--group", "some"]),
    ] {
        assert_eq!(code(command, more), Some(1), "{command} {more:?}");
    }
    for (command, more) in [
        ("compare", &[][..]),
        ("means", &["--by", "Variety", "--within", "Variety"]),
        ("means", &["--by", "nitro", "--within", "nitro"]),
        ("means", &["--by", "nitro", "--trend", "nitro"]),
        ("test", &["--contrast", ""]),
        ("test", &["--contrast", "1 = 2"]),
        ("slopes", &["--of", "nitro", "--over", "nitro"]),
        ("predict", &["--level", "0.8"]),
    ] {
        assert_eq!(code(command, more), Some(2), "{command} {more:?}");
    }
    folder
        .run(&["fit", oats, "Oats", "--save", "oats.json"])
        .succeeds();
    assert_eq!(folder.run(&["predict", "oats.json"]).code, Some(0));
    assert_eq!(folder.run(&["compare", "oats.json"]).code, Some(2));
    // What the model does not have is no fault of the new data.
    let unknown = folder.run(&["predict", "oats.json", "Oats", "--re", "some"]);
    assert!(
        unknown
            .err
            .starts_with("error: the model has no random effects"),
        "{unknown:?}"
    );
}

#[test]
fn wrongly_typed_numbers_are_refused_in_plain_words() {
    let folder = Folder::new("numbers");
    for (command, option, value) in [
        ("anova", "--type", "third"),
        ("anova", "--type", "4"),
        ("check", "--seed", "x"),
        ("check", "--replicates", "0"),
        ("icc", "--at", "x"),
        ("icc", "--level", "95"),
        ("icc", "--threads", "0"),
        ("icc", "--decimal", "point"),
        ("icc", "--agq", "1.5"),
    ] {
        let answer = folder.run(&[command, "-f", SLEEP, "sleepstudy", option, value]);
        assert_eq!(answer.code, Some(2), "{answer:?}");
        assert!(answer.err.contains(": give "), "{answer:?}");
        for jargon in ["invalid digit", "float", "parse", "..="] {
            assert!(!answer.err.contains(jargon), "{answer:?}");
        }
    }
}

#[test]
fn wald_tests_without_degrees_of_freedom_are_headed_chisq() {
    let folder = Folder::new("chisq");
    let oats = "yield ~ nitro + Variety + (1 | Block/Variety)";
    let run = |form: &[&str]| {
        let arguments = [&["anova", "-f", oats, "Oats", "--df", "none"], form].concat();
        folder.run(&arguments).succeeds()
    };
    let text = run(&[]).out;
    assert!(
        text.contains("Chisq  Pr(>Chisq)") && !text.contains("F value"),
        "{text}"
    );
    let row = &run(&["--json"]).json()["rows"][1];
    let number = |field: &str| row[field].as_f64().expect("a number");
    // F = 1.485 on two degrees of freedom.
    assert!((number("chisq") - 2.0 * number("f")).abs() < 1e-12, "{row}");
    assert!((number("f") - 1.4853).abs() < 1e-3, "{row}");
    let with_f = folder
        .run(&["anova", "-f", oats, "Oats", "--json"])
        .succeeds();
    assert!(with_f.json()["rows"][0]["chisq"].is_null());
}

#[test]
fn slopes_say_that_they_do_not_differ() {
    let folder = Folder::new("slopes-alike");
    let run = |formula: &str, form: &[&str]| {
        let slopes = [
            "slopes", "-f", formula, "Oats", "--of", "nitro", "--over", "Variety",
        ];
        folder.run(&[&slopes, form].concat()).succeeds()
    };
    let (sum, product) = (
        "yield ~ nitro + Variety + (1 | Block)",
        "yield ~ nitro * Variety + (1 | Block)",
    );
    says(
        &run(sum, &[]),
        "The model has no interaction of nitro and Variety: the slope of nitro is the same at every \
         Variety.",
    );
    assert!(!run(product, &[]).out.contains("no interaction"));
    assert_eq!(run(sum, &["--json"]).json()["depends"], false);
    assert_eq!(run(product, &["--json"]).json()["depends"], true);
}

#[test]
fn equations_with_values_list_no_symbols() {
    let folder = Folder::new("values");
    let run = |more: &[&str]| {
        let equations = [
            "equations",
            "-f",
            "Reaction ~ Days + (Days | Subject)",
            "sleepstudy",
        ];
        folder.run(&[&equations, more].concat()).succeeds().out
    };
    assert!(run(&[]).contains("γ₀₀     (Intercept)"));
    let values = run(&["--values"]);
    assert!(
        !values.contains('γ') && !values.contains("with\n"),
        "{values}"
    );
}

/// An R² with less behind it than chance has an interval above it.
#[test]
fn intervals_above_their_estimate_are_explained() {
    let folder = Folder::new("above");
    let answer = folder
        .run(&[
            "r2",
            "-f",
            "angle ~ recipe * temperature + (1 | recipe:replicate)",
            "cake",
        ])
        .succeeds();
    says(
        &answer,
        "The interval of a semi-partial R² of `recipe:temperature`",
    );
    let usual = folder.run(&["r2", "-f", SLEEP, "sleepstudy"]).succeeds();
    assert!(!usual.out.contains("lies above its estimate"));
}

#[test]
fn columns_that_are_not_what_they_seem_are_named() {
    let folder = Folder::new("columns");
    let mut doubled = "g,x,y,x,big\n".to_owned();
    let mut text = "g,x,y\n".to_owned();
    for row in 0..40 {
        let noise = f64::from((row * 37) % 11);
        let y = noise + f64::from(row % 7);
        doubled += &format!("{},{},{y},{},{}\n", row / 5, row % 7, row % 3, 1e9 + noise);
        text += &format!("{},a{row},{y}\n", row / 5);
    }
    folder.write("doubled.csv", doubled);
    folder.write("text.csv", text);
    let fit = |formula: &str, data: &str| folder.run(&["fit", formula, data]);
    says(
        &fit("y ~ x.1 + (1 | g)", "doubled.csv").succeeds(),
        "Is this the one that is meant? The column `x.1` is column 4 of the file, another one \
         called `x`.",
    );
    says(
        &fit("y ~ x + (1 | g)", "doubled.csv").succeeds(),
        "The column `x` is column 2 of the file, the first of 2 called `x`.",
    );
    let big = fit("y ~ big + (1 | g)", "doubled.csv").succeeds();
    says(
        &big,
        "so little beside its size that it cannot be told from the intercept.",
    );
    says(&big, "Centre it: write `scale(big)`, or `I(big - 1e+09)`.");
    assert!(!big.out.contains("the one that is meant"), "{}", big.out);
    for way_out in ["y ~ scale(big) + (1 | g)", "y ~ I(big - 1e+09) + (1 | g)"] {
        let centred = fit(way_out, "doubled.csv").succeeds();
        assert!(!centred.out.contains("not estimated"), "{}", centred.out);
    }
    let answer = fit("y ~ x + (1 | g)", "text.csv");
    assert_eq!(answer.code, Some(1));
    assert!(
        answer
            .err
            .contains("40 rows are too few for 40 fixed effects: `x` is a category with 40 levels"),
        "{answer:?}"
    );
    fit("y ~ x + (1 | g)", "nofile.csv").fails_saying(
        "error: there is no file nofile.csv\nhelp: check the spelling and the folder; `ranef data` \
         lists the built-in data sets",
    );
    let model = folder.run(&["summary", "nofile.json"]);
    assert!(
        model
            .err
            .starts_with("error: there is no file `nofile.json`\n"),
        "{model:?}"
    );
}

#[test]
fn new_levels_are_said_in_the_words_of_the_interval() {
    let folder = Folder::new("new-levels");
    folder.write("new.csv", "Days,Subject\n3,nobody\n");
    let run = |more: &[&str]| {
        let predict = ["predict", "-f", SLEEP, "sleepstudy", "new.csv"];
        flat(&folder.run(&[&predict, more].concat()).succeeds().err)
    };
    let seen = "1 row has a level of `Subject` that the model has not seen; there";
    assert!(run(&[]).contains(&format!("{seen} `Subject` counts as average")));
    let interval = run(&["--interval", "prediction"]);
    assert!(
        interval.contains(&format!(
            "{seen} the prediction is that of an average `Subject`, and the interval takes in how \
             far groups differ"
        )),
        "{interval}"
    );
}

/// Without an intercept the within estimator differs because of the intercepts that it brings.
#[test]
fn no_hausman_test_without_an_intercept() {
    let folder = Folder::new("no-constant");
    let run = |formula: &str| folder.run(&["fixed-effects", "-f", formula, "sleepstudy", "--json"]);
    let codes = |answer: &Answer| -> Vec<String> {
        let warnings = answer.json()["warnings"]
            .as_array()
            .expect("warnings")
            .clone();
        let code = |w: &serde_json::Value| w["code"].as_str().unwrap_or_default().to_owned();
        warnings.iter().map(code).collect()
    };
    let without = run("Reaction ~ 0 + Days + (1 | Subject)");
    assert_eq!(
        without.json()["tests"].as_array().map(Vec::len),
        Some(0),
        "{without:?}"
    );
    assert!(
        codes(&without).contains(&"no_intercept".to_owned()),
        "{without:?}"
    );
    let with = run("Reaction ~ Days + (1 | Subject)");
    assert!(
        !codes(&with).contains(&"no_intercept".to_owned()),
        "{with:?}"
    );
    assert_eq!(with.json()["tests"][0]["test"], "hausman", "{with:?}");
}

/// Built-in subjects are levels whose names are numbers: the message names one of them.
#[test]
fn levels_that_look_like_numbers_are_named() {
    let folder = Folder::new("words-levels");
    for formula in [
        "Subject ~ Days + (1 | Days)",
        "Reaction ~ log(Subject) + (1 | Days)",
    ] {
        let answer = folder.run(&["fit", formula, "sleepstudy"]);
        assert_eq!(answer.code, Some(1));
        assert!(
            answer
                .err
                .contains("`Subject` is text: row 1 holds \"308\""),
            "{answer:?}"
        );
        assert!(answer.err.contains("kept as categories"), "{answer:?}");
    }
}

/// The standard deviation by maximum likelihood has the number of rows as its divisor.
#[test]
fn least_squares_by_maximum_likelihood() {
    let folder = Folder::new("words-ml");
    let of = |more: &[&str]| {
        let words = [&["summary", "-f", "Reaction ~ Days", "sleepstudy"], more].concat();
        folder.run(&words).out
    };
    // R 4.2.2: summary(lm(Reaction ~ Days, sleepstudy))$sigma, and the same times sqrt(178/180).
    assert!(of(&[]).contains("Residual standard error: 47.71 on 178 degrees of freedom"));
    let ml = of(&["--ml"]);
    assert!(
        ml.contains("Residual standard deviation: 47.45 by maximum likelihood (divisor 180)"),
        "{ml}"
    );
}
