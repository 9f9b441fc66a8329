//! Data of a replicate that are drawn from the data.

use ranef_engine::random::Stream;
use ranef_engine::{Column, Coordinates, FactorRows, Layout, Rows, Statistics, glmm};

use crate::diagnose::model_rows::{ModelRows, dot};
use crate::{Error, Fit};

/// Which rows a replicate has, and in which groups they count.
pub(super) struct Resampled {
    rows: Vec<usize>,
    codes: Vec<Vec<u32>>,
    levels: Vec<usize>,
}

impl Resampled {
    /// Rows with replacement, each in its groups.
    pub fn cases(rows: &ModelRows, levels: &[usize], stream: &mut Stream) -> Self {
        let chosen: Vec<usize> = (0..rows.n)
            .map(|_| stream.below(rows.n as u64) as usize)
            .collect();
        let pick = |codes: &Vec<u32>| chosen.iter().map(|&i| codes[i]).collect();
        Self {
            codes: rows.codes.iter().map(pick).collect(),
            levels: levels.to_vec(),
            rows: chosen,
        }
    }

    /// Groups with replacement: `by_group` has the rows of each. A draw is a new group, and so are
    /// the groups of other factors that lie within one group each (`inner`), once for each draw.
    pub fn cluster(
        rows: &ModelRows,
        levels: &[usize],
        factor: usize,
        inner: &[bool],
        by_group: &[Vec<usize>],
        stream: &mut Stream,
    ) -> Self {
        let mut out = Self {
            rows: Vec::new(),
            codes: vec![Vec::new(); levels.len()],
            levels: levels.to_vec(),
        };
        // New levels are given as they come; those of crossed factors stay.
        let mut next = vec![0u32; levels.len()];
        for _ in by_group {
            let group = &by_group[stream.below(by_group.len() as u64) as usize];
            let mut seen: Vec<std::collections::HashMap<u32, u32>> =
                vec![Default::default(); levels.len()];
            for &row in group {
                out.rows.push(row);
                for f in 0..levels.len() {
                    let old = rows.codes[f][row];
                    out.codes[f].push(if f == factor || inner[f] {
                        *seen[f].entry(old).or_insert_with(|| {
                            next[f] += 1;
                            next[f] - 1
                        })
                    } else {
                        old
                    });
                }
            }
        }
        for f in (0..levels.len()).filter(|&f| f == factor || inner[f]) {
            out.levels[f] = next[f].max(1) as usize;
        }
        out
    }

    /// Hands `then` the rows as a batch.
    fn batch<T>(
        &self,
        rows: &ModelRows,
        p: usize,
        then: impl FnOnce(&Rows<'_>, &Layout) -> T,
        layout: &Layout,
    ) -> T {
        let pick =
            |f: &dyn Fn(usize) -> f64| -> Vec<f64> { self.rows.iter().map(|&i| f(i)).collect() };
        let y = pick(&|i| rows.observed[i] - rows.offset[i]);
        let weights = pick(&|i| rows.weight[i]);
        let x: Vec<Vec<f64>> = (0..p).map(|j| pick(&|i| rows.x(i)[j])).collect();
        let z: Vec<Vec<Vec<f64>>> = (0..self.codes.len())
            .map(|f| {
                (0..rows.widths()[f])
                    .map(|a| pick(&|i| rows.z(f, i)[a]))
                    .collect()
            })
            .collect();
        let mut layout = layout.clone();
        for (factor, &levels) in layout.factors.iter_mut().zip(&self.levels) {
            factor.levels = levels;
        }
        let batch = Rows {
            response: &y,
            fixed: x.iter().map(|c| Column::Values(c)).collect(),
            weights: rows.response.is_none().then_some(weights.as_slice()),
            factors: (self.codes.iter().zip(&z))
                .map(|(codes, face)| FactorRows {
                    codes,
                    columns: face.iter().map(|c| Column::Values(c)).collect(),
                })
                .collect(),
        };
        then(&batch, &layout)
    }

    /// Statistics of a linear model of these rows.
    pub fn statistics(&self, rows: &ModelRows, layout: &Layout) -> Statistics {
        let add = |batch: &Rows<'_>, layout: &Layout| {
            let coordinates = Coordinates::pilot(layout, batch);
            let mut out = Statistics::new(layout.clone(), coordinates);
            out.add(batch);
            out
        };
        self.batch(rows, layout.fixed, add, layout)
    }

    /// The rows for a generalised model.
    pub fn data(&self, rows: &ModelRows, layout: &Layout) -> Option<glmm::Data> {
        let response = rows.response.as_ref()?;
        let observations: Vec<_> = self.rows.iter().map(|&i| response.rows[i]).collect();
        let offset: Vec<f64> = self.rows.iter().map(|&i| rows.offset[i]).collect();
        let add = |batch: &Rows<'_>, layout: &Layout| {
            let mut out = glmm::Data::new(layout.clone(), Coordinates::pilot(layout, batch));
            out.add(batch, &observations, Some(&offset));
            out
        };
        Some(self.batch(rows, layout.fixed, add, layout))
    }
}

/// Random effects and residuals with the variances of the model, to be drawn with replacement
/// (Carpenter, Goldstein and Rasbash 2003, section 3.2).
///
/// Predicted effects û are drawn to their mean, so their covariance S is less than that of the
/// model, R. With Cholesky factors S = L_SL_S' and R = L_RL_R' the effects L_RL_S⁻¹(û − ū) have
/// the covariance R; residuals are centred and scaled to σ in the same way.
pub(super) struct Reflated {
    /// By grouping factor: K numbers a level.
    effects: Vec<Vec<f64>>,
    /// e√w.
    residuals: Vec<f64>,
}

