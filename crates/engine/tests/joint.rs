//! Variances of fitted and predicted values in the user's units.

mod support;

use proptest::prelude::*;
use ranef_engine::lmm::{Joint, JointChanges};

use support::data::{DYESTUFF2, batches, sleepstudy};
use support::henderson::Henderson;
use support::{Model, Rng, maximal, random_model, relative};

/// Levels of factors with the columns of their faces.
type Levels = Vec<(usize, usize, Vec<f64>)>;

/// The columns of each face in a row of the data.
fn row_of(model: &Model, r: usize) -> (Vec<f64>, Levels) {
    let x = model.x.iter().map(|c| c[r]).collect();
    let levels = (0..model.codes.len())
        .map(|f| {
            let z = model.z[f].iter().map(|c| c[r]).collect();
            (f, model.codes[f][r] as usize, z)
        })
        .collect();
    (x, levels)
}

fn borrowed(levels: &[(usize, usize, Vec<f64>)]) -> Vec<(usize, usize, &[f64])> {
    levels
        .iter()
        .map(|(f, l, z)| (*f, *l, z.as_slice()))
        .collect()
}

/// z'ΛΛ'z.
fn spread(lambda: &[f64], z: &[f64]) -> f64 {
    let k = z.len();
    (0..k)
        .map(|j| {
            (0..k)
                .map(|i| z[i] * lambda[i * k + j])
                .sum::<f64>()
                .powi(2)
        })
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    })]

    /// Fits with shifted and scaled columns: what is asked in the user's units is answered in
    /// them, and a fit that went through its parts answers the same.
    #[test]
    fn rows_of_a_fit(seed in 1u64.., rows in 16usize..40, reml: bool) {
        let mut rng = Rng(seed);
        let mut model = random_model(&mut rng, 3, 3, rows);
        for column in model.x.iter_mut().skip(1) {
            column.iter_mut().for_each(|x| *x = 50.0 + 7.0 * *x);
        }
        // Where a variance ran away the twin, which forms Henderson's matrix, has no digits left.
        let fit = model.fit(reml).ok().filter(|f| f.theta.iter().all(|t| t.abs() < 100.0));
        if let Some(mut fit) = fit {
            let henderson = Henderson::of(&model, &fit.theta);
            let sigma_squared = fit.sigma * fit.sigma;
            let lambda = fit.lambda();
            let joint = fit.joint();
            let (integers, numbers) = joint.parts();
            let again = Joint::from_parts(&model.layout, &integers, &numbers).unwrap();
            let asked = joint.rows();
            for r in 0..model.rows() {
                let (x, levels) = row_of(&model, r);
                let row = henderson.row(&x, &levels);
                let twin = sigma_squared * henderson.product(&row, &row);
                let variance = asked.variance(&x, &borrowed(&levels));
                prop_assert!(relative(variance.total, twin, 1e-9) < 1e-6, "{variance:?} {twin}");
                prop_assert!(variance.fixed >= 0.0 && variance.random >= 0.0);
                let through = again.variance(&x, &borrowed(&levels));
                // Beside the variance before the data: what they leave of it may be rounding.
                let before: f64 = (levels.iter())
                    .map(|(factor, _, z)| sigma_squared * spread(&lambda[*factor], z))
                    .sum();
                let size = variance.total + before;
                prop_assert!((through - variance.total).abs() <= 1e-9 * size, "{through} {variance:?}");
                // The population's mean: x'vcov x.
                let p = x.len();
                let mean: f64 = (0..p * p).map(|at| x[at / p] * fit.vcov[at] * x[at % p]).sum();
                let alone = asked.variance(&x, &[]);
                prop_assert!(relative(alone.total, mean, 1e-9) < 1e-6);
                prop_assert!(relative(alone.fixed, mean, 1e-9) < 1e-6);
                // Covariances with the fixed effects: x'vcov for a row without levels.
                let with_fixed = asked.with_fixed(&asked.row(&x, &[]));
                for j in 0..p {
                    let whole: f64 = (0..p).map(|i| x[i] * fit.vcov[i * p + j]).sum();
                    let size = (mean * fit.vcov[j * p + j]).sqrt().max(1e-9);
                    prop_assert!((with_fixed[j] - whole).abs() < 1e-6 * size);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    })]

    /// ∂v/∂θ against its closed form: with a'y the predictor, a_r = w_r(x, z)C(x_r, z_r)', and
    /// c = Z'a − z, it is σ² Σ c'(∂ΛΛ'/∂θ_i)c over all levels. Singular fits included.
    #[test]
    fn changes_with_theta(seed in 1u64.., rows in 16usize..40, reml: bool) {
        let mut rng = Rng(seed);
        let mut model = random_model(&mut rng, 3, 3, rows);
        for column in model.x.iter_mut().skip(1) {
            column.iter_mut().for_each(|x| *x = 50.0 + 7.0 * *x);
        }
        let fit = model.fit(reml).ok().filter(|f| f.theta.iter().all(|t| t.abs() < 100.0));
        if let Some(mut fit) = fit {
            let henderson = Henderson::of(&model, &fit.theta);
            let sigma_squared = fit.sigma * fit.sigma;
            let inference = fit.inference();
            let changes = fit.joint_changes(&inference);
            let parts = changes.parts();
            let again = JointChanges::from_parts(&model.layout, &parts).unwrap();
            let (asked, again) = (changes.rows(), again.rows());
            let joint = fit.joint();
            let (entries, lambda) = (model.layout.entries(), fit.lambda());
            let m = entries.len();
            let all: Vec<_> = (0..model.rows())
                .map(|r| {
                    let (x, levels) = row_of(&model, r);
                    (henderson.row(&x, &levels), levels)
                })
                .collect();
            for r in (0..model.rows()).step_by(5) {
                let (x, levels) = row_of(&model, r);
                let slopes = asked.slopes(&x, &borrowed(&levels));
                for (a, b) in slopes.iter().zip(again.slopes(&x, &borrowed(&levels))) {
                    prop_assert!(relative(*a, b, 1e-3) < 1e-6, "{a} {b}");
                }
                let mut c: Vec<Vec<f64>> = model
                    .layout
                    .factors
                    .iter()
                    .map(|f| vec![0.0; f.levels * f.width])
                    .collect();
                for (s, (other, levels)) in all.iter().enumerate() {
                    let w = model.weights.as_ref().map_or(1.0, |w| w[s]);
                    let a = w * henderson.product(&all[r].0, other);
                    for (f, l, z) in levels {
                        let k = z.len();
                        for (c, z) in c[*f][l * k..].iter_mut().zip(z) {
                            *c += a * z;
                        }
                    }
                }
                for (f, l, z) in &levels {
                    for (c, z) in c[*f][l * z.len()..].iter_mut().zip(z) {
                        *c -= z;
                    }
                }
                let variance = joint.variance(&x, &borrowed(&levels));
                if variance == 0.0 {
                    // No fixed effects, and no variance of the random ones.
                    prop_assert!(slopes.iter().all(|s| *s == 0.0));
                    continue;
                }
                for (i, entry) in entries.iter().enumerate() {
                    let error = inference.covariance[i * (m + 1) + i].sqrt();
                    if error == 0.0 || error > 10.0 {
                        continue;
                    }
                    let k = model.layout.factors[entry.factor].width;
                    let l = &lambda[entry.factor];
                    let twin: f64 = c[entry.factor]
                        .chunks_exact(k)
                        .map(|c| {
                            let turned = (0..k).map(|a| l[a * k + entry.column] * c[a]).sum::<f64>();
                            2.0 * sigma_squared * c[entry.row] * turned
                        })
                        .sum();
                    // A variance that a standard error of θ changes many times over is next to zero:
                    // its degrees of freedom, 2/(relative slope)², are none.
                    if twin.abs() * error > 30.0 * variance {
                        continue;
                    }
                    // Relative to the variance, over a standard error: that is what df see.
                    let gap = (slopes[i] - twin).abs() * error / variance;
                    let size = 1.0 + 5.0 * twin.abs() * error / variance;
                    prop_assert!(gap < 1e-4 * size, "{i}: {} {twin} {variance} {error}", slopes[i]);
                }
            }
        }
    }
}

