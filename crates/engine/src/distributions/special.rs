//! The gamma function's logarithm and its derivatives, and elementary functions less their first
//! terms.

use super::normal;

/// `ln sqrt(2π)`.
pub(crate) const LN_SQRT_TAU: f64 = 0.918_938_533_204_672_8;

/// `1 - γ`, with Euler's constant.
const ONE_MINUS_EULER: f64 = 0.422_784_335_098_467_1;

/// `ζ(k) - 1` for `k = 2, 3, …` (computed with mpmath).
#[rustfmt::skip]
const ZETA_MINUS_ONE: [f64; 27] = [
    0.6449340668482264,
    0.2020569031595943,
    0.08232323371113819,
    0.03692775514336993,
    0.01734306198444914,
    0.008349277381922827,
    0.00407735619794434,
    0.0020083928260822143,
    0.0009945751278180853,
    0.0004941886041194645,
    0.0002460865533080483,
    0.00012271334757848915,
    6.124813505870483e-05,
    3.058823630702049e-05,
    1.528225940865187e-05,
    7.637197637899763e-06,
    3.81729326499984e-06,
    1.908212716553939e-06,
    9.539620338727962e-07,
    4.769329867878064e-07,
    2.38450502727733e-07,
    1.1921992596531106e-07,
    5.960818905125948e-08,
    2.980350351465228e-08,
    1.4901554828365043e-08,
    7.45071178983543e-09,
    3.725334024788457e-09,
];

/// Coefficients of `1/z, 1/z³, …` in Stirling's series, `B_{2k} / (2k (2k - 1))`
/// (Abramowitz and Stegun 1964, 6.1.41).
const STIRLING: [f64; 8] = [
    1.0 / 12.0,
    -1.0 / 360.0,
    1.0 / 1260.0,
    -1.0 / 1680.0,
    1.0 / 1188.0,
    -691.0 / 360_360.0,
    1.0 / 156.0,
    -3617.0 / 122_400.0,
];

/// From here on eight terms of Stirling's series give full precision.
const STIRLING_FROM: f64 = 10.0;

/// `ln Γ(x)` for `x > 0`, accurate relative to itself also beside its zeros 1 and 2.
///
/// Above 10 Stirling's series; around 2 the Taylor series `ln Γ(2 + z) = (1 - γ) z +
/// Σ (-1)^k (ζ(k) - 1) z^k / k` (Abramowitz and Stegun 1964, 6.1.33); between and below, the
/// recurrence leads there. NaN for `x < 0`.
pub fn ln_gamma(x: f64) -> f64 {
    if x.is_nan() || x < 0.0 {
        f64::NAN
    } else if x == 0.0 || x == f64::INFINITY {
        f64::INFINITY
    } else if x < 0.5 {
        ln_gamma_near_two(x) - (x * (1.0 + x)).ln()
    } else if x < 1.5 {
        ln_gamma_near_two(x - 1.0) - (x - 1.0).ln_1p()
    } else if x <= 2.5 {
        ln_gamma_near_two(x - 2.0)
    } else if x < STIRLING_FROM {
        let mut product = 1.0;
        let mut rest = x;
        while rest > 2.5 {
            rest -= 1.0;
            product *= rest;
        }
        ln_gamma_near_two(rest - 2.0) + f64::ln(product)
    } else {
        (x - 0.5) * (x.ln() - 1.0) + (LN_SQRT_TAU - 0.5) + stirling_error(x)
    }
}

/// `ln Γ(2 + z)` for `|z| ≤ 1/2`.
fn ln_gamma_near_two(z: f64) -> f64 {
    let mut sum = 0.0;
    for (i, zeta) in ZETA_MINUS_ONE.iter().enumerate().rev() {
        let k = (i + 2) as f64;
        let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
        sum = sign * zeta / k + z * sum;
    }
    z * (ONE_MINUS_EULER + z * sum)
}

