//! Numbers as levels. Ids are usually integers close together, and then a table indexed by the id
//! finds the code in one load; whatever else is a level (2.5, an id of fifteen digits) is found
//! by hashing.

use super::table::{KeyTable, NONE};

/// Codes of numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct IdTable {
    /// Code of the integer `low + i`.
    range: Vec<u32>,
    low: i64,
    integers: KeyTable,
    fractions: KeyTable,
    /// The level of each code.
    levels: Vec<Id>,
}

/// A level: integers beyond 2^53 are not told apart by `f64`, fractions not by `i64`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Id {
    Integer(i64),
    Fraction(f64),
}

impl Id {
    #[inline]
    pub(crate) fn of(x: f64) -> Self {
        let integer = x as i64;
        // 2^63 and above saturate to i64::MAX, whose conversion back is 2^63: not an integer id.
        if integer as f64 == x && integer != i64::MAX {
            Id::Integer(integer)
        } else {
            Id::Fraction(x)
        }
    }
}

impl IdTable {
    /// Number of levels.
    pub(crate) fn len(&self) -> usize {
        self.levels.len()
    }

    /// The levels, by code.
    pub(crate) fn levels(&self) -> &[Id] {
        &self.levels
    }

    /// The code of a level that may be new to the table.
    #[inline]
    pub(crate) fn insert(&mut self, id: Id) -> u32 {
        let code = self.get(id);
        if code != NONE {
            code
        } else {
            self.insert_new(id)
        }
    }

    /// The code of a level, or [`NONE`].
    #[inline]
    pub(crate) fn get(&self, id: Id) -> u32 {
        match id {
            Id::Integer(i) => {
                let at = i.wrapping_sub(self.low) as u64;
                if at < self.range.len() as u64 {
                    let code = self.range[at as usize];
                    if code != NONE {
                        return code;
                    }
                }
                self.integers.get(i as u64)
            }
            Id::Fraction(x) => self.fractions.get(x.to_bits()),
        }
    }

    #[cold]
    fn insert_new(&mut self, id: Id) -> u32 {
        let code = self.levels.len() as u32;
        self.levels.push(id);
        match id {
            Id::Integer(i) if self.reach(i) => self.range[i.wrapping_sub(self.low) as usize] = code,
            Id::Integer(i) => {
                self.integers.get_or_insert(i as u64, code);
            }
            Id::Fraction(x) => {
                self.fractions.get_or_insert(x.to_bits(), code);
            }
        }
        code
    }

    /// Stretches the range to hold `i`, if that wastes no more than seven places for each level.
    fn reach(&mut self, i: i64) -> bool {
        let end = self.low.wrapping_add(self.range.len() as i64);
        if self.range.is_empty() {
            self.low = i;
            self.range.push(NONE);
            return true;
        }
        if i >= self.low && i < end {
            return true;
        }
        let (low, high) = (self.low.min(i), (end - 1).max(i));
        let Some(span) = high.checked_sub(low).and_then(|span| span.checked_add(1)) else {
            return false;
        };
        if span as u64 > 1024 + 8 * self.levels.len() as u64 {
            return false;
        }
        // As much slack again on the side that grows, so that growth costs a constant per level.
        let slack = (span / 2).min(i64::MAX / 4);
        if i < self.low {
            let new_low = low.saturating_sub(slack);
            let added = (self.low - new_low) as usize;
            self.range.splice(0..0, std::iter::repeat_n(NONE, added));
            self.low = new_low;
        } else {
            let new_end = high.saturating_add(1).saturating_add(slack);
            self.range.resize((new_end - self.low) as usize, NONE);
        }
        true
    }
}
