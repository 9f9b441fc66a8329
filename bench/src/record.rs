//! One line of the raw results.

use serde::{Deserialize, Serialize};

use crate::measure::{Cost, median};

/// What one peer made of one case.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// The case.
    pub case: String,
    /// Who did the work: `ranef`, `glmm`, `lme4`, `polars`.
    pub peer: String,
    /// Its version.
    pub version: String,
    /// The REML criterion or −2 log-likelihood.
    pub criterion: Option<f64>,
    /// Evaluations of the criterion.
    pub evaluations: Option<usize>,
    /// What the peer says of its own convergence.
    pub converged: Option<bool>,
    /// How often the work was done.
    pub runs: usize,
    /// Seconds of processor time: median, smallest, largest.
    pub cpu: Option<[f64; 3]>,
    /// Seconds on the clock: median, smallest, largest.
    pub wall: Option<[f64; 3]>,
    /// Resident memory with the data loaded, in megabytes.
    pub memory_before: Option<f64>,
    /// Peak of the first run, in megabytes.
    pub memory_peak: Option<f64>,
    /// Why there are no figures, or what else the peer had to say.
    pub note: Option<String>,
}

impl Record {
    /// The record with its costs.
    pub fn with_cost(mut self, cost: &Cost) -> Self {
        self.runs = cost.wall.len();
        self.cpu = Some(summary(&cost.cpu));
        self.wall = Some(summary(&cost.wall));
        self.memory_before = finite(cost.before);
        self.memory_peak = finite(cost.peak);
        self
    }

    /// A record without figures.
    pub fn failed(case: &str, peer: &str, why: impl Into<String>) -> Self {
        Self {
            case: case.into(),
            peer: peer.into(),
            note: Some(why.into()),
            ..Self::default()
        }
    }
}

fn summary(sorted: &[f64]) -> [f64; 3] {
    [median(sorted), sorted[0], sorted[sorted.len() - 1]]
}

fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

/// The first line of a file of results: where and when they were measured.
#[derive(Debug, Serialize)]
pub struct Setting {
    /// Day of the run.
    pub date: String,
    /// The commit that was measured; with `+` where files were changed since.
    pub commit: String,
    /// Processor.
    pub processor: String,
    /// Threads that the machine has.
    pub threads: usize,
    /// Load average of the last minute before the run: above 0.5, read ratios, not seconds.
    pub load: String,
    /// Version of rustc.
    pub rustc: String,
    /// The BLAS that R calls.
    pub blas: String,
}
