//! Rows that stay: models whose weights change from step to step come back to them.
//!
//! A generalised model has no crossproducts that say everything. Its rows are kept, in standard
//! units and in the order of the largest grouping factor, and crossproducts are made anew for
//! each set of weights. Everything about them that does not change is found once: which pair of
//! levels a row belongs to above all.

use super::{Rows, Statistics};
use crate::coordinates::Coordinates;
use crate::layout::Layout;

/// The rows of a model in standard units.
#[derive(Clone, Debug)]
pub(crate) struct WorkingRows {
    /// Number of rows.
    pub rows: usize,
    /// Number of fixed effects, p.
    pub fixed: usize,
    /// X, n × p by rows.
    pub x: Vec<f64>,
    /// Per factor: the columns of the face, n × K by rows.
    pub z: Vec<Vec<f64>>,
    /// Per factor: the level of each row.
    pub codes: Vec<Vec<u32>>,
    /// Per pair of factors a < b: which of its blocks a row belongs to.
    pub slots: Vec<Vec<u32>>,
}

impl WorkingRows {
    /// No rows yet.
    pub fn new(layout: &Layout) -> Self {
        Self {
            rows: 0,
            fixed: layout.fixed,
            x: Vec::new(),
            z: vec![Vec::new(); layout.factors.len()],
            codes: vec![Vec::new(); layout.factors.len()],
            slots: Vec::new(),
        }
    }

    /// Adds a batch, in standard units.
    pub fn add(&mut self, coordinates: &Coordinates, batch: &Rows<'_>) {
        let n = batch.response.len();
        for row in 0..n {
            for (column, s) in batch.fixed.iter().zip(&coordinates.fixed) {
                self.x.push((column.at(row) - s.shift) / s.scale);
            }
        }
        for (f, face) in batch.factors.iter().enumerate() {
            self.codes[f].extend_from_slice(face.codes);
            for row in 0..n {
                for (column, s) in face.columns.iter().zip(&coordinates.random[f]) {
                    self.z[f].push((column.at(row) - s.shift) / s.scale);
                }
            }
        }
        self.rows += n;
    }

    /// X of a row.
    #[inline]
    pub fn x(&self, row: usize) -> &[f64] {
        &self.x[row * self.fixed..(row + 1) * self.fixed]
    }

    /// Adds a number to a column of X.
    pub fn shift_fixed(&mut self, column: usize, by: f64) {
        for x in self.x.chunks_exact_mut(self.fixed) {
            x[column] += by;
        }
    }

    /// Only these rows, in this order.
    pub fn select(&mut self, order: &[u32]) {
        let pick = |values: &[f64], width: usize| -> Vec<f64> {
            let mut out = Vec::with_capacity(order.len() * width);
            for &row in order {
                let row = row as usize;
                out.extend_from_slice(&values[row * width..(row + 1) * width]);
            }
            out
        };
        for (z, codes) in self.z.iter_mut().zip(&mut self.codes) {
            let width = z.len().checked_div(self.rows).unwrap_or(0);
            *z = pick(z, width);
            *codes = order.iter().map(|&row| codes[row as usize]).collect();
        }
        self.x = pick(&self.x, self.fixed);
        self.rows = order.len();
    }

    /// The rows without some columns of X (positions in increasing order).
    pub fn without_fixed(&mut self, dropped: &[usize]) {
        let p = self.fixed;
        let kept: Vec<usize> = (0..p).filter(|j| !dropped.contains(j)).collect();
        self.x = (0..self.rows)
            .flat_map(|row| kept.iter().map(move |j| row * p + j))
            .map(|at| self.x[at])
            .collect();
        self.fixed = kept.len();
    }

    /// Σ x_ij β_j of every row, added to `out`.
    pub fn add_fixed(&self, beta: &[f64], out: &mut [f64]) {
        if self.fixed > 0 {
            for (sum, x) in out.iter_mut().zip(self.x.chunks_exact(self.fixed)) {
                *sum += x.iter().zip(beta).map(|(x, b)| x * b).sum::<f64>();
            }
        }
    }

    /// X'v.
    pub fn fixed_products(&self, v: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.fixed];
        if self.fixed > 0 {
            for (x, v) in self.x.chunks_exact(self.fixed).zip(v) {
                for (sum, x) in out.iter_mut().zip(x) {
                    *sum += x * v;
                }
            }
        }
        out
    }

    /// Zb of every row, added to `out`; `b` by factor and level.
    pub fn add_random(&self, b: &[Vec<f64>], out: &mut [f64]) {
        for ((z, codes), b) in self.z.iter().zip(&self.codes).zip(b) {
            match z.len().checked_div(self.rows).unwrap_or(0) {
                0 => {}
                1 => {
                    for ((sum, &code), z) in out.iter_mut().zip(codes).zip(z) {
                        *sum += z * b[code as usize];
                    }
                }
                k => {
                    for ((sum, &code), z) in out.iter_mut().zip(codes).zip(z.chunks_exact(k)) {
                        let b = &b[code as usize * k..][..k];
                        *sum += z.iter().zip(b).map(|(z, b)| z * b).sum::<f64>();
                    }
                }
            }
        }
    }
}

