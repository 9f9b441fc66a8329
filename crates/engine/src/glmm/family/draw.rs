//! Random numbers of the distributions that families are made of: exact samplers, few lines each.
//!
//! Counts are drawn by splitting: a large Poisson or binomial problem is cut in two at an order
//! statistic, a gamma or beta number (Ahrens and Dieter 1974, *Computing* 12, 223–246), until what is
//! left is small enough to be counted out. That is exact, takes a number of steps that grows with
//! the logarithm, and has no table of constants.

use crate::distributions::special::{logistic, softplus};
use crate::random::Stream;

/// A gamma number of this shape and scale 1, at least 1 in shape (Marsaglia and Tsang 2000, *ACM
/// TOMS* 26, 363–372).
fn gamma_of_one_or_more(shape: f64, stream: &mut Stream) -> f64 {
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = stream.normal();
        let v = 1.0 + c * x;
        if v <= 0.0 {
            continue;
        }
        let cube = v * v * v;
        if stream.uniform().ln() < 0.5 * x * x + d * (1.0 - cube + cube.ln()) {
            return d * cube;
        }
    }
}

/// The logarithm of a gamma number of this shape and scale 1: below shape 0.01 the number itself
/// may underflow.
pub(super) fn ln_gamma_number(shape: f64, stream: &mut Stream) -> f64 {
    if shape >= 1.0 {
        gamma_of_one_or_more(shape, stream).ln()
    } else {
        // G(a) = G(a + 1) U^{1/a}.
        let power = stream.uniform().ln() / shape;
        gamma_of_one_or_more(shape + 1.0, stream).ln() + power
    }
}

/// A gamma number of this shape and scale 1.
pub(crate) fn gamma(shape: f64, stream: &mut Stream) -> f64 {
    if shape >= 1.0 {
        gamma_of_one_or_more(shape, stream)
    } else {
        ln_gamma_number(shape, stream).exp()
    }
}

/// A beta number and what it lacks of 1.
pub(super) fn beta(a: f64, b: f64, stream: &mut Stream) -> (f64, f64) {
    let (x, y) = (ln_gamma_number(a, stream), ln_gamma_number(b, stream));
    let logit = x - y;
    (logistic(logit), logistic(-logit))
}

/// A Poisson number. NaN for a mean that is not a finite number from 0.
pub(super) fn poisson(mean: f64, stream: &mut Stream) -> f64 {
    if !mean.is_finite() || mean < 0.0 {
        return f64::NAN;
    }
    let (mut rest, mut count) = (mean, 0.0);
    while rest > 12.0 {
        // The time of the m-th event.
        let m = (0.875 * rest).floor();
        let time = gamma(m, stream);
        if time > rest {
            // m − 1 events before it, evenly spread.
            return count + binomial(m - 1.0, rest / time, stream);
        }
        count += m;
        rest -= time;
    }
    let limit = (-rest).exp();
    let mut product = stream.uniform();
    while product > limit {
        count += 1.0;
        product *= stream.uniform();
    }
    count
}

/// A binomial number; trials that are not whole are rounded. NaN for a probability that is none.
pub(super) fn binomial(trials: f64, p: f64, stream: &mut Stream) -> f64 {
    if !(0.0..=1.0).contains(&p) || !trials.is_finite() {
        return f64::NAN;
    }
    let (mut n, mut p, mut count) = (trials.round(), p, 0.0);
    while n > 16.0 {
        if p == 0.0 {
            return count;
        }
        // The a-th smallest of n uniform numbers.
        let a = (0.5 * n).floor() + 1.0;
        let (x, above) = beta(a, n + 1.0 - a, stream);
        if x >= p {
            n = a - 1.0;
            p /= x;
        } else {
            count += a;
            n -= a;
            p = ((p - x) / above).clamp(0.0, 1.0);
        }
    }
    let mut trial = 0.0;
    while trial < n {
        trial += 1.0;
        if stream.uniform() < p {
            count += 1.0;
        }
    }
    count
}

/// A number of the logarithmic series distribution, P(n) ∝ pⁿ/n from 1, with p given by its logit
/// (Kemp 1981, *Applied Statistics* 30, 249–253, algorithm LK).
pub(super) fn logarithmic(logit: f64, stream: &mut Stream) -> f64 {
    let v = stream.uniform();
    if v >= logistic(logit) {
        return 1.0;
    }
    // A geometric number with q = 1 − (1 − p)^u.
    let q = -(-softplus(logit) * stream.uniform()).exp_m1();
    if v > q {
        1.0
    } else if v > q * q {
        2.0
    } else {
        (1.0 + v.ln() / q.ln()).floor()
    }
}
