//! Matrix arithmetic on slices: small faces by rows, large blocks through faer.

use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, MatMut, MatRef, Par};

/// An element of a symmetric matrix of which the lower triangle is kept by rows.
#[inline(always)]
pub(crate) fn symmetric(own: &[f64], k: usize, i: usize, j: usize) -> f64 {
    if j <= i {
        own[i * k + j]
    } else {
        own[j * k + i]
    }
}

/// WAW'.
pub(crate) fn sandwich(w: &[f64], a: &[f64], k: usize) -> Vec<f64> {
    let mut half = vec![0.0; k * k];
    let mut out = vec![0.0; k * k];
    for i in 0..k {
        for j in 0..k {
            half[i * k + j] = (0..k).map(|m| w[i * k + m] * a[m * k + j]).sum();
        }
    }
    for i in 0..k {
        for j in 0..k {
            out[i * k + j] = (0..k).map(|m| half[i * k + m] * w[j * k + m]).sum();
        }
    }
    out
}

/// Inner product; `K` numbers where their count is known at compile time, else 0.
#[inline(always)]
pub(crate) fn dot<const K: usize>(a: &[f64], b: &[f64]) -> f64 {
    if K > 0 {
        (0..K).map(|i| a[i] * b[i]).sum()
    } else {
        a.iter().zip(b).map(|(x, y)| x * y).sum()
    }
}

/// Inner product of long vectors: eight sums side by side, which one sum in order cannot be.
pub(crate) fn long_dot(a: &[f64], b: &[f64]) -> f64 {
    const WIDTH: usize = 8;
    let (a_blocks, a_rest) = a.as_chunks::<WIDTH>();
    let (b_blocks, b_rest) = b.as_chunks::<WIDTH>();
    let mut sums = [0.0; WIDTH];
    for (x, y) in a_blocks.iter().zip(b_blocks) {
        for i in 0..WIDTH {
            sums[i] += x[i] * y[i];
        }
    }
    sums.iter().sum::<f64>() + dot::<0>(a_rest, b_rest)
}

/// Rows of k numbers times a k × k matrix.
pub(crate) fn multiply_rows(rows: &[f64], matrix: &[f64], k: usize) -> Vec<f64> {
    let mut out = vec![0.0; rows.len()];
    for (row, out) in rows.chunks_exact(k).zip(out.chunks_exact_mut(k)) {
        for (x, line) in row.iter().zip(matrix.chunks_exact(k)) {
            for (o, m) in out.iter_mut().zip(line) {
                *o += x * m;
            }
        }
    }
    out
}

/// The transpose of a k × k matrix.
pub(crate) fn transpose(matrix: &[f64], k: usize) -> Vec<f64> {
    (0..k * k).map(|i| matrix[(i % k) * k + i / k]).collect()
}

/// A product AB of square matrices by columns that is known to be symmetric.
pub(crate) fn symmetric_product(a: &[f64], b: &[f64], n: usize, inner: usize) -> Vec<f64> {
    let mut out = vec![0.0; n * n];
    if n * inner > 0 {
        triangular::matmul(
            MatMut::from_column_major_slice_mut(&mut out, n, n),
            BlockStructure::TriangularLower,
            Accum::Replace,
            MatRef::from_column_major_slice(&a[..n * inner], n, inner),
            BlockStructure::Rectangular,
            MatRef::from_column_major_slice(&b[..inner * n], inner, n),
            BlockStructure::Rectangular,
            1.0,
            Par::Seq,
        );
        mirror_lower(&mut out, n);
    }
    out
}

/// A dense product of matrices by columns, times a factor.
pub(crate) fn product(
    a: &[f64],
    b: &[f64],
    rows: usize,
    inner: usize,
    columns: usize,
    factor: f64,
) -> Vec<f64> {
    let mut out = vec![0.0; rows * columns];
    if rows * inner * columns > 0 {
        faer::linalg::matmul::matmul(
            MatMut::from_column_major_slice_mut(&mut out, rows, columns),
            Accum::Replace,
            MatRef::from_column_major_slice(&a[..rows * inner], rows, inner),
            MatRef::from_column_major_slice(&b[..inner * columns], inner, columns),
            factor,
            Par::Seq,
        );
    }
    out
}

/// Copies the lower triangle of a matrix by columns to its upper triangle.
pub(crate) fn mirror_lower(matrix: &mut [f64], n: usize) {
    const TILE: usize = 32;
    for c0 in (0..n).step_by(TILE) {
        for r0 in (c0..n).step_by(TILE) {
            for c in c0..(c0 + TILE).min(n) {
                for r in r0.max(c + 1)..(r0 + TILE).min(n) {
                    matrix[r * n + c] = matrix[c * n + r];
                }
            }
        }
    }
}

/// Multiplies k columns by the k × k matrix `l` (by rows) from the right, in the given rows.
#[inline]
pub(crate) fn scale_columns(
    columns: &mut [f64],
    l: &[f64],
    k: usize,
    height: usize,
    rows: std::ops::Range<usize>,
) {
    if k == 1 {
        columns[rows].iter_mut().for_each(|x| *x *= l[0]);
        return;
    }
    let mut row_values = vec![0.0; k];
    for row in rows {
        for (c, value) in row_values.iter_mut().enumerate() {
            *value = (0..k)
                .map(|b| columns[b * height + row] * l[b * k + c])
                .sum();
        }
        for (c, value) in row_values.iter().enumerate() {
            columns[c * height + row] = *value;
        }
    }
}

/// The largest |element| of the inverse of a lower triangular matrix by rows; infinite where
/// there is none.
pub(crate) fn largest_inverse(l: &[f64], k: usize) -> f64 {
    let mut largest = 0.0f64;
    let mut column = vec![0.0; k];
    for c in 0..k {
        for i in c..k {
            let unit = if i == c { 1.0 } else { 0.0 };
            let taken: f64 = (c..i).map(|b| l[i * k + b] * column[b]).sum();
            column[i] = (unit - taken) / l[i * k + i];
            // Zero over zero is no reason to divide either.
            largest = largest.max(column[i].abs());
            if column[i].is_nan() {
                return f64::INFINITY;
            }
        }
    }
    largest
}

/// Λ' times k numbers in place, Λ lower triangular by rows.
#[inline]
pub(crate) fn transpose_multiply(values: &mut [f64], l: &[f64], k: usize) {
    for i in 0..k {
        values[i] = (i..k).map(|m| l[m * k + i] * values[m]).sum();
    }
}
