//! What the rows of one level of a grouping factor say, in the user's units.

use super::Statistics;
use crate::coordinates::Standard;

/// The crossproducts of the rows of one level, in the user's units.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Level {
    /// Rows of the level.
    pub rows: usize,
    /// Z'WZ of the face, K × K by rows.
    pub random: Vec<f64>,
    /// Z'WX, K × p by rows.
    pub fixed: Vec<f64>,
    /// Z'Wy, K numbers; y less any offset.
    pub response: Vec<f64>,
}

/// Means over the rows of every level of a grouping factor, each row counted once, in the user's
/// units. A level without rows has zeros.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelMeans {
    /// Rows of every level.
    pub sizes: Vec<u32>,
    /// Means of the columns of X, p numbers a level.
    pub fixed: Vec<f64>,
    /// Means of the response less any offset.
    pub response: Vec<f64>,
    /// Means of the columns of the face, K numbers a level.
    pub random: Vec<f64>,
}

impl Statistics {
    /// The crossproducts of one level in the user's units; for many levels see
    /// [`Statistics::levels`].
    ///
    /// # Panics
    /// If there is no such factor or level.
    pub fn level(&self, factor: usize, level: usize) -> Level {
        self.levels(factor).read(level).clone()
    }

    /// Reads the crossproducts of one level of a factor after another in the user's units. Columns
    /// with a mean that is large beside their spread lose digits in them: what is to be solved
    /// with better comes from [`Statistics::no_pooling`], which computes in standard units.
    ///
    /// # Panics
    /// If there is no such factor.
    pub fn levels(&self, factor: usize) -> Levels<'_> {
        Levels {
            statistics: self,
            factor,
            map: self.face_map(factor),
            tail: Vec::new(),
            level: Level::default(),
        }
    }

    /// Means over the rows of every level.
    pub fn level_means(&self, factor: usize) -> LevelMeans {
        let (shape, p) = (&self.layout.factors[factor], self.layout.fixed);
        let (k, t) = (shape.width, p + 1);
        let constant = self.constant(factor);
        let user = self.face_map(factor);
        let sizes = self.counts(factor).to_vec();
        let mut out = LevelMeans {
            fixed: vec![0.0; shape.levels * p],
            response: vec![0.0; shape.levels],
            random: vec![0.0; shape.levels * k],
            sizes: Vec::new(),
        };
        let mut row = vec![0.0; t];
        for (level, &size) in sizes.iter().enumerate().filter(|(_, size)| **size > 0) {
            let face = &mut out.random[level * k..(level + 1) * k];
            match (self.plain.level(factor, level), constant) {
                (Some((of_row, of_face)), _) => {
                    row.copy_from_slice(of_row);
                    face.copy_from_slice(of_face);
                }
                // Without weights the constant column's crossproducts are the sums.
                (None, Some(c)) => {
                    let own = self.own(factor, level);
                    row.copy_from_slice(&self.tail(factor, level)[c * t..(c + 1) * t]);
                    for (a, x) in face.iter_mut().enumerate() {
                        *x = own[a.max(c) * k + a.min(c)];
                    }
                }
                (None, None) => continue,
            }
            let n = f64::from(size);
            row.iter_mut().for_each(|x| *x /= n);
            face.iter_mut().for_each(|x| *x /= n);
            for &(a, constant, s) in &user {
                face[a] = s.scale * face[a] + s.shift * constant.map_or(0.0, |c| face[c]);
            }
            self.row_to_user(&mut row);
            out.fixed[level * p..(level + 1) * p].copy_from_slice(&row[..p]);
            out.response[level] = row[p];
        }
        out.sizes = sizes;
        out
    }

    /// The pairs of levels of two factors that occur together in a row, in the order of their
    /// first appearance.
    ///
    /// # Panics
    /// If `first` and `second` are the same factor.
    pub fn cells(&self, first: usize, second: usize) -> Vec<(u32, u32)> {
        assert_ne!(first, second, "cells of two factors");
        let pairs = self.pairs(first.min(second), first.max(second));
        let swap = |(a, b): (u32, u32)| if first < second { (a, b) } else { (b, a) };
        pairs.iter().map(|(levels, _)| swap(levels)).collect()
    }

    /// The columns of a face that are not their term's constant: column, constant, standard.
    pub(crate) fn face_map(&self, factor: usize) -> Vec<(usize, Option<usize>, Standard)> {
        let terms = self.layout.terms.iter().filter(|t| t.factor == factor);
        terms
            .flat_map(|term| {
                (0..term.width)
                    .filter(|&a| Some(a) != term.intercept)
                    .map(|a| {
                        let at = term.offset + a;
                        let constant = term.intercept.map(|c| term.offset + c);
                        (at, constant, self.coordinates.random[factor][at])
                    })
            })
            .collect()
    }

    /// A constant column of the face of a factor.
    pub(crate) fn constant(&self, factor: usize) -> Option<usize> {
        let mut terms = self.layout.terms.iter().filter(|t| t.factor == factor);
        terms.find_map(|t| t.intercept.map(|c| t.offset + c))
    }

    /// A sum or mean over rows of \[X y\] to the user's units, in place: x = s x* + m·1, where 1 is
    /// the intercept, which is not standardised. (Without one nothing is shifted.)
    fn row_to_user(&self, row: &mut [f64]) {
        let one = self.layout.intercept.map_or(0.0, |i| row[i]);
        let standards = self.coordinates.fixed.iter();
        for (x, s) in row
            .iter_mut()
            .zip(standards.chain([&self.coordinates.response]))
        {
            *x = s.scale * *x + s.shift * one;
        }
    }
}

