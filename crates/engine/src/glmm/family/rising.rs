//! The ratio of gamma functions that overdispersed counts are made of.

use super::Derivatives;
use crate::distributions::special::{ln_gamma, log1pmx, polygamma_excess, stirling_error};

/// Counts up to this are done by their product, which has no special function and no cancellation.
const PRODUCT_TO: f64 = 24.0;

/// S(r, y) = ln Γ(r + y) − ln Γ(r) − y ln r, with derivatives in ln r: the logarithm of
/// ∏ (1 + j/r) over j < y where y is whole.
///
/// It is small for large r, where the gamma functions are not: a negative binomial distribution
/// that nears Poisson's has S → 0. S is relatively accurate there, its derivatives to 1e-15.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// mpmath 1.4, with 80 digits.
    #[test]
    #[rustfmt::skip]
    fn values() {
        for (r, y, expected) in [
            (1e-08, 30.0, [605.4567805814031, -28.999999960383462, 3.961653765366278e-08, 3.961653733145499e-08]),
            (0.3, 30.0, [107.29727667632493, -27.930876142116233, 0.97006089966562, 0.8042630756427679]),
            (9.5, 30.0, [25.568687018166184, -16.074413972076226, 6.222056550603888, 0.8038378610985132]),
            (10.5, 40.0, [38.52361998477775, -23.105094315377592, 8.083987789390433, 1.5466246528880367]),
            (1000000.0, 400.0, [0.07978937542217134, -0.07977875296600545, 0.0797575122959825, -0.07971504367981339]),
            (1000000000000.0, 30.0, [4.349999999957225e-10, -4.34999999991445e-10, 4.3499999998289e-10, -4.3499999996578e-10]),
            (0.7, 2.5, [1.5162249404700734, -0.9467962885108261, 0.3440170081672011, 0.08729575503726791]),
            (50.0, 0.5, [-0.002499958338331816, 0.002499875024989383, -0.002499625124925695, 0.002498875624480002]),
            (0.001, 10.0, [74.97445318968938, -8.997172570318313, 0.00282589230377931, 0.0028228199345463594]),
            (100000000.0, 10.0, [4.499999857500007e-07, -4.49999971500002e-07, 4.4999994300000607e-07, -4.499998860000182e-07]),
        ] {
            let at = rising(r, y);
            assert_eq!(ln_rising(r, y), at.value);
            let found = [at.value, at.first, at.second, at.third];
            for order in 0..4 {
                let error = (found[order] - expected[order]).abs();
                let scale = expected[order].abs() + if r < 100.0 { 1e-2 * y } else { 1e-3 };
                assert!(error <= 1e-12 * scale, "{r} {y} {order}: {} not {}", found[order], expected[order]);
            }
        }
    }

    /// The product and the gamma functions are the same where one takes over from the other.
    #[test]
    fn product_and_functions_agree() {
        for r in [1e-6, 0.02, 0.7, 5.0, 9.9, 10.1, 300.0, 1e7] {
            for y in [23.0, 24.0] {
                let (product, functions) = (rising(r, y), rising(r, y + 1e-9));
                let scale = 1e-8 * (1.0 + y);
                assert!((product.value - functions.value).abs() < scale);
                assert!((product.first - functions.first).abs() < scale);
                assert!((product.second - functions.second).abs() < scale);
                assert!((product.third - functions.third).abs() < scale);
            }
        }
    }
}
