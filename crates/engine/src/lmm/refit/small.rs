//! Small dense matrices, in place and without allocation: a call into a library for blocked
//! arithmetic costs more than all of it.

/// The lower factor of a symmetric positive definite n × n matrix whose lower triangle is given by
/// rows, in place; whether there is one.
pub(super) fn factor(matrix: &mut [f64], n: usize) -> bool {
    for c in 0..n {
        let mut pivot = matrix[c * n + c];
        for b in 0..c {
            pivot -= matrix[c * n + b] * matrix[c * n + b];
        }
        if pivot.is_nan() || pivot <= 0.0 {
            return false;
        }
        let root = pivot.sqrt();
        matrix[c * n + c] = root;
        let inverse = 1.0 / root;
        for r in c + 1..n {
            let mut sum = matrix[r * n + c];
            for b in 0..c {
                sum -= matrix[r * n + b] * matrix[c * n + b];
            }
            matrix[r * n + c] = sum * inverse;
        }
    }
    true
}

/// L⁻¹x in place, for the first `size` rows of an n × n factor.
pub(super) fn forward(l: &[f64], n: usize, size: usize, x: &mut [f64]) {
    for i in 0..size {
        let mut sum = x[i];
        for j in 0..i {
            sum -= l[i * n + j] * x[j];
        }
        x[i] = sum / l[i * n + i];
    }
}

/// L⁻ᵀx in place, for the first `size` rows of an n × n factor.
pub(super) fn backward(l: &[f64], n: usize, size: usize, x: &mut [f64]) {
    for i in (0..size).rev() {
        let mut sum = x[i];
        for j in i + 1..size {
            sum -= l[j * n + i] * x[j];
        }
        x[i] = sum / l[i * n + i];
    }
}

/// The inverse of LL' for the first `size` rows of an n × n factor, both triangles by rows.
pub(super) fn inverse(l: &[f64], n: usize, size: usize, out: &mut [f64]) {
    for column in out.chunks_exact_mut(size).take(size).enumerate() {
        let (c, x) = column;
        x.fill(0.0);
        x[c] = 1.0;
        forward(l, n, size, x);
        backward(l, n, size, x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverse_of_a_leading_block() {
        // The leading 2 × 2 block of a 3 × 3 matrix.
        let mut l = vec![4.0, 0.0, 0.0, 2.0, 5.0, 0.0, 1.0, 1.0, 3.0];
        assert!(factor(&mut l, 3));
        let mut out = vec![0.0; 4];
        inverse(&l, 3, 2, &mut out);
        for (a, b) in out
            .iter()
            .zip([5.0 / 16.0, -2.0 / 16.0, -2.0 / 16.0, 4.0 / 16.0])
        {
            assert!((a - b).abs() < 1e-15, "{out:?}");
        }
        let mut indefinite = vec![1.0, 0.0, 2.0, 1.0];
        assert!(!factor(&mut indefinite, 2));
    }
}
