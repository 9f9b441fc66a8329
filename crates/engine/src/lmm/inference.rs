//! After the fit: random effects, and how well the variance parameters are known.

use super::contrast::{FTest, Uncorrelated};
use super::fit::Fit;
use crate::blocks::Direction;
use crate::optimize::symmetric_eigen;

/// Conditional modes and covariances of the random effects, in the user's units, given θ and
/// the fixed effects.
#[derive(Clone, Debug)]
pub struct RandomEffects {
    /// By grouping factor: K numbers a level.
    pub modes: Vec<Vec<f64>>,
    /// By grouping factor: K × K numbers a level, σ²Λ(Λ'Z'WZΛ + I)⁻¹Λ'.
    pub covariances: Vec<Vec<f64>>,
}

impl RandomEffects {
    pub(super) fn of(fit: &mut Fit) -> Self {
        fit.criterion.settle(&fit.standard);
        let sigma_squared = fit.criterion.sigma_squared();
        let posterior = fit.criterion.posterior();
        let layout = fit.criterion.layout();
        let mut modes = posterior.modes;
        let mut covariances = posterior.covariances;
        for (factor, shape) in layout
            .factors
            .iter()
            .enumerate()
            .filter(|(_, f)| f.width > 0)
        {
            for mode in modes[factor].chunks_exact_mut(shape.width) {
                fit.coordinates.random_effects(layout, factor, mode);
            }
            for covariance in covariances[factor].chunks_exact_mut(shape.width * shape.width) {
                covariance.iter_mut().for_each(|x| *x *= sigma_squared);
                fit.coordinates
                    .random_covariance(layout, factor, covariance);
            }
        }
        Self { modes, covariances }
    }
}

/// The observed information on (θ, σ), from the exact second derivatives of the criterion before
/// σ is profiled out, and how the covariance of the fixed effects depends on them.
///
/// Everything is in the user's θ: on the boundary, where Λ_ii = 0, criterion and covariance are
/// even in θ_ii, so that direction has no slope and drops out of Satterthwaite's formula by
/// itself.
#[derive(Clone, Debug)]
pub struct Inference {
    /// Asymptotic covariance of (θ, σ): twice the inverse of the Hessian, (m+1)².
    pub covariance: Vec<f64>,
    /// Directions without information that were left out of the inverse.
    pub dropped: usize,
    /// The change of vcov with each θ and with σ: m + 1 matrices p × p.
    pub vcov_changes: Vec<Vec<f64>>,
    vcov: Vec<f64>,
    fixed: usize,
}

impl Inference {
    pub(super) fn of(fit: &mut Fit) -> Self {
        fit.criterion.at(&fit.standard);
        let layout = fit.criterion.layout().clone();
        let entries = layout.entries();
        let lambda = layout.lambda(&fit.theta);
        let (m, p) = (entries.len(), layout.fixed);
        let directions: Vec<Direction> = entries
            .iter()
            .map(|entry| {
                let width = layout.factors[entry.factor].width;
                let mut change = entry.direction(&lambda[entry.factor], width);
                fit.coordinates
                    .change_to_standard(&layout, entry.factor, &mut change);
                Direction {
                    factor: entry.factor,
                    change,
                }
            })
            .collect();
        let pieces = fit.criterion.pieces(&directions);
        let degrees = fit.criterion.degrees();
        let c = degrees / pieces.pwrss;
        let scores: Vec<Vec<f64>> = pieces
            .scores
            .iter()
            .zip(&pieces.residual)
            .enumerate()
            .map(|(factor, (information, residual))| {
                let mut score: Vec<f64> = information
                    .iter()
                    .zip(residual)
                    .map(|(a, b)| a - c * b)
                    .collect();
                fit.coordinates.score_to_user(&layout, factor, &mut score);
                score
            })
            .collect();
        let sigma_standard = fit.criterion.sigma_squared().sqrt();
        let scale = fit.coordinates.response.scale;
        let size = m + 1;
        let mut hessian = vec![0.0; size * size];
        for i in 0..m {
            for j in 0..m {
                let mut sum = 2.0 * c * pieces.forms[i * m + j] - pieces.traces[i * m + j];
                let (a, b) = (&entries[i], &entries[j]);
                if (a.term, a.column) == (b.term, b.column) {
                    let k = layout.factors[a.factor].width;
                    sum += 2.0 * scores[a.factor][a.row * k + b.row];
                }
                hessian[i * size + j] = sum;
            }
            // ∂r/∂θ_i = −Σ v'E_iv, and D_θσ = −2r_i/σ³.
            let change: f64 = directions[i]
                .change
                .iter()
                .zip(&pieces.residual[directions[i].factor])
                .map(|(a, b)| a * b)
                .sum();
            let mixed = 2.0 * change / sigma_standard.powi(3) / scale;
            hessian[i * size + m] = mixed;
            hessian[m * size + i] = mixed;
        }
        hessian[size * size - 1] = 4.0 * degrees / (fit.sigma * fit.sigma);
        let (covariance, dropped) = twice_inverse(&hessian, size);
        let sigma_squared = fit.criterion.sigma_squared();
        let mut vcov_changes: Vec<Vec<f64>> = pieces
            .covariance_changes
            .iter()
            .map(|change| {
                let scaled: Vec<f64> = change.iter().map(|x| x * sigma_squared).collect();
                fit.coordinates.map_fixed_matrix(&layout, &scaled)
            })
            .collect();
        vcov_changes.push(fit.vcov.iter().map(|x| 2.0 * x / fit.sigma).collect());
        Self {
            covariance,
            dropped,
            vcov_changes,
            vcov: fit.vcov.clone(),
            fixed: p,
        }
    }

