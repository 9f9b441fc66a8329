//! Functions of the fixed effects and of the parameters of the family, with standard errors.
//!
//! The probability of a category hangs on thresholds as well as on effects, and the mean of counts
//! with extra zeros on the probability of these: g(η, ψ) with η = x'β. By the delta method
//!
//! Var g = g_β'V g_β + 2 g_β'C g_ψ + g_ψ'W g_ψ,
//!
//! where V, C and W are the blocks of the inverse Hessian of all parameters, variances of random
//! effects among them (the same as `ordinal::clmm`, `emmeans` and glmmTMB's `predict` have). The cross
//! block C matters: thresholds and effects are estimated together, and without it the errors of a
//! middle category may come out several times too large.

use crate::Fit;
use crate::generalised::inverse::Inverse;
use crate::linear::{Linear, quadratic};

/// A number and its gradient in β and ψ.
#[derive(Clone, Debug)]
pub(crate) struct Smooth {
    pub value: f64,
    pub fixed: Vec<f64>,
    /// Empty where the number does not depend on ψ.
    pub nuisance: Vec<f64>,
}

/// How sure the parameters of a family are: W, k × k by rows, and C, p × k by rows.
#[derive(Clone, Debug)]
pub(crate) struct FamilyCovariance {
    pub own: Vec<f64>,
    pub cross: Vec<f64>,
}

/// A standard error beyond which a parameter has run to the end of its range, where the family is one
/// without it and nothing moves any more.
const VAST: f64 = 15.0;

impl Smooth {
    /// Zero, to add to.
    pub fn zero(fit: &Fit, inverse: &Inverse) -> Self {
        let k = if inverse.moves() {
            fit.nuisance().len()
        } else {
            0
        };
        Self {
            value: 0.0,
            fixed: vec![0.0; fit.fixef().len()],
            nuisance: vec![0.0; k],
        }
    }

    /// `self` + weight·`other`.
    pub fn add(&mut self, other: &Self, weight: f64) {
        self.value += weight * other.value;
        let pairs = |to: &mut [f64], from: &[f64]| {
            to.iter_mut().zip(from).for_each(|(x, y)| *x += weight * y);
        };
        pairs(&mut self.fixed, &other.fixed);
        pairs(&mut self.nuisance, &other.nuisance);
    }

    /// `self` − `other`.
    pub fn minus(&self, other: &Self) -> Self {
        let mut out = self.clone();
        out.add(other, -1.0);
        out
    }
}

impl Fit {
    /// The expected response at x'β = η, averaged over a variance around it.
    pub(crate) fn smooth_response(
        &self,
        inverse: &Inverse,
        x: &[f64],
        eta: f64,
        variance: f64,
    ) -> Smooth {
        let slope = inverse.slope(eta, variance);
        Smooth {
            value: inverse.average(eta, variance),
            fixed: x.iter().map(|x| slope * x).collect(),
            nuisance: inverse.nuisance(eta, variance),
        }
    }

    /// How sure the parameters of the family are. Those that ran to the end of their range count as
    /// known: the response does not depend on them there.
    pub(crate) fn family_covariance(&self) -> FamilyCovariance {
        let estimates = &self.facts.estimates;
        let k = estimates.nuisance.len();
        let parameters = self.family().parameters(self.recipe());
        let mut out = FamilyCovariance {
            own: estimates.nuisance_vcov.clone(),
            cross: estimates.cross_vcov.clone(),
        };
        // A linear model has its σ elsewhere.
        for (i, parameter) in parameters.iter().take(k).enumerate() {
            use ranef_engine::glmm::family::Scale;
            let variance = out.own[i * k + i];
            let vast = parameter.scale != Scale::Same && variance > VAST * VAST;
            if !vast && variance.is_finite() {
                continue;
            }
            for j in 0..k {
                out.own[i * k + j] = 0.0;
                out.own[j * k + i] = 0.0;
            }
            out.cross
                .iter_mut()
                .skip(i)
                .step_by(k)
                .for_each(|x| *x = 0.0);
        }
        out
    }

