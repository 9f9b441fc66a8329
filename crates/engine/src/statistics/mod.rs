//! Everything that a Gaussian mixed model needs to know about its rows.
//!
//! The crossproducts A = \[Z X y\]'W\[Z X y\] say all there is to say about θ, β and σ. They are
//! sums over rows, so batches, threads, files and hosts are merged by addition; after one pass
//! no row is needed any more. Z is never formed: a row touches one face per grouping factor.

mod level;
mod pairs;
mod plain;
mod response;
mod working;

use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};

pub use level::{Level, LevelMeans, Levels};
pub(crate) use pairs::Pairs;
pub use plain::Moments;
use plain::Plain;
pub use response::ResponseProducts;
pub(crate) use working::WorkingRows;

use crate::coordinates::Coordinates;
use crate::layout::Layout;

/// A column of a batch of rows.
#[derive(Clone, Copy, Debug)]
pub enum Column<'a> {
    /// The same number in every row.
    Constant(f64),
    /// One number a row.
    Values(&'a [f64]),
}

impl Column<'_> {
    /// The value in a row.
    #[inline]
    pub fn at(&self, row: usize) -> f64 {
        match self {
            Column::Constant(value) => *value,
            Column::Values(values) => values[row],
        }
    }
}

/// The part of a batch that belongs to one grouping factor.
#[derive(Clone, Debug)]
pub struct FactorRows<'a> {
    /// The level of each row, from 0.
    pub codes: &'a [u32],
    /// The columns of the face: those of all terms on this factor, in order.
    pub columns: Vec<Column<'a>>,
}

/// A batch of rows, column by column. All numbers are finite; weights are positive.
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    /// The response, with any offset already subtracted.
    pub response: &'a [f64],
    /// The p fixed-effects columns.
    pub fixed: Vec<Column<'a>>,
    /// Precision weights: the residual variance of row i is σ²/w_i.
    pub weights: Option<&'a [f64]>,
    /// One entry a grouping factor.
    pub factors: Vec<FactorRows<'a>>,
}

/// Rows handled together: their standardised columns stay in the first-level cache.
const SLICE: usize = 512;

/// The additive statistics of a linear mixed model, in standard units.
#[derive(Clone, Debug)]
pub struct Statistics {
    layout: Layout,
    coordinates: Coordinates,
    rows: usize,
    sum_log_weights: f64,
    /// \[X y\]'W\[X y\], lower triangle of a (p+1)² matrix by columns, as a compensated sum.
    corner: Vec<f64>,
    corner_error: Vec<f64>,
    /// Per factor: the K × K block of every level, lower triangle filled, by rows.
    own: Vec<Vec<f64>>,
    /// Per factor: for every level and face column, Z'W\[X y\] (p+1 numbers).
    tail: Vec<Vec<f64>>,
    /// Crossproducts between levels of two factors, for each pair of factors a < b.
    pairs: Vec<Pairs>,
    /// The rows as they are, without weights.
    plain: Plain,
}

impl Statistics {
    /// No rows yet. Batches that are to be merged must share `coordinates`.
    pub fn new(layout: Layout, coordinates: Coordinates) -> Self {
        let tail_width = layout.fixed + 1;
        let own = layout
            .factors
            .iter()
            .map(|f| vec![0.0; f.levels * f.width * f.width])
            .collect();
        let tail = layout
            .factors
            .iter()
            .map(|f| vec![0.0; f.levels * f.width * tail_width])
            .collect();
        let mut pairs = Vec::new();
        for b in 0..layout.factors.len() {
            for a in 0..b {
                let (fa, fb) = (&layout.factors[a], &layout.factors[b]);
                pairs.push(Pairs::new(fa.levels, fa.width * fb.width));
            }
        }
        Self {
            coordinates,
            rows: 0,
            sum_log_weights: 0.0,
            corner: vec![0.0; tail_width * tail_width],
            corner_error: vec![0.0; tail_width * tail_width],
            own,
            tail,
            pairs,
            plain: Plain::new(&layout),
            layout,
        }
    }

