//! Text to numbers: every distinct level once, in the order of first sight.
//!
//! A grouping column says the same few thousand words a million times. A word of up to fifteen bytes,
//! as nearly all are, is its own key of 128 bits: no hash to compute twice, no bytes to fetch from
//! wherever the word was first seen, which for fifty thousand levels cost more than the rest. Longer
//! words are hashed with fixed keys (the same table in every run) and compared. The levels borrow from
//! the file where they can, so that a repeated word costs no memory.

use std::borrow::Cow;
use std::cmp::Ordering;

use ahash::RandomState;
use hashbrown::HashTable;
use rayon::slice::ParallelSliceMut;

/// From so many levels on they are sorted by all threads.
const MANY: usize = 8192;

/// The length in the key of a word that is longer than a key.
const LONG: u8 = u8::MAX;

/// A set of byte strings, numbered from zero.
pub(crate) struct Interner<'a> {
    levels: Vec<Cow<'a, [u8]>>,
    keys: Vec<Key>,
    table: HashTable<u32>,
    hasher: RandomState,
}

/// What stands for a word: its first eight bytes, the seven after them, its length; of a longer word
/// a hash, and [`LONG`] for the length.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Key {
    first: u64,
    rest: u64,
}

impl Key {
    fn of(word: &[u8], hasher: &RandomState) -> Self {
        let length = word.len();
        let eight = |at: usize| {
            let bytes = word
                .get(at..at + 8)
                .and_then(|b| <[u8; 8]>::try_from(b).ok());
            u64::from_le_bytes(bytes.unwrap_or_default())
        };
        let four = |at: usize| {
            let bytes = word
                .get(at..at + 4)
                .and_then(|b| <[u8; 4]>::try_from(b).ok());
            u64::from(u32::from_le_bytes(bytes.unwrap_or_default()))
        };
        let (first, rest) = match length {
            0..=3 => {
                let byte = |at: usize| word.get(at).map_or(0, |&b| u64::from(b) << (8 * at));
                (byte(0) | byte(1) | byte(2), 0)
            }
            // What the last four bytes repeat of the first four is shifted out.
            4..=7 => (four(0) | four(length - 4) >> (8 * (8 - length)) << 32, 0),
            8..=15 => (eight(0), eight(length - 8) >> 8 >> (8 * (15 - length))),
            _ => return Self::long(hasher.hash_one(word), length),
        };
        Self {
            first,
            rest: rest | (length as u64) << 56,
        }
    }

    fn long(hash: u64, length: usize) -> Self {
        Self {
            first: hash,
            rest: (length as u64 & 0x00ff_ffff_ffff_ffff) | u64::from(LONG) << 56,
        }
    }

    fn is_long(self) -> bool {
        (self.rest >> 56) as u8 == LONG
    }

