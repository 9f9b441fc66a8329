//! The same model fitted to one response after another: bootstrap and power.
//!
//! The design part of all linear systems is laid out once; a response brings its products
//! ([`ResponseProducts`]) and the search starts where the caller says, at the parameters that made
//! the response. With one grouping factor the descent runs on [`kinds`], which allocates nothing
//! and sums over equal levels; everything else, and every fit that does not end plainly in the
//! interior, goes the way of [`fit`](super::fit). Both find the same minimum to what their
//! certificates promise.

mod kinds;
mod newton;
mod small;

use super::boundary::{self, Boundary, Evidence, ZERO};
use super::criterion::Criterion;
use super::fit::{self, Fit, FitError, Options};
use crate::statistics::{ResponseProducts, Statistics};
use kinds::Kinds;
use newton::Newton;

/// A model that is fitted again and again to responses of the same rows.
pub struct Refit {
    fit: Fit,
    fast: Option<(Kinds, Newton)>,
    options: Options,
    /// Where the search starts, in standard units.
    start: Vec<f64>,
    /// What rounding leaves of y'Py beside 10⁻¹¹ y'y.
    floor: f64,
    found: Refitted,
}

/// What a refit finds, in the user's units.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Refitted {
    /// The REML criterion or −2 log-likelihood.
    pub value: f64,
    /// Relative covariance parameters.
    pub theta: Vec<f64>,
    /// Fixed effects.
    pub beta: Vec<f64>,
    /// Residual standard deviation.
    pub sigma: f64,
    /// For each term, whether its covariance matrix is singular.
    pub singular: Vec<bool>,
    /// Whether the minimum is one.
    pub converged: bool,
    /// Evaluations of the criterion.
    pub evaluations: usize,
}

impl Refit {
    /// For responses of the rows behind some statistics. Where nothing is said with
    /// [`Refit::start`], searches start where a fit of these statistics would.
    ///
    /// # Errors
    /// As of a fit.
    pub fn new(statistics: &Statistics, options: &Options) -> Result<Self, FitError> {
        fit::check(statistics)?;
        let criterion = Criterion::new(statistics, options.reml);
        let layout = statistics.layout();
        let coordinates = statistics.coordinates().clone();
        let start = match &options.start {
            Some(theta) => coordinates.theta_to_standard(layout, theta),
            None => super::start::start(statistics, criterion.unit()),
        };
        let (degrees, shift) = (criterion.degrees(), criterion.shift());
        let kinds = match options.optimizer {
            fit::Optimizer::Newton => Kinds::new(statistics, options.reml, degrees, shift),
            _ => None,
        };
        Ok(Self {
            fast: kinds.map(|kinds| (kinds, Newton::new(start.len()))),
            floor: fit::rounding_of_response(statistics),
            options: options.clone(),
            start,
            found: Refitted::default(),
            fit: Fit::unfitted(criterion, coordinates),
        })
    }

    /// Where searches start: θ in the user's units, at best that which made the responses.
    pub fn start(&mut self, theta: &[f64]) {
        let layout = self.fit.criterion.layout();
        self.start = self.fit.coordinates.theta_to_standard(layout, theta);
    }

    /// Fits one response.
    ///
    /// # Errors
    /// As of a fit: `NoResidual`, `OutOfRange`, `Interrupted`.
    pub fn fit(&mut self, products: &ResponseProducts) -> Result<&Refitted, FitError> {
        if self.options.interrupt.is_set() {
            return Err(FitError::Interrupted);
        }
        if !self.fit_fast(products)? {
            self.fit_whole(products)?;
        }
        Ok(&self.found)
    }

    /// Fits one response and gives the whole fit, of which all that can be asked of a fit can be
    /// asked until the next one.
    ///
    /// # Errors
    /// As [`Refit::fit`].
    pub fn whole(&mut self, products: &ResponseProducts) -> Result<&mut Fit, FitError> {
        if self.options.interrupt.is_set() {
            return Err(FitError::Interrupted);
        }
        if self.fit_fast(products)? {
            let theta = match &self.fast {
                Some((kinds, _)) => kinds.theta.clone(),
                None => Vec::new(),
            };
            self.fit.criterion.set_response(products);
            let layout = self.fit.criterion.layout().clone();
            let (certificate, _) = fit::certify(&mut self.fit.criterion, &layout, &theta);
            self.fit
                .complete(theta, certificate, self.floor + 1e-11 * products.square)?;
        } else {
            self.fit_whole(products)?;
        }
        Ok(&mut self.fit)
    }

