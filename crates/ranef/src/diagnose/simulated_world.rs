//! The world as the model has it, to compare responses with.

use ranef_engine::distributions::Normal;

use super::model_rows::{ModelRows, dot};
use crate::simulate::RowWorld;
use crate::{Error, Fit};

/// Cells of the distribution that the distance of simulated data is read from.
const CELLS: usize = 200;

/// What responses are drawn from, and how they spread.
pub(super) struct World<'a> {
    /// What draws them.
    pub drawn: RowWorld<'a>,
    /// Expected values.
    pub centre: Vec<f64>,
    /// Standard deviations.
    sd: Vec<f64>,
    /// Standard deviation of observed less expected, relative to that of a new observation.
    pub narrowing: Vec<f64>,
}

impl<'a> World<'a> {
    pub fn of(
        fit: &'a Fit,
        rows: &ModelRows,
        leverages: &[f64],
        conditional: bool,
    ) -> Result<Self, Error> {
        let sigma = fit.working_sigma();
        let layout = crate::rows::layout(fit.recipe());
        let factors: Vec<Vec<f64>> = (layout.lambda(fit.theta()).iter())
            .map(|l| l.iter().map(|x| sigma * x).collect())
            .collect();
        let p = fit.fixef().len();
        let (mut sd, mut narrowing) = (Vec::new(), Vec::new());
        for i in 0..rows.n {
            let residual = sigma * sigma / rows.weight[i];
            if conditional {
                sd.push(residual.sqrt());
                narrowing.push((1.0 - leverages[i]).max(1e-12).sqrt());
                continue;
            }
            let mut variance = residual;
            for (f, l) in factors.iter().enumerate() {
                let (z, k) = (rows.z(f, i), rows.widths()[f]);
                for column in 0..k {
                    let part: f64 = (0..k).map(|a| z[a] * l[a * k + column]).sum();
                    variance += part * part;
                }
            }
            let x = rows.x(i);
            let known: f64 = (0..p)
                .map(|a| x[a] * dot(&fit.vcov()[a * p..(a + 1) * p], x))
                .sum();
            sd.push(variance.sqrt());
            narrowing.push((1.0 - known / variance).max(1e-12).sqrt());
        }
        Ok(Self {
            drawn: RowWorld::of(fit, rows, conditional),
            centre: if conditional {
                rows.fitted.clone()
            } else {
                rows.population.clone()
            },
            sd,
            narrowing,
        })
    }

    /// The distance from normality of a response as a whole, by cells.
    pub fn cell_distance(&self, response: &[f64]) -> f64 {
        let mut cells = vec![0usize; CELLS];
        for ((y, centre), sd) in response.iter().zip(&self.centre).zip(&self.sd) {
            let u = Normal::STANDARD.cdf((y - centre) / sd);
            cells[((u * CELLS as f64) as usize).min(CELLS - 1)] += 1;
        }
        let n = response.len() as f64;
        let (mut sum, mut distance) = (0usize, 0.0f64);
        for (i, count) in cells.iter().enumerate() {
            sum += count;
            distance = distance.max((sum as f64 / n - (i + 1) as f64 / CELLS as f64).abs());
        }
        distance
    }

    /// The narrowings, or evenly spaced ones of their order where there are many.
    pub fn narrowing_quantiles(&self) -> Vec<f64> {
        const MANY: usize = 500;
        let mut sorted = self.narrowing.clone();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        if n <= MANY {
            return sorted;
        }
        (0..MANY)
            .map(|i| sorted[(2 * i + 1) * n / (2 * MANY)])
            .collect()
    }

    /// Root mean square of what is observed less expected, over that of new observations.
    pub fn expected_dispersion(&self) -> f64 {
        let (mut observed, mut new) = (0.0, 0.0);
        for (sd, narrowing) in self.sd.iter().zip(&self.narrowing) {
            observed += (sd * narrowing).powi(2);
            new += sd * sd;
        }
        (observed / new).sqrt()
    }
}
