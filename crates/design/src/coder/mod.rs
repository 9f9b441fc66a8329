//! Levels to codes: the inner loop of every grouping factor.
//!
//! While the survey reads, a coder learns: levels get codes in the order of first sight, which no
//! one outside sees. When the levels are known and sorted, a new coder looks them up, and a level
//! it does not know is [`NONE`].

mod ids;
mod table;
mod words;

pub(crate) use ids::{Id, IdTable};
pub(crate) use table::{KeyTable, NONE};
pub(crate) use words::WordTable;

use crate::category::Levels;
use crate::input::Input;
use crate::label;

/// Gives codes to the levels of one category.
#[derive(Clone, Debug)]
pub(crate) enum Coder {
    /// Levels of text.
    Words(WordTable),
    /// Levels that are numbers.
    Ids(IdTable),
    /// Levels that are pairs of levels, by the codes of both.
    Pairs(PairTable),
}

/// Codes of pairs of codes.
#[derive(Clone, Debug, Default)]
pub(crate) struct PairTable {
    codes: KeyTable,
    levels: Vec<[u32; 2]>,
}

impl PairTable {
    /// The pairs, by code.
    pub(crate) fn levels(&self) -> &[[u32; 2]] {
        &self.levels
    }

    fn key([left, right]: [u32; 2]) -> u64 {
        u64::from(left) << 32 | u64::from(right)
    }

    #[inline]
    fn insert(&mut self, pair: [u32; 2]) -> u32 {
        let fresh = self.levels.len() as u32;
        let code = self.codes.get_or_insert(Self::key(pair), fresh);
        if code == fresh {
            self.levels.push(pair);
        }
        code
    }

    #[inline]
    fn get(&self, pair: [u32; 2]) -> u32 {
        // A pair with an unknown half is unknown: no level holds NONE.
        self.codes.get(Self::key(pair))
    }
}

impl Coder {
    /// A coder that knows these levels.
    pub(crate) fn for_levels(levels: &Levels) -> Self {
        match levels {
            Levels::Words(words) => {
                let mut table = WordTable::default();
                words.iter().for_each(|word| {
                    table.insert(word);
                });
                Coder::Words(table)
            }
            Levels::Numbers(numbers) => {
                let mut table = IdTable::default();
                numbers.iter().for_each(|&x| {
                    table.insert(Id::of(x));
                });
                Coder::Ids(table)
            }
            Levels::Integers(integers) => {
                let mut table = IdTable::default();
                integers.iter().for_each(|&i| {
                    table.insert(Id::Integer(i));
                });
                Coder::Ids(table)
            }
            Levels::Pairs(pairs) => {
                let mut table = PairTable::default();
                pairs.iter().for_each(|&pair| {
                    table.insert(pair);
                });
                Coder::Pairs(table)
            }
        }
    }

    /// Codes of a column. With `grow` unknown levels are learned, without they are [`NONE`].
    ///
    /// A column of another type than the one learned is met halfway: ids may be numbers in one
    /// file and text in the next.
    pub(crate) fn column(&mut self, input: &Input, grow: bool) -> Vec<u32> {
        match (self, input) {
            (Coder::Words(table), Input::Text { keys, words }) => {
                let codes = table.translate(words, grow);
                keys.iter().map(|&key| codes[key as usize]).collect()
            }
            (Coder::Ids(table), Input::Number(values)) => table.numbers(values, grow),
            (Coder::Ids(table), Input::Integer(values)) if grow => values
                .iter()
                .map(|&i| table.insert(Id::Integer(i)))
                .collect(),
            (Coder::Ids(table), Input::Integer(values)) => {
                values.iter().map(|&i| table.get(Id::Integer(i))).collect()
            }
            (Coder::Ids(table), Input::Text { keys, words }) => {
                let codes: Vec<u32> = words
                    .iter()
                    .map(|word| match word.map(|word| word.trim().parse::<f64>()) {
                        Some(Ok(x)) => table.get(Id::of(x)),
                        _ => NONE,
                    })
                    .collect();
                keys.iter().map(|&key| codes[key as usize]).collect()
            }
            (Coder::Words(table), Input::Number(values)) => values
                .iter()
                .map(|&x| table.get(&label::number(x)))
                .collect(),
            (Coder::Words(table), Input::Integer(values)) => {
                values.iter().map(|i| table.get(&i.to_string())).collect()
            }
            (Coder::Pairs(_), _) | (_, Input::Absent) => {
                unreachable!("pairs are coded from codes, and needed columns are there")
            }
        }
    }

    /// Codes of computed numbers.
    pub(crate) fn numbers(&mut self, values: &[f64], grow: bool) -> Vec<u32> {
        match self {
            Coder::Ids(table) => table.numbers(values, grow),
            _ => unreachable!("computed levels are numbers"),
        }
    }

    /// Codes of pairs of codes.
    pub(crate) fn pairs(&mut self, left: &[u32], right: &[u32], grow: bool) -> Vec<u32> {
        let Coder::Pairs(table) = self else {
            unreachable!("only pairs are coded from codes")
        };
        let pairs = left.iter().zip(right).map(|(&left, &right)| [left, right]);
        if grow {
            pairs.map(|pair| table.insert(pair)).collect()
        } else {
            pairs.map(|pair| table.get(pair)).collect()
        }
    }

    /// Number of levels.
    pub(crate) fn len(&self) -> usize {
        match self {
            Coder::Words(table) => table.levels().len(),
            Coder::Ids(table) => table.len(),
            Coder::Pairs(table) => table.levels().len(),
        }
    }
}

impl IdTable {
    fn numbers(&mut self, values: &[f64], grow: bool) -> Vec<u32> {
        if grow {
            values.iter().map(|&x| self.insert(Id::of(x))).collect()
        } else {
            values.iter().map(|&x| self.get(Id::of(x))).collect()
        }
    }
}
