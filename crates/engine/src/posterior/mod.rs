//! What the data leave open about the variance parameters: points of θ with weights.
//!
//! Standard errors that take θ as known are too small where few levels tell it (Kackar and Harville
//! 1984, JASA 79:853: Var of what an empirical prediction misses is that at known θ plus what its
//! estimation adds; Prasad and Rao 1990, JASA 85:163, give that term, g₃, for area means). Their
//! expansions are in 1/J and break down at the boundary, where θ̂ = 0 and all of the first term is
//! gone. Kass and Steffey (1989, JASA 84:717) get the same term as part of
//! E\[Var(·|θ, y)\] + Var\[E(·|θ, y)\] under p(θ|y), which has no trouble there: the likelihood of a
//! variance of zero says how large it might have been. So here: p(θ|y) is represented by points
//! with weights, at each of which β and b have their joint normal distribution, and every question
//! is a mixture over the points. With a Laplace approximation at each point this is what
//! Rue, Martino and Chopin (2009, JRSS B 71:319) do by grids.
//!
//! **The density.** −2 log p(y|θ) with β integrated out: the REML criterion of a linear model (by
//! whatever method it was fitted), whose σ² given θ is r/χ²(n − p); for another family
//! F(θ, β̂_θ, ψ̂_θ) + log|X'V⁻¹X|, Laplace's −2 log-likelihood at the best fixed effects with its
//! curvature there.
//!
//! **The prior** is flat in every variance where the data say anything, uniform over correlations
//! (LKJ with shape 1: Lewandowski, Kurowicka and Joe 2009, J. Multivariate Analysis 100:1989). Intervals of
//! area means under a flat variance hold the truth as often as they say, in repeated sampling
//! (Morris and Tang 2011, Statistical Science 26:271, section 2.3; Datta, Rao and Smith 2005,
//! Biometrika 92:183); a flat standard deviation, which Gelman (2006, Bayesian Analysis 1:515)
//! advises for other ends, leaves them too narrow: 94.1 % for 95 % in 14 regions like those of the
//! survey in the guide, where a flat variance has 95.2 and taking θ as known 91.5. A tail of
//! (1 + τ²/3A²)⁻², A being 2.5 standard deviations (of the response, or of the linear predictor and
//! no less than 1), makes it proper also for two or three levels. It is set on centred and scaled
//! columns, so that units and origins of predictors do not matter.
//!
//! **The points** are a quasi-random sequence behind a product of split Student's t distributions
//! along the axes of the curvature at θ̂, each side as wide as the criterion says ([`proposal`]);
//! weights are importance weights, truncated (Ionides 2008, J. Comp. Graph. Stat. 17:295). The
//! criterion does not change when a column of Λ changes its sign: θ may lie anywhere in ℝᵐ, the
//! density of the proposal is summed over its mirror images, and a boundary is no special case.

mod generalised;
mod linear;
mod proposal;

use crate::Interrupt;
use crate::layout::{Entry, Layout};
use crate::lmm::Joint;

pub use generalised::of_generalised;
pub use linear::of_linear;
use proposal::Proposal;

/// One point of θ: what the effects are there, in the user's units.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its share of the probability; those of all nodes add up to 1.
    pub weight: f64,
    /// Covariance parameters: relative to σ in a linear model.
    pub theta: Vec<f64>,
    /// Residual standard deviation that is best there; 1 for other families.
    pub sigma: f64,
    /// Degrees of freedom of σ²: σ²·df/χ²(df) is its distribution. `None` where there is no σ.
    pub degrees: Option<f64>,
    /// Fixed effects.
    pub beta: Vec<f64>,
    /// Nuisance parameters of the family.
    pub psi: Vec<f64>,
    /// Random effects by grouping factor, a face a level.
    pub modes: Vec<Vec<f64>>,
    /// The joint covariance of all effects there.
    pub joint: Joint,
}

/// How many points.
const MOST: usize = 96;
const FEWEST: usize = 24;
/// Numbers of joint covariances that are held at a time; rows that all points together go through.
const HELD: usize = 12_000_000;
const ROWS: usize = 200_000;
/// Points handled by one copy of a model, one after another.
const CHUNK: usize = 8;
/// A node below this share of the largest is left out.
const NEGLIGIBLE: f64 = 1e-4;

