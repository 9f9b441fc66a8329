//! p-values of several comparisons at once.

use serde::{Deserialize, Serialize};

/// How p-values of a family of comparisons are adjusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Adjust {
    /// Not at all: each by itself.
    None,
    /// Times their number.
    Bonferroni,
    /// Holm (1979): as Bonferroni, step by step from the smallest; never less powerful.
    #[default]
    Holm,
    /// Benjamini and Hochberg (1995): the expected share of false discoveries.
    Fdr,
}

impl Adjust {
    /// The adjusted p-values; missing ones stay so and do not count.
    pub fn apply(self, p: &[Option<f64>]) -> Vec<Option<f64>> {
        let mut order: Vec<(usize, f64)> = p
            .iter()
            .enumerate()
            .filter_map(|(i, p)| p.map(|p| (i, p)))
            .collect();
        order.sort_by(|a, b| a.1.total_cmp(&b.1));
        let n = order.len() as f64;
        let mut out = vec![None; p.len()];
        match self {
            Adjust::None => return p.to_vec(),
            Adjust::Bonferroni => {
                for (i, p) in order {
                    out[i] = Some((n * p).min(1.0));
                }
            }
            Adjust::Holm => {
                let mut least = 0.0f64;
                for (rank, (i, p)) in order.into_iter().enumerate() {
                    least = least.max(((n - rank as f64) * p).min(1.0));
                    out[i] = Some(least);
                }
            }
            Adjust::Fdr => {
                let mut most = 1.0f64;
                for (rank, (i, p)) in order.into_iter().enumerate().rev() {
                    most = most.min(n * p / (rank + 1) as f64);
                    out[i] = Some(most);
                }
            }
        }
        out
    }

    /// Its name in words.
    pub fn name(self) -> &'static str {
        match self {
            Adjust::None => "none",
            Adjust::Bonferroni => "bonferroni",
            Adjust::Holm => "holm",
            Adjust::Fdr => "fdr",
        }
    }
}
