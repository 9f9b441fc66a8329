//! The sandwich against its definition: V and H built whole, every A_j by the Cholesky factor of
//! V_j, every P_ij as p_i'Vp_j.

#![allow(missing_docs)]

mod support;

use proptest::prelude::*;
use ranef_engine::optimize::symmetric_eigen;
use ranef_engine::sandwich::{Collector, Correction, Piece, Sandwich};
use ranef_engine::{Layout, Rows};
use support::twin::{Square, dot};
use support::{Model, Rng, covariances};

/// A nested model: clusters, perhaps of subgroups, perhaps with slopes and weights.
struct Case {
    model: Model,
    theta: Vec<f64>,
    clusters: Vec<u32>,
    beta: Vec<f64>,
}

#[derive(Clone, Copy, Debug)]
struct Shape {
    seed: u64,
    clusters: usize,
    slopes: bool,
    subgroups: bool,
    random: bool,
    /// 0 none, 1 two distinct, 2 all distinct.
    weights: usize,
    /// A dummy for one cluster: leverage one.
    alone: bool,
}

fn shapes() -> impl Strategy<Value = Shape> {
    (
        any::<u64>(),
        4usize..8,
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        0usize..3,
        any::<bool>(),
    )
        .prop_map(
            |(seed, clusters, slopes, subgroups, random, weights, alone)| Shape {
                seed: seed | 1,
                clusters,
                slopes,
                subgroups,
                random,
                weights,
                alone,
            },
        )
}

fn case(shape: Shape) -> Case {
    let mut rng = Rng(shape.seed);
    let mut clusters = Vec::new();
    let mut subgroups = Vec::new();
    for j in 0..shape.clusters {
        for _ in 0..1 + rng.below(9) {
            clusters.push(j as u32);
            subgroups.push((j * 3 + rng.below(3)) as u32);
        }
    }
    // Rows of a cluster need not stand together.
    let n = clusters.len();
    for i in 0..n {
        let other = rng.below(n);
        clusters.swap(i, other);
        subgroups.swap(i, other);
    }
    let x1: Vec<f64> = (0..n).map(|_| 3.0 + rng.normal()).collect();
    let x2: Vec<f64> = clusters.iter().map(|&c| f64::from(c % 2)).collect();
    let mut x = vec![vec![1.0; n], x1.clone(), x2];
    if shape.alone {
        x.push(
            clusters
                .iter()
                .map(|&c| f64::from(u8::from(c == 1)))
                .collect(),
        );
    }
    let z = if shape.slopes {
        vec![vec![1.0; n], x1]
    } else {
        vec![vec![1.0; n]]
    };
    let weights = match shape.weights {
        0 => None,
        1 => Some(
            (0..n)
                .map(|_| if rng.below(2) == 0 { 0.5 } else { 2.0 })
                .collect(),
        ),
        _ => Some((0..n).map(|_| 0.3 + rng.uniform()).collect()),
    };
    let width = z.len();
    let mut levels = Vec::new();
    let mut terms = Vec::new();
    let (mut codes, mut faces) = (Vec::new(), Vec::new());
    if shape.random {
        levels.push(shape.clusters);
        terms.push((0, width, Some(0)));
        codes.push(clusters.clone());
        faces.push(z);
        if shape.subgroups {
            levels.push(shape.clusters * 3);
            terms.push((1, 1, Some(0)));
            codes.push(subgroups);
            faces.push(vec![vec![1.0; n]]);
        }
    }
    let layout = Layout::new(x.len(), Some(0), &levels, &terms);
    let theta = layout
        .entries()
        .iter()
        .map(|e| {
            if e.is_diagonal() {
                0.2 + rng.uniform()
            } else {
                rng.normal()
            }
        })
        .collect();
    let y: Vec<f64> = (0..n).map(|i| x[1][i] + 2.0 * rng.normal()).collect();
    let beta = x.iter().map(|_| rng.normal()).collect();
    Case {
        model: Model {
            layout,
            y,
            x,
            weights,
            codes,
            z: faces,
        },
        theta,
        clusters,
        beta,
    }
}

