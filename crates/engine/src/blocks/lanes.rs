//! One grouping factor: eight levels at a time.
//!
//! With a single factor nothing couples to anything but X and y, so the levels are independent
//! and eight of them go through the arithmetic of [`super::face`] side by side, one in each
//! lane. Statistics are stored in that order (chunk, number, lane), so a pass reads memory once
//! from front to back. The code is plain arrays of eight; `pulp` compiles it for the widest
//! vectors the machine has and chooses at run time, so no `unsafe` is needed here.

use super::Information;
use super::curvature::Direction;
use super::face::{FaceScratch, Scalar, conditional_factor, remaining, times_own};
use super::joint::Kept;
use super::lane::{LANES, Lane};
use super::moments::Moments;
use super::root::Root;
use crate::statistics::Statistics;

/// The levels of the only grouping factor.
pub(crate) struct Lanes {
    levels: usize,
    width: usize,
    /// p + 1.
    tail: usize,
    /// Chunk by chunk: K × K numbers S (by rows, lower triangle), then K × (p+1) numbers.
    numbers: Vec<Lane>,
    arch: pulp::Arch,
}

/// What a pass for derivatives accumulates.
pub(crate) struct LaneSums {
    /// Σ Z_f'PZ_f (or with V⁻¹), K × K.
    pub score: Vec<f64>,
    /// Σ v_f v_f', K × K.
    pub residual: Vec<f64>,
}

impl Lanes {
    /// Lays out the statistics of a model with one grouping factor.
    pub fn new(statistics: &Statistics) -> Self {
        let factor = &statistics.layout().factors[0];
        let (k, tail) = (factor.width, statistics.layout().fixed + 1);
        let size = k * k + k * tail;
        let mut out = Self {
            levels: factor.levels,
            width: k,
            tail,
            numbers: vec![Lane::ZERO; factor.levels.div_ceil(LANES) * size],
            arch: pulp::Arch::new(),
        };
        out.load(statistics);
        out
    }

    /// Takes up the numbers of statistics with the same shape.
    pub fn load(&mut self, statistics: &Statistics) {
        let size = self.width * (self.width + self.tail);
        for level in 0..self.levels {
            let chunk = &mut self.numbers[level / LANES * size..(level / LANES + 1) * size];
            let values = statistics
                .own(0, level)
                .iter()
                .chain(statistics.tail(0, level));
            for (lane, &value) in chunk.iter_mut().zip(values) {
                lane.0[level % LANES] = value;
            }
        }
    }

    /// Takes up Z'Wy of another response.
    pub fn set_response(&mut self, random: &[f64]) {
        let (k, t) = (self.width, self.tail);
        let size = k * (k + t);
        for (level, values) in random.chunks_exact(k).enumerate() {
            let first = level / LANES * size + k * k;
            for (a, value) in values.iter().enumerate() {
                self.numbers[first + a * t + t - 1].0[level % LANES] = *value;
            }
        }
    }

    /// Eliminates all levels, leaving S in the root; returns Σ log|M_j|.
    pub fn eliminate(&self, lambda: &[f64], root: &mut Root) -> f64 {
        let t = self.tail;
        let mut sums = vec![Lane::ZERO; t * t];
        let log_det = self.arch.dispatch(
            #[inline(always)]
            || match self.width {
                1 => self.pass::<1>(lambda, &mut sums),
                2 => self.pass::<2>(lambda, &mut sums),
                3 => self.pass::<3>(lambda, &mut sums),
                4 => self.pass::<4>(lambda, &mut sums),
                _ => self.pass::<0>(lambda, &mut sums),
            },
        );
        for c in 0..t {
            for r in c..t {
                root.s[c * t + r] -= sums[c * t + r].sum();
            }
        }
        log_det
    }

