//! The optimisers on functions whose minimum is known.

use ranef_engine::optimize::{Minimum, Objective, Options, bfgs, bobyqa, brent, nelder_mead};

/// A function with its gradient, and counters that the optimisers' own must agree with.
struct Function {
    lower: Vec<f64>,
    value: fn(&[f64]) -> f64,
    gradient: fn(&[f64], &mut [f64]),
    values_asked: usize,
    gradients_asked: usize,
    below_bound: bool,
}

impl Function {
    fn new(lower: &[f64], value: fn(&[f64]) -> f64, gradient: fn(&[f64], &mut [f64])) -> Self {
        let lower = lower.to_vec();
        Function {
            lower,
            value,
            gradient,
            values_asked: 0,
            gradients_asked: 0,
            below_bound: false,
        }
    }
}

impl Objective for Function {
    fn dimension(&self) -> usize {
        self.lower.len()
    }

    fn value(&mut self, theta: &[f64]) -> f64 {
        self.values_asked += 1;
        self.below_bound |= theta.iter().zip(&self.lower).any(|(x, l)| x < l);
        (self.value)(theta)
    }

    fn value_and_gradient(&mut self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        self.gradients_asked += 1;
        (self.gradient)(theta, gradient);
        (self.value)(theta)
    }

    fn lower_bounds(&self) -> Vec<f64> {
        self.lower.clone()
    }
}

const FREE: f64 = f64::NEG_INFINITY;

fn precise() -> Options {
    Options {
        max_evaluations: 20_000,
        tolerance: 1e-8,
    }
}

fn assert_near(minimum: &Minimum, expected: &[f64], tolerance: f64) {
    assert!(minimum.converged, "{minimum:?}");
    for (x, e) in minimum.theta.iter().zip(expected) {
        assert!(
            (x - e).abs() <= tolerance * e.abs().max(1.0),
            "{minimum:?} for {expected:?}"
        );
    }
}

fn rosenbrock() -> Function {
    Function::new(
        &[FREE, FREE],
        |x: &[f64]| 100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2),
        |x: &[f64], g: &mut [f64]| {
            let rise = x[1] - x[0] * x[0];
            g[0] = -400.0 * rise * x[0] - 2.0 * (1.0 - x[0]);
            g[1] = 200.0 * rise;
        },
    )
}

/// Curvatures from 1e-3 to 1e3.
fn stretched() -> Function {
    const CURVATURE: [f64; 4] = [1e-3, 1.0, 1e2, 1e3];
    Function::new(
        &[FREE; 4],
        |x: &[f64]| {
            (0..4)
                .map(|i| CURVATURE[i] * (x[i] - 1.0 - i as f64).powi(2))
                .sum()
        },
        |x: &[f64], g: &mut [f64]| {
            for i in 0..4 {
                g[i] = 2.0 * CURVATURE[i] * (x[i] - 1.0 - i as f64);
            }
        },
    )
}

/// As a variance component that wants to be negative: the minimum is on the bound of the first
/// parameter. Infinite in a corner.
fn bounded() -> Function {
    Function::new(
        &[0.0, FREE, 0.0],
        |x: &[f64]| {
            if x[0] + x[2] > 4.0 {
                return f64::INFINITY;
            }
            (x[0] + 0.5).powi(2) + (x[1] + 2.0).powi(2) + (x[2] - 0.7).powi(2) + x[0] * x[2]
        },
        |_, _| unreachable!("no derivatives"),
    )
}

#[test]
fn rosenbrocks_valley() {
    let start = [-1.2, 1.0];
    let minimum = bfgs(&mut rosenbrock(), &start, &precise());
    assert_near(&minimum, &[1.0, 1.0], 1e-9);
    assert!(minimum.evaluations < 60, "{minimum:?}");
    assert_near(
        &bobyqa(&mut rosenbrock(), &start, &precise()),
        &[1.0, 1.0],
        1e-5,
    );
    assert_near(
        &nelder_mead(&mut rosenbrock(), &start, &precise()),
        &[1.0, 1.0],
        1e-6,
    );
}

#[test]
fn a_quadratic_with_scales_of_a_million() {
    let minimum = bfgs(&mut stretched(), &[0.0; 4], &precise());
    assert_near(&minimum, &[1.0, 2.0, 3.0, 4.0], 1e-6);
    for optimiser in [bobyqa, nelder_mead] {
        let minimum = optimiser(&mut stretched(), &[0.0; 4], &precise());
        assert_near(&minimum, &[1.0, 2.0, 3.0, 4.0], 1e-4);
    }
}

