//! Residuals: one pass over the rows.

use ranef_frame::Source;
use serde::{Deserialize, Serialize};

use crate::{Error, Fit};

/// Five numbers about the scaled residuals √w(y − ŷ)/σ, Pearson's in a generalised model: minimum, quartiles and maximum, with
/// R's default quantiles (Hyndman and Fan 1996, type 7).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResidualSummary {
    /// Minimum, first quartile, median, third quartile, maximum.
    pub quantiles: [f64; 5],
}

impl Fit {
    /// Residuals y − ŷ of the rows that were used, in their order; ŷ includes the random effects and
    /// is on the scale of the response.
    pub fn residuals(&self, source: &dyn Source) -> Result<Vec<f64>, Error> {
        let mut out = Vec::with_capacity(self.nobs());
        self.for_each_fitted(source, |y, fitted, _| out.push(y - fitted))?;
        Ok(out)
    }

    /// Fitted values of the rows that were used, in their order, on the scale of the response.
    pub fn fitted(&self, source: &dyn Source) -> Result<Vec<f64>, Error> {
        let mut out = Vec::with_capacity(self.nobs());
        self.for_each_fitted(source, |_, fitted, _| out.push(fitted))?;
        Ok(out)
    }

    /// Summarises the scaled residuals and keeps the result for [`Fit::summary`] and
    /// [`Fit::save`].
    pub fn summarise_residuals(&self, source: &dyn Source) -> Result<ResidualSummary, Error> {
        if let Some(summary) = self.residuals.get() {
            return Ok(*summary);
        }
        let mut scaled = Vec::with_capacity(self.nobs());
        if self.family().is_gaussian() {
            let sigma = self.sigma();
            self.for_each_fitted(source, |y, fitted, weight| {
                scaled.push(weight.sqrt() * (y - fitted) / sigma);
            })?;
        } else {
            let response = self.response();
            self.for_each_predictor(source, |row, eta| scaled.push(response.pearson(row, eta)))?;
        }
        let summary = ResidualSummary {
            quantiles: [0.0, 0.25, 0.5, 0.75, 1.0].map(|p| quantile(&mut scaled, p)),
        };
        Ok(*self.residuals.get_or_init(|| summary))
    }
}

/// Type 7: linear interpolation at 1 + (n − 1)p.
fn quantile(values: &mut [f64], p: f64) -> f64 {
    let place = (values.len() - 1) as f64 * p;
    let below = place.floor() as usize;
    let (_, &mut low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let high = above.iter().copied().fold(f64::INFINITY, f64::min);
    let share = place - below as f64;
    if share == 0.0 {
        low
    } else {
        low + share * (high - low)
    }
}
