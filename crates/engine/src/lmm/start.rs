//! Where a fit starts: for single random effects, variances by the method of moments.
//!
//! With residuals r of least squares, the sum over the levels of an effect f,
//! Σ_i (Σ z_i r)²/n_i with n_i = Σ z_i², has the expectation
//! Σ_g σ_g²·(Σ_ij n_ij²/n_i − Σ_j n_j²/N) + σ²·(levels − 1) over all effects g, n_ij = Σ z_i z_j and
//! N = Σ n_j; and r'r that of Σ_g σ_g²·(N − Σ_j n_j²/N) + σ²·(n − p). These are as many linear
//! equations as unknowns (method 1 of Henderson, 1953), free of confounding between effects; of
//! the fixed effects only the mean is taken account of. In balanced designs the solution is the
//! minimum itself; otherwise it saves evaluations beside the moments of one effect at a time: 4
//! instead of 5 on InstEval, 3 instead of 4 on 20,000 nested classes, 15 instead of 19 on a
//! singular model of grouseticks. Blocks of several effects start from one half: their moments
//! leave out the correlations, and on crossed 5 × 5 blocks that took 18 evaluations where one half
//! took 16.

use crate::statistics::Statistics;

/// The relative standard deviation, in standard units, that blocks start from. Of 0.2 to 1 it
/// took the fewest evaluations over ten data sets.
pub(super) const MIDDLE: f64 = 0.5;
/// The least and the largest that single effects start from: the curvature at zero says nothing.
const RANGE: (f64, f64) = (0.03, 10.0);
/// The least share of the variance that is left to σ².
const LEAST_REST: f64 = 0.01;

/// θ in standard units, where a row of typical weight has the standard deviation σ·`unit`.
pub(super) fn start(statistics: &Statistics, unit: f64) -> Vec<f64> {
    let layout = statistics.layout();
    let ratios = ratios(statistics, unit);
    layout
        .entries()
        .iter()
        .map(|entry| {
            if !entry.is_diagonal() {
                return 0.0;
            }
            unit * ratios[entry.term].map_or(MIDDLE, |ratio| ratio.clamp(RANGE.0, RANGE.1))
        })
        .collect()
}

/// A term with a single effect: its factor and the column of the face.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Effect {
    factor: usize,
    column: usize,
}

/// σ_z of each term with a single effect, relative to the error of a row of typical weight;
/// `None` for wider ones, and for all where the equations have no solution.
fn ratios(statistics: &Statistics, unit: f64) -> Vec<Option<f64>> {
    let layout = statistics.layout();
    let effects: Vec<Option<Effect>> = layout
        .terms
        .iter()
        .map(|term| {
            (term.width == 1).then_some(Effect {
                factor: term.factor,
                column: term.offset,
            })
        })
        .collect();
    let single: Vec<Effect> = effects.iter().copied().flatten().collect();
    let solved = least_squares(&statistics.corner(), layout.fixed)
        .and_then(|(beta, rss)| variances(&equations(statistics, &single, &beta, rss)));
    let Some(variances) = solved else {
        return vec![None; effects.len()];
    };
    let rest = variances[single.len()] * unit * unit;
    let between = &variances[..single.len()];
    let rest = rest.max(LEAST_REST * (rest + between.iter().sum::<f64>()));
    let mut found = between.iter();
    effects
        .iter()
        .map(|effect| effect.and_then(|_| found.next().map(|v| (v / rest).sqrt())))
        .collect()
}

