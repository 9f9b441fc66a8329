//! Exact second derivatives of log|V| (and log|X'V⁻¹X|): the traces T_ij = tr(PV_iPV_j).
//!
//! A tangent of the elimination and of the selected inverse in the direction V_i: one pass a
//! direction gives d(Σ_f Z_f'PZ_f) for every grouping factor, and T_ij is minus its product with
//! the j-th direction. With X = WW', K = S − SXS, N = S_r(I − XS) and a symmetric direction E on
//! the covariance of the face itself:
//!
//! - dX = (I − XS)E(I − SX) − X dS X;
//! - dS_rr' = −(P A' + A P'), with A = S_r, P = dS_r X + ½ A dX;
//! - dK = (I − SX) dS (I − XS) − KEK, dN = (dS_r − A X dS)(I − XS) − NEK;
//! - d(Z'PZ) = dK − dN'C̃N − N'C̃dN − N'dC̃N;
//! - in the root, with M = I − C̃S and G = S − SC̃S: dC̃ = M dT M' − C̃ dS C̃ and
//!   dG = M' dS M − G dT G.
//!
//! Nothing here divides by Λ, so it holds on the boundary too.

use faer::{Accum, MatMut, MatRef, Par};

use super::plan::Node;
use super::root::Root;
use super::small::{mirror_lower, multiply_rows, product, symmetric, symmetric_product, transpose};
use super::sparse::{Covariance, Sparse};

/// A direction: a grouping factor and a symmetric K × K change of its relative covariance.
pub(crate) struct Direction {
    /// The grouping factor.
    pub factor: usize,
    /// The change, by rows.
    pub change: Vec<f64>,
}

/// The traces T_ij, m × m, for nodes and a root whose selected inverse is current.
pub(crate) fn traces(
    nodes: &Sparse,
    root: &Root,
    widths: &[usize],
    directions: &[Direction],
) -> Vec<f64> {
    let m = directions.len();
    let work = Tangent::new(nodes, root);
    let mut out = vec![0.0; m * m];
    for (i, direction) in directions.iter().enumerate() {
        let change = work.pass(direction, widths);
        for (j, other) in directions.iter().enumerate() {
            let trace: f64 = other
                .change
                .iter()
                .zip(&change[other.factor])
                .map(|(a, b)| a * b)
                .sum();
            out[i * m + j] = -trace;
        }
    }
    // Both triangles are the same number up to rounding.
    for i in 0..m {
        for j in 0..i {
            let mean = 0.5 * (out[i * m + j] + out[j * m + i]);
            out[i * m + j] = mean;
            out[j * m + i] = mean;
        }
    }
    out
}

/// K_j and N_j of every node.
pub(super) struct Leaves {
    /// Rows of the root: effects and, by REML, X.
    pub size: usize,
    /// How many of them are of X.
    pub fixed: usize,
    /// K_j, where the nodes have their own numbers.
    pub kept: Vec<f64>,
    /// N_j, where the nodes have their panels.
    pub rest: Vec<f64>,
    /// N_j of the leaves that cover much of the root, as columns of one dense matrix; which node
    /// each is.
    pub columns: Vec<f64>,
    column_nodes: Vec<usize>,
}

impl Leaves {
    pub fn new(nodes: &Sparse, root: &Root) -> Self {
        let size = root.covariance_size;
        let fixed = size - root.effects;
        let mut kept = vec![0.0; nodes.w.len()];
        let mut rest = vec![0.0; nodes.scaled.len()];
        let (mut columns, mut column_nodes) = (Vec::new(), Vec::new());
        for (j, node) in nodes.plan.nodes.iter().enumerate() {
            let k = node.width;
            let (own, panel) = nodes.current(node);
            let w = &nodes.w[node.own..node.own + k * k];
            let scaled = &nodes.scaled[nodes.panel_range(node)];
            let mut sw = vec![0.0; k * k];
            super::face::times_own::<0, f64>(k, own, w, &mut sw);
            super::face::remaining::<0, f64>(k, own, &sw, &mut kept[node.own..node.own + k * k]);
            let out = &mut rest[node.panel..node.panel + (node.height + fixed) * k];
            for (e, row) in out.chunks_exact_mut(k).enumerate() {
                for i in 0..k {
                    let taken: f64 = (0..k).map(|b| sw[i * k + b] * scaled[e * k + b]).sum();
                    row[i] = panel[e * k + i] - taken;
                }
            }
            if Sparse::covers_root(node, root.effects) {
                column_nodes.push(j);
                let rows = &nodes.plan.root_rows[node.root.clone()];
                for a in 0..k {
                    let first = columns.len();
                    columns.resize(first + size, 0.0);
                    for (e, row) in out.chunks_exact(k).enumerate() {
                        let at = if e < rows.len() {
                            rows[e] as usize
                        } else {
                            root.effects + e - rows.len()
                        };
                        columns[first + at] = row[a];
                    }
                }
            }
        }
        Self {
            size,
            fixed,
            kept,
            rest,
            columns,
            column_nodes,
        }
    }

