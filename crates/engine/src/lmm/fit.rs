//! Fitting: trust-region Newton, exact zeros at the boundary, and a certificate.

use super::boundary::{self, Boundary, Certificate, Evidence, ZERO};
use super::changes::JointChanges;
use super::criterion::{Criterion, Derivatives};
use super::inference::{Inference, RandomEffects};
use super::joint::Joint;
use super::kenward_roger::KenwardRoger;
use super::within::Within;
use crate::Interrupt;
use crate::coordinates::Coordinates;
use crate::layout::Layout;
use crate::optimize::{self, CurvedObjective, Minimum, Objective, trust_region};
use crate::rank::dependent_columns;
use crate::statistics::Statistics;

/// How to look for the minimum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Optimizer {
    /// Trust-region Newton with exact derivatives: what a fit should use.
    #[default]
    Newton,
    /// Quasi-Newton with exact gradients, for comparison.
    Bfgs,
    /// Powell's BOBYQA, without derivatives, for comparison.
    Bobyqa,
    /// The simplex of Nelder and Mead, without derivatives, for comparison.
    NelderMead,
}

/// Settings of a fit.
#[derive(Clone, Debug)]
pub struct Options {
    /// REML rather than ML.
    pub reml: bool,
    /// The optimiser.
    pub optimizer: Optimizer,
    /// Evaluations after which an optimiser gives up.
    pub max_evaluations: usize,
    /// Where to start, in the user's units; by default from moments of the residuals of
    /// least squares, or one half in standard units, beside a row of typical weight, and, where
    /// coefficients within groups contradict the fitted ones, a second time from far above. From a
    /// given start there is one descent only.
    pub start: Option<Vec<f64>>,
    /// Stops the fit from outside.
    pub interrupt: Interrupt,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            reml: true,
            optimizer: Optimizer::Newton,
            max_evaluations: 10_000,
            start: None,
            interrupt: Interrupt::default(),
        }
    }
}

/// Decrement below which no digit that anybody reads can change: θ is within 10⁻⁷ of a standard
/// error.
const POLISHED: f64 = 1e-13;
/// A fitted linear mixed model: the numbers, in the user's units.
pub struct Fit {
    pub(super) criterion: Criterion,
    pub(super) coordinates: Coordinates,
    /// θ in standard units.
    pub(super) standard: Vec<f64>,
    /// Relative covariance parameters: term by term, each lower triangle by columns.
    pub theta: Vec<f64>,
    /// The REML criterion or −2 log-likelihood at the minimum.
    pub value: f64,
    /// Fixed effects.
    pub beta: Vec<f64>,
    /// Their covariance matrix, p × p.
    pub vcov: Vec<f64>,
    /// Residual standard deviation.
    pub sigma: f64,
    /// For each term, whether its covariance matrix is singular.
    pub singular: Vec<bool>,
    /// The proof of convergence.
    pub certificate: Certificate,
    /// Evaluations of the criterion.
    pub evaluations: usize,
    /// Evaluations of its derivatives.
    pub gradients: usize,
}

/// Why there is no fit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FitError {
    /// The fixed effects are collinear, or numbers overflow, where the optimiser must start.
    #[error("the criterion does not exist at the starting values")]
    NotDefined,
    /// The residual variance is zero: the model reproduces the response exactly.
    #[error("the model reproduces the response exactly: there is no residual variance")]
    NoResidual,
    /// Variances of the response are too small or too large to be numbers.
    #[error("the response is too small or too large for its variance to be a number")]
    OutOfRange,
    /// [`Options::interrupt`] was set.
    #[error("the fit was interrupted")]
    Interrupted,
    /// No more observations than fixed effects.
    #[error("{rows} rows are too few for {fixed} fixed effects")]
    TooFewRows {
        /// Rows.
        rows: usize,
        /// Fixed effects.
        fixed: usize,
    },
}

impl CurvedObjective for Criterion {
    fn gradient_and_hessian(&mut self) -> (Vec<f64>, Vec<f64>) {
        let derivatives = self.best_derivatives();
        (derivatives.gradient, derivatives.hessian)
    }
}

