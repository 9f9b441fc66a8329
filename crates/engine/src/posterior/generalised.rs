//! Points of θ for a model of another family.

use std::sync::Arc;

use super::{Marginal, Node, Proposal, points_for, weigh};
use crate::Interrupt;
use crate::blocks::System;
use crate::glmm::{Fit, Laplace, inverse};
use crate::lmm::Joint;

/// When the best fixed effects at a point are found: the criterion is right to so much.
const CLOSE: f64 = 1e-4;
const STEPS: usize = 12;

/// The points of a fit; `None` where its joint covariance is too large to have more than one of, or
/// the work was interrupted.
pub fn of_generalised(fit: &mut Fit, seed: u64, interrupt: &Interrupt) -> Option<Vec<Node>> {
    let count = points_for(fit.joint_size(), fit.cells())?;
    let mut first = Profiled::of(fit)?;
    let layout = fit.layout().clone();
    let scale = 2.5 * first.laplace.predictor_sd().max(1.0);
    let points = if fit.theta.is_empty() {
        vec![(Vec::new(), 0.0)]
    } else {
        let centre = fit.point()[..fit.theta.len()].to_vec();
        let hessian = first.of_theta.clone();
        let proposal = Proposal::new(&mut first, &centre, &hessian)?;
        proposal.points(&layout.entries(), count, seed)
    };
    weigh(&layout, points, scale, interrupt, || first.again())
}

/// F + log|X'V⁻¹X| at the best β and ψ for every θ.
struct Profiled {
    laplace: Laplace,
    template: Arc<Template>,
    of_theta: Vec<f64>,
    /// β and ψ of the last point.
    rest: Vec<f64>,
    /// The system with X there.
    system: Option<System>,
}

/// What all copies start from.
struct Template {
    point: Vec<f64>,
    /// The slopes of the best (β, ψ) in θ, and twice the inverse of their Hessian.
    slopes: Vec<f64>,
    inverse: Vec<f64>,
}

impl Profiled {
    fn of(fit: &mut Fit) -> Option<Self> {
        let mut laplace = fit.objective();
        let point = fit.point().to_vec();
        let (m, n) = (fit.theta.len(), point.len());
        let r = n - m;
        if !laplace.at(&point).is_finite() {
            return None;
        }
        let hessian = laplace.hessian(&point, None);
        let block = |rows: std::ops::Range<usize>, columns: std::ops::Range<usize>| -> Vec<f64> {
            rows.flat_map(|i| columns.clone().map(move |j| (i, j)))
                .map(|(i, j)| hessian[i * n + j])
                .collect()
        };
        let inverse = inverse(&block(m..n, m..n), r, 1.0);
        let mixed = block(m..n, 0..m);
        let mut slopes = vec![0.0; r * m];
        for i in 0..r {
            for j in 0..m {
                slopes[i * m + j] = -(0..r)
                    .map(|k| inverse[i * r + k] * mixed[k * m + j])
                    .sum::<f64>();
            }
        }
        // The Hessian of the profile: H_θθ − H_θγ H_γγ⁻¹ H_γθ.
        let mut of_theta = block(0..m, 0..m);
        for i in 0..m {
            for j in 0..m {
                of_theta[i * m + j] += (0..r)
                    .map(|k| mixed[k * m + i] * slopes[k * m + j])
                    .sum::<f64>();
            }
        }
        Some(Self {
            laplace,
            of_theta,
            rest: point[m..].to_vec(),
            system: None,
            template: Arc::new(Template {
                point,
                slopes,
                inverse,
            }),
        })
    }

    /// A copy for another thread.
    fn again(&self) -> Self {
        Self {
            laplace: self.laplace.again(),
            template: Arc::clone(&self.template),
            of_theta: self.of_theta.clone(),
            rest: self.rest.clone(),
            system: None,
        }
    }