/// Expected sums of squares, by rows: the coefficients of the variances and of σ², then the sum
/// observed. One row an effect, and last that of all residuals.
fn equations(statistics: &Statistics, effects: &[Effect], beta: &[f64], rss: f64) -> Vec<Vec<f64>> {
    let layout = statistics.layout();
    let (p, t, count) = (layout.fixed, layout.fixed + 1, effects.len());
    let sizes: Vec<Vec<f64>> = effects.iter().map(|&e| sizes(statistics, e)).collect();
    let totals: Vec<f64> = sizes.iter().map(|s| s.iter().sum()).collect();
    // What the mean takes: Σ n²/N.
    let mean: Vec<f64> = (sizes.iter().zip(&totals))
        .map(|(s, total)| s.iter().map(|n| n * n).sum::<f64>() / total)
        .collect();
    let mut rows = Vec::new();
    for (f, effect) in effects.iter().enumerate() {
        let mut between = 0.0;
        for (level, &size) in sizes[f].iter().enumerate() {
            if size > 0.0 {
                let sums = statistics.tail(effect.factor, level);
                let sums = &sums[effect.column * t..(effect.column + 1) * t];
                let fitted: f64 = sums.iter().zip(beta).map(|(x, b)| x * b).sum();
                between += (sums[p] - fitted).powi(2) / size;
            }
        }
        let mut row: Vec<f64> = (0..count)
            .map(|g| shared(statistics, *effect, effects[g], &sizes[f]) - mean[g])
            .collect();
        row.push(sizes[f].iter().filter(|&&n| n > 0.0).count() as f64 - 1.0);
        row.push(between);
        rows.push(row);
    }
    let mut last: Vec<f64> = totals.iter().zip(&mean).map(|(n, m)| n - m).collect();
    last.push(statistics.rows().saturating_sub(p).max(1) as f64);
    last.push(rss);
    rows.push(last);
    rows
}

/// n of every level of an effect.
fn sizes(statistics: &Statistics, effect: Effect) -> Vec<f64> {
    let shape = &statistics.layout().factors[effect.factor];
    let at = effect.column * shape.width + effect.column;
    (0..shape.levels)
        .map(|level| statistics.own(effect.factor, level)[at])
        .collect()
}

/// Σ_ij n_ij²/n_i over the levels i of one effect and j of another.
fn shared(statistics: &Statistics, one: Effect, other: Effect, sizes: &[f64]) -> f64 {
    let factors = &statistics.layout().factors;
    let share = |level: usize, n: f64| if n == 0.0 { 0.0 } else { n * n / sizes[level] };
    if one.factor == other.factor {
        let (a, b) = (one.column.max(other.column), one.column.min(other.column));
        let at = a * factors[one.factor].width + b;
        return (0..sizes.len())
            .map(|level| share(level, statistics.own(one.factor, level)[at]))
            .sum();
    }
    let (first, second) = if one.factor < other.factor {
        (one, other)
    } else {
        (other, one)
    };
    let at = first.column * factors[second.factor].width + second.column;
    statistics
        .pairs(first.factor, second.factor)
        .iter()
        .map(|((a, b), values)| {
            let level = if first == one { a } else { b };
            share(level as usize, values[at])
        })
        .sum()
}

/// Solves the equations without negative variances: the most negative becomes zero, and its own
/// equation goes.
fn variances(equations: &[Vec<f64>]) -> Option<Vec<f64>> {
    let count = equations.len();
    let mut kept: Vec<usize> = (0..count).collect();
    loop {
        let solution = solve(equations, &kept)?;
        let least = (0..kept.len() - 1).min_by(|&a, &b| solution[a].total_cmp(&solution[b]));
        match least {
            Some(at) if solution[at] < 0.0 => {
                kept.remove(at);
            }
            _ => {
                let mut out = vec![0.0; count];
                kept.iter().zip(solution).for_each(|(&at, x)| out[at] = x);
                return (out[count - 1] > 0.0).then_some(out);
            }
        }
    }
}

/// Gauss-Jordan elimination with pivoting on some of the equations and as many unknowns; `None`
/// where a variance cannot be told from others, as that of an effect with a level for every row.
fn solve(equations: &[Vec<f64>], kept: &[usize]) -> Option<Vec<f64>> {
    const LEAST_PIVOT: f64 = 1e-9;
    let (n, right) = (kept.len(), equations.len());
    let picked = |i: usize| kept.iter().chain([&right]).map(move |&j| equations[i][j]);
    let mut rows: Vec<Vec<f64>> = kept.iter().map(|&i| picked(i).collect()).collect();
    let largest = |rows: &[Vec<f64>], c: usize| {
        let size = |row: &Vec<f64>| row[c].abs();
        rows.iter().map(size).fold(0.0, f64::max)
    };
    let scales: Vec<f64> = (0..n).map(|c| largest(&rows, c)).collect();
    for c in 0..n {
        let pivot = (c..n).max_by(|&a, &b| rows[a][c].abs().total_cmp(&rows[b][c].abs()))?;
        rows.swap(c, pivot);
        let lead = rows[c].clone();
        if lead[c].abs() <= LEAST_PIVOT * scales[c] {
            return None;
        }
        for (r, row) in rows.iter_mut().enumerate() {
            if r != c {
                let factor = row[c] / lead[c];
                for (x, y) in row.iter_mut().zip(&lead) {
                    *x -= factor * y;
                }
            }
        }
    }
    let solution: Vec<f64> = (0..n).map(|i| rows[i][n] / rows[i][i]).collect();
    solution.iter().all(|x| x.is_finite()).then_some(solution)
}

