//! The overparametrised model: a column for each cell of each term, written in the model's own columns.
//!
//! No row is looked at. A dummy d_l of a factor coded by contrasts φ is m_l + Σ_c M_cl φ_c, with
//! M = \[1 φ\]⁻¹ and m its first row; in a product of several, what is left after its highest part
//! belongs to lower terms. Where a lower term is missing, its columns are sums of those of a higher
//! one, as R's coding by dummies has it.

use std::collections::HashMap;

use ranef_design::{Coding, FixedTerm, Recipe, VariableValues};

use super::linear::invert;

/// A product of variables: for each of them a level, or a column of numbers.
type Cell = Vec<(usize, usize)>;

/// The model with a column for each cell of each term.
pub(super) struct Overparametrised {
    /// The term of each; `None` for the intercept.
    pub term: Vec<Option<usize>>,
    /// Whether treatment coding has this column: no variable at the level that a contrast leaves out.
    pub treatment: Vec<bool>,
    /// Each in the columns of the model.
    pub own: Vec<Vec<f64>>,
}

/// More cells than this are not listed: contrasts among them would take hours.
const MOST_CELLS: usize = 20_000;

impl Overparametrised {
    /// Of a model, told which of its variables are factors; `None` where its terms do not span their
    /// own margins or have too many cells.
    pub fn of(recipe: &Recipe, factor: &[bool]) -> Option<Self> {
        let variables = recipe.variables();
        let widths: Vec<usize> = variables
            .iter()
            .map(|v| match &v.values {
                VariableValues::Numbers { columns } => *columns,
                VariableValues::Factor { levels, .. } => levels.len(),
            })
            .collect();
        let mut inverses = Vec::new();
        for variable in &variables {
            inverses.push(match &variable.values {
                VariableValues::Numbers { .. } => Vec::new(),
                VariableValues::Factor { levels, contrast } => {
                    let k = levels.len();
                    let coding = contrast.matrix(k);
                    let full: Vec<f64> = (0..k * k)
                        .map(|at| match at % k {
                            0 => 1.0,
                            c => coding[c - 1][at / k],
                        })
                        .collect();
                    invert(&full, k)?
                }
            });
        }
        let mut writer = Writer {
            recipe,
            factor,
            widths: &widths,
            inverses: &inverses,
            columns: recipe.fixed_names().len(),
            known: HashMap::new(),
        };
        let mut out = Self {
            term: Vec::new(),
            treatment: Vec::new(),
            own: Vec::new(),
        };
        let intercept = recipe.has_intercept().then(|| (None, Vec::new()));
        let terms = recipe.fixed_terms().iter().enumerate();
        for (term, factors) in
            (intercept.into_iter()).chain(terms.map(|(i, t)| (Some(i), t.variables.clone())))
        {
            let count = factors
                .iter()
                .try_fold(1usize, |n, &(v, _)| n.checked_mul(widths[v]))?;
            if out.own.len() + count > MOST_CELLS {
                return None;
            }
            for mut index in 0..count {
                let mut treatment = true;
                let mut cell: Cell = factors
                    .iter()
                    .map(|&(v, coding)| {
                        let at = index % widths[v];
                        index /= widths[v];
                        treatment &= coding != Coding::Contrasts || at > 0;
                        (v, at)
                    })
                    .collect();
                cell.sort_unstable();
                out.own.push(writer.write(&cell, 0)?);
                out.term.push(term);
                out.treatment.push(treatment);
            }
        }
        Some(out)
    }
}

/// Writes products of dummies and numbers in the columns of the model.
struct Writer<'a> {
    recipe: &'a Recipe,
    factor: &'a [bool],
    widths: &'a [usize],
    /// For each factor the inverse of \[1 φ\], by rows.
    inverses: &'a [Vec<f64>],
    columns: usize,
    known: HashMap<Cell, Vec<f64>>,
}

