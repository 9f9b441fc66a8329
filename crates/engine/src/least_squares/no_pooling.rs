//! A regression for every level of a grouping factor.

use super::inverse::{Generalised, cholesky_inverse};
use crate::statistics::{Level, Statistics};

/// What is left of a column of X within the levels, relative to all of it, below which the
/// levels' own columns span it: well above the rounding of sums over a million rows.
const SPANNED: f64 = 1e-10;
/// Roundings that add up in a sum of products, in units of the last digit of its largest terms.
const ROUNDINGS: f64 = 64.0 * f64::EPSILON;

/// No pooling over one grouping factor, in the user's units.
#[derive(Clone, Debug, PartialEq)]
pub struct NoPooling {
    /// For each of the p columns of X its coefficient, common to all levels; `None` where the
    /// levels' own coefficients have taken it up.
    pub common: Vec<Option<f64>>,
    /// Standard errors of the same.
    pub common_std_errors: Vec<Option<f64>>,
    /// Pooled residual standard deviation of a row of weight one; `None` without degrees of
    /// freedom.
    pub sigma: Option<f64>,
    /// Rows less all coefficients.
    pub degrees: usize,
    /// For each of the K columns of the face: the mean of the levels' coefficients, over the
    /// levels that have one, and its standard error for these very levels.
    pub mean: Vec<Option<(f64, Option<f64>)>>,
    width: usize,
    estimates: Vec<Option<f64>>,
    std_errors: Vec<Option<f64>>,
    own: Vec<Option<f64>>,
    /// p × K numbers a level, and which of its p lines are known.
    lines: Vec<f64>,
    known: Vec<bool>,
}

/// The regression of one level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LevelFit<'a> {
    /// The K coefficients; `None` where the rows of the level do not tell it from the others.
    pub estimates: &'a [Option<f64>],
    /// Their standard errors, with the pooled residual variance.
    pub std_errors: &'a [Option<f64>],
    /// Diagonal of (Z'WZ)⁻¹: the variance of each coefficient relative to σ², if the common ones
    /// were known.
    pub own: &'a [Option<f64>],
    lines: &'a [f64],
    known: &'a [bool],
}

impl<'a> LevelFit<'a> {
    /// How a column x of X reads in the level's own columns: K numbers c with
    /// x = Zc + (common columns) in the rows of the level. So Σ_x β_x c_x are the coefficients that
    /// fixed effects β give the level. Zeros for a common column; `None` where the level has too
    /// few rows to tell.
    ///
    /// # Panics
    /// If there is no such column.
    pub fn line(&self, column: usize) -> Option<&'a [f64]> {
        let k = self.estimates.len();
        self.known[column].then(|| &self.lines[column * k..(column + 1) * k])
    }
}

impl NoPooling {
    /// The regression of one level.
    ///
    /// # Panics
    /// If there is no such level.
    pub fn level(&self, level: usize) -> LevelFit<'_> {
        let (k, p) = (self.width, self.common.len());
        let face = level * k..(level + 1) * k;
        LevelFit {
            estimates: &self.estimates[face.clone()],
            std_errors: &self.std_errors[face.clone()],
            own: &self.own[face],
            lines: &self.lines[level * p * k..(level + 1) * p * k],
            known: &self.known[level * p..(level + 1) * p],
        }
    }
}

/// What one pass over the levels leaves.
struct Sweep {
    inverses: Generalised,
    /// S, (p+1)² by rows, symmetric.
    rest: Vec<f64>,
    /// For each column of X, the size of the terms that its square within the levels is what is
    /// left of. Where a level hardly tells its own columns apart they are much larger than that
    /// square, and what cancels leaves their rounding.
    terms: Vec<f64>,
    rank: usize,
}

