//! What a formula means: response, fixed effects, offsets and random-effects terms, expanded as
//! R's `terms()` and lme4's `findbars()` expand them.

use serde::{Deserialize, Serialize};

use crate::{Expr, Span};

/// A formula, expanded to terms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// Left of `~`; `None` for a one-sided formula.
    pub response: Option<Expr>,
    /// The fixed effects.
    pub fixed: Effects,
    /// The arguments of `offset(...)`, in the order written.
    pub offsets: Vec<Expr>,
    /// The random-effects terms in the order written, after `/` is expanded.
    pub random: Vec<RandomTerm>,
}

/// A sum of terms with or without an intercept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effects {
    /// Whether the constant column is part of it.
    pub intercept: bool,
    /// The terms in R's order: by degree, then by appearance.
    pub terms: Vec<Term>,
}

/// One term: a variable, or the interaction of several.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Term {
    /// The variables, ordered as R orders them within a label: by first appearance in the formula.
    pub factors: Vec<Expr>,
    /// Where the term stands.
    pub span: Span,
}

/// One random-effects term, `(effects | group)`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RandomTerm {
    /// What varies between the levels of the group.
    pub effects: Effects,
    /// The grouping factor: one variable or the interaction of several, in the order of its
    /// label (lme4's: `a/b` expands to `b:a` and `a`, in that order).
    pub group: Vec<Expr>,
    /// False for `||`: every column of the term then has a variance of its own and no correlation.
    pub correlated: bool,
    /// Where the bar term stands, parentheses included.
    pub span: Span,
}

impl PartialEq for Term {
    fn eq(&self, other: &Self) -> bool {
        self.factors == other.factors
    }
}

impl PartialEq for RandomTerm {
    fn eq(&self, other: &Self) -> bool {
        self.effects == other.effects
            && self.group == other.group
            && self.correlated == other.correlated
    }
}