    /// The dense columns of the leaves that a direction moves, as they are and times its change.
    pub fn dense_columns(&self, nodes: &Sparse, direction: &Direction) -> (Vec<f64>, Vec<f64>) {
        let (mut plain, mut scaled): (Vec<f64>, Vec<f64>) = Default::default();
        let mut first = 0;
        for &j in &self.column_nodes {
            let width = nodes.plan.nodes[j].width;
            if nodes.plan.nodes[j].factor == direction.factor {
                let columns = &self.columns[first * self.size..(first + width) * self.size];
                plain.extend_from_slice(columns);
                for c in 0..width {
                    for r in 0..self.size {
                        scaled.push(
                            (0..width)
                                .map(|b| {
                                    columns[b * self.size + r] * direction.change[b * width + c]
                                })
                                .sum(),
                        );
                    }
                }
            }
            first += width;
        }
        (plain, scaled)
    }
}

struct Tangent<'a> {
    nodes: &'a Sparse,
    root: &'a Root,
    size: usize,
    fixed: usize,
    leaves: Leaves,
    /// I − C̃S and S − SC̃S of the root.
    complement: Vec<f64>,
    information: Vec<f64>,
}

impl<'a> Tangent<'a> {
    fn new(nodes: &'a Sparse, root: &'a Root) -> Self {
        let leaves = Leaves::new(nodes, root);
        let (size, fixed) = (leaves.size, leaves.fixed);
        let mut s = vec![0.0; size * size];
        for c in 0..size {
            s[c * size + c..(c + 1) * size]
                .copy_from_slice(&root.s[c * root.size + c..c * root.size + size]);
        }
        mirror_lower(&mut s, size);
        let mut complement = product(&root.covariance, &s, size, size, size, -1.0);
        for i in 0..size {
            complement[i * size + i] += 1.0;
        }
        let information = symmetric_product(&s, &complement, size, size);
        Self {
            nodes,
            root,
            size,
            fixed,
            leaves,
            complement,
            information,
        }
    }

    /// No change yet.
    fn still(&self) -> Change {
        Change {
            own: vec![0.0; self.nodes.covariance_own.len()],
            panel: vec![0.0; self.nodes.covariance_panel.len()],
            root: vec![0.0; self.size * self.size],
        }
    }

    /// d(Σ_f Z_f'PZ_f) of each grouping factor.
    fn pass(&self, direction: &Direction, widths: &[usize]) -> Vec<Vec<f64>> {
        let mut out: Vec<Vec<f64>> = widths.iter().map(|k| vec![0.0; k * k]).collect();
        let mut change = self.still();
        self.forward(direction, &mut change);
        let mut covariance = self.still();
        covariance.root = self.root_pass(direction, &change.root, &mut out);
        self.backward(direction, &change, &mut covariance, &mut out);
        out
    }

    /// The changes of S at later nodes and in the root.
    fn forward(&self, direction: &Direction, change: &mut Change) {
        let k = direction.change.len().isqrt();
        for node in &self.nodes.plan.nodes {
            let moves = node.factor == direction.factor;
            let rows = node.height + self.fixed;
            if node.leaf {
                if moves && !Sparse::covers_root(node, self.root.effects) {
                    let n = &self.leaves.rest[node.panel..node.panel + rows * k];
                    let mut half = multiply_rows(n, &direction.change, k);
                    half.iter_mut().for_each(|x| *x *= 0.5);
                    self.subtract(node, &half, n, change);
                }
                continue;
            }
            let k = node.width;
            let (own, panel) = self.nodes.current(node);
            let small = Small::new(
                self,
                node,
                own,
                moves.then_some(&direction.change[..]),
                change,
            );
            let ds_panel = &change.panel[node.panel..node.panel + rows * k];
            let mut p = multiply_rows(ds_panel, &small.x, k);
            let a_dx = multiply_rows(&panel[..rows * k], &small.dx, k);
            p.iter_mut().zip(&a_dx).for_each(|(x, y)| *x += 0.5 * y);
            let a = panel[..rows * k].to_vec();
            self.subtract(node, &p, &a, change);
        }
        let (plain, scaled) = self.leaves.dense_columns(self.nodes, direction);
        if !plain.is_empty() {
            faer::linalg::matmul::matmul(
                MatMut::from_column_major_slice_mut(&mut change.root, self.size, self.size),
                Accum::Add,
                MatRef::from_column_major_slice(&scaled, self.size, plain.len() / self.size),
                MatRef::from_column_major_slice(&plain, self.size, plain.len() / self.size)
                    .transpose(),
                -1.0,
                Par::Seq,
            );
        }
    }

