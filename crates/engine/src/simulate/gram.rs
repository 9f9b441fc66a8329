//! The factor of a design, and draws of what a response's products would be.
//!
//! For y = Xβ + Zb + ε with ε ~ N(0, σ²W⁻¹), everything about y that a fit can see is
//! g = [Z X]'Wy and y'Wy. With A = [Z X]'W[Z X] = CC' and s = C⁺g the coordinates of W^½y along
//! the design,
//!
//! s ~ N(C'[b; β], σ²I),  g = Cs,  y'Wy = s's + σ²χ²(n − rank A)
//!
//! with the last term independent of s. The factor with the most effects comes first: its part
//! of A is block-diagonal over its levels, so its part of C has one small triangle a level. The
//! effects of the other factors and X are the *rest*, whose Schur complement is dense. With one
//! factor the rest is X alone and a draw costs O(levels).
//!
//! A is singular for many designs (the levels of two factors both add up to a constant), so the
//! factors leave out columns that depend on earlier ones. A column that rounding makes look
//! independent does no harm: its residual is drawn here and is missing in χ² instead.

use super::truth::{Truth, World};
use crate::coordinates::Coordinates;
use crate::layout::Layout;
use crate::random::Stream;
use crate::statistics::{ResponseProducts, Statistics};

/// Most effects of the rest: its factor is a dense matrix (50 megabytes).
const LARGEST_REST: usize = 2_500;
/// A pivot below this share of its column's own size is zero.
const DEPENDENT: f64 = 1e-10;

/// The design of a linear mixed model, factored.
#[derive(Clone, Debug)]
pub struct Gram {
    layout: Layout,
    coordinates: Coordinates,
    /// The factor that is eliminated level by level, if there is any.
    first: Option<usize>,
    /// Its width K; levels × K × K lower triangles by rows.
    width: usize,
    own: Vec<f64>,
    /// C⁺Z'X of its levels: K × p numbers a level.
    fixed: Vec<f64>,
    /// C⁺Z'Z_rest of its levels: positions in the rest with K numbers each.
    cross_start: Vec<usize>,
    cross_at: Vec<u32>,
    cross: Vec<f64>,
    /// Where each other factor begins in the rest.
    offsets: Vec<usize>,
    /// Effects in the rest, X not included.
    effects: usize,
    /// Factor of the Schur complement of the rest, lower triangle by columns.
    rest: Vec<f64>,
    /// n − rank A.
    free: f64,
}

/// Room to draw in, and what was drawn.
#[derive(Clone, Debug)]
pub struct Room {
    products: ResponseProducts,
    /// [b; β] of the rest and its coordinates.
    rest: Vec<f64>,
    drawn: Vec<f64>,
    coordinates: Vec<f64>,
    effects: Vec<f64>,
}

impl Room {
    /// The products of the last draw.
    pub fn products(&self) -> &ResponseProducts {
        &self.products
    }
}

impl Gram {
    /// Factors the design of some statistics; `None` where the effects beside the largest factor
    /// are too many (2,500) for a dense factor: then responses have to be drawn row by row.
    pub fn new(statistics: &Statistics) -> Option<Self> {
        let layout = statistics.layout().clone();
        let size = |f: usize| layout.factors[f].levels * layout.factors[f].width;
        let first = (0..layout.factors.len())
            .filter(|&f| size(f) > 0)
            .max_by_key(|&f| (size(f), std::cmp::Reverse(f)));
        let mut offsets = vec![0; layout.factors.len()];
        let mut effects = 0;
        for f in (0..layout.factors.len()).filter(|&f| Some(f) != first) {
            offsets[f] = effects;
            effects += size(f);
        }
        if effects + layout.fixed > LARGEST_REST {
            return None;
        }
        let mut out = Self {
            coordinates: statistics.coordinates().clone(),
            width: first.map_or(0, |f| layout.factors[f].width),
            first,
            own: Vec::new(),
            fixed: Vec::new(),
            cross_start: vec![0],
            cross_at: Vec::new(),
            cross: Vec::new(),
            offsets,
            effects,
            rest: Vec::new(),
            free: 0.0,
            layout,
        };
        let mut rank = 0;
        out.gather_rest(statistics);
        if let Some(first) = first {
            rank += out.eliminate(statistics, first);
        }
        rank += out.factor_rest();
        out.free = statistics.rows().saturating_sub(rank) as f64;
        Some(out)
    }

    /// Effects of the rest with X.
    fn lead(&self) -> usize {
        self.effects + self.layout.fixed
    }

