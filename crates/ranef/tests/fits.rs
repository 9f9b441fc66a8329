//! Fits that the reference models do not reach: weights, offsets, uncorrelated factors, singular
//! fits, spelling, units, saved models. Expected numbers are from R 4.2.2 with lme4 1.1-31
//! (bobyqa, rhoend 1e-10) and lmerTest 3.1-3.

use ranef::frame::{MemorySource, ReadOptions, Source, Table, open};
use ranef::{DfMethod, Fit, Groups, Model, lmer};

fn data(name: &str) -> Box<dyn Source> {
    open(name, &ReadOptions::default()).unwrap()
}

fn near(got: f64, want: f64, tolerance: f64) {
    assert!(
        (got - want).abs() <= tolerance,
        "{got} is not {want} within {tolerance:e}"
    );
}

/// Reaction, Days and Subject of sleepstudy.
fn sleepstudy() -> (Vec<f64>, Vec<f64>, Vec<String>) {
    let fit = lmer("Reaction ~ 1 + (1 | Subject)", &*data("sleepstudy")).unwrap();
    let days = lmer("Days ~ 1 + (1 | Subject)", &*data("sleepstudy")).unwrap();
    let observed = |fit: &Fit| {
        let mut out = Vec::new();
        fit.for_each_fitted(&*data("sleepstudy"), |y, _, _| out.push(y))
            .unwrap();
        out
    };
    let subjects = (0..180).map(|i| fit.recipe().level(0, i / 10)).collect();
    (observed(&fit), observed(&days), subjects)
}

/// sleepstudy with more columns of numbers.
fn with_columns(more: &[(&str, Vec<f64>)]) -> MemorySource {
    let (reaction, days, subjects) = sleepstudy();
    let mut table = Table::new()
        .number("Reaction", reaction)
        .number("Days", days)
        .text("Subject", subjects);
    for (name, values) in more {
        table = table.number(name, values.iter().copied());
    }
    table.source().unwrap()
}

/// Checks criterion, estimates, errors and df.
fn check(fit: &Fit, criterion: f64, rows: &[(f64, f64, f64)]) {
    near(fit.criterion(), criterion, 1e-6);
    assert!(fit.certificate().converged);
    for (got, &(estimate, std_error, df)) in fit.coefficients().iter().zip(rows) {
        near(got.estimate.unwrap(), estimate, 1e-4 * std_error);
        near(got.std_error.unwrap(), std_error, 2e-4 * std_error);
        near(got.df.unwrap(), df, 2e-3 * df);
    }
}

#[test]
fn unbalanced_test_bed_of_the_definitions() {
    let model = Model::new("Reaction ~ Days * grp + (Days | Subject)");
    let fit = model.fit(&*data("sleep_unbal")).unwrap();
    near(fit.criterion(), 1481.916223, 1e-6);
    let table = fit.coefficients();
    let beta = [253.1152954, 12.1869219, -2.1233489, -3.1635845];
    // Satterthwaite's df with the observed information in closed form, from dense V and its
    // derivatives in R, at the minimum to all digits. At lme4's own estimates, 10⁻⁷ away, the
    // same formula gives 15.776675 and 10.662061, and lmerTest's numeric one 15.776674, 10.662062.
    let df = [15.776669989, 10.662057435, 15.776669989, 10.662057435];
    for (i, row) in table.iter().enumerate() {
        near(row.estimate.unwrap(), beta[i], 1e-6);
        near(row.df.unwrap(), df[i], 1e-6);
    }
    let block = &fit.varcorr()[0];
    near(block.cov[0][0], 643.199050, 1e-3);
    near(block.cov[1][1], 37.972361, 1e-4);
    near(block.corr[0][1].unwrap(), -0.0100618, 1e-6);
    near(fit.sigma().powi(2), 642.922648, 1e-3);
    for (got, want) in fit
        .theta()
        .iter()
        .zip([1.000214935, -0.002445281, 0.243014649])
    {
        near(*got, want, 1e-6);
    }
    let ml = model.reml(false).fit(&*data("sleep_unbal")).unwrap();
    near(ml.log_likelihood(), -750.7104852, 1e-6);
    near(ml.coefficients()[1].df.unwrap(), 11.7397937, 1e-2);
}

#[test]
fn precision_weights() {
    let (_, days, _) = sleepstudy();
    let data = with_columns(&[("w", days.iter().map(|d| 1.0 + d / 2.0).collect())]);
    let model = Model::new("Reaction ~ Days + (Days | Subject)").weights("w");
    let fit = model.fit(&data).unwrap();
    check(
        &fit,
        1778.38476842497,
        &[
            (249.026123713607, 7.77554880574493, 17.0),
            (10.8796426896413, 1.61828001055022, 17.0),
        ],
    );
    near(fit.sigma(), 48.0473844677023, 5e-3);
    let ml = model.reml(false).fit(&data).unwrap();
    near(ml.criterion(), 1786.99553540061, 1e-6);
}