/// Fits a linear mixed model to its statistics.
pub fn fit(statistics: &Statistics, options: &Options) -> Result<Fit, FitError> {
    check(statistics)?;
    let layout = statistics.layout().clone();
    let coordinates = statistics.coordinates().clone();
    let mut criterion = Criterion::new(statistics, options.reml);
    let start = match &options.start {
        Some(theta) => coordinates.theta_to_standard(&layout, theta),
        None => super::start::start(statistics, criterion.unit()),
    };
    // Before the start is looked at, so that the descent finds the criterion there.
    let within = match options.start {
        Some(_) => None,
        None => Within::of(&mut criterion),
    };
    check_residual(statistics, &mut criterion, &start)?;
    criterion.interrupt = options.interrupt.clone();
    let floor = residual_of_rounding(statistics);
    let (theta, certificate) =
        minimise_from_both_sides(&mut criterion, &layout, start, within, floor, options);
    if options.interrupt.is_set() {
        return Err(FitError::Interrupted);
    }
    // Questions to the fit are not stopped half-way.
    criterion.interrupt = Interrupt::default();
    Fit::of(statistics, criterion, theta, certificate)
}

/// The fit of given `theta` (in the user's units), with its certificate: takes up again where an
/// earlier fit to the same rows ended. Nothing is minimised.
pub fn fit_at(statistics: &Statistics, reml: bool, theta: &[f64]) -> Result<Fit, FitError> {
    check(statistics)?;
    let layout = statistics.layout().clone();
    let mut criterion = Criterion::new(statistics, reml);
    let theta = statistics.coordinates().theta_to_standard(&layout, theta);
    check_residual(statistics, &mut criterion, &theta)?;
    let (mut certificate, _) = certify(&mut criterion, &layout, &theta);
    if !certificate.converged {
        // Average information, which the first certificate may rest on, hardly knows a direction in
        // which a variance ran away; a fit that took long was certified by the exact Hessian.
        let derivatives = criterion.exact_derivatives();
        (certificate, _) = judge(&criterion, &layout, &theta, &derivatives);
    }
    Fit::of(statistics, criterion, theta, certificate)
}

/// Refuses statistics that no fit can be made of.
pub(super) fn check(statistics: &Statistics) -> Result<(), FitError> {
    let fixed = statistics.layout().fixed;
    let rows = statistics.rows();
    if rows <= fixed {
        return Err(FitError::TooFewRows { rows, fixed });
    }
    // Looked at here and not left to the factorisation, where rounding decides.
    if !all_finite(statistics) || !dependent_columns(statistics).is_empty() {
        return Err(FitError::NotDefined);
    }
    Ok(())
}

/// Refuses a response that the model reproduces where the optimiser would start.
fn check_residual(
    statistics: &Statistics,
    criterion: &mut Criterion,
    start: &[f64],
) -> Result<(), FitError> {
    // y'Py = 0 is the one way in which a full-rank model of finite numbers has no criterion.
    if !criterion.at(start).is_finite() || criterion.pwrss() <= residual_of_rounding(statistics) {
        return Err(FitError::NoResidual);
    }
    Ok(())
}

/// For each term, whether a standard deviation of it is as good as zero at θ in standard units.
pub(super) fn singular_terms(criterion: &Criterion, theta: &[f64]) -> Vec<bool> {
    let (entries, zero) = (criterion.entries(), ZERO * criterion.unit());
    (0..criterion.layout().terms.len())
        .map(|term| {
            entries
                .iter()
                .zip(theta)
                .any(|(e, t)| e.term == term && e.is_diagonal() && t.abs() < zero)
        })
        .collect()
}

fn all_finite(statistics: &Statistics) -> bool {
    let finite = |values: &[f64]| values.iter().all(|x| x.is_finite());
    let factors = &statistics.layout().factors;
    finite(&statistics.corner())
        && factors.iter().enumerate().all(|(f, shape)| {
            (0..shape.levels)
                .all(|level| finite(statistics.own(f, level)) && finite(statistics.tail(f, level)))
        })
}

/// The y'Py, in standard units, that rounding leaves where the response is reproduced exactly:
/// rounding of the crossproducts, relative to y'y, and of the response itself, relative to its
/// size before centring. Of a smaller y'Py fewer than five digits would be right, and the
/// criterion not even to 10⁻³.
fn residual_of_rounding(statistics: &Statistics) -> f64 {
    let corner = statistics.corner();
    1e-11 * corner[corner.len() - 1] + rounding_of_response(statistics)
}

