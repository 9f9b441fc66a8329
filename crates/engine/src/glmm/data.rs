//! The rows of a generalised model, kept in memory.
//!
//! Its weights change with every step, so no crossproducts say everything about the data, and the
//! rows have to stay. They are kept in standard units, in the order of the largest grouping
//! factor, and rows that are the same in everything are kept once with a count: yes/no answers
//! to few predictors shrink to a table of cells.

use std::collections::HashMap;

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt;
use faer::{MatMut, Par};

use super::family::Observation;
use crate::coordinates::{Coordinates, Standard};
use crate::layout::Layout;
use crate::statistics::{Rows, WorkingRows};

/// The rows of a generalised linear mixed model.
#[derive(Clone, Debug)]
pub struct Data {
    pub(super) layout: Layout,
    pub(super) coordinates: Coordinates,
    pub(super) rows: WorkingRows,
    pub(super) observations: Vec<Observation>,
    /// How many rows of the data each row here stands for.
    pub(super) counts: Vec<f64>,
    pub(super) offset: Vec<f64>,
    total: usize,
}

impl Data {
    /// No rows yet. `coordinates` are those of the columns; the response stays as it is.
    pub fn new(layout: Layout, mut coordinates: Coordinates) -> Self {
        coordinates.response = Standard::IDENTITY;
        Self {
            rows: WorkingRows::new(&layout),
            layout,
            coordinates,
            observations: Vec::new(),
            counts: Vec::new(),
            offset: Vec::new(),
            total: 0,
        }
    }

    /// Adds a batch: `rows` gives the columns and codes (its response and weights do not count),
    /// and every row has an observation and an offset on the scale of the linear predictor.
    ///
    /// # Panics
    /// If lengths differ or a code is not below its factor's number of levels.
    pub fn add(&mut self, rows: &Rows<'_>, observations: &[Observation], offset: Option<&[f64]>) {
        let n = rows.response.len();
        assert_eq!(observations.len(), n, "observations of a batch");
        self.rows.add(&self.coordinates, rows);
        self.observations.extend_from_slice(observations);
        match offset {
            Some(offset) => self.offset.extend_from_slice(offset),
            None => self.offset.resize(self.observations.len(), 0.0),
        }
        self.counts.resize(self.observations.len(), 1.0);
        self.total += n;
    }

    /// The same rows without some fixed-effects columns (positions in increasing order).
    pub fn without_fixed(mut self, dropped: &[usize]) -> Self {
        if dropped.is_empty() {
            return self;
        }
        if self
            .layout
            .intercept
            .is_some_and(|at| dropped.contains(&at))
        {
            // Nothing is left to carry what centring takes away.
            for (j, s) in self.coordinates.fixed.iter_mut().enumerate() {
                self.rows.shift_fixed(j, s.shift / s.scale);
                s.shift = 0.0;
            }
        }
        self.rows.without_fixed(dropped);
        let kept = |j: &usize| !dropped.contains(j);
        let columns: Vec<usize> = (0..self.layout.fixed).filter(kept).collect();
        self.layout.intercept = self
            .layout
            .intercept
            .and_then(|at| columns.iter().position(|&j| j == at));
        self.layout.fixed = columns.len();
        self.coordinates.fixed = columns.iter().map(|&j| self.coordinates.fixed[j]).collect();
        self
    }

    /// The same rows without those of one level of a grouping factor.
    pub(super) fn without_level(&self, factor: usize, level: u32) -> Self {
        let mut out = self.clone();
        let codes = &self.rows.codes[factor];
        let kept: Vec<u32> = (0..codes.len() as u32)
            .filter(|&row| codes[row as usize] != level)
            .collect();
        let pick = |from: &[f64]| kept.iter().map(|&i| from[i as usize]).collect::<Vec<_>>();
        out.rows.select(&kept);
        out.observations = (kept.iter())
            .map(|&i| self.observations[i as usize])
            .collect();
        out.offset = pick(&self.offset);
        out.counts = pick(&self.counts);
        out.total = out.counts.iter().sum::<f64>().round() as usize;
        out
    }

    /// The same rows with other observations, one a row: for rows as they were added, before a fit
    /// has collapsed them.
    ///
    /// # Panics
    /// If there are not as many.
    pub fn with_observations(&self, observations: Vec<Observation>) -> Self {
        assert_eq!(observations.len(), self.observations.len(), "one a row");
        Self {
            observations,
            ..self.clone()
        }
    }

