//! The variance of a response about its expectation, on the scale of the link.
//!
//! A generalised model has no σ². What stands in its place in shares of variance is the variance of
//! the distribution on the scale of the link (Nakagawa and Schielzeth 2013; Nakagawa, Johnson and
//! Schielzeth 2017): π²/3, 1 and π²/6 for logit, probit and cloglog, that of the latent variable
//! behind a yes or no; log(1 + 1/λ) for Poisson counts with a log link. The latter depends on the
//! mean λ, which is taken from the null model (the intercept and the random effects):
//! λ = exp(β₀ + ½Σσ²), the mean of a lognormal variable. Tools differ here, so method and λ are said
//! with every share. Random effects with a level for each row are overdispersion, and count here
//! and not among the groups.

use ranef_engine::distributions::Normal;
use ranef_engine::distributions::special::trigamma;
use ranef_engine::glmm::family::Family as Distribution;
use ranef_engine::glmm::family::{Link, Observation};
use serde::{Deserialize, Serialize};

use super::algebra::trace;
use crate::{Error, Fit, rows};

/// How the variance of the distribution is found on the scale of the link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkVariance {
    /// That of the latent variable (logit, probit, cloglog), of a lognormal variable (log link), or
    /// by the delta method where there is neither.
    #[default]
    Theoretical,
    /// The delta method: V(μ)(dη/dμ)² at the mean of the null model.
    Delta,
    /// ψ₁ of the inverse of that, for counts and amounts with a log link.
    Trigamma,
}

/// The mean that the variance is taken at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NullMean {
    /// The expectation under the null model over its random effects: exp(β₀ + ½Σσ²) with a log link
    /// (Nakagawa, Johnson and Schielzeth 2017).
    #[default]
    Average,
    /// That of the average group: exp(β₀), as R's performance (0.10) has it.
    Median,
}

/// The variance of the distribution, and how it was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DistributionVariance {
    /// `theoretical`, `lognormal`, `delta` or `trigamma`.
    pub method: &'static str,
    /// The link, on whose scale it is.
    pub link: &'static str,
    /// The variance.
    pub variance: f64,
    /// The mean λ (or probability) that it depends on; `None` where it depends on none.
    pub lambda: Option<f64>,
    /// Where that comes from: `null_model`, `null_model_median` or `response_mean`.
    pub lambda_from: Option<&'static str>,
    /// Variance of the random effects with a level for each row, which is added to it.
    pub observation_level: f64,
    /// All of it in a sentence.
    pub reading: String,
}

/// The null model: what it says of the linear predictor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Null {
    intercept: f64,
    /// Σσ²: the mean over the rows of z'Tz, all terms together.
    variance: f64,
}

impl Fit {
    /// The same fit with another variance of the distribution in [`Fit::icc`], [`Fit::r_squared`] and
    /// tables. Without effect for gaussian models.
    ///
    /// # Errors
    /// `no_trigamma` where the link is not the logarithm.
    pub fn with_link_variance(
        mut self,
        method: LinkVariance,
        mean: NullMean,
    ) -> Result<Self, Error> {
        let log = self.family().is_gaussian() || self.family().link() == Link::Log;
        if method == LinkVariance::Trigamma && !log {
            return Err(Error::new(
                "no_trigamma",
                format!(
                    "the trigamma variance is of models with a log link, and this one is {}",
                    self.family()
                ),
            )
            .with_hint("use the theoretical variance, or the delta method"));
        }
        self.link_variance = (method, mean);
        Ok(self)
    }

    /// The variance of the distribution; `None` for a gaussian model, which has σ².
    pub(crate) fn distribution_variance(&self) -> Option<DistributionVariance> {
        let (method, mean) = self.link_variance;
        self.distribution_by(method, mean)
    }

    pub(super) fn distribution_by(
        &self,
        method: LinkVariance,
        mean: NullMean,
    ) -> Option<DistributionVariance> {
        if self.family().is_gaussian() {
            return None;
        }
        let (density, psi) = (self.family().density(self.recipe()), self.nuisance());
        let link = self.family().link();
        let name = match method {
            LinkVariance::Theoretical if link == Link::Log => "lognormal",
            LinkVariance::Theoretical => "theoretical",
            LinkVariance::Delta => "delta",
            LinkVariance::Trigamma => "trigamma",
        };
        // Whether it is the same wherever one looks.
        let [here, there] = [0.0, 0.5].map(|eta| density.link_variance(eta, psi));
        if method == LinkVariance::Theoretical && (here - there).abs() <= 1e-12 * here {
            return Some(self.found(name, here, None));
        }
        let (eta, from) = match (self.null_model(), mean) {
            (Some(null), NullMean::Median) => (null.intercept, "null_model_median"),
            (Some(null), NullMean::Average) => (
                average(link, null, &|eta| density.mean(eta, psi)),
                "null_model",
            ),
            // Without the rows: the mean of the response itself.
            (None, _) => (link.of(self.moments().response_mean), "response_mean"),
        };
        let at = link.value(eta);
        let delta = density.variance(&Observation::new(at.mean), eta, psi) / (at.first * at.first);
        let variance = match method {
            LinkVariance::Theoretical => density.link_variance(eta, psi),
            LinkVariance::Delta => delta,
            LinkVariance::Trigamma => trigamma(1.0 / delta),
        };
        Some(self.found(name, variance, Some((density.mean(eta, psi), from))))
    }

