//! Shares of variance: of groups, of fixed effects, of slopes.
//!
//! All measures of this room divide the same few variances, so they are computed once and defined
//! in one place ([`point`]): the variance of Xβ̂ over the rows (divisor n − 1, offset left out), the
//! mean over the rows of z'Tz for every term of the random effects (Johnson 2014), and σ². Each is a
//! smooth function of (θ, σ, β), also where a variance is zero; so every share is a number there,
//! and its standard error follows from the observed information by the delta method.

mod algebra;
mod comparison;
mod curve;
mod decomposition;
mod distribution;
mod icc;
mod point;
mod r_squared;
mod region;
mod reliability;
mod semi_partial;
mod words;

pub(crate) use algebra::solve;
pub use comparison::{MeasureChange, VarianceComparison, VarianceReduction};
pub use curve::{CurvePoint, CurveTurn};
pub use decomposition::{Between, ColumnLevel, Decomposition, Total, Within};
pub(crate) use distribution::Null;
pub use distribution::{DistributionVariance, LinkVariance, NullMean};
pub use icc::{GroupIcc, Icc};
pub use point::Share;
pub(crate) use point::{Model, Point};
pub use r_squared::{RSquared, Variances};
pub use reliability::{Reliability, SlopeShare};
pub use semi_partial::SemiPartial;
