//! The criterion of one grouping factor for one response after another.
//!
//! Levels with the same Z'WZ and Z'WX are of one *kind*: whatever θ is, they share M, W and all
//! that follows, and of their responses only Σ Z'y and Σ (Z'y)(Z'y)' count. Balanced designs have
//! few kinds (sleepstudy one for 18 subjects, a randomised trial one an arm), so an evaluation
//! costs as much as a handful of levels; where all levels differ each is a kind of its own. The
//! formulas are those of `lmm::criterion` and `blocks::lanes`, with sums over a kind in place of
//! levels:
//!
//! C = WW',  S −= n T'CT,  B = I − AC,  K = BA,  N = BX,  Σ vv' = B Σ(r − Xβ)(r − Xβ)' B',
//! Σ g_i'Kg_j = tr(D_iKD_j Σ vv').
//!
//! Nothing is allocated between two responses.

use std::collections::HashMap;

use super::small::{backward, factor, forward, inverse};
use crate::blocks::{FaceScratch, LANES, Lane, Scalar, conditional_factor};
use crate::layout::{Entry, Layout};
use crate::statistics::{ResponseProducts, Statistics};

/// Kinds from which lanes of eight are worth their padding.
const MANY: usize = 4;
/// Widest faces; beyond, the small matrices are not small.
const WIDEST: usize = 6;

/// Numbers side by side whose places can be reached.
trait Places: Scalar {
    const COUNT: usize;
    fn get(&self, place: usize) -> f64;
    fn put(&mut self, place: usize, x: f64);
    fn total(&self) -> f64 {
        (0..Self::COUNT).map(|i| self.get(i)).sum()
    }
}

impl Places for f64 {
    const COUNT: usize = 1;
    #[inline(always)]
    fn get(&self, _: usize) -> f64 {
        *self
    }
    #[inline(always)]
    fn put(&mut self, _: usize, x: f64) {
        *self = x;
    }
}

impl Places for Lane {
    const COUNT: usize = LANES;
    #[inline(always)]
    fn get(&self, place: usize) -> f64 {
        self.0[place]
    }
    #[inline(always)]
    fn put(&mut self, place: usize, x: f64) {
        self.0[place] = x;
    }
}

/// All kinds of a design, in chunks of as many as go side by side.
struct Kernel<S> {
    k: usize,
    p: usize,
    chunks: usize,
    /// A, both triangles; K × K a chunk.
    own: Vec<S>,
    /// Z'WX; K × p a chunk.
    fixed: Vec<S>,
    /// Levels of a kind.
    count: Vec<S>,
    /// Whether all kinds of a chunk are of one level.
    single: Vec<bool>,
    /// Σ Z'y and Σ (Z'y)(Z'y)' of the response loaded.
    sums: Vec<S>,
    squares: Vec<S>,
    /// C at the last θ.
    conditional: Vec<S>,
    scratch: FaceScratch<S>,
    w: Vec<S>,
    cx: Vec<S>,
    /// Sums over kinds: of X'CX (lower), X'Cr; then room for K × K and K × p matrices.
    xx: Vec<S>,
    xy: Vec<S>,
    b: Vec<S>,
    kept: Vec<S>,
    rest: Vec<S>,
    fitted: Vec<S>,
    total: Vec<S>,
    spread: Vec<S>,
    half: Vec<S>,
    score: Vec<S>,
    residual: Vec<S>,
    taken: Vec<S>,
    forms: Vec<S>,
    projections: Vec<S>,
    traces: Vec<S>,
    /// Σ N'D_iN, p × p a direction.
    between: Vec<S>,
}

