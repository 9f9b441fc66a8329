//! The one shape in which data enters: a stream of Arrow record batches that can be read twice.

use arrow_array::RecordBatch;

use crate::FrameError;

/// A column of a source, as its readers see it.
#[derive(Clone, Debug, PartialEq)]
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
    fn read(&self, projection: &[usize]) -> Result<Batches<'_>, FrameError>;
}

/// An iterator over the batches of one reading.
pub type Batches<'a> = Box<dyn Iterator<Item = Result<RecordBatch, FrameError>> + Send + 'a>;
