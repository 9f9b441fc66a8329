//! Responses drawn without rows, and fits of one response after another, against their plain twins:
//! V as an n × n matrix, rows drawn one by one, and fits from nothing.

mod support;

use proptest::prelude::*;
use ranef_engine::lmm::{self, Options, Refit};
use ranef_engine::random::Stream;
use ranef_engine::simulate::{Effects, Gram, Truth, parallel};
use ranef_engine::{Coordinates, Statistics};

use support::data::{DYESTUFF, DYESTUFF2, batches, sleepstudy};
use support::{Model, Rng, maximal, random_model, random_theta, relative};

fn options(reml: bool) -> Options {
    Options {
        reml,
        ..Options::default()
    }
}

/// Statistics of a model with another response, in given coordinates.
fn with(model: &Model, y: Vec<f64>, coordinates: Coordinates) -> Statistics {
    let other = Model { y, ..model.clone() };
    other.statistics_in(coordinates)
}

/// Whether a relative standard deviation is beyond all that data of this size can tell.
fn far(theta: &[f64]) -> bool {
    theta.iter().any(|t| t.abs() > 100.0)
}

/// A refit and a fit from nothing end in minima, and where a model has only one, in the same.
fn same_as_a_fit(
    model: &Model,
    y: Vec<f64>,
    reml: bool,
    start: Option<Vec<f64>>,
) -> Result<(), TestCaseError> {
    let statistics = model.statistics();
    let other = with(model, y, statistics.coordinates().clone());
    let options = Options {
        start,
        ..options(reml)
    };
    let Ok(mut refit) = Refit::new(&statistics, &options) else {
        return Ok(());
    };
    let products = other.response_products();
    let loaded = statistics.with_response(&products);
    match (lmm::fit(&other, &options), refit.fit(&products)) {
        // Where nothing converges (a variance without bound) there is nothing to compare.
        // Where a variance ran away the digits are rounding.
        (Ok(plain), Ok(found)) if far(&plain.theta) || far(&found.theta) => {}
        (Ok(plain), Ok(found)) if plain.certificate.converged && found.converged => {
            let there = lmm::fit_at(&loaded, reml, &found.theta).expect("a fit");
            prop_assert!((there.value - found.value).abs() < 1e-9 * found.value.abs().max(1.0));
            let plainly = lmm::fit_at(&loaded, reml, &plain.theta)
                .expect("a fit")
                .certificate;
            // A certificate by average information may be better than what the exact Hessian says of
            // the same point: once in thousands 4·10⁻⁶ is left where 5·10⁻⁷ is promised.
            let near = there.certificate.newton_decrement < 1e-5;
            let alike = there.certificate.converged || near || !plainly.converged;
            prop_assert!(alike, "{:?} {plainly:?}", there.certificate);
            let different = (found.value - plain.value).abs() > 1e-6;
            prop_assert!(!different || options.start.is_none() || model.layout.entries().len() > 3);
            // The effect of a single level cannot be told from a fixed one: all of them are minima.
            let told = model.layout.factors.iter().all(|factor| factor.levels > 1);
            if !different && told {
                let error = plain.vcov.iter().step_by(plain.beta.len() + 1);
                let error = error.map(|v| v.sqrt());
                for ((a, b), se) in found.beta.iter().zip(&plain.beta).zip(error) {
                    // Both are within 10⁻⁶ of the minimum: the deviance of a coefficient is the
                    // square of its distance in standard errors.
                    prop_assert!((a - b).abs() < 2e-3 * se, "{a} {b} {se}");
                }
                prop_assert!(relative(found.sigma, plain.sigma, 1e-300) < 1e-3);
            }
        }
        (Ok(plain), Ok(found)) => {
            prop_assert!(!plain.certificate.converged || !found.converged);
        }
        (Err(a), Err(b)) => prop_assert_eq!(a, b),
        // As many effects as rows: the criterion may have no lower bound in some direction, and where
        // a descent starts decides whether it goes there.
        (Err(lmm::FitError::NoResidual), Ok(_)) | (Ok(_), Err(lmm::FitError::NoResidual)) => {
            let layout = &model.layout;
            prop_assert!(layout.random_effects() + layout.fixed >= model.rows());
        }
        (Ok(plain), Err(e)) => prop_assert!(!plain.certificate.converged, "{e}"),
        (Err(e), Ok(found)) => prop_assert!(!found.converged, "{e}"),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    })]

    /// Crossed, nested, weighted, singular: from the usual start and from elsewhere.
    #[test]
    fn refits_are_fits(seed in 1u64.., rows in 16usize..60, factors in 1usize..4, reml: bool, warm: bool) {
        let mut rng = Rng(seed);
        let model = random_model(&mut rng, factors, 3, rows);
        let effect = rng.normal();
        let y: Vec<f64> = (0..rows)
            .map(|i| 4.0 + rng.normal() + effect * f64::from(model.codes[0][i] % 3))
            .collect();
        let theta = random_theta(&mut rng, &model.layout, 0.2, 0.0);
        same_as_a_fit(&model, y, reml, warm.then_some(theta))?;
    }
}