/// The criterion with its parts at the last θ.
pub(super) struct Kinds {
    kernel: Either,
    place: Vec<u32>,
    entries: Vec<Entry>,
    k: usize,
    p: usize,
    reml: bool,
    degrees: f64,
    shift: f64,
    /// X'WX, lower triangle by rows.
    corner: Vec<f64>,
    fixed: Vec<f64>,
    square: f64,
    lambda: Vec<f64>,
    directions: Vec<f64>,
    root: Vec<f64>,
    /// (X'V⁻¹X)⁻¹ at the last derivatives.
    covariance: Vec<f64>,
    sums: Vec<f64>,
    /// θ of the last evaluation.
    pub theta: Vec<f64>,
    /// The criterion there, y'Py and β in standard units.
    pub value: f64,
    pub pwrss: f64,
    pub beta: Vec<f64>,
    /// Derivatives at the last θ they were asked for: by θ, a model of the second ones, and Q with its
    /// first term.
    pub gradient: Vec<f64>,
    pub hessian: Vec<f64>,
    pub score: Vec<f64>,
    pub information: Vec<f64>,
    pub evaluations: usize,
}

enum Either {
    Plain(Box<Kernel<f64>>),
    Lanes(Box<Kernel<Lane>>, pulp::Arch),
}

impl Kinds {
    /// For models with one grouping factor of a small width; `None` for all others. `shift` is what
    /// the criterion has beside log-determinants and the sum of squares.
    pub fn new(statistics: &Statistics, reml: bool, degrees: f64, shift: f64) -> Option<Self> {
        let layout = statistics.layout();
        let [only] = layout.factors.as_slice() else {
            return None;
        };
        let (k, p) = (only.width, layout.fixed);
        if k == 0 || k > WIDEST || p == 0 {
            return None;
        }
        let (mut kinds, mut place): (Vec<(usize, usize)>, Vec<u32>) = (Vec::new(), Vec::new());
        let mut seen: HashMap<Vec<u64>, u32> = HashMap::new();
        for level in 0..only.levels {
            let next = kinds.len() as u32;
            let kind = *seen.entry(key(statistics, level)).or_insert(next);
            if kind == next {
                kinds.push((level, 0));
            }
            kinds[kind as usize].1 += 1;
            place.push(kind);
        }
        let corner = statistics.corner();
        let t = p + 1;
        let entries = layout.entries();
        let m = entries.len();
        Some(Self {
            kernel: if kinds.len() < MANY {
                Either::Plain(Box::new(Kernel::new(statistics, &kinds, m)))
            } else {
                Either::Lanes(
                    Box::new(Kernel::new(statistics, &kinds, m)),
                    pulp::Arch::new(),
                )
            },
            place,
            k,
            p,
            reml,
            degrees,
            shift,
            corner: (0..p * p)
                .map(|at| corner[(at % p).min(at / p) * t + (at % p).max(at / p)])
                .collect(),
            fixed: vec![0.0; p],
            square: 0.0,
            lambda: vec![0.0; k * k],
            directions: vec![0.0; m * k * k],
            root: vec![0.0; t * t],
            covariance: vec![0.0; p * p],
            sums: vec![0.0; t * t + 2 * k * k + 2 * m * m + m * p + m * p * p + 1],
            theta: vec![0.0; m],
            value: f64::NAN,
            pwrss: f64::NAN,
            beta: vec![0.0; p],
            gradient: vec![0.0; m],
            hessian: vec![0.0; m * m],
            score: vec![0.0; k * k],
            information: vec![0.0; k * k],
            evaluations: 0,
            entries,
        })
    }

    /// Takes up a response.
    pub fn load(&mut self, products: &ResponseProducts) {
        self.fixed.copy_from_slice(&products.fixed);
        self.square = products.square;
        self.evaluations = 0;
        self.value = f64::NAN;
        match &mut self.kernel {
            Either::Plain(kernel) => kernel.load(&self.place, &products.random[0]),
            Either::Lanes(kernel, _) => kernel.load(&self.place, &products.random[0]),
        }
    }

