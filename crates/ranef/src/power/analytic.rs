//! Power without simulation.
//!
//! At the true variances the estimate is normal around the true effect with the standard error of
//! generalised least squares, and the estimated variance of a balanced design is a χ² on so many
//! degrees of freedom: t is noncentral t, F noncentral F, with noncentrality from the true parameters.
//! The degrees of freedom are Satterthwaite's at the truth from the expected information, which
//! is Kenward and Roger's for a single contrast; in balanced designs they are whole numbers and the
//! answer is exact but for estimates of zero variances. Elsewhere it is an approximation (Helms 1992,
//! *Statistics in Medicine* 11:1889; Stroup 2002).
//!
//! For generalised models the variances are those of the linear model of the working response with
//! its weights averaged over the random effects (quasi-likelihood; Moerbeek, van Breukelen and Berger
//! 2001): quick and approximate.

use ranef_engine::Statistics;
use ranef_engine::distributions::{ChiSquared, FisherF, NoncentralBeta, Normal};
use ranef_engine::glmm::family::Response;
use ranef_engine::glmm::hermite;
use ranef_engine::lmm::{self, FTest};

use super::study::Study;
use super::test::{PowerTest, Rule, Target};
use crate::diagnose::model_rows::dot;
use crate::{DfMethod, Error};

/// The covariance of the fixed effects at the truth, and what degrees of freedom it has.
pub(super) struct Exact {
    covariance: Vec<f64>,
    /// Of the single contrasts of the target.
    df: f64,
    /// For the target as a whole.
    joint: f64,
    balanced: bool,
    /// Whether the test of several coefficients has the distribution of F where the design is balanced:
    /// Kenward and Roger's is scaled to (it is Hotelling's), others do where all have the same error.
    joint_is_f: bool,
}

/// Power by formula.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Analytic {
    pub power: f64,
    pub exact: bool,
}

impl Exact {
    /// Of a linear model's statistics.
    pub fn linear(
        study: &Study,
        statistics: &Statistics,
        target: &Target,
        df: DfMethod,
        rows: usize,
    ) -> Result<Self, Error> {
        let truth = &study.truth;
        let mut at = lmm::fit_at(statistics, true, truth.theta()).map_err(|e| Error::fit(&e))?;
        let scale = (truth.sigma() / at.sigma).powi(2);
        let p = at.beta.len();
        let covariance: Vec<f64> = at.vcov.iter().map(|x| x * scale).collect();
        let residual = rows.saturating_sub(p) as f64;
        if df == DfMethod::None || truth.theta().is_empty() || df == DfMethod::Residual {
            let plain = if df == DfMethod::None {
                f64::INFINITY
            } else {
                residual
            };
            return Ok(Self {
                covariance,
                df: plain,
                joint: plain,
                balanced: truth.theta().is_empty(),
                joint_is_f: true,
            });
        }
        let kr = at.kenward_roger();
        let mut balanced = true;
        let mut single = f64::INFINITY;
        for &column in &target.columns {
            let mut contrast = vec![0.0; p];
            contrast[column] = 1.0;
            let own = kr.df(&contrast);
            single = single.min(own);
            let (plain, corrected) = (
                at.vcov[column * p + column],
                kr.covariance[column * p + column],
            );
            balanced &=
                (corrected - plain).abs() < 1e-7 * plain && (own - own.round()).abs() < 1e-4;
        }
        let joint = match target.columns.len() {
            0 => f64::INFINITY,
            1 => single,
            q => {
                let values: Vec<f64> = vec![1.0; q];
                kr.f_test(&target.contrasts(p), &values).den_df
            }
        };
        // Kenward and Roger's errors take in how uncertain the variances are.
        let covariance = match df {
            DfMethod::KenwardRoger => kr.covariance.iter().map(|x| x * scale).collect(),
            _ => covariance,
        };
        Ok(Self {
            covariance,
            df: single,
            joint,
            balanced,
            joint_is_f: df == DfMethod::KenwardRoger || (joint - single).abs() < 1e-4,
        })
    }

