//! What a generalised model says of the response of a row.
//!
//! On the scale of the response everything is of the mean of the trials: a count of successes is
//! compared as its share. The variance of a row follows R's conventions: a prior weight divides it,
//! whether the family has a dispersion or not, and Pearson's residual is (y − μ)/√Var(y).
//!
//! On the scale of the link a fit is locally a linear mixed model of the working response
//! z = η + r with weights W: r = ℓ'/W with W the expected information (McCullagh and Nelder 1989,
//! section 2.5). What the diagnostics of linear models make of leverages and of rows left out in one
//! step holds for it (Pregibon 1981; Williams 1987).

use std::sync::Arc;

use ranef_design::{DesignRows, Parts};
use ranef_engine::glmm::family::{Density, Observation};
use ranef_engine::random::Stream;
use ranef_frame::Source;

use super::rows::observations;
use crate::rows::{for_each_batch, refuse_new_levels};
use crate::{Error, Fit};

/// The distribution of responses given their linear predictors.
#[derive(Clone)]
pub(crate) struct Response<'a> {
    density: Arc<dyn Density>,
    psi: &'a [f64],
}

impl Fit {
    /// Nuisance parameters ψ of the family.
    pub(crate) fn nuisance(&self) -> &[f64] {
        &self.facts.estimates.nuisance
    }

    /// Whether σ is a parameter of the family.
    pub(crate) fn has_sigma(&self) -> bool {
        let parameters = self.family().parameters(self.recipe());
        self.family().is_gaussian() || parameters.iter().any(|p| p.name == "sigma")
    }

    /// σ of the linear model whose rows diagnostics have: 1 in a generalised model, whose weights
    /// have the dispersion in them.
    pub(crate) fn working_sigma(&self) -> f64 {
        match self.family().is_gaussian() {
            true => self.sigma(),
            false => 1.0,
        }
    }

    /// The distribution of the response.
    pub(crate) fn response(&self) -> Response<'_> {
        Response {
            density: self.family().density(self.recipe()),
            psi: self.nuisance(),
        }
    }

    /// The observations of a batch of rows that the model was fitted to.
    pub(crate) fn observed(&self, rows: &DesignRows) -> Result<Vec<Observation>, Error> {
        refuse_new_levels(rows)?;
        observations(self.recipe(), self.family(), rows, 0)
    }

    /// The weights of a batch of rows in the linear model that diagnostics look at: those of the data,
    /// or in a generalised model, given its observations, the working weights at the modes.
    pub(crate) fn weights_at_mode(&self, rows: &DesignRows, observed: &[Observation]) -> Vec<f64> {
        if self.family().is_gaussian() {
            let own = |i| rows.weights.as_ref().map_or(1.0, |w| w.at(i));
            return (0..rows.n).map(own).collect();
        }
        let response = self.response();
        let eta = self.expected(rows);
        (observed.iter().zip(eta))
            .map(|(row, eta)| response.working(row, eta).1)
            .collect()
    }

    /// Calls `visit` with the observation and the linear predictor, random effects and offset
    /// included, of every row that was used.
    pub(crate) fn for_each_predictor(
        &self,
        source: &dyn Source,
        mut visit: impl FnMut(&Observation, f64),
    ) -> Result<(), Error> {
        let (recipe, formula) = (self.recipe(), self.formula());
        for_each_batch(recipe, source, Parts::ALL, formula, |_, rows| {
            let observed = self.observed(&rows)?;
            for (row, eta) in observed.iter().zip(self.expected(&rows)) {
                visit(row, eta);
            }
            Ok(())
        })
    }
}

/// The observed response, per trial.
pub(crate) fn share(row: &Observation) -> f64 {
    row.y / row.trials
}

impl Response<'_> {
    /// E[y], per trial.
    pub fn mean(&self, eta: f64) -> f64 {
        self.density.mean(eta, self.psi)
    }

    /// Var[y] of the mean of the trials, divided by the prior weight.
    pub fn variance(&self, row: &Observation, eta: f64) -> f64 {
        let unit = self.density.variance(&row.weighted(1.0), eta, self.psi);
        unit / row.weight
    }

    /// (y − μ)/√Var(y).
    pub fn pearson(&self, row: &Observation, eta: f64) -> f64 {
        let (missed, variance) = (share(row) - self.mean(eta), self.variance(row, eta));
        if variance > 0.0 {
            missed / variance.sqrt()
        } else {
            0.0
        }
    }

    /// The signed root of the unit deviance.
    pub fn deviance(&self, row: &Observation, eta: f64) -> f64 {
        let size = self.density.deviance(row, eta, self.psi).max(0.0).sqrt();
        size.copysign(share(row) - self.mean(eta))
    }

    /// The working residual r = ℓ'/W and the working weight W; zero where the row says nothing.
    pub fn working(&self, row: &Observation, eta: f64) -> (f64, f64) {
        let weight = self.density.information(row, eta, self.psi);
        let slope = self.density.derivatives(row, eta, self.psi).first;
        let residual = slope / weight;
        if residual.is_finite() {
            (residual, weight)
        } else {
            (0.0, 0.0)
        }
    }

    /// A drawn response, per trial.
    pub fn simulate(&self, row: &Observation, eta: f64, stream: &mut Stream) -> f64 {
        self.density.simulate(row, eta, self.psi, stream) / row.trials
    }
}
