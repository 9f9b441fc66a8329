//! What a fit asks of its design beyond the formula.

use serde::{Deserialize, Serialize};

use crate::Contrast;

/// Choices outside the formula.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Columns to treat as categorical although they hold numbers.
    pub factors: Vec<String>,
    /// Columns with the order of their levels, the first of which is the reference. Every level of the
    /// rows has to be in the list, and every level of the list in the rows; `...` at the end stands for
    /// all others in their usual order. A column of numbers that is here is categorical.
    #[serde(default)]
    pub levels: Vec<(String, Vec<String>)>,
    /// How factors are coded where the formula does not say it with `C()`.
    pub contrasts: Contrast,
    /// A column of positive weights.
    pub weights: Option<String>,
    /// A column to add to the offsets of the formula.
    pub offset: Option<String>,
    /// What the response may be.
    pub response: Expect,
}

/// What kinds of response the model can take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expect {
    /// Numbers only (Gaussian, Poisson, ...).
    #[default]
    Numbers,
    /// Also `cbind(successes, failures)` and categorical responses with two levels (binomial).
    Binary,
    /// Categories in their order: text, or numbers of which each value is a category (ordinal).
    Categories,
    /// The response is not looked at: a one-sided formula will do.
    Nothing,
}
