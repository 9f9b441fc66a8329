//! Which contrasts a term stands for: types I, II and III, none of which depends on the coding of
//! factors.
//!
//! - **Type I** tests each term after those before it: rows of the Doolittle factor L' of X'X = LDL'.
//! - **Type II** tests a term after all that do not contain it: the same with its columns behind
//!   those, and those of the terms that contain it last.
//! - **Type III** tests a term averaged over the terms that contain it, with equal weights for all
//!   their cells. Following SAS (*The four types of estimable functions*) and lmerTest, every
//!   coefficient is written as an estimable function k of the parameters of the overparametrised
//!   model, which has a column for each cell of each term; those of a term are made orthogonal to those
//!   of the terms that contain it.
//!
//! A term is contained in another that has all its variables and more of them, all the more ones
//! being factors: `A` is in `A:B`, and `x` in `A:x` beside `A`, but `A` is not in `A:x`, whose effect on A
//! depends on where x is zero. As lmerTest has it, only those variables of a term count whose margin
//! is in the model: in `x + A:x` without `A`, `x` is by itself the slope in the first level of A, and
//! stays that; SAS would average here too. A term in no other is tested by its own coefficients.
//!
//! The overparametrised columns are never made from rows: each is written in the model's own columns
//! by algebra ([`Overparametrised`]). Columns that were dropped as aliased follow by the pattern of
//! aliasing, which is all that empty cells change.

use ranef_design::{Coding, Contrast, FixedTerm, VariableValues};

use super::cells::Overparametrised;
use super::linear::{independent, invert, length, multiply, orthonormal, project_out};
use crate::{AnovaType, Error, Fit};

/// For each term of the fixed effects its contrasts, rows of p numbers.
///
/// # Errors
/// `cells_out_of_reach` where the terms do not span their own margins or have too many cells.
pub(super) fn contrasts(fit: &Fit, kind: AnovaType) -> Result<Vec<Vec<f64>>, Error> {
    let Some(model) = Model::of(fit, kind) else {
        return Err(Error::new(
            "cells_out_of_reach",
            format!(
                "the hypotheses of this type cannot be written down for `{}`: its terms have too \
                 many cells, or do not contain their own margins",
                fit.formula()
            ),
        )
        .with_hint("use treatment contrasts and type 1 or 2"));
    };
    let rows = match kind {
        AnovaType::I => model.type_one(),
        AnovaType::II => model.type_two(),
        AnovaType::III => model.type_three(),
    };
    Ok(rows.iter().map(|rows| model.to_own(rows)).collect())
}

/// The model in treatment coding, whatever its own is: the rows of a hypothesis, and with them the
/// degrees of freedom of Fai and Cornelius, then depend on no coding. They are lmerTest's.
struct Model<'a> {
    fit: &'a Fit,
    terms: &'a [FixedTerm],
    /// For each variable whether it is a factor.
    factor: Vec<bool>,
    /// Number of columns, p.
    p: usize,
    /// The term of each column; `None` for the intercept.
    assign: Vec<Option<usize>>,
    /// Columns in treatment coding are the model's own ones times this matrix, p × p by rows; and its
    /// inverse. `None` where the model is in treatment coding already.
    basis: Option<(Vec<f64>, Vec<f64>)>,
    wide: Option<Wide>,
}

/// The overparametrised model beside the one in treatment coding.
struct Wide {
    /// The term of each cell.
    term: Vec<Option<usize>>,
    /// What the coefficients of the treatment coding are in cells: p × cells.
    functions: Vec<Vec<f64>>,
    /// The cell of each column.
    chosen: Vec<usize>,
}

impl<'a> Model<'a> {
    /// `None` only where the model is not in treatment coding and cannot be brought there.
    fn of(fit: &'a Fit, kind: AnovaType) -> Option<Self> {
        let recipe = fit.recipe();
        let variables = recipe.variables();
        let factor = variables
            .iter()
            .map(|v| matches!(v.values, VariableValues::Factor { .. }))
            .collect();
        let kept = recipe.fixed_kept();
        let assign = recipe.fixed_assign();
        let mut model = Self {
            fit,
            terms: recipe.fixed_terms(),
            factor,
            p: kept.len(),
            assign: kept.iter().map(|&j| assign[j]).collect(),
            basis: None,
            wide: None,
        };
        let plain = model.terms.iter().flat_map(|t| &t.variables).all(|x| {
            x.1 != Coding::Contrasts
                || matches!(
                    variables[x.0].values,
                    VariableValues::Factor {
                        contrast: Contrast::Treatment,
                        ..
                    }
                )
        });
        let contained = model.terms.iter().any(|t| !model.containing(t).is_empty());
        if !plain || (kind == AnovaType::III && contained) {
            model.widen(&kept, plain)?;
        }
        Some(model)
    }

