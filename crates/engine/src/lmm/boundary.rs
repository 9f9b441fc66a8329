//! The boundary of the covariance parameters: exact zeros, the proof of a minimum there, and the
//! way out of a false one. The same for the Gaussian criterion, whose parameters are θ alone, and
//! for the likelihoods of generalised models, where others follow θ.

use crate::coordinates::{Coordinates, lower_factor};
use crate::layout::Layout;
use crate::optimize::{newton_step, symmetric_eigen};

/// An objective whose first parameters are θ.
pub(crate) trait Boundary {
    /// The value at a point.
    fn at(&mut self, point: &[f64]) -> f64;

    /// The size of an ordinary θ.
    fn unit(&self) -> f64;

    /// Information on a variance below which there is none.
    fn information_floor(&self) -> f64;
}

/// Derivatives at a point.
pub(crate) struct Evidence<'a> {
    /// By all parameters.
    pub gradient: &'a [f64],
    /// Second derivatives.
    pub hessian: &'a [f64],
    /// Q by grouping factor.
    pub scores: &'a [Vec<f64>],
    /// Its first term, which is not negative.
    pub information: &'a [Vec<f64>],
}

/// The proof that a fit is a minimum, in standard units.
#[derive(Clone, Debug, PartialEq)]
pub struct Certificate {
    /// Whether all three tests below hold.
    pub converged: bool,
    /// ½g'H⁻¹g: how far, in units of the criterion, the minimum may lie below.
    pub newton_decrement: f64,
    /// The smallest eigenvalue of the score matrix Q of any term, relative to the size of its
    /// information; negative where more variance would still lower the criterion.
    pub smallest_score: f64,
    /// The largest |QΛ|, relative to the same.
    pub largest_slope: f64,
    /// Terms, by position, on whose variances there is no information at all, because the fixed
    /// effects already give every level a mean of its own: any value is as good.
    pub uninformed: Vec<usize>,
}

impl Certificate {
    /// Of a model without parameters.
    pub(crate) fn of_nothing(converged: bool) -> Self {
        Self {
            converged,
            newton_decrement: 0.0,
            smallest_score: 0.0,
            largest_slope: 0.0,
            uninformed: Vec::new(),
        }
    }
}

/// Smallest score and largest slope that count as zero, relative to the information.
pub(crate) const SCORE_TOLERANCE: f64 = 1e-5;
/// Within this a certified criterion is promised to be the minimum.
pub(crate) const CERTIFIED: f64 = 1e-6;
/// Decrement, in units of the criterion, that counts as zero.
const DECREMENT_TOLERANCE: f64 = 0.5 * CERTIFIED;
/// A relative standard deviation above this, in standard units, is one that ran away: beside it
/// the residuals are 10⁻¹⁰ of the variance, and the digits of the criterion are rounding.
const LARGEST: f64 = 1e5;
/// A standard deviation below this, relative to that of a row's error and in standard units, may
/// be zero.
pub(crate) const SNAP: f64 = 1e-3;
/// And below this it counts as zero.
pub(crate) const ZERO: f64 = 1e-4;

/// Brings θ to its normal form (non-negative diagonals) and sets standard deviations that are
/// all but zero to zero where the criterion does not rise. Says whether it did.
pub(crate) fn clean(
    criterion: &mut impl Boundary,
    layout: &Layout,
    point: &[f64],
    mut value: f64,
) -> (Vec<f64>, bool) {
    let (entries, snap) = (layout.entries(), SNAP * criterion.unit());
    let mut best = normal_form(layout, point);
    let mut snapped = false;
    for (i, entry) in entries.iter().enumerate() {
        if !entry.is_diagonal() || best[i] == 0.0 || best[i].abs() >= snap {
            continue;
        }
        let mut candidate = best.clone();
        candidate[i] = 0.0;
        let next = criterion.at(&candidate);
        if next <= value + 1e-9f64.max(1e-13 * value.abs()) {
            best = normal_form(layout, &candidate);
            value = next;
            snapped = true;
        }
    }
    (best, snapped)
}

/// The lower triangular factor with non-negative diagonal of the same covariance; what follows θ stays.
pub(crate) fn normal_form(layout: &Layout, point: &[f64]) -> Vec<f64> {
    let (theta, rest) = point.split_at(layout.entries().len());
    // In coordinates without shift or scale the map only brings factors to their normal form.
    let mut out = Coordinates::identity(layout).theta_to_user(layout, theta);
    out.extend(rest);
    out
}

/// Undoes the part of a step that leaves columns of Λ that are zero: the objective is even in their
/// sign, so its slope there is zero and what a step has is rounding.
pub(crate) fn keep_zeros(layout: &Layout, from: &[f64], to: &mut [f64]) {
    let entries = layout.entries();
    let mut first = 0;
    for column in entries.chunk_by(|a, b| (a.term, a.column) == (b.term, b.column)) {
        let range = first..first + column.len();
        first = range.end;
        if from[range.clone()].iter().all(|&x| x == 0.0) {
            to[range].fill(0.0);
        }
    }
}

