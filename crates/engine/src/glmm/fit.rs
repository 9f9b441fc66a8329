//! Fitting a generalised linear mixed model: where to start, the descent, and what proves its end.

use std::sync::Arc;

use super::data::Data;
use super::family::Density;
use super::laplace::{Laplace, LaplaceDerivatives};
use crate::Interrupt;
use crate::coordinates::Coordinates;
use crate::layout::Layout;
use crate::lmm::boundary::{self, Boundary, Evidence};
use crate::lmm::{Certificate, Joint, RandomEffects};
use crate::optimize::{self, CurvedObjective, Objective, symmetric_eigen, trust_region};

/// Settings of a fit.
#[derive(Clone, Debug)]
pub struct Options {
    /// Evaluations after which the optimiser gives up.
    pub max_evaluations: usize,
    /// Where to start: θ in the user's units.
    pub start: Option<Vec<f64>>,
    /// Standard deviation of a normal prior on every fixed effect but the intercept, for a
    /// predictor with a standard deviation of 1.
    pub prior: Option<f64>,
    /// Points of adaptive Gauss-Hermite quadrature for each random effect of the only grouping
    /// factor; 1 is Laplace's approximation, 0 the fast one, which finds fixed effects with modes.
    pub points: usize,
    /// Which curvature stands in Laplace's determinant.
    pub curvature: Curvature,
    /// Stops the fit with [`FitError::Interrupted`]; looked at before every evaluation.
    pub interrupt: Interrupt,
}

/// The curvature of the log-density in Laplace's determinant. They are the same for canonical links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Curvature {
    /// As lme4 has it: the expected information for binomial and Poisson responses, the observed
    /// curvature for all others.
    #[default]
    Customary,
    /// The observed curvature: Laplace's approximation proper, as glmmTMB has it.
    Observed,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_evaluations: 2_000,
            start: None,
            prior: None,
            points: 1,
            curvature: Curvature::default(),
            interrupt: Interrupt::default(),
        }
    }
}

/// A fitted generalised linear mixed model: the numbers, in the user's units.
pub struct Fit {
    pub(super) laplace: Laplace,
    /// (θ, β, ψ) in standard units.
    pub(super) standard: Vec<f64>,
    /// Covariance factors: term by term, each lower triangle by columns.
    pub theta: Vec<f64>,
    /// −2 log-likelihood at the minimum, by Laplace's approximation; with a prior, that of the
    /// estimates.
    pub value: f64,
    /// Asymptotic covariance matrix of `theta`.
    pub theta_vcov: Vec<f64>,
    /// Fixed effects.
    pub beta: Vec<f64>,
    /// Their covariance matrix from the inverse Hessian of all parameters, p × p.
    pub vcov: Vec<f64>,
    /// Nuisance parameters of the family.
    pub psi: Vec<f64>,
    /// Their covariance matrix.
    pub psi_vcov: Vec<f64>,
    /// The covariances of fixed effects and nuisance parameters, p × k by rows.
    pub cross_vcov: Vec<f64>,
    /// For each term, whether its covariance matrix is singular.
    pub singular: Vec<bool>,
    /// The proof of convergence.
    pub certificate: Certificate,
    /// Evaluations of the criterion.
    pub evaluations: usize,
    /// Evaluations of its gradient.
    pub gradients: usize,
    /// Weighted systems that were solved in search of modes.
    pub systems: usize,
}

/// Why there is no fit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FitError {
    /// No likelihood where the optimiser must start.
    #[error("the likelihood does not exist at the starting values")]
    NotDefined,
    /// [`Options::interrupt`] was set.
    #[error("the fit was interrupted")]
    Interrupted,
    /// Quadrature over the levels of several grouping factors.
    #[error("quadrature needs one grouping factor, and there are {factors}")]
    ManyFactors {
        /// Grouping factors.
        factors: usize,
    },
    /// Quadrature of too many points.
    #[error("{points} points for each of {width} random effects of a level are too many")]
    ManyPoints {
        /// Points for each random effect.
        points: usize,
        /// Random effects of a level.
        width: usize,
    },
    /// No more observations than fixed effects.
    #[error("{rows} rows are too few for {fixed} fixed effects")]
    TooFewRows {
        /// Rows.
        rows: usize,
        /// Fixed effects.
        fixed: usize,
    },
}