    #[inline(always)]
    fn pass<const K: usize>(&self, lambda: &[f64], sums: &mut [Lane]) -> f64 {
        let k = if K > 0 { K } else { self.width };
        let t = self.tail;
        let mut scratch = FaceScratch::new(k);
        let mut w = vec![Lane::ZERO; k * k];
        let mut scaled = vec![Lane::ZERO; k * t];
        let mut product = Lane::splat(1.0);
        let mut log_det = 0.0;
        for chunk in self.numbers.chunks_exact(k * k + k * t) {
            let (own, tail) = chunk.split_at(k * k);
            product *= conditional_factor::<K, Lane>(k, own, lambda, &mut scratch, &mut w);
            if product.0.iter().any(|&x| x > 1e150) {
                log_det += product.0.iter().map(|x| x.ln()).sum::<f64>();
                product = Lane::splat(1.0);
            }
            scale_tail::<K>(k, t, &w, tail, &mut scaled);
            for c in 0..t {
                let sums = &mut sums[c * t + c..(c + 1) * t];
                if K > 0 {
                    let mut mine = [Lane::ZERO; 4];
                    for b in 0..K {
                        mine[b] = scaled[b * t + c];
                    }
                    for (r, sum) in sums.iter_mut().enumerate() {
                        let mut total = *sum;
                        for b in 0..K {
                            total += mine[b] * scaled[b * t + c + r];
                        }
                        *sum = total;
                    }
                } else {
                    for (r, sum) in sums.iter_mut().enumerate() {
                        for b in 0..k {
                            *sum += scaled[b * t + c] * scaled[b * t + c + r];
                        }
                    }
                }
            }
        }
        log_det + product.0.iter().map(|x| x.ln()).sum::<f64>()
    }

    /// Scores and, where `information` is given, the quadratic forms of the directions and
    /// their projections on X; see the same steps for single nodes in [`super::sparse`].
    /// `beta` and `covariance` ((X'V⁻¹X)⁻¹ by REML, empty by ML) come from the root.
    pub fn derivatives(
        &self,
        lambda: &[f64],
        directions: &[Direction],
        beta: &[f64],
        covariance: &[f64],
        information: Option<&mut Information>,
    ) -> LaneSums {
        let input = LaneInput {
            lambda,
            directions,
            beta,
            covariance,
        };
        self.arch.dispatch(
            #[inline(always)]
            || match self.width {
                1 => self.derivative_pass::<1>(&input, information),
                2 => self.derivative_pass::<2>(&input, information),
                3 => self.derivative_pass::<3>(&input, information),
                4 => self.derivative_pass::<4>(&input, information),
                _ => self.derivative_pass::<0>(&input, information),
            },
        )
    }

