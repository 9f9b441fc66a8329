//! Profile likelihood: how far each parameter may move before the deviance has risen by z².
//!
//! For a parameter ψ let d(ψ) be the ML deviance minimised over all other parameters, d̂ its least
//! value and ζ(ψ) = sign(ψ − ψ̂)·√(d(ψ) − d̂) (Bates and Watts 1988, *Nonlinear Regression*, ch. 6;
//! Bates et al. 2015, section 5.1). The interval is {ψ : ζ(ψ)² ≤ z²}: its ends are found as roots of
//! ζ, with d'(ψ) exact by the envelope theorem, and not read off a spline through a few points.
//!
//! Where the set has no end on a side, that is said ([`End`]): a standard deviation that may be
//! zero, a correlation that may be ±1 or anything, a variance on which there is no information. A
//! profile that falls again further out is found too, because the edges of the range are looked at
//! before the search for a root begins: the interval is then the hull of the set.
//!
//! `form` has the coordinates in which one parameter stands by itself, `objective` the deviance and
//! its derivatives in them, `trace` the search. Parameters are independent of each other and go
//! through rayon's pool; the numbers do not depend on how many threads there are.

pub(crate) mod form;
mod objective;
#[cfg(test)]
mod tests;
pub(crate) mod trace;

use rayon::prelude::*;

use super::fit::{Fit, FitError, Options, fit};
use crate::Interrupt;
use crate::collinear::{DependentEffect, dependent_effects, folded};
use crate::coordinates::Coordinates;
use crate::layout::Layout;
use crate::statistics::Statistics;
use objective::Held;
use trace::{Failure, Trace};

/// A parameter of a linear mixed model on the scale on which it is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// The standard deviation of an effect of a term.
    StandardDeviation {
        /// The term.
        term: usize,
        /// The effect, a column of the term.
        effect: usize,
    },
    /// The correlation of two effects of a term.
    Correlation {
        /// The term.
        term: usize,
        /// The two effects.
        effects: [usize; 2],
    },
    /// The residual standard deviation.
    Sigma,
    /// A fixed effect.
    Fixed(usize),
    /// A nuisance parameter of the family of a generalised model, on its scale without bounds.
    Nuisance(usize),
}

impl Parameter {
    /// All parameters of a model: those of the terms in the order of θ, σ, the fixed effects.
    pub fn all(layout: &Layout) -> Vec<Parameter> {
        let mut out = Vec::new();
        for (index, term) in layout.terms.iter().enumerate() {
            for column in 0..term.width {
                for row in column..term.width {
                    out.push(if row == column {
                        Parameter::StandardDeviation {
                            term: index,
                            effect: row,
                        }
                    } else {
                        Parameter::Correlation {
                            term: index,
                            effects: [column, row],
                        }
                    });
                }
            }
        }
        out.push(Parameter::Sigma);
        out.extend((0..layout.fixed).map(Parameter::Fixed));
        out
    }

    /// The term of a standard deviation or correlation.
    pub(crate) fn term(&self) -> Option<usize> {
        match self {
            Parameter::StandardDeviation { term, .. } | Parameter::Correlation { term, .. } => {
                Some(*term)
            }
            Parameter::Sigma | Parameter::Fixed(_) | Parameter::Nuisance(_) => None,
        }
    }
}

/// What profiles are made for.
#[derive(Clone, Debug)]
pub struct ProfileOptions {
    /// |ζ| at the ends: 1.96 for 95 per cent.
    pub z: f64,
    /// Further points on each side, evenly from the estimate to a little beyond the end, for plots.
    pub points: usize,
    /// Where the fit by ML starts, in the user's units.
    pub start: Option<Vec<f64>>,
    /// Stops the profiles from outside.
    pub interrupt: Interrupt,
}

impl Default for ProfileOptions {
    fn default() -> Self {
        Self {
            z: 1.959963984540054,
            points: 0,
            start: None,
            interrupt: Interrupt::default(),
        }
    }
}

/// One end of an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    /// A root of ζ² = z².
    At(f64),
    /// There is none up to the edge of the range, which belongs to the set: 0 for a standard
    /// deviation, ±1 for a correlation.
    Edge(f64),
    /// There is none however far one goes.
    Unbounded,
    /// The parameter has no influence on the deviance, or does not exist: a correlation with an
    /// effect whose standard deviation is estimated as zero.
    NotIdentified,
    /// The deviance with the parameter held could not be minimised.
    NotFound,
}

impl End {
    /// The number, where there is one.
    pub fn value(&self) -> Option<f64> {
        match self {
            End::At(value) | End::Edge(value) => Some(*value),
            End::Unbounded | End::NotIdentified | End::NotFound => None,
        }
    }
}

/// A point of a profile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProfilePoint {
    /// ψ.
    pub value: f64,
    /// ζ(ψ).
    pub zeta: f64,
    /// dζ/dψ, for interpolation; `None` where it is not finite.
    pub slope: Option<f64>,
}

/// The profile of one parameter.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The parameter.
    pub parameter: Parameter,
    /// Its ML estimate; `None` for a correlation that does not exist.
    pub estimate: Option<f64>,
    /// The lower end.
    pub lower: End,
    /// The upper end.
    pub upper: End,
    /// Whether ζ was seen to rise everywhere.
    pub monotone: bool,
    /// The points that were computed, in increasing order.
    pub points: Vec<ProfilePoint>,
    /// Evaluations of the deviance.
    pub evaluations: usize,
}