    /// The way without allocation; `false` where it does not apply or did not arrive.
    fn fit_fast(&mut self, products: &ResponseProducts) -> Result<bool, FitError> {
        let Some((kinds, newton)) = &mut self.fast else {
            return Ok(false);
        };
        kinds.load(products);
        if !newton.minimise(kinds, &self.start) {
            return Ok(false);
        }
        let layout = self.fit.criterion.layout();
        let unit = self.fit.criterion.unit();
        let least = |theta: &[f64]| {
            let diagonals = self.fit.criterion.entries().iter().zip(theta);
            let diagonals = diagonals.filter(|(e, _)| e.is_diagonal());
            diagonals.fold(f64::INFINITY, |least, (_, t)| least.min(t.abs()))
        };
        let mut singular = false;
        if least(&kinds.theta) < boundary::SNAP * unit {
            // At the boundary: zeros are made exact, and that Q is not negative is looked at.
            let mut at_boundary = AtBoundary {
                kinds,
                unit,
                floor: fit::information_floor(&self.fit.criterion),
            };
            let (theta, value) = (at_boundary.kinds.theta.clone(), at_boundary.kinds.value);
            let (clean, _) = boundary::clean(&mut at_boundary, layout, &theta, value);
            let kinds = &mut *at_boundary.kinds;
            kinds.at(&clean);
            kinds.derive(true);
            let (gradient, hessian) = (kinds.gradient.clone(), kinds.hessian.clone());
            let (scores, information) = ([kinds.score.clone()], [kinds.information.clone()]);
            let evidence = Evidence {
                gradient: &gradient,
                hessian: &hessian,
                scores: &scores,
                information: &information,
            };
            let (certificate, _) = boundary::test(&at_boundary, layout, &clean, &evidence);
            if !certificate.converged {
                return Ok(false);
            }
            singular = least(&clean) < ZERO * unit;
        }
        if kinds.pwrss <= self.floor + 1e-11 * products.square {
            return Err(FitError::NoResidual);
        }
        let coordinates = &self.fit.coordinates;
        let scale = coordinates.response.scale;
        let sigma_squared = kinds.pwrss / self.fit.criterion.degrees();
        if !(sigma_squared * scale * scale).is_normal() {
            return Err(FitError::OutOfRange);
        }
        let found = &mut self.found;
        found.value = kinds.value;
        found.sigma = sigma_squared.sqrt() * scale;
        found.theta = coordinates.theta_to_user(layout, &kinds.theta);
        found.beta = coordinates.fixed_effects(layout, &kinds.beta);
        found.converged = true;
        found.evaluations = kinds.evaluations;
        found.singular.clear();
        if singular {
            let theta = &kinds.theta;
            let zero = fit::singular_terms(&self.fit.criterion, theta);
            found.singular.extend(zero);
        } else {
            found.singular.resize(layout.terms.len(), false);
        }
        Ok(true)
    }

    /// The way of every fit.
    fn fit_whole(&mut self, products: &ResponseProducts) -> Result<(), FitError> {
        let criterion = &mut self.fit.criterion;
        criterion.set_response(products);
        let floor = self.floor + 1e-11 * products.square;
        if !criterion.at(&self.start).is_finite() || criterion.pwrss() <= floor {
            return Err(FitError::NoResidual);
        }
        criterion.interrupt = self.options.interrupt.clone();
        let layout = criterion.layout().clone();
        let (theta, certificate) =
            fit::minimise(criterion, &layout, self.start.clone(), &self.options);
        if self.options.interrupt.is_set() {
            return Err(FitError::Interrupted);
        }
        criterion.interrupt = Default::default();
        self.fit.complete(theta, certificate, floor)?;
        let fit = &self.fit;
        self.found = Refitted {
            value: fit.value,
            theta: fit.theta.clone(),
            beta: fit.beta.clone(),
            sigma: fit.sigma,
            singular: fit.singular.clone(),
            converged: fit.certificate.converged,
            evaluations: fit.evaluations,
        };
        Ok(())
    }
}

/// [`Kinds`] where a variance may be zero.
struct AtBoundary<'a> {
    kinds: &'a mut Kinds,
    unit: f64,
    floor: f64,
}

impl Boundary for AtBoundary<'_> {
    fn at(&mut self, point: &[f64]) -> f64 {
        self.kinds.at(point)
    }

    fn unit(&self) -> f64 {
        self.unit
    }

    fn information_floor(&self) -> f64 {
        self.floor
    }
}
