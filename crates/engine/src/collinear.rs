//! Random effects of one term whose columns say the same in every row.
//!
//! With z_j = Σ c_i z_i in all rows, z'b = Σ z_i(b_i + c_ib_j): the data know the effects b_i + c_ib_j, of
//! which there is one fewer. Of the covariance of b they know what it gives these; the rest is any
//! number that leaves it positive semidefinite. The criterion is flat along it, a fit ends somewhere
//! on that flat, and a standard deviation or correlation that involves such an effect may be
//! anything: b_j may be added to and taken away from the others at will.

use crate::coordinates::lower_factor;
use crate::layout::Layout;
use crate::statistics::Statistics;

/// An effect whose column follows from those before it in its term.
#[derive(Clone, Debug, PartialEq)]
pub struct DependentEffect {
    /// The term.
    pub term: usize,
    /// The effect, a column of the term.
    pub effect: usize,
    /// The weights of the term's columns in it, in the user's units; zero for itself and for other
    /// effects of this kind.
    pub weights: Vec<f64>,
    /// The same in standard units.
    standard: Vec<f64>,
}

impl DependentEffect {
    /// Whether a standard deviation or correlation that involves an effect of its term is any
    /// number at all.
    pub fn blurs(&self, term: usize, effect: usize) -> bool {
        self.term == term && (self.effect == effect || self.weights[effect] != 0.0)
    }
}

/// What is left of a column's square, after the columns before it, that is nothing.
const NOTHING: f64 = 1e-13;

/// The effects whose columns follow from others of their term in every row, by a Cholesky
/// factorisation of Σ w zz' in the order of the columns, so that the earlier one stays.
pub fn dependent_effects(statistics: &Statistics) -> Vec<DependentEffect> {
    let (layout, coordinates) = (statistics.layout(), statistics.coordinates());
    let mut out = Vec::new();
    for (index, term) in layout.terms.iter().enumerate().filter(|(_, t)| t.width > 1) {
        let (k, width) = (term.width, layout.factors[term.factor].width);
        let mut gram = vec![0.0; k * k];
        for level in 0..layout.factors[term.factor].levels {
            let own = statistics.own(term.factor, level);
            for i in 0..k {
                for j in 0..=i {
                    gram[i * k + j] += own[(term.offset + i) * width + term.offset + j];
                }
            }
        }
        let standards = &coordinates.random[term.factor][term.offset..term.offset + k];
        let weight = term.intercept.map_or(0.0, |c| gram[c * k + c]);
        let (mut kept, mut l): (Vec<usize>, Vec<Vec<f64>>) = (Vec::new(), Vec::new());
        for j in 0..k {
            // Beside a column of ones the others are centred; their length is that before.
            let shift = standards[j].shift / standards[j].scale;
            let length = gram[j * k + j] + weight * shift * shift;
            let mut row: Vec<f64> = Vec::new();
            for (at, &i) in kept.iter().enumerate() {
                let taken: f64 = (0..at).map(|b| l[at][b] * row[b]).sum();
                row.push((gram[i.max(j) * k + i.min(j)] - taken) / l[at][at]);
            }
            let rest = gram[j * k + j] - row.iter().map(|x| x * x).sum::<f64>();
            if length > 0.0 && rest > NOTHING * length {
                row.push(rest.sqrt());
                l.push(row);
                kept.push(j);
                continue;
            }
            // L'a = row.
            for at in (0..row.len()).rev() {
                row[at] /= l[at][at];
                for b in 0..at {
                    row[b] -= l[at][b] * row[at];
                }
            }
            let mut standard = vec![0.0; k];
            let mut weights = vec![0.0; k];
            let mut constant = standards[j].shift;
            let mut size = constant.abs();
            for (&i, &a) in kept.iter().zip(&row) {
                standard[i] = a;
                // z_j = m_j + s_j Σ a_i (z_i − m_i)/s_i.
                let own = a * standards[j].scale / standards[i].scale;
                if Some(i) == term.intercept {
                    constant += own;
                } else if a.abs() > 1e-7 {
                    weights[i] = own;
                    constant -= own * standards[i].shift;
                    size += (own * standards[i].shift).abs();
                }
            }
            if let Some(c) = term.intercept.filter(|_| constant.abs() > 1e-7 * size) {
                weights[c] = constant;
            }
            out.push(DependentEffect {
                term: index,
                effect: j,
                weights,
                standard,
            });
        }
    }
    out
}

/// θ in standard units with the same criterion in which dependent effects have no variance: their
/// part goes to the effects they follow from.
pub(crate) fn folded(layout: &Layout, dependent: &[DependentEffect], theta: &[f64]) -> Vec<f64> {
    let mut out = Vec::with_capacity(theta.len());
    let mut at = 0;
    for (index, term) in layout.terms.iter().enumerate() {
        let k = term.width;
        let mut factor = vec![0.0; k * k];
        for column in 0..k {
            for row in column..k {
                factor[row * k + column] = theta[at];
                at += 1;
            }
        }
        let mut folds = dependent.iter().filter(|d| d.term == index).peekable();
        if folds.peek().is_some() {
            for fold in folds {
                for column in 0..k {
                    let own = std::mem::take(&mut factor[fold.effect * k + column]);
                    for (row, weight) in fold.standard.iter().enumerate() {
                        factor[row * k + column] += weight * own;
                    }
                }
            }
            lower_factor(&mut factor, k);
        }
        for column in 0..k {
            for row in column..k {
                out.push(factor[row * k + column]);
            }
        }
    }
    out
}