/// Fits a model by Laplace's approximation to the likelihood.
pub fn fit(data: Data, family: Arc<dyn Density>, options: &Options) -> Result<Fit, FitError> {
    let layout = data.layout.clone();
    let coordinates = data.coordinates.clone();
    let (rows, fixed) = (data.rows(), layout.fixed);
    if rows < fixed {
        return Err(FitError::TooFewRows { rows, fixed });
    }
    if options.points > 1 {
        let factors = layout.factors.len();
        if factors > 1 {
            return Err(FitError::ManyFactors { factors });
        }
        let (points, width) = (
            options.points,
            layout.factors.first().map_or(0, |f| f.width),
        );
        let nodes = u32::try_from(width)
            .ok()
            .and_then(|w| points.checked_pow(w));
        if points > MOST_POINTS || nodes.is_none_or(|nodes| nodes > MOST_NODES) {
            return Err(FitError::ManyPoints { points, width });
        }
    }
    let mut laplace = Laplace::new(data, family, options.curvature == Curvature::Customary);
    set_prior(&mut laplace, options.prior);
    laplace.interrupt = options.interrupt.clone();
    let stop = || match options.interrupt.is_set() {
        true => Err(FitError::Interrupted),
        false => Ok(()),
    };
    let theta = options
        .start
        .as_ref()
        .map(|theta| coordinates.theta_to_standard(&layout, theta));
    let start = super::start::start(&mut laplace, theta);
    if !laplace.at(&start).is_finite() {
        stop()?;
        return Err(FitError::NotDefined);
    }
    if options.points == 0 {
        laplace.points = 0;
        let fit = fast_fit(laplace, &start, options);
        stop()?;
        return Ok(fit);
    }
    let mut search = Search {
        model: None,
        laplace,
    };
    let (mut point, mut hessian, mut certificate) = match options.start {
        Some(_) => search.minimise(start, options),
        None => search.minimise_from_both_sides(start, options),
    };
    if options.points > 1 && !layout.terms.is_empty() {
        // From Laplace's minimum, with its Hessian as the first model.
        search.laplace.integrate_with(options.points);
        let gradient = search.derivatives_at(&point).gradient;
        search.model = Some(Model {
            point: point.clone(),
            gradient,
            hessian: positive(&hessian, point.len()),
        });
        (point, hessian, certificate) = search.minimise(point, options);
    }
    stop()?;
    let mut fit = finish(search.laplace, point, &hessian, certificate);
    // Later questions have switches of their own.
    fit.laplace.interrupt = Interrupt::default();
    Ok(fit)
}

/// When the descent by a learning model ends: 3·10⁻⁴ of a standard error from the minimum. Newton
/// steps with the Hessian by differences, which is made for the standard errors anyway, do the
/// rest.
const DESCENT: f64 = 3e-5;

/// The precision of every fixed effect but the intercept, in standard units.
pub(super) fn set_prior(laplace: &mut Laplace, prior: Option<f64>) {
    let intercept = laplace.modes.data.layout.intercept;
    let Some(sd) = prior else {
        return;
    };
    for (j, precision) in laplace.precision.iter_mut().enumerate() {
        *precision = if Some(j) == intercept {
            0.0
        } else {
            1.0 / (sd * sd)
        };
    }
}

/// Most points for a random effect: beyond, nothing changes but rounding.
const MOST_POINTS: usize = 100;
/// Most nodes of a product rule.
const MOST_NODES: usize = 1_000_000;

