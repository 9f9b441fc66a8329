//! The objective against a dense twin, its gradient against differences.

use std::sync::Arc;

use faer::Mat;
use faer::linalg::solvers::Solve;

use super::data::Data;
use super::family::{Binomial, Density, Link, Observation, Poisson};
use super::laplace::Laplace;
use crate::random::Stream;
use crate::{Column, Coordinates, FactorRows, Layout, Rows};

/// A family, and whether its responses are successes among trials.
type Case = (Arc<dyn Density>, bool);

/// A small random design: its rows as the engine takes them, and Z as a dense matrix.
struct Design {
    layout: Layout,
    x: Vec<Vec<f64>>,
    codes: Vec<Vec<u32>>,
    slope: Vec<f64>,
    observations: Vec<Observation>,
}

#[derive(Clone, Copy, Debug)]
enum Shape {
    One,
    Slope,
    Nested,
    Crossed,
    Mixed,
}

const SHAPES: [Shape; 5] = [
    Shape::One,
    Shape::Slope,
    Shape::Nested,
    Shape::Crossed,
    Shape::Mixed,
];

impl Design {
    /// `size` times sixty rows, with as many more levels.
    fn new(shape: Shape, binomial: bool, seed: u64, size: usize) -> Self {
        let mut random = Stream::new(seed, 0, 0);
        let n = 60 * size;
        let mut code = |levels: u32| -> Vec<u32> {
            (0..n)
                .map(|_| (random.uniform() * f64::from(levels)) as u32)
                .collect()
        };
        let more = size as u32;
        let (a, b, c) = (code(12 * more), code(5 * more), code(3));
        let within: Vec<u32> = a.iter().map(|a| a / 3).collect();
        let outer: Vec<u32> = a.iter().map(|a| a / 12).collect();
        let (terms, codes) = match shape {
            Shape::One => (vec![(0, 1, Some(0))], vec![a]),
            Shape::Slope => (vec![(0, 2, Some(0))], vec![a]),
            Shape::Nested => (
                vec![(0, 1, Some(0)), (1, 1, Some(0)), (2, 1, Some(0))],
                vec![within, a, outer],
            ),
            Shape::Crossed => (vec![(0, 1, Some(0)), (1, 1, Some(0))], vec![a, b]),
            Shape::Mixed => (
                vec![(0, 2, Some(0)), (1, 2, Some(0)), (2, 1, Some(0))],
                vec![a, b, c],
            ),
        };
        let levels: Vec<usize> = codes
            .iter()
            .map(|codes| 1 + codes.iter().copied().max().unwrap_or(0) as usize)
            .collect();
        let slope: Vec<f64> = (0..n).map(|_| random.normal()).collect();
        let x = vec![vec![1.0; n], slope.clone()];
        let observations = (0..n)
            .map(|_| {
                if binomial {
                    let trials = 1.0 + (random.uniform() * 6.0).floor();
                    Observation::of((random.uniform() * (trials + 1.0)).floor(), trials)
                } else {
                    Observation::new((random.uniform() * 6.0).floor())
                }
            })
            .collect();
        Self {
            layout: Layout::new(2, Some(0), &levels, &terms),
            x,
            codes,
            slope,
            observations,
        }
    }

    fn data(&self) -> Data {
        let columns = |factor: usize| {
            let mut columns = vec![Column::Constant(1.0)];
            if self.layout.factors[factor].width == 2 {
                columns.push(Column::Values(&self.slope));
            }
            columns
        };
        let rows = Rows {
            response: &self.slope,
            fixed: self.x.iter().map(|x| Column::Values(x)).collect(),
            weights: None,
            factors: self
                .codes
                .iter()
                .enumerate()
                .map(|(f, codes)| FactorRows {
                    codes,
                    columns: columns(f),
                })
                .collect(),
        };
        let mut data = Data::new(self.layout.clone(), Coordinates::identity(&self.layout));
        data.add(&rows, &self.observations, None);
        data
    }

    /// F by its definition: dense Newton steps, dense determinant.
    fn objective(&self, family: &dyn Density, expected: bool, theta: &[f64], beta: &[f64]) -> f64 {
        let n = self.observations.len();
        let lambda = self.layout.lambda(theta);
        let q = self.layout.random_effects();
        let mut zl = Mat::<f64>::zeros(n, q);
        let mut first = 0;
        for (f, factor) in self.layout.factors.iter().enumerate() {
            let k = factor.width;
            for row in 0..n {
                let at = first + self.codes[f][row] as usize * k;
                for (i, z) in [1.0, self.slope[row]].into_iter().take(k).enumerate() {
                    for c in 0..k {
                        zl[(row, at + c)] += z * lambda[f][i * k + c];
                    }
                }
            }
            first += factor.levels * k;
        }
        let eta0: Vec<f64> = (0..n)
            .map(|i| beta[0] * self.x[0][i] + beta[1] * self.x[1][i])
            .collect();
        let mut u = Mat::<f64>::zeros(q, 1);
        let mut value = 0.0;
        for _ in 0..100 {
            let random = &zl * &u;
            let mut gradient = u.clone();
            let (mut h, mut bent) = (Mat::<f64>::identity(q, q), Mat::<f64>::identity(q, q));
            let mut likelihood = 0.0;
            for i in 0..n {
                let eta = eta0[i] + random[(i, 0)];
                let row = &self.observations[i];
                let d = family.derivatives(row, eta, &[]);
                likelihood += d.value + family.constant(row);
                let w = match (expected, family.expected(row, eta)) {
                    (true, Some((w, _))) => w,
                    _ => -d.second,
                };
                for a in 0..q {
                    gradient[(a, 0)] -= zl[(i, a)] * d.first;
                    for b in 0..q {
                        h[(a, b)] -= zl[(i, a)] * zl[(i, b)] * d.second;
                        bent[(a, b)] += zl[(i, a)] * zl[(i, b)] * w;
                    }
                }
            }
            let squares: f64 = (0..q).map(|a| u[(a, 0)] * u[(a, 0)]).sum();
            value = squares - 2.0 * likelihood + bent.determinant().ln();
            let step = h.partial_piv_lu().solve(&gradient);
            u -= &step;
            if (0..q).all(|a| step[(a, 0)].abs() < 1e-13) {
                break;
            }
        }
        value
    }
}