impl Sweep {
    fn of(statistics: &Statistics, factor: usize) -> Self {
        let shape = &statistics.layout().factors[factor];
        let (k, t) = (shape.width, statistics.layout().fixed + 1);
        let corner = statistics.corner();
        let mut rest: Vec<f64> = (0..t * t)
            .map(|at| corner[(at / t).min(at % t) * t + (at / t).max(at % t)])
            .collect();
        let mut inverses = Generalised::new(k, shape.levels);
        let mut rank = 0;
        let (mut half, mut full) = (vec![0.0; t], vec![0.0; k * k]);
        let (mut terms, mut size) = (vec![0.0; t], vec![0.0; t]);
        for level in 0..shape.levels {
            let own = statistics.own(factor, level);
            for (at, x) in full.iter_mut().enumerate() {
                *x = own[(at / k).max(at % k) * k + (at / k).min(at % k)];
            }
            inverses.push(&full);
            let inverse = inverses.inverse(level);
            let tail = statistics.tail(factor, level);
            for a in 0..k {
                half.fill(0.0);
                size.fill(0.0);
                for b in 0..k {
                    let g = inverse[a * k + b];
                    let sums = half.iter_mut().zip(&mut size);
                    for ((sum, size), x) in sums.zip(&tail[b * t..(b + 1) * t]) {
                        *sum += g * x;
                        *size += (g * x).abs();
                    }
                }
                let sizes = terms.iter_mut().zip(&size);
                for ((terms, size), x) in sizes.zip(&tail[a * t..(a + 1) * t]) {
                    *terms += (size * x).abs();
                }
                for (row, x) in rest.chunks_exact_mut(t).zip(&tail[a * t..(a + 1) * t]) {
                    for (sum, h) in row.iter_mut().zip(&half) {
                        *sum -= x * h;
                    }
                }
            }
            rank += inverses.rank(level);
        }
        Self {
            inverses,
            rest,
            terms,
            rank,
        }
    }

    /// The columns of X that are left within the levels, none depending on those before it.
    fn common(&self, statistics: &Statistics) -> Vec<usize> {
        let t = statistics.layout().fixed + 1;
        let corner = statistics.corner();
        let mut kept: Vec<usize> = Vec::new();
        let mut rows: Vec<Vec<f64>> = Vec::new();
        for j in 0..t - 1 {
            let mut left = self.rest[j * t + j];
            let mut row = Vec::with_capacity(kept.len() + 1);
            for (at, &i) in kept.iter().enumerate() {
                let taken: f64 = (0..at).map(|b| rows[at][b] * row[b]).sum();
                let x = (self.rest[i * t + j] - taken) / rows[at][at];
                left -= x * x;
                row.push(x);
            }
            let rounding = ROUNDINGS * self.terms[j];
            if left > (SPANNED * corner[j * t + j]).max(rounding) {
                row.push(left.sqrt());
                rows.push(row);
                kept.push(j);
            }
        }
        kept
    }
}

impl Statistics {
    /// No pooling over a grouping factor; see [`crate::LeastSquares`] for complete pooling.
    ///
    /// # Panics
    /// If there is no such factor.
    pub fn no_pooling(&self, factor: usize) -> NoPooling {
        let sweep = Sweep::of(self, factor);
        let common = sweep.common(self);
        Solution::new(self, factor, &sweep, common).answer()
    }
}

/// The normal equations solved, in standard units.
struct Solution<'a> {
    statistics: &'a Statistics,
    factor: usize,
    sweep: &'a Sweep,
    common: Vec<usize>,
    /// S_cc⁻¹.
    phi: Vec<f64>,
    gamma: Vec<f64>,
    /// For each column of X, its coefficients on the common ones.
    delta: Vec<Vec<f64>>,
    sigma: Option<f64>,
    degrees: usize,
}

