//! The variances of a model as functions of its parameters, and shares of them with intervals.
//!
//! The intervals are of the delta method: with A the covariance of (θ, σ), which is twice the
//! inverse of the observed information on them, and Φ that of β̂, which is independent of it in
//! large samples, Var(f̂) ≈ g_γ'Ag_γ + g_β'Φg_β. A share lives between 0 and 1, so its interval is made
//! on the logit scale. On the boundary, where a variance is zero, f does not change with that θ to
//! first order: a share that is 0 or 1 there has no interval of this kind, and gets one from the
//! likelihood itself ([`region`](super::region)).

use std::cell::OnceCell;

use ranef_engine::Layout;
use ranef_engine::distributions::Normal;
use serde::Serialize;

use super::algebra::trace;
use super::distribution::DistributionVariance;
use super::region;
use crate::linear::quadratic;
use crate::{Fit, rows};

/// A share of variance with its interval and its meaning.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Share {
    /// Its name, such as `marginal`.
    pub measure: String,
    /// The share.
    pub estimate: f64,
    /// Standard error by the delta method; `None` where it does not exist.
    pub std_error: Option<f64>,
    /// Lower end of the interval.
    pub lower: Option<f64>,
    /// Upper end.
    pub upper: Option<f64>,
    /// How the interval was made: `delta` on the logit scale, or `likelihood` for a share that is
    /// estimated as 0 or 1. `None` where there is no interval.
    pub method: Option<&'static str>,
    /// What it is, in one sentence.
    pub definition: String,
}

/// Parameters of a model.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub theta: Vec<f64>,
    pub sigma: f64,
    pub beta: Vec<f64>,
}

/// A fit and what its shares are made of.
pub(crate) struct Model<'a> {
    pub fit: &'a Fit,
    pub here: Point,
    /// What stands in the place of σ² in a generalised model.
    pub distribution: Option<DistributionVariance>,
    /// For each block whether it is overdispersion: a level for each row.
    dispersion: Vec<bool>,
    layout: Layout,
    confidence: f64,
    /// Covariance of (θ, σ).
    parameters: &'a [f64],
    /// Where the criterion has risen as far as the confidence allows, once it was asked for.
    edge: OnceCell<Option<Vec<Point>>>,
}

impl<'a> Model<'a> {
    pub fn of(fit: &'a Fit, confidence: f64) -> Self {
        Self {
            fit,
            here: Point {
                theta: fit.theta().to_vec(),
                sigma: fit.working_sigma(),
                beta: fit.fixef().to_vec(),
            },
            distribution: fit.distribution_variance(),
            dispersion: (0..fit.varcorr().len())
                .map(|block| fit.is_observation_level(block))
                .collect(),
            layout: rows::layout(fit.recipe()),
            confidence,
            parameters: &fit.inference().covariance,
            edge: OnceCell::new(),
        }
    }

    /// The normal quantile of the intervals.
    pub fn z(&self) -> f64 {
        Normal::STANDARD.quantile(0.5 + 0.5 * self.confidence)
    }

    /// Number of blocks of random effects.
    pub fn blocks(&self) -> usize {
        self.layout.terms.len()
    }

    /// The covariance matrix of each block at a point, k × k by rows.
    pub fn covariances(&self, point: &Point) -> Vec<Vec<f64>> {
        let lambda = self.layout.lambda(&point.theta);
        let scale = point.sigma * point.sigma;
        self.layout
            .terms
            .iter()
            .map(|term| {
                let width = self.layout.factors[term.factor].width;
                let l = |i: usize, j: usize| {
                    lambda[term.factor][(term.offset + i) * width + term.offset + j]
                };
                let k = term.width;
                (0..k * k)
                    .map(|at| {
                        let (i, j) = (at / k, at % k);
                        scale * (0..=i.min(j)).map(|a| l(i, a) * l(j, a)).sum::<f64>()
                    })
                    .collect()
            })
            .collect()
    }

    /// Variance of Xβ over the rows, divisor n − 1.
    pub fn fixed(&self, point: &Point) -> f64 {
        // An empty sum is −0.
        quadratic(&point.beta, &self.fit.moments().fixed_cov) + 0.0
    }

    /// Mean over the rows of z'Tz of each block (Johnson 2014).
    pub fn random(&self, point: &Point) -> Vec<f64> {
        self.covariances(point)
            .iter()
            .zip(&self.fit.moments().random_product)
            .map(|(t, product)| {
                let flat: &[f64] = product;
                trace(t, flat)
            })
            .collect()
    }

