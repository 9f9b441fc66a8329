//! The two ends between which a multilevel model lies: one regression for all rows, and a
//! regression for every level of a grouping factor.
//!
//! Both are least squares on the statistics, so neither reads a row. *Complete pooling* forgets
//! the groups: β̂ = (X'WX)⁻¹X'Wy. *No pooling* (Gelman and Hill 2007, section 12.2) turns the random
//! columns of one factor into fixed effects of each of its levels:
//!
//! y = Z_j a_j + X_c γ + ε,
//!
//! where X_c are the columns of X that the levels' own columns do not span; those they span (the
//! intercept, predictors of the group, `x` beside a slope of x in every group) drop out, as the
//! data cannot tell them from the levels. If nothing is left in X_c this is a regression in every
//! group with a pooled residual variance. With G_j a generalised inverse of Z_j'WZ_j,
//!
//! S = \[X y\]'W\[X y\] − Σ_j \[X y\]'WZ_jG_jZ_j'W\[X y\],
//!
//! γ̂ solves S_cc γ = S_cy and â_j = G_j(Z_j'Wy − Z_j'WX_c γ̂): one pass over the levels each. All of
//! it is in standard units and mapped at the end.

mod inverse;
mod no_pooling;

pub use no_pooling::{LevelFit, NoPooling};

use crate::statistics::Statistics;
use inverse::cholesky_inverse;

/// An ordinary (or, with weights, weighted) least squares fit of the fixed effects alone.
#[derive(Clone, Debug, PartialEq)]
pub struct LeastSquares {
    /// Coefficients, p, in the user's units.
    pub beta: Vec<f64>,
    /// Their covariance matrix, p × p.
    pub covariance: Vec<f64>,
    /// Residual standard deviation of a row of weight one.
    pub sigma: f64,
    /// Rows less coefficients.
    pub degrees: usize,
}

impl Statistics {
    /// Complete pooling: the fixed effects by least squares, as if there were no groups. `None`
    /// where columns depend on each other or no rows are left for the residual variance.
    pub fn complete_pooling(&self) -> Option<LeastSquares> {
        let p = self.layout().fixed;
        let t = p + 1;
        let corner = self.corner();
        let degrees = self.rows().checked_sub(p).filter(|&d| d > 0)?;
        // The lower triangle by columns is the upper one by rows.
        let products: Vec<f64> = (0..p * p)
            .map(|at| (at / p, at % p))
            .map(|(i, j)| corner[i.min(j) * t + i.max(j)])
            .collect();
        let inverse = cholesky_inverse(&products, p, 1e-14)?;
        let right: Vec<f64> = (0..p).map(|j| corner[j * t + p]).collect();
        let beta: Vec<f64> = inverse
            .chunks_exact(p.max(1))
            .map(|row| row.iter().zip(&right).map(|(a, b)| a * b).sum())
            .collect();
        let explained: f64 = beta.iter().zip(&right).map(|(a, b)| a * b).sum();
        let variance = (corner[t * t - 1] - explained).max(0.0) / degrees as f64;
        let scaled: Vec<f64> = inverse.iter().map(|x| x * variance).collect();
        let coordinates = self.coordinates();
        Some(LeastSquares {
            beta: coordinates.fixed_effects(self.layout(), &beta),
            covariance: coordinates.map_fixed_matrix(self.layout(), &scaled),
            sigma: variance.sqrt() * coordinates.response.scale,
            degrees,
        })
    }
}
