//! The distance of an empirical distribution from the uniform one, and its p-value.

/// Kolmogorov's distance between numbers, sorted in increasing order, and a distribution given by
/// its probabilities at them: sup |F̂ − F|. Tied numbers count as one step.
pub fn kolmogorov_distance(sorted: &[f64], cdf: impl Fn(f64) -> f64) -> f64 {
    let n = sorted.len() as f64;
    let mut distance = 0.0f64;
    let mut before = 0;
    for ties in sorted.chunk_by(|a, b| a == b) {
        let after = before + ties.len();
        let f = cdf(ties[0]);
        distance = distance
            .max(f - before as f64 / n)
            .max(after as f64 / n - f);
        before = after;
    }
    distance
}

/// The probability of a distance at least as large from `n` independent numbers: exact for fewer
/// than 100 (Marsaglia, Tsang and Wang 2003, J. Stat. Software 8:18), else Kolmogorov's limit; as
/// R's `ks.test` does without ties.
pub fn kolmogorov_p(distance: f64, n: usize) -> f64 {
    if n == 0 || !distance.is_finite() {
        return f64::NAN;
    }
    let p = if n < 100 {
        1.0 - exact(distance, n)
    } else {
        limit((n as f64).sqrt() * distance)
    };
    p.clamp(0.0, 1.0)
}

/// The upper tail of √n·D for large n.
fn limit(z: f64) -> f64 {
    if z <= 0.0 {
        return 1.0;
    }
    // Two forms of the same theta function; each converges in a few terms on its side.
    if z < 1.0 {
        let t = -std::f64::consts::PI.powi(2) / (8.0 * z * z);
        let sum: f64 = (1..20)
            .step_by(2)
            .map(|k| (t * f64::from(k * k)).exp())
            .sum();
        1.0 - std::f64::consts::TAU.sqrt() / z * sum
    } else {
        (1..20)
            .map(|k| {
                let k = f64::from(k);
                let sign = if k as i32 % 2 == 1 { 2.0 } else { -2.0 };
                sign * (-2.0 * k * k * z * z).exp()
            })
            .sum()
    }
}

/// P(D < d) by Durbin's matrix.
fn exact(d: f64, n: usize) -> f64 {
    let reach = n as f64 * d;
    let k = reach.floor() as usize + 1;
    if k > n {
        return 1.0;
    }
    let m = 2 * k - 1;
    let h = k as f64 - reach;
    let mut matrix = vec![0.0; m * m];
    for i in 0..m {
        for j in 0..m.min(i + 2) {
            matrix[i * m + j] = 1.0;
        }
    }
    for i in 0..m {
        matrix[i * m] -= h.powi(i as i32 + 1);
        matrix[(m - 1) * m + i] -= h.powi((m - i) as i32);
    }
    if 2.0 * h - 1.0 > 0.0 {
        matrix[(m - 1) * m] += (2.0 * h - 1.0).powi(m as i32);
    }
    for i in 0..m {
        for j in 0..m.min(i + 2) {
            for g in 1..=i + 1 - j {
                matrix[i * m + j] /= g as f64;
            }
        }
    }
    // Powers, with an exponent of ten of their own.
    let times = |a: &(Vec<f64>, i32), b: &(Vec<f64>, i32)| -> (Vec<f64>, i32) {
        let mut out = vec![0.0; m * m];
        for i in 0..m {
            for l in 0..m {
                let x = a.0[i * m + l];
                for j in 0..m {
                    out[i * m + j] += x * b.0[l * m + j];
                }
            }
        }
        let mut power = a.1 + b.1;
        if out[(k - 1) * m + k - 1] > 1e140 {
            out.iter_mut().for_each(|x| *x *= 1e-140);
            power += 140;
        }
        (out, power)
    };
    let mut identity = vec![0.0; m * m];
    (0..m).for_each(|i| identity[i * m + i] = 1.0);
    let (mut result, mut base, mut left) = ((identity, 0), (matrix, 0), n);
    while left > 0 {
        if left % 2 == 1 {
            result = times(&result, &base);
        }
        left /= 2;
        if left > 0 {
            base = times(&base, &base);
        }
    }
    let (mut probability, mut power) = (result.0[(k - 1) * m + k - 1], result.1);
    for i in 1..=n {
        probability *= i as f64 / n as f64;
        if probability < 1e-140 {
            probability *= 1e140;
            power -= 140;
        }
    }
    probability * 10f64.powi(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden(n: usize, power: f64) -> Vec<f64> {
        let mut u: Vec<f64> = (1..=n)
            .map(|i| (i as f64 * 0.618034).fract().powf(power))
            .collect();
        u.sort_by(f64::total_cmp);
        u
    }

    #[test]
    fn as_in_r() {
        // R 4.2.2: ks.test(((1:n) * 0.618034) %% 1)^power, "punif")
        for (n, power, distance, p) in [
            (20, 1.0, 0.0614560000000005, 0.999988918291088),
            (20, 1.5, 0.18944668943884, 0.417689106715596),
            (500, 1.1, 0.0375131783887547, 0.48245888422667),
        ] {
            let d = kolmogorov_distance(&golden(n, power), |x| x);
            assert!((d - distance).abs() < 1e-12, "{d}");
            // R ends the series of the limit where terms fall below 1e-6.
            let tolerance = if n < 100 { 1e-9 } else { 1e-6 };
            assert!(
                (kolmogorov_p(d, n) - p).abs() < tolerance,
                "{}",
                kolmogorov_p(d, n)
            );
        }
    }

    #[test]
    fn the_two_forms_of_the_limit_meet() {
        let (below, above) = (limit(1.0 - 1e-12), limit(1.0));
        assert!((below - above).abs() < 1e-10);
        assert!((limit(1.0) - 0.26999967167735456).abs() < 1e-14);
        // One number: P(D ≥ d) = 2(1 − d) for d ≥ ½.
        assert!((kolmogorov_p(0.7, 1) - 0.6).abs() < 1e-14);
    }
}
