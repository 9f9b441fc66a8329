//! What is known of one number: a mixture of normal or Student's t distributions, one for each point
//! of the variances.

use ranef_engine::distributions::{Normal, StudentT};

/// One part of a mixture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Part {
    /// Its probability.
    pub weight: f64,
    pub mean: f64,
    pub sd: f64,
    /// Degrees of freedom of its t; `None` for a normal part.
    pub degrees: Option<f64>,
}

/// √E(x − centre)²: what an estimate misses. The variance of a t counts as that of its normal, as
/// standard errors do.
pub(super) fn error_of(parts: &[Part], centre: f64) -> f64 {
    let squares = parts
        .iter()
        .map(|p| p.weight * (p.sd * p.sd + (p.mean - centre).powi(2)));
    squares.sum::<f64>().max(0.0).sqrt()
}

impl Part {
    /// Probability of lying below x, and the density there.
    fn at(&self, x: f64) -> (f64, f64) {
        if self.sd <= 0.0 {
            return (f64::from(u8::from(x >= self.mean)), 0.0);
        }
        let z = (x - self.mean) / self.sd;
        let (below, density) = match self.degrees {
            Some(df) => (StudentT::new(df).cdf(z), StudentT::new(df).density(z)),
            None => (Normal::STANDARD.cdf(z), Normal::STANDARD.density(z)),
        };
        (below, density / self.sd)
    }

    fn quantile(&self, p: f64) -> f64 {
        let z = match self.degrees {
            Some(df) => StudentT::new(df).quantile(p),
            None => Normal::STANDARD.quantile(p),
        };
        self.mean + self.sd * z
    }
}

/// The value below which a mixture lies with probability p: Newton's steps between the least and the
/// greatest quantile of its parts, halving where they lead out.
pub(super) fn quantile(parts: &[Part], p: f64) -> f64 {
    let [only] = parts else {
        return of_many(parts, p);
    };
    only.quantile(p)
}

fn of_many(parts: &[Part], p: f64) -> f64 {
    const STEPS: usize = 100;
    // Of normal parts: a t has the same centre and is wider, by what its own quantile says.
    let z = match parts.iter().find_map(|part| part.degrees) {
        Some(df) => StudentT::new(df).quantile(p),
        None => Normal::STANDARD.quantile(p),
    };
    let own = |part: &Part| part.mean + part.sd * z;
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    let mut x = 0.0;
    for part in parts {
        low = low.min(own(part));
        high = high.max(own(part));
        x += part.weight * own(part);
    }
    let close = 1e-10 * (high - low).max(f64::MIN_POSITIVE);
    for _ in 0..STEPS {
        let (mut below, mut density) = (0.0, 0.0);
        for part in parts {
            let (b, d) = part.at(x);
            below += part.weight * b;
            density += part.weight * d;
        }
        if below < p {
            low = x;
        } else {
            high = x;
        }
        let step = (p - below) / density;
        let next = x + step;
        let inside = step.is_finite() && next > low && next < high;
        let next = if inside { next } else { 0.5 * (low + high) };
        let moved = (next - x).abs();
        x = next;
        if moved <= close || high - low <= close {
            break;
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(weight: f64, mean: f64, sd: f64, degrees: Option<f64>) -> Part {
        Part {
            weight,
            mean,
            sd,
            degrees,
        }
    }

    /// The probability below the quantile is what was asked for, by the sum of the parts' own.
    #[test]
    fn quantiles_of_mixtures() {
        let mixtures = [
            vec![part(1.0, 3.0, 2.0, None)],
            vec![part(0.3, -5.0, 0.1, None), part(0.7, 4.0, 3.0, None)],
            vec![
                part(0.5, 0.0, 1.0, Some(3.0)),
                part(0.25, 1.0, 5.0, Some(3.0)),
                part(0.25, 2.0, 1e-3, Some(3.0)),
            ],
        ];
        for parts in &mixtures {
            for p in [0.001, 0.025, 0.3, 0.5, 0.9, 0.975] {
                let x = quantile(parts, p);
                let below: f64 = parts.iter().map(|q| q.weight * q.at(x).0).sum();
                assert!((below - p).abs() < 1e-7, "{parts:?} {p}: {below}");
            }
        }
        // R 4.2.2: 3 + 2 * qnorm(.975).
        assert!((quantile(&mixtures[0], 0.975) - 6.919927969080108).abs() < 1e-12);
        // A point has all of its quantiles in one place.
        let point = [part(0.5, 7.0, 0.0, None), part(0.5, 7.0, 0.0, None)];
        assert_eq!(quantile(&point, 0.1), 7.0);
    }

    #[test]
    fn the_error_counts_the_distance_from_the_centre() {
        let parts = [part(0.5, 1.0, 1.0, None), part(0.5, 3.0, 2.0, None)];
        // E x² about 2: (1 + 1)/2 + (4 + 1)/2.
        assert!((error_of(&parts, 2.0) - 3.5f64.sqrt()).abs() < 1e-15);
    }
}
