//! What the rows look like: means, variances and group sizes, each row counted once.

use ranef_design::Recipe;
use ranef_engine::Statistics;
use serde::{Deserialize, Serialize};

/// Means, variances and group sizes of the rows that a fit used. Weights play no part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moments {
    /// Means of the columns of the fixed effects that the data can give, in the order of
    /// [`crate::Fit::fixef`].
    pub fixed_mean: Vec<f64>,
    /// Their covariances, divisor n − 1, p × p by rows.
    pub fixed_cov: Vec<f64>,
    /// Mean of the response less its offset.
    pub response_mean: f64,
    /// Variance of the response less its offset, divisor n − 1.
    pub response_variance: f64,
    /// Covariances of the columns of the fixed effects with the response, p numbers.
    pub fixed_response_cov: Vec<f64>,
    /// For each block of [`crate::Fit::varcorr`]: means of its columns.
    pub random_mean: Vec<Vec<f64>>,
    /// For each block of [`crate::Fit::varcorr`]: mean over the rows of zz', k × k by rows.
    pub random_product: Vec<Vec<f64>>,
    /// For each of the grouping factors of the recipe: rows of every level.
    pub sizes: Vec<Vec<u32>>,
}

impl Moments {
    pub(crate) fn of(recipe: &Recipe, statistics: &Statistics) -> Self {
        let found = statistics.moments();
        let p = found.mean.len() - 1;
        let t = p + 1;
        let mut offsets = vec![0; found.sizes.len()];
        let (mut random_mean, mut random_product) = (Vec::new(), Vec::new());
        for design in recipe.random() {
            let (factor, k) = (design.factor, design.names.len());
            let first = offsets[factor];
            offsets[factor] += k;
            let width = found.random_mean[factor].len();
            random_mean.push(found.random_mean[factor][first..first + k].to_vec());
            random_product.push(
                (0..k * k)
                    .map(|at| (first + at / k, first + at % k))
                    .map(|(i, j)| found.random_product[factor][i * width + j])
                    .collect(),
            );
        }
        Self {
            fixed_mean: found.mean[..p].to_vec(),
            fixed_cov: (0..p * p)
                .map(|at| found.covariance[at / p * t + at % p])
                .collect(),
            response_mean: found.mean[p],
            response_variance: found.covariance[p * t + p],
            fixed_response_cov: (0..p).map(|j| found.covariance[p * t + j]).collect(),
            random_mean,
            random_product,
            sizes: found.sizes,
        }
    }
}