    /// Sets up the overparametrised model, and from it the treatment coding.
    fn widen(&mut self, kept: &[usize], plain: bool) -> Option<()> {
        let p = self.p;
        let wide = Overparametrised::of(self.fit.recipe(), &self.factor)?;
        let size = wide.own.len();
        // Coordinates of every cell's column in the kept columns, p × cells. Those of cells without
        // rows are zero.
        let coordinates = self.in_kept(kept, &wide.own);
        // The cells without a first level are the columns of the treatment coding, as far as they
        // add something.
        let candidates: Vec<usize> = (0..size).filter(|&c| wide.treatment[c]).collect();
        let chosen = independent(&coordinates, size, p, &candidates);
        if chosen.len() != p {
            return None;
        }
        let mut functions = coordinates.clone();
        if !plain {
            let basis: Vec<f64> = (0..p * p)
                .map(|at| coordinates[at / p * size + chosen[at % p]])
                .collect();
            let inverse = invert(&basis, p)?;
            functions = multiply(&inverse, &coordinates, p, p, size);
            self.basis = Some((basis, inverse));
        }
        // Whole numbers but for rounding.
        let clean = |x: &f64| if x.abs() < 1e-9 { 0.0 } else { *x };
        self.assign = chosen.iter().map(|&c| wide.term[c]).collect();
        self.wide = Some(Wide {
            term: wide.term,
            functions: functions
                .chunks_exact(size)
                .map(|row| row.iter().map(clean).collect())
                .collect(),
            chosen,
        });
        Some(())
    }

    /// Columns of a term.
    fn columns(&self, term: &FixedTerm) -> Vec<usize> {
        let at = self.terms.iter().position(|t| t == term);
        (0..self.p).filter(|&j| self.assign[j] == at).collect()
    }

    /// Whether a term is contained in another.
    fn contained(&self, term: &FixedTerm, other: &FixedTerm) -> bool {
        let (small, large) = (self.within_margin(term), self.within_margin(other));
        large.len() > small.len()
            && small.iter().all(|v| large.contains(v))
            && large.iter().all(|v| small.contains(v) || self.factor[*v])
    }

    /// The variables of a term without which it is part of an earlier term (or nothing): those that R
    /// codes by contrasts, had they levels.
    fn within_margin(&self, term: &FixedTerm) -> Vec<usize> {
        let at = self.terms.iter().position(|t| t == term).unwrap_or(0);
        let has = |t: &FixedTerm, v: usize| t.variables.iter().any(|x| x.0 == v);
        let variables: Vec<usize> = term.variables.iter().map(|x| x.0).collect();
        let spanned = |v: &usize| {
            let rest: Vec<usize> = variables.iter().copied().filter(|w| w != v).collect();
            rest.is_empty()
                || self.terms[..at]
                    .iter()
                    .any(|earlier| rest.iter().all(|&w| has(earlier, w)))
        };
        variables.iter().copied().filter(spanned).collect()
    }

