//! Are numbers normal? Shapiro and Wilk's test up to 5000 of them, Anderson and Darling's beyond,
//! and the shape that says how far off they are.

use super::Test;
use crate::distributions::Normal;

/// Skewness and kurtosis of a sample, by moments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// m₃/m₂^(3/2): 0 for symmetric distributions.
    pub skewness: f64,
    /// m₄/m₂² − 3: 0 for the normal distribution, positive for heavy tails.
    pub excess_kurtosis: f64,
}

/// The shape of a sample; zeros for one without spread.
pub fn shape(values: &[f64]) -> Shape {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let moment = |power: i32| values.iter().map(|x| (x - mean).powi(power)).sum::<f64>() / n;
    let spread = moment(2);
    if spread > 0.0 {
        Shape {
            skewness: moment(3) / spread.powf(1.5),
            excess_kurtosis: moment(4) / (spread * spread) - 3.0,
        }
    } else {
        Shape {
            skewness: 0.0,
            excess_kurtosis: 0.0,
        }
    }
}

/// Expected places of n sorted standard normal numbers, Φ⁻¹((i − 3/8)/(n + 1/4)) (Blom 1958):
/// against these a sorted sample is a straight line if it is normal.
pub fn normal_scores(n: usize) -> Vec<f64> {
    (1..=n)
        .map(|i| Normal::STANDARD.quantile((i as f64 - 0.375) / (n as f64 + 0.25)))
        .collect()
}

/// Shapiro and Wilk's W with the p-value of Royston (1995, Applied Statistics 44:547, AS R94), of
/// numbers sorted in increasing order. `None` for fewer than 3, more than 5000, or no spread.
pub fn shapiro_wilk(sorted: &[f64]) -> Option<Test> {
    let n = sorted.len();
    if !(3..=5000).contains(&n) || sorted.windows(2).any(|w| w[1] < w[0]) {
        return None;
    }
    let range = sorted[n - 1] - sorted[0];
    if !(range > 0.0 && range.is_finite()) {
        return None;
    }
    let weights = shapiro_weights(n);
    let mean = sorted.iter().map(|x| x / range).sum::<f64>() / n as f64;
    let (mut total, mut linear) = (0.0, 0.0);
    for (a, x) in weights.iter().zip(sorted) {
        let x = x / range - mean;
        total += x * x;
        linear += a * x;
    }
    // 1 − W without cancellation: the part of the numbers that the weights do not explain.
    let slope = linear;
    let rest: f64 = weights
        .iter()
        .zip(sorted)
        .map(|(a, x)| (x / range - mean - a * slope).powi(2))
        .sum();
    let short = (rest / total).max(0.0);
    let statistic = 1.0 - short;
    Some(Test {
        statistic,
        p_value: shapiro_p(short, n),
    })
}

/// The weights a, which have length 1.
fn shapiro_weights(n: usize) -> Vec<f64> {
    if n == 3 {
        let a = 0.5f64.sqrt();
        return vec![-a, 0.0, a];
    }
    let scores = normal_scores(n);
    let square: f64 = scores.iter().map(|m| m * m).sum();
    let u = 1.0 / (n as f64).sqrt();
    let polynomial = |c: [f64; 5]| c.iter().rev().fold(0.0, |sum, c| (sum + c) * u);
    let last = scores[n - 1] / square.sqrt()
        + polynomial([0.221157, -0.147981, -2.071190, 4.434685, -2.706056]);
    let mut weights = vec![0.0; n];
    let (ends, rest) = if n <= 5 {
        let rest = (square - 2.0 * scores[n - 1].powi(2)) / (1.0 - 2.0 * last * last);
        (vec![last], rest)
    } else {
        let next = scores[n - 2] / square.sqrt()
            + polynomial([0.042981, -0.293762, -1.752461, 5.682633, -3.582633]);
        let rest = (square - 2.0 * scores[n - 1].powi(2) - 2.0 * scores[n - 2].powi(2))
            / (1.0 - 2.0 * last * last - 2.0 * next * next);
        (vec![last, next], rest)
    };
    for (weight, score) in weights.iter_mut().zip(&scores) {
        *weight = score / rest.sqrt();
    }
    for (i, end) in ends.iter().enumerate() {
        weights[n - 1 - i] = *end;
        weights[i] = -end;
    }
    weights
}

/// The p-value for 1 − W.
fn shapiro_p(short: f64, n: usize) -> f64 {
    if n == 3 {
        let p = 6.0 / std::f64::consts::PI * ((1.0 - short).sqrt().asin() - 0.75f64.sqrt().asin());
        return p.clamp(0.0, 1.0);
    }
    let cubic = |c: [f64; 4], x: f64| c.iter().rev().fold(0.0, |sum, c| sum * x + c);
    let size = n as f64;
    let (value, mean, sd) = if n <= 11 {
        let gamma = -2.273 + 0.459 * size;
        if short.ln() >= gamma {
            return 0.0;
        }
        (
            -(gamma - short.ln()).ln(),
            cubic([0.5440, -0.39978, 0.025054, -6.714e-4], size),
            cubic([1.3822, -0.77857, 0.062767, -0.0020322], size).exp(),
        )
    } else {
        let log = size.ln();
        (
            short.ln(),
            cubic([-1.5861, -0.31082, -0.083751, 0.0038915], log),
            cubic([-0.4803, -0.082676, 0.0030302, 0.0], log).exp(),
        )
    };
    Normal::STANDARD.upper_tail((value - mean) / sd)
}

