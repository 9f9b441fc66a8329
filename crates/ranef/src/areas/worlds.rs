//! Worlds: all effects of a model at once, as estimated or as drawn from what the data leave open.
//!
//! Given the variances, the effects are normal around their estimates with the joint covariance of
//! (β̂ − β, b̂ − b). A level that the model has not seen has an effect drawn from the distribution
//! of the groups, the same for everything that is asked of one world. Draws come in pairs, one the
//! mirror image of the other around the estimates (antithetic variates: Hammersley and Morton
//! 1956): means over them are free of noise wherever the question is linear.

use ranef_engine::lmm::JointDraws;
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
            },
            widths,
            new,
            scale,
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
            let world = |sign: f64| {
                let mut world = self.estimated.clone();
                add(&mut world.fixed, &drawn.fixed, sign);
                for ((effects, drawn), new) in world.random.iter_mut().zip(&drawn.random).zip(&new)
                {
                    let known = drawn.len();
                    add(&mut effects[..known], drawn, sign);
                    add(&mut effects[known..], new, sign);
                }
                ask(&world)
            };
            [world(1.0), world(-1.0)]
        });
        pairs.into_iter().flatten().take(count as usize).collect()
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

fn add(to: &mut [f64], what: &[f64], sign: f64) {
    to.iter_mut().zip(what).for_each(|(x, y)| *x += sign * y);
}
