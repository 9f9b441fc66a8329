//! Matrix arithmetic on slices: small faces by rows, large blocks through faer.

use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, MatMut, MatRef, Par};

use super::root::mirror_lower;

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