    fn found(
        &self,
        method: &'static str,
        variance: f64,
        lambda: Option<(f64, &'static str)>,
    ) -> DistributionVariance {
        let observation_level = (self.varcorr().iter().enumerate())
            .filter(|(block, _)| self.is_observation_level(*block))
            .map(|(block, b)| {
                let flat: Vec<f64> = b.cov.concat();
                trace(&flat, &self.moments().random_product[block])
            })
            .sum::<f64>()
            + 0.0;
        let family = self.family().name();
        let how = match (method, self.family().link()) {
            ("theoretical", Link::Logit) => "π²/3, that of a logistic variable".to_owned(),
            ("theoretical", Link::Probit) => "1, that of a standard normal variable".to_owned(),
            ("theoretical", Link::Cloglog) => "π²/6, that of an extreme-value variable".to_owned(),
            ("lognormal", _) if family == "poisson" => "log(1 + 1/λ)".to_owned(),
            ("lognormal", _) => "log(1 + V(λ)/λ²)".to_owned(),
            ("trigamma", _) if family == "poisson" => "ψ₁(λ)".to_owned(),
            ("trigamma", _) => "ψ₁(λ²/V(λ))".to_owned(),
            _ => "by the delta method".to_owned(),
        };
        let own = match self.family().distribution() {
            Distribution::Gaussian | Distribution::Student => {
                "The residual variance is not on the scale of the link"
            }
            _ => "There is no residual variance",
        };
        let mut reading = format!(
            "{own}: in its place stands the variance of the {family} \
             distribution on the scale of the {} link, σ² = {variance:.4} ({how})",
            self.family().link().name()
        );
        match lambda {
            Some((lambda, "null_model")) => reading.push_str(&format!(
                ", at the mean λ = {lambda:.4} of the null model, random effects averaged over \
                 (`--lambda median` takes its average group instead)"
            )),
            Some((lambda, "null_model_median")) => reading.push_str(&format!(
                ", at λ = {lambda:.4}, the average group of the null model"
            )),
            Some((lambda, _)) => reading.push_str(&format!(
                ", at the mean λ = {lambda:.4} of the response, as there is no null model: that \
                 needs the rows and an intercept"
            )),
            None => {}
        }
        reading.push('.');
        if observation_level > 0.0 {
            reading.push_str(&format!(
                " Random effects with a level for each row are overdispersion: their variance \
                 {observation_level:.4} is added to it, and is none between groups."
            ));
        }
        DistributionVariance {
            method,
            link: self.family().link().name(),
            variance,
            lambda: lambda.map(|(lambda, _)| lambda),
            lambda_from: lambda.map(|(_, from)| from),
            observation_level,
            reading,
        }
    }

    /// Whether a block of a generalised model has a level for each row.
    pub(crate) fn is_observation_level(&self, block: usize) -> bool {
        let factor = self.varcorr()[block].factor;
        !self.family().is_gaussian() && self.recipe().factors()[factor].levels == self.nobs()
    }

    /// The model without predictors, offsets and random effects kept, from the rows in memory; the fit
    /// itself where it has none. `None` where there are no rows or no intercept, or no such fit.
    fn null_model(&self) -> Option<Null> {
        *self.null_model.get_or_init(|| {
            if !self.recipe().has_intercept() {
                return None;
            }
            let (intercept, theta) = match self.fixef().len() {
                0 => return None,
                1 => (self.fixef()[0], self.theta().to_vec()),
                p => {
                    let dropped: Vec<usize> = (1..p).collect();
                    let null = self.ask_generalised(|fit| fit.without_fixed(&dropped));
                    let null = null.ok()?.ok()?;
                    (null.beta[0], null.theta)
                }
            };
            let layout = rows::layout(self.recipe());
            let lambda = layout.lambda(&theta);
            let terms = layout.terms.iter().zip(&self.moments().random_product);
            let variance = terms
                .map(|(term, product)| {
                    let width = layout.factors[term.factor].width;
                    let l = |i: usize, j: usize| {
                        lambda[term.factor][(term.offset + i) * width + term.offset + j]
                    };
                    let k = term.width;
                    let t: Vec<f64> = (0..k * k)
                        .map(|at| (at / k, at % k))
                        .map(|(i, j)| (0..=i.min(j)).map(|a| l(i, a) * l(j, a)).sum())
                        .collect();
                    trace(&t, product)
                })
                .sum();
            Some(Null {
                intercept,
                variance,
            })
        })
    }
}

/// The linear predictor of the mean over random effects: g(E h(β₀ + √Σσ² Z)).
fn average(link: Link, null: Null, mean: &dyn Fn(f64) -> f64) -> f64 {
    if link == Link::Log {
        return null.intercept + 0.5 * null.variance;
    }
    const STEP: f64 = 0.05;
    let sd = null.variance.sqrt();
    let sum: f64 = (-160..=160)
        .map(|i| {
            let z = f64::from(i) * STEP;
            mean(null.intercept + sd * z) * Normal::STANDARD.density(z) * STEP
        })
        .sum();
    let eta = link.of(sum);
    if eta.is_finite() { eta } else { null.intercept }
}
