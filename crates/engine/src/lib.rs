//! The numbers of mixed models.
pub mod distributions;
pub mod optimize;
