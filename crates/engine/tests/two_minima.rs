//! Criteria with two minima: groups that lie on a line of their own while the line within them
//! goes another way. The fit is the lower one.

mod support;

use std::sync::Arc;

use ranef_engine::glmm::family::{Binomial, Link, Observation};
use ranef_engine::glmm::{self, Data};
use ranef_engine::lmm::{Optimizer, Options, fit};
use ranef_engine::{Column, Coordinates, FactorRows, Layout, Rows};

use support::{Model, Rng};

/// `y ~ x + (1 | g) + …` with one face of ones for every factor.
fn intercepts(x: Vec<f64>, y: Vec<f64>, codes: Vec<Vec<u32>>) -> Model {
    let ones = vec![1.0; y.len()];
    let levels = |codes: &Vec<u32>| codes.iter().max().map_or(0, |&most| most as usize + 1);
    let sizes: Vec<usize> = codes.iter().map(levels).collect();
    let terms: Vec<(usize, usize, Option<usize>)> =
        (0..codes.len()).map(|f| (f, 1, Some(0))).collect();
    Model {
        layout: Layout::new(2, Some(0), &sizes, &terms),
        z: vec![vec![ones.clone()]; codes.len()],
        x: vec![ones, x],
        y,
        weights: None,
        codes,
    }
}

/// Groups on a line that rises, rows within them on one that falls.
fn opposed() -> Model {
    let (mut x, mut y, mut codes) = (Vec::new(), Vec::new(), Vec::new());
    for g in 0..8u32 {
        for (i, noise) in [0.1, -0.1, 0.0, 0.0, -0.1, 0.1].into_iter().enumerate() {
            let (group, within) = (f64::from(g), i as f64 - 2.5);
            x.push(3.0 * group + within);
            y.push(6.0 * group - within + noise);
            codes.push(g);
        }
    }
    intercepts(x, y, vec![codes])
}

/// lme4 1.1-31 says -1.0 and 7.88 here, where least squares say 1.83 and 291.7.
#[test]
fn lines_within_groups_may_fall_while_groups_rise() {
    let statistics = opposed().statistics();
    for optimizer in [
        Optimizer::Newton,
        Optimizer::Bfgs,
        Optimizer::Bobyqa,
        Optimizer::NelderMead,
    ] {
        let options = Options {
            optimizer,
            ..Options::default()
        };
        let fit = fit(&statistics, &options).unwrap();
        assert!(
            (fit.beta[1] + 1.0).abs() < 1e-3,
            "{optimizer:?}: {:?}",
            fit.beta
        );
        assert!(
            (fit.value - 7.88).abs() < 5e-3,
            "{optimizer:?}: {}",
            fit.value
        );
        if optimizer == Optimizer::Newton {
            assert!(fit.certificate.converged, "{:?}", fit.certificate);
        }
    }
}

/// Where the first descent of a given start ends is up to who gives it.
#[test]
fn a_given_start_is_kept_to() {
    let options = Options {
        start: Some(vec![0.0]),
        ..Options::default()
    };
    let fit = fit(&opposed().statistics(), &options).unwrap();
    assert!((fit.value - 291.73).abs() < 5e-3, "{}", fit.value);
}

/// Slopes between and within groups that have nothing to do with each other, for factors of which
/// the first decides on x.
fn drawn(random: &mut Rng, groups: usize, each: usize, factors: usize) -> Model {
    let (between, within) = (3.0 * random.normal(), 3.0 * random.normal());
    let spread = (1.5 * random.normal()).exp();
    let (noise, left) = (
        (0.5 * random.normal() - 1.0).exp(),
        (0.5 * random.normal() - 1.0).exp(),
    );
    let others: Vec<Vec<f64>> = (1..factors)
        .map(|_| (0..7).map(|_| random.normal()).collect())
        .collect();
    let (mut x, mut y, mut codes) = (Vec::new(), Vec::new(), vec![Vec::new(); factors]);
    for g in 0..groups {
        let centre = spread * random.normal();
        let own = between * centre + left * random.normal();
        for _ in 0..3 + random.below(2 * each) {
            let from_centre = random.normal();
            x.push(centre + from_centre);
            codes[0].push(g as u32);
            let mut mean = own + within * from_centre;
            for (effects, codes) in others.iter().zip(&mut codes[1..]) {
                let level = random.below(effects.len());
                codes.push(level as u32);
                mean += effects[level];
            }
            y.push(mean + noise * random.normal());
        }
    }
    for codes in &mut codes[1..] {
        // Levels without rows are no levels.
        let seen: std::collections::BTreeSet<u32> = codes.iter().copied().collect();
        for code in codes {
            *code = seen.range(..*code).count() as u32;
        }
    }
    intercepts(x, y, codes)
}

