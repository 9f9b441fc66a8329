//! Singular values of graded matrices to high relative accuracy.
//!
//! V_j of a large cluster has one large eigenvalue and many small ones, and the square root that
//! CR2 needs is of a matrix with the squares of both. An eigenvalue routine that works on sums
//! loses the small ones in the rounding of the large; one-sided Jacobi rotations (Hestenes 1958;
//! Demmel and Veselić 1992, *SIAM Journal on Matrix Analysis* 13:1204) do not, as long as the
//! columns, scaled to equal length, are far from dependent.

/// Rotates the `m` columns of a matrix (each of `k` numbers, one after another) until they are
/// orthogonal; returns the product of the rotations, m × m by columns.
pub(super) fn orthogonalise(columns: &mut [f64], k: usize, m: usize) -> Vec<f64> {
    let mut product = vec![0.0; m * m];
    for i in 0..m {
        product[i * m + i] = 1.0;
    }
    for _ in 0..60 {
        let mut rotated = false;
        for j in 1..m {
            for i in 0..j {
                let (left, right) = columns.split_at_mut(j * k);
                let (a, b) = (&mut left[i * k..(i + 1) * k], &mut right[..k]);
                let (mut aa, mut bb, mut ab) = (0.0, 0.0, 0.0);
                for (x, y) in a.iter().zip(b.iter()) {
                    aa += x * x;
                    bb += y * y;
                    ab += x * y;
                }
                if ab == 0.0 || ab.abs() <= 4.0 * f64::EPSILON * (aa * bb).sqrt() {
                    continue;
                }
                rotated = true;
                let zeta = (bb - aa) / (2.0 * ab);
                let t = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
                let c = 1.0 / t.hypot(1.0);
                let s = c * t;
                rotate(a, b, c, s);
                let (left, right) = product.split_at_mut(j * m);
                rotate(&mut left[i * m..(i + 1) * m], &mut right[..m], c, s);
            }
        }
        if !rotated {
            break;
        }
    }
    product
}

fn rotate(a: &mut [f64], b: &mut [f64], c: f64, s: f64) {
    for (x, y) in a.iter_mut().zip(b) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}