#[test]
fn offsets_in_formula_and_option() {
    let (_, days, _) = sleepstudy();
    let data = with_columns(&[("o", days.iter().map(|d| 3.0 * d).collect())]);
    let want = [(285.007891666668, 9.04993608758297, 17.0)];
    let fit = lmer("Reaction ~ 1 + offset(o) + (1 | Subject)", &data).unwrap();
    check(&fit, 1857.33734413955, &want);
    let fit = Model::new("Reaction ~ 1 + (1 | Subject)")
        .offset("o")
        .fit(&data)
        .unwrap();
    check(&fit, 1857.33734413955, &want);
    // Fitted values and residuals are on the scale of the response.
    let total: f64 = fit.residuals(&data).unwrap().iter().sum();
    near(total, 0.0, 1e-6);
}

#[test]
fn double_bar_of_a_factor_is_a_variance_for_each_column() {
    let fit = lmer("score ~ Machine + (Machine || Worker)", &*data("Machines")).unwrap();
    assert_eq!(fit.varcorr().len(), 3);
    check(
        &fit,
        212.234411739277,
        &[
            (52.3555555555555, 1.67869986808731, 5.00387028639145),
            (7.96666666666745, 2.4256198250051, 5.00241497170305),
            (13.9166666666673, 1.52307468551309, 5.00432738239139),
        ],
    );
}

#[test]
fn singular_fit_has_exact_zeros_and_says_so() {
    let formula = "angle ~ recipe + temp + (temp | recipe:replicate) + (1 | replicate)";
    let model = Model::new(formula);
    let fit = model.fit(&*data("cake")).unwrap();
    near(fit.criterion(), 1654.82325493492, 1e-6);
    assert!(fit.singular());
    assert_eq!(fit.theta()[2], 0.0);
    let note = fit.notes().iter().find(|n| n.code == "singular").unwrap();
    assert!(
        note.message.contains("perfectly correlated"),
        "{}",
        note.message
    );
    let simpler = fit.simpler_models(&*data("cake"));
    assert!(
        simpler
            .iter()
            .all(|m| m.cost > -1e-6 && m.fewer_parameters > 0)
    );
    assert!(
        simpler
            .iter()
            .any(|m| m.formula.contains("(1 | recipe:replicate)"))
    );

    let none = lmer(
        "Reaction ~ 0 + Days + (0 + Days | Subject)",
        &*data("sleepstudy"),
    )
    .unwrap();
    near(none.criterion(), 2295.07812042698, 1e-6);
    assert_eq!(none.theta(), [0.0]);
    near(none.coefficients()[0].df.unwrap(), 179.0, 1e-3);
}

#[test]
fn spelling_and_order_do_not_matter() {
    let oats = data("Oats");
    let spellings = [
        "yield ~ nitro * Variety + (1 | Block/Variety)",
        "yield ~ nitro * Variety + (1 | Block) + (1 | Variety:Block)",
        "yield ~ nitro * Variety + (1 | Block:Variety) + (1 | Block)",
    ];
    let fits: Vec<Fit> = spellings.iter().map(|f| lmer(f, &*oats).unwrap()).collect();
    for fit in &fits[1..] {
        near(fit.criterion(), fits[0].criterion(), 1e-9);
        for (a, b) in fit.fixef().iter().zip(fits[0].fixef()) {
            near(*a, *b, 1e-7 * b.abs());
        }
    }
    let sleep = data("sleepstudy");
    let double = lmer("Reaction ~ Days + (Days || Subject)", &*sleep).unwrap();
    let apart = lmer(
        "Reaction ~ Days + (0 + Days | Subject) + (1 | Subject)",
        &*sleep,
    )
    .unwrap();
    near(double.criterion(), apart.criterion(), 1e-9);
    near(double.theta()[0], apart.theta()[1], 1e-7);
}

