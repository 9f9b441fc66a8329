//! One cluster: its score and what the degrees of freedom need of it.

use super::jacobi::orthogonalise;
use super::triangle::echelon;
use crate::optimize::symmetric_eigen;

/// How the residuals of few clusters are enlarged: A_j.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Correction {
    /// Not at all (Liang and Zeger 1986).
    Cr0,
    /// √(J/(J−1)).
    Cr1,
    /// √(J/(J−1) · (N−1)/(N−p)), as Stata does for regressions.
    Cr1s,
    /// Unbiased where the fitted variances are right (Bell and McCaffrey 2002).
    Cr2,
    /// (I − H_jj)⁻¹: nearly the jackknife over clusters.
    Cr3,
}

/// The rows of one cluster, or an orthogonal transform of them; everything relative to σ².
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Residual variance of each of the m rows: one over its weight.
    pub variance: Vec<f64>,
    /// Number of random effects that touch the cluster, q.
    pub effects: usize,
    /// Z_jΛ, m × q by rows.
    pub spread: Vec<f64>,
    /// X_j, m × p by rows.
    pub fixed: Vec<f64>,
    /// y_j, m numbers.
    pub response: Vec<f64>,
}

/// What a cluster adds to the sandwich. With E = A_j'W_jX_j, which is m × p:
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// E'e_j, p numbers: the score.
    pub score: Vec<f64>,
    /// E'V_jE, p × p by rows.
    pub variance: Vec<f64>,
    /// X_j'E, p × p by rows.
    pub cross: Vec<f64>,
    /// Whether I − H_jj has an inverse; where not, the cluster alone decides some coefficient,
    /// and the inverse is Moore and Penrose's.
    pub regular: bool,
}

/// 1 − leverage below this counts as zero: the eigenvalues of V_j^−½(V_j − X_jΦX_j')V_j^−½ lie
/// between 0 and 1, and rounding leaves some 10⁻¹⁵ where zero is meant.
const LEAST: f64 = 1e-10;

/// Up to this size the square root is by Jacobi's rotations, beyond it by tridiagonalisation,
/// which is faster by a factor that grows and loses digits only where V_j is far from equal.
const ROTATIONS: usize = 64;

impl Cluster {
    /// Number of rows, m.
    pub fn rows(&self) -> usize {
        self.response.len()
    }

    /// The cluster with no more rows than its Z and X have rank, weight by weight: what is beside
    /// them has no part in the score. Rows of one weight stand together; `p` columns of X.
    pub fn reduced(self, p: usize) -> Self {
        let (q, wide) = (self.effects, self.effects + p + 1);
        let mut out = Self {
            variance: Vec::new(),
            effects: q,
            spread: Vec::new(),
            fixed: Vec::new(),
            response: Vec::new(),
        };
        let mut first = 0;
        for same in self.variance.chunk_by(|a, b| a == b) {
            let mut rows = Vec::with_capacity(same.len() * wide);
            for i in first..first + same.len() {
                rows.extend_from_slice(&self.spread[i * q..(i + 1) * q]);
                rows.extend_from_slice(&self.fixed[i * p..(i + 1) * p]);
                rows.push(self.response[i]);
            }
            first += same.len();
            echelon(&mut rows, wide, q + p);
            for row in rows.chunks_exact(wide) {
                out.variance.push(same[0]);
                out.spread.extend_from_slice(&row[..q]);
                out.fixed.extend_from_slice(&row[q..q + p]);
                out.response.push(row[q + p]);
            }
        }
        out
    }

    /// The cluster without some of its `p` columns of X, given in increasing order.
    pub fn without_fixed(mut self, columns: &[usize], p: usize) -> Self {
        if !columns.is_empty() {
            let kept = |at: &usize| !columns.contains(&(at % p));
            self.fixed = (0..self.fixed.len())
                .filter(kept)
                .map(|at| self.fixed[at])
                .collect();
        }
        self
    }

