//! Sorted numbers against those that a distribution would give, with bands: the data of quantile
//! plots.
//!
//! The bands are of equal local levels (`ranef_engine::goodness::simultaneous_level`; Aldor-Noiman,
//! Brown, Buja, Rolke and Stine 2013): if the numbers are independent and from the distribution, all
//! of them lie within with probability 0.95. Residuals and random effects lean on estimates that were
//! made of them, which makes the bands a little too wide for them rather than too narrow.

use ranef_engine::distributions::Normal;
use ranef_engine::goodness::{normal_scores, order_statistic_band, simultaneous_level};
use serde::Serialize;

/// Points of a quantile plot at most: more than an eye can tell apart.
const POINTS: usize = 300;
/// Of these, from each end without a gap: tails are what one looks at.
const ENDS: usize = 40;

/// The data of a quantile plot.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QuantilePlot {
    /// `normal`, or `uniform` for simulated residuals.
    pub distribution: &'static str,
    /// `Residual`, `Simulated`, or the grouping factor.
    pub group: String,
    /// The random effect; `None` for residuals.
    pub term: Option<String>,
    /// How many numbers there are.
    pub n: usize,
    /// How many of them lie outside the band, of those that are shown.
    pub outside: usize,
    /// The sorted numbers; of many an even selection with both ends.
    pub points: Vec<QuantilePoint>,
}

/// A number and where it should lie.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QuantilePoint {
    /// Which it is: the number of the row, or the level.
    pub name: String,
    /// Its place from 1.
    pub rank: usize,
    /// Where a number of this rank should lie: Blom's score Φ⁻¹((i − 3/8)/(n + 1/4)); of simulated
    /// residuals (i − ½)/n, drawn towards ½ as leverages make expect.
    pub expected: f64,
    /// The number.
    pub observed: f64,
    /// Lower end of the band that holds all numbers with probability 0.95.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

impl QuantilePoint {
    /// Whether it lies outside the band.
    pub fn is_outside(&self) -> bool {
        self.observed < self.lower || self.observed > self.upper
    }
}

impl QuantilePlot {
    /// Of numbers that should be standard normal.
    pub(super) fn normal(
        group: &str,
        term: Option<&str>,
        values: &[f64],
        name: impl Fn(usize) -> String,
    ) -> Self {
        let scores = match values.len() {
            0 => Vec::new(),
            n => normal_scores(n),
        };
        let mut out = Self::of(
            values,
            &name,
            |i| scores[i - 1],
            |u| Normal::STANDARD.quantile(u),
        );
        (out.distribution, out.group) = ("normal", group.to_owned());
        out.term = term.map(str::to_owned);
        out
    }

    /// Of numbers from 0 to 1 whose distribution function is known at evenly spaced places, 0 and 1
    /// among them.
    pub(super) fn unit(
        group: &str,
        values: &[f64],
        distribution: &[f64],
        name: impl Fn(usize) -> String,
    ) -> Self {
        let n = values.len() as f64;
        let quantile = |p: f64| inverse(distribution, p);
        let expected = |i: usize| quantile((i as f64 - 0.5) / n);
        let mut out = Self::of(values, &name, expected, quantile);
        (out.distribution, out.group) = ("uniform", group.to_owned());
        out
    }

    fn of(
        values: &[f64],
        name: &dyn Fn(usize) -> String,
        expected: impl Fn(usize) -> f64,
        quantile: impl Fn(f64) -> f64,
    ) -> Self {
        let n = values.len();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]).then(a.cmp(&b)));
        let level = simultaneous_level(n);
        let points: Vec<QuantilePoint> = selection(n, &expected)
            .into_iter()
            .map(|rank| {
                let (low, high) = order_statistic_band(rank, n, level);
                QuantilePoint {
                    name: name(order[rank - 1]),
                    rank,
                    expected: expected(rank),
                    observed: values[order[rank - 1]],
                    lower: quantile(low),
                    upper: quantile(high),
                }
            })
            .collect();
        Self {
            distribution: "normal",
            group: String::new(),
            term: None,
            n,
            outside: points.iter().filter(|p| p.is_outside()).count(),
            points,
        }
    }
}

/// Where a distribution function on 0 to 1 reaches p, between its places by a line.
pub(super) fn inverse(distribution: &[f64], p: f64) -> f64 {
    let steps = distribution.len().saturating_sub(1);
    let above = distribution
        .partition_point(|f| *f < p)
        .clamp(1, steps.max(1));
    let (Some(low), Some(high)) = (distribution.get(above - 1), distribution.get(above)) else {
        return p;
    };
    let share = match high > low {
        true => ((p - low) / (high - low)).clamp(0.0, 1.0),
        false => 1.0,
    };
    (above as f64 - 1.0 + share) / steps as f64
}

/// Ranks from 1: all, or both ends and between them those evenly spaced along the axis.
fn selection(n: usize, expected: &dyn Fn(usize) -> f64) -> Vec<usize> {
    if n <= POINTS {
        return (1..=n).collect();
    }
    let mut out: Vec<usize> = (1..=ENDS).collect();
    let (from, to) = (expected(ENDS), expected(n + 1 - ENDS));
    let between = POINTS - 2 * ENDS;
    let mut rank = ENDS + 1;
    for step in 1..=between {
        let place = from + (to - from) * step as f64 / (between + 1) as f64;
        // Expected places rise with rank: halve what is left.
        let (mut low, mut high) = (rank, n + 1 - ENDS);
        while low < high {
            let middle = low + (high - low) / 2;
            if expected(middle) < place {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if low > n - ENDS {
            break;
        }
        out.push(low);
        rank = low + 1;
    }
    out.extend(n + 1 - ENDS..=n);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_kept_without_a_gap() {
        let n = 100_000;
        let values: Vec<f64> = (0..n)
            .map(|i| (((i * 7919) % n) as f64 + 0.5) / n as f64)
            .collect();
        let plot = QuantilePlot::unit("Simulated", &values, &[0.0, 0.5, 1.0], |i| i.to_string());
        assert!(plot.points.len() <= POINTS && plot.points.len() > POINTS / 2);
        assert_eq!(plot.points[9].rank, 10);
        assert_eq!(plot.points[plot.points.len() - 1].rank, n);
        assert!(plot.points.windows(2).all(|w| w[0].rank < w[1].rank));
        assert_eq!(plot.outside, 0);
        let wide: Vec<f64> = values.iter().map(|u| 0.5 + 0.9 * (u - 0.5)).collect();
        let even = [0.0, 0.5, 1.0];
        assert!(QuantilePlot::unit("", &wide, &even, |_| String::new()).outside > 100);
        // The same where they are expected from 0.05 to 0.95.
        let narrow: Vec<f64> = (0..=20)
            .map(|k| ((f64::from(k) / 20.0 - 0.05) / 0.9).clamp(0.0, 1.0))
            .collect();
        assert_eq!(
            QuantilePlot::unit("", &wide, &narrow, |_| String::new()).outside,
            0
        );
    }

    #[test]
    fn scores_and_bands_of_a_small_sample() {
        let plot = QuantilePlot::normal("Residual", None, &[0.3, -1.0, 1.4], |i| i.to_string());
        let names: Vec<&str> = plot.points.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["1", "0", "2"]);
        // Blom: qnorm((1 - 3/8)/(3 + 1/4))
        assert!((plot.points[0].expected + 0.869_423_773_288_586_4).abs() < 1e-9);
        assert!(plot.points.iter().all(|p| !p.is_outside()));
        assert!(
            QuantilePlot::normal("", None, &[], |_| String::new())
                .points
                .is_empty()
        );
    }
}