/// `δ(z)` in `Γ(z) = sqrt(2π/z) (z/e)^z e^{δ(z)}`, for `z > 0`.
///
/// Loader (2000, *Fast and accurate computation of binomial probabilities*, eq. 4). Densities
/// written with `δ` need no difference of large logarithms.
pub fn stirling_error(z: f64) -> f64 {
    if z >= STIRLING_FROM {
        let square = 1.0 / (z * z);
        STIRLING.iter().rev().fold(0.0, |sum, c| c + square * sum) / z
    } else {
        ln_gamma(z) - (z - 0.5) * z.ln() + z - LN_SQRT_TAU
    }
}

/// The digamma function `ψ(x) = d ln Γ(x) / dx` for `x > 0`; absolute accuracy beside its zero
/// 1.4616…, relative elsewhere. NaN for `x < 0`.
///
/// Asymptotic series (Abramowitz and Stegun 1964, 6.3.18) after the recurrence 6.3.6.
pub fn digamma(x: f64) -> f64 {
    /// `B_{2k} / 2k`.
    const SERIES: [f64; 8] = [
        1.0 / 12.0,
        -1.0 / 120.0,
        1.0 / 252.0,
        -1.0 / 240.0,
        1.0 / 132.0,
        -691.0 / 32_760.0,
        1.0 / 12.0,
        -3617.0 / 8160.0,
    ];
    if x.is_nan() || x < 0.0 {
        return f64::NAN;
    }
    let mut shift = 0.0;
    let mut z = x;
    while z < STIRLING_FROM {
        shift += 1.0 / z;
        z += 1.0;
    }
    let square = 1.0 / (z * z);
    let series = SERIES.iter().rev().fold(0.0, |sum, c| c + square * sum);
    z.ln() - 0.5 / z - square * series - shift
}

/// The trigamma function `ψ'(x)` for `x > 0`; NaN for `x < 0`.
///
/// Asymptotic series (Abramowitz and Stegun 1964, 6.4.12) after the recurrence 6.4.6.
pub fn trigamma(x: f64) -> f64 {
    /// `B_{2k}`.
    const SERIES: [f64; 9] = [
        1.0 / 6.0,
        -1.0 / 30.0,
        1.0 / 42.0,
        -1.0 / 30.0,
        5.0 / 66.0,
        -691.0 / 2730.0,
        7.0 / 6.0,
        -3617.0 / 510.0,
        43_867.0 / 798.0,
    ];
    if x.is_nan() || x < 0.0 {
        return f64::NAN;
    }
    let mut shift = 0.0;
    let mut z = x;
    while z < STIRLING_FROM {
        shift += 1.0 / (z * z);
        z += 1.0;
    }
    let square = 1.0 / (z * z);
    let series = SERIES.iter().rev().fold(0.0, |sum, c| c + square * sum);
    (1.0 + 0.5 / z + square * series) / z + shift
}

/// The tetragamma function `ψ''(x)`, negative, for `x > 0`; NaN for `x < 0`.
///
/// Asymptotic series (Abramowitz and Stegun 1964, 6.4.13) after the recurrence 6.4.6.
pub fn tetragamma(x: f64) -> f64 {
    if x.is_nan() || x < 0.0 {
        return f64::NAN;
    }
    let mut shift = 0.0;
    let mut z = x;
    while z < STIRLING_FROM {
        shift += 1.0 / (z * z * z);
        z += 1.0;
    }
    -1.0 / (z * z) - tetragamma_rest(z) - 2.0 * shift
}

/// `-ψ''(z) - 1/z²` for `z ≥ 10`.
fn tetragamma_rest(z: f64) -> f64 {
    /// `(2k + 1) B_{2k}`.
    const SERIES: [f64; 8] = [
        1.0 / 2.0,
        -1.0 / 6.0,
        1.0 / 6.0,
        -3.0 / 10.0,
        5.0 / 6.0,
        -691.0 / 210.0,
        35.0 / 2.0,
        -3617.0 / 30.0,
    ];
    let square = 1.0 / (z * z);
    let series = SERIES.iter().rev().fold(0.0, |sum, c| c + square * sum);
    square / z + square * square * series
}

