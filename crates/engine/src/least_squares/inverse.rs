//! Inverses of small crossproduct matrices, whole or of the part that there is.

use crate::optimize::symmetric_eigen;

/// The inverse of a positive definite matrix (n × n, symmetric); `None` where a column depends on
/// those before it: what is left of its square is at most `tolerance` of it.
pub(super) fn cholesky_inverse(matrix: &[f64], n: usize, tolerance: f64) -> Option<Vec<f64>> {
    let mut l = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let taken: f64 = (0..j).map(|b| l[i * n + b] * l[j * n + b]).sum();
            let rest = matrix[i * n + j] - taken;
            if i != j {
                l[i * n + j] = rest / l[j * n + j];
            } else if rest > tolerance * matrix[i * n + i] {
                l[i * n + i] = rest.sqrt();
            } else {
                return None;
            }
        }
    }
    let mut out = vec![0.0; n * n];
    let mut x = vec![0.0; n];
    for c in 0..n {
        for i in 0..n {
            let taken: f64 = (c..i).map(|b| l[i * n + b] * x[b]).sum();
            x[i] = match i.cmp(&c) {
                std::cmp::Ordering::Less => 0.0,
                std::cmp::Ordering::Equal => 1.0 / l[i * n + i],
                std::cmp::Ordering::Greater => -taken / l[i * n + i],
            };
        }
        for i in (0..n).rev() {
            let taken: f64 = (i + 1..n).map(|b| l[b * n + i] * x[b]).sum();
            x[i] = (x[i] - taken) / l[i * n + i];
            out[i * n + c] = x[i];
        }
    }
    Some(out)
}

/// A generalised inverse of a positive semidefinite matrix, and what it spans.
pub(super) struct Generalised {
    pub inverse: Vec<f64>,
    pub rank: usize,
    /// Square roots of the diagonal and an orthonormal basis of the row space of the matrix
    /// scaled by them; `None` where the rank is full.
    space: Option<(Vec<f64>, Vec<Vec<f64>>)>,
}

/// Below this share of a unit diagonal a pivot or an eigenvalue is rounding of crossproducts.
const ROUNDING: f64 = 1e-11;

impl Generalised {
    pub fn of(matrix: &[f64], n: usize) -> Self {
        if let Some(inverse) = cholesky_inverse(matrix, n, ROUNDING) {
            return Self {
                inverse,
                rank: n,
                space: None,
            };
        }
        let scale: Vec<f64> = (0..n).map(|i| matrix[i * n + i].max(0.0).sqrt()).collect();
        let scaled: Vec<f64> = (0..n * n)
            .map(|at| {
                let size = scale[at / n] * scale[at % n];
                if size > 0.0 { matrix[at] / size } else { 0.0 }
            })
            .collect();
        let mut out = Self {
            inverse: vec![0.0; n * n],
            rank: 0,
            space: None,
        };
        let mut basis = Vec::new();
        if let Some((values, vectors)) = symmetric_eigen(&scaled, n) {
            for (value, vector) in values.iter().zip(vectors.chunks_exact(n.max(1))) {
                if *value <= ROUNDING * n as f64 {
                    continue;
                }
                out.rank += 1;
                for i in 0..n {
                    for j in 0..n {
                        let size = scale[i] * scale[j];
                        if size > 0.0 {
                            out.inverse[i * n + j] += vector[i] * vector[j] / value / size;
                        }
                    }
                }
                basis.push(vector.to_vec());
            }
        }
        out.space = Some((scale, basis));
        out
    }

    /// Whether the linear function l'a of the coefficients can be told from the data.
    pub fn estimable(&self, l: &[f64]) -> bool {
        let Some((scale, basis)) = &self.space else {
            return true;
        };
        let size = l.iter().map(|x| x * x).sum::<f64>().sqrt();
        let mut rest = Vec::with_capacity(l.len());
        for (x, s) in l.iter().zip(scale) {
            if *s > 0.0 {
                rest.push(x / s);
            } else if x.abs() > 1e-9 * size {
                return false;
            } else {
                rest.push(0.0);
            }
        }
        let length = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>();
        let before = length(&rest);
        for vector in basis {
            let along: f64 = vector.iter().zip(&rest).map(|(a, b)| a * b).sum();
            rest.iter_mut()
                .zip(vector)
                .for_each(|(x, v)| *x -= along * v);
        }
        length(&rest) <= 1e-10 * before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_level_cannot_tell() {
        // Two rows at x = 5: intercept + 5·slope is known, neither alone is.
        let g = Generalised::of(&[2.0, 10.0, 10.0, 50.0], 2);
        assert_eq!(g.rank, 1);
        assert!(g.estimable(&[1.0, 5.0]));
        assert!(!g.estimable(&[1.0, 0.0]) && !g.estimable(&[0.0, 1.0]));
        // Two rows at x = 0: the intercept is known.
        let g = Generalised::of(&[2.0, 0.0, 0.0, 0.0], 2);
        assert!(g.estimable(&[1.0, 0.0]) && !g.estimable(&[0.0, 1.0]));
        assert!((g.inverse[0] - 0.5).abs() < 1e-15);
        let g = Generalised::of(&[4.0, 2.0, 2.0, 3.0], 2);
        assert_eq!(g.rank, 2);
        for (got, want) in g.inverse.iter().zip([0.375, -0.25, -0.25, 0.5]) {
            assert!((got - want).abs() < 1e-15);
        }
    }
}
