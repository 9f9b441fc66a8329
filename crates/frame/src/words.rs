//! Text of any layout as dictionaries that hold every level once.
//!
//! Text row by row is interned by all threads, each its own stretch of rows; the stretches then agree
//! on numbers in the order of first sight, so that their number changes nothing. What comes as a
//! dictionary keeps its codes where it may (an ordered factor without repeated or missing levels costs
//! no row anything), and is recoded in one pass where levels have to be sorted.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt32Type};
use arrow_array::{Array, ArrayRef, DictionaryArray, StringArray, UInt32Array};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_cast::cast;
use arrow_schema::{ArrowError, DataType};
use rayon::prelude::*;

use crate::csv::missing::Missing;
use crate::interner::Interner;

/// The code of a missing value.
const NONE: u32 = u32::MAX;
/// A thread takes so many rows at least: for fewer it is not worth starting.
const STRETCH: usize = 1 << 16;
/// More stretches than these are not worth their sorting out.
const STRETCHES: usize = 8;

/// Text as a dictionary that holds every level once and no null, in its own order or sorted.
pub(crate) fn words(
    array: &ArrayRef,
    ordered: bool,
    missing: &Missing,
) -> Result<ArrayRef, ArrowError> {
    if let Some(dictionary) = array.as_any_dictionary_opt() {
        let keys = cast(dictionary.keys(), &DataType::UInt32)?;
        let values = labels(dictionary.values())?;
        return recoded(keys.as_primitive(), &values, ordered, missing);
    }
    match array.data_type() {
        DataType::Utf8View => {
            let texts = array.as_string_view();
            interned(texts, |row| texts.value(row).as_bytes(), ordered, missing)
        }
        DataType::LargeUtf8 => {
            let texts = array.as_string::<i64>();
            interned(texts, |row| texts.value(row).as_bytes(), ordered, missing)
        }
        _ => {
            let texts = cast(array, &DataType::Utf8)?;
            let texts = texts.as_string::<i32>();
            interned(texts, |row| texts.value(row).as_bytes(), ordered, missing)
        }
    }
}

/// A dictionary of text that stands row by row.
fn interned<'a>(
    array: &dyn Array,
    word: impl Fn(usize) -> &'a [u8] + Sync,
    ordered: bool,
    missing: &Missing,
) -> Result<ArrayRef, ArrowError> {
    let rows = array.len();
    let stretch = stretch(rows);
    let mut codes = vec![0; rows];
    let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
    let mut parts: Vec<Interner<'a>> = codes
        .par_chunks_mut(stretch)
        .enumerate()
        .map(|(k, codes)| {
            let mut levels = Interner::new();
            for (code, row) in codes.iter_mut().zip(k * stretch..) {
                *code = match nulls {
                    Some(nulls) if nulls.is_null(row) => NONE,
                    _ => levels.intern(Cow::Borrowed(word(row))).0,
                };
            }
            levels
        })
        .collect();
    let mut levels = match parts.is_empty() {
        true => Interner::new(),
        false => parts.remove(0),
    };
    let translations: Vec<Vec<u32>> = parts.iter().map(|part| levels.absorb(part)).collect();
    let own: Vec<u32> = (0..levels.levels().len() as u32).collect();
    let (words, place) = arrange(&levels, &own, ordered, missing);
    codes
        .par_chunks_mut(stretch)
        .enumerate()
        .for_each(|(k, codes)| {
            let to: Cow<'_, [u32]> = match k.checked_sub(1) {
                None => Cow::Borrowed(&place),
                Some(k) => translations[k].iter().map(|&c| place[c as usize]).collect(),
            };
            for code in codes {
                *code = to.get(*code as usize).copied().unwrap_or(NONE);
            }
        });
    dictionary(codes, nulls.is_some() || place.contains(&NONE), words)
}

