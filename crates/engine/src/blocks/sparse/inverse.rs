//! Back: the selected inverse, that is the joint covariance C̃ where the system has entries, and
//! with it the scores.

use faer::{Accum, MatMut, MatRef, Par};

use super::{Sparse, UPDATE_COLUMNS};
use crate::blocks::face::{remaining, times_own};
use crate::blocks::plan::{Node, Plan};
use crate::blocks::root::Root;
use crate::blocks::small::{dot, sandwich};

/// Sees a grouping factor, a level and its K × K numbers.
pub(in crate::blocks) type Visit<'a> = &'a mut dyn FnMut(usize, usize, &[f64]);

/// A symmetric matrix with the pattern of C̃: the nodes that are not leaves, and the root.
pub(in crate::blocks) struct Covariance<'a> {
    pub own: &'a [f64],
    pub panel: &'a [f64],
    pub root: &'a [f64],
    pub root_size: usize,
}

impl Sparse {
    /// From now on [`Sparse::selected_inverse`], where somebody visits it, leaves the rows of C̃ of
    /// leaves behind too.
    pub fn keep_all(&mut self) {
        self.all = true;
        self.covariance_own.resize(self.plan.own_size, 0.0);
        self.covariance_panel.resize(self.plan.panel_size, 0.0);
    }

    /// Adds each factor's Σ_f Z_f'PZ_f (or with V⁻¹ in place of P, as the root's C̃ has it) to
    /// `scores`, filling the nodes' rows of C̃ on the way. `visit` sees C̃_jj of every node where
    /// it is given (only then is it computed for leaves).
    pub fn selected_inverse(
        &mut self,
        root: &Root,
        scores: &mut [Vec<f64>],
        mut visit: Option<Visit<'_>>,
    ) {
        let fixed = root.covariance_size - root.effects;
        let tallest = self
            .plan
            .nodes
            .iter()
            .map(|n| (n.height + self.tail) * n.width)
            .max()
            .unwrap_or(0);
        let widest = self.plan.nodes.iter().map(|n| n.width).max().unwrap_or(0);
        let mut rest = vec![0.0; tallest];
        let mut product = vec![0.0; tallest];
        let mut sw = vec![0.0; widest * widest];
        let mut kept = vec![0.0; widest * widest];
        let mut dense = DenseProduct::new(self, root);
        for j in (0..self.plan.nodes.len()).rev() {
            let node = self.plan.nodes[j].clone();
            let k = node.width;
            let rows = node.height + fixed;
            {
                let (own, panel) = self.current(&node);
                let scaled = &self.scaled[self.panel_range(&node)];
                let w = &self.w[node.own..node.own + k * k];
                times_own::<0, f64>(k, own, w, &mut sw);
                remaining::<0, f64>(k, own, &sw, &mut kept);
                // N_rj = S_rj − (S_rj W)(SW)'.
                for e in 0..rows {
                    for i in 0..k {
                        let taken: f64 = (0..k).map(|m| sw[i * k + m] * scaled[e * k + m]).sum();
                        rest[e * k + i] = panel[e * k + i] - taken;
                    }
                }
            }
            let score = &mut scores[node.factor];
            score.iter_mut().zip(&kept).for_each(|(s, x)| *s += x);
            if Self::covers_root(&node, root.effects) && visit.is_none() {
                dense.add(&self.plan, &node, &rest[..rows * k], root, scores);
                continue;
            }
            if k == 1 && node.leaf && node.blocks.is_empty() && visit.is_none() {
                scores[node.factor][0] -= self.root_form(&node, root, &rest[..rows]);
                continue;
            }
            self.multiply_covariance(
                &node,
                &self.joint(root),
                &rest[..rows * k],
                &mut product[..rows * k],
            );
            let score = &mut scores[node.factor];
            for (n, c) in rest[..rows * k]
                .chunks_exact(k)
                .zip(product.chunks_exact(k))
            {
                for i in 0..k {
                    for m in 0..k {
                        score[i * k + m] -= n[i] * c[m];
                    }
                }
            }
            if !node.leaf || visit.is_some() {
                // C̃_rj = −C̃ (S_rj W) W', C̃_jj = WW' + W (S_rj W)' C̃ (S_rj W) W'.
                let scaled = &self.scaled[self.panel_range(&node)][..rows * k];
                self.multiply_covariance(
                    &node,
                    &self.joint(root),
                    scaled,
                    &mut product[..rows * k],
                );
                let w = &self.w[node.own..node.own + k * k];
                let mut inner = vec![0.0; k * k];
                for i in 0..k {
                    inner[i * k + i] = 1.0;
                }
                for (l, c) in scaled.chunks_exact(k).zip(product.chunks_exact(k)) {
                    for i in 0..k {
                        for m in 0..k {
                            inner[i * k + m] += l[i] * c[m];
                        }
                    }
                }
                let own = sandwich(w, &inner, k);
                if !node.leaf || self.all {
                    for e in 0..rows {
                        for a in 0..k {
                            self.covariance_panel[node.panel + e * k + a] = -(0..k)
                                .map(|m| product[e * k + m] * w[a * k + m])
                                .sum::<f64>();
                        }
                    }
                    self.covariance_own[node.own..node.own + k * k].copy_from_slice(&own);
                }
                if let Some(visit) = visit.as_deref_mut() {
                    visit(node.factor, node.level, &own);
                }
            }
        }
        dense.finish(root, scores);
    }

