//! The columns of one batch as the design reads them: rows with a missing value gone, every
//! column one of three types.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt32Type};
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};
use arrow_schema::DataType;

use crate::column::first_not_finite;
use crate::error::{DesignError, Problem};

/// One column without its missing values.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// Numbers; logical values are 0 and 1.
    Number(ScalarBuffer<f64>),
    /// Integers.
    Integer(ScalarBuffer<i64>),
    /// Keys into words.
    Text {
        keys: ScalarBuffer<u32>,
        words: StringArray,
    },
    /// A column that this reading does not need.
    Absent,
}

/// The columns of one batch.
pub(crate) struct Inputs {
    /// One for each column of the plan.
    pub(crate) columns: Vec<Input>,
    /// Rows of the batch that have no missing value; `None` when that is all of them.
    pub(crate) kept: Option<Vec<u32>>,
    /// Rows kept.
    pub(crate) n: usize,
    /// Rows of the source before this batch.
    pub(crate) first_row: usize,
}

impl Inputs {
    /// Takes the columns of a batch apart. `arrays` stands beside the columns of the plan;
    /// `missing` is called with every column that misses values and their number.
    pub(crate) fn read<'n>(
        batch_rows: usize,
        arrays: &[Option<&ArrayRef>],
        unlisted: Vec<(usize, NullBuffer)>,
        names: impl Fn(usize) -> &'n str,
        first_row: usize,
        mut missing: impl FnMut(usize, usize),
    ) -> Result<Self, DesignError> {
        let mut valid: Option<NullBuffer> = None;
        for (column, array) in arrays.iter().enumerate() {
            let mut own = array.and_then(nulls);
            for (_, listed) in unlisted.iter().filter(|(of, _)| *of == column) {
                own = NullBuffer::union(own.as_ref(), Some(listed));
            }
            let Some(own) = own.filter(|own| own.null_count() > 0) else {
                continue;
            };
            missing(column, own.null_count());
            valid = NullBuffer::union(valid.as_ref(), Some(&own));
        }
        let kept: Option<Vec<u32>> =
            valid.map(|valid| valid.valid_indices().map(|row| row as u32).collect());
        let columns = arrays
            .iter()
            .enumerate()
            .map(|(column, array)| match array {
                Some(array) => take(array, kept.as_deref(), names(column)),
                None => Ok(Input::Absent),
            })
            .collect::<Result<_, _>>()?;
        let n = kept.as_ref().map_or(batch_rows, Vec::len);
        Ok(Self {
            columns,
            kept,
            n,
            first_row,
        })
    }

    /// Keeps some of the rows.
    pub(crate) fn retain(&mut self, rows: &[usize]) {
        fn pick<T: arrow_buffer::ArrowNativeType>(
            values: &ScalarBuffer<T>,
            rows: &[usize],
        ) -> ScalarBuffer<T> {
            rows.iter()
                .map(|&row| values[row])
                .collect::<Vec<T>>()
                .into()
        }
        for column in &mut self.columns {
            match column {
                Input::Number(values) => *values = pick(values, rows),
                Input::Integer(values) => *values = pick(values, rows),
                Input::Text { keys, .. } => *keys = pick(keys, rows),
                Input::Absent => {}
            }
        }
        self.kept = Some(match &self.kept {
            None => rows.iter().map(|&row| row as u32).collect(),
            Some(kept) => rows.iter().map(|&row| kept[row]).collect(),
        });
        self.n = rows.len();
    }

    /// The number of a row of these inputs in the data, the first being 1.
    pub(crate) fn row(&self, index: usize) -> usize {
        let in_batch = self
            .kept
            .as_ref()
            .map_or(index, |kept| kept[index] as usize);
        self.first_row + in_batch + 1
    }

    /// A column as numbers, for the reader called `needs`.
    pub(crate) fn numbers(
        &self,
        column: usize,
        name: &str,
        needs: impl FnOnce() -> String,
    ) -> Result<ScalarBuffer<f64>, DesignError> {
        match &self.columns[column] {
            Input::Number(values) => Ok(values.clone()),
            Input::Integer(values) => Ok(values
                .iter()
                .map(|&i| i as f64)
                .collect::<Vec<f64>>()
                .into()),
            Input::Text { keys, words } => {
                let (value, index) = first_not_number(keys, words).unwrap_or_default();
                let row = self.row(index);
                let column = name.to_owned();
                Err(Problem::TextNotNumber {
                    needs: needs(),
                    column,
                    value,
                    row,
                }
                .into())
            }
            Input::Absent => unreachable!("column `{name}` is needed and was not read"),
        }
    }

    /// Fails when a column of numbers holds one that is not finite.
    pub(crate) fn check_finite(&self, column: usize, name: &str) -> Result<(), DesignError> {
        let Input::Number(values) = &self.columns[column] else {
            return Ok(());
        };
        match first_not_finite(values) {
            None => Ok(()),
            Some(index) => Err(Problem::NotFiniteColumn {
                column: name.to_owned(),
                value: describe_not_finite(values[index]),
                row: self.row(index),
            }
            .into()),
        }
    }
}

