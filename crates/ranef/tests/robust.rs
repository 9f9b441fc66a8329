//! Cluster-robust standard errors against clubSandwich 0.5.8 (R 4.2.2, lme4 1.1-31).

#![allow(missing_docs)]

use ranef::frame::{ReadOptions, Source, open};
use ranef::{Model, Robust, RobustOptions, RobustType};

fn data(name: &str) -> Box<dyn Source> {
    open(name, &ReadOptions::default()).unwrap()
}

fn robust(formula: &str, name: &str, options: RobustOptions) -> Robust {
    let data = data(name);
    let fit = Model::new(formula).fit(&*data).unwrap();
    fit.robust(&*data, &options).unwrap()
}

fn near(what: &str, got: Option<f64>, want: f64, relative: f64) {
    let got = got.unwrap_or_else(|| panic!("{what}: nothing, not {want}"));
    assert!(
        (got - want).abs() <= relative * want.abs(),
        "{what}: {got} is not {want}"
    );
}

const SLEEP: &str = "Reaction ~ Days * grp + (Days | Subject)";

fn joint() -> RobustOptions {
    RobustOptions {
        tests: vec![vec!["grp".into(), "Days:grp".into()]],
        ..RobustOptions::default()
    }
}

#[test]
fn sleep_unbal_has_the_values_of_methods_c10() {
    let answer = robust(SLEEP, "sleep_unbal", joint());
    let errors = [10.8576765478, 2.1197123484, 14.0324946264, 3.2416189324];
    let df = [7.9951304327, 7.8219599970, 15.9902608654, 15.6439199940];
    for (c, (error, df)) in answer.fixed.iter().zip(errors.iter().zip(df)) {
        near(&c.term, c.std_error, *error, 1e-6);
        near(&c.term, c.df, df, 1e-5);
    }
    assert_eq!((answer.cluster.as_str(), answer.clusters), ("Subject", 18));
    let [test] = answer.tests.as_slice() else {
        panic!("{:?}", answer.tests)
    };
    assert_eq!((test.term.as_str(), test.num_df), ("grp + Days:grp", 2.0));
    near("F", test.f, 0.50405707306, 1e-5);
    near("den_df", test.den_df, 14.868712503, 1e-5);
    near("p", test.p_value, 0.61403435643, 1e-5);
    assert!(answer.warnings.is_empty());
}

/// Standard errors and df of the four coefficients; F and df of the joint test.
type Case = (RobustType, [f64; 4], [f64; 4], [f64; 2]);

#[test]
fn the_other_corrections_have_their_values() {
    let cases: [Case; 4] = [
        (
            RobustType::Cr0,
            [10.2055456837, 2.0034128122, 13.2105939309, 3.0781285925],
            [7.9957904115, 7.8449710429, 15.9915808230, 15.6899420858],
            [0.55975286846, 14.885896477],
        ),
        (
            RobustType::Cr1,
            [10.5014198722, 2.0614947765, 13.5935890083, 3.1673681910],
            [7.9957904115, 7.8449710429, 15.9915808230, 15.6899420858],
            [0.52865548688, 14.885896477],
        ),
        (
            RobustType::Cr1s,
            [10.6059141859, 2.0820076676, 13.7288519309, 3.1988850687],
            [7.9957904115, 7.8449710429, 15.9915808230, 15.6899420858],
            [0.51828969301, 14.885896477],
        ),
        (
            RobustType::Cr3,
            [11.5235940390, 2.2487673137, 14.8896503913, 3.4185619921],
            [7.9944474899, 7.7986662207, 15.9888949797, 15.5973324413],
            [0.45378145434, 14.851312900],
        ),
    ];
    for (kind, errors, df, joint_test) in cases {
        let answer = robust(
            SLEEP,
            "sleep_unbal",
            RobustOptions {
                kind: Some(kind),
                ..joint()
            },
        );
        for (c, (error, df)) in answer.fixed.iter().zip(errors.iter().zip(df)) {
            near(&format!("{kind:?} {}", c.term), c.std_error, *error, 1e-6);
            near(&format!("{kind:?} {} df", c.term), c.df, df, 1e-5);
        }
        near(
            &format!("{kind:?} F"),
            answer.tests[0].f,
            joint_test[0],
            1e-5,
        );
        near(
            &format!("{kind:?} df"),
            answer.tests[0].den_df,
            joint_test[1],
            1e-5,
        );
    }
}

