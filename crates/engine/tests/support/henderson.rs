//! The plain twin of the joint covariance: Henderson's matrix over all effects, scaled by
//! D = blkdiag(Λ, I) so that singular covariances have one too, inverted whole.

use super::Model;
use super::twin::{Square, dot};

/// C̃ = D(D'HD + J)⁻¹D' over (b, β), relative to σ², and that of b for known β.
pub struct Henderson {
    joint: Square,
    known: Square,
    /// First effect of each factor, and its width.
    factors: Vec<(usize, usize)>,
    effects: usize,
}

impl Henderson {
    pub fn of(model: &Model, theta: &[f64]) -> Self {
        let layout = &model.layout;
        let (n, q) = (model.rows(), layout.random_effects());
        let lambda = layout.lambda(theta);
        let mut factors = Vec::new();
        let mut first = 0;
        for factor in &layout.factors {
            factors.push((first, factor.width));
            first += factor.levels * factor.width;
        }
        let size = q + layout.fixed;
        let mut d = Square::zeros(size);
        for (f, factor) in layout.factors.iter().enumerate() {
            let (start, k) = factors[f];
            for level in 0..factor.levels {
                for a in 0..k {
                    for b in 0..k {
                        let (i, j) = (start + level * k + a, start + level * k + b);
                        d.a[i * size + j] = lambda[f][a * k + b];
                    }
                }
            }
        }
        for i in q..size {
            d.a[i * size + i] = 1.0;
        }
        let mut h = Square::zeros(size);
        for r in 0..n {
            let mut row = vec![0.0; size];
            for (f, &(start, k)) in factors.iter().enumerate() {
                for a in 0..k {
                    row[start + model.codes[f][r] as usize * k + a] = model.z[f][a][r];
                }
            }
            for (j, x) in model.x.iter().enumerate() {
                row[q + j] = x[r];
            }
            let w = model.weights.as_ref().map_or(1.0, |w| w[r]);
            for i in 0..size {
                for j in 0..size {
                    h.a[i * size + j] += w * row[i] * row[j];
                }
            }
        }
        let transposed = |m: &Square| {
            let mut out = Square::zeros(m.n);
            for i in 0..m.n {
                for j in 0..m.n {
                    out.a[j * m.n + i] = m.a[i * m.n + j];
                }
            }
            out
        };
        let mut omega = transposed(&d).times(&h).times(&d);
        for i in 0..q {
            omega.a[i * size + i] += 1.0;
        }
        let corner = |m: &Square, n: usize| {
            let mut out = Square::zeros(n);
            for i in 0..n {
                out.a[i * n..(i + 1) * n].copy_from_slice(&m.a[i * m.n..i * m.n + n]);
            }
            out
        };
        let around = |d: &Square, omega: &Square| d.times(&omega.inverse().0).times(&transposed(d));
        Self {
            joint: around(&d, &omega),
            known: around(&corner(&d, q), &corner(&omega, q)),
            factors,
            effects: q,
        }
    }

    /// The row over all effects.
    pub fn row(&self, x: &[f64], levels: &[(usize, usize, Vec<f64>)]) -> Vec<f64> {
        let mut out = vec![0.0; self.effects];
        for (f, level, z) in levels {
            let (start, k) = self.factors[*f];
            for (a, z) in z.iter().enumerate() {
                out[start + level * k + a] += z;
            }
        }
        out.extend(x);
        out
    }

    pub fn product(&self, a: &[f64], b: &[f64]) -> f64 {
        dot(a, &self.joint.apply(b))
    }

    /// The variance of a row if the fixed effects were known.
    pub fn known_fixed(&self, row: &[f64]) -> f64 {
        let b = &row[..self.effects];
        dot(b, &self.known.apply(b))
    }
}
