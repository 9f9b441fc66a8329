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
        for (i, parameter) in parameters.iter().enumerate() {
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
