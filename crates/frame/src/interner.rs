//! Text to numbers: every distinct level once, in the order of first sight.
//!
//! A grouping column says the same few thousand words a million times. Each is looked up by its
//! bytes, hashed with fixed keys (the same table in every run), and the levels borrow from the
//! file where they can, so that a repeated word costs a hash and a comparison and no memory.

use std::borrow::Cow;

use ahash::RandomState;
use hashbrown::HashTable;

/// A set of byte strings, numbered from zero.
pub(crate) struct Interner<'a> {
    levels: Vec<Cow<'a, [u8]>>,
    table: HashTable<u32>,
    hasher: RandomState,
}

impl<'a> Interner<'a> {
    /// An empty set.
    pub(crate) fn new() -> Self {
        Interner {
            levels: Vec::new(),
            table: HashTable::new(),
            hasher: RandomState::with_seeds(1, 2, 3, 4),
        }
    }

    /// The number of `text`, and whether it is new.
    pub(crate) fn intern(&mut self, text: Cow<'a, [u8]>) -> (u32, bool) {
        let hash = self.hasher.hash_one(&*text);
        if let Some(&code) = self
            .table
            .find(hash, |&code| *self.levels[code as usize] == *text)
        {
            return (code, false);
        }
        let code = self.levels.len() as u32;
        self.levels.push(text);
        let (levels, hasher) = (&self.levels, &self.hasher);
        self.table
            .insert_unique(hash, code, |&code| hasher.hash_one(&*levels[code as usize]));
        (code, true)
    }

    /// The levels, in the order of their numbers.
    pub(crate) fn levels(&self) -> &[Cow<'a, [u8]>] {
        &self.levels
    }

    /// The levels sorted by bytes, and for each number its place among them.
    pub(crate) fn sorted(&self) -> (Vec<&[u8]>, Vec<u32>) {
        let mut order: Vec<u32> = (0..self.levels.len() as u32).collect();
        order.sort_unstable_by(|&a, &b| self.levels[a as usize].cmp(&self.levels[b as usize]));
        let mut place = vec![0; order.len()];
        for (rank, &code) in order.iter().enumerate() {
            place[code as usize] = rank as u32;
        }
        let sorted = order.iter().map(|&c| &*self.levels[c as usize]).collect();
        (sorted, place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_words_and_sorts_them() {
        let mut words = Interner::new();
        let codes: Vec<u32> = ["b", "a", "b", "", "c", "a"]
            .iter()
            .map(|w| words.intern(Cow::Borrowed(w.as_bytes())).0)
            .collect();
        assert_eq!(codes, [0, 1, 0, 2, 3, 1]);
        let (sorted, place) = words.sorted();
        assert_eq!(sorted, [&b""[..], b"a", b"b", b"c"]);
        assert_eq!(place, [2, 1, 0, 3]);
    }
}