impl<'a> Solution<'a> {
    fn new(
        statistics: &'a Statistics,
        factor: usize,
        sweep: &'a Sweep,
        common: Vec<usize>,
    ) -> Self {
        let (p, c) = (statistics.layout().fixed, common.len());
        let t = p + 1;
        let rest = &sweep.rest;
        let inner: Vec<f64> = (0..c * c)
            .map(|at| rest[common[at / c] * t + common[at % c]])
            .collect();
        let phi = cholesky_inverse(&inner, c, 0.0).unwrap_or_else(|| vec![0.0; c * c]);
        let solve = |column: usize| -> Vec<f64> {
            phi.chunks_exact(c.max(1))
                .map(|row| {
                    let pairs = row.iter().zip(&common);
                    pairs.map(|(x, &j)| x * rest[j * t + column]).sum()
                })
                .collect()
        };
        let gamma = solve(p);
        let delta = (0..p)
            .map(|j| match common.iter().position(|&i| i == j) {
                Some(at) => (0..c).map(|i| f64::from(u8::from(i == at))).collect(),
                None => solve(j),
            })
            .collect();
        let explained: f64 = gamma
            .iter()
            .zip(&common)
            .map(|(g, &j)| g * rest[j * t + p])
            .sum();
        let degrees = statistics.rows().saturating_sub(sweep.rank + c);
        let left = (rest[t * t - 1] - explained).max(0.0);
        Self {
            sigma: (degrees > 0).then(|| (left / degrees.max(1) as f64).sqrt()),
            statistics,
            factor,
            sweep,
            common,
            phi,
            gamma,
            delta,
            degrees,
        }
    }

    fn answer(&self) -> NoPooling {
        let layout = self.statistics.layout();
        let (k, p, c) = (
            layout.factors[self.factor].width,
            layout.fixed,
            self.common.len(),
        );
        let scale = self.statistics.coordinates().response.scale;
        let levels = self.sweep.inverses.len();
        let (common, common_std_errors) = self.common_effects();
        let mut out = NoPooling {
            common,
            common_std_errors,
            sigma: self.sigma.map(|s| s * scale),
            degrees: self.degrees,
            mean: Vec::new(),
            width: k,
            estimates: Vec::with_capacity(levels * k),
            std_errors: Vec::with_capacity(levels * k),
            own: Vec::with_capacity(levels * k),
            lines: vec![0.0; levels * p * k],
            known: vec![false; levels * p],
        };
        let mut mean = vec![Mean::new(c); k];
        let mut room = Room::of(self);
        for level in 0..levels {
            self.level(level, &mut room, &mut mean, &mut out);
        }
        self.complete_lines(&mut out);
        out.mean = mean
            .into_iter()
            .map(|m| m.value(&self.phi, out.sigma))
            .collect();
        out
    }

    /// Coefficients of the common columns in the user's units.
    fn common_effects(&self) -> (Vec<Option<f64>>, Vec<Option<f64>>) {
        let (layout, coordinates) = (self.statistics.layout(), self.statistics.coordinates());
        let (p, c) = (layout.fixed, self.common.len());
        let mut beta = vec![0.0; p];
        let mut covariance = vec![0.0; p * p];
        let variance = self.sigma.unwrap_or(0.0).powi(2);
        for (a, &i) in self.common.iter().enumerate() {
            beta[i] = self.gamma[a];
            for (b, &j) in self.common.iter().enumerate() {
                covariance[i * p + j] = variance * self.phi[a * c + b];
            }
        }
        // The intercept stays among them only where no level has a constant of its own.
        let user = coordinates.fixed_effects(layout, &beta);
        let covariance = coordinates.map_fixed_matrix(layout, &covariance);
        let is_common = |j: &usize| self.common.contains(j);
        let value = |j: usize| is_common(&j).then(|| user[j]);
        let error = |j: usize| {
            (is_common(&j) && self.sigma.is_some()).then(|| covariance[j * p + j].max(0.0).sqrt())
        };
        ((0..p).map(value).collect(), (0..p).map(error).collect())
    }