    /// The piece of this cluster; `phi` is Φ/σ², p × p by rows. `None` where a decomposition
    /// fails, as it does on numbers that are not finite.
    pub fn piece(&self, beta: &[f64], phi: &[f64], correction: Correction) -> Option<Piece> {
        let (m, p) = (self.rows(), beta.len());
        let mut x = self.fixed.clone();
        let mut e: Vec<f64> = (0..m)
            .map(|i| self.response[i] - dot(&x[i * p..(i + 1) * p], beta))
            .collect();
        // In the coordinates of the eigenvectors of V_j.
        let lambda = match self.eigen()? {
            None => self.variance.clone(),
            Some((values, vectors)) => {
                let turned = |columns: &[f64], width: usize| {
                    let mut out = vec![0.0; m * width];
                    for i in 0..m {
                        for (r, weight) in vectors[i * m..(i + 1) * m].iter().enumerate() {
                            for j in 0..width {
                                out[i * width + j] += weight * columns[r * width + j];
                            }
                        }
                    }
                    out
                };
                x = turned(&x, p);
                e = turned(&e, 1);
                values
            }
        };
        if lambda.iter().any(|l| l.is_nan() || *l <= 0.0) {
            return None;
        }
        let mut u = x.clone();
        for i in 0..m {
            let root = lambda[i].sqrt();
            u[i * p..(i + 1) * p].iter_mut().for_each(|x| *x /= root);
        }
        let (estimator, regular) = match correction {
            Correction::Cr0 | Correction::Cr1 | Correction::Cr1s => {
                let mut out = u;
                scale_rows(&mut out, p, |i| 1.0 / lambda[i].sqrt());
                (out, true)
            }
            Correction::Cr2 | Correction::Cr3 => {
                let rest = Rest::of(&u, phi, m, p)?;
                let out = if correction == Correction::Cr3 {
                    let mut out = rest.power(&u, p, -1.0);
                    scale_rows(&mut out, p, |i| 1.0 / lambda[i].sqrt());
                    out
                } else {
                    let mut out = rest.root(&lambda, &u, p)?;
                    scale_rows(&mut out, p, |i| lambda[i].sqrt());
                    out
                };
                (out, rest.kept.len() == m)
            }
        };
        let mut variance = vec![0.0; p * p];
        let mut cross = vec![0.0; p * p];
        let mut score = vec![0.0; p];
        for i in 0..m {
            let (row, own) = (&estimator[i * p..(i + 1) * p], &x[i * p..(i + 1) * p]);
            for a in 0..p {
                score[a] += row[a] * e[i];
                for b in 0..p {
                    variance[a * p + b] += lambda[i] * row[a] * row[b];
                    cross[a * p + b] += own[a] * row[b];
                }
            }
        }
        Some(Piece {
            score,
            variance,
            cross,
            regular,
        })
    }

    /// Eigenvalues and eigenvectors of V_j; the inner `None` where V_j is diagonal.
    #[allow(clippy::type_complexity)]
    fn eigen(&self) -> Option<Option<(Vec<f64>, Vec<f64>)>> {
        let (m, q) = (self.rows(), self.effects);
        if self.spread.iter().all(|x| *x == 0.0) {
            return Some(None);
        }
        let mut v = vec![0.0; m * m];
        for i in 0..m {
            for j in 0..=i {
                let covariance = dot(
                    &self.spread[i * q..(i + 1) * q],
                    &self.spread[j * q..(j + 1) * q],
                );
                v[i * m + j] = covariance;
                v[j * m + i] = covariance;
            }
            v[i * m + i] += self.variance[i];
        }
        // No eigenvalue is below the smallest residual variance; rounding of the largest may say so.
        let least = self.variance.iter().copied().fold(f64::INFINITY, f64::min);
        let (mut values, vectors) = symmetric_eigen(&v, m)?;
        values.iter_mut().for_each(|x| *x = x.max(least));
        Some(Some((values, vectors)))
    }
}

/// N = I − UΦU' by its eigenvectors: what the fit leaves of the variance of a cluster.
struct Rest {
    m: usize,
    values: Vec<f64>,
    vectors: Vec<f64>,
    /// Positions of the eigenvalues that are not zero.
    kept: Vec<usize>,
}