/// All by definition.
struct Whole {
    vcov: Vec<f64>,
    /// P^st for pairs of unit contrasts: J × J matrices.
    p: Vec<Vec<Vec<f64>>>,
    phi: Vec<f64>,
}

fn inverse_root(b: &Square, power: f64, null: usize) -> Square {
    let n = b.n;
    let (values, vectors) = symmetric_eigen(&b.a, n).unwrap();
    let mut out = Square::zeros(n);
    for s in null..n {
        let v = &vectors[s * n..(s + 1) * n];
        for i in 0..n {
            for j in 0..n {
                out.a[i * n + j] += values[s].powf(power) * v[i] * v[j];
            }
        }
    }
    out
}

fn whole(case: &Case, correction: Correction) -> Whole {
    let (model, n, p) = (&case.model, case.model.rows(), case.model.layout.fixed);
    let mut v = Square::zeros(n);
    for (factor, g) in covariances(&model.layout, &case.theta).iter().enumerate() {
        let k = model.layout.factors[factor].width;
        for r in 0..n {
            for s in (0..n).filter(|&s| model.codes[factor][s] == model.codes[factor][r]) {
                for a in 0..k {
                    for b in 0..k {
                        v.a[r * n + s] +=
                            model.z[factor][a][r] * g[a * k + b] * model.z[factor][b][s];
                    }
                }
            }
        }
    }
    for i in 0..n {
        v.a[i * n + i] += 1.0 / model.weights.as_ref().map_or(1.0, |w| w[i]);
    }
    let (w, _) = v.inverse();
    let wx: Vec<Vec<f64>> = model.x.iter().map(|c| w.apply(c)).collect();
    let mut xwx = Square::zeros(p);
    for i in 0..p {
        for j in 0..p {
            xwx.a[i * p + j] = dot(&model.x[i], &wx[j]);
        }
    }
    let (phi, _) = xwx.inverse();
    // I − H.
    let mut rest = Square::zeros(n);
    for r in 0..n {
        for s in 0..n {
            rest.a[r * n + s] = f64::from(u8::from(r == s));
            for i in 0..p {
                for j in 0..p {
                    rest.a[r * n + s] -= model.x[i][r] * phi.a[i * p + j] * wx[j][s];
                }
            }
        }
    }
    let mut rest_transposed = Square::zeros(n);
    for r in 0..n {
        for s in 0..n {
            rest_transposed.a[r * n + s] = rest.a[s * n + r];
        }
    }
    let left = rest.times(&v).times(&rest_transposed);
    let e: Vec<f64> = (0..n)
        .map(|i| model.y[i] - (0..p).map(|j| model.x[j][i] * case.beta[j]).sum::<f64>())
        .collect();
    let j_count = *case.clusters.iter().max().unwrap() as usize + 1;
    let mut meat = Square::zeros(p);
    // p_j for unit contrasts: n × p each.
    let mut vectors: Vec<Vec<Vec<f64>>> = Vec::new();
    for j in 0..j_count {
        let rows: Vec<usize> = (0..n).filter(|&i| case.clusters[i] as usize == j).collect();
        let m = rows.len();
        let sub = |from: &Square| -> Square {
            let mut out = Square::zeros(m);
            for (a, &r) in rows.iter().enumerate() {
                for (b, &s) in rows.iter().enumerate() {
                    out.a[a * m + b] = from.a[r * n + s];
                }
            }
            out
        };
        let (vj, cj) = (sub(&v), sub(&left));
        let adjust = match correction {
            Correction::Cr2 => {
                // D'D = V_j, D upper triangular.
                let mut l = Square::zeros(m);
                for i in 0..m {
                    for k in 0..=i {
                        let taken: f64 = (0..k).map(|b| l.a[i * m + b] * l.a[k * m + b]).sum();
                        let rest = vj.a[i * m + k] - taken;
                        l.a[i * m + k] = if i == k {
                            rest.sqrt()
                        } else {
                            rest / l.a[k * m + k]
                        };
                    }
                }
                let mut d = Square::zeros(m);
                for a in 0..m {
                    for b in 0..m {
                        d.a[a * m + b] = l.a[b * m + a];
                    }
                }
                let b = d.times(&cj).times(&l);
                let (values, _) = symmetric_eigen(&b.a, m).unwrap();
                let null = values.iter().filter(|x| **x < 1e-9).count();
                l.times(&inverse_root(&b, -0.5, null)).times(&d)
            }
            Correction::Cr3 => {
                // (I − H_jj)⁻¹ = V_j C_j⁻¹.
                vj.times(&cj.inverse().0)
            }
            _ => {
                let mut one = Square::zeros(m);
                (0..m).for_each(|i| one.a[i * m + i] = 1.0);
                one
            }
        };
        // A_j'W_jX_j, with W_j the block of V⁻¹: V is block-diagonal over clusters.
        let wj = sub(&w);
        let mut estimator = vec![vec![0.0; m]; p];
        for a in 0..p {
            let xj: Vec<f64> = rows.iter().map(|&r| model.x[a][r]).collect();
            let wxj = wj.apply(&xj);
            for c in 0..m {
                estimator[a][c] = (0..m).map(|b| adjust.a[b * m + c] * wxj[b]).sum();
            }
        }
        let ej: Vec<f64> = rows.iter().map(|&r| e[r]).collect();
        let score: Vec<f64> = (0..p).map(|a| dot(&estimator[a], &ej)).collect();
        for a in 0..p {
            for b in 0..p {
                meat.a[a * p + b] += score[a] * score[b];
            }
        }
        let unit = |c: usize| -> Vec<f64> {
            let g: Vec<f64> = (0..m)
                .map(|i| (0..p).map(|a| estimator[a][i] * phi.a[a * p + c]).sum())
                .collect();
            (0..n)
                .map(|s| (0..m).map(|i| rest.a[rows[i] * n + s] * g[i]).sum())
                .collect()
        };
        vectors.push((0..p).map(unit).collect());
    }
    let p_matrices = (0..p * p)
        .map(|at| {
            let (s, t) = (at / p, at % p);
            (0..j_count)
                .map(|i| {
                    let vi = v.apply(&vectors[i][s]);
                    (0..j_count).map(|j| dot(&vi, &vectors[j][t])).collect()
                })
                .collect()
        })
        .collect();
    Whole {
        vcov: phi.times(&meat).times(&phi).a,
        p: p_matrices,
        phi: phi.a,
    }
}

