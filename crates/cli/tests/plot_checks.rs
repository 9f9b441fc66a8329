//! `ranef plot`: the figures that look at the fit itself.

mod support;

use support::{Folder, SLEEP};

const COUNTS: &str = "TICKS ~ factor(YEAR) + cHEIGHT + (1 | BROOD)";

#[test]
fn each_kind_is_drawn_and_has_data_and_words() {
    let folder = Folder::new("plot-checks");
    folder
        .run(&["fit", SLEEP, "sleepstudy", "--save", "m.json"])
        .succeeds();
    for (kind, header) in [
        ("variance", "of,measure,share,lower,upper,variance"),
        ("vpc", "group,term,x,variance,vpc"),
        ("check", "name,verdict,message"),
        ("residuals", "part,row,fitted,residual"),
        ("scale-location", "part,row,fitted,root"),
        ("qq", "group,term,name,rank,expected,observed,lower,upper"),
        (
            "qq-random",
            "group,term,name,rank,expected,observed,lower,upper",
        ),
        ("leverage", "row,leverage,residual,cooks_distance"),
        ("cooks", "group,level,row,n,cooks_distance"),
        ("simulated", "part,row,quantile,rank,residual"),
        ("profile", "part,label,group,parameter,level,value,zeta"),
        (
            "areas",
            "level,n,raw,raw_lower,raw_upper,synthetic,estimate",
        ),
    ] {
        let svg = folder.run(&["plot", "m.json", kind]).succeeds();
        assert!(svg.out.starts_with("<svg"), "{kind}");
        let csv = folder
            .run(&["plot", "m.json", kind, "--format", "csv"])
            .succeeds();
        assert!(csv.out.starts_with(header), "{kind}: {}", csv.out);
        let json = folder.run(&["plot", "m.json", kind, "--json"]).succeeds();
        assert!(json.json().is_object(), "{kind}");
        let words = folder
            .run(&["plot", "m.json", kind, "--format", "text"])
            .succeeds();
        assert!(words.out.lines().count() > 2, "{kind}: {}", words.out);
    }
}

#[test]
fn the_list_has_what_suits_the_model() {
    let folder = Folder::new("plot-checks-list");
    let linear = folder.run(&["plot", "-f", SLEEP, "sleepstudy"]).succeeds();
    assert!(linear.out.contains("\n  qq ") && linear.out.contains("\n  vpc "));
    let counts = ["plot", "-f", COUNTS, "grouseticks", "--family", "poisson"];
    let counts = folder.run(&counts).succeeds();
    assert!(!counts.out.contains("\n  qq ") && !counts.out.contains("\n  vpc "));
    assert!(counts.out.contains("\n  simulated "));
}

#[test]
fn simulations_have_a_seed_that_others_refuse() {
    let folder = Folder::new("plot-checks-seed");
    let figure = |seed: &str| {
        let done = folder.run(&[
            "plot",
            "-f",
            SLEEP,
            "sleepstudy",
            "simulated",
            "--seed",
            seed,
            "--replicates",
            "50",
            "--format",
            "csv",
        ]);
        done.succeeds().out
    };
    assert_eq!(figure("7"), figure("7"));
    assert_ne!(figure("7"), figure("8"));
    let refused = folder.run(&[
        "plot",
        "-f",
        SLEEP,
        "sleepstudy",
        "qq",
        "--seed",
        "7",
        "--json",
    ]);
    assert_eq!(refused.code, Some(2), "{}", refused.out);
    let counts = [
        "plot",
        "-f",
        COUNTS,
        "grouseticks",
        "--family",
        "poisson",
        "qq",
        "--json",
    ];
    let error = folder.run(&counts);
    assert_eq!(error.code, Some(1));
    assert!(error.out.contains("linear_only"), "{}", error.out);
}