#[test]
fn refits_of_known_models() {
    for reml in [true, false] {
        for correlated in [true, false] {
            let model = sleepstudy(correlated);
            same_as_a_fit(&model, model.y.clone(), reml, None).unwrap();
        }
        same_as_a_fit(&batches(&DYESTUFF), DYESTUFF2.to_vec(), reml, None).unwrap();
        same_as_a_fit(&batches(&DYESTUFF2), DYESTUFF.to_vec(), reml, None).unwrap();
    }
}

/// A refit answers what a fit does.
#[test]
fn whole_fits() {
    let model = sleepstudy(true);
    let statistics = model.statistics();
    let mut refit = Refit::new(&statistics, &options(true)).unwrap();
    let whole = refit.whole(&statistics.response_products()).unwrap();
    let mut plain = model.fit(true).unwrap();
    assert!(whole.certificate.converged);
    let df = |fit: &mut lmm::Fit| fit.inference().satterthwaite(&[0.0, 1.0]);
    assert!((df(whole) - df(&mut plain)).abs() < 1e-4);
    for (a, b) in whole.vcov.iter().zip(&plain.vcov) {
        assert!(relative(*a, *b, 1e-6) < 1e-5, "{a} {b}");
    }
}

/// A response that the model reproduces, and one that is constant.
#[test]
fn responses_without_a_residual() {
    let model = sleepstudy(true);
    let statistics = model.statistics();
    let days: Vec<f64> = (0..180).map(|i| 3.0 + f64::from(i % 10)).collect();
    let other = with(&model, days, statistics.coordinates().clone());
    let mut refit = Refit::new(&statistics, &options(true)).unwrap();
    let error = refit.fit(&other.response_products()).unwrap_err();
    assert_eq!(error, lmm::FitError::NoResidual);
    // And it goes on.
    assert!(refit.fit(&statistics.response_products()).is_ok());
}

/// Dense matrices of a model: columns of [Z X] one after another.
fn design(model: &Model) -> Vec<Vec<f64>> {
    let mut out = Vec::new();
    for (f, factor) in model.layout.factors.iter().enumerate() {
        for level in 0..factor.levels {
            for column in &model.z[f] {
                let rows = model.codes[f].iter().zip(column);
                out.push(
                    rows.map(|(&c, z)| if c as usize == level { *z } else { 0.0 })
                        .collect(),
                );
            }
        }
    }
    out.extend(model.x.iter().cloned());
    out
}

/// Z'Wy, X'Wy and y'Wy in the user's units, in the order of [`design`].
fn products(statistics: &Statistics) -> Vec<f64> {
    let layout = statistics.layout();
    let mut out = Vec::new();
    for (f, factor) in layout.factors.iter().enumerate() {
        let mut levels = statistics.levels(f);
        for level in 0..factor.levels {
            out.extend_from_slice(&levels.read(level).response);
        }
    }
    // The statistics are in the user's units, without shifts.
    let t = layout.fixed + 1;
    let corner = statistics.corner();
    out.extend((0..t).map(|j| corner[j * t + t - 1]));
    out
}

