//! `ranef within-between`, `ranef fixed-effects`, `ranef equations`.

mod support;

use support::Folder;

/// Six groups whose means of x differ, with different slopes within and between.
fn groups() -> String {
    let mut text = "g,x,f,y\n".to_owned();
    for g in 0..6 {
        for i in 0..5 {
            let (g, i) = (f64::from(g), f64::from(i));
            let noise = ((7.0 * g + 3.0 * i) % 5.0) / 4.0;
            let f = if (g + i) % 3.0 == 0.0 { "a" } else { "b" };
            text += &format!("g{g},{},{f},{}\n", g + i, i + 3.0 * g + noise);
        }
    }
    text
}

#[test]
fn within_between_answers_in_all_forms() {
    let folder = Folder::new("within-between");
    folder.write("d.csv", groups());
    let run = |more: &[&str]| {
        let mut all = vec![
            "within-between",
            "y ~ x + f + (1 | g)",
            "d.csv",
            "--of",
            "x",
        ];
        all.extend(more);
        folder.run(&all).succeeds()
    };
    let json = run(&["--json"]).json();
    assert_eq!(json["form"], "rewb");
    assert_eq!(json["group"], "g");
    let rows = json["rows"].as_array().unwrap();
    let effects: Vec<&str> = rows.iter().map(|r| r["effect"].as_str().unwrap()).collect();
    assert_eq!(effects, ["within", "between", "contextual", "plain"]);
    let estimate = |at: usize| rows[at]["estimate"].as_f64().unwrap();
    assert!((estimate(1) - estimate(0) - estimate(2)).abs() < 1e-9);
    assert_eq!(json["levels"][0]["varies"], "both");
    let mundlak = run(&["--form", "mundlak", "--json"]).json();
    let same = mundlak["rows"][2]["estimate"].as_f64().unwrap();
    assert!((same - estimate(2)).abs() < 1e-6);
    let text = run(&[]).out;
    assert!(
        text.contains("y ~ within(x, g) + between(x, g) + f + (1 | g)"),
        "{text}"
    );
    assert!(run(&["--csv"]).out.starts_with("term,effect,estimate,"));
    folder
        .run(&[
            "within-between",
            "y ~ x + (1 | g)",
            "d.csv",
            "--of",
            "z",
            "--json",
        ])
        .fails_with("unknown_predictor");
    let usage = folder.run(&["within-between", "y ~ x + (1 | g)", "d.csv"]);
    assert_eq!(usage.code, Some(2));
    // The choices of `fit` are taken.
    let ml = folder
        .run(&[
            "within-between",
            "y ~ x + (1 | g)",
            "d.csv",
            "--of",
            "x",
            "--ml",
            "--json",
        ])
        .succeeds();
    assert_eq!(ml.json()["rows"][0]["term"], "x");
}

#[test]
fn fixed_effects_stand_beside_the_model() {
    let folder = Folder::new("fixed-effects");
    folder.write("d.csv", groups());
    folder
        .run(&["fit", "y ~ x + f + (1 | g)", "d.csv", "--save", "m.json"])
        .succeeds();
    let json = folder
        .run(&["fixed-effects", "m.json", "--json"])
        .succeeds()
        .json();
    assert_eq!(json["group"], "g");
    assert_eq!(json["type"], "CR2");
    assert_eq!(json["rows"].as_array().unwrap().len(), 2);
    let tests = json["tests"].as_array().unwrap();
    assert_eq!(tests.len(), 3);
    assert_eq!(tests[0]["test"], "hausman");
    let text = folder.run(&["fixed-effects", "m.json"]).succeeds().out;
    assert!(
        text.contains("Are the multilevel slopes those within groups?"),
        "{text}"
    );
    folder
        .run(&["fixed-effects", "m.json", "--group", "h", "--json"])
        .fails_with("unknown_group");
}

#[test]
fn equations_are_text_and_latex() {
    let folder = Folder::new("equations");
    let model = [
        "-f",
        "Reaction ~ Days*grp + (Days | Subject)",
        "sleep_unbal",
    ];
    let run = |more: &[&str]| {
        let mut all = vec!["equations"];
        all.extend(model);
        all.extend(more);
        folder.run(&all)
    };
    let text = run(&[]).succeeds().out;
    assert!(text.contains("β₁ⱼ = γ₁₀ + γ₁₁·grpBⱼ + u₁ⱼ"), "{text}");
    let latex = run(&["--latex", "--values"]).succeeds().out;
    assert!(
        latex.contains("\\beta_{1j} &= 12.19 - 3.164 \\, \\text{grpB}_{j} + u_{1j}"),
        "{latex}"
    );
    let json = run(&["--json"]).succeeds().json();
    assert_eq!(json["levels"][1]["name"], "Subject");
    assert_eq!(json["symbols"][3]["term"], "Days:grpB");
    assert_eq!(run(&["--latex", "--json"]).code, Some(2));
}