    /// F at the best (β, ψ), which stay in `rest`: quasi-Newton steps (BFGS on the inverse) from where
    /// the Hessian at θ̂ sends them.
    fn descend(&mut self, theta: &[f64]) -> Option<f64> {
        let (m, r) = (theta.len(), self.rest.len());
        let template = Arc::clone(&self.template);
        let predicted: Vec<f64> = (0..r)
            .map(|i| {
                let slopes = &template.slopes[i * m..(i + 1) * m];
                let moved = slopes.iter().zip(theta).zip(&template.point);
                template.point[m + i] + moved.map(|((s, t), c)| s * (t - c)).sum::<f64>()
            })
            .collect();
        let join = |rest: &[f64]| [theta, rest].concat();
        let mut here = predicted;
        let mut value = self.laplace.at(&join(&here));
        if !value.is_finite() {
            here = template.point[m..].to_vec();
            value = self.laplace.at(&join(&here));
        }
        if !value.is_finite() {
            return None;
        }
        let mut inverse = template.inverse.clone();
        let mut gradient = self.laplace.derivatives().gradient[m..].to_vec();
        for _ in 0..STEPS {
            let step: Vec<f64> = inverse
                .chunks_exact(r.max(1))
                .map(|row| -dot(row, &gradient))
                .collect();
            let fall = -dot(&step, &gradient);
            if fall.is_nan() || fall < 2.0 * CLOSE {
                break;
            }
            let mut share = 1.0;
            let found = loop {
                let next: Vec<f64> = here.iter().zip(&step).map(|(x, s)| x + share * s).collect();
                let ahead = self.laplace.at(&join(&next));
                if ahead < value {
                    break Some((next, ahead));
                }
                share *= 0.5;
                if share < 0.02 {
                    break None;
                }
            };
            let Some((next, ahead)) = found else { break };
            let after = self.laplace.derivatives().gradient[m..].to_vec();
            let s: Vec<f64> = next.iter().zip(&here).map(|(a, b)| a - b).collect();
            let y: Vec<f64> = after.iter().zip(&gradient).map(|(a, b)| a - b).collect();
            update(&mut inverse, &s, &y);
            (here, value, gradient) = (next, ahead, after);
        }
        // The last step that was tried may have led elsewhere.
        self.laplace.at(&join(&here));
        self.rest = here;
        Some(value)
    }
}

impl Marginal for Profiled {
    fn at(&mut self, theta: &[f64]) -> f64 {
        self.system = None;
        let Some(value) = self.descend(theta) else {
            return f64::INFINITY;
        };
        let mut system = self.laplace.full_system();
        let Some(found) = system.value(theta) else {
            return f64::INFINITY;
        };
        self.system = Some(system);
        value + found.log_det_fixed
    }

    fn node(&mut self, theta: &[f64]) -> Option<Node> {
        let mut system = self.system.take()?;
        let p = self.laplace.layout().fixed;
        let (layout, coordinates) = (
            self.laplace.layout().clone(),
            self.laplace.coordinates().clone(),
        );
        let mut modes = self.laplace.random_modes();
        for (factor, shape) in layout.factors.iter().enumerate() {
            for mode in modes[factor].chunks_exact_mut(shape.width.max(1)) {
                coordinates.random_effects(&layout, factor, mode);
            }
        }
        Some(Node {
            weight: 1.0,
            theta: coordinates.theta_to_user(&layout, theta),
            sigma: 1.0,
            degrees: None,
            beta: coordinates.fixed_effects(&layout, &self.rest[..p]),
            psi: self.rest[p..].to_vec(),
            modes,
            joint: Joint::of_system(layout, coordinates, 1.0, system.keep()),
        })
    }
}

/// The BFGS update of an inverse Hessian (Nocedal and Wright 2006, eq. 6.17).
fn update(inverse: &mut [f64], s: &[f64], y: &[f64]) {
    let r = s.len();
    let curvature = dot(s, y);
    if curvature <= 1e-12 * dot(s, s).sqrt() * dot(y, y).sqrt() {
        return;
    }
    let image: Vec<f64> = inverse.chunks_exact(r).map(|row| dot(row, y)).collect();
    let own = (1.0 + dot(y, &image) / curvature) / curvature;
    for i in 0..r {
        for j in 0..r {
            inverse[i * r + j] +=
                own * s[i] * s[j] - (image[i] * s[j] + s[i] * image[j]) / curvature;
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
