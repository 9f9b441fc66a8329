//! Points of θ for a linear model.

use rayon::prelude::*;

use super::{CHUNK, Marginal, Node, Proposal, points_for, weigh};
use crate::Interrupt;
use crate::lmm::{Criterion, Joint};
use crate::statistics::Statistics;

impl Marginal for Criterion {
    fn at(&mut self, theta: &[f64]) -> f64 {
        Criterion::at(self, theta)
    }
}

/// The points of a fit with these `theta` (in the user's units); `None` where its joint covariance is
/// too large to have more than one of, or the work was interrupted.
pub fn of_linear(
    statistics: &Statistics,
    theta: &[f64],
    seed: u64,
    interrupt: &Interrupt,
) -> Option<Vec<Node>> {
    let (layout, coordinates) = (statistics.layout(), statistics.coordinates());
    let make = || Criterion::new(statistics, true);
    let mut criterion = make();
    let centre = coordinates.theta_to_standard(layout, theta);
    let count = points_for(criterion.kept_size())?;
    if !criterion.at(&centre).is_finite() {
        return None;
    }
    let sigma = criterion.sigma_squared().sqrt();
    let weighed = if centre.is_empty() {
        vec![(centre, 1.0)]
    } else {
        let hessian = criterion.exact_derivatives().hessian;
        let proposal = Proposal::new(&mut criterion, &centre, &hessian)?;
        // θ is relative to σ, and the response has a standard deviation of one.
        let scale = 2.5 / sigma;
        weigh(layout, &proposal, scale, count, seed, interrupt, make)?
    };
    let nodes = weighed
        .par_chunks(CHUNK)
        .flat_map_iter(|chunk| {
            let mut criterion = make();
            let nodes: Vec<Option<Node>> = chunk
                .iter()
                .map(|(theta, weight)| {
                    (!interrupt.is_set()).then(|| node(statistics, &mut criterion, theta, *weight))
                })
                .collect();
            nodes
        })
        .collect::<Option<Vec<Node>>>()?;
    Some(nodes)
}

fn node(statistics: &Statistics, criterion: &mut Criterion, theta: &[f64], weight: f64) -> Node {
    let (layout, coordinates) = (statistics.layout(), statistics.coordinates());
    criterion.settle(theta);
    let sigma = criterion.sigma_squared().sqrt() * coordinates.response.scale;
    let beta = coordinates.fixed_effects(layout, criterion.beta());
    let mut modes = criterion.posterior().modes;
    for (factor, shape) in layout.factors.iter().enumerate() {
        for mode in modes[factor].chunks_exact_mut(shape.width.max(1)) {
            coordinates.random_effects(layout, factor, mode);
        }
    }
    let kept = criterion.keep();
    Node {
        weight,
        theta: coordinates.theta_to_user(layout, theta),
        sigma,
        degrees: Some(criterion.degrees()),
        beta,
        psi: Vec::new(),
        modes,
        joint: Joint::of_system(layout.clone(), coordinates.clone(), sigma, kept),
    }
}
