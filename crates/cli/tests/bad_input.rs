//! What cannot be answered: exit code 1, a message that says what is wrong and the way out.

mod support;

use support::{Answer, Folder};

/// Ten groups of six rows; `cell` gives what stands in each cell of a row.
fn table(head: &str, cell: impl Fn(usize, usize) -> String) -> String {
    let rows = (0..60).map(|i| cell(i / 6, i % 6) + "\n");
    format!("{head}\n{}", rows.collect::<String>())
}

fn y(g: usize, k: usize) -> f64 {
    10.0 + 0.7 * g as f64 + 1.5 * k as f64 + ((g * 7 + k * 5) % 11) as f64 / 4.0
}

#[track_caller]
fn fit(data: &str, arguments: &[&str]) -> Answer {
    let caller = std::panic::Location::caller().line();
    let folder = Folder::new(&format!("bad-{caller}"));
    folder.write("data.csv", data);
    let mut all = vec!["fit"];
    all.extend(arguments);
    let json: Vec<&str> = all.iter().copied().chain(["--json"]).collect();
    let (for_people, for_programs) = (folder.run(&all), folder.run(&json));
    // What programs get says the same.
    assert_eq!(for_people.err, for_programs.err);
    assert_eq!(for_people.out, "", "{for_people:?}");
    let error = &for_programs.json()["error"];
    assert!(error["code"].is_string(), "{error}");
    let message = error["message"].as_str().expect("a message");
    assert!(for_people.err.contains(message), "{for_people:?}");
    if let Some(hint) = error["hint"].as_str() {
        assert!(for_people.err.contains(hint), "{for_people:?}");
    }
    for_people
}

fn good() -> String {
    table("y,x,g,weight", |g, k| {
        format!("{},{k},s{g:02},{}", y(g, k), k + 1)
    })
}

#[test]
fn a_slip_in_a_name() {
    fit(&good(), &["y ~ x + wieght + (1 | g)", "data.csv"]).fails_saying(
        "error: there is no column `wieght`

  y ~ x + wieght + (1 | g)
          ^^^^^^

help: did you mean `weight`?",
    );
    fit(&good(), &["y ~ age + (1 | g)", "data.csv"]).fails_saying(
        "error: there is no column `age`

  y ~ age + (1 | g)
      ^^^

help: the columns are `y`, `x`, `g`, `weight`",
    );
}

