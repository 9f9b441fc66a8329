//! The traces T_ij = tr(PV_iPV_j) where elimination has one layer: every node is a leaf that meets
//! nothing but the root, as with two crossed factors and any others beside the smaller one.
//!
//! The traces are sums over pairs of levels, T_ij = Σ_fg tr(E_i(Z_f'PZ_g)E_j(Z_g'PZ_f)), and with one
//! layer every Z_f'PZ_g follows from C̃, the joint covariance of the root. With N_j = Z_r'V_l⁻¹Z_j and
//! K_j = Z_j'V_l⁻¹Z_j for a leaf j (V_l has the leaves alone) and H = (ΛΛ')⁻¹:
//!
//! - two leaves: δ_jk K_j − N_j'C̃N_k, whose sum of products separates into sums over leaves and
//!   tr(C̃A_iC̃A_j) with A_i = Σ_j N_jE_iN_j';
//! - a leaf and a level of the root: N_j'(I − C̃S)_g = N_j'C̃_gH, for with Ω = D'SD + J it is
//!   I − C̃S = C̃D⁻ᵀJD⁻¹: of A_i's products with C̃ only the diagonal blocks are needed;
//! - two levels of the root: (S − SC̃S)_gh = δ_gh H − HC̃_ghH.
//!
//! So beside C̃, which the scores need anyway, a direction costs one dense product A_iC̃ if it is one of
//! leaves and nothing of that size otherwise. The tangents of [`curvature`](super::curvature), which
//! hold for every plan and every Λ, take four times as long on InstEval. Dividing by Λ twice loses
//! digits where it is nearly singular; then they are used.

use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};

use super::curvature::{Direction, Leaves};
use super::root::{Root, largest_inverse, mirror_lower};
use super::small::{long_dot, multiply_rows, product, sandwich, transpose};
use super::sparse::Sparse;

/// |Λ⁻¹| of a root factor above which too few digits are left.
const LARGEST_INVERSE: f64 = 1e3;

/// The traces, m × m, for nodes and a root whose selected inverse is current; `None` where the plan
/// or Λ is not such.
pub(super) fn traces(
    nodes: &Sparse,
    root: &Root,
    lambda: &[Vec<f64>],
    directions: &[Direction],
) -> Option<Vec<f64>> {
    let layer = nodes.plan.nodes.iter();
    if layer.clone().any(|n| !n.leaf || !n.blocks.is_empty()) {
        return None;
    }
    let precisions: Vec<Option<Vec<f64>>> = (0..lambda.len())
        .map(|f| {
            let in_root = root.faces().iter().any(|face| face.factor == f);
            in_root.then(|| precision(&lambda[f]))
        })
        .map(|found| match found {
            Some(None) => Err(()),
            Some(found) => Ok(found),
            None => Ok(None),
        })
        .collect::<Result<_, ()>>()
        .ok()?;
    let m = directions.len();
    let leaves = Leaves::new(nodes, root);
    // A_iC̃ of the directions that move leaves.
    let moved: Vec<Option<Vec<f64>>> = directions
        .iter()
        .map(|direction| {
            let any = nodes.plan.nodes.iter().any(|n| n.factor == direction.factor);
            any.then(|| {
                let spread = leaves.spread(nodes, root, direction);
                let n = leaves.size;
                product(&spread, &root.covariance, n, n, n, 1.0)
            })
        })
        .collect();
    let quartics: Vec<Vec<f64>> = leaves.quartics(nodes, root, lambda);
    let pairs = RootPairs::new(root, &precisions, lambda);
    let mut out = vec![0.0; m * m];
    for i in 0..m {
        let (a, change) = (directions[i].factor, &directions[i].change);
        for j in 0..=i {
            let (b, other) = (directions[j].factor, &directions[j].change);
            let (ka, kb) = (change.len().isqrt(), other.len().isqrt());
            let mut sum = pairs.trace((a, change, ka), (b, other, kb));
            if a == b {
                sum += contract(&quartics[a], change, other, ka, ka);
            }
            if let (Some(x), Some(y)) = (&moved[i], &moved[j]) {
                sum += trace_of_product(x, y, leaves.size);
            }
            out[i * m + j] += sum;
        }
        // Leaves of this direction with the root's levels of all others.
        let Some(moved) = &moved[i] else { continue };
        for b in 0..lambda.len() {
            let Some(h) = &precisions[b] else { continue };
            let kb = h.len().isqrt();
            let met = diagonal_blocks(moved, root, b, kb);
            let both = sandwich(h, &met, kb);
            for (j, direction) in directions.iter().enumerate() {
                if direction.factor != b {
                    continue;
                }
                let sum: f64 = both
                    .iter()
                    .zip(&direction.change)
                    .map(|(x, e)| x * e)
                    .sum();
                // It is there once as (i, j) and once as (j, i).
                out[i.max(j) * m + i.min(j)] += if i == j { 2.0 * sum } else { sum };
            }
        }
    }
    for i in 0..m {
        for j in 0..i {
            out[j * m + i] = out[i * m + j];
        }
    }
    Some(out)
}

