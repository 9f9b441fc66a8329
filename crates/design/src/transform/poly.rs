//! Orthogonal polynomials by Stieltjes' procedure.
//!
//! R's `poly` takes a QR factorisation of the powers of x; its columns are, up to rounding, the
//! discrete orthogonal polynomials of the data, scaled to length 1, each with a positive leading
//! coefficient. The same polynomials follow from the three-term recurrence (Kennedy & Gentle 1980,
//! *Statistical Computing*, p. 343), whose coefficients are all that new data need; learning them
//! directly costs no matrix and stays accurate where powers of x lose their digits.

use serde::{Deserialize, Serialize};

/// The recurrence of the polynomials p₀ = 1, p₁, …, p_d:
/// p_{k+1}(x) = (x − α_k) p_k(x) − (‖p_k‖² / ‖p_{k−1}‖²) p_{k−1}(x).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Orthogonal {
    /// α₀ … α_{d−1}.
    pub alpha: Vec<f64>,
    /// ‖p₀‖² … ‖p_d‖².
    pub norm2: Vec<f64>,
}

impl Orthogonal {
    /// Learns polynomials up to `degree` from distinct values `x` that occur `count` times each.
    pub(crate) fn learn(x: &[f64], count: &[f64], degree: usize) -> Self {
        let mut alpha = Vec::with_capacity(degree);
        let mut norm2 = vec![count.iter().sum::<f64>()];
        let mut before = vec![0.0; x.len()];
        let mut now = vec![1.0; x.len()];
        // Sums of x are taken about its middle: α carries the location of x, and a date in
        // seconds would otherwise spend its digits there.
        let middle = x.iter().zip(count).map(|(x, n)| x * n).sum::<f64>() / norm2[0];
        for k in 0..degree {
            let a = sum(x, count, &now, |x| x - middle) / norm2[k] + middle;
            let b = if k == 0 { 0.0 } else { norm2[k] / norm2[k - 1] };
            for i in 0..x.len() {
                let next = (x[i] - a) * now[i] - b * before[i];
                before[i] = now[i];
                now[i] = next;
            }
            alpha.push(a);
            norm2.push(sum(x, count, &now, |_| 1.0));
        }
        Self { alpha, norm2 }
    }

    /// Degree of the highest polynomial.
    pub fn degree(&self) -> usize {
        self.alpha.len()
    }

    /// The normalised polynomials of degree 1 … d at the values `x`.
    pub(crate) fn columns(&self, x: &[f64]) -> Vec<Vec<f64>> {
        let mut columns: Vec<Vec<f64>> = Vec::with_capacity(self.degree());
        for k in 0..self.degree() {
            let b = if k == 0 {
                0.0
            } else {
                self.norm2[k] / self.norm2[k - 1]
            };
            let next = (0..x.len())
                .map(|i| {
                    let now = if k == 0 { 1.0 } else { columns[k - 1][i] };
                    let before = if k < 2 { 1.0 } else { columns[k - 2][i] };
                    (x[i] - self.alpha[k]) * now - b * before
                })
                .collect();
            columns.push(next);
        }
        for (k, column) in columns.iter_mut().enumerate() {
            let scale = self.norm2[k + 1].sqrt();
            column.iter_mut().for_each(|p| *p /= scale);
        }
        columns
    }
}

fn sum(x: &[f64], count: &[f64], p: &[f64], weight: impl Fn(f64) -> f64) -> f64 {
    x.iter()
        .zip(count)
        .zip(p)
        .map(|((&x, n), p)| n * weight(x) * p * p)
        .sum()
}