    /// Subtracts PA' + AP' from everything later; both have K numbers a row.
    fn subtract(&self, node: &Node, p: &[f64], a: &[f64], change: &mut Change) {
        let k = node.width;
        let rows = node.height + self.fixed;
        let term = |e: usize, g: usize| -> f64 {
            (0..k)
                .map(|b| p[e * k + b] * a[g * k + b] + a[e * k + b] * p[g * k + b])
                .sum()
        };
        let mut row = 0;
        let mut relative = node.relative;
        for &r in &self.nodes.plan.blocks[node.blocks.clone()] {
            let later = &self.nodes.plan.nodes[r as usize];
            let kr = later.width;
            for i in 0..kr {
                for j in 0..=i {
                    change.own[later.own + i * kr + j] -= term(row + i, row + j);
                }
            }
            for e in row + kr..rows {
                let at = if e < node.height {
                    relative += 1;
                    self.nodes.plan.relative[relative - 1] as usize
                } else {
                    later.height + e - node.height
                };
                for i in 0..kr {
                    change.panel[later.panel + at * kr + i] -= term(e, row + i);
                }
            }
            row += kr;
        }
        let root_rows = &self.nodes.plan.root_rows[node.root.clone()];
        let first = node.height - root_rows.len();
        let position = |e: usize| {
            if e < root_rows.len() {
                root_rows[e] as usize
            } else {
                self.root.effects + e - root_rows.len()
            }
        };
        for c in 0..rows - first {
            for e in 0..rows - first {
                change.root[position(c) * self.size + position(e)] -= term(first + e, first + c);
            }
        }
    }

    /// dC̃ of the root; adds dG of the root's own levels to `out`.
    fn root_pass(&self, direction: &Direction, ds: &[f64], out: &mut [Vec<f64>]) -> Vec<f64> {
        let n = self.size;
        let k = direction.change.len().isqrt();
        let mut dc = vec![0.0; n * n];
        // Directions of the root's own factors leave S alone: half the work.
        if ds.iter().any(|&x| x != 0.0) {
            let half = product(&self.root.covariance, ds, n, n, n, -1.0);
            dc = symmetric_product(&half, &self.root.covariance, n, n);
            // M'dS M, of which only the diagonal blocks are read.
            let dsm = product(ds, &self.complement, n, n, n, 1.0);
            for face in self.root.faces() {
                let kf = out[face.factor].len().isqrt();
                for i in 0..kf {
                    for j in 0..kf {
                        let (x, y) = ((face.offset + i) * n, (face.offset + j) * n);
                        let sum: f64 = self.complement[x..x + n]
                            .iter()
                            .zip(&dsm[y..y + n])
                            .map(|(a, b)| a * b)
                            .sum();
                        out[face.factor][i * kf + j] += sum;
                    }
                }
            }
        }
        let moving: Vec<usize> = self
            .root
            .faces()
            .iter()
            .filter(|f| f.factor == direction.factor)
            .map(|f| f.offset)
            .collect();
        if moving.is_empty() {
            return dc;
        }
        let gather = |matrix: &[f64]| {
            let (mut plain, mut scaled) = (Vec::new(), Vec::new());
            for &offset in &moving {
                let columns = &matrix[offset * n..(offset + k) * n];
                plain.extend_from_slice(columns);
                for c in 0..k {
                    for r in 0..n {
                        scaled.push(
                            (0..k)
                                .map(|b| columns[b * n + r] * direction.change[b * k + c])
                                .sum::<f64>(),
                        );
                    }
                }
            }
            (plain, scaled)
        };
        let width = moving.len() * k;
        let (plain, scaled) = gather(&self.complement);
        let mut transposed = vec![0.0; n * width];
        for c in 0..width {
            for r in 0..n {
                transposed[r * width + c] = plain[c * n + r];
            }
        }
        let added = symmetric_product(&scaled, &transposed, n, width);
        dc.iter_mut().zip(&added).for_each(|(x, y)| *x += y);
        let (plain, scaled) = gather(&self.information);
        for (plain, scaled) in plain.chunks_exact(n).zip(scaled.chunks_exact(n)) {
            for face in self.root.faces() {
                let kf = out[face.factor].len().isqrt();
                for i in 0..kf {
                    for j in 0..kf {
                        out[face.factor][i * kf + j] -=
                            plain[face.offset + i] * scaled[face.offset + j];
                    }
                }
            }
        }
        dc
    }