    /// Multiplied and folded: neighbours such as `12` and `13` must not crowd.
    #[inline]
    fn hash(self) -> u64 {
        let mix = |a: u64, b: u64| {
            let wide = u128::from(a) * u128::from(b);
            (wide as u64) ^ ((wide >> 64) as u64)
        };
        mix(
            self.first ^ 0x243f_6a88_85a3_08d3,
            self.rest.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1319_8a2e_0370_7345,
        )
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

impl<'a> Interner<'a> {
    /// An empty set.
    pub(crate) fn new() -> Self {
        Interner {
            levels: Vec::new(),
            keys: Vec::new(),
            table: HashTable::new(),
            hasher: RandomState::with_seeds(1, 2, 3, 4),
        }
    }

    /// The number of `text`, and whether it is new.
    #[inline]
    pub(crate) fn intern(&mut self, text: Cow<'a, [u8]>) -> (u32, bool) {
        let key = Key::of(&text, &self.hasher);
        let (keys, levels) = (&self.keys, &self.levels);
        let is = |&code: &u32| {
            let code = code as usize;
            keys[code] == key && (!key.is_long() || *levels[code] == *text)
        };
        if let Some(&code) = self.table.find(key.hash(), is) {
            return (code, false);
        }
        let code = self.levels.len() as u32;
        self.levels.push(text);
        self.keys.push(key);
        let keys = &self.keys;
        self.table
            .insert_unique(key.hash(), code, |&code| keys[code as usize].hash());
        (code, true)
    }

    /// Takes in the levels of another set, and gives their numbers here.
    pub(crate) fn absorb(&mut self, other: &'a Interner<'_>) -> Vec<u32> {
        let levels = other.levels.iter();
        levels
            .map(|level| self.intern(Cow::Borrowed(level)).0)
            .collect()
    }

    /// The levels, in the order of their numbers.
    pub(crate) fn levels(&self) -> &[Cow<'a, [u8]>] {
        &self.levels
    }

    /// The levels sorted by bytes, and for each number its place among them.
    pub(crate) fn sorted(&self) -> (Vec<&[u8]>, Vec<u32>) {
        // Sixteen bytes decide nearly every comparison without a look at the word.
        let mut order: Vec<(u128, u32)> = (self.levels.iter().zip(0..))
            .map(|(level, code)| (front(level), code))
            .collect();
        let compare = |a: &(u128, u32), b: &(u128, u32)| match a.0.cmp(&b.0) {
            Ordering::Equal => self.levels[a.1 as usize].cmp(&self.levels[b.1 as usize]),
            decided => decided,
        };
        if order.len() < MANY {
            order.sort_unstable_by(compare);
        } else {
            order.par_sort_unstable_by(compare);
        }
        let mut place = vec![0; order.len()];
        for (rank, &(_, code)) in order.iter().enumerate() {
            place[code as usize] = rank as u32;
        }
        let level = |&(_, code): &(u128, u32)| &*self.levels[code as usize];
        (order.iter().map(level).collect(), place)
    }
}

/// The first sixteen bytes of a word, such that numbers compare as words do, but for what follows.
fn front(word: &[u8]) -> u128 {
    if let Some(bytes) = word.first_chunk() {
        return u128::from_be_bytes(*bytes);
    }
    let mut bytes = [0; 16];
    bytes[..word.len()].copy_from_slice(word);
    u128::from_be_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashMap};

    use proptest::prelude::*;

    use super::*;

    fn intern<'a>(words: &mut Interner<'a>, word: &'a str) -> u32 {
        words.intern(Cow::Borrowed(word.as_bytes())).0
    }

    #[test]
    fn numbers_words_and_sorts_them() {
        let mut words = Interner::new();
        let codes: Vec<u32> = ["b", "a", "b", "", "c", "a"]
            .iter()
            .map(|w| intern(&mut words, w))
            .collect();
        assert_eq!(codes, [0, 1, 0, 2, 3, 1]);
        let (sorted, place) = words.sorted();
        assert_eq!(sorted, [&b""[..], b"a", b"b", b"c"]);
        assert_eq!(place, [2, 1, 0, 3]);
    }

    #[test]
    fn keys_tell_all_short_words_apart() {
        // Every length, also with zeros that padding could be taken for.
        let mut words = Interner::new();
        let mut all = BTreeSet::new();
        for length in 0..=20 {
            for at in 0..=length {
                for byte in [0, 1, b'a'] {
                    let mut word = vec![b'a'; length];
                    if at < length {
                        word[at] = byte;
                    }
                    all.insert(word);
                }
            }
        }
        for word in &all {
            assert!(words.intern(Cow::Owned(word.clone())).1, "{word:?}");
        }
        let sorted: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
        assert_eq!(words.sorted().0, sorted);
    }

    #[test]
    fn many_levels() {
        let texts: Vec<String> = (0..30_000).map(|i| format!("level {}", i * 7919)).collect();
        let mut again = Interner::new();
        texts[10..20].iter().for_each(|t| {
            intern(&mut again, t);
        });
        let mut words = Interner::new();
        for (text, code) in texts.iter().zip(0..) {
            assert_eq!(intern(&mut words, text), code);
        }
        assert_eq!(words.absorb(&again), (10..20).collect::<Vec<u32>>());
        let mut sorted: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
        sorted.sort();
        assert_eq!(words.sorted().0, sorted);
    }

    proptest! {
        #[test]
        fn as_a_plain_map(texts in prop::collection::vec("[ab\\u{0}é]{0,20}", 0..200)) {
            let mut words = Interner::new();
            let mut plain: HashMap<&str, u32> = HashMap::new();
            for text in &texts {
                let fresh = plain.len() as u32;
                let code = *plain.entry(text).or_insert(fresh);
                prop_assert_eq!(intern(&mut words, text), code);
            }
            let mut sorted: Vec<&[u8]> = plain.keys().map(|t| t.as_bytes()).collect();
            sorted.sort();
            prop_assert_eq!(words.sorted().0, sorted);
        }
    }
}
