//! Wald intervals: an estimate plus and minus a multiple of its standard error.
//!
//! Fixed effects by t with the degrees of freedom of the fit (normal where it has none). Standard
//! deviations on the scale of their logarithm and correlations on that of Fisher's z = atanh, where
//! their distribution is nearer to normal and the ends stay within their range; standard errors by
//! the delta method from the observed information on (θ, σ): with L = Λ of a block and σ_i the
//! standard deviation σ‖L_i‖ of row i,
//!
//! ∂ log σ_i/∂L_ic = L_ic/‖L_i‖², ∂ log σ_i/∂σ = 1/σ, and for ρ = L_i·L_j/(‖L_i‖‖L_j‖),
//! ∂z/∂L_ic = (L_jc/(‖L_i‖‖L_j‖) − ρL_ic/‖L_i‖²)/(1 − ρ²).
//!
//! Parameters of the family (dispersions, the probability of a zero, thresholds) are normal on their
//! scale without bounds, the logarithm, the logit or their own.
//!
//! On the boundary (a standard deviation of zero, a correlation of ±1) there is no such
//! approximation, and no interval: the profile has one.

use ranef_engine::lmm::Parameter;

use super::ParameterInterval;
use super::parameters::Named;
use crate::linear::quantile;
use crate::{Coefficient, Fit};

/// Correlations within this of ±1, and relative standard deviations within this of zero, are at the
/// boundary.
const BOUNDARY: f64 = 1e-7;

pub(super) fn of(fit: &Fit, named: &[Named], level: f64) -> Vec<ParameterInterval> {
    let coefficients = fit.coefficients();
    named
        .iter()
        .map(|parameter| {
            let mut interval = parameter.interval();
            let ends = match parameter.parameter {
                None => Err("the data cannot give this coefficient".to_owned()),
                Some(Parameter::Fixed(_)) => {
                    let found = coefficients.iter().find(|c| c.term == parameter.name);
                    interval.df = found.and_then(|c| c.df);
                    found
                        .and_then(|c| c.wald_interval(level))
                        .map(|[lower, upper]| (lower, upper))
                        .ok_or_else(|| "there is no standard error".to_owned())
                }
                Some(Parameter::Nuisance(k)) => family_parameter(fit, k, level),
                Some(other) => variance_parameter(fit, other, parameter, level),
            };
            match ends {
                Ok((lower, upper)) if lower.is_finite() && upper.is_finite() => {
                    (interval.lower, interval.upper) = (Some(lower), Some(upper));
                }
                Ok(_) => interval.reason = Some("the data hold no information on it".to_owned()),
                Err(reason) => interval.reason = Some(reason),
            }
            interval
        })
        .collect()
}

impl Coefficient {
    /// The interval estimate ± quantile × standard error at a confidence level, with Student's
    /// quantile where there are degrees of freedom and the normal one otherwise.
    pub fn wald_interval(&self, level: f64) -> Option<[f64; 2]> {
        let half = quantile(level, self.df) * self.std_error?;
        let estimate = self.estimate?;
        Some([estimate - half, estimate + half])
    }
}

/// The interval of a parameter of the family, on the scale of a reader.
fn family_parameter(fit: &Fit, k: usize, level: f64) -> Result<(f64, f64), String> {
    let found = fit.family_parameters_at(level);
    let Some(parameter) = found.get(k) else {
        return Err("the family has no such parameter".to_owned());
    };
    let known =
        parameter.std_error.is_finite() && fit.family_covariance().own[k * (found.len() + 1)] > 0.0;
    match known {
        true => Ok((parameter.lower, parameter.upper)),
        false => Err(
            "the estimate is at the end of its range, where there is no standard error".to_owned(),
        ),
    }
}

