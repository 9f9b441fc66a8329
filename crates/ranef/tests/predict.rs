//! Predictions and how far they may be off.

use proptest::prelude::*;
use ranef::frame::{ReadOptions, Source, Table, open};
use ranef::{Answer, Fit, Groups, Interval, Model, PredictOptions, PredictedInterval, lmer};

fn data(name: &str) -> Box<dyn Source> {
    open(name, &ReadOptions::default()).unwrap()
}

#[track_caller]
fn near(got: f64, want: f64, tolerance: f64) {
    assert!(
        (got - want).abs() <= tolerance,
        "{got} is not {want} within {tolerance:e}"
    );
}

fn test_bed() -> (Fit, Box<dyn Source>) {
    let source = data("sleep_unbal");
    let fit = lmer("Reaction ~ Days*grp + (Days|Subject)", &*source).unwrap();
    (fit, source)
}

fn day_nine(subject: &str, grp: &str) -> impl Source {
    Table::new()
        .number("Days", [9.0])
        .text("Subject", [subject])
        .text("grp", [grp])
        .source()
        .unwrap()
}

fn only(
    fit: &Fit,
    rows: &dyn Source,
    options: impl Into<PredictOptions>,
) -> (f64, PredictedInterval) {
    let found = fit.predict(rows, options).unwrap();
    (
        found.fit[0].unwrap(),
        found.intervals.unwrap().rows[0].unwrap(),
    )
}

fn with(groups: Groups, interval: Interval) -> PredictOptions {
    PredictOptions::from(groups).interval(interval)
}

/// METHODS C15, computed with R 4.2.2 from Henderson's matrix and by the direct formula.
#[test]
fn the_four_targets() {
    let (fit, _) = test_bed();
    let rows = day_nine("335", "B");
    use Interval::{Confidence, Prediction};
    let (value, known) = only(&fit, &rows, with(Groups::All, Confidence));
    near(value, 246.309977, 2e-4);
    near(known.std_error, 14.107007, 2e-4);
    let (_, population) = only(&fit, &rows, with(Groups::None, Confidence));
    near(population.std_error, 21.187967, 2e-4);
    let (_, new) = only(&fit, &rows, with(Groups::New, Confidence));
    near(new.std_error, 64.339614, 1e-3);
    let (_, observation) = only(&fit, &rows, with(Groups::New, Prediction));
    near(observation.std_error, 69.155684, 1e-3);
    // The wrong group's fixed effects with the right subject's random effects: far too sure.
    let (_, wrong) = only(&fit, &day_nine("335", "A"), with(Groups::All, Confidence));
    near(wrong.std_error, 32.3, 0.05);
    // The budget adds up.
    for interval in [known, population, new, observation] {
        near(
            interval.variance.total(),
            interval.std_error.powi(2),
            1e-9 * interval.std_error.powi(2),
        );
        let half = 0.5 * (interval.upper - interval.lower);
        let expected = match interval.df {
            None => 1.959963984540054,
            Some(df) => {
                assert!(df > 5.0 && df < 200.0, "{df}");
                ranef_engine::distributions::StudentT::new(df).quantile(0.975)
            }
        };
        near(half / interval.std_error, expected, 1e-6);
    }
    near(observation.variance.residual, fit.sigma().powi(2), 1e-9);
    near(observation.variance.groups, new.variance.groups, 1e-9);
    assert_eq!(known.variance.groups, 0.0);
    assert!(known.variance.random > 0.0 && known.variance.fixed > 0.0);
    near(known.df.unwrap(), 133.2978, 1e-2);
}

/// METHODS C13: ρ = Σ h_i = 29.196138, by the leverages w x C x'/σ².
#[test]
fn leverages() {
    let (fit, source) = test_bed();
    let found = fit
        .predict(&*source, with(Groups::All, Interval::Confidence))
        .unwrap();
    let sum: f64 = found
        .intervals
        .unwrap()
        .rows
        .iter()
        .flatten()
        .map(|i| i.std_error.powi(2))
        .sum();
    near(sum / fit.sigma().powi(2), 29.196138, 1e-5);
}