/// Mean and covariance of the products are what V says: for (Z'Wy, X'Wy, y'Wy) and y ~ N(μ, V).
fn moments_of_draws(model: &Model, theta: &[f64], kept: Option<Vec<Vec<f64>>>, draws: u32) {
    let statistics = model.raw_statistics();
    let n = model.rows();
    let sigma = 1.3;
    let beta: Vec<f64> = (0..model.layout.fixed)
        .map(|j| 0.7 - 0.4 * j as f64)
        .collect();
    let weight = |i: usize| model.weights.as_ref().map_or(1.0, |w| w[i]);
    let columns = design(model);
    let (z, x) = columns.split_at(columns.len() - model.layout.fixed);
    let mut mean: Vec<f64> = (0..n)
        .map(|i| x.iter().zip(&beta).map(|(c, b)| c[i] * b).sum())
        .collect();
    // W V W, symmetric.
    let mut spread = vec![0.0; n * n];
    for i in 0..n {
        spread[i * n + i] = sigma * sigma * weight(i);
    }
    match &kept {
        Some(effects) => {
            let all: Vec<f64> = effects.iter().flatten().copied().collect();
            for (column, b) in z.iter().zip(all) {
                mean.iter_mut().zip(column).for_each(|(m, z)| *m += b * z);
            }
        }
        None => {
            let covariances = support::covariances(&model.layout, theta);
            let mut first = 0;
            for (f, factor) in model.layout.factors.iter().enumerate() {
                let k = factor.width;
                for _ in 0..factor.levels {
                    for a in 0..k {
                        for b in 0..k {
                            let c = sigma * sigma * covariances[f][a * k + b];
                            let (u, v) = (&z[first + a], &z[first + b]);
                            for i in (0..n).filter(|&i| u[i] != 0.0) {
                                for j in 0..n {
                                    spread[i * n + j] += c * u[i] * v[j] * weight(i) * weight(j);
                                }
                            }
                        }
                    }
                    first += k;
                }
            }
        }
    }
    let times = |v: &[f64]| -> Vec<f64> {
        (0..n)
            .map(|i| (0..n).map(|j| spread[i * n + j] * v[j]).sum())
            .collect()
    };
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(x, y)| x * y).sum() };
    let images: Vec<Vec<f64>> = columns.iter().map(|c| times(c)).collect();
    let size = columns.len() + 1;
    let mut expected = vec![0.0; size];
    let mut covariance = vec![0.0; size * size];
    for (i, column) in columns.iter().enumerate() {
        expected[i] = (0..n).map(|r| column[r] * weight(r) * mean[r]).sum();
        for (j, image) in images.iter().enumerate() {
            covariance[i * size + j] = dot(column, image);
        }
        let cross = 2.0 * dot(&images[i], &mean);
        covariance[i * size + size - 1] = cross;
        covariance[(size - 1) * size + i] = cross;
    }
    let last = size - 1;
    expected[last] = (0..n)
        .map(|i| weight(i) * mean[i] * mean[i] + spread[i * n + i] / weight(i))
        .sum();
    let mut trace = 0.0;
    for i in 0..n {
        for j in 0..n {
            trace += spread[i * n + j].powi(2) / (weight(i) * weight(j));
        }
    }
    covariance[last * size + last] = 2.0 * trace + 4.0 * dot(&mean, &times(&mean));
    // The draws.
    let gram = Gram::new(&statistics).unwrap();
    let effects = match kept {
        Some(effects) => Effects::Kept(effects),
        None => Effects::New(theta.to_vec()),
    };
    let world = gram.world(&Truth {
        beta,
        sigma,
        effects,
    });
    let mut room = gram.room();
    let mut drawn: Vec<Vec<f64>> = Vec::new();
    for replicate in 0..draws {
        gram.draw(&world, 11, replicate, &mut room);
        drawn.push(products(&statistics.with_response(room.products())));
    }
    let count = f64::from(draws);
    for i in 0..size {
        let found = drawn.iter().map(|d| d[i]).sum::<f64>() / count;
        let error = (covariance[i * size + i] / count).sqrt();
        assert!(
            (found - expected[i]).abs() < 5.0 * error + 1e-9,
            "mean {i} of {size}: {found} {} ± {error}",
            expected[i]
        );
        for j in 0..=i {
            let found = drawn
                .iter()
                .map(|d| (d[i] - expected[i]) * (d[j] - expected[j]))
                .sum::<f64>()
                / count;
            let (cij, cii, cjj) = (
                covariance[i * size + j],
                covariance[i * size + i],
                covariance[j * size + j],
            );
            // A normal number's; y'Wy has heavier tails, a sum of squares.
            let heavier = if i == last { 4.0 } else { 1.0 };
            let error = (heavier * (cii * cjj + cij * cij) / count).sqrt();
            assert!(
                (found - cij).abs() < 5.0 * error + 1e-9,
                "covariance {i} {j} of {size}: {found} {cij} ± {error}"
            );
        }
    }
}

#[test]
fn draws_have_the_moments_of_their_model() {
    for seed in 1..=12 {
        let mut rng = Rng(seed * 7919);
        let model = random_model(&mut rng, 3, 2, 24);
        let theta = random_theta(&mut rng, &model.layout, 0.2, 0.0);
        moments_of_draws(&model, &theta, None, 4_000);
        let kept = (model.layout.factors.iter())
            .map(|f| (0..f.levels * f.width).map(|_| rng.normal()).collect())
            .collect();
        moments_of_draws(&model, &theta, Some(kept), 4_000);
    }
}

