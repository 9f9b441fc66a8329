//! The traces T_ij = tr(PV_iPV_j) as sums over pairs of levels.
//!
//! T_ij = Σ_fg tr(E_i(Z_f'PZ_g)E_j(Z_g'PZ_f)). Once the leaves are eliminated, every Z_f'PZ_g follows from
//! C̃, the joint covariance of what is left ([`Rest`]). With N_j = Z_r'V_l⁻¹Z_j and K_j = Z_j'V_l⁻¹Z_j for a
//! leaf j (V_l has the leaves alone) and H = (ΛΛ')⁻¹:
//!
//! - two leaves: δ_jk K_j − N_j'C̃N_k, whose sum of products separates into sums over leaves and
//!   tr(C̃A_iC̃A_j) with A_i = Σ_j N_jE_iN_j';
//! - a leaf and another level: N_j'(I − C̃S)_g = N_j'C̃_gH, for with Ω = D'SD + J it is
//!   I − C̃S = C̃D⁻ᵀJD⁻¹: of A_i's products with C̃ only the diagonal blocks are needed;
//! - two others: (S − SC̃S)_gh = δ_gh H − HC̃_ghH.
//!
//! So beside C̃ a direction costs one dense product A_iC̃ if it is one of leaves and nothing of that
//! size otherwise. The tangents of [`curvature`](super::curvature), which hold for every plan and every
//! Λ, take four times as long on InstEval. They are used where what is left is large, and where Λ is
//! nearly singular: dividing by it twice loses digits.

use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};

use super::curvature::{Direction, Leaves};
use super::plan::Node;
use super::rest::Rest;
use super::root::Root;
use super::small::{
    largest_inverse, long_dot, mirror_lower, multiply_rows, product, sandwich, transpose,
};
use super::sparse::Sparse;

/// |Λ⁻¹| of a root factor above which too few digits are left.
const LARGEST_INVERSE: f64 = 1e3;

/// What is left may be so many times the root and so many rows more: a dense matrix of that size is
/// inverted in about the time of the root's own.
const MOST_TIMES: usize = 2;
const MOST_MORE: usize = 100;

