//! Data for multilevel models: sources of Arrow record batches that can be read twice.
//!
//! ```
//! use ranef_frame::{ColumnKind, ReadOptions, Source, open};
//!
//! let data = open("sleepstudy", &ReadOptions::default())?;
//! assert_eq!(data.rows(), Some(180));
//! assert_eq!(data.columns()[0].name, "Reaction");
//! assert_eq!(data.columns()[2].kind, ColumnKind::Text { ordered: true });
//! for batch in data.read(&[0, 1])? {
//!     assert_eq!(batch?.num_columns(), 2);
//! }
//! # Ok::<(), ranef_frame::FrameError>(())
//! ```
//!
//! [`open()`] takes what a user types: a file (CSV and relatives, Parquet, Arrow), `-` for standard
//! input, or the name of one of the [`datasets()`]. Programs bring their own columns with [`Table`]
//! or their own batches with [`MemorySource::from_batches`] or, for wide frames of which a model uses
//! few columns, [`ArrowSource`]. All of them are a [`Source`], with
//! columns of four kinds ([`ColumnKind`]); what a type means for a model is not decided here.
//!
//! Nothing here knows formulas, and no bytes make it panic: damaged and mistaken input is an
//! [`FrameError`] that names file, line and column.

mod arrow;
mod bytes;
mod csv;
mod datasets;
mod error;
mod interner;
mod ipc;
mod memory;
mod normalize;
mod open;
mod options;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "parquet")]
mod parquet_write;
mod source;
mod stream;
mod suggest;
mod table;
mod text;
mod words;

pub use arrow::ArrowSource;
pub use csv::{read_csv, write_csv};
pub use datasets::{DataSet, datasets};
pub use error::{FrameError, io_reason};
pub use memory::{MemorySource, one_batch, take_rows};
pub use normalize::normalize;
pub use open::open;
pub use options::ReadOptions;
#[cfg(feature = "parquet")]
pub use parquet_write::write_parquet;
pub use source::{BATCH_ROWS, Batches, Column, ColumnKind, Source};
pub use table::Table;