    /// x'C̃x over the rows of a node of one effect that meets nothing but the root: half the work
    /// of the product, which nothing else of such a leaf needs.
    fn root_form(&self, node: &Node, root: &Root, x: &[f64]) -> f64 {
        let (n, effects) = (root.covariance_size, root.effects);
        let inner = &self.plan.root_rows[node.root.clone()];
        let mut form = 0.0;
        for (e, &xe) in x.iter().enumerate() {
            let at = match inner.get(e) {
                Some(&row) => row as usize,
                None => effects + e - inner.len(),
            };
            let column = &root.covariance[at * n..(at + 1) * n];
            // Rows of the root are in increasing order, those of X last.
            let before = e.min(inner.len());
            let (mut even, mut odd) = (0.0, 0.0);
            let (pairs, last) = inner[..before].as_chunks::<2>();
            let (values, rest) = x[..before].as_chunks::<2>();
            for (&[a, b], [xa, xb]) in pairs.iter().zip(values) {
                even += column[a as usize] * xa;
                odd += column[b as usize] * xb;
            }
            for (&a, xa) in last.iter().zip(rest) {
                even += column[a as usize] * xa;
            }
            for (c, xg) in column[effects..].iter().zip(&x[before..e]) {
                odd += c * xg;
            }
            form += xe * (2.0 * (even + odd) + column[at] * xe);
        }
        form
    }

    /// C̃ as the last [`Sparse::selected_inverse`] left it.
    pub(in crate::blocks) fn joint<'a>(&'a self, root: &'a Root) -> Covariance<'a> {
        Covariance {
            own: &self.covariance_own,
            panel: &self.covariance_panel,
            root: &root.covariance,
            root_size: root.covariance_size,
        }
    }

