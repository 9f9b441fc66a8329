//! The one shape in which data enters: a stream of Arrow record batches that can be read twice.
//!
//! A model needs its rows twice: once to learn what is in them (types, levels, missing values),
//! once to turn them into numbers. A source therefore promises what an iterator cannot: that
//! every reading gives the same rows in the same order. A file keeps the promise by being opened
//! again, a table in memory by handing out shared arrays, and neither needs the other's cost.

use arrow_array::RecordBatch;

use crate::FrameError;

/// The most rows that a batch holds.
pub const BATCH_ROWS: usize = 65_536;

/// A column of a source, as its readers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: ColumnKind,
}

/// The four physical types that leave this crate. Whatever a file holds is brought to one of
/// them; a null in the batch is a missing value, and no batch holds NaN in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Numbers: an Arrow `Float64` array.
    Number,
    /// Integers, some beyond 2^53, that `f64` would confuse: an Arrow `Int64` array.
    Integer,
    /// `true` and `false`: an Arrow `Boolean` array.
    Logical,
    /// Text, or a factor: an Arrow `Dictionary<UInt32, Utf8>` array.
    Text {
        /// True when the order of the dictionary is the order of the levels (an ordered or
        /// unordered categorical that came with one, as from pandas or polars); otherwise levels
        /// are sorted by bytes.
        ordered: bool,
    },
}

/// Data that can be read as often as needed.
pub trait Source: Send + Sync {
    /// The columns, in the order of the file.
    fn columns(&self) -> &[Column];

    /// Number of rows, where it is known without reading.
    fn rows(&self) -> Option<usize>;

    /// Reads the columns at the given positions, from the first row on, in batches. Arrays in a
    /// batch stand in the order of `projection` and have the types that [`Source::columns`] says.
    ///
    /// Dictionaries hold every level once and no null. A source in memory (CSV, built-in data)
    /// shares one dictionary between all batches; a file that is streamed (Parquet, Arrow) has
    /// one for each batch, and levels have to be compared by name. A dictionary may hold levels
    /// that no row of the batch, or none at all, uses.
    fn read(&self, projection: &[usize]) -> Result<Batches<'_>, FrameError>;

    /// What is worth knowing about a column when it turns out not to be what its user expects:
    /// why it is text (`` column `x` is text because of `12,5` in line 17 (3 such cells) ``), why
    /// its name differs from the file's, or why it could not be read at all and is therefore
    /// absent from [`Source::columns`].
    fn note(&self, column: &str) -> Option<String> {
        let _ = column;
        None
    }
}

/// An iterator over the batches of one reading.
pub type Batches<'a> = Box<dyn Iterator<Item = Result<RecordBatch, FrameError>> + Send + 'a>;

/// Refuses a projection that names a column that is not there.
pub(crate) fn check_projection(columns: &[Column], projection: &[usize]) -> Result<(), FrameError> {
    match projection.iter().find(|&&p| p >= columns.len()) {
        None => Ok(()),
        Some(p) => Err(FrameError::new(
            "column_out_of_range",
            format!("column {p} was asked for, but there are {}", columns.len()),
        )),
    }
}
