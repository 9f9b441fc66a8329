//! Text as levels. A batch holds keys into a dictionary of words; each dictionary is translated
//! once, and the rows then cost one load each.

use std::collections::HashMap;

use arrow_array::{Array, StringArray};

use super::table::NONE;

/// Codes of words.
#[derive(Clone, Debug, Default)]
pub(crate) struct WordTable {
    codes: HashMap<String, u32>,
    levels: Vec<String>,
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
        if let Some(&code) = self.codes.get(word) {
            return code;
        }
        let code = self.levels.len() as u32;
        self.codes.insert(word.to_owned(), code);
        self.levels.push(word.to_owned());
        code
    }

    /// The code of a word, or [`NONE`].
    pub(crate) fn get(&self, word: &str) -> u32 {
        self.codes.get(word).copied().unwrap_or(NONE)
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