#[test]
fn units_do_not_matter() {
    let (_, days, _) = sleepstudy();
    let data = with_columns(&[
        ("year", days.iter().map(|d| 2010.0 + d).collect()),
        ("micro", days.iter().map(|d| d * 1e6).collect()),
    ]);
    let plain = lmer("Reaction ~ Days + (Days | Subject)", &data).unwrap();
    let year = lmer("Reaction ~ year + (year | Subject)", &data).unwrap();
    // A shift changes no determinant.
    near(year.criterion(), plain.criterion(), 1e-8);
    near(year.fixef()[1], plain.fixef()[1], 1e-9);
    near(year.coefficients()[1].df.unwrap(), 17.0, 1e-6);
    let micro = lmer("Reaction ~ micro + (micro | Subject)", &data).unwrap();
    near(
        micro.criterion(),
        plain.criterion() + 2.0 * 1e6f64.ln(),
        1e-8,
    );
    near(
        micro.varcorr()[0].sd[1] * 1e6,
        plain.varcorr()[0].sd[1],
        1e-8,
    );
    assert!(!micro.singular());
}

#[test]
fn least_squares_without_bars() {
    let fit = lmer("Reaction ~ Days", &*data("sleepstudy")).unwrap();
    // lm(): 251.405105 (6.610154), 10.467286 (1.238195), sigma 47.71472 on 178 df.
    let table = fit.coefficients();
    near(table[0].estimate.unwrap(), 251.405104848485, 1e-9);
    near(table[0].std_error.unwrap(), 6.610154044287574, 1e-9);
    near(table[1].std_error.unwrap(), 1.2381952980498188, 1e-9);
    near(fit.sigma(), 47.71471974377855, 1e-9);
    assert_eq!(table[1].df.unwrap().round(), 178.0);
    near(table[1].df.unwrap(), 178.0, 1e-9);
}

#[test]
fn aliased_columns_are_named_and_left_out() {
    let (_, days, _) = sleepstudy();
    let data = with_columns(&[
        ("twice", days.iter().map(|d| 2.0 * d + 1.0).collect()),
        ("always", vec![5.0; 180]),
    ]);
    let fit = lmer("Reaction ~ Days + twice + always + (1 | Subject)", &data).unwrap();
    let table = fit.coefficients();
    assert_eq!(table.len(), 4);
    assert!(table[2].estimate.is_none() && table[3].estimate.is_none());
    let note = fit.notes().iter().find(|n| n.code == "aliased").unwrap();
    assert!(
        note.message.contains("`twice` and `always`"),
        "{}",
        note.message
    );
    let plain = lmer("Reaction ~ Days + (1 | Subject)", &data).unwrap();
    near(fit.criterion(), plain.criterion(), 1e-9);
    assert_eq!(fit.predict(&data, Groups::All).unwrap().fit.len(), 180);
}

#[test]
fn a_saved_model_is_small_and_answers_elsewhere() {
    let source = data("sleepstudy");
    let fit = lmer("Reaction ~ poly(Days, 2) + (Days | Subject)", &*source).unwrap();
    fit.summarise_residuals(&*source).unwrap();
    let json = fit.to_json().unwrap();
    // Two thirds of it are for the degrees of freedom of known groups.
    assert!(json.len() < 40_000, "{} bytes", json.len());
    assert!(!json.contains("249.56"), "a row is in the saved model");
    let loaded = Fit::from_json(&json).unwrap();
    assert_eq!(loaded.summary().to_string(), fit.summary().to_string());
    assert_eq!(loaded.effects(0.95), fit.effects(0.95));
    let new = Table::new()
        .number("Days", [0.0, 12.0, 3.0])
        .text("Subject", ["308", "nobody", "309"])
        .source()
        .unwrap();
    let (here, there) = (
        fit.predict(&new, Groups::All).unwrap(),
        loaded.predict(&new, Groups::All).unwrap(),
    );
    assert_eq!(here, there);
    assert_eq!(here.new_levels, [("Subject".to_owned(), 1)]);
    let population = fit.predict(&new, Groups::None).unwrap();
    assert_eq!(here.fit[1], population.fit[1]);
    assert_ne!(here.fit[0], population.fit[0]);
    assert_eq!(fit.predict(&new, Groups::New).unwrap().fit, population.fit);
}

#[test]
fn damaged_models_are_refused_in_words() {
    let fit = lmer("Reaction ~ Days + (Days | Subject)", &*data("sleepstudy")).unwrap();
    let json = fit.to_json().unwrap();
    let code = |text: &str| Fit::from_json(text).unwrap_err().code();
    assert_eq!(code(""), "not_a_model");
    assert_eq!(code("{}"), "not_a_model");
    assert_eq!(code(&json[..json.len() / 2]), "model_truncated");
    assert_eq!(
        code(&json.replace("\"version\":4", "\"version\":99")),
        "model_version"
    );
    assert_eq!(
        code(&json.replace("\"beta\":[", "\"beta\":[1.0,")),
        "model_damaged"
    );
}

