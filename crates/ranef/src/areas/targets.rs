//! Targets: weighted means of expected responses over rows, such as the mean of an area over its
//! people.
//!
//! A row belongs to one target or to several (an area, a margin, the whole). Where the response is
//! linear in the effects the rows of a target are added up to one; elsewhere rows that are the same
//! are counted and kept apart, since the mean of a curve is not the curve of the mean.

use std::collections::BTreeMap;

use ranef_engine::lmm::LevelColumns;
use rayon::prelude::*;

use super::cells::Cells;
use super::mixture::{self, Part};
use super::response::Response;
use super::worlds::{Point, World, Worlds};

/// A row: what it adds to the linear predictor as it is, its fixed columns, and its groups with the
/// columns of their faces; levels beyond those of the model are new.
pub(super) struct Row<'a> {
    pub offset: f64,
    pub fixed: &'a [f64],
    pub groups: &'a [(usize, usize, &'a [f64])],
}

/// A sum of rows.
#[derive(Clone, Debug, Default)]
struct Sum {
    offset: f64,
    fixed: Vec<f64>,
    groups: BTreeMap<(usize, usize), Vec<f64>>,
}

/// What means are made of.
enum Rows {
    /// Where the response is linear: one sum a target.
    Sums(Vec<Sum>),
    /// Elsewhere.
    Cells(Box<Cells>),
}

/// Means over rows.
pub(super) struct Targets {
    response: Response,
    rows: Rows,
    totals: Vec<f64>,
    /// Levels that the model knows, by grouping factor.
    levels: Vec<usize>,
}

/// What the worlds say about one target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Estimate {
    pub value: f64,
    pub std_error: f64,
    pub lower: f64,
    pub upper: f64,
}

impl Targets {
    /// None of them has rows yet.
    pub fn new(response: Response, count: usize, levels: Vec<usize>) -> Self {
        let rows = match response.linear() {
            true => Rows::Sums(Vec::new()),
            false => Rows::Cells(Box::default()),
        };
        let mut out = Self {
            response,
            rows,
            totals: Vec::new(),
            levels,
        };
        out.grow(count);
        out
    }

    /// At least so many targets.
    pub fn grow(&mut self, count: usize) {
        let count = count.max(self.totals.len());
        self.totals.resize(count, 0.0);
        if let Rows::Sums(sums) = &mut self.rows {
            sums.resize(count, Sum::default());
        }
    }

    /// Number of targets.
    pub fn len(&self) -> usize {
        self.totals.len()
    }

    /// Sum of the weights of a target.
    pub fn total(&self, target: usize) -> f64 {
        self.totals[target]
    }

    /// Takes in a row for some targets.
    pub fn add(&mut self, row: &Row<'_>, into: &[usize], weight: f64) {
        into.iter().for_each(|&t| self.totals[t] += weight);
        match &mut self.rows {
            Rows::Sums(sums) => into.iter().for_each(|&t| sums[t].add(row, weight)),
            Rows::Cells(cells) => cells.add(row, into, weight),
        }
    }

    /// All targets in a world.
    pub fn values(&self, world: &World) -> Vec<f64> {
        let mut out = vec![0.0; self.totals.len()];
        match &self.rows {
            Rows::Sums(sums) => {
                for (value, sum) in out.iter_mut().zip(sums) {
                    *value = sum.offset + dot(&sum.fixed, &world.fixed) + sum.random(world);
                }
            }
            Rows::Cells(cells) => cells.add_values(&self.response, world, &mut out),
        }
        for (value, total) in out.iter_mut().zip(&self.totals) {
            *value /= total;
        }
        out
    }

