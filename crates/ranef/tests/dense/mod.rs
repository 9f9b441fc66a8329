//! Dense linear algebra by its definitions, for tests that compute everything once more.
#![allow(dead_code)]

/// A square matrix by rows, or a least squares fit.
#[derive(Clone, Debug)]
pub struct Dense {
    n: usize,
    a: Vec<f64>,
    pub beta: Vec<f64>,
    pub sigma: f64,
}

impl Dense {
    pub fn zeros(n: usize) -> Self {
        Self {
            n,
            a: vec![0.0; n * n],
            beta: Vec::new(),
            sigma: 0.0,
        }
    }

    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.a[i * self.n + j]
    }

    pub fn set(&mut self, i: usize, j: usize, value: f64) {
        self.a[i * self.n + j] = value;
    }

    /// By Gauss and Jordan with row pivots; also the logarithm of |det|.
    fn eliminate(&self) -> (Self, f64) {
        let n = self.n;
        let mut left = self.a.clone();
        let mut right = Self::zeros(n);
        (0..n).for_each(|i| right.set(i, i, 1.0));
        let mut log_det = 0.0;
        for c in 0..n {
            let pivot = (c..n)
                .max_by(|&i, &j| left[i * n + c].abs().total_cmp(&left[j * n + c].abs()))
                .unwrap();
            for j in 0..n {
                left.swap(c * n + j, pivot * n + j);
                right.a.swap(c * n + j, pivot * n + j);
            }
            let size = left[c * n + c];
            log_det += size.abs().ln();
            for j in 0..n {
                left[c * n + j] /= size;
                right.a[c * n + j] /= size;
            }
            for i in (0..n).filter(|&i| i != c) {
                let factor = left[i * n + c];
                for j in 0..n {
                    left[i * n + j] -= factor * left[c * n + j];
                    right.a[i * n + j] -= factor * right.a[c * n + j];
                }
            }
        }
        (right, log_det)
    }

    pub fn inverse(&self) -> Self {
        self.eliminate().0
    }

    pub fn log_det(&self) -> f64 {
        self.eliminate().1
    }

    pub fn quadratic(&self, v: &[f64]) -> f64 {
        (0..self.n)
            .map(|i| v[i] * (0..self.n).map(|j| self.at(i, j) * v[j]).sum::<f64>())
            .sum()
    }

    /// Weighted least squares of y on columns.
    pub fn least_squares(columns: &[Vec<f64>], y: &[f64], weights: &[f64]) -> Self {
        let n = columns.len();
        let inner =
            |a: &[f64], b: &[f64]| -> f64 { (0..y.len()).map(|i| weights[i] * a[i] * b[i]).sum() };
        let mut products = Self::zeros(n);
        for i in 0..n {
            for j in 0..n {
                products.set(i, j, inner(&columns[i], &columns[j]));
            }
        }
        let mut out = products.inverse();
        let right: Vec<f64> = columns.iter().map(|c| inner(c, y)).collect();
        out.beta = (0..n)
            .map(|i| (0..n).map(|j| out.at(i, j) * right[j]).sum())
            .collect();
        let rest: f64 = (0..y.len())
            .map(|i| {
                let fitted: f64 = columns.iter().zip(&out.beta).map(|(c, b)| c[i] * b).sum();
                weights[i] * (y[i] - fitted).powi(2)
            })
            .sum();
        out.sigma = (rest / (y.len().saturating_sub(n)).max(1) as f64).sqrt();
        out
    }

    pub fn std_errors(&self) -> Vec<f64> {
        (0..self.n)
            .map(|i| self.sigma * self.at(i, i).sqrt())
            .collect()
    }
}

/// Xorshift.
pub struct Rng(pub u64);

impl Rng {
    pub fn uniform(&mut self) -> f64 {
        // A small seed takes some turns to spread.
        for _ in 0..4 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
        }
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (self.uniform() + 1e-300).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }
}