#[test]
fn groups_that_are_new_are_said_and_count_in_full() {
    let (fit, _) = test_bed();
    let rows = day_nine("nobody", "B");
    let found = fit
        .predict(&rows, with(Groups::All, Interval::Confidence))
        .unwrap();
    assert_eq!(found.new_levels, [("Subject".to_owned(), 1)]);
    let intervals = found.intervals.unwrap();
    assert!(
        intervals.target.contains("yet to be drawn"),
        "{}",
        intervals.target
    );
    let here = intervals.rows[0].unwrap();
    let (_, new) = only(&fit, &rows, with(Groups::New, Interval::Confidence));
    assert_eq!(here, new);
    // A group yet to be drawn needs no name.
    let nameless = Table::new()
        .number("Days", [9.0])
        .text("grp", ["B"])
        .source()
        .unwrap();
    assert_eq!(
        only(&fit, &nameless, with(Groups::New, Interval::Confidence)).1,
        new
    );
}

/// Degrees of freedom of a new group's mean: 5.0 for the mean of six batches, and for an
/// observation of a seventh batch what Satterthwaite's formula gives by hand for a balanced
/// one-way layout with mean squares between (5 df) and within (24 df).
#[test]
fn degrees_of_freedom_of_a_new_batch() {
    let source = data("Dyestuff");
    let fit = lmer("Yield ~ 1 + (1 | Batch)", &*source).unwrap();
    let row = Table::new().text("Batch", ["Z"]).source().unwrap();
    let (_, mean) = only(&fit, &row, with(Groups::None, Interval::Confidence));
    near(mean.df.unwrap(), 5.0, 1e-4);
    // Var = MSB/30 + (MSB − MSE)/5 + MSE = (7/30) MSB + (4/5) MSE; df = v² / Σ (c MS)²/df.
    let (_, new) = only(&fit, &row, with(Groups::New, Interval::Prediction));
    let mse = fit.sigma().powi(2);
    let msb = mse + 5.0 * fit.varcorr()[0].cov[0][0];
    let (a, b) = (7.0 / 30.0 * msb, 0.8 * mse);
    near(new.std_error.powi(2), a + b, 1e-6 * (a + b));
    near(
        new.df.unwrap(),
        (a + b).powi(2) / (a * a / 5.0 + b * b / 24.0),
        1e-4,
    );
}

/// The mean of a known batch: with S and M the mean squares within (24 df) and between (5 df),
/// v = S/n·(1 − S/M·(1 − 1/J)), so that ν follows by hand; and of an observation in it, v + S.
#[test]
fn degrees_of_freedom_of_a_known_batch() {
    let source = data("Dyestuff");
    let fit = lmer("Yield ~ 1 + (1 | Batch)", &*source).unwrap();
    let s = fit.sigma().powi(2);
    let m = s + 5.0 * fit.varcorr()[0].cov[0][0];
    let (ds, dm) = (
        0.2 * (1.0 - 2.0 * s / m * (5.0 / 6.0)),
        0.2 * (s / m).powi(2) * (5.0 / 6.0),
    );
    let v = 0.2 * s * (1.0 - s / m * (5.0 / 6.0));
    let (var_s, var_m) = (2.0 * s * s / 24.0, 2.0 * m * m / 5.0);
    let row = Table::new().text("Batch", ["C"]).source().unwrap();
    let (mean, known) = only(&fit, &row, with(Groups::All, Interval::Confidence));
    near(known.std_error.powi(2), v, 1e-6 * v);
    let want = 2.0 * v * v / (ds * ds * var_s + dm * dm * var_m);
    near(known.df.unwrap(), want, 1e-4 * want);
    // The quantile of t with these degrees of freedom, and not the normal one.
    let half = (known.upper - mean) / known.std_error;
    assert!(half > 1.97 && half < 2.2, "{half} on {want}");
    let (_, new) = only(&fit, &row, with(Groups::All, Interval::Prediction));
    let want = 2.0 * (v + s).powi(2) / ((1.0 + ds).powi(2) * var_s + dm * dm * var_m);
    near(new.df.unwrap(), want, 1e-4 * want);
}