#[test]
fn regressions_take_clusters_of_any_column() {
    let cases: [Case; 3] = [
        (
            RobustType::Cr0,
            [12.0091738669, 1.9901973217, 14.5710189102, 2.5663059257],
            [7.9946924634, 7.7400165924, 15.9893849269, 15.4800331848],
            [3.9228209002, 14.4268903026],
        ),
        (
            RobustType::Cr2,
            [12.7455106431, 2.1280546388, 15.4597582139, 2.7425422953],
            [7.9940697978, 7.7287120695, 15.9881395955, 15.4574241390],
            [3.4343038227, 14.4091026795],
        ),
        (
            RobustType::Cr3,
            [13.5259846446, 2.2750905590, 16.4017589311, 2.9308343869],
            [7.9934291797, 7.7179460082, 15.9868583593, 15.4358920164],
            [3.0062041673, 14.3928924627],
        ),
    ];
    for (kind, errors, df, joint_test) in cases {
        let options = RobustOptions {
            kind: Some(kind),
            cluster: Some("Subject".into()),
            ..joint()
        };
        let answer = robust("Reaction ~ Days * grp", "sleep_unbal", options);
        for (c, (error, df)) in answer.fixed.iter().zip(errors.iter().zip(df)) {
            near(&format!("{kind:?} {}", c.term), c.std_error, *error, 1e-9);
            near(&format!("{kind:?} {} df", c.term), c.df, df, 1e-9);
        }
        near("F", answer.tests[0].f, joint_test[0], 1e-8);
        near("den_df", answer.tests[0].den_df, joint_test[1], 1e-8);
    }
}

#[test]
fn clusters_are_at_the_highest_level() {
    // Blocks of varieties: balanced, so that every coefficient has J − 1 degrees of freedom.
    let options = RobustOptions {
        tests: vec![vec!["nitro:Variety".into()]],
        ..RobustOptions::default()
    };
    let formula = "yield ~ nitro * Variety + (1 | Block/Variety)";
    let answer = robust(formula, "Oats", options);
    assert_eq!((answer.cluster.as_str(), answer.clusters), ("Block", 6));
    let value = |term: &str| answer.fixed.iter().find(|c| c.term == term).unwrap();
    // clubSandwich with Variety's levels in alphabetical order.
    let intercept = value("(Intercept)");
    near("df", intercept.df, 5.0, 1e-9);
    let interaction = answer
        .tests
        .iter()
        .find(|t| t.term == "nitro:Variety")
        .unwrap();
    near("F", interaction.f, 3.8058333989899, 1e-5);
    near("den_df", interaction.den_df, 4.0, 1e-8);
}

#[test]
fn pastes_has_three_levels() {
    let answer = robust(
        "strength ~ 1 + (1 | batch/cask)",
        "Pastes",
        RobustOptions::default(),
    );
    near("SE", answer.fixed[0].std_error, 0.67687006612775, 1e-7);
    near("df", answer.fixed[0].df, 9.0, 1e-9);
}