/// Reads one level after another, with room that is made once; see [`Statistics::levels`].
#[derive(Clone, Debug)]
pub struct Levels<'a> {
    statistics: &'a Statistics,
    factor: usize,
    map: Vec<(usize, Option<usize>, Standard)>,
    tail: Vec<f64>,
    level: Level,
}

impl Levels<'_> {
    /// The crossproducts of a level.
    ///
    /// # Panics
    /// If there is no such level.
    pub fn read(&mut self, level: usize) -> &Level {
        let own = self.statistics.own(self.factor, level);
        let tail = self.statistics.tail(self.factor, level);
        self.level.rows = self.statistics.counts(self.factor)[level] as usize;
        self.convert(own, tail)
    }

    /// The sums over all levels.
    pub(crate) fn total(&mut self) -> &Level {
        let add = |sum: &mut [f64], x: &[f64]| sum.iter_mut().zip(x).for_each(|(s, x)| *s += x);
        let (statistics, factor) = (self.statistics, self.factor);
        let levels = statistics.layout.factors[factor].levels;
        let k = statistics.layout.factors[factor].width;
        let (mut own, mut tail) = (
            vec![0.0; k * k],
            vec![0.0; k * (statistics.layout.fixed + 1)],
        );
        for level in 0..levels {
            add(&mut own, statistics.own(factor, level));
            add(&mut tail, statistics.tail(factor, level));
        }
        self.level.rows = statistics.rows;
        self.convert(&own, &tail)
    }

    /// From a block and a tail in standard units.
    fn convert(&mut self, own: &[f64], tail: &[f64]) -> &Level {
        let layout = &self.statistics.layout;
        let (k, p) = (layout.factors[self.factor].width, layout.fixed);
        let t = p + 1;
        let Level {
            random,
            fixed,
            response,
            ..
        } = &mut self.level;
        random.clear();
        random.extend((0..k * k).map(|at| own[(at / k).max(at % k) * k + (at / k).min(at % k)]));
        self.tail.clear();
        self.tail.extend_from_slice(tail);
        for &(a, constant, s) in &self.map {
            mix(random, k, k, a, constant, s);
            mix(&mut self.tail, k, t, a, constant, s);
        }
        for &(a, constant, s) in &self.map {
            for row in random.chunks_exact_mut(k.max(1)) {
                row[a] = s.scale * row[a] + s.shift * constant.map_or(0.0, |c| row[c]);
            }
        }
        fixed.clear();
        response.clear();
        for row in self.tail.chunks_exact_mut(t) {
            self.statistics.row_to_user(row);
            fixed.extend_from_slice(&row[..p]);
            response.push(row[p]);
        }
        &self.level
    }
}

/// Row a of a matrix of k rows becomes s·row a + m·row c.
fn mix(matrix: &mut [f64], k: usize, width: usize, a: usize, c: Option<usize>, s: Standard) {
    debug_assert_eq!(matrix.len(), k * width);
    for j in 0..width {
        let constant = c.map_or(0.0, |c| matrix[c * width + j]);
        matrix[a * width + j] = s.scale * matrix[a * width + j] + s.shift * constant;
    }
}
