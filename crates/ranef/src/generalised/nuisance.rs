//! The parameters of a family beside its mean: dispersions, thresholds, probabilities of zeros.

use ranef_engine::distributions::Normal;
use serde::Serialize;

use crate::Fit;

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
    /// The parameters of the family beside the mean; none of a binomial, Poisson or linear model
    /// (the residual standard deviation of the last is [`Fit::sigma`]).
    pub fn family_parameters(&self) -> Vec<FamilyParameter> {
        let estimates = &self.facts.estimates;
        let k = estimates.nuisance.len();
        let z = Normal::STANDARD.quantile(0.975);
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