    /// The terms that contain one.
    fn containing(&self, term: &FixedTerm) -> Vec<&'a FixedTerm> {
        self.terms
            .iter()
            .filter(|other| self.contained(term, other))
            .collect()
    }

    /// X'X, each row counted once, and the means; beside an intercept of the columns less their
    /// means, so that no digits are lost.
    fn crossproducts(&self) -> (Vec<f64>, Vec<f64>) {
        let (moments, n, p) = (self.fit.moments(), self.fit.nobs() as f64, self.p);
        let intercept = self.intercept();
        let mut cross: Vec<f64> = moments.fixed_cov.iter().map(|c| (n - 1.0) * c).collect();
        let mut mean = moments.fixed_mean.clone();
        if !intercept {
            for (at, sum) in cross.iter_mut().enumerate() {
                *sum += n * mean[at / p] * mean[at % p];
            }
        }
        if let Some((basis, _)) = &self.basis {
            let transposed: Vec<f64> = (0..p * p).map(|at| basis[at % p * p + at / p]).collect();
            let half = multiply(&transposed, &cross, p, p, p);
            cross = multiply(&half, basis, p, p, p);
            mean = multiply(&mean, basis, 1, p, p);
        }
        (cross, mean)
    }

    fn intercept(&self) -> bool {
        self.p > 0 && self.fit.recipe().has_intercept()
    }

    /// Rows of the Doolittle factor for columns in this order; the row of a column is zero before it.
    fn doolittle(&self, order: &[usize]) -> Vec<Vec<f64>> {
        let p = self.p;
        let (mut left, mean) = self.crossproducts();
        let mut rows: Vec<Vec<f64>> = Vec::with_capacity(p);
        for (step, &j) in order.iter().enumerate() {
            let mut row = vec![0.0; p];
            row[j] = 1.0;
            let pivot = left[j * p + j];
            let behind = &order[step + 1..];
            if self.intercept() && j == 0 {
                // The columns are centred already: what the intercept takes from them.
                behind.iter().for_each(|&i| row[i] = mean[i]);
            } else if pivot > 0.0 {
                behind
                    .iter()
                    .for_each(|&i| row[i] = left[j * p + i] / pivot);
                for &i in behind {
                    for &h in behind {
                        left[i * p + h] -= row[i] * row[h] * pivot;
                    }
                }
            }
            rows.push(row);
        }
        rows
    }

    fn type_one(&self) -> Vec<Vec<f64>> {
        let order: Vec<usize> = (0..self.p).collect();
        let rows = self.doolittle(&order);
        self.terms
            .iter()
            .map(|term| {
                let columns = self.columns(term).into_iter();
                columns.flat_map(|j| rows[j].clone()).collect()
            })
            .collect()
    }

    fn type_two(&self) -> Vec<Vec<f64>> {
        let one = |term: &FixedTerm| {
            let containing = self.containing(term);
            if containing.is_empty() {
                return self.marginal(term);
            }
            let own = self.columns(term);
            let last: Vec<usize> = containing.iter().flat_map(|t| self.columns(t)).collect();
            let first = (0..self.p).filter(|j| !own.contains(j) && !last.contains(j));
            let mut order: Vec<usize> = first.collect();
            let start = order.len();
            order.extend(&own);
            order.extend(&last);
            self.doolittle(&order)[start..start + own.len()].concat()
        };
        self.terms.iter().map(one).collect()
    }

    /// A term's own coefficients.
    fn marginal(&self, term: &FixedTerm) -> Vec<f64> {
        let columns = self.columns(term);
        let mut out = vec![0.0; columns.len() * self.p];
        for (row, j) in columns.into_iter().enumerate() {
            out[row * self.p + j] = 1.0;
        }
        out
    }

    fn type_three(&self) -> Vec<Vec<f64>> {
        let one = |term: &FixedTerm| match &self.wide {
            Some(wide) if !self.containing(term).is_empty() => self.averaged(term, wide),
            _ => self.marginal(term),
        };
        self.terms.iter().map(one).collect()
    }

    /// A term's coefficients as functions of cells, made orthogonal to those of the terms that
    /// contain it, and read as coefficients again.
    fn averaged(&self, term: &FixedTerm, wide: &Wide) -> Vec<f64> {
        let of_term = |term: &FixedTerm| -> Vec<Vec<f64>> {
            let at = self.terms.iter().position(|t| t == term);
            (0..self.p)
                .filter(|&j| wide.term[wide.chosen[j]] == at)
                .map(|j| wide.functions[j].clone())
                .collect()
        };
        let above: Vec<Vec<f64>> = self
            .containing(term)
            .into_iter()
            .flat_map(of_term)
            .collect();
        let frame = orthonormal(&above);
        let mut out = Vec::new();
        for mut function in of_term(term) {
            let size = length(&function);
            project_out(&mut function, &frame);
            if length(&function) > 1e-8 * size {
                // The coefficients of the treatment coding are the parameters of its cells.
                out.extend(wide.chosen.iter().map(|&c| {
                    if function[c].abs() < 1e-10 {
                        0.0
                    } else {
                        function[c]
                    }
                }));
            }
        }
        out
    }

    /// Rows about the coefficients of the treatment coding as rows about the model's own.
    fn to_own(&self, rows: &[f64]) -> Vec<f64> {
        match &self.basis {
            None => rows.to_vec(),
            Some((_, inverse)) => {
                let count = rows.len().checked_div(self.p).unwrap_or(0);
                multiply(rows, inverse, count, self.p, self.p)
            }
        }
    }

    /// Columns written in all of the model's columns, each by its weights, in terms of the kept ones:
    /// p × columns.
    fn in_kept(&self, kept: &[usize], own: &[Vec<f64>]) -> Vec<f64> {
        let (p, size) = (self.p, own.len());
        let recipe = self.fit.recipe();
        let aliases: Vec<_> = recipe
            .aliased()
            .iter()
            .zip(&self.fit.facts.aliases)
            .collect();
        let mut out = vec![0.0; p * size];
        for (c, weights) in own.iter().enumerate() {
            for (i, &j) in kept.iter().enumerate() {
                let (mut sum, mut sizes) = (weights[j], weights[j].abs());
                for &(&j, pattern) in &aliases {
                    sum += weights[j] * pattern[i];
                    sizes += (weights[j] * pattern[i]).abs();
                }
                // The columns of empty cells are zero but for rounding.
                out[i * size + c] = if sum.abs() < 1e-9 * sizes { 0.0 } else { sum };
            }
        }
        out
    }
}