/// What the polygamma functions have beyond the derivatives of `z (ln z - 1)`: `ψ(z) - ln z`,
/// `ψ'(z) - 1/z`, `ψ''(z) + 1/z²`, for `z > 0`, relatively accurate however large `z` is.
///
/// Differences of polygamma functions, of which likelihoods of counts are made, cancel to nothing
/// as the distribution nears Poisson's; differences of these do not.
pub fn polygamma_excess(z: f64) -> [f64; 3] {
    if z < STIRLING_FROM {
        let inverse = 1.0 / z;
        return [
            digamma(z) - z.ln(),
            trigamma(z) - inverse,
            tetragamma(z) + inverse * inverse,
        ];
    }
    /// `B_{2k}`.
    const SERIES: [f64; 8] = [
        1.0 / 6.0,
        -1.0 / 30.0,
        1.0 / 42.0,
        -1.0 / 30.0,
        5.0 / 66.0,
        -691.0 / 2730.0,
        7.0 / 6.0,
        -3617.0 / 510.0,
    ];
    let inverse = 1.0 / z;
    let square = inverse * inverse;
    let (mut first, mut second) = (0.0, 0.0);
    for (i, c) in SERIES.iter().enumerate().rev() {
        first = c / (2 * i + 2) as f64 + square * first;
        second = c + square * second;
    }
    [
        -0.5 * inverse - square * first,
        (0.5 + second * inverse) * square,
        -tetragamma_rest(z),
    ]
}

/// `ln(1 + e^x)`, relatively accurate for all `x`.
pub fn softplus(x: f64) -> f64 {
    if x > 0.0 {
        x + (-x).exp().ln_1p()
    } else {
        x.exp().ln_1p()
    }
}

/// `1 / (1 + e^{-x})`, relatively accurate for all `x`.
pub fn logistic(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    if x > 0.0 {
        1.0 / (1.0 + e)
    } else {
        e / (1.0 + e)
    }
}

/// `ln(1 - e^x)` for `x ≤ 0`; NaN above.
///
/// Mächler (2012, *Accurately computing log(1 - exp(-|a|))*, vignette of the R package Rmpfr).
pub fn ln_1m_exp(x: f64) -> f64 {
    if x > -std::f64::consts::LN_2 {
        (-x.exp_m1()).ln()
    } else {
        (-x.exp()).ln_1p()
    }
}

/// The complementary error function `2/sqrt(π) ∫_x^∞ exp(-t²) dt`, relatively accurate until it
/// underflows beyond 26.5.
pub fn erfc(x: f64) -> f64 {
    if x < 0.0 {
        2.0 - erfc(-x)
    } else {
        normal::exp_minus_square(x) * erfcx(x)
    }
}

/// `exp(x²) erfc(x)` for `x ≥ 0`; NaN for `x < 0`.
pub fn erfcx(x: f64) -> f64 {
    const SQRT_TWO_BY_PI: f64 = std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2;
    SQRT_TWO_BY_PI * normal::mills_ratio(std::f64::consts::SQRT_2 * x)
}

/// `ln(1 + r) - r`, without cancellation.
///
/// With `y = r / (2 + r)`: `ln(1 + r) = 2 artanh(y)` and `2y - r = -r y`, so that the difference
/// is `-r y + 2 (y³/3 + y⁵/5 + …)`.
pub fn log1pmx(r: f64) -> f64 {
    if !(-0.5..1.0).contains(&r) {
        return r.ln_1p() - r;
    }
    let y = r / (2.0 + r);
    let square = y * y;
    let mut power = y * square;
    let mut sum = power / 3.0;
    let mut k = 5.0;
    loop {
        power *= square;
        let longer = sum + power / k;
        if longer == sum {
            break;
        }
        sum = longer;
        k += 2.0;
    }
    2.0 * sum - r * y
}

/// `e^x - 1 - x`, without cancellation.
pub fn expm1mx(x: f64) -> f64 {
    if x.abs() > 0.7 {
        return x.exp_m1() - x;
    }
    let mut term = 0.5 * x * x;
    let mut sum = term;
    let mut k = 3.0;
    loop {
        term *= x / k;
        let longer = sum + term;
        if longer == sum {
            break;
        }
        sum = longer;
        k += 1.0;
    }
    sum
}
