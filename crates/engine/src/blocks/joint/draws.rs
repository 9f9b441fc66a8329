//! Draws of all effects at once.
//!
//! Forward substitution takes a row a to A a with C̃ = A'A; so A'z with independent standard
//! normals z is a draw from N(0, C̃). A' is forward substitution turned round: at the root a factor
//! R of its joint covariance, C̃_root = RR', and from the last node to the first
//!
//! v_j = W_j(z_j − Σ_r (S_rj W_j)'v_r)  over the rows r of its panel,
//!
//! which costs what the way of one row through all nodes does. Singular covariances make C̃_root
//! singular: its factor comes from a Cholesky decomposition with pivots, of the correlations, so
//! that the units of the columns do not decide what counts as zero.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt_pivoting::factor;
use faer::{MatMut, Par};

use super::{Kept, Place};
use crate::blocks::small::product;

/// R with C̃ = RR' over the root's effects and X: n × rank by columns.
#[derive(Clone, Debug)]
pub(crate) struct RootFactor {
    rank: usize,
    values: Vec<f64>,
}

impl Kept {
    /// The factor of the root's joint covariance.
    pub fn root_factor(&self) -> RootFactor {
        let n = self.root_effects + self.fixed;
        let sd: Vec<f64> = (0..n)
            .map(|i| self.covariance[i * n + i].max(0.0).sqrt())
            .collect();
        let live: Vec<usize> = (0..n).filter(|&i| sd[i] > 0.0).collect();
        let m = live.len();
        let mut matrix = vec![0.0; m * m];
        for (c, &column) in live.iter().enumerate() {
            for (r, &row) in live.iter().enumerate() {
                matrix[c * m + r] = self.covariance[column * n + row] / (sd[column] * sd[row]);
            }
        }
        let (mut order, mut inverse) = (vec![0usize; m], vec![0usize; m]);
        let need = factor::cholesky_in_place_scratch::<usize, f64>(m, Par::Seq, Default::default());
        let found = factor::cholesky_in_place(
            MatMut::from_column_major_slice_mut(&mut matrix, m, m),
            &mut order,
            &mut inverse,
            Par::Seq,
            MemStack::new(&mut MemBuffer::new(need)),
            Default::default(),
        );
        // A correlation matrix of numbers has no pivot that is not one.
        let rank = found.map_or(0, |(info, _)| info.rank);
        let mut values = vec![0.0; n * rank];
        for c in 0..rank {
            for r in c..m {
                let row = live[order[r]];
                values[c * n + row] = sd[row] * matrix[c * m + r];
            }
        }
        RootFactor { rank, values }
    }

    /// Normals that one draw takes for the nodes, and for the root.
    pub fn normals(&self, factor: &RootFactor) -> (usize, usize) {
        (self.effects, factor.rank)
    }

    /// Rz of several vectors z one after another, over the root's effects and X.
    pub fn root_draws(&self, factor: &RootFactor, z: &[f64], count: usize) -> Vec<f64> {
        let n = self.root_effects + self.fixed;
        product(&factor.values, z, n, factor.rank, count, 1.0)
    }

    /// The effects of the nodes in place of the normals that make them, given those of the root.
    pub fn back_substitute(&self, root: &[f64], nodes: &mut [f64]) {
        let mut half = Vec::new();
        for node in self.nodes.iter().rev() {
            let k = node.width;
            half.clear();
            half.extend_from_slice(&nodes[node.start..node.start + k]);
            let mut rows = self.scaled[node.panel..].chunks_exact(k);
            let mut take = |value: f64, half: &mut [f64]| {
                for (h, s) in half.iter_mut().zip(rows.next().unwrap_or_default()) {
                    *h -= s * value;
                }
            };
            for &r in &self.blocks[node.blocks.clone()] {
                let later = &self.nodes[r as usize];
                for &value in &nodes[later.start..later.start + later.width] {
                    take(value, &mut half);
                }
            }
            for &r in &self.root_rows[node.root.clone()] {
                take(root[r as usize], &mut half);
            }
            for &value in &root[self.root_effects..] {
                take(value, &mut half);
            }
            let w = &self.w[node.own..node.own + k * k];
            for (value, row) in nodes[node.start..].iter_mut().zip(w.chunks_exact(k)) {
                *value = row.iter().zip(&half).map(|(w, h)| w * h).sum();
            }
        }
    }

    /// Hands out the effects of every level, by factor and level.
    pub fn each_level(
        &self,
        root: &[f64],
        nodes: &[f64],
        mut visit: impl FnMut(usize, usize, &[f64]),
    ) {
        for node in &self.nodes {
            let own = &nodes[node.start..node.start + node.width];
            visit(node.factor as usize, node.level as usize, own);
        }
        for &(factor, level) in &self.faces {
            if let Place::Root(first) = self.places[factor as usize][level as usize] {
                visit(factor as usize, level as usize, &root[first as usize..]);
            }
        }
    }

    /// X's part of a vector over the root.
    pub fn fixed_part<'a>(&self, root: &'a [f64]) -> &'a [f64] {
        &root[self.root_effects..]
    }
}
