//! One file for each command.

pub mod data;
pub mod effects;
pub mod fit;
pub mod predict;
pub mod summary;
