//! Data sources.
mod error;
mod source;

pub use error::FrameError;
pub use source::{Batches, Column, ColumnKind, Source};
