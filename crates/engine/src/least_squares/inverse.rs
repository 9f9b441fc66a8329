//! Inverses of small crossproduct matrices, whole or of the part that there is.

use crate::optimize::symmetric_eigen;

/// The inverse of a positive definite matrix (n × n, symmetric); `None` where a column depends on
/// those before it: what is left of its square is at most `tolerance` of it.
pub(super) fn cholesky_inverse(matrix: &[f64], n: usize, tolerance: f64) -> Option<Vec<f64>> {
    let mut out = vec![0.0; n * n];
    cholesky_inverse_into(matrix, n, tolerance, &mut Vec::new(), &mut out).then_some(out)
}

/// The same into `out`; false where there is none.
fn cholesky_inverse_into(
    matrix: &[f64],
    n: usize,
    tolerance: f64,
    room: &mut Vec<f64>,
    out: &mut [f64],
) -> bool {
    room.clear();
    room.resize(n * n + n, 0.0);
    let (l, x) = room.split_at_mut(n * n);
    for i in 0..n {
        for j in 0..=i {
            let taken: f64 = (0..j).map(|b| l[i * n + b] * l[j * n + b]).sum();
            let rest = matrix[i * n + j] - taken;
            if i != j {
                l[i * n + j] = rest / l[j * n + j];
            } else if rest > tolerance * matrix[i * n + i] {
                l[i * n + i] = rest.sqrt();
            } else {
                return false;
            }
        }
    }
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
    true
}

/// Generalised inverses of positive semidefinite matrices of one size, one after another, and
/// what they span.
pub(super) struct Generalised {
    n: usize,
    inverses: Vec<f64>,
    ranks: Vec<usize>,
    /// Of those of less than full rank, in increasing order of their numbers: square roots of the
    /// diagonal and an orthonormal basis of the row space of the matrix scaled by them.
    spaces: Vec<(usize, Space)>,
    room: Vec<f64>,
}

/// Square roots of a diagonal, and a basis.
type Space = (Vec<f64>, Vec<Vec<f64>>);

/// Below this share of a unit diagonal an eigenvalue is rounding of crossproducts.
const ROUNDING: f64 = 1e-11;
/// Above this share of its diagonal every pivot is what it says. Pivots after a smaller one carry its
/// rounding many times over, so that two rows with nearly the same predictor seem to tell three
/// coefficients; eigenvalues decide there.
const PLAIN: f64 = 1e-6;

impl Generalised {
    /// Of n × n matrices, none yet.
    pub fn new(n: usize, count: usize) -> Self {
        Self {
            n,
            inverses: Vec::with_capacity(count * n * n),
            ranks: Vec::with_capacity(count),
            spaces: Vec::new(),
            room: Vec::new(),
        }
    }

    /// Inverts the next matrix.
    pub fn push(&mut self, matrix: &[f64]) {
        let n = self.n;
        let first = self.inverses.len();
        self.inverses.resize(first + n * n, 0.0);
        let out = &mut self.inverses[first..];
        if cholesky_inverse_into(matrix, n, PLAIN, &mut self.room, out) {
            self.ranks.push(n);
            return;
        }
        out.fill(0.0);
        let scale: Vec<f64> = (0..n).map(|i| matrix[i * n + i].max(0.0).sqrt()).collect();
        let scaled: Vec<f64> = (0..n * n)
            .map(|at| {
                let size = scale[at / n] * scale[at % n];
                if size > 0.0 { matrix[at] / size } else { 0.0 }
            })
            .collect();
        let mut basis = Vec::new();
        if let Some((values, vectors)) = symmetric_eigen(&scaled, n) {
            for (value, vector) in values.iter().zip(vectors.chunks_exact(n.max(1))) {
                if *value <= ROUNDING * n as f64 {
                    continue;
                }
                for i in 0..n {
                    for j in 0..n {
                        let size = scale[i] * scale[j];
                        if size > 0.0 {
                            out[i * n + j] += vector[i] * vector[j] / value / size;
                        }
                    }
                }
                basis.push(vector.to_vec());
            }
        }
        let rank = basis.len();
        if rank < n {
            self.spaces.push((self.ranks.len(), (scale, basis)));
        }
        self.ranks.push(rank);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ranks.len()
    }

    /// The inverse of a matrix.
    pub fn inverse(&self, at: usize) -> &[f64] {
        let size = self.n * self.n;
        &self.inverses[at * size..(at + 1) * size]
    }

    /// Its rank.
    pub fn rank(&self, at: usize) -> usize {
        self.ranks[at]
    }

    /// Whether the linear function l'a of the coefficients can be told from the data.
    pub fn estimable(&self, at: usize, l: &[f64]) -> bool {
        let Ok(found) = self.spaces.binary_search_by_key(&at, |(i, _)| *i) else {
            return self.n > 0;
        };
        let (scale, basis) = &self.spaces[found].1;
        if basis.is_empty() {
            return false;
        }
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
        let mut g = Generalised::new(2, 3);
        // Two rows at x = 5: intercept + 5·slope is known, neither alone is.
        g.push(&[2.0, 10.0, 10.0, 50.0]);
        assert_eq!(g.rank(0), 1);
        assert!(g.estimable(0, &[1.0, 5.0]));
        assert!(!g.estimable(0, &[1.0, 0.0]) && !g.estimable(0, &[0.0, 1.0]));
        // Two rows at x = 0: the intercept is known.
        g.push(&[2.0, 0.0, 0.0, 0.0]);
        assert!(g.estimable(1, &[1.0, 0.0]) && !g.estimable(1, &[0.0, 1.0]));
        assert!((g.inverse(1)[0] - 0.5).abs() < 1e-15);
        g.push(&[4.0, 2.0, 2.0, 3.0]);
        assert_eq!((g.rank(2), g.len()), (2, 3));
        for (got, want) in g.inverse(2).iter().zip([0.375, -0.25, -0.25, 0.5]) {
            assert!((got - want).abs() < 1e-15);
        }
        assert!(g.estimable(2, &[1.0, 0.0]));
        // Two rows, nearly at one x, and a third column: the third pivot is rounding, 2e-11.
        let (a, b) = (
            [1.0, -1.1968880178143366, -1.210098687452402],
            [1.0, -1.1913795502672828, 0.9133002594147533],
        );
        let mut near = Generalised::new(3, 1);
        near.push(&std::array::from_fn::<f64, 9, _>(|at| {
            a[at / 3] * a[at % 3] + b[at / 3] * b[at % 3]
        }));
        assert_eq!(near.rank(0), 2);
        // No row at all.
        g.push(&[0.0; 4]);
        assert!(g.rank(3) == 0 && !g.estimable(3, &[1.0, 0.0]));
    }
}
