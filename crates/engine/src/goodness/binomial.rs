//! The exact binomial test.

use crate::distributions::Beta;
use crate::distributions::special::ln_gamma;

/// The two-sided p-value of `successes` in `trials` under a probability: the sum over all outcomes
/// that are no more probable than the observed one (the rule of R's `binom.test`).
pub fn binomial_test(successes: usize, trials: usize, probability: f64) -> f64 {
    let valid = successes <= trials && probability > 0.0 && probability < 1.0;
    if !valid {
        return f64::NAN;
    }
    let n = trials as f64;
    let (ln_p, ln_q) = (probability.ln(), (-probability).ln_1p());
    let ln_mass = |k: usize| {
        let k = k as f64;
        ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0) + k * ln_p + (n - k) * ln_q
    };
    // P(X ≤ k) and P(X ≥ k).
    let lower = |k: usize| match k {
        k if k >= trials => 1.0,
        k => Beta::new(k as f64 + 1.0, n - k as f64).upper_tail(probability),
    };
    let upper = |k: usize| match k {
        0 => 1.0,
        k if k > trials => 0.0,
        k => Beta::new(k as f64, n - k as f64 + 1.0).cdf(probability),
    };
    // Rounding must not decide between outcomes of equal probability.
    let limit = ln_mass(successes) + 1e-7;
    let mean = n * probability;
    let p = if (successes as f64) < mean {
        // The mass falls above the mean: the first outcome there that is rare enough.
        let (mut low, mut high) = (mean.floor() as usize, trials + 1);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if ln_mass(middle) <= limit {
                high = middle;
            } else {
                low = middle;
            }
        }
        lower(successes) + upper(high)
    } else if successes as f64 == mean {
        1.0
    } else {
        // And it rises below: the last outcome there that is rare enough.
        let (mut below, mut above) = (0usize, mean.ceil() as usize + 1);
        // `below` counts outcomes that are rare enough.
        while above > below {
            let middle = below + (above - below) / 2;
            if middle <= trials && ln_mass(middle) <= limit && (middle as f64) < mean {
                below = middle + 1;
            } else {
                above = middle;
            }
        }
        upper(successes) + if below == 0 { 0.0 } else { lower(below - 1) }
    };
    p.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_in_r() {
        // R 4.2.2: binom.test(x, n, 2/251)$p.value
        let share = 2.0 / 251.0;
        for (x, n, want) in [
            (4, 154, 0.0355268249166341),
            (0, 154, 0.63917409125834),
            (1, 154, 1.0),
            (30, 5000, 0.130032300084542),
            (60, 5000, 0.00241757228616153),
        ] {
            let got = binomial_test(x, n, share);
            assert!((got - want).abs() < 1e-10, "{x} of {n}: {got} for {want}");
        }
    }

    #[test]
    fn by_adding_up_all_outcomes() {
        for n in [1usize, 2, 5, 12] {
            for p in [0.1f64, 0.5, 0.73] {
                let mass = |k: usize| {
                    let choose = (0..k).fold(1.0, |c, i| c * (n - i) as f64 / (i + 1) as f64);
                    choose * p.powi(k as i32) * (1.0 - p).powi((n - k) as i32)
                };
                for x in 0..=n {
                    let want: f64 = (0..=n)
                        .map(mass)
                        .filter(|m| *m <= mass(x) * (1.0 + 1e-7))
                        .sum();
                    let got = binomial_test(x, n, p);
                    assert!(
                        (got - want).abs() < 1e-12,
                        "{x} of {n} at {p}: {got} {want}"
                    );
                }
            }
        }
    }
}