/// tr H1 of sleepstudy without its random effects is p; with them it lies between p and the
/// number of all effects; on the boundary it is p again.
#[test]
fn leverages_sum_to_the_effective_number_of_parameters() {
    let sum = |model: &Model| -> f64 {
        let mut fit = model.fit(true).unwrap();
        let joint = fit.joint();
        let asked = joint.rows();
        (0..model.rows())
            .map(|r| {
                let (x, levels) = row_of(model, r);
                let w = model.weights.as_ref().map_or(1.0, |w| w[r]);
                let h = asked.leverage(&x, &borrowed(&levels), w);
                assert!(h > 0.0 && h < 1.0);
                h
            })
            .sum()
    };
    // lme4 1.1-31: sum(hatvalues(lmer(Reaction ~ Days + (Days | Subject), sleepstudy))).
    assert!((sum(&sleepstudy(true)) - 29.022124).abs() < 1e-3);
    assert!((sum(&batches(&DYESTUFF2)) - 1.0).abs() < 1e-6);
}

/// What is kept of a row for those that differ from it in little changes no answer: rows one after
/// another, in the order of the data, backwards and in leaps, as each asked alone.
#[test]
fn the_order_of_rows_changes_nothing() {
    for columns in [1, 2] {
        let model = maximal(30, 24, columns, false);
        let mut fit = model.fit(true).unwrap();
        let joint = fit.joint();
        let n = model.rows();
        let alone: Vec<f64> = (0..n)
            .map(|r| {
                let (x, levels) = row_of(&model, r);
                joint.rows().leverage(&x, &borrowed(&levels), 1.0)
            })
            .collect();
        let orders: [Vec<usize>; 3] = [
            (0..n).collect(),
            (0..n).rev().collect(),
            (0..n).map(|i| i * 7 % n).collect(),
        ];
        for order in orders {
            let asked = joint.rows();
            for r in order {
                let (x, levels) = row_of(&model, r);
                let h = asked.leverage(&x, &borrowed(&levels), 1.0);
                assert!(
                    relative(h, alone[r], 0.0) < 1e-11,
                    "row {r}: {h} {}",
                    alone[r]
                );
            }
        }
    }
}