/// The fast approximation. Covariances are those of fixed effects given θ; how sure θ is, it does
/// not say.
fn fast_fit(mut laplace: Laplace, start: &[f64], options: &Options) -> Fit {
    let (point, value, converged, evaluations) =
        super::fast::minimise(&mut laplace, start, options.max_evaluations);
    let layout = laplace.modes.data.layout.clone();
    let point = boundary::normal_form(&layout, &point);
    laplace.at(&point);
    let (m, p, n) = (laplace.entries.len(), layout.fixed, point.len());
    let mut system = laplace.modes.full_system();
    let known = system.value(&point[..m]).is_some();
    let covariance = if known {
        system.fixed_covariance()
    } else {
        vec![f64::NAN; p * p]
    };
    let information = inverse(&covariance, p, 2.0);
    let mut hessian = vec![0.0; n * n];
    for i in 0..n {
        hessian[i * n + i] = f64::INFINITY;
    }
    for i in 0..p {
        for j in 0..p {
            hessian[(m + i) * n + m + j] = information[i * p + j];
        }
    }
    let certificate = Certificate::of_nothing(converged);
    if n > m + p {
        // Thresholds and dispersions are not known: the Hessian of Laplace's objective has what they
        // and the fixed effects have to do with each other.
        hessian = laplace.hessian(&point, None);
        let mut fit = finish(laplace, point, &hessian, certificate);
        (fit.value, fit.evaluations) = (value, evaluations);
        return fit;
    }
    let mut fit = finish(laplace, point, &hessian, certificate);
    (fit.value, fit.evaluations) = (value, evaluations);
    fit.vcov = fit.coordinates().map_fixed_matrix(&layout, &covariance);
    fit.theta_vcov = vec![f64::NAN; m * m];
    fit
}

/// The objective with a model of its Hessian that learns from every step.
struct Search {
    laplace: Laplace,
    model: Option<Model>,
}

/// A point, the gradient there, and a model of the Hessian.
pub(super) struct Model {
    pub point: Vec<f64>,
    pub gradient: Vec<f64>,
    pub hessian: Vec<f64>,
}

impl Objective for Search {
    fn dimension(&self) -> usize {
        self.laplace.dimension()
    }

    fn value(&mut self, point: &[f64]) -> f64 {
        self.laplace.at(point)
    }

    fn value_and_gradient(&mut self, point: &[f64], gradient: &mut [f64]) -> f64 {
        self.laplace.value_and_gradient(point, gradient)
    }

    fn lower_bounds(&self) -> Vec<f64> {
        self.laplace.lower_bounds()
    }
}

impl CurvedObjective for Search {
    fn gradient_and_hessian(&mut self) -> (Vec<f64>, Vec<f64>) {
        let point = self.laplace.point().to_vec();
        let (gradient, hessian) = match self.model.take() {
            None => {
                let (gradient, hessian) = self.laplace.first_model();
                (gradient, positive(&hessian, point.len()))
            }
            Some(mut model) => {
                let gradient = self.laplace.derivatives().gradient;
                model.learn(&point, &gradient);
                (gradient, model.hessian)
            }
        };
        self.model = Some(Model {
            point,
            gradient: gradient.clone(),
            hessian: hessian.clone(),
        });
        (gradient, hessian)
    }

    fn learns(&self) -> bool {
        true
    }
}

impl Model {
    /// Powell's damped BFGS update (Nocedal and Wright 2006, procedure 18.2).
    pub fn learn(&mut self, point: &[f64], gradient: &[f64]) {
        let n = point.len();
        let s: Vec<f64> = point.iter().zip(&self.point).map(|(a, b)| a - b).collect();
        let mut y: Vec<f64> = gradient
            .iter()
            .zip(&self.gradient)
            .map(|(a, b)| a - b)
            .collect();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let image: Vec<f64> = self
            .hessian
            .chunks_exact(n)
            .map(|row| dot(row, &s))
            .collect();
        let curvature = dot(&s, &image);
        if curvature <= 0.0 {
            return;
        }
        let seen = dot(&s, &y);
        if seen < 0.2 * curvature {
            let share = 0.8 * curvature / (curvature - seen);
            for (y, image) in y.iter_mut().zip(&image) {
                *y = share * *y + (1.0 - share) * image;
            }
        }
        let seen = dot(&s, &y);
        for i in 0..n {
            for j in 0..n {
                self.hessian[i * n + j] += y[i] * y[j] / seen - image[i] * image[j] / curvature;
            }
        }
    }
}

impl Search {
    /// Descends, and once more where coefficients within groups contradict those that were fitted;
    /// the better end.
    fn minimise_from_both_sides(
        &mut self,
        start: Vec<f64>,
        options: &Options,
    ) -> (Vec<f64>, Vec<f64>, Certificate) {
        let found = self.minimise(start, options);
        let Some(other) = super::within::start(&mut self.laplace, &found.0) else {
            return found;
        };
        let value = self.laplace.at(&found.0);
        if !self.laplace.at(&other).is_finite() {
            return found;
        }
        let model = self.model.take();
        let again = self.minimise(other, options);
        // Random effects that separate the answers of every group have no minimum on that side.
        let lower = self.laplace.at(&again.0) < value - boundary::CERTIFIED;
        if lower && (again.2.converged || !found.2.converged) {
            return again;
        }
        self.model = model;
        found
    }

