//! One file for each command.

pub mod data;
pub mod effects;
pub mod equations;
pub mod fit;
pub mod means;
pub mod fixed_effects;
pub mod predict;
pub mod slopes;
pub mod robust;
pub mod summary;
pub mod within_between;