impl Rest {
    fn of(u: &[f64], phi: &[f64], m: usize, p: usize) -> Option<Self> {
        let mut up = vec![0.0; m * p];
        for i in 0..m {
            for a in 0..p {
                up[i * p + a] = dot(&u[i * p..(i + 1) * p], &phi[a * p..(a + 1) * p]);
            }
        }
        let mut n = vec![0.0; m * m];
        for i in 0..m {
            for j in 0..=i {
                let taken = dot(&up[i * p..(i + 1) * p], &u[j * p..(j + 1) * p]);
                let own = if i == j { 1.0 } else { 0.0 };
                n[i * m + j] = own - taken;
                n[j * m + i] = own - taken;
            }
        }
        let (values, vectors) = symmetric_eigen(&n, m)?;
        let kept = (0..m).filter(|&i| values[i] > LEAST).collect();
        Some(Self {
            m,
            values,
            vectors,
            kept,
        })
    }

    /// N^power U, by Moore and Penrose where an eigenvalue is zero.
    fn power(&self, u: &[f64], p: usize, power: f64) -> Vec<f64> {
        let vectors = self.kept.iter().map(|&s| self.vector(s));
        let values = self.kept.iter().map(|&s| self.values[s].powf(power));
        spectral(vectors, values, u, p)
    }

    fn vector(&self, s: usize) -> &[f64] {
        &self.vectors[s * self.m..(s + 1) * self.m]
    }

    /// B^{+½}U with B = ΛNΛ.
    fn root(&self, lambda: &[f64], u: &[f64], p: usize) -> Option<Vec<f64>> {
        let (m, k) = (self.m, self.kept.len());
        let (least, most) = lambda
            .iter()
            .fold((f64::INFINITY, 0.0f64), |(a, b), &l| (a.min(l), b.max(l)));
        if most - least <= 1e-14 * most {
            let mut out = self.power(u, p, -0.5);
            out.iter_mut().for_each(|x| *x /= most);
            return Some(out);
        }
        if k == m && m <= ROTATIONS {
            // B = M'M with M = N^½Λ: the columns of M are graded by Λ.
            let mut columns = vec![0.0; k * m];
            for j in 0..m {
                for (s, &at) in self.kept.iter().enumerate() {
                    columns[j * k + s] = self.values[at].sqrt() * self.vector(at)[j] * lambda[j];
                }
            }
            let turned = orthogonalise(&mut columns, k, m);
            let length = |s: usize| {
                let column = &columns[s * k..(s + 1) * k];
                dot(column, column).sqrt()
            };
            let vectors = turned.chunks_exact(m);
            return Some(spectral(vectors, (0..m).map(|s| 1.0 / length(s)), u, p));
        }
        let mut b = vec![0.0; m * m];
        for &s in &self.kept {
            let v = self.vector(s);
            for i in 0..m {
                let left = self.values[s] * v[i] * lambda[i];
                for j in 0..m {
                    b[i * m + j] += left * v[j] * lambda[j];
                }
            }
        }
        let (values, vectors) = symmetric_eigen(&b, m)?;
        let vectors = vectors.chunks_exact(m).skip(m - k);
        Some(spectral(
            vectors,
            values[m - k..].iter().map(|x| 1.0 / x.sqrt()),
            u,
            p,
        ))
    }
}

/// Σ_s value_s v_s v_s'U.
fn spectral<'a>(
    vectors: impl Iterator<Item = &'a [f64]>,
    values: impl Iterator<Item = f64>,
    u: &[f64],
    p: usize,
) -> Vec<f64> {
    let mut out = vec![0.0; u.len()];
    let mut along = vec![0.0; p];
    for (v, value) in vectors.zip(values) {
        along.fill(0.0);
        for (x, row) in v.iter().zip(u.chunks_exact(p)) {
            along.iter_mut().zip(row).for_each(|(a, u)| *a += x * u);
        }
        for (x, row) in v.iter().zip(out.chunks_exact_mut(p)) {
            let factor = x * value;
            row.iter_mut()
                .zip(&along)
                .for_each(|(o, a)| *o += factor * a);
        }
    }
    out
}

fn scale_rows(rows: &mut [f64], width: usize, factor: impl Fn(usize) -> f64) {
    for (i, row) in rows.chunks_exact_mut(width).enumerate() {
        let factor = factor(i);
        row.iter_mut().for_each(|x| *x *= factor);
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
