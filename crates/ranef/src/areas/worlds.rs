//! Worlds: all effects of a model at once, as estimated or as drawn from what the data leave open.
//!
//! Given the variances, the effects are normal around their estimates with the joint covariance of
//! (β̂ − β, b̂ − b). A level that the model has not seen has an effect drawn from the distribution
//! of the groups, the same for everything that is asked of one world. The parameters of the family
//! (thresholds, the probability of a zero) are normal on their scale without bounds, and the effects
//! move along with them ([`ranef_engine::glmm::Fit::drift`]). Draws come in pairs, one the
//! mirror image of the other around the estimates (antithetic variates: Hammersley and Morton
//! 1956): means over them are free of noise wherever the question is linear.

use ranef_engine::glmm::family::Family;
use ranef_engine::lmm::{Drawn, JointDraws};
use ranef_engine::random::Stream;

use crate::rows::layout;
use crate::{Error, Fit};

/// All effects, in the user's units.
#[derive(Clone, Debug)]
pub(super) struct World {
    /// Fixed effects.
    pub fixed: Vec<f64>,
    /// Random effects by grouping factor, a face a level; new levels stand behind the known ones.
    pub random: Vec<Vec<f64>>,
    /// Parameters of the family.
    pub nuisance: Vec<f64>,
}

/// Makes worlds.
pub(super) struct Worlds<'a> {
    draws: JointDraws<'a>,
    seed: u64,
    estimated: World,
    widths: Vec<usize>,
    /// New levels of each grouping factor.
    new: Vec<usize>,
    /// The factor of the covariance of each grouping factor, by rows.
    scale: Vec<Vec<f64>>,
    /// The lower triangular root of the covariance of the parameters of the family, by rows, and how the
    /// effects move with these.
    family: Vec<f64>,
    drift: &'a [Drawn],
    /// Whether these parameters are thresholds, which stay in order.
    ordered: bool,
}

impl<'a> Worlds<'a> {
    /// Of a fit, with so many new levels of each grouping factor.
    ///
    /// # Errors
    /// `needs_rows` for a saved model that was too large to take its joint covariance along.
    pub fn of(fit: &'a Fit, seed: u64, new: Vec<usize>) -> Result<Self, Error> {
        let layout = layout(fit.recipe());
        let mut random = fit.random_effects().modes.clone();
        let widths = fit.widths();
        for ((effects, new), k) in random.iter_mut().zip(&new).zip(&widths) {
            effects.extend(std::iter::repeat_n(0.0, new * k));
        }
        let mut scale = layout.lambda(fit.theta());
        // θ of a linear model is relative to σ, that of a generalised one stands for itself.
        let sigma = if fit.family().is_gaussian() {
            fit.sigma()
        } else {
            1.0
        };
        scale.iter_mut().flatten().for_each(|x| *x *= sigma);
        Ok(Self {
            draws: fit.joint()?.draws(seed),
            seed,
            estimated: World {
                fixed: fit.fixef().to_vec(),
                random,
                nuisance: fit.nuisance().to_vec(),
            },
            widths,
            new,
            scale,
            family: root(&fit.family_covariance().own, fit.nuisance().len()),
            drift: fit.drift()?,
            ordered: fit.family().distribution() == Family::Ordinal,
        })
    }

    /// The estimates, with new levels at zero.
    pub fn estimated(&self) -> &World {
        &self.estimated
    }

    /// The variance of z'b of a new level.
    pub fn new_variance(&self, factor: usize, z: &[f64]) -> f64 {
        let (k, scale) = (self.widths[factor], &self.scale[factor]);
        (0..k)
            .map(|c| (c..k).map(|a| scale[a * k + c] * z[a]).sum::<f64>())
            .map(|x| x * x)
            .sum()
    }

    /// What `ask` finds in each of so many worlds, in their order; the same for any number of
    /// threads.
    pub fn map<T: Send>(&self, count: u32, ask: impl Fn(&World) -> T + Sync) -> Vec<T> {
        let pairs = self.draws.map(count.div_ceil(2), |replicate, drawn| {
            let new = self.new_effects(replicate);
            let family = self.family_errors(replicate);
            let world = |sign: f64| {
                let mut world = self.estimated.clone();
                add(&mut world.fixed, &drawn.fixed, sign);
                for ((effects, drawn), new) in world.random.iter_mut().zip(&drawn.random).zip(&new)
                {
                    let known = drawn.len();
                    add(&mut effects[..known], drawn, sign);
                    add(&mut effects[known..], new, sign);
                }
                add(&mut world.nuisance, &family, sign);
                if self.ordered {
                    world.nuisance.sort_by(f64::total_cmp);
                }
                for (error, drift) in family.iter().zip(self.drift) {
                    add(&mut world.fixed, &drift.fixed, sign * error);
                    for (effects, moved) in world.random.iter_mut().zip(&drift.random) {
                        add(effects, moved, sign * error);
                    }
                }
                ask(&world)
            };
            [world(1.0), world(-1.0)]
        });
        pairs.into_iter().flatten().take(count as usize).collect()
    }

    /// What the parameters of the family differ from their estimates by.
    fn family_errors(&self, replicate: u32) -> Vec<f64> {
        let k = self.estimated.nuisance.len();
        if k == 0 {
            return Vec::new();
        }
        let mut stream = Stream::new(self.seed, replicate, u32::MAX);
        let z: Vec<f64> = (0..k).map(|_| stream.normal()).collect();
        (0..k)
            .map(|i| (0..=i).map(|j| self.family[i * k + j] * z[j]).sum())
            .collect()
    }

    /// Effects of the new levels, each level with a stream of its own.
    fn new_effects(&self, replicate: u32) -> Vec<Vec<f64>> {
        let mut part = 0;
        let mut out = Vec::with_capacity(self.new.len());
        for ((&new, &k), scale) in self.new.iter().zip(&self.widths).zip(&self.scale) {
            let mut effects = vec![0.0; new * k];
            for level in effects.chunks_exact_mut(k.max(1)) {
                part += 1;
                let mut stream = Stream::new(self.seed, replicate, part);
                for c in 0..k {
                    let z = stream.normal();
                    for a in c..k {
                        level[a] += scale[a * k + c] * z;
                    }
                }
            }
            out.push(effects);
        }
        out
    }
}

/// The lower triangular root of a covariance matrix, k × k by rows; a variable without variance has a
/// row of zeros.
fn root(matrix: &[f64], k: usize) -> Vec<f64> {
    let mut out = vec![0.0; k * k];
    for i in 0..k {
        for j in 0..=i {
            let done: f64 = (0..j).map(|c| out[i * k + c] * out[j * k + c]).sum();
            let left = matrix[i * k + j] - done;
            out[i * k + j] = if i == j {
                left.max(0.0).sqrt()
            } else if out[j * k + j] > 0.0 {
                left / out[j * k + j]
            } else {
                0.0
            };
        }
    }
    out
}

fn add(to: &mut [f64], what: &[f64], sign: f64) {
    to.iter_mut().zip(what).for_each(|(x, y)| *x += sign * y);
}