    /// Descends, cleans up the boundary, and goes on where the certificate finds a way down.
    fn minimise(
        &mut self,
        start: Vec<f64>,
        options: &Options,
    ) -> (Vec<f64>, Vec<f64>, Certificate) {
        const ROUNDS: usize = 8;
        let layout = self.laplace.modes.data.layout.clone();
        let mut point = start;
        let mut round = 0;
        loop {
            round += 1;
            let settings = optimize::Options {
                max_evaluations: options
                    .max_evaluations
                    .saturating_sub(self.laplace.evaluations)
                    .max(1),
                tolerance: DESCENT,
            };
            let minimum = trust_region(self, &point, &settings);
            let (clean, snapped) =
                boundary::clean(&mut self.laplace, &layout, &minimum.theta, minimum.value);
            let (clean, hessian, certificate) = self.polish(&layout, clean);
            if certificate.converged || round == ROUNDS {
                return (clean, hessian, certificate);
            }
            let next = if certificate.smallest_score < -boundary::SCORE_TOLERANCE {
                let scores = self.derivatives_at(&clean).scores;
                boundary::escape(&mut self.laplace, &layout, &clean, &scores)
            } else {
                (snapped || minimum.converged).then(|| clean.clone())
            };
            let Some(next) = next else {
                return (clean, hessian, certificate);
            };
            // The model of the Hessian starts again from the exact one.
            let gradient = self.derivatives_at(&next).gradient;
            self.model = Some(Model {
                point: next.clone(),
                gradient,
                hessian: positive(&hessian, next.len()),
            });
            point = next;
        }
    }

    /// Newton steps by the exact Hessian: the last digits. It is made anew where the first step is
    /// not a small one.
    fn polish(
        &mut self,
        layout: &Layout,
        mut point: Vec<f64>,
    ) -> (Vec<f64>, Vec<f64>, Certificate) {
        const STEPS: usize = 4;
        const POLISHED: f64 = 1e-13;
        const FAR: f64 = 1e-4;
        let mut hessian = self.hessian_at(&point);
        let (mut certificate, mut step) = self.test(layout, &point, &hessian);
        for _ in 0..STEPS {
            if certificate.newton_decrement < POLISHED {
                break;
            }
            let mut moved: Vec<f64> = point.iter().zip(&step).map(|(x, s)| x + s).collect();
            boundary::keep_zeros(layout, &point, &mut moved);
            let moved = boundary::normal_form(layout, &moved);
            let (before, after) = (self.laplace.at(&point), self.laplace.at(&moved));
            if after.is_nan() || after > before + 1e-12 * before.abs().max(1.0) {
                break;
            }
            let far = certificate.newton_decrement > FAR;
            if far {
                hessian = self.hessian_at(&moved);
            }
            let (next, next_step) = self.test(layout, &moved, &hessian);
            if !far && next.newton_decrement >= certificate.newton_decrement {
                break;
            }
            (point, certificate, step) = (moved, next, next_step);
        }
        (point, hessian, certificate)
    }

    fn derivatives_at(&mut self, point: &[f64]) -> LaplaceDerivatives {
        self.laplace.at(point);
        self.laplace.derivatives()
    }

    fn hessian_at(&mut self, point: &[f64]) -> Vec<f64> {
        let model = self.model.as_ref().map(|m| m.hessian.clone());
        self.laplace.hessian(point, model.as_deref())
    }

    fn test(&mut self, layout: &Layout, point: &[f64], hessian: &[f64]) -> (Certificate, Vec<f64>) {
        let derivatives = self.derivatives_at(point);
        let evidence = Evidence {
            gradient: &derivatives.gradient,
            hessian,
            scores: &derivatives.scores,
            information: &derivatives.information,
        };
        boundary::test(&self.laplace, layout, point, &evidence)
    }
}

impl Boundary for Laplace {
    fn at(&mut self, point: &[f64]) -> f64 {
        Laplace::at(self, point)
    }

    fn unit(&self) -> f64 {
        1.0
    }

