//! Simulated residuals of generalised models.
//!
//! Where responses are discrete the place of an observation among simulated ones is drawn evenly
//! from those of its equals (Dunn and Smyth 1996). How far a fit that leans on its own rows draws
//! residuals together is known for the part of them that follows the response, not for the part that
//! is drawn: normal scores with a share s² of the former have the variance 1 − s²h. The share is the
//! squared correlation of scores and Pearson's residuals in the simulated data. Simulated responses
//! stand in for observed ones also where tests need a distribution: of zeros, of outliers, and of
//! the distance where groups are drawn anew.

use ranef_engine::distributions::Normal;
use ranef_engine::goodness::{binomial_test, kolmogorov_distance, kolmogorov_p};
use ranef_engine::random::Stream;

use super::model_rows::{ModelRows, ResponseRows};
use super::simulated::{Simulate, Simulated, Zeros, on_grid, two_sided};
use super::simulated_quantiles::quantile_deviations;
use super::simulated_world::World;
use crate::generalised::kind::ResponseKind;
use crate::{Error, Fit};

/// Numbers that are kept of simulated responses: 160 megabytes.
const MOST_KEPT: usize = 20_000_000;
/// Cells of the distribution that the distance of simulated data is read from.
const CELLS: usize = 200;
/// The stream of places among equals, beside those of responses and of groups.
const TIES: u32 = u32::MAX;

impl Fit {
    pub(super) fn simulated_generalised(
        &self,
        rows: &ModelRows,
        leverages: &[f64],
        simulate: Simulate,
    ) -> Result<Simulated, Error> {
        let Some(response) = &rows.response else {
            return Err(Error::new("linear_only", "rows of a linear model"));
        };
        let n = rows.n;
        let world = World::of(self, rows, leverages, simulate.conditional)?;
        let count = simulate.replicates as usize;
        let kept = count.min(MOST_KEPT / n.max(1)).max(20);
        let counts = self.family().response_kind() == ResponseKind::Counts;
        let (mut below, mut equal) = (vec![0u32; n], vec![0u32; n]);
        let (mut sums, mut squares) = (vec![0.0; n], vec![0.0; n]);
        let mut zeros = Vec::new();
        let mut replicates: Vec<Vec<f64>> = Vec::with_capacity(kept);
        let mut drawn = vec![0.0; n];
        for replicate in 0..simulate.replicates {
            self.not_interrupted()?;
            world.drawn.draw(rows, simulate.seed, replicate, &mut drawn);
            for (i, &y) in drawn.iter().enumerate() {
                below[i] += u32::from(y < response.observed[i]);
                equal[i] += u32::from(y == response.observed[i]);
                sums[i] += y;
                squares[i] += y * y;
            }
            if counts {
                zeros.push(drawn.iter().filter(|y| **y == 0.0).count() as f64);
            }
            if replicates.len() < kept {
                replicates.push(drawn.clone());
            }
        }
        let total = f64::from(simulate.replicates);
        let mut ties = Stream::new(simulate.seed, u32::MAX, TIES);
        let residuals: Vec<f64> = (below.iter().zip(&equal))
            .map(|(&below, &equal)| place(below, equal, total, &mut ties))
            .collect();
        // Expected value and standard deviation of each row in its simulated world.
        let scale: Vec<(f64, f64)> = (0..n)
            .map(|i| match simulate.conditional {
                true => (response.fitted[i], response.sd[i]),
                false => {
                    let mean = sums[i] / total;
                    (mean, (squares[i] / total - mean * mean).max(0.0).sqrt())
                }
            })
            .collect();
        let standard = |i: usize, y: f64| match scale[i] {
            (mean, sd) if sd > 0.0 => (y - mean) / sd,
            _ => 0.0,
        };
        let size = |y: &[f64]| {
            let squares = y.iter().enumerate().map(|(i, &y)| standard(i, y).powi(2));
            (squares.sum::<f64>() / n as f64).sqrt()
        };
        let pseudo = Pseudo::of(&replicates, &standard, simulate.seed);
        let narrowing: Vec<f64> = (world.narrowing.iter())
            .map(|s| (1.0 - pseudo.follows * (1.0 - s * s)).max(1e-12).sqrt())
            .collect();
        let mut sorted = residuals.clone();
        sorted.sort_by(f64::total_cmp);
        let few = quantiles_of(&narrowing);
        let expected = |u: f64| -> f64 {
            let z = Normal::STANDARD.quantile(u.clamp(1e-9, 1.0 - 1e-9));
            few.iter().map(|s| Normal::STANDARD.cdf(z / s)).sum::<f64>() / few.len() as f64
        };
        let distance = kolmogorov_distance(&sorted, |u| u);
        let distance_adjusted = match simulate.conditional {
            true => kolmogorov_distance(&sorted, expected),
            false => cell_distance(&residuals),
        };
        let distance_adjusted_p = match simulate.conditional {
            true => kolmogorov_p(distance_adjusted, n),
            false => {
                let more = pseudo.distances.iter().filter(|&&d| d >= distance_adjusted);
                (1 + more.count()) as f64 / (1.0 + pseudo.distances.len() as f64)
            }
        };
        let spreads: Vec<f64> = replicates.iter().map(|y| size(y)).collect();
        let mine = size(&response.observed);
        let narrowed = world.narrowing.iter().map(|s| s * s).sum::<f64>() / n as f64;
        let dispersion_expected = narrowed.sqrt();
        let outliers = (below.iter().zip(&equal))
            .filter(|&(&below, &equal)| equal == 0 && (below == 0 || below == simulate.replicates))
            .count();
        let chance = (pseudo.outliers / n as f64).clamp(1e-12, 1.0);
        Ok(Simulated {
            method: if simulate.conditional {
                "conditional"
            } else {
                "unconditional"
            }
            .to_owned(),
            replicates: simulate.replicates,
            seed: simulate.seed,
            expected: on_grid(expected),
            distance,
            distance_p: kolmogorov_p(distance, n),
            distance_adjusted,
            distance_adjusted_p,
            dispersion: mine / (spreads.iter().sum::<f64>() / spreads.len() as f64),
            dispersion_expected,
            dispersion_p: two_sided(mine / dispersion_expected, &spreads),
            outliers,
            outliers_expected: pseudo.outliers,
            outliers_p: binomial_test(outliers, n, chance),
            quantiles: quantile_deviations(&residuals, rows, &narrowing),
            zeros: counts.then(|| zeros_of(response, &zeros)),
            residuals,
        })
    }
}