fn families() -> Vec<Case> {
    vec![
        (Arc::new(Binomial { link: Link::Logit }), true),
        (Arc::new(Binomial { link: Link::Probit }), true),
        (
            Arc::new(Binomial {
                link: Link::Cloglog,
            }),
            true,
        ),
        (Arc::new(Poisson { link: Link::Log }), false),
    ]
}

fn points(design: &Design) -> Vec<Vec<f64>> {
    let entries = design.layout.entries();
    let point = |diagonal: f64, below: f64| -> Vec<f64> {
        let theta = entries
            .iter()
            .map(|e| if e.is_diagonal() { diagonal } else { below });
        theta.chain([0.3, -0.4]).collect()
    };
    let mut singular = point(0.6, 0.3);
    singular[entries.len() - 1] = 0.0;
    vec![point(0.7, 0.2), point(1.5, -0.6), singular]
}

#[test]
fn the_objective_is_its_definition() {
    for shape in SHAPES {
        for (family, binomial) in families() {
            let design = Design::new(shape, binomial, 3, 1);
            for expected in [false, true] {
                let mut laplace = Laplace::new(design.data(), Arc::clone(&family), expected);
                for point in points(&design) {
                    let m = design.layout.entries().len();
                    let dense = design.objective(&*family, expected, &point[..m], &point[m..]);
                    let found = laplace.at(&point);
                    assert!(
                        (found - dense).abs() < 1e-9,
                        "{shape:?} {expected} {found} {dense}"
                    );
                }
            }
        }
    }
}

/// Quadrature for one and for two random effects a level.
#[test]
fn the_gradient_of_quadrature_is_that_of_its_value() {
    for (shape, points) in [
        (Shape::One, 2),
        (Shape::One, 7),
        (Shape::Slope, 2),
        (Shape::Slope, 5),
    ] {
        for (family, binomial) in families() {
            let design = Design::new(shape, binomial, 5, 1);
            let mut laplace = Laplace::new(design.data(), Arc::clone(&family), false);
            laplace.integrate_with(points);
            for point in points_of_quadrature(&design) {
                check_gradient(&mut laplace, &point, &format!("{shape:?} {points}"));
            }
        }
    }
}

/// Without singular points: the root of H is not unique there.
fn points_of_quadrature(design: &Design) -> Vec<Vec<f64>> {
    points(design).into_iter().take(2).collect()
}

#[test]
fn one_point_is_laplace() {
    for shape in [Shape::One, Shape::Slope] {
        for (family, binomial) in families() {
            let design = Design::new(shape, binomial, 7, 1);
            let mut laplace = Laplace::new(design.data(), Arc::clone(&family), false);
            let mut quadrature = Laplace::new(design.data(), Arc::clone(&family), false);
            quadrature.integrate_with(1);
            for point in points(&design) {
                let (a, b) = (laplace.at(&point), quadrature.at(&point));
                assert!((a - b).abs() < 1e-10, "{shape:?} {a} {b}");
                let (a, b) = (
                    laplace.derivatives().gradient,
                    quadrature.derivatives().gradient,
                );
                for (a, b) in a.iter().zip(&b) {
                    assert!((a - b).abs() < 1e-9, "{shape:?} {a} {b}");
                }
            }
        }
    }
}

fn check_gradient(laplace: &mut Laplace, point: &[f64], label: &str) {
    laplace.at(point);
    let gradient = laplace.derivatives().gradient;
    for i in 0..point.len() {
        let mut slope = |step: f64| {
            let mut moved = point.to_vec();
            moved[i] += step;
            let ahead = laplace.at(&moved);
            moved[i] -= 2.0 * step;
            (ahead - laplace.at(&moved)) / (2.0 * step)
        };
        // Richardson's extrapolation of central differences.
        let exact = (4.0 * slope(2e-3) - slope(4e-3)) / 3.0;
        assert!(
            (gradient[i] - exact).abs() < 1e-7 * exact.abs().max(1.0),
            "{label} {i}: {} {exact}",
            gradient[i]
        );
    }
}

#[test]
fn the_gradient_is_that_of_the_objective() {
    // The smaller designs are solved as one dense root, the larger level by level.
    for (shape, size) in SHAPES
        .into_iter()
        .flat_map(|shape| [(shape, 1), (shape, 8)])
    {
        for (family, binomial) in families() {
            let design = Design::new(shape, binomial, 5, size);
            for expected in [false, true] {
                let mut laplace = Laplace::new(design.data(), Arc::clone(&family), expected);
                for point in points(&design) {
                    check_gradient(
                        &mut laplace,
                        &point,
                        &format!("{shape:?} {size} {expected}"),
                    );
                }
            }
        }
    }
}
