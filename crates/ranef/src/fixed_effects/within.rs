//! The within estimator, from one pass: each group keeps a triangle of \[1 X y\], and what is left
//! of it without the ones are the distances from the group means.

use std::collections::BTreeMap;

use ranef_design::Parts;
use ranef_engine::sandwich::{Cluster, Sandwich, project_out_first, triangularise};
use ranef_frame::Source;

use crate::robust::{Clusters, RobustType, sandwich};
use crate::rows::{for_each_batch, refuse_new_levels, response};
use crate::{Error, Fit, Note};

/// A column whose length within groups is below this share of its own does not vary there: R's
/// tolerance for collinear columns, as everywhere.
const TOLERANCE: f64 = 1e-7;

/// The within estimator of a model.
pub(super) struct Within {
    pub group: usize,
    /// Groups with rows.
    pub groups: usize,
    pub singletons: usize,
    /// Columns of X that it has coefficients for.
    pub columns: Vec<usize>,
    /// Columns that are constant in every group.
    pub absorbed: Vec<usize>,
    /// Columns that others determine within groups.
    pub dependent: Vec<usize>,
    pub beta: Vec<f64>,
    /// (Ẋ'Ẋ)⁻¹.
    pub phi: Vec<f64>,
    pub sigma: f64,
    pub df_residual: usize,
    rows: usize,
    /// Mean of every column of X in each group, by code; empty for a group without rows.
    pub means: Vec<Vec<f64>>,
    /// Distances from the group means of \[X y\] in each cluster, compressed.
    clusters: BTreeMap<u32, Vec<f64>>,
}

/// The rows of one group on their way.
#[derive(Clone, Default)]
struct Group {
    cluster: u32,
    count: usize,
    rows: Vec<f64>,
}

impl Within {
    pub fn of(fit: &Fit, source: &dyn Source, group: usize, by: &Clusters) -> Result<Self, Error> {
        let p = fit.fixef().len();
        let width = p + 2;
        let mut groups = vec![Group::default(); by.recipe.factors()[group].levels];
        let mut lengths = vec![0.0; p];
        let mut total = 0;
        for_each_batch(&by.recipe, source, Parts::ALL, fit.formula(), |_, rows| {
            refuse_new_levels(&rows)?;
            let observed = response(&rows);
            let codes = by.codes(&rows);
            for i in 0..rows.n {
                let own = &mut groups[rows.codes[group][i] as usize];
                own.cluster = codes[i];
                own.count += 1;
                let root = rows.weights.as_ref().map_or(1.0, |w| w.at(i).sqrt());
                own.rows.push(root);
                for (length, x) in lengths.iter_mut().zip(&rows.fixed) {
                    let x = root * x.at(i);
                    *length += x * x;
                    own.rows.push(x);
                }
                own.rows.push(root * observed[i]);
                if own.rows.len() >= 2 * width * width {
                    triangularise(&mut own.rows, width);
                }
            }
            total += rows.n;
            Ok(())
        })?;
        by.same_rows(fit, total)?;
        let mut clusters: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
        let mut means = vec![Vec::new(); groups.len()];
        for (own, means) in groups.iter_mut().zip(&mut means) {
            let Some(first) = project_out_first(&mut own.rows, width) else {
                continue;
            };
            *means = first[1..=p].iter().map(|x| x / first[0]).collect();
            let cluster = clusters.entry(own.cluster).or_default();
            // Without the ones.
            cluster.extend(own.rows.chunks_exact(width).flat_map(|row| &row[1..]));
            if cluster.len() >= 4 * width * width {
                triangularise(cluster, p + 1);
            }
        }
        let present: Vec<usize> = groups.iter().map(|g| g.count).filter(|c| *c > 0).collect();
        let (count, singletons) = (present.len(), present.iter().filter(|c| **c == 1).count());
        let mut all = Vec::new();
        for rows in clusters.values_mut() {
            triangularise(rows, p + 1);
            all.extend_from_slice(rows);
            if all.len() >= 8 * width * width {
                triangularise(&mut all, p + 1);
            }
        }
        triangularise(&mut all, p + 1);
        let (columns, absorbed, dependent) = split(&all, p, &lengths);
        if columns.is_empty() {
            let name = &fit.recipe().factors()[group].name;
            return Err(Error::new(
                "nothing_within",
                format!("no predictor varies within the groups of `{name}`"),
            )
            .with_hint(
                "the within estimator is for predictors that differ between rows of a group",
            ));
        }
        let k = columns.len();
        let Some(df_residual) = total.checked_sub(count + k).filter(|df| *df > 0) else {
            return Err(Error::new(
                "too_few_rows",
                format!("{total} rows are too few for {count} group intercepts and {k} slopes"),
            )
            .with_hint("use fewer predictors or larger groups"));
        };
        // R of the columns that stay, with Q'y beside it.
        let mut triangle: Vec<f64> = all
            .chunks_exact(p + 1)
            .flat_map(|row| columns.iter().chain([&p]).map(|&c| row[c]))
            .collect();
        force_triangle(&mut triangle, k + 1);
        let inverse = inverse_triangle(&triangle, k);
        let beta = (0..k)
            .map(|i| {
                (i..k)
                    .map(|j| inverse[i * k + j] * triangle[j * (k + 1) + k])
                    .sum()
            })
            .collect();
        let phi = (0..k * k)
            .map(|at| {
                let (i, j) = (at / k, at % k);
                (i.max(j)..k)
                    .map(|l| inverse[i * k + l] * inverse[j * k + l])
                    .sum()
            })
            .collect();
        let rest = triangle.get(k * (k + 1) + k).map_or(0.0, |x| x * x);
        Ok(Self {
            group,
            groups: count,
            singletons,
            columns,
            absorbed,
            dependent,
            beta,
            phi,
            sigma: (rest / df_residual as f64).sqrt(),
            df_residual,
            rows: total,
            means,
            clusters,
        })
    }