fn variance_parameter(
    fit: &Fit,
    parameter: Parameter,
    named: &Named,
    level: f64,
) -> Result<(f64, f64), String> {
    let z = quantile(level, None);
    let at_zero = || "estimated as zero: on the boundary there is no standard error".to_owned();
    let term = match parameter {
        Parameter::StandardDeviation { term, .. } | Parameter::Correlation { term, .. } => {
            Some(term)
        }
        Parameter::Sigma | Parameter::Fixed(_) | Parameter::Nuisance(_) => None,
    };
    if term.is_some_and(|t| fit.certificate().uninformed.contains(&t)) {
        return Err("the data hold no information on it".to_owned());
    }
    let blurred = match parameter {
        Parameter::StandardDeviation { term, effect } => fit.is_blurred(term, &[effect]),
        Parameter::Correlation { term, effects } => fit.is_blurred(term, &effects),
        Parameter::Sigma | Parameter::Fixed(_) | Parameter::Nuisance(_) => false,
    };
    if blurred {
        return Err(super::profile::COLLINEAR.to_owned());
    }
    let Some(estimate) = named.estimate else {
        return Err("beside a standard deviation of zero there is no correlation".to_owned());
    };
    let m = fit.theta().len();
    let mut slopes = vec![0.0; m + 1];
    let correlation = matches!(parameter, Parameter::Correlation { .. });
    match parameter {
        Parameter::Sigma | Parameter::Fixed(_) | Parameter::Nuisance(_) => {
            slopes[m] = 1.0 / fit.sigma();
        }
        Parameter::StandardDeviation { term, effect } => {
            let row = row_of_theta(fit, term, effect);
            let squares: f64 = row.iter().map(|(_, x)| x * x).sum();
            if squares.sqrt() < BOUNDARY {
                return Err(at_zero());
            }
            for &(at, x) in &row {
                slopes[at] = x / squares;
            }
            slopes[m] = 1.0 / fit.sigma();
        }
        Parameter::Correlation { term, effects } => {
            if 1.0 - estimate.abs() < BOUNDARY {
                return Err(format!(
                    "estimated as {}1: on the boundary there is no standard error",
                    if estimate < 0.0 { "-" } else { "" }
                ));
            }
            let rows = effects.map(|effect| row_of_theta(fit, term, effect));
            let lengths = [0, 1].map(|i| rows[i].iter().map(|(_, x)| x * x).sum::<f64>().sqrt());
            for i in 0..2 {
                for (column, &(at, x)) in rows[i].iter().enumerate() {
                    let other = rows[1 - i].get(column).map_or(0.0, |&(_, x)| x);
                    slopes[at] = (other / (lengths[0] * lengths[1])
                        - estimate * x / (lengths[i] * lengths[i]))
                        / (1.0 - estimate * estimate);
                }
            }
        }
    }
    let covariance = &fit.inference().covariance;
    let variance: f64 = (0..=m)
        .map(|i| {
            slopes[i]
                * (0..=m)
                    .map(|j| covariance[i * (m + 1) + j] * slopes[j])
                    .sum::<f64>()
        })
        .sum();
    if !(variance > 0.0 && variance.is_finite()) {
        return Err("the data hold no information on it".to_owned());
    }
    let half = z * variance.sqrt();
    Ok(if correlation {
        let middle = estimate.atanh();
        ((middle - half).tanh(), (middle + half).tanh())
    } else {
        (estimate * (-half).exp(), estimate * half.exp())
    })
}

/// A row of Λ of a term: the position in θ and the value of each element, by column.
fn row_of_theta(fit: &Fit, term: usize, row: usize) -> Vec<(usize, f64)> {
    let blocks = fit.varcorr();
    let before: usize = blocks[..term]
        .iter()
        .map(|b| b.terms.len() * (b.terms.len() + 1) / 2)
        .sum();
    let k = blocks[term].terms.len();
    (0..=row)
        .map(|column| {
            // Columns before this one have k, k − 1, … elements.
            let first = before + column * k - column * column.saturating_sub(1) / 2;
            let at = first + row - column;
            (at, fit.theta()[at])
        })
        .collect()
}
