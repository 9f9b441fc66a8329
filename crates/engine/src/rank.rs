//! Which columns of X say nothing new.

use crate::statistics::Statistics;

/// R's tolerance for collinear columns, as in `lm`: what is left of a column, after the columns
/// before it, relative to its length.
const TOLERANCE: f64 = 1e-7;

/// Rests, relative to the square of a column's length, that are looked at twice.
const SUSPICIOUS: f64 = 1e-8;

/// Positions of fixed-effects columns that depend on columns before them, in increasing order.
///
/// A Cholesky factorisation of the crossproducts in the order of the columns: a column whose
/// remaining length is below 10⁻⁷ of its own is a combination of those kept so far. The earlier
/// column of two always stays, so an intercept, being first, is never dropped. Crossproducts are
/// of centred columns and summed with compensation; still, what is left of a column that is a
/// sum of many others (the last cell of an interaction) is the difference of large numbers, and
/// its rounding, bounded by [`rounding`], can exceed 10⁻¹⁴ of its square. Such a rest counts as
/// nothing too.
pub fn dependent_columns(statistics: &Statistics) -> Vec<usize> {
    let p = statistics.layout().fixed;
    let t = p + 1;
    let corner = statistics.corner();
    let coordinates = statistics.coordinates();
    let intercept = statistics.layout().intercept;
    let weight = intercept.map_or(0.0, |j| corner[j * t + j]);
    let mut kept: Vec<usize> = Vec::new();
    let mut rows: Vec<Vec<f64>> = Vec::new();
    let mut dropped = Vec::new();
    for j in 0..p {
        // The length in the user's units, before centring, is what R compares with.
        let own = corner[j * t + j];
        let shift = coordinates.fixed[j].shift / coordinates.fixed[j].scale;
        let moved = match intercept {
            Some(i) if i < j => 2.0 * shift * corner[i * t + j],
            _ => 0.0,
        };
        let length = own + moved + weight * shift * shift;
        let mut row = Vec::with_capacity(kept.len());
        let mut rest = own;
        for (at, &i) in kept.iter().enumerate() {
            let mut x = corner[i * t + j];
            for b in 0..at {
                x -= rows[at][b] * row[b];
            }
            let x: f64 = x / rows[at][at];
            rest -= x * x;
            row.push(x);
        }
        let nothing = rest <= TOLERANCE * TOLERANCE * length
            || length == 0.0
            || (rest < SUSPICIOUS * own && rest <= rounding(&corner, t, &kept, &rows, &row, own));
        if nothing {
            dropped.push(j);
        } else {
            row.push(rest.sqrt());
            rows.push(row);
            kept.push(j);
        }
    }
    dropped
}

/// How columns depend on the others: for each of `dropped` (ascending, from [`dependent_columns`])
/// its weights on the columns that stay, in the user's units. In Wilkinson's and R's words, the
/// pattern of aliasing.
pub fn dependence(statistics: &Statistics, dropped: &[usize]) -> Vec<Vec<f64>> {
    let p = statistics.layout().fixed;
    let t = p + 1;
    let corner = statistics.corner();
    let kept: Vec<usize> = (0..p).filter(|j| !dropped.contains(j)).collect();
    let n = kept.len();
    let mut l = vec![0.0; n * n];
    for a in 0..n {
        for b in 0..=a {
            let taken: f64 = (0..b).map(|c| l[a * n + c] * l[b * n + c]).sum();
            let rest = corner[kept[b] * t + kept[a]] - taken;
            l[a * n + b] = if a == b {
                rest.sqrt()
            } else {
                rest / l[b * n + b]
            };
        }
    }
    let standard = &statistics.coordinates().fixed;
    let intercept = kept
        .iter()
        .position(|&j| Some(j) == statistics.layout().intercept);
    let one = |&j: &usize| {
        let mut a: Vec<f64> = kept
            .iter()
            .map(|&i| corner[i.min(j) * t + i.max(j)])
            .collect();
        for i in 0..n {
            let taken: f64 = (0..i).map(|b| l[i * n + b] * a[b]).sum();
            a[i] = (a[i] - taken) / l[i * n + i];
        }
        for i in (0..n).rev() {
            let taken: f64 = (i + 1..n).map(|b| l[b * n + i] * a[b]).sum();
            a[i] = (a[i] - taken) / l[i * n + i];
        }
        // Standardised columns are of one size: a share that is nothing beside the others is rounding.
        let largest = a.iter().fold(0.0f64, |s, x| s.max(x.abs()));
        a.iter_mut()
            .filter(|x| x.abs() < 1e-10 * largest)
            .for_each(|x| *x = 0.0);
        // x_j = m_j + s_j Σ a_i (x_i − m_i)/s_i.
        for (weight, &i) in a.iter_mut().zip(&kept) {
            *weight *= standard[j].scale / standard[i].scale;
        }
        if let Some(at) = intercept {
            let moved = |size: fn(f64) -> f64| -> f64 {
                let parts = a.iter().zip(&kept);
                parts
                    .map(|(weight, &i)| size(weight * standard[i].shift))
                    .sum()
            };
            let own = a[at] + standard[j].shift;
            let (rest, size) = (own - moved(|x| x), own.abs() + moved(f64::abs));
            a[at] = if rest.abs() < 1e-10 * size { 0.0 } else { rest };
        }
        a
    };
    dropped.iter().map(one).collect()
}

/// What rounding can leave of the squared length of a column after its projection on the kept
/// ones: with coefficients a the rest is g_jj − 2a'g + a'Ga, and each crossproduct carries a
/// relative error of a few units in the last place, so the bound is that of the sum without
/// cancellation.
fn rounding(
    corner: &[f64],
    t: usize,
    kept: &[usize],
    rows: &[Vec<f64>],
    row: &[f64],
    own: f64,
) -> f64 {
    const UNITS: f64 = 64.0 * f64::EPSILON;
    // Back-substitution: L'a = row.
    let mut a = row.to_vec();
    for i in (0..a.len()).rev() {
        a[i] /= rows[i][i];
        for b in 0..i {
            a[b] -= rows[i][b] * a[i];
        }
    }
    let mut size = own;
    for (x, &i) in a.iter().zip(kept) {
        for (y, &j) in a.iter().zip(kept) {
            size += (x * y * corner[i.min(j) * t + i.max(j)]).abs();
        }
    }
    UNITS * size
}