    /// The cluster-robust covariance.
    pub fn sandwich(
        &self,
        kind: RobustType,
        name: &str,
        warnings: &mut Vec<Note>,
    ) -> Result<Sandwich, Error> {
        let clusters: Vec<Cluster> = self
            .clusters
            .values()
            .filter(|rows| !rows.is_empty())
            .map(|rows| self.cluster(rows))
            .collect();
        if clusters.len() < 2 {
            return Err(Error::new(
                "too_few_clusters",
                format!(
                    "fewer than 2 clusters of `{name}` say anything on differences within groups"
                ),
            )
            .with_hint("cluster by something that the rows differ in"));
        }
        let phi = self.phi.clone();
        sandwich(
            clusters.into_iter(),
            self.rows,
            &self.beta,
            phi,
            kind,
            name,
            warnings,
        )
    }

    fn cluster(&self, rows: &[f64]) -> Cluster {
        // Rows of \[X y\]: the last number is y.
        let width = self.absorbed.len() + self.dependent.len() + self.columns.len() + 1;
        let rows = || rows.chunks_exact(width);
        Cluster {
            variance: vec![1.0; rows().len()],
            effects: 0,
            spread: Vec::new(),
            fixed: rows()
                .flat_map(|row| self.columns.iter().map(|&c| row[c]))
                .collect(),
            response: rows().map(|row| row[width - 1]).collect(),
        }
        .reduced(self.columns.len())
    }
}

/// Which columns have a slope within groups, which do not vary there, and which follow from the
/// columns before them, by the lengths within groups and in all.
fn split(all: &[f64], p: usize, lengths: &[f64]) -> (Vec<usize>, Vec<usize>, Vec<usize>) {
    let product =
        |i: usize, j: usize| -> f64 { all.chunks_exact(p + 1).map(|row| row[i] * row[j]).sum() };
    let (mut kept, mut absorbed, mut dependent) = (Vec::new(), Vec::new(), Vec::new());
    // Orthonormal directions of the columns kept.
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for j in 0..p {
        let own = product(j, j);
        if own <= TOLERANCE * TOLERANCE * lengths[j] || own == 0.0 {
            absorbed.push(j);
            continue;
        }
        let mut rest: Vec<f64> = all.chunks_exact(p + 1).map(|row| row[j]).collect();
        // Twice is enough (Kahan).
        for _ in 0..2 {
            for direction in &basis {
                let along: f64 = rest.iter().zip(direction).map(|(a, b)| a * b).sum();
                rest.iter_mut()
                    .zip(direction)
                    .for_each(|(a, b)| *a -= along * b);
            }
        }
        let length = rest.iter().map(|x| x * x).sum::<f64>().sqrt();
        if length <= TOLERANCE * own.sqrt() {
            dependent.push(j);
            continue;
        }
        rest.iter_mut().for_each(|x| *x /= length);
        basis.push(rest);
        kept.push(j);
    }
    (kept, absorbed, dependent)
}

/// The triangle of rows however few they are.
fn force_triangle(rows: &mut Vec<f64>, width: usize) {
    let least = width * (width + 1);
    if rows.len() < least {
        rows.resize(least, 0.0);
    }
    triangularise(rows, width);
}

/// The inverse of the leading k × k of an upper triangle with rows of k + 1 numbers.
fn inverse_triangle(triangle: &[f64], k: usize) -> Vec<f64> {
    let r = |i: usize, j: usize| triangle[i * (k + 1) + j];
    let mut out = vec![0.0; k * k];
    for c in 0..k {
        for i in (0..=c).rev() {
            let taken: f64 = (i + 1..=c).map(|l| r(i, l) * out[l * k + c]).sum();
            let own = if i == c { 1.0 } else { 0.0 };
            out[i * k + c] = (own - taken) / r(i, i);
        }
    }
    out
}