/// A scan of θ of the first factor, from zero to 10⁴, with the others where the fit has them.
#[test]
fn fits_are_the_lowest_of_a_scan() {
    let mut random = Rng(7);
    let mut with_two = [0, 0];
    for case in 0..1200 {
        let factors = 1 + case % 2;
        let model = drawn(&mut random, 5 + case % 17, 1 + case % 9, factors);
        for reml in [true, false] {
            let mut fit = model.fit(reml).unwrap();
            let mut theta = fit.theta.clone();
            let scale = |i: u32| 1e-3 * (0.08 * f64::from(i)).exp();
            let values: Vec<f64> = (0..200)
                .map(|i| {
                    theta[0] = if i == 0 { 0.0 } else { scale(i) };
                    fit.criterion_at(&theta)
                })
                .collect();
            let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
            assert!(
                fit.value < lowest + 1e-6,
                "case {case}, reml {reml}: {} at {:?}, and {lowest}",
                fit.value,
                fit.theta
            );
            let turns = values.windows(3).filter(|v| v[1] < v[0] && v[1] < v[2]);
            let minima = turns.count() + usize::from(values[0] < values[1]);
            with_two[factors - 1] += usize::from(minima > 1);
        }
    }
    // What the test is for happens.
    assert!(with_two[0] > 40 && with_two[1] > 20, "{with_two:?}");
}

/// Answers of 60 in groups whose odds follow one slope while odds within them follow another.
fn answers(random: &mut Rng, groups: usize, each: usize) -> Data {
    let (between, within) = (1.5 * random.normal(), 1.5 * random.normal());
    let (spread, left) = ((1.0 + random.normal()).exp(), 0.3 * random.uniform());
    let (mut x, mut y, mut codes) = (Vec::new(), Vec::new(), Vec::new());
    for g in 0..groups {
        let centre = spread * random.normal();
        let own = between * centre + left * random.normal();
        for _ in 0..3 + random.below(2 * each) {
            let from_centre = random.normal();
            let chance = 1.0 / (1.0 + (-own - within * from_centre).exp());
            x.push(centre + from_centre);
            y.push((0..60).filter(|_| random.uniform() < chance).count() as f64);
            codes.push(g as u32);
        }
    }
    let layout = Layout::new(2, Some(0), &[groups], &[(0, 1, Some(0))]);
    let observations: Vec<Observation> = y.iter().map(|&y| Observation::of(y, 60.0)).collect();
    let rows = Rows {
        response: &y,
        fixed: vec![Column::Constant(1.0), Column::Values(&x)],
        weights: None,
        factors: vec![FactorRows {
            codes: &codes,
            columns: vec![Column::Constant(1.0)],
        }],
    };
    let mut data = Data::new(layout.clone(), Coordinates::pilot(&layout, &rows));
    data.add(&rows, &observations, None);
    data
}

/// The lowest end of descents from five standard deviations, of which the ordinary one alone ends in
/// the worse minimum now and then.
#[test]
fn generalised_fits_are_the_lowest_of_several() {
    let mut random = Rng(11);
    let mut worse = 0;
    for case in 0..200 {
        let data = answers(&mut random, 5 + case % 13, 2 + case % 7);
        let descend = |start: Option<f64>| {
            let options = glmm::Options {
                start: start.map(|theta| vec![theta]),
                ..glmm::Options::default()
            };
            let family = Arc::new(Binomial { link: Link::Logit });
            glmm::fit(data.clone(), family, &options).unwrap().value
        };
        let value = descend(None);
        let ends = [0.5, 0.1, 2.0, 5.0, 15.0].map(|theta| descend(Some(theta)));
        let lowest = ends.into_iter().fold(f64::INFINITY, f64::min);
        assert!(value < lowest + 1e-5, "case {case}: {value} and {ends:?}");
        worse += usize::from(ends[0] > value + 1e-5);
    }
    assert!(worse > 2, "{worse}");
}
