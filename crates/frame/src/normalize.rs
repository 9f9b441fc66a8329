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

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, Float64Array, RecordBatch};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, TimeUnit};
use rayon::prelude::*;

use crate::csv::missing::Missing;
use crate::memory::{self, MemorySource};
use crate::words::{share_dictionary, words};
use crate::{Column, ColumnKind, FrameError};

/// Rows that a thread takes at a time.
const PIECE: usize = 1 << 16;

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
            match any_beyond(numbers.values()) {
                false => None,
                true => numbers.iter().flatten().map(i64::unsigned_abs).max(),
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

/// Whether an integer may lie beyond [`EXACT`]: true where one does, and of −2^53 and 2^53 at most
/// one is taken for such. A sum, a shift and an "or" are done with many numbers in one instruction.
fn any_beyond(values: &[i64]) -> bool {
    let beyond = |all: u64, &v: &i64| all | v.wrapping_add(EXACT as i64) as u64 >> 54;
    values
        .chunks(1024)
        .any(|piece| piece.iter().fold(0, beyond) != 0)
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
        T::Int64 => return Ok(widened::<Int64Type>(array, |v| v as f64)),
        T::UInt64 => return Ok(widened::<UInt64Type>(array, |v| v as f64)),
        T::Int32 => return Ok(widened::<Int32Type>(array, f64::from)),
        T::UInt32 => return Ok(widened::<UInt32Type>(array, f64::from)),
        T::Int16 => return Ok(widened::<Int16Type>(array, f64::from)),
        T::UInt16 => return Ok(widened::<UInt16Type>(array, f64::from)),
        T::Int8 => return Ok(widened::<Int8Type>(array, f64::from)),
        T::UInt8 => return Ok(widened::<UInt8Type>(array, f64::from)),
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

/// Integers as `f64`; Arrow's cast asks of each whether it fits, which takes three times as long.
fn widened<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    to: impl Fn(T::Native) -> f64 + Sync,
) -> ArrayRef {
    let integers = array.as_primitive::<T>();
    let mut numbers = vec![0.0; integers.len()];
    numbers
        .par_chunks_mut(PIECE)
        .zip(integers.values().par_chunks(PIECE))
        .for_each(|(numbers, integers)| {
            for (number, &integer) in numbers.iter_mut().zip(integers) {
                *number = to(integer);
            }
        });
    Arc::new(Float64Array::new(numbers.into(), integers.nulls().cloned()))
}

/// Whether a number is NaN; piece by piece without a way out, so that many are looked at at once.
fn any_nan(values: &[f64]) -> bool {
    // Counting, unlike searching, is done with many numbers in one instruction.
    let count = |piece: &[f64]| piece.iter().filter(|v| v.is_nan()).count();
    let any = |values: &[f64]| values.chunks(1024).any(|piece| count(piece) > 0);
    values.par_chunks(PIECE).any(any)
}

fn per_second(unit: TimeUnit) -> f64 {
    match unit {
        TimeUnit::Second => 1.0,
        TimeUnit::Millisecond => 1e3,
        TimeUnit::Microsecond => 1e6,
        TimeUnit::Nanosecond => 1e9,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use arrow_array::{DictionaryArray, Int64Array, StringArray, UInt32Array};

    use super::*;

    #[test]
    fn integers_that_f64_confuses_are_kept() {
        let kind = |values: Vec<Option<i64>>| {
            let array = Arc::new(Int64Array::from(values)) as ArrayRef;
            widen(ColumnKind::Number, &array)
        };
        let exact = 1_i64 << 53;
        for inside in [0, 1, -1, exact, -exact, exact - 1] {
            assert_eq!(kind(vec![Some(3), Some(inside), None]), ColumnKind::Number);
        }
        for beyond in [exact + 1, -exact - 1, i64::MAX, i64::MIN] {
            assert_eq!(kind(vec![Some(3), Some(beyond)]), ColumnKind::Integer);
        }
        let column = Arc::new(Int64Array::from(vec![Some(-7), None])) as ArrayRef;
        let numbers = bring(&column, ColumnKind::Number, "x", &Missing::new(&[]));
        let numbers = numbers.expect("numbers");
        let numbers: Vec<_> = numbers.as_primitive::<Float64Type>().iter().collect();
        assert_eq!(numbers, [Some(-7.0), None]);
    }

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