    fn information_floor(&self) -> f64 {
        1e-12 * self.modes.data.rows() as f64
    }
}

/// Puts the numbers of a minimum together, in the user's units.
fn finish(mut laplace: Laplace, point: Vec<f64>, hessian: &[f64], certificate: Certificate) -> Fit {
    let (layout, coordinates) = (
        laplace.modes.data.layout.clone(),
        laplace.modes.data.coordinates.clone(),
    );
    let value = laplace.at(&point);
    let (m, p) = (laplace.entries.len(), layout.fixed);
    let n = point.len();
    // F is −2 log-likelihood: the covariance is twice the inverse of its Hessian.
    let covariance = inverse(hessian, n, 2.0);
    let block = |first: usize, count: usize| -> Vec<f64> {
        (0..count * count)
            .map(|at| covariance[(first + at / count) * n + first + at % count])
            .collect()
    };
    // Column by column, in the user's units.
    let k = n - m - p;
    let mut cross_vcov = vec![0.0; p * k];
    for c in 0..k {
        let column: Vec<f64> = (0..p)
            .map(|j| covariance[(m + j) * n + m + p + c])
            .collect();
        let column = coordinates.map_fixed(&layout, &column);
        for (j, value) in column.into_iter().enumerate() {
            cross_vcov[j * k + c] = value;
        }
    }
    let singular = (0..layout.terms.len())
        .map(|term| {
            laplace
                .entries
                .iter()
                .zip(&point)
                .any(|(e, t)| e.term == term && e.is_diagonal() && t.abs() < boundary::ZERO)
        })
        .collect();
    let (theta, beta, psi) = laplace.split(&point);
    let (beta, psi) = (coordinates.fixed_effects(&layout, beta), psi.to_vec());
    let prior: f64 = laplace
        .precision
        .iter()
        .zip(&point[m..m + p])
        .map(|(precision, b)| precision * b * b)
        .sum();
    let to_user = |theta: &[f64]| coordinates.theta_to_user(&layout, theta);
    Fit {
        theta_vcov: delta_method(theta, &block(0, m), to_user),
        theta: to_user(theta),
        beta,
        vcov: coordinates.map_fixed_matrix(&layout, &block(m, p)),
        psi_vcov: block(m + p, psi.len()),
        psi,
        cross_vcov,
        value: value - prior,
        singular,
        certificate,
        evaluations: laplace.evaluations,
        gradients: laplace.gradients,
        systems: laplace.modes.steps,
        standard: point,
        laplace,
    }
}

/// The covariance of a function of x, by its slopes.
fn delta_method(x: &[f64], covariance: &[f64], function: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    const STEP: f64 = 1e-5;
    let m = x.len();
    let slopes: Vec<Vec<f64>> = (0..m)
        .map(|j| {
            let (mut ahead, mut behind) = (x.to_vec(), x.to_vec());
            ahead[j] += STEP;
            behind[j] -= STEP;
            let (ahead, behind) = (function(&ahead), function(&behind));
            let pairs = ahead.iter().zip(&behind);
            pairs.map(|(a, b)| (a - b) / (2.0 * STEP)).collect()
        })
        .collect();
    let mut out = vec![0.0; m * m];
    for a in 0..m {
        for b in 0..m {
            out[a * m + b] = (0..m * m)
                .map(|at| slopes[at / m][a] * covariance[at] * slopes[at % m][b])
                .sum();
        }
    }
    out
}

/// The symmetric matrix with the eigenvectors of another, in the scale of its diagonal, and the
/// sizes of its eigenvalues: a model that has been learning from gradients must stay positive
/// definite, and an average information far from the minimum is not.
pub(super) fn positive(matrix: &[f64], n: usize) -> Vec<f64> {
    const LEAST: f64 = 1e-3;
    let root: Vec<f64> = (0..n)
        .map(|i| matrix[i * n + i].abs().sqrt().max(1e-8))
        .collect();
    let scaled: Vec<f64> = (0..n * n)
        .map(|at| matrix[at] / root[at / n] / root[at % n])
        .collect();
    let Some((values, vectors)) = symmetric_eigen(&scaled, n) else {
        return (0..n * n).map(|at| f64::from(at / n == at % n)).collect();
    };
    if values.iter().all(|&value| value > LEAST) {
        return matrix.to_vec();
    }
    let mut out = vec![0.0; n * n];
    for (value, vector) in values.iter().zip(vectors.chunks_exact(n.max(1))) {
        let value = value.abs().max(LEAST);
        for i in 0..n {
            for j in 0..n {
                out[i * n + j] += value * vector[i] * vector[j] * root[i] * root[j];
            }
        }
    }
    out
}