/// With Kenward and Roger's degrees of freedom the mean of the population has their standard error.
#[test]
fn kenward_and_rogers_covariance_is_taken_for_the_population() {
    let (fit, _) = test_bed();
    let fit = fit.with_df(ranef::DfMethod::KenwardRoger).unwrap();
    let row = day_nine("335", "B");
    let (_, mean) = only(&fit, &row, with(Groups::None, Interval::Confidence));
    let x = [1.0, 9.0, 1.0, 9.0];
    let form = |v: &[f64]| -> f64 {
        (0..16)
            .map(|at| x[at / 4] * v[at] * x[at % 4])
            .sum::<f64>()
            .sqrt()
    };
    let corrected = fit.tested_vcov(ranef::DfMethod::KenwardRoger).unwrap();
    near(mean.std_error, form(corrected), 1e-9);
    assert!(mean.std_error > form(fit.vcov()) * 1.00001);
    near(
        mean.df.unwrap(),
        fit.df_of(&x, ranef::DfMethod::KenwardRoger)
            .unwrap()
            .unwrap(),
        1e-9,
    );
    // A known group has Satterthwaite's.
    let (_, known) = only(&fit, &row, with(Groups::All, Interval::Confidence));
    assert!(known.df.unwrap() > 1.0);
}

#[test]
fn least_squares_predicts_as_ever() {
    // R: predict(lm(Reaction ~ Days, sleepstudy), data.frame(Days = 12), interval = "prediction")
    let fit = lmer("Reaction ~ Days", &*data("sleepstudy")).unwrap();
    let row = Table::new().number("Days", [12.0]).source().unwrap();
    for groups in [Groups::All, Groups::None, Groups::New] {
        let (value, interval) = only(&fit, &row, with(groups, Interval::Prediction));
        near(value, 377.012536, 1e-4);
        near(interval.df.unwrap(), 178.0, 1e-6);
        near(interval.lower, 280.830081, 1e-3);
        near(interval.upper, 473.194992, 1e-3);
        let (_, mean) = only(&fit, &row, with(groups, Interval::Confidence));
        near(mean.lower, 357.388880, 1e-3);
    }
}

#[test]
fn some_of_the_random_effects() {
    let fit = lmer("strength ~ 1 + (1 | batch/cask)", &*data("Pastes")).unwrap();
    let source = data("Pastes");
    let by = |terms: &[&str]| {
        fit.predict(&*source, PredictOptions::terms(terms.iter().copied()))
            .unwrap()
            .fit
    };
    let all = fit.predict(&*source, Groups::All).unwrap().fit;
    let none = fit.predict(&*source, Groups::None).unwrap().fit;
    assert_eq!(by(&["batch", "cask:batch"]), all);
    assert_eq!(by(&[]), none);
    let (outer, inner) = (by(&["batch"]), by(&["(1 | cask:batch)"]));
    for i in 0..all.len() {
        near(
            outer[i].unwrap() + inner[i].unwrap() - none[i].unwrap(),
            all[i].unwrap(),
            1e-9,
        );
    }
    let sleep = lmer("Reaction ~ Days + (Days | Subject)", &*data("sleepstudy")).unwrap();
    let source = data("sleepstudy");
    let by = |terms: &str| {
        sleep
            .predict(&*source, PredictOptions::terms([terms]))
            .unwrap()
            .fit
    };
    assert_eq!(
        by("Days | Subject"),
        sleep.predict(&*source, Groups::All).unwrap().fit
    );
    assert_eq!(
        by("(0 + Days | Subject)")[0],
        sleep.predict(&*source, Groups::None).unwrap().fit[0]
    );
    let error = sleep
        .predict(&*source, PredictOptions::terms(["Subjet"]))
        .unwrap_err();
    assert_eq!(error.code(), "unknown_random_effects");
    assert_eq!(error.hint(), Some("did you mean `Subject`?"));
    // Fewer random effects: surer of the rest of them, and the budget says whose.
    let intervals = |options: PredictOptions| {
        sleep
            .predict(&*source, options.interval(Interval::Confidence))
            .unwrap()
            .intervals
            .unwrap()
    };
    let some = intervals(PredictOptions::terms(["1 | Subject"]));
    assert!(some.target.contains("1 | Subject"), "{}", some.target);
    assert!(some.budget.random > 0.0);
}

