//! The double-exponential quadrature of a decaying factor.

/// The integral of `exp(exponent(u))` over `u` from 0 to infinity, for an `exponent` that starts
/// at 0 and falls without end, concave or with at most one change of pace, over distances of about
/// `scale`.
///
/// The substitution `u = scale · exp(v - exp(-v))` of Takahasi and Mori (1974, *Publ. RIMS* 9,
/// 721–741, eq. 4.4) makes the integrand fall off double-exponentially on the left and at least
/// as fast as the exponent on the right; the trapezoidal rule then converges like `exp(-c / h)`,
/// so halving the step squares the error. Hence the test: once two results agree to 1e-9 the finer
/// one has some 1e-16. As `v` is logarithmic in `u`, a shape with two length scales (a power law
/// that turns exponential) is resolved as well as one with a single scale.
pub(super) fn decaying_integral(scale: f64, exponent: impl Fn(f64) -> f64) -> f64 {
    const FINEST: usize = 6;
    let term = |v: f64| {
        let inner = (-v).exp();
        let u = scale * (v - inner).exp();
        let weight = u * (1.0 + inner);
        if weight == 0.0 {
            0.0
        } else {
            weight * exponent(u).exp()
        }
    };
    let mut step = 0.25;
    let mut sum = trapezoid(0.0, step, &term);
    for _ in 0..FINEST {
        let refined = sum + trapezoid(0.5 * step, step, &term);
        let change = (0.5 * refined - sum).abs();
        sum = refined;
        step *= 0.5;
        let agree = change <= 1e-9 * sum;
        if agree || sum.is_nan() {
            break;
        }
    }
    sum * step
}

/// The sum of `term` over `origin + k·step`, all integers `k`: outwards from the middle in both
/// directions, until nothing is added any more. `term` has one peak, so that the first negligible
/// term ends a direction.
fn trapezoid(origin: f64, step: f64, term: &impl Fn(f64) -> f64) -> f64 {
    const NEGLIGIBLE: f64 = 1e-18;
    let mut sum = term(origin);
    for direction in [1.0, -1.0] {
        let mut k = 1.0;
        let mut value = f64::INFINITY;
        while value > NEGLIGIBLE * sum {
            value = term(origin + direction * k * step);
            sum += value;
            k += 1.0;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::decaying_integral;

    fn assert_close(found: f64, expected: f64) {
        let error = (found / expected - 1.0).abs();
        assert!(error < 2e-15, "{found:e} for {expected:e}: {error:e}");
    }

    #[test]
    fn exponential_and_gaussian_decay() {
        assert_close(decaying_integral(1.0, |u| -u), 1.0);
        assert_close(
            decaying_integral(1.0, |u| -0.5 * u * u),
            0.5 * std::f64::consts::TAU.sqrt(),
        );
        assert_close(decaying_integral(1e-8, |u| -1e8 * u), 1e-8);
    }

    #[test]
    fn a_wrong_scale_costs_points_and_not_digits() {
        for scale in [0.01, 0.1, 10.0, 30.0] {
            assert_close(decaying_integral(scale, |u| -u), 1.0);
        }
    }

    #[test]
    fn two_scales() {
        // ∫ (1 + 1e6 u)^{-1/2} e^{-u} du = sqrt(π/1e6) e^{1e-6} erfc(1e-3), from mpmath 1.3.
        let found = decaying_integral(1.0, |u| -0.5 * (1e6 * u).ln_1p() - u);
        assert_close(found, TWO_SCALES);
    }

    const TWO_SCALES: f64 = 1.770_455_622_026_919e-3;
}
