//! Models for the tests, with their rows in memory. Shared by the integration tests and, through
//! a path, by the unit tests of the kernels; so each of them leaves something unused.
#![allow(dead_code)]

pub mod data;
pub mod henderson;
pub mod twin;

use ranef_engine::lmm::{self, Fit, FitError, Options};
use ranef_engine::{Column, Coordinates, FactorRows, Layout, Rows, Statistics};

/// A model with its rows.
#[derive(Clone, Debug)]
pub struct Model {
    pub layout: Layout,
    pub y: Vec<f64>,
    /// Column by column.
    pub x: Vec<Vec<f64>>,
    pub weights: Option<Vec<f64>>,
    /// The level of each row, factor by factor.
    pub codes: Vec<Vec<u32>>,
    /// The columns of the face, factor by factor.
    pub z: Vec<Vec<Vec<f64>>>,
}

impl Model {
    pub fn rows(&self) -> usize {
        self.y.len()
    }

    /// Hands `then` the rows `order` as one batch.
    pub fn batch<T>(&self, order: &[usize], then: impl FnOnce(&Rows<'_>) -> T) -> T {
        let pick = |v: &Vec<f64>| -> Vec<f64> { order.iter().map(|&i| v[i]).collect() };
        let y = pick(&self.y);
        let x: Vec<Vec<f64>> = self.x.iter().map(pick).collect();
        let weights = self.weights.as_ref().map(pick);
        let codes: Vec<Vec<u32>> = self
            .codes
            .iter()
            .map(|c| order.iter().map(|&i| c[i]).collect())
            .collect();
        let z: Vec<Vec<Vec<f64>>> = self
            .z
            .iter()
            .map(|face| face.iter().map(pick).collect())
            .collect();
        then(&Rows {
            response: &y,
            fixed: x.iter().map(|c| Column::Values(c)).collect(),
            weights: weights.as_deref(),
            factors: codes
                .iter()
                .zip(&z)
                .map(|(codes, face)| FactorRows {
                    codes,
                    columns: face.iter().map(|c| Column::Values(c)).collect(),
                })
                .collect(),
        })
    }

    fn natural(&self) -> Vec<usize> {
        (0..self.rows()).collect()
    }

    /// The coordinates that a fit would use.
    pub fn coordinates(&self) -> Coordinates {
        self.batch(&self.natural(), |rows| {
            Coordinates::pilot(&self.layout, rows)
        })
    }

    /// Statistics in the coordinates that a fit would use.
    pub fn statistics(&self) -> Statistics {
        self.statistics_in(self.coordinates())
    }

    /// Statistics in the user's own units.
    pub fn raw_statistics(&self) -> Statistics {
        self.statistics_in(Coordinates::identity(&self.layout))
    }

    pub fn statistics_in(&self, coordinates: Coordinates) -> Statistics {
        let mut statistics = Statistics::new(self.layout.clone(), coordinates);
        self.batch(&self.natural(), |rows| statistics.add(rows));
        statistics
    }

    pub fn fit(&self, reml: bool) -> Result<Fit, FitError> {
        lmm::fit(
            &self.statistics(),
            &Options {
                reml,
                ..Options::default()
            },
        )
    }
}

/// Xorshift: the prototype's generator, so that its simulated models are the same here.
pub struct Rng(pub u64);

impl Rng {
    pub fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (self.uniform() + 1e-300).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    pub fn below(&mut self, n: usize) -> usize {
        ((self.uniform() * n as f64) as usize).min(n - 1)
    }
}

/// The difference of two numbers relative to their size, with `floor` as the least size.
pub fn relative(a: f64, b: f64, floor: f64) -> f64 {
    if a == b {
        return 0.0;
    }
    (a - b).abs() / a.abs().max(b.abs()).max(floor)
}

/// Asserts that vectors agree relative to the largest number in them.
#[track_caller]
pub fn assert_close(what: &str, a: &[f64], b: &[f64], tolerance: f64) {
    assert_eq!(a.len(), b.len(), "{what}: lengths");
    let size = b.iter().fold(1e-300f64, |s, x| s.max(x.abs()));
    for (i, (x, y)) in a.iter().zip(b).enumerate() {
        assert!(
            (x - y).abs() <= tolerance * size,
            "{what}[{i}]: {x} against {y} (size {size:e})"
        );
    }
}

/// The covariance of one face relative to σ², ΛΛ' by rows: unlike θ it is unique.
pub fn covariances(layout: &Layout, theta: &[f64]) -> Vec<Vec<f64>> {
    layout
        .lambda(theta)
        .iter()
        .zip(&layout.factors)
        .map(|(l, f)| {
            let k = f.width;
            (0..k * k)
                .map(|at| (0..k).map(|c| l[at / k * k + c] * l[at % k * k + c]).sum())
                .collect()
        })
        .collect()
}

/// A small model of random shape: up to four factors that are crossed, nested or anything
/// between, faces of one or several terms, weights or none.
pub fn random_model(rng: &mut Rng, most_factors: usize, widest: usize, rows: usize) -> Model {
    let factors = 1 + rng.below(most_factors);
    let fixed = rng.below(4);
    let mut levels = Vec::new();
    let mut codes: Vec<Vec<u32>> = Vec::new();
    for f in 0..factors {
        let count = 1 + rng.below(if f == 0 { 12 } else { 7 });
        // Skewed, so that designs are unbalanced and some levels have one row or none.
        let power = if rng.uniform() < 0.5 { 1.0 } else { 2.0 };
        let nested = f > 0 && rng.uniform() < 0.4;
        let column: Vec<u32> = if nested {
            let parents = codes[f - 1].clone();
            let map: Vec<u32> = (0..levels[f - 1])
                .map(|_| rng.below(count) as u32)
                .collect();
            parents.iter().map(|&c| map[c as usize]).collect()
        } else {
            (0..rows)
                .map(|_| {
                    ((rng.uniform().powf(power) * count as f64) as usize).min(count - 1) as u32
                })
                .collect()
        };
        levels.push(count);
        codes.push(column);
    }
    let mut terms = Vec::new();
    let mut widths = vec![0; factors];
    let mut intercepts: Vec<Vec<bool>> = vec![Vec::new(); factors];
    // Not always in the order of the factors.
    let turn = rng.below(factors);
    for round in 0..2 {
        for f in 0..factors {
            let f = (f + turn) % factors;
            if round == 1 && rng.uniform() < 0.6 {
                continue;
            }
            let room = widest - widths[f];
            if room == 0 {
                continue;
            }
            let width = 1 + rng.below(room.min(3));
            let intercept = (round == 0 && rng.uniform() < 0.8).then(|| rng.below(width));
            terms.push((f, width, intercept));
            widths[f] += width;
            intercepts[f].extend((0..width).map(|a| Some(a) == intercept));
        }
    }
    let mut column = |constant: bool| -> Vec<f64> {
        (0..rows)
            .map(|_| if constant { 1.0 } else { rng.normal() })
            .collect()
    };
    let x = (0..fixed).map(|j| column(j == 0)).collect();
    let z = intercepts
        .iter()
        .map(|face| face.iter().map(|&constant| column(constant)).collect())
        .collect();
    let y = column(false).iter().map(|e| 3.0 * e + 1.0).collect();
    let weights = (rng.uniform() < 0.4).then(|| (0..rows).map(|_| 0.2 + rng.uniform()).collect());
    Model {
        layout: Layout::new(fixed, (fixed > 0).then_some(0), &levels, &terms),
        y,
        x,
        weights,
        codes,
        z,
    }
}

/// A random θ: ordinary, with exact zeros, or with very small diagonals.
pub fn random_theta(rng: &mut Rng, layout: &Layout, zeros: f64, small: f64) -> Vec<f64> {
    layout
        .entries()
        .iter()
        .map(|e| {
            if !e.is_diagonal() {
                return 0.4 * rng.normal();
            }
            let x = rng.uniform();
            if x < zeros {
                0.0
            } else if x < zeros + small {
                1e-5 * (1.0 + rng.uniform())
            } else {
                0.1 + 1.5 * rng.uniform()
            }
        })
        .collect()
}

/// Two crossed factors with `k` correlated effects each: a maximal model of an experiment with
/// `subjects` × `items` trials. `singular` takes two dimensions from one covariance and one from
/// the other. The same numbers as the prototype's.
pub fn maximal(subjects: usize, items: usize, k: usize, singular: bool) -> Model {
    let mut r = Rng(88172645463325252);
    for _ in 0..10 {
        r.uniform();
    }
    let mut effects = |count: usize, size: f64, off: f64, zeros: usize| -> Vec<f64> {
        let mut l = vec![0.0; k * k];
        for i in 0..k {
            for j in 0..=i {
                l[i * k + j] = if i == j {
                    if singular && i >= k - zeros {
                        0.0
                    } else {
                        size / (1.0 + i as f64 * 0.3)
                    }
                } else {
                    off * r.normal()
                };
            }
        }
        let mut out = vec![0.0; count * k];
        for level in out.chunks_exact_mut(k) {
            let e: Vec<f64> = (0..k).map(|_| r.normal()).collect();
            for i in 0..k {
                level[i] = (0..=i).map(|j| l[i * k + j] * e[j]).sum();
            }
        }
        out
    };
    let by_subject = effects(subjects, 0.6, 0.25, 2);
    let by_item = effects(items, 0.4, 0.1, 1);
    let rows = subjects * items;
    let mut x = vec![Vec::new(); k];
    let mut y = Vec::with_capacity(rows);
    let mut codes = vec![Vec::new(), Vec::new()];
    for s in 0..subjects {
        for i in 0..items {
            x[0].push(1.0);
            for column in &mut x[1..] {
                column.push(if r.uniform() < 0.5 { -0.5 } else { 0.5 });
            }
            let mut mean = r.normal();
            for (a, column) in x.iter().enumerate() {
                let effect = by_subject[s * k + a] + by_item[i * k + a];
                mean += column[s * items + i] * (1.0 + effect);
            }
            codes[0].push(s as u32);
            codes[1].push(i as u32);
            y.push(mean);
        }
    }
    Model {
        layout: Layout::new(
            k,
            Some(0),
            &[subjects, items],
            &[(0, k, Some(0)), (1, k, Some(0))],
        ),
        y,
        weights: None,
        codes,
        z: vec![x.clone(), x.clone()],
        x,
    }
}
