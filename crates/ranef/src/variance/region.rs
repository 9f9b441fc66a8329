//! Intervals of shares that are estimated as 0 or 1: the likelihood, because there is no slope.
//!
//! Where a variance is estimated as zero a share does not change with its θ to first order, and the
//! delta method says nothing. The likelihood still does. The interval holds every share that belongs
//! to a θ with d(θ) − d(θ̂) ≤ z², d the criterion of the fit (REML or ML) with σ and β at their best
//! for that θ: a share of random and residual variance is a function of θ alone, and for it this is
//! its profile likelihood interval. Its end on the side of the boundary is the boundary itself.
//!
//! The largest share lies where d(θ) − d(θ̂) = z². Points there are found along rays from θ̂, in units
//! of standard errors: both ways along every axis and, while an evaluation is cheap, in
//! directions spread over the sphere. With one θ this is exact; with several the end may fall
//! short of the true one by a few parts in a hundred of its width, which is less than the
//! asymptotics are off.

use ranef_engine::random::Stream;

use super::point::Point;
use crate::Fit;

/// Random effects up to which an evaluation of the criterion is cheap.
const CHEAP: usize = 5_000;
/// Directions for every parameter beyond the first.
const DIRECTIONS: usize = 40;

/// Points where the criterion of the fit has risen by z², and the estimate itself; `None` where the
/// data say nothing on a variance, or the fit has no statistics.
pub(super) fn edge(fit: &Fit, z: f64) -> Option<Vec<Point>> {
    let mut points = vec![Point {
        theta: fit.theta().to_vec(),
        sigma: fit.sigma(),
        beta: fit.fixef().to_vec(),
    }];
    let m = fit.theta().len();
    if m == 0 {
        return Some(points);
    }
    if !fit.family().is_gaussian() || !fit.certificate().uninformed.is_empty() {
        return None;
    }
    let covariance = &fit.inference().covariance;
    let errors: Vec<f64> = (0..m)
        .map(|i| covariance[i * (m + 1) + i].max(0.0).sqrt())
        .collect();
    let mut rays: Vec<Vec<f64>> = Vec::new();
    for i in 0..m {
        for sign in [1.0, -1.0] {
            let mut ray = vec![0.0; m];
            ray[i] = sign * errors[i];
            rays.push(ray);
        }
    }
    let effects: usize = fit
        .varcorr()
        .iter()
        .map(|b| b.terms.len() * fit.recipe().factors()[b.factor].levels)
        .sum();
    if effects <= CHEAP {
        let mut stream = Stream::new(1, 0, 0);
        for _ in 0..DIRECTIONS * (m - 1) {
            let turns: Vec<f64> = (0..m).map(|_| stream.normal()).collect();
            let length = turns.iter().map(|x| x * x).sum::<f64>().sqrt();
            let ray = turns.iter().zip(&errors).map(|(x, se)| x * se / length);
            rays.push(ray.collect());
        }
    }
    rays.retain(|ray| ray.iter().any(|x| *x != 0.0));
    for ray in &rays {
        let theta = |r: f64| -> Vec<f64> {
            let moved = fit.theta().iter().zip(ray);
            moved.map(|(t, d)| t + r * d).collect()
        };
        let found = fit
            .ask(|engine| {
                let least = engine.criterion_at(fit.theta());
                let length = reach(z, |r| engine.criterion_at(&theta(r)) - least);
                let theta = theta(length);
                engine
                    .estimates_at(&theta)
                    .map(|(sigma, beta)| Point { theta, sigma, beta })
            })
            .ok()?;
        points.extend(found);
    }
    Some(points)
}

/// How far along a ray the rise comes to z²: the root of √rise − z, by false position inside a
/// bracket (Illinois); where it never rises so far, the furthest that was looked at.
fn reach(z: f64, mut rise: impl FnMut(f64) -> f64) -> f64 {
    const FURTHEST: f64 = 1e4;
    let mut over = |r: f64| rise(r).max(0.0).sqrt() - z;
    let (mut low, mut below) = (0.0, -z);
    let (mut high, mut above) = (z, over(z));
    while above < 0.0 {
        if high > FURTHEST {
            return high;
        }
        (low, below) = (high, above);
        high *= 2.0;
        above = over(high);
    }
    let mut side = 0;
    for _ in 0..60 {
        if high - low <= 1e-7 * high || !above.is_finite() && high - low <= 1e-3 * high {
            break;
        }
        let straight = (low * above - high * below) / (above - below);
        let next = match straight > low && straight < high {
            true => straight,
            false => 0.5 * (low + high),
        };
        let here = over(next);
        if here >= 0.0 {
            (high, above) = (next, here);
            if side == 1 {
                below *= 0.5;
            }
            side = 1;
        } else {
            (low, below) = (next, here);
            if side == -1 {
                above *= 0.5;
            }
            side = -1;
        }
        if here.abs() < 1e-9 {
            return next;
        }
    }
    low
}

/// The interval of a share that is estimated as 0 or 1.
pub(super) fn interval(
    points: &[Point],
    estimate: f64,
    f: impl Fn(&Point) -> f64,
) -> Option<(f64, f64)> {
    let values = points.iter().map(f).filter(|x| x.is_finite());
    let (low, high) = values.fold((estimate, estimate), |(a, b), x| (a.min(x), b.max(x)));
    let whole = (0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high);
    whole.then_some((low, high))
}
