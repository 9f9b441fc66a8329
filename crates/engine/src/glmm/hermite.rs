//! Gauss-Hermite quadrature for the standard normal density.

use crate::optimize::symmetric_eigen;

/// Nodes t and the logarithms of w·exp(t²/2), where w are the weights for which Σ w f(t) is
/// E\[f(Z)\] of a standard normal Z, exactly for polynomials up to degree 2n − 1.
///
/// Nodes are the eigenvalues of Golub and Welsch's (1969) matrix, polished by Newton's method.
/// Weights come from Christoffel's numbers of the orthonormal functions p_k(t)exp(−t²/4), which
/// keep their relative precision where weights are far below rounding.
pub fn hermite(n: usize) -> Vec<(f64, f64)> {
    let mut jacobi = vec![0.0; n * n];
    for k in 1..n {
        let off = (k as f64).sqrt();
        jacobi[k * n + k - 1] = off;
        jacobi[(k - 1) * n + k] = off;
    }
    let starts = symmetric_eigen(&jacobi, n).map_or_else(|| vec![0.0; n], |(values, _)| values);
    let middle = (n % 2 == 1).then_some(n / 2);
    starts
        .into_iter()
        .enumerate()
        .map(|(i, start)| {
            let mut t = if Some(i) == middle { 0.0 } else { start };
            for _ in 0..4 {
                let (last, before, _) = functions(n, t);
                // p_n' = √n p_{n−1}.
                t -= last / ((n as f64).sqrt() * before);
            }
            (t, -functions(n, t).2.ln())
        })
        .collect()
}

/// p_n and p_{n−1} times exp(−t²/4), and Σ_{k<n} of the squares, by the three-term recurrence
/// √(k+1) p_{k+1} = t p_k − √k p_{k−1}.
fn functions(n: usize, t: f64) -> (f64, f64, f64) {
    let (mut before, mut here) = (0.0, (-0.25 * t * t).exp());
    let mut sum = 0.0;
    for k in 0..n {
        sum += here * here;
        let next = (t * here - (k as f64).sqrt() * before) / (k as f64 + 1.0).sqrt();
        (before, here) = (here, next);
    }
    (here, before, sum)
}

#[cfg(test)]
mod tests {
    use super::hermite;

    /// Moments of the standard normal: 1, 0, 1, 0, 3, 0, 15, …
    #[test]
    fn moments() {
        for n in [1, 2, 5, 9, 25, 50] {
            let mut moment = 1.0;
            for degree in (0..(2 * n).min(20)).step_by(2) {
                if degree > 0 {
                    moment *= degree as f64 - 1.0;
                }
                let sum: f64 = hermite(n)
                    .iter()
                    .map(|(t, log)| (log - 0.5 * t * t).exp() * t.powi(degree as i32))
                    .sum();
                assert!((sum / moment - 1.0).abs() < 1e-12, "{n} {degree} {sum}");
            }
        }
    }

    /// Abramowitz and Stegun (1964), table 25.10: n = 5, in their scale x = t/√2 and w√π.
    #[test]
    fn published() {
        let rule = hermite(5);
        let (t, log) = rule[4];
        assert!((t / 2f64.sqrt() - 2.020182870456086).abs() < 1e-14);
        let w = (log - 0.5 * t * t).exp() * std::f64::consts::PI.sqrt();
        assert!((w - 0.01995324205905).abs() < 1e-14);
    }
}