    /// Estimates at the estimated variances, with intervals over all that the data leave open: where
    /// everything is linear from the joint covariance at every point of the variances, without the
    /// noise of drawing; elsewhere from draws of all targets, `settled` where the variances are as
    /// estimated and `drawn` where they are open.
    pub fn estimates(
        &self,
        worlds: &Worlds<'_>,
        settled: &[Vec<f64>],
        drawn: &[Vec<f64>],
        level: f64,
    ) -> Vec<Estimate> {
        let tail = 0.5 * (1.0 - level);
        if let Rows::Sums(sums) = &self.rows {
            let centre = self.values(worlds.estimated());
            let points: Vec<Vec<Part>> = worlds
                .points()
                .par_iter()
                .map(|point| self.parts(sums, worlds, point))
                .collect();
            return (0..self.len())
                .into_par_iter()
                .map(|target| {
                    let parts: Vec<Part> = points.iter().map(|parts| parts[target]).collect();
                    Estimate {
                        value: centre[target],
                        std_error: mixture::error_of(&parts, centre[target]),
                        lower: mixture::quantile(&parts, tail),
                        upper: mixture::quantile(&parts, 1.0 - tail),
                    }
                })
                .collect();
        }
        (0..self.len())
            .map(|target| {
                let mut values: Vec<f64> = drawn.iter().map(|d| d[target]).collect();
                values.sort_by(f64::total_cmp);
                let sum: f64 = settled.iter().map(|d| d[target]).sum();
                let value = sum / settled.len().max(1) as f64;
                let squares: f64 = values.iter().map(|x| (x - value).powi(2)).sum();
                Estimate {
                    value,
                    std_error: (squares / values.len().max(1) as f64).sqrt(),
                    lower: quantile_of(&values, tail),
                    upper: quantile_of(&values, 1.0 - tail),
                }
            })
            .collect()
    }

    /// What is known of every linear target at one point of the variances.
    fn parts(&self, sums: &[Sum], worlds: &Worlds<'_>, point: &Point<'_>) -> Vec<Part> {
        let joint = point.joint.rows();
        let means = self.values(&point.estimated);
        sums.iter()
            .zip(&self.totals)
            .zip(means)
            .map(|((sum, total), mean)| {
                let divided = |x: &[f64]| -> Vec<f64> { x.iter().map(|x| x / total).collect() };
                let mut new = 0.0;
                let mut faces: Vec<(usize, usize, Vec<f64>)> = Vec::new();
                for (&(factor, level), z) in &sum.groups {
                    let z = divided(z);
                    if level < self.levels[factor] {
                        faces.push((factor, level, z));
                    } else {
                        new += worlds.new_variance(point, factor, &z);
                    }
                }
                let touched: Vec<LevelColumns<'_>> = faces
                    .iter()
                    .map(|(f, level, z)| (*f, *level, z.as_slice()))
                    .collect();
                let variance = joint.variance(&divided(&sum.fixed), &touched).total;
                Part {
                    weight: point.weight,
                    mean,
                    sd: (variance.max(0.0) + new).sqrt(),
                    degrees: point.degrees,
                }
            })
            .collect()
    }
}

impl Sum {
    fn add(&mut self, row: &Row<'_>, weight: f64) {
        self.offset += weight * row.offset;
        self.fixed.resize(row.fixed.len(), 0.0);
        for (sum, x) in self.fixed.iter_mut().zip(row.fixed) {
            *sum += weight * x;
        }
        for &(factor, level, z) in row.groups {
            let own = self.groups.entry((factor, level)).or_default();
            own.resize(z.len(), 0.0);
            for (sum, x) in own.iter_mut().zip(z) {
                *sum += weight * x;
            }
        }
    }

