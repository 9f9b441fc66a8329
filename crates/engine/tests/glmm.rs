//! Generalised models: known fits, and the gradient against differences.

use std::sync::Arc;

use ranef_engine::glmm::family::{Binomial, Density, Link, Observation};
use ranef_engine::glmm::{self, Data, Options};
use ranef_engine::{Column, Coordinates, FactorRows, Layout, Rows};

/// Lesnoff et al. (2004): cases of contagious bovine pleuropneumonia in 15 herds over four periods.
/// (herd, period, incidence, size)
const CBPP: [(u32, u32, f64, f64); 56] = [
    (1, 1, 2.0, 14.0),
    (1, 2, 3.0, 12.0),
    (1, 3, 4.0, 9.0),
    (1, 4, 0.0, 5.0),
    (2, 1, 3.0, 22.0),
    (2, 2, 1.0, 18.0),
    (2, 3, 1.0, 21.0),
    (3, 1, 8.0, 22.0),
    (3, 2, 2.0, 16.0),
    (3, 3, 0.0, 16.0),
    (3, 4, 2.0, 20.0),
    (4, 1, 2.0, 10.0),
    (4, 2, 0.0, 10.0),
    (4, 3, 2.0, 9.0),
    (4, 4, 0.0, 6.0),
    (5, 1, 5.0, 18.0),
    (5, 2, 0.0, 25.0),
    (5, 3, 0.0, 24.0),
    (5, 4, 1.0, 4.0),
    (6, 1, 3.0, 17.0),
    (6, 2, 0.0, 17.0),
    (6, 3, 0.0, 18.0),
    (6, 4, 1.0, 20.0),
    (7, 1, 8.0, 16.0),
    (7, 2, 1.0, 10.0),
    (7, 3, 3.0, 9.0),
    (7, 4, 0.0, 5.0),
    (8, 1, 12.0, 34.0),
    (9, 1, 2.0, 9.0),
    (9, 2, 0.0, 6.0),
    (9, 3, 0.0, 8.0),
    (9, 4, 0.0, 6.0),
    (10, 1, 1.0, 22.0),
    (10, 2, 1.0, 22.0),
    (10, 3, 0.0, 18.0),
    (10, 4, 2.0, 22.0),
    (11, 1, 0.0, 25.0),
    (11, 2, 5.0, 27.0),
    (11, 3, 3.0, 22.0),
    (11, 4, 1.0, 22.0),
    (12, 1, 2.0, 10.0),
    (12, 2, 1.0, 8.0),
    (12, 3, 0.0, 6.0),
    (12, 4, 0.0, 5.0),
    (13, 1, 1.0, 21.0),
    (13, 2, 2.0, 24.0),
    (13, 3, 0.0, 19.0),
    (13, 4, 0.0, 23.0),
    (14, 1, 11.0, 19.0),
    (14, 2, 0.0, 2.0),
    (14, 3, 0.0, 3.0),
    (14, 4, 0.0, 2.0),
    (15, 1, 1.0, 19.0),
    (15, 2, 1.0, 15.0),
    (15, 3, 1.0, 15.0),
    (15, 4, 0.0, 15.0),
];

fn cbpp() -> Data {
    let layout = Layout::new(4, Some(0), &[15], &[(0, 1, Some(0))]);
    let herd: Vec<u32> = CBPP.iter().map(|r| r.0 - 1).collect();
    let dummy = |level: u32| -> Vec<f64> { CBPP.iter().map(|r| f64::from(r.1 == level)).collect() };
    let (second, third, fourth) = (dummy(2), dummy(3), dummy(4));
    let y: Vec<f64> = CBPP.iter().map(|r| r.2).collect();
    let observations: Vec<Observation> = CBPP.iter().map(|r| Observation::of(r.2, r.3)).collect();
    let rows = Rows {
        response: &y,
        fixed: vec![
            Column::Constant(1.0),
            Column::Values(&second),
            Column::Values(&third),
            Column::Values(&fourth),
        ],
        weights: None,
        factors: vec![FactorRows {
            codes: &herd,
            columns: vec![Column::Constant(1.0)],
        }],
    };
    let mut data = Data::new(layout.clone(), Coordinates::pilot(&layout, &rows));
    data.add(&rows, &observations, None);
    data
}

fn binomial(link: Link) -> Arc<dyn Density> {
    Arc::new(Binomial { link })
}