fn place(below: u32, equal: u32, total: f64, ties: &mut Stream) -> f64 {
    let share = f64::from(below) / total;
    if equal == 0 {
        share
    } else {
        share + ties.uniform() * f64::from(equal) / total
    }
}

fn zeros_of(response: &ResponseRows, simulated: &[f64]) -> Zeros {
    let observed = response.observed.iter().filter(|y| **y == 0.0).count();
    Zeros {
        observed,
        expected: simulated.iter().sum::<f64>() / simulated.len() as f64,
        p_value: two_sided(observed as f64, simulated),
    }
}

/// What simulated responses say when each stands in for the observed one.
struct Pseudo {
    /// The distance of the residuals of each from the uniform distribution.
    distances: Vec<f64>,
    /// Mean number of outliers.
    outliers: f64,
    /// Squared correlation of normal scores and Pearson's residuals.
    follows: f64,
}

impl Pseudo {
    fn of(replicates: &[Vec<f64>], standard: &dyn Fn(usize, f64) -> f64, seed: u64) -> Self {
        let (count, n) = (replicates.len(), replicates.first().map_or(0, Vec::len));
        let others = (count - 1) as f64;
        let mut cells = vec![[0u32; CELLS]; count];
        let mut ties = Stream::new(seed, u32::MAX - 1, TIES);
        let (mut outliers, mut xy, mut xx, mut yy) = (0usize, 0.0, 0.0, 0.0);
        let mut order: Vec<usize> = (0..count).collect();
        for i in 0..n {
            order.sort_by(|&a, &b| replicates[a][i].total_cmp(&replicates[b][i]));
            let mut first = 0;
            for run in order.chunk_by(|&a, &b| replicates[a][i] == replicates[b][i]) {
                for &r in run {
                    let u = place(first as u32, run.len() as u32 - 1, others, &mut ties);
                    cells[r][((u * CELLS as f64) as usize).min(CELLS - 1)] += 1;
                    let z = Normal::STANDARD.quantile(u.clamp(0.5 / others, 1.0 - 0.5 / others));
                    let e = standard(i, replicates[r][i]);
                    (xy, xx, yy) = (xy + z * e, xx + z * z, yy + e * e);
                }
                if run.len() == 1 && (first == 0 || first == count - 1) {
                    outliers += 1;
                }
                first += run.len();
            }
        }
        Self {
            distances: cells.iter().map(|cells| of_cells(cells, n)).collect(),
            outliers: outliers as f64 / count as f64,
            follows: if xx > 0.0 && yy > 0.0 {
                (xy * xy / (xx * yy)).min(1.0)
            } else {
                0.0
            },
        }
    }
}

fn cell_distance(residuals: &[f64]) -> f64 {
    let mut cells = [0u32; CELLS];
    for u in residuals {
        cells[((u * CELLS as f64) as usize).min(CELLS - 1)] += 1;
    }
    of_cells(&cells, residuals.len())
}

fn of_cells(cells: &[u32; CELLS], n: usize) -> f64 {
    let (mut sum, mut distance) = (0u32, 0.0f64);
    for (i, count) in cells.iter().enumerate() {
        sum += count;
        let share = f64::from(sum) / n as f64;
        distance = distance.max((share - (i + 1) as f64 / CELLS as f64).abs());
    }
    distance
}

/// Evenly spaced ones of their order where there are many.
fn quantiles_of(narrowing: &[f64]) -> Vec<f64> {
    const MANY: usize = 500;
    let mut sorted = narrowing.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    match n <= MANY {
        true => sorted,
        false => (0..MANY)
            .map(|i| sorted[(2 * i + 1) * n / (2 * MANY)])
            .collect(),
    }
}