/// The points for a model whose joint covariance has `size` numbers and whose every evaluation goes
/// through `rows`; `None` where the covariance is too large to have one at several points. (Such
/// models have thousands of levels.)
fn points_for(size: usize, rows: usize) -> Option<usize> {
    let most = HELD / size.max(1);
    (most >= FEWEST).then(|| most.min(ROWS / rows.max(1)).clamp(FEWEST, MOST))
}

/// −2 log p(θ|y) but for the prior and a constant, in standard units.
trait Marginal {
    /// At a point; positive infinity where it does not exist.
    fn at(&mut self, theta: &[f64]) -> f64;

    /// What the effects are at the point of the last value, without a weight.
    fn node(&mut self, theta: &[f64]) -> Option<Node>;
}

/// The nodes of points with their weights; `None` where the density does not exist or the work was
/// interrupted.
fn weigh<M: Marginal>(
    layout: &Layout,
    points: Vec<(Vec<f64>, f64)>,
    scale: f64,
    interrupt: &Interrupt,
    make: impl Fn() -> M + Sync,
) -> Option<Vec<Node>> {
    use rayon::prelude::*;
    let entries = layout.entries();
    let found: Vec<Option<(f64, Node)>> = points
        .par_chunks(CHUNK)
        .flat_map_iter(|chunk| {
            let mut model = make();
            let mut one = |(theta, ln_density): &(Vec<f64>, f64)| {
                if interrupt.is_set() {
                    return None;
                }
                let value = model.at(theta);
                let log = ln_prior(layout, &entries, scale, theta) - 0.5 * value - ln_density;
                let node = value.is_finite().then(|| model.node(theta)).flatten()?;
                Some((log, node))
            };
            chunk.iter().map(&mut one).collect::<Vec<_>>()
        })
        .collect();
    if interrupt.is_set() {
        return None;
    }
    // A point without a density has no weight; it counts as one all the same.
    let (count, found) = (found.len(), found.into_iter().flatten());
    let (logs, mut nodes): (Vec<f64>, Vec<Node>) = found.unzip();
    let weights = truncated(&logs, count)?;
    let largest = weights.iter().fold(0.0, |a: f64, &w| a.max(w));
    for (node, weight) in nodes.iter_mut().zip(weights) {
        node.weight = weight;
    }
    nodes.retain(|node| node.weight > NEGLIGIBLE * largest);
    let total: f64 = nodes.iter().map(|node| node.weight).sum();
    nodes.iter_mut().for_each(|node| node.weight /= total);
    Some(nodes)
}

/// Importance weights from their logarithms, none above √n times their mean (Ionides 2008, eq. 4).
fn truncated(logs: &[f64], count: usize) -> Option<Vec<f64>> {
    let largest = logs.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b));
    if !largest.is_finite() {
        return None;
    }
    let raw: Vec<f64> = logs.iter().map(|l| (l - largest).exp()).collect();
    let n = count as f64;
    let most = raw.iter().sum::<f64>() / n * n.sqrt();
    Some(raw.into_iter().map(|w| w.min(most)).collect())
}

/// log p(θ) but for a constant. With s_i the standard deviation of effect i of a term of k, which is
/// the length of row i of Λ, and ω_i = row/s_i: s_i² is flat with a tail, and LKJ(1) over the
/// correlations is Π_{i≥2} ω_ii^{k−i+1} over the surfaces of the half-spheres that ω_i lie on; from
/// polar to Cartesian coordinates another Π s_i^{−(i−1)}.
fn ln_prior(layout: &Layout, entries: &[Entry], scale: f64, theta: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (index, term) in layout.terms.iter().enumerate() {
        for i in 0..term.width {
            let (mut square, mut own) = (0.0, 0.0);
            for (entry, &x) in entries.iter().zip(theta) {
                if entry.term == index && entry.row == term.offset + i {
                    square += x * x;
                    if entry.is_diagonal() {
                        own = x.abs();
                    }
                }
            }
            let s: f64 = f64::sqrt(square);
            sum += s.ln() - 2.0 * (s / scale).powi(2).mul_add(1.0 / 3.0, 1.0).ln();
            if i > 0 {
                sum -= i as f64 * s.ln();
                sum += (term.width - i) as f64 * (own / s).ln();
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests;
