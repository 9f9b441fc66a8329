//! Fits without some of their rows: statistics that gave them up against statistics that never saw
//! them, and the one-step formula against GLS with V whole.
#![allow(missing_docs)]

mod support;

use proptest::prelude::*;
use ranef_engine::lmm::{LeftOut, fit_at};
use ranef_engine::{Coordinates, Statistics};
use support::twin::Twin;
use support::{Model, Rng, assert_close, random_model, random_theta};

/// The rows of a model at `order`.
fn part(model: &Model, order: &[usize]) -> Model {
    let pick = |v: &Vec<f64>| -> Vec<f64> { order.iter().map(|&i| v[i]).collect() };
    Model {
        layout: model.layout.clone(),
        y: pick(&model.y),
        x: model.x.iter().map(pick).collect(),
        weights: model.weights.as_ref().map(pick),
        codes: model
            .codes
            .iter()
            .map(|c| order.iter().map(|&i| c[i]).collect())
            .collect(),
        z: model
            .z
            .iter()
            .map(|face| face.iter().map(pick).collect())
            .collect(),
    }
}

fn statistics(model: &Model, order: &[usize], coordinates: &Coordinates) -> Statistics {
    let mut out = Statistics::new(model.layout.clone(), coordinates.clone());
    model.batch(order, |rows| out.add(rows));
    out
}

/// The rows of one level of the first factor, or some rows at random.
fn chosen(rng: &mut Rng, model: &Model) -> (Vec<usize>, Vec<usize>) {
    let n = model.rows();
    let by_level = rng.uniform() < 0.6;
    let level = model.codes[0][rng.below(n)];
    let out: Vec<bool> = (0..n)
        .map(|i| {
            if by_level {
                model.codes[0][i] == level
            } else {
                rng.uniform() < 0.2
            }
        })
        .collect();
    (0..n).partition(|&i| out[i])
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    })]

    #[test]
    fn statistics_give_rows_up(seed in 1u64.., rows in 16usize..40, reml: bool) {
        let mut rng = Rng(seed);
        let model = random_model(&mut rng, 3, 3, rows);
        let (out, left) = chosen(&mut rng, &model);
        if left.is_empty() {
            return Ok(());
        }
        let coordinates = model.coordinates();
        let mut reduced = model.statistics();
        reduced.remove(&statistics(&model, &out, &coordinates));
        let fresh = statistics(&model, &left, &coordinates);
        prop_assert_eq!(reduced.rows(), fresh.rows());
        prop_assert_eq!(reduced.counts(0), fresh.counts(0));
        assert_close("corner", &reduced.corner(), &fresh.corner(), 1e-12);
        assert_close("means", &reduced.moments().mean, &fresh.moments().mean, 1e-10);
        let theta = random_theta(&mut rng, &model.layout, 0.2, 0.0);
        match (fit_at(&reduced, reml, &theta), fit_at(&fresh, reml, &theta)) {
            (Ok(a), Ok(b)) => {
                prop_assert!((a.value - b.value).abs() < 1e-8 * b.value.abs().max(1.0));
                assert_close("beta", &a.beta, &b.beta, 1e-7);
            }
            (a, b) => prop_assert_eq!(a.is_ok(), b.is_ok()),
        }
    }

    #[test]
    fn one_step_is_gls_on_the_other_rows(seed in 1u64.., rows in 16usize..40) {
        let mut rng = Rng(seed);
        let mut model = random_model(&mut rng, 3, 3, rows);
        for column in model.x.iter_mut().skip(1) {
            column.iter_mut().for_each(|x| *x = 50.0 + 7.0 * *x);
        }
        let theta = random_theta(&mut rng, &model.layout, 0.2, 0.0);
        let (out, left) = chosen(&mut rng, &model);
        if left.len() <= model.layout.fixed + 2 {
            return Ok(());
        }
        if let Ok(mut fit) = fit_at(&model.statistics(), true, &theta) {
            let twin = Twin::of(&part(&model, &left), &theta, true);
            let whole = Twin::of(&model, &theta, true);
            let joint = fit.joint();
            let asked = joint.rows();
            let dropped: Vec<LeftOut> = out
                .iter()
                .map(|&i| {
                    let x: Vec<f64> = model.x.iter().map(|c| c[i]).collect();
                    let levels: Vec<(usize, usize, Vec<f64>)> = (0..model.codes.len())
                        .map(|f| {
                            let z: Vec<f64> = model.z[f].iter().map(|c| c[i]).collect();
                            (f, model.codes[f][i] as usize, z)
                        })
                        .collect();
                    let borrowed: Vec<(usize, usize, &[f64])> =
                        levels.iter().map(|(f, l, z)| (*f, *l, z.as_slice())).collect();
                    let mut fitted: f64 = x.iter().zip(&whole.beta).map(|(a, b)| a * b).sum();
                    for (f, level, z) in &levels {
                        let mode = &whole.modes[*f][level * z.len()..(level + 1) * z.len()];
                        fitted += z.iter().zip(mode).map(|(a, b)| a * b).sum::<f64>();
                    }
                    LeftOut {
                        row: asked.row(&x, &borrowed),
                        residual: model.y[i] - fitted,
                        weight: model.weights.as_ref().map_or(1.0, |w| w[i]),
                    }
                })
                .collect();
            let Some(deletion) = asked.without(&dropped, fit.sigma, &fit.vcov) else {
                return Ok(());
            };
            let size = fit.sigma * fit.sigma;
            for a in 0..model.layout.fixed {
                let p = model.layout.fixed;
                let want = whole.beta[a] - twin.beta[a];
                let unit = (size * whole.covariance[a * p + a]).sqrt();
                prop_assert!((deletion.change[a] - want).abs() < 1e-6 * unit.max(want.abs()));
                for b in 0..p {
                    let got = deletion.vcov[a * p + b];
                    let want = size * twin.covariance[a * p + b];
                    let unit = size
                        * (twin.covariance[a * p + a] * twin.covariance[b * p + b]).sqrt();
                    prop_assert!((got - want).abs() < 1e-6 * unit, "{got} {want}");
                }
            }
        }
    }
}
