//! The derivatives of the deviance with a parameter held, against differences.

use super::Parameter;
use super::objective::Held;
use super::trace::HeldDeviance;
use crate::Interrupt;
use crate::optimize::Objective;
use crate::support::{Model, Rng, random_model};

/// Everything at a point: gradient and Hessian in the held coordinate and the free ones.
fn derivatives(held: &mut Held, at: f64, free: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
    held.hold(at);
    let value = held.value(free);
    held.differentiate();
    (value, held.gradient.clone(), held.hessian.clone())
}

fn check(model: &Model, parameter: Parameter, rng: &mut Rng) {
    let mut held = Held::new(&model.statistics(), parameter, &[], &Interrupt::default());
    held.be_exact();
    let at = match parameter {
        Parameter::Correlation { .. } => 1.4 * (2.0 * rng.uniform() - 1.0),
        Parameter::StandardDeviation { .. } => rng.uniform(),
        _ => 0.5 * rng.normal(),
    };
    let free: Vec<f64> = (0..held.form.free()).map(|_| 0.5 * rng.normal()).collect();
    let size = free.len() + 1;
    let (_, gradient, hessian) = derivatives(&mut held, at, &free);
    let step = 1e-5;
    for i in 0..size {
        let mut moved = |sign: f64| {
            let mut x = free.clone();
            let mut y = at;
            if i == 0 {
                y += sign * step;
            } else {
                x[i - 1] += sign * step;
            }
            derivatives(&mut held, y, &x)
        };
        let (up, down) = (moved(1.0), moved(-1.0));
        let size_of_gradient = gradient.iter().fold(1.0f64, |s, g| s.max(g.abs()));
        let slope = (up.0 - down.0) / (2.0 * step);
        assert!(
            (slope - gradient[i]).abs() < 1e-5 * size_of_gradient,
            "{parameter:?} gradient {i}: {} against {slope}",
            gradient[i]
        );
        let size_of_hessian = hessian.iter().fold(1.0f64, |s, h| s.max(h.abs()));
        for j in 0..size {
            let bend = (up.1[j] - down.1[j]) / (2.0 * step);
            assert!(
                (bend - hessian[i * size + j]).abs() < 1e-5 * size_of_hessian,
                "{parameter:?} Hessian {i} {j}: {} against {bend}",
                hessian[i * size + j]
            );
        }
    }
}

#[test]
fn derivatives_are_those_of_the_deviance() {
    let mut rng = Rng(77);
    let mut kinds = [0; 4];
    for _ in 0..40 {
        let rows = 20 + rng.below(20);
        let model = random_model(&mut rng, 3, 3, rows);
        for parameter in Parameter::all(&model.layout) {
            check(&model, parameter, &mut rng);
            kinds[match parameter {
                Parameter::StandardDeviation { .. } => 0,
                Parameter::Correlation { .. } => 1,
                Parameter::Sigma => 2,
                Parameter::Fixed(_) | Parameter::Nuisance(_) => 3,
            }] += 1;
        }
    }
    assert!(kinds.iter().all(|&k| k > 20), "{kinds:?}");
}