/// What is saved with a model answers as the fit does, for one and for several grouping factors.
#[test]
fn saved_models_know_how_sure_they_are() {
    for (name, formula) in [
        ("sleepstudy", "Reaction ~ Days + (Days | Subject)"),
        ("Penicillin", "diameter ~ 1 + (1 | plate) + (1 | sample)"),
        ("Pastes", "strength ~ 1 + (1 | batch/cask)"),
        ("Machines", "score ~ Machine + (1 | Worker/Machine)"),
    ] {
        let source = data(name);
        let fit = lmer(formula, &*source).unwrap();
        let loaded = Fit::from_json(&fit.to_json().unwrap()).unwrap();
        for interval in [Interval::Confidence, Interval::Prediction] {
            let here = fit.predict(&*source, with(Groups::All, interval)).unwrap();
            let there = loaded
                .predict(&*source, with(Groups::All, interval))
                .unwrap();
            let pairs = here
                .intervals
                .unwrap()
                .rows
                .into_iter()
                .zip(there.intervals.unwrap().rows);
            for (a, b) in pairs {
                let (a, b) = (a.unwrap(), b.unwrap());
                near(a.std_error, b.std_error, 1e-9 * a.std_error);
                assert!(a.std_error > 0.0);
                near(a.df.unwrap(), b.df.unwrap(), 1e-6 * a.df.unwrap());
            }
        }
    }
    // Crossed factors of 2972 and 1128 levels: their rows are wanted again.
    let source = data("InstEval");
    let fit = lmer("y ~ 1 + (1 | s) + (1 | d)", &*source).unwrap();
    let loaded = Fit::from_json(&fit.to_json().unwrap()).unwrap();
    let rows = Table::new()
        .text("s", ["1"])
        .text("d", ["1002"])
        .source()
        .unwrap();
    let error = loaded
        .predict(&rows, with(Groups::All, Interval::Confidence))
        .unwrap_err();
    assert_eq!(error.code(), "needs_rows");
    assert!(
        loaded
            .predict(&rows, with(Groups::New, Interval::Prediction))
            .is_ok()
    );
    let again = loaded.with_rows(&*source).unwrap();
    let (_, a) = only(&again, &rows, with(Groups::All, Interval::Confidence));
    let (_, b) = only(&fit, &rows, with(Groups::All, Interval::Confidence));
    near(a.std_error, b.std_error, 1e-6 * b.std_error);
}

#[test]
fn missing_values_and_weights() {
    let n = 60;
    let y: Vec<f64> = (0..n)
        .map(|i| ((i * 37) % 23) as f64 + (i / 6) as f64)
        .collect();
    let groups: Vec<String> = (0..n).map(|i| format!("g{}", i / 6)).collect();
    let source = Table::new()
        .number("y", y)
        .number("x", (0..n).map(|i| f64::from(i % 6)))
        .number("w", (0..n).map(|i| 1.0 + f64::from(i % 3)))
        .text("g", &groups)
        .source()
        .unwrap();
    let fit = Model::new("y ~ x + (1 | g)")
        .weights("w")
        .fit(&source)
        .unwrap();
    let rows = Table::new()
        .number("x", [Some(1.0), None, Some(1.0)])
        .number("w", [4.0, 1.0, 1.0])
        .text("g", ["g1", "g1", "g1"])
        .source()
        .unwrap();
    let found = fit
        .predict(&rows, with(Groups::All, Interval::Prediction))
        .unwrap();
    let rows = found.intervals.clone().unwrap().rows;
    assert!(found.fit[1].is_none() && rows[1].is_none());
    let sigma = fit.sigma().powi(2);
    near(
        rows[0].unwrap().variance.residual,
        sigma / 4.0,
        1e-9 * sigma,
    );
    near(rows[2].unwrap().variance.residual, sigma, 1e-9 * sigma);
    assert_eq!(found.table().rows(), 3);
    // Without the column an observation has weight 1, and the answer says so.
    let rows = Table::new()
        .number("x", [1.0])
        .text("g", ["g1"])
        .source()
        .unwrap();
    let found = fit
        .predict(&rows, with(Groups::All, Interval::Prediction))
        .unwrap();
    assert_eq!(found.notes[0].code, "no_weights");
    near(
        found.intervals.unwrap().rows[0].unwrap().variance.residual,
        sigma,
        1e-9 * sigma,
    );
}

