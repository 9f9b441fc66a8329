//! Small dense matrices by rows.

/// The inner product.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// The Euclidean length.
pub(super) fn length(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

/// Makes a vector orthogonal to those of an orthonormal frame; twice, for the digits.
pub(super) fn project_out(v: &mut [f64], frame: &[Vec<f64>]) {
    for direction in frame.iter().chain(frame) {
        let along = dot(v, direction);
        v.iter_mut()
            .zip(direction)
            .for_each(|(x, d)| *x -= along * d);
    }
}

/// A product of matrices by rows: n × m times m × k.
pub(super) fn multiply(a: &[f64], b: &[f64], n: usize, m: usize, k: usize) -> Vec<f64> {
    let mut out = vec![0.0; n * k];
    for i in 0..n {
        for l in 0..m {
            let x = a[i * m + l];
            if x != 0.0 {
                for j in 0..k {
                    out[i * k + j] += x * b[l * k + j];
                }
            }
        }
    }
    out
}

/// An orthonormal basis of the span of vectors.
pub(super) fn orthonormal(vectors: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut frame: Vec<Vec<f64>> = Vec::new();
    for vector in vectors {
        let mut v = vector.clone();
        let size = length(&v);
        project_out(&mut v, &frame);
        let left = length(&v);
        if left > 1e-9 * size {
            v.iter_mut().for_each(|x| *x /= left);
            frame.push(v);
        }
    }
    frame
}

/// Of the candidate columns of a matrix (p × n by rows) those that no earlier ones span.
pub(super) fn independent(matrix: &[f64], n: usize, p: usize, candidates: &[usize]) -> Vec<usize> {
    let mut frame: Vec<Vec<f64>> = Vec::new();
    let mut chosen = Vec::new();
    for &c in candidates {
        let mut v: Vec<f64> = (0..p).map(|i| matrix[i * n + c]).collect();
        let size = length(&v);
        project_out(&mut v, &frame);
        let left = length(&v);
        if left > 1e-8 * size && size > 0.0 {
            v.iter_mut().for_each(|x| *x /= left);
            frame.push(v);
            chosen.push(c);
        }
    }
    chosen
}

/// The inverse of a square matrix by rows, by elimination with row exchanges.
pub(super) fn invert(matrix: &[f64], n: usize) -> Option<Vec<f64>> {
    let mut a = matrix.to_vec();
    let mut out: Vec<f64> = (0..n * n)
        .map(|at| if at / n == at % n { 1.0 } else { 0.0 })
        .collect();
    for c in 0..n {
        let pivot = (c..n).max_by(|&x, &y| a[x * n + c].abs().total_cmp(&a[y * n + c].abs()))?;
        if a[pivot * n + c].abs() < 1e-12 {
            return None;
        }
        for j in 0..n {
            a.swap(c * n + j, pivot * n + j);
            out.swap(c * n + j, pivot * n + j);
        }
        let scale = 1.0 / a[c * n + c];
        for j in 0..n {
            a[c * n + j] *= scale;
            out[c * n + j] *= scale;
        }
        for r in (0..n).filter(|&r| r != c) {
            let factor = a[r * n + c];
            if factor == 0.0 {
                continue;
            }
            for j in 0..n {
                a[r * n + j] -= factor * a[c * n + j];
                out[r * n + j] -= factor * out[c * n + j];
            }
        }
    }
    Some(out)
}
