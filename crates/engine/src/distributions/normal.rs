//! The normal distribution.

use super::special::LN_SQRT_TAU;

/// The normal distribution with a mean and a standard deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normal {
    mean: f64,
    sd: f64,
}

impl Normal {
    /// Mean 0, standard deviation 1.
    pub const STANDARD: Normal = Normal { mean: 0.0, sd: 1.0 };

    /// The distribution with this mean and standard deviation (positive).
    pub fn new(mean: f64, sd: f64) -> Self {
        let sd = if sd > 0.0 { sd } else { f64::NAN };
        Normal { mean, sd }
    }

    fn standardise(self, x: f64) -> f64 {
        (x - self.mean) / self.sd
    }

    /// The density.
    pub fn density(self, x: f64) -> f64 {
        standard_density(self.standardise(x)) / self.sd
    }

    /// The logarithm of the density.
    pub fn ln_density(self, x: f64) -> f64 {
        let z = self.standardise(x);
        -0.5 * z * z - LN_SQRT_TAU - self.sd.ln()
    }

    /// The probability of a value up to `x`.
    pub fn cdf(self, x: f64) -> f64 {
        upper(-self.standardise(x))
    }

    /// The probability of a value above `x`, relatively accurate however small.
    pub fn upper_tail(self, x: f64) -> f64 {
        upper(self.standardise(x))
    }

    /// The logarithm of [`Normal::cdf`], also where that underflows.
    pub fn ln_cdf(self, x: f64) -> f64 {
        ln_upper(-self.standardise(x))
    }

    /// The logarithm of [`Normal::upper_tail`], also where that underflows.
    pub fn ln_upper_tail(self, x: f64) -> f64 {
        ln_upper(self.standardise(x))
    }

    /// The density at `x` over the probability of a value above `x`: the hazard, the inverse of
    /// Mills' ratio, relatively accurate in both tails.
    pub fn hazard(self, x: f64) -> f64 {
        let z = self.standardise(x);
        let rate = if z >= 0.0 {
            1.0 / mills_ratio(z)
        } else {
            standard_density(z) / (1.0 - upper_of_negative(z))
        };
        rate / self.sd
    }

    /// The probability of a value at least as far from the mean as `x`, on either side.
    pub fn two_sided_p(self, x: f64) -> f64 {
        2.0 * upper(self.standardise(x).abs())
    }

    /// The value with probability `p` below it.
    pub fn quantile(self, p: f64) -> f64 {
        self.mean + self.sd * standard_quantile(p)
    }

    /// The value with probability `p` above it: the form for `p` too small for `1 - p`.
    pub fn upper_quantile(self, p: f64) -> f64 {
        self.mean - self.sd * standard_quantile(p)
    }
}

/// `(1 + z) M(z)`, with Mills' ratio `M(z) = (1 - Φ(z)) / φ(z)`, as a Chebyshev series in
/// `(z - 5) / (z + 5)`: the form of Shepherd and Laframboise (1981, *Math. Comp.* 36, 249–253),
/// computed with mpmath to 40 digits for `M` and for a series that is as short as possible.
#[rustfmt::skip]
const MILLS: [f64; 25] = [
    1.1579976221305188,
    -0.1633449388451398,
    -0.013683136055781576,
    0.03082200019810004,
    -0.016220073012046806,
    0.005616691016460094,
    -0.0014133933783549216,
    0.0002502625460725661,
    -2.468907239728387e-05,
    -1.0107964061837592e-06,
    7.495419179740573e-07,
    -7.600274268728337e-08,
    -1.1574771441328644e-08,
    3.333386472599843e-09,
    7.538039628171347e-11,
    -1.1104247263727494e-10,
    3.509243776551059e-12,
    3.6894953861750955e-12,
    -2.3376697776383095e-13,
    -1.3271797523541405e-13,
    9.921706995888276e-15,
    5.276004995455379e-15,
    -3.373097694187922e-16,
    -2.2804338776379946e-16,
    7.496330565808626e-18,
];

/// Mills' ratio `(1 - Φ(z)) / φ(z)` for `z ≥ 0`; NaN below.
pub(super) fn mills_ratio(z: f64) -> f64 {
    if z.is_nan() || z < 0.0 {
        return f64::NAN;
    }
    let t = 1.0 - 10.0 / (z + 5.0);
    // Clenshaw's recurrence.
    let (mut b1, mut b2) = (0.0, 0.0);
    for c in MILLS[1..].iter().rev() {
        (b1, b2) = (c + 2.0 * t * b1 - b2, b1);
    }
    (MILLS[0] + t * b1 - b2) / (1.0 + z)
}

