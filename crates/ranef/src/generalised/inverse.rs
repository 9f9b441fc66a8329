//! From the linear predictor to the response: expected values, averages over random effects, and
//! what an observation may be.
//!
//! With η normal with mean m and variance v (the random effects of a group yet to be drawn, z'Tz;
//! or the error of an estimate), the expected response is E[h(m + √v Z)], which is not h(m): for a
//! logit it is nearer to one half, by about 1/√(1 + 0.346 v) on the scale of the link (Zeger, Liang
//! and Albert 1988). The integral is the trapezoidal rule over Z, whose error falls exponentially
//! for functions that are analytic near the real line (Trefethen and Weideman 2014); with a step of
//! half the distance of the logit's nearest pole over π it is below rounding.
//!
//! Derivatives of h are five-point differences: the families give means, and ten digits are enough
//! for standard errors.

use std::sync::Arc;

use ranef_engine::glmm::family::{Density, Observation, Response};
use ranef_engine::random::Stream;
use serde::{Deserialize, Serialize};

use crate::Fit;

/// The scale that an answer about a generalised model is on. In linear models they are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResponseScale {
    /// Of the response: probabilities, counts.
    #[default]
    Response,
    /// Of the linear predictor: log odds, logarithms of counts.
    Link,
}

/// The expected response given the linear predictor, with nuisance parameters at their estimates.
pub(crate) struct Inverse {
    density: Option<Arc<dyn Density>>,
    psi: Vec<f64>,
    discrete: bool,
}

/// Nodes and weights of the standard normal distribution, for a function of m + sZ.
struct Nodes {
    step: f64,
    count: i32,
    total: f64,
}

impl Nodes {
    /// `finest` steps are no larger than that; the range takes in what an exponential function of
    /// sZ moves its weight to.
    fn new(s: f64, finest: f64) -> Self {
        let step = finest.min(0.5 / s.max(1e-8));
        let count = ((8.5 + s) / step).ceil() as i32;
        let total = (-count..=count).map(|k| weight(f64::from(k) * step)).sum();
        Self { step, count, total }
    }

    /// Nodes with weights that sum to 1.
    fn all(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        (-self.count..=self.count).map(|k| {
            let z = f64::from(k) * self.step;
            (z, weight(z) / self.total)
        })
    }
}

fn weight(z: f64) -> f64 {
    (-0.5 * z * z).exp()
}

impl Fit {
    /// The inverse link of the model.
    pub(crate) fn inverse(&self) -> Inverse {
        let family = self.family();
        let linear = family.is_gaussian();
        Inverse {
            density: (!linear).then(|| family.density(self.recipe())),
            psi: self.facts.estimates.nuisance.clone(),
            discrete: matches!(
                family.distribution().response(),
                Response::Count
                    | Response::PositiveCount
                    | Response::Successes
                    | Response::Category
            ),
        }
    }
}

impl Inverse {
    /// h(η).
    pub fn mean(&self, eta: f64) -> f64 {
        match &self.density {
            None => eta,
            Some(density) => density.mean(eta, &self.psi),
        }
    }

    /// E[h(η)] for η normal with this mean and variance.
    pub fn average(&self, eta: f64, variance: f64) -> f64 {
        if self.density.is_none() || variance <= 0.0 {
            return self.mean(eta);
        }
        let s = variance.sqrt();
        let nodes = Nodes::new(s, 0.125);
        nodes.all().map(|(z, w)| w * self.mean(eta + s * z)).sum()
    }

    /// The derivative of [`Inverse::average`] in η.
    pub fn slope(&self, eta: f64, variance: f64) -> f64 {
        if self.density.is_none() {
            return 1.0;
        }
        const D: f64 = 1e-3;
        let at = |k: f64| self.average(eta + k * D, variance);
        (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * D)
    }