    /// C̃, over the rows of a node's panel, times as many rows of K numbers.
    pub(in crate::blocks) fn multiply_covariance(
        &self,
        node: &Node,
        covariance: &Covariance<'_>,
        input: &[f64],
        out: &mut [f64],
    ) {
        let k = node.width;
        let rows = input.len() / k;
        let blocks_height = node.height - node.root.len();
        out.fill(0.0);
        let mut row = 0;
        let mut relative = node.relative;
        for &r in &self.plan.blocks[node.blocks.clone()] {
            let later = &self.plan.nodes[r as usize];
            let kr = later.width;
            let own = &covariance.own[later.own..later.own + kr * kr];
            for a in 0..kr {
                for b in 0..kr {
                    for i in 0..k {
                        out[(row + a) * k + i] += own[a * kr + b] * input[(row + b) * k + i];
                    }
                }
            }
            let host = &covariance.panel[later.panel..];
            for e in row + kr..rows {
                let at = if e < node.height {
                    relative += 1;
                    self.plan.relative[relative - 1] as usize
                } else {
                    later.height + e - node.height
                };
                for a in 0..kr {
                    let c = host[at * kr + a];
                    for i in 0..k {
                        out[e * k + i] += c * input[(row + a) * k + i];
                        out[(row + a) * k + i] += c * input[e * k + i];
                    }
                }
            }
            row += kr;
        }
        let n = covariance.root_size;
        let inner_rows = &self.plan.root_rows[node.root.clone()];
        let position = |e: usize| {
            if e < inner_rows.len() {
                inner_rows[e] as usize
            } else {
                self.plan.root_effects + e - inner_rows.len()
            }
        };
        let count = rows - blocks_height;
        for e in 0..count {
            let column = &covariance.root[position(e) * n..(position(e) + 1) * n];
            let target = blocks_height + e;
            if k == 1 {
                // C̃ is symmetric: the rows before e, then both ways at once.
                let x = input[target];
                let mut sum = column[position(e)] * x;
                let (before, inputs) = (
                    &mut out[blocks_height..target],
                    &input[blocks_height..target],
                );
                for (g, (o, i)) in before.iter_mut().zip(inputs).enumerate() {
                    let c = column[position(g)];
                    *o += c * x;
                    sum += c * i;
                }
                out[target] += sum;
            } else {
                for g in 0..count {
                    let c = column[position(g)];
                    for i in 0..k {
                        out[target * k + i] += c * input[(blocks_height + g) * k + i];
                    }
                }
            }
        }
    }
}

/// Σ N_j'C̃N_j for leaves whose panels cover much of the root, by blocked arithmetic.
struct DenseProduct {
    columns: Vec<f64>,
    factors: Vec<(usize, usize)>,
    used: usize,
    product: Vec<f64>,
}

impl DenseProduct {
    fn new(sparse: &Sparse, root: &Root) -> Self {
        let dense = sparse
            .plan
            .nodes
            .iter()
            .any(|n| Sparse::covers_root(n, root.effects));
        let widest = sparse.plan.nodes.iter().map(|n| n.width).max().unwrap_or(0);
        let size = if dense {
            root.covariance_size * (UPDATE_COLUMNS + widest)
        } else {
            0
        };
        Self {
            columns: vec![0.0; size],
            factors: Vec::new(),
            used: 0,
            product: vec![0.0; size],
        }
    }

    fn add(
        &mut self,
        plan: &Plan,
        node: &Node,
        rest: &[f64],
        root: &Root,
        scores: &mut [Vec<f64>],
    ) {
        let (k, n) = (node.width, root.covariance_size);
        let rows = &plan.root_rows[node.root.clone()];
        for a in 0..k {
            let column = &mut self.columns[self.used * n..(self.used + 1) * n];
            for (e, value) in rest.chunks_exact(k).enumerate() {
                let at = if e < rows.len() {
                    rows[e] as usize
                } else {
                    root.effects + e - rows.len()
                };
                column[at] = value[a];
            }
            self.used += 1;
        }
        self.factors.push((node.factor, k));
        if self.used >= UPDATE_COLUMNS {
            self.finish(root, scores);
        }
    }

    fn finish(&mut self, root: &Root, scores: &mut [Vec<f64>]) {
        let (n, used) = (root.covariance_size, self.used);
        if used == 0 {
            return;
        }
        faer::linalg::matmul::matmul(
            MatMut::from_column_major_slice_mut(&mut self.product[..n * used], n, used),
            Accum::Replace,
            MatRef::from_column_major_slice(&root.covariance, n, n),
            MatRef::from_column_major_slice(&self.columns[..n * used], n, used),
            1.0,
            Par::Seq,
        );
        let mut first = 0;
        for &(factor, k) in &self.factors {
            for i in 0..k {
                for m in 0..k {
                    let (x, y) = ((first + i) * n, (first + m) * n);
                    scores[factor][i * k + m] -=
                        dot::<0>(&self.columns[x..x + n], &self.product[y..y + n]);
                }
            }
            first += k;
        }
        self.columns[..n * used].fill(0.0);
        self.factors.clear();
        self.used = 0;
    }
}
