//! Mixtures over points against integrals over grids.

use super::*;
use crate::lmm::Criterion;
use crate::support::{Model, data};

/// log p(θ|y) but for a constant, prior included, as the points have it.
fn ln_posterior(criterion: &mut Criterion, scale: f64, theta: &[f64]) -> f64 {
    let layout = criterion.layout().clone();
    let entries = layout.entries();
    ln_prior(&layout, &entries, scale, theta) - 0.5 * criterion.at(theta)
}

fn scale_of(model: &Model, theta: &[f64]) -> f64 {
    let statistics = model.statistics();
    let mut criterion = Criterion::new(&statistics, true);
    let standard = statistics
        .coordinates()
        .theta_to_standard(&model.layout, theta);
    criterion.at(&standard);
    2.5 / criterion.sigma_squared().sqrt()
}

#[test]
fn one_variance_against_its_integral() {
    for yields in [&data::DYESTUFF, &data::DYESTUFF2] {
        let model = data::batches(yields);
        let fit = model.fit(true).expect("a fit");
        let statistics = model.statistics();
        let scale = scale_of(&model, &fit.theta);
        let mut criterion = Criterion::new(&statistics, true);
        let (mut total, mut mean, mut kept) = (0.0, 0.0, 0.0);
        let own = |theta: f64| 1.0 / (1.0 + 5.0 * theta * theta);
        for i in 0..40_000 {
            let theta = (f64::from(i) + 0.5) * 1e-3;
            let p = (ln_posterior(&mut criterion, scale, &[theta]) + 0.5 * fit.value).exp();
            total += p;
            mean += p * theta.min(5.0);
            kept += p * own(theta);
        }
        for seed in 1..6 {
            let nodes = of_linear(&statistics, &fit.theta, seed, &Interrupt::default());
            let nodes = nodes.expect("a small model");
            let sum = |f: &dyn Fn(f64) -> f64| -> f64 {
                nodes.iter().map(|n| n.weight * f(n.theta[0].abs())).sum()
            };
            assert!((sum(&|_| 1.0) - 1.0).abs() < 1e-12);
            let (a, b) = (sum(&|t| t.min(5.0)), mean / total);
            assert!((a / b - 1.0).abs() < 0.02, "seed {seed}: mean {a} for {b}");
            let (a, b) = (sum(&own), kept / total);
            assert!((a - b).abs() < 0.01, "seed {seed}: shrinkage {a} for {b}");
        }
    }
}

/// Standard deviations and correlation of `(Days | Subject)`, in standard units, where the prior is
/// flat by definition.
#[test]
fn a_correlation_against_its_integral() {
    let model = data::sleepstudy(true);
    let fit = model.fit(true).expect("a fit");
    let statistics = model.statistics();
    let scale = scale_of(&model, &fit.theta);
    let mut criterion = Criterion::new(&statistics, true);
    let mut sums = [0.0; 4];
    let prior = |s: f64| s.ln() - 2.0 * (s / scale).powi(2).mul_add(1.0 / 3.0, 1.0).ln();
    for i in 0..40 {
        for j in 0..40 {
            for k in 0..40 {
                let a = (f64::from(i) + 0.5) * 0.1;
                let b = (f64::from(j) + 0.5) * 0.04;
                let r = (f64::from(k) + 0.5) * 0.05 - 1.0;
                let theta = [a, r * b, (1.0 - r * r).sqrt() * b];
                let log = prior(a) + prior(b) - 0.5 * (criterion.at(&theta) - fit.value);
                for (sum, x) in sums.iter_mut().zip([1.0, a, b, r]) {
                    *sum += log.exp() * x;
                }
            }
        }
    }
    let coordinates = statistics.coordinates();
    let (mut found, seeds) = ([0.0; 3], 8);
    for seed in 0..seeds {
        let nodes = of_linear(&statistics, &fit.theta, seed, &Interrupt::default());
        for node in nodes.expect("a small model") {
            let t = coordinates.theta_to_standard(&model.layout, &node.theta);
            let b = t[1].hypot(t[2]);
            for (sum, x) in found.iter_mut().zip([t[0].abs(), b, t[1] / b]) {
                *sum += node.weight / seeds as f64 * x;
            }
        }
    }
    for (at, tolerance) in [(1, 0.02), (2, 0.01), (3, 0.03)] {
        let (a, b) = (found[at - 1], sums[at] / sums[0]);
        assert!((a - b).abs() < tolerance, "{at}: {a} for {b}");
    }
}