#[test]
fn crossed_factors_get_cr0_and_a_warning() {
    let answer = robust(
        "diameter ~ 1 + (1 | plate) + (1 | sample)",
        "Penicillin",
        RobustOptions::default(),
    );
    assert_eq!(answer.kind, RobustType::Cr0);
    assert_eq!((answer.cluster.as_str(), answer.clusters), ("sample", 6));
    assert_eq!(answer.fixed[0].df, Some(5.0));
    assert_eq!(answer.warnings[0].code, "crossed_clusters");
    let reason = answer.cluster_reason.as_deref().unwrap();
    assert!(
        reason.contains("`sample` has the fewest levels"),
        "{reason}"
    );
    assert!(answer.fixed[0].std_error.unwrap() > 0.0);
    // By a grouping factor that is inside another: not nested either.
    let options = RobustOptions {
        cluster: Some("cask:batch".into()),
        ..RobustOptions::default()
    };
    let answer = robust("strength ~ 1 + (1 | batch/cask)", "Pastes", options);
    assert_eq!(answer.kind, RobustType::Cr0);
}

/// CR2 needs the block of V that belongs to a cluster, and crossed factors have none.
#[test]
fn crossed_factors_refuse_what_is_not_defined_for_them() {
    let data = data("Penicillin");
    let fit = Model::new("diameter ~ 1 + (1 | plate) + (1 | sample)")
        .fit(&*data)
        .unwrap();
    let ask = |kind, cluster: Option<&str>| {
        let options = RobustOptions {
            kind: Some(kind),
            cluster: cluster.map(str::to_owned),
            ..RobustOptions::default()
        };
        fit.robust(&*data, &options)
    };
    for kind in [RobustType::Cr2, RobustType::Cr3] {
        for cluster in [None, Some("plate")] {
            let error = ask(kind, cluster).unwrap_err();
            assert_eq!(error.code(), "crossed_clusters");
            assert!(error.hint().unwrap().contains("CR0, CR1 or CR1S"));
        }
    }
    let variance = |kind| ask(kind, None).unwrap().vcov[0];
    let plain = variance(RobustType::Cr0);
    near(
        "CR1",
        Some(variance(RobustType::Cr1)),
        plain * 6.0 / 5.0,
        1e-12,
    );
    near(
        "CR1S",
        Some(variance(RobustType::Cr1s)),
        plain * 6.0 / 5.0,
        1e-12,
    );
}

/// Children of schools and quarters, crossed within towns that no model names.
fn towns(count: usize) -> Box<dyn Source> {
    use std::fmt::Write;
    let mut state = 5u64;
    let mut uniform = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut text = "town,school,quarter,x,y\n".to_owned();
    for town in 0..count {
        let effects: Vec<f64> = (0..7).map(|_| 3.0 * uniform()).collect();
        for school in 0..3 {
            for quarter in 0..4 {
                for _ in 0..1 + (3.0 * uniform()) as usize {
                    let x = uniform() + 0.2 * effects[0];
                    let y = x + effects[school] + effects[3 + quarter] + uniform();
                    // Levels of one factor apart in the order of rows.
                    writeln!(text, "t{town},s{school}{town},q{quarter}{town},{x},{y}").unwrap();
                }
            }
        }
    }
    let path = std::env::temp_dir().join(format!("ranef-towns-{}-{count}.csv", std::process::id()));
    std::fs::write(&path, text).unwrap();
    let source = data(path.to_str().unwrap());
    // A CSV is read whole when it is opened.
    std::fs::remove_file(&path).unwrap();
    source
}

