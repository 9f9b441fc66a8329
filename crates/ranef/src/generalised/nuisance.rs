//! The parameters of a family beside its mean: dispersions, thresholds, probabilities of zeros.

use ranef_engine::distributions::Normal;
use serde::Serialize;

use crate::{Curvature, Fit};

/// A parameter of the family, on the scale of a reader.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FamilyParameter {
    /// Its name, such as `sigma`, `dispersion`, `zero_probability` or a threshold `low|high`.
    pub name: String,
    /// What it is, in words.
    pub meaning: String,
    /// The estimate.
    pub estimate: f64,
    /// Its standard error, by the delta method.
    pub std_error: f64,
    /// Lower end of the 95 % interval, symmetric on the scale without bounds.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

impl Fit {
    /// How the likelihood of a generalised model is approximated, in words: `Laplace
    /// approximation`, quadrature with so many points, the fast approximation. `None` where there
    /// is nothing to approximate: linear models, and models without random effects.
    pub fn approximation(&self) -> Option<String> {
        if self.family().is_gaussian() || self.theta().is_empty() {
            return None;
        }
        let options = self.options();
        let canonical = matches!(
            self.family().to_string().as_str(),
            "binomial:logit" | "poisson:log"
        );
        let expects = matches!(self.family().name(), "binomial" | "poisson");
        Some(match options.agq {
            0 => "fast approximation: fixed effects with the modes, nAGQ = 0".to_owned(),
            1 if expects && !canonical && options.curvature == Curvature::Customary => {
                "Laplace approximation with expected curvature, as lme4".to_owned()
            }
            1 => "Laplace approximation".to_owned(),
            n => format!("adaptive Gauss-Hermite quadrature, {n} points"),
        })
    }

    /// The parameters of the family beside the mean; none of a binomial, Poisson or linear model
    /// (the residual standard deviation of the last is [`Fit::sigma`]).
    pub fn family_parameters(&self) -> Vec<FamilyParameter> {
        self.family_parameters_at(0.95)
    }

    /// The same with intervals at another level.
    pub(crate) fn family_parameters_at(&self, level: f64) -> Vec<FamilyParameter> {
        let estimates = &self.facts.estimates;
        let k = estimates.nuisance.len();
        let z = Normal::STANDARD.quantile(0.5 + 0.5 * level);
        self.family()
            .parameters(self.recipe())
            .into_iter()
            .zip(&estimates.nuisance)
            .enumerate()
            .map(|(i, (parameter, &psi))| {
                let error = estimates.nuisance_vcov[i * k + i].sqrt();
                FamilyParameter {
                    estimate: parameter.scale.of(psi),
                    std_error: parameter.scale.slope(psi) * error,
                    lower: parameter.scale.of(psi - z * error),
                    upper: parameter.scale.of(psi + z * error),
                    name: parameter.name,
                    meaning: parameter.meaning.to_owned(),
                }
            })
            .collect()
    }
}