#[test]
fn models_that_cannot_be_told_apart_are_refused() {
    let (_, _, subjects) = sleepstudy();
    let (reaction, days, _) = sleepstudy();
    let data = Table::new()
        .number("Reaction", reaction)
        .number("Days", days)
        .text("Subject", subjects)
        .text("row", (0..180).map(|i| i.to_string()))
        .source()
        .unwrap();
    let error = lmer("Reaction ~ Days + (1 | row)", &data).unwrap_err();
    assert_eq!(error.code(), "group_per_row");
    assert_eq!(error.place().unwrap().span.start, 18);
    let error = lmer("Reaction ~ 1 + (poly(Days, 9) | Subject)", &data).unwrap_err();
    assert_eq!(error.code(), "too_many_random_effects");
    let error = lmer("Days ~ Days + (1 | Subject)", &data).unwrap_err();
    assert!(!error.code().is_empty());
}

#[test]
fn tests_by_other_degrees_of_freedom() {
    let model = Model::new("Reaction ~ Days + (Days | Subject)");
    let z = model
        .clone()
        .df(DfMethod::None)
        .fit(&*data("sleepstudy"))
        .unwrap();
    assert_eq!(z.coefficients()[1].df, None);
    near(
        z.coefficients()[1].p_value.unwrap(),
        1.27467373826442e-11,
        1e-17,
    );
    let residual = model
        .df(DfMethod::Residual)
        .fit(&*data("sleepstudy"))
        .unwrap();
    assert_eq!(residual.coefficients()[1].df, Some(178.0));
}

#[test]
fn random_effects_without_a_fixed_counterpart() {
    // The random intercepts have a mean of their own that no fixed effect takes: the average
    // information is far from the Hessian there. Balanced data give the answer in closed form:
    // the intercept of the regression of each subject's slope on its intercept.
    let fit = lmer(
        "Reaction ~ 0 + Days + (Days | Subject)",
        &*data("sleepstudy"),
    )
    .unwrap();
    near(fit.fixef()[0], 18.3001624, 1e-5);
    assert!(fit.certificate().converged);
    assert!(fit.evaluations() < 40, "{} evaluations", fit.evaluations());
}

#[test]
fn the_last_cell_of_an_interaction_is_aliased() {
    // Eight cells beside an intercept: one too many, and only a sum of all others shows it.
    let n = 400;
    let cell = |i: usize, k: usize| ["a", "b", "c", "d"][(i * 7919 / 13 + i * i / 7) % k];
    let data = Table::new()
        .number(
            "y",
            (0..n).map(|i| ((i * 2654435761_usize) % 1009) as f64 / 100.0),
        )
        .text("f", (0..n).map(|i| cell(i, 4)))
        .text("h", (0..n).map(|i| ["u", "v"][i % 2]))
        .text("g", (0..n).map(|i| format!("g{}", i % 23)))
        .source()
        .unwrap();
    let fit = lmer("y ~ h:f + (1 | g)", &data).unwrap();
    let table = fit.coefficients();
    assert_eq!(table.iter().filter(|c| c.estimate.is_none()).count(), 1);
    assert!(table.iter().flat_map(|c| c.std_error).all(|s| s < 10.0));
}

#[test]
fn a_variance_that_the_fixed_effects_took_is_named() {
    let fit = lmer(
        "score ~ Machine * Worker + (1 | Machine:Worker)",
        &*data("Machines"),
    )
    .unwrap();
    assert!(fit.certificate().converged);
    let note = fit
        .notes()
        .iter()
        .find(|n| n.code == "no_information")
        .unwrap();
    assert!(
        note.message
            .contains("already give every level its own mean"),
        "{}",
        note.message
    );
}

#[test]
fn double_bars_count_as_terms_of_their_own() {
    let n = 100;
    let data = Table::new()
        .number(
            "y",
            (0..n).map(|i| ((i * 2654435761_usize) % 1009) as f64 / 100.0),
        )
        .number("x", (0..n).map(|i| ((i * 40503) % 101) as f64))
        .text("g", (0..n).map(|i| format!("g{}", i % 60)))
        .source()
        .unwrap();
    let double = lmer("y ~ x + (x || g)", &data).unwrap();
    let apart = lmer("y ~ x + (1 | g) + (0 + x | g)", &data).unwrap();
    near(double.criterion(), apart.criterion(), 1e-8);
    assert_eq!(
        lmer("y ~ x + (x | g)", &data).unwrap_err().code(),
        "too_many_random_effects"
    );
}

