//! Arrow of any making to the four kinds.
//!
//! | Arrow | kind |
//! |---|---|
//! | integers, floating point, decimals, null | `Number` |
//! | 64-bit integers, some beyond 2^53 | `Integer`; beyond `i64`: `Text` |
//! | booleans | `Logical` |
//! | strings of every layout | `Text { ordered: false }` |
//! | dictionaries of strings (pandas, pyarrow, polars `Enum`) | `Text { ordered: true }` |
//! | dictionaries of numbers or booleans (a categorical of pandas) | `Text { ordered: true }` |
//! | dictionaries of dates and times | the kind of the values |
//! | dates | `Number`: days since 1970-01-01 |
//! | timestamps | `Number`: seconds since 1970-01-01 00:00 UTC |
//! | times of day, durations | `Number`: seconds |
//!
//! NaN becomes null. A polars `Categorical` is a dictionary only to save memory, in the order in
//! which its words happened to come; it says so in the metadata of its field and is sorted like
//! text. Text is missing where it would be in a CSV file: `NA`, `NaN`, `null`, `.`, nothing or blanks
//! alone, since many such files were once CSV files.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt32Type, UInt64Type};
use arrow_array::{
    Array, ArrayRef, DictionaryArray, Float64Array, RecordBatch, StringArray, UInt32Array,
};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, TimeUnit};

use crate::csv::missing::Missing;
use crate::interner::Interner;
use crate::memory::{self, MemorySource};
use crate::{Column, ColumnKind, FrameError};

/// Integers to here are exact in `f64`.
const EXACT: u64 = 1 << 53;

/// Brings a batch to the four kinds; the table above says how. Columns that no model can use
/// (lists, structures, bytes) are left out of both results.
///
/// # Errors
/// `unsupported_type` when Arrow cannot convert a value.
pub fn normalize(batch: &RecordBatch) -> Result<(Vec<Column>, RecordBatch), FrameError> {
    let source = normalize_all(vec![batch.clone()])?;
    let columns = crate::Source::columns(&source).to_vec();
    let batch = match source.batches() {
        [one] => one.clone(),
        many => arrow_concat(&columns, many, batch.num_rows())?,
    };
    Ok((columns, batch))
}

/// Puts the pieces of one long batch together again; they are slices of the same arrays.
fn arrow_concat(
    columns: &[Column],
    pieces: &[RecordBatch],
    rows: usize,
) -> Result<RecordBatch, FrameError> {
    let schema = memory::schema(columns);
    if pieces.is_empty() {
        return Ok(RecordBatch::new_empty(schema));
    }
    debug_assert_eq!(
        rows,
        pieces.iter().map(RecordBatch::num_rows).sum::<usize>()
    );
    arrow_select::concat::concat_batches(&schema, pieces)
        .map_err(|e| FrameError::new("unsupported_type", e))
}

/// Brings batches to a source in memory.
pub(crate) fn normalize_all(batches: Vec<RecordBatch>) -> Result<MemorySource, FrameError> {
    let Some(first) = batches.first() else {
        return MemorySource::from_chunks(Vec::new(), Vec::new(), &[], Vec::new());
    };
    let schema = first.schema();
    if let Some(k) = batches
        .iter()
        .position(|b| b.schema().fields() != schema.fields())
    {
        return Err(FrameError::new(
            "different_columns",
            format!("batch {} has other columns than the first one", k + 1),
        ));
    }
    let mut columns: Vec<Column> = Vec::new();
    let mut arrays = Vec::new();
    let mut notes = Vec::new();
    let missing = Missing::new(&[]);
    for (k, field) in schema.fields().iter().enumerate() {
        if columns.iter().any(|c| c.name == *field.name()) {
            return Err(FrameError::new(
                "duplicate_column",
                format!("there are two columns called `{}`", field.name()),
            ));
        }
        let pieces: Vec<ArrayRef> = batches.iter().map(|b| Arc::clone(b.column(k))).collect();
        let Some(kind) = kind_of(field) else {
            notes.push(unusable(field));
            continue;
        };
        let kind = pieces.iter().fold(kind, widen);
        let pieces: Vec<ArrayRef> = pieces
            .iter()
            .map(|p| bring(p, kind, field.name(), &missing))
            .collect::<Result<_, _>>()?;
        let pieces = match kind {
            ColumnKind::Text { ordered } => share_dictionary(&pieces, ordered),
            _ => pieces,
        };
        columns.push(Column {
            name: field.name().clone(),
            kind,
        });
        arrays.push(pieces);
    }
    let rows: Vec<usize> = batches.iter().map(RecordBatch::num_rows).collect();
    MemorySource::from_chunks(columns, arrays, &rows, notes)
}

