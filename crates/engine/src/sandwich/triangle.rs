//! The triangle that an orthogonal transform makes of many rows.

/// Replaces rows of `width` numbers, one after another, by at most `width` rows with the same
/// crossproducts: the R of a QR decomposition by Householder's reflections. Nothing happens to no
/// more than `width` rows.
pub fn triangularise(rows: &mut Vec<f64>, width: usize) {
    if width == 0 || rows.len() <= width * width {
        return;
    }
    let m = rows.len() / width;
    let mut scratch = Scratch::new(m, width);
    for k in 0..width {
        let norm = column_norm(rows, width, k, k);
        if norm > 0.0 {
            reflect(rows, width, k, k, norm, &mut scratch);
        }
    }
    rows.truncate(width * width);
}

/// Replaces rows of `width` numbers by as many rows as the rank of their first `lead` columns, with
/// the same crossproducts of these columns with all; what the other columns have beside them is
/// gone. A column whose remaining length is below 10⁻¹³ of its own counts as dependent: rounding
/// leaves some 10⁻¹⁵, and what is smaller than that has no meaning in numbers of 16 digits.
pub(super) fn echelon(rows: &mut Vec<f64>, width: usize, lead: usize) {
    let m = rows.len() / width.max(1);
    let mut scratch = Scratch::new(m, width);
    let mut rank = 0;
    for k in 0..lead {
        if rank == m {
            break;
        }
        let norm = column_norm(rows, width, k, rank);
        let whole = column_norm(rows, width, k, 0);
        if norm > 1e-13 * whole {
            reflect(rows, width, k, rank, norm, &mut scratch);
            rank += 1;
        }
    }
    rows.truncate(rank * width);
}

/// Length of column `k` from row `first` on.
fn column_norm(rows: &[f64], width: usize, k: usize, first: usize) -> f64 {
    let column = || rows.iter().skip(first * width + k).step_by(width);
    let largest = column().fold(0.0f64, |a, x| a.max(x.abs()));
    if largest == 0.0 {
        return 0.0;
    }
    largest * column().map(|x| (x / largest).powi(2)).sum::<f64>().sqrt()
}

struct Scratch {
    v: Vec<f64>,
    dots: Vec<f64>,
}

impl Scratch {
    fn new(m: usize, width: usize) -> Self {
        Self {
            v: vec![0.0; m],
            dots: vec![0.0; width],
        }
    }
}

/// The reflection that takes what column `k` has from row `pivot` on, of length `norm`, to that row.
fn reflect(
    rows: &mut [f64],
    width: usize,
    k: usize,
    pivot: usize,
    norm: f64,
    Scratch { v, dots }: &mut Scratch,
) {
    let m = rows.len() / width;
    for i in pivot..m {
        v[i] = rows[i * width + k] / norm;
    }
    // Away from cancellation.
    let sign = if v[pivot] > 0.0 { -1.0 } else { 1.0 };
    v[pivot] -= sign;
    let square: f64 = v[pivot..m].iter().map(|x| x * x).sum();
    dots[k..].fill(0.0);
    for i in pivot..m {
        let row = &rows[i * width + k..(i + 1) * width];
        for (dot, x) in dots[k..].iter_mut().zip(row) {
            *dot += v[i] * x;
        }
    }
    for i in pivot..m {
        let factor = 2.0 * v[i] / square;
        let row = &mut rows[i * width + k..(i + 1) * width];
        for (x, dot) in row.iter_mut().zip(&dots[k..]) {
            *x -= factor * dot;
        }
    }
    rows[pivot * width + k] = sign * norm;
    for i in pivot + 1..m {
        rows[i * width + k] = 0.0;
    }
}

/// Replaces rows of `width` numbers by one row that holds all of the first column, and rows without
/// it: these have the crossproducts of the other columns after their projection on the first. Of a
/// column of ones (or of roots of weights) that is the distance from the mean. Returns the first
/// row, whose later numbers over its first are the means; `None` where there are no rows or the
/// first column is zero.
pub fn project_out_first(rows: &mut Vec<f64>, width: usize) -> Option<Vec<f64>> {
    triangularise(rows, width);
    let norm = column_norm(rows, width, 0, 0);
    if norm == 0.0 {
        return None;
    }
    let mut scratch = Scratch::new(rows.len() / width, width);
    reflect(rows, width, 0, 0, norm, &mut scratch);
    let rest = rows.split_off(width);
    let first = std::mem::replace(rows, rest);
    Some(first)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{echelon, project_out_first, triangularise};

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
        fn rows_of_an_echelon_are_as_many_as_the_rank(
            numbers in prop::collection::vec(-10.0f64..10.0, 2..60),
        ) {
            // The third column is a combination of the first two; the last is no lead.
            let m = numbers.len() / 2;
            let mut rows: Vec<f64> = numbers
                .chunks_exact(2)
                .enumerate()
                .flat_map(|(i, x)| [1.0, x[0], 2.0 * x[0] - 1.0, x[1], i as f64])
                .collect();
            let before = crossproducts(&rows, 5);
            echelon(&mut rows, 5, 4);
            prop_assert!(rows.len() / 5 <= m.min(3));
            for (at, (a, b)) in crossproducts(&rows, 5).iter().zip(&before).enumerate() {
                if at != 24 {
                    prop_assert!((a - b).abs() <= 1e-10 * (1.0 + b.abs()), "{at} {a} {b}");
                }
            }
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
