//! The simplex method of Nelder and Mead, within lower bounds.

use super::{Minimum, Objective, Options};

/// Minimises by the simplex of Nelder and Mead (1965, *Computer Journal* 7, 308–313) with the
/// standard coefficients: reflection 1, expansion 2, contraction and shrinkage 1/2. A point below
/// a bound is moved onto it, as in lme4's `Nelder_Mead`.
///
/// A simplex can flatten, against a bound above all, and then stop anywhere; a second one, set up
/// afresh around the result of the first, finds its way out.
pub fn nelder_mead(objective: &mut dyn Objective, start: &[f64], options: &Options) -> Minimum {
    let bounds = objective.lower_bounds();
    let mut search = Search {
        objective,
        bounds,
        evaluations: 0,
        most: options.max_evaluations,
    };
    let mut theta: Vec<f64> = start.to_vec();
    search.clamp(&mut theta);
    let value = search.value(&theta);
    let first = search.run(Vertex { theta, value }, 0.2, options.tolerance);
    let (best, converged) = search.run(first.0, 0.05, options.tolerance);
    Minimum {
        theta: best.theta,
        value: best.value,
        evaluations: search.evaluations,
        gradients: 0,
        converged: converged && best.value.is_finite(),
    }
}

#[derive(Clone)]
struct Vertex {
    theta: Vec<f64>,
    value: f64,
}

struct Search<'a> {
    objective: &'a mut dyn Objective,
    bounds: Vec<f64>,
    evaluations: usize,
    most: usize,
}

impl Search<'_> {
    fn clamp(&self, theta: &mut [f64]) {
        for (x, bound) in theta.iter_mut().zip(&self.bounds) {
            *x = x.max(*bound);
        }
    }

    fn value(&mut self, theta: &[f64]) -> f64 {
        self.evaluations += 1;
        let value = self.objective.value(theta);
        if value.is_nan() { f64::INFINITY } else { value }
    }

    /// The vertex at `centre + factor (centre - worst)`.
    fn beyond(&mut self, centre: &[f64], worst: &[f64], factor: f64) -> Vertex {
        let mut theta: Vec<f64> = centre
            .iter()
            .zip(worst)
            .map(|(c, w)| c + factor * (c - w))
            .collect();
        self.clamp(&mut theta);
        let value = self.value(&theta);
        Vertex { theta, value }
    }

    /// From a simplex with edges `edge` (relative to the parameters above 1) to one smaller than
    /// the tolerance; the best vertex and whether it came so far.
    fn run(&mut self, start: Vertex, edge: f64, tolerance: f64) -> (Vertex, bool) {
        let n = start.theta.len();
        let mut simplex = vec![start.clone()];
        for i in 0..n {
            let mut theta = start.theta.clone();
            theta[i] += edge * theta[i].abs().max(1.0);
            let value = self.value(&theta);
            simplex.push(Vertex { theta, value });
        }
        loop {
            simplex.sort_by(|a, b| a.value.total_cmp(&b.value));
            if is_small(&simplex, tolerance) {
                return (simplex.swap_remove(0), true);
            }
            if self.evaluations >= self.most {
                return (simplex.swap_remove(0), false);
            }
            let worst = simplex[n].clone();
            let centre: Vec<f64> = (0..n)
                .map(|i| simplex[..n].iter().map(|v| v.theta[i]).sum::<f64>() / n as f64)
                .collect();
            let reflected = self.beyond(&centre, &worst.theta, 1.0);
            simplex[n] = if reflected.value < simplex[0].value {
                let expanded = self.beyond(&centre, &worst.theta, 2.0);
                if expanded.value < reflected.value {
                    expanded
                } else {
                    reflected
                }
            } else if reflected.value < simplex[n - 1].value {
                reflected
            } else {
                let outside = reflected.value < worst.value;
                let contracted =
                    self.beyond(&centre, &worst.theta, if outside { 0.5 } else { -0.5 });
                if contracted.value < reflected.value.min(worst.value) {
                    contracted
                } else {
                    self.shrink(&mut simplex);
                    continue;
                }
            };
        }
    }

    /// Draws all vertices half-way to the best.
    fn shrink(&mut self, simplex: &mut [Vertex]) {
        let (best, rest) = simplex.split_at_mut(1);
        for vertex in rest {
            for (x, b) in vertex.theta.iter_mut().zip(&best[0].theta) {
                *x = 0.5 * (*x + b);
            }
            vertex.value = self.value(&vertex.theta);
        }
    }
}

/// Whether every vertex lies within the tolerance of the first.
fn is_small(simplex: &[Vertex], tolerance: f64) -> bool {
    let best = &simplex[0].theta;
    simplex[1..].iter().all(|vertex| {
        vertex
            .theta
            .iter()
            .zip(best)
            .all(|(x, b)| (x - b).abs() <= tolerance * b.abs().max(1.0))
    })
}