    /// A function of the parameters with its standard error by the delta method.
    pub(crate) fn delta(&self, smooth: &Smooth) -> Linear {
        let mut variance = quadratic(&smooth.fixed, self.vcov());
        if !smooth.nuisance.is_empty() {
            let known = self.family_covariance();
            variance += quadratic(&smooth.nuisance, &known.own);
            let k = smooth.nuisance.len();
            for (row, slope) in known.cross.chunks_exact(k).zip(&smooth.fixed) {
                let pairs = row.iter().zip(&smooth.nuisance);
                variance += 2.0 * slope * pairs.map(|(c, n)| c * n).sum::<f64>();
            }
        }
        Linear {
            estimate: smooth.value,
            std_error: variance.max(0.0).sqrt(),
            df: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Model;
    use ranef_frame::{ReadOptions, open};

    /// P(category) of a cumulative logit, by its definition.
    fn probability(category: usize, beta: &[f64], x: &[f64], theta: &[f64]) -> f64 {
        let eta: f64 = beta.iter().zip(x).map(|(b, x)| b * x).sum();
        let below = |k: usize| match theta.get(k) {
            Some(t) => 1.0 / (1.0 + (eta - t).exp()),
            None => 1.0,
        };
        below(category)
            - if category > 0 {
                below(category - 1)
            } else {
                0.0
            }
    }

    /// The same delta method with differences of the definition, over one covariance matrix of all.
    #[test]
    fn probabilities_against_differences() {
        let data = open("VerbAgg", &ReadOptions::default()).expect("built in");
        let fit = Model::new("resp ~ Gender + btype + (1 | id)")
            .family("ordinal".parse().expect("a family"))
            .fit(&*data)
            .expect("a fit");
        let (p, k) = (fit.fixef().len(), fit.nuisance().len());
        let estimates = &fit.facts.estimates;
        let n = p + k;
        let at = |i: usize, j: usize| match (i < p, j < p) {
            (true, true) => estimates.vcov[i * p + j],
            (false, false) => estimates.nuisance_vcov[(i - p) * k + j - p],
            (true, false) => estimates.cross_vcov[i * k + j - p],
            (false, true) => estimates.cross_vcov[j * k + i - p],
        };
        // ordinal 2022.11-16, vcov(clmm(resp ~ Gender + btype + (1 | id), VerbAgg)): thresholds by
        // GenderM, btypescold, btypeshout.
        let expected = [
            [6.31573310598e-03, 6.38943737920e-03],
            [1.59738375817e-03, 1.354312421013e-03],
            [1.68847256819e-03, 1.223129106765e-03],
        ];
        for (i, row) in expected.iter().enumerate() {
            for (j, want) in row.iter().enumerate() {
                let got = at(i, p + j);
                assert!((got - want).abs() < 2e-3 * want.abs(), "{got} {want}");
            }
        }
        for x in [[0.0, 0.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]] {
            let eta: f64 = fit.fixef().iter().zip(&x).map(|(b, x)| b * x).sum();
            for category in 0..3 {
                let inverse = fit.inverse().category(category);
                let smooth = fit.smooth_response(&inverse, &x, eta, 0.0);
                let all: Vec<f64> = fit.fixef().iter().chain(fit.nuisance()).copied().collect();
                let of = |v: &[f64]| probability(category, &v[..p], &x, &v[p..]);
                assert!((smooth.value - of(&all)).abs() < 1e-14);
                let slope = |i: usize| {
                    let moved = |by: f64| {
                        let mut v = all.clone();
                        v[i] += by;
                        of(&v)
                    };
                    (moved(1e-5) - moved(-1e-5)) / 2e-5
                };
                let slopes: Vec<f64> = (0..n).map(slope).collect();
                let variance: f64 = (0..n * n)
                    .map(|e| slopes[e / n] * at(e / n, e % n) * slopes[e % n])
                    .sum();
                let got = fit.delta(&smooth).std_error;
                assert!(
                    (got / variance.sqrt() - 1.0).abs() < 1e-7,
                    "{got} {variance}"
                );
                // The slope along η, of which the mixed derivatives are made.
                let d = 1e-3;
                let there = inverse.nuisance(eta + d, 0.0);
                let here = inverse.nuisance(eta - d, 0.0);
                for (j, mixed) in inverse.nuisance_bend(eta).iter().enumerate() {
                    let want = (there[j] - here[j]) / (2.0 * d);
                    assert!((mixed - want).abs() < 1e-6, "{mixed} {want}");
                }
            }
        }
    }

    /// Averages over groups: the mean of many fixed points.
    #[test]
    fn averages_are_means_over_the_groups() {
        let data = open("VerbAgg", &ReadOptions::default()).expect("built in");
        let fit = Model::new("resp ~ btype + (1 | id)")
            .family("ordinal".parse().expect("a family"))
            .fit(&*data)
            .expect("a fit");
        let inverse = fit.inverse().category(1);
        let (eta, variance) = (0.3, 1.35);
        let got = fit.smooth_response(&inverse, &[1.0, 0.0], eta, variance);
        let mut sums = [0.0; 4];
        const STEP: f64 = 1e-3;
        for i in -9_000..=9_000 {
            let z = f64::from(i) * STEP;
            let w = (-0.5 * z * z).exp();
            let one = fit.smooth_response(&inverse, &[1.0, 0.0], eta + z * variance.sqrt(), 0.0);
            for (sum, x) in sums
                .iter_mut()
                .zip([1.0, one.value, one.fixed[0], one.nuisance[0]])
            {
                *sum += w * x;
            }
        }
        for (got, sum) in [got.value, got.fixed[0], got.nuisance[0]]
            .into_iter()
            .zip(&sums[1..])
        {
            assert!(
                (got - sum / sums[0]).abs() < 1e-9,
                "{got} {}",
                sum / sums[0]
            );
        }
    }
}