    /// The shape of the model.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The units of the columns.
    pub fn coordinates(&self) -> &Coordinates {
        &self.coordinates
    }

    /// Number of rows of the data.
    pub fn rows(&self) -> usize {
        self.total
    }

    /// Number of different rows, once the fit has collapsed them.
    pub fn cells(&self) -> usize {
        self.observations.len()
    }

    /// The observations: one for each different row.
    pub fn observations(&self) -> &[Observation] {
        &self.observations
    }

    /// Whether any row here stands for several.
    pub(super) fn collapsed(&self) -> bool {
        self.observations.len() < self.total
    }

    /// Sorts by the largest grouping factor and collapses identical rows.
    pub(super) fn arrange(&mut self) {
        let n = self.observations.len();
        let factors = &self.layout.factors;
        let largest = (0..factors.len()).max_by_key(|&f| factors[f].levels);
        let mut order: Vec<u32> = (0..n as u32).collect();
        if let Some(f) = largest {
            let codes = &self.rows.codes[f];
            order.sort_by_key(|&row| codes[row as usize]);
        }
        let mut seen: HashMap<Vec<u64>, usize> = HashMap::new();
        let (mut kept, mut counts): (Vec<u32>, Vec<f64>) = (Vec::new(), Vec::new());
        let mut level = u32::MAX;
        for &row in &order {
            let at = row as usize;
            // Only rows of one level can be the same.
            let code = largest.map_or(0, |f| self.rows.codes[f][at]);
            if code != level {
                seen.clear();
                level = code;
            }
            let place = *seen.entry(self.key(at)).or_insert(kept.len());
            if place == kept.len() {
                kept.push(row);
                counts.push(0.0);
            }
            counts[place] += self.counts[at];
        }
        self.rows.select(&kept);
        self.observations = kept
            .iter()
            .map(|&i| self.observations[i as usize])
            .collect();
        self.offset = kept.iter().map(|&i| self.offset[i as usize]).collect();
        self.counts = counts;
    }

    /// (X'WX)⁻¹X'r; `None` where X'WX is singular.
    pub(super) fn weighted_least_squares(&self, weights: &[f64], r: &[f64]) -> Option<Vec<f64>> {
        let p = self.layout.fixed;
        let mut matrix = vec![0.0; p * p];
        for (row, w) in weights.iter().enumerate() {
            let x = self.rows.x(row);
            for i in 0..p {
                let wx = w * x[i];
                for (sum, x) in matrix[i * p + i..(i + 1) * p].iter_mut().zip(&x[i..]) {
                    *sum += wx * x;
                }
            }
        }
        let mut out = self.rows.fixed_products(r);
        let mut columns = MatMut::from_column_major_slice_mut(&mut matrix, p, p);
        let need = llt::factor::cholesky_in_place_scratch::<f64>(p, Par::Seq, Default::default())
            .or(llt::solve::solve_in_place_scratch::<f64>(p, 1, Par::Seq));
        let mut memory = MemBuffer::new(need);
        llt::factor::cholesky_in_place(
            columns.as_mut(),
            Default::default(),
            Par::Seq,
            MemStack::new(&mut memory),
            Default::default(),
        )
        .ok()?;
        llt::solve::solve_in_place(
            columns.as_ref(),
            MatMut::from_column_major_slice_mut(&mut out, p, 1),
            Par::Seq,
            MemStack::new(&mut memory),
        );
        out.iter().all(|x| x.is_finite()).then_some(out)
    }

    /// Everything about a row, bit by bit.
    fn key(&self, row: usize) -> Vec<u64> {
        let Observation { y, trials, weight } = self.observations[row];
        let mut key: Vec<u64> = [y, trials, weight, self.offset[row]]
            .iter()
            .chain(self.rows.x(row))
            .map(|x| x.to_bits())
            .collect();
        for (f, factor) in self.layout.factors.iter().enumerate() {
            let k = factor.width;
            key.push(u64::from(self.rows.codes[f][row]));
            key.extend(
                self.rows.z[f][row * k..(row + 1) * k]
                    .iter()
                    .map(|x| x.to_bits()),
            );
        }
        key
    }
}