    #[inline(always)]
    fn derivative_pass<const K: usize>(
        &self,
        input: &LaneInput<'_>,
        information: Option<&mut Information>,
    ) -> LaneSums {
        let k = if K > 0 { K } else { self.width };
        let (t, p) = (self.tail, self.tail - 1);
        let m = input.directions.len();
        let lambda = input.lambda;
        let mut work = LaneWork::new(k, t);
        let mut score = vec![Lane::ZERO; k * k];
        let mut residual = vec![Lane::ZERO; k * k];
        let mut forms = vec![Lane::ZERO; m * m];
        let mut projections = vec![Lane::ZERO; m * p];
        let mut g = vec![Lane::ZERO; m * k];
        let mut kg = vec![Lane::ZERO; k];
        let mut cn = vec![Lane::ZERO; p];
        for chunk in self.numbers.chunks_exact(k * k + k * t) {
            let (own, tail) = chunk.split_at(k * k);
            work.solve::<K>(k, t, own, tail, lambda, input.beta);
            for (sum, x) in score.iter_mut().zip(&work.kept) {
                *sum += *x;
            }
            if !input.covariance.is_empty() {
                for i in 0..k {
                    for x in 0..p {
                        let row = &input.covariance[x * p..(x + 1) * p];
                        let mut total = Lane::ZERO;
                        for (c, n) in row.iter().zip(&work.rest[i * p..(i + 1) * p]) {
                            total += Lane::splat(*c) * *n;
                        }
                        cn[x] = total;
                    }
                    for j in 0..=i {
                        let mut total = Lane::ZERO;
                        for (c, n) in cn.iter().zip(&work.rest[j * p..(j + 1) * p]) {
                            total += *c * *n;
                        }
                        score[i * k + j] -= total;
                        if i != j {
                            score[j * k + i] -= total;
                        }
                    }
                }
            }
            for i in 0..k {
                for j in 0..k {
                    residual[i * k + j] += work.residual[i] * work.residual[j];
                }
            }
            if information.is_none() {
                continue;
            }
            for (i, direction) in input.directions.iter().enumerate() {
                for a in 0..k {
                    let mut total = Lane::ZERO;
                    for b in 0..k {
                        total += Lane::splat(direction.change[a * k + b]) * work.residual[b];
                    }
                    g[i * k + a] = total;
                }
            }
            for i in 0..m {
                let gi = &g[i * k..(i + 1) * k];
                for a in 0..k {
                    let mut total = Lane::ZERO;
                    for b in 0..k {
                        total += work.kept[a * k + b] * gi[b];
                    }
                    kg[a] = total;
                }
                for h in 0..=i {
                    let mut total = forms[i * m + h];
                    for a in 0..k {
                        total += kg[a] * g[h * k + a];
                    }
                    forms[i * m + h] = total;
                }
                for x in 0..p {
                    let mut total = projections[i * p + x];
                    for a in 0..k {
                        total += work.rest[a * p + x] * gi[a];
                    }
                    projections[i * p + x] = total;
                }
            }
        }
        if let Some(information) = information {
            for i in 0..m {
                for h in 0..=i {
                    information.add(i, h, forms[i * m + h].sum());
                }
            }
            for (total, lane) in information.projections.iter_mut().zip(&projections) {
                *total += lane.sum();
            }
        }
        let collapse = |lanes: Vec<Lane>| lanes.into_iter().map(Lane::sum).collect();
        LaneSums {
            score: collapse(score),
            residual: collapse(residual),
        }
    }

    /// Visits each level with its conditional mode and Z_f'V⁻¹(y − Xβ), given β.
    pub fn each_solution(
        &self,
        lambda: &[f64],
        beta: &[f64],
        mut visit: impl FnMut(usize, &[f64], &[f64]),
    ) {
        let (k, t) = (self.width, self.tail);
        let mut work = LaneWork::new(k, t);
        let (mut mode, mut score) = (vec![0.0; k], vec![0.0; k]);
        for (index, chunk) in self.numbers.chunks_exact(k * k + k * t).enumerate() {
            let (own, tail) = chunk.split_at(k * k);
            match k {
                1 => work.solve::<1>(k, t, own, tail, lambda, beta),
                2 => work.solve::<2>(k, t, own, tail, lambda, beta),
                _ => work.solve::<0>(k, t, own, tail, lambda, beta),
            }
            for lane in 0..LANES.min(self.levels - index * LANES) {
                for i in 0..k {
                    (mode[i], score[i]) = (work.mode[i].0[lane], work.residual[i].0[lane]);
                }
                visit(index * LANES + lane, &mode, &score);
            }
        }
    }

