//! p-values of several tests or comparisons at once.

use ranef_engine::distributions::StudentizedRange;
use serde::{Deserialize, Serialize};

/// How p-values are adjusted for their number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Adjust {
    /// Not at all: each by itself.
    None,
    /// Each times their number: holds whatever the tests are.
    Bonferroni,
    /// Holm (1979): as Bonferroni, step by step from the smallest; never less powerful.
    #[default]
    Holm,
    /// 1 − (1 − p)ⁿ (Šidák 1967): exact for independent tests.
    Sidak,
    /// The expected share of false findings (Benjamini and Hochberg 1995).
    Fdr,
    /// Tukey's studentized range: for all pairwise comparisons of some means.
    Tukey,
}

/// A test to be adjusted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Single {
    /// t or z.
    pub statistic: f64,
    /// Degrees of freedom; `None` for z.
    pub df: Option<f64>,
    /// Its own p-value.
    pub p_value: Option<f64>,
}

impl Adjust {
    /// Adjusts p-values; missing ones stay missing and do not count. `means` is the number of means
    /// whose pairwise differences are tested; without it Tukey's adjustment is Šidák's, as in
    /// emmeans.
    pub(crate) fn apply(self, tests: &[Single], means: Option<usize>) -> Vec<Option<f64>> {
        let known: Vec<f64> = tests.iter().filter_map(|t| t.p_value).collect();
        let n = known.len() as f64;
        match self {
            Adjust::None => each(tests, |p| p),
            Adjust::Bonferroni => each(tests, |p| (n * p).min(1.0)),
            // 1 − (1 − p)ⁿ without cancellation.
            Adjust::Sidak => each(tests, |p| -(n * (-p).ln_1p()).exp_m1()),
            Adjust::Holm => {
                let mut largest = 0.0f64;
                stepwise(tests, false, |p, rank| {
                    largest = largest.max((n - rank as f64) * p).min(1.0);
                    largest
                })
            }
            Adjust::Fdr => {
                let mut least = 1.0f64;
                stepwise(tests, true, |p, rank| {
                    least = least.min(n / (rank as f64 + 1.0) * p);
                    least
                })
            }
            Adjust::Tukey => match means {
                None => Adjust::Sidak.apply(tests, None),
                Some(means) => tests
                    .iter()
                    .map(|test| {
                        let range =
                            StudentizedRange::new(means as f64, test.df.unwrap_or(f64::INFINITY));
                        test.p_value?;
                        let p = range.upper_tail(test.statistic.abs() * std::f64::consts::SQRT_2);
                        p.is_finite().then_some(p)
                    })
                    .collect(),
            },
        }
    }
}

impl Adjust {
    /// Whose rule it is, in words.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Adjust::None => "no rule",
            Adjust::Bonferroni => "Bonferroni's rule",
            Adjust::Holm => "Holm's rule",
            Adjust::Sidak => "Šidák's rule",
            Adjust::Fdr => "Benjamini and Hochberg's rule (false discovery rate)",
            Adjust::Tukey => "Tukey's rule for pairwise differences",
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Adjust::None => "none",
            Adjust::Bonferroni => "bonferroni",
            Adjust::Holm => "holm",
            Adjust::Sidak => "sidak",
            Adjust::Fdr => "fdr",
            Adjust::Tukey => "tukey",
        }
    }
}

fn each(tests: &[Single], adjust: impl Fn(f64) -> f64) -> Vec<Option<f64>> {
    tests.iter().map(|t| t.p_value.map(&adjust)).collect()
}

/// Goes through the p-values in order, each with its rank from zero; largest first where asked.
fn stepwise(
    tests: &[Single],
    largest_first: bool,
    mut adjust: impl FnMut(f64, usize) -> f64,
) -> Vec<Option<f64>> {
    let mut order: Vec<(usize, f64)> = tests
        .iter()
        .enumerate()
        .filter_map(|(i, t)| Some((i, t.p_value?)))
        .collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut ranked: Vec<(usize, (usize, f64))> = order.into_iter().enumerate().collect();
    if largest_first {
        ranked.reverse();
    }
    let mut out = vec![None; tests.len()];
    for (rank, (i, p)) in ranked {
        out[i] = Some(adjust(p, rank));
    }
    out
}