    /// Adds a batch.
    ///
    /// # Panics
    /// If columns differ in length or a code is not below its factor's number of levels.
    pub fn add(&mut self, batch: &Rows<'_>) {
        let n = batch.response.len();
        let t = self.layout.fixed + 1;
        let widths: Vec<usize> = self.layout.factors.iter().map(|f| f.width).collect();
        let mut panel = vec![0.0; SLICE * t];
        let mut faces: Vec<Vec<f64>> = widths.iter().map(|k| vec![0.0; SLICE * k]).collect();
        let mut root_weights = vec![1.0; SLICE];
        let mut product = vec![0.0; t * t];
        for start in (0..n).step_by(SLICE) {
            let end = (start + SLICE).min(n);
            let m = end - start;
            if let Some(weights) = batch.weights {
                for (root, w) in root_weights.iter_mut().zip(&weights[start..end]) {
                    *root = w.sqrt();
                    self.sum_log_weights += w.ln();
                }
            }
            self.standardise(batch, start, m, &root_weights, &mut panel, &mut faces);
            let rows = MatRef::from_row_major_slice(&panel[..m * t], m, t);
            matmul(
                MatMut::from_column_major_slice_mut(&mut product, t, t),
                BlockStructure::TriangularLower,
                Accum::Replace,
                rows.transpose(),
                BlockStructure::Rectangular,
                rows,
                BlockStructure::Rectangular,
                1.0,
                Par::Seq,
            );
            self.add_corner(&product);
            let weighted = batch.weights.map(|_| &root_weights[..m]);
            if weighted.is_none() {
                self.plain.add(&panel[..m * t], &product);
            }
            for (f, face) in batch.factors.iter().enumerate() {
                let codes = &face.codes[start..end];
                self.plain.add_face(f, codes, &faces[f], weighted);
                let (own, tail) = (&mut self.own[f], &mut self.tail[f]);
                match widths[f] {
                    1 => add_faces::<1>(1, t, codes, &faces[f], &panel, own, tail),
                    2 => add_faces::<2>(2, t, codes, &faces[f], &panel, own, tail),
                    3 => add_faces::<3>(3, t, codes, &faces[f], &panel, own, tail),
                    k => add_faces::<0>(k, t, codes, &faces[f], &panel, own, tail),
                }
            }
            let mut index = 0;
            for b in 0..widths.len() {
                for a in 0..b {
                    self.pairs[index].add(
                        &batch.factors[a].codes[start..end],
                        &faces[a],
                        widths[a],
                        &batch.factors[b].codes[start..end],
                        &faces[b],
                        widths[b],
                    );
                    index += 1;
                }
            }
            if let Some(root_weights) = weighted {
                self.plain.add_weighted(&mut panel[..m * t], root_weights);
            }
            for (f, face) in batch.factors.iter().enumerate() {
                // Elsewhere the sums are crossproducts with the constant column.
                if weighted.is_some() || self.constant(f).is_none() {
                    let codes = &face.codes[start..end];
                    self.plain
                        .add_levels(f, codes, &panel[..m * t], &faces[f], weighted);
                }
            }
        }
        self.rows += n;
    }

    /// Writes rows `start..start + m` in standard units, times the root of their weight, by rows.
    fn standardise(
        &self,
        batch: &Rows<'_>,
        start: usize,
        m: usize,
        root_weights: &[f64],
        panel: &mut [f64],
        faces: &mut [Vec<f64>],
    ) {
        let p = self.layout.fixed;
        let t = p + 1;
        let write = |column: &Column<'_>,
                     s: crate::coordinates::Standard,
                     out: &mut [f64],
                     at: usize,
                     stride: usize| {
            let scale = 1.0 / s.scale;
            match column {
                Column::Constant(value) => {
                    let value = (value - s.shift) * scale;
                    for i in 0..m {
                        out[i * stride + at] = value * root_weights[i];
                    }
                }
                Column::Values(values) => {
                    for (i, x) in values[start..start + m].iter().enumerate() {
                        out[i * stride + at] = (x - s.shift) * scale * root_weights[i];
                    }
                }
            }
        };
        for (j, column) in batch.fixed.iter().enumerate() {
            write(column, self.coordinates.fixed[j], panel, j, t);
        }
        write(
            &Column::Values(batch.response),
            self.coordinates.response,
            panel,
            p,
            t,
        );
        for (f, face) in batch.factors.iter().enumerate() {
            let k = face.columns.len();
            for (a, column) in face.columns.iter().enumerate() {
                write(column, self.coordinates.random[f][a], &mut faces[f], a, k);
            }
        }
    }

