//! The noncentral beta distribution.

use super::special::ln_gamma;
use super::{Beta, Normal};

/// The noncentral beta distribution: of X/(X + Y) with X noncentral χ² on 2a degrees of freedom
/// with noncentrality λ, and Y χ² on 2b. The interval of a semi-partial R² is made with it
/// (Jaeger et al. 2017).
///
/// It is a Poisson mixture: Σ_k e^{−λ/2}(λ/2)^k/k! I_x(a + k, b). The last incomplete beta function is
/// computed and the others follow from I_x(c, b) = I_x(c + 1, b) + x^c(1−x)^b/(c B(c, b)), whose last
/// term has a recurrence of its own: every term is positive, so nothing cancels in the lower tail; the upper tail, taken as the complement, is
/// exact to about 1e-14 absolutely.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoncentralBeta {
    a: f64,
    b: f64,
    half: f64,
}

impl NoncentralBeta {
    /// The distribution with shapes `a` and `b`, both positive, and noncentrality `lambda`, not
    /// negative.
    pub fn new(a: f64, b: f64, lambda: f64) -> Self {
        let valid = a > 0.0 && b > 0.0 && lambda >= 0.0;
        if valid && (a + b + lambda).is_finite() {
            Self {
                a,
                b,
                half: 0.5 * lambda,
            }
        } else {
            Self {
                a: f64::NAN,
                b: f64::NAN,
                half: f64::NAN,
            }
        }
    }

    /// The probability of a value up to `x`.
    pub fn cdf(self, x: f64) -> f64 {
        self.cdf_and_slope(x).0
    }

    /// The probability of a value up to `x` and its derivative with the logit of `x`: that of
    /// I_x(c, b) is g_c = x^c(1−x)^b/B(c, b), which the recurrence goes through anyway.
    fn cdf_and_slope(self, x: f64) -> (f64, f64) {
        if self.a.is_nan() || x.is_nan() {
            return (f64::NAN, f64::NAN);
        }
        if x <= 0.0 || x >= 1.0 {
            return (if x <= 0.0 { 0.0 } else { 1.0 }, 0.0);
        }
        // Poisson weights beyond nine standard deviations are below 1e-17.
        let reach = 9.0 * self.half.sqrt() + 20.0;
        let first = (self.half - reach).max(0.0).floor();
        let last = (self.half + reach).ceil();
        let mut c = self.a + last;
        let mut beta = Beta::new(c, self.b).cdf(x);
        let mut density = Beta::new(c, self.b).logit_density(x);
        let mut weight = if self.half > 0.0 {
            (last * self.half.ln() - self.half - ln_gamma(last + 1.0)).exp()
        } else {
            0.0
        };
        let mut k = last;
        let mut sum = weight * beta;
        let mut slope = weight * density;
        let mut total = weight;
        while k > first {
            c -= 1.0;
            // g_c from g_{c+1}; afresh where that was too small to be exact.
            density *= c / (x * (c + self.b));
            if density < SMALL {
                density = Beta::new(c, self.b).logit_density(x);
            }
            beta += density / c;
            // From the weight of k to that of k − 1.
            weight = if self.half > 0.0 {
                weight * k / self.half
            } else {
                f64::from(u8::from(k == 1.0))
            };
            if weight == 0.0 && self.half > 0.0 {
                weight = ((k - 1.0) * self.half.ln() - self.half - ln_gamma(k)).exp();
            }
            k -= 1.0;
            sum += weight * beta;
            slope += weight * density;
            total += weight;
        }
        ((sum / total).min(1.0), slope / total)
    }

    /// The value with probability `p` below it: by Newton's method on the logit, which has relative
    /// precision at both ends, within a bracket.
    pub fn quantile(self, p: f64) -> f64 {
        if self.a.is_nan() || !(0.0..=1.0).contains(&p) {
            return f64::NAN;
        }
        if p == 0.0 || p == 1.0 {
            return p;
        }
        let back = |s: f64| {
            if s < 0.0 {
                s.exp() / (1.0 + s.exp())
            } else {
                1.0 / (1.0 + (-s).exp())
            }
        };
        let (mut low, mut high) = (-700.0f64, 36.0f64);
        let centre = self.a + self.half;
        let spread = (1.0 / centre + 1.0 / self.b).sqrt();
        let normal = Normal::STANDARD.quantile(p) * spread;
        let mut s = ((centre / self.b).ln() + normal).clamp(low + 1.0, high - 1.0);
        for _ in 0..200 {
            let (below, slope) = self.cdf_and_slope(back(s));
            if below < p {
                low = s;
            } else {
                high = s;
            }
            // On the logarithm of the smaller tail, which is nearly straight far out.
            let step = if p < 0.5 {
                (p / below).ln() * below / slope
            } else {
                ((1.0 - below) / (1.0 - p)).ln() * (1.0 - below) / slope
            };
            let next = s + step;
            s = if next > low && next < high {
                next
            } else {
                0.5 * (low + high)
            };
            // Newton squares the error.
            if step.abs() < 1e-9 * spread.min(1.0) || high - low < 4.0 * f64::EPSILON * s.abs() {
                break;
            }
        }
        back(s)
    }
}

/// Below this a density has lost digits to the end of the range of numbers.
const SMALL: f64 = 1e-290;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_summed_in_thirty_digits() {
        // The sum over Poisson weights in mpmath; R 4.2.2 (pbeta, qbeta with ncp) agrees to 1e-9,
        // which is where its sum stops.
        let d = NoncentralBeta::new(1.5, 40.0, 6.2);
        for (x, want) in [
            (0.05, 0.186_785_927_863_442),
            (0.2, 0.941_375_450_743_298_6),
        ] {
            assert!((d.cdf(x) - want).abs() < 1e-13, "{}", d.cdf(x));
        }
        let close = |got: f64, want: f64| {
            assert!((got - want).abs() < 1e-11 * want, "{got} {want}");
        };
        let d = NoncentralBeta::new(3.0, 200.0, 120.0);
        close(d.quantile(0.025), 0.172_993_155_692_890_15);
        close(d.quantile(0.975), 0.307_848_987_503_828_83);
        let d = NoncentralBeta::new(0.5, 76.5, 0.02);
        close(d.quantile(0.025), 6.569_832_256_474_9e-6);
        close(d.quantile(0.975), 0.033_028_869_835_630_02);
        let d = NoncentralBeta::new(2.0, 3.0, 0.0);
        close(d.quantile(0.3), Beta::new(2.0, 3.0).quantile(0.3));
        assert!(NoncentralBeta::new(1.0, 2.0, -1.0).cdf(0.5).is_nan());
    }
}
