//! Marginal residuals made independent: L⁻¹(y − Xβ̂) with LL' = V.
//!
//! V is block-diagonal over the clusters of rows that share a group, directly or through others.
//! Within one, L⁻¹r is the sequence of innovations: each residual less what those before it say of
//! it, over the standard deviation of that difference (the decomposition of the prediction error,
//! Schweppe 1965). So V is never built: the random effects of the cluster carry what was learnt, and
//! a row costs the square of their number, not of the rows.

use crate::Fit;

use super::model_rows::ModelRows;

/// A cluster may cost this many multiplications before it counts as too large: seconds.
const MOST: f64 = 4e9;

/// L⁻¹(y − Xβ̂) row by row; `None` where the groups tie together more rows than can be unravelled,
/// as in large crossed designs.
pub(super) fn decorrelated(fit: &Fit, rows: &ModelRows) -> Vec<Option<f64>> {
    let clusters = clusters(rows);
    let mut out = vec![None; rows.n];
    for cluster in clusters {
        if let Some(values) = innovations(fit, rows, &cluster) {
            for (&row, value) in cluster.iter().zip(values) {
                out[row] = Some(value);
            }
        }
    }
    out
}

/// The rows of each cluster, in their order.
fn clusters(rows: &ModelRows) -> Vec<Vec<usize>> {
    let firsts: Vec<usize> = (rows.codes.iter())
        .scan(0, |next, codes| {
            let first = *next;
            *next += codes.iter().max().map_or(0, |&c| c as usize + 1);
            Some(first)
        })
        .collect();
    let levels = (firsts.iter().zip(&rows.codes))
        .map(|(first, codes)| first + codes.iter().max().map_or(0, |&c| c as usize + 1))
        .max()
        .unwrap_or(0);
    let mut parent: Vec<usize> = (0..levels).collect();
    fn root(parent: &mut [usize], mut at: usize) -> usize {
        while parent[at] != at {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        at
    }
    let used: Vec<usize> = (0..rows.codes.len())
        .filter(|&f| rows.widths()[f] > 0)
        .collect();
    let Some((&lead, others)) = used.split_first() else {
        return (0..rows.n).map(|row| vec![row]).collect();
    };
    for row in 0..rows.n {
        let a = root(&mut parent, firsts[lead] + rows.codes[lead][row] as usize);
        for &f in others {
            let b = root(&mut parent, firsts[f] + rows.codes[f][row] as usize);
            parent[b] = a;
        }
    }
    let mut out: Vec<Vec<usize>> = Vec::new();
    let mut place = vec![usize::MAX; levels];
    for row in 0..rows.n {
        let at = root(&mut parent, firsts[lead] + rows.codes[lead][row] as usize);
        if place[at] == usize::MAX {
            place[at] = out.len();
            out.push(Vec::new());
        }
        out[place[at]].push(row);
    }
    out
}

fn innovations(fit: &Fit, rows: &ModelRows, cluster: &[usize]) -> Option<Vec<f64>> {
    // The random effects of the cluster: first effect of each (factor, level).
    let mut starts: Vec<std::collections::HashMap<u32, usize>> =
        vec![std::collections::HashMap::new(); rows.codes.len()];
    let mut q = 0;
    for &row in cluster {
        for (f, codes) in rows.codes.iter().enumerate() {
            starts[f].entry(codes[row]).or_insert_with(|| {
                let start = q;
                q += rows.widths()[f];
                start
            });
        }
    }
    if (q * q) as f64 * cluster.len() as f64 > MOST {
        return None;
    }
    let sigma_squared = fit.sigma() * fit.sigma();
    // What is known of the random effects: mean and covariance, at first those of the model.
    let (mut mean, mut covariance) = (vec![0.0; q], vec![0.0; q * q]);
    for block in fit.varcorr() {
        for &start in starts[block.factor].values() {
            let first = start + block.offset;
            for (i, row) in block.cov.iter().enumerate() {
                for (j, value) in row.iter().enumerate() {
                    covariance[(first + i) * q + first + j] = *value;
                }
            }
        }
    }
    let mut spread = vec![0.0; q];
    let mut out = Vec::with_capacity(cluster.len());
    for &row in cluster {
        spread.fill(0.0);
        let (mut variance, mut expected) = (sigma_squared / rows.weight[row], 0.0);
        let effects: Vec<(usize, f64)> = (0..rows.codes.len())
            .flat_map(|f| {
                let start = starts[f][&rows.codes[f][row]];
                let z = rows.z(f, row);
                z.iter().enumerate().map(move |(a, &z)| (start + a, z))
            })
            .collect();
        for &(at, z) in &effects {
            expected += z * mean[at];
            let line = &covariance[at * q..(at + 1) * q];
            spread.iter_mut().zip(line).for_each(|(s, c)| *s += z * c);
        }
        variance += effects.iter().map(|&(at, z)| z * spread[at]).sum::<f64>();
        let missed = rows.observed[row] - rows.population[row] - expected;
        out.push(missed / variance.sqrt());
        let gain = missed / variance;
        mean.iter_mut()
            .zip(&spread)
            .for_each(|(m, s)| *m += s * gain);
        for (i, line) in covariance.chunks_exact_mut(q.max(1)).enumerate() {
            let factor = spread[i] / variance;
            if factor != 0.0 {
                line.iter_mut()
                    .zip(&spread)
                    .for_each(|(c, s)| *c -= factor * s);
            }
        }
    }
    Some(out)
}
