//! Random numbers that are the same everywhere and for ever: xoshiro256++ (Blackman and Vigna,
//! 2019), seeded by SplitMix64 (Steele, Lea and Flood, 2014). Twenty lines of our own outlast
//! the next major version of a crate.

/// A generator of random numbers.
pub struct Random([u64; 4]);

impl Random {
    /// The generator that belongs to a seed.
    pub fn new(seed: u64) -> Self {
        let mut state = seed;
        Self(std::array::from_fn(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        }))
    }

    fn bits(&mut self) -> u64 {
        let s = &mut self.0;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform on (0, 1).
    pub fn uniform(&mut self) -> f64 {
        ((self.bits() >> 12) as f64 + 0.5) / (1u64 << 52) as f64
    }

    /// Uniform on 0, …, n − 1.
    pub fn below(&mut self, n: usize) -> usize {
        ((self.uniform() * n as f64) as usize).min(n - 1)
    }

    /// Standard normal (Box and Muller, 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// `count` draws of L·z, z standard normal, for a lower triangle L given by its rows.
    pub fn effects<const K: usize>(&mut self, count: usize, l: &[[f64; K]; K]) -> Vec<[f64; K]> {
        (0..count)
            .map(|_| {
                let z: [f64; K] = std::array::from_fn(|_| self.normal());
                std::array::from_fn(|i| (0..=i).map(|j| l[i][j] * z[j]).sum())
            })
            .collect()
    }
}
