//! Covariances of many rows with each other.
//!
//! Two rows meet in C̃ over the places that each reached in the root. Rows of one group reach much
//! the same places, so for all pairs together C̃ is fetched once over the places that any of them
//! reached: for the 25 rows of a student of InstEval this takes a twentieth of the time of 300 pairs.

use super::{Kept, Reduced};
use crate::blocks::small::product;

impl Kept {
    /// a_i'C̃a_j of all pairs of rows, relative to σ²: n × n, lower triangle by rows.
    pub fn products(&self, rows: &[&Reduced]) -> Vec<f64> {
        let (n, size) = (rows.len(), self.root_effects + self.fixed);
        let mut places: Vec<u32> = (rows.iter())
            .flat_map(|row| row.root.iter().map(|&(r, _)| r))
            .collect();
        places.sort_unstable();
        places.dedup();
        let u = places.len();
        let mut block = Vec::with_capacity(u * u);
        for &c in &places {
            let column = &self.covariance[c as usize * size..(c as usize + 1) * size];
            block.extend(places.iter().map(|&r| column[r as usize]));
        }
        // The rows over these places, one a column, and C̃ times them.
        let slot = |r: u32| places.partition_point(|&p| p < r);
        let slots: Vec<Vec<(usize, f64)>> = (rows.iter())
            .map(|row| row.root.iter().map(|&(r, x)| (slot(r), x)).collect())
            .collect();
        let mut dense = vec![0.0; u * n];
        for (i, row) in slots.iter().enumerate() {
            for &(at, x) in row {
                dense[i * u + at] = x;
            }
        }
        let moved = product(&block, &dense, u, u, n, 1.0);
        let mut out = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                let other = &moved[j * u..(j + 1) * u];
                let root: f64 = slots[i].iter().map(|&(at, x)| x * other[at]).sum();
                out[i * n + j] = root + self.at_nodes(rows[i], rows[j]);
            }
        }
        out
    }
}
