//! Elimination node by node: the kernel for crossed, nested and mixed designs.
//!
//! Every node j owns K × K numbers S_jj and a panel S_rj: one row for each later effect it
//! couples to and, last, for each column of X and y. Elimination subtracts (S_rj W)(S_rj W)'
//! from what is later. Going back, each node gets its conditional mode, Z_j'Py, Z_j'PZ_j and,
//! where an earlier node asks for it, its row of the joint covariance C̃ (the selected inverse
//! of Takahashi, Fagan and Chen, 1973, in blocks and without division by Λ).

use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};

use super::curvature::Direction;
use super::face::{FaceScratch, conditional_factor, remaining, times_own};
use super::plan::{Node, Plan};
use super::root::Root;
use super::{Information, Scores};
use crate::statistics::Statistics;

/// The nodes of a plan with their numbers.
pub(crate) struct Sparse {
    pub(super) plan: Plan,
    /// p + 1.
    pub(super) tail: usize,
    /// As the statistics have them.
    own: Vec<f64>,
    panel: Vec<f64>,
    /// As elimination leaves them, for nodes that are not leaves; at the same offsets.
    work_own: Vec<f64>,
    work_panel: Vec<f64>,
    /// W of every node and S_rj W of every panel.
    pub(super) w: Vec<f64>,
    pub(super) scaled: Vec<f64>,
    /// C̃_jj and C̃_rj (over effects and X) of nodes that are not leaves.
    pub(super) covariance_own: Vec<f64>,
    pub(super) covariance_panel: Vec<f64>,
    /// Where a node's random effects begin in vectors over all nodes.
    start: Vec<usize>,
    /// Random effects in all nodes, and the widest face.
    effects: usize,
    widest: usize,
    solution: Substituted,
    scratch: FaceScratch<f64>,
    update: DenseUpdate,
}

/// Sees a grouping factor, a level and its K × K numbers.
pub(super) type Visit<'a> = &'a mut dyn FnMut(usize, usize, &[f64]);

/// Conditional modes and Z'V⁻¹(response) node after node, with scratch for one face.
#[derive(Default)]
pub(super) struct Substituted {
    pub modes: Vec<f64>,
    pub residual: Vec<f64>,
    half: Vec<f64>,
    score: Vec<f64>,
}

/// A symmetric matrix with the pattern of C̃: the nodes that are not leaves, and the root.
pub(super) struct Covariance<'a> {
    pub own: &'a [f64],
    pub panel: &'a [f64],
    pub root: &'a [f64],
    pub root_size: usize,
}

/// Collects panels that cover much of the root, to subtract many at once by blocked arithmetic.
struct DenseUpdate {
    buffer: Vec<f64>,
    used: usize,
}

