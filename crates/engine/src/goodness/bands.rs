//! Where the sorted numbers of a sample should lie: bands for quantile plots.
//!
//! The i-th of n sorted uniform numbers has the distribution Beta(i, n + 1 − i) whatever else
//! is known, so its quantiles bound each point of a quantile plot with a probability of its own
//! ("pointwise"). All points together leave such bands more often; *equal local levels* make every
//! point leave the band with the same small probability γ, chosen so that all of them stay within it
//! with the probability wanted (Berk and Jones 1979; Aldor-Noiman, Brown, Buja, Rolke and Stine 2013,
//! *The American Statistician* 67:249). Beside Kolmogorov's band these are narrow where it matters,
//! in the tails.

use crate::distributions::Beta;

/// Sizes of samples, and the local level γ at which all points stay within the band with
/// probability 0.95; by the recursion of the tests below, which checks them.
const LEVELS: [(f64, f64); 13] = [
    (1.0, 0.05),
    (2.0, 2.653307e-2),
    (5.0, 1.227132e-2),
    (10.0, 7.384950e-3),
    (20.0, 4.770656e-3),
    (50.0, 2.957757e-3),
    (100.0, 2.195269e-3),
    (200.0, 1.702842e-3),
    (500.0, 1.284252e-3),
    (1000.0, 1.071104e-3),
    (2000.0, 9.129259e-4),
    (5000.0, 7.589541e-4),
    (10_000.0, 6.707344e-4),
];

/// The bounds of the i-th of n sorted uniform numbers, i from 1: quantiles γ/2 and 1 − γ/2 of
/// Beta(i, n + 1 − i). For another distribution take its quantiles at them.
pub fn order_statistic_band(i: usize, n: usize, level: f64) -> (f64, f64) {
    let beta = Beta::new(i as f64, (n + 1 - i.min(n)) as f64);
    (beta.quantile(0.5 * level), beta.quantile(1.0 - 0.5 * level))
}

/// The local level γ for n numbers at which all of them stay within the band with probability
/// 0.95: exact at the sizes of a table from 1 to 10 000, interpolated on logarithmic scales between them,
/// and beyond proportional to 1/(ln ln n · ln n), its rate (Gontscharuk and Finner 2017,
/// *Stat. Probab. Lett.* 121:97).
pub fn simultaneous_level(n: usize) -> f64 {
    let n = (n as f64).max(1.0);
    let (largest, level) = LEVELS[LEVELS.len() - 1];
    if n >= largest {
        let rate = |n: f64| n.ln().ln() * n.ln();
        return level * rate(largest) / rate(n);
    }
    let above = LEVELS.partition_point(|(size, _)| *size <= n);
    let ((n0, g0), (n1, g1)) = (LEVELS[above - 1], LEVELS[above]);
    let share = (n / n0).ln() / (n1 / n0).ln();
    (g0.ln() + share * (g1 / g0).ln()).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distributions::Normal;

    /// The probability that all sorted uniform numbers stay within their bounds. Numbers come as a
    /// Poisson process that is known to have n points in the end; between two bounds the count
    /// grows by a Poisson number, at a bound counts that break it are dropped (Khmaladze and
    /// Shinjikashvili 2001, Adv. Appl. Prob. 33:524; Moscovich and Nadler 2017).
    fn coverage(n: usize, level: f64) -> f64 {
        let mut events: Vec<(f64, usize, bool)> = Vec::new();
        for i in 1..=n {
            let (lower, upper) = order_statistic_band(i, n, level);
            events.push((lower, i, true));
            events.push((upper, i, false));
        }
        events.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total = n as f64;
        let ln_factorials: Vec<f64> = (0..=n)
            .scan(0.0, |sum, k| {
                *sum += (k.max(1) as f64).ln();
                Some(*sum)
            })
            .collect();
        // Probabilities of the counts from `low` on.
        let (mut low, mut state, mut now) = (0usize, vec![1.0f64], 0.0);
        let grow = |low: usize, state: &[f64], step: f64| -> Vec<f64> {
            let mean = total * step;
            let most =
                (low + state.len() - 1 + 1 + (mean + 12.0 * mean.sqrt() + 25.0) as usize).min(n);
            let chance: Vec<f64> = (0..=most - low)
                .map(|k| match mean > 0.0 {
                    true => (k as f64 * mean.ln() - mean - ln_factorials[k]).exp(),
                    false => f64::from(u8::from(k == 0)),
                })
                .collect();
            let mut out = vec![0.0; most - low + 1];
            for (a, p) in state.iter().enumerate() {
                for (k, q) in chance.iter().enumerate() {
                    if a + k < out.len() {
                        out[a + k] += p * q;
                    }
                }
            }
            out
        };
        for (time, i, is_lower) in events {
            state = grow(low, &state, time - now);
            now = time;
            if is_lower {
                // Fewer than i before the lower bound of the i-th.
                state.truncate(i.saturating_sub(low));
            } else if i > low {
                // At least i at its upper bound.
                state.drain(..(i - low).min(state.len()));
                low = i;
            }
            // Counts that have no chance any more cost time only.
            while state.last().is_some_and(|p| *p < 1e-18) {
                state.pop();
            }
            if state.is_empty() {
                return 0.0;
            }
        }
        let state = grow(low, &state, 1.0 - now);
        let end = (total * total.ln() - total - ln_factorials[n]).exp();
        state.get(n - low).map_or(0.0, |p| p / end)
    }

    #[test]
    fn all_points_stay_within_with_the_probability_promised() {
        // The coverage of one point is one less its level.
        assert!((coverage(1, 0.05) - 0.95).abs() < 1e-12);
        for n in [1, 2, 5, 10, 13, 30, 75, 144, 180, 400] {
            let found = coverage(n, simultaneous_level(n));
            assert!((found - 0.95).abs() < 1e-3, "{n}: {found}");
        }
        // Pointwise bands do not.
        assert!(coverage(100, 0.05) < 0.6);
    }

    /// Minutes: the table itself.
    #[test]
    #[ignore = "finds the levels of the table anew, which takes minutes"]
    fn table() {
        for n in [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000] {
            let (mut low, mut high) = (1e-5f64, 0.06f64);
            while high / low > 1.0 + 1e-5 {
                let middle = (low * high).sqrt();
                if coverage(n, middle) > 0.95 {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            println!("    ({n}.0, {:.6e}),", low);
        }
    }

    #[test]
    fn bounds_of_one_number_as_in_r() {
        // R 4.2.2: qnorm(qbeta(c(.025, .975), i, n + 1 - i))
        let normal = Normal::STANDARD;
        for (n, i, lower, upper) in [
            (10, 1, -2.80337028342296, -0.50011484251657),
            (10, 5, -0.888685628541676, 0.636031097667226),
            (50, 3, -2.23990369572995, -1.09327004427838),
            (50, 25, -0.371122901452626, 0.320876622901019),
        ] {
            let (a, b) = order_statistic_band(i, n, 0.05);
            assert!((normal.quantile(a) - lower).abs() < 1e-10);
            assert!((normal.quantile(b) - upper).abs() < 1e-10);
        }
    }
}
