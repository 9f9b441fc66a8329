//! What becomes of differences that are reported because they are significant.
//!
//! A group differs from the average by δ ~ N(0, ω²), its own rows estimate it by y ~ N(δ, s²), and
//! it is reported where |y| > c·s. Of the reported ones some have the wrong sign (type S), and all
//! together they are larger than what they report (type M, the exaggeration): Gelman and Tuerlinckx
//! (2000, Computational Statistics 15:373), Gelman and Carlin (2014, Perspectives on Psychological
//! Science 9:641). Here both are averaged over the δ that groups like these have.

use ranef_engine::distributions::Normal;

/// What to expect of a group whose own estimate has standard error s.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Magnitude {
    /// Probability of being reported.
    pub flagged: f64,
    /// Probability of being reported with the wrong sign.
    pub wrong: f64,
    /// E|y| over the reported, times their probability.
    pub reported: f64,
    /// E|δ| over the reported, times their probability.
    pub real: f64,
}

impl Magnitude {
    /// For differences of standard deviation `spread`, estimated with `std_error`, reported beyond
    /// `times` of those.
    pub fn new(spread: f64, std_error: f64, times: f64) -> Self {
        let normal = Normal::STANDARD;
        let sd = spread.hypot(std_error);
        if sd <= 0.0 {
            return Self::default();
        }
        // In units of the standard deviation of y: δ given y is normal with mean λy, sd √λ s.
        let (share, s) = ((spread / sd).powi(2), std_error / sd);
        let start = times * s;
        let inner = share.sqrt() * s;
        // Simpson's rule; beyond ten standard deviations there is nothing.
        const STEPS: usize = 400;
        let width = (10.0f64).max(start + 4.0) - start;
        let (mut wrong, mut real) = (0.0, 0.0);
        for i in 0..=STEPS {
            let y = start + width * i as f64 / STEPS as f64;
            let weight = match i {
                0 | STEPS => 1.0,
                i if i % 2 == 1 => 4.0,
                _ => 2.0,
            } * width
                / (3.0 * STEPS as f64)
                * normal.density(y);
            let mean = share * y;
            let (below, size) = if inner > 0.0 {
                let u = mean / inner;
                let folded = 2.0 * inner * normal.density(u) + mean * (1.0 - 2.0 * normal.cdf(-u));
                (normal.cdf(-u), folded)
            } else if share > 0.0 {
                (0.0, mean)
            } else {
                // No differences at all: the sign of zero is nobody's.
                (0.5, 0.0)
            };
            wrong += weight * below;
            real += weight * size;
        }
        Self {
            flagged: 2.0 * normal.upper_tail(start),
            wrong: 2.0 * wrong,
            reported: 2.0 * sd * normal.density(start),
            real: 2.0 * sd * real,
        }
    }

    /// Adds up over groups.
    pub fn add(&mut self, other: &Magnitude) {
        self.flagged += other.flagged;
        self.wrong += other.wrong;
        self.reported += other.reported;
        self.real += other.real;
    }

    /// Type S: the probability that a reported difference has the wrong sign.
    pub fn type_s(&self) -> Option<f64> {
        (self.flagged > 0.0).then(|| self.wrong / self.flagged)
    }

    /// Type M: how many times too large reported differences are; `None` where there are none to
    /// exaggerate.
    pub fn type_m(&self) -> Option<f64> {
        (self.real > 0.0).then(|| self.reported / self.real)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ranef_engine::random::Stream;

    /// Against half a million simulated groups.
    #[test]
    fn as_in_simulated_groups() {
        for (spread, std_error, times) in [(1.0, 1.0, 1.96), (0.3, 1.0, 1.96), (2.0, 0.5, 2.6)] {
            let found = Magnitude::new(spread, std_error, times);
            let mut stream = Stream::new(5, 0, 0);
            let n = 500_000;
            let (mut flagged, mut wrong, mut reported, mut real) = (0.0, 0.0, 0.0, 0.0);
            for _ in 0..n {
                let delta = spread * stream.normal();
                let y = delta + std_error * stream.normal();
                if y.abs() > times * std_error {
                    flagged += 1.0;
                    wrong += f64::from(u8::from(y * delta < 0.0));
                    reported += y.abs();
                    real += delta.abs();
                }
            }
            let (type_s, type_m) = (wrong / flagged, reported / real);
            let error = (type_s * (1.0 - type_s) / flagged).sqrt();
            let flags = flagged / f64::from(n);
            assert!((found.flagged - flags).abs() < 4.0 * (flags / f64::from(n)).sqrt());
            assert!((found.type_s().expect("some") - type_s).abs() < 4.0 * error + 1e-5);
            assert!((found.type_m().expect("some") / type_m - 1.0).abs() < 0.02);
        }
    }

    #[test]
    fn limits() {
        // No differences: every flag is false, and has either sign.
        let none = Magnitude::new(0.0, 1.0, 1.959_963_984_540_054);
        assert!((none.flagged - 0.05).abs() < 1e-12);
        assert!((none.type_s().expect("flags") - 0.5).abs() < 1e-6);
        assert_eq!(none.type_m(), None);
        // Differences far beyond the noise are what they seem.
        let clear = Magnitude::new(100.0, 0.01, 1.96);
        assert!(clear.type_s().expect("flags") < 1e-3);
        assert!((clear.type_m().expect("flags") - 1.0).abs() < 1e-3);
        assert_eq!(Magnitude::new(0.0, 0.0, 2.0), Magnitude::default());
    }
}