    /// The coefficients of a level, and its lines where its own rows tell them all.
    fn level(&self, level: usize, room: &mut Room, mean: &mut [Mean], out: &mut NoPooling) {
        let layout = self.statistics.layout();
        let coordinates = self.statistics.coordinates();
        let (k, p, c) = (out.width, layout.fixed, self.common.len());
        let t = p + 1;
        let tail = self.statistics.tail(self.factor, level);
        let inverse = self.sweep.inverses.inverse(level);
        // G Z'[X y], less what the common columns have of it.
        let through = &mut room.through;
        for (row, g) in through
            .chunks_exact_mut(t)
            .zip(inverse.chunks_exact(k.max(1)))
        {
            row.fill(0.0);
            for (g, x) in g.iter().zip(tail.chunks_exact(t)) {
                row.iter_mut().zip(x).for_each(|(sum, x)| *sum += g * x);
            }
        }
        let less = |column: usize, weights: &[f64], a: usize| -> f64 {
            let row = &through[a * t..(a + 1) * t];
            let taken = weights.iter().zip(&self.common);
            taken.fold(row[column], |x, (w, &j)| x - w * row[j])
        };
        // How the constant reads in the level's columns; standardising y and X moved multiples
        // of it.
        if let Some(i) = room.read_constant {
            for (a, one) in room.one.iter_mut().enumerate() {
                *one = less(i, &self.delta[i], a);
            }
        }
        let one = &room.one;
        let user = &mut room.user;
        for (a, x) in user.iter_mut().enumerate() {
            *x = less(p, &self.gamma, a) + room.moved * one[a];
        }
        coordinates.random_effects(layout, self.factor, user);
        let scale = coordinates.response.scale;
        for a in 0..k {
            let l = &room.map[a * k..(a + 1) * k];
            if !self.sweep.inverses.estimable(level, l) {
                out.estimates.push(None);
                out.std_errors.push(None);
                out.own.push(None);
                continue;
            }
            let on_one: f64 = l.iter().zip(one).map(|(x, y)| x * y).sum();
            let lg = quadratic(inverse, l);
            for x in 0..c {
                let j = self.common[x];
                let load: f64 = (0..k).map(|b| l[b] * through[b * t + j]).sum();
                room.on_common[x] = load + on_one * room.shifts[x];
            }
            let variance = lg + quadratic(&self.phi, &room.on_common);
            out.estimates.push(Some(user[a]));
            let error = self.sigma.map(|s| s * scale * variance.max(0.0).sqrt());
            out.std_errors.push(error);
            out.own.push(Some(lg));
            mean[a].add(user[a], lg, &room.on_common);
        }
        if self.sweep.inverses.rank(level) < k || k == 0 {
            return;
        }
        out.known[level * p..(level + 1) * p].fill(true);
        let lines = &mut out.lines[level * p * k..(level + 1) * p * k];
        for (j, line) in lines.chunks_exact_mut(k).enumerate() {
            let s = coordinates.fixed[j];
            for (a, x) in line.iter_mut().enumerate() {
                *x = (s.scale * less(j, &self.delta[j], a) + s.shift * one[a]) / scale;
            }
            coordinates.random_effects(layout, self.factor, line);
        }
    }

    /// B⁻¹ of the face, K × K by rows: from coefficients in standard units to the user's, but for
    /// the scale of the response.
    fn map(&self) -> Vec<f64> {
        let (layout, coordinates) = (self.statistics.layout(), self.statistics.coordinates());
        let k = layout.factors[self.factor].width;
        let mut map = vec![0.0; k * k];
        for b in 0..k {
            let mut unit = vec![0.0; k];
            unit[b] = 1.0 / coordinates.response.scale;
            coordinates.random_effects(layout, self.factor, &mut unit);
            for a in 0..k {
                map[a * k + b] = unit[a];
            }
        }
        map
    }