    fn backward(
        &self,
        direction: &Direction,
        change: &Change,
        covariance: &mut Change,
        out: &mut [Vec<f64>],
    ) {
        for node in self.nodes.plan.nodes.iter().rev() {
            if Sparse::covers_root(node, self.root.effects) {
                continue;
            }
            self.back_node(node, direction, change, covariance, out);
        }
        self.back_columns(direction, &covariance.root, out);
    }

    fn back_node(
        &self,
        node: &Node,
        direction: &Direction,
        change: &Change,
        covariance: &mut Change,
        out: &mut [Vec<f64>],
    ) {
        let k = node.width;
        let rows = node.height + self.fixed;
        let (own, panel) = self.nodes.current(node);
        let moves = node.factor == direction.factor;
        let n = &self.leaves.rest[node.panel..node.panel + rows * k];
        let kept = &self.leaves.kept[node.own..node.own + k * k];
        let mut dk = vec![0.0; k * k];
        let mut dn = vec![0.0; rows * k];
        if moves {
            let ek = multiply_rows(&direction.change, kept, k);
            let kek = multiply_rows(kept, &ek, k);
            let nek = multiply_rows(n, &ek, k);
            dk.iter_mut().zip(&kek).for_each(|(x, y)| *x -= y);
            dn.iter_mut().zip(&nek).for_each(|(x, y)| *x -= y);
        }
        let joint = self.nodes.joint(self.root);
        let moved = Covariance {
            own: &covariance.own,
            panel: &covariance.panel,
            root: &covariance.root,
            root_size: self.size,
        };
        let small = (!node.leaf).then(|| {
            Small::new(
                self,
                node,
                own,
                moves.then_some(&direction.change[..]),
                change,
            )
        });
        if let Some(small) = &small {
            // (I − SX) dS (I − XS), and (dS_r − A X dS)(I − XS).
            let right = multiply_rows(&small.ds, &small.complement, k);
            let both = multiply_rows(&transpose(&small.complement, k), &right, k);
            dk.iter_mut().zip(&both).for_each(|(x, y)| *x += y);
            let xds = multiply_rows(&small.x, &small.ds, k);
            let mut b = change.panel[node.panel..node.panel + rows * k].to_vec();
            let axds = multiply_rows(&panel[..rows * k], &xds, k);
            b.iter_mut().zip(&axds).for_each(|(x, y)| *x -= y);
            let moved = multiply_rows(&b, &small.complement, k);
            dn.iter_mut().zip(&moved).for_each(|(x, y)| *x += y);
        }
        let score = &mut out[node.factor];
        score.iter_mut().zip(&dk).for_each(|(s, x)| *s += x);
        let mut product = vec![0.0; rows * k];
        if moves || !node.leaf {
            self.nodes
                .multiply_covariance(node, &joint, n, &mut product);
            for (d, c) in dn.chunks_exact(k).zip(product.chunks_exact(k)) {
                for i in 0..k {
                    for m in 0..k {
                        score[i * k + m] -= d[i] * c[m] + c[i] * d[m];
                    }
                }
            }
        }
        self.nodes
            .multiply_covariance(node, &moved, n, &mut product);
        for (d, c) in n.chunks_exact(k).zip(product.chunks_exact(k)) {
            for i in 0..k {
                for m in 0..k {
                    score[i * k + m] -= d[i] * c[m];
                }
            }
        }
        let Some(small) = small else { return };
        // dC̃_rj = −dC̃ A X − C̃ (dS_r X + A dX);
        // dC̃_jj = dX − dX A'C̃_rj − X dS_r'C̃_rj − X A'dC̃_rj.
        let a = &panel[..rows * k];
        let ax = multiply_rows(a, &small.x, k);
        self.nodes
            .multiply_covariance(node, &moved, &ax, &mut product);
        let mut inner = multiply_rows(
            &change.panel[node.panel..node.panel + rows * k],
            &small.x,
            k,
        );
        let adx = multiply_rows(a, &small.dx, k);
        inner.iter_mut().zip(&adx).for_each(|(x, y)| *x += y);
        let mut second = vec![0.0; rows * k];
        self.nodes
            .multiply_covariance(node, &joint, &inner, &mut second);
        let dc: Vec<f64> = product.iter().zip(&second).map(|(x, y)| -(x + y)).collect();
        let c = &self.nodes.covariance_panel[node.panel..node.panel + rows * k];
        let mut own_change = small.dx.clone();
        for e in 0..rows {
            for i in 0..k {
                for m in 0..k {
                    // `inner` is dS_r X + A dX and `ax` is A X: the transposes of what is needed.
                    own_change[i * k + m] -=
                        inner[e * k + i] * c[e * k + m] + ax[e * k + i] * dc[e * k + m];
                }
            }
        }
        covariance.own[node.own..node.own + k * k].copy_from_slice(&own_change);
        covariance.panel[node.panel..node.panel + rows * k].copy_from_slice(&dc);
    }

