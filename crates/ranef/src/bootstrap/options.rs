//! What kind of bootstrap, how often, and which intervals.

use serde::{Deserialize, Serialize};

/// How the data of a replicate come about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BootstrapType {
    /// Responses drawn from the model, with new groups: what would be seen in other groups of the
    /// same kind.
    #[default]
    Parametric,
    /// Responses drawn from the model with the random effects of the groups kept at their
    /// predicted values: other observations of these very groups. Variances between groups come
    /// out too small, as predicted effects vary less than true ones.
    Kept,
    /// Random effects and residuals, rescaled to the variances of the model, drawn with
    /// replacement (Carpenter, Goldstein and Rasbash 2003): no normal distribution is assumed.
    Residual,
    /// Rows drawn with replacement, each in its group.
    Cases,
    /// Whole groups drawn with replacement, each draw a group of its own.
    Cluster,
}

/// How the ends of an interval are made of the replicates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BootstrapInterval {
    /// Quantiles of the replicates.
    #[default]
    Percentile,
    /// Twice the estimate less the quantiles of the other side.
    Basic,
    /// Quantiles corrected for bias and for how the spread changes with the parameter (Efron 1987),
    /// the latter from leaving out one group after another.
    Bca,
    /// The estimate less its bias, and normal quantiles of the replicates' standard deviation.
    Normal,
}

/// Choices of a bootstrap.
#[derive(Clone, Debug, PartialEq)]
pub struct BootstrapOptions {
    /// Number of replicates, 1000 unless told.
    pub replicates: u32,
    /// Seed of the random numbers: the same seed gives the same replicates, whatever the number of
    /// threads.
    pub seed: u64,
    /// How the data of a replicate come about.
    pub kind: BootstrapType,
    /// How the ends of the intervals are made.
    pub interval: BootstrapInterval,
    /// The probability that an interval holds its target, 0.95 unless told.
    pub level: f64,
    /// The grouping factor whose groups are drawn ([`BootstrapType::Cluster`]) or left out one by
    /// one ([`BootstrapInterval::Bca`]); that with the fewest levels unless told.
    pub group: Option<String>,
}

impl Default for BootstrapOptions {
    fn default() -> Self {
        Self {
            replicates: 1000,
            seed: 1,
            kind: BootstrapType::default(),
            interval: BootstrapInterval::default(),
            level: 0.95,
            group: None,
        }
    }
}

impl BootstrapType {
    /// In words.
    pub(super) fn words(self) -> &'static str {
        match self {
            BootstrapType::Parametric => "parametric bootstrap with new groups",
            BootstrapType::Kept => "parametric bootstrap with the groups' effects kept",
            BootstrapType::Residual => "residual bootstrap",
            BootstrapType::Cases => "bootstrap of rows",
            BootstrapType::Cluster => "bootstrap of groups",
        }
    }
}

impl BootstrapInterval {
    /// In words.
    pub(super) fn words(self) -> &'static str {
        match self {
            BootstrapInterval::Percentile => "percentile",
            BootstrapInterval::Basic => "basic",
            BootstrapInterval::Bca => "BCa",
            BootstrapInterval::Normal => "normal",
        }
    }
}
