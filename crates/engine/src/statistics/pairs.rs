//! Crossproducts between the levels of two grouping factors: a sparse matrix of small blocks
//! that grows while rows stream by.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Blocks Z_a'WZ_b for those pairs of levels that occur together in a row.
#[derive(Clone, Debug)]
pub(crate) struct Pairs {
    /// The level of `a` and of `b`, pair by pair in the order of first appearance.
    levels: Vec<(u32, u32)>,
    /// K_a × K_b numbers a pair, by rows.
    values: Vec<f64>,
    block: usize,
    slots: HashMap<u64, u32, BuildHasherDefault<Mix>>,
    /// The last pair seen for each level of `a`: where `a` is nested in `b` it is the only one,
    /// and no row after the first needs the hash.
    last: Vec<(u32, u32)>,
}

/// One multiplication is enough to spread pairs of small integers.
#[derive(Clone, Copy, Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are u64")
    }

    fn write_u64(&mut self, key: u64) {
        let product = u128::from(key ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Pairs {
    /// No pairs yet; `levels` of the first factor, `block` numbers a pair.
    pub fn new(levels: usize, block: usize) -> Self {
        Self {
            levels: Vec::new(),
            values: Vec::new(),
            block,
            slots: HashMap::default(),
            last: vec![(u32::MAX, 0); levels],
        }
    }

    /// Number of pairs of levels that occur together.
    pub fn len(&self) -> usize {
        self.levels.len()
    }

    /// The pairs with their blocks.
    pub fn iter(&self) -> impl Iterator<Item = ((u32, u32), &[f64])> {
        self.levels
            .iter()
            .copied()
            .zip(self.values.chunks_exact(self.block))
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        8 * self.values.len() + 32 * self.len() + 8 * self.last.len()
    }

    fn slot(&mut self, a: u32, b: u32) -> usize {
        let (level, slot) = self.last[a as usize];
        if level == b {
            return slot as usize;
        }
        let key = u64::from(a) << 32 | u64::from(b);
        let next = self.levels.len() as u32;
        let slot = *self.slots.entry(key).or_insert(next);
        if slot == next {
            self.levels.push((a, b));
            self.values.resize(self.values.len() + self.block, 0.0);
        }
        self.last[a as usize] = (b, slot);
        slot as usize
    }

    /// Adds a slice of rows: codes and standardised columns (by rows) of both factors.
    pub fn add(
        &mut self,
        codes_a: &[u32],
        face_a: &[f64],
        width_a: usize,
        codes_b: &[u32],
        face_b: &[f64],
        width_b: usize,
    ) {
        for (i, (&a, &b)) in codes_a.iter().zip(codes_b).enumerate() {
            let slot = self.slot(a, b);
            let block = &mut self.values[slot * self.block..(slot + 1) * self.block];
            let za = &face_a[i * width_a..(i + 1) * width_a];
            let zb = &face_b[i * width_b..(i + 1) * width_b];
            for (row, x) in block.chunks_exact_mut(width_b).zip(za) {
                for (sum, y) in row.iter_mut().zip(zb) {
                    *sum += x * y;
                }
            }
        }
    }

    /// The place of every row's pair, making room for those that are new.
    pub fn slots_of(&mut self, codes_a: &[u32], codes_b: &[u32]) -> Vec<u32> {
        codes_a
            .iter()
            .zip(codes_b)
            .map(|(&a, &b)| self.slot(a, b) as u32)
            .collect()
    }

    /// Replaces all blocks by Σ w z_a z_b' over rows in standard units (by rows, with their
    /// widths) whose places are known.
    pub fn reweigh(
        &mut self,
        slots: &[u32],
        (face_a, width_a): (&[f64], usize),
        (face_b, width_b): (&[f64], usize),
        weights: &[f64],
    ) {
        self.values.fill(0.0);
        if self.block == 0 {
            return;
        }
        if self.block == 1 {
            for (((&slot, za), zb), w) in slots.iter().zip(face_a).zip(face_b).zip(weights) {
                self.values[slot as usize] += w * za * zb;
            }
            return;
        }
        let faces = face_a
            .chunks_exact(width_a)
            .zip(face_b.chunks_exact(width_b));
        for ((&slot, (za, zb)), w) in slots.iter().zip(faces).zip(weights) {
            let block = &mut self.values[slot as usize * self.block..][..self.block];
            for (row, x) in block.chunks_exact_mut(width_b).zip(za) {
                for (sum, y) in row.iter_mut().zip(zb) {
                    *sum += w * x * y;
                }
            }
        }
    }

    /// Adds the pairs of other rows.
    pub fn merge(&mut self, other: &Pairs) {
        for ((a, b), values) in other.iter() {
            let slot = self.slot(a, b);
            let block = &mut self.values[slot * self.block..(slot + 1) * self.block];
            block.iter_mut().zip(values).for_each(|(sum, x)| *sum += x);
        }
    }

    /// Takes away the pairs of rows that are among those added here. What is left of a pair is
    /// exactly zero where `gone` says that no row of one of its levels is left.
    pub fn remove(&mut self, other: &Pairs, gone: impl Fn(u32, u32) -> bool) {
        for ((a, b), values) in other.iter() {
            let slot = self.slot(a, b);
            let block = &mut self.values[slot * self.block..(slot + 1) * self.block];
            if gone(a, b) {
                block.fill(0.0);
            } else {
                block.iter_mut().zip(values).for_each(|(sum, x)| *sum -= x);
            }
        }
    }
}
