//! Contrasts of fixed effects: values of lmerTest 3.1-3 (`contest`) with pbkrtest 0.5.2 and of R's
//! `p.adjust` and `ptukey` (R 4.2.2).

use ranef::frame::{ReadOptions, Source, Table, open};
use ranef::{Adjust, Answer, DfMethod, Fit, Hypothesis, Model, lmer};

fn data(name: &str) -> Box<dyn Source> {
    open(name, &ReadOptions::default()).unwrap()
}

fn machines() -> Fit {
    lmer("score ~ Machine + (Machine | Worker)", &*data("Machines")).unwrap()
}

fn hypotheses(fit: &Fit, texts: &[&str]) -> Vec<Hypothesis> {
    texts
        .iter()
        .flat_map(|text| fit.hypotheses(text).unwrap())
        .collect()
}

fn near(got: f64, want: f64, tolerance: f64) {
    assert!(
        (got - want).abs() <= tolerance * want.abs(),
        "{got} is not {want}"
    );
}

#[test]
fn single_contrasts() {
    let fit = lmer("Reaction ~ Days + (Days | Subject)", &*data("sleepstudy")).unwrap();
    let test = fit
        .test(
            &hypotheses(&fit, &["Days = 10"]),
            DfMethod::Satterthwaite,
            Adjust::None,
        )
        .unwrap();
    let row = &test.rows[0];
    near(row.estimate, 10.467285959596, 1e-6);
    near(row.std_error, 1.54578964390598, 1e-5);
    near(row.df.unwrap(), 16.9999837255917, 2e-5);
    near(row.statistic, 0.302295956916379, 1e-4);
    near(row.p_value.unwrap(), 0.766093723468675, 1e-4);
    assert_eq!(row.null_value, 10.0);
    // The square of t is F.
    near(test.joint.f.unwrap(), row.statistic.powi(2), 1e-9);
    near(test.joint.den_df.unwrap(), row.df.unwrap(), 1e-9);
}

#[test]
fn all_pairs_and_their_joint_test() {
    let fit = machines();
    let pairs = hypotheses(&fit, &["MachineB", "MachineC", "MachineC - MachineB"]);
    for (method, dfs) in [
        (
            DfMethod::Satterthwaite,
            [4.99894039794762, 4.99850171009768, 4.99803191202848],
        ),
        (DfMethod::KenwardRoger, [5.0, 5.0, 5.0]),
    ] {
        let test = fit.test(&pairs, method, Adjust::None).unwrap();
        let want = [
            (7.96666666666508, 2.42110266012593),
            (13.91666666666648, 1.54020321577931),
            (5.95, 2.44690390357139),
        ];
        for (row, ((estimate, std_error), df)) in test.rows.iter().zip(want.iter().zip(dfs)) {
            near(row.estimate, *estimate, 1e-6);
            near(row.std_error, *std_error, 2e-4);
            near(row.df.unwrap(), df, 2e-3);
        }
        assert_eq!(test.joint.num_df, 2.0);
    }
    let rhs = hypotheses(&fit, &["MachineB = 5", "MachineC = 10"]);
    let test = fit
        .test(&rhs, DfMethod::Satterthwaite, Adjust::None)
        .unwrap()
        .joint;
    near(test.f.unwrap(), 3.34931531686609, 1e-4);
    near(test.den_df.unwrap(), 4.99841347183655, 2e-3);
    let test = fit
        .test(&rhs, DfMethod::KenwardRoger, Adjust::None)
        .unwrap()
        .joint;
    near(test.f.unwrap(), 2.67945225349284, 1e-4);
    near(test.den_df.unwrap(), 4.0, 1e-6);
    near(test.scaling, 0.8, 1e-6);
}

#[test]
fn adjustments() {
    let fit = machines();
    let pairs = hypotheses(&fit, &["MachineB", "MachineC", "MachineC - MachineB"]);
    let p = |how: Adjust| -> Vec<f64> {
        fit.test(&pairs, DfMethod::KenwardRoger, how)
            .unwrap()
            .rows
            .iter()
            .map(|r| r.p_value.unwrap())
            .collect()
    };
    let plain = [
        0.021701267409687523,
        0.000277426579915136,
        0.05926046348097576,
    ];
    for (how, want) in [
        (Adjust::None, plain),
        (Adjust::Bonferroni, plain.map(|p| 3.0 * p)),
        (Adjust::Holm, [2.0 * plain[0], 3.0 * plain[1], plain[2]]),
        (Adjust::Fdr, [1.5 * plain[0], 3.0 * plain[1], plain[2]]),
        (Adjust::Sidak, plain.map(|p: f64| 1.0 - (1.0 - p).powi(3))),
        // ptukey(abs(t) * sqrt(2), 3, 5, lower.tail = FALSE), t from above; R has seven digits.
        (Adjust::Tukey, TUKEY),
    ] {
        for (got, want) in p(how).iter().zip(want) {
            near(*got, want, 1e-3);
        }
    }
}

