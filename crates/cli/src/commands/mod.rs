//! One file for each command.

pub mod data;
pub mod effects;
pub mod fit;
pub mod means;
pub mod pool;
pub mod predict;
pub mod slopes;
pub mod icc;
pub mod pool;
pub mod predict;
pub mod r2;
pub mod summary;