#[test]
fn a_minimum_on_the_bound() {
    for optimiser in [bobyqa, nelder_mead] {
        let mut objective = bounded();
        let minimum = optimiser(&mut objective, &[1.0, 1.0, 1.0], &precise());
        assert_near(&minimum, &[0.0, -2.0, 0.7], 1e-6);
        assert!(minimum.theta[0] < 1e-12, "{minimum:?}");
        assert!(!objective.below_bound);
        assert_eq!(minimum.evaluations, objective.values_asked);
        assert_eq!(minimum.gradients, 0);
    }
}

#[test]
fn one_parameter() {
    let no_gradient: fn(&[f64], &mut [f64]) = |_, _| unreachable!("no derivatives");
    for optimiser in [bobyqa, brent, nelder_mead] {
        for start in [0.0, 0.01, 1.0, 50.0] {
            // Inside: x - 3 ln x has its minimum at 3 and is infinite at the bound.
            let inside = |x: &[f64]| {
                if x[0] > 0.0 {
                    x[0] - 3.0 * x[0].ln()
                } else {
                    f64::INFINITY
                }
            };
            let mut objective = Function::new(&[0.0], inside, no_gradient);
            let minimum = optimiser(&mut objective, &[start], &precise());
            assert_near(&minimum, &[3.0], 1e-6);
            assert_eq!(minimum.evaluations, objective.values_asked);
            assert!(!objective.below_bound);
            // On the bound, with a slope there and without.
            let mut objective =
                Function::new(&[0.0], |x: &[f64]| (x[0] + 0.3).powi(2), no_gradient);
            let minimum = optimiser(&mut objective, &[start], &precise());
            assert_eq!(minimum.theta, [0.0], "from {start}");
            let mut objective = Function::new(&[0.0], |x: &[f64]| x[0].powi(4), no_gradient);
            let minimum = optimiser(&mut objective, &[start], &precise());
            assert!(minimum.theta[0] < 1e-2, "{minimum:?}");
        }
        // Free, far away.
        let far = |x: &[f64]| (x[0] + 1e4).abs();
        let mut objective = Function::new(&[FREE], far, no_gradient);
        assert_near(
            &optimiser(&mut objective, &[1.0], &precise()),
            &[-1e4],
            1e-6,
        );
    }
}

#[test]
fn evaluations_are_counted_and_limited() {
    let new = || {
        Function::new(
            &[FREE, FREE],
            |x: &[f64]| (x[0] - 1.0).powi(4) + (x[1] + x[0]).powi(2),
            |x: &[f64], g: &mut [f64]| {
                g[1] = 2.0 * (x[1] + x[0]);
                g[0] = 4.0 * (x[0] - 1.0).powi(3) + g[1];
            },
        )
    };
    let mut objective = new();
    let minimum = bfgs(&mut objective, &[5.0, 3.0], &precise());
    assert!(minimum.converged);
    assert_eq!(minimum.evaluations, objective.values_asked);
    assert_eq!(minimum.gradients, objective.gradients_asked);
    let few = Options {
        max_evaluations: 9,
        ..precise()
    };
    for optimiser in [bfgs, bobyqa, nelder_mead] {
        let minimum = optimiser(&mut new(), &[5.0, 3.0], &few);
        assert!(!minimum.converged);
        assert!(minimum.evaluations <= 9 + 3, "{minimum:?}");
    }
}

#[test]
fn infinite_values_on_the_way() {
    // The first steps overshoot the wall; the minimum lies close behind it.
    let new = || {
        Function::new(
            &[FREE, FREE],
            |x: &[f64]| {
                if x[0] >= 1.0 {
                    f64::INFINITY
                } else {
                    -(1.0 - x[0]).ln() - 5.0 * x[0] + x[1] * x[1]
                }
            },
            |x: &[f64], g: &mut [f64]| {
                g[0] = 1.0 / (1.0 - x[0]) - 5.0;
                g[1] = 2.0 * x[1];
            },
        )
    };
    for optimiser in [bfgs, bobyqa, nelder_mead] {
        let minimum = optimiser(&mut new(), &[0.0, 1.0], &precise());
        assert_near(&minimum, &[0.8, 0.0], 1e-5);
    }
    let mut nowhere = Function::new(
        &[FREE, FREE],
        |_: &[f64]| f64::INFINITY,
        |_: &[f64], _: &mut [f64]| (),
    );
    for optimiser in [bfgs, bobyqa, nelder_mead] {
        let minimum = optimiser(&mut nowhere, &[0.0, 1.0], &precise());
        assert!(
            !minimum.converged && minimum.value == f64::INFINITY,
            "{minimum:?}"
        );
    }
}