#[test]
fn parts_of_another_model_are_refused() {
    let mut fit = sleepstudy(true).fit(true).unwrap();
    let (integers, numbers) = fit.joint().parts();
    let other = batches(&DYESTUFF2).layout;
    assert!(Joint::from_parts(&other, &integers, &numbers).is_none());
    let layout = sleepstudy(true).layout;
    assert!(Joint::from_parts(&layout, &integers, &numbers[1..]).is_none());
    assert!(Joint::from_parts(&layout, &integers[1..], &numbers).is_none());
    let mut holes = numbers.clone();
    holes[40] = f64::NAN;
    assert!(Joint::from_parts(&layout, &integers, &holes).is_none());
    assert!(Joint::from_parts(&layout, &integers, &numbers).is_some());
}

/// Variances and covariances of some combinations of all effects over many draws, against
/// Henderson's matrix.
fn draws_against_henderson(model: &Model, rows: &[(Vec<f64>, Levels)]) {
    const DRAWS: u32 = 20_000;
    let mut fit = model.fit(true).unwrap();
    let henderson = Henderson::of(model, &fit.theta);
    let sigma_squared = fit.sigma * fit.sigma;
    let joint = fit.joint();
    let values = joint.draws(7).map(0..DRAWS, |_, drawn| -> Vec<f64> {
        rows.iter()
            .map(|(x, levels)| {
                let fixed: f64 = x.iter().zip(&drawn.fixed).map(|(x, b)| x * b).sum();
                let random: f64 = levels
                    .iter()
                    .flat_map(|(f, level, z)| {
                        let own = &drawn.random[*f][level * z.len()..];
                        z.iter().zip(own).map(|(z, b)| z * b)
                    })
                    .sum();
                fixed + random
            })
            .collect()
    });
    assert_eq!(values.len(), DRAWS as usize);
    let n = f64::from(DRAWS);
    let whole: Vec<Vec<f64>> = rows.iter().map(|(x, l)| henderson.row(x, l)).collect();
    let twin = |a: usize, b: usize| sigma_squared * henderson.product(&whole[a], &whole[b]);
    for a in 0..rows.len() {
        let mean = values.iter().map(|v| v[a]).sum::<f64>() / n;
        assert!(
            mean.abs() <= 4.5 * (twin(a, a) / n).sqrt() + 1e-12,
            "mean {mean}"
        );
        for b in 0..=a {
            let found = values.iter().map(|v| v[a] * v[b]).sum::<f64>() / n;
            // Var(xy) = v_a v_b + v_ab² for normals.
            let error = ((twin(a, a) * twin(b, b) + twin(a, b).powi(2)) / n).sqrt();
            let gap = (found - twin(a, b)).abs();
            assert!(gap <= 4.5 * error + 1e-12, "{found} against {}", twin(a, b));
        }
    }
}

#[test]
fn draws_of_a_fit() {
    let model = sleepstudy(true);
    let rows: Vec<_> = [0, 9, 13, 179].map(|r| row_of(&model, r)).to_vec();
    draws_against_henderson(&model, &rows);
    // Without variance between the groups all that is drawn is the mean.
    let model = batches(&DYESTUFF2);
    let rows: Vec<_> = [0, 29].map(|r| row_of(&model, r)).to_vec();
    draws_against_henderson(&model, &rows);
    // Crossed factors, shifted columns.
    let mut model = random_model(&mut Rng(11), 3, 3, 60);
    for column in model.x.iter_mut().skip(1) {
        column.iter_mut().for_each(|x| *x = 50.0 + 7.0 * *x);
    }
    let rows: Vec<_> = [3, 17, 40].map(|r| row_of(&model, r)).to_vec();
    draws_against_henderson(&model, &rows);
}

#[test]
fn draws_depend_on_seed_and_number_alone() {
    let mut fit = sleepstudy(true).fit(true).unwrap();
    let joint = fit.joint();
    let with = |threads: usize, count: u32, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().unwrap();
        pool.install(|| {
            joint
                .draws(seed)
                .map(0..count, |i, drawn| (i, drawn.clone()))
        })
    };
    let all = with(1, 101, 3);
    assert!(
        all.iter()
            .enumerate()
            .all(|(i, (number, _))| i == *number as usize)
    );
    assert_eq!(all, with(4, 101, 3));
    assert_eq!(all[..40], with(2, 40, 3));
    assert_ne!(all[0], with(1, 1, 4)[0]);
    assert_ne!(all[0].1, all[1].1);
    let (integers, numbers) = joint.parts();
    let again = Joint::from_parts(joint.layout(), &integers, &numbers).unwrap();
    let saved = again.draws(3).map(0..101, |i, drawn| (i, drawn.clone()));
    assert_eq!(all, saved);
}
