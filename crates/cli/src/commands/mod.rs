//! One file for each command.

pub mod check;
pub mod data;
pub mod effects;
pub mod fit;
pub mod influence;
pub mod means;
pub mod predict;
pub mod residuals;
pub mod slopes;
pub mod summary;
