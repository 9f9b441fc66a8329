//! Where a fit starts: for single random effects, variances by the method of moments.
//!
//! With residuals r of least squares and s² their variance, the sum over levels
//! Σ_j (Σ_i z_ij r_ij)²/n_j, n_j = Σ_i z_ij², has the expectation J·s² + σ_z²·(N − Σ n_j²/N),
//! N = Σ n_j, were this the only random effect: the estimator of a one-way analysis of variance.
//! Others confound it, so the result is only near the truth, but that saves evaluations: on
//! InstEval 6 instead of 8, on 20,000 nested classes 4 instead of 5 (and on grouseticks, singular, 20 instead of
//! 13). Blocks of several effects
//! start from one half: their moments leave out the correlations, and on crossed 5 × 5 blocks
//! that took 18 evaluations where one half took 16.

use crate::statistics::Statistics;

/// The relative standard deviation, in standard units, that blocks start from. Of 0.2 to 1 it
/// took the fewest evaluations over ten data sets.
const MIDDLE: f64 = 0.5;
/// The least and the largest that single effects start from.
const RANGE: (f64, f64) = (0.1, 1.0);
/// The least share of the variance of the residuals that is left to σ².
const LEAST_REST: f64 = 0.25;

/// θ in standard units, where a row of typical weight has the standard deviation σ·`unit`.
pub(super) fn start(statistics: &Statistics, unit: f64) -> Vec<f64> {
    let layout = statistics.layout();
    let shares = variance_shares(statistics);
    let explained: f64 = shares.iter().flatten().flatten().sum();
    let rest = (1.0 - explained).max(LEAST_REST);
    layout
        .entries()
        .iter()
        .map(|entry| {
            if !entry.is_diagonal() {
                return 0.0;
            }
            let ratio = match &shares {
                Some(shares) => match shares[entry.term] {
                    Some(share) => (share / rest).sqrt().clamp(RANGE.0, RANGE.1),
                    None => MIDDLE,
                },
                None => MIDDLE,
            };
            unit * ratio
        })
        .collect()
}

/// σ_z²/s² of each term with a single effect; `None` without a least-squares fit.
fn variance_shares(statistics: &Statistics) -> Option<Vec<Option<f64>>> {
    let layout = statistics.layout();
    let (p, t) = (layout.fixed, layout.fixed + 1);
    let (beta, rss) = least_squares(&statistics.corner(), p)?;
    let variance = rss / statistics.rows().saturating_sub(p).max(1) as f64;
    let share = |term: &crate::layout::Term| {
        if term.width > 1 {
            return None;
        }
        let shape = &layout.factors[term.factor];
        let (k, a) = (shape.width, term.offset);
        let (mut between, mut levels, mut total, mut squares) = (0.0, 0.0, 0.0, 0.0);
        for level in 0..shape.levels {
            let size = statistics.own(term.factor, level)[a * k + a];
            if size > 0.0 {
                let row = &statistics.tail(term.factor, level)[a * t..(a + 1) * t];
                let fitted: f64 = row.iter().zip(&beta).map(|(x, b)| x * b).sum();
                between += (row[p] - fitted).powi(2) / size;
                levels += 1.0;
                total += size;
                squares += size * size;
            }
        }
        let excess = (between / variance - levels) / (total - squares / total);
        excess.is_finite().then_some(excess.max(0.0))
    };
    Some(layout.terms.iter().map(share).collect())
}

/// Coefficients and residual sum of squares from \[X y\]'\[X y\] (lower triangle by columns).
fn least_squares(corner: &[f64], p: usize) -> Option<(Vec<f64>, f64)> {
    let t = p + 1;
    let mut l = vec![0.0; t * t];
    for j in 0..t {
        for i in j..t {
            let mut sum = corner[j * t + i];
            for b in 0..j {
                sum -= l[i * t + b] * l[j * t + b];
            }
            l[i * t + j] = if i == j {
                sum.max(0.0).sqrt()
            } else {
                sum / l[j * t + j]
            };
        }
    }
    let mut beta = l[p * t..p * t + p].to_vec();
    for i in (0..p).rev() {
        beta[i] /= l[i * t + i];
        for b in 0..i {
            beta[b] -= l[i * t + b] * beta[i];
        }
    }
    let last = l[p * t + p];
    (last > 0.0 && beta.iter().all(|b| b.is_finite())).then_some((beta, last * last))
}