    /// The criterion at θ in standard units, infinite where it does not exist.
    pub fn at(&mut self, theta: &[f64]) -> f64 {
        if self.evaluations > 0 && self.theta == theta {
            return self.value;
        }
        let (k, p, t) = (self.k, self.p, self.p + 1);
        self.evaluations += 1;
        self.theta.copy_from_slice(theta);
        self.lambda.fill(0.0);
        for (entry, x) in self.entries.iter().zip(theta) {
            self.lambda[entry.row * k + entry.column] = *x;
        }
        let lambda = &self.lambda;
        // log|M|, r'Cr, X'Cr, X'CX.
        let sums = &mut self.sums[..2 + p + p * p];
        match &mut self.kernel {
            Either::Plain(kernel) => kernel.value(lambda, sums),
            Either::Lanes(kernel, arch) => arch.dispatch(
                #[inline(always)]
                || kernel.value(lambda, sums),
            ),
        }
        let (log_det, yy, of_y, of_x) = (sums[0], sums[1], &sums[2..2 + p], &sums[2 + p..]);
        for i in 0..p {
            for j in 0..=i {
                self.root[i * t + j] = self.corner[i * p + j] - of_x[i * p + j];
            }
            self.root[p * t + i] = self.fixed[i] - of_y[i];
        }
        self.root[p * t + p] = self.square - yy;
        if !factor(&mut self.root, t) {
            (self.value, self.pwrss) = (f64::INFINITY, f64::NAN);
            return self.value;
        }
        let pivot = self.root[p * t + p];
        self.pwrss = pivot * pivot;
        let fixed = if self.reml {
            let logs: f64 = (0..p).map(|i| self.root[i * t + i].ln()).sum();
            2.0 * logs
        } else {
            0.0
        };
        let scale = std::f64::consts::TAU * self.pwrss / self.degrees;
        self.value = log_det + fixed + self.degrees * (1.0 + scale.ln()) + self.shift;
        self.beta.copy_from_slice(&self.root[p * t..p * t + p]);
        backward(&self.root, t, p, &mut self.beta);
        if !self.value.is_finite() {
            self.value = f64::INFINITY;
        }
        self.value
    }