    /// Fills in the lines. A column of X that is a column of the face reads as that column in
    /// every level. In a level with too few rows, another column is looked for on the one column
    /// of the face on which it lies in all levels that can tell (a predictor of groups on the
    /// constant, its product with x on the slope of x); and where that one is zero in all rows of
    /// the level, a column that is the same multiple of another column of the face everywhere
    /// else (the predictor of groups itself) says what the multiple is.
    fn complete_lines(&self, out: &mut NoPooling) {
        let (k, p) = (out.width, self.statistics.layout().fixed);
        let mut reader = self.statistics.levels(self.factor);
        let (same, sizes) = self.same_columns(reader.total());
        let support: Vec<Vec<usize>> = (0..p).map(|j| support(out, j)).collect();
        let single = |j: usize| match support[j].as_slice() {
            &[a] => Some(a),
            _ => None,
        };
        let twins: Vec<Option<usize>> = (0..p)
            .map(|j| {
                let a = single(j)?;
                (0..p).find(|&i| {
                    i != j
                        && same[i].is_none()
                        && single(i).is_some_and(|b| twin(out, (j, a), (i, b)))
                })
            })
            .collect();
        for level in 0..self.sweep.inverses.len() {
            let lines = &mut out.lines[level * p * k..(level + 1) * p * k];
            let known = &mut out.known[level * p..(level + 1) * p];
            let told = known.first().is_some_and(|&told| told);
            let products = (!told).then(|| reader.read(level));
            // The multiple of its one column of the face that a column of X is in this level.
            let multiple = |j: usize| -> Option<f64> {
                let (products, a) = (products?, single(j)?);
                let square = products.random[a * k + a];
                (square > 1e-8 * sizes[a]).then(|| products.fixed[a * p + j] / square)
            };
            for j in 0..p {
                let line = &mut lines[j * k..(j + 1) * k];
                if self.common.contains(&j) {
                    line.fill(0.0);
                } else if let Some(a) = same[j] {
                    line.fill(0.0);
                    line[a] = 1.0;
                } else if !told {
                    let size = multiple(j).or_else(|| multiple(twins[j]?));
                    let Some((size, a)) = size.zip(single(j)) else {
                        continue;
                    };
                    line.fill(0.0);
                    line[a] = size;
                }
                known[j] = true;
            }
        }
    }

    /// For each column of X, the column of the face that is the same in all rows; and the mean
    /// squares of the columns of the face. Both from the crossproducts of all rows.
    fn same_columns(&self, total: &Level) -> (Vec<Option<usize>>, Vec<f64>) {
        let layout = self.statistics.layout();
        let (k, p) = (layout.factors[self.factor].width, layout.fixed);
        let t = p + 1;
        let (corner, coordinates) = (self.statistics.corner(), self.statistics.coordinates());
        let square = |j: usize| -> f64 {
            let s = coordinates.fixed[j];
            let own = s.scale * s.scale * corner[j * t + j];
            match layout.intercept {
                Some(i) if i != j => {
                    let cross = corner[i.min(j) * t + i.max(j)];
                    own + 2.0 * s.scale * s.shift * cross + s.shift * s.shift * corner[i * t + i]
                }
                _ => own,
            }
        };
        let same = (0..p)
            .map(|j| {
                let xx = square(j);
                let distance =
                    |a: usize| xx - 2.0 * total.fixed[a * p + j] + total.random[a * k + a];
                (0..k).find(|&a| distance(a) <= 1e-11 * xx)
            })
            .collect();
        let rows = self.statistics.rows().max(1) as f64;
        (
            same,
            (0..k).map(|a| total.random[a * k + a] / rows).collect(),
        )
    }
}

/// What every level needs and what it writes on.
struct Room {
    /// B⁻¹ of the face, see [`Solution::map`].
    map: Vec<f64>,
    /// Shift over scale of the common columns.
    shifts: Vec<f64>,
    /// The multiple of the constant that standardising took from a level's response.
    moved: f64,
    /// The column of X that stands for the constant where the level has none of its own.
    read_constant: Option<usize>,
    /// How the constant reads in a level's columns.
    one: Vec<f64>,
    /// K rows of p + 1 numbers.
    through: Vec<f64>,
    user: Vec<f64>,
    on_common: Vec<f64>,
}

