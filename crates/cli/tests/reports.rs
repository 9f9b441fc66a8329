//! Reports from the command line: tidy, glance, augment, table, summary in other forms, code.
#![allow(missing_docs)]

mod support;

use support::{Folder, SLEEP};

const LEVELS: &str = "Reaction ~ Days + (1 | Subject)";

fn with_models(test: &str) -> Folder {
    let folder = Folder::new(test);
    for (formula, file) in [(SLEEP, "slopes.json"), (LEVELS, "levels.json")] {
        folder
            .run(&["fit", formula, "sleepstudy", "--save", file])
            .succeeds();
    }
    folder
}

fn header(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[test]
fn tidy_in_all_forms() {
    let folder = with_models("tidy");
    let csv = folder.run(&["tidy", "slopes.json", "--csv"]).succeeds().out;
    assert_eq!(
        header(&csv),
        "effect,group,term,estimate,std.error,statistic,df,p.value"
    );
    assert_eq!(csv.lines().count(), 7);
    let json = folder
        .run(&["tidy", "slopes.json", "--conf-int", "--json"])
        .succeeds()
        .json();
    assert_eq!(json["rows"][1]["term"], "Days");
    let low = json["rows"][1]["conf.low"].as_f64().expect("a number");
    assert!((low - 7.206).abs() < 1e-3, "{low}");
    for (file, start) in [
        ("t.csv", "effect,group"),
        ("t.json", "{\"rows\":[{\"effect\":\"fixed\""),
        ("t.md", "| Effect | Group | Term |"),
        ("t.tex", "% Needs"),
        ("t.html", "<!DOCTYPE html>"),
        ("t.txt", " Effect"),
    ] {
        let answer = folder.run(&["tidy", "slopes.json", "-o", file]).succeeds();
        assert_eq!(answer.out, "");
        assert!(
            folder.read(file).starts_with(start),
            "{file}: {}",
            folder.read(file)
        );
    }
    folder
        .run(&["tidy", "slopes.json", "-o", "t.parquet"])
        .succeeds();
    let bytes = std::fs::read(folder.path().join("t.parquet")).expect("a file");
    assert!(bytes.starts_with(b"PAR1"));
    let values = folder
        .run(&[
            "tidy",
            "slopes.json",
            "--effects",
            "ran_vals,ran_coefs",
            "--csv",
        ])
        .succeeds();
    assert_eq!(
        header(&values.out),
        "effect,group,level,term,estimate,std.error"
    );
    assert_eq!(values.out.lines().count(), 1 + 36 + 36);
}

#[test]
fn a_file_whose_format_is_not_clear_is_wrong_usage() {
    let folder = with_models("endings");
    let answer = folder.run(&["tidy", "slopes.json", "-o", "t.xlsx"]);
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert!(answer.err.contains(".parquet"), "{answer:?}");
    let nowhere = folder.run(&["tidy", "slopes.json", "-o", "none/t.csv"]);
    assert_eq!(nowhere.code, Some(1), "{nowhere:?}");
    assert!(
        nowhere.err.contains("cannot write `none/t.csv`"),
        "{nowhere:?}"
    );
}

#[test]
fn glance_of_one_and_of_several() {
    let folder = with_models("glance");
    let one = folder
        .run(&["glance", "slopes.json", "--csv"])
        .succeeds()
        .out;
    assert_eq!(
        header(&one),
        "nobs,sigma,logLik,AIC,BIC,REMLcrit,df.residual"
    );
    let two = folder
        .run(&["glance", "slopes.json", "levels.json", "--json"])
        .succeeds()
        .json();
    assert_eq!(two["rows"][0]["model"], "slopes");
    assert_eq!(two["rows"][1]["nobs"], 180);
    let fitted = folder
        .run(&[
            "glance",
            "-f",
            LEVELS,
            "-f",
            SLEEP,
            "sleepstudy",
            "--ml",
            "--csv",
        ])
        .succeeds()
        .out;
    assert_eq!(
        header(&fitted),
        "model,nobs,sigma,logLik,AIC,BIC,deviance,df.residual"
    );
    assert!(fitted.contains("Model 2,180,"), "{fitted}");
    folder
        .run(&["glance", "-f", LEVELS, "sleepstudy", "cake", "--json"])
        .is_misuse("one_data");
}

#[test]
fn augment_reads_its_rows_again() {
    let folder = with_models("augment");
    let csv = folder
        .run(&["augment", "slopes.json", "--csv"])
        .succeeds()
        .out;
    assert_eq!(
        header(&csv),
        "Reaction,Days,Subject,.fitted,.resid,.hat,.cooksd,.fixed,.mu,.offset,.sqrtXwt,.sqrtrwt,\
         .weights,.wtres"
    );
    assert_eq!(csv.lines().count(), 181);
    folder
        .run(&["augment", "slopes.json", "-o", "a.parquet"])
        .succeeds();
    // What was written is data again.
    let again = folder
        .run(&["fit", ".resid ~ 1 + (1 | Subject)", "a.parquet", "--json"])
        .succeeds()
        .json();
    assert_eq!(again["nobs"], 180);
    folder
        .run(&["augment", "slopes.json", "--data", "cake", "--json"])
        .fails_with("unknown_column");
}

#[test]
fn summaries_for_documents() {
    let folder = with_models("summaries");
    for (format, needle) in [
        ("text", "REML criterion at convergence: 1743.6"),
        ("markdown", "| Days | 10.47 | 1.55 |"),
        ("latex", "\\toprule"),
        ("html", "<th scope=\"row\" class=\"text\">Days</th>"),
        ("apa", "*t*(17) = 6.77"),
        (
            "display",
            "AIC = 1755.6, DIC = 1760.3\ndeviance = 1751.9 \n",
        ),
    ] {
        let answer = folder
            .run(&["summary", "slopes.json", "--format", format])
            .succeeds();
        assert!(answer.out.contains(needle), "{format}: {answer:?}");
    }
}

#[test]
fn tables_side_by_side() {
    let folder = with_models("tables");
    let text = folder
        .run(&["table", "levels.json", "slopes.json"])
        .succeeds()
        .out;
    assert!(text.contains("τ₁₁ Subject.Days"), "{text}");
    let latex = folder
        .run(&["table", "levels.json", "slopes.json", "--format", "latex"])
        .succeeds()
        .out;
    assert!(
        latex.contains("\\cmidrule(lr){2-4}\\cmidrule(lr){5-7}"),
        "{latex}"
    );
    let json = folder
        .run(&["table", "levels.json", "slopes.json", "--json"])
        .succeeds()
        .json();
    assert_eq!(json["models"][0], "levels");
    let effects = folder
        .run(&["effects", "slopes.json", "--format", "markdown"])
        .succeeds();
    assert!(
        effects.out.starts_with("| Group | Level | Term |"),
        "{effects:?}"
    );
}

#[test]
fn code_says_what_it_cannot() {
    let folder = with_models("code");
    let r = folder.run(&["code", "slopes.json", "--to", "r"]).succeeds();
    assert!(
        r.out
            .contains("fit <- lmer(Reaction ~ Days + (Days | Subject), data = sleepstudy)")
    );
    assert_eq!(r.err, "");
    folder
        .run(&["fit", LEVELS, "sleepstudy", "--ml", "--save", "ml.json"])
        .succeeds();
    let stata = folder.run(&["code", "ml.json", "--to", "stata"]).succeeds();
    assert!(stata.out.contains("// NOT TRANSLATED: "), "{stata:?}");
    assert!(stata.err.starts_with("note: not translated: "), "{stata:?}");
    let json = folder
        .run(&["code", "ml.json", "--to", "sas", "--json"])
        .succeeds()
        .json();
    assert_eq!(json["language"], "sas");
    assert_eq!(json["not_translated"].as_array().map(Vec::len), Some(0));
}