impl Reflated {
    pub fn of(fit: &Fit, rows: &ModelRows) -> Self {
        let sigma = fit.sigma();
        let layout = crate::rows::layout(fit.recipe());
        let lambda = layout.lambda(fit.theta());
        let modes = &fit.random_effects().modes;
        let effects = (layout.factors.iter().enumerate())
            .map(|(f, shape)| reflate(&modes[f], shape.width, &lambda[f], sigma))
            .collect();
        let mut residuals: Vec<f64> = (0..rows.n)
            .map(|i| rows.residual(i) * rows.weight[i].sqrt())
            .collect();
        let n = rows.n as f64;
        let mean = residuals.iter().sum::<f64>() / n;
        residuals.iter_mut().for_each(|e| *e -= mean);
        let sd = (residuals.iter().map(|e| e * e).sum::<f64>() / n).sqrt();
        if sd > 0.0 {
            residuals.iter_mut().for_each(|e| *e *= sigma / sd);
        }
        Self { effects, residuals }
    }

    /// A response: streams as of responses drawn from the model.
    pub fn draw(&self, rows: &ModelRows, seed: u64, replicate: u32, out: &mut [f64]) {
        out.copy_from_slice(&rows.population);
        for (f, effects) in self.effects.iter().enumerate() {
            let k = rows.widths()[f];
            if k == 0 {
                continue;
            }
            let levels = effects.len() / k;
            let mut stream = Stream::new(seed, replicate, 1 + f as u32);
            let drawn: Vec<usize> = (0..levels)
                .map(|_| stream.below(levels as u64) as usize)
                .collect();
            for (i, y) in out.iter_mut().enumerate() {
                let first = drawn[rows.codes[f][i] as usize] * k;
                *y += dot(rows.z(f, i), &effects[first..first + k]);
            }
        }
        let mut stream = Stream::new(seed, replicate, 0);
        for (i, y) in out.iter_mut().enumerate() {
            let drawn = stream.below(self.residuals.len() as u64) as usize;
            *y += self.residuals[drawn] / rows.weight[i].sqrt();
        }
    }
}

fn reflate(modes: &[f64], k: usize, lambda: &[f64], sigma: f64) -> Vec<f64> {
    if k == 0 {
        return Vec::new();
    }
    let levels = (modes.len() / k) as f64;
    let mut mean = vec![0.0; k];
    for u in modes.chunks_exact(k) {
        mean.iter_mut().zip(u).for_each(|(m, x)| *m += x / levels);
    }
    let mut s = vec![0.0; k * k];
    for u in modes.chunks_exact(k) {
        for a in 0..k {
            for b in 0..=a {
                s[a * k + b] += (u[a] - mean[a]) * (u[b] - mean[b]) / levels;
            }
        }
    }
    // L_S by rows, a column of zeros where an effect follows from those before it.
    let mut l: Vec<f64> = vec![0.0; k * k];
    for c in 0..k {
        let pivot = s[c * k + c] - (0..c).map(|b| l[c * k + b].powi(2)).sum::<f64>();
        if pivot <= 1e-10 * s[c * k + c].max(f64::MIN_POSITIVE) {
            continue;
        }
        l[c * k + c] = pivot.sqrt();
        for r in c + 1..k {
            let sum: f64 = (0..c).map(|b| l[r * k + b] * l[c * k + b]).sum();
            l[r * k + c] = (s[r * k + c] - sum) / l[c * k + c];
        }
    }
    let mut out = Vec::with_capacity(modes.len());
    for u in modes.chunks_exact(k) {
        let mut z = vec![0.0; k];
        for a in 0..k {
            let sum: f64 = (0..a).map(|b| l[a * k + b] * z[b]).sum();
            if l[a * k + a] > 0.0 {
                z[a] = (u[a] - mean[a] - sum) / l[a * k + a];
            }
        }
        out.extend((0..k).map(|a| sigma * dot(&lambda[a * k..a * k + a + 1], &z[..=a])));
    }
    out
}

/// The grouping factor that is asked for, or that with the fewest levels.
pub(super) fn factor(fit: &Fit, group: Option<&str>) -> Result<usize, Error> {
    let factors = fit.recipe().factors();
    let used = |f: &usize| fit.varcorr().iter().any(|b| b.factor == *f);
    match group {
        Some(name) => (0..factors.len())
            .filter(used)
            .find(|&f| factors[f].name == name)
            .ok_or_else(|| {
                let known: Vec<&str> = factors.iter().map(|f| f.name.as_str()).collect();
                let message = format!("the model has no grouping factor `{name}`");
                Error::new("unknown_group", message).with_hint(match known.is_empty() {
                    true => "it has none: draw rows instead, `--type cases`".to_owned(),
                    false => format!("there are: {}", known.join(", ")),
                })
            }),
        None => (0..factors.len())
            .filter(used)
            .min_by_key(|&f| factors[f].levels)
            .ok_or_else(|| {
                Error::new(
                    "no_groups",
                    "the model has no groups that could be drawn or left out",
                )
                .with_hint("draw rows instead (cases), or responses (parametric)")
            }),
    }
}