    /// The second derivative of h.
    pub fn bend(&self, eta: f64) -> f64 {
        if self.density.is_none() {
            return 0.0;
        }
        const D: f64 = 1e-2;
        let at = |k: f64| self.mean(eta + k * D);
        (16.0 * (at(1.0) + at(-1.0)) - (at(2.0) + at(-2.0)) - 30.0 * at(0.0)) / (12.0 * D * D)
    }

    /// The ends of an interval on the scale of the response, in order.
    pub fn ends(&self, lower: f64, upper: f64, variance: f64) -> (f64, f64) {
        let (a, b) = (self.average(lower, variance), self.average(upper, variance));
        (a.min(b), a.max(b))
    }

    /// Standard deviation and the quantiles that an observation lies between with probability
    /// `level`, η being normal. Of several trials it is their mean.
    pub fn observation(&self, eta: f64, variance: f64, level: f64, trials: f64) -> Predictive {
        let Some(density) = &self.density else {
            return Predictive::default();
        };
        let s = variance.max(0.0).sqrt();
        let nodes = Nodes::new(s, 0.25);
        let around: Vec<(f64, f64)> = nodes.all().map(|(z, w)| (eta + s * z, w)).collect();
        let row = Observation::of(0.0, trials);
        let (mut mean, mut square, mut within) = (0.0, 0.0, 0.0);
        for &(eta, w) in &around {
            let m = self.mean(eta);
            mean += w * m;
            square += w * m * m;
            within += w * density.variance(&row, eta, &self.psi);
        }
        let std_error = (within + (square - mean * mean).max(0.0)).sqrt();
        let tail = 0.5 * (1.0 - level);
        let found = if self.discrete && mean * trials < MOST_COUNTED {
            self.count(&**density, &around, tail, trials)
        } else {
            None
        };
        let (lower, upper) = found.unwrap_or_else(|| self.draw(&**density, eta, s, tail, trials));
        Predictive {
            std_error,
            lower,
            upper,
        }
    }

    /// Quantiles of a count by its probabilities, from zero upwards.
    fn count(
        &self,
        density: &dyn Density,
        around: &[(f64, f64)],
        tail: f64,
        trials: f64,
    ) -> Option<(f64, f64)> {
        let (mut below, mut lower) = (0.0, None);
        let mut y = 0.0;
        while y < 20.0 * MOST_COUNTED {
            let row = Observation::of(y, trials);
            let constant = density.constant(&row);
            below += around
                .iter()
                .map(|&(eta, w)| w * (density.log_density(&row, eta, &self.psi) + constant).exp())
                .sum::<f64>();
            if lower.is_none() && below >= tail {
                lower = Some(y / trials);
            }
            if below >= 1.0 - tail {
                return Some((lower?, y / trials));
            }
            y += 1.0;
        }
        None
    }

    /// The same from drawn responses: at stratified linear predictors, with a fixed seed.
    fn draw(&self, density: &dyn Density, eta: f64, s: f64, tail: f64, trials: f64) -> (f64, f64) {
        use ranef_engine::distributions::Normal;
        let row = Observation::of(0.0, trials);
        let mut stream = Stream::new(SEED, 0, 0);
        let mut drawn: Vec<f64> = (0..DRAWS)
            .map(|i| {
                let z = Normal::STANDARD.quantile((i as f64 + 0.5) / DRAWS as f64);
                density.simulate(&row, eta + s * z, &self.psi, &mut stream) / trials
            })
            .collect();
        drawn.sort_by(f64::total_cmp);
        let at = |p: f64| drawn[((DRAWS - 1) as f64 * p).round() as usize];
        (at(tail), at(1.0 - tail))
    }

    /// Whether quantiles of observations come from probabilities, not from draws.
    pub fn discrete(&self) -> bool {
        self.discrete
    }
}

/// Expected counts beyond which quantiles are drawn.
const MOST_COUNTED: f64 = 20_000.0;
const DRAWS: usize = 20_000;
const SEED: u64 = 20_231;

/// What an observation yet to be made may be.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Predictive {
    pub std_error: f64,
    pub lower: f64,
    pub upper: f64,
}
