//! One model matrix, fixed or random: which terms, each variable in which coding.
//!
//! R's rule (Chambers & Hastie 1992, p. 38) decides between contrasts and dummies: in a term, a
//! factor is coded by contrasts if what is left of the term without it is contained in an earlier
//! term (or is nothing at all, which the intercept contains), because the space of its dummies is
//! then spanned already. Without an intercept the first factor of the first term that has one is
//! coded by dummies: it stands in for the intercept.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::plan::{Coding, Plan, VariableKind};

/// The terms of a model matrix.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) intercept: bool,
    pub(crate) terms: Vec<PartTerm>,
}

/// A term: variables and their codings, the first varying fastest over the columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PartTerm {
    pub(crate) factors: Vec<(usize, Coding)>,
}

/// One column: for each variable of its term which of the variable's columns is a factor of it.
pub(crate) type Cell = Vec<(usize, Coding, usize)>;

impl Part {
    /// Decides the codings of terms given by their variables.
    pub(crate) fn new(intercept: bool, terms: &[Vec<usize>], plan: &Plan) -> Self {
        let is_factor =
            |variable: usize| matches!(plan.variables[variable].kind, VariableKind::Factor { .. });
        let mut stand_in_found = intercept;
        let coded = terms
            .iter()
            .enumerate()
            .map(|(place, term)| {
                let coding = |variable: usize| {
                    if !is_factor(variable) {
                        return Coding::Numbers;
                    }
                    let rest: Vec<usize> = term
                        .iter()
                        .copied()
                        .filter(|&other| other != variable)
                        .collect();
                    let spanned = rest.is_empty()
                        || terms[..place]
                            .iter()
                            .any(|t| rest.iter().all(|v| t.contains(v)));
                    if spanned {
                        Coding::Contrasts
                    } else {
                        Coding::Dummies
                    }
                };
                let mut factors: Vec<(usize, Coding)> = term
                    .iter()
                    .map(|&variable| (variable, coding(variable)))
                    .collect();
                if !stand_in_found
                    && let Some(first) = factors.iter_mut().find(|(v, _)| is_factor(*v))
                {
                    first.1 = Coding::Dummies;
                    stand_in_found = true;
                }
                PartTerm { factors }
            })
            .collect();
        Self {
            intercept,
            terms: coded,
        }
    }

    /// The columns of every term, the intercept's excluded.
    pub(crate) fn ranges(&self, plan: &Plan) -> Vec<Range<usize>> {
        let mut start = usize::from(self.intercept);
        self.terms
            .iter()
            .map(|term| {
                let width: usize = term
                    .factors
                    .iter()
                    .map(|&(v, coding)| plan.width(v, coding))
                    .product();
                start += width;
                start - width..start
            })
            .collect()
    }

    /// All columns; the intercept is the empty product.
    pub(crate) fn cells(&self, plan: &Plan) -> Vec<Cell> {
        let mut cells = Vec::new();
        if self.intercept {
            cells.push(Vec::new());
        }
        for term in &self.terms {
            let widths: Vec<usize> = term
                .factors
                .iter()
                .map(|&(v, coding)| plan.width(v, coding))
                .collect();
            for mut index in 0..widths.iter().product() {
                let cell = term
                    .factors
                    .iter()
                    .zip(&widths)
                    .map(|(&(variable, coding), width)| {
                        let column = index % width;
                        index /= width;
                        (variable, coding, column)
                    })
                    .collect();
                cells.push(cell);
            }
        }
        cells
    }

    /// The names of the columns.
    pub(crate) fn names(&self, plan: &Plan) -> Vec<String> {
        let name = |cell: &Cell| {
            let parts: Vec<String> = cell
                .iter()
                .map(|&(v, coding, j)| plan.column_name(v, coding, j))
                .collect();
            if parts.is_empty() {
                "(Intercept)".into()
            } else {
                parts.join(":")
            }
        };
        self.cells(plan).iter().map(name).collect()
    }
}
