//! A regression for every level of a grouping factor.

use super::inverse::{Generalised, cholesky_inverse};
use crate::statistics::Statistics;

/// What is left of a column of X within the levels, relative to all of it, below which the
/// levels' own columns span it: well above the rounding of sums over a million rows.
const SPANNED: f64 = 1e-10;

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
    /// One entry a level.
    pub levels: Vec<LevelFit>,
    /// For each of the K columns of the face: the mean of the levels' coefficients, over the
    /// levels that have one, and its standard error for these very levels.
    pub mean: Vec<Option<(f64, Option<f64>)>>,
}

/// The regression of one level.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelFit {
    /// The K coefficients; `None` where the rows of the level do not tell it from the others.
    pub estimates: Vec<Option<f64>>,
    /// Their standard errors, with the pooled residual variance.
    pub std_errors: Vec<Option<f64>>,
    /// Diagonal of (Z'WZ)⁻¹: the variance of each coefficient relative to σ², if the common ones
    /// were known.
    pub own: Vec<Option<f64>>,
    /// For each of the p columns x of X, how it reads in the level's own columns: K numbers c with
    /// x = Zc + (common columns) in the rows of the level. So Σ_x β_x c_x are the coefficients that
    /// fixed effects β give the level. Zeros for a common column; `None` where the level has too
    /// few rows to tell.
    pub lines: Vec<Option<Vec<f64>>>,
}

