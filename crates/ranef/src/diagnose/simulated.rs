//! Simulated residuals: where does each observation lie among what the model would produce?
//!
//! The share of simulated responses below the observed one is uniform where the model is right,
//! whatever its distribution (Dunn and Smyth 1996; Hartig's DHARMa). For a gaussian model with
//! conditional simulation that is not quite so: fitted values lean towards their observations, so
//! that residuals are narrower than new ones by √(1 − h) with leverage h. The tests are given both
//! as DHARMa has them and with that taken into account; verdicts go by the latter.

use std::fmt;

use ranef_engine::distributions::Normal;
use ranef_engine::goodness::{binomial_test, kolmogorov_distance, kolmogorov_p};
use ranef_engine::random::Stream;
use ranef_frame::Source;
use serde::{Deserialize, Serialize};

use super::model_rows::ModelRows;
use super::simulated_quantiles::{QuantileDeviation, quantile_deviations};
use super::simulated_world::World;
use crate::table::{Answer, Style, Table};
use crate::{Error, Fit};

/// What is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Simulate {
    /// Number of simulated responses, S.
    pub replicates: u32,
    /// New residuals around the groups' own fitted values (true), or new groups as well.
    pub conditional: bool,
    /// Seed of the random numbers: the same seed gives the same residuals, whatever the number of
    /// threads.
    pub seed: u64,
}

impl Default for Simulate {
    fn default() -> Self {
        Self {
            replicates: 250,
            conditional: true,
            seed: 1,
        }
    }
}

/// Simulated residuals and what they say.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Simulated {
    /// `conditional` or `unconditional`.
    pub method: String,
    /// Number of simulated responses.
    pub replicates: u32,
    /// Seed.
    pub seed: u64,
    /// One number between 0 and 1 for each row that was used; in JSON among the columns of
    /// [`crate::Residuals`].
    #[serde(skip_serializing)]
    pub residuals: Vec<f64>,
    /// The probability of a residual up to 0, 0.005, …, 1 once leverages are taken into account: of
    /// conditional simulations less than uniform at both ends. Not in JSON.
    #[serde(skip_serializing)]
    pub expected: Vec<f64>,
    /// Kolmogorov's distance of the residuals from the uniform distribution.
    pub distance: f64,
    /// Its p-value as if rows were independent.
    pub distance_p: f64,
    /// The distance from the distribution that leverages make expect.
    pub distance_adjusted: f64,
    /// Its p-value: of independent rows if conditional, by simulation if not.
    pub distance_adjusted_p: f64,
    /// Standard deviation of the residuals over the mean of that of the simulated ones.
    pub dispersion: f64,
    /// What this should be after leverages: below 1.
    pub dispersion_expected: f64,
    /// Two-sided p-value of the dispersion, 2 min(1 + #≤, 1 + #≥)/(1 + S).
    pub dispersion_p: f64,
    /// Rows beyond all simulated responses.
    pub outliers: usize,
    /// How many there would be by chance after leverages; without them 2n/(S + 1).
    pub outliers_expected: f64,
    /// Two-sided binomial p-value.
    pub outliers_p: f64,
    /// Whether quartiles stay where they should along the expected values of the population; none
    /// where these are all the same. Not along the fitted values, which take their residuals along.
    pub quantiles: Vec<QuantileDeviation>,
    /// Of counts: how many are zero, and how many of the simulated ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zeros: Option<Zeros>,
}

/// Zeros among counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Zeros {
    /// Observed.
    pub observed: usize,
    /// Mean number of the simulated responses.
    pub expected: f64,
    /// Two-sided p-value, 2 min(1 + #≤, 1 + #≥)/(1 + S).
    pub p_value: f64,
}

