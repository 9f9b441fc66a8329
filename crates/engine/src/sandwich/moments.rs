//! From the pieces of all clusters to covariances, degrees of freedom and joint tests.

use super::cluster::{Correction, Piece, dot};
use crate::optimize::symmetric_eigen;

/// A cluster-robust covariance of fixed effects, with what is needed to say how well it is known.
#[derive(Clone, Debug)]
pub struct Sandwich {
    p: usize,
    /// Φ/σ², p × p by rows.
    phi: Vec<f64>,
    pieces: Vec<Piece>,
    vcov: Vec<f64>,
}

/// A joint test of several contrasts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hotelling {
    /// Number of contrasts, q.
    pub num_df: usize,
    /// (η − q + 1)/(ηq) · Q; `None` where η < q, too few clusters for a test of q contrasts.
    pub f: Option<f64>,
    /// η − q + 1.
    pub den_df: Option<f64>,
}

impl Sandwich {
    /// Sums the pieces of J clusters with N rows in all; `phi` is Φ/σ², p × p by rows.
    pub fn new(phi: Vec<f64>, pieces: Vec<Piece>, correction: Correction, rows: usize) -> Self {
        let p = (phi.len() as f64).sqrt().round() as usize;
        let mut meat = vec![0.0; p * p];
        for piece in &pieces {
            for a in 0..p {
                for b in 0..p {
                    meat[a * p + b] += piece.score[a] * piece.score[b];
                }
            }
        }
        let (j, n) = (pieces.len() as f64, rows as f64);
        let scale = match correction {
            Correction::Cr0 | Correction::Cr2 | Correction::Cr3 => 1.0,
            Correction::Cr1 => j / (j - 1.0),
            Correction::Cr1s => j / (j - 1.0) * (n - 1.0) / (n - p as f64),
        };
        let mut vcov = product(&product(&phi, &meat, p), &phi, p);
        for a in 0..p {
            for b in 0..=a {
                let mean = 0.5 * scale * (vcov[a * p + b] + vcov[b * p + a]);
                vcov[a * p + b] = mean;
                vcov[b * p + a] = mean;
            }
        }
        Self {
            p,
            phi,
            pieces,
            vcov,
        }
    }

    /// CR0 or a multiple of it, from the scores of clusters that share random effects, with N rows
    /// in all. How well it is known cannot be said: [`Sandwich::df`] is `None`.
    pub fn from_scores(
        phi: Vec<f64>,
        scores: Vec<Vec<f64>>,
        correction: Correction,
        rows: usize,
    ) -> Self {
        let p = (phi.len() as f64).sqrt().round() as usize;
        let pieces = scores
            .into_iter()
            .map(|score| Piece {
                score,
                variance: vec![0.0; p * p],
                cross: vec![0.0; p * p],
                regular: true,
            })
            .collect();
        Self::new(phi, pieces, correction, rows)
    }

    /// The covariance matrix, p × p by rows.
    pub fn vcov(&self) -> &[f64] {
        &self.vcov
    }

    /// Number of clusters.
    pub fn clusters(&self) -> usize {
        self.pieces.len()
    }

    /// Satterthwaite's degrees of freedom of a contrast: ν = (Σ_j P_jj)²/Σ_ij P_ij² with
    /// P_ij = p_i'Vp_j = δ_ij g_i'V_ig_i − (X_i'g_i)'Φ(X_j'g_j), g_i = A_i'W_iX_iΦc (Pustejovsky
    /// and Tipton 2018, eq. 11). `None` where a contrast is left no variance.
    pub fn df(&self, contrast: &[f64]) -> Option<f64> {
        let sums = self.sums(&[contrast.to_vec()]);
        let (own, total) = (sums.expectation[0], sums.variance_sum(&[1.0]) / 2.0);
        let df = own * own / total;
        // The expectation is a difference: beside the model's variance Φ its rounding is some 10⁻¹⁵,
        // and where a cluster decides the contrast alone, without a correction nothing else is left.
        let model: f64 = (0..self.p)
            .map(|a| contrast[a] * dot(&self.phi[a * self.p..(a + 1) * self.p], contrast))
            .sum();
        (own > 1e-10 * model && df.is_finite()).then_some(df)
    }

