//! The conditional AIC: how well the model predicts new rows of the groups at hand.

use std::fmt;

use ranef_engine::lmm;
use ranef_engine::{Coordinates, Standard};
use ranef_frame::Source;
use serde::Serialize;

use super::model_rows::{ModelRows, dot};
use crate::table::{Answer, Style, Table};
use crate::{Error, Fit};

/// The conditional AIC, −2 log f(y | β̂, b̂, σ̂) + 2(ρ + 1).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConditionalAic {
    /// log f(y | β̂, b̂, σ̂).
    pub conditional_loglik: f64,
    /// ρ = tr ∂ŷ/∂y at given variances: the sum of the leverages.
    pub effective_parameters: f64,
    /// With ρ at given variances (Vaida and Blanchard 2005, Biometrika 92:351).
    pub caic: f64,
    /// tr ∂ŷ/∂y with the variances estimated.
    pub effective_parameters_corrected: Option<f64>,
    /// With that in place of ρ (Greven and Kneib 2010, Biometrika 97:773): comparable between models
    /// with different random effects.
    pub caic_corrected: Option<f64>,
}

impl Fit {
    /// The conditional AIC, at given variances and corrected for their estimation.
    ///
    /// The correction is the derivative of ŷ through θ̂: with u_k = PV_kPy, v = Py and the criterion f,
    /// ∂θ̂/∂y = H⁻¹(2/σ²)(u + (r_k/r)v) and ∂ŷ/∂θ_k = W⁻¹u_k. On the boundary V_k = 0, so that a
    /// direction without variance drops out by itself.
    pub fn conditional_aic(&self, source: &dyn Source) -> Result<ConditionalAic, Error> {
        self.only_linear()?;
        let (rows, leverages) = self.rows_and_leverages(source)?;
        self.conditional_aic_of(&rows, &leverages)
    }

    pub(super) fn conditional_aic_of(
        &self,
        rows: &ModelRows,
        leverages: &[f64],
    ) -> Result<ConditionalAic, Error> {
        let variance = self.sigma() * self.sigma();
        let loglik: f64 = (0..rows.n)
            .map(|i| {
                let w = rows.weight[i];
                let e = rows.residual(i);
                -0.5 * ((std::f64::consts::TAU * variance / w).ln() + w * e * e / variance)
            })
            .sum();
        let rho: f64 = leverages.iter().sum();
        let corrected = self.correction(rows)?.map(|more| rho + more);
        let aic = |rho: f64| -2.0 * loglik + 2.0 * (rho + 1.0);
        Ok(ConditionalAic {
            conditional_loglik: loglik,
            effective_parameters: rho,
            caic: aic(rho),
            effective_parameters_corrected: corrected,
            caic_corrected: corrected.map(aic),
        })
    }

    /// What the estimation of θ adds to tr ∂ŷ/∂y.
    fn correction(&self, rows: &ModelRows) -> Result<Option<f64>, Error> {
        let statistics = self.statistics()?;
        let (layout, coordinates) = (statistics.layout(), statistics.coordinates());
        let lambda = layout.lambda(self.theta());
        let everything: Vec<usize> = (0..rows.n).collect();
        // v = Py and its sums over the rows of each level.
        let v: Vec<f64> = (0..rows.n)
            .map(|i| rows.weight[i] * rows.residual(i))
            .collect();
        let sums: Vec<Vec<f64>> = (layout.factors.iter().enumerate())
            .map(|(f, shape)| {
                let mut out = vec![0.0; shape.levels * shape.width];
                for i in 0..rows.n {
                    let first = rows.codes[f][i] as usize * shape.width;
                    for (a, z) in rows.z(f, i).iter().enumerate() {
                        out[first + a] += z * v[i];
                    }
                }
                out
            })
            .collect();
        let entries = layout.entries();
        // e_k = W⁻¹u_k, the residuals of the response V_kPy at the same θ, and r_k = −v'V_kPy.
        let mut residuals: Vec<Option<(Vec<f64>, f64)>> = Vec::new();
        for entry in &entries {
            let k = layout.factors[entry.factor].width;
            let l = &lambda[entry.factor];
            let column = |a: usize| l[a * k + entry.column];
            let response: Vec<f64> = (0..rows.n)
                .map(|i| {
                    let z = rows.z(entry.factor, i);
                    let first = rows.codes[entry.factor][i] as usize * k;
                    let sum = &sums[entry.factor][first..first + k];
                    // z'(EΛ' + ΛE')s with E the entry's unit matrix.
                    let (zl, sl) = (
                        (0..k).map(|a| z[a] * column(a)),
                        (0..k).map(|a| sum[a] * column(a)),
                    );
                    z[entry.row] * sl.sum::<f64>() + sum[entry.row] * zl.sum::<f64>()
                })
                .collect();
            let size = (dot(&response, &response) / rows.n as f64).sqrt();
            if size == 0.0 {
                residuals.push(None);
                continue;
            }
            let own = Coordinates {
                response: Standard {
                    shift: 0.0,
                    scale: size,
                },
                ..coordinates.clone()
            };
            let of_response = rows.statistics(layout, &own, &everything, Some(&response));
            let Ok(mut fit) = lmm::fit_at(&of_response, self.reml(), self.theta()) else {
                return Ok(None);
            };
            let modes = fit.random_effects().modes;
            let left: Vec<f64> = (0..rows.n)
                .map(|i| {
                    let random: f64 = (0..layout.factors.len())
                        .map(|f| {
                            let k = layout.factors[f].width;
                            let first = rows.codes[f][i] as usize * k;
                            dot(rows.z(f, i), &modes[f][first..first + k])
                        })
                        .sum();
                    response[i] - dot(rows.x(i), &fit.beta) - random
                })
                .collect();
            residuals.push(Some((left, -dot(&v, &response))));
        }
        let variance = self.sigma() * self.sigma();
        let degrees = rows.n - if self.reml() { self.fixef().len() } else { 0 };
        let r = degrees as f64 * variance;
        let inference = self.inference();
        let size = entries.len() + 1;
        let mut sum = 0.0;
        for (k, left) in residuals.iter().enumerate() {
            let Some((e, _)) = left else { continue };
            let own: f64 = e.iter().zip(&v).map(|(e, v)| e * v).sum();
            for (l, right) in residuals.iter().enumerate() {
                let Some((other, slope)) = right else {
                    continue;
                };
                let both: f64 = (0..rows.n).map(|i| rows.weight[i] * e[i] * other[i]).sum();
                sum += inference.covariance[k * size + l] / variance * (both + slope / r * own);
            }
        }
        Ok(sum.is_finite().then_some(sum))
    }
}

impl Answer for ConditionalAic {
    fn table(&self) -> Table {
        let corrected = self.effective_parameters_corrected;
        Table::new()
            .text(
                "variances",
                ["taken as known", "estimated"].map(str::to_owned),
            )
            .titled("Variances")
            .numbers(
                "effective_parameters",
                Style::Statistic,
                [Some(self.effective_parameters), corrected],
            )
            .titled("Effective parameters")
            .numbers(
                "caic",
                Style::Statistic,
                [Some(self.caic), self.caic_corrected],
            )
            .titled("cAIC")
    }
}

impl fmt::Display for ConditionalAic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = format!(
            "Conditional AIC (new rows of the same groups; conditional log-likelihood {:.2}):",
            self.conditional_loglik
        );
        crate::format::write_text(f, &head)?;
        write!(f, "{}", self.table())
    }
}
