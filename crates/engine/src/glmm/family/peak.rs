//! The largest log-density that any linear predictor gives, where no formula says.

use super::Derivatives;

/// The supremum of a function with a single peak (or none, rising towards one end): Newton's
/// method between the points that are known to lie on either side of it.
pub(super) fn peak(start: f64, at: impl Fn(f64) -> Derivatives) -> f64 {
    let (mut below, mut above) = (f64::NEG_INFINITY, f64::INFINITY);
    let mut x = if start.is_finite() { start } else { 0.0 };
    let mut best = f64::NEG_INFINITY;
    let mut reach = 1.0;
    for _ in 0..100 {
        let here = at(x);
        best = best.max(here.value);
        if here.first == 0.0 || !here.first.is_finite() {
            break;
        }
        if here.first > 0.0 {
            below = x;
        } else {
            above = x;
        }
        let newton = -here.first / here.second;
        let mut next = x + newton;
        if here.second >= 0.0 || newton.abs() > reach || next <= below || next >= above {
            next = if below.is_finite() && above.is_finite() {
                0.5 * (below + above)
            } else {
                reach *= 2.0;
                x + reach.copysign(here.first)
            };
        }
        if (next - x).abs() <= 1e-12 * (1.0 + x.abs()) || next.abs() > 600.0 {
            break;
        }
        x = next;
    }
    best
}
