//! Complete and no pooling, level crossproducts and level means, against sums over the rows and
//! dense least squares.
#![allow(missing_docs)]

mod support;

use proptest::prelude::*;
use ranef_engine::optimize::symmetric_eigen;
use support::{Model, Rng, assert_close, random_model};

/// Least squares of y on columns by the pseudo-inverse of their crossproducts, scaled to a unit
/// diagonal: coefficients, the pseudo-inverse, the residual sum of squares and the rank.
struct Dense {
    beta: Vec<f64>,
    inverse: Vec<f64>,
    rest: f64,
    rank: usize,
    /// Whether a direction is neither clearly something nor clearly rounding: there two sound rules
    /// of rank may differ, and a test of one against another says nothing. A level of two rows with
    /// nearly the same predictor comes up once in a few hundred runs.
    doubtful: bool,
}

impl Dense {
    fn of(columns: &[Vec<f64>], y: &[f64], weights: &[f64]) -> Self {
        let n = columns.len();
        let inner =
            |a: &[f64], b: &[f64]| -> f64 { (0..a.len()).map(|i| weights[i] * a[i] * b[i]).sum() };
        let scale: Vec<f64> = columns.iter().map(|c| inner(c, c).sqrt()).collect();
        let mut products = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..n {
                if scale[i] > 0.0 && scale[j] > 0.0 {
                    products[i * n + j] = inner(&columns[i], &columns[j]) / scale[i] / scale[j];
                }
            }
        }
        let (values, vectors) = symmetric_eigen(&products, n).expect("finite");
        let mut inverse = vec![0.0; n * n];
        let mut rank = 0;
        for (value, vector) in values.iter().zip(vectors.chunks_exact(n)) {
            if *value > 1e-9 {
                rank += 1;
                for i in 0..n {
                    for j in 0..n {
                        if scale[i] > 0.0 && scale[j] > 0.0 {
                            inverse[i * n + j] +=
                                vector[i] * vector[j] / value / scale[i] / scale[j];
                        }
                    }
                }
            }
        }
        let right: Vec<f64> = columns.iter().map(|c| inner(c, y)).collect();
        let beta: Vec<f64> = inverse
            .chunks_exact(n)
            .map(|row| row.iter().zip(&right).map(|(a, b)| a * b).sum())
            .collect();
        let rest = (0..y.len())
            .map(|i| {
                let fitted: f64 = columns.iter().zip(&beta).map(|(c, b)| c[i] * b).sum();
                weights[i] * (y[i] - fitted).powi(2)
            })
            .sum();
        Self {
            beta,
            inverse,
            rest,
            rank,
            doubtful: values.iter().any(|value| (1e-14..1e-6).contains(value)),
        }
    }
}

fn weights(model: &Model) -> Vec<f64> {
    model
        .weights
        .clone()
        .unwrap_or_else(|| vec![1.0; model.rows()])
}

fn weighted(model: &mut Model, rng: &mut Rng, yes: bool) {
    model.weights = yes.then(|| (0..model.rows()).map(|_| rng.normal().exp()).collect());
}