const TUKEY: [f64; 3] = [0.04808334779, 0.0006527039528, 0.125380857];

#[test]
fn tukey_is_for_pairs_only() {
    let fit = machines();
    let some = hypotheses(&fit, &["MachineB", "MachineC"]);
    let test = fit
        .test(&some, DfMethod::Satterthwaite, Adjust::Tukey)
        .unwrap();
    let sidak = fit
        .test(&some, DfMethod::Satterthwaite, Adjust::Sidak)
        .unwrap();
    assert_eq!(test.rows, sidak.rows);
    assert!(test.notes.iter().any(|n| n.code == "tukey_needs_pairs"));
}

#[test]
fn a_term_stands_for_its_coefficients() {
    let fit = machines();
    let whole = fit.hypotheses("Machine").unwrap();
    assert_eq!(
        whole.iter().map(|h| h.name.as_str()).collect::<Vec<_>>(),
        ["MachineB", "MachineC"]
    );
    let test = fit
        .test(&whole, DfMethod::Satterthwaite, Adjust::None)
        .unwrap();
    let anova = fit
        .anova(ranef::AnovaType::III, DfMethod::Satterthwaite)
        .unwrap();
    assert_eq!(test.joint.f, anova.rows[0].f);
    let chain = fit.hypotheses("MachineB = MachineC = 8").unwrap();
    assert_eq!(
        chain.iter().map(|h| h.name.as_str()).collect::<Vec<_>>(),
        ["MachineB = MachineC", "MachineC = 8"]
    );
}

#[test]
fn what_cannot_be_tested() {
    let fit = machines();
    let code = |texts: &[&str]| {
        let read: Result<Vec<Vec<Hypothesis>>, _> =
            texts.iter().map(|text| fit.hypotheses(text)).collect();
        match read {
            Err(error) => error.code(),
            Ok(read) => fit
                .test(&read.concat(), DfMethod::Satterthwaite, Adjust::None)
                .unwrap_err()
                .code(),
        }
    };
    assert_eq!(code(&["MachineD"]), "unknown_coefficient");
    assert_eq!(code(&["MachineB = 1", "2 * MachineB = 3"]), "contradictory");
    assert_eq!(code(&["MachineB - MachineB"]), "empty_contrast");
    assert_eq!(code(&[]), "contrast_size");
    // The same twice is no contradiction.
    let twice = hypotheses(&fit, &["MachineB = 1", "2 * MachineB = 2"]);
    let test = fit
        .test(&twice, DfMethod::KenwardRoger, Adjust::None)
        .unwrap();
    assert_eq!(test.joint.num_df, 1.0);

    let x: Vec<f64> = (0..40).map(|i| f64::from(i * 7 % 11)).collect();
    let source = Table::new()
        .number("y", (0..40).map(|i| f64::from(i * 13 % 17)))
        .number("x2", x.iter().map(|x| 2.0 * x))
        .number("x", x.iter().copied())
        .number("g", (0..40).map(|i| f64::from(i / 5)))
        .source()
        .unwrap();
    let fit = lmer("y ~ x + x2 + (1 | g)", &source).unwrap();
    assert_eq!(fit.hypotheses("x - x2").unwrap_err().code(), "aliased");
    assert!(fit.hypotheses("x").is_ok());
}

#[test]
fn other_methods_and_what_people_read() {
    let model = Model::new("score ~ Machine + (Machine | Worker)");
    let fit = model.df(DfMethod::None).fit(&*data("Machines")).unwrap();
    let both = fit.hypotheses("Machine").unwrap();
    let test = fit.test(&both, fit.df_method(), Adjust::Holm).unwrap();
    assert!(test.rows.iter().all(|r| r.df.is_none()) && test.joint.den_df.is_none());
    let text = test.to_string();
    for part in [
        " Contrast  Estimate  Std. Error  z value         p\n",
        "adjusted for 2 tests by Holm's rule",
        "Both at once: χ²(2) = 82.",
        "Rule for few groups: `Worker` has 6 levels",
    ] {
        assert!(text.contains(part), "{part} not in\n{text}");
    }
    assert_eq!(test.table().rows(), 2);
}