    /// Adds one slice's crossproducts by Neumaier's compensated sum: the rank test looks at
    /// differences of these numbers near the limit of double precision.
    fn add_corner(&mut self, product: &[f64]) {
        for ((sum, error), x) in self
            .corner
            .iter_mut()
            .zip(&mut self.corner_error)
            .zip(product)
        {
            let next = *sum + x;
            *error += if sum.abs() >= x.abs() {
                (*sum - next) + x
            } else {
                (x - next) + *sum
            };
            *sum = next;
        }
    }

    /// Adds the statistics of other rows of the same model.
    ///
    /// # Panics
    /// If layout or coordinates differ.
    pub fn merge(&mut self, other: &Statistics) {
        assert_eq!(self.layout, other.layout, "statistics of different models");
        assert_eq!(
            self.coordinates, other.coordinates,
            "statistics in different coordinates"
        );
        self.rows += other.rows;
        self.sum_log_weights += other.sum_log_weights;
        self.add_corner(&other.corner);
        for (a, b) in self.corner_error.iter_mut().zip(&other.corner_error) {
            *a += b;
        }
        for (mine, theirs) in self.own.iter_mut().zip(&other.own) {
            mine.iter_mut().zip(theirs).for_each(|(a, b)| *a += b);
        }
        for (mine, theirs) in self.tail.iter_mut().zip(&other.tail) {
            mine.iter_mut().zip(theirs).for_each(|(a, b)| *a += b);
        }
        for (mine, theirs) in self.pairs.iter_mut().zip(&other.pairs) {
            mine.merge(theirs);
        }
        self.plain.merge(&other.plain);
    }

    /// Takes away the statistics of rows that are among those added here: what a fit without them
    /// is made of (deletion diagnostics). Levels that lose their last row are exactly zero
    /// afterwards; elsewhere digits are lost as the removed rows outweigh the rest.
    ///
    /// # Panics
    /// If layout or coordinates differ.
    pub fn remove(&mut self, other: &Statistics) {
        assert_eq!(self.layout, other.layout, "statistics of different models");
        assert_eq!(
            self.coordinates, other.coordinates,
            "statistics in different coordinates"
        );
        self.rows = self.rows.saturating_sub(other.rows);
        self.sum_log_weights -= other.sum_log_weights;
        let negative: Vec<f64> = other.corner.iter().map(|x| -x).collect();
        self.add_corner(&negative);
        for (a, b) in self.corner_error.iter_mut().zip(&other.corner_error) {
            *a -= b;
        }
        self.plain.remove(&other.plain);
        let t = self.layout.fixed + 1;
        for (f, shape) in self.layout.factors.iter().enumerate() {
            let (own, tail) = (shape.width * shape.width, shape.width * t);
            let touched = other.plain.counts(f);
            for level in (0..shape.levels).filter(|&l| touched[l] > 0) {
                let left = self.plain.counts(f)[level] > 0;
                let take = |mine: &mut [f64], theirs: &[f64]| {
                    for (a, b) in mine.iter_mut().zip(theirs) {
                        *a = if left { *a - b } else { 0.0 };
                    }
                };
                let (a, b) = (
                    level * own..(level + 1) * own,
                    level * tail..(level + 1) * tail,
                );
                take(&mut self.own[f][a.clone()], &other.own[f][a]);
                take(&mut self.tail[f][b.clone()], &other.tail[f][b]);
            }
        }
        let mut index = 0;
        for b in 0..self.layout.factors.len() {
            for a in 0..b {
                let (first, second) = (self.plain.counts(a), self.plain.counts(b));
                self.pairs[index].remove(&other.pairs[index], |i, j| {
                    first[i as usize] == 0 || second[j as usize] == 0
                });
                index += 1;
            }
        }
    }