/// The columns of the face of every level, in all rows.
fn level_columns(model: &Model, factor: usize) -> Vec<Vec<f64>> {
    let shape = &model.layout.factors[factor];
    (0..shape.levels * shape.width)
        .map(|at| {
            let (level, a) = ((at / shape.width) as u32, at % shape.width);
            (0..model.rows())
                .map(|i| {
                    let own = model.codes[factor][i] == level;
                    if own { model.z[factor][a][i] } else { 0.0 }
                })
                .collect()
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(96)
    })]

    #[test]
    fn crossproducts_and_means_of_levels(seed in 1u64.., heavy: bool) {
        let mut rng = Rng(seed);
        let mut model = random_model(&mut rng, 2, 3, 40);
        weighted(&mut model, &mut rng, heavy);
        let (w, statistics) = (weights(&model), model.statistics());
        let p = model.layout.fixed;
        for (f, shape) in model.layout.factors.iter().enumerate() {
            let means = statistics.level_means(f);
            let k = shape.width;
            for level in 0..shape.levels {
                let rows: Vec<usize> = (0..model.rows())
                    .filter(|&i| model.codes[f][i] == level as u32)
                    .collect();
                let sum = |a: &[f64], b: &[f64]| -> f64 { rows.iter().map(|&i| w[i] * a[i] * b[i]).sum() };
                let mean = |a: &[f64]| -> f64 {
                    rows.iter().map(|&i| a[i]).sum::<f64>() / rows.len().max(1) as f64
                };
                let z = &model.z[f];
                let found = statistics.level(f, level);
                prop_assert_eq!(found.rows, rows.len());
                let own: Vec<f64> = (0..k * k).map(|at| sum(&z[at / k], &z[at % k])).collect();
                assert_close("Z'WZ", &found.random, &own, 1e-9);
                let fixed: Vec<f64> = (0..k * p).map(|at| sum(&z[at / p], &model.x[at % p])).collect();
                assert_close("Z'WX", &found.fixed, &fixed, 1e-9);
                let y: Vec<f64> = z.iter().map(|z| sum(z, &model.y)).collect();
                assert_close("Z'Wy", &found.response, &y, 1e-9);
                let x: Vec<f64> = model.x.iter().map(|x| mean(x)).collect();
                assert_close("x", &means.fixed[level * p..(level + 1) * p], &x, 1e-9);
                assert_close("y", &means.response[level..=level], &[mean(&model.y)], 1e-9);
                let z: Vec<f64> = z.iter().map(|z| mean(z)).collect();
                assert_close("z", &means.random[level * k..(level + 1) * k], &z, 1e-9);
            }
        }
    }

    #[test]
    fn complete_pooling_is_least_squares(seed in 1u64.., heavy: bool) {
        let mut rng = Rng(seed);
        let mut model = random_model(&mut rng, 1, 2, 30);
        weighted(&mut model, &mut rng, heavy);
        let p = model.layout.fixed;
        prop_assume!(p > 0);
        let dense = Dense::of(&model.x, &model.y, &weights(&model));
        prop_assume!(dense.rank == p);
        let found = model.statistics().complete_pooling().expect("full rank");
        assert_close("β", &found.beta, &dense.beta, 1e-8);
        let variance = dense.rest / (30 - p) as f64;
        assert_close("σ", &[found.sigma], &[variance.sqrt()], 1e-8);
        let covariance: Vec<f64> = dense.inverse.iter().map(|x| x * variance).collect();
        assert_close("covariance", &found.covariance, &covariance, 1e-8);
    }

    #[test]
    fn no_pooling_is_a_regression_in_every_level(seed in 1u64.., heavy: bool) {
        let mut rng = Rng(seed);
        let mut model = random_model(&mut rng, 2, 3, 40);
        weighted(&mut model, &mut rng, heavy);
        // A predictor of the levels, and its product with a column of the face.
        let codes = model.codes[0].clone();
        let by_level: Vec<f64> = (0..model.layout.factors[0].levels).map(|_| rng.normal()).collect();
        let predictor: Vec<f64> = codes.iter().map(|&c| by_level[c as usize]).collect();
        let k = model.layout.factors[0].width;
        let face = &model.z[0][k - 1];
        model.x.push(predictor.iter().zip(face).map(|(u, z)| u * z).collect());
        model.layout.fixed += 1;
        let p = model.layout.fixed;
        let found = model.statistics().no_pooling(0);
        let w = weights(&model);
        // All columns: those of the levels and all of X. What is common is what is left of X.
        let mut columns = level_columns(&model, 0);
        prop_assume!(!Dense::of(&columns, &model.y, &w).doubtful);
        let taken = columns.len();
        let all: Vec<Vec<f64>> = columns.iter().chain(&model.x).cloned().collect();
        let whole = Dense::of(&all, &model.y, &w);
        prop_assume!(!whole.doubtful);
        prop_assert!(found.common[p - 1].is_none());
        let common: Vec<usize> = (0..p).filter(|&j| found.common[j].is_some()).collect();
        columns.extend(common.iter().map(|&j| model.x[j].clone()));
        let dense = Dense::of(&columns, &model.y, &w);
        prop_assert_eq!(dense.rank, whole.rank);
        prop_assert_eq!(found.degrees, 40 - dense.rank);
        let sigma = (found.degrees > 0).then(|| (dense.rest / found.degrees as f64).sqrt());
        if let Some(sigma) = sigma {
            prop_assert!((found.sigma.expect("df") - sigma).abs() <= 1e-6 * (1.0 + sigma));
        } else {
            prop_assert!(found.sigma.is_none());
        }
        let n = columns.len();
        let error = |at: usize| (dense.inverse[at * n + at]).sqrt() * sigma.unwrap_or(0.0);
        for (c, &j) in common.iter().enumerate() {
            let size = 1.0 + dense.beta[taken + c].abs();
            prop_assert!((found.common[j].expect("common") - dense.beta[taken + c]).abs() < 1e-6 * size);
            if let Some(se) = found.common_std_errors[j] {
                prop_assert!((se - error(taken + c)).abs() < 1e-6 * (1.0 + se));
            }
        }
        for level in 0..model.layout.factors[0].levels {
            let fit = found.level(level);
            for a in 0..k {
                let at = level * k + a;
                // Whether e_at is in the row space: A⁺A e = e.
                let product: f64 = columns
                    .iter()
                    .enumerate()
                    .map(|(c, column)| {
                        let cross: f64 = (0..40).map(|i| w[i] * column[i] * columns[at][i]).sum();
                        dense.inverse[at * n + c] * cross
                    })
                    .sum();
                // One less the share of e_at that lies outside.
                let outside = 1.0 - product;
                prop_assume!(!(1e-11..1e-8).contains(&outside.abs()));
                let estimable = outside.abs() < 1e-11;
                prop_assert_eq!(fit.estimates[a].is_some(), estimable, "{} {}", level, a);
                if let Some(estimate) = fit.estimates[a] {
                    let size = 1.0 + dense.beta[at].abs();
                    prop_assert!((estimate - dense.beta[at]).abs() < 1e-5 * size, "{} {}", estimate, dense.beta[at]);
                    if let Some(se) = fit.std_errors[a] {
                        prop_assert!((se - error(at)).abs() < 1e-5 * (1.0 + se), "{} {}", se, error(at));
                    }
                }
            }
            // A column of X reads in the level's own columns as its line says, but for what the
            // common columns have of it; checked where nothing is common but for rounding.
            if common.is_empty() {
                for j in 0..p {
                    let Some(line) = fit.line(j) else { continue };
                    for i in (0..40).filter(|&i| codes[i] as usize == level) {
                        let read: f64 = line.iter().zip(&model.z[0]).map(|(c, z)| c * z[i]).sum();
                        let x = model.x[j][i];
                        prop_assert!((read - x).abs() < 1e-6 * (1.0 + x.abs()), "{} {}", read, x);
                    }
                }
            }
        }
    }
}
