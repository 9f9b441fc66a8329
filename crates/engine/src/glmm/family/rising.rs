//! The ratio of gamma functions that overdispersed counts are made of.

use super::Derivatives;
use crate::distributions::special::{ln_gamma, log1pmx, polygamma_excess, stirling_error};

/// Counts up to this are done by their product, which has no special function and no cancellation.
const PRODUCT_TO: f64 = 24.0;

/// S(r, y) = ln Γ(r + y) − ln Γ(r) − y ln r, with derivatives in ln r: the logarithm of
/// ∏ (1 + j/r) over j < y where y is whole.
///
/// It is small for large r, where the gamma functions are not: a negative binomial distribution
/// that nears Poisson's has S → 0, and all digits of it are right.
pub(super) fn rising(r: f64, y: f64) -> Derivatives {
    if y == 0.0 {
        return Derivatives::default();
    }
    if y <= PRODUCT_TO && y.fract() == 0.0 {
        let mut sum = Derivatives::default();
        let mut j = 1.0;
        while j < y {
            // d/d ln r of ln(r + j) is t.
            let inverse = 1.0 / (r + j);
            let (t, u) = (r * inverse, j * inverse);
            let tu = t * u;
            sum.value += (j / r).ln_1p();
            sum.first -= u;
            sum.second += tu;
            sum.third += tu * (u - t);
            j += 1.0;
        }
        return sum;
    }
    let value = ln_rising(r, y);
    // Below this the derivatives are at their limits, and powers of r would underflow.
    let r = r.max(1e-100);
    let near = polygamma_excess(r);
    let far = polygamma_excess(r + y);
    let sum = r + y;
    let first = r * log1pmx(y / r) + r * (far[0] - near[0]);
    // r² S'' and r³ S''', derivatives in r.
    let second = y * y / sum + r * r * (far[1] - near[1]);
    let third = r * r * r * (far[2] - near[2]) - y * y * (3.0 * r + 2.0 * y) / (sum * sum);
    Derivatives::new(value, first, first + second, first + 3.0 * second + third)
}

/// S(r, y) alone.
pub(super) fn ln_rising(r: f64, y: f64) -> f64 {
    if y == 0.0 {
        0.0
    } else if y <= PRODUCT_TO && y.fract() == 0.0 {
        let (mut sum, mut j) = (0.0, 1.0);
        while j < y {
            sum += (j / r).ln_1p();
            j += 1.0;
        }
        sum
    } else if r < 10.0 {
        ln_gamma(r + y) - ln_gamma(r) - y * r.ln()
    } else {
        let ratio = y / r;
        r * log1pmx(ratio) + (y - 0.5) * ratio.ln_1p() + stirling_error(r + y) - stirling_error(r)
    }
}