/// Where rows fall into parts without common levels, V is block-diagonal over these: they are
/// clusters as good as a column that names them.
#[test]
fn crossed_factors_in_separate_parts_are_clustered_by_part() {
    let data = towns(9);
    let fit = Model::new("y ~ x + (1 | school) + (1 | quarter)")
        .fit(&*data)
        .unwrap();
    for kind in [None, Some(RobustType::Cr3), Some(RobustType::Cr1s)] {
        let ask = |cluster: Option<&str>| {
            let options = RobustOptions {
                kind,
                cluster: cluster.map(str::to_owned),
                ..RobustOptions::default()
            };
            fit.robust(&*data, &options).unwrap()
        };
        let (parts, named) = (ask(None), ask(Some("town")));
        assert_eq!(parts.kind, kind.unwrap_or(RobustType::Cr2));
        assert_eq!(
            (parts.clusters, parts.cluster.as_str()),
            (9, "parts(school, quarter)")
        );
        assert!(parts.cluster_reason.unwrap().contains("9 parts"));
        assert_eq!(named.cluster_reason, None);
        for (got, want) in parts.fixed.iter().zip(&named.fixed) {
            near(&got.term, got.std_error, want.std_error.unwrap(), 1e-10);
            near(&got.term, got.df, want.df.unwrap(), 1e-9);
        }
    }
    let answer = fit
        .fixed_effects(&*data, &ranef::FixedEffectsOptions::default())
        .unwrap();
    assert_eq!((answer.group.as_str(), answer.clusters), ("quarter", 9));
    assert!(answer.group_reason.unwrap().contains("most levels"));
    assert!(answer.cluster_reason.unwrap().contains("9 parts"));
    assert!(answer.tests.iter().any(|t| t.test == "mundlak_robust"));
}

/// Where all rows hang together both commands choose, and say what and why.
#[test]
fn fixed_effects_of_crossed_factors_say_what_they_chose() {
    let data = towns(1);
    let fit = Model::new("y ~ x + (1 | school) + (1 | quarter)");
    let fit = fit.fit(&*data).unwrap();
    let options = ranef::FixedEffectsOptions::default();
    let answer = fit.fixed_effects(&*data, &options).unwrap();
    assert_eq!(
        (answer.group.as_str(), answer.cluster.as_str()),
        ("quarter", "quarter")
    );
    assert!(answer.group_reason.is_some() && answer.cluster_reason.is_some());
    assert!(answer.warnings.iter().any(|n| n.code == "no_robust_test"));
    assert!(
        answer
            .to_string()
            .contains("Intercepts are for quarter: none of")
    );
}

#[test]
fn what_cannot_be_answered_is_said() {
    let data = data("sleepstudy");
    let ols = Model::new("Reaction ~ Days").fit(&*data).unwrap();
    let ask = |cluster: Option<&str>, test: Option<&str>| {
        let options = RobustOptions {
            cluster: cluster.map(str::to_owned),
            tests: test.map(|t| vec![t.to_owned()]).into_iter().collect(),
            ..RobustOptions::default()
        };
        ols.robust(&*data, &options).unwrap_err().code()
    };
    assert_eq!(ask(None, None), "needs_cluster");
    assert_eq!(ask(Some("Subjekt"), None), "unknown_column");
    assert_eq!(ask(Some("Subject"), Some("Day")), "unknown_term");
    let bare = Model::new("Reaction ~ 0 + (1 | Subject)")
        .fit(&*data)
        .unwrap();
    let error = bare.robust(&*data, &RobustOptions::default()).unwrap_err();
    assert_eq!(error.code(), "no_fixed_effects");
}

#[test]
fn other_rows_are_refused() {
    let (long, short) = (data("sleepstudy"), data("sleep_unbal"));
    let fit = Model::new("Reaction ~ Days + (1 | Subject)")
        .fit(&*long)
        .unwrap();
    let options = RobustOptions::default();
    let error = fit.robust(&*short, &options).unwrap_err();
    assert_eq!(error.code(), "other_rows");
    let few = Model::new("Reaction ~ Days + (1 | Days)")
        .fit(&*short)
        .unwrap();
    let code = |found: Result<(), ranef::Error>| found.unwrap_err().code();
    assert_eq!(code(few.predictor_levels(&*long).map(drop)), "other_rows");
    assert_eq!(
        code(
            few.fixed_effects(&*long, &ranef::FixedEffectsOptions::default())
                .map(drop)
        ),
        "other_rows"
    );
    assert_eq!(code(few.robust(&*long, &options).map(drop)), "other_rows");
}
