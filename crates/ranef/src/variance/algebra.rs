//! Small dense systems.

/// Solves a·x = b in place by elimination with row pivots (a is n × n by rows, b holds `columns`
/// right sides by rows); `None` where a is singular.
pub(crate) fn solve(a: &mut [f64], b: &mut [f64], columns: usize) -> Option<()> {
    let n = b.len() / columns.max(1);
    for c in 0..n {
        let size = |i: &usize| a[i * n + c].abs();
        let pivot = (c..n).max_by(|i, j| size(i).total_cmp(&size(j)))?;
        if a[pivot * n + c] == 0.0 || !a[pivot * n + c].is_finite() {
            return None;
        }
        for j in 0..n {
            a.swap(c * n + j, pivot * n + j);
        }
        for j in 0..columns {
            b.swap(c * columns + j, pivot * columns + j);
        }
        for i in c + 1..n {
            let factor = a[i * n + c] / a[c * n + c];
            for j in c..n {
                a[i * n + j] -= factor * a[c * n + j];
            }
            for j in 0..columns {
                b[i * columns + j] -= factor * b[c * columns + j];
            }
        }
    }
    for i in (0..n).rev() {
        for j in 0..columns {
            let taken: f64 = (i + 1..n).map(|m| a[i * n + m] * b[m * columns + j]).sum();
            b[i * columns + j] = (b[i * columns + j] - taken) / a[i * n + i];
        }
    }
    Some(())
}

/// The inverse of a symmetric positive definite matrix, scaled to a unit diagonal on the way.
pub(crate) fn inverse(matrix: &[f64], n: usize) -> Option<Vec<f64>> {
    let scale: Vec<f64> = (0..n).map(|i| matrix[i * n + i].sqrt()).collect();
    if scale.iter().any(|s| s.is_nan() || *s <= 0.0) {
        return None;
    }
    let mut a: Vec<f64> = (0..n * n)
        .map(|at| matrix[at] / scale[at / n] / scale[at % n])
        .collect();
    let mut b: Vec<f64> = (0..n * n)
        .map(|at| f64::from(u8::from(at / n == at % n)))
        .collect();
    solve(&mut a, &mut b, n)?;
    Some(
        (0..n * n)
            .map(|at| b[at] / scale[at / n] / scale[at % n])
            .collect(),
    )
}

/// The logarithm of the determinant of a matrix with a positive one, such as I + Λ'AΛ, of which
/// nothing is left.
pub(crate) fn log_det(a: &mut [f64], n: usize) -> f64 {
    let mut sum = 0.0;
    for c in 0..n {
        let pivot = a[c * n + c];
        sum += pivot.ln();
        for i in c + 1..n {
            let factor = a[i * n + c] / pivot;
            for j in c..n {
                a[i * n + j] -= factor * a[c * n + j];
            }
        }
    }
    sum
}

/// tr(AB) of symmetric matrices.
pub(crate) fn trace(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