    /// The approximate Hotelling test that the contrasts (rows of p numbers) of β are zero: HTZ
    /// of Pustejovsky and Tipton (2018, section 3.2), where the degrees of freedom η match the
    /// total variance of the covariance of the contrasts. `None` where their covariance is
    /// singular.
    pub fn hotelling(&self, contrasts: &[Vec<f64>], beta: &[f64]) -> Option<Hotelling> {
        let q = contrasts.len();
        let sums = self.sums(contrasts);
        let root = power(&sums.expectation, q, -0.5)?;
        let total = sums.variance_sum(&root);
        let eta = (q * (q + 1)) as f64 / total;
        let form = self.wald(contrasts, beta)?;
        let den_df = eta - q as f64 + 1.0;
        let valid = den_df > 0.0 && den_df.is_finite();
        Some(Hotelling {
            num_df: q,
            f: valid.then(|| den_df / (eta * q as f64) * form),
            den_df: valid.then_some(den_df),
        })
    }

    /// Wald's form Q = (Cβ)'(CV^CR C')⁻¹Cβ; `None` where the covariance of the contrasts is
    /// singular.
    pub fn wald(&self, contrasts: &[Vec<f64>], beta: &[f64]) -> Option<f64> {
        let (p, q) = (self.p, contrasts.len());
        let values: Vec<f64> = contrasts.iter().map(|c| dot(c, beta)).collect();
        let covariance: Vec<f64> = (0..q * q)
            .map(|at| {
                let (c, d) = (&contrasts[at / q], &contrasts[at % q]);
                (0..p)
                    .map(|a| c[a] * dot(&self.vcov[a * p..(a + 1) * p], d))
                    .sum()
            })
            .collect();
        let inverse = power(&covariance, q, -1.0)?;
        let form = (0..q)
            .map(|a| values[a] * dot(&inverse[a * q..(a + 1) * q], &values))
            .sum();
        Some(form)
    }

    /// For contrasts c_s with h_s = Φc_s: what Σ_ij of products of P^st_ij are made of.
    fn sums(&self, contrasts: &[Vec<f64>]) -> Sums<'_> {
        let (p, q) = (self.p, contrasts.len());
        let h: Vec<Vec<f64>> = contrasts
            .iter()
            .map(|c| {
                (0..p)
                    .map(|a| dot(&self.phi[a * p..(a + 1) * p], c))
                    .collect()
            })
            .collect();
        let mut own = Vec::with_capacity(self.pieces.len());
        let mut cross = Vec::with_capacity(self.pieces.len());
        let mut expectation = vec![0.0; q * q];
        for piece in &self.pieces {
            let b: Vec<f64> = h
                .iter()
                .flat_map(|h| (0..p).map(|a| dot(&piece.cross[a * p..(a + 1) * p], h)))
                .collect();
            let mut a = vec![0.0; q * q];
            for s in 0..q {
                for t in 0..q {
                    a[s * q + t] = (0..p)
                        .map(|i| h[s][i] * dot(&piece.variance[i * p..(i + 1) * p], &h[t]))
                        .sum();
                    expectation[s * q + t] += a[s * q + t] - self.phi_form(&b, s, t);
                }
            }
            own.push(a);
            cross.push(b);
        }
        Sums {
            sandwich: self,
            q,
            own,
            cross,
            expectation,
        }
    }

    /// b_s'Φb_t for rows of a q × p matrix.
    fn phi_form(&self, b: &[f64], s: usize, t: usize) -> f64 {
        let p = self.p;
        let (left, right) = (&b[s * p..(s + 1) * p], &b[t * p..(t + 1) * p]);
        (0..p)
            .map(|a| left[a] * dot(&self.phi[a * p..(a + 1) * p], right))
            .sum()
    }
}

/// Per cluster and for q contrasts: a_i^st = g_i^s'V_ig_i^t (q × q) and b_i^s = X_i'g_i^s (q × p).
struct Sums<'a> {
    sandwich: &'a Sandwich,
    q: usize,
    own: Vec<Vec<f64>>,
    cross: Vec<Vec<f64>>,
    /// Σ_j P^st_jj: what the covariance of the contrasts is expected to be, q × q by rows.
    expectation: Vec<f64>,
}