/// The same world in the coordinates of a fit, with shifts and scales, and in plain ones: the
/// estimates are the same numbers up to rounding where the streams are.
#[test]
fn coordinates_do_not_change_what_is_drawn() {
    let mut model = sleepstudy(true);
    model.x[1].iter_mut().for_each(|x| *x = 2010.0 + 3.0 * *x);
    model.z[0][1] = model.x[1].clone();
    let fit = model.fit(true).unwrap();
    let truth = Truth {
        beta: fit.beta.clone(),
        sigma: fit.sigma,
        effects: Effects::New(fit.theta.clone()),
    };
    let mut means = Vec::new();
    for statistics in [model.statistics(), model.raw_statistics()] {
        let gram = Gram::new(&statistics).unwrap();
        let world = gram.world(&truth);
        let mut refit = Refit::new(&model.statistics(), &options(true)).unwrap();
        refit.start(&fit.theta);
        let mut raw = Refit::new(&statistics, &options(true)).unwrap();
        raw.start(&fit.theta);
        let mut room = gram.room();
        let mut sums = [0.0; 2];
        let draws = 400;
        for replicate in 0..draws {
            gram.draw(&world, 3, replicate, &mut room);
            let found = raw.fit(room.products()).unwrap();
            sums[0] += found.beta[1];
            sums[1] += found.sigma;
        }
        means.push(
            sums.iter()
                .map(|s| s / f64::from(draws))
                .collect::<Vec<f64>>(),
        );
    }
    // Slopes have a standard error of about 0.5 and σ one of 1.5.
    assert!((means[0][0] - means[1][0]).abs() < 0.1, "{means:?}");
    assert!((means[0][1] - means[1][1]).abs() < 0.3, "{means:?}");
}

/// Estimates of refits to responses drawn without rows, and to rows drawn one by one.
fn estimates_agree(model: &Model, draws: u32) {
    let statistics = model.statistics();
    let fit = model.fit(true).unwrap();
    let truth = Truth {
        beta: fit.beta.clone(),
        sigma: fit.sigma,
        effects: Effects::New(fit.theta.clone()),
    };
    let gram = Gram::new(&statistics).unwrap();
    let world = gram.world(&truth);
    let mut refit = Refit::new(&statistics, &options(true)).unwrap();
    refit.start(&fit.theta);
    let mut room = gram.room();
    let mut sides: [Vec<Vec<f64>>; 2] = [Vec::new(), Vec::new()];
    let covariances = |theta: &[f64], sigma: f64| -> Vec<f64> {
        let all = support::covariances(&model.layout, theta);
        all.into_iter()
            .flatten()
            .map(|x| x * sigma * sigma)
            .collect()
    };
    let mut keep = |side: usize, found: &lmm::Refitted| {
        assert!(found.converged);
        let mut row = found.beta.clone();
        row.push(found.sigma);
        row.extend(covariances(&found.theta, found.sigma));
        sides[side].push(row);
    };
    let lambda = fit.lambda();
    for replicate in 0..draws {
        gram.draw(&world, 5, replicate, &mut room);
        keep(0, refit.fit(room.products()).unwrap());
        let mut stream = Stream::new(6, replicate, 0);
        let n = model.rows();
        let mut y: Vec<f64> = (0..n)
            .map(|i| {
                let mean: f64 = model.x.iter().zip(&fit.beta).map(|(c, b)| c[i] * b).sum();
                mean + fit.sigma * stream.normal()
            })
            .collect();
        for (f, factor) in model.layout.factors.iter().enumerate() {
            let k = factor.width;
            let effects: Vec<Vec<f64>> = (0..factor.levels)
                .map(|_| {
                    let u: Vec<f64> = (0..k).map(|_| fit.sigma * stream.normal()).collect();
                    (0..k)
                        .map(|a| (0..=a).map(|c| lambda[f][a * k + c] * u[c]).sum())
                        .collect()
                })
                .collect();
            for (i, y) in y.iter_mut().enumerate() {
                let b = &effects[model.codes[f][i] as usize];
                *y += model.z[f].iter().zip(b).map(|(z, b)| z[i] * b).sum::<f64>();
            }
        }
        let other = with(model, y, statistics.coordinates().clone());
        keep(1, refit.fit(&other.response_products()).unwrap());
    }
    let count = f64::from(draws);
    let size = sides[0][0].len();
    let mean = |side: &Vec<Vec<f64>>, f: &dyn Fn(&[f64]) -> f64| {
        side.iter().map(|r| f(r)).sum::<f64>() / count
    };
    let compare = |what: String, f: &dyn Fn(&[f64]) -> f64| {
        let (a, b) = (mean(&sides[0], f), mean(&sides[1], f));
        let spread = |side: &Vec<Vec<f64>>, m: f64| mean(side, &|r| (f(r) - m).powi(2));
        let error = ((spread(&sides[0], a) + spread(&sides[1], b)) / count).sqrt();
        assert!(
            (a - b).abs() < 4.5 * error + 1e-12,
            "{what}: {a} {b} ± {error}"
        );
    };
    let centre: Vec<f64> = (0..size).map(|i| mean(&sides[1], &|r| r[i])).collect();
    for i in 0..size {
        compare(format!("mean {i}"), &|r| r[i]);
        for j in 0..=i {
            compare(format!("covariance {i} {j}"), &|r| {
                (r[i] - centre[i]) * (r[j] - centre[j])
            });
        }
    }
}