    /// Visits each level with its conditional mode and Λ(Λ'SΛ + I)⁻¹Λ' (its conditional
    /// covariance relative to σ²), given β.
    pub fn each_level(
        &self,
        lambda: &[f64],
        beta: &[f64],
        mut visit: impl FnMut(usize, &[f64], &[f64]),
    ) {
        let (k, t) = (self.width, self.tail);
        let mut work = LaneWork::new(k, t);
        let mut mode = vec![0.0; k];
        let mut covariance = vec![0.0; k * k];
        for (index, chunk) in self.numbers.chunks_exact(k * k + k * t).enumerate() {
            let (own, tail) = chunk.split_at(k * k);
            work.solve::<0>(k, t, own, tail, lambda, beta);
            for lane in 0..LANES.min(self.levels - index * LANES) {
                for i in 0..k {
                    mode[i] = work.mode[i].0[lane];
                    for j in 0..k {
                        covariance[i * k + j] = (0..k)
                            .map(|b| work.w[i * k + b].0[lane] * work.w[j * k + b].0[lane])
                            .sum();
                    }
                }
                visit(index * LANES + lane, &mode, &covariance);
            }
        }
    }

    /// Hands over each level as elimination leaves it: W, and W'Z'X as p rows of K numbers.
    pub fn keep(&self, lambda: &[f64], into: &mut Kept) {
        let (k, t) = (self.width, self.tail);
        let mut scratch = FaceScratch::new(k);
        let mut w = vec![Lane::ZERO; k * k];
        let mut scaled = vec![Lane::ZERO; k * t];
        let mut own_w = vec![0.0; k * k];
        for (index, chunk) in self.numbers.chunks_exact(k * k + k * t).enumerate() {
            let (own, tail) = chunk.split_at(k * k);
            conditional_factor::<0, Lane>(k, own, lambda, &mut scratch, &mut w);
            scale_tail::<0>(k, t, &w, tail, &mut scaled);
            for lane in 0..LANES.min(self.levels - index * LANES) {
                for (x, lanes) in own_w.iter_mut().zip(&w) {
                    *x = lanes.0[lane];
                }
                let scaled = &scaled;
                let panel = (0..t - 1).flat_map(|x| (0..k).map(move |c| scaled[c * t + x].0[lane]));
                into.push_level(k, &own_w, panel);
            }
        }
    }

    /// The sums over levels that second derivatives need; `covariance` is Φ = (X'V⁻¹X)⁻¹ by
    /// REML, empty by ML.
    pub fn moments(&self, lambda: &[f64], covariance: &[f64]) -> Moments {
        self.arch.dispatch(
            #[inline(always)]
            || match self.width {
                1 => self.moment_pass::<1>(lambda, covariance),
                2 => self.moment_pass::<2>(lambda, covariance),
                3 => self.moment_pass::<3>(lambda, covariance),
                _ => self.moment_pass::<0>(lambda, covariance),
            },
        )
    }

    /// Σ_r Σ_f N_fM_rK_fM_rN_f' for symmetric K × K matrices M_r: p × p.
    pub fn spread_of_scores(&self, lambda: &[f64], mixes: &[Vec<f64>]) -> Vec<f64> {
        let k = self.width;
        // Σ_r M_r\[a, b\]M_r\[c, d\] by \[a, d, b, c\]: each level needs one pass over it, however
        // many r there are.
        let mut table = vec![0.0; k * k * k * k];
        for mix in mixes {
            for (row, sums) in table.chunks_exact_mut(k * k).enumerate() {
                let (a, d) = (row / k, row % k);
                for (at, sum) in sums.iter_mut().enumerate() {
                    *sum += mix[a * k + at / k] * mix[(at % k) * k + d];
                }
            }
        }
        self.arch.dispatch(
            #[inline(always)]
            || match self.width {
                1 => self.spread_pass::<1>(lambda, &table),
                2 => self.spread_pass::<2>(lambda, &table),
                3 => self.spread_pass::<3>(lambda, &table),
                _ => self.spread_pass::<0>(lambda, &table),
            },
        )
    }