impl Writer<'_> {
    fn write(&mut self, cell: &Cell, depth: usize) -> Option<Vec<f64>> {
        if let Some(known) = self.known.get(cell) {
            return Some(known.clone());
        }
        // A model whose terms do not span their own margins has no such way.
        if depth > 64 {
            return None;
        }
        let variables: Vec<usize> = cell.iter().map(|c| c.0).collect();
        let written = if cell.is_empty() && self.recipe.has_intercept() {
            let mut out = vec![0.0; self.columns];
            out[0] = 1.0;
            out
        } else if let Some(term) = self
            .recipe
            .fixed_terms()
            .iter()
            .find(|t| same(t, &variables))
        {
            self.by_term(cell, term, depth)?
        } else {
            self.by_sum(cell, &variables, depth)?
        };
        self.known.insert(cell.clone(), written.clone());
        Some(written)
    }

    /// With δ_v = d_v − m_v: Πd = Πδ − Σ_W Π_{w∈W}(−m_w) Π_{v∉W} d_v over the non-empty sets W of
    /// variables coded by contrasts. Πδ has the columns of the term itself.
    fn by_term(&mut self, cell: &Cell, term: &FixedTerm, depth: usize) -> Option<Vec<f64>> {
        let at = |v: usize| cell.iter().find(|c| c.0 == v).map(|c| c.1);
        let mut out = vec![0.0; self.columns];
        // Columns of the term, the first variable fastest.
        let mut parts: Vec<(usize, f64)> = vec![(0, 1.0)];
        let mut stride = 1;
        for &(v, coding) in &term.variables {
            let level = at(v)?;
            let k = self.widths[v];
            let (width, shares): (usize, Vec<(usize, f64)>) = match coding {
                Coding::Contrasts => (
                    k - 1,
                    (1..k)
                        .map(|c| (c - 1, self.inverses[v][c * k + level]))
                        .collect(),
                ),
                _ => (k, vec![(level, 1.0)]),
            };
            parts = parts
                .iter()
                .flat_map(|&(column, weight)| {
                    shares
                        .iter()
                        .map(move |&(c, share)| (column + c * stride, weight * share))
                })
                .filter(|part| part.1 != 0.0)
                .collect();
            stride *= width;
        }
        for (column, weight) in parts {
            out[term.columns.start + column] += weight;
        }
        let contrasts: Vec<(usize, f64)> = term
            .variables
            .iter()
            .filter(|x| x.1 == Coding::Contrasts)
            .map(|&(v, _)| Some((v, self.inverses[v][at(v)?])))
            .collect::<Option<_>>()?;
        // Sets with a zero weight are left out: with treatment coding nearly all.
        let contrasts: Vec<(usize, f64)> = contrasts
            .into_iter()
            .filter(|(_, m)| m.abs() > 1e-14)
            .collect();
        for set in 1..1usize << contrasts.len() {
            let mut weight = -1.0;
            let mut rest = cell.clone();
            for (bit, &(v, m)) in contrasts.iter().enumerate() {
                if set >> bit & 1 == 1 {
                    weight *= -m;
                    rest.retain(|c| c.0 != v);
                }
            }
            let lower = self.write(&rest, depth + 1)?;
            out.iter_mut()
                .zip(&lower)
                .for_each(|(x, y)| *x += weight * y);
        }
        Some(out)
    }

    /// As the sum over the levels of the further factors of the first term that has all of these
    /// variables.
    fn by_sum(&mut self, cell: &Cell, variables: &[usize], depth: usize) -> Option<Vec<f64>> {
        let term = self.recipe.fixed_terms().iter().find(|t| {
            variables
                .iter()
                .all(|v| t.variables.iter().any(|x| x.0 == *v))
                && t.variables
                    .iter()
                    .all(|x| variables.contains(&x.0) || self.factor[x.0])
        })?;
        let extra = term.variables.iter().find(|x| !variables.contains(&x.0))?.0;
        let mut out = vec![0.0; self.columns];
        for level in 0..self.widths[extra] {
            let mut wider = cell.clone();
            wider.push((extra, level));
            wider.sort_unstable();
            let part = self.write(&wider, depth + 1)?;
            out.iter_mut().zip(&part).for_each(|(x, y)| *x += y);
        }
        Some(out)
    }
}

fn same(term: &FixedTerm, variables: &[usize]) -> bool {
    term.variables.len() == variables.len()
        && term.variables.iter().all(|x| variables.contains(&x.0))
}
