//! Kenward and Roger's tests of fixed effects (1997, *Biometrics* 53:983-997; Halekoh and
//! Højsgaard 2014, JSS 59:9).
//!
//! V is linear in its parameters γ, the entries of the covariance matrices and σ². With
//! Φ = (X'V⁻¹X)⁻¹, P_i = −X'V⁻¹V_iV⁻¹X, Q_ij = X'V⁻¹V_iV⁻¹V_jV⁻¹X and W the inverse of the expected
//! information E_ij = ½tr(PV_iPV_j), the covariance of the fixed effects becomes
//!
//! Φ_A = Φ + 2Φ\[Σ_ij W_ij(Q_ij − P_iΦP_j)\]Φ.
//!
//! Three remarks make this cheap enough for a million rows:
//!
//! - All of it depends on the linear space of the V_i alone, not on the basis. So σ²'s direction
//!   R = σ²W⁻¹ is replaced by V itself, for which everything is known without computing:
//!   P_V = −Φ⁻¹, Q_iV = −P_i, tr(PV_iPV) = tr(PV_i), tr(PVPV) = n − p. And the G_ij can be entries in
//!   standard units, where the information is well conditioned.
//! - Q_ij − P_iΦP_j = (V_iV⁻¹X)'P(V_jV⁻¹X): the quadratic form that the average information needs,
//!   with no difference of large numbers. For V it is zero.
//! - With W = Σ_r w_rw_r' the double sum is Σ_r (D_rV⁻¹X)'P(D_rV⁻¹X), D_r = Σ_i w_riV_i: as many
//!   forms as parameters, not as pairs of them.
//!
//! On the boundary nothing is special: E does not vanish with a variance. Directions that say
//! nothing (a variance that the fixed effects took, two factors with the same groups) have no
//! inverse: W is then the pseudo-inverse over the others, as in pbkrtest, but with tolerances
//! that do not depend on units.

use super::contrast::{FTest, Uncorrelated, covariance_of};
use super::fit::{Fit, absorbed};
use crate::blocks::Direction;
use crate::optimize::symmetric_eigen;

/// Kenward and Roger's covariance of the fixed effects, and what their tests need.
///
/// Parameters are the entries of the covariance matrices relative to σ², in standard units
/// ([`crate::Coordinates`]), and a factor of all of V, which is 1.
#[derive(Clone, Debug)]
pub struct KenwardRoger {
    /// Φ_A: the covariance of the fixed effects with the correction for small samples, p × p.
    pub covariance: Vec<f64>,
    /// W, the inverse of the expected information on the m + 1 parameters.
    pub parameters: Vec<f64>,
    /// −ΦP_iΦ, the change of Φ with each parameter: m + 1 matrices p × p, the last Φ itself.
    pub changes: Vec<Vec<f64>>,
    /// Directions without information that were left out of the inverse.
    pub dropped: usize,
}

/// Eigenvalues of the information, scaled to a unit diagonal, that count as zero.
const NO_INFORMATION: f64 = 1e-10;

/// 1 − A2/q below which it is zero but for rounding.
const NO_MEAN: f64 = 1e-8;

