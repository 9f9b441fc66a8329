//! Every kernel against the plain twin: V as a dense n × n matrix.

mod joint;

use proptest::prelude::*;

use super::System;
use super::plan::{Node, Plan};
use super::sparse::Sparse;
use crate::layout::Layout;
use crate::lmm::Criterion;
use crate::statistics::Statistics;
use crate::support::twin::Twin;
use crate::support::{Model, Rng, maximal, random_model, random_theta, relative};

/// The largest difference, relative to the larger of `size` and the largest number.
fn gap(a: &[f64], b: &[f64], size: f64) -> f64 {
    assert_eq!(a.len(), b.len());
    let size = b.iter().fold(size, |s, x| s.max(x.abs()));
    a.iter().zip(b).fold(0.0, |worst, (x, y)| {
        let gap = (x - y).abs() / size;
        if gap.is_nan() {
            f64::INFINITY
        } else {
            gap.max(worst)
        }
    })
}

/// All that a criterion gives, in the twin's form.
fn measure(criterion: &mut Criterion, layout: &Layout, theta: &[f64]) -> Twin {
    let value = criterion.at(theta);
    assert!(value.is_finite(), "no criterion at {theta:?}");
    let average = criterion.derivatives();
    let exact = criterion.exact_derivatives();
    assert_eq!(average.gradient, exact.gradient);
    let beta = criterion.beta().to_vec();
    let covariance = criterion.fixed_covariance();
    let directions = criterion.directions();
    let pieces = criterion.pieces(&directions);
    let posterior = criterion.posterior();
    assert_eq!(average.gradient.len(), layout.entries().len());
    Twin {
        value,
        pwrss: pieces.pwrss,
        sigma_squared: criterion.sigma_squared(),
        beta,
        covariance,
        gradient: average.gradient,
        average: average.hessian,
        exact: exact.hessian,
        scores: average.scores,
        information: pieces.scores,
        residual: pieces.residual,
        forms: pieces.forms,
        traces: pieces.traces,
        covariance_changes: pieces.covariance_changes,
        modes: posterior.modes,
        conditional: posterior.covariances,
    }
}

/// The worst difference and where it is.
fn compare(a: &Twin, b: &Twin) -> (f64, String) {
    let mut worst = (0.0f64, String::new());
    let mut look = |what: &str, x: &[f64], y: &[f64], size: f64| {
        let gap = gap(x, y, size);
        if gap > worst.0 {
            worst = (gap, format!("{what}: {x:?} against {y:?}"));
        }
    };
    let largest = |m: &[Vec<f64>]| m.iter().flatten().fold(0.0f64, |s, x| s.max(x.abs()));
    let tiny = 1e-300;
    // Scores and what is made of them are differences: the terms give the size.
    let size = largest(&b.information).max(1e-2);
    let bend = b
        .traces
        .iter()
        .chain(&b.average)
        .fold(size, |s, x| s.max(x.abs()));
    look("value", &[a.value], &[b.value], 1.0);
    look("pwrss", &[a.pwrss], &[b.pwrss], tiny);
    look("sigma²", &[a.sigma_squared], &[b.sigma_squared], tiny);
    look("beta", &a.beta, &b.beta, tiny);
    look("covariance", &a.covariance, &b.covariance, tiny);
    look("gradient", &a.gradient, &b.gradient, size);
    look("average", &a.average, &b.average, bend);
    look("exact", &a.exact, &b.exact, bend);
    // What is exactly zero comes out as rounding of the numbers that made it.
    look("forms", &a.forms, &b.forms, 1e-3 * b.pwrss);
    look("traces", &a.traces, &b.traces, 1e-2 * size);
    for f in 0..b.scores.len() {
        look("scores", &a.scores[f], &b.scores[f], size);
        look("information", &a.information[f], &b.information[f], size);
        look("residual", &a.residual[f], &b.residual[f], 1e-3 * b.pwrss);
        look(
            "modes",
            &a.modes[f],
            &b.modes[f],
            1e-3 * b.sigma_squared.sqrt(),
        );
        look("conditional", &a.conditional[f], &b.conditional[f], 1e-12);
    }
    let size = largest(&b.covariance_changes).max(tiny);
    for (x, y) in a.covariance_changes.iter().zip(&b.covariance_changes) {
        look("covariance change", x, y, size);
    }
    worst
}

/// Every kernel that can take a model, by name. `order` and `split` make one mixed plan more.
fn systems(statistics: &Statistics, order: &[usize], split: usize) -> Vec<(&'static str, System)> {
    vec![
        ("chosen", System::new(statistics)),
        ("nodes", System::nodes(statistics)),
        ("dense", System::dense(statistics)),
        (
            "mixed",
            System::with_plan(statistics, Plan::split_at(statistics, order, split)),
        ),
    ]
}

