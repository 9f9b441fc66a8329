//! Targets: weighted means of expected responses over rows, such as the mean of an area over its
//! people.
//!
//! A row belongs to one target or to several (an area, a margin, the whole). Where the response is
//! linear in the effects the rows of a target are added up to one; elsewhere rows that are the same
//! are counted and kept apart, since the mean of a curve is not the curve of the mean.

use std::collections::{BTreeMap, HashMap};

use ranef_engine::lmm::{JointRow, JointRows, LevelColumns};

use super::response::Response;
use super::worlds::{World, Worlds};

/// A row: what it adds to the linear predictor as it is, its fixed columns, and its groups with the
/// columns of their faces; levels beyond those of the model are new.
pub(super) struct Row<'a> {
    pub offset: f64,
    pub fixed: &'a [f64],
    pub groups: &'a [(usize, usize, &'a [f64])],
}

/// A sum of rows.
#[derive(Clone, Debug, Default)]
struct Term {
    offset: f64,
    fixed: Vec<f64>,
    groups: BTreeMap<(usize, usize), Vec<f64>>,
    /// The targets that it counts for, and its weight there.
    into: Vec<(usize, f64)>,
}

/// Means over rows.
pub(super) struct Targets {
    response: Response,
    terms: Vec<Term>,
    known: HashMap<Vec<u64>, usize>,
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
        let mut out = Self {
            response,
            terms: Vec::new(),
            known: HashMap::new(),
            totals: Vec::new(),
            levels,
        };
        out.grow(count);
        out
    }

    /// At least so many targets.
    pub fn grow(&mut self, count: usize) {
        for target in self.totals.len()..count {
            self.totals.push(0.0);
            if self.response.linear() {
                self.terms.push(Term {
                    into: vec![(target, 1.0)],
                    ..Term::default()
                });
            }
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
        if self.response.linear() {
            for &target in into {
                self.terms[target].add(row, weight);
            }
            return;
        }
        let index = *self.known.entry(row.key()).or_insert_with(|| {
            let mut term = Term::default();
            term.add(row, 1.0);
            self.terms.push(term);
            self.terms.len() - 1
        });
        let term = &mut self.terms[index];
        for &target in into {
            match term.into.iter_mut().find(|(t, _)| *t == target) {
                Some((_, sum)) => *sum += weight,
                None => term.into.push((target, weight)),
            }
        }
    }

    /// All targets in a world.
    pub fn values(&self, world: &World) -> Vec<f64> {
        let mut out = vec![0.0; self.totals.len()];
        let linear = self.response.linear();
        for term in &self.terms {
            let eta = term.offset + dot(&term.fixed, &world.fixed) + term.random(world);
            for &(target, weight) in &term.into {
                out[target] += if linear {
                    eta
                } else {
                    weight * self.response.mean(eta, &world.nuisance)
                };
            }
        }
        for (value, total) in out.iter_mut().zip(&self.totals) {
            *value /= total;
        }
        out
    }

    /// The row that a linear target is, divided by `total`, ready for questions about the joint
    /// covariance; and the variance that new levels add.
    fn functional(
        &self,
        target: usize,
        joint: &JointRows<'_>,
        worlds: &Worlds<'_>,
    ) -> (JointRow, f64) {
        let (term, total) = (&self.terms[target], self.totals[target]);
        let divided = |x: &[f64]| -> Vec<f64> { x.iter().map(|x| x / total).collect() };
        let mut new = 0.0;
        let mut faces: Vec<(usize, usize, Vec<f64>)> = Vec::new();
        for (&(factor, level), z) in &term.groups {
            let z = divided(z);
            if level < self.levels[factor] {
                faces.push((factor, level, z));
            } else {
                new += worlds.new_variance(factor, &z);
            }
        }
        let touched: Vec<LevelColumns<'_>> = faces
            .iter()
            .map(|(f, level, z)| (*f, *level, z.as_slice()))
            .collect();
        (joint.row(&divided(&term.fixed), &touched), new)
    }

    /// Estimates and intervals from draws of all targets; where everything is linear, standard
    /// errors and normal intervals without the noise of drawing.
    pub fn estimates(
        &self,
        worlds: &Worlds<'_>,
        joint: &JointRows<'_>,
        drawn: &[Vec<f64>],
        level: f64,
    ) -> Vec<Estimate> {
        let z = crate::linear::quantile(level, None);
        let centre = self.values(worlds.estimated());
        (0..self.len())
            .map(|target| {
                if self.response.linear() {
                    let (row, new) = self.functional(target, joint, worlds);
                    let std_error = (joint.variance_of(&row).total.max(0.0) + new).sqrt();
                    let value = centre[target];
                    return Estimate {
                        value,
                        std_error,
                        lower: value - z * std_error,
                        upper: value + z * std_error,
                    };
                }
                let mut values: Vec<f64> = drawn.iter().map(|d| d[target]).collect();
                values.sort_by(f64::total_cmp);
                let n = values.len() as f64;
                let value = values.iter().sum::<f64>() / n;
                let squares: f64 = values.iter().map(|x| (x - value).powi(2)).sum();
                Estimate {
                    value,
                    std_error: (squares / (n - 1.0).max(1.0)).sqrt(),
                    lower: quantile_of(&values, 0.5 * (1.0 - level)),
                    upper: quantile_of(&values, 0.5 * (1.0 + level)),
                }
            })
            .collect()
    }
}

impl Row<'_> {
    /// What makes two rows the same.
    fn key(&self) -> Vec<u64> {
        let mut key = vec![self.offset.to_bits()];
        key.extend(self.fixed.iter().map(|x| x.to_bits()));
        for (factor, level, z) in self.groups {
            key.extend([*factor as u64, *level as u64]);
            key.extend(z.iter().map(|x| x.to_bits()));
        }
        key
    }
}

impl Term {
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

fn dot(a: &[f64], b: &[f64]) -> f64 {
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
    fn estimates(fit: &Fit, response: Response) -> Vec<Estimate> {
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
        let worlds = Worlds::of(fit, 3, vec![1]).expect("a fit with rows");
        let drawn = worlds.map(DRAWS, |world| targets.values(world));
        let joint = fit.joint().expect("a fit with rows").rows();
        targets.estimates(&worlds, &joint, &drawn, 0.9)
    }

    #[test]
    fn draws_find_what_the_joint_covariance_says() {
        let data = open("sleepstudy", &ReadOptions::default()).expect("built in");
        let fit = lmer("Reaction ~ Days + (Days | Subject)", &*data).expect("a fit");
        let exact = estimates(&fit, Response::of(&fit));
        let drawn = estimates(&fit, Response::curved(|eta| eta));
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
        let curved = estimates(&fit, Response::curved(|eta| (eta / 100.0).exp()))[1];
        let (m, v) = (new.value / 100.0, (new.std_error / 100.0).powi(2));
        assert!((curved.value / (m + 0.5 * v).exp() - 1.0).abs() < 0.01);
        assert!((curved.lower / (new.lower / 100.0).exp() - 1.0).abs() < 0.02);
    }

    #[test]
    fn quantiles_as_in_r() {
        // R 4.2.2: quantile(c(1, 2, 4, 8), c(0, .1, .5, 1)).
        let values = [1.0, 2.0, 4.0, 8.0];
        let found = [0.0, 0.1, 0.5, 1.0].map(|p| quantile_of(&values, p));
        assert_eq!(found, [1.0, 1.3, 3.0, 8.0]);
    }
}
