//! Within and between effects, the within estimator, and where predictors vary.

#![allow(missing_docs)]

use ranef::frame::{ReadOptions, Source, open};
use ranef::{
    EffectLevel, FixedEffectsOptions, Model, RobustOptions, RobustType, Varies, WithinBetweenForm,
    WithinBetweenOptions,
};

fn data(name: &str) -> Box<dyn Source> {
    open(name, &ReadOptions::default()).unwrap()
}

fn near(what: &str, got: f64, want: f64, relative: f64) {
    assert!(
        (got - want).abs() <= relative * want.abs(),
        "{what}: {got} is not {want}"
    );
}

/// The cells of a built-in data set.
fn csv(name: &str) -> Vec<Vec<String>> {
    let mut out = Vec::new();
    ranef::frame::write_csv(&*data(name), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let cells = |line: &str| {
        line.split(',')
            .map(|c| c.trim_matches('"').to_owned())
            .collect()
    };
    text.lines().skip(1).map(cells).collect()
}

/// Pupils in classes in schools: `x` varies everywhere, `w` between schools, `sex` is text.
fn pupils(seed: u64, schools: usize) -> Box<dyn Source> {
    use std::fmt::Write;
    let mut state = seed;
    let mut uniform = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut text = "school,class,x,w,sex,weight,y\n".to_owned();
    for school in 0..schools {
        let (level, w) = (4.0 * uniform(), (school % 3) as f64);
        for class in 0..3 {
            let of_class = uniform();
            for _ in 0..2 + (uniform() * 5.0) as usize {
                let x = level + 3.0 * uniform();
                let sex = if uniform() < 0.3 + 0.1 * level {
                    "m"
                } else {
                    "f"
                };
                let y = 2.0 * x + 3.0 * level + w + of_class + 2.0 * uniform();
                let weight = 0.5 + uniform();
                writeln!(text, "s{school},{class},{x},{w},{sex},{weight},{y}").unwrap();
            }
        }
    }
    let path = std::env::temp_dir().join(format!(
        "ranef-pupils-{}-{seed}-{schools}.csv",
        std::process::id()
    ));
    std::fs::write(&path, text).unwrap();
    let source = open(path.to_str().unwrap(), &ReadOptions::default()).unwrap();
    // A CSV is read whole when it is opened.
    std::fs::remove_file(&path).unwrap();
    source
}

fn split(of: &[&str], group: Option<&str>, form: WithinBetweenForm) -> WithinBetweenOptions {
    WithinBetweenOptions {
        of: of.iter().map(|s| (*s).to_owned()).collect(),
        group: group.map(str::to_owned),
        form,
    }
}

#[test]
fn both_forms_are_the_same_model() {
    let data = pupils(11, 12);
    for formula in [
        "y ~ x + w + (1 | school)",
        "y ~ x * w + sex + (x | school)",
        "y ~ x * sex + (1 | school/class)",
    ] {
        let lmer = Model::new(formula);
        let of = ["x", "sex"];
        let of = if formula.contains("sex") {
            &of[..]
        } else {
            &of[..1]
        };
        let ask = |form| {
            lmer.within_between(&*data, &split(of, Some("school"), form))
                .unwrap()
        };
        let (rewb, mundlak) = (
            ask(WithinBetweenForm::Rewb),
            ask(WithinBetweenForm::Mundlak),
        );
        assert_eq!(rewb.rows.len(), mundlak.rows.len());
        for (a, b) in rewb.rows.iter().zip(&mundlak.rows) {
            assert_eq!((&a.term, a.effect), (&b.term, b.effect));
            let what = format!("{formula} {} {:?}", a.term, a.effect);
            let size = a.std_error.unwrap();
            assert!(
                (a.estimate.unwrap() - b.estimate.unwrap()).abs() < 1e-5 * size,
                "{what}"
            );
            near(&what, b.std_error.unwrap(), size, 1e-5);
        }
        // The coefficient of the group mean in Mundlak's form is the contextual effect.
        let named = |name: &str| mundlak.fixed.iter().find(|c| c.term == name).unwrap();
        let contextual = mundlak.effect("x", EffectLevel::Contextual).unwrap();
        near(
            "contextual",
            contextual.estimate.unwrap(),
            named("between(x, school)").estimate.unwrap(),
            1e-9,
        );
        near(
            "plain",
            rewb.effect("x", EffectLevel::Plain)
                .unwrap()
                .estimate
                .unwrap(),
            lmer.fit(&*data).unwrap().coefficients()[1]
                .estimate
                .unwrap(),
            1e-9,
        );
    }
}

#[test]
fn typed_by_hand_it_is_the_same() {
    let data = pupils(5, 10);
    let answer = Model::new("y ~ x + w + (x | school)")
        .within_between(&*data, &split(&["x"], None, WithinBetweenForm::Rewb))
        .unwrap();
    let by_hand =
        Model::new("y ~ within(x, school) + between(x, school) + w + (within(x, school) | school)")
            .fit(&*data)
            .unwrap();
    assert_eq!(answer.formula, by_hand.formula());
    let table = by_hand.coefficients();
    let within = answer.effect("x", EffectLevel::Within).unwrap();
    assert_eq!(within.estimate, table[1].estimate);
    assert_eq!(within.df, table[1].df);
    let between = answer.effect("x", EffectLevel::Between).unwrap();
    assert_eq!(between.std_error, table[2].std_error);
}

#[test]
fn dummies_are_centred_one_by_one() {
    let data = pupils(3, 15);
    let answer = Model::new("y ~ sex + w + (1 | school)")
        .within_between(&*data, &split(&["sex"], None, WithinBetweenForm::Rewb))
        .unwrap();
    assert_eq!(
        answer.formula,
        "y ~ within(sex == \"m\", school) + between(sex == \"m\", school) + w + (1 | school)"
    );
    assert_eq!(answer.rows[0].term, "sexm");
    assert!(answer.rows.iter().all(|r| r.estimate.is_some()));
}

#[test]
fn levels_of_predictors_are_found() {
    let data = pupils(7, 9);
    let fit = Model::new("y ~ x * w + within(x, school) + between(x, school) + (1 | school/class)")
        .fit(&*data)
        .unwrap();
    let levels = fit.predictor_levels(&*data).unwrap();
    let of = |x: &str, g: &str| levels.of(x, g).unwrap().varies;
    assert_eq!(of("x", "school"), Varies::Both);
    assert_eq!(of("x", "class:school"), Varies::Both);
    assert_eq!(of("w", "school"), Varies::Between);
    assert_eq!(of("w", "class:school"), Varies::Between);
    assert_eq!(of("within(x, school)", "school"), Varies::Within);
    assert_eq!(of("within(x, school)", "class:school"), Varies::Both);
    assert_eq!(of("between(x, school)", "school"), Varies::Between);
    assert_eq!(levels.of("w", "school").unwrap().icc, Some(1.0));

    // Balanced over days: no difference between subjects.
    let data = open("sleepstudy", &ReadOptions::default()).unwrap();
    let fit = Model::new("Reaction ~ Days + (1 | Subject)")
        .fit(&*data)
        .unwrap();
    let levels = fit.predictor_levels(&*data).unwrap();
    let days = levels.of("Days", "Subject").unwrap();
    assert_eq!((days.varies, days.icc), (Varies::Within, Some(0.0)));
}

#[test]
fn the_icc_of_a_predictor_is_that_of_the_analysis_of_variance() {
    // By hand from group means; the subjects have 5 or 9 days.
    let data = data("sleep_unbal");
    let fit = Model::new("Reaction ~ Days * grp + (Days | Subject)")
        .fit(&*data)
        .unwrap();
    let levels = fit.predictor_levels(&*data).unwrap();
    let days = levels.of("Days", "Subject").unwrap();
    assert_eq!(days.varies, Varies::Both);
    assert_eq!(levels.of("grp", "Subject").unwrap().varies, Varies::Between);
    // The random part of `Days` by subject, from the public rows of the data.
    let columns = data.columns();
    let at = |name: &str| columns.iter().position(|c| c.name == name).unwrap();
    let mut groups = std::collections::BTreeMap::<String, Vec<f64>>::new();
    for row in csv("sleep_unbal") {
        groups
            .entry(row[at("Subject")].clone())
            .or_default()
            .push(row[at("Days")].parse().unwrap());
    }
    let n: f64 = groups.values().map(|g| g.len() as f64).sum();
    let j = groups.len() as f64;
    let mean = |g: &Vec<f64>| g.iter().sum::<f64>() / g.len() as f64;
    let grand = groups.values().flatten().sum::<f64>() / n;
    let msb = groups
        .values()
        .map(|g| g.len() as f64 * (mean(g) - grand).powi(2))
        .sum::<f64>()
        / (j - 1.0);
    let msw = groups
        .values()
        .map(|g| g.iter().map(|x| (x - mean(g)).powi(2)).sum::<f64>())
        .sum::<f64>()
        / (n - j);
    let n0 = (n - groups
        .values()
        .map(|g| (g.len() as f64).powi(2))
        .sum::<f64>()
        / n)
        / (j - 1.0);
    let icc: f64 = (msb - msw) / (msb + (n0 - 1.0) * msw);
    assert!((days.icc.unwrap() - icc.max(0.0)).abs() < 1e-12);
    assert!((days.reliability.unwrap() - ((msb - msw) / msb).max(0.0)).abs() < 1e-12);
}

#[test]
fn what_cannot_be_taken_apart_is_said() {
    let data = pupils(9, 8);
    let code = |formula: &str, of: &str, group: Option<&str>| {
        Model::new(formula)
            .within_between(&*data, &split(&[of], group, WithinBetweenForm::Rewb))
            .unwrap_err()
            .code()
    };
    assert_eq!(code("y ~ x + w + (1 | school)", "w", None), "one_level");
    assert_eq!(code("y ~ x + (1 | school)", "z", None), "unknown_predictor");
    assert_eq!(code("y ~ x + (1 | school/class)", "x", None), "needs_group");
    assert_eq!(
        code("y ~ x + (1 | school)", "x", Some("class")),
        "unknown_group"
    );
    assert_eq!(
        code("y ~ poly(x, 2) + (1 | school)", "poly(x, 2)", None),
        "not_one_column"
    );
    assert_eq!(code("y ~ x", "x", None), "needs_group");
}

#[test]
fn the_within_estimator_has_the_values_of_plm() {
    // plm 2.6-2 and clubSandwich 0.5.8: plm(weight ~ Time + I(Time^2), index = "Chick").
    let data = data("ChickWeight");
    let fit = Model::new("weight ~ Time + I(Time^2) + (1 | Chick)")
        .fit(&*data)
        .unwrap();
    let cases = [
        (
            RobustType::Cr0,
            [0.574102575664761, 0.034628780726738],
            [47.963192424132, 47.636501454745],
        ),
        (
            RobustType::Cr1,
            [0.579931177641821, 0.034980350965857],
            [47.963192424132, 47.636501454745],
        ),
        (
            RobustType::Cr2,
            [0.580022550703050, 0.035010488460144],
            [47.958687075411, 47.628710687509],
        ),
        (
            RobustType::Cr3,
            [0.586004328458218, 0.035396450553412],
            [47.954196098370, 47.620949079851],
        ),
    ];
    for (kind, errors, df) in cases {
        let options = FixedEffectsOptions {
            kind,
            ..FixedEffectsOptions::default()
        };
        let answer = fit.fixed_effects(&*data, &options).unwrap();
        near("Time", answer.rows[0].estimate, 5.49744133848450, 1e-11);
        near("Time²", answer.rows[1].estimate, 0.15091531058767, 1e-11);
        for (row, (error, df)) in answer.rows.iter().zip(errors.iter().zip(df)) {
            near(
                &format!("{kind:?} {}", row.term),
                row.std_error,
                *error,
                1e-9,
            );
            near(
                &format!("{kind:?} {} df", row.term),
                row.df.unwrap(),
                df,
                1e-9,
            );
        }
        near(
            "classical",
            answer.rows[0].classical_std_error,
            0.649360849415272,
            1e-11,
        );
        assert_eq!(answer.df_residual, 526);
    }
    let answer = fit
        .fixed_effects(&*data, &FixedEffectsOptions::default())
        .unwrap();
    let test = |name: &str| answer.tests.iter().find(|t| t.test == name).unwrap();
    // lme4's θ is less exact: four digits.
    near(
        "Hausman",
        test("hausman").statistic.unwrap(),
        1.73909734053713,
        1e-4,
    );
    near(
        "Mundlak",
        test("mundlak").statistic.unwrap(),
        2.34189309782752,
        1e-5,
    );
    let robust = test("mundlak_robust");
    near("HTZ", robust.statistic.unwrap(), 13.8732355015, 1e-5);
    near("HTZ df", robust.den_df.unwrap(), 1.10777096033, 1e-5);
}

#[test]
fn dummies_for_all_groups_give_the_same() {
    // Absorbing the intercepts leaves CR2 and its degrees of freedom unchanged (Pustejovsky and
    // Tipton 2018, theorem 2), for clusters that are the groups and for clusters above them.
    for (seed, cluster) in [(21, "school"), (22, "school"), (23, "class:school")] {
        let data = pupils(seed, 7);
        let fit = Model::new("y ~ x + sex + w + (1 | school/class)")
            .fit(&*data)
            .unwrap();
        let dummies = Model::new("y ~ x + sex + interaction(school, class)")
            .fit(&*data)
            .unwrap();
        for kind in [RobustType::Cr0, RobustType::Cr1, RobustType::Cr2] {
            let answer = fit
                .fixed_effects(
                    &*data,
                    &FixedEffectsOptions {
                        kind,
                        cluster: Some(cluster.to_owned()),
                        ..FixedEffectsOptions::default()
                    },
                )
                .unwrap();
            assert_eq!(answer.group, "class:school");
            assert_eq!(answer.absorbed, ["w"]);
            let twin = dummies
                .robust(
                    &*data,
                    &RobustOptions {
                        kind: Some(kind),
                        cluster: Some(cluster.to_owned()),
                        ..RobustOptions::default()
                    },
                )
                .unwrap();
            for row in &answer.rows {
                let want = twin.fixed.iter().find(|c| c.term == row.term).unwrap();
                let what = format!("{seed} {kind:?} {}", row.term);
                near(&what, row.estimate, want.estimate.unwrap(), 1e-9);
                near(&what, row.std_error, want.std_error.unwrap(), 1e-8);
                near(&what, row.df.unwrap(), want.df.unwrap(), 1e-7);
                near(
                    &what,
                    row.classical_std_error,
                    want.model_std_error.unwrap(),
                    1e-9,
                );
            }
        }
    }
}

#[test]
fn group_means_give_the_slopes_within() {
    // With all group means in a random-intercept model the slopes are the within estimates.
    let data = pupils(31, 14);
    let fit = Model::new("y ~ x + sex + w + (1 | school)")
        .fit(&*data)
        .unwrap();
    let answer = fit
        .fixed_effects(&*data, &FixedEffectsOptions::default())
        .unwrap();
    let mundlak = Model::new(
        "y ~ x + sex + w + between(x, school) + between(sex == \"m\", school) + (1 | school)",
    )
    .fit(&*data)
    .unwrap();
    let table = mundlak.coefficients();
    for row in &answer.rows {
        let same = table.iter().find(|c| c.term == row.term).unwrap();
        near(&row.term, row.estimate, same.estimate.unwrap(), 1e-8);
    }
    // The joint test is that of the two means.
    let p = mundlak.fixef().len();
    let at: Vec<usize> = (0..p)
        .filter(|&j| mundlak.fixed_names()[j].starts_with("between"))
        .collect();
    let (b, v) = (mundlak.fixef(), mundlak.vcov());
    let (a, c, d) = (
        v[at[0] * p + at[0]],
        v[at[0] * p + at[1]],
        v[at[1] * p + at[1]],
    );
    let (x, y) = (b[at[0]], b[at[1]]);
    let form = (d * x * x - 2.0 * c * x * y + a * y * y) / (a * d - c * c);
    let test = answer.tests.iter().find(|t| t.test == "mundlak").unwrap();
    near("Wu", test.statistic.unwrap(), form, 1e-6);
    assert_eq!(test.df, 2);
    assert!(
        test.p_value.unwrap() < 1e-6,
        "the slopes were made to differ"
    );
    // The robust one is the HTZ test that `robust` gives on the typed model.
    let robust = mundlak
        .robust(
            &*data,
            &RobustOptions {
                tests: vec![
                    at.iter()
                        .map(|&j| mundlak.fixed_names()[j].to_owned())
                        .collect(),
                ],
                ..RobustOptions::default()
            },
        )
        .unwrap();
    let htz = answer
        .tests
        .iter()
        .find(|t| t.test == "mundlak_robust")
        .unwrap();
    near(
        "HTZ",
        htz.statistic.unwrap(),
        robust.tests[0].f.unwrap(),
        1e-6,
    );
    near(
        "HTZ df",
        htz.den_df.unwrap(),
        robust.tests[0].den_df.unwrap(),
        1e-6,
    );
}

#[test]
fn weights_are_taken_into_account() {
    let data = pupils(41, 10);
    let fit = Model::new("y ~ x + w + (1 | school)")
        .weights("weight")
        .fit(&*data)
        .unwrap();
    let answer = fit
        .fixed_effects(&*data, &FixedEffectsOptions::default())
        .unwrap();
    let dummies = Model::new("y ~ x + school")
        .weights("weight")
        .fit(&*data)
        .unwrap();
    let want = &dummies.coefficients()[1];
    near("x", answer.rows[0].estimate, want.estimate.unwrap(), 1e-9);
    near(
        "SE",
        answer.rows[0].classical_std_error,
        want.std_error.unwrap(),
        1e-9,
    );
    assert!(fit.robust(&*data, &RobustOptions::default()).is_ok());
}

#[test]
fn the_within_estimator_needs_something_within() {
    let data = pupils(51, 10);
    let code = |formula: &str, group: Option<&str>| {
        let fit = Model::new(formula).fit(&*data).unwrap();
        let options = FixedEffectsOptions {
            group: group.map(str::to_owned),
            ..FixedEffectsOptions::default()
        };
        fit.fixed_effects(&*data, &options).unwrap_err().code()
    };
    assert_eq!(code("y ~ w + (1 | school)", None), "nothing_within");
    assert_eq!(code("y ~ x", None), "needs_group");
    assert_eq!(code("y ~ x + (1 | school)", Some("pupil")), "unknown_group");
}