impl Fit {
    /// Simulated residuals with their tests.
    ///
    /// # Errors
    /// `needs_rows` for a loaded fit without rows, `other_rows` where these are others,
    /// `too_few_replicates` for fewer than 20 of them.
    pub fn simulated_residuals(
        &self,
        source: &dyn Source,
        simulate: Simulate,
    ) -> Result<Simulated, Error> {
        let (rows, leverages) = self.rows_and_leverages(source)?;
        self.simulated_of(&rows, &leverages, simulate)
    }

    pub(super) fn simulated_of(
        &self,
        rows: &ModelRows,
        leverages: &[f64],
        simulate: Simulate,
    ) -> Result<Simulated, Error> {
        if simulate.replicates < 20 {
            return Err(Error::new(
                "too_few_replicates",
                format!(
                    "{} simulations are too few to see a distribution",
                    simulate.replicates
                ),
            )
            .with_hint("use at least 20; 250 is usual"));
        }
        if rows.response.is_some() {
            return self.simulated_generalised(rows, leverages, simulate);
        }
        let n = rows.n;
        let normal = Normal::STANDARD;
        let world = World::of(self, rows, leverages, simulate.conditional)?;
        let (mut below, mut equal) = (vec![0u32; n], vec![0u32; n]);
        let mut spreads = Vec::new();
        let mut distances = Vec::new();
        let mut response = vec![0.0; n];
        for replicate in 0..simulate.replicates {
            self.not_interrupted()?;
            world
                .drawn
                .draw(rows, simulate.seed, replicate, &mut response);
            let mut square = 0.0;
            for i in 0..n {
                below[i] += u32::from(response[i] < rows.observed[i]);
                equal[i] += u32::from(response[i] == rows.observed[i]);
                square += (response[i] - world.centre[i]).powi(2);
            }
            spreads.push((square / n as f64).sqrt());
            if !simulate.conditional {
                distances.push(world.cell_distance(&response));
            }
        }
        let total = f64::from(simulate.replicates);
        let mut ties = Stream::new(simulate.seed, u32::MAX, u32::MAX);
        let residuals: Vec<f64> = (below.iter().zip(&equal))
            .map(|(&below, &equal)| {
                let share = f64::from(below) / total;
                if equal == 0 {
                    share
                } else {
                    share + ties.uniform() * f64::from(equal) / total
                }
            })
            .collect();
        let mut sorted = residuals.clone();
        sorted.sort_by(f64::total_cmp);
        // Where a residual should lie if the model is right, given how much its row leans on itself.
        let narrowing = world.narrowing_quantiles();
        let expected = |u: f64| -> f64 {
            let z = normal.quantile(u.clamp(1e-9, 1.0 - 1e-9));
            let sum: f64 = narrowing.iter().map(|s| normal.cdf(z / s)).sum();
            sum / narrowing.len() as f64
        };
        let distance = kolmogorov_distance(&sorted, |u| u);
        // Shares of 1/S: the distance is that of two step functions.
        let distance_adjusted = (0..simulate.replicates)
            .map(|k| {
                let u = (f64::from(k) + 0.5) / total;
                let share = sorted.partition_point(|&r| r < u) as f64 / n as f64;
                (share - expected((f64::from(k) + 1.0) / (total + 1.0))).abs()
            })
            .fold(0.0, f64::max);
        let distance_adjusted_p = if simulate.conditional {
            kolmogorov_p(distance_adjusted, n)
        } else {
            let own = world.cell_distance(&rows.observed);
            let more = distances.iter().filter(|&&d| d >= own).count();
            (1 + more) as f64 / (1.0 + total)
        };
        let mine = ((0..n)
            .map(|i| (rows.observed[i] - world.centre[i]).powi(2))
            .sum::<f64>()
            / n as f64)
            .sqrt();
        let outliers = (below.iter().zip(&equal))
            .filter(|&(&below, &equal)| equal == 0 && (below == 0 || below == simulate.replicates))
            .count();
        let chance = chance_of_outlier(&narrowing, total);
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
            dispersion: mine / (spreads.iter().sum::<f64>() / total),
            dispersion_expected: world.expected_dispersion(),
            dispersion_p: two_sided(mine, &spreads),
            outliers,
            outliers_expected: chance * n as f64,
            outliers_p: binomial_test(outliers, n, chance),
            quantiles: quantile_deviations(&residuals, rows, &world.narrowing),
            zeros: None,
            residuals,
        })
    }
}

