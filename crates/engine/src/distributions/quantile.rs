//! Newton's method on the logarithm of a tail.

use super::normal::Normal;
use super::ratio::Ratio;
use super::tails::{Side, Tails};

/// A probability as one of its two complements, the one that is at most a half.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub side: Side,
    pub probability: f64,
}

impl Target {
    /// `p` below: `p` in (0, 1). `1 - p` is exact above a half.
    pub fn lower(p: f64) -> Self {
        if p <= 0.5 {
            Target {
                side: Side::Lower,
                probability: p,
            }
        } else {
            Target {
                side: Side::Upper,
                probability: 1.0 - p,
            }
        }
    }

    /// `q` above.
    pub fn upper(q: f64) -> Self {
        if q <= 0.5 {
            Target {
                side: Side::Upper,
                probability: q,
            }
        } else {
            Target {
                side: Side::Lower,
                probability: 1.0 - q,
            }
        }
    }
}

/// `ln f` at which the tail of `target` has its probability. `spread` is about the standard
/// deviation of `ln f`, `bound` limits the start on the right.
///
/// The density of `ln f` is log-concave, hence so are both tails (Prékopa 1973): Newton's method
/// on their logarithm, which is concave and monotone, overshoots at most once and then comes
/// closer from one side. A limit to the first strides keeps the overshoot where the tail still
/// fits a double.
pub(super) fn ln_ratio(
    target: Target,
    spread: f64,
    bound: f64,
    tails: impl Fn(Ratio) -> Tails,
) -> f64 {
    const MOST: usize = 200;
    let wanted = target.probability.ln();
    let z = Normal::STANDARD.upper_quantile(target.probability);
    let mut s = match target.side {
        Side::Lower => -z * spread,
        Side::Upper => (z * spread).min(bound),
    };
    // Newton squares the error: below this the next step would be lost in rounding.
    let close = (1e-9 * spread.min(1.0)).max(4.0 * f64::EPSILON);
    for _ in 0..MOST {
        let here = tails(Ratio::from_ln(s));
        let step = (wanted - here.ln_probability(target.side)) / here.ln_slope(target.side);
        let longest = 1.0 + s.abs();
        s += step.clamp(-longest, longest);
        if step.abs() <= close || step.is_nan() {
            break;
        }
    }
    s
}