/// Coefficients and residual sum of squares from \[X y\]'\[X y\] (lower triangle by columns).
fn least_squares(corner: &[f64], p: usize) -> Option<(Vec<f64>, f64)> {
    let t = p + 1;
    let mut l = vec![0.0; t * t];
    for j in 0..t {
        for i in j..t {
            let mut sum = corner[j * t + i];
            for b in 0..j {
                sum -= l[i * t + b] * l[j * t + b];
            }
            l[i * t + j] = if i == j {
                sum.max(0.0).sqrt()
            } else {
                sum / l[j * t + j]
            };
        }
    }
    let mut beta = l[p * t..p * t + p].to_vec();
    for i in (0..p).rev() {
        beta[i] /= l[i * t + i];
        for b in 0..i {
            beta[b] -= l[i * t + b] * beta[i];
        }
    }
    let last = l[p * t + p];
    (last > 0.0 && beta.iter().all(|b| b.is_finite())).then_some((beta, last * last))
}

#[cfg(test)]
mod tests {
    use super::{solve, start, variances};
    use crate::coordinates::Coordinates;
    use crate::layout::Layout;
    use crate::lmm::{Options, fit};
    use crate::statistics::{Column, FactorRows, Rows, Statistics};

    /// y of `rows` crossed rows and columns with `times` observations a cell.
    fn crossed(rows: usize, columns: usize, times: usize, y: impl Fn(usize) -> f64) -> Statistics {
        let n = rows * columns * times;
        let first: Vec<u32> = (0..n).map(|i| (i % rows) as u32).collect();
        let second: Vec<u32> = (0..n).map(|i| (i / rows % columns) as u32).collect();
        let response: Vec<f64> = (0..n).map(y).collect();
        let layout = Layout::new(
            1,
            Some(0),
            &[rows, columns],
            &[(0, 1, Some(0)), (1, 1, Some(0))],
        );
        let factor = |codes| FactorRows {
            codes,
            columns: vec![Column::Constant(1.0)],
        };
        let batch = Rows {
            response: &response,
            fixed: vec![Column::Constant(1.0)],
            weights: None,
            factors: vec![factor(&first), factor(&second)],
        };
        let coordinates = Coordinates::pilot(&layout, &batch);
        let mut statistics = Statistics::new(layout, coordinates);
        statistics.add(&batch);
        statistics
    }

    /// In a balanced design moments are the REML estimates.
    #[test]
    fn balanced_crossed_factors_start_at_their_minimum() {
        let y = |i: usize| {
            let noise = ((i * 7919) % 101) as f64 / 50.0;
            (i % 7) as f64 + 2.5 * (i / 7 % 5) as f64 + noise
        };
        let statistics = crossed(7, 5, 3, y);
        let fit = fit(&statistics, &Options::default()).unwrap();
        let layout = statistics.layout();
        let moments = statistics
            .coordinates()
            .theta_to_user(layout, &start(&statistics, 1.0));
        for (moment, theta) in moments.iter().zip(&fit.theta) {
            assert!((moment / theta - 1.0).abs() < 1e-7, "{moment} {theta}");
        }
        assert!(fit.evaluations <= 2, "{}", fit.evaluations);
    }

    /// Without differences between rows the moments would make their variance negative.
    #[test]
    fn negative_variances_start_near_zero() {
        let y = |i: usize| 3.0 * (i / 7 % 5) as f64 + (i % 2) as f64;
        let start = start(&crossed(7, 5, 2, y), 1.0);
        assert_eq!(start[0], super::RANGE.0);
        assert!(start[1] > 1.0, "{start:?}");
    }

    #[test]
    fn equations_that_say_the_same_have_no_solution() {
        let same = vec![vec![2.0, 4.0, 1.0], vec![1.0, 2.0 * (1.0 + 1e-12), 3.0]];
        assert_eq!(solve(&same, &[0, 1]), None);
        assert_eq!(variances(&same), None);
    }
}
