//! How far the effects of a generalised model move with its nuisance parameters.
//!
//! Given θ, the joint mode of (β, b) solves X'ℓ' = 0 and Z'ℓ' = (penalty)·b. Where a nuisance
//! parameter ψ_k moves, the mode goes along: differentiating both equations,
//!
//! M·∂(β, b)/∂ψ_k = \[X Z\]'∂²ℓ/∂η∂ψ_k,
//!
//! with M Henderson's matrix with the weights at the mode, the one that [`Fit::joint`] is the inverse
//! of. With D these slopes and V the covariance of ψ, all effects have the covariance
//! M⁻¹ + DVD', and the covariance DV with ψ: thresholds of ordered categories move together with the
//! effects of the groups, and a probability of a category depends on both.

use super::family::Nuisance;
use super::fit::Fit;
use crate::blocks::System;
use crate::lmm::Drawn;
use crate::statistics::Statistics;

impl Fit {
    /// ∂(β, b)/∂ψ_k at given θ for each nuisance parameter, in the user's units; none where the
    /// system has no solution.
    pub fn drift(&mut self) -> Vec<Drawn> {
        let k = self.psi.len();
        if k == 0 {
            return Vec::new();
        }
        self.laplace.at(&self.standard);
        let (layout, coordinates) = (self.layout().clone(), self.coordinates().clone());
        let modes = &mut self.laplace.modes;
        let n = modes.data.observations.len();
        let mut slopes = vec![Nuisance::default(); n * k];
        modes.family.evaluate_nuisance(
            &modes.data.observations,
            &modes.eta,
            &self.psi,
            &mut slopes,
        );
        let theta = &self.standard[..self.laplace.entries.len()];
        let mut rows = modes.data.rows.clone();
        let mut statistics = Statistics::of_rows(&layout, &mut rows);
        let mut system = System::for_weights(&statistics);
        let mut out = Vec::with_capacity(k);
        for parameter in 0..k {
            let right: Vec<f64> = slopes
                .iter()
                .skip(parameter)
                .step_by(k)
                .zip(&modes.data.counts)
                .map(|(slope, count)| count * slope.first)
                .collect();
            statistics.reweigh(&rows, &modes.curvature, &right);
            system.load(&statistics);
            if system.value(theta).is_none() {
                return Vec::new();
            }
            let (mut random, mut rest) = (modes.room(), modes.room());
            system.random_solution(&mut random, &mut rest);
            for (f, factor) in layout.factors.iter().enumerate() {
                if factor.width > 0 {
                    for b in random[f].chunks_exact_mut(factor.width) {
                        coordinates.random_effects(&layout, f, b);
                    }
                }
            }
            out.push(Drawn {
                fixed: coordinates.map_fixed(&layout, system.beta()),
                random,
            });
        }
        out
    }
}