/// The number of means, where contrasts (rows of p numbers) are all of their pairwise differences,
/// each once and in either direction.
pub(crate) fn pairwise_means(contrasts: &[f64], p: usize) -> Option<usize> {
    let rows: Vec<&[f64]> = contrasts.chunks_exact(p.max(1)).collect();
    let n = rows.len();
    // n = k(k − 1)/2.
    let means = (2..=n + 1).find(|k| k * (k - 1) / 2 == n)?;
    let size = contrasts.iter().fold(0.0f64, |s, x| s.max(x.abs()));
    let same = |a: &[f64], b: &[f64], sign: f64| {
        a.iter()
            .zip(b)
            .all(|(x, y)| (x - sign * y).abs() < 1e-9 * size)
    };
    let found = |d: &[f64]| {
        rows.iter()
            .position(|row| same(d, row, 1.0) || same(d, row, -1.0))
    };
    // Differences from one mean, the hub, to every other: those whose own differences are there.
    let mut spokes: Vec<Vec<f64>> = vec![rows[0].to_vec()];
    let mut used = vec![false; n];
    used[0] = true;
    for row in &rows[1..] {
        for sign in [1.0, -1.0] {
            let candidate: Vec<f64> = row.iter().map(|x| sign * x).collect();
            let between: Option<Vec<usize>> = spokes
                .iter()
                .map(|spoke| {
                    let d: Vec<f64> = candidate.iter().zip(spoke).map(|(a, b)| a - b).collect();
                    found(&d)
                })
                .collect();
            if let (Some(between), Some(own)) = (between, found(&candidate)) {
                let fresh = !used[own] && between.iter().all(|&i| !used[i]);
                if fresh {
                    used[own] = true;
                    between.iter().for_each(|&i| used[i] = true);
                    spokes.push(candidate);
                    break;
                }
            }
        }
    }
    (spokes.len() + 1 == means && used.iter().all(|u| *u)).then_some(means)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adjusted(how: Adjust, p: &[f64]) -> Vec<f64> {
        let tests: Vec<Single> = p
            .iter()
            .map(|&p| Single {
                statistic: 0.0,
                df: None,
                p_value: Some(p),
            })
            .collect();
        how.apply(&tests, None).into_iter().flatten().collect()
    }

    fn near(a: &[f64], b: &[f64]) {
        assert_eq!(a.len(), b.len());
        for (x, y) in a.iter().zip(b) {
            assert!((x - y).abs() < 1e-12, "{a:?} {b:?}");
        }
    }

    #[test]
    fn as_in_r() {
        let p = [0.01, 0.04, 0.03, 0.005, 0.5];
        // p.adjust(p, …) of R 4.2.2.
        near(&adjusted(Adjust::Holm, &p), &[0.04, 0.09, 0.09, 0.025, 0.5]);
        near(&adjusted(Adjust::Fdr, &p), &[0.025, 0.05, 0.05, 0.025, 0.5]);
        near(
            &adjusted(Adjust::Bonferroni, &p),
            &[0.05, 0.2, 0.15, 0.025, 1.0],
        );
        near(
            &adjusted(Adjust::Sidak, &[0.01, 0.02]),
            &[1.0 - 0.99f64.powi(2), 1.0 - 0.98f64.powi(2)],
        );
    }

    #[test]
    fn pairwise_differences_are_recognised() {
        // Three means in treatment coding: b − a, c − a, c − b.
        assert_eq!(
            pairwise_means(&[0., 1., 0., 0., 0., 1., 0., -1., 1.], 3),
            Some(3)
        );
        // Four, in any order and direction, the hub found in the middle.
        let means = [
            [0.0, 0.0, 0.0],
            [1.0, 0.0, 0.0],
            [0.0, 1.0, 0.0],
            [0.0, 0.0, 1.0],
        ];
        let mut rows = Vec::new();
        for (i, j) in [(2, 1), (3, 2), (0, 1), (1, 3), (3, 0), (0, 2)] {
            rows.extend((0..3).map(|c| means[i][c] - means[j][c]));
        }
        assert_eq!(pairwise_means(&rows, 3), Some(4));
        // Three contrasts that are not.
        assert_eq!(
            pairwise_means(&[1., 0., 0., 0., 1., 0., 0., 0., 1.], 3),
            None
        );
        assert_eq!(pairwise_means(&[1., 0.], 2), Some(2));
    }
}
