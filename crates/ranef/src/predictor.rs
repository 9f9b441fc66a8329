//! The predictors of a model as columns of the data, for those who choose what to draw over what.

use serde::Serialize;

use crate::means::Grid;
use crate::{Error, Fit};

/// A column of the data that the fixed effects are made of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PredictorRange {
    /// The column.
    pub name: String,
    /// What it holds in the rows of the fit.
    pub values: PredictorKind,
}

/// What a predictor holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PredictorKind {
    /// Levels, in their order.
    Levels(Vec<String>),
    /// Numbers.
    Numbers {
        /// The least.
        min: f64,
        /// The largest.
        max: f64,
        /// Their mean over the rows.
        mean: f64,
        /// Their standard deviation over the rows.
        sd: f64,
        /// Whether there are only two, which count as levels.
        two_values: bool,
    },
}

impl Fit {
    /// The predictors of the fixed effects, in the order of the formula.
    pub fn predictors(&self) -> Result<Vec<PredictorRange>, Error> {
        let grid = Grid::new(self, &[])?;
        Ok(grid.axes.iter().map(|axis| axis.range()).collect())
    }

    /// The predictor that a name means: a column, or a variable such as `factor(x)` made of one.
    ///
    /// # Errors
    /// `unknown_predictor`.
    pub fn predictor_range(&self, name: &str) -> Result<PredictorRange, Error> {
        let grid = Grid::new(self, &[])?;
        Ok(grid.axes[grid.find(name)?].range())
    }

    /// The pairs of columns that interact with each other in the fixed effects, in the order of the
    /// formula.
    pub fn interactions(&self) -> Vec<(String, String)> {
        let variables = self.recipe().variables();
        let mut out = Vec::new();
        for term in self.recipe().fixed_terms() {
            for (at, &(first, _)) in term.variables.iter().enumerate() {
                for &(second, _) in &term.variables[at + 1..] {
                    if let ([a], [b]) = (
                        &variables[first].columns[..],
                        &variables[second].columns[..],
                    ) {
                        let pair = (a.clone(), b.clone());
                        if a != b && !out.contains(&pair) {
                            out.push(pair);
                        }
                    }
                }
            }
        }
        out
    }
}