/// A dictionary as it came with its levels once each, and in their order.
fn recoded(
    keys: &UInt32Array,
    values: &ArrayRef,
    ordered: bool,
    missing: &Missing,
) -> Result<ArrayRef, ArrowError> {
    let values = values.as_string::<i32>();
    let mut levels = Interner::new();
    let codes: Vec<u32> = values
        .iter()
        .map(|value| value.map_or(NONE, |v| levels.intern(Cow::Borrowed(v.as_bytes())).0))
        .collect();
    let (words, place) = arrange(&levels, &codes, ordered, missing);
    if place.iter().zip(0..).all(|(&place, code)| place == code) {
        let made = DictionaryArray::try_new(keys.clone(), words)?;
        return Ok(Arc::new(made));
    }
    let mut out = vec![0; keys.len()];
    let stretch = stretch(keys.len());
    // Below a null a key may be anything.
    let code = |key: u32| place.get(key as usize).copied().unwrap_or(NONE);
    out.par_chunks_mut(stretch)
        .zip(keys.values().par_chunks(stretch))
        .for_each(|(out, keys)| {
            for (out, &key) in out.iter_mut().zip(keys) {
                *out = code(key);
            }
        });
    let Some(nulls) = keys.nulls().filter(|nulls| nulls.null_count() > 0) else {
        return dictionary(out, place.contains(&NONE), words);
    };
    for (row, out) in out.iter_mut().enumerate() {
        if nulls.is_null(row) {
            *out = NONE;
        }
    }
    dictionary(out, true, words)
}

/// Rows of a stretch.
fn stretch(rows: usize) -> usize {
    let threads = rayon::current_num_threads().min(STRETCHES);
    rows.div_ceil(threads).max(STRETCH)
}

/// The array of codes and levels; [`NONE`] is missing.
fn dictionary(
    mut codes: Vec<u32>,
    may_miss: bool,
    levels: ArrayRef,
) -> Result<ArrayRef, ArrowError> {
    let mut nulls = None;
    if may_miss {
        let present = BooleanBuffer::collect_bool(codes.len(), |row| codes[row] != NONE);
        nulls = Some(NullBuffer::new(present)).filter(|nulls| nulls.null_count() > 0);
        for code in codes.iter_mut().filter(|code| **code == NONE) {
            *code = 0;
        }
    }
    let keys = UInt32Array::new(codes.into(), nulls);
    Ok(Arc::new(DictionaryArray::<UInt32Type>::try_new(
        keys, levels,
    )?))
}

/// The levels in their order without missing ones, and the place of each of some codes, [`NONE`] for
/// a missing level.
fn arrange(
    levels: &Interner<'_>,
    codes: &[u32],
    ordered: bool,
    missing: &Missing,
) -> (ArrayRef, Vec<u32>) {
    let (words, mut place): (Vec<&[u8]>, Vec<u32>) = match ordered {
        true => (
            levels.levels().iter().map(|l| &**l).collect(),
            (0..levels.levels().len() as u32).collect(),
        ),
        false => levels.sorted(),
    };
    let gone: Vec<bool> = words.iter().map(|word| missing.is(word)).collect();
    if gone.contains(&true) {
        let mut left = 0;
        let moved: Vec<u32> = (gone.iter())
            .map(|&gone| match gone {
                true => NONE,
                false => {
                    left += 1;
                    left - 1
                }
            })
            .collect();
        place.iter_mut().for_each(|p| *p = moved[*p as usize]);
    }
    let kept = words.iter().zip(&gone).filter(|(_, gone)| !**gone);
    let utf8 = kept.map(|(word, _)| std::str::from_utf8(word).unwrap_or_default());
    let words = StringArray::from_iter_values(utf8);
    let of = |&code: &u32| place.get(code as usize).copied().unwrap_or(NONE);
    (Arc::new(words), codes.iter().map(of).collect())
}

/// The values of a dictionary as text; whole numbers without a decimal point.
fn labels(values: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    match values.data_type() {
        DataType::Float64 | DataType::Float32 => {
            let numbers = cast(values, &DataType::Float64)?;
            let numbers = numbers.as_primitive::<Float64Type>().iter();
            let texts = numbers.map(|x| x.filter(|x| !x.is_nan()).map(|x| x.to_string()));
            Ok(Arc::new(texts.collect::<StringArray>()))
        }
        _ => cast(values, &DataType::Utf8),
    }
}