fn fast(case: &Case, phi: &[f64], correction: Correction) -> Sandwich {
    let model = &case.model;
    let mut collector = Collector::new(model.layout.clone());
    let n = model.rows();
    // In two batches.
    for part in [0..n / 2, n / 2..n] {
        let order: Vec<usize> = part.collect();
        let clusters: Vec<u32> = order.iter().map(|&i| case.clusters[i]).collect();
        model.batch(&order, |rows: &Rows<'_>| collector.add(rows, &clusters));
    }
    assert_eq!(collector.rows(), n);
    let lambda = model.layout.lambda(&case.theta);
    let pieces: Vec<_> = collector
        .clusters(&lambda)
        .map(|cluster| cluster.piece(&case.beta, phi, correction).unwrap())
        .collect();
    if correction == Correction::Cr0 {
        // The same by elimination.
        let plain = collector.plain_pieces(&lambda, &case.beta).unwrap();
        assert_eq!(plain.len(), pieces.len());
        for (a, b) in plain.iter().zip(&pieces) {
            let numbers =
                |p: &Piece| [p.score.clone(), p.variance.clone(), p.cross.clone()].concat();
            for (x, y) in numbers(a).iter().zip(numbers(b)) {
                assert!((x - y).abs() <= 1e-9 * (1.0 + y.abs()), "{x} {y}");
            }
        }
    }
    Sandwich::new(phi.to_vec(), pieces, correction, n)
}

fn close(what: &str, got: f64, want: f64, tolerance: f64) {
    assert!(
        (got - want).abs() <= tolerance * (want.abs() + 1e-6),
        "{what}: {got} against {want}"
    );
}

fn check(shape: Shape, correction: Correction) {
    let case = case(shape);
    let p = case.model.layout.fixed;
    // The dummies of a model with few clusters may be dependent.
    let whole = whole(&case, correction);
    if whole.phi.iter().any(|x| !x.is_finite() || x.abs() > 1e2) {
        return;
    }
    let fast = fast(&case, &whole.phi, correction);
    let size = (0..p).fold(0.0f64, |a, j| a.max(whole.vcov[j * p + j]));
    for (got, want) in fast.vcov().iter().zip(&whole.vcov) {
        assert!(
            (got - want).abs() <= 1e-7 * size,
            "vcov {got} {want} {shape:?}"
        );
    }
    for c in 0..p {
        let mut unit = vec![0.0; p];
        unit[c] = 1.0;
        let pc = &whole.p[c * p + c];
        let own: f64 = (0..pc.len()).map(|j| pc[j][j]).sum();
        let squares: f64 = pc.iter().flatten().map(|x| x * x).sum();
        // A difference of numbers of the size of Φ.
        if own > 1e-3 * whole.phi[c * p + c] {
            close("df", fast.df(&unit).unwrap(), own * own / squares, 1e-5);
        }
    }
    // HTZ on the second and third coefficient.
    let q = 2;
    let pick = |s: usize, t: usize| &whole.p[(s + 1) * p + t + 1];
    let omega = Square {
        n: q,
        a: (0..q * q)
            .map(|at| {
                let m = pick(at / q, at % q);
                (0..m.len()).map(|j| m[j][j]).sum()
            })
            .collect(),
    };
    let root = inverse_root(&omega, -0.5, 0);
    let j_count = pick(0, 0).len();
    let turned = |s: usize, t: usize, i: usize, j: usize| -> f64 {
        (0..q * q)
            .map(|at| root.a[s * q + at / q] * root.a[t * q + at % q] * pick(at / q, at % q)[i][j])
            .sum()
    };
    let mut total = 0.0;
    for s in 0..q {
        for t in 0..q {
            for i in 0..j_count {
                for j in 0..j_count {
                    total += turned(s, s, i, j) * turned(t, t, i, j)
                        + turned(s, t, i, j) * turned(t, s, i, j);
                }
            }
        }
    }
    let eta = (q * (q + 1)) as f64 / total;
    let contrasts: Vec<Vec<f64>> = (0..q)
        .map(|s| (0..p).map(|j| f64::from(u8::from(j == s + 1))).collect())
        .collect();
    if let Some(test) = fast.hotelling(&contrasts, &case.beta)
        && let Some(den_df) = test.den_df
    {
        close("eta", den_df + 1.0, eta, 1e-4);
        let block = Square {
            n: q,
            a: (0..q * q)
                .map(|at| whole.vcov[(at / q + 1) * p + at % q + 1])
                .collect(),
        };
        let inverse = inverse_root(&block, -1.0, 0);
        let b = &case.beta[1..=q];
        let form = dot(b, &inverse.apply(b));
        close("F", test.f.unwrap(), den_df / (eta * q as f64) * form, 1e-3);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn cr2_is_its_definition(shape in shapes()) {
        check(shape, Correction::Cr2);
    }

    #[test]
    fn cr0_is_its_definition(shape in shapes()) {
        check(shape, Correction::Cr0);
    }

    #[test]
    fn cr3_is_its_definition(mut shape in shapes()) {
        // Without an inverse there is nothing to compare with.
        shape.alone = false;
        check(shape, Correction::Cr3);
    }
}

#[test]
fn a_large_cluster_keeps_few_rows() {
    let mut rng = Rng(7);
    let n = 5000;
    let layout = Layout::new(2, Some(0), &[2], &[(0, 1, Some(0))]);
    let y: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
    let x: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
    let codes: Vec<u32> = (0..n).map(|i| (i % 2) as u32).collect();
    let model = Model {
        layout: layout.clone(),
        y,
        x: vec![vec![1.0; n], x],
        weights: None,
        codes: vec![codes.clone()],
        z: vec![vec![vec![1.0; n]]],
    };
    let mut collector = Collector::new(layout.clone());
    let order: Vec<usize> = (0..n).collect();
    model.batch(&order, |rows| collector.add(rows, &codes));
    let lambda = layout.lambda(&[0.5]);
    for cluster in collector.clusters(&lambda) {
        assert!(cluster.rows() <= 2, "{}", cluster.rows());
    }
}
