//! What a formula means: response, fixed effects, offsets and random-effects terms, expanded as
//! R's `terms()` and lme4's `findbars()` expand them.
//!
//! Terms are values: comparing models means leaving a term out and printing what remains, so the
//! `without_…` methods give new terms, and `Display` gives text that reads back as the same terms.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::{Expr, Span};

/// A formula, expanded to terms.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Terms {
    /// Left of `~`; `None` for a one-sided formula.
    pub response: Option<Expr>,
    /// The fixed effects.
    pub fixed: Effects,
    /// The arguments of `offset(...)`, in the order written.
    pub offsets: Vec<Expr>,
    /// The random-effects terms in the order written, after `/` is expanded.
    pub random: Vec<RandomTerm>,
    /// Powers of single variables, which stand for the variable itself: `x^2` is `x`, and the
    /// square is `I(x^2)`. As written, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored_powers: Vec<IgnoredPower>,
}

/// A power of a single variable outside of `I()`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IgnoredPower {
    /// The variable, `x`.
    pub base: String,
    /// The whole, `x^2`.
    pub power: String,
    /// The exponent.
    pub exponent: f64,
}

/// Terms are equal when they mean the same, however they are written.
impl PartialEq for Terms {
    fn eq(&self, other: &Self) -> bool {
        self.response == other.response
            && self.fixed == other.fixed
            && self.offsets == other.offsets
            && self.random == other.random
    }
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

impl Terms {
    /// The columns that the model needs, each once with the place of its first mention: those of
    /// the response, the fixed effects, the offsets, the random effects and the groups.
    pub fn columns(&self) -> Vec<(&str, Span)> {
        let fixed = self.fixed.terms.iter().flat_map(|term| &term.factors);
        let random = self.random.iter().flat_map(|term| {
            let effects = term.effects.terms.iter().flat_map(|term| &term.factors);
            effects.chain(&term.group)
        });
        let expressions = self.response.iter().chain(fixed);
        let mut known = HashSet::new();
        expressions
            .chain(&self.offsets)
            .chain(random)
            .flat_map(Expr::columns)
            .filter(|(name, _)| known.insert(*name))
            .collect()
    }

    /// The same model without the random term at `index`, which counts from zero.
    ///
    /// # Panics
    ///
    /// When there is no such term.
    pub fn without_random(&self, index: usize) -> Terms {
        let mut terms = self.clone();
        terms.random.remove(index);
        terms
    }

    /// The same model without a fixed-effects term; unchanged if it has no such term.
    pub fn without_fixed(&self, term: &Term) -> Terms {
        Terms {
            fixed: self.fixed.without(term),
            ..self.clone()
        }
    }

    /// The fixed part alone.
    pub fn without_all_random(&self) -> Terms {
        Terms {
            random: Vec::new(),
            ..self.clone()
        }
    }
}

impl Effects {
    /// The terms' labels.
    pub fn labels(&self) -> Vec<String> {
        self.terms.iter().map(Term::label).collect()
    }

    /// Whether there is nothing: no term and no intercept.
    pub fn is_empty(&self) -> bool {
        !self.intercept && self.terms.is_empty()
    }

    /// Whether a term is among them, in whichever order its variables are written.
    pub fn contains(&self, term: &Term) -> bool {
        self.terms.iter().any(|own| own.same_variables(term))
    }

    /// The same effects without a term.
    pub fn without(&self, term: &Term) -> Effects {
        let kept = self.terms.iter().filter(|own| !own.same_variables(term));
        Effects {
            intercept: self.intercept,
            terms: kept.cloned().collect(),
        }
    }

    /// The terms that can be left out by themselves: those that are part of no other term.
    ///
    /// Leaving out `a` while `a:b` stays changes what the coefficients of `a:b` mean and not what
    /// the model can fit (Nelder 1977, the principle of marginality).
    pub fn removable(&self) -> Vec<&Term> {
        self.terms
            .iter()
            .filter(|term| !self.terms.iter().any(|other| term.is_part_of(other)))
            .collect()
    }
}

impl Term {
    /// R's label: `a`, `a:b`, `a:poly(x, 2)`.
    pub fn label(&self) -> String {
        label(&self.factors)
    }

    /// The number of variables: 1 for a main effect.
    pub fn degree(&self) -> usize {
        self.factors.len()
    }

    /// Whether the other term contains all variables of this one and more.
    pub fn is_part_of(&self, other: &Term) -> bool {
        self.degree() < other.degree()
            && self
                .factors
                .iter()
                .all(|factor| other.factors.contains(factor))
    }

    fn same_variables(&self, other: &Term) -> bool {
        self.degree() == other.degree()
            && self
                .factors
                .iter()
                .all(|factor| other.factors.contains(factor))
    }
}

impl RandomTerm {
    /// lme4's name of the grouping factor: `g`, `b:a`.
    pub fn group_label(&self) -> String {
        label(&self.group)
    }

    /// The same random term with fewer effects; `None` when no effects would remain.
    pub fn without(&self, term: &Term) -> Option<RandomTerm> {
        let effects = self.effects.without(term);
        (!effects.is_empty()).then(|| RandomTerm {
            effects,
            ..self.clone()
        })
    }

    /// The same random term with or without correlations between its effects.
    pub fn with_correlations(&self, correlated: bool) -> RandomTerm {
        RandomTerm {
            correlated,
            ..self.clone()
        }
    }
}

fn label(factors: &[Expr]) -> String {
    let labels: Vec<String> = factors.iter().map(Expr::to_string).collect();
    labels.join(":")
}