/// The traces, m × m, for nodes and a root whose selected inverse is current; `None` where the plan
/// or Λ is not such.
pub(super) fn traces(
    nodes: &Sparse,
    root: &Root,
    lambda: &[Vec<f64>],
    directions: &[Direction],
) -> Option<Vec<f64>> {
    if Rest::rows(nodes, root) > MOST_TIMES * root.covariance_size + MOST_MORE {
        return None;
    }
    let root_factors = root.faces().iter().map(|f| f.factor);
    let inner = nodes.plan.nodes.iter().filter(|n| !n.leaf);
    let mut precisions = vec![None; lambda.len()];
    for factor in root_factors.chain(inner.map(|n| n.factor)) {
        if precisions[factor].is_none() {
            precisions[factor] = Some(precision(&lambda[factor])?);
        }
    }
    let m = directions.len();
    let leaves = Layer {
        nodes,
        leaves: Leaves::new(nodes, root),
        rest: Rest::new(nodes, root),
    };
    let rest = &leaves.rest;
    let n = rest.size;
    // A_iC̃ of the directions that move leaves.
    let moved: Vec<Option<Vec<f64>>> = directions
        .iter()
        .map(|direction| {
            let any = leaves.of(direction.factor).next().is_some();
            any.then(|| product(&leaves.spread(direction), &rest.covariance, n, n, n, 1.0))
        })
        .collect();
    let quartics: Vec<Vec<f64>> = leaves.quartics(lambda.len());
    let pairs = Pairs::new(rest, &precisions);
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
                sum += trace_of_product(x, y, n);
            }
            out[i * m + j] += sum;
        }
        // Leaves of this direction with the other levels.
        let Some(moved) = &moved[i] else { continue };
        for b in 0..lambda.len() {
            let Some(h) = &precisions[b] else { continue };
            let kb = h.len().isqrt();
            let met = diagonal_blocks(moved, rest, b, kb);
            let both = sandwich(h, &met, kb);
            for (j, direction) in directions.iter().enumerate() {
                if direction.factor != b {
                    continue;
                }
                let sum: f64 = both.iter().zip(&direction.change).map(|(x, e)| x * e).sum();
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
            let taken: f64 = (c..i).map(|b| lambda[i * k + b] * inverse[b * k + c]).sum();
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

/// Σ_g (C̃A_iC̃)_gg over the levels of a factor that are left, from A_iC̃.
fn diagonal_blocks(moved: &[f64], rest: &Rest, factor: usize, k: usize) -> Vec<f64> {
    let n = rest.size;
    let mut out = vec![0.0; k * k];
    for &(_, offset) in rest.faces.iter().filter(|(f, _)| *f == factor) {
        for p in 0..k {
            for q in 0..k {
                let (x, y) = ((offset + p) * n, (offset + q) * n);
                out[p * k + q] += long_dot(&moved[x..x + n], &rest.covariance[y..y + n]);
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

/// The leaves and what they meet.
struct Layer<'a> {
    nodes: &'a Sparse,
    leaves: Leaves,
    rest: Rest,
}

impl Layer<'_> {
    /// The leaves of a factor.
    fn of(&self, factor: usize) -> impl Iterator<Item = &Node> {
        let nodes = self.nodes.plan.nodes.iter();
        nodes.filter(move |n| n.leaf && n.factor == factor)
    }

    /// Whether a leaf meets so much that blocked arithmetic is faster.
    fn is_dense(&self, node: &Node) -> bool {
        node.height > 32 && 4 * node.height > self.rest.size
    }

    /// N_j of a leaf, by rows.
    fn panel(&self, node: &Node) -> &[f64] {
        let rows = node.height + self.leaves.fixed;
        &self.leaves.rest[node.panel..node.panel + rows * node.width]
    }

    /// Appends the columns of a matrix with rows of K numbers, spread over all that is left.
    fn append(&self, rows: &[f64], k: usize, positions: &[usize], into: &mut Vec<f64>) {
        let first = into.len();
        into.resize(first + k * self.rest.size, 0.0);
        for (row, &at) in rows.chunks_exact(k).zip(positions) {
            for (a, x) in row.iter().enumerate() {
                into[first + a * self.rest.size + at] = *x;
            }
        }
    }

    /// A_i = Σ_j N_jE_iN_j' over the leaves of the direction's factor, by columns.
    fn spread(&self, direction: &Direction) -> Vec<f64> {
        let size = self.rest.size;
        let mut out = vec![0.0; size * size];
        let (mut plain, mut scaled) = (Vec::new(), Vec::new());
        let mut positions = Vec::new();
        for node in self.of(direction.factor) {
            let k = node.width;
            let n = self.panel(node);
            let half = multiply_rows(n, &direction.change, k);
            self.rest.positions(self.nodes, node, &mut positions);
            if self.is_dense(node) {
                self.append(n, k, &positions, &mut plain);
                self.append(&half, k, &positions, &mut scaled);
                continue;
            }
            // Positions increase: the lower triangle.
            for (g, &at) in positions.iter().enumerate() {
                let column = &mut out[at * size..(at + 1) * size];
                let own = &half[g * k..(g + 1) * k];
                for (&row, n) in positions.iter().zip(n.chunks_exact(k)).skip(g) {
                    column[row] += own.iter().zip(n).map(|(x, y)| x * y).sum::<f64>();
                }
            }
        }
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
    fn quartics(&self, factors: usize) -> Vec<Vec<f64>> {
        let size = self.rest.size;
        let mut out = vec![Vec::new(); factors];
        let mut positions = Vec::new();
        let mut columns = Vec::new();
        for node in self.nodes.plan.nodes.iter().filter(|n| n.leaf) {
            self.rest.positions(self.nodes, node, &mut positions);
            if self.is_dense(node) {
                self.append(self.panel(node), node.width, &positions, &mut columns);
            }
        }
        let count = columns.len().checked_div(size).unwrap_or(0);
        let dense = product(&self.rest.covariance, &columns, size, size, count, 1.0);
        let mut first = 0;
        for node in self.nodes.plan.nodes.iter().filter(|n| n.leaf) {
            let k = node.width;
            let mut taken = vec![0.0; k * k];
            if self.is_dense(node) {
                for p in 0..k {
                    for q in 0..k {
                        let (x, y) = ((first + p) * size, (first + q) * size);
                        taken[p * k + q] = long_dot(&columns[x..x + size], &dense[y..y + size]);
                    }
                }
                first += k;
            } else {
                let n = self.panel(node);
                self.rest.positions(self.nodes, node, &mut positions);
                let mut met = vec![0.0; k];
                for (&at, own) in positions.iter().zip(n.chunks_exact(k)) {
                    let column = &self.rest.covariance[at * size..(at + 1) * size];
                    met.fill(0.0);
                    for (&row, n) in positions.iter().zip(n.chunks_exact(k)) {
                        met.iter_mut()
                            .zip(n)
                            .for_each(|(m, x)| *m += column[row] * x);
                    }
                    for p in 0..k {
                        for q in 0..k {
                            taken[p * k + q] += own[p] * met[q];
                        }
                    }
                }
            }
            let sums = &mut out[node.factor];
            sums.resize(k * k * k * k, 0.0);
            accumulate(&taken, -1.0, sums);
            let kept = &self.leaves.kept[node.own..node.own + k * k];
            taken.iter_mut().zip(kept).for_each(|(r, x)| *r = x - *r);
            accumulate(&taken, 1.0, sums);
        }
        out
    }
}

/// Σ_gh vec(G_gh)vec(G_gh)' over the levels g and h of two factors that are left, b ≤ a.
struct Pairs {
    sums: Vec<Vec<f64>>,
}

impl Pairs {
    fn new(rest: &Rest, precisions: &[Option<Vec<f64>>]) -> Self {
        let n = rest.size;
        let mut sums = Vec::new();
        for a in 0..precisions.len() {
            for b in 0..=a {
                let (Some(h), Some(g)) = (&precisions[a], &precisions[b]) else {
                    sums.push(Vec::new());
                    continue;
                };
                let (ka, kb) = (h.len().isqrt(), g.len().isqrt());
                let mut sum = vec![0.0; ka * kb * ka * kb];
                let mut block = vec![0.0; ka * kb];
                let mut half = vec![0.0; ka * kb];
                for &(_, row) in rest.faces.iter().filter(|(f, _)| *f == a) {
                    for &(_, column) in rest.faces.iter().filter(|(f, _)| *f == b) {
                        if ka == 1 && kb == 1 {
                            let c = rest.covariance[column * n + row];
                            let own = if row == column { h[0] } else { 0.0 };
                            let x = own - h[0] * c * g[0];
                            sum[0] += x * x;
                            continue;
                        }
                        for p in 0..ka {
                            for q in 0..kb {
                                let at = column + q;
                                half[p * kb + q] = (0..ka)
                                    .map(|r| h[p * ka + r] * rest.covariance[at * n + row + r])
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
                        if row == column {
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
    fn trace(&self, (a, e, ka): (usize, &[f64], usize), (b, f, kb): (usize, &[f64], usize)) -> f64 {
        if a < b {
            return self.trace((b, f, kb), (a, e, ka));
        }
        contract(&self.sums[a * (a + 1) / 2 + b], e, f, ka, kb)
    }
}