/// `exp(-x²)`: the rounding error of the square, magnified by the exponential, is put right.
pub(super) fn exp_minus_square(x: f64) -> f64 {
    let square = x * x;
    if square > 800.0 {
        return 0.0;
    }
    let (head, tail) = split(x);
    // Both products are exact or tiny: head has 26 bits.
    (-head * head).exp() * (-tail * (x + head)).exp()
}

/// `x` as a number of at most 26 bits and the exact rest (Dekker 1971, *Numer. Math.* 18, eq. 5.6).
fn split(x: f64) -> (f64, f64) {
    let scaled = 134_217_729.0 * x;
    let head = scaled - (scaled - x);
    (head, x - head)
}

fn standard_density(z: f64) -> f64 {
    const FRAC_1_SQRT_TAU: f64 = 0.398_942_280_401_432_7;
    if z.abs() > 40.0 {
        return 0.0;
    }
    let (head, tail) = split(z);
    FRAC_1_SQRT_TAU * (-0.5 * head * head).exp() * (-0.5 * tail * (z + head)).exp()
}

/// `ln Φ(z)` and its derivative `φ(z) / Φ(z)`: both for one Mills' ratio.
pub(crate) fn ln_cdf_with_slope(z: f64) -> (f64, f64) {
    if z <= 0.0 {
        let mills = mills_ratio(-z);
        (-0.5 * z * z - LN_SQRT_TAU + mills.ln(), 1.0 / mills)
    } else {
        let density = standard_density(z);
        let above = density * mills_ratio(z);
        ((-above).ln_1p(), density / (1.0 - above))
    }
}

fn upper(z: f64) -> f64 {
    if z.abs() < 0.5 {
        // Exactly a half at 0.
        0.5 - central(z)
    } else if z >= 0.0 {
        standard_density(z) * mills_ratio(z)
    } else {
        1.0 - upper_of_negative(z)
    }
}

/// The lower tail at a negative `z`; NaN for NaN.
fn upper_of_negative(z: f64) -> f64 {
    standard_density(z) * mills_ratio(-z)
}

fn ln_upper(z: f64) -> f64 {
    if z >= 0.0 {
        -0.5 * z * z - LN_SQRT_TAU + mills_ratio(z).ln()
    } else {
        (-upper_of_negative(z)).ln_1p()
    }
}

/// `Φ(z) - 1/2 = φ(z) (z + z³/3 + z⁵/(3·5) + …)` (Abramowitz and Stegun 1964, 26.2.11).
fn central(z: f64) -> f64 {
    let square = z * z;
    let mut term = z;
    let mut sum = z;
    let mut k = 3.0;
    while term.abs() > 1e-17 * sum.abs() {
        term *= square / k;
        sum += term;
        k += 2.0;
    }
    standard_density(z) * sum
}

/// A rational start and Newton or Halley steps on the exact functions: on `Φ(z) - 1/2` in the
/// middle, on `ln(1 - Φ(z))` in the tails.
fn standard_quantile(p: f64) -> f64 {
    let from_half = p - 0.5;
    if !(-0.5..=0.5).contains(&from_half) {
        return f64::NAN;
    }
    if from_half.abs() <= 0.25 {
        let mut z = from_half / standard_density(0.0);
        for _ in 0..4 {
            // Halley's step for Φ, as Φ'' = -z Φ'.
            let newton = (central(z) - from_half) / standard_density(z);
            z -= newton / (1.0 + 0.5 * z * newton);
        }
        return z;
    }
    let q = if from_half < 0.0 { p } else { 1.0 - p };
    if q == 0.0 {
        return f64::INFINITY.copysign(from_half);
    }
    let ln_q = q.ln();
    // Abramowitz and Stegun 1964, 26.2.23: within 4.5e-4.
    let t = (-2.0 * ln_q).sqrt();
    let numerator = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let denominator = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut z = t - numerator / denominator;
    for _ in 0..2 {
        // Halley's step for g = ln(1 - Φ): g' = -1/M, g'' = (z - 1/M)/M.
        let mills = mills_ratio(z);
        let excess = ln_upper(z) - ln_q;
        z += 2.0 * excess * mills / (2.0 + excess * (1.0 - z * mills));
    }
    z.copysign(from_half)
}