    /// Puts together what was taken apart: the public fields and the covariance matrix of the
    /// fixed effects (p × p by rows).
    pub fn from_parts(
        covariance: Vec<f64>,
        dropped: usize,
        vcov_changes: Vec<Vec<f64>>,
        vcov: Vec<f64>,
    ) -> Self {
        let fixed = vcov.len().isqrt();
        Self {
            covariance,
            dropped,
            vcov_changes,
            vcov,
            fixed,
        }
    }

    /// Satterthwaite's degrees of freedom of the contrast l'β: 2(l'Φl)²/(g'Ag) with
    /// g_i = l'(∂Φ/∂γ_i)l and A the covariance of γ = (θ, σ) (Giesbrecht and Burns 1985).
    pub fn satterthwaite(&self, contrast: &[f64]) -> f64 {
        let p = self.fixed;
        let form = |matrix: &[f64]| -> f64 {
            (0..p)
                .map(|i| contrast[i] * (0..p).map(|j| matrix[i * p + j] * contrast[j]).sum::<f64>())
                .sum()
        };
        // Relative to the variance, whose square may be beyond the range of numbers.
        let variance = form(&self.vcov);
        let slopes: Vec<f64> = self
            .vcov_changes
            .iter()
            .map(|m| form(m) / variance)
            .collect();
        let size = slopes.len();
        let spread: f64 = (0..size)
            .map(|i| {
                slopes[i]
                    * (0..size)
                        .map(|j| self.covariance[i * size + j] * slopes[j])
                        .sum::<f64>()
            })
            .sum();
        2.0 / spread
    }

    /// The F test of several contrasts, q × p by rows, given their estimates less the values
    /// tested: Fai and Cornelius (1996) as in lmerTest (Kuznetsova, Brockhoff and Christensen 2017,
    /// section 4.2). The contrasts are turned into uncorrelated ones; the mean of F is that of a
    /// sum of squared t with Satterthwaite's degrees of freedom each. A single contrast gives the
    /// square of its t.
    pub fn f_test(&self, contrasts: &[f64], values: &[f64]) -> FTest {
        let turned = Uncorrelated::of(contrasts, values, &self.vcov);
        let q = turned.rank();
        let f = turned.mean_square();
        let each: Vec<f64> = turned
            .rows
            .chunks_exact(self.fixed.max(1))
            .map(|row| self.satterthwaite(row))
            .collect();
        FTest {
            f,
            scaling: 1.0,
            num_df: q as f64,
            den_df: pooled(&each),
        }
    }
}

/// The denominator of an F whose numerator is a mean of squared t with these degrees of freedom:
/// that with E(F) = ν/(ν − 2), by the same rules at the edges as lmerTest.
fn pooled(df: &[f64]) -> f64 {
    let q = df.len() as f64;
    let Some(first) = df.first() else {
        return f64::NAN;
    };
    if df.iter().all(|x| (x - first).abs() < 1e-8 * first.abs()) {
        return df.iter().sum::<f64>() / q;
    }
    if df.iter().any(|x| *x <= 2.0) {
        return 2.0;
    }
    let mean: f64 = df.iter().map(|x| x / (x - 2.0)).sum();
    2.0 * mean / (mean - q)
}

/// Twice the inverse of a Hessian over its directions of positive curvature, and how many were
/// left out. Curvatures are compared after scaling to a unit diagonal, so that units do not
/// matter.
fn twice_inverse(hessian: &[f64], n: usize) -> (Vec<f64>, usize) {
    let scale: Vec<f64> = (0..n)
        .map(|i| {
            let d = hessian[i * n + i];
            if d > 0.0 { 1.0 / d.sqrt() } else { 0.0 }
        })
        .collect();
    let scaled: Vec<f64> = (0..n * n)
        .map(|at| hessian[at] * scale[at / n] * scale[at % n])
        .collect();
    let mut out = vec![0.0; n * n];
    let mut dropped = n;
    if let Some((values, vectors)) = symmetric_eigen(&scaled, n) {
        for (value, vector) in values.iter().zip(vectors.chunks_exact(n)) {
            if *value <= 1e-8 {
                continue;
            }
            dropped -= 1;
            for i in 0..n {
                for j in 0..n {
                    out[i * n + j] += 2.0 * vector[i] * vector[j] / value * scale[i] * scale[j];
                }
            }
        }
    }
    (out, dropped)
}
