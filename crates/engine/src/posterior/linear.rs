//! Points of θ for a linear model.

use super::{Marginal, Node, Proposal, points_for, weigh};
use crate::Interrupt;
use crate::lmm::{Criterion, Joint};
use crate::statistics::Statistics;

/// The points of a fit with these `theta` (in the user's units); `None` where its joint covariance is
/// too large to have more than one of, or the work was interrupted.
pub fn of_linear(
    statistics: &Statistics,
    theta: &[f64],
    seed: u64,
    interrupt: &Interrupt,
) -> Option<Vec<Node>> {
    let (layout, coordinates) = (statistics.layout(), statistics.coordinates());
    let make = || Restricted {
        criterion: Criterion::new(statistics, true),
        statistics,
    };
    let mut first = make();
    let centre = coordinates.theta_to_standard(layout, theta);
    let count = points_for(first.criterion.kept_size(), 0)?;
    if !first.at(&centre).is_finite() {
        return None;
    }
    // θ is relative to σ, and the response has a standard deviation of one.
    let scale = 2.5 / first.criterion.sigma_squared().sqrt();
    let points = if centre.is_empty() {
        vec![(centre, 0.0)]
    } else {
        let hessian = first.criterion.exact_derivatives().hessian;
        let proposal = Proposal::new(&mut first, &centre, &hessian)?;
        proposal.points(&layout.entries(), count, seed)
    };
    weigh(layout, points, scale, interrupt, make)
}

/// The REML criterion, whatever a fit minimised.
struct Restricted<'a> {
    criterion: Criterion,
    statistics: &'a Statistics,
}

impl Marginal for Restricted<'_> {
    fn at(&mut self, theta: &[f64]) -> f64 {
        self.criterion.at(theta)
    }

    fn node(&mut self, theta: &[f64]) -> Option<Node> {
        let (layout, coordinates) = (self.statistics.layout(), self.statistics.coordinates());
        let criterion = &mut self.criterion;
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
        Some(Node {
            weight: 1.0,
            theta: coordinates.theta_to_user(layout, theta),
            sigma,
            degrees: Some(criterion.degrees()),
            beta,
            psi: Vec::new(),
            modes,
            joint: Joint::of_system(layout.clone(), coordinates.clone(), sigma, kept),
        })
    }
}