    /// Gradient, second derivatives and scores at the last θ. The second derivatives are average
    /// information with the curvature of ΛΛ', which is a good model from afar, or with `exact` those
    /// of the criterion, with which the last steps converge quadratically.
    pub fn derive(&mut self, exact: bool) {
        let (k, p, t, m) = (self.k, self.p, self.p + 1, self.entries.len());
        for (entry, change) in (self.entries.iter()).zip(self.directions.chunks_exact_mut(k * k)) {
            change.fill(0.0);
            for a in 0..k {
                let x = self.lambda[a * k + entry.column];
                change[entry.row * k + a] += x;
                change[a * k + entry.row] += x;
            }
        }
        inverse(&self.root, t, p, &mut self.covariance);
        let none: &[f64] = &[];
        let covariance = if self.reml { &self.covariance } else { none };
        let (directions, beta) = (&self.directions, &self.beta);
        let sums = &mut self.sums[..2 * k * k + 2 * m * m + m * p + m * p * p];
        match &mut self.kernel {
            Either::Plain(kernel) => {
                kernel.derivatives(directions, beta, covariance, exact, sums);
            }
            Either::Lanes(kernel, arch) => arch.dispatch(
                #[inline(always)]
                || kernel.derivatives(directions, beta, covariance, exact, sums),
            ),
        }
        let (information, rest) = sums.split_at_mut(k * k);
        let (residual, rest) = rest.split_at_mut(k * k);
        let (forms, rest) = rest.split_at_mut(m * m);
        let (projections, rest) = rest.split_at_mut(m * p);
        let (traces, between) = rest.split_at_mut(m * m);
        if exact && self.reml {
            // tr(ΦB_iΦB_j), with L⁻¹B_iL⁻ᵀ in the place of B_i.
            for b in between.chunks_exact_mut(p * p) {
                for _ in 0..2 {
                    for row in b.chunks_exact_mut(p) {
                        forward(&self.root, t, p, row);
                    }
                    for i in 0..p {
                        for j in 0..i {
                            b.swap(i * p + j, j * p + i);
                        }
                    }
                }
            }
            for i in 0..m {
                for j in 0..=i {
                    let (a, b) = (&between[i * p * p..], &between[j * p * p..]);
                    let products = a[..p * p].iter().zip(&b[..p * p]).map(|(x, y)| x * y);
                    traces[i * m + j] += products.sum::<f64>();
                }
            }
        }
        let weigh = if exact { 2.0 } else { 1.0 };
        let c = self.degrees / self.pwrss;
        for at in 0..k * k {
            self.score[at] = information[at] - c * residual[at];
        }
        self.information.copy_from_slice(information);
        for projection in projections.chunks_exact_mut(p) {
            forward(&self.root, t, p, projection);
        }
        for i in 0..m {
            let (entry, l) = (&self.entries[i], &self.lambda);
            let through = |matrix: &[f64]| -> f64 {
                let row = &matrix[entry.row * k..(entry.row + 1) * k];
                let products = (0..k).map(|a| row[a] * l[a * k + entry.column]);
                2.0 * products.sum::<f64>()
            };
            self.gradient[i] = through(&self.score);
            // ∂r/∂θ_i stands on the diagonal until all other elements have it.
            self.hessian[i * m + i] = -through(residual);
        }
        for i in 0..m {
            for j in 0..i {
                let half: f64 = (projections[i * p..(i + 1) * p].iter())
                    .zip(&projections[j * p..(j + 1) * p])
                    .map(|(x, y)| x * y)
                    .sum();
                let (ri, rj) = (self.hessian[i * m + i], self.hessian[j * m + j]);
                let mut sum = weigh * c * (forms[i * m + j] - half) - c / self.pwrss * ri * rj;
                if exact {
                    sum -= traces[i * m + j];
                }
                sum += curvature(&self.entries, &self.score, k, i, j);
                self.hessian[i * m + j] = sum;
                self.hessian[j * m + i] = sum;
            }
        }
        for i in 0..m {
            let own = &projections[i * p..(i + 1) * p];
            let half: f64 = own.iter().map(|x| x * x).sum();
            let r = self.hessian[i * m + i];
            let trace = if exact { traces[i * m + i] } else { 0.0 };
            self.hessian[i * m + i] =
                weigh * c * (forms[i * m + i] - half) - trace - c / self.pwrss * r * r
                    + curvature(&self.entries, &self.score, k, i, i);
        }
    }
}

/// 2Q of two entries of one column of one block.
fn curvature(entries: &[Entry], score: &[f64], k: usize, i: usize, j: usize) -> f64 {
    let (a, b) = (&entries[i], &entries[j]);
    if (a.term, a.column) == (b.term, b.column) {
        2.0 * score[a.row * k + b.row]
    } else {
        0.0
    }
}

/// Everything about the design of a level, bit by bit.
fn key(statistics: &Statistics, level: usize) -> Vec<u64> {
    let layout: &Layout = statistics.layout();
    let (k, t) = (layout.factors[0].width, layout.fixed + 1);
    let own = statistics.own(0, level);
    let lower = (0..k).flat_map(|i| own[i * k..i * k + i + 1].iter());
    let rows = statistics.tail(0, level).chunks_exact(t);
    lower
        .chain(rows.flat_map(|row| row[..t - 1].iter()))
        .map(|x| x.to_bits())
        .collect()
}