/// The part of it that rounding of the response itself leaves.
pub(super) fn rounding_of_response(statistics: &Statistics) -> f64 {
    let response = statistics.coordinates().response;
    let size = response.shift / response.scale;
    let weight = match statistics.layout().intercept {
        Some(i) => statistics.corner()[i * (statistics.layout().fixed + 1) + i],
        None => statistics.rows() as f64,
    };
    weight * (4.0 * f64::EPSILON * size).powi(2)
}

/// Minimises, and once more from within the groups where coefficients there contradict those that
/// were fitted; the better end. A y'Py of up to `floor` is rounding.
fn minimise_from_both_sides(
    criterion: &mut Criterion,
    layout: &Layout,
    start: Vec<f64>,
    within: Option<Within>,
    floor: f64,
    options: &Options,
) -> (Vec<f64>, Certificate) {
    let (theta, certificate) = minimise(criterion, layout, start, options);
    let Some(within) = within else {
        return (theta, certificate);
    };
    let value = criterion.settle(&theta);
    if !value.is_finite() || !within.contradicts(criterion.beta()) {
        return (theta, certificate);
    }
    let start = within.start(criterion);
    let (other, second) = minimise(criterion, layout, start, options);
    // Lower by more than two ends of one descent may differ; and an end: where large random effects
    // reproduce the response, the criterion has no lower bound on that side, and the minimum on this
    // one is the answer.
    let lower = criterion.at(&other) < value - boundary::CERTIFIED;
    if lower && criterion.pwrss() > floor && !boundary::ran_away(criterion, &other) {
        (other, second)
    } else {
        (theta, certificate)
    }
}

/// Minimises. Where Newton's method ends without a certificate, quasi-Newton steps, which trust
/// no second derivatives, carry on from its point and it has another try.
pub(super) fn minimise(
    criterion: &mut Criterion,
    layout: &Layout,
    start: Vec<f64>,
    options: &Options,
) -> (Vec<f64>, Certificate) {
    let (theta, certificate) = descend(criterion, layout, start, options);
    if options.interrupt.is_set() || certificate.converged || options.optimizer != Optimizer::Newton
    {
        return (theta, certificate);
    }
    let value = criterion.at(&theta);
    let other = Options {
        optimizer: Optimizer::Bfgs,
        ..options.clone()
    };
    let (moved, _) = descend(criterion, layout, theta.clone(), &other);
    let (again, second) = descend(criterion, layout, moved, options);
    if second.converged || criterion.at(&again) < value {
        (again, second)
    } else {
        (theta, certificate)
    }
}

/// Runs one optimiser, cleans up the boundary, and restarts where the certificate finds a way
/// down.
fn descend(
    criterion: &mut Criterion,
    layout: &Layout,
    start: Vec<f64>,
    options: &Options,
) -> (Vec<f64>, Certificate) {
    if start.is_empty() {
        let (certificate, _) = certify(criterion, layout, &start);
        return (start, certificate);
    }
    const ROUNDS: usize = 8;
    let mut theta = start;
    let mut round = 0;
    loop {
        round += 1;
        let settings = optimize::Options {
            max_evaluations: options
                .max_evaluations
                .saturating_sub(criterion.evaluations)
                .max(1),
            ..Default::default()
        };
        let minimum: Minimum = match options.optimizer {
            Optimizer::Newton => trust_region(criterion, &theta, &settings),
            Optimizer::Bfgs => optimize::bfgs(criterion, &theta, &settings),
            Optimizer::Bobyqa => optimize::bobyqa(criterion, &theta, &settings),
            Optimizer::NelderMead => optimize::nelder_mead(criterion, &theta, &settings),
        };
        let (clean, snapped) = boundary::clean(criterion, layout, &minimum.theta, minimum.value);
        let (certificate, step) = certify(criterion, layout, &clean);
        // The other optimisers are here to be looked at: their stops are reported, not mended.
        let next = if options.interrupt.is_set()
            || options.optimizer != Optimizer::Newton
            || certificate.converged
            || round == ROUNDS
        {
            None
        } else if certificate.smallest_score < -boundary::SCORE_TOLERANCE {
            let scores = scores_at(criterion, &clean);
            boundary::escape(criterion, layout, &clean, &scores)
        } else {
            (snapped || minimum.converged).then(|| clean.clone())
        };
        match next {
            Some(next) => theta = next,
            None if options.optimizer == Optimizer::Newton && certificate.converged => {
                return polish(criterion, layout, clean, certificate, step);
            }
            None => return (clean, certificate),
        }
    }
}

