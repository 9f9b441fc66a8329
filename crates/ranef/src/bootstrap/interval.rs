//! Intervals from replicates (Davison and Hinkley 1997, chapter 5; Efron 1987 for BCa).

use ranef_engine::distributions::Normal;

use super::options::BootstrapInterval;

/// What an interval is made of.
pub(super) struct Ingredients<'a> {
    /// Finite values of the replicates, in increasing order.
    pub sorted: &'a [f64],
    pub estimate: f64,
    pub level: f64,
    /// The estimates without one group after another.
    pub left_out: &'a [f64],
    /// The least and the largest value there can be.
    pub range: (f64, f64),
}

/// The ends; `None` where the replicates give none.
pub(super) fn ends(kind: BootstrapInterval, of: &Ingredients<'_>) -> Option<(f64, f64)> {
    if of.sorted.len() < 2 {
        return None;
    }
    let tail = 0.5 * (1.0 - of.level);
    let (lower, upper) = match kind {
        BootstrapInterval::Percentile => {
            (quantile(of.sorted, tail), quantile(of.sorted, 1.0 - tail))
        }
        BootstrapInterval::Basic => (
            2.0 * of.estimate - quantile(of.sorted, 1.0 - tail),
            2.0 * of.estimate - quantile(of.sorted, tail),
        ),
        BootstrapInterval::Normal => {
            let (mean, sd) = mean_and_sd(of.sorted);
            let z = Normal::STANDARD.quantile(1.0 - tail);
            let centre = 2.0 * of.estimate - mean;
            (centre - z * sd, centre + z * sd)
        }
        BootstrapInterval::Bca => bca(of, tail)?,
    };
    let (least, most) = of.range;
    Some((lower.clamp(least, most), upper.clamp(least, most)))
}

/// Quantile p of R sorted numbers as R's package boot takes it: number (R + 1)p, and between two of
/// them by their normal scores.
pub(super) fn quantile(sorted: &[f64], p: f64) -> f64 {
    let n = sorted.len();
    let place = (n as f64 + 1.0) * p;
    // (R + 1)p of 999 and 0.025 is 25, but for rounding.
    let k = (place + 1e-9).floor();
    if k < 1.0 {
        return sorted[0];
    }
    if k >= n as f64 {
        return sorted[n - 1];
    }
    let at = k as usize;
    if (place - k).abs() < 1e-9 {
        return sorted[at - 1];
    }
    let z = |p: f64| Normal::STANDARD.quantile(p);
    let (low, high) = (z(k / (n as f64 + 1.0)), z((k + 1.0) / (n as f64 + 1.0)));
    let share = (z(p) - low) / (high - low);
    sorted[at - 1] + share * (sorted[at] - sorted[at - 1])
}

pub(super) fn mean_and_sd(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
    (mean, (square / (n - 1.0).max(1.0)).sqrt())
}

/// Bias correction from the share of replicates below the estimate (of those that equal it, half),
/// acceleration from the skewness of the estimates without one group.
fn bca(of: &Ingredients<'_>, tail: f64) -> Option<(f64, f64)> {
    let n = of.sorted.len() as f64;
    let below = of.sorted.partition_point(|&x| x < of.estimate) as f64;
    let up_to = of.sorted.partition_point(|&x| x <= of.estimate) as f64;
    let share = 0.5 * (below + up_to) / n;
    if share <= 0.0 || share >= 1.0 || of.left_out.len() < 3 {
        return None;
    }
    let bias = Normal::STANDARD.quantile(share);
    let (mean, _) = mean_and_sd(of.left_out);
    let (mut square, mut cube) = (0.0, 0.0);
    for x in of.left_out {
        let d = mean - x;
        square += d * d;
        cube += d * d * d;
    }
    let acceleration = if square > 0.0 {
        cube / (6.0 * square.powf(1.5))
    } else {
        0.0
    };
    let end = |p: f64| {
        let z = bias + Normal::STANDARD.quantile(p);
        let p = Normal::STANDARD.cdf(bias + z / (1.0 - acceleration * z));
        quantile(of.sorted, p)
    };
    Some((end(tail), end(1.0 - tail)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_package_boot() {
        // R: set.seed(1); b <- list(t0 = .1, t = matrix(sort(qexp(ppoints(99)))), R = 99)
        // boot:::norm.inter(qexp(ppoints(99)), c(.025, .5, .975))
        let values: Vec<f64> = (1..=99)
            .map(|i| -(1.0 - (f64::from(i) - 0.5) / 99.0).ln())
            .collect();
        let at = |p: f64| quantile(&values, p);
        assert_eq!(at(0.5), values[49]);
        // Between the 2nd and the 3rd by normal scores: z(.025) between z(.02) and z(.03).
        let z = |p: f64| Normal::STANDARD.quantile(p);
        let share = (z(0.025) - z(0.02)) / (z(0.03) - z(0.02));
        let expected = values[1] + share * (values[2] - values[1]);
        assert!((at(0.025) - expected).abs() < 1e-15);
        assert_eq!(at(0.001), values[0]);
        assert_eq!(at(0.999), values[98]);
    }

    #[test]
    fn without_bias_and_skewness_bca_is_percentile() {
        let values: Vec<f64> = (-50..=50).map(f64::from).collect();
        let of = Ingredients {
            sorted: &values,
            estimate: 0.0,
            level: 0.9,
            left_out: &[-1.0, 0.0, 1.0],
            range: (f64::NEG_INFINITY, f64::INFINITY),
        };
        let percentile = ends(BootstrapInterval::Percentile, &of).unwrap();
        let bca = ends(BootstrapInterval::Bca, &of).unwrap();
        assert!((percentile.0 - bca.0).abs() < 1e-9 && (percentile.1 - bca.1).abs() < 1e-9);
        let basic = ends(BootstrapInterval::Basic, &of).unwrap();
        assert!((basic.0 - percentile.0).abs() < 1e-9);
    }
}
