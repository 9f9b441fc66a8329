//! Random numbers that can be asked for by their place: simulation that gives the same numbers on
//! any number of threads and in any order.
//!
//! Philox 4×32-10 (Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as
//! 1, 2, 3", SC'11) enciphers a counter. The seed is the key; the counter is the number of the
//! replicate, the number of the stream within it, and the place in the stream. So there is no state
//! to be passed along: replicate 731 is what it is, whoever computes it and when. It passes
//! TestU01's BigCrush, and it is forty lines, so that no dependency can change its numbers.

use crate::glmm::family::draw::gamma;

/// Multipliers and key increments of Philox 4×32.
const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const INCREMENTS: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];
const ROUNDS: usize = 10;

/// One stream of random numbers.
#[derive(Clone, Debug)]
pub struct Stream {
    key: [u32; 2],
    replicate: u32,
    part: u32,
    place: u64,
    /// The second uniform of the last block.
    uniform: Option<f64>,
    /// The second normal of the last pair.
    normal: Option<f64>,
}

impl Stream {
    /// The stream of a replicate, such as one simulated data set, under a seed. Streams of
    /// different (seed, replicate, part) share no numbers.
    pub fn new(seed: u64, replicate: u32, part: u32) -> Self {
        Self {
            key: [seed as u32, (seed >> 32) as u32],
            replicate,
            part,
            place: 0,
            uniform: None,
            normal: None,
        }
    }

    fn block(&mut self) -> [u32; 4] {
        let counter = [
            self.place as u32,
            (self.place >> 32) as u32,
            self.replicate,
            self.part,
        ];
        self.place += 1;
        philox(counter, self.key)
    }

    /// A number strictly between 0 and 1: one of 2⁵² equidistant ones, symmetric about one half.
    pub fn uniform(&mut self) -> f64 {
        if let Some(second) = self.uniform.take() {
            return second;
        }
        let [a, b, c, d] = self.block();
        self.uniform = Some(open_unit(c, d));
        open_unit(a, b)
    }

    /// A standard normal number (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        if let Some(second) = self.normal.take() {
            return second;
        }
        let [a, b, c, d] = self.block();
        let radius = (-2.0 * open_unit(a, b).ln()).sqrt();
        let (sine, cosine) = (std::f64::consts::TAU * open_unit(c, d)).sin_cos();
        self.normal = Some(radius * sine);
        radius * cosine
    }

    /// A χ² number with this many degrees of freedom; zero with none.
    pub fn chi_squared(&mut self, df: f64) -> f64 {
        if df > 0.0 {
            2.0 * gamma(0.5 * df, self)
        } else {
            0.0
        }
    }

    /// A whole number from 0 to n − 1, each as likely: the upper part of n times 64 random bits,
    /// whose bias is below n/2⁶⁴ (Lemire 2019, *ACM TOMACS* 29:3).
    ///
    /// # Panics
    /// If n is zero.
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "a number below zero");
        let [a, b, _, _] = self.block();
        let bits = u64::from(a) << 32 | u64::from(b);
        ((u128::from(bits) * u128::from(n)) >> 64) as u64
    }
}

/// (k + ½)/2⁵² of the upper 52 of 64 bits.
fn open_unit(high: u32, low: u32) -> f64 {
    let bits = (u64::from(high) << 32 | u64::from(low)) >> 12;
    (bits as f64 + 0.5) / (1u64 << 52) as f64
}

fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..ROUNDS {
        let first = u64::from(MULTIPLIERS[0]) * u64::from(counter[0]);
        let second = u64::from(MULTIPLIERS[1]) * u64::from(counter[2]);
        counter = [
            (second >> 32) as u32 ^ counter[1] ^ key[0],
            second as u32,
            (first >> 32) as u32 ^ counter[3] ^ key[1],
            first as u32,
        ];
        key[0] = key[0].wrapping_add(INCREMENTS[0]);
        key[1] = key[1].wrapping_add(INCREMENTS[1]);
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        // The known-answer tests that come with the paper's own code (Random123, kat_vectors).
        assert_eq!(
            philox([0; 4], [0; 2]),
            [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]
        );
        assert_eq!(
            philox([u32::MAX; 4], [u32::MAX; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
        assert_eq!(
            philox(
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0]
            ),
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]
        );
    }

    #[test]
    fn moments_of_many() {
        let mut stream = Stream::new(7, 3, 0);
        let n = 200_000;
        let (mut mean, mut square, mut fourth, mut unit) = (0.0, 0.0, 0.0, 0.0);
        for _ in 0..n {
            let z = stream.normal();
            mean += z / n as f64;
            square += z * z / n as f64;
            fourth += z.powi(4) / n as f64;
            let u = stream.uniform();
            assert!(u > 0.0 && u < 1.0);
            unit += u / n as f64;
        }
        // Four standard errors each.
        assert!(mean.abs() < 0.009, "{mean}");
        assert!((square - 1.0).abs() < 0.0127, "{square}");
        assert!((fourth - 3.0).abs() < 0.088, "{fourth}");
        assert!((unit - 0.5).abs() < 0.0026, "{unit}");
    }

    #[test]
    fn chi_squared_and_whole_numbers() {
        let mut stream = Stream::new(5, 0, 0);
        let n = 100_000;
        for df in [1.0, 7.0, 500.0] {
            let draws: Vec<f64> = (0..n).map(|_| stream.chi_squared(df)).collect();
            let mean = draws.iter().sum::<f64>() / n as f64;
            let variance = draws.iter().map(|x| (x - df).powi(2)).sum::<f64>() / n as f64;
            // Mean df, variance 2 df, fourth central moment 12 df (df + 4); four standard errors.
            let error = (2.0 * df / n as f64).sqrt();
            assert!((mean - df).abs() < 4.0 * error, "{df}: {mean}");
            let error = ((12.0 * df * (df + 4.0) - 4.0 * df * df) / n as f64).sqrt();
            assert!(
                (variance - 2.0 * df).abs() < 4.0 * error,
                "{df}: {variance}"
            );
        }
        assert_eq!(stream.chi_squared(0.0), 0.0);
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            counts[stream.below(7) as usize] += 1;
        }
        // Binomial with standard deviation 92.6.
        assert!(
            counts.iter().all(|&c| c.abs_diff(10_000) < 400),
            "{counts:?}"
        );
    }

    #[test]
    fn streams_do_not_depend_on_each_other() {
        let draw = |mut s: Stream| -> Vec<f64> { (0..5).map(|_| s.normal()).collect() };
        let first = draw(Stream::new(1, 0, 0));
        assert_eq!(first, draw(Stream::new(1, 0, 0)));
        for other in [(2, 0, 0), (1, 1, 0), (1, 0, 1), (1 << 32 | 1, 0, 0)] {
            let second = draw(Stream::new(other.0, other.1, other.2));
            assert!(first.iter().zip(&second).all(|(a, b)| a != b), "{other:?}");
        }
    }
}
