//! Second derivatives of the Laplace objective: a cheap model to start a descent with, and
//! differences of the exact gradient where the descent ends.

use super::laplace::Laplace;
use super::mode::Modes;
use crate::blocks::System;
use crate::optimize::Objective;
use crate::statistics::Statistics;

/// The step of a difference, in standard errors of a parameter: the relative error is about a
/// third of it, and the rounding of the gradient is far below.
const STEP: f64 = 1e-4;

impl Modes {
    /// The system with X, with the weights of the last mode.
    pub fn full_system(&mut self) -> System {
        let mut rows = self.data.rows.clone();
        let mut statistics = Statistics::of_rows(&self.data.layout, &mut rows);
        statistics.reweigh(&rows, &self.curvature, &vec![0.0; rows.rows]);
        System::new(&statistics)
    }
}

impl Laplace {
    /// The gradient and a model of the Hessian at the point of the last value: average information
    /// and the exact curvature of ΛΛ' for θ, 2X'V⁻¹X for β, differences for ψ.
    pub fn first_model(&mut self) -> (Vec<f64>, Vec<f64>) {
        let point = self.point().to_vec();
        let n = point.len();
        let (m, p) = (self.entries.len(), self.modes.data.layout.fixed);
        let directions = self.modes.system.directions();
        let (_, forms) = self.modes.system.derivatives(false, &directions);
        let derivatives = self.derivatives();
        let mut hessian = vec![0.0; n * n];
        for i in 0..m {
            for j in 0..m {
                let (a, b) = (&self.entries[i], &self.entries[j]);
                let mut sum = forms[i * m + j];
                if (a.term, a.column) == (b.term, b.column) {
                    let k = self.modes.data.layout.factors[a.factor].width;
                    sum += 2.0 * derivatives.scores[a.factor][a.row * k + b.row];
                }
                hessian[i * n + j] = sum;
            }
        }
        if p > 0 {
            let mut system = self.modes.full_system();
            if system.value(&point[..m]).is_some() {
                let covariance = system.fixed_covariance();
                let information = super::fit::inverse(&covariance, p, 2.0);
                for i in 0..p {
                    for j in 0..p {
                        hessian[(m + i) * n + m + j] = information[i * p + j];
                    }
                    hessian[(m + i) * n + m + i] += 2.0 * self.precision[i];
                }
            } else {
                for i in 0..p {
                    hessian[(m + i) * n + m + i] = 1.0;
                }
            }
        }
        for k in m + p..n {
            let step = 1e-4;
            let mut moved = point.clone();
            moved[k] += step;
            let column: Vec<f64> = if self.at(&moved).is_finite() {
                let there = self.derivatives().gradient;
                there
                    .iter()
                    .zip(&derivatives.gradient)
                    .map(|(a, b)| (a - b) / step)
                    .collect()
            } else {
                (0..n).map(|i| f64::from(i == k)).collect()
            };
            for i in 0..n {
                hessian[i * n + k] = column[i];
                hessian[k * n + i] = column[i];
            }
        }
        self.at(&point);
        (derivatives.gradient, hessian)
    }

    /// The Hessian at a point by differences of the gradient; `model` gives the sizes of the steps.
    pub fn hessian(&mut self, point: &[f64], model: Option<&[f64]>) -> Vec<f64> {
        let n = self.dimension();
        let mut hessian = vec![0.0; n * n];
        let here = self.gradient_at(point);
        for i in 0..n {
            let curvature = model.map_or(0.0, |h| h[i * n + i]);
            let size = if curvature > 0.0 {
                (2.0 / curvature).sqrt().min(10.0)
            } else {
                1.0
            };
            // Backwards where there is no likelihood ahead.
            let difference = [STEP * size, -STEP * size].into_iter().find_map(|step| {
                let mut moved = point.to_vec();
                moved[i] += step;
                let there = self.gradient_at(&moved)?;
                let pairs = there.iter().zip(here.as_ref()?);
                Some(pairs.map(|(a, b)| (a - b) / step).collect::<Vec<f64>>())
            });
            let Some(difference) = difference else {
                hessian[i * n + i] = 1.0;
                continue;
            };
            for (j, slope) in difference.iter().enumerate() {
                hessian[i * n + j] += 0.5 * slope;
                hessian[j * n + i] += 0.5 * slope;
            }
        }
        self.at(point);
        hessian
    }

    fn gradient_at(&mut self, point: &[f64]) -> Option<Vec<f64>> {
        self.at(point)
            .is_finite()
            .then(|| self.derivatives().gradient)
    }
}
