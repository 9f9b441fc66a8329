//! The quasi-Newton method of Broyden, Fletcher, Goldfarb and Shanno.

use super::{Minimum, Objective, Options};

/// Minimises by BFGS with a line search for the strong Wolfe conditions (Nocedal and Wright 2006,
/// *Numerical Optimization*, algorithms 6.1, 3.5 and 3.6). Bounds are not looked at.
///
/// It has converged when a step moved no parameter by more than the tolerance, or when the
/// decrease that the next one promises is below the rounding error of the value. The step is
/// taken, not only planned: where the model overrates a curvature it plans tiny steps far from
/// the minimum, and the curvature condition of the line search stretches them.
pub fn bfgs(objective: &mut dyn Objective, start: &[f64], options: &Options) -> Minimum {
    let n = start.len();
    let mut search = LineSearch::new(objective, options.max_evaluations, n);
    let mut here = Point {
        theta: start.to_vec(),
        value: 0.0,
        gradient: vec![0.0; n],
    };
    here.value = search.value_and_gradient(&here.theta, &mut here.gradient);
    let mut inverse = InverseHessian::new(n);
    inverse.reset(&here.gradient);
    let mut direction = vec![0.0; n];
    let mut converged = false;
    while here.value.is_finite() {
        inverse.descend(&here.gradient, &mut direction);
        let slope = dot(&here.gradient, &direction);
        if -0.5 * slope <= f64::EPSILON * here.value.abs() {
            converged = true;
            break;
        }
        if search.evaluations >= options.max_evaluations {
            break;
        }
        match search.along(&here, &direction, slope) {
            Some(next) => {
                inverse.update(&here, &next);
                converged = is_short(&here, &next, options.tolerance);
                here = next;
                if converged {
                    break;
                }
            }
            // The model may have gone wrong: once more along the gradient.
            None if !inverse.fresh => inverse.reset(&here.gradient),
            None => break,
        }
    }
    Minimum {
        theta: here.theta,
        value: here.value,
        evaluations: search.evaluations,
        gradients: search.gradients,
        converged,
    }
}

/// A point with everything known there.
#[derive(Clone)]
struct Point {
    theta: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn is_short(from: &Point, to: &Point, tolerance: f64) -> bool {
    from.theta
        .iter()
        .zip(&to.theta)
        .all(|(x, y)| (x - y).abs() <= tolerance * y.abs().max(1.0))
}

/// The approximation to the inverse of the Hessian, dense and symmetric.
struct InverseHessian {
    n: usize,
    entries: Vec<f64>,
    /// Still a multiple of the identity of guessed size.
    fresh: bool,
    product: Vec<f64>,
}

impl InverseHessian {
    fn new(n: usize) -> Self {
        InverseHessian {
            n,
            entries: vec![0.0; n * n],
            fresh: true,
            product: vec![0.0; n],
        }
    }

    /// A multiple of the identity that makes the first step a third of a unit long: standard
    /// deviations relative to the residual's are of order 1.
    fn reset(&mut self, gradient: &[f64]) {
        let length = dot(gradient, gradient).sqrt();
        self.set_identity(if length > 0.0 { 0.3 / length } else { 1.0 });
        self.fresh = true;
    }

    fn set_identity(&mut self, size: f64) {
        self.entries.fill(0.0);
        for i in 0..self.n {
            self.entries[i * self.n + i] = size;
        }
    }

    fn descend(&self, gradient: &[f64], direction: &mut [f64]) {
        for (i, d) in direction.iter_mut().enumerate() {
            *d = -dot(&self.entries[i * self.n..(i + 1) * self.n], gradient);
        }
    }

    /// The BFGS update (Nocedal and Wright 2006, eq. 6.17), after the first step from the identity
    /// scaled by eq. 6.20.
    fn update(&mut self, from: &Point, to: &Point) {
        let n = self.n;
        let s: Vec<f64> = to
            .theta
            .iter()
            .zip(&from.theta)
            .map(|(a, b)| a - b)
            .collect();
        let y: Vec<f64> = to
            .gradient
            .iter()
            .zip(&from.gradient)
            .map(|(a, b)| a - b)
            .collect();
        let sy = dot(&s, &y);
        // Not so after a step that was cut short where the function is concave.
        if sy <= 1e-12 * (dot(&s, &s) * dot(&y, &y)).sqrt() {
            return;
        }
        if self.fresh {
            self.set_identity(sy / dot(&y, &y));
            self.fresh = false;
        }
        for i in 0..n {
            self.product[i] = dot(&self.entries[i * n..(i + 1) * n], &y);
        }
        let curvature = (1.0 + dot(&y, &self.product) / sy) / sy;
        for i in 0..n {
            for j in 0..n {
                self.entries[i * n + j] += curvature * s[i] * s[j]
                    - (self.product[i] * s[j] + s[i] * self.product[j]) / sy;
            }
        }
    }
}

/// One point along a direction: the step length, the value and, if it was needed, the slope.
#[derive(Clone, Copy)]
struct Trial {
    length: f64,
    value: f64,
    slope: Option<f64>,
}

/// The line search, which also counts.
struct LineSearch<'a> {
    objective: &'a mut dyn Objective,
    evaluations: usize,
    gradients: usize,
    max_evaluations: usize,
    theta: Vec<f64>,
    gradient: Vec<f64>,
}

