//! Columns of a program to a source, for Rust users and for tests.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::types::UInt32Type;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int64Array, StringArray, UInt32Array,
};

use crate::interner::Interner;
use crate::memory::MemorySource;
use crate::{Column, ColumnKind, FrameError};

/// A table that is put together column by column.
///
/// ```
/// use ranef_frame::{Source, Table};
///
/// let data = Table::new()
///     .number("math", [4.0, 5.5, 3.0])
///     .text("school", ["b", "a", "b"])
///     .source()?;
/// assert_eq!(data.rows(), Some(3));
/// # Ok::<(), ranef_frame::FrameError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Table {
    columns: Vec<(Column, ArrayRef)>,
}

impl Table {
    /// A table without columns.
    pub fn new() -> Self {
        Table::default()
    }

    /// Adds a column of numbers; `None` and NaN are missing values.
    #[must_use]
    pub fn number<V: Into<Option<f64>>>(
        self,
        name: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = values
            .into_iter()
            .map(|v| v.into().filter(|v: &f64| !v.is_nan()));
        let array: Float64Array = values.collect();
        self.push(name, ColumnKind::Number, Arc::new(array))
    }

    /// Adds a column of integers, all of whose digits count (identifiers beyond 2^53).
    #[must_use]
    pub fn integer<V: Into<Option<i64>>>(
        self,
        name: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let array: Int64Array = values.into_iter().map(Into::into).collect();
        self.push(name, ColumnKind::Integer, Arc::new(array))
    }

    /// Adds a column of truth values.
    #[must_use]
    pub fn logical<V: Into<Option<bool>>>(
        self,
        name: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let array: BooleanArray = values.into_iter().map(Into::into).collect();
        self.push(name, ColumnKind::Logical, Arc::new(array))
    }

    /// Adds a column of text, whose levels are sorted by bytes.
    #[must_use]
    pub fn text<S: AsRef<str>>(self, name: &str, values: impl IntoIterator<Item = S>) -> Self {
        self.text_or_missing(name, values.into_iter().map(Some))
    }

    /// Adds a column of text with missing values.
    #[must_use]
    pub fn text_or_missing<S: AsRef<str>>(
        self,
        name: &str,
        values: impl IntoIterator<Item = Option<S>>,
    ) -> Self {
        let mut words = Interner::new();
        let codes: Vec<Option<u32>> = values
            .into_iter()
            .map(|v| v.map(|s| words.intern(Cow::Owned(s.as_ref().as_bytes().to_vec())).0))
            .collect();
        let (sorted, place) = words.sorted();
        let keys: UInt32Array = codes.iter().map(|c| c.map(|c| place[c as usize])).collect();
        let levels = sorted
            .into_iter()
            .map(|l| std::str::from_utf8(l).unwrap_or_default());
        let levels = StringArray::from_iter_values(levels);
        self.push(
            name,
            ColumnKind::Text { ordered: false },
            words_of(keys, levels),
        )
    }

    /// Adds a factor: `codes` from zero into `levels`, whose order is kept. A code without level
    /// is a missing value.
    #[must_use]
    pub fn factor<S: AsRef<str>>(
        self,
        name: &str,
        levels: &[S],
        codes: impl IntoIterator<Item = usize>,
    ) -> Self {
        let keys: UInt32Array = codes
            .into_iter()
            .map(|c| u32::try_from(c).ok().filter(|_| c < levels.len()))
            .collect();
        let levels = StringArray::from_iter_values(levels);
        self.push(
            name,
            ColumnKind::Text { ordered: true },
            words_of(keys, levels),
        )
    }

    fn push(mut self, name: &str, kind: ColumnKind, array: ArrayRef) -> Self {
        self.columns.push((
            Column {
                name: name.to_owned(),
                kind,
            },
            array,
        ));
        self
    }

    /// The source over these columns.
    ///
    /// # Errors
    /// `unequal_lengths` and `duplicate_column`, naming the column.
    pub fn source(self) -> Result<MemorySource, FrameError> {
        let rows = self.columns.first().map_or(0, |(_, a)| a.len());
        for (k, (column, array)) in self.columns.iter().enumerate() {
            if array.len() != rows {
                return Err(FrameError::new(
                    "unequal_lengths",
                    format!(
                        "column `{}` has {} values, but column `{}` has {rows}",
                        column.name,
                        array.len(),
                        self.columns[0].0.name
                    ),
                ));
            }
            if self.columns[..k].iter().any(|(c, _)| c.name == column.name) {
                return Err(FrameError::new(
                    "duplicate_column",
                    format!("there are two columns called `{}`", column.name),
                ));
            }
        }
        let (columns, arrays) = self.columns.into_iter().map(|(c, a)| (c, vec![a])).unzip();
        MemorySource::from_chunks(columns, arrays, &[rows], Vec::new())
    }
}

/// Keys that are known to lie within the levels, as an array.
fn words_of(keys: UInt32Array, levels: StringArray) -> ArrayRef {
    Arc::new(DictionaryArray::<UInt32Type>::new(keys, Arc::new(levels)))
}