#[test]
fn refits_without_rows_have_the_distribution_of_those_with_rows() {
    estimates_agree(&sleepstudy(true), 3_000);
    estimates_agree(&maximal(12, 8, 2, false), 600);
}

/// Any order of the replicates gives the same numbers.
#[test]
fn replicates_do_not_depend_on_each_other() {
    let model = maximal(6, 5, 2, false);
    let statistics = model.statistics();
    let gram = Gram::new(&statistics).unwrap();
    let world = gram.world(&Truth {
        beta: vec![1.0, 2.0],
        sigma: 0.5,
        effects: Effects::New(vec![0.5, 0.1, 0.3, 0.2, 0.0, 0.4]),
    });
    let draw = |room: &mut _, replicate| -> Statistics {
        let room: &mut ranef_engine::simulate::Room = room;
        gram.draw(&world, 9, replicate, room);
        statistics.with_response(room.products())
    };
    let mut room = gram.room();
    let there: Vec<Vec<f64>> = (0..5).map(|r| draw(&mut room, r).corner()).collect();
    let back: Vec<Vec<f64>> = (0..5).rev().map(|r| draw(&mut room, r).corner()).collect();
    assert!(there.iter().eq(back.iter().rev()));
    assert_ne!(there[0], there[1]);
}

/// The same numbers on one thread and on three.
#[test]
fn threads_do_not_change_the_numbers() {
    let model = sleepstudy(true);
    let statistics = model.statistics();
    let gram = Gram::new(&statistics).unwrap();
    let world = gram.world(&Truth {
        beta: vec![250.0, 10.0],
        sigma: 25.0,
        effects: Effects::New(vec![0.9, 0.1, 0.2]),
    });
    let run = |threads: usize| -> Vec<lmm::Refitted> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            parallel(
                5..205,
                || {
                    (
                        Refit::new(&statistics, &options(true)).unwrap(),
                        gram.room(),
                    )
                },
                |(refit, room), replicate| {
                    gram.draw(&world, 3, replicate, room);
                    refit.fit(room.products()).unwrap().clone()
                },
            )
        })
    };
    let one = run(1);
    assert_eq!(one.len(), 200);
    assert_eq!(one, run(3));
}

/// Not a test of anything but the clock: `cargo test --release -- --ignored --nocapture`.
#[test]
#[ignore = "a time, to be read in a release build"]
fn microseconds_of_a_replicate() {
    let model = sleepstudy(true);
    let statistics = model.statistics();
    let fit = model.fit(true).unwrap();
    let gram = Gram::new(&statistics).unwrap();
    let world = gram.world(&Truth {
        beta: fit.beta.clone(),
        sigma: fit.sigma,
        effects: Effects::New(fit.theta.clone()),
    });
    let mut refit = Refit::new(&statistics, &options(true)).unwrap();
    refit.start(&fit.theta);
    let mut room = gram.room();
    let count = 20_000;
    for round in 0..3 {
        let began = std::time::Instant::now();
        for r in 0..count {
            gram.draw(&world, round, r, &mut room);
        }
        let drawing = began.elapsed().as_secs_f64() / f64::from(count) * 1e6;
        let began = std::time::Instant::now();
        let (mut evaluations, mut singular) = (0, 0);
        for r in 0..count {
            gram.draw(&world, round, r, &mut room);
            let found = refit.fit(room.products()).unwrap();
            evaluations += found.evaluations;
            singular += u32::from(found.singular[0]);
        }
        let all = began.elapsed().as_secs_f64() / f64::from(count) * 1e6;
        println!(
            "draw {drawing:.2} us, all {all:.2} us, {:.2} evaluations, {singular} singular",
            evaluations as f64 / f64::from(count)
        );
    }
}
