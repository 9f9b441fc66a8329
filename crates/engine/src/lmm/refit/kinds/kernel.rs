//! The kinds of a design side by side: what they add to the criterion.

use crate::blocks::{FaceScratch, LANES, Lane, Scalar, conditional_factor};
use crate::statistics::Statistics;

/// Numbers side by side whose places can be reached.
pub(super) trait Places: Scalar {
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
pub(super) struct Kernel<S> {
    pub(super) k: usize,
    pub(super) p: usize,
    pub(super) chunks: usize,
    /// A, both triangles; K × K a chunk.
    pub(super) own: Vec<S>,
    /// Z'WX; K × p a chunk.
    pub(super) fixed: Vec<S>,
    /// Levels of a kind.
    pub(super) count: Vec<S>,
    /// Whether all kinds of a chunk are of one level.
    pub(super) single: Vec<bool>,
    /// Σ Z'y and Σ (Z'y)(Z'y)' of the response loaded.
    pub(super) sums: Vec<S>,
    pub(super) squares: Vec<S>,
    /// C at the last θ.
    pub(super) conditional: Vec<S>,
    pub(super) scratch: FaceScratch<S>,
    pub(super) w: Vec<S>,
    pub(super) cx: Vec<S>,
    /// Sums over kinds: of X'CX (lower), X'Cr; then room for K × K and K × p matrices.
    pub(super) xx: Vec<S>,
    pub(super) xy: Vec<S>,
    pub(super) b: Vec<S>,
    pub(super) kept: Vec<S>,
    pub(super) rest: Vec<S>,
    pub(super) fitted: Vec<S>,
    pub(super) total: Vec<S>,
    pub(super) spread: Vec<S>,
    pub(super) half: Vec<S>,
    pub(super) score: Vec<S>,
    pub(super) residual: Vec<S>,
    pub(super) taken: Vec<S>,
    pub(super) forms: Vec<S>,
    pub(super) projections: Vec<S>,
    pub(super) traces: Vec<S>,
    /// Σ N'D_iN, p × p a direction.
    pub(super) between: Vec<S>,
}

impl<S: Places> Kernel<S> {
    pub(super) fn new(statistics: &Statistics, kinds: &[(usize, usize)], m: usize) -> Self {
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

    pub(super) fn load(&mut self, place: &[u32], random: &[f64]) {
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
    pub(super) fn value(&mut self, lambda: &[f64], out: &mut [f64]) {
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
}