impl<S: Places> Kernel<S> {
    fn new(statistics: &Statistics, kinds: &[(usize, usize)], m: usize) -> Self {
        let layout = statistics.layout();
        let (k, p) = (layout.factors[0].width, layout.fixed);
        let chunks = kinds.len().div_ceil(S::COUNT);
        let zero = |n: usize| vec![S::splat(0.0); n];
        let mut out = Self {
            k,
            p,
            chunks,
            own: zero(chunks * k * k),
            fixed: zero(chunks * k * p),
            count: zero(chunks),
            single: vec![true; chunks],
            sums: zero(chunks * k),
            squares: zero(chunks * k * k),
            conditional: zero(chunks * k * k),
            scratch: FaceScratch::new(k),
            w: zero(k * k),
            cx: zero(k * p),
            xx: zero(p * p),
            xy: zero(p),
            b: zero(k * k),
            kept: zero(k * k),
            rest: zero(k * p),
            fitted: zero(k),
            total: zero(k),
            spread: zero(k * k),
            half: zero(k * k),
            score: zero(k * k),
            residual: zero(k * k),
            taken: zero(k * k),
            forms: zero(m * m),
            projections: zero(m * p),
            traces: zero(m * m),
            between: zero(m * p * p),
        };
        for (index, &(level, count)) in kinds.iter().enumerate() {
            let (chunk, place) = (index / S::COUNT, index % S::COUNT);
            out.count[chunk].put(place, count as f64);
            out.single[chunk] &= count <= 1;
            let (own, tail) = (statistics.own(0, level), statistics.tail(0, level));
            for a in 0..k {
                for b in 0..k {
                    let x = own[a.max(b) * k + a.min(b)];
                    out.own[chunk * k * k + a * k + b].put(place, x);
                }
                for x in 0..p {
                    out.fixed[(chunk * k + a) * p + x].put(place, tail[a * (p + 1) + x]);
                }
            }
        }
        out
    }

    fn load(&mut self, place: &[u32], random: &[f64]) {
        let k = self.k;
        let zero = S::splat(0.0);
        self.sums.fill(zero);
        self.squares.fill(zero);
        for (kind, r) in place.iter().zip(random.chunks_exact(k)) {
            let (chunk, lane) = (*kind as usize / S::COUNT, *kind as usize % S::COUNT);
            for a in 0..k {
                let sum = &mut self.sums[chunk * k + a];
                sum.put(lane, sum.get(lane) + r[a]);
                for b in 0..k {
                    let sum = &mut self.squares[chunk * k * k + a * k + b];
                    sum.put(lane, sum.get(lane) + r[a] * r[b]);
                }
            }
        }
    }

    #[inline(always)]
    fn value(&mut self, lambda: &[f64], out: &mut [f64]) {
        match self.k {
            1 => self.value_pass::<1>(lambda, out),
            2 => self.value_pass::<2>(lambda, out),
            3 => self.value_pass::<3>(lambda, out),
            _ => self.value_pass::<0>(lambda, out),
        }
    }