/// A distribution on 0 to 1 at the places of [`Simulated::expected`].
pub(super) fn on_grid(distribution: impl Fn(f64) -> f64) -> Vec<f64> {
    const STEPS: usize = 200;
    let between = (1..STEPS).map(|k| distribution(k as f64 / STEPS as f64));
    std::iter::once(0.0)
        .chain(between)
        .chain(std::iter::once(1.0))
        .collect()
}

/// Two-sided p-value of a number among simulated ones, 2 min(1 + #≤, 1 + #≥)/(1 + S).
pub(super) fn two_sided(own: f64, simulated: &[f64]) -> f64 {
    let under = simulated.iter().filter(|&&s| s <= own).count();
    let over = simulated.iter().filter(|&&s| s >= own).count();
    (2.0 * (1 + under.min(over)) as f64 / (1.0 + simulated.len() as f64)).min(1.0)
}

/// The probability that a residual, narrower than the simulated ones by a factor, lies beyond all
/// of them: the mean of 2∫Φ(sz)^S φ(z)dz over the factors s.
fn chance_of_outlier(narrowing: &[f64], total: f64) -> f64 {
    let normal = Normal::STANDARD;
    const STEP: f64 = 0.05;
    let one = |s: &f64| -> f64 {
        (-160..=160)
            .map(|i| {
                let z = f64::from(i) * STEP;
                (total * normal.ln_cdf(s * z)).exp() * normal.density(z) * STEP
            })
            .sum()
    };
    let mean = narrowing.iter().map(one).sum::<f64>() / narrowing.len() as f64;
    (2.0 * mean).clamp(f64::MIN_POSITIVE, 1.0)
}

impl Simulated {
    /// Where the residuals should have their p-quantile once leverages are taken into account.
    pub fn expected_quantile(&self, p: f64) -> f64 {
        super::quantiles::inverse(&self.expected, p)
    }

    /// The largest difference of a share below a quantile from what it should be, and the smallest
    /// p-value of the quantiles times their number.
    pub fn largest_quantile_deviation(&self) -> (f64, f64) {
        let mut largest = 0.0f64;
        let mut p = 1.0f64;
        for q in &self.quantiles {
            for third in 0..3 {
                largest = largest.max((q.below[third] - q.below_expected[third]).abs());
            }
            p = p.min(q.p_value * self.quantiles.len() as f64);
        }
        (largest, p.min(1.0))
    }
}

impl Answer for Simulated {
    /// The tests, one a row; [`Simulated::residuals`] has the residuals.
    fn table(&self) -> Table {
        let (quantiles, quantiles_p) = self.largest_quantile_deviation();
        Table::new()
            .text(
                "test",
                ["uniformity", "dispersion", "outliers", "quantiles"].map(str::to_owned),
            )
            .titled("Test")
            .numbers(
                "value",
                Style::Share,
                [
                    self.distance_adjusted,
                    self.dispersion,
                    self.outliers as f64,
                    quantiles,
                ],
            )
            .titled("Value")
            .numbers(
                "expected",
                Style::Share,
                [
                    None,
                    Some(self.dispersion_expected),
                    Some(self.outliers_expected),
                    None,
                ],
            )
            .titled("Expected")
            .numbers(
                "p_value",
                Style::PValue,
                [
                    self.distance_adjusted_p,
                    self.dispersion_p,
                    self.outliers_p,
                    quantiles_p,
                ],
            )
    }
}

impl fmt::Display for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Simulated residuals ({}, {} simulations, seed {}):",
            self.method, self.replicates, self.seed
        )?;
        write!(f, "{}", self.table())
    }
}