    /// The same of all blocks together that are between groups.
    pub fn all_random(&self, point: &Point) -> f64 {
        let random = self.random(point);
        let between = random
            .iter()
            .zip(&self.dispersion)
            .filter(|(_, own)| !**own);
        // An empty sum is −0.
        between.map(|(v, _)| v).sum::<f64>() + 0.0
    }

    /// Whether a block is overdispersion.
    pub fn is_dispersion(&self, block: usize) -> bool {
        self.dispersion[block]
    }

    /// The variance of a row about its expectation: σ², or that of the distribution on the scale of
    /// the link with what random effects of single rows add to it. The mean that the latter may
    /// depend on counts as known.
    pub fn residual(&self, point: &Point) -> f64 {
        let Some(distribution) = &self.distribution else {
            return point.sigma * point.sigma;
        };
        let random = self.random(point);
        let own = random.iter().zip(&self.dispersion).filter(|(_, own)| **own);
        distribution.variance + own.map(|(v, _)| v).sum::<f64>()
    }

    /// A function of the parameters as a share.
    pub fn share(
        &self,
        measure: impl Into<String>,
        definition: impl Into<String>,
        f: impl Fn(&Point) -> f64,
    ) -> Share {
        let estimate = f(&self.here);
        let std_error = self.std_error(&f);
        let z = self.z();
        let inside = estimate > 0.0 && estimate < 1.0;
        let ends = std_error.filter(|_| inside).map(|se| {
            let logit = (estimate / (1.0 - estimate)).ln();
            let half = z * se / (estimate * (1.0 - estimate));
            let back = |x: f64| 1.0 / (1.0 + (-x).exp());
            (back(logit - half), back(logit + half))
        });
        let (ends, method) = match (ends, estimate == 0.0 || estimate == 1.0) {
            (Some(ends), _) => (Some(ends), "delta"),
            // What has nothing to vary is 0 whatever the variances are.
            (None, true) if self.is_constant(&f) => (Some((estimate, estimate)), "likelihood"),
            (None, true) => {
                let edge = self.edge.get_or_init(|| region::edge(self.fit, z));
                let points = edge.as_deref();
                let ends = points.and_then(|points| region::interval(points, estimate, &f));
                (ends, "likelihood")
            }
            (None, false) => (None, "delta"),
        };
        Share {
            measure: measure.into(),
            estimate,
            std_error,
            lower: ends.map(|e| e.0),
            upper: ends.map(|e| e.1),
            method: ends.map(|_| method),
            definition: definition.into(),
        }
    }

    /// Whether a function is the same wherever a θ is one more.
    fn is_constant(&self, f: &impl Fn(&Point) -> f64) -> bool {
        let here = f(&self.here);
        (0..self.here.theta.len()).all(|i| {
            let mut there = self.here.clone();
            there.theta[i] += 1.0;
            f(&there) == here
        })
    }

    /// The standard error of a function of the parameters. Differences are symmetric, so that a
    /// direction in which the function is even (a θ that is zero) has slope zero exactly.
    fn std_error(&self, f: &impl Fn(&Point) -> f64) -> Option<f64> {
        const STEP: f64 = 1e-5;
        let slope = |change: &dyn Fn(&mut Point, f64), size: f64| {
            let (mut up, mut down) = (self.here.clone(), self.here.clone());
            change(&mut up, size);
            change(&mut down, -size);
            (f(&up) - f(&down)) / (2.0 * size)
        };
        let m = self.here.theta.len();
        let largest = self.here.theta.iter().fold(0.0f64, |a, x| a.max(x.abs()));
        let mut slopes: Vec<f64> = (0..m)
            .map(|i| {
                // Entries of a slope in small units are small themselves.
                let own = self.here.theta[i].abs();
                let size = STEP * if own > 0.0 { own } else { largest.max(1e-3) };
                slope(&|p, h| p.theta[i] += h, size)
            })
            .collect();
        slopes.push(slope(&|p, h| p.sigma += h, STEP * self.here.sigma));
        let p = self.here.beta.len();
        let fixed: Vec<f64> = (0..p)
            .map(|j| {
                let se = self.fit.vcov()[j * p + j].sqrt();
                slope(&|p, h| p.beta[j] += h, 1e-3 * se)
            })
            .collect();
        let variance = quadratic(&slopes, self.parameters) + quadratic(&fixed, self.fit.vcov());
        (variance.is_finite() && variance > 0.0).then(|| variance.sqrt())
    }
}