    #[inline(always)]
    fn value_pass<const K: usize>(&mut self, lambda: &[f64], out: &mut [f64]) {
        let k = if K > 0 { K } else { self.k };
        let p = self.p;
        let zero = S::splat(0.0);
        self.xx.fill(zero);
        self.xy.fill(zero);
        let (mut product, mut yy, mut log_det) = (S::splat(1.0), zero, 0.0);
        for chunk in 0..self.chunks {
            let own = &self.own[chunk * k * k..(chunk + 1) * k * k];
            let fixed = &self.fixed[chunk * k * p..(chunk + 1) * k * p];
            let w = &mut self.w[..k * k];
            let det = conditional_factor::<K, S>(k, own, lambda, &mut self.scratch, w);
            if self.single[chunk] {
                product *= det;
                if (0..S::COUNT).any(|i| product.get(i) > 1e150) {
                    log_det += (0..S::COUNT).map(|i| product.get(i).ln()).sum::<f64>();
                    product = S::splat(1.0);
                }
            } else {
                let count = self.count[chunk];
                log_det += (0..S::COUNT)
                    .map(|i| count.get(i) * det.get(i).ln())
                    .sum::<f64>();
            }
            let conditional = &mut self.conditional[chunk * k * k..(chunk + 1) * k * k];
            for i in 0..k {
                for j in 0..=i {
                    let mut sum = zero;
                    for b in 0..k {
                        sum += w[i * k + b] * w[j * k + b];
                    }
                    conditional[i * k + j] = sum;
                    conditional[j * k + i] = sum;
                }
            }
            let squares = &self.squares[chunk * k * k..(chunk + 1) * k * k];
            for (c, q) in conditional.iter().zip(squares) {
                yy += *c * *q;
            }
            let (sums, count) = (&self.sums[chunk * k..(chunk + 1) * k], self.count[chunk]);
            for a in 0..k {
                for x in 0..p {
                    let mut sum = zero;
                    for b in 0..k {
                        sum += conditional[a * k + b] * fixed[b * p + x];
                    }
                    self.cx[a * p + x] = sum;
                    self.xy[x] += sum * sums[a];
                }
            }
            for a in 0..k {
                for x in 0..p {
                    let mine = fixed[a * p + x] * count;
                    for z in 0..=x {
                        self.xx[x * p + z] += mine * self.cx[a * p + z];
                    }
                }
            }
        }
        out[0] = log_det + (0..S::COUNT).map(|i| product.get(i).ln()).sum::<f64>();
        out[1] = yy.total();
        for x in 0..p {
            out[2 + x] = self.xy[x].total();
            for z in 0..=x {
                out[2 + p + x * p + z] = self.xx[x * p + z].total();
            }
        }
    }

    #[inline(always)]
    fn derivatives(
        &mut self,
        directions: &[f64],
        beta: &[f64],
        covariance: &[f64],
        exact: bool,
        out: &mut [f64],
    ) {
        match self.k {
            1 => self.derivative_pass::<1>(directions, beta, covariance, exact, out),
            2 => self.derivative_pass::<2>(directions, beta, covariance, exact, out),
            3 => self.derivative_pass::<3>(directions, beta, covariance, exact, out),
            _ => self.derivative_pass::<0>(directions, beta, covariance, exact, out),
        }
    }

