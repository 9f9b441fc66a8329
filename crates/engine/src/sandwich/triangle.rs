//! The triangle that an orthogonal transform makes of many rows.

/// Replaces rows of `width` numbers, one after another, by at most `width` rows with the same
/// crossproducts: the R of a QR decomposition by Householder's reflections. Nothing happens to no
/// more than `width` rows.
pub fn triangularise(rows: &mut Vec<f64>, width: usize) {
    if width == 0 || rows.len() <= width * width {
        return;
    }
    let m = rows.len() / width;
    let mut v = vec![0.0; m];
    let mut dots = vec![0.0; width];
    for k in 0..width {
        let column = |i: usize| rows[i * width + k];
        let largest = (k..m).fold(0.0f64, |a, i| a.max(column(i).abs()));
        if largest == 0.0 {
            continue;
        }
        let norm = (k..m)
            .map(|i| (column(i) / largest).powi(2))
            .sum::<f64>()
            .sqrt()
            * largest;
        let alpha = if column(k) > 0.0 { -norm } else { norm };
        for i in k..m {
            v[i] = column(i) / largest;
        }
        v[k] -= alpha / largest;
        let square: f64 = v[k..m].iter().map(|x| x * x).sum();
        dots[k..].fill(0.0);
        for i in k..m {
            let row = &rows[i * width + k..(i + 1) * width];
            for (dot, x) in dots[k..].iter_mut().zip(row) {
                *dot += v[i] * x;
            }
        }
        for i in k..m {
            let factor = 2.0 * v[i] / square;
            let row = &mut rows[i * width + k..(i + 1) * width];
            for (x, dot) in row.iter_mut().zip(&dots[k..]) {
                *x -= factor * dot;
            }
        }
        rows[k * width + k] = alpha;
        for i in k + 1..m {
            rows[i * width + k] = 0.0;
        }
    }
    rows.truncate(width * width);
}

/// Replaces rows of `width` numbers by one row that holds all of the first column, and rows without
/// it: these have the crossproducts of the other columns after their projection on the first. Of a
/// column of ones (or of roots of weights) that is the distance from the mean. Returns the first
/// row, whose later numbers over its first are the means; `None` where there are no rows or the
/// first column is zero.
pub fn project_out_first(rows: &mut Vec<f64>, width: usize) -> Option<Vec<f64>> {
    triangularise(rows, width);
    // A reflection that takes the first column to its first row.
    let norm = rows
        .iter()
        .step_by(width)
        .fold(0.0f64, |norm, x| norm.hypot(*x));
    if norm == 0.0 {
        return None;
    }
    let mut v: Vec<f64> = rows.iter().step_by(width).copied().collect();
    let alpha = if v[0] > 0.0 { -norm } else { norm };
    v[0] -= alpha;
    let square: f64 = v.iter().map(|x| x * x).sum();
    for j in 1..width {
        let dot: f64 = v.iter().zip(rows.iter().skip(j).step_by(width)).map(|(v, x)| v * x).sum();
        for (v, x) in v.iter().zip(rows.iter_mut().skip(j).step_by(width)) {
            *x -= 2.0 * v * dot / square;
        }
    }
    rows[0] = alpha;
    let rest = rows.split_off(width);
    let first = std::mem::replace(rows, rest);
    for x in rows.iter_mut().step_by(width) {
        *x = 0.0;
    }
    Some(first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{project_out_first, triangularise};

    fn crossproducts(rows: &[f64], width: usize) -> Vec<f64> {
        let mut out = vec![0.0; width * width];
        for row in rows.chunks_exact(width) {
            for i in 0..width {
                for j in 0..width {
                    out[i * width + j] += row[i] * row[j];
                }
            }
        }
        out
    }

    proptest! {
        #[test]
        fn ones_leave_distances_from_the_mean(
            numbers in prop::collection::vec(-10.0f64..10.0, 1..60),
        ) {
            let n = numbers.len();
            let mut rows: Vec<f64> = numbers.iter().flat_map(|x| [1.0, 100.0 + x, *x]).collect();
            let first = project_out_first(&mut rows, 3).unwrap();
            let mean = numbers.iter().sum::<f64>() / n as f64;
            prop_assert!((first[2] / first[0] - mean).abs() <= 1e-12);
            prop_assert!((first[1] / first[0] - mean - 100.0).abs() <= 1e-11);
            let squares: f64 = numbers.iter().map(|x| (x - mean).powi(2)).sum();
            let rest = crossproducts(&rows, 3);
            prop_assert!((rest[4] - squares).abs() <= 1e-9 * (1.0 + squares));
            prop_assert!((rest[5] - squares).abs() <= 1e-9 * (1.0 + squares));
        }

        #[test]
        fn crossproducts_stay(
            width in 1usize..6,
            numbers in prop::collection::vec(-10.0f64..10.0, 0..200),
            zero in 0usize..6,
        ) {
            let m = numbers.len() / width;
            let mut rows = numbers[..m * width].to_vec();
            rows.iter_mut().skip(zero).step_by(width).for_each(|x| *x = 0.0);
            let before = crossproducts(&rows, width);
            triangularise(&mut rows, width);
            prop_assert!(rows.len() <= (width * width).max(m.min(width) * width));
            for (a, b) in crossproducts(&rows, width).iter().zip(&before) {
                prop_assert!((a - b).abs() <= 1e-11 * (1.0 + b.abs()), "{a} {b}");
            }
        }
    }
}