/// What one pass over the levels leaves.
struct Sweep {
    inverses: Vec<Generalised>,
    /// S, (p+1)² by rows, symmetric.
    rest: Vec<f64>,
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
        let mut inverses = Vec::with_capacity(shape.levels);
        let mut rank = 0;
        let mut half = vec![0.0; t];
        for level in 0..shape.levels {
            let own = statistics.own(factor, level);
            let full: Vec<f64> = (0..k * k)
                .map(|at| own[(at / k).max(at % k) * k + (at / k).min(at % k)])
                .collect();
            let inverse = Generalised::of(&full, k);
            let tail = statistics.tail(factor, level);
            for a in 0..k {
                half.fill(0.0);
                for b in 0..k {
                    let g = inverse.inverse[a * k + b];
                    for (sum, x) in half.iter_mut().zip(&tail[b * t..(b + 1) * t]) {
                        *sum += g * x;
                    }
                }
                for (row, x) in rest.chunks_exact_mut(t).zip(&tail[a * t..(a + 1) * t]) {
                    for (sum, h) in row.iter_mut().zip(&half) {
                        *sum -= x * h;
                    }
                }
            }
            rank += inverse.rank;
            inverses.push(inverse);
        }
        Self {
            inverses,
            rest,
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
            if left > SPANNED * corner[j * t + j] {
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
        let mut levels = Vec::with_capacity(self.sweep.inverses.len());
        let mut mean = vec![Mean::new(c); k];
        let mut lines = Vec::with_capacity(self.sweep.inverses.len());
        for (level, inverse) in self.sweep.inverses.iter().enumerate() {
            let (fit, line) = self.level(level, inverse, &mut mean);
            levels.push(fit);
            lines.push(line);
        }
        self.complete_lines(&mut levels, lines);
        let (common, common_std_errors) = self.common_effects();
        debug_assert_eq!(common.len(), p);
        NoPooling {
            common,
            common_std_errors,
            sigma: self.sigma.map(|s| s * scale),
            degrees: self.degrees,
            levels,
            mean: mean
                .into_iter()
                .map(|m| m.value(&self.phi, self.sigma.map(|s| s * scale)))
                .collect(),
        }
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
    fn level(
        &self,
        level: usize,
        inverse: &Generalised,
        mean: &mut [Mean],
    ) -> (LevelFit, Option<Vec<Vec<f64>>>) {
        let layout = self.statistics.layout();
        let coordinates = self.statistics.coordinates();
        let (k, p, c) = (
            layout.factors[self.factor].width,
            layout.fixed,
            self.common.len(),
        );
        let t = p + 1;
        let tail = self.statistics.tail(self.factor, level);
        let through = |column: &dyn Fn(usize) -> f64| -> Vec<f64> {
            (0..k)
                .map(|a| (0..k).map(|b| inverse.inverse[a * k + b] * column(b)).sum())
                .collect()
        };
        // G Z'x of every common column.
        let loads: Vec<Vec<f64>> = self
            .common
            .iter()
            .map(|&j| through(&|b| tail[b * t + j]))
            .collect();
        let less = |mut own: Vec<f64>, weights: &[f64]| -> Vec<f64> {
            for (load, w) in loads.iter().zip(weights) {
                own.iter_mut().zip(load).for_each(|(x, l)| *x -= w * l);
            }
            own
        };
        let line = |j: usize| less(through(&|b| tail[b * t + j]), &self.delta[j]);
        let solved = less(through(&|b| tail[b * t + p]), &self.gamma);
        // How the constant reads in the level's columns; standardising y and X moved multiples
        // of it.
        let constant = layout.intercept.filter(|i| !self.common.contains(i));
        let one: Vec<f64> = match (constant, self.statistics.constant(self.factor)) {
            (Some(_), Some(at)) => (0..k).map(|a| f64::from(u8::from(a == at))).collect(),
            (Some(i), None) => line(i),
            (None, _) => vec![0.0; k],
        };
        let response = coordinates.response;
        let shifts: Vec<f64> = self
            .common
            .iter()
            .map(|&j| coordinates.fixed[j].shift / coordinates.fixed[j].scale)
            .collect();
        let moved: f64 = response.shift / response.scale
            - shifts
                .iter()
                .zip(&self.gamma)
                .map(|(m, g)| m * g)
                .sum::<f64>();
        let mut user: Vec<f64> = solved
            .iter()
            .zip(&one)
            .map(|(a, o)| a + moved * o)
            .collect();
        coordinates.random_effects(layout, self.factor, &mut user);
        let map = self.map();
        let mut estimates = Vec::with_capacity(k);
        let mut std_errors = Vec::with_capacity(k);
        let mut own = Vec::with_capacity(k);
        for a in 0..k {
            let l = &map[a * k..(a + 1) * k];
            if inverse.rank == 0 || !inverse.estimable(l) {
                estimates.push(None);
                std_errors.push(None);
                own.push(None);
                continue;
            }
            let of = |v: &[f64]| -> f64 { l.iter().zip(v).map(|(x, y)| x * y).sum() };
            let on_one = of(&one);
            let lg: f64 = (0..k)
                .map(|i| {
                    l[i] * (0..k)
                        .map(|j| inverse.inverse[i * k + j] * l[j])
                        .sum::<f64>()
                })
                .sum();
            let on_common: Vec<f64> = (0..c).map(|x| of(&loads[x]) + on_one * shifts[x]).collect();
            let variance = lg + quadratic(&self.phi, &on_common);
            estimates.push(Some(user[a]));
            std_errors.push(
                self.sigma
                    .map(|s| s * response.scale * variance.max(0.0).sqrt()),
            );
            own.push(Some(lg));
            mean[a].add(user[a], lg, &on_common);
        }
        let full = inverse.rank == k && k > 0;
        let lines = full.then(|| {
            (0..p)
                .map(|j| {
                    let s = coordinates.fixed[j];
                    let own = line(j);
                    let mut user: Vec<f64> = own
                        .iter()
                        .zip(&one)
                        .map(|(x, o)| (s.scale * x + s.shift * o) / response.scale)
                        .collect();
                    coordinates.random_effects(layout, self.factor, &mut user);
                    user
                })
                .collect()
        });
        let fit = LevelFit {
            estimates,
            std_errors,
            own,
            lines: Vec::new(),
        };
        (fit, lines)
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
    fn complete_lines(&self, levels: &mut [LevelFit], lines: Vec<Option<Vec<Vec<f64>>>>) {
        let (k, p) = (
            self.statistics.layout().factors[self.factor].width,
            self.statistics.layout().fixed,
        );
        let (same, sizes) = self.same_columns();
        let support: Vec<Vec<usize>> = (0..p).map(|j| support(&lines, j, k)).collect();
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
                        && single(i).is_some_and(|b| twin(&lines, (j, a), (i, b)))
                })
            })
            .collect();
        for (at, (level, known)) in levels.iter_mut().zip(&lines).enumerate() {
            let products = known
                .is_none()
                .then(|| self.statistics.level(self.factor, at));
            // The multiple of its one column of the face that a column of X is in this level.
            let multiple = |j: usize| -> Option<f64> {
                let (products, a) = (products.as_ref()?, single(j)?);
                let square = products.random[a * k + a];
                (square > 1e-8 * sizes[a]).then(|| products.fixed[a * p + j] / square)
            };
            level.lines = (0..p)
                .map(|j| {
                    let unit = |a: usize, size: f64| {
                        let mut line = vec![0.0; k];
                        line[a] = size;
                        line
                    };
                    if self.common.contains(&j) {
                        return Some(vec![0.0; k]);
                    }
                    if let Some(a) = same[j] {
                        return Some(unit(a, 1.0));
                    }
                    if let Some(known) = known {
                        return Some(known[j].clone());
                    }
                    let size = multiple(j).or_else(|| multiple(twins[j]?))?;
                    Some(unit(single(j)?, size))
                })
                .collect();
        }
    }

    /// For each column of X, the column of the face that is the same in all rows; and the mean
    /// squares of the columns of the face.
    fn same_columns(&self) -> (Vec<Option<usize>>, Vec<f64>) {
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
        let (mut zz, mut zx) = (vec![0.0; k], vec![0.0; k * p]);
        for level in 0..layout.factors[self.factor].levels {
            let products = self.statistics.level(self.factor, level);
            for a in 0..k {
                zz[a] += products.random[a * k + a];
            }
            zx.iter_mut()
                .zip(&products.fixed)
                .for_each(|(sum, x)| *sum += x);
        }
        let same = (0..p)
            .map(|j| {
                let xx = square(j);
                (0..k).find(|&a| xx - 2.0 * zx[a * p + j] + zz[a] <= 1e-11 * xx)
            })
            .collect();
        let rows = self.statistics.rows().max(1) as f64;
        (same, zz.iter().map(|x| x / rows).collect())
    }
}

/// Whether two columns of X are the same multiples of two columns of the face in all levels that
/// can tell, of which there are two different ones at least.
fn twin(lines: &[Option<Vec<Vec<f64>>>], (j, a): (usize, usize), (i, b): (usize, usize)) -> bool {
    let mut pairs = lines.iter().flatten().map(|line| (line[j][a], line[i][b]));
    let Some((first, _)) = pairs.clone().next() else {
        return false;
    };
    let size = pairs.clone().fold(0.0f64, |s, (x, _)| s.max(x.abs()));
    pairs.clone().any(|(x, _)| (x - first).abs() > 1e-6 * size)
        && pairs.all(|(x, y)| (x - y).abs() <= 1e-6 * size)
}

/// On which columns of the face a column of X lies, over all levels that can tell.
fn support(lines: &[Option<Vec<Vec<f64>>>], j: usize, k: usize) -> Vec<usize> {
    let mut largest = vec![0.0f64; k];
    for line in lines.iter().flatten() {
        for (size, x) in largest.iter_mut().zip(&line[j]) {
            *size = size.max(x.abs());
        }
    }
    let most = largest.iter().copied().fold(0.0, f64::max);
    (0..k)
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