    /// The same statistics without some fixed-effects columns (positions in increasing order).
    pub fn without_fixed(&self, dropped: &[usize]) -> Statistics {
        let t = self.layout.fixed + 1;
        let kept: Vec<usize> = (0..t).filter(|j| !dropped.contains(j)).collect();
        let mut out = self.clone();
        out.layout.fixed = kept.len() - 1;
        out.layout.intercept = self
            .layout
            .intercept
            .and_then(|at| kept.iter().position(|&j| j == at));
        out.coordinates.fixed = kept[..kept.len() - 1]
            .iter()
            .map(|&j| self.coordinates.fixed[j])
            .collect();
        let square = |matrix: &[f64]| -> Vec<f64> {
            kept.iter()
                .flat_map(|&c| kept.iter().map(move |&r| (r, c)))
                .map(|(r, c)| matrix[c * t + r])
                .collect()
        };
        out.plain.keep(&kept);
        out.corner = square(&self.corner);
        out.corner_error = square(&self.corner_error);
        out.tail = self
            .tail
            .iter()
            .map(|tail| {
                tail.chunks_exact(t)
                    .flat_map(|row| kept.iter().map(|&j| row[j]))
                    .collect()
            })
            .collect();
        out
    }

    /// The shape of the model.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The coordinates of all crossproducts here.
    pub fn coordinates(&self) -> &Coordinates {
        &self.coordinates
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Σ log w.
    pub fn sum_log_weights(&self) -> f64 {
        self.sum_log_weights
    }

    /// Means, covariances and group sizes of the rows, each counted once whatever its weight.
    pub fn moments(&self) -> Moments {
        self.plain.moments(self.rows, &self.coordinates)
    }

    /// Number of rows of every level of a factor.
    pub fn counts(&self, factor: usize) -> &[u32] {
        self.plain.counts(factor)
    }

    /// \[X y\]'W\[X y\] in standard units, lower triangle of a (p+1)² matrix by columns.
    pub fn corner(&self) -> Vec<f64> {
        self.corner
            .iter()
            .zip(&self.corner_error)
            .map(|(a, b)| a + b)
            .collect()
    }

    /// The K × K block of a level, lower triangle by rows.
    pub(crate) fn own(&self, factor: usize, level: usize) -> &[f64] {
        let k = self.layout.factors[factor].width;
        &self.own[factor][level * k * k..(level + 1) * k * k]
    }

    /// Z'W\[X y\] of a level: K rows of p + 1 numbers.
    pub(crate) fn tail(&self, factor: usize, level: usize) -> &[f64] {
        let size = self.layout.factors[factor].width * (self.layout.fixed + 1);
        &self.tail[factor][level * size..(level + 1) * size]
    }

    /// Crossproducts between two factors a < b.
    pub(crate) fn pairs(&self, a: usize, b: usize) -> &Pairs {
        &self.pairs[b * (b - 1) / 2 + a]
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        let numbers = self
            .own
            .iter()
            .chain(&self.tail)
            .map(Vec::len)
            .sum::<usize>();
        8 * numbers + self.pairs.iter().map(Pairs::bytes).sum::<usize>()
    }
}

/// Adds a slice of rows to the faces of one factor. `K` is the width where it is known at
/// compile time, 0 where it is not.
fn add_faces<const K: usize>(
    width: usize,
    t: usize,
    codes: &[u32],
    face: &[f64],
    panel: &[f64],
    own: &mut [f64],
    tail: &mut [f64],
) {
    let k = if K > 0 { K } else { width };
    for ((&code, z), row) in codes
        .iter()
        .zip(face.chunks_exact(k))
        .zip(panel.chunks_exact(t))
    {
        let level = code as usize;
        let own = &mut own[level * k * k..(level + 1) * k * k];
        let tail = &mut tail[level * k * t..(level + 1) * k * t];
        for a in 0..k {
            for b in 0..=a {
                own[a * k + b] += z[a] * z[b];
            }
            for (sum, x) in tail[a * t..(a + 1) * t].iter_mut().zip(row) {
                *sum += z[a] * x;
            }
        }
    }
}
