//! Second derivatives with one grouping factor, as sums over its levels.

use super::curvature::Direction;

/// With one grouping factor Z_f'PZ_g = δ_fg K_f − N_f'ΦN_g (N_f = X'V⁻¹Z_f), so that the double
/// sum over levels in tr(PV_iPV_j) separates into sums over levels that no direction enters.
pub(crate) struct Moments {
    pub width: usize,
    pub fixed: usize,
    /// Σ_f K⊗K − K⊗R − R⊗K with R_f = N_f'ΦN_f (zero by ML), by \[b, c, d, a\].
    pub quartic: Vec<f64>,
    /// Σ_f N_f\[·, i\] N_f\[·, j\]', p × p for each i and j.
    pub between: Vec<f64>,
}

impl Moments {
    /// Σ_f N_fEN_f' = X'V⁻¹V_iV⁻¹X, p × p.
    pub fn between(&self, direction: &Direction) -> Vec<f64> {
        let size = self.fixed * self.fixed;
        let mut out = vec![0.0; size];
        for (e, block) in direction
            .change
            .iter()
            .zip(self.between.chunks_exact(size.max(1)))
        {
            out.iter_mut().zip(block).for_each(|(sum, x)| *sum += e * x);
        }
        out
    }

    /// T_ij = Σ_f \[tr(E_iK_fE_jK_f) − tr(E_iK_fE_jR_f) − tr(E_iR_fE_jK_f)\] + tr(ΦB_iΦB_j), with
    /// B_i = Σ_f N_fE_iN_f'; the terms with Φ only by REML. m × m.
    pub fn traces(&self, directions: &[Direction], covariance: &[f64]) -> Vec<f64> {
        let (m, k, p) = (directions.len(), self.width, self.fixed);
        let scaled: Vec<Vec<f64>> = if covariance.is_empty() {
            Vec::new()
        } else {
            let one = |direction| {
                let between = self.between(direction);
                let mut out = vec![0.0; p * p];
                for (row, line) in out.chunks_exact_mut(p).zip(covariance.chunks_exact(p)) {
                    for (c, b) in line.iter().zip(between.chunks_exact(p)) {
                        row.iter_mut().zip(b).for_each(|(sum, x)| *sum += c * x);
                    }
                }
                out
            };
            directions.iter().map(one).collect()
        };
        let mut out = vec![0.0; m * m];
        for i in 0..m {
            for j in 0..=i {
                let (e, g) = (&directions[i].change, &directions[j].change);
                let mut sum = 0.0;
                for a in 0..k {
                    for b in 0..k {
                        for c in 0..k {
                            for d in 0..k {
                                sum += e[a * k + b]
                                    * g[c * k + d]
                                    * self.quartic[((b * k + c) * k + d) * k + a];
                            }
                        }
                    }
                }
                if let (Some(x), Some(y)) = (scaled.get(i), scaled.get(j)) {
                    for r in 0..p {
                        for c in 0..p {
                            sum += x[r * p + c] * y[c * p + r];
                        }
                    }
                }
                out[i * m + j] = sum;
                out[j * m + i] = sum;
            }
        }
        out
    }
}
