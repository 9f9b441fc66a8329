//! One file for each command.

pub mod anova;
pub mod compare;
pub mod augment;
pub mod code;
pub mod data;
pub mod drop;
pub mod effects;
pub mod fit;
pub mod glance;
pub mod means;
pub mod predict;
pub mod slopes;
pub mod summary;
pub mod test;
pub mod table;
pub mod tidy;
