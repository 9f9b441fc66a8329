//! Variances of rows against Henderson's matrix, inverted whole.

use proptest::prelude::*;

use super::{shuffled, systems};
use crate::blocks::joint::{Kept, Reduced};
use crate::layout::Layout;
use crate::lmm::Criterion;
use crate::support::henderson::Henderson;
use crate::support::{Model, Rng, random_model, random_theta};

/// Levels of factors with the columns of their faces.
type Levels = Vec<(usize, usize, Vec<f64>)>;

/// A random row: any of the levels, columns that no row of the data has.
fn random_row(rng: &mut Rng, layout: &Layout) -> (Vec<f64>, Levels) {
    let x = (0..layout.fixed).map(|_| rng.normal()).collect();
    let mut levels = Vec::new();
    for (f, factor) in layout.factors.iter().enumerate() {
        // A factor may be absent, and one may be touched twice.
        for _ in 0..rng.below(3) {
            let z = (0..factor.width).map(|_| rng.normal()).collect();
            levels.push((f, rng.below(factor.levels), z));
        }
    }
    (x, levels)
}

fn reduce(kept: &Kept, x: &[f64], levels: &[(usize, usize, Vec<f64>)]) -> Reduced {
    let mut way = kept.way();
    let mut out = Reduced::default();
    // Twice with the same scratch: what the first leaves behind would show.
    for _ in 0..2 {
        for (f, level, z) in levels {
            kept.enter(&mut way, *f, *level, z);
        }
        kept.reduce(&mut way, x, &mut out);
    }
    out
}

fn check(model: &Model, theta: &[f64], rng: &mut Rng, order: &[usize], split: usize) {
    let layout = &model.layout;
    let henderson = Henderson::of(model, theta);
    let statistics = model.raw_statistics();
    for (name, system) in systems(&statistics, order, split) {
        let mut criterion = Criterion::with_system(system, &statistics, true);
        assert!(criterion.at(theta).is_finite());
        let kept = criterion.keep();
        let (integers, numbers) = kept.parts();
        let again = Kept::from_parts(layout, &integers, &numbers).expect("its own parts");
        let (mut way, mut square) = (kept.way(), 0.0);
        for _ in 0..6 {
            let (a, b) = (random_row(rng, layout), random_row(rng, layout));
            let (whole_a, whole_b) = (henderson.row(&a.0, &a.1), henderson.row(&b.0, &b.1));
            let (row_a, row_b) = (reduce(&kept, &a.0, &a.1), reduce(&kept, &b.0, &b.1));
            let size = henderson.product(&whole_a, &whole_a).max(1e-3);
            let close = |what: &str, x: f64, y: f64| {
                assert!(
                    (x - y).abs() < 1e-9 * size,
                    "{name}, {what}: {x} against {y}"
                );
            };
            let variance = henderson.product(&whole_a, &whole_a);
            close("variance", kept.product(&row_a, &row_a), variance);
            // Twice, and another between: places that were kept are those of the row.
            for row in [&row_a, &row_a, &row_b, &row_a] {
                square = kept.square(&mut way, row);
            }
            close("square", square, variance);
            let other = henderson.product(&whole_b, &whole_b).max(size) / size;
            let covariance = henderson.product(&whole_a, &whole_b);
            close(
                "covariance",
                kept.product(&row_a, &row_b) / other,
                covariance / other,
            );
            let mut with_fixed = Vec::new();
            kept.with_fixed(&row_a, &mut with_fixed);
            for (j, x) in with_fixed.iter().enumerate() {
                let mut unit = vec![0.0; layout.fixed];
                unit[j] = 1.0;
                let unit = henderson.row(&unit, &[]);
                let whole = henderson.product(&whole_a, &unit);
                let larger = henderson.product(&unit, &unit).max(size) / size;
                close("with fixed", x / larger, whole / larger);
            }
            let known = henderson.known_fixed(&whole_a);
            close(
                "fixed share",
                variance - kept.fixed_share(&with_fixed),
                known,
            );
            let through = again.product(&reduce(&again, &a.0, &a.1), &reduce(&again, &b.0, &b.1));
            close("through its parts", through / other, covariance / other);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96,
        failure_persistence: None,
        max_shrink_iters: 0,
        ..ProptestConfig::default()
    })]

    #[test]
    fn rows_agree_with_henderson(seed in 1u64.., rows in 12usize..32, most in 1usize..5) {
        let mut rng = Rng(seed);
        let model = random_model(&mut rng, most, 4, rows);
        let theta = random_theta(&mut rng, &model.layout, 0.3, 0.1);
        let order = shuffled(&mut rng, model.layout.factors.len());
        let levels: usize = model.layout.factors.iter().map(|f| f.levels).sum();
        let split = rng.below(levels + 1);
        check(&model, &theta, &mut rng, &order, split);
    }

    /// Damaged parts are refused, or are those of another model: they never panic.
    #[test]
    fn damaged_parts_are_refused(seed in 1u64.., at: usize, value: u32) {
        let mut rng = Rng(seed);
        let model = random_model(&mut rng, 3, 3, 20);
        let statistics = model.raw_statistics();
        let theta = random_theta(&mut rng, &model.layout, 0.3, 0.1);
        let mut criterion = Criterion::new(&statistics, true);
        prop_assume!(criterion.at(&theta).is_finite());
        let (mut integers, numbers) = criterion.keep().parts();
        let at = at % integers.len();
        integers[at] = value % 40;
        if let Some(kept) = Kept::from_parts(&model.layout, &integers, &numbers) {
            let (x, levels) = random_row(&mut rng, &model.layout);
            reduce(&kept, &x, &levels);
        }
        prop_assert!(Kept::from_parts(&model.layout, &integers[1..], &numbers).is_none()
            || integers[0] == integers[1]);
        let short = &numbers[..numbers.len() - 1];
        let (integers, _) = criterion.keep().parts();
        prop_assert!(Kept::from_parts(&model.layout, &integers, short).is_none());
    }
}