/// Rewrites dictionary arrays to one dictionary, shared.
pub(crate) fn share_dictionary(pieces: &[ArrayRef], ordered: bool) -> Vec<ArrayRef> {
    if let [one] = pieces {
        return vec![Arc::clone(one)];
    }
    let mut all = Interner::new();
    let codes: Vec<Vec<u32>> = pieces
        .iter()
        .map(|piece| {
            let values = piece.as_dictionary::<UInt32Type>().values();
            let values = values.as_string::<i32>().iter().flatten();
            values
                .map(|v| all.intern(Cow::Borrowed(v.as_bytes())).0)
                .collect()
        })
        .collect();
    let every: Vec<u32> = (0..all.levels().len() as u32).collect();
    let (levels, place) = arrange(&all, &every, ordered, &Missing::new(&[]));
    pieces
        .iter()
        .zip(codes)
        .map(|(piece, codes)| {
            let keys = piece.as_dictionary::<UInt32Type>().keys();
            // Below a null a key may be anything.
            let code = |key: &u32| codes.get(*key as usize).map_or(0, |&c| place[c as usize]);
            let recoded: Vec<u32> = keys.values().iter().map(code).collect();
            let keys = UInt32Array::new(recoded.into(), keys.nulls().cloned());
            Arc::new(DictionaryArray::<UInt32Type>::new(
                keys,
                Arc::clone(&levels),
            )) as ArrayRef
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use arrow_array::{Int32Array, LargeStringArray, StringViewArray};
    use proptest::prelude::*;

    use super::*;

    type Texts = Vec<Option<String>>;

    fn read(array: &ArrayRef) -> (Texts, Vec<String>) {
        let words = array.as_dictionary::<UInt32Type>();
        let levels = words.values().as_string::<i32>();
        assert_eq!(levels.null_count(), 0);
        let own = |key: Option<u32>| key.map(|k| levels.value(k as usize).to_owned());
        (
            words.keys().iter().map(own).collect(),
            levels.iter().flatten().map(str::to_owned).collect(),
        )
    }

    fn made(array: ArrayRef, ordered: bool) -> (Texts, Vec<String>) {
        let made = words(&array, ordered, &Missing::new(&[])).expect("a dictionary");
        read(&made)
    }

    fn plain(texts: &Texts) -> (Texts, Vec<String>) {
        let missing = Missing::new(&[]);
        let kept: Texts = (texts.iter().cloned())
            .map(|t| t.filter(|t| !missing.is(t.as_bytes())))
            .collect();
        let mut levels: Vec<String> = kept.iter().flatten().cloned().collect();
        levels.sort();
        levels.dedup();
        (kept, levels)
    }

    proptest! {
        #[test]
        fn every_layout_says_the_same(
            texts in prop::collection::vec(prop::option::of("[abN.A ]{0,3}|subject [0-9]{9}"), 0..60)
        ) {
            let want = plain(&texts);
            prop_assert_eq!(&made(Arc::new(StringArray::from(texts.clone())), false), &want);
            prop_assert_eq!(&made(Arc::new(LargeStringArray::from(texts.clone())), false), &want);
            let views: StringViewArray = texts.iter().map(Option::as_deref).collect();
            prop_assert_eq!(&made(Arc::new(views), false), &want);
            // As the values of a dictionary that names every row, some words more than once.
            let keys = Int32Array::from_iter_values(0..texts.len() as i32);
            let values = Arc::new(StringArray::from(texts.clone()));
            let dictionary = DictionaryArray::new(keys, values);
            prop_assert_eq!(&made(Arc::new(dictionary), false), &want);
        }
    }

    #[test]
    fn many_rows_are_read_in_stretches() {
        let texts: Texts = (0..300_000_u32)
            .map(|i| (i % 1000 != 7).then(|| format!("g{}", i.wrapping_mul(2_654_435_761) >> 17)))
            .collect();
        let array: ArrayRef = Arc::new(StringArray::from(texts.clone()));
        let want = plain(&texts);
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            let got = pool
                .expect("threads")
                .install(|| made(Arc::clone(&array), false));
            assert_eq!(got, want);
        }
    }

    #[test]
    fn an_ordered_dictionary_keeps_its_codes() {
        let keys = UInt32Array::from(vec![Some(2), None, Some(0)]);
        let values = Arc::new(StringArray::from(vec!["low", "mid", "high"]));
        let array: ArrayRef = Arc::new(DictionaryArray::new(keys.clone(), values));
        let kept = words(&array, true, &Missing::new(&[])).expect("a dictionary");
        let kept = kept.as_dictionary::<UInt32Type>();
        assert_eq!(kept.keys().values().as_ptr(), keys.values().as_ptr());
        // A level that stands for a missing value is none, and those behind it move up.
        let values = Arc::new(StringArray::from(vec!["low", "NA", "high"]));
        let array: ArrayRef = Arc::new(DictionaryArray::new(
            UInt32Array::from(vec![2, 1, 0]),
            values,
        ));
        let (texts, levels) = made(array, true);
        assert_eq!(levels, ["low", "high"]);
        assert_eq!(texts, [Some("high".into()), None, Some("low".into())]);
    }
}
