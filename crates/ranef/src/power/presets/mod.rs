//! Published planners.

mod cluster_trial;
mod cross_level;
mod summary_statistics;

pub use cluster_trial::{ClusterTrial, ClusterTrialPlan};
pub use cross_level::{CrossLevel, CrossLevelPlan};
pub use summary_statistics::{PilotTest, SummaryStatistics, SummaryStatisticsPlan};