/// Profiles with the fit that they belong to.
pub struct Profiles {
    /// The fit by ML.
    pub fit: Fit,
    /// One a parameter asked for.
    pub profiles: Vec<Profile>,
}

/// Profiles parameters on the ML deviance.
///
/// # Errors
/// Where there is no fit by ML, or the work was interrupted.
pub fn profile(
    statistics: &Statistics,
    parameters: &[Parameter],
    options: &ProfileOptions,
) -> Result<Profiles, FitError> {
    // Only a fit that missed the global minimum is ever repeated.
    const FITS: usize = 4;
    let dependent = dependent_effects(statistics);
    let mut start = options.start.clone();
    let mut round = 0;
    loop {
        round += 1;
        let fit = fit(
            statistics,
            &Options {
                reml: false,
                start: start.take(),
                interrupt: options.interrupt.clone(),
                ..Options::default()
            },
        )?;
        let results: Vec<Result<Profile, Failure>> = parameters
            .par_iter()
            .map(|&parameter| of_parameter(statistics, &fit, parameter, &dependent, options))
            .collect();
        if options.interrupt.is_set() {
            return Err(FitError::Interrupted);
        }
        let best = results
            .iter()
            .filter_map(|r| match r {
                Err(Failure::Lower { value, theta }) => Some((*value, theta)),
                _ => None,
            })
            .min_by(|a, b| a.0.total_cmp(&b.0));
        match best {
            Some((_, theta)) if round < FITS => {
                start = Some(statistics.coordinates().theta_to_user(fit.layout(), theta));
            }
            _ => {
                let profiles = results
                    .into_iter()
                    .zip(parameters)
                    .map(|(result, &parameter)| {
                        result.unwrap_or_else(|_| nothing(parameter, None, End::NotFound, 0))
                    })
                    .collect();
                return Ok(Profiles { fit, profiles });
            }
        }
    }
}

/// A profile without ends.
pub(crate) fn nothing(
    parameter: Parameter,
    estimate: Option<f64>,
    end: End,
    evaluations: usize,
) -> Profile {
    Profile {
        parameter,
        estimate,
        lower: end,
        upper: end,
        monotone: true,
        points: Vec::new(),
        evaluations,
    }
}

/// The profile of a standard deviation or correlation that involves collinear effects: flat over
/// all numbers that it can be.
fn whole_range(fit: &Fit, parameter: Parameter, dependent: &[DependentEffect]) -> Option<Profile> {
    let blurred = |term: usize, effects: &[usize]| {
        let is = |d: &DependentEffect| effects.iter().any(|&effect| d.blurs(term, effect));
        dependent.iter().any(is)
    };
    let covariance = |term: usize, i: usize, j: usize| -> f64 {
        let shape = &fit.layout().terms[term];
        let width = fit.layout().factors[shape.factor].width;
        let (lambda, first) = (&fit.lambda()[shape.factor], shape.offset);
        (0..shape.width)
            .map(|c| first + c)
            .map(|c| lambda[(first + i) * width + c] * lambda[(first + j) * width + c])
            .sum()
    };
    let (estimate, lower, upper) = match parameter {
        Parameter::StandardDeviation { term, effect } if blurred(term, &[effect]) => {
            let sd = fit.sigma * covariance(term, effect, effect).sqrt();
            (Some(sd), End::Edge(0.0), End::Unbounded)
        }
        Parameter::Correlation { term, effects } if blurred(term, &effects) => {
            let [i, j] = effects;
            let size = (covariance(term, i, i) * covariance(term, j, j)).sqrt();
            let estimate = (size > 0.0).then(|| covariance(term, i, j) / size);
            (estimate, End::Edge(-1.0), End::Edge(1.0))
        }
        _ => return None,
    };
    Some(Profile {
        parameter,
        estimate,
        lower,
        upper,
        monotone: true,
        points: Vec::new(),
        evaluations: 0,
    })
}

fn of_parameter(
    statistics: &Statistics,
    fit: &Fit,
    parameter: Parameter,
    dependent: &[DependentEffect],
    options: &ProfileOptions,
) -> Result<Profile, Failure> {
    let coordinates: &Coordinates = statistics.coordinates();
    let sigma = fit.sigma / coordinates.response.scale;
    let uninformed = parameter
        .term()
        .is_some_and(|t| fit.certificate.uninformed.contains(&t));
    if let Some(whole) = whole_range(fit, parameter, dependent) {
        return Ok(whole);
    }
    let theta = folded(fit.layout(), dependent, &fit.standard);
    let objective = Held::new(statistics, parameter, dependent, &options.interrupt);
    let centre = objective.form.coordinates_of(&theta, sigma);
    let Some((held, free)) = centre.filter(|_| !uninformed) else {
        return Ok(nothing(parameter, None, End::NotIdentified, 0));
    };
    let mut trace = Trace::new(objective, held, free, options.z);
    if let Parameter::Correlation { term, effects } = parameter {
        // Without one of its effects a correlation is anything: its profile never rises above the
        // deviance of the smaller model.
        for effect in effects {
            let deviation = Parameter::StandardDeviation { term, effect };
            let smaller = Held::new(statistics, deviation, dependent, &options.interrupt);
            if let Some((held, free)) = smaller.form.coordinates_of(&theta, sigma) {
                let mut smaller = Trace::new(smaller, held, free, options.z);
                trace.cap(smaller.value_at(0.0));
            }
        }
    }
    trace.run(options.points)
}
