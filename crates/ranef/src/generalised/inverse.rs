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
//! for standard errors. Probabilities of categories are densities, whose derivatives the families
//! give themselves.
//!
//! h may depend on the parameters ψ of the family as well: thresholds, the probability of a zero, the
//! dispersion of counts that lost their zeros. What follows for standard errors is in
//! [`super::smooth`].

use std::sync::Arc;

use ranef_engine::glmm::family::{
    Counts, Density, Family as Distribution, Nuisance, Observation, Response,
};
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

/// The expected response given the linear predictor, with nuisance parameters at their estimates; or
/// the probability of a category.
#[derive(Clone)]
pub(crate) struct Inverse {
    density: Option<Arc<dyn Density>>,
    distribution: Distribution,
    psi: Vec<f64>,
    discrete: bool,
    /// The category whose probability is meant in the place of the mean.
    category: Option<usize>,
}

/// Step of the differences in ψ.
const NUISANCE_STEP: f64 = 1e-3;

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
            distribution: family.distribution(),
            psi: self.facts.estimates.nuisance.clone(),
            category: None,
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
    /// The probability of a category, by its number from 0, in the place of the mean.
    pub fn category(&self, category: usize) -> Self {
        Self {
            category: Some(category),
            ..self.clone()
        }
    }

    /// h(η).
    pub fn mean(&self, eta: f64) -> f64 {
        self.mean_at(eta, &self.psi)
    }

    fn mean_at(&self, eta: f64, psi: &[f64]) -> f64 {
        match (&self.density, self.category) {
            (None, _) => eta,
            (Some(density), None) => density.mean(eta, psi),
            (Some(density), Some(category)) => {
                let row = Observation::new(category as f64);
                density.log_density(&row, eta, psi).exp()
            }
        }
    }

    /// Whether h depends on ψ: on thresholds, on the probability of a zero, on the dispersion of
    /// counts without their zeros.
    pub fn moves(&self) -> bool {
        match self.distribution {
            Distribution::Ordinal | Distribution::ZeroInflated(_) | Distribution::Hurdle(_) => true,
            Distribution::Truncated(counts) => counts != Counts::Poisson,
            _ => false,
        }
    }

    /// ∂/∂ψ of [`Inverse::average`]; empty where there is no such dependence.
    pub fn nuisance(&self, eta: f64, variance: f64) -> Vec<f64> {
        self.averaged(eta, variance, |eta| self.nuisance_here(eta))
    }

    /// ∂²h/∂η∂ψ; empty where h does not depend on ψ.
    pub fn nuisance_bend(&self, eta: f64) -> Vec<f64> {
        if self.distribution == Distribution::Ordinal {
            return self.of_categories(eta, |first, n| n.value * first + n.first);
        }
        let at = |k: f64| self.nuisance_here(eta + k * 1e-2);
        let (a, b, c, d) = (at(1.0), at(-1.0), at(2.0), at(-2.0));
        (0..a.len())
            .map(|k| (8.0 * (a[k] - b[k]) - (c[k] - d[k])) / (12.0 * 1e-2))
            .collect()
    }

    /// ∂h/∂ψ.
    fn nuisance_here(&self, eta: f64) -> Vec<f64> {
        if !self.moves() {
            return Vec::new();
        }
        if self.distribution == Distribution::Ordinal {
            return self.of_categories(eta, |_, n| n.value);
        }
        (0..self.psi.len())
            .map(|k| {
                let at = |steps: f64| {
                    let mut psi = self.psi.clone();
                    psi[k] += steps * NUISANCE_STEP;
                    self.mean_at(eta, &psi)
                };
                (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * NUISANCE_STEP)
            })
            .collect()
    }

    /// Σ p_k·w_k·f(ℓ_k', ∂ℓ_k/∂ψ) over the categories, one number a threshold; w_k is the number of
    /// the category, or 1 for the one that is meant.
    fn of_categories(&self, eta: f64, f: impl Fn(f64, &Nuisance) -> f64) -> Vec<f64> {
        let mut out = vec![0.0; self.psi.len()];
        let Some(density) = &self.density else {
            return out;
        };
        let mut found = vec![Nuisance::default(); self.psi.len()];
        for category in 0..=self.psi.len() {
            let weight = match self.category {
                None => category as f64,
                Some(meant) => f64::from(meant == category),
            };
            if weight == 0.0 {
                continue;
            }
            let row = Observation::new(category as f64);
            let at = density.derivatives(&row, eta, &self.psi);
            density.nuisance_derivatives(&row, eta, &self.psi, &mut found);
            for (sum, n) in out.iter_mut().zip(&found) {
                *sum += weight * at.value.exp() * f(at.first, n);
            }
        }
        out
    }

    /// The mean of several functions of η, η being normal.
    fn averaged(&self, eta: f64, variance: f64, of: impl Fn(f64) -> Vec<f64>) -> Vec<f64> {
        if self.density.is_none() || variance <= 0.0 || !self.moves() {
            return of(eta);
        }
        let s = variance.sqrt();
        let nodes = Nodes::new(s, 0.125);
        let mut out = vec![0.0; self.psi.len()];
        for (z, w) in nodes.all() {
            for (sum, x) in out.iter_mut().zip(of(eta + s * z)) {
                *sum += w * x;
            }
        }
        out
    }

    /// What h lies between; no upper end where there is none.
    fn range(&self) -> (f64, Option<f64>) {
        match self.distribution {
            Distribution::Ordinal if self.category.is_some() => (0.0, Some(1.0)),
            Distribution::Ordinal => (0.0, Some(self.psi.len() as f64)),
            Distribution::Truncated(_) => (1.0, None),
            _ => (0.0, None),
        }
    }

    /// The interval of a response that depends on ψ: normal on the scale of the logit between the
    /// ends of its range, or of the logarithm of what it is above the lower one, by the delta
    /// method. So has it ordinal's `predict`, and it stays within the range.
    pub fn interval(&self, value: f64, std_error: f64, times: f64) -> (f64, f64) {
        let (least, greatest) = self.range();
        let above = value - least;
        let plain = (value - times * std_error, value + times * std_error);
        match greatest {
            _ if above <= 0.0 => plain,
            None => {
                let half = times * std_error / above;
                (least + above * (-half).exp(), least + above * half.exp())
            }
            Some(greatest) if value < greatest => {
                let width = greatest - least;
                let p = above / width;
                let half = times * std_error / (width * p * (1.0 - p));
                let at = |z: f64| least + width / (1.0 + ((1.0 - p) / p) * (-z).exp());
                (at(-half), at(half))
            }
            Some(_) => plain,
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
