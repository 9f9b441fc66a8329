//! Shapes and sizes at the edge: nothing panics, and no NaN comes out of a fit that is given.

mod support;

use proptest::prelude::*;
use ranef_engine::lmm::{self, Criterion, Fit, FitError, Options};
use ranef_engine::{Column, Coordinates, FactorRows, Layout, Rows, Statistics};

use support::data::sleepstudy;
use support::{Model, Rng, random_model, relative};

/// Looks at every number of a fit.
#[track_caller]
fn all_finite(mut fit: Fit) {
    let p = fit.layout().fixed;
    let effects = fit.random_effects();
    let inference = fit.inference();
    let mut numbers = vec![fit.value, fit.sigma, fit.certificate.newton_decrement];
    numbers.extend(fit.theta.iter().chain(&fit.beta).chain(&fit.vcov));
    numbers.extend(effects.modes.iter().flatten());
    numbers.extend(effects.covariances.iter().flatten());
    numbers.extend(inference.covariance.iter());
    numbers.extend(inference.vcov_changes.iter().flatten());
    for j in 0..p {
        let mut contrast = vec![0.0; p];
        contrast[j] = 1.0;
        let df = inference.satterthwaite(&contrast);
        assert!(df > 0.0, "df {df}");
    }
    assert!(numbers.iter().all(|x| x.is_finite()), "{numbers:?}");
    assert!(fit.sigma > 0.0);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    })]

    /// Random models with few rows: many are singular, some cannot be identified. What there is
    /// is finite, and a certificate of convergence means a minimum.
    #[test]
    fn random_fits_are_finite(seed in 1u64.., rows in 5usize..60, reml: bool) {
        let mut rng = Rng(seed);
        let model = random_model(&mut rng, 3, 3, rows);
        // As many effects as rows, and σ is anyone's guess: a fit may be had, but not a minimum.
        let known = model.layout.random_effects() < rows;
        match model.fit(reml) {
            Ok(mut fit) => {
                let (theta, value) = (fit.theta.clone(), fit.value);
                if fit.certificate.converged && known {
                    for _ in 0..5 {
                        let near: Vec<f64> = theta.iter().map(|t| t + 1e-3 * rng.normal()).collect();
                        let other = fit.criterion_at(&near);
                        prop_assert!(other > value - 1e-6, "{other} below {value}");
                    }
                }
                all_finite(fit);
            }
            Err(error) => prop_assert!(
                !matches!(error, FitError::NotDefined) || rows < 8,
                "{error}"
            ),
        }
    }
}

#[test]
fn a_factor_with_one_level() {
    let mut model = sleepstudy(true);
    model.layout = Layout::new(2, Some(0), &[1], &[(0, 1, Some(0))]);
    model.codes = vec![vec![0; 180]];
    model.z = vec![vec![vec![1.0; 180]]];
    // By REML the intercept takes it all: the criterion does not depend on θ.
    let mut criterion = Criterion::new(&model.statistics(), true);
    assert!((criterion.at(&[0.0]) - criterion.at(&[3.0])).abs() < 1e-9);
    for reml in [true, false] {
        all_finite(model.fit(reml).unwrap());
    }
}

#[test]
fn groups_of_one_row() {
    let mut model = sleepstudy(true);
    model.layout = Layout::new(2, Some(0), &[180], &[(0, 1, Some(0))]);
    model.codes = vec![(0..180).collect()];
    model.z = vec![vec![vec![1.0; 180]]];
    // σ²(1 + θ²) is all that can be known: flat, but neither endless nor NaN.
    let flat = model.fit(true).unwrap();
    let mut criterion = Criterion::new(&model.statistics(), true);
    let at_zero = criterion.at(&[0.0]);
    assert!((flat.value - at_zero).abs() < 1e-8);
    all_finite(flat);
    // One subject with a single row among others with ten.
    let mut model = sleepstudy(true);
    model.layout = Layout::new(2, Some(0), &[19], &[(0, 2, Some(0))]);
    model.codes[0][179] = 18;
    all_finite(model.fit(true).unwrap());
}

#[test]
fn levels_without_rows_have_modes_of_zero() {
    let plain = sleepstudy(true).fit(true).unwrap();
    let mut model = sleepstudy(true);
    model.layout = Layout::new(2, Some(0), &[40], &[(0, 2, Some(0))]);
    model.codes[0].iter_mut().for_each(|c| *c = 2 * *c + 1);
    let mut fit = model.fit(true).unwrap();
    assert!((fit.value - plain.value).abs() < 1e-9);
    let effects = fit.random_effects();
    let g = &support::covariances(&model.layout, &fit.theta)[0];
    for level in (0..40).filter(|l| l % 2 == 0 || *l > 36) {
        assert_eq!(effects.modes[0][2 * level..2 * level + 2], [0.0, 0.0]);
        // Nothing was learnt: the prior's covariance.
        for (at, x) in effects.covariances[0][4 * level..4 * level + 4]
            .iter()
            .enumerate()
        {
            assert!(relative(*x, g[at] * fit.sigma * fit.sigma, 1e-9) < 1e-9);
        }
    }
    all_finite(fit);
}