    /// Writes Σ K − NΦN', Σ vv', Σ g_i'Kg_j (lower) and Σ N'g_i; with `exact` also
    /// Σ tr(KD_i(K − 2NΦN')D_j) (lower) and Σ N'D_iN.
    #[inline(always)]
    fn derivative_pass<const K: usize>(
        &mut self,
        directions: &[f64],
        beta: &[f64],
        covariance: &[f64],
        exact: bool,
        out: &mut [f64],
    ) {
        let k = if K > 0 { K } else { self.k };
        let (p, m) = (self.p, directions.len() / (k * k));
        let zero = S::splat(0.0);
        for sums in [
            &mut self.score,
            &mut self.residual,
            &mut self.forms,
            &mut self.projections,
            &mut self.traces,
            &mut self.between,
        ] {
            sums.fill(zero);
        }
        for chunk in 0..self.chunks {
            let own = &self.own[chunk * k * k..(chunk + 1) * k * k];
            let fixed = &self.fixed[chunk * k * p..(chunk + 1) * k * p];
            let conditional = &self.conditional[chunk * k * k..(chunk + 1) * k * k];
            let (sums, count) = (&self.sums[chunk * k..(chunk + 1) * k], self.count[chunk]);
            let squares = &self.squares[chunk * k * k..(chunk + 1) * k * k];
            // B = I − AC.
            for i in 0..k {
                for j in 0..k {
                    let mut sum = S::splat(if i == j { 1.0 } else { 0.0 });
                    for a in 0..k {
                        sum -= own[i * k + a] * conditional[a * k + j];
                    }
                    self.b[i * k + j] = sum;
                }
            }
            for i in 0..k {
                for j in 0..=i {
                    let mut sum = zero;
                    for a in 0..k {
                        sum += self.b[i * k + a] * own[a * k + j];
                    }
                    self.kept[i * k + j] = sum;
                    self.kept[j * k + i] = sum;
                }
                for x in 0..p {
                    let mut sum = zero;
                    for a in 0..k {
                        sum += self.b[i * k + a] * fixed[a * p + x];
                    }
                    self.rest[i * p + x] = sum;
                }
                let mut sum = zero;
                for x in 0..p {
                    sum += fixed[i * p + x] * S::splat(beta[x]);
                }
                self.fitted[i] = sum;
            }
            // Σ (r − f)(r − f)' = Σ rr' − (Σr)f' − f(Σr)' + n ff'.
            for i in 0..k {
                for j in 0..k {
                    let (f, g) = (self.fitted[i], self.fitted[j]);
                    self.spread[i * k + j] =
                        squares[i * k + j] - sums[i] * g - f * sums[j] + count * f * g;
                }
            }
            for i in 0..k {
                for j in 0..k {
                    let mut sum = zero;
                    for a in 0..k {
                        sum += self.b[i * k + a] * self.spread[a * k + j];
                    }
                    self.half[i * k + j] = sum;
                }
            }
            for i in 0..k {
                for j in 0..=i {
                    let mut sum = zero;
                    for a in 0..k {
                        sum += self.half[i * k + a] * self.b[j * k + a];
                    }
                    self.spread[i * k + j] = sum;
                    self.residual[i * k + j] += sum;
                    if i != j {
                        self.spread[j * k + i] = sum;
                        self.residual[j * k + i] += sum;
                    }
                }
            }
            for i in 0..k {
                for j in 0..=i {
                    let kept = self.kept[i * k + j];
                    let mut sum = kept;
                    if !covariance.is_empty() {
                        for x in 0..p {
                            let mut half = zero;
                            for z in 0..p {
                                half += S::splat(covariance[x * p + z]) * self.rest[j * p + z];
                            }
                            sum -= self.rest[i * p + x] * half;
                        }
                    }
                    // K − 2R, with K − R in hand.
                    self.taken[i * k + j] = sum + sum - kept;
                    self.taken[j * k + i] = sum + sum - kept;
                    let sum = sum * count;
                    self.score[i * k + j] += sum;
                    if i != j {
                        self.score[j * k + i] += sum;
                    }
                }
            }
            // Σ v.
            for i in 0..k {
                let mut sum = zero;
                for a in 0..k {
                    sum += self.b[i * k + a] * (sums[a] - count * self.fitted[a]);
                }
                self.total[i] = sum;
            }
            for (i, change) in directions.chunks_exact(k * k).enumerate() {
                // D_iΣv, then N' times it.
                for a in 0..k {
                    let mut sum = zero;
                    for b in 0..k {
                        sum += S::splat(change[a * k + b]) * self.total[b];
                    }
                    for x in 0..p {
                        self.projections[i * p + x] += self.rest[a * p + x] * sum;
                    }
                }
                // KD_iΣvv', then tr(D_jKD_iΣvv').
                for a in 0..k {
                    for b in 0..k {
                        let mut sum = zero;
                        for c in 0..k {
                            sum += S::splat(change[a * k + c]) * self.spread[c * k + b];
                        }
                        self.half[a * k + b] = sum;
                    }
                }
                for a in 0..k {
                    for b in 0..k {
                        let mut sum = zero;
                        for c in 0..k {
                            sum += self.kept[a * k + c] * self.half[c * k + b];
                        }
                        self.w[a * k + b] = sum;
                    }
                }
                for (j, other) in directions.chunks_exact(k * k).take(i + 1).enumerate() {
                    let mut sum = zero;
                    for a in 0..k {
                        for b in 0..k {
                            sum += S::splat(other[b * k + a]) * self.w[a * k + b];
                        }
                    }
                    self.forms[i * m + j] += sum;
                }
                if !exact {
                    continue;
                }
                // KD_i, then KD_i(K − 2R).
                for a in 0..k {
                    for b in 0..k {
                        let mut sum = zero;
                        for c in 0..k {
                            sum += self.kept[a * k + c] * S::splat(change[c * k + b]);
                        }
                        self.half[a * k + b] = sum;
                    }
                }
                for a in 0..k {
                    for b in 0..k {
                        let mut sum = zero;
                        for c in 0..k {
                            sum += self.half[a * k + c] * self.taken[c * k + b];
                        }
                        self.w[a * k + b] = sum * count;
                    }
                }
                for (j, other) in directions.chunks_exact(k * k).take(i + 1).enumerate() {
                    let mut sum = self.traces[i * m + j];
                    for a in 0..k {
                        for b in 0..k {
                            sum += S::splat(other[b * k + a]) * self.w[a * k + b];
                        }
                    }
                    self.traces[i * m + j] = sum;
                }
                if covariance.is_empty() {
                    continue;
                }
                for z in 0..p {
                    // D_iN of one column, times the number of levels.
                    for a in 0..k {
                        let mut sum = zero;
                        for b in 0..k {
                            sum += S::splat(change[a * k + b]) * self.rest[b * p + z];
                        }
                        self.half[a] = sum * count;
                    }
                    for x in 0..p {
                        let mut sum = self.between[(i * p + x) * p + z];
                        for a in 0..k {
                            sum += self.rest[a * p + x] * self.half[a];
                        }
                        self.between[(i * p + x) * p + z] = sum;
                    }
                }
            }
        }
        let all = [
            &self.score,
            &self.residual,
            &self.forms,
            &self.projections,
            &self.traces,
            &self.between,
        ];
        for (out, sum) in out.iter_mut().zip(all.into_iter().flatten()) {
            *out = sum.total();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Kinds;
    use crate::lmm::Criterion;
    use crate::support::data::sleepstudy;
    use crate::support::{Model, Rng, random_model, random_theta, relative};

    /// Value, gradient, both Hessians and scores are those of the criterion.
    fn same_as_the_criterion(model: &Model, theta: &[f64], reml: bool) {
        let statistics = model.statistics();
        let mut criterion = Criterion::new(&statistics, reml);
        let shift = criterion.shift();
        let Some(mut kinds) = Kinds::new(&statistics, reml, criterion.degrees(), shift) else {
            return;
        };
        kinds.load(&statistics.response_products());
        let value = criterion.at(theta);
        if !value.is_finite() {
            return;
        }
        assert!(
            relative(kinds.at(theta), value, 1.0) < 1e-9,
            "{} {value}",
            kinds.value
        );
        for exact in [false, true] {
            let found = if exact {
                criterion.exact_derivatives()
            } else {
                criterion.derivatives()
            };
            kinds.derive(exact);
            let close = |what: &str, a: &[f64], b: &[f64]| {
                let size = b.iter().fold(1e-6f64, |s, x| s.max(x.abs()));
                for (x, y) in a.iter().zip(b) {
                    assert!((x - y).abs() < 1e-7 * size, "{what} {exact}: {a:?} {b:?}");
                }
            };
            close("gradient", &kinds.gradient, &found.gradient);
            close("score", &kinds.score, &found.scores[0]);
            close("information", &kinds.information, &found.information[0]);
            close("hessian", &kinds.hessian, &found.hessian);
        }
    }

    #[test]
    fn balanced_and_other_designs() {
        for reml in [true, false] {
            same_as_the_criterion(&sleepstudy(true), &[1.3, 0.2, 0.5], reml);
            same_as_the_criterion(&sleepstudy(false), &[0.7, 0.0], reml);
            for seed in 1..200 {
                let mut rng = Rng(seed * 104_729);
                let rows = 12 + rng.below(60);
                let model = random_model(&mut rng, 1, 3, rows);
                let theta = random_theta(&mut rng, &model.layout, 0.2, 0.1);
                same_as_the_criterion(&model, &theta, reml);
            }
        }
    }
}
