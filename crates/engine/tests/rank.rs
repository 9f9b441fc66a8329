//! Columns of X that say nothing new: the later one goes, as in R, and never the intercept.

mod support;

use ranef_engine::{Layout, Statistics, dependence, dependent_columns};

use support::{Model, Rng};

/// A model of nothing but fixed effects, in the coordinates that a fit would use.
fn statistics(x: Vec<Vec<f64>>, intercept: Option<usize>) -> Statistics {
    let rows = x[0].len();
    let mut rng = Rng(17);
    Model {
        layout: Layout::new(x.len(), intercept, &[], &[]),
        y: (0..rows).map(|_| rng.normal()).collect(),
        x,
        weights: None,
        codes: Vec::new(),
        z: Vec::new(),
    }
    .statistics()
}

fn dropped(x: Vec<Vec<f64>>, intercept: Option<usize>) -> Vec<usize> {
    dependent_columns(&statistics(x, intercept))
}

fn normals(seed: u64, rows: usize) -> Vec<f64> {
    let mut rng = Rng(seed);
    (0..rows).map(|_| rng.normal()).collect()
}

fn ones(rows: usize) -> Vec<f64> {
    vec![1.0; rows]
}

fn map(x: &[f64], f: impl Fn(f64) -> f64) -> Vec<f64> {
    x.iter().map(|&x| f(x)).collect()
}