#[test]
fn more_random_effects_than_rows() {
    let mut rng = Rng(5);
    let rows = 12;
    let model = Model {
        layout: Layout::new(1, Some(0), &[10, 9], &[(0, 2, Some(0)), (1, 2, Some(0))]),
        y: (0..rows).map(|_| rng.normal()).collect(),
        x: vec![vec![1.0; rows]],
        weights: None,
        codes: vec![
            (0..rows as u32).map(|i| i % 10).collect(),
            (0..rows as u32).map(|i| i % 9).collect(),
        ],
        z: (0..2)
            .map(|_| vec![vec![1.0; rows], (0..rows).map(|_| rng.normal()).collect()])
            .collect(),
    };
    match model.fit(false) {
        Ok(fit) => all_finite(fit),
        Err(error) => assert_eq!(error, FitError::NoResidual),
    }
}

/// Weights a million times each other; all of them multiplied by one number.
#[test]
fn weights_of_any_size() {
    let mut model = sleepstudy(true);
    let plain = model.fit(true).unwrap();
    for scale in [1e-12, 1e-3, 1e3, 1e12] {
        model.weights = Some(vec![scale; 180]);
        let fit = model.fit(true).unwrap();
        // σ² is the variance at weight 1, Λ is relative to it.
        assert!(
            relative(fit.sigma, plain.sigma * f64::sqrt(scale), 0.0) < 1e-5,
            "{scale:e}"
        );
        assert!(
            (fit.value - plain.value).abs() < 1e-6,
            "{scale:e}: {}",
            fit.value
        );
        assert_eq!(fit.evaluations, plain.evaluations, "{scale:e}");
        assert_eq!(fit.singular, [false], "{scale:e}");
        all_finite(fit);
    }
    model.weights = Some((0..180).map(|i| 10f64.powi(i % 7 - 3)).collect());
    all_finite(model.fit(true).unwrap());
}

#[test]
fn constants_may_be_columns_of_one_number() {
    let model = sleepstudy(true);
    let codes = &model.codes[0];
    let rows = Rows {
        response: &model.y,
        fixed: vec![Column::Constant(1.0), Column::Values(&model.x[1])],
        weights: None,
        factors: vec![FactorRows {
            codes,
            columns: vec![Column::Constant(1.0), Column::Values(&model.x[1])],
        }],
    };
    let mut statistics = Statistics::new(
        model.layout.clone(),
        Coordinates::pilot(&model.layout, &rows),
    );
    statistics.add(&rows);
    let fit = lmm::fit(&statistics, &Options::default()).unwrap();
    assert!((fit.value - model.fit(true).unwrap().value).abs() < 1e-9);
}

#[test]
fn numbers_that_are_not_finite_are_refused() {
    for bad in [f64::NAN, f64::INFINITY] {
        for place in 0..3 {
            let mut model = sleepstudy(true);
            match place {
                0 => model.y[7] = bad,
                1 => model.x[1][7] = bad,
                _ => model.z[0][1][7] = bad,
            }
            assert_eq!(
                model.fit(true).err(),
                Some(FitError::NotDefined),
                "{bad} {place}"
            );
        }
    }
}

/// 10⁻²⁰⁰ is a number and its square is not.
#[test]
fn a_response_whose_variance_is_no_number_is_refused() {
    for size in [1e-200, 1e-160] {
        let mut model = sleepstudy(true);
        model.y.iter_mut().for_each(|y| *y *= size);
        assert_eq!(model.fit(true).err(), Some(FitError::OutOfRange), "{size}");
    }
    let mut model = sleepstudy(true);
    model.y.iter_mut().for_each(|y| *y *= 1e-60);
    assert!(model.fit(true).is_ok());
}

#[test]
fn no_rows_at_all() {
    let mut model = sleepstudy(true);
    model.y.clear();
    model.codes[0].clear();
    model
        .x
        .iter_mut()
        .chain(&mut model.z[0])
        .for_each(Vec::clear);
    assert!(matches!(
        model.fit(true).err(),
        Some(FitError::TooFewRows { .. })
    ));
}