fn check(model: &Model, theta: &[f64], order: &[usize], split: usize, tolerance: f64) {
    let statistics = model.raw_statistics();
    for reml in [true, false] {
        let twin = Twin::of(model, theta, reml);
        for (name, system) in systems(&statistics, order, split) {
            let mut criterion = Criterion::with_system(system, &statistics, reml);
            let (gap, what) = compare(&measure(&mut criterion, &model.layout, theta), &twin);
            assert!(gap < tolerance, "{name}, reml {reml}, {gap:e}: {what}");
        }
    }
}

fn shuffled(rng: &mut Rng, n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, rng.below(i + 1));
    }
    order
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    })]

    #[test]
    fn kernels_agree_with_the_twin(seed in 1u64.., rows in 12usize..32) {
        let mut rng = Rng(seed);
        let model = random_model(&mut rng, 4, 5, rows);
        let theta = random_theta(&mut rng, &model.layout, 0.2, 0.1);
        let factors = model.layout.factors.len();
        let order = shuffled(&mut rng, factors);
        let levels: usize = model.layout.factors.iter().map(|f| f.levels).sum();
        let split = rng.below(levels + 1);
        check(&model, &theta, &order, split, 1e-9);
    }

    /// One factor at a time: lanes with every width, through the last chunk's empty lanes.
    #[test]
    fn lanes_agree_with_the_twin(seed in 1u64.., rows in 8usize..40) {
        let mut rng = Rng(seed);
        let model = random_model(&mut rng, 1, 6, rows);
        let theta = random_theta(&mut rng, &model.layout, 0.2, 0.1);
        check(&model, &theta, &[0], rng.below(model.layout.factors[0].levels + 1), 1e-9);
    }
}

/// Two crossed factors of which one covers the root of the other, and a third that may sit
/// between them.
fn covering(outer: usize, inner: usize, widths: [usize; 2], between: bool) -> Model {
    let mut rng = Rng(4711);
    let rows = outer * inner;
    let mut column = |constant: bool| -> Vec<f64> {
        (0..rows)
            .map(|_| if constant { 1.0 } else { rng.normal() })
            .collect()
    };
    let mut codes = vec![
        (0..rows).map(|i| (i / inner) as u32).collect::<Vec<_>>(),
        (0..rows).map(|i| (i % inner) as u32).collect(),
    ];
    let mut levels = vec![outer, inner];
    let mut terms = vec![(0, widths[0], Some(0)), (1, widths[1], Some(0))];
    let mut z: Vec<Vec<Vec<f64>>> = widths
        .iter()
        .map(|&k| (0..k).map(|a| column(a == 0)).collect())
        .collect();
    if between {
        // The outer factor is nested in this one, which meets all levels of the inner one: a
        // node that is not a leaf, with rows in the root.
        codes.push((0..rows).map(|i| (i / inner % 4) as u32).collect());
        levels.push(4);
        terms.push((2, 2, Some(0)));
        z.push(vec![column(true), column(false)]);
    }
    let x = vec![column(true), column(false)];
    Model {
        layout: Layout::new(2, Some(0), &levels, &terms),
        y: column(false).iter().map(|e| 2.0 * e).collect(),
        x,
        weights: None,
        codes,
        z,
    }
}

#[test]
fn blocked_leaves_agree_with_the_twin() {
    // Of the leaves, those that meet another node have to take the other way: all, half, none.
    for (widths, between, split, blocked) in [
        ([1, 5], false, 16, 16),
        ([2, 5], true, 20, 0),
        ([2, 5], true, 18, 8),
        ([1, 5], true, 16, 16),
    ] {
        let model = covering(16, 7, widths, between);
        let order: &[usize] = if between { &[0, 2, 1] } else { &[0, 1] };
        let plan = Plan::split_at(&model.raw_statistics(), order, split);
        let covers = |n: &&Node| Sparse::covers_root(n, plan.root_effects);
        assert_eq!(plan.nodes.iter().filter(covers).count(), blocked);
        assert_eq!(plan.nodes.iter().filter(|n| n.leaf).count(), 16);
        let mut rng = Rng(99);
        for zeros in [0.0, 0.5] {
            let theta = random_theta(&mut rng, &model.layout, zeros, 0.0);
            check(&model, &theta, order, split, 1e-9);
        }
    }
}

/// More leaves than one blocked update holds; the dense kernel, which is checked against the
/// twin above, stands in for it here.
#[test]
fn blocked_leaves_in_several_rounds_agree_with_the_dense_root() {
    let model = covering(300, 8, [2, 5], false);
    let statistics = model.raw_statistics();
    let theta = random_theta(&mut Rng(5), &model.layout, 0.1, 0.0);
    for reml in [true, false] {
        let mut all: Vec<Twin> = systems(&statistics, &[0, 1], 300)
            .into_iter()
            .map(|(_, system)| {
                let mut criterion = Criterion::with_system(system, &statistics, reml);
                measure(&mut criterion, &model.layout, &theta)
            })
            .collect();
        let dense = all.remove(2);
        for other in &all {
            let (gap, what) = compare(other, &dense);
            assert!(gap < 1e-9, "{gap:e}: {what}");
        }
    }
}

