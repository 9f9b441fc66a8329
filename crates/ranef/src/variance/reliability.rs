//! How reliable the coefficients of groups are, and what their slopes add to the variance.

use serde::Serialize;

use super::algebra::trace;
use super::decomposition::Split;
use super::point::Model;
use crate::{Error, Fit};

/// Reliability of one random effect over the groups.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reliability {
    /// The grouping factor.
    pub group: String,
    /// The effect.
    pub term: String,
    /// Mean over the groups of 1 − Var(b | y)/τ²; 0 where τ² is zero.
    pub reliability: f64,
    /// Mean of τ²/(τ² + v_j), with v_j the sampling variance of the group's own least squares
    /// coefficient, over the groups that have one: what HLM prints (Raudenbush and Bryk 2002,
    /// chapter 3). The same for a random intercept.
    pub hlm: Option<f64>,
    /// Groups in that mean.
    pub hlm_groups: usize,
    /// Groups.
    pub levels: usize,
}

/// What the differences between groups in slopes add to the variance of the response.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SlopeShare {
    /// The grouping factor.
    pub group: String,
    /// ρ_β = tr(T X_c'X_c/(n − 1))/s_y² with the columns centred within groups (Aguinis and Culpepper
    /// 2015): 0 without random slopes.
    pub rho_beta: f64,
    /// Sample variance of the response, s_y².
    pub response_variance: f64,
}

impl Fit {
    /// Reliability of every random effect over the groups.
    ///
    /// # Errors
    /// `needs_rows` for a loaded fit.
    pub fn reliability(&self) -> Result<Vec<Reliability>, Error> {
        let effects = self.random_effects();
        let widths = self.widths();
        let mut out = Vec::new();
        for factor in 0..widths.len() {
            let k = widths[factor];
            if k == 0 {
                continue;
            }
            // HLM's is of the least squares of each group.
            let own = match self.family().is_gaussian() {
                true => Some(self.statistics()?.no_pooling(factor)),
                false => None,
            };
            let levels = self.recipe().factors()[factor].levels;
            for block in self.varcorr().iter().filter(|b| b.factor == factor) {
                for (a, term) in block.terms.iter().enumerate() {
                    let (at, variance) = (block.offset + a, block.cov[a][a]);
                    let posts = effects.covariances[factor].chunks_exact(k * k);
                    let weights = posts.map(|c| {
                        if variance > 0.0 {
                            (1.0 - c[at * k + at] / variance).clamp(0.0, 1.0)
                        } else {
                            0.0
                        }
                    });
                    let sigma_squared = self.sigma() * self.sigma();
                    let known: Vec<f64> = own.as_ref().map_or_else(Vec::new, |own| {
                        (0..levels).filter_map(|l| own.level(l).own[at]).collect()
                    });
                    let hlm = known
                        .iter()
                        .map(|v| variance / (variance + sigma_squared * v))
                        .sum::<f64>()
                        / known.len() as f64;
                    out.push(Reliability {
                        group: block.group.clone(),
                        term: term.clone(),
                        reliability: weights.sum::<f64>() / levels as f64,
                        hlm: (!known.is_empty()).then_some(hlm),
                        hlm_groups: known.len(),
                        levels,
                    });
                }
            }
        }
        Ok(out)
    }

    /// ρ_β of every grouping factor.
    ///
    /// # Errors
    /// `needs_rows` for a loaded fit.
    pub fn slope_shares(&self) -> Result<Vec<SlopeShare>, Error> {
        let model = Model::of(self, 0.95);
        let covariances = model.covariances(&model.here);
        let response_variance = self.moments().response_variance;
        let mut out = Vec::new();
        for factor in 0..self.recipe().factors().len() {
            let of_factor = |(_, b): &(usize, &crate::RandomBlock)| b.factor == factor;
            let blocks: Vec<_> = self
                .varcorr()
                .iter()
                .enumerate()
                .filter(of_factor)
                .collect();
            let Some((_, first)) = blocks.first() else {
                continue;
            };
            let split = Split::of(self, factor)?;
            let slopes: f64 = blocks
                .iter()
                .zip(&split.random)
                .map(|((index, _), spread)| trace(&covariances[*index], &spread.within))
                .sum();
            out.push(SlopeShare {
                group: first.group.clone(),
                // Not −0.
                rho_beta: (slopes.max(0.0) + 0.0) / response_variance,
                response_variance,
            });
        }
        Ok(out)
    }
}