/// (ΛΛ')⁻¹, or `None` where too many digits are lost in it.
fn precision(lambda: &[f64]) -> Option<Vec<f64>> {
    let k = lambda.len().isqrt();
    if largest_inverse(lambda, k).is_nan() || largest_inverse(lambda, k) > LARGEST_INVERSE {
        return None;
    }
    let mut inverse = vec![0.0; k * k];
    for c in 0..k {
        for i in c..k {
            let unit = f64::from(u8::from(i == c));
            let taken: f64 = (c..i)
                .map(|b| lambda[i * k + b] * inverse[b * k + c])
                .sum();
            inverse[i * k + c] = (unit - taken) / lambda[i * k + i];
        }
    }
    Some(multiply_rows(&transpose(&inverse, k), &inverse, k))
}

/// tr(XY) of square matrices by columns.
fn trace_of_product(x: &[f64], y: &[f64], n: usize) -> f64 {
    const TILE: usize = 32;
    let mut sum = 0.0;
    for c0 in (0..n).step_by(TILE) {
        for r0 in (0..n).step_by(TILE) {
            for c in c0..(c0 + TILE).min(n) {
                for r in r0..(r0 + TILE).min(n) {
                    sum += x[c * n + r] * y[r * n + c];
                }
            }
        }
    }
    sum
}

/// Σ_g (C̃A_iC̃)_gg over the root's levels of a factor, from A_iC̃.
fn diagonal_blocks(moved: &[f64], root: &Root, factor: usize, k: usize) -> Vec<f64> {
    let n = root.covariance_size;
    let mut out = vec![0.0; k * k];
    for face in root.faces().iter().filter(|f| f.factor == factor) {
        for p in 0..k {
            for q in 0..k {
                let (x, y) = ((face.offset + p) * n, (face.offset + q) * n);
                out[p * k + q] += long_dot(&moved[x..x + n], &root.covariance[y..y + n]);
            }
        }
    }
    out
}

/// Adds vec(G)vec(G)' of a block.
fn accumulate(block: &[f64], sign: f64, into: &mut [f64]) {
    for (row, x) in into.chunks_exact_mut(block.len()).zip(block) {
        let x = sign * x;
        row.iter_mut().zip(block).for_each(|(sum, y)| *sum += x * y);
    }
}

/// Σ tr(E G F G') over blocks G (ka × kb) from the sum of vec(G)vec(G)'; E and F are symmetric.
fn contract(sums: &[f64], e: &[f64], f: &[f64], ka: usize, kb: usize) -> f64 {
    let size = ka * kb;
    if sums.is_empty() {
        return 0.0;
    }
    let mut out = 0.0;
    for (p, r) in (0..ka * ka).map(|at| (at / ka, at % ka)) {
        if e[r * ka + p] == 0.0 {
            continue;
        }
        for (q, s) in (0..kb * kb).map(|at| (at / kb, at % kb)) {
            out += e[r * ka + p] * f[q * kb + s] * sums[(p * kb + q) * size + r * kb + s];
        }
    }
    out
}

impl Leaves {
    /// A_i = Σ_j N_jE_iN_j' over the leaves of the direction's factor, by columns.
    fn spread(&self, nodes: &Sparse, root: &Root, direction: &Direction) -> Vec<f64> {
        let size = self.size;
        let mut out = vec![0.0; size * size];
        for node in nodes.plan.nodes.iter() {
            if node.factor != direction.factor || Sparse::covers_root(node, root.effects) {
                continue;
            }
            let k = node.width;
            let n = &self.rest[node.panel..node.panel + (node.height + self.fixed) * k];
            let scaled = multiply_rows(n, &direction.change, k);
            let inner = &nodes.plan.root_rows[node.root.clone()];
            let fixed = (root.effects..size).map(|at| at as u32);
            for (g, at) in inner.iter().copied().chain(fixed.clone()).enumerate() {
                let column = &mut out[at as usize * size..(at as usize + 1) * size];
                let own = &scaled[g * k..(g + 1) * k];
                let rows = inner.iter().copied().chain(fixed.clone());
                for (row, n) in rows.zip(n.chunks_exact(k)).skip(g) {
                    column[row as usize] += own.iter().zip(n).map(|(x, y)| x * y).sum::<f64>();
                }
            }
        }
        let (plain, scaled) = self.dense_columns(nodes, direction);
        if !plain.is_empty() {
            let count = plain.len() / size;
            matmul(
                MatMut::from_column_major_slice_mut(&mut out, size, size),
                BlockStructure::TriangularLower,
                Accum::Add,
                MatRef::from_column_major_slice(&scaled, size, count),
                BlockStructure::Rectangular,
                MatRef::from_column_major_slice(&plain, size, count).transpose(),
                BlockStructure::Rectangular,
                1.0,
                Par::Seq,
            );
        }
        mirror_lower(&mut out, size);
        out
    }

