//! What people type who come from elsewhere, and what they are told.
#![allow(missing_docs)]

mod support;

use support::{Answer, Folder, SLEEP};

#[track_caller]
fn usage(arguments: &[&str], text: &str) {
    let caller = std::panic::Location::caller().line();
    let answer = Folder::new(&format!("habits-{caller}")).run(arguments);
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert_eq!(answer.err.trim_end(), text, "{answer:?}");
}

#[test]
fn reml_is_no_option() {
    usage(
        &["fit", SLEEP, "sleepstudy", "--REML=FALSE"],
        "error: there is no option `--REML`\nhelp: say `--ml` for maximum likelihood",
    );
    usage(
        &["fit", SLEEP, "sleepstudy", "--reml"],
        "error: there is no option `--reml`\n\
         help: leave it out: models are fitted by REML unless `--ml` is given",
    );
    usage(
        &["fit", "-f", SLEEP, "sleepstudy"],
        "error: there is no option `-f`\nhelp: formula and data need no option: `ranef fit FORMULA DATA`",
    );
    let json = Folder::new("habits-json").run(&["fit", SLEEP, "sleepstudy", "--REML=F", "--json"]);
    assert_eq!(json.code, Some(2));
    assert_eq!(
        json.json()["error"]["hint"],
        "say `--ml` for maximum likelihood"
    );
}

#[test]
fn data_and_formula_are_swapped() {
    usage(
        &["fit", "sleepstudy", SLEEP],
        "error: `sleepstudy` is no formula, and `Reaction ~ Days + (Days | Subject)` is one: they \
         are swapped\nhelp: the formula comes first: `'Reaction ~ Days + (Days | Subject)' sleepstudy`",
    );
    usage(
        &["effects", "-f", "sleepstudy", SLEEP],
        "error: `sleepstudy` is no formula, and `Reaction ~ Days + (Days | Subject)` is one: they \
         are swapped\nhelp: the formula comes first: `'Reaction ~ Days + (Days | Subject)' sleepstudy`",
    );
    // A file may be called anything.
    let folder = Folder::new("habits-tilde");
    folder.write("y~x", "y,x,g\n1,2,a\n");
    let answer = folder.run(&["fit", "y", "y~x"]);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    assert!(!answer.err.contains("swapped"), "{answer:?}");
}

#[test]
fn commands_of_r() {
    for (typed, ours) in [
        ("lmer", "ranef fit"),
        ("ranef", "ranef effects"),
        ("coef", "ranef effects"),
        ("VarCorr", "ranef summary"),
        ("fixef", "ranef tidy"),
        ("hatvalues", "ranef augment"),
        ("emmeans", "ranef means"),
        ("ranova", "ranef drop"),
        ("tab_model", "ranef table"),
        ("AIC", "ranef glance"),
    ] {
        let answer = Folder::new(&format!("habits-{typed}")).run(&[typed, "model.json"]);
        assert_eq!(answer.code, Some(2), "{answer:?}");
        assert!(
            answer
                .err
                .starts_with(&format!("error: there is no command `{typed}`")),
            "{answer:?}"
        );
        assert!(answer.err.contains(&format!("`{ours}`")), "{answer:?}");
    }
    usage(
        &[SLEEP, "sleepstudy"],
        "error: `Reaction ~ Days + (Days | Subject)` is a formula, where a command should be\n\
         help: fit it: `ranef fit 'Reaction ~ Days + (Days | Subject)' DATA`",
    );
}

#[test]
fn the_data_of_a_tutorial_are_built_in() {
    let folder = Folder::new("habits-data");
    folder.run(&["fit", SLEEP, "sleepstudy.csv"]).fails_saying(
        "error: there is no file sleepstudy.csv\n\
         help: did you mean the built-in data set `sleepstudy`?",
    );
    folder.write("sleepstudi.csv", "a,b\n1,2\n");
    let near: Answer = folder.run(&["fit", SLEEP, "sleepstudy.csv"]);
    assert!(
        near.err.contains("did you mean `sleepstudi.csv`?"),
        "{near:?}"
    );
}

#[test]
fn a_comment_above_the_header() {
    let folder = Folder::new("habits-comment");
    folder.write("data.csv", "# measured in 2020\ny,x,g\n1,2,a\n");
    folder.run(&["fit", "y ~ x + (1 | g)", "data.csv"]).fails_saying(
        "error: data.csv, line 1: a comment (it begins with `#`), where the names of the columns \
         should be\nhelp: take such lines out: `grep -v '^#' data.csv > without_comments.csv`",
    );
}

#[test]
fn new_data_without_a_column() {
    let folder = Folder::new("habits-new");
    folder
        .run(&["fit", SLEEP, "sleepstudy", "--save", "m.json"])
        .succeeds();
    folder.write("new.csv", "days,Subject\n0,308\n");
    let answer = folder.run(&["predict", "m.json", "new.csv"]);
    assert_eq!(answer.code, Some(1));
    for needle in ["`new.csv`", "`Days`", "did you mean `days`?"] {
        assert!(answer.err.contains(needle), "{answer:?}");
    }
}