fn sum(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// The pattern of aliasing: each dropped column from the kept ones, in the user's units.
#[test]
fn dropped_columns_are_sums_of_kept_ones() {
    let (a, b) = (map(&normals(1, 60), |x| 20.0 + 3.0 * x), normals(2, 60));
    for intercept in [Some(0), None] {
        let first = if intercept.is_some() {
            ones(60)
        } else {
            normals(3, 60)
        };
        let zero = vec![0.0; 60];
        let mixed: Vec<f64> = (0..60)
            .map(|i| 2.0 * first[i] - a[i] + 0.5 * b[i])
            .collect();
        let x = vec![
            first,
            a.clone(),
            zero,
            mixed,
            b.clone(),
            map(&a, |x| 3.0 * x),
        ];
        let statistics = statistics(x.clone(), intercept);
        let dropped = dependent_columns(&statistics);
        assert_eq!(dropped, [2, 4, 5]);
        let kept = [0, 1, 3];
        for (&j, weights) in dropped.iter().zip(dependence(&statistics, &dropped)) {
            for i in 0..60 {
                let sum: f64 = weights.iter().zip(kept).map(|(w, k)| w * x[k][i]).sum();
                assert!((sum - x[j][i]).abs() < 1e-7, "{j}: {sum} {}", x[j][i]);
            }
        }
    }
}

#[test]
fn independent_columns_stay() {
    let x = vec![ones(50), normals(1, 50), normals(2, 50), normals(3, 50)];
    assert!(dropped(x, Some(0)).is_empty());
}

#[test]
fn sums_and_multiples() {
    let (a, b) = (normals(1, 200), normals(2, 200));
    let third = sum(&a, &b);
    let x = vec![ones(200), a.clone(), b.clone(), third.clone()];
    assert_eq!(dropped(x, Some(0)), [3]);
    let x = vec![ones(200), third, a.clone(), b.clone()];
    assert_eq!(dropped(x, Some(0)), [3], "always the last of them");
    let x = vec![
        ones(200),
        a.clone(),
        map(&a, |x| 1e6 * x),
        b.clone(),
        map(&b, |x| 0.3 - x),
    ];
    assert_eq!(dropped(x, Some(0)), [2, 4]);
    let x = vec![a.clone(), map(&a, |x| -0.1 * x)];
    assert_eq!(dropped(x, None), [1], "without an intercept");
}

#[test]
fn constants() {
    for constant in [0.0, 1.0, 0.1, -7.3e8, 1e-12] {
        let x = vec![ones(999), normals(1, 999), vec![constant; 999]];
        assert_eq!(dropped(x, Some(0)), [2], "{constant}");
        // Before the intercept, too: it is the intercept's column that a model cannot lose.
        let x = vec![vec![constant; 999], normals(1, 999)];
        let expected: &[usize] = if constant == 0.0 { &[0] } else { &[] };
        assert_eq!(dropped(x, None), expected, "{constant} alone");
    }
}

#[test]
fn one_dummy_too_many() {
    let dummies: Vec<Vec<f64>> = (0..4)
        .map(|level| (0..120).map(|i| f64::from(i % 4 == level)).collect())
        .collect();
    let mut x = vec![ones(120)];
    x.extend(dummies.clone());
    assert_eq!(dropped(x, Some(0)), [4]);
    assert!(dropped(dummies.clone(), None).is_empty());
    // The intercept last: it is still the column after the dummies that goes.
    let mut x = dummies;
    x.push(ones(120));
    assert_eq!(dropped(x, None), [4]);
}

#[test]
fn years_and_their_squares_are_not_constants() {
    let year: Vec<f64> = (0..300).map(|i| f64::from(2005 + i % 11)).collect();
    let x = vec![ones(300), year.clone(), map(&year, |t| t * t)];
    assert!(dropped(x, Some(0)).is_empty());
    let x = vec![ones(300), year.clone(), map(&year, |t| t - 2010.0)];
    assert_eq!(dropped(x, Some(0)), [2]);
}

#[test]
fn scales_do_not_matter() {
    for scale in [1e-150, 1e-12, 1e12, 1e100] {
        let x = vec![
            ones(100),
            map(&normals(1, 100), |x| x * scale),
            normals(2, 100),
        ];
        assert!(dropped(x, Some(0)).is_empty(), "{scale:e}");
        let a = map(&normals(1, 100), |x| x * scale);
        let b = normals(2, 100);
        let x = vec![ones(100), a.clone(), b, map(&a, |x| 3.0 * x / scale)];
        assert_eq!(dropped(x, Some(0)), [3], "{scale:e}");
    }
}

/// R compares with the length before centring: spread below 10⁻⁷ of the size is a constant.
#[test]
fn large_offsets_as_in_r() {
    let offset = |seed, spread: f64| map(&normals(seed, 400), |x| 1e8 + spread * x);
    let x = vec![ones(400), offset(1, 100.0), offset(2, 1000.0)];
    assert!(dropped(x, Some(0)).is_empty());
    let x = vec![ones(400), offset(1, 1.0)];
    assert_eq!(dropped(x, Some(0)), [1]);
    // Sums of large numbers, rounded.
    let (a, b) = (offset(1, 100.0), offset(2, 100.0));
    let x = vec![ones(400), a.clone(), b.clone(), sum(&a, &b)];
    assert_eq!(dropped(x, Some(0)), [3]);
}

/// A million rows must not round their way to independence.
#[test]
fn a_million_rows() {
    let rows = 1_000_000;
    let a = normals(1, rows);
    let b = map(&normals(2, rows), |x| 0.1 * x + 30.0);
    let c: Vec<f64> = (0..rows).map(|i| 0.1 * a[i] - 0.7 * b[i]).collect();
    let tenth = vec![0.1; rows];
    let x = vec![ones(rows), a.clone(), b, c, tenth];
    assert_eq!(dropped(x, Some(0)), [3, 4]);
    // And ten times the tolerance is information.
    let noise = normals(9, rows);
    let near: Vec<f64> = (0..rows).map(|i| a[i] + 1e-6 * noise[i]).collect();
    assert!(dropped(vec![ones(rows), a, near], Some(0)).is_empty());
}

#[test]
fn what_is_left_has_a_fit() {
    let mut model = support::data::sleepstudy(true);
    model.layout = Layout::new(4, Some(0), &[18], &[(0, 2, Some(0))]);
    model.x.insert(1, vec![3.0; 180]);
    model
        .x
        .push(model.x[2].iter().map(|d| d / 7.0 + 1.0).collect());
    let statistics = model.statistics();
    let dropped = dependent_columns(&statistics);
    assert_eq!(dropped, [1, 3]);
    let kept = statistics.without_fixed(&dropped);
    let fit = ranef_engine::lmm::fit(&kept, &Default::default()).unwrap();
    assert!((fit.value - 1743.62827195849).abs() < 1e-6, "{}", fit.value);
    assert!((fit.beta[1] - 10.4672859595964).abs() < 1e-6);
}