/// `scale` times the inverse of a symmetric matrix; where it is singular, that of its part with
/// positive curvature, and infinity along the rest is left to whoever reads the certificate.
pub(crate) fn inverse(matrix: &[f64], n: usize, scale: f64) -> Vec<f64> {
    let root: Vec<f64> = (0..n)
        .map(|i| matrix[i * n + i].abs().sqrt().max(1e-150))
        .collect();
    let scaled: Vec<f64> = (0..n * n)
        .map(|at| matrix[at] / root[at / n] / root[at % n])
        .collect();
    let mut out = vec![0.0; n * n];
    let Some((values, vectors)) = symmetric_eigen(&scaled, n) else {
        return vec![f64::NAN; n * n];
    };
    let largest = values.iter().fold(0.0f64, |a, b| a.max(b.abs()));
    for (value, vector) in values.iter().zip(vectors.chunks_exact(n.max(1))) {
        let value = value.max(1e-14 * largest);
        for i in 0..n {
            for j in 0..n {
                out[i * n + j] += scale * vector[i] * vector[j] / value / root[i] / root[j];
            }
        }
    }
    out
}

impl Fit {
    /// The shape of the model.
    pub fn layout(&self) -> &Layout {
        &self.laplace.modes.data.layout
    }

    /// The units that the engine computes in.
    pub fn coordinates(&self) -> &Coordinates {
        &self.laplace.modes.data.coordinates
    }

    /// The least and the greatest response, per trial, of the rows in which a fixed-effects column
    /// is not zero: equal where a level has one kind of answer only.
    pub fn responses_where(&self, column: usize) -> Option<(f64, f64)> {
        let data = &self.laplace.modes.data;
        let standard = data.coordinates.fixed[column];
        let rows = data.observations.iter().enumerate().filter(|(row, _)| {
            let x = data.rows.x(*row)[column] * standard.scale + standard.shift;
            x.abs() > 1e-9 * standard.scale
        });
        rows.map(|(_, o)| o.y / o.trials).fold(None, |range, y| {
            let (least, greatest) = range.unwrap_or((y, y));
            Some((f64::min(least, y), f64::max(greatest, y)))
        })
    }

    /// Covariance factors in the user's units, by grouping factor, K × K by rows.
    pub fn lambda(&self) -> Vec<Vec<f64>> {
        self.layout().lambda(&self.theta)
    }

    /// Conditional modes of the random effects, and their covariances given the data and all
    /// parameters.
    pub fn random_effects(&mut self) -> RandomEffects {
        self.laplace.at(&self.standard);
        let mut modes = self.laplace.modes.b.clone();
        let mut covariances = self.laplace.covariances();
        let (layout, coordinates) = (self.layout().clone(), self.coordinates().clone());
        for (f, factor) in layout.factors.iter().enumerate() {
            let k = factor.width;
            if k == 0 {
                continue;
            }
            for b in modes[f].chunks_exact_mut(k) {
                coordinates.random_effects(&layout, f, b);
            }
            for c in covariances[f].chunks_exact_mut(k * k) {
                coordinates.random_covariance(&layout, f, c);
            }
        }
        RandomEffects { modes, covariances }
    }

    /// The joint covariance of the errors of fixed and random effects on the scale of the linear
    /// predictor, given the variance parameters: the inverse of Henderson's matrix with the
    /// weights at the mode.
    pub fn joint(&mut self) -> Joint {
        self.laplace.at(&self.standard);
        let m = self.laplace.entries.len();
        let mut system = self.laplace.modes.full_system();
        system.value(&self.standard[..m]);
        Joint::of_system(
            self.layout().clone(),
            self.coordinates().clone(),
            1.0,
            system.keep(),
        )
    }

    /// Numbers that [`Fit::joint`] would hold, nearly.
    pub fn joint_size(&mut self) -> usize {
        self.laplace.modes.full_system().kept_size()
    }
}