impl Statistics {
    /// The pattern of the crossproducts of `rows`, with weights of 1 and a response of 0; finds
    /// out to which pairs of levels the rows belong.
    pub(crate) fn of_rows(layout: &Layout, rows: &mut WorkingRows) -> Self {
        let mut out = Self::new(layout.clone(), Coordinates::identity(layout));
        out.rows = rows.rows;
        rows.slots.clear();
        let mut index = 0;
        for b in 0..layout.factors.len() {
            for a in 0..b {
                let slots = out.pairs[index].slots_of(&rows.codes[a], &rows.codes[b]);
                rows.slots.push(slots);
                index += 1;
            }
        }
        let (ones, zeros) = (vec![1.0; rows.rows], vec![0.0; rows.rows]);
        out.reweigh(rows, &ones, &zeros);
        out
    }

    /// Replaces the crossproducts by \[Z X\]'W\[Z X\] and \[Z X\]'r, for weights of any sign and
    /// r in the place of the weighted response. X counts where the layout has fixed effects. The
    /// response's own square is set to a number that nothing subtracted from it brings to zero: no
    /// solution depends on it.
    pub(crate) fn reweigh(&mut self, rows: &WorkingRows, weights: &[f64], r: &[f64]) {
        let p = self.layout.fixed;
        let t = p + 1;
        for f in 0..self.layout.factors.len() {
            let k = self.layout.factors[f].width;
            let (own, tail) = (&mut self.own[f], &mut self.tail[f]);
            own.fill(0.0);
            tail.fill(0.0);
            if k == 0 {
                continue;
            }
            let (z, codes) = (&rows.z[f], &rows.codes[f]);
            if k == 1 && p == 0 {
                for (((&code, &z), &w), &r) in codes.iter().zip(z).zip(weights).zip(r) {
                    own[code as usize] += z * z * w;
                    tail[code as usize] += z * r;
                }
                continue;
            }
            for (row, (&code, z)) in codes.iter().zip(z.chunks_exact(k)).enumerate() {
                let level = code as usize;
                let own = &mut own[level * k * k..(level + 1) * k * k];
                let tail = &mut tail[level * k * t..(level + 1) * k * t];
                let (w, r) = (weights[row], r[row]);
                for a in 0..k {
                    let wz = w * z[a];
                    for b in 0..=a {
                        own[a * k + b] += wz * z[b];
                    }
                    let tail = &mut tail[a * t..(a + 1) * t];
                    if p > 0 {
                        for (sum, x) in tail.iter_mut().zip(rows.x(row)) {
                            *sum += wz * x;
                        }
                    }
                    tail[p] += z[a] * r;
                }
            }
        }
        let mut index = 0;
        for b in 0..self.layout.factors.len() {
            for a in 0..b {
                let (ka, kb) = (self.layout.factors[a].width, self.layout.factors[b].width);
                self.pairs[index].reweigh(
                    &rows.slots[index],
                    (&rows.z[a], ka),
                    (&rows.z[b], kb),
                    weights,
                );
                index += 1;
            }
        }
        self.corner.fill(0.0);
        self.corner_error.fill(0.0);
        if p > 0 {
            for row in 0..rows.rows {
                let (x, w, r) = (rows.x(row), weights[row], r[row]);
                for c in 0..p {
                    let wx = w * x[c];
                    for (sum, x) in self.corner[c * t + c..].iter_mut().zip(&x[c..]) {
                        *sum += wx * x;
                    }
                    self.corner[c * t + p] += x[c] * r;
                }
            }
        }
        self.corner[p * t + p] = OWN_SQUARE;
    }

    /// Replaces Z'r alone, where there are no fixed effects.
    pub(crate) fn replace_response(&mut self, rows: &WorkingRows, r: &[f64]) {
        debug_assert_eq!(self.layout.fixed, 0);
        for f in 0..self.layout.factors.len() {
            let k = self.layout.factors[f].width;
            let tail = &mut self.tail[f];
            tail.fill(0.0);
            if k == 0 {
                continue;
            }
            let rows = rows.codes[f].iter().zip(rows.z[f].chunks_exact(k)).zip(r);
            for ((&code, z), &r) in rows {
                for (sum, z) in tail[code as usize * k..].iter_mut().zip(z) {
                    *sum += z * r;
                }
            }
        }
    }
}

/// Larger than any y'V⁻¹y that is a number worth having, and its root and reciprocal are numbers.
const OWN_SQUARE: f64 = 1e200;