impl KenwardRoger {
    pub(super) fn of(fit: &mut Fit) -> Self {
        fit.criterion.at(&fit.standard);
        let layout = fit.criterion.layout().clone();
        let entries = layout.entries();
        let (m, p) = (entries.len(), layout.fixed);
        let size = m + 1;
        let directions: Vec<Direction> = entries
            .iter()
            .map(|entry| {
                let k = layout.factors[entry.factor].width;
                let mut change = vec![0.0; k * k];
                change[entry.row * k + entry.column] = 1.0;
                change[entry.column * k + entry.row] = 1.0;
                Direction {
                    factor: entry.factor,
                    change,
                }
            })
            .collect();
        let expected = fit.criterion.expected(&directions);
        let lambda = layout.lambda(&fit.standard);
        let absorbed = absorbed(&fit.criterion, &expected.scores, &lambda);
        let informed: Vec<bool> = entries
            .iter()
            .map(|e| !absorbed[e.factor][e.row] && !absorbed[e.factor][e.column])
            .chain([true])
            .collect();
        let mut traces = vec![0.0; size * size];
        for i in 0..m {
            for j in 0..m {
                traces[i * size + j] = expected.traces[i * m + j];
            }
            let own: f64 = directions[i]
                .change
                .iter()
                .zip(&expected.scores[directions[i].factor])
                .map(|(a, b)| a * b)
                .sum();
            traces[i * size + m] = own;
            traces[m * size + i] = own;
        }
        traces[size * size - 1] = fit.criterion.rows() as f64 - p as f64;
        // E = ½T: W = 2T⁻¹ = Σ_r w_rw_r'.
        let factors = inverse_factors(&traces, &informed);
        let mut parameters = vec![0.0; size * size];
        for w in &factors {
            for i in 0..size {
                for j in 0..size {
                    parameters[i * size + j] += w[i] * w[j];
                }
            }
        }
        let mixes: Vec<Vec<Vec<f64>>> = factors
            .iter()
            .map(|w| {
                let mut mix: Vec<Vec<f64>> = layout
                    .factors
                    .iter()
                    .map(|f| vec![0.0; f.width * f.width])
                    .collect();
                for (direction, weight) in directions.iter().zip(w) {
                    for (sum, x) in mix[direction.factor].iter_mut().zip(&direction.change) {
                        *sum += weight * x;
                    }
                }
                mix
            })
            .collect();
        let sigma_squared = fit.criterion.sigma_squared();
        let phi = fit.criterion.fixed_covariance();
        let correction = if m > 0 && p > 0 {
            covariance_of(&phi, &fit.criterion.spread_of_scores(&mixes), p, p)
        } else {
            vec![0.0; p * p]
        };
        let corrected: Vec<f64> = phi
            .iter()
            .zip(&correction)
            .map(|(a, b)| sigma_squared * (a + 2.0 * b))
            .collect();
        let mut changes: Vec<Vec<f64>> = expected
            .covariance_changes
            .iter()
            .map(|change| {
                let scaled: Vec<f64> = change.iter().map(|x| x * sigma_squared).collect();
                fit.coordinates.map_fixed_matrix(&layout, &scaled)
            })
            .collect();
        changes.push(fit.vcov.clone());
        Self {
            covariance: fit.coordinates.map_fixed_matrix(&layout, &corrected),
            parameters,
            changes,
            dropped: size - factors.len(),
        }
    }

    /// Φ, the covariance of the fixed effects without the correction, p × p.
    pub fn plain(&self) -> &[f64] {
        self.changes.last().map_or(&[], Vec::as_slice)
    }

    /// Degrees of freedom of the contrast l'β. For a single contrast Kenward and Roger's are
    /// Satterthwaite's with the expected information, and their scaling is 1.
    pub fn df(&self, contrast: &[f64]) -> f64 {
        let p = contrast.len();
        let form = |matrix: &[f64]| covariance_of(contrast, matrix, 1, p)[0];
        let variance = form(self.plain());
        let slopes: Vec<f64> = self.changes.iter().map(|c| form(c) / variance).collect();
        2.0 / self.weigh(|i, j| slopes[i] * slopes[j])
    }