/// The minimum of F as a dense program of its own finds it (Newton's method by herd, in double
/// precision). lme4 1.1-31 prints 184.053132775, which is F at nearly the same parameters with modes
/// that its tolerance left 5.7e-4 short.
#[test]
fn cbpp_by_laplace() {
    let fit = glmm::fit(cbpp(), binomial(Link::Logit), &Options::default()).unwrap();
    assert!((fit.value - 184.0525637295).abs() < 1e-9, "{}", fit.value);
    assert!((fit.theta[0] - 0.642_261_447).abs() < 1e-7);
    let beta = [
        -1.398_532_136,
        -0.992_332_731,
        -1.128_672_081,
        -1.580_313_903,
    ];
    for (found, expected) in fit.beta.iter().zip(beta) {
        assert!((found - expected).abs() < 1e-7, "{found} {expected}");
    }
    assert!(fit.certificate.converged);
}

/// Other links. Observed: a likelihood of our own in TMB (and glmmTMB 1.1.5 where it has the link);
/// customary: lme4 1.1-31 at tight tolerances, whose criterion of cauchit is above its minimum.
#[test]
fn links() {
    use glmm::Curvature::{Customary, Observed};
    for (link, curvature, criterion, intercept, within) in [
        (Link::Probit, Observed, 185.16667541, -0.831849, 1e-7),
        (Link::Cloglog, Observed, 183.51600404, -1.532096, 1e-7),
        (Link::Cauchit, Observed, 182.01286566, -1.766753, 1e-7),
        (Link::Probit, Customary, 185.24244675, -0.835477, 1e-5),
        (Link::Cloglog, Customary, 183.60407583, -1.525981, 1e-5),
        (Link::Cauchit, Customary, 181.60229654, -1.661344, 1e-5),
    ] {
        let options = Options {
            curvature,
            ..Default::default()
        };
        let fit = glmm::fit(cbpp(), binomial(link), &options).unwrap();
        let label = format!("{link:?} {curvature:?}");
        assert!(
            (fit.value - criterion).abs() < within,
            "{label} {}",
            fit.value
        );
        assert!(
            (fit.beta[0] - intercept).abs() < 1e-6,
            "{label} {}",
            fit.beta[0]
        );
        assert!(fit.certificate.converged, "{label}");
    }
}

/// Exact log-likelihood −91.983369 by numerical integration; the constants are in it.
#[test]
fn cbpp_by_quadrature() {
    let value = |points| {
        let options = Options {
            points,
            ..Default::default()
        };
        glmm::fit(cbpp(), binomial(Link::Logit), &options)
            .unwrap()
            .value
    };
    assert!((-0.5 * value(25) + 91.983369037).abs() < 1e-8);
    assert!((value(9) - 183.966743592669).abs() < 1e-8);
    assert!((value(2) - 184.070738988027).abs() < 1e-8);
}

/// Rows that are the same are one row with a count: the same fit from animals as from herds.
#[test]
fn collapsed_rows_are_the_same_model() {
    let layout = Layout::new(4, Some(0), &[15], &[(0, 1, Some(0))]);
    let mut herd = Vec::new();
    let mut dummies = vec![Vec::new(); 3];
    let mut observations = Vec::new();
    for &(h, period, ill, size) in &CBPP {
        for animal in 0..size as usize {
            herd.push(h - 1);
            for (column, level) in dummies.iter_mut().zip(2..) {
                column.push(f64::from(period == level));
            }
            observations.push(Observation::new(f64::from((animal as f64) < ill)));
        }
    }
    let y: Vec<f64> = observations.iter().map(|o| o.y).collect();
    let mut fixed = vec![Column::Constant(1.0)];
    fixed.extend(dummies.iter().map(|column| Column::Values(column)));
    let rows = Rows {
        response: &y,
        fixed,
        weights: None,
        factors: vec![FactorRows {
            codes: &herd,
            columns: vec![Column::Constant(1.0)],
        }],
    };
    let mut data = Data::new(layout.clone(), Coordinates::pilot(&layout, &rows));
    data.add(&rows, &observations, None);
    let animals = glmm::fit(data, binomial(Link::Logit), &Options::default()).unwrap();
    let herds = glmm::fit(cbpp(), binomial(Link::Logit), &Options::default()).unwrap();
    for (a, b) in animals.beta.iter().zip(&herds.beta) {
        assert!((a - b).abs() < 1e-8, "{a} {b}");
    }
    assert!((animals.theta[0] - herds.theta[0]).abs() < 1e-8);
    // The criteria differ by the binomial coefficients.
    assert!(animals.value > herds.value + 300.0);
}
