//! Mean, spread and range of a stream of numbers.

use serde::{Deserialize, Serialize};

use crate::column::Value;

/// Count, mean, sum of squared distances from the mean, and range.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// Number of rows.
    pub n: usize,
    /// Mean.
    pub mean: f64,
    /// Sum of squared distances from the mean.
    pub m2: f64,
    /// Smallest number.
    pub min: f64,
    /// Largest number.
    pub max: f64,
}

impl Default for Moments {
    fn default() -> Self {
        Self {
            n: 0,
            mean: 0.0,
            m2: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        }
    }
}

impl Moments {
    /// Standard deviation, with divisor n − 1.
    pub fn sd(&self) -> f64 {
        (self.m2 / (self.n as f64 - 1.0)).sqrt()
    }

    /// Adds numbers, in blocks that stay in the nearest cache: the exact moments of each block are
    /// merged (Chan, Golub & LeVeque 1983, eq. 2.1), which keeps the digits that one running sum
    /// of squares would lose.
    pub(crate) fn add(&mut self, values: &[f64]) {
        for block in values.chunks(2048) {
            let n = block.len() as f64;
            let (sum, min, max) = lanes(block);
            let mean = sum / n;
            let m2 = squares(block, mean);
            let total = self.n as f64 + n;
            let step = mean - self.mean;
            self.m2 += m2 + step * step * (self.n as f64 * n / total);
            self.mean += step * (n / total);
            self.n += block.len();
            self.min = self.min.min(min);
            self.max = self.max.max(max);
        }
    }

    /// Adds a column of `rows` rows.
    pub(crate) fn add_value(&mut self, value: &Value, rows: usize) {
        match value {
            Value::Constant(x) => self.add_constant(*x, rows),
            value => self.add(value.slice()),
        }
    }

    /// Adds the same number many times.
    fn add_constant(&mut self, value: f64, times: usize) {
        (0..times.div_ceil(2048)).for_each(|block| {
            let len = (times - 2048 * block).min(2048);
            self.add(&[value; 2048][..len]);
        });
    }

    /// Whether every number was finite.
    pub(crate) fn is_finite(&self) -> bool {
        self.n == 0 || (self.m2.is_finite() && self.min.is_finite() && self.max.is_finite())
    }
}

const LANES: usize = 8;

/// Sum, minimum and maximum in eight lanes: one chain of additions would wait for itself.
fn lanes(block: &[f64]) -> (f64, f64, f64) {
    let mut sum = [0.0; LANES];
    let mut min = [f64::INFINITY; LANES];
    let mut max = [f64::NEG_INFINITY; LANES];
    let chunks = block.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for lane in 0..LANES {
            sum[lane] += chunk[lane];
            min[lane] = if chunk[lane] < min[lane] {
                chunk[lane]
            } else {
                min[lane]
            };
            max[lane] = if chunk[lane] > max[lane] {
                chunk[lane]
            } else {
                max[lane]
            };
        }
    }
    for (lane, &x) in rest.iter().enumerate() {
        sum[lane] += x;
        min[lane] = min[lane].min(x);
        max[lane] = max[lane].max(x);
    }
    (
        sum.iter().sum(),
        min.iter().copied().fold(f64::INFINITY, f64::min),
        max.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    )
}

fn squares(block: &[f64], mean: f64) -> f64 {
    let mut sum = [0.0; LANES];
    let chunks = block.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for lane in 0..LANES {
            sum[lane] += (chunk[lane] - mean) * (chunk[lane] - mean);
        }
    }
    for (lane, &x) in rest.iter().enumerate() {
        sum[lane] += (x - mean) * (x - mean);
    }
    sum.iter().sum()
}