impl<'a> LineSearch<'a> {
    /// Sufficient decrease and curvature, the usual constants for quasi-Newton directions.
    const DECREASE: f64 = 1e-4;
    const CURVATURE: f64 = 0.9;
    const MOST_TRIALS: usize = 40;

    fn new(objective: &'a mut dyn Objective, max_evaluations: usize, n: usize) -> Self {
        LineSearch {
            objective,
            evaluations: 0,
            gradients: 0,
            max_evaluations,
            theta: vec![0.0; n],
            gradient: vec![0.0; n],
        }
    }

    fn value_and_gradient(&mut self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        self.evaluations += 1;
        let value = self.objective.value(theta);
        if !value.is_finite() {
            return f64::INFINITY;
        }
        self.gradients += 1;
        self.objective.value_and_gradient(theta, gradient)
    }

    /// A point along `direction` with the strong Wolfe conditions, or, when trials or evaluations
    /// run out, the best with sufficient decrease; `None` if there was not even that.
    ///
    /// The gradient is only asked for where the value has decreased enough.
    fn along(&mut self, from: &Point, direction: &[f64], slope: f64) -> Option<Point> {
        let start = Trial {
            length: 0.0,
            value: from.value,
            slope: Some(slope),
        };
        // Near the minimum the decrease drowns in rounding (Hager and Zhang 2005, section 4).
        let noise = 4.0 * f64::EPSILON * from.value.abs();
        let mut low = start;
        let mut high: Option<Trial> = None;
        let mut best = None;
        let mut length = 1.0;
        for _ in 0..Self::MOST_TRIALS {
            if self.evaluations >= self.max_evaluations {
                break;
            }
            for (x, (x0, d)) in self.theta.iter_mut().zip(from.theta.iter().zip(direction)) {
                *x = x0 + length * d;
            }
            if self.theta == from.theta {
                break;
            }
            self.evaluations += 1;
            let value = self.objective.value(&self.theta);
            let mut trial = Trial {
                length,
                value,
                slope: None,
            };
            let enough = from.value + Self::DECREASE * length * slope + noise;
            let worse = low.length > 0.0 && value >= low.value + noise;
            if value.is_nan() || value > enough || worse {
                high = Some(trial);
            } else {
                self.gradients += 1;
                self.objective
                    .value_and_gradient(&self.theta, &mut self.gradient);
                let gradient = self.gradient.clone();
                let here = dot(&gradient, direction);
                trial.slope = Some(here);
                best = Some(Point {
                    theta: self.theta.clone(),
                    value,
                    gradient,
                });
                if here.abs() <= -Self::CURVATURE * slope {
                    break;
                }
                // Between two points of which the better one, `low`, slopes towards the other.
                let towards_high = high.is_some_and(|h| here * (h.length - length) < 0.0);
                if !(towards_high || (high.is_none() && here < 0.0)) {
                    high = Some(low);
                }
                low = trial;
            }
            length = match high {
                Some(high) => between(low, high),
                None => 3.0 * length,
            };
        }
        best
    }
}

/// A length between two trials: the minimum of the cubic through values and slopes, or of the
/// parabola where one slope is unknown, but not in the outer tenths.
fn between(low: Trial, high: Trial) -> f64 {
    let width = high.length - low.length;
    let low_slope = low.slope.unwrap_or(0.0) * width;
    let rise = high.value - low.value;
    let fraction = match high.slope {
        _ if !rise.is_finite() => 0.1,
        // Nocedal and Wright 2006, eq. 3.59, on the unit interval.
        Some(slope) => {
            let high_slope = slope * width;
            let d1 = low_slope + high_slope - 3.0 * rise;
            let d2 = (d1 * d1 - low_slope * high_slope).sqrt();
            1.0 - (high_slope + d2 - d1) / (high_slope - low_slope + 2.0 * d2)
        }
        None => -0.5 * low_slope / (rise - low_slope),
    };
    let safe = if fraction.is_nan() {
        0.5
    } else {
        fraction.clamp(0.1, 0.9)
    };
    low.length + safe * width
}