/// A number that is not one, in words.
pub(crate) fn describe_not_finite(x: f64) -> &'static str {
    if x.is_nan() {
        "not a number"
    } else if x > 0.0 {
        "infinite"
    } else {
        "minus infinity"
    }
}

/// A value and its row.
type Found = Option<(String, usize)>;

/// The first value of a batch's column of text, and the first that is no number, with their rows in
/// the batch.
pub(crate) fn first_text(array: &ArrayRef) -> (Found, Found) {
    let Some(dictionary) = array.as_dictionary_opt::<UInt32Type>() else {
        return (None, None);
    };
    let Some(words) = dictionary.values().as_string_opt::<i32>() else {
        return (None, None);
    };
    let mut values = (0..dictionary.len())
        .filter(|&row| dictionary.is_valid(row))
        .map(|row| (words.value(dictionary.keys().value(row) as usize), row))
        .peekable();
    let own = |(word, row): (&str, usize)| (word.to_owned(), row);
    let first = values.peek().copied().map(own);
    let text = values.find(|(word, _)| word.trim().parse::<f64>().is_err());
    (first, text.map(own))
}

/// The first value that is no number; the very first value when all are.
fn first_not_number(keys: &[u32], words: &StringArray) -> Option<(String, usize)> {
    let word = |&key: &u32| words.value(key as usize);
    let index = keys
        .iter()
        .position(|key| word(key).trim().parse::<f64>().is_err())
        .unwrap_or(0);
    keys.get(index).map(|key| (word(key).to_owned(), index))
}

/// The rows of an array that hold one of the listed levels.
pub(crate) fn listed(array: &ArrayRef, levels: &[String]) -> Option<NullBuffer> {
    let numbers: Vec<f64> = levels
        .iter()
        .filter_map(|level| level.parse().ok())
        .collect();
    let bits: BooleanBuffer = match array.data_type() {
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>().values();
            values.iter().map(|x| numbers.contains(x)).collect()
        }
        DataType::Int64 => {
            let values = array.as_primitive::<Int64Type>().values();
            values
                .iter()
                .map(|&i| numbers.contains(&(i as f64)))
                .collect()
        }
        DataType::Boolean => {
            let [no, yes] = ["FALSE", "TRUE"].map(|truth| levels.iter().any(|l| l == truth));
            array
                .as_boolean()
                .values()
                .iter()
                .map(|x| if x { yes } else { no })
                .collect()
        }
        _ => {
            let dictionary = array.as_dictionary_opt::<UInt32Type>()?;
            let words = dictionary.values().as_string_opt::<i32>()?;
            let known: Vec<bool> = words
                .iter()
                .map(|w| w.is_some_and(|w| levels.iter().any(|l| l == w)))
                .collect();
            let keys = dictionary.keys().values();
            keys.iter()
                .map(|&key| known.get(key as usize).copied().unwrap_or(false))
                .collect()
        }
    };
    Some(NullBuffer::new(bits))
}

/// Looks a column up by its name.
pub(crate) fn find<'a>(batch: &'a RecordBatch, name: &str) -> Option<&'a ArrayRef> {
    batch
        .schema_ref()
        .fields()
        .iter()
        .position(|field| field.name() == name)
        .map(|i| batch.column(i))
}

/// Which rows of an array are missing, looking through a dictionary that holds a null word.
fn nulls(array: &ArrayRef) -> Option<NullBuffer> {
    match array.as_dictionary_opt::<UInt32Type>() {
        Some(dictionary) if dictionary.values().null_count() > 0 => array.logical_nulls(),
        _ => array.nulls().cloned(),
    }
}

fn take(array: &ArrayRef, kept: Option<&[u32]>, name: &str) -> Result<Input, DesignError> {
    Ok(match array.data_type() {
        DataType::Float64 => {
            Input::Number(gather(array.as_primitive::<Float64Type>().values(), kept))
        }
        DataType::Int64 => Input::Integer(gather(array.as_primitive::<Int64Type>().values(), kept)),
        DataType::Boolean => {
            let bits = array.as_boolean().values();
            let number = |row: usize| f64::from(u8::from(bits.value(row)));
            let values: Vec<f64> = match kept {
                None => (0..array.len()).map(number).collect(),
                Some(kept) => kept.iter().map(|&row| number(row as usize)).collect(),
            };
            Input::Number(values.into())
        }
        _ => {
            let wrong_type = || Problem::ArrowType {
                column: name.to_owned(),
                found: array.data_type().to_string(),
            };
            let dictionary = array
                .as_dictionary_opt::<UInt32Type>()
                .ok_or_else(wrong_type)?;
            let words = dictionary
                .values()
                .as_string_opt::<i32>()
                .ok_or_else(wrong_type)?;
            Input::Text {
                keys: gather(dictionary.keys().values(), kept),
                words: words.clone(),
            }
        }
    })
}

/// The kept values; all of them are borrowed, some are copied.
fn gather<T: arrow_buffer::ArrowNativeType>(
    values: &ScalarBuffer<T>,
    kept: Option<&[u32]>,
) -> ScalarBuffer<T> {
    match kept {
        None => values.clone(),
        Some(kept) => kept
            .iter()
            .map(|&row| values[row as usize])
            .collect::<Vec<T>>()
            .into(),
    }
}