impl Sums<'_> {
    /// Σ_st Var(d_st) for contrasts turned by a q × q matrix, d_st = Σ_j (p_sj'y)(p_tj'y):
    /// Σ_st Σ_ij (P^ss_ij P^tt_ij + P^st_ij P^ts_ij). The part of P that is not diagonal is a
    /// product, so that no sum over pairs of clusters is needed: with S^st = Σ_j b_j^s b_j^t',
    /// Σ_ij (b_i^s'Φb_j^s)(b_i^t'Φb_j^t) = tr(ΦS^stΦS^ts) and
    /// Σ_ij (b_i^s'Φb_j^t)(b_i^t'Φb_j^s) = tr(ΦS^tsΦS^ts).
    fn variance_sum(&self, turn: &[f64]) -> f64 {
        let (p, q) = (self.sandwich.p, self.q);
        let phi = &self.sandwich.phi;
        let mut total = 0.0;
        let mut s_sums = vec![vec![0.0; p * p]; q * q];
        for (a, b) in self.own.iter().zip(&self.cross) {
            let a = product(&product(turn, a, q), &transpose(turn, q), q);
            let mut turned = vec![0.0; q * p];
            for s in 0..q {
                for t in 0..q {
                    for i in 0..p {
                        turned[s * p + i] += turn[s * q + t] * b[t * p + i];
                    }
                }
            }
            let forms: Vec<f64> = (0..q * q)
                .map(|at| self.sandwich.phi_form(&turned, at / q, at % q))
                .collect();
            for s in 0..q {
                for t in 0..q {
                    let at = |s: usize, t: usize| s * q + t;
                    total += a[at(s, s)] * a[at(t, t)]
                        - a[at(s, s)] * forms[at(t, t)]
                        - a[at(t, t)] * forms[at(s, s)];
                    total += a[at(s, t)] * (a[at(s, t)] - 2.0 * forms[at(s, t)]);
                    let sum = &mut s_sums[at(s, t)];
                    for i in 0..p {
                        for j in 0..p {
                            sum[i * p + j] += turned[s * p + i] * turned[t * p + j];
                        }
                    }
                }
            }
        }
        let weighted: Vec<Vec<f64>> = s_sums.iter().map(|s| product(phi, s, p)).collect();
        for s in 0..q {
            for t in 0..q {
                let (st, ts) = (&weighted[s * q + t], &weighted[t * q + s]);
                total += trace_of_product(st, ts, p) + trace_of_product(ts, ts, p);
            }
        }
        total
    }
}

/// A symmetric matrix to a power by its eigenvalues; `None` where one is not positive.
fn power(matrix: &[f64], n: usize, power: f64) -> Option<Vec<f64>> {
    let (values, vectors) = symmetric_eigen(matrix, n)?;
    let largest = values.last().copied().unwrap_or(0.0);
    if values.iter().any(|x| x.is_nan() || *x <= 1e-13 * largest) {
        return None;
    }
    let mut out = vec![0.0; n * n];
    for (value, v) in values.iter().zip(vectors.chunks_exact(n)) {
        let value = value.powf(power);
        for i in 0..n {
            for j in 0..n {
                out[i * n + j] += value * v[i] * v[j];
            }
        }
    }
    Some(out)
}

fn product(a: &[f64], b: &[f64], n: usize) -> Vec<f64> {
    let mut out = vec![0.0; n * n];
    for i in 0..n {
        for l in 0..n {
            let x = a[i * n + l];
            for j in 0..n {
                out[i * n + j] += x * b[l * n + j];
            }
        }
    }
    out
}

fn transpose(a: &[f64], n: usize) -> Vec<f64> {
    (0..n * n).map(|at| a[(at % n) * n + at / n]).collect()
}

fn trace_of_product(a: &[f64], b: &[f64], n: usize) -> f64 {
    (0..n * n).map(|at| a[at] * b[(at % n) * n + at / n]).sum()
}