/// Q of each grouping factor.
fn scores_at(criterion: &mut Criterion, theta: &[f64]) -> Vec<Vec<f64>> {
    criterion.at(theta);
    criterion.derivatives().scores
}

/// Newton steps by the gradient alone. The values of the criterion stop an optimiser where its
/// differences drown in rounding (10⁻¹³ of it); the gradient is still exact there, and what
/// follows from θ, such as degrees of freedom, gains its last digits.
fn polish(
    criterion: &mut Criterion,
    layout: &Layout,
    mut theta: Vec<f64>,
    mut certificate: Certificate,
    mut step: Vec<f64>,
) -> (Vec<f64>, Certificate) {
    const STEPS: usize = 3;
    for _ in 0..STEPS {
        if certificate.newton_decrement < POLISHED {
            break;
        }
        let moved: Vec<f64> = theta.iter().zip(&step).map(|(t, s)| t + s).collect();
        let candidate = boundary::normal_form(layout, &moved);
        let (next, next_step) = certify(criterion, layout, &candidate);
        if !(next.converged && next.newton_decrement < certificate.newton_decrement) {
            break;
        }
        (theta, certificate, step) = (candidate, next, next_step);
    }
    (theta, certificate)
}

/// Tests a point and gives the Newton step from it: Newton decrement, Q ⪰ 0 and QΛ = 0 for every term.
pub(super) fn certify(
    criterion: &mut Criterion,
    layout: &Layout,
    theta: &[f64],
) -> (Certificate, Vec<f64>) {
    let value = criterion.at(theta);
    if theta.is_empty() || !value.is_finite() {
        return (
            Certificate::of_nothing(value.is_finite()),
            vec![0.0; theta.len()],
        );
    }
    let derivatives = criterion.final_derivatives();
    judge(criterion, layout, theta, &derivatives)
}

/// The same by given derivatives at the point.
fn judge(
    criterion: &Criterion,
    layout: &Layout,
    theta: &[f64],
    derivatives: &Derivatives,
) -> (Certificate, Vec<f64>) {
    let evidence = Evidence {
        gradient: &derivatives.gradient,
        hessian: &derivatives.hessian,
        scores: &derivatives.scores,
        information: &derivatives.information,
    };
    boundary::test(criterion, layout, theta, &evidence)
}

impl Boundary for Criterion {
    fn at(&mut self, theta: &[f64]) -> f64 {
        Criterion::at(self, theta)
    }

    fn unit(&self) -> f64 {
        Criterion::unit(self)
    }

    fn information_floor(&self) -> f64 {
        information_floor(self)
    }
}

/// Columns of the faces, factor by factor, on whose variances there is no information because the
/// fixed effects took it, by the rule of the certificate; `information` is that of
/// [`Derivatives`](super::Derivatives).
pub(super) fn absorbed(
    criterion: &Criterion,
    information: &[Vec<f64>],
    lambda: &[Vec<f64>],
) -> Vec<Vec<bool>> {
    let floor = information_floor(criterion);
    let unit = criterion.unit();
    let factors = criterion.layout().factors.iter();
    factors
        .zip(information.iter().zip(lambda))
        .map(|(shape, (information, lambda))| {
            let k = shape.width;
            let column = |a: usize| {
                let row = &lambda[a * k..(a + 1) * k];
                let spread = row.iter().map(|x| x * x).sum::<f64>() / (unit * unit);
                information[a * k + a] * spread.max(1.0) <= floor
            };
            (0..k).map(column).collect()
        })
        .collect()
}

/// Information on a variance below which there is none: rounding of what the fixed effects took.
/// Where they give every level a mean of its own, the criterion does not depend on the variance.
pub(super) fn information_floor(criterion: &Criterion) -> f64 {
    1e-12 * criterion.rows() as f64 / (criterion.unit() * criterion.unit())
}

impl Fit {
    /// The fit that a minimum in standard units is.
    fn of(
        statistics: &Statistics,
        criterion: Criterion,
        theta: Vec<f64>,
        certificate: Certificate,
    ) -> Result<Self, FitError> {
        let mut out = Self::unfitted(criterion, statistics.coordinates().clone());
        out.complete(theta, certificate, residual_of_rounding(statistics))?;
        Ok(out)
    }