/// Columns a [`DenseUpdate`] holds.
const UPDATE_COLUMNS: usize = 256;

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
    /// Lays the statistics out along a plan.
    pub fn new(statistics: &Statistics, plan: Plan) -> Self {
        let layout = statistics.layout();
        let tail = layout.fixed + 1;
        let mut own = vec![0.0; plan.own_size];
        let mut panel = vec![0.0; plan.panel_size];
        let mut start = Vec::with_capacity(plan.nodes.len());
        let mut effects = 0;
        let mut node_of: Vec<Vec<u32>> = layout
            .factors
            .iter()
            .map(|f| vec![u32::MAX; f.levels])
            .collect();
        let mut root_of: Vec<Vec<usize>> = layout
            .factors
            .iter()
            .map(|f| vec![usize::MAX; f.levels])
            .collect();
        for face in &plan.root_faces {
            root_of[face.factor][face.level] = face.offset;
        }
        for (j, node) in plan.nodes.iter().enumerate() {
            start.push(effects);
            effects += node.width;
            node_of[node.factor][node.level] = j as u32;
            let k = node.width;
            own[node.own..node.own + k * k]
                .copy_from_slice(statistics.own(node.factor, node.level));
            let rows = statistics.tail(node.factor, node.level);
            let out =
                &mut panel[node.panel + node.height * k..node.panel + (node.height + tail) * k];
            for x in 0..tail {
                for a in 0..k {
                    out[x * k + a] = rows[a * tail + x];
                }
            }
        }
        for b in 0..layout.factors.len() {
            for a in 0..b {
                let (ka, kb) = (layout.factors[a].width, layout.factors[b].width);
                for ((la, lb), values) in statistics.pairs(a, b).iter() {
                    let (na, nb) = (node_of[a][la as usize], node_of[b][lb as usize]);
                    // The earlier node of the two holds the block, the later one names its rows.
                    let (host, guest, host_first) = if na < nb {
                        (na, nb, true)
                    } else {
                        (nb, na, false)
                    };
                    if host == u32::MAX {
                        continue;
                    }
                    let node = &plan.nodes[host as usize];
                    let row = if guest != u32::MAX {
                        let mut row = 0;
                        for &r in &plan.blocks[node.blocks.clone()] {
                            if r == guest {
                                break;
                            }
                            row += plan.nodes[r as usize].width;
                        }
                        row
                    } else {
                        let offset = if host_first {
                            root_of[b][lb as usize]
                        } else {
                            root_of[a][la as usize]
                        };
                        let rows = &plan.root_rows[node.root.clone()];
                        let at = rows.partition_point(|&x| (x as usize) < offset);
                        node.height - rows.len() + at
                    };
                    for i in 0..ka {
                        for j in 0..kb {
                            let (r, c) = if host_first { (j, i) } else { (i, j) };
                            panel[node.panel + (row + r) * node.width + c] = values[i * kb + j];
                        }
                    }
                }
            }
        }
        let widest = plan.nodes.iter().map(|n| n.width).max().unwrap_or(0);
        let inner = plan.nodes.iter().any(|n| !n.leaf);
        let (inner_own, inner_panel) = if inner {
            (plan.own_size, plan.panel_size)
        } else {
            (0, 0)
        };
        let dense = plan
            .nodes
            .iter()
            .any(|n| Self::covers_root(n, plan.root_effects));
        let size = plan.root_effects + tail;
        let mut out = Self {
            tail,
            w: vec![0.0; plan.own_size],
            scaled: vec![0.0; plan.panel_size],
            work_own: vec![0.0; inner_own],
            work_panel: vec![0.0; inner_panel],
            covariance_own: vec![0.0; inner_own],
            covariance_panel: vec![0.0; inner_panel],
            own,
            panel,
            start,
            effects,
            widest,
            solution: Substituted::default(),
            scratch: FaceScratch::new(widest),
            update: DenseUpdate {
                buffer: if dense {
                    vec![0.0; size * (UPDATE_COLUMNS + widest)]
                } else {
                    Vec::new()
                },
                used: 0,
            },
            plan,
        };
        out.solution = out.room();
        out
    }

    /// Whether a node's panel is worth blocked arithmetic: it must meet nothing but the root, and
    /// much of that.
    pub(super) fn covers_root(node: &Node, root_effects: usize) -> bool {
        let rows = node.root.len();
        node.leaf && node.blocks.is_empty() && 4 * rows > root_effects && rows > 32
    }

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

    pub(super) fn panel_range(&self, node: &Node) -> std::ops::Range<usize> {
        node.panel..node.panel + (node.height + self.tail) * node.width
    }

    /// S_jj and the panel of a node as its elimination meets them.
    pub(super) fn current(&self, node: &Node) -> (&[f64], &[f64]) {
        let (own, panel) = if node.leaf {
            (&self.own, &self.panel)
        } else {
            (&self.work_own, &self.work_panel)
        };
        (
            &own[node.own..node.own + node.width * node.width],
            &panel[self.panel_range(node)],
        )
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

    /// Conditional modes and Z'Py of every node, from the solution `d` of the root (effects,
    /// then β).
    pub fn back_substitute(&mut self, d: &[f64]) {
        let mut solution = std::mem::take(&mut self.solution);
        let (effects, beta) = d.split_at(self.plan.root_effects);
        self.substitute(self.tail - 1, effects, beta, &mut solution);
        self.solution = solution;
    }

    /// Modes and residual scores of every node for one column of \[X y\] as the response, given
    /// the root's effects and the fixed effects to subtract (none, or one for each column of X).
    pub fn substitute(&self, column: usize, root: &[f64], beta: &[f64], out: &mut Substituted) {
        for (j, node) in self.plan.nodes.iter().enumerate().rev() {
            let k = node.width;
            let (own, panel) = self.current(node);
            let scaled = &self.scaled[self.panel_range(node)];
            let w = &self.w[node.own..node.own + k * k];
            let at = (node.height + column) * k;
            let (t, v) = (&mut out.half[..k], &mut out.score[..k]);
            t.copy_from_slice(&scaled[at..at + k]);
            v.copy_from_slice(&panel[at..at + k]);
            let mut take = |row: usize, x: f64| {
                for a in 0..k {
                    t[a] -= scaled[row * k + a] * x;
                    v[a] -= panel[row * k + a] * x;
                }
            };
            let mut row = 0;
            for &r in &self.plan.blocks[node.blocks.clone()] {
                let first = self.start[r as usize];
                for a in 0..self.plan.nodes[r as usize].width {
                    take(row, out.modes[first + a]);
                    row += 1;
                }
            }
            for &r in &self.plan.root_rows[node.root.clone()] {
                take(row, root[r as usize]);
                row += 1;
            }
            for (x, &b) in beta.iter().enumerate() {
                take(row + x, b);
            }
            let start = self.start[j];
            for i in 0..k {
                out.modes[start + i] = (0..k).map(|c| w[i * k + c] * t[c]).sum();
            }
            for i in 0..k {
                let taken: f64 = (0..k)
                    .map(|m| symmetric(own, k, i, m) * out.modes[start + m])
                    .sum();
                out.residual[start + i] = v[i] - taken;
            }
        }
    }

    /// Room for [`Sparse::substitute`].
    pub fn room(&self) -> Substituted {
        let (effects, widest) = (self.effects, self.widest);
        Substituted {
            modes: vec![0.0; effects],
            residual: vec![0.0; effects],
            half: vec![0.0; widest],
            score: vec![0.0; widest],
        }
    }

    /// The nodes with their residual scores in a solution.
    pub fn each_residual<'a>(
        &'a self,
        solution: &'a Substituted,
    ) -> impl Iterator<Item = (usize, &'a [f64])> {
        self.plan
            .nodes
            .iter()
            .zip(&self.start)
            .map(|(node, &start)| (node.factor, &solution.residual[start..start + node.width]))
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
                if !node.leaf {
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

    /// C̃ as the last [`Sparse::selected_inverse`] left it.
    pub(super) fn joint<'a>(&'a self, root: &'a Root) -> Covariance<'a> {
        Covariance {
            own: &self.covariance_own,
            panel: &self.covariance_panel,
            root: &root.covariance,
            root_size: root.covariance_size,
        }
    }

    /// C̃, over the rows of a node's panel, times as many rows of K numbers.
    pub(super) fn multiply_covariance(
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

    /// Adds this part to the quadratic forms F_ij = a_i'Pa_j of the directions a_i = Z g_i, and
    /// to their projections on the root.
    pub fn information(&self, directions: &[Direction], root: &Root, into: &mut Information) {
        let m = directions.len();
        let p = self.tail - 1;
        let lead = root.effects + p;
        // Z_j'V⁻¹a_i, pending at the nodes that are not leaves.
        let mut pending: Vec<Vec<f64>> = self
            .plan
            .nodes
            .iter()
            .map(|n| {
                if n.leaf {
                    Vec::new()
                } else {
                    vec![0.0; m * n.width]
                }
            })
            .collect();
        let nothing = vec![0.0; m * self.widest];
        let mut work = vec![0.0; 3 * m * self.widest];
        // A leaf has heard of no direction but those of its own factor.
        let all: Vec<usize> = (0..m).collect();
        let factors = 1 + directions.iter().map(|d| d.factor).max().unwrap_or(0);
        let mut by_factor = vec![Vec::new(); factors];
        for (i, direction) in directions.iter().enumerate() {
            by_factor[direction.factor].push(i);
        }
        for j in 0..self.plan.nodes.len() {
            let node = &self.plan.nodes[j];
            let k = node.width;
            let (own, panel) = self.current(node);
            let scaled = &self.scaled[self.panel_range(node)];
            let w = &self.w[node.own..node.own + k * k];
            let v = &self.solution.residual[self.start[j]..self.start[j] + k];
            let arrived = std::mem::take(&mut pending[j]);
            let (active, incoming) = if node.leaf {
                let own = by_factor.get(node.factor);
                (own.map_or(&[][..], Vec::as_slice), &nothing)
            } else {
                (&all[..], &arrived)
            };
            let (g, rest) = work.split_at_mut(m * k);
            let (sg, half) = rest.split_at_mut(m * k);
            steps(directions, node.factor, v, g);
            for &i in active {
                let (gi, total) = (&g[i * k..(i + 1) * k], i * k);
                for a in 0..k {
                    sg[total + a] = (0..k).map(|b| symmetric(own, k, a, b) * gi[b]).sum();
                }
                for c in 0..k {
                    half[total + c] = (0..k)
                        .map(|b| w[b * k + c] * (incoming[total + b] + sg[total + b]))
                        .sum();
                }
            }
            for (at, &i) in active.iter().enumerate() {
                for &h in &active[..=at] {
                    let mut sum = 0.0;
                    for a in 0..k {
                        let (x, y) = (i * k + a, h * k + a);
                        sum +=
                            g[x] * (incoming[y] + sg[y]) + incoming[x] * g[y] - half[x] * half[y];
                    }
                    into.add(i, h, sum);
                }
            }
            // What is left for later rows: S_rj g − (S_rj W) W'(…).
            for &i in active {
                let (gi, hi) = (&g[i * k..(i + 1) * k], &half[i * k..(i + 1) * k]);
                let value = |e: usize| -> f64 {
                    (0..k)
                        .map(|a| panel[e * k + a] * gi[a] - scaled[e * k + a] * hi[a])
                        .sum()
                };
                let mut row = 0;
                for &r in &self.plan.blocks[node.blocks.clone()] {
                    let kr = self.plan.nodes[r as usize].width;
                    for a in 0..kr {
                        pending[r as usize][i * kr + a] += value(row);
                        row += 1;
                    }
                }
                let projection = &mut into.projections[i * lead..(i + 1) * lead];
                for &r in &self.plan.root_rows[node.root.clone()] {
                    projection[r as usize] += value(row);
                    row += 1;
                }
                for x in 0..p {
                    projection[root.effects + x] += value(row + x);
                }
            }
        }
    }

    /// Adds −c Σ v v' and the derivatives of y'Py for the nodes.
    pub fn residual_terms(&self, scores: &mut Scores) {
        for (j, node) in self.plan.nodes.iter().enumerate() {
            scores.add_residual(
                node.factor,
                &self.solution.residual[self.start[j]..self.start[j] + node.width],
            );
        }
    }

    /// Conditional modes, level by level.
    pub fn each_mode(&self, mut visit: impl FnMut(usize, usize, &[f64])) {
        for (j, node) in self.plan.nodes.iter().enumerate() {
            visit(
                node.factor,
                node.level,
                &self.solution.modes[self.start[j]..self.start[j] + node.width],
            );
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

/// Writes the steps g_i = E_iv of one face, m × K numbers; zero for directions of other factors.
pub(super) fn steps(directions: &[Direction], factor: usize, v: &[f64], out: &mut [f64]) {
    let k = v.len();
    for (direction, g) in directions.iter().zip(out.chunks_exact_mut(k)) {
        if direction.factor == factor {
            for (x, row) in g.iter_mut().zip(direction.change.chunks_exact(k)) {
                *x = row.iter().zip(v).map(|(a, b)| a * b).sum();
            }
        } else {
            g.fill(0.0);
        }
    }
}

/// An element of a symmetric matrix of which the lower triangle is kept by rows.
#[inline(always)]
pub(crate) fn symmetric(own: &[f64], k: usize, i: usize, j: usize) -> f64 {
    if j <= i {
        own[i * k + j]
    } else {
        own[j * k + i]
    }
}

/// WAW'.
pub(crate) fn sandwich(w: &[f64], a: &[f64], k: usize) -> Vec<f64> {
    let mut half = vec![0.0; k * k];
    let mut out = vec![0.0; k * k];
    for i in 0..k {
        for j in 0..k {
            half[i * k + j] = (0..k).map(|m| w[i * k + m] * a[m * k + j]).sum();
        }
    }
    for i in 0..k {
        for j in 0..k {
            out[i * k + j] = (0..k).map(|m| half[i * k + m] * w[j * k + m]).sum();
        }
    }
    out
}

#[inline(always)]
fn dot<const K: usize>(a: &[f64], b: &[f64]) -> f64 {
    if K > 0 {
        (0..K).map(|i| a[i] * b[i]).sum()
    } else {
        a.iter().zip(b).map(|(x, y)| x * y).sum()
    }
}