    fn random(&self, world: &World) -> f64 {
        self.groups
            .iter()
            .map(|(&(factor, level), z)| dot(z, &world.random[factor][level * z.len()..]))
            .sum()
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// A quantile of sorted values, between two of them by interpolation (Hyndman and Fan 1996, type
/// 7).
pub(super) fn quantile_of(sorted: &[f64], p: f64) -> f64 {
    let place = p * (sorted.len().saturating_sub(1)) as f64;
    let (below, part) = (place.floor() as usize, place.fract());
    let next = sorted[(below + 1).min(sorted.len() - 1)];
    sorted[below] + part * (next - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fit, lmer};
    use ranef_frame::{ReadOptions, open};

    const DRAWS: u32 = 20_000;

    /// Two targets: the first subject on days 0 and 9, a new subject on day 3 twice.
    fn estimates(fit: &Fit, response: Response, known: bool) -> Vec<Estimate> {
        let mut targets = Targets::new(response, 2, vec![18]);
        let rows: [(usize, f64, usize, f64); 4] = [
            (0, 0.0, 0, 1.0),
            (0, 9.0, 0, 3.0),
            (18, 3.0, 1, 2.0),
            (18, 3.0, 1, 5.0),
        ];
        for (level, days, target, weight) in rows {
            let x = [1.0, days];
            let row = Row {
                offset: 0.0,
                fixed: &x,
                groups: &[(0, level, &x)],
            };
            targets.add(&row, &[target], weight);
        }
        let draw = |worlds: &Worlds<'_>| {
            let drawn = worlds.map(DRAWS, |world| targets.values(world));
            drawn.expect("no interrupt")
        };
        let settled = Worlds::at_estimates(fit, 3, vec![1]).expect("a fit with rows");
        let means = draw(&settled);
        if known {
            return targets.estimates(&settled, &means, &means, 0.9);
        }
        let open = Worlds::of(fit, 3, vec![1]).expect("a fit with rows");
        targets.estimates(&open, &means, &draw(&open), 0.9)
    }

    #[test]
    fn draws_find_what_the_joint_covariance_says() {
        let data = open("sleepstudy", &ReadOptions::default()).expect("built in");
        let fit = lmer("Reaction ~ Days + (Days | Subject)", &*data).expect("a fit");
        let exact = estimates(&fit, Response::of(&fit), true);
        let drawn = estimates(&fit, Response::curved(|eta| eta), true);
        for (a, b) in exact.iter().zip(&drawn) {
            // Antithetic pairs: the mean is free of noise.
            assert!((a.value - b.value).abs() < 1e-9 * a.value.abs());
            assert!(
                (a.std_error / b.std_error - 1.0).abs() < 0.025,
                "{a:?} {b:?}"
            );
            assert!(
                (a.lower - b.lower).abs() < 0.05 * a.std_error,
                "{a:?} {b:?}"
            );
            assert!(
                (a.upper - b.upper).abs() < 0.05 * a.std_error,
                "{a:?} {b:?}"
            );
        }
        // The mean of exp(η/100) is exp(m + v/2), m and v those of η/100.
        let new = exact[1];
        let curved = estimates(&fit, Response::curved(|eta| (eta / 100.0).exp()), true)[1];
        let (m, v) = (new.value / 100.0, (new.std_error / 100.0).powi(2));
        assert!((curved.value / (m + 0.5 * v).exp() - 1.0).abs() < 0.01);
        assert!((curved.lower / (new.lower / 100.0).exp() - 1.0).abs() < 0.02);
    }

    /// With unknown variances: mixtures over their points are what draws of them find.
    #[test]
    fn draws_find_the_mixture() {
        let data = open("sleepstudy", &ReadOptions::default()).expect("built in");
        let fit = lmer("Reaction ~ Days + (Days | Subject)", &*data).expect("a fit");
        let exact = estimates(&fit, Response::of(&fit), false);
        let drawn = estimates(&fit, Response::curved(|eta| eta), false);
        let known = estimates(&fit, Response::of(&fit), true);
        for ((a, b), c) in exact.iter().zip(&drawn).zip(&known) {
            assert_eq!(a.value, c.value);
            assert!((a.value - b.value).abs() < 1e-9 * a.value.abs());
            assert!(a.std_error > c.std_error, "{a:?} {c:?}");
            for (x, y) in [(a.lower, b.lower), (a.upper, b.upper)] {
                assert!((x - y).abs() < 0.05 * a.std_error, "{a:?} {b:?}");
            }
            assert!(
                (a.std_error / b.std_error - 1.0).abs() < 0.03,
                "{a:?} {b:?}"
            );
        }
        // A new subject: its variance is that of 18.
        assert!(exact[1].std_error > 1.04 * known[1].std_error);
    }

    #[test]
    fn quantiles_as_in_r() {
        // R 4.2.2: quantile(c(1, 2, 4, 8), c(0, .1, .5, 1)).
        let values = [1.0, 2.0, 4.0, 8.0];
        let found = [0.0, 0.1, 0.5, 1.0].map(|p| quantile_of(&values, p));
        assert_eq!(found, [1.0, 1.3, 3.0, 8.0]);
    }
}
