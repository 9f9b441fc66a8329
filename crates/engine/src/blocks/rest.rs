//! What is left when the leaves alone are eliminated: the nodes that are not leaves, the root's
//! effects and X, with their joint covariance whole.
//!
//! Elimination of the inner nodes I before the root R is C̃ = E⁻ᵀ blkdiag(X_I, C̃_R) E⁻¹ with X_j = W_jW_j',
//! and E unit lower triangular: E_rj = S_rjX_j. With E_I its part over the inner nodes, F the one below,
//! and Q = FE_I⁻¹, C̃_RI = −C̃_RQ and C̃_II = E_I⁻ᵀX_IE_I⁻¹ + Q'C̃_RQ. Nothing is divided by Λ.

use faer::linalg::triangular_solve;
use faer::{Accum, MatMut, MatRef, Par};

use super::plan::Node;
use super::root::Root;
use super::small::product;
use super::sparse::Sparse;

/// The inner nodes in their order, then the root's effects, then X where C̃ has it.
pub(super) struct Rest {
    /// Rows: effects and X.
    pub size: usize,
    /// C̃, both triangles.
    pub covariance: Vec<f64>,
    /// Grouping factor and first row of every level.
    pub faces: Vec<(usize, usize)>,
    /// Of every node its first row; leaves have none.
    starts: Vec<usize>,
    /// Effects of inner nodes, and of the root.
    inner: usize,
    effects: usize,
}

impl Rest {
    /// How many rows there will be.
    pub fn rows(nodes: &Sparse, root: &Root) -> usize {
        let inner = nodes.plan.nodes.iter().filter(|n| !n.leaf);
        inner.map(|n| n.width).sum::<usize>() + root.covariance_size
    }

    /// For nodes that are eliminated and a root whose covariance is current.
    pub fn new(nodes: &Sparse, root: &Root) -> Self {
        let mut starts = vec![usize::MAX; nodes.plan.nodes.len()];
        let mut faces = Vec::new();
        let mut inner = 0;
        for (j, node) in nodes.plan.nodes.iter().enumerate() {
            if !node.leaf {
                starts[j] = inner;
                faces.push((node.factor, inner));
                inner += node.width;
            }
        }
        faces.extend(root.faces().iter().map(|f| (f.factor, inner + f.offset)));
        let size = inner + root.covariance_size;
        let mut out = Self {
            size,
            covariance: Vec::new(),
            faces,
            starts,
            inner,
            effects: inner + root.effects,
        };
        out.covariance = if inner == 0 {
            root.covariance.clone()
        } else {
            out.joined(nodes, root)
        };
        out
    }

    /// The row of each row of a node's panel, X included, into `out`.
    pub fn positions(&self, nodes: &Sparse, node: &Node, out: &mut Vec<usize>) {
        out.clear();
        for &r in &nodes.plan.blocks[node.blocks.clone()] {
            let start = self.starts[r as usize];
            out.extend(start..start + nodes.plan.nodes[r as usize].width);
        }
        let rows = &nodes.plan.root_rows[node.root.clone()];
        out.extend(rows.iter().map(|&r| self.inner + r as usize));
        out.extend(self.effects..self.size);
    }

    fn joined(&self, nodes: &Sparse, root: &Root) -> Vec<f64> {
        let (n, r) = (self.inner, root.covariance_size);
        let mut unit = vec![0.0; n * n];
        // F' and then blkdiag(W): n rows, by columns.
        let mut right = vec![0.0; n * (r + n)];
        let mut positions = Vec::new();
        for (node, &start) in nodes.plan.nodes.iter().zip(&self.starts) {
            if node.leaf {
                continue;
            }
            let k = node.width;
            let w = &nodes.w[node.own..node.own + k * k];
            for i in 0..k {
                unit[(start + i) * n + start + i] = 1.0;
                for c in 0..k {
                    right[(r + start + c) * n + start + i] = w[i * k + c];
                }
            }
            self.positions(nodes, node, &mut positions);
            let scaled = &nodes.scaled[nodes.panel_range(node)];
            for (&at, row) in positions.iter().zip(scaled.chunks_exact(k)) {
                for i in 0..k {
                    let x: f64 = (0..k).map(|c| row[c] * w[i * k + c]).sum();
                    if at < n {
                        unit[(start + i) * n + at] = x;
                    } else {
                        right[(at - n) * n + start + i] = x;
                    }
                }
            }
        }
        triangular_solve::solve_upper_triangular_in_place(
            MatRef::from_column_major_slice(&unit, n, n).transpose(),
            MatMut::from_column_major_slice_mut(&mut right, n, r + n),
            Par::Seq,
        );
        // By columns: Q' and E⁻ᵀ blkdiag(W).
        let (q, v) = right.split_at(r * n);
        let size = self.size;
        // −Q'C̃_R, which is C̃_IR.
        let beside = product(q, &root.covariance, n, r, r, -1.0);
        let mut own = vec![0.0; n * n];
        let mut add = |a: &[f64], b: &[f64], count: usize, factor: f64| {
            if count > 0 {
                faer::linalg::matmul::matmul(
                    MatMut::from_column_major_slice_mut(&mut own, n, n),
                    Accum::Add,
                    MatRef::from_column_major_slice(a, n, count),
                    MatRef::from_column_major_slice(b, n, count).transpose(),
                    factor,
                    Par::Seq,
                );
            }
        };
        add(v, v, n, 1.0);
        add(&beside, q, r, -1.0);
        let mut out = vec![0.0; size * size];
        for c in 0..n {
            out[c * size..c * size + n].copy_from_slice(&own[c * n..(c + 1) * n]);
        }
        for c in 0..r {
            let column = &mut out[(n + c) * size..(n + c + 1) * size];
            column[..n].copy_from_slice(&beside[c * n..(c + 1) * n]);
            column[n..].copy_from_slice(&root.covariance[c * r..(c + 1) * r]);
        }
        for c in 0..n {
            for at in n..size {
                out[c * size + at] = out[at * size + c];
            }
        }
        out
    }
}
