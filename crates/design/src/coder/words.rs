//! Text as levels. A batch holds keys into a dictionary of words; each dictionary is translated
//! once, and the rows then cost one load each.

use std::collections::HashMap;

use arrow_array::{Array, StringArray};

use super::table::{KeyTable, NONE};

/// Codes of words.
#[derive(Clone, Debug, Default)]
pub(crate) struct WordTable {
    /// Codes by the hash of the word. Fifty thousand words cost the standard map, with a copy of
    /// each word as its key, three times as long.
    codes: KeyTable,
    levels: Vec<String>,
    /// Words whose hash is that of another word: in practice none.
    clashes: HashMap<String, u32>,
    /// The last dictionary and its translation. Holding the dictionary keeps its memory from
    /// being given to another one, so that equal addresses mean equal words.
    last: Option<(StringArray, Vec<u32>)>,
}

impl WordTable {
    /// The levels, by code.
    pub(crate) fn levels(&self) -> &[String] {
        &self.levels
    }

    /// The code of a word that may be new.
    pub(crate) fn insert(&mut self, word: &str) -> u32 {
        let fresh = self.levels.len() as u32;
        let mut code = self.codes.get_or_insert(hash(word), fresh);
        if code != fresh && self.levels[code as usize] != word {
            code = *self.clashes.entry(word.to_owned()).or_insert(fresh);
        }
        if code == fresh {
            self.levels.push(word.to_owned());
        }
        code
    }

    /// The code of a word, or [`NONE`].
    pub(crate) fn get(&self, word: &str) -> u32 {
        let code = self.codes.get(hash(word));
        match self.levels.get(code as usize) {
            Some(level) if level == word => code,
            Some(_) => self.clashes.get(word).copied().unwrap_or(NONE),
            None => NONE,
        }
    }

    /// The code of every word of a dictionary.
    pub(crate) fn translate(&mut self, words: &StringArray, grow: bool) -> &[u32] {
        let known = self
            .last
            .as_ref()
            .is_some_and(|(last, _)| same(last, words));
        if !known {
            let codes = (0..words.len())
                .map(|i| match words.is_null(i) {
                    true => NONE,
                    false if grow => self.insert(words.value(i)),
                    false => self.get(words.value(i)),
                })
                .collect();
            self.last = Some((words.clone(), codes));
        }
        self.last.as_ref().map_or(&[], |(_, codes)| codes)
    }
}

/// Whether two dictionaries are the same memory.
fn same(a: &StringArray, b: &StringArray) -> bool {
    a.len() == b.len()
        && a.value_offsets().as_ptr() == b.value_offsets().as_ptr()
        && a.value_data().as_ptr() == b.value_data().as_ptr()
}

/// Eight bytes at a time, multiplied and folded.
fn hash(word: &str) -> u64 {
    let bytes = word.as_bytes();
    let mix = |hash: u64, eight: u64| {
        let wide = u128::from(hash ^ eight) * u128::from(0x9e37_79b9_7f4a_7c15_u64);
        (wide as u64) ^ ((wide >> 64) as u64)
    };
    let mut hash = 0x243f_6a88_85a3_08d3 ^ bytes.len() as u64;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        hash = mix(
            hash,
            u64::from_le_bytes(chunk.try_into().unwrap_or_default()),
        );
    }
    let mut rest = [0; 8];
    rest[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
    mix(hash, u64::from_le_bytes(rest))
}

#[cfg(test)]
mod tests {
    use super::{WordTable, hash};
    use crate::coder::NONE;

    #[test]
    fn words_keep_their_codes() {
        let mut table = WordTable::default();
        let words: Vec<String> = (0..5000)
            .map(|i| format!("word {}", i * 7919 % 5003))
            .collect();
        let codes: Vec<u32> = words.iter().map(|word| table.insert(word)).collect();
        assert_eq!(codes, (0..5000).collect::<Vec<u32>>());
        assert!(
            words
                .iter()
                .zip(&codes)
                .all(|(word, &code)| table.get(word) == code)
        );
        assert_eq!(table.get("unheard of"), NONE);
        assert_ne!(hash(""), hash("\0"));
    }
}
