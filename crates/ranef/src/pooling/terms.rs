//! How much each random effect is pooled, over all groups.

use super::compute::Column;
use super::{PooledCoefficient, PoolingTerm};
use crate::Fit;
use crate::variance::solve;

pub(super) fn term(
    fit: &Fit,
    factor: usize,
    columns: &[Column],
    at: usize,
    groups: &[PooledCoefficient],
    t: Option<f64>,
    z: f64,
) -> PoolingTerm {
    let k = columns.len();
    let column = &columns[at];
    let rows: Vec<&PooledCoefficient> = groups.iter().skip(at).step_by(k).collect();
    let levels = rows.len() as f64;
    let effects = fit.random_effects();
    let modes: Vec<f64> = effects.modes[factor]
        .iter()
        .skip(at)
        .step_by(k)
        .copied()
        .collect();
    let posts: Vec<f64> = effects.covariances[factor]
        .chunks_exact(k * k)
        .map(|c| c[at * k + at].max(0.0))
        .collect();
    let post = posts.iter().sum::<f64>() / levels;
    let (between, all) = (variance(&modes), variance(&modes).unwrap_or(0.0) + post);
    // No variance between the groups at all: they are one.
    let pooling_factor = if all > 0.0 {
        1.0 - between.unwrap_or(0.0) / all
    } else {
        1.0
    };
    let partial: Option<Vec<f64>> = rows.iter().map(|r| r.partial_pooling).collect();
    let coefficients = partial.as_deref().and_then(variance);
    let own: Vec<f64> = rows.iter().filter_map(|r| r.no_pooling).collect();
    let count = |f: &dyn Fn(&PooledCoefficient) -> Option<bool>| {
        rows.iter().filter(|&&r| f(r) == Some(true)).count()
    };
    let squares = fit.moments().random_product[column.block]
        [column.within * fit.varcorr()[column.block].terms.len() + column.within];
    let sigma_squared = fit.sigma() * fit.sigma();
    let information = column.variance * squares;
    PoolingTerm {
        term: column.term.to_owned(),
        sd: column.variance.sqrt(),
        equal_weight_n: (information > 0.0).then(|| sigma_squared / information),
        half_weight_n: half_weight_n(fit, factor, columns, at),
        mean_weight: rows.iter().map(|r| r.weight).sum::<f64>() / levels,
        pooling_factor,
        explained: coefficients
            .map(|v| v + post)
            .filter(|v| *v > 0.0)
            .map(|v| 1.0 - all / v),
        no_pooling_spread: variance(&own).map(f64::sqrt),
        partial_pooling_spread: coefficients.map(f64::sqrt),
        without: rows.len() - own.len(),
        sign_changed: count(&|r| r.sign_changed),
        significance_lost: count(&|r| r.significance_lost),
        significance_gained: count(&|r| r.significance_gained),
        stand_out_no_pooling: count(&|r| {
            let distance = r.no_pooling? - r.complete_pooling?;
            Some(distance.abs() > t? * r.no_pooling_std_error?)
        }),
        stand_out_partial_pooling: modes
            .iter()
            .zip(&posts)
            .filter(|(b, v)| b.abs() > z * v.sqrt() && b.abs() > 0.0)
            .count(),
    }
}

/// Variance over the groups, divisor J − 1.
fn variance(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let sum: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    (values.len() > 1).then(|| sum / (n - 1.0))
}

/// Rows of the average kind, Z'Z = n E\[zz'\], at which 1 − Var(b|y)/τ² is one half. The posterior
/// T − TZ'(ZTZ' + σ²)⁻¹ZT falls from τ² to zero (or never to a half), so the place is bracketed by
/// doubling and then halved.
fn half_weight_n(fit: &Fit, factor: usize, columns: &[Column], at: usize) -> Option<f64> {
    let k = columns.len();
    let sigma_squared = fit.sigma() * fit.sigma();
    let (blocks, moments) = (fit.varcorr(), fit.moments());
    if columns[at].variance <= 0.0 {
        return None;
    }
    // Products of the columns of different terms are not kept: they count as they would if the
    // terms' columns were uncorrelated over the rows.
    let mut products = vec![0.0; k * k];
    let mut covariance = vec![0.0; k * k];
    for (i, a) in columns.iter().enumerate() {
        for (j, b) in columns.iter().enumerate() {
            products[i * k + j] = if a.block == b.block {
                let width = blocks[a.block].terms.len();
                covariance[i * k + j] = blocks[a.block].cov[a.within][b.within];
                moments.random_product[a.block][a.within * width + b.within]
            } else {
                moments.random_mean[a.block][a.within] * moments.random_mean[b.block][b.within]
            };
        }
    }
    debug_assert_eq!(blocks[columns[at].block].factor, factor);
    // Var(b|y) = (I + nTM/σ²)⁻¹T.
    let weight = |n: f64| -> Option<f64> {
        let mut system: Vec<f64> = (0..k * k)
            .map(|ij| {
                let (i, j) = (ij / k, ij % k);
                let inner: f64 = (0..k)
                    .map(|m| covariance[i * k + m] * products[m * k + j])
                    .sum();
                f64::from(u8::from(i == j)) + n * inner / sigma_squared
            })
            .collect();
        let mut right: Vec<f64> = (0..k).map(|i| covariance[i * k + at]).collect();
        solve(&mut system, &mut right, 1)?;
        Some(1.0 - right[at] / columns[at].variance)
    };
    let mut high = 1.0;
    while weight(high)? < 0.5 {
        high *= 2.0;
        if high > 1e12 {
            return None;
        }
    }
    let mut low = 0.0;
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if weight(middle)? < 0.5 {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(high)
}
