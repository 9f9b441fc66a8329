//! Means, covariances and group sizes, against sums over the rows.
#![allow(missing_docs)]

mod support;

use proptest::prelude::*;
use ranef_engine::{Moments, Statistics};
use support::{Model, Rng, assert_close, random_model};

/// The definition, column by column.
fn by_rows(model: &Model) -> Moments {
    let n = model.rows();
    let mut columns: Vec<&[f64]> = model.x.iter().map(Vec::as_slice).collect();
    columns.push(&model.y);
    let mean_of = |x: &[f64]| x.iter().sum::<f64>() / n as f64;
    let mean: Vec<f64> = columns.iter().map(|x| mean_of(x)).collect();
    let mut covariance = Vec::new();
    for (a, x) in columns.iter().enumerate() {
        for (b, y) in columns.iter().enumerate() {
            let sum: f64 = x
                .iter()
                .zip(*y)
                .map(|(u, v)| (u - mean[a]) * (v - mean[b]))
                .sum();
            covariance.push(sum / (n as f64 - 1.0));
        }
    }
    let random_product = model
        .z
        .iter()
        .map(|z| {
            let mut out = Vec::new();
            for x in z {
                for y in z {
                    out.push(x.iter().zip(y).map(|(u, v)| u * v).sum::<f64>() / n as f64);
                }
            }
            out
        })
        .collect();
    let sizes = model
        .codes
        .iter()
        .zip(&model.layout.factors)
        .map(|(codes, factor)| {
            let mut sizes = vec![0; factor.levels];
            codes.iter().for_each(|&c| sizes[c as usize] += 1);
            sizes
        })
        .collect();
    Moments {
        rows: n,
        mean,
        covariance,
        random_mean: model
            .z
            .iter()
            .map(|z| z.iter().map(|x| mean_of(x)).collect())
            .collect(),
        random_product,
        sizes,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn moments_count_every_row_once(seed in 1u64.., weighted: bool, cut in 0.0..1.0f64) {
        let mut rng = Rng(seed);
        let mut model = random_model(&mut rng, 2, 3, 40);
        model.weights = weighted.then(|| {
            (0..model.rows()).map(|_| (3.0 * rng.normal()).exp()).collect()
        });
        let expected = by_rows(&model);
        // In two parts, merged, as batches and files are.
        let n = model.rows();
        let cut = (cut * n as f64) as usize;
        let order: Vec<usize> = (0..n).collect();
        let mut found = model.batch(&order[..cut], |rows| {
            let mut statistics = Statistics::new(model.layout.clone(), model.coordinates());
            statistics.add(rows);
            statistics
        });
        let rest = model.batch(&order[cut..], |rows| {
            let mut statistics = Statistics::new(model.layout.clone(), model.coordinates());
            statistics.add(rows);
            statistics
        });
        found.merge(&rest);
        let found = found.moments();
        prop_assert_eq!(found.rows, expected.rows);
        prop_assert_eq!(&found.sizes, &expected.sizes);
        assert_close("mean", &found.mean, &expected.mean, 1e-11);
        assert_close("covariance", &found.covariance, &expected.covariance, 1e-10);
        for f in 0..expected.random_mean.len() {
            assert_close("z", &found.random_mean[f], &expected.random_mean[f], 1e-11);
            assert_close("zz", &found.random_product[f], &expected.random_product[f], 1e-11);
        }
    }
}
