//! Minimising the criterion: the trust-region Newton method that every fit uses, and other
//! optimisers by name for comparison.

mod bfgs;
mod bobyqa;
mod brent;
mod nelder_mead;
mod options;
mod secant;
mod trust_region;

pub use bfgs::bfgs;
pub use bobyqa::bobyqa;
pub use brent::brent;
pub use nelder_mead::nelder_mead;
pub use options::Options;
pub use trust_region::{CurvedObjective, newton_step, symmetric_eigen, trust_region};

/// A function to be minimised, with its gradient.
pub trait Objective {
    /// Number of parameters.
    fn dimension(&self) -> usize;

    /// The value at `theta`; positive infinity where it is not defined.
    fn value(&mut self, theta: &[f64]) -> f64;

    /// Writes the gradient at `theta` and returns the value there. Cheapest right after
    /// [`Objective::value`] at the same `theta`.
    fn value_and_gradient(&mut self, theta: &[f64], gradient: &mut [f64]) -> f64;

    /// Lower bounds, for the optimisers that need them: 0 for standard deviations, negative
    /// infinity for the rest.
    fn lower_bounds(&self) -> Vec<f64>;
}

/// Where an optimiser stopped.
#[derive(Clone, Debug)]
pub struct Minimum {
    /// The point.
    pub theta: Vec<f64>,
    /// The value there.
    pub value: f64,
    /// Evaluations of the value.
    pub evaluations: usize,
    /// Evaluations of the gradient.
    pub gradients: usize,
    /// Whether the optimiser's own test of convergence was met.
    pub converged: bool,
}
