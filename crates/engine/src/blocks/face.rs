//! The small matrices of one face: what eliminating a single level means.
//!
//! With S = Z_j'V⁻¹Z_j for the effects eliminated so far and Λ the relative factor of the face,
//! M = Λ'SΛ + I = LL' and W = ΛL⁻ᵀ. Then WW' = Λ(Λ'SΛ + I)⁻¹Λ' is the conditional covariance of
//! the face's effects relative to σ², log|M| its share of log|V|, and S_rr' − (S_rj W)(S_r'j W)'
//! the crossproducts of the rest after elimination (Woodbury). Nothing divides by Λ, so
//! singular covariances need no special case.
//!
//! The arithmetic is written once for numbers and once more for lanes of eight numbers by the
//! [`Scalar`] trait. `K` is the width of the face where it is known at compile time, else 0.

use std::ops::{Add, AddAssign, Mul, MulAssign, Sub, SubAssign};

/// A number, or several in lanes.
pub(crate) trait Scalar:
    Copy
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
{
    /// The same number in every lane.
    fn splat(x: f64) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// One over it.
    fn reciprocal(self) -> Self;
}

impl Scalar for f64 {
    #[inline(always)]
    fn splat(x: f64) -> Self {
        x
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }
    #[inline(always)]
    fn reciprocal(self) -> Self {
        1.0 / self
    }
}

/// Scratch for the small matrices of one face.
pub(crate) struct FaceScratch<S> {
    product: Vec<S>,
    factor: Vec<S>,
}

impl<S: Scalar> FaceScratch<S> {
    /// For faces of up to `width` columns.
    pub fn new(width: usize) -> Self {
        let zero = S::splat(0.0);
        Self {
            product: vec![zero; width * width],
            factor: vec![zero; width * width],
        }
    }
}

/// Writes W (by rows) for a face with crossproducts `own` (lower triangle by rows) and returns
/// |M|, the product of the pivots.
#[inline(always)]
pub(crate) fn conditional_factor<const K: usize, S: Scalar>(
    width: usize,
    own: &[S],
    lambda: &[f64],
    scratch: &mut FaceScratch<S>,
    w: &mut [S],
) -> S {
    let k = if K > 0 { K } else { width };
    let zero = S::splat(0.0);
    let (al, m) = (&mut scratch.product[..k * k], &mut scratch.factor[..k * k]);
    for i in 0..k {
        for c in 0..k {
            let mut sum = zero;
            for b in c..k {
                let a = if b <= i {
                    own[i * k + b]
                } else {
                    own[b * k + i]
                };
                sum += a * S::splat(lambda[b * k + c]);
            }
            al[i * k + c] = sum;
        }
    }
    for i in 0..k {
        for c in 0..=i {
            let mut sum = if i == c { S::splat(1.0) } else { zero };
            for b in i..k {
                sum += S::splat(lambda[b * k + i]) * al[b * k + c];
            }
            m[i * k + c] = sum;
        }
    }
    // Cholesky with the reciprocal diagonal stored in place of the diagonal.
    let mut determinant = S::splat(1.0);
    for c in 0..k {
        let mut pivot = m[c * k + c];
        for b in 0..c {
            pivot -= m[c * k + b] * m[c * k + b];
        }
        determinant *= pivot;
        let inverse = pivot.sqrt().reciprocal();
        m[c * k + c] = inverse;
        for i in c + 1..k {
            let mut sum = m[i * k + c];
            for b in 0..c {
                sum -= m[i * k + b] * m[c * k + b];
            }
            m[i * k + c] = sum * inverse;
        }
    }
    for i in 0..k {
        for c in 0..k {
            let mut sum = S::splat(lambda[i * k + c]);
            for b in 0..c {
                sum -= w[i * k + b] * m[c * k + b];
            }
            w[i * k + c] = sum * m[c * k + c];
        }
    }
    determinant
}

/// Writes SW (by rows): `out[i][c] = Σ_b S[i][b] W[b][c]`.
#[inline(always)]
pub(crate) fn times_own<const K: usize, S: Scalar>(
    width: usize,
    own: &[S],
    w: &[S],
    out: &mut [S],
) {
    let k = if K > 0 { K } else { width };
    for i in 0..k {
        for c in 0..k {
            let mut sum = S::splat(0.0);
            for b in 0..k {
                let a = if b <= i {
                    own[i * k + b]
                } else {
                    own[b * k + i]
                };
                sum += a * w[b * k + c];
            }
            out[i * k + c] = sum;
        }
    }
}

/// Writes K_j = S − (SW)(SW)', the crossproducts of a face after its own elimination, both
/// triangles.
#[inline(always)]
pub(crate) fn remaining<const K: usize, S: Scalar>(
    width: usize,
    own: &[S],
    sw: &[S],
    out: &mut [S],
) {
    let k = if K > 0 { K } else { width };
    for i in 0..k {
        for c in 0..=i {
            let mut sum = own[i * k + c];
            for b in 0..k {
                sum -= sw[i * k + b] * sw[c * k + b];
            }
            out[i * k + c] = sum;
            out[c * k + i] = sum;
        }
    }
}