/// Draws are A'z: with unit vectors for z they are the rows of A, and A'A is the joint covariance,
/// also where Λ is singular.
fn check_draws(model: &Model, theta: &[f64], order: &[usize], split: usize) {
    let layout = &model.layout;
    let henderson = Henderson::of(model, theta);
    let statistics = model.raw_statistics();
    let size = layout.random_effects() + layout.fixed;
    let first: Vec<usize> = (0..layout.factors.len())
        .map(|f| {
            let before = &layout.factors[..f];
            before.iter().map(|f| f.levels * f.width).sum()
        })
        .collect();
    for (name, system) in systems(&statistics, order, split) {
        let mut criterion = Criterion::with_system(system, &statistics, true);
        assert!(criterion.at(theta).is_finite());
        let kept = criterion.keep();
        let factor = kept.root_factor();
        let (in_nodes, in_root) = kept.normals(&factor);
        let mut covariance = vec![0.0; size * size];
        for unit in 0..in_nodes + in_root {
            let (mut nodes, mut root) = (vec![0.0; in_nodes], vec![0.0; in_root]);
            match unit.checked_sub(in_nodes) {
                None => nodes[unit] = 1.0,
                Some(at) => root[at] = 1.0,
            }
            let root = kept.root_draws(&factor, &root, 1);
            kept.back_substitute(&root, &mut nodes);
            let mut row = vec![0.0; size];
            kept.each_level(&root, &nodes, |factor, level, effects| {
                let k = layout.factors[factor].width;
                row[first[factor] + level * k..][..k].copy_from_slice(&effects[..k]);
            });
            row[size - layout.fixed..].copy_from_slice(kept.fixed_part(&root));
            for i in 0..size {
                for j in 0..size {
                    covariance[i * size + j] += row[i] * row[j];
                }
            }
        }
        let unit =
            |i: usize| -> Vec<f64> { (0..size).map(|j| f64::from(u8::from(i == j))).collect() };
        let sd: Vec<f64> = (0..size)
            .map(|i| henderson.product(&unit(i), &unit(i)).max(0.0).sqrt())
            .collect();
        for i in 0..size {
            for j in 0..size {
                let twin = henderson.product(&unit(i), &unit(j));
                let gap = (covariance[i * size + j] - twin).abs();
                let limit = 1e-9 * (sd[i] * sd[j]).max(1e-6);
                assert!(gap < limit, "{name}, ({i}, {j}): {gap:e} beside {twin}");
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

    #[test]
    fn draws_have_the_joint_covariance(seed in 1u64.., rows in 12usize..28, zeros in 0.0f64..0.8) {
        let mut rng = Rng(seed);
        let model = random_model(&mut rng, 3, 3, rows);
        let theta = random_theta(&mut rng, &model.layout, zeros, 0.1);
        let order = shuffled(&mut rng, model.layout.factors.len());
        let levels: usize = model.layout.factors.iter().map(|f| f.levels).sum();
        let split = rng.below(levels + 1);
        check_draws(&model, &theta, &order, split);
    }
}
