//! Which rows move the results.

use ranef_engine::lmm::LeftOut;
use ranef_frame::Source;
use serde::Serialize;

use super::influence::InverseForm;
use super::model_rows::ModelRows;
use super::residuals::studentised;
use crate::{Error, Fit};

/// The influence of every row that was used.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RowInfluences {
    /// Names of the fixed effects, in the order of [`RowInfluence::dfbetas`].
    pub terms: Vec<String>,
    /// Sum of the leverages: the effective number of parameters ρ at given variances.
    pub effective_parameters: f64,
    /// The rows in their order.
    pub rows: Vec<RowInfluence>,
}

/// What a row does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RowInfluence {
    /// Where it stands in the data, from 1.
    pub row: usize,
    /// Leverage h = ∂ŷ/∂y at given variances.
    pub leverage: f64,
    /// Studentised residual √w(y − ŷ)/(σ√(1 − h)).
    pub studentised: f64,
    /// Cook's distance of the fitted values, (e/(1 − h))²h/(σ²p), as lme4 has it; `None` at
    /// leverage 1.
    pub cooks_distance: Option<f64>,
    /// Cook's distance of the fixed effects, (β̂ − β̂₋)'Φ⁻¹(β̂ − β̂₋)/p, with the variances kept.
    pub cooks_fixed: Option<f64>,
    /// (β̂ − β̂₋)/SE₋ of each fixed effect, with the variances kept.
    pub dfbetas: Vec<Option<f64>>,
}

impl Fit {
    /// Leverage, Cook's distances and DFBETAS of every row, the variances kept: one pass over the
    /// rows, which stay in memory.
    ///
    /// # Errors
    /// `no_fixed_effects` for a model without them; `needs_rows` for a loaded fit without rows,
    /// `other_rows` where these are others.
    pub fn row_influence(&self, source: &dyn Source) -> Result<RowInfluences, Error> {
        self.something_to_move()?;
        let (rows, leverages) = self.rows_and_leverages(source)?;
        self.row_influence_of(&rows, &leverages)
    }

    pub(super) fn row_influence_of(
        &self,
        rows: &ModelRows,
        leverage: &[f64],
    ) -> Result<RowInfluences, Error> {
        let (p, sigma) = (self.fixef().len(), self.working_sigma());
        let pearson: Vec<f64> = (0..rows.n).map(|i| rows.pearson(i, sigma)).collect();
        let studentised = studentised(&pearson, leverage);
        let joint = self.joint()?;
        let asked = joint.rows();
        let vcov = self.deletion_vcov()?;
        let precision = InverseForm::new(self.vcov(), p);
        let mut out = Vec::with_capacity(rows.n);
        for i in 0..rows.n {
            let h = leverage[i];
            let deletion = asked.without_row(
                &LeftOut {
                    row: rows.ask(&asked, i),
                    residual: rows.residual(i),
                    weight: rows.weight[i],
                },
                h,
                sigma,
                &vcov,
            );
            // A row without weight says nothing.
            let deletion = deletion.filter(|_| rows.weight[i] > 0.0);
            let dfbetas = (0..p)
                .map(|j| {
                    let deletion = deletion.as_ref()?;
                    let error = deletion.vcov[j * p + j].sqrt();
                    (error > 0.0).then(|| deletion.change[j] / error)
                })
                .collect();
            let cooks_fixed = deletion
                .and_then(|deletion| precision.at(&deletion.change).map(|form| form / p as f64));
            let free = 1.0 - h;
            out.push(RowInfluence {
                row: rows.number[i] + 1,
                leverage: h,
                studentised: studentised[i],
                cooks_distance: (free > 1e-9 && p > 0)
                    .then(|| (pearson[i] / free).powi(2) * h / p as f64),
                cooks_fixed,
                dfbetas,
            });
        }
        Ok(RowInfluences {
            terms: self.fixed_names().iter().map(|&n| n.to_owned()).collect(),
            effective_parameters: leverage.iter().sum(),
            rows: out,
        })
    }
}
