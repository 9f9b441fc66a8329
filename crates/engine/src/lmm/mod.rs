//! Linear mixed models: the criterion with its exact derivatives, the fit, and what it gives.

pub(crate) mod boundary;
mod changes;
mod contrast;
mod criterion;
mod deletion;
mod draws;
mod fit;
mod inference;
mod joint;
mod kenward_roger;
pub(crate) mod profile;
mod refit;
mod start;
mod within;

pub use boundary::Certificate;
pub use changes::{JointChanges, JointChangesRows, SidesParts};
pub use contrast::FTest;
pub use criterion::{Criterion, Derivatives};
pub use deletion::{Deletion, LeftOut};
pub use draws::{Drawn, JointDraws};
pub use fit::{Fit, FitError, Optimizer, Options, fit, fit_at};
pub use inference::{Inference, RandomEffects};
pub use joint::{Joint, JointRow, JointRows, LevelColumns, Variance};
pub use kenward_roger::KenwardRoger;

pub use profile::{End, Parameter, Profile, ProfileOptions, ProfilePoint, Profiles, profile};
pub use refit::{Refit, Refitted};
pub(crate) use within::CONTRADICTION;