    #[inline(always)]
    fn spread_pass<const K: usize>(&self, lambda: &[f64], table: &[f64]) -> Vec<f64> {
        let k = if K > 0 { K } else { self.width };
        let (t, p) = (self.tail, self.tail - 1);
        let mut work = LaneWork::new(k, t);
        let beta = vec![0.0; p];
        let mut middle = vec![Lane::ZERO; k * k];
        let mut half = vec![Lane::ZERO; k * p];
        let mut sums = vec![Lane::ZERO; p * p];
        for chunk in self.numbers.chunks_exact(k * k + k * t) {
            let (own, tail) = chunk.split_at(k * k);
            work.solve::<K>(k, t, own, tail, lambda, &beta);
            for (m, weights) in middle.iter_mut().zip(table.chunks_exact(k * k)) {
                let mut total = Lane::ZERO;
                for (weight, kept) in weights.iter().zip(&work.kept) {
                    total += Lane::splat(*weight) * *kept;
                }
                *m = total;
            }
            for a in 0..k {
                for x in 0..p {
                    let mut total = Lane::ZERO;
                    for d in 0..k {
                        total += middle[a * k + d] * work.rest[d * p + x];
                    }
                    half[a * p + x] = total;
                }
            }
            for a in 0..k {
                for x in 0..p {
                    let mine = work.rest[a * p + x];
                    let row = &half[a * p..a * p + x + 1];
                    for (sum, other) in sums[x * p..x * p + x + 1].iter_mut().zip(row) {
                        *sum += mine * *other;
                    }
                }
            }
        }
        let mut out: Vec<f64> = sums.into_iter().map(Lane::sum).collect();
        for x in 0..p {
            for z in 0..x {
                out[z * p + x] = out[x * p + z];
            }
        }
        out
    }

    #[inline(always)]
    fn moment_pass<const K: usize>(&self, lambda: &[f64], covariance: &[f64]) -> Moments {
        let k = if K > 0 { K } else { self.width };
        let (t, p) = (self.tail, self.tail - 1);
        let mut work = LaneWork::new(k, t);
        let beta = vec![0.0; p];
        let mut cn = vec![Lane::ZERO; p];
        let mut rank = vec![Lane::ZERO; k * k];
        let mut quartic = vec![Lane::ZERO; k * k * k * k];
        let mut products = vec![Lane::ZERO; k * k * p * p];
        for chunk in self.numbers.chunks_exact(k * k + k * t) {
            let (own, tail) = chunk.split_at(k * k);
            work.solve::<K>(k, t, own, tail, lambda, &beta);
            for i in 0..k {
                let mine = &work.rest[i * p..(i + 1) * p];
                if !covariance.is_empty() {
                    for (sum, row) in cn.iter_mut().zip(covariance.chunks_exact(p)) {
                        *sum = Lane::ZERO;
                        for (c, n) in row.iter().zip(mine) {
                            *sum += Lane::splat(*c) * *n;
                        }
                    }
                }
                for j in 0..=i {
                    let other = &work.rest[j * p..(j + 1) * p];
                    let mut sum = Lane::ZERO;
                    for (c, n) in cn.iter().zip(other) {
                        sum += *c * *n;
                    }
                    rank[i * k + j] = sum;
                    rank[j * k + i] = sum;
                    let block = &mut products[(i * k + j) * p * p..(i * k + j + 1) * p * p];
                    for (row, x) in block.chunks_exact_mut(p).zip(mine) {
                        for (sum, z) in row.iter_mut().zip(other) {
                            *sum += *x * *z;
                        }
                    }
                }
            }
            for (line, (a, r)) in quartic
                .chunks_exact_mut(k * k)
                .zip(work.kept.iter().zip(&rank))
            {
                for (sum, (b, s)) in line.iter_mut().zip(work.kept.iter().zip(&rank)) {
                    *sum += *a * (*b - *s) - *r * *b;
                }
            }
        }
        // N_jN_i' is the transpose of N_iN_j'.
        let mut between = vec![0.0; products.len()];
        for i in 0..k {
            for j in 0..=i {
                for x in 0..p {
                    for z in 0..p {
                        let sum = products[((i * k + j) * p + x) * p + z].sum();
                        between[((i * k + j) * p + x) * p + z] = sum;
                        between[((j * k + i) * p + z) * p + x] = sum;
                    }
                }
            }
        }
        Moments {
            width: k,
            fixed: p,
            quartic: quartic.into_iter().map(Lane::sum).collect(),
            between,
        }
    }
}
/// What the root gives to a pass for derivatives.
struct LaneInput<'a> {
    lambda: &'a [f64],
    directions: &'a [Direction],
    beta: &'a [f64],
    covariance: &'a [f64],
}