/// The kind of a field, as far as its type tells; `None` for types that no model can use.
pub(crate) fn kind_of(field: &Field) -> Option<ColumnKind> {
    // The name of the key carries a version: `_PL_CATEGORICAL2` in polars 2.
    let categorical = field
        .metadata()
        .keys()
        .any(|key| key.starts_with("_PL_CATEGORICAL"));
    kind_of_type(field.data_type(), !categorical)
}

fn kind_of_type(data_type: &DataType, ordered: bool) -> Option<ColumnKind> {
    use DataType as T;
    match data_type {
        T::Null | T::Date32 | T::Date64 | T::Timestamp(..) => Some(ColumnKind::Number),
        T::Time32(_) | T::Time64(_) | T::Duration(_) => Some(ColumnKind::Number),
        T::Boolean => Some(ColumnKind::Logical),
        T::Utf8 | T::LargeUtf8 | T::Utf8View => Some(ColumnKind::Text { ordered: false }),
        T::Dictionary(_, values) if values.is_temporal() => kind_of_type(values, ordered),
        T::Dictionary(_, values) => {
            kind_of_type(values, ordered).map(|_| ColumnKind::Text { ordered })
        }
        numeric if numeric.is_numeric() => Some(ColumnKind::Number),
        _ => None,
    }
}

/// The note of a column that is left out.
pub(crate) fn unusable(field: &Field) -> (String, String) {
    let name = field.name().clone();
    let text = format!(
        "column `{name}` is left out: values of type {} cannot be used",
        field.data_type()
    );
    (name, text)
}

/// Whether the values of a column have to be seen before its kind is certain.
pub(crate) fn needs_a_look(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Int64 | DataType::UInt64)
}

/// The kind of a column so far, with the values of one more array: integers too large for `f64`
/// keep their digits.
pub(crate) fn widen(kind: ColumnKind, array: &ArrayRef) -> ColumnKind {
    if !matches!(kind, ColumnKind::Number | ColumnKind::Integer) {
        return kind;
    }
    let largest = match array.data_type() {
        DataType::Int64 => {
            let numbers = array.as_primitive::<Int64Type>();
            // Below a null stands anything: only where that is large are the nulls looked at.
            let all = numbers.values().iter().map(|v| v.unsigned_abs()).max();
            match all.filter(|&v| v > EXACT) {
                None => all,
                Some(_) => numbers.iter().flatten().map(i64::unsigned_abs).max(),
            }
        }
        DataType::UInt64 => array.as_primitive::<UInt64Type>().iter().flatten().max(),
        _ => None,
    };
    match (largest, array.data_type()) {
        (Some(v), DataType::UInt64) if v > i64::MAX as u64 => ColumnKind::Text { ordered: false },
        (Some(v), _) if v > EXACT => ColumnKind::Integer,
        _ => kind,
    }
}

/// Brings an array to a kind.
pub(crate) fn bring(
    array: &ArrayRef,
    kind: ColumnKind,
    name: &str,
    missing: &Missing,
) -> Result<ArrayRef, FrameError> {
    let fail = |e: arrow_schema::ArrowError| {
        FrameError::new("unsupported_type", format!("column `{name}`: {e}"))
    };
    match kind {
        ColumnKind::Number => number(array).map_err(fail),
        ColumnKind::Integer => cast(array, &DataType::Int64).map_err(fail),
        ColumnKind::Logical => cast(array, &DataType::Boolean).map_err(fail),
        ColumnKind::Text { ordered } => words(array, ordered, missing).map_err(fail),
    }
}