impl Room {
    fn of(solution: &Solution) -> Self {
        let layout = solution.statistics.layout();
        let coordinates = solution.statistics.coordinates();
        let k = layout.factors[solution.factor].width;
        let shifts: Vec<f64> = solution
            .common
            .iter()
            .map(|&j| coordinates.fixed[j].shift / coordinates.fixed[j].scale)
            .collect();
        let taken: f64 = shifts.iter().zip(&solution.gamma).map(|(m, g)| m * g).sum();
        let constant = layout.intercept.filter(|i| !solution.common.contains(i));
        let own = solution.statistics.constant(solution.factor);
        let mut one = vec![0.0; k];
        if let (Some(_), Some(at)) = (constant, own) {
            one[at] = 1.0;
        }
        Self {
            map: solution.map(),
            moved: coordinates.response.shift / coordinates.response.scale - taken,
            read_constant: constant.filter(|_| own.is_none()),
            one,
            through: vec![0.0; k * (layout.fixed + 1)],
            user: vec![0.0; k],
            on_common: vec![0.0; shifts.len()],
            shifts,
        }
    }
}

/// The lines of a column of X in the levels that tell all lines themselves.
fn told(fits: &NoPooling, j: usize) -> impl Iterator<Item = &[f64]> + Clone {
    let (k, p) = (fits.width, fits.common.len());
    let levels = fits.lines.chunks_exact((p * k).max(1));
    let known = fits.known.chunks_exact(p.max(1));
    levels
        .zip(known)
        .filter(move |(_, known)| known[j])
        .map(move |(lines, _)| &lines[j * k..(j + 1) * k])
}

/// Whether two columns of X are the same multiples of two columns of the face in all levels that
/// can tell, of which there are two different ones at least.
fn twin(fits: &NoPooling, (j, a): (usize, usize), (i, b): (usize, usize)) -> bool {
    let pairs = told(fits, j).map(|l| l[a]).zip(told(fits, i).map(|l| l[b]));
    let Some((first, _)) = pairs.clone().next() else {
        return false;
    };
    let size = pairs.clone().fold(0.0f64, |s, (x, _)| s.max(x.abs()));
    pairs.clone().any(|(x, _)| (x - first).abs() > 1e-6 * size)
        && pairs.clone().all(|(x, y)| (x - y).abs() <= 1e-6 * size)
}

/// On which columns of the face a column of X lies, over all levels that can tell.
fn support(fits: &NoPooling, j: usize) -> Vec<usize> {
    let mut largest = vec![0.0f64; fits.width];
    for line in told(fits, j) {
        for (size, x) in largest.iter_mut().zip(line) {
            *size = size.max(x.abs());
        }
    }
    let most = largest.iter().copied().fold(0.0, f64::max);
    (0..fits.width)
        .filter(|&a| largest[a] > 1e-6 * most && most > 0.0)
        .collect()
}

/// v'Av.
fn quadratic(a: &[f64], v: &[f64]) -> f64 {
    let n = v.len();
    (0..n)
        .map(|i| v[i] * (0..n).map(|j| a[i * n + j] * v[j]).sum::<f64>())
        .sum()
}

/// The mean of the levels' coefficients and its variance.
#[derive(Clone)]
struct Mean {
    levels: usize,
    sum: f64,
    own: f64,
    common: Vec<f64>,
}

impl Mean {
    fn new(common: usize) -> Self {
        Self {
            levels: 0,
            sum: 0.0,
            own: 0.0,
            common: vec![0.0; common],
        }
    }

    fn add(&mut self, estimate: f64, own: f64, common: &[f64]) {
        self.levels += 1;
        self.sum += estimate;
        self.own += own;
        self.common
            .iter_mut()
            .zip(common)
            .for_each(|(sum, x)| *sum += x);
    }

    fn value(&self, phi: &[f64], sigma: Option<f64>) -> Option<(f64, Option<f64>)> {
        let n = self.levels as f64;
        let variance = (self.own + quadratic(phi, &self.common)) / (n * n);
        (self.levels > 0).then(|| (self.sum / n, sigma.map(|s| s * variance.max(0.0).sqrt())))
    }
}