    /// Of a generalised model at its truth.
    pub fn generalised(study: &Study) -> Result<Option<Self>, Error> {
        let rows = study.rows()?;
        let Some(response) = &rows.response else {
            return Ok(None);
        };
        let truth = &study.truth;
        // Thresholds stand in the place of an intercept, and estimating them costs what the working
        // model of β alone does not see.
        if truth.family().distribution().response() == Response::Category {
            return Ok(None);
        }
        let layout = crate::rows::layout(truth.recipe());
        let factors = layout.lambda(truth.theta());
        let law = truth.response();
        // Five points: the weights are smooth in the predictor. Of a standard normal variable.
        let nodes: Vec<(f64, f64)> = (hermite(5).into_iter())
            .map(|(t, log)| (t, (log - 0.5 * t * t).exp()))
            .collect();
        let mut weighted = rows.weight.clone();
        for (i, weight) in weighted.iter_mut().enumerate() {
            let centre = dot(rows.x(i), truth.fixef()) + rows.offset[i];
            let variance: f64 = (factors.iter().enumerate())
                .map(|(f, l)| {
                    let (z, k) = (rows.z(f, i), rows.widths()[f]);
                    let column = |c: usize| (0..k).map(|a| z[a] * l[a * k + c]).sum::<f64>();
                    (0..k).map(|c| column(c).powi(2)).sum::<f64>()
                })
                .sum();
            let sd = variance.sqrt();
            *weight = nodes
                .iter()
                .map(|(x, w)| w * law.working(&response.rows[i], centre + sd * x).1)
                .sum();
        }
        let p = truth.fixef().len();
        let mut plain = rows;
        plain.weight = weighted;
        let all: Vec<usize> = (0..plain.n).collect();
        let coordinates = ranef_engine::Coordinates::identity(&layout);
        let statistics = plain.statistics(&layout, &coordinates, &all, None);
        let Ok(at) = lmm::fit_at(&statistics, true, truth.theta()) else {
            return Ok(None);
        };
        let scale = at.sigma.powi(-2);
        debug_assert_eq!(at.vcov.len(), p * p);
        Ok(Some(Self {
            covariance: at.vcov.iter().map(|x| x * scale).collect(),
            df: f64::INFINITY,
            joint: f64::INFINITY,
            balanced: false,
            joint_is_f: false,
        }))
    }

    /// The standard error and degrees of freedom of a coefficient.
    pub fn of(&self, column: usize, p: usize) -> (f64, f64) {
        (self.covariance[column * p + column].sqrt(), self.df)
    }

    /// The power of a rule for these fixed effects; `None` where there is no formula.
    pub fn power(&self, rule: &Rule<'_>, target: &Target, beta: &[f64]) -> Option<Analytic> {
        let p = beta.len();
        let column = *target.columns.first()?;
        let (std_error, df) = self.of(column, p);
        let q = target.columns.len() as f64;
        let power = match rule.test {
            PowerTest::Coefficient | PowerTest::Excludes(_) => {
                let shift = (beta[column] - rule.null()) / std_error;
                two_sided_t(shift, df, rule.critical(df))
            }
            PowerTest::Width(width) => {
                let reach = (width / (2.0 * rule.critical(df) * std_error)).powi(2);
                match df.is_finite() {
                    true => ChiSquared::new(df).cdf(df * reach),
                    false => f64::from(u8::from(reach >= 1.0)),
                }
            }
            PowerTest::Term => {
                let lambda = self.noncentrality(target, beta);
                match self.joint.is_finite() {
                    true => {
                        let critical = FisherF::new(q, self.joint).upper_quantile(rule.alpha);
                        let x = q * critical / (q * critical + self.joint);
                        1.0 - NoncentralBeta::new(0.5 * q, 0.5 * self.joint, lambda).cdf(x)
                    }
                    false => chi_squared(q, lambda, rule.alpha),
                }
            }
            PowerTest::LikelihoodRatio => {
                chi_squared(q, self.noncentrality(target, beta), rule.alpha)
            }
            PowerTest::Against(_) => return None,
        };
        let several = *rule.test == PowerTest::Term && target.columns.len() > 1;
        let exact = self.balanced && !rule.test.is_ratio() && (!several || self.joint_is_f);
        power.is_finite().then_some(Analytic { power, exact })
    }

    fn noncentrality(&self, target: &Target, beta: &[f64]) -> f64 {
        let contrasts = target.contrasts(beta.len());
        let values: Vec<f64> = target.columns.iter().map(|&c| beta[c]).collect();
        let test = FTest::wald(&contrasts, &values, &self.covariance, f64::INFINITY);
        test.f * test.num_df
    }
}

/// P(|T| > c) of noncentral t with this shift: T² is noncentral F on 1 and df.
pub(super) fn two_sided_t(shift: f64, df: f64, critical: f64) -> f64 {
    if df.is_finite() && df < 1e6 {
        let square = critical * critical;
        let x = square / (square + df);
        return 1.0 - NoncentralBeta::new(0.5, 0.5 * df, shift * shift).cdf(x);
    }
    Normal::STANDARD.upper_tail(critical - shift) + Normal::STANDARD.cdf(-critical - shift)
}

/// The power of a χ² test on q degrees of freedom: a Poisson mixture of central ones.
pub(super) fn chi_squared(q: f64, lambda: f64, alpha: f64) -> f64 {
    let critical = ChiSquared::new(q).upper_quantile(alpha);
    let half = 0.5 * lambda;
    let reach = 9.0 * half.sqrt() + 20.0;
    let (first, last) = ((half - reach).max(0.0).floor(), (half + reach).ceil());
    let mut sum = 0.0;
    let mut k = first;
    while k <= last {
        let weight = match half > 0.0 {
            true => {
                let ln =
                    k * half.ln() - half - ranef_engine::distributions::special::ln_gamma(k + 1.0);
                ln.exp()
            }
            false => f64::from(u8::from(k == 0.0)),
        };
        sum += weight * ChiSquared::new(q + 2.0 * k).upper_tail(critical);
        k += 1.0;
    }
    sum
}