fn number(array: &ArrayRef) -> Result<ArrayRef, arrow_schema::ArrowError> {
    use DataType as T;
    // Arrow counts times in whole units; the scale brings them to days or seconds.
    let (array, scale) = match array.data_type() {
        T::Dictionary(_, values) => return number(&cast(array, &values.clone())?),
        T::Date32 => (cast(array, &T::Int32)?, 1.0),
        T::Date64 => (cast(array, &T::Int64)?, 86_400_000.0),
        T::Time32(unit) => (cast(array, &T::Int32)?, per_second(*unit)),
        T::Timestamp(unit, _) | T::Time64(unit) | T::Duration(unit) => {
            (cast(array, &T::Int64)?, per_second(*unit))
        }
        _ => (Arc::clone(array), 1.0),
    };
    let numbers = cast(&array, &T::Float64)?;
    let numbers = numbers.as_primitive::<Float64Type>();
    if scale == 1.0 && !any_nan(numbers.values()) {
        return Ok(Arc::new(numbers.clone()));
    }
    let present = numbers
        .iter()
        .map(|v| v.map(|v| v / scale).filter(|v| !v.is_nan()));
    Ok(Arc::new(present.collect::<Float64Array>()))
}

/// Whether a number is NaN; piece by piece without a way out, so that many are looked at at once.
fn any_nan(values: &[f64]) -> bool {
    // Counting, unlike searching, is done with many numbers in one instruction.
    let count = |piece: &[f64]| piece.iter().filter(|v| v.is_nan()).count();
    values.chunks(1024).any(|piece| count(piece) > 0)
}

fn per_second(unit: TimeUnit) -> f64 {
    match unit {
        TimeUnit::Second => 1.0,
        TimeUnit::Millisecond => 1e3,
        TimeUnit::Microsecond => 1e6,
        TimeUnit::Nanosecond => 1e9,
    }
}

/// Text as a dictionary that holds every level once and no null, in its own order or sorted.
fn words(
    array: &ArrayRef,
    ordered: bool,
    missing: &Missing,
) -> Result<ArrayRef, arrow_schema::ArrowError> {
    let dictionary = array.as_any_dictionary_opt();
    let values = match dictionary {
        Some(dictionary) => labels(dictionary.values())?,
        None => cast(array, &DataType::Utf8)?,
    };
    let values = values.as_string::<i32>();
    let mut levels = Interner::new();
    // Numbers for the values of the dictionary (or for the rows themselves, of which a missing
    // one must not become a level).
    let codes: Vec<Option<u32>> = values
        .iter()
        .map(|v| {
            let word = v?.as_bytes();
            (!missing.is(word)).then(|| levels.intern(Cow::Borrowed(word)).0)
        })
        .collect();
    let (levels, place) = arrange(&levels, ordered);
    let codes = codes.iter().map(|c| c.map(|c| place[c as usize]));
    let keys: UInt32Array = match dictionary {
        None => codes.collect(),
        Some(dictionary) => {
            let codes: Vec<Option<u32>> = codes.collect();
            let keys = cast(dictionary.keys(), &DataType::UInt32)?;
            recoded(keys.as_primitive::<UInt32Type>(), &codes)
        }
    };
    Ok(Arc::new(DictionaryArray::<UInt32Type>::new(keys, levels)))
}

/// Keys with the codes of their values; one pass without a branch where no value is missing, which
/// a million rows are worth.
fn recoded(keys: &UInt32Array, codes: &[Option<u32>]) -> UInt32Array {
    if codes.iter().all(Option::is_some) {
        let codes: Vec<u32> = codes.iter().flatten().copied().collect();
        // Below a null a key may be anything.
        let code = |&key: &u32| codes.get(key as usize).copied().unwrap_or(0);
        let recoded: Vec<u32> = keys.values().iter().map(code).collect();
        return UInt32Array::new(recoded.into(), keys.nulls().cloned());
    }
    let code = |key: Option<u32>| key.and_then(|k| codes.get(k as usize).copied().flatten());
    keys.iter().map(code).collect()
}

