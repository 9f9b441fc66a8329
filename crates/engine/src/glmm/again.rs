//! A fit taken up again: where it was saved, without some of its predictors, without a group.

use std::sync::Arc;

use super::data::Data;
use super::family::Density;
use super::fit::{Curvature, Fit, FitError, Options, fit, set_prior};
use super::laplace::Laplace;
use crate::blocks::System;
use crate::coordinates::Coordinates;
use crate::layout::Layout;
use crate::lmm::Certificate;

/// What is known of a fit whose rows have come back: its parameters in the user's units.
#[derive(Clone, Debug)]
pub struct Known {
    /// Covariance factors: term by term, each lower triangle by columns.
    pub theta: Vec<f64>,
    /// Fixed effects.
    pub beta: Vec<f64>,
    /// Their covariance matrix.
    pub vcov: Vec<f64>,
    /// Nuisance parameters of the family.
    pub psi: Vec<f64>,
    /// Their covariance matrix.
    pub psi_vcov: Vec<f64>,
    /// The covariances of fixed effects and nuisance parameters.
    pub cross_vcov: Vec<f64>,
    /// For each term, whether its covariance matrix is singular.
    pub singular: Vec<bool>,
    /// The proof of convergence.
    pub certificate: Certificate,
}

/// The fit at parameters that are known: one search for the mode, no descent. Its `theta_vcov` is
/// not computed and stays empty.
///
/// # Errors
/// [`FitError::NotDefined`] where the likelihood does not exist there.
pub fn resume(
    data: Data,
    family: Arc<dyn Density>,
    options: &Options,
    known: Known,
) -> Result<Fit, FitError> {
    let (layout, coordinates) = (data.layout.clone(), data.coordinates.clone());
    let mut laplace = Laplace::new(data, family, options.curvature == Curvature::Customary);
    let mut point = coordinates.theta_to_standard(&layout, &known.theta);
    // x̃ = (x − shift)/scale: slopes are multiplied by the scale, and the intercept takes the shifts.
    let slopes = known.beta.iter().zip(&coordinates.fixed);
    let mut beta: Vec<f64> = slopes.map(|(b, x)| b * x.scale).collect();
    if let Some(intercept) = layout.intercept {
        let moved = (known.beta.iter().zip(&coordinates.fixed).enumerate())
            .filter(|(j, _)| *j != intercept)
            .map(|(_, (b, x))| b * x.shift);
        beta[intercept] += moved.sum::<f64>();
    }
    point.extend(beta);
    point.extend(&known.psi);
    laplace.points = options.points;
    if options.points > 1 && !layout.terms.is_empty() {
        laplace.integrate_with(options.points);
    }
    let value = laplace.at(&point);
    if !value.is_finite() {
        return Err(FitError::NotDefined);
    }
    set_prior(&mut laplace, options.prior);
    Ok(Fit {
        theta: known.theta,
        value,
        theta_vcov: Vec::new(),
        beta: known.beta,
        vcov: known.vcov,
        psi: known.psi,
        psi_vcov: known.psi_vcov,
        cross_vcov: known.cross_vcov,
        singular: known.singular,
        certificate: known.certificate,
        evaluations: laplace.evaluations,
        gradients: laplace.gradients,
        systems: laplace.modes.steps,
        standard: point,
        laplace,
    })
}

impl Fit {
    /// The same rows without some fixed-effects columns (positions in increasing order), fitted
    /// anew.
    ///
    /// # Errors
    /// As of a fit.
    pub fn without_fixed(&self, dropped: &[usize]) -> Result<Fit, FitError> {
        let data = self.laplace.modes.data.clone().without_fixed(dropped);
        fit(
            data,
            Arc::clone(&self.laplace.modes.family),
            &self.settings(None),
        )
    }

    /// The same model without the rows of one level of a grouping factor, fitted anew from where
    /// all rows ended. The level keeps its place and has no rows.
    ///
    /// # Errors
    /// As of a fit.
    pub fn without_level(&self, factor: usize, level: usize) -> Result<Fit, FitError> {
        let data = self.laplace.modes.data.without_level(factor, level as u32);
        let start = (!self.singular.contains(&true)).then(|| self.theta.clone());
        fit(
            data,
            Arc::clone(&self.laplace.modes.family),
            &self.settings(start),
        )
    }

    /// The sum of the unit deviances at the modes: what lme4 calls the deviance of a generalised
    /// model.
    pub fn unit_deviance(&mut self) -> f64 {
        self.laplace.at(&self.standard);
        let (_, _, psi) = self.laplace.split(&self.standard);
        let modes = &self.laplace.modes;
        let rows = modes.data.observations.iter().zip(&modes.data.counts);
        rows.zip(&modes.eta)
            .map(|((row, count), &eta)| count * modes.family.deviance(row, eta, psi))
            .sum()
    }

    /// Different rows in memory, once identical ones are collapsed.
    pub fn cells(&self) -> usize {
        self.laplace.modes.data.cells()
    }

    fn settings(&self, start: Option<Vec<f64>>) -> Options {
        let precision = self.laplace.precision.iter().find(|p| **p > 0.0);
        Options {
            start,
            points: self.laplace.points,
            interrupt: self.laplace.interrupt.clone(),
            prior: precision.map(|p| 1.0 / p.sqrt()),
            curvature: if self.laplace.modes.customary {
                Curvature::Customary
            } else {
                Curvature::Observed
            },
            ..Options::default()
        }
    }
}

/// What other rooms ask of the objective.
impl Laplace {
    /// The same objective once more, for another thread: without its last point, whose mode is
    /// where the first search begins.
    pub(crate) fn again(&self) -> Self {
        let modes = &self.modes;
        let family = Arc::clone(&modes.family);
        let mut out = Self::new(modes.data.clone(), family, modes.customary);
        out.precision.clone_from(&self.precision);
        out.modes.u.clone_from(&modes.u);
        if self.points > 1 && !modes.data.layout.terms.is_empty() {
            out.integrate_with(self.points);
        }
        out
    }

    /// The shape of the model.
    pub(crate) fn layout(&self) -> &Layout {
        &self.modes.data.layout
    }

    /// The units of the parameters.
    pub(crate) fn coordinates(&self) -> &Coordinates {
        &self.modes.data.coordinates
    }

    /// The system with X, with the weights of the last point.
    pub(crate) fn full_system(&mut self) -> System {
        self.modes.full_system()
    }

    /// b at the last point by factor, in standard units.
    pub(crate) fn random_modes(&self) -> Vec<Vec<f64>> {
        self.modes.b.clone()
    }

    /// Standard deviation over the rows of the linear predictor at the last point.
    pub(crate) fn predictor_sd(&self) -> f64 {
        let rows = self.modes.eta.iter().zip(&self.modes.data.counts);
        let (mut n, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for (eta, count) in rows {
            n += count;
            sum += count * eta;
            squares += count * eta * eta;
        }
        (squares / n - (sum / n).powi(2)).max(0.0).sqrt()
    }
}

impl Fit {
    /// The objective of the fit once more. Of the fast approximation it is Laplace's.
    pub(crate) fn objective(&self) -> Laplace {
        self.laplace.again()
    }

    /// (θ, β, ψ) in standard units.
    pub(crate) fn point(&self) -> &[f64] {
        &self.standard
    }
}