/// A singular fit has intervals like any other: Dyestuff2's batches do not differ.
#[test]
fn singular_fits() {
    let source = data("Dyestuff2");
    let fit = lmer("Yield ~ 1 + (1 | Batch)", &*source).unwrap();
    assert!(fit.singular());
    let plain = lmer("Yield ~ 1", &*source).unwrap();
    let (_, a) = only(&fit, &*source, with(Groups::All, Interval::Confidence));
    let (_, b) = only(&plain, &*source, with(Groups::All, Interval::Confidence));
    near(a.std_error, b.std_error, 1e-9);
    near(a.variance.random, 0.0, 1e-12);
}

/// The inverse of a small matrix by elimination with row exchanges.
fn invert(matrix: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let n = matrix.len();
    let mut rows: Vec<Vec<f64>> = matrix
        .iter()
        .enumerate()
        .map(|(i, row)| {
            let unit = (0..n).map(|j| if i == j { 1.0 } else { 0.0 });
            row.iter().copied().chain(unit).collect()
        })
        .collect();
    for c in 0..n {
        let pivot = (c..n)
            .max_by(|&a, &b| rows[a][c].abs().total_cmp(&rows[b][c].abs()))
            .unwrap();
        rows.swap(c, pivot);
        let head = rows[c].clone();
        for (r, row) in rows.iter_mut().enumerate() {
            let factor = if r == c {
                1.0 - 1.0 / head[c]
            } else {
                row[c] / head[c]
            };
            row.iter_mut()
                .zip(&head)
                .for_each(|(x, h)| *x -= factor * h);
        }
    }
    rows.into_iter().map(|row| row[n..].to_vec()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    /// Two crossed factors, one with a random slope, weights, singular fits as they come: the direct
    /// formula with V whole, Var = x'Φx + z'(G − GZ'PZG)z − 2x'ΦX'V⁻¹ZGz, for rows whose groups are
    /// known, new, or one of each.
    #[test]
    fn twin(seed in 1u64.., rows in 24usize..44) {
        let mut state = seed;
        let mut uniform = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        let a: Vec<usize> = (0..rows).map(|i| if i < 6 { i } else { (6.0 * uniform()) as usize }).collect();
        let b: Vec<usize> = (0..rows).map(|i| if i < 4 { i } else { (4.0 * uniform()) as usize }).collect();
        let x: Vec<f64> = (0..rows).map(|_| 4.0 * uniform()).collect();
        let w: Vec<f64> = (0..rows).map(|_| 0.5 + uniform()).collect();
        let y: Vec<f64> = (0..rows)
            .map(|i| (a[i] * 7 % 5) as f64 + x[i] * (a[i] % 3) as f64 + (b[i] % 2) as f64 + 3.0 * uniform())
            .collect();
        let label = |prefix: &str, codes: &[usize]| -> Vec<String> {
            codes.iter().map(|c| format!("{prefix}{c}")).collect()
        };
        let source = Table::new()
            .number("y", y).number("x", x.clone()).number("w", w.clone())
            .text("a", label("a", &a)).text("b", label("b", &b))
            .source().unwrap();
        let fit = Model::new("y ~ x + (x | a) + (1 | b)").weights("w").fit(&source);
        prop_assume!(fit.is_ok());
        let fit = fit.unwrap();
        prop_assume!(fit.theta().iter().all(|t| t.abs() < 50.0));
        let (t, s2) = (&fit.varcorr()[0].cov, fit.varcorr()[1].cov[0][0]);
        let sigma2 = fit.sigma().powi(2);
        // Covariance of the random part of two rows.
        let g = |(x1, a1, b1): (f64, usize, usize), (x2, a2, b2): (f64, usize, usize)| -> f64 {
            let slopes = t[0][0] + t[0][1] * (x1 + x2) + t[1][1] * x1 * x2;
            (if a1 == a2 { slopes } else { 0.0 }) + if b1 == b2 { s2 } else { 0.0 }
        };
        let row = |i: usize| (x[i], a[i], b[i]);
        let v: Vec<Vec<f64>> = (0..rows)
            .map(|i| (0..rows).map(|j| g(row(i), row(j)) + if i == j { sigma2 / w[i] } else { 0.0 }).collect())
            .collect();
        let inverse = invert(&v);
        let design = |i: usize, j: usize| if j == 0 { 1.0 } else { x[i] };
        let vx: Vec<[f64; 2]> = (0..rows)
            .map(|i| [0, 1].map(|j| (0..rows).map(|k| inverse[i][k] * design(k, j)).sum()))
            .collect();
        let information: Vec<Vec<f64>> = (0..2)
            .map(|i| (0..2).map(|j| (0..rows).map(|k| design(k, i) * vx[k][j]).sum()).collect())
            .collect();
        let phi = invert(&information);
        for (at, ga, gb) in [(0.5, 2, 1), (3.0, 9, 1), (2.0, 0, 9), (1.0, 9, 9)] {
            let new = Table::new()
                .number("x", [at]).text("a", [format!("a{ga}")]).text("b", [format!("b{gb}")])
                .source().unwrap();
            let (_, found) = only(&fit, &new, with(Groups::All, Interval::Confidence));
            let point = (at, ga, gb);
            let c: Vec<f64> = (0..rows).map(|i| g(point, row(i))).collect();
            let vc: Vec<f64> = (0..rows).map(|i| (0..rows).map(|k| inverse[i][k] * c[k]).sum()).collect();
            let cvc: f64 = c.iter().zip(&vc).map(|(a, b)| a * b).sum();
            // The row less what the known groups explain of it.
            let rest: Vec<f64> = (0..2)
                .map(|j| [1.0, at][j] - (0..rows).map(|i| c[i] * vx[i][j]).sum::<f64>())
                .collect();
            let fixed: f64 = (0..2).map(|i| (0..2).map(|j| rest[i] * phi[i][j] * rest[j]).sum::<f64>()).sum();
            let want = g(point, point) - cvc + fixed;
            let got = found.std_error.powi(2);
            prop_assert!((got - want).abs() < 1e-6 * want.max(1e-3), "{got} {want} {point:?}");
            prop_assert!((found.variance.fixed - fixed).abs() < 1e-6 * want.max(1e-3) || (ga, gb) != (2, 1));
        }
    }

    /// Units of a predictor do not matter.
    #[test]
    fn units_do_not_matter(scale in 0.001f64..1000.0, shift in -1e4f64..1e4) {
        let source = data("sleepstudy");
        let fit = lmer("Reaction ~ Days + (Days | Subject)", &*source).unwrap();
        let days = |d: f64| Table::new()
            .number("Days", [d]).text("Subject", ["310"]).source().unwrap();
        let (value, here) = only(&fit, &days(4.0), with(Groups::All, Interval::Confidence));
        let moved = format!("Reaction ~ I(Days * {scale} + {shift}) + (I(Days * {scale} + {shift}) | Subject)");
        let other = lmer(&moved, &*source).unwrap();
        let (again, there) = only(&other, &days(4.0), with(Groups::All, Interval::Confidence));
        prop_assert!((value - again).abs() < 1e-5 * value.abs());
        prop_assert!((here.std_error - there.std_error).abs() < 1e-4 * here.std_error);
    }
}
