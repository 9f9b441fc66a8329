//! Draws of all effects of a fit from their joint distribution.
//!
//! Given θ and a flat prior on β, the effects that made the data are normal around their estimates
//! with the covariance of [`Joint`]. What is not linear in them (a rank, the largest of several, a
//! probability behind a link) is asked of draws: every draw is one world that agrees with the data,
//! all effects of it at once. Draw number i is a matter of the seed and of i alone.

use std::ops::Range;

use rayon::prelude::*;

use super::joint::Joint;
use crate::blocks::RootFactor;
use crate::random::Stream;

/// Draws made at a time: enough to make matrix products of them.
const BLOCK: usize = 32;

/// Draws of what the effects differ from their estimates by; see [`Joint::draws`].
#[derive(Clone, Debug)]
pub struct JointDraws<'a> {
    joint: &'a Joint,
    factor: RootFactor,
    seed: u64,
}

/// One draw, in the user's units: effects less their estimates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawn {
    /// Fixed effects, p numbers.
    pub fixed: Vec<f64>,
    /// Random effects by grouping factor: as many numbers a level as its face has columns.
    pub random: Vec<Vec<f64>>,
}

impl Joint {
    /// Draws under a seed. They take stream 0 of every replicate of [`Stream`]; the other streams
    /// are free for what else a draw needs.
    pub fn draws(&self, seed: u64) -> JointDraws<'_> {
        JointDraws {
            joint: self,
            factor: self.kept.root_factor(),
            seed,
        }
    }
}

impl JointDraws<'_> {
    /// What `ask` finds in each of the draws of these numbers, in their order. The draws are made on
    /// all threads; what is found does not depend on how many these are.
    pub fn map<T: Send>(
        &self,
        numbers: Range<u32>,
        ask: impl Fn(u32, &Drawn) -> T + Sync,
    ) -> Vec<T> {
        let count = numbers.end.saturating_sub(numbers.start);
        (0..count.div_ceil(BLOCK as u32))
            .into_par_iter()
            .flat_map_iter(|block| {
                let first = numbers.start + block * BLOCK as u32;
                let wanted = (numbers.end - first).min(BLOCK as u32);
                // All draws of the block, wanted or not: a product of fewer columns may round
                // otherwise.
                let made = self.block(first);
                let found: Vec<T> = (first..first + wanted)
                    .zip(&made)
                    .map(|(i, drawn)| ask(i, drawn))
                    .collect();
                found
            })
            .collect()
    }

    fn block(&self, first: u32) -> Vec<Drawn> {
        let Joint {
            layout,
            coordinates,
            sigma,
            kept,
        } = self.joint;
        let (in_nodes, in_root) = kept.normals(&self.factor);
        let mut nodes = vec![0.0; BLOCK * in_nodes];
        let mut root = vec![0.0; BLOCK * in_root];
        for i in 0..BLOCK {
            let mut stream = Stream::new(self.seed, first.wrapping_add(i as u32), 0);
            let own = &mut root[i * in_root..(i + 1) * in_root];
            own.iter_mut().for_each(|z| *z = stream.normal());
            let own = &mut nodes[i * in_nodes..(i + 1) * in_nodes];
            own.iter_mut().for_each(|z| *z = stream.normal());
        }
        let root = kept.root_draws(&self.factor, &root, BLOCK);
        let lead = root.len() / BLOCK;
        let scale = sigma / coordinates.response.scale;
        (0..BLOCK)
            .map(|i| {
                let root = &root[i * lead..(i + 1) * lead];
                let nodes = &mut nodes[i * in_nodes..(i + 1) * in_nodes];
                kept.back_substitute(root, nodes);
                let fixed: Vec<f64> = kept.fixed_part(root).iter().map(|x| scale * x).collect();
                let mut random: Vec<Vec<f64>> = layout
                    .factors
                    .iter()
                    .map(|f| vec![0.0; f.levels * f.width])
                    .collect();
                kept.each_level(root, nodes, |factor, level, effects| {
                    let k = layout.factors[factor].width;
                    let own = &mut random[factor][level * k..(level + 1) * k];
                    for (to, x) in own.iter_mut().zip(effects) {
                        *to = scale * x;
                    }
                    coordinates.random_effects(layout, factor, own);
                });
                Drawn {
                    fixed: coordinates.map_fixed(layout, &fixed),
                    random,
                }
            })
            .collect()
    }
}