/// Whether a standard deviation, or what stands beside it, has no end.
pub(crate) fn ran_away(criterion: &impl Boundary, theta: &[f64]) -> bool {
    !theta.iter().all(|t| t.abs() < LARGEST * criterion.unit())
}

/// Tests a point and gives the Newton step from it.
pub(crate) fn test(
    criterion: &impl Boundary,
    layout: &Layout,
    point: &[f64],
    evidence: &Evidence<'_>,
) -> (Certificate, Vec<f64>) {
    let theta = &point[..layout.entries().len()];
    let lambda = layout.lambda(theta);
    let floor = criterion.information_floor();
    let (mut smallest, mut slope) = (f64::INFINITY, 0.0f64);
    let mut uninformed = Vec::new();
    for (index, term) in layout.terms.iter().enumerate() {
        let block = term_block(layout, term, &evidence.scores[term.factor]);
        let information = term_block(layout, term, &evidence.information[term.factor]);
        let k = term.width;
        let l = term_block(layout, term, &lambda[term.factor]);
        let largest = (0..k).map(|i| information[i * k + i]).fold(0.0, f64::max);
        // Information falls as the inverse of a variance that runs away: that is no lack of it.
        let spread = l.iter().map(|x| x * x).sum::<f64>() / (criterion.unit() * criterion.unit());
        if largest * spread.max(1.0) <= floor {
            uninformed.push(index);
            continue;
        }
        let size = largest.max(f64::MIN_POSITIVE);
        if let Some((values, _)) = symmetric_eigen(&block, k) {
            smallest = smallest.min(values.iter().copied().fold(f64::INFINITY, f64::min) / size);
        }
        for i in 0..k {
            for j in 0..k {
                let x: f64 = (0..k).map(|a| block[i * k + a] * l[a * k + j]).sum();
                slope = slope.max(x.abs() / (size * criterion.unit()));
            }
        }
    }
    let (step, decrement) = newton_step(evidence.gradient, evidence.hessian);
    let certificate = Certificate {
        converged: decrement < DECREMENT_TOLERANCE
            && smallest > -SCORE_TOLERANCE
            && slope < SCORE_TOLERANCE.sqrt()
            && !ran_away(criterion, theta),
        newton_decrement: decrement,
        smallest_score: if smallest.is_finite() { smallest } else { 0.0 },
        largest_slope: slope,
        uninformed,
    };
    (certificate, step)
}

pub(crate) fn term_block(layout: &Layout, term: &crate::layout::Term, matrix: &[f64]) -> Vec<f64> {
    let width = layout.factors[term.factor].width;
    (0..term.width * term.width)
        .map(|at| {
            let (i, j) = (at / term.width, at % term.width);
            matrix[(term.offset + i) * width + term.offset + j]
        })
        .collect()
}

/// From a point where Q has a negative eigenvalue, a better one: variance added in the
/// direction of its eigenvector, Λ → the factor of ΛΛ' + t ww'.
pub(crate) fn escape(
    criterion: &mut impl Boundary,
    layout: &Layout,
    theta: &[f64],
    scores: &[Vec<f64>],
) -> Option<Vec<f64>> {
    let value = criterion.at(theta);
    let mut best: Option<(f64, Vec<f64>)> = None;
    let mut first = 0;
    for term in &layout.terms {
        let k = term.width;
        let count = k * (k + 1) / 2;
        let block = term_block(layout, term, &scores[term.factor]);
        let (values, vectors) = symmetric_eigen(&block, k)?;
        if values[0] < 0.0 {
            let mut size = 1e-2 * criterion.unit();
            for _ in 0..6 {
                let mut wide = vec![0.0; (k + 1) * (k + 1)];
                let mut at = first;
                for column in 0..k {
                    for row in column..k {
                        wide[row * (k + 1) + column] = theta[at];
                        at += 1;
                    }
                }
                for row in 0..k {
                    wide[row * (k + 1) + k] = size * vectors[row];
                }
                lower_factor(&mut wide, k + 1);
                let mut candidate = theta.to_vec();
                let mut at = first;
                for column in 0..k {
                    for row in column..k {
                        candidate[at] = wide[row * (k + 1) + column];
                        at += 1;
                    }
                }
                let next = criterion.at(&candidate);
                if next < best.as_ref().map_or(value - 1e-9, |b| b.0) {
                    best = Some((next, candidate));
                }
                size *= 3.0;
            }
        }
        first += count;
    }
    best.map(|(_, theta)| theta)
}
