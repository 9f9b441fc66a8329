//! One file for each command.

pub mod anova;
pub mod augment;
pub mod check;
pub mod code;
pub mod compare;
pub mod confint;
pub mod data;
pub mod drop;
pub mod effects;
pub mod equations;
pub mod fit;
pub mod fixed_effects;
pub mod glance;
pub mod influence;
pub mod means;
pub mod predict;
pub mod residuals;
pub mod robust;
pub mod slopes;
pub mod summary;
pub mod table;
pub mod test;
pub mod tidy;
pub mod within_between;
