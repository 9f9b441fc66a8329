//! Contrasts: how a factor of k levels becomes k − 1 columns.
//!
//! The definitions are those of R's `contr.*` (Chambers & Hastie 1992, *Statistical Models in S*,
//! section 2.3.2), and so are the names of the columns, because published tables are made of them.

use serde::{Deserialize, Serialize};

/// A way to code a factor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Contrast {
    /// Each level against the first.
    #[default]
    Treatment,
    /// Each level but the last against the mean of all.
    Sum,
    /// Each level against the mean of the levels before it.
    Helmert,
    /// Orthonormal polynomials over equally spaced levels.
    Poly,
}

impl Contrast {
    /// The contrast of that name: `sum`, or R's `contr.sum`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.strip_prefix("contr.").unwrap_or(name) {
            "treatment" => Some(Self::Treatment),
            "sum" => Some(Self::Sum),
            "helmert" => Some(Self::Helmert),
            "poly" => Some(Self::Poly),
            _ => None,
        }
    }

    /// The coding: `levels − 1` columns of `levels` numbers.
    pub fn matrix(self, levels: usize) -> Vec<Vec<f64>> {
        let columns = levels.saturating_sub(1);
        match self {
            Self::Treatment => (0..columns).map(|j| indicator(levels, j + 1)).collect(),
            Self::Sum => (0..columns)
                .map(|j| {
                    let mut column = indicator(levels, j);
                    column[levels - 1] = -1.0;
                    column
                })
                .collect(),
            Self::Helmert => (0..columns)
                .map(|j| {
                    (0..levels)
                        .map(|i| match i {
                            i if i <= j => -1.0,
                            i if i == j + 1 => (j + 1) as f64,
                            _ => 0.0,
                        })
                        .collect()
                })
                .collect(),
            Self::Poly => {
                let scores: Vec<f64> = (1..=levels).map(|i| i as f64).collect();
                let counts = vec![1.0; levels];
                crate::transform::Orthogonal::learn(&scores, &counts, columns).columns(&scores)
            }
        }
    }

    /// What the name of column `j` has after the name of the variable.
    pub(crate) fn suffix(self, j: usize, level: impl Fn(usize) -> String) -> String {
        match self {
            Self::Treatment => level(j + 1),
            Self::Sum | Self::Helmert => (j + 1).to_string(),
            Self::Poly => match j {
                0 => ".L".into(),
                1 => ".Q".into(),
                2 => ".C".into(),
                _ => format!("^{}", j + 1),
            },
        }
    }
}

fn indicator(levels: usize, level: usize) -> Vec<f64> {
    (0..levels)
        .map(|i| if i == level { 1.0 } else { 0.0 })
        .collect()
}