    /// For each factor, Σ_j K⊗K − K⊗R − R⊗K over its leaves with R_j = N_j'C̃N_j, as vec·vec': that is
    /// (K − R)⊗(K − R) − R⊗R. Empty for a factor without leaves.
    fn quartics(&self, nodes: &Sparse, root: &Root, lambda: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let size = self.size;
        let mut out = vec![Vec::new(); lambda.len()];
        let count = self.columns.len().checked_div(size).unwrap_or(0);
        let dense = product(&root.covariance, &self.columns, size, size, count, 1.0);
        let mut first = 0;
        let joint = nodes.joint(root);
        let mut met = Vec::new();
        for node in &nodes.plan.nodes {
            let k = node.width;
            let mut taken = vec![0.0; k * k];
            if Sparse::covers_root(node, root.effects) {
                for p in 0..k {
                    for q in 0..k {
                        let (x, y) = ((first + p) * size, (first + q) * size);
                        taken[p * k + q] =
                            long_dot(&self.columns[x..x + size], &dense[y..y + size]);
                    }
                }
                first += k;
            } else {
                let rows = (node.height + self.fixed) * k;
                let n = &self.rest[node.panel..node.panel + rows];
                met.clear();
                met.resize(rows, 0.0);
                nodes.multiply_covariance(node, &joint, n, &mut met);
                for (n, c) in n.chunks_exact(k).zip(met.chunks_exact(k)) {
                    for p in 0..k {
                        for q in 0..k {
                            taken[p * k + q] += n[p] * c[q];
                        }
                    }
                }
            }
            let sums = &mut out[node.factor];
            sums.resize(k * k * k * k, 0.0);
            accumulate(&taken, -1.0, sums);
            let kept = &self.kept[node.own..node.own + k * k];
            taken.iter_mut().zip(kept).for_each(|(r, x)| *r = x - *r);
            accumulate(&taken, 1.0, sums);
        }
        out
    }
}

/// Σ_gh vec(G_gh)vec(G_gh)' over the root's levels g and h of two factors, b ≤ a.
struct RootPairs {
    sums: Vec<Vec<f64>>,
}

impl RootPairs {
    fn new(root: &Root, precisions: &[Option<Vec<f64>>], lambda: &[Vec<f64>]) -> Self {
        let n = root.covariance_size;
        let mut sums = Vec::new();
        for a in 0..lambda.len() {
            for b in 0..=a {
                let (Some(h), Some(g)) = (&precisions[a], &precisions[b]) else {
                    sums.push(Vec::new());
                    continue;
                };
                let (ka, kb) = (h.len().isqrt(), g.len().isqrt());
                let mut sum = vec![0.0; ka * kb * ka * kb];
                let mut block = vec![0.0; ka * kb];
                let mut half = vec![0.0; ka * kb];
                for row in root.faces().iter().filter(|f| f.factor == a) {
                    for column in root.faces().iter().filter(|f| f.factor == b) {
                        if ka == 1 && kb == 1 {
                            let c = root.covariance[column.offset * n + row.offset];
                            let own = if row.offset == column.offset { h[0] } else { 0.0 };
                            let x = own - h[0] * c * g[0];
                            sum[0] += x * x;
                            continue;
                        }
                        for p in 0..ka {
                            for q in 0..kb {
                                let at = column.offset + q;
                                half[p * kb + q] = (0..ka)
                                    .map(|r| {
                                        h[p * ka + r] * root.covariance[at * n + row.offset + r]
                                    })
                                    .sum();
                            }
                        }
                        for p in 0..ka {
                            for q in 0..kb {
                                let taken: f64 =
                                    (0..kb).map(|s| half[p * kb + s] * g[s * kb + q]).sum();
                                block[p * kb + q] = -taken;
                            }
                        }
                        if row.offset == column.offset {
                            block.iter_mut().zip(h).for_each(|(x, h)| *x += h);
                        }
                        accumulate(&block, 1.0, &mut sum);
                    }
                }
                sums.push(sum);
            }
        }
        Self { sums }
    }

    /// Σ_gh tr(E G_gh F G_hg).
    fn trace(
        &self,
        (a, e, ka): (usize, &[f64], usize),
        (b, f, kb): (usize, &[f64], usize),
    ) -> f64 {
        if a < b {
            return self.trace((b, f, kb), (a, e, ka));
        }
        contract(&self.sums[a * (a + 1) / 2 + b], e, f, ka, kb)
    }
}
