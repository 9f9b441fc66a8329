//! `ranef report`: files, formats, saved models, errors.
#![allow(missing_docs)]

mod support;

use support::{Folder, SLEEP};

#[test]
fn the_ending_says_the_language() {
    let folder = Folder::new("report-endings");
    for (file, begins) in [
        ("a.html", "<!DOCTYPE html>"),
        ("b.md", "# Linear mixed model of Reaction\n"),
        ("c.tex", "\\documentclass"),
    ] {
        let answer = folder.run(&["report", "-f", SLEEP, "sleepstudy", "-o", file]);
        assert_eq!(answer.succeeds().out, "");
        assert!(folder.read(file).starts_with(begins), "{file}");
    }
    let page = folder.read("a.html");
    assert!(
        page.contains("<figure id=\"figure-coefficients\">")
            && !folder.path().join("a_files").exists()
    );
    let drawn = std::fs::read(folder.path().join("b_files/coefficients.svg")).expect("a figure");
    assert!(drawn.starts_with(b"<svg"));
    let drawn = std::fs::read(folder.path().join("c_files/coefficients.pdf")).expect("a figure");
    assert!(drawn.starts_with(b"%PDF"));
    // The format says it where the ending does not.
    folder
        .run(&[
            "report",
            "-f",
            SLEEP,
            "sleepstudy",
            "-o",
            "d.txt",
            "--format",
            "markdown",
            "--no-figures",
        ])
        .succeeds();
    assert!(folder.read("d.txt").starts_with("# Linear"));
    assert!(!folder.path().join("d_files").exists());
}

#[test]
fn without_a_file_it_is_printed() {
    let folder = Folder::new("report-stdout");
    let page = folder
        .run(&["report", "-f", SLEEP, "sleepstudy"])
        .succeeds()
        .out;
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>\n"));
    let text = folder
        .run(&["report", "-f", SLEEP, "sleepstudy", "--format", "latex"])
        .succeeds()
        .out;
    // What would lie beside it is not named.
    assert!(!text.contains("includegraphics"));
}

#[test]
fn saved_models_find_their_rows_or_say_how() {
    let folder = Folder::new("report-saved");
    let data = folder.run(&["data", "sleepstudy", "--csv"]).succeeds().out;
    folder.write("rows.csv", &data);
    let fit = [
        "fit", SLEEP, "rows.csv", "--factor", "Subject", "--save", "m.json",
    ];
    folder.run(&fit).succeeds();
    folder
        .run(&["report", "m.json", "-o", "with.md", "--no-figures"])
        .succeeds();
    let with = folder.read("with.md");
    assert!(with.contains("All 180 rows were used"), "{with}");
    assert!(!with.contains("are not at hand"), "{with}");
    assert!(
        with.contains("ranef fit 'Reaction ~ Days + (Days | Subject)' rows.csv --factor Subject --save model.json"),
        "{with}"
    );
    assert!(with.contains(
        "fit = rf.lmer(\"Reaction ~ Days + (Days | Subject)\", \"rows.csv\", factors=[\"Subject\"])"
    ));
    std::fs::rename(
        folder.path().join("rows.csv"),
        folder.path().join("moved.csv"),
    )
    .expect("moved");
    folder
        .run(&["report", "m.json", "-o", "without.md", "--no-figures"])
        .succeeds();
    assert!(folder.read("without.md").contains("are not at hand"));
    folder
        .run(&[
            "report",
            "m.json",
            "--data",
            "moved.csv",
            "-o",
            "again.md",
            "--no-figures",
        ])
        .succeeds();
    let numbers = |text: &str| text.split("## To repeat it").next().map(str::to_owned);
    assert_eq!(numbers(&folder.read("again.md")), numbers(&with));
    // Rows that were named must be there.
    let missing = ["report", "m.json", "--data", "nowhere.csv", "-o", "x.md"];
    assert_eq!(folder.run(&missing).code, Some(1));
    assert!(!folder.path().join("x.md").exists());
}

#[test]
fn what_cannot_be_written_is_said_before_the_work() {
    let folder = Folder::new("report-errors");
    let answer = folder.run(&["report", "-f", SLEEP, "sleepstudy", "-o", "report.docx"]);
    assert_eq!(answer.code, Some(2));
    assert!(
        answer.err.contains("report.docx") && answer.err.contains(".html"),
        "{}",
        answer.err
    );
    let answer = folder.run(&[
        "report",
        "-f",
        SLEEP,
        "sleepstudy",
        "-o",
        "no/such/folder/r.html",
    ]);
    assert_eq!(answer.code, Some(1));
    assert!(answer.err.contains("cannot write"), "{}", answer.err);
}

#[test]
fn code_repeats_the_fit() {
    let folder = Folder::new("report-code");
    let model = [
        "-f",
        "cbind(incidence, size - incidence) ~ period + (1 | herd)",
        "cbpp",
    ];
    let options = [
        "--family",
        "binomial:probit",
        "--agq",
        "5",
        "--contrasts",
        "sum",
    ];
    let all = [&["code"][..], &model, &options, &["--to", "command"]].concat();
    let command = folder.run(&all).succeeds().out;
    assert!(
        command.contains(
            "ranef fit 'cbind(incidence, size - incidence) ~ period + (1 | herd)' cbpp --family \
         binomial:probit --agq 5 --contrasts sum --save model.json"
        ),
        "{command}"
    );
    // What is written runs, and gives the same fit.
    let line = command
        .lines()
        .find(|l| l.starts_with("ranef fit"))
        .expect("a command");
    let words: Vec<String> = words(line).into_iter().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    folder.run(&words).succeeds();
    let saved = folder
        .run(&["summary", "model.json", "--json"])
        .succeeds()
        .out;
    let fresh = [&["summary"][..], &model, &options, &["--json"]].concat();
    let fresh = folder.run(&fresh).succeeds().out;
    let criterion = |text: &str| {
        let json: serde_json::Value = serde_json::from_str(text).expect("JSON");
        json["criterion"].as_f64().expect("a number")
    };
    assert_eq!(criterion(&saved), criterion(&fresh));
    let all = [&["code"][..], &model, &options, &["--to", "python"]].concat();
    let python = folder.run(&all).succeeds().out;
    assert!(python.contains(
        "fit = rf.glmer(\"cbind(incidence, size - incidence) ~ period + (1 | herd)\", \"cbpp\", \
         family=\"binomial:probit\", nAGQ=5, contrasts=\"sum\")"
    ), "{python}");
}

/// The words of a line of a shell: blanks part them, single quotes hold them together.
fn words(line: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => out.push(String::new()),
            c => out.last_mut().expect("a word").push(c),
        }
    }
    out
}
