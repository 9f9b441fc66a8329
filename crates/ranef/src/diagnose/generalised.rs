//! The check of a generalised model. It has no residual variance to be equal and no residuals to be
//! normal: in their place stand overdispersion, zeros and simulated residuals. Random effects,
//! groups, predictors and influence are asked about as in a linear model.

use ranef_frame::Source;

use super::check::{Check, CheckOptions};
use super::model_rows::ModelRows;
use super::rules;
use crate::{Error, Fit};

impl Fit {
    pub(super) fn check_generalised(
        &self,
        source: &dyn Source,
        options: &CheckOptions,
        rows: &ModelRows,
        leverages: &[f64],
        progress: &mut dyn FnMut(&'static str),
    ) -> Result<Check, Error> {
        progress("fitting simpler models");
        let singularity = self.singularity(source);
        progress("looking at residuals");
        let collinearity = self.collinearity_of(rows);
        let normality = self.normality_of(rows, leverages);
        let dispersion = self.dispersion_of(rows, leverages)?;
        let separation = self.separations(rows);
        progress("simulating");
        let simulated = self.simulated_of(rows, leverages, options.simulate)?;
        progress("leaving out rows and groups");
        let influence = self.row_influence_of(rows, leverages)?;
        let (groups, left_out) = self.influences(rows, options)?;
        let mut checks = vec![
            rules::convergence(self),
            rules::singularity(&singularity),
            rules::groups(self),
            rules::collinearity(&collinearity),
            rules::separation(&separation),
            rules::normal_effects(&normality),
            rules::overdispersion(&dispersion, &simulated),
        ];
        checks.extend(simulated.zeros.as_ref().map(rules::zeros));
        checks.extend(rules::simulated(&simulated, true));
        checks.push(rules::influential_groups(&groups, &left_out));
        checks.push(rules::influential_rows(&influence));
        Ok(Check {
            checks,
            singularity,
            optimizers: None,
            collinearity,
            normality,
            spread: None,
            dispersion: Some(dispersion),
            separation,
            simulated,
            caic: None,
            groups,
            rows: influence,
        })
    }
}