/// The rows come back to a saved model, and with them every question.
#[test]
fn a_loaded_fit_takes_its_rows_again() {
    let source = data("sleepstudy");
    let fit = lmer("Reaction ~ Days + (Days | Subject)", &*source).unwrap();
    let loaded = Fit::from_json(&fit.to_json().unwrap()).unwrap();
    assert!(!loaded.has_rows());
    assert_eq!(loaded.refit(false).unwrap_err().code(), "needs_rows");
    assert_eq!(loaded.options(), fit.options());
    assert_eq!(loaded.moments(), fit.moments());

    let other = data("sleep_unbal");
    let error = Fit::from_json(&fit.to_json().unwrap())
        .unwrap()
        .with_rows(&*other)
        .unwrap_err();
    assert_eq!(error.code(), "other_rows");

    let loaded = loaded.with_rows(&*source).unwrap();
    let (ml, direct) = (loaded.refit(false).unwrap(), fit.refit(false).unwrap());
    assert!(
        (ml.criterion() - 1751.939344).abs() < 1e-6,
        "{}",
        ml.criterion()
    );
    assert!((ml.criterion() - direct.criterion()).abs() < 1e-9);
    assert!(!ml.reml() && ml.certificate().converged);
    assert!((ml.refit(true).unwrap().criterion() - fit.criterion()).abs() < 1e-9);
}

/// Means and variances are those of the rows, whatever their weights.
#[test]
fn moments_are_of_the_rows_that_were_used() {
    let fit = lmer("Reaction ~ Days + (Days | Subject)", &*data("sleepstudy")).unwrap();
    let moments = fit.moments();
    assert_eq!(moments.fixed_mean, [1.0, 4.5]);
    // 0 to 9, eighteen times: variance 8.25·180/179.
    assert!((moments.fixed_cov[3] - 8.25 * 180.0 / 179.0).abs() < 1e-12);
    assert_eq!(moments.fixed_cov[0], 0.0);
    let product = &moments.random_product[0];
    assert!((product[0] - 1.0).abs() < 1e-14 && (product[3] - 28.5).abs() < 1e-12);
    assert_eq!(moments.sizes, [[10; 18]]);
}

/// Every question that fits again or profiles stops at once and says so; what is left is whole.
#[test]
fn interrupted_work_ends_with_an_error() {
    use ranef::{CheckOptions, DeletionMethod, IntervalMethod, Optimizer};
    let data = open("sleepstudy", &ReadOptions::default()).unwrap();
    let interrupt = ranef::Interrupt::default();
    let model = Model::new("Reaction ~ Days + (Days | Subject)").interrupt(&interrupt);
    let fit = model.fit(&*data).unwrap();
    interrupt.set();
    let code = |found: Result<(), ranef::Error>| found.unwrap_err().code();
    for optimizer in [
        Optimizer::Newton,
        Optimizer::Bfgs,
        Optimizer::Bobyqa,
        Optimizer::NelderMead,
    ] {
        let model = model.clone().optimizer(optimizer);
        assert_eq!(code(model.fit(&*data).map(drop)), "interrupted");
    }
    assert_eq!(code(fit.refit(false).map(drop)), "interrupted");
    let profile = fit.confint(IntervalMethod::Profile, 0.95);
    assert_eq!(code(profile.map(drop)), "interrupted");
    let check = fit.check(&*data, &CheckOptions::default(), &mut |_| {});
    assert_eq!(code(check.map(drop)), "interrupted");
    let influence = fit.group_influence(
        &*data,
        Some("Subject"),
        DeletionMethod::Exact,
        &mut |_, _| {},
    );
    assert_eq!(code(influence.map(drop)), "interrupted");
    // What needs no criterion is answered.
    assert_eq!(fit.coefficients().len(), 2);
    interrupt.reset();
    let again = fit.refit(true).unwrap();
    assert!((again.criterion() - fit.criterion()).abs() < 1e-9);
    assert!(fit.confint(IntervalMethod::Profile, 0.95).is_ok());
}

/// From another thread, while a fit of many evaluations is under way.
#[test]
fn a_long_fit_is_interrupted_from_outside() {
    use std::time::{Duration, Instant};
    let data = open("InstEval", &ReadOptions::default()).unwrap();
    let interrupt = ranef::Interrupt::default();
    // The simplex takes hundreds of evaluations, many seconds.
    let model = Model::new("y ~ service + (1 | s) + (1 | d) + (1 | dept)")
        .optimizer(ranef::Optimizer::NelderMead)
        .interrupt(&interrupt);
    let started = Instant::now();
    let found = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(1500));
            interrupt.set();
        });
        model.fit(&*data)
    });
    assert_eq!(found.unwrap_err().code(), "interrupted");
    assert!(started.elapsed() < Duration::from_secs(20));
}
