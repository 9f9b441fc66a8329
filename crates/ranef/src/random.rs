//! Variances and correlations of the random effects, and the random effects themselves.

use ranef_design::Recipe;
use ranef_engine::optimize::symmetric_eigen;
use ranef_engine::{Layout, lmm};
use serde::{Deserialize, Serialize};

/// The covariance of one random-effects term.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RandomBlock {
    /// The grouping factor as the formula writes it: `Subject`, `Variety:Block`.
    pub group: String,
    /// Names of the effects: `(Intercept)`, `Days`.
    pub terms: Vec<String>,
    /// Standard deviations.
    pub sd: Vec<f64>,
    /// Covariance matrix by rows.
    pub cov: Vec<Vec<f64>>,
    /// Correlation matrix by rows; `None` beside a zero standard deviation.
    pub corr: Vec<Vec<Option<f64>>>,
    /// Whether some combination of the effects has no variance.
    pub singular: bool,
    /// Position of the grouping factor among those of the model.
    pub(crate) factor: usize,
    /// First column within the effects of one level of that factor.
    pub(crate) offset: usize,
}

impl RandomBlock {
    /// The blocks of a linear fit, in the order of the formula.
    pub(crate) fn of_linear(recipe: &Recipe, fit: &lmm::Fit) -> Vec<Self> {
        Self::of(
            recipe,
            fit.layout(),
            &fit.lambda(),
            fit.sigma,
            &fit.singular,
        )
    }

    /// The blocks of a fit, in the order of the formula: covariances σ²ΛΛ', given Λ by factor and
    /// which terms are singular.
    pub(crate) fn of(
        recipe: &Recipe,
        layout: &Layout,
        lambda: &[Vec<f64>],
        sigma: f64,
        singular: &[bool],
    ) -> Vec<Self> {
        let sigma_squared = sigma * sigma;
        recipe
            .random()
            .iter()
            .zip(&layout.terms)
            .zip(singular)
            .map(|((design, term), &singular)| {
                let (k, width) = (term.width, layout.factors[term.factor].width);
                let l = |i: usize, j: usize| {
                    lambda[term.factor][(term.offset + i) * width + term.offset + j]
                };
                let cov: Vec<Vec<f64>> = (0..k)
                    .map(|i| {
                        (0..k)
                            .map(|j| {
                                sigma_squared
                                    * (0..=i.min(j)).map(|a| l(i, a) * l(j, a)).sum::<f64>()
                            })
                            .collect()
                    })
                    .collect();
                let sd: Vec<f64> = (0..k).map(|i| cov[i][i].sqrt()).collect();
                let corr = (0..k)
                    .map(|i| {
                        (0..k)
                            .map(|j| {
                                let scale = sd[i] * sd[j];
                                if i == j && scale > 0.0 {
                                    Some(1.0)
                                } else {
                                    (scale > 0.0).then(|| (cov[i][j] / scale).clamp(-1.0, 1.0))
                                }
                            })
                            .collect()
                    })
                    .collect();
                Self {
                    group: design.group.clone(),
                    terms: design.names.clone(),
                    sd,
                    cov,
                    corr,
                    singular,
                    factor: term.factor,
                    offset: term.offset,
                }
            })
            .collect()
    }

    /// The combination of the effects with the least variance, on the scale of their standard
    /// deviations: weights for effect/sd, and the share of the total variance it has.
    pub(crate) fn weakest_combination(&self) -> Option<Vec<f64>> {
        let k = self.sd.len();
        let matrix: Vec<f64> = (0..k * k)
            .map(|at| self.corr[at / k][at % k])
            .collect::<Option<_>>()?;
        let (_, vectors) = symmetric_eigen(&matrix, k)?;
        Some(vectors[..k].to_vec())
    }
}

/// The conditional modes of all random effects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RandomEffects {
    /// By grouping factor: as many numbers a level as its terms have columns.
    pub modes: Vec<Vec<f64>>,
    /// By grouping factor: the conditional covariance matrix of each level, given θ and the fixed
    /// effects, by rows.
    pub covariances: Vec<Vec<f64>>,
}

impl From<lmm::RandomEffects> for RandomEffects {
    fn from(effects: lmm::RandomEffects) -> Self {
        Self {
            modes: effects.modes,
            covariances: effects.covariances,
        }
    }
}