    /// A fit of nothing yet.
    pub(super) fn unfitted(criterion: Criterion, coordinates: Coordinates) -> Self {
        Self {
            criterion,
            coordinates,
            standard: Vec::new(),
            theta: Vec::new(),
            value: f64::NAN,
            beta: Vec::new(),
            vcov: Vec::new(),
            sigma: f64::NAN,
            singular: Vec::new(),
            certificate: Certificate::of_nothing(false),
            evaluations: 0,
            gradients: 0,
        }
    }

    /// Puts the numbers of a minimum together, in the user's units; a y'Py of up to `floor` is
    /// rounding.
    pub(super) fn complete(
        &mut self,
        theta: Vec<f64>,
        certificate: Certificate,
        floor: f64,
    ) -> Result<(), FitError> {
        let (criterion, coordinates) = (&mut self.criterion, &self.coordinates);
        self.value = criterion.settle(&theta);
        // Random effects that reproduce the response have a likelihood without bound: θ grew until
        // nothing but rounding was left.
        if criterion.pwrss() <= floor {
            return Err(FitError::NoResidual);
        }
        let sigma_squared = criterion.sigma_squared();
        let scale = coordinates.response.scale;
        if !(sigma_squared * scale * scale).is_normal() {
            return Err(FitError::OutOfRange);
        }
        let scaled: Vec<f64> = criterion
            .fixed_covariance()
            .iter()
            .map(|x| x * sigma_squared)
            .collect();
        let layout = criterion.layout();
        self.beta = coordinates.fixed_effects(layout, criterion.beta());
        self.vcov = coordinates.map_fixed_matrix(layout, &scaled);
        self.singular = singular_terms(criterion, &theta);
        self.theta = coordinates.theta_to_user(layout, &theta);
        self.standard = theta;
        self.sigma = sigma_squared.sqrt() * scale;
        self.certificate = certificate;
        (self.evaluations, self.gradients) = (criterion.evaluations, criterion.gradients);
        Ok(())
    }

    /// The shape of the model.
    pub fn layout(&self) -> &Layout {
        self.criterion.layout()
    }

    /// Relative covariance factors in the user's units, by grouping factor, K × K by rows.
    pub fn lambda(&self) -> Vec<Vec<f64>> {
        self.layout().lambda(&self.theta)
    }

    /// Whether the criterion is REML's.
    pub fn reml(&self) -> bool {
        self.criterion.reml()
    }

    /// The criterion at another θ, in the user's units.
    pub fn criterion_at(&mut self, theta: &[f64]) -> f64 {
        let standard = self.coordinates.theta_to_standard(self.layout(), theta);
        self.criterion.value(&standard)
    }

    /// σ and β that are best at another θ, in the user's units; `None` where there is no criterion.
    pub fn estimates_at(&mut self, theta: &[f64]) -> Option<(f64, Vec<f64>)> {
        let standard = self.coordinates.theta_to_standard(self.layout(), theta);
        if !self.criterion.settle(&standard).is_finite() {
            return None;
        }
        let sigma = self.criterion.sigma_squared().sqrt() * self.coordinates.response.scale;
        let beta = self.criterion.beta();
        Some((sigma, self.coordinates.fixed_effects(self.layout(), beta)))
    }

    /// Conditional modes of the random effects with their conditional covariances.
    pub fn random_effects(&mut self) -> RandomEffects {
        RandomEffects::of(self)
    }

    /// Numbers that [`Fit::joint`] would hold (nearly), without computing any.
    pub fn joint_size(&self) -> usize {
        self.criterion.kept_size()
    }

    /// The joint covariance of all effects: variances of fitted and predicted values, leverages.
    pub fn joint(&mut self) -> Joint {
        Joint::of(self)
    }

    /// How variances of fitted and predicted values change with θ, for their degrees of freedom:
    /// two joint covariances for every θ.
    pub fn joint_changes(&mut self, inference: &Inference) -> JointChanges {
        JointChanges::of(self, inference)
    }

    /// The covariance of (θ, σ) and what follows from it: Satterthwaite's degrees of freedom.
    pub fn inference(&mut self) -> Inference {
        Inference::of(self)
    }

    /// Kenward and Roger's covariance of the fixed effects and their tests. The formulas are those
    /// of REML; asked of a fit by ML they are evaluated where that fit is.
    pub fn kenward_roger(&mut self) -> KenwardRoger {
        KenwardRoger::of(self)
    }
}
