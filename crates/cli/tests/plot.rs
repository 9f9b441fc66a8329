//! `ranef plot`: kinds, forms, files.

mod support;

use support::{Folder, SLEEP};

const AGREE: &str = "r2 ~ Anger + Gender + (1 | id) + (1 | item)";

#[test]
fn without_a_kind_the_figures_are_listed() {
    let folder = Folder::new("plot-list");
    let list = folder.run(&["plot", "-f", SLEEP, "sleepstudy"]).succeeds();
    for kind in [
        "lines",
        "pooling",
        "shrinkage",
        "caterpillar",
        "coefficients",
        "predictions",
    ] {
        let line = format!("\n  {kind} ");
        assert!(list.out.contains(&line), "{kind}: {}", list.out);
    }
    // There is no interaction.
    assert!(!list.out.contains("johnson"), "{}", list.out);
    let json = folder
        .run(&[
            "plot", "-f", AGREE, "VerbAgg", "--family", "binomial", "--json",
        ])
        .succeeds()
        .json();
    let kinds: Vec<&str> = json["figures"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|f| f["kind"].as_str())
        .collect();
    assert!(
        kinds.contains(&"lines") && !kinds.contains(&"shrinkage"),
        "{kinds:?}"
    );
}

#[test]
fn the_ending_says_the_form() {
    let folder = Folder::new("plot-forms");
    folder
        .run(&["fit", SLEEP, "sleepstudy", "--save", "m.json"])
        .succeeds();
    let begins: [(&str, &[u8]); 5] = [
        ("f.svg", b"<svg"),
        ("f.png", b"\x89PNG"),
        ("f.pdf", b"%PDF"),
        ("f.csv", b"term,level,rank,estimate"),
        ("f.json", b"{\"group\":\"Subject\""),
    ];
    for (file, begin) in begins {
        let done = folder
            .run(&["plot", "m.json", "caterpillar", "-o", file])
            .succeeds();
        assert_eq!(done.out, "");
        let bytes = std::fs::read(folder.path().join(file)).expect("a file");
        let whole = match file {
            // Behind an XML declaration, if there is one.
            "f.svg" => bytes.windows(4).any(|w| w == b"<svg"),
            _ => bytes.starts_with(begin),
        };
        assert!(whole, "{file}: {:?}", &bytes[..40]);
    }
    // Nothing but what was asked for lies there.
    let names: Vec<String> = std::fs::read_dir(folder.path())
        .expect("a folder")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert_eq!(names.len(), 6, "{names:?}");
    let out = folder.run(&["plot", "m.json", "caterpillar"]).succeeds();
    assert!(out.out.contains("<svg"), "SVG on standard output");
    let unknown = folder.run(&["plot", "m.json", "caterpillar", "-o", "f.gif"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("end it in .svg"), "{}", unknown.err);
}

#[test]
fn every_kind_is_drawn() {
    let folder = Folder::new("plot-kinds");
    let kinds: [&[&str]; 10] = [
        &["lines"],
        &["lines", "--complete", "--groups", "5"],
        &["pooling"],
        &["pooling", "--only", "308,309"],
        &["shrinkage"],
        &["shrinkage", "--term", "Days"],
        &["coefficients", "--intercept"],
        &["coefficients", "--standardized"],
        &["predictions", "--points"],
        &["predictions", "--group", "Subject", "--points"],
    ];
    for kind in kinds {
        let mut line = vec!["plot", "-f", SLEEP, "sleepstudy"];
        line.extend(kind);
        let svg = folder.run(&line).succeeds().out;
        assert!(svg.contains("</svg>"), "{kind:?}");
        line.extend(["--format", "text"]);
        let words = folder.run(&line).succeeds().out;
        assert!(
            words.contains("Days") || words.contains("Subject"),
            "{words}"
        );
        line.pop();
        line.push("csv");
        let csv = folder.run(&line).succeeds().out;
        assert!(csv.lines().count() > 1, "{csv}");
    }
    let crossed = "distance ~ age * Sex + (age | Subject)";
    folder
        .run(&[
            "plot",
            "-f",
            crossed,
            "Orthodont",
            "predictions",
            "--by",
            "Sex",
            "-o",
            "a.svg",
        ])
        .succeeds();
    folder
        .run(&[
            "plot",
            "-f",
            AGREE,
            "VerbAgg",
            "--family",
            "binomial",
            "predictions",
            "--x",
            "Anger",
            "--re",
            "average",
            "-o",
            "b.svg",
        ])
        .succeeds();
}

#[test]
fn several_models_have_their_coefficients_side_by_side() {
    let folder = Folder::new("plot-models");
    let two = "Reaction ~ Days + (1 | Subject)";
    let csv = folder
        .run(&[
            "plot",
            "-f",
            SLEEP,
            "-f",
            two,
            "sleepstudy",
            "coefficients",
            "--format",
            "csv",
        ])
        .succeeds()
        .out;
    let models: Vec<&str> = csv.lines().filter_map(|l| l.split(',').nth(1)).collect();
    assert_eq!(models, ["model", "Model 1", "Model 2"]);
    for (name, formula) in [("a.json", SLEEP), ("b.json", two)] {
        folder
            .run(&["fit", formula, "sleepstudy", "--save", name])
            .succeeds();
    }
    let csv = folder
        .run(&[
            "plot",
            "a.json",
            "b.json",
            "coefficients",
            "--format",
            "csv",
        ])
        .succeeds()
        .out;
    assert!(
        csv.contains("\nDays,a,") && csv.contains("\nDays,b,"),
        "{csv}"
    );
    let one = folder.run(&["plot", "a.json", "b.json", "caterpillar"]);
    assert_eq!(one.code, Some(2));
    assert!(one.err.contains("one model"), "{}", one.err);
}

#[test]
fn mistakes_have_a_way_out() {
    let folder = Folder::new("plot-mistakes");
    folder
        .run(&["fit", SLEEP, "sleepstudy", "--save", "m.json"])
        .succeeds();
    let says = |line: &[&str], code: i32, text: &str| {
        let answer = folder.run(line);
        assert_eq!(answer.code, Some(code), "{answer:?}");
        let flat = answer.err.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(text), "{flat}");
    };
    says(
        &["plot", "m.json", "caterpilar"],
        2,
        "did you mean `caterpillar`?",
    );
    says(
        &["plot", "m.json", "caterpillar", "--x", "Days"],
        2,
        "takes --group, --term",
    );
    says(&["plot", "caterpillar"], 2, "no model to draw");
    says(&["plot", "m.json", "-o", "f.svg"], 2, "name a kind");
    says(
        &["plot", "m.json", "caterpillar", "--term", "Day"],
        1,
        "did you mean `Days`?",
    );
    says(
        &["plot", "m.json", "lines", "--x", "Dais"],
        1,
        "did you mean `Days`?",
    );
    says(
        &["plot", "m.json", "johnson-neyman"],
        1,
        "--x PREDICTOR --by MODERATOR",
    );
    let dyes = ["plot", "-f", "Yield ~ 1 + (1 | Batch)", "Dyestuff"];
    says(&[&dyes[..], &["lines"]].concat(), 1, "draw `caterpillar`");
    says(
        &[&dyes[..], &["coefficients"]].concat(),
        1,
        "show it with --intercept",
    );
    says(
        &[&dyes[..], &["predictions"]].concat(),
        1,
        "no predictor to draw predictions over",
    );
    says(
        &["plot", "m.json", "caterpillar", "-o", "no/such/f.svg"],
        1,
        "cannot write",
    );
    let json = folder.run(&[
        "plot",
        "m.json",
        "caterpillar",
        "--group",
        "Batch",
        "--json",
    ]);
    json.fails_with("unknown_group");
    let binary = ["plot", "-f", AGREE, "VerbAgg", "--family", "binomial"];
    says(
        &[&binary[..], &["shrinkage"]].concat(),
        1,
        "`caterpillar` or `lines`",
    );
}

#[test]
fn a_file_that_is_there_is_replaced_whole() {
    let folder = Folder::new("plot-replace");
    folder.write("f.svg", "old");
    folder
        .run(&[
            "plot",
            "-f",
            SLEEP,
            "sleepstudy",
            "caterpillar",
            "-o",
            "f.svg",
        ])
        .succeeds();
    assert!(folder.read("f.svg").contains("</svg>"));
    folder.write("g.svg", "old");
    let failed = folder.run(&[
        "plot",
        "-f",
        SLEEP,
        "sleepstudy",
        "lines",
        "--x",
        "z",
        "-o",
        "g.svg",
    ]);
    assert_eq!(failed.code, Some(1));
    assert_eq!(folder.read("g.svg"), "old");
}
