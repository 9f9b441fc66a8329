//! Forward: one node after another leaves the system.

use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};

use super::{Sparse, UPDATE_COLUMNS};
use crate::blocks::face::conditional_factor;
use crate::blocks::plan::Node;
use crate::blocks::root::Root;
use crate::blocks::small::dot;

/// Collects panels that cover much of the root, to subtract many at once by blocked arithmetic.
pub(in crate::blocks) struct DenseUpdate {
    pub buffer: Vec<f64>,
    pub used: usize,
}

impl DenseUpdate {
    fn flush(&mut self, root: &mut Root) {
        if self.used == 0 {
            return;
        }
        let (size, used) = (root.size, self.used);
        let panel = MatRef::from_column_major_slice(&self.buffer[..size * used], size, used);
        matmul(
            MatMut::from_column_major_slice_mut(&mut root.s, size, size),
            BlockStructure::TriangularLower,
            Accum::Add,
            panel,
            BlockStructure::Rectangular,
            panel.transpose(),
            BlockStructure::Rectangular,
            -1.0,
            Par::Seq,
        );
        self.buffer[..size * used].fill(0.0);
        self.used = 0;
    }
}

impl Sparse {
    /// Eliminates all nodes, leaving S in the root; returns Σ log|M_j|.
    pub fn eliminate(&mut self, lambda: &[Vec<f64>], root: &mut Root) -> f64 {
        for node in self.plan.nodes.iter().filter(|n| !n.leaf) {
            let (own, panel) = (
                node.own..node.own + node.width * node.width,
                self.panel_range(node),
            );
            self.work_own[own.clone()].copy_from_slice(&self.own[own]);
            self.work_panel[panel.clone()].copy_from_slice(&self.panel[panel]);
        }
        let mut log_det = 0.0;
        let mut product = 1.0f64;
        for j in 0..self.plan.nodes.len() {
            let node = self.plan.nodes[j].clone();
            product *= match node.width {
                1 => self.eliminate_node::<1>(&node, &lambda[node.factor], root),
                2 => self.eliminate_node::<2>(&node, &lambda[node.factor], root),
                3 => self.eliminate_node::<3>(&node, &lambda[node.factor], root),
                _ => self.eliminate_node::<0>(&node, &lambda[node.factor], root),
            };
            // One logarithm for many pivots: each is at least 1, so only overflow can happen.
            if product > 1e150 {
                log_det += product.ln();
                product = 1.0;
            }
        }
        self.update.flush(root);
        log_det + product.ln()
    }

    fn eliminate_node<const K: usize>(
        &mut self,
        node: &Node,
        lambda: &[f64],
        root: &mut Root,
    ) -> f64 {
        let k = if K > 0 { K } else { node.width };
        let range = self.panel_range(node);
        let own_range = node.own..node.own + k * k;
        let (own, panel) = if node.leaf {
            (&self.own, &self.panel)
        } else {
            (&self.work_own, &self.work_panel)
        };
        let w = &mut self.w[own_range.clone()];
        let determinant =
            conditional_factor::<K, f64>(k, &own[own_range], lambda, &mut self.scratch, w);
        let scaled = &mut self.scaled[range.clone()];
        for (row, out) in panel[range].chunks_exact(k).zip(scaled.chunks_exact_mut(k)) {
            for c in 0..k {
                out[c] = (0..k).map(|b| row[b] * w[b * k + c]).sum();
            }
        }
        let scaled: &[f64] = scaled;
        let blocks_height = node.height - node.root.len();
        // Later nodes of this part.
        let mut row = 0;
        let mut relative = node.relative;
        for &r in &self.plan.blocks[node.blocks.clone()] {
            let later = &self.plan.nodes[r as usize];
            let kr = later.width;
            let mine = &scaled[row * k..(row + kr) * k];
            let own = &mut self.work_own[later.own..later.own + kr * kr];
            for a in 0..kr {
                for b in 0..=a {
                    own[a * kr + b] -=
                        dot::<K>(&mine[a * k..(a + 1) * k], &mine[b * k..(b + 1) * k]);
                }
            }
            let host =
                &mut self.work_panel[later.panel..later.panel + (later.height + self.tail) * kr];
            for e in row + kr..node.height + self.tail {
                let at = if e < node.height {
                    relative += 1;
                    self.plan.relative[relative - 1] as usize
                } else {
                    later.height + e - node.height
                };
                let values = &scaled[e * k..(e + 1) * k];
                for a in 0..kr {
                    host[at * kr + a] -= dot::<K>(values, &mine[a * k..(a + 1) * k]);
                }
            }
            row += kr;
        }
        // The root.
        let rows = &self.plan.root_rows[node.root.clone()];
        if Self::covers_root(node, root.effects) {
            for a in 0..k {
                let at = self.update.used * root.size;
                let column = &mut self.update.buffer[at..at + root.size];
                for (e, &r) in rows.iter().enumerate() {
                    column[r as usize] = scaled[(blocks_height + e) * k + a];
                }
                for x in 0..self.tail {
                    column[root.effects + x] = scaled[(node.height + x) * k + a];
                }
                self.update.used += 1;
            }
            if self.update.used >= UPDATE_COLUMNS {
                self.update.flush(root);
            }
            return determinant;
        }
        let (size, effects) = (root.size, root.effects);
        let inner = &scaled[blocks_height * k..node.height * k];
        let outer = &scaled[node.height * k..(node.height + self.tail) * k];
        for (c, &column) in rows.iter().enumerate() {
            let column = &mut root.s[column as usize * size..(column as usize + 1) * size];
            let mine = &inner[c * k..(c + 1) * k];
            for (&r, values) in rows[c..].iter().zip(inner[c * k..].chunks_exact(k)) {
                column[r as usize] -= dot::<K>(mine, values);
            }
            for (sum, values) in column[effects..].iter_mut().zip(outer.chunks_exact(k)) {
                *sum -= dot::<K>(mine, values);
            }
        }
        for (c, mine) in outer.chunks_exact(k).enumerate() {
            let column = &mut root.s[(effects + c) * size + effects + c..(effects + c + 1) * size];
            for (sum, values) in column.iter_mut().zip(outer[c * k..].chunks_exact(k)) {
                *sum -= dot::<K>(mine, values);
            }
        }
        determinant
    }
}