/// The values of a dictionary as text; whole numbers without a decimal point.
fn labels(values: &ArrayRef) -> Result<ArrayRef, arrow_schema::ArrowError> {
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

/// The levels in their order, and the place of each.
fn arrange(levels: &Interner<'_>, ordered: bool) -> (ArrayRef, Vec<u32>) {
    let utf8 = |l: &[u8]| std::str::from_utf8(l).unwrap_or_default().to_owned();
    if ordered {
        let words = StringArray::from_iter_values(levels.levels().iter().map(|l| utf8(l)));
        let places = (0..levels.levels().len() as u32).collect();
        (Arc::new(words), places)
    } else {
        let (sorted, place) = levels.sorted();
        (
            Arc::new(StringArray::from_iter_values(sorted.into_iter().map(utf8))),
            place,
        )
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
    let (levels, place) = arrange(&all, ordered);
    pieces
        .iter()
        .zip(codes)
        .map(|(piece, codes)| {
            let keys = piece.as_dictionary::<UInt32Type>().keys().iter();
            let keys: UInt32Array = keys
                .map(|k| k.map(|k| place[codes[k as usize] as usize]))
                .collect();
            Arc::new(DictionaryArray::<UInt32Type>::new(
                keys,
                Arc::clone(&levels),
            )) as ArrayRef
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn a_categorical_of_polars_has_no_order_but_an_enum_has() {
        let dictionary =
            || DataType::Dictionary(Box::new(DataType::UInt32), Box::new(DataType::Utf8View));
        let field = |key: &str| {
            let metadata = HashMap::from([(key.to_owned(), String::new())]);
            Field::new("g", dictionary(), true).with_metadata(metadata)
        };
        let text = |ordered| Some(ColumnKind::Text { ordered });
        assert_eq!(kind_of(&field("_PL_CATEGORICAL2")), text(false));
        assert_eq!(kind_of(&field("_PL_ENUM_VALUES2")), text(true));
        assert_eq!(kind_of(&Field::new("g", dictionary(), true)), text(true));
    }

    #[test]
    fn a_categorical_of_numbers_is_a_factor_in_its_own_order() {
        let values = Arc::new(Float64Array::from(vec![10.0, 2.5])) as ArrayRef;
        let keys = UInt32Array::from(vec![Some(1), Some(0), None]);
        let column = Arc::new(DictionaryArray::new(keys, values)) as ArrayRef;
        let batch = RecordBatch::try_from_iter([("g", column)]).expect("a batch");
        let (columns, batch) = normalize(&batch).expect("kinds");
        assert_eq!(columns[0].kind, ColumnKind::Text { ordered: true });
        let words = batch.column(0).as_dictionary::<UInt32Type>();
        let levels: Vec<&str> = words.values().as_string::<i32>().iter().flatten().collect();
        assert_eq!(levels, ["10", "2.5"]);
        assert_eq!(
            words.keys().iter().collect::<Vec<_>>(),
            [Some(1), Some(0), None]
        );
    }

    #[test]
    fn batches_share_one_dictionary() {
        let batch = |words: [&str; 2]| {
            let words = Arc::new(StringArray::from_iter_values(words)) as ArrayRef;
            RecordBatch::try_from_iter([("g", words)]).expect("a batch")
        };
        let source = normalize_all(vec![batch(["c", "a"]), batch(["b", "c"])]).expect("a source");
        let read = |k: usize| {
            let words = source.batches()[k]
                .column(0)
                .as_dictionary::<UInt32Type>()
                .clone();
            let levels = words.values().as_string::<i32>().iter().flatten();
            (
                words.keys().values().to_vec(),
                levels.collect::<Vec<_>>().concat(),
            )
        };
        assert_eq!(read(0), (vec![2, 0], "abc".into()));
        assert_eq!(read(1), (vec![1, 2], "abc".into()));
        let other = RecordBatch::try_from_iter([("h", Arc::clone(batch(["x", "y"]).column(0)))]);
        let mixed = normalize_all(vec![batch(["a", "b"]), other.expect("a batch")]);
        assert!(mixed.is_err_and(|e| e.code == "different_columns"));
    }
}