    /// The leaves kept as dense columns: d(Z'PZ) = −KEK + KE N'C̃N + … − N'dC̃N.
    fn back_columns(&self, direction: &Direction, dc: &[f64], out: &mut [Vec<f64>]) {
        let n = self.size;
        let count = self.leaves.columns.len().checked_div(n).unwrap_or(0);
        if count == 0 {
            return;
        }
        let moved = product(dc, &self.leaves.columns, n, n, count, 1.0);
        let moves = self
            .leaves
            .column_nodes
            .iter()
            .any(|&j| self.nodes.plan.nodes[j].factor == direction.factor);
        let plain = if moves {
            product(
                &self.root.covariance,
                &self.leaves.columns,
                n,
                n,
                count,
                1.0,
            )
        } else {
            Vec::new()
        };
        let mut first = 0;
        for &j in &self.leaves.column_nodes {
            let node = &self.nodes.plan.nodes[j];
            let k = node.width;
            let gram = |other: &[f64]| {
                let mut gram = vec![0.0; k * k];
                for i in 0..k {
                    for m in 0..k {
                        let (x, y) = ((first + i) * n, (first + m) * n);
                        gram[i * k + m] = self.leaves.columns[x..x + n]
                            .iter()
                            .zip(&other[y..y + n])
                            .map(|(a, b)| a * b)
                            .sum();
                    }
                }
                gram
            };
            let score = &mut out[node.factor];
            score
                .iter_mut()
                .zip(gram(&moved))
                .for_each(|(s, x)| *s -= x);
            if node.factor == direction.factor {
                // G = K − N'C̃N; dG = −KEK + KE(N'C̃N) + (N'C̃N)EK without the dC̃ part.
                let kept = &self.leaves.kept[node.own..node.own + k * k];
                let ncn = gram(&plain);
                let ek = multiply_rows(&direction.change, kept, k);
                let kek = multiply_rows(kept, &ek, k);
                let nek = multiply_rows(&ncn, &ek, k);
                for i in 0..k {
                    for m in 0..k {
                        score[i * k + m] += nek[i * k + m] + nek[m * k + i] - kek[i * k + m];
                    }
                }
            }
            first += k;
        }
    }
}

/// A change of S (or of C̃): nodes that are not leaves, and the root (by columns, both
/// triangles).
struct Change {
    own: Vec<f64>,
    panel: Vec<f64>,
    root: Vec<f64>,
}

/// The K × K matrices of a node that is not a leaf.
struct Small {
    x: Vec<f64>,
    dx: Vec<f64>,
    ds: Vec<f64>,
    /// I − XS.
    complement: Vec<f64>,
}

impl Small {
    fn new(
        tangent: &Tangent<'_>,
        node: &Node,
        own: &[f64],
        change: Option<&[f64]>,
        moved: &Change,
    ) -> Self {
        let k = node.width;
        let w = &tangent.nodes.w[node.own..node.own + k * k];
        let mut x = vec![0.0; k * k];
        let mut s = vec![0.0; k * k];
        let mut ds = vec![0.0; k * k];
        let own_change = &moved.own[node.own..node.own + k * k];
        for i in 0..k {
            for j in 0..k {
                x[i * k + j] = (0..k).map(|b| w[i * k + b] * w[j * k + b]).sum();
                s[i * k + j] = symmetric(own, k, i, j);
                ds[i * k + j] = symmetric(own_change, k, i, j);
            }
        }
        let mut complement = multiply_rows(&x, &s, k);
        for (at, value) in complement.iter_mut().enumerate() {
            *value = if at / k == at % k {
                1.0 - *value
            } else {
                -*value
            };
        }
        let xds = multiply_rows(&x, &ds, k);
        let mut dx: Vec<f64> = multiply_rows(&xds, &x, k).iter().map(|v| -v).collect();
        if let Some(change) = change {
            let half = multiply_rows(&complement, change, k);
            let both = multiply_rows(&half, &transpose(&complement, k), k);
            dx.iter_mut().zip(&both).for_each(|(a, b)| *a += b);
        }
        Self {
            x,
            dx,
            ds,
            complement,
        }
    }
}