/// Pupils in classes in schools, with raters who cross them all.
#[test]
fn nested_and_crossed_at_once() {
    let mut rng = Rng(31);
    let rows = 48;
    let classes: Vec<u32> = (0..rows).map(|i| i as u32 / 6).collect();
    let codes = vec![
        (0..rows).map(|i| i as u32 / 2).collect(),
        classes.clone(),
        classes.iter().map(|c| c / 3).collect(),
        (0..rows).map(|_| rng.below(3) as u32).collect(),
    ];
    let mut column = |constant: bool| -> Vec<f64> {
        (0..rows)
            .map(|_| if constant { 1.0 } else { rng.normal() })
            .collect()
    };
    let x = vec![column(true), column(false)];
    let z = [1, 3, 2, 2]
        .iter()
        .map(|&k| (0..k).map(|a| column(a == 0)).collect())
        .collect();
    let model = Model {
        layout: Layout::new(
            2,
            Some(0),
            &[24, 8, 3, 3],
            &[
                (3, 2, Some(0)),
                (1, 1, Some(0)),
                (0, 1, Some(0)),
                (2, 2, Some(0)),
                (1, 2, None),
            ],
        ),
        y: column(false),
        x,
        weights: Some((0..rows).map(|i| 0.5 + (i % 3) as f64).collect()),
        codes,
        z,
    };
    for split in [0, 5, 24, 27, 32, 34, 35, 38] {
        let theta = random_theta(&mut rng, &model.layout, 0.15, 0.0);
        check(&model, &theta, &[0, 1, 2, 3], split, 1e-9);
        check(&model, &theta, &[3, 0, 2, 1], split, 1e-9);
    }
}

/// Just above the switch between the two formulas of the root's score, where one of them divides
/// by Λ²: the digits that are left must still do for a Newton step.
#[test]
fn small_standard_deviations_in_the_root() {
    let model = covering(6, 5, [2, 2], false);
    let statistics = model.raw_statistics();
    for small in [1e-6, 0.9e-4, 1.1e-4, 1e-3, 1e-2] {
        let theta = [small, 0.3, small, 0.8, -0.2, small];
        let twin = Twin::of(&model, &theta, true);
        let mut criterion = Criterion::with_system(System::dense(&statistics), &statistics, true);
        let (gap, what) = compare(&measure(&mut criterion, &model.layout, &theta), &twin);
        assert!(gap < 1e-7, "{small:e}: {gap:e} {what}");
    }
}

#[test]
fn plans_without_a_split_of_their_own_are_the_cheapest_of_all() {
    let model = covering(16, 7, [1, 5], false);
    let plan = Plan::new(&model.raw_statistics());
    assert_eq!(
        plan.nodes.len(),
        16,
        "the larger factor is eliminated first"
    );
    assert_eq!(plan.root_effects, 35);
}

/// Gradient and exact Hessian against central differences, at three points each.
#[test]
fn derivatives_agree_with_differences() {
    let mut rng = Rng(2024);
    let models = [
        crate::support::data::sleepstudy(true),
        crate::support::data::sleepstudy(false),
        covering(9, 5, [2, 1], true),
        maximal(20, 10, 3, true),
    ];
    for model in &models {
        let statistics = model.statistics();
        for reml in [true, false] {
            let mut criterion = Criterion::new(&statistics, reml);
            let m = criterion.entries().len();
            for _ in 0..3 {
                let theta = random_theta(&mut rng, &model.layout, 0.0, 0.0);
                criterion.at(&theta);
                let here = criterion.exact_derivatives();
                let size = here.hessian.iter().fold(1.0f64, |s, x| s.max(x.abs()));
                for i in 0..m {
                    let step = 1e-5;
                    let mut moved = theta.clone();
                    moved[i] += step;
                    let above = criterion.at(&moved);
                    let up = criterion.derivatives().gradient;
                    moved[i] -= 2.0 * step;
                    let below = criterion.at(&moved);
                    let down = criterion.derivatives().gradient;
                    let slope = (above - below) / (2.0 * step);
                    assert!(
                        (slope - here.gradient[i]).abs() < 1e-7 * size.max(above.abs()),
                        "gradient {i}: {} against {slope}",
                        here.gradient[i]
                    );
                    for j in 0..m {
                        let bend = (up[j] - down[j]) / (2.0 * step);
                        assert!(
                            relative(bend, here.hessian[i * m + j], size) < 1e-7,
                            "Hessian {i} {j}: {} against {bend}",
                            here.hessian[i * m + j]
                        );
                    }
                }
            }
        }
    }
}