    /// [Z_rest X]'W[Z_rest X], lower triangle by columns.
    fn gather_rest(&mut self, statistics: &Statistics) {
        let (p, n) = (self.layout.fixed, self.lead());
        let t = p + 1;
        let mut rest = vec![0.0; n * n];
        let corner = statistics.corner();
        for c in 0..p {
            for r in c..p {
                rest[(self.effects + c) * n + self.effects + r] = corner[c * t + r];
            }
        }
        let others: Vec<usize> = (0..self.layout.factors.len())
            .filter(|&f| Some(f) != self.first && self.layout.factors[f].width > 0)
            .collect();
        for &f in &others {
            let shape = &self.layout.factors[f];
            let k = shape.width;
            for level in 0..shape.levels {
                let at = self.offsets[f] + level * k;
                let (own, tail) = (statistics.own(f, level), statistics.tail(f, level));
                for a in 0..k {
                    for b in 0..=a {
                        rest[(at + b) * n + at + a] = own[a * k + b];
                    }
                    for x in 0..p {
                        rest[(at + a) * n + self.effects + x] = tail[a * t + x];
                    }
                }
            }
        }
        for (i, &a) in others.iter().enumerate() {
            for &b in &others[i + 1..] {
                let (ka, kb) = (self.layout.factors[a].width, self.layout.factors[b].width);
                for ((la, lb), values) in statistics.pairs(a, b).iter() {
                    let oa = self.offsets[a] + la as usize * ka;
                    let ob = self.offsets[b] + lb as usize * kb;
                    for i in 0..ka {
                        for j in 0..kb {
                            let (x, y) = (oa + i, ob + j);
                            rest[x.min(y) * n + x.max(y)] = values[i * kb + j];
                        }
                    }
                }
            }
        }
        self.rest = rest;
    }

    /// Factors the levels of the first factor and takes their part out of the rest; gives the rank.
    fn eliminate(&mut self, statistics: &Statistics, first: usize) -> usize {
        let (p, n, k) = (self.layout.fixed, self.lead(), self.width);
        let t = p + 1;
        let levels = self.layout.factors[first].levels;
        let cells = self.cells(statistics, first, levels);
        self.own = vec![0.0; levels * k * k];
        self.fixed = vec![0.0; levels * k * p];
        let mut rank = 0;
        let mut rows: Vec<(usize, Vec<f64>)> = Vec::new();
        for level in 0..levels {
            let c = &mut self.own[level * k * k..(level + 1) * k * k];
            rank += semidefinite_factor(statistics.own(first, level), k, c);
            let tail = statistics.tail(first, level);
            let solve = |column: &mut [f64]| {
                for a in 0..k {
                    let pivot = c[a * k + a];
                    let sum: f64 = (0..a).map(|b| c[a * k + b] * column[b]).sum();
                    column[a] = if pivot > 0.0 {
                        (column[a] - sum) / pivot
                    } else {
                        0.0
                    };
                }
            };
            // Columns of C⁺Z'[Z_rest X] with their places in the rest.
            rows.clear();
            for (at, values) in &cells[level] {
                let mut column = values.clone();
                solve(&mut column);
                rows.push((*at, column));
            }
            rows.sort_by_key(|row| row.0);
            for (at, column) in &rows {
                self.cross_at.push(*at as u32);
                self.cross.extend(column);
            }
            self.cross_start.push(self.cross_at.len());
            for x in 0..p {
                let mut column: Vec<f64> = (0..k).map(|a| tail[a * t + x]).collect();
                solve(&mut column);
                for a in 0..k {
                    self.fixed[(level * k + a) * p + x] = column[a];
                }
                rows.push((self.effects + x, column));
            }
            for (i, (c, mine)) in rows.iter().enumerate() {
                for (r, other) in &rows[i..] {
                    let sum: f64 = mine.iter().zip(other).map(|(x, y)| x * y).sum();
                    self.rest[c * n + r] -= sum;
                }
            }
        }
        rank
    }

    /// For each level of the first factor its crossproducts with every effect of the rest that it
    /// meets: the place of the effect and K numbers.
    fn cells(
        &self,
        statistics: &Statistics,
        first: usize,
        levels: usize,
    ) -> Vec<Vec<(usize, Vec<f64>)>> {
        let mut out = vec![Vec::new(); levels];
        let k = self.width;
        for f in (0..self.layout.factors.len()).filter(|&f| f != first) {
            let kf = self.layout.factors[f].width;
            if kf == 0 {
                continue;
            }
            let swapped = f < first;
            for ((a, b), values) in statistics.pairs(f.min(first), f.max(first)).iter() {
                let (mine, other) = if swapped { (b, a) } else { (a, b) };
                for j in 0..kf {
                    let column = (0..k)
                        .map(|i| values[if swapped { j * k + i } else { i * kf + j }])
                        .collect();
                    let at = self.offsets[f] + other as usize * kf + j;
                    out[mine as usize].push((at, column));
                }
            }
        }
        out
    }