    /// The F test of several contrasts, q × p by rows, given their estimates less the values
    /// tested. λ and the denominator's degrees of freedom follow Kenward and Roger (1997, p. 987) as
    /// written out by Halekoh and Højsgaard (2014, section 2.2); where m is within 0.01 of 2, λ is 1
    /// as in pbkrtest, because the formula has a pole there. With so few groups that F has no mean
    /// (A2 ≥ q, such as two groups and three random effects) there is no answer: `den_df` is NaN and F
    /// not scaled.
    pub fn f_test(&self, contrasts: &[f64], values: &[f64]) -> FTest {
        let p = self.covariance.len().isqrt();
        let turned = Uncorrelated::of(contrasts, values, self.plain());
        let rank = turned.rank();
        let q = rank as f64;
        let wald = self.wald(&turned, p);
        if rank <= 1 {
            let den_df = if rank == 1 {
                self.df(&turned.rows)
            } else {
                f64::NAN
            };
            return FTest {
                f: wald,
                scaling: 1.0,
                num_df: q,
                den_df,
            };
        }
        // Rows of unit variance: ΘΦP_iΦ has the traces of these q × q matrices.
        let unit: Vec<f64> = turned
            .rows
            .chunks_exact(p)
            .zip(&turned.variances)
            .flat_map(|(row, d)| row.iter().map(move |x| x / d.sqrt()))
            .collect();
        let matrices: Vec<Vec<f64>> = self
            .changes
            .iter()
            .map(|change| covariance_of(&unit, change, rank, p))
            .collect();
        let traces: Vec<f64> = matrices
            .iter()
            .map(|matrix| (0..rank).map(|a| matrix[a * rank + a]).sum())
            .collect();
        let a1 = self.weigh(|i, j| traces[i] * traces[j]);
        let a2 = self.weigh(|i, j| {
            matrices[i]
                .iter()
                .zip(&matrices[j])
                .map(|(a, b)| a * b)
                .sum()
        });
        let b = (a1 + 6.0 * a2) / (2.0 * q);
        let g = ((q + 1.0) * a1 - (q + 4.0) * a2) / ((q + 2.0) * a2);
        let below = 3.0 * q + 2.0 * (1.0 - g);
        let (c1, c2, c3) = (g / below, (q - g) / below, (q + 2.0 - g) / below);
        let shrink = 1.0 - a2 / q;
        // E(F) = 1/(1 − A2/q) does not exist: no F distribution comes near.
        if shrink < NO_MEAN {
            return FTest {
                f: wald,
                scaling: 1.0,
                num_df: q,
                den_df: f64::NAN,
            };
        }
        let ratio = shrink / (1.0 - c2 * b);
        let rho = ratio * ratio * (1.0 + c1 * b) / (q * (1.0 - c3 * b));
        let den_df = 4.0 + (q + 2.0) / (q * rho - 1.0);
        let scaling = if (den_df - 2.0).abs() < 1e-2 {
            1.0
        } else {
            den_df * shrink / (den_df - 2.0)
        };
        FTest {
            f: scaling * wald,
            scaling,
            num_df: q,
            den_df,
        }
    }

    /// (Lβ)'(LΦ_AL')⁻¹(Lβ)/q.
    fn wald(&self, turned: &Uncorrelated, p: usize) -> f64 {
        let n = turned.rank();
        let corrected = covariance_of(&turned.rows, &self.covariance, n, p);
        Uncorrelated::of(&identity(n), &turned.values, &corrected).mean_square()
    }

    /// Σ_ij W_ij x_ij.
    fn weigh(&self, x: impl Fn(usize, usize) -> f64) -> f64 {
        let size = self.changes.len();
        (0..size * size)
            .map(|at| self.parameters[at] * x(at / size, at % size))
            .sum()
    }
}

fn identity(n: usize) -> Vec<f64> {
    (0..n * n)
        .map(|at| if at / n == at % n { 1.0 } else { 0.0 })
        .collect()
}

/// Vectors w_r with Σ_r w_rw_r' = 2T⁻¹, over the directions that are informed and on which T,
/// scaled to a unit diagonal, is not singular.
fn inverse_factors(traces: &[f64], informed: &[bool]) -> Vec<Vec<f64>> {
    let n = informed.len();
    let scale: Vec<f64> = (0..n)
        .map(|i| {
            let d = traces[i * n + i];
            if informed[i] && d > 0.0 {
                1.0 / d.sqrt()
            } else {
                0.0
            }
        })
        .collect();
    let scaled: Vec<f64> = (0..n * n)
        .map(|at| traces[at] * scale[at / n] * scale[at % n])
        .collect();
    let Some((values, vectors)) = symmetric_eigen(&scaled, n) else {
        return Vec::new();
    };
    values
        .iter()
        .zip(vectors.chunks_exact(n))
        .filter(|(value, _)| **value > NO_INFORMATION)
        .map(|(value, vector)| {
            let size = (2.0 / value).sqrt();
            vector
                .iter()
                .zip(&scale)
                .map(|(v, s)| size * v * s)
                .collect()
        })
        .collect()
}