#[test]
fn a_formula_that_does_not_end() {
    fit(&good(), &["y ~ x + (1 | g", "data.csv"]).fails_saying(
        "error: this parenthesis is never closed

  y ~ x + (1 | g
          ^

help: add the missing `)`",
    );
}

#[test]
fn text_where_numbers_belong() {
    let data = table("y,x,g", |g, k| {
        let x = if (g, k) == (2, 3) {
            "n.d.".to_owned()
        } else {
            (k + 1).to_string()
        };
        format!("{},{x},s{g}", y(g, k))
    });
    fit(&data, &["y ~ log(x) + (1 | g)", "data.csv"]).fails_saying(
        "error: `log(x)` needs numbers, but `x` is text: row 16 holds \"n.d.\"

  y ~ log(x) + (1 | g)
          ^

help: if \"n.d.\" stands for a missing value, say so with `--na \"n.d.\"`; if the column holds \
         categories, use its name alone",
    );
}

#[test]
fn a_response_that_is_no_number() {
    let data = table("y,x,g", |g, k| {
        format!("{},{k},s{g}", ["low", "mid", "high"][k % 3])
    });
    fit(&data, &["y ~ x + (1 | g)", "data.csv"]).fails_saying(
        "error: the response `y` is text: row 1 holds \"low\"

  y ~ x + (1 | g)
  ^

help: a response is a column of numbers; if \"low\" stands for a missing value, say so with \
         `--na \"low\"`",
    );
}

#[test]
fn a_response_that_does_not_vary() {
    let data = table("y,x,g", |g, k| format!("3,{k},s{g}"));
    fit(&data, &["y ~ x + (1 | g)", "data.csv"]).fails_saying(
        "error: the response `y` is 3 in every row: there is nothing to explain

  y ~ x + (1 | g)
  ^

help: look whether this is the right column, and whether rows were chosen by its values",
    );
}

#[test]
fn groups_too_few_or_too_many() {
    let one = table("y,x,g", |g, k| format!("{},{k},same", y(g, k)));
    fit(&one, &["y ~ x + (1 | g)", "data.csv"]).fails_saying(
        "error: the grouping factor `g` has one level, \"same\": grouping factors must have > 1 \
         sampled level

  y ~ x + (1 | g)
          ^^^^^^^

help: with one group there is no variation between groups: leave the `| g` term out",
    );
    let each = table("y,x,g", |g, k| format!("{},{k},{g}.{k}", y(g, k)));
    fit(&each, &["y ~ x + (1 | g)", "data.csv"]).fails_saying(
        "error: the grouping factor `g` has 60 levels in 60 rows: with one row a level, its \
         variance cannot be told from the residual variance

  y ~ x + (1 | g)
          ^^^^^^^

help: group by something that occurs in several rows, or leave this term out",
    );
    fit(&good(), &["y ~ x + (factor(x) | g)", "data.csv"]).fails_saying(
        "error: the term (factor(x) | g) has 60 random effects (6 for each of 10 levels of `g`), \
         but there are 60 rows: its variances cannot be told from the residual variance

  y ~ x + (factor(x) | g)
          ^^^^^^^^^^^^^^^

help: use a simpler term, such as (1 | g)",
    );
}

#[test]
fn infinite_values() {
    let data = table("y,x,g", |g, k| {
        let y = if (g, k) == (1, 1) {
            "Inf".to_owned()
        } else {
            y(g, k).to_string()
        };
        format!("{y},{k},s{g}")
    });
    fit(&data, &["y ~ x + (1 | g)", "data.csv"]).fails_saying(
        "error: column `y` is infinite in row 8
help: correct the value, or leave the cell empty to count it as missing",
    );
    fit(&good(), &["y ~ log(x) + (1 | g)", "data.csv"]);
}

#[test]
fn weights_that_are_not_positive() {
    for weight in ["-1", "0"] {
        let data = table("y,x,g,w", |g, k| {
            let w = if (g, k) == (1, 2) { weight } else { "1" };
            format!("{},{k},s{g},{w}", y(g, k))
        });
        fit(&data, &["y ~ x + (1 | g)", "data.csv", "--weights", "w"]).fails_saying(&format!(
            "error: the weight `w` is {weight} in row 9, but weights must be positive
help: leave rows without weight out of the data"
        ));
    }
}

#[test]
fn files_without_a_table() {
    let f = "y ~ x + (1 | g)";
    fit("", &[f, "data.csv"]).fails_saying("error: data.csv is empty");
    fit("y,x,g\n", &[f, "data.csv"]).fails_saying("error: data.csv has a header and no rows");
    fit("y,x,g\n1,2,a\n1,2\n", &[f, "data.csv"]).fails_saying(
        "error: data.csv, line 3: 2 cells where the header has 3
help: fill the row up with empty cells, which are missing values",
    );
    fit("y,x,g\n1,2,a\n1,2,3,b\n", &[f, "data.csv"]).fails_saying(
        "error: data.csv, line 3: 4 cells where the header has 3
help: put quotes around cells that hold the separator, or say which separator the file has",
    );
    fit("", &[f, "."]).fails_saying("error: . is a directory\nhelp: name a file in it");
    fit("", &[f, "dat.csv"])
        .fails_saying("error: there is no file dat.csv\nhelp: did you mean `data.csv`?");
    fit("", &[f, "sleepstud"]).fails_saying(
        "error: `sleepstud` is neither a file nor a built-in data set
help: did you mean `sleepstudy`?",
    );
}

#[test]
fn bytes_that_are_no_text() {
    let folder = Folder::new("bytes");
    folder.write("latin.csv", b"y,x,g\n1,2,M\xFCller\n");
    folder.run(&["fit", "y ~ x + (1 | g)", "latin.csv"]).fails_saying(
        "error: latin.csv, line 2: this is not UTF-8 text
help: save the file as UTF-8 (in Excel \"CSV UTF-8\"; on a command line `iconv -f LATIN1 -t UTF-8`)",
    );
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(good().as_bytes()).expect("packing");
    let packed = packed.finish().expect("packing");
    folder.write("cut.csv.gz", &packed[..packed.len() / 2]);
    folder
        .run(&["fit", "y ~ x + (1 | g)", "cut.csv.gz"])
        .fails_saying(
            "error: cut.csv.gz is cut off: the compressed data end too early
help: copy or download it again",
        );
}

#[test]
fn nothing_but_missing_values() {
    let data = table("y,x,g", |g, k| format!("NA,{k},s{g}"));
    fit(&data, &["y ~ x + (1 | g)", "data.csv"]).fails_saying(
        "error: no rows are left: each of the 60 rows misses a value that the model needs
help: `y` misses 60",
    );
}

#[test]
fn wrong_usage_is_exit_code_two() {
    let folder = Folder::new("usage");
    for arguments in [
        &["fit"][..],
        &["fit", "y ~ x"],
        &["fit", "y ~ x", "sleepstudy", "--dff", "none"],
        &["fit", "y ~ x", "sleepstudy", "--df", "many"],
        &["fit", "y ~ x", "sleepstudy", "--separator", "ab"],
        &["fit", "y ~ x", "sleepstudy", "--threads", "0"],
        &["fit", "y ~ x", "sleepstudy", "more"],
        &["fitt"],
        &[],
        &["predict", "m.json", "new.csv", "--ml"],
        &["predict", "m.json", "new.csv", "--interval", "some"],
        &["predict", "m.json", "new.csv", "--shares"],
        &["means", "m.json", "--at", "x"],
        &["slopes", "m.json", "--of", "x"],
        &["effects", "m.json", "--level", "95"],
        &["data", "--csv"],
    ] {
        let answer = folder.run(arguments);
        assert_eq!(answer.code, Some(2), "{arguments:?} {answer:?}");
        assert_eq!(answer.out, "", "{arguments:?}");
        assert!(answer.err.contains("--help"), "{arguments:?} {answer:?}");
    }
    let answer = folder.run(&["fit", "y ~ x", "--json"]);
    assert_eq!(answer.code, Some(2));
    assert_eq!(answer.json()["error"]["code"], "usage");
}

#[test]
fn help_has_examples_and_is_no_error() {
    let folder = Folder::new("help");
    for command in [
        "fit", "predict", "means", "slopes", "effects", "summary", "data",
    ] {
        let answer = folder.run(&[command, "--help"]).succeeds();
        assert!(answer.out.contains("Example"), "{answer:?}");
        assert!(
            answer.out.contains(&format!("  ranef {command} ")),
            "{answer:?}"
        );
    }
    assert!(
        folder
            .run(&["--version"])
            .succeeds()
            .out
            .starts_with("ranef 0.")
    );
}