/// The small matrices of eight levels.
struct LaneWork {
    scratch: FaceScratch<Lane>,
    w: Vec<Lane>,
    scaled: Vec<Lane>,
    sw: Vec<Lane>,
    /// K_f, K × K.
    kept: Vec<Lane>,
    /// N_f, K × p.
    rest: Vec<Lane>,
    /// W'Z'V⁻¹(y − Xβ) of the face alone.
    half: Vec<Lane>,
    mode: Vec<Lane>,
    /// Z_f'Py.
    residual: Vec<Lane>,
}

impl LaneWork {
    fn new(k: usize, t: usize) -> Self {
        let zeros = |n: usize| vec![Lane::ZERO; n];
        Self {
            scratch: FaceScratch::new(k),
            w: zeros(k * k),
            scaled: zeros(k * t),
            sw: zeros(k * k),
            kept: zeros(k * k),
            rest: zeros(k * (t - 1)),
            half: zeros(k),
            mode: zeros(k),
            residual: zeros(k),
        }
    }

    #[inline(always)]
    fn solve<const K: usize>(
        &mut self,
        width: usize,
        t: usize,
        own: &[Lane],
        tail: &[Lane],
        lambda: &[f64],
        beta: &[f64],
    ) {
        let k = if K > 0 { K } else { width };
        let p = t - 1;
        conditional_factor::<K, Lane>(k, own, lambda, &mut self.scratch, &mut self.w);
        scale_tail::<K>(k, t, &self.w, tail, &mut self.scaled);
        times_own::<K, Lane>(k, own, &self.w, &mut self.sw);
        remaining::<K, Lane>(k, own, &self.sw, &mut self.kept);
        for i in 0..k {
            for x in 0..p {
                let mut total = tail[i * t + x];
                for b in 0..k {
                    total -= self.sw[i * k + b] * self.scaled[b * t + x];
                }
                self.rest[i * p + x] = total;
            }
        }
        // b = W(W'Z'y − …β), v = Z'y − Z'Xβ − Sb.
        for c in 0..k {
            let mut total = self.scaled[c * t + p];
            for (x, b) in self.scaled[c * t..c * t + p].iter().zip(beta) {
                total -= *x * Lane::splat(*b);
            }
            self.half[c] = total;
        }
        for i in 0..k {
            let mut total = tail[i * t + p];
            for (x, b) in tail[i * t..i * t + p].iter().zip(beta) {
                total -= *x * Lane::splat(*b);
            }
            // SW times the half-solved vector.
            for c in 0..k {
                total -= self.sw[i * k + c] * self.half[c];
            }
            self.residual[i] = total;
        }
        for i in 0..k {
            let mut total = Lane::ZERO;
            for c in 0..k {
                total += self.w[i * k + c] * self.half[c];
            }
            self.mode[i] = total;
        }
    }
}

/// W' times the rows Z'\[X y\]: K × (p+1).
#[inline(always)]
fn scale_tail<const K: usize>(width: usize, t: usize, w: &[Lane], tail: &[Lane], out: &mut [Lane]) {
    let k = if K > 0 { K } else { width };
    for c in 0..k {
        for x in 0..t {
            let mut total = Lane::ZERO;
            for b in 0..k {
                total += w[b * k + c] * tail[b * t + x];
            }
            out[c * t + x] = total;
        }
    }
}
