//! What responses are drawn from.

use crate::coordinates::{Coordinates, Standard};
use crate::layout::Layout;

/// The parameters of the model that makes the responses, in the user's units.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// Fixed effects, p numbers.
    pub beta: Vec<f64>,
    /// Residual standard deviation of a row of weight 1.
    pub sigma: f64,
    /// Where random effects come from.
    pub effects: Effects,
}

/// Where the random effects of a simulated response come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Effects {
    /// Drawn anew with these relative covariance factors θ.
    New(Vec<f64>),
    /// These, by grouping factor K numbers a level: only residuals are drawn.
    Kept(Vec<Vec<f64>>),
}

/// A [`Truth`] in standard units.
#[derive(Clone, Debug)]
pub struct World {
    pub(super) beta: Vec<f64>,
    pub(super) sigma: f64,
    /// σΛ of each grouping factor, K × K by rows; or none where effects are kept.
    pub(super) factors: Option<Vec<Vec<f64>>>,
    pub(super) kept: Vec<Vec<f64>>,
}

impl World {
    pub(super) fn of(truth: &Truth, layout: &Layout, coordinates: &Coordinates) -> Self {
        let scale = coordinates.response.scale;
        // x'β = s_y x*'β* + m_y: slopes are multiplied by their scale, the intercept takes the
        // shifts.
        let mut beta: Vec<f64> = (truth.beta.iter().zip(&coordinates.fixed))
            .map(|(b, x)| b * x.scale / scale)
            .collect();
        if let Some(intercept) = layout.intercept {
            let moved: f64 = (truth.beta.iter().zip(&coordinates.fixed).enumerate())
                .filter(|(j, _)| *j != intercept)
                .map(|(_, (b, x))| b * x.shift)
                .sum();
            beta[intercept] += (moved - coordinates.response.shift) / scale;
        }
        let sigma = truth.sigma / scale;
        let (factors, kept) = match &truth.effects {
            Effects::New(theta) => {
                let standard = coordinates.theta_to_standard(layout, theta);
                let mut factors = layout.lambda(&standard);
                factors.iter_mut().flatten().for_each(|x| *x *= sigma);
                (Some(factors), Vec::new())
            }
            Effects::Kept(effects) => (None, standard_effects(effects, layout, coordinates)),
        };
        Self {
            beta,
            sigma,
            factors,
            kept,
        }
    }
}

/// Bb/s_y level by level; see [`crate::Coordinates`].
fn standard_effects(
    effects: &[Vec<f64>],
    layout: &Layout,
    coordinates: &Coordinates,
) -> Vec<Vec<f64>> {
    let mut out = effects.to_vec();
    let scale = coordinates.response.scale;
    for (factor, values) in out.iter_mut().enumerate() {
        let k = layout.factors[factor].width;
        for b in values.chunks_exact_mut(k.max(1)) {
            for term in layout.terms.iter().filter(|t| t.factor == factor) {
                for a in (0..term.width).filter(|&a| Some(a) != term.intercept) {
                    let Standard { shift, scale } = coordinates.random[factor][term.offset + a];
                    if let Some(c) = term.intercept {
                        b[term.offset + c] += shift * b[term.offset + a];
                    }
                    b[term.offset + a] *= scale;
                }
            }
            b.iter_mut().for_each(|x| *x /= scale);
        }
    }
    out
}
