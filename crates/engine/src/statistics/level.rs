//! What the rows of one level of a grouping factor say, in the user's units.

use super::Statistics;
use crate::coordinates::Standard;

/// The crossproducts of the rows of one level, in the user's units.
#[derive(Clone, Debug, PartialEq)]
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
    /// The crossproducts of one level in the user's units. Columns with a mean that is large
    /// beside their spread lose digits in them: what is to be solved with better comes from
    /// [`Statistics::no_pooling`], which computes in standard units.
    ///
    /// # Panics
    /// If there is no such factor or level.
    pub fn level(&self, factor: usize, level: usize) -> Level {
        let (k, p) = (self.layout.factors[factor].width, self.layout.fixed);
        let t = p + 1;
        let own = self.own(factor, level);
        let mut random: Vec<f64> = (0..k * k)
            .map(|at| own[(at / k).max(at % k) * k + (at / k).min(at % k)])
            .collect();
        let mut tail = self.tail(factor, level).to_vec();
        let user = self.face_map(factor);
        for &(a, constant, s) in &user {
            mix(&mut random, k, k, a, constant, s);
            mix(&mut tail, k, t, a, constant, s);
        }
        for &(a, constant, s) in &user {
            for row in random.chunks_exact_mut(k.max(1)) {
                row[a] = s.scale * row[a] + s.shift * constant.map_or(0.0, |c| row[c]);
            }
        }
        let mut fixed = Vec::with_capacity(k * p);
        let mut response = Vec::with_capacity(k);
        for row in tail.chunks_exact(t) {
            let user = self.row_to_user(row);
            fixed.extend_from_slice(&user[..p]);
            response.push(user[p]);
        }
        Level {
            rows: self.counts(factor)[level] as usize,
            random,
            fixed,
            response,
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
            fixed: Vec::with_capacity(shape.levels * p),
            response: Vec::with_capacity(shape.levels),
            random: Vec::with_capacity(shape.levels * k),
            sizes: sizes.clone(),
        };
        for (level, &size) in sizes.iter().enumerate() {
            let n = f64::from(size.max(1));
            let (mut row, mut face): (Vec<f64>, Vec<f64>) = match self.plain.level(factor, level) {
                Some((row, face)) => (row.to_vec(), face.to_vec()),
                // Without weights the constant column's crossproducts are the sums.
                None => {
                    let Some(c) = constant else {
                        out.fixed.extend(std::iter::repeat_n(0.0, p));
                        out.response.push(0.0);
                        out.random.extend(std::iter::repeat_n(0.0, k));
                        continue;
                    };
                    let own = self.own(factor, level);
                    (
                        self.tail(factor, level)[c * t..(c + 1) * t].to_vec(),
                        (0..k).map(|a| own[a.max(c) * k + a.min(c)]).collect(),
                    )
                }
            };
            row.iter_mut().for_each(|x| *x /= n);
            face.iter_mut().for_each(|x| *x /= n);
            let mut values = self.row_to_user(&row);
            if size == 0 {
                values.fill(0.0);
            } else {
                for &(a, constant, s) in &user {
                    face[a] = s.scale * face[a] + s.shift * constant.map_or(0.0, |c| face[c]);
                }
            }
            out.fixed.extend_from_slice(&values[..p]);
            out.response.push(values[p]);
            out.random.extend(face);
        }
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

    /// A sum or mean over rows of \[X y\] in the user's units: x = s x* + m·1, where 1 is the
    /// intercept, which is not standardised. (Without one nothing is shifted.)
    fn row_to_user(&self, row: &[f64]) -> Vec<f64> {
        let one = self.layout.intercept.map_or(0.0, |i| row[i]);
        let standards = self.coordinates.fixed.iter();
        row.iter()
            .zip(standards.chain([&self.coordinates.response]))
            .map(|(x, s)| s.scale * x + s.shift * one)
            .collect()
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