/// Anderson and Darling's A*² = A²(1 + 0.75/n + 2.25/n²) for a normal distribution with unknown
/// mean and variance, with the p-value of Stephens (1986, in D'Agostino and Stephens,
/// Goodness-of-Fit Techniques, table 4.9), of numbers sorted in increasing order. `None` for fewer
/// than 8 or no spread.
pub fn anderson_darling(sorted: &[f64]) -> Option<Test> {
    let n = sorted.len();
    if n < 8 || sorted.windows(2).any(|w| w[1] < w[0]) {
        return None;
    }
    let size = n as f64;
    let mean = sorted.iter().sum::<f64>() / size;
    let sd = (sorted.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (size - 1.0)).sqrt();
    if !(sd > 0.0 && sd.is_finite()) {
        return None;
    }
    let place = |i: usize| (sorted[i] - mean) / sd;
    let sum: f64 = (0..n)
        .map(|i| {
            (2 * i + 1) as f64
                * (Normal::STANDARD.ln_cdf(place(i))
                    + Normal::STANDARD.ln_upper_tail(place(n - 1 - i)))
        })
        .sum();
    let a = (-size - sum / size) * (1.0 + 0.75 / size + 2.25 / (size * size));
    let p = if a < 0.2 {
        1.0 - (-13.436 + 101.14 * a - 223.73 * a * a).exp()
    } else if a < 0.34 {
        1.0 - (-8.318 + 42.796 * a - 59.938 * a * a).exp()
    } else if a < 0.6 {
        (0.9177 - 4.279 * a - 1.38 * a * a).exp()
    } else {
        // The fitted curve turns up again beyond 150.
        (1.2937 - 5.709 * a.min(100.0) + 0.0186 * a.min(100.0).powi(2)).exp()
    };
    Some(Test {
        statistic: a,
        p_value: p.clamp(0.0, 1.0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distributions::StudentT;

    fn sorted(mut values: Vec<f64>) -> Vec<f64> {
        values.sort_by(f64::total_cmp);
        values
    }

    #[test]
    fn shapiro_and_wilk_as_in_r() {
        // R 4.2.2: shapiro.test(x)
        let middle: Vec<f64> = (1..=50)
            .map(|i| f64::from(i).sin() + f64::from(i) / 10.0)
            .collect();
        let skewed: Vec<f64> = (1..=300)
            .map(|i| -(1.0 - (f64::from(i) - 0.5) / 300.0).ln())
            .collect();
        let heavy: Vec<f64> = (1..=5000)
            .map(|i| StudentT::new(4.0).quantile((f64::from(i) - 0.5) / 5000.0))
            .collect();
        let weights = vec![
            148., 154., 158., 160., 161., 162., 166., 170., 182., 195., 236., 240.,
        ];
        for (values, w, p) in [
            (vec![2.1, 3.4, 9.9], 0.870967741935484, 0.298275852154231),
            (
                vec![1., 2., 3., 4., 5., 6., 20.],
                0.708683356288625,
                0.00460798156393411,
            ),
            (weights, 0.787185611924498, 0.00672340256967552),
            (middle, 0.977684057062679, 0.458963321687163),
            (skewed, 0.82162986354779, 6.78408871974868e-18),
            (heavy, 0.945489413709757, 1.50807086659434e-39),
        ] {
            let n = values.len();
            let test = shapiro_wilk(&sorted(values)).expect("a test");
            assert!(
                (test.statistic - w).abs() < 1e-9,
                "{n}: {} for {w}",
                test.statistic
            );
            assert!(
                (test.p_value - p).abs() < 1e-6 * p,
                "{n}: {} for {p}",
                test.p_value
            );
        }
        assert_eq!(shapiro_wilk(&[1.0, 1.0, 1.0]), None);
    }

    #[test]
    fn anderson_and_darling_by_definition() {
        // R 4.2.2: A² by its formula with pnorm.
        let skewed: Vec<f64> = (1..=300)
            .map(|i| -(1.0 - (f64::from(i) - 0.5) / 300.0).ln())
            .collect();
        let test = anderson_darling(&sorted(skewed)).expect("a test");
        assert!(
            (test.statistic - 13.9015519558577).abs() < 1e-9,
            "{}",
            test.statistic
        );
        assert!(test.p_value < 1e-15);
        let middle: Vec<f64> = (1..=50)
            .map(|i| f64::from(i).sin() + f64::from(i) / 10.0)
            .collect();
        let test = anderson_darling(&sorted(middle)).expect("a test");
        assert!(
            (test.statistic - 0.284394531703923).abs() < 1e-9,
            "{}",
            test.statistic
        );
        assert!((0.5..0.7).contains(&test.p_value), "{}", test.p_value);
    }

    #[test]
    fn shapes() {
        let s = shape(&[1.0, 2.0, 3.0, 10.0]);
        assert!((s.skewness - 1.0182337649).abs() < 1e-6, "{s:?}");
        assert!((s.excess_kurtosis + 0.7696).abs() < 1e-9, "{s:?}");
        assert_eq!(shape(&[2.0, 2.0]).skewness, 0.0);
    }
}
