//! The set of pairs of levels that occur: a bit for each possible pair while that is little memory,
//! a hash table beyond.

use crate::coder::KeyTable;

/// Pairs of levels.
#[derive(Clone, Debug)]
pub(crate) struct CellSet {
    /// Bit `first * stride + second`.
    bits: Vec<u64>,
    /// A power of two, at least 64.
    stride: usize,
    count: usize,
    /// Takes over when the bits would take more than [`MOST_BITS`].
    table: Option<KeyTable>,
}

/// 16 MB.
const MOST_BITS: usize = 1 << 27;

impl Default for CellSet {
    fn default() -> Self {
        Self {
            bits: Vec::new(),
            stride: 64,
            count: 0,
            table: None,
        }
    }
}

impl CellSet {
    /// Adds a pair.
    #[inline]
    pub(crate) fn insert(&mut self, first: u32, second: u32) {
        if let Some(table) = &mut self.table {
            table.get_or_insert(key(first, second), 0);
            return;
        }
        let place = first as usize * self.stride + second as usize;
        if second as usize >= self.stride || place / 64 >= self.bits.len() {
            self.stretch(first, second);
            return self.insert(first, second);
        }
        let (word, bit) = (&mut self.bits[place / 64], 1 << (place % 64));
        self.count += usize::from(*word & bit == 0);
        *word |= bit;
    }

    /// Number of pairs.
    pub(crate) fn len(&self) -> usize {
        self.table.as_ref().map_or(self.count, KeyTable::len)
    }

    /// The pairs, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = [u32; 2]> {
        let from_table = self.table.iter().flat_map(KeyTable::keys);
        let from_table = from_table.map(|key| [(key >> 32) as u32, key as u32]);
        let stride = self.stride;
        let from_bits = self
            .bits
            .iter()
            .enumerate()
            .flat_map(move |(index, &word)| {
                let set = (0..64).filter(move |bit| word >> bit & 1 == 1);
                set.map(move |bit| {
                    let place = index * 64 + bit;
                    [(place / stride) as u32, (place % stride) as u32]
                })
            });
        from_table.chain(from_bits)
    }

    #[cold]
    fn stretch(&mut self, first: u32, second: u32) {
        let stride = (second as usize + 1).next_power_of_two().max(self.stride);
        let rows = (first as usize + 1)
            .next_power_of_two()
            .max(self.bits.len() * 64 / self.stride);
        let old = std::mem::take(self);
        if rows.saturating_mul(stride) > MOST_BITS {
            let mut table = KeyTable::default();
            old.iter().for_each(|[a, b]| {
                table.get_or_insert(key(a, b), 0);
            });
            self.table = Some(table);
            return;
        }
        self.bits = vec![0; rows * stride / 64];
        self.stride = stride;
        old.iter().for_each(|[a, b]| self.insert(a, b));
    }
}

fn key(first: u32, second: u32) -> u64 {
    u64::from(first) << 32 | u64::from(second)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::CellSet;

    proptest! {
        #[test]
        fn it_is_a_set(
            pairs in prop::collection::vec((0u32..300, 0u32..300), 0..200),
            far in prop::option::of(0u32..1 << 20),
        ) {
            let mut cells = CellSet::default();
            let mut twin = BTreeSet::new();
            let far = far.map(|far| (far, 1 << 20));
            for (a, b) in pairs.into_iter().chain(far) {
                cells.insert(a, b);
                twin.insert([a, b]);
            }
            prop_assert_eq!(cells.len(), twin.len());
            prop_assert_eq!(cells.iter().collect::<BTreeSet<_>>(), twin);
        }
    }
}