    /// Factors the Schur complement of the rest in place; gives its rank.
    fn factor_rest(&mut self) -> usize {
        let n = self.lead();
        // What a column is measured by: its size before the first factor took its part, or what is
        // left would always look large beside itself.
        let sizes = self.sizes();
        let mut rank = 0;
        for c in 0..n {
            let pivot = self.rest[c * n + c];
            let (done, todo) = self.rest.split_at_mut((c + 1) * n);
            let column = &mut done[c * n + c..];
            if pivot <= DEPENDENT * sizes[c] {
                column.fill(0.0);
                continue;
            }
            rank += 1;
            let root = 1.0 / pivot.sqrt();
            column.iter_mut().for_each(|x| *x *= root);
            for (r, target) in todo.chunks_exact_mut(n).enumerate() {
                let factor = column[r + 1];
                if factor != 0.0 {
                    for (x, y) in target[c + 1 + r..].iter_mut().zip(&column[r + 1..]) {
                        *x -= factor * y;
                    }
                }
            }
        }
        rank
    }

    /// Diagonal of [Z_rest X]'W[Z_rest X].
    fn sizes(&self) -> Vec<f64> {
        let (n, p, k) = (self.lead(), self.layout.fixed, self.width);
        let mut out: Vec<f64> = (0..n).map(|i| self.rest[i * n + i].max(0.0)).collect();
        for (at, column) in self.cross_at.iter().zip(self.cross.chunks_exact(k.max(1))) {
            out[*at as usize] += column.iter().map(|x| x * x).sum::<f64>();
        }
        for row in self.fixed.chunks_exact(p.max(1)) {
            for (sum, x) in out[self.effects..].iter_mut().zip(row) {
                *sum += x * x;
            }
        }
        out
    }

    /// What is to be drawn from.
    ///
    /// # Panics
    /// If the truth is of another model.
    pub fn world(&self, truth: &Truth) -> World {
        assert_eq!(truth.beta.len(), self.layout.fixed, "fixed effects");
        World::of(truth, &self.layout, &self.coordinates)
    }

    /// Room for draws, one a thread.
    pub fn room(&self) -> Room {
        let n = self.lead();
        Room {
            products: ResponseProducts {
                random: (self.layout.factors.iter())
                    .map(|f| vec![0.0; f.levels * f.width])
                    .collect(),
                fixed: vec![0.0; self.layout.fixed],
                square: 0.0,
            },
            rest: vec![0.0; n],
            drawn: vec![0.0; n],
            coordinates: vec![0.0; self.width],
            effects: vec![0.0; self.width],
        }
    }

    /// Draws the products of one simulated response. Residuals have stream 0 of the replicate,
    /// the effects of grouping factor f stream 1 + f.
    pub fn draw(&self, world: &World, seed: u64, replicate: u32, room: &mut Room) {
        let (p, n) = (self.layout.fixed, self.lead());
        let mut noise = Stream::new(seed, replicate, 0);
        for f in (0..self.layout.factors.len()).filter(|&f| Some(f) != self.first) {
            let shape = &self.layout.factors[f];
            let size = shape.levels * shape.width;
            let values = &mut room.rest[self.offsets[f]..self.offsets[f] + size];
            match &world.factors {
                None => values.copy_from_slice(&world.kept[f]),
                Some(factors) => {
                    let mut stream = Stream::new(seed, replicate, 1 + f as u32);
                    for b in values.chunks_exact_mut(shape.width.max(1)) {
                        draw_effects(&factors[f], &mut stream, b);
                    }
                }
            }
        }
        room.rest[self.effects..].copy_from_slice(&world.beta);
        // The rest: t = T'[b; β] + σe and Tt.
        room.drawn.fill(0.0);
        let mut square = 0.0;
        for c in 0..n {
            let column = &self.rest[c * n + c..(c + 1) * n];
            if column[0] == 0.0 {
                continue;
            }
            let mean: f64 = column.iter().zip(&room.rest[c..]).map(|(x, b)| x * b).sum();
            let t = mean + world.sigma * noise.normal();
            square += t * t;
            for (sum, x) in room.drawn[c..].iter_mut().zip(column) {
                *sum += x * t;
            }
        }
        if let Some(first) = self.first {
            match self.width {
                1 => {
                    square += self.draw_levels::<1>(first, world, seed, replicate, &mut noise, room)
                }
                2 => {
                    square += self.draw_levels::<2>(first, world, seed, replicate, &mut noise, room)
                }
                _ => {
                    square += self.draw_levels::<0>(first, world, seed, replicate, &mut noise, room)
                }
            }
        }
        let products = &mut room.products;
        for f in (0..self.layout.factors.len()).filter(|&f| Some(f) != self.first) {
            let out = &mut products.random[f];
            let values = &room.drawn[self.offsets[f]..self.offsets[f] + out.len()];
            out.copy_from_slice(values);
        }
        products
            .fixed
            .copy_from_slice(&room.drawn[self.effects..self.effects + p]);
        products.square = square + world.sigma * world.sigma * noise.chi_squared(self.free);
    }

