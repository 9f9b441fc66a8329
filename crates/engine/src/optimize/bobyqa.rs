//! Powell's BOBYQA: a trust region with a quadratic model from values alone, within bounds.

use super::{Minimum, Objective, Options, brent::brent};

/// Minimises within the lower bounds by BOBYQA (Powell 2009, report NA2009/06, Cambridge), in the
/// version of PRIMA as ported by the crate `bobyqa`. A single parameter, for which the method is
/// not meant, goes to [`brent`].
///
/// The first trust radius is a fifth of the largest start value, at least a fifth.
pub fn bobyqa(objective: &mut dyn Objective, start: &[f64], options: &Options) -> Minimum {
    let n = start.len();
    if n == 1 {
        return brent(objective, start, options);
    }
    let lower = objective.lower_bounds();
    let upper = vec![f64::INFINITY; n];
    let mut theta: Vec<f64> = start.iter().zip(&lower).map(|(x, l)| x.max(*l)).collect();
    let size = theta.iter().fold(1.0_f64, |size, x| size.max(x.abs()));
    let mut config = ::bobyqa::Config::new(n);
    config.rho_begin = 0.2 * size;
    config.rho_end = options.tolerance.clamp(f64::MIN_POSITIVE, 0.2) * size;
    config.max_fun = options.max_evaluations.max(config.npt + 1);
    let mut evaluations = 0;
    let outcome = ::bobyqa::Bobyqa::new(n, config).map(|mut solver| {
        let value = |theta: &[f64]| {
            evaluations += 1;
            objective.value(theta)
        };
        solver.minimize(value, &mut theta, &lower, &upper)
    });
    match outcome {
        // The solver sees infinite values as 1e30.
        Ok(outcome) if outcome.found_finite() => Minimum {
            theta,
            value: outcome.f,
            evaluations,
            gradients: 0,
            converged: outcome.status == ::bobyqa::Status::Converged,
        },
        _ => Minimum {
            theta,
            value: f64::INFINITY,
            evaluations,
            gradients: 0,
            converged: false,
        },
    }
}