    /// The levels of the first factor: s = C'b + G[b; β] + σe, Cs, and G's for the rest. Gives s's.
    fn draw_levels<const K: usize>(
        &self,
        first: usize,
        world: &World,
        seed: u64,
        replicate: u32,
        noise: &mut Stream,
        room: &mut Room,
    ) -> f64 {
        let k = if K > 0 { K } else { self.width };
        let p = self.layout.fixed;
        let mut stream = Stream::new(seed, replicate, 1 + first as u32);
        let (s, b) = (&mut room.coordinates[..k], &mut room.effects[..k]);
        let out = &mut room.products.random[first];
        let mut square = 0.0;
        for (level, out) in out.chunks_exact_mut(k).enumerate() {
            match &world.factors {
                None => b.copy_from_slice(&world.kept[first][level * k..(level + 1) * k]),
                Some(factors) => draw_effects(&factors[first][..k * k], &mut stream, b),
            }
            let c = &self.own[level * k * k..(level + 1) * k * k];
            let fixed = &self.fixed[level * k * p..(level + 1) * k * p];
            let cells = self.cross_start[level]..self.cross_start[level + 1];
            let cross = &self.cross[cells.start * k..cells.end * k];
            let cross_at = &self.cross_at[cells];
            for a in 0..k {
                let own: f64 = (a..k).map(|i| c[i * k + a] * b[i]).sum();
                let of_x = &fixed[a * p..(a + 1) * p];
                let beta: f64 = of_x.iter().zip(&world.beta).map(|(x, b)| x * b).sum();
                s[a] = own + beta;
            }
            for (at, column) in cross_at.iter().zip(cross.chunks_exact(k)) {
                let effect = room.rest[*at as usize];
                for a in 0..k {
                    s[a] += column[a] * effect;
                }
            }
            for a in 0..k {
                // A level without rows, or an effect that others of the level determine.
                if c[a * k + a] == 0.0 {
                    s[a] = 0.0;
                } else {
                    s[a] += world.sigma * noise.normal();
                }
                square += s[a] * s[a];
            }
            for i in 0..k {
                out[i] = (0..=i).map(|a| c[i * k + a] * s[a]).sum();
            }
            for a in 0..k {
                let of_x = &fixed[a * p..(a + 1) * p];
                for (sum, x) in room.drawn[self.effects..].iter_mut().zip(of_x) {
                    *sum += x * s[a];
                }
            }
            for (at, column) in cross_at.iter().zip(cross.chunks_exact(k)) {
                let sum: f64 = (0..k).map(|a| column[a] * s[a]).sum();
                room.drawn[*at as usize] += sum;
            }
        }
        square
    }
}

/// b = Lu for a lower triangle by rows.
#[inline(always)]
fn draw_effects(factor: &[f64], stream: &mut Stream, b: &mut [f64]) {
    let k = b.len();
    b.fill(0.0);
    for column in 0..k {
        let u = stream.normal();
        for a in column..k {
            b[a] += factor[a * k + column] * u;
        }
    }
}

/// The lower triangular C by rows with CC' = `matrix` (lower triangle by rows), whose columns are
/// zero where a row depends on those above; gives the rank.
fn semidefinite_factor(matrix: &[f64], k: usize, out: &mut [f64]) -> usize {
    let mut rank = 0;
    for c in 0..k {
        let mut pivot = matrix[c * k + c];
        for b in 0..c {
            pivot -= out[c * k + b] * out[c * k + b];
        }
        if pivot <= DEPENDENT * matrix[c * k + c] || pivot.is_nan() {
            for r in c..k {
                out[r * k + c] = 0.0;
            }
            continue;
        }
        rank += 1;
        let root = pivot.sqrt();
        out[c * k + c] = root;
        for r in c + 1..k {
            let mut sum = matrix[r * k + c];
            for b in 0..c {
                sum -= out[r * k + b] * out[c * k + b];
            }
            out[r * k + c] = sum / root;
        }
    }
    rank
}
