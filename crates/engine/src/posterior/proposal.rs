//! Where to put the points.
//!
//! Along each axis of the curvature at θ̂ (an eigenvector of its inverse) the criterion is followed
//! to both sides until it has risen by z²: the distance over z is the scale of that side (Rue,
//! Martino and Chopin 2009, section 6.5 of the discussion: skewed along every axis). Student's t with
//! 3 degrees of freedom has more mass outside than the density of a variance that five levels or more tell, so weights
//! stay bounded.

use super::Marginal;
use crate::distributions::StudentT;
use crate::layout::Entry;
use crate::optimize::symmetric_eigen;
use crate::random::Stream;

const DF: f64 = 3.0;
/// The rise, in units of z², at which scales are read off.
const RISE: f64 = 3.0;
/// Mirror images are summed over so many columns.
const MOST_MIRRORS: usize = 10;

/// A product of split t distributions along axes of its own.
pub(super) struct Proposal {
    centre: Vec<f64>,
    /// Unit axes, by rows, and the two scales along each.
    axes: Vec<f64>,
    scales: Vec<[f64; 2]>,
}

impl Proposal {
    /// Around a minimum with its Hessian (of −2 log density). Directions in which the Hessian says
    /// nothing start with a width of one.
    pub fn new(model: &mut impl Marginal, centre: &[f64], hessian: &[f64]) -> Option<Self> {
        let m = centre.len();
        let lowest = model.at(centre);
        if !lowest.is_finite() {
            return None;
        }
        let (values, axes) = if m == 0 {
            (Vec::new(), Vec::new())
        } else {
            symmetric_eigen(hessian, m)?
        };
        let mut out = Self {
            centre: centre.to_vec(),
            axes,
            scales: Vec::with_capacity(m),
        };
        for (axis, value) in values.iter().enumerate() {
            let first = if *value > 1e-8 {
                (2.0 / value).sqrt()
            } else {
                1.0
            };
            let scales = [-1.0, 1.0].map(|sign| out.reach(model, lowest, axis, sign, first));
            out.scales.push(scales);
        }
        Some(out)
    }

    fn along(&self, axis: usize, distance: f64) -> Vec<f64> {
        let m = self.centre.len();
        let direction = &self.axes[axis * m..(axis + 1) * m];
        let moved = self.centre.iter().zip(direction);
        moved.map(|(c, d)| c + distance * d).collect()
    }

    /// How far it is to a rise of the criterion, over the z of that.
    fn reach(
        &self,
        model: &mut impl Marginal,
        lowest: f64,
        axis: usize,
        sign: f64,
        first: f64,
    ) -> f64 {
        let z = RISE.sqrt();
        let mut distance = z * first;
        let mut best = (f64::INFINITY, first);
        for _ in 0..6 {
            let value = model.at(&self.along(axis, sign * distance)) - lowest;
            if !value.is_finite() {
                distance *= 0.5;
                continue;
            }
            // As of a parabola through the point; a rise of next to nothing is a plain.
            let rise = value.max(0.05);
            let miss = (rise / RISE).ln().abs();
            if miss < best.0 {
                best = (miss, distance / rise.sqrt());
            }
            if miss < 0.2 {
                break;
            }
            distance *= (RISE / rise).sqrt().clamp(0.3, 3.0);
        }
        best.1
    }

    /// So many points: equidistant in the first coordinate and by Richtmyer's sequence in the others,
    /// shifted by the seed (Hammersley's construction).
    /// Each with the logarithm of its density, up to a constant.
    pub fn points(&self, entries: &[Entry], count: usize, seed: u64) -> Vec<(Vec<f64>, f64)> {
        let m = self.centre.len();
        let mut stream = Stream::new(seed, u32::MAX, 1);
        let shifts: Vec<f64> = (0..m).map(|_| stream.uniform()).collect();
        let mut steps: Vec<f64> = primes(m.saturating_sub(1))
            .iter()
            .map(|p| p.sqrt().fract())
            .collect();
        steps.insert(0, 1.0 / count as f64);
        let t = StudentT::new(DF);
        (0..count)
            .map(|i| {
                let mut theta = self.centre.clone();
                for j in 0..m {
                    let u = (shifts[j] + (i + 1) as f64 * steps[j]).fract();
                    let [down, up] = self.scales[j];
                    let split = down / (down + up);
                    // The tail of |t| beyond: a half of it on either side.
                    let x = if u < split {
                        -down * t.upper_quantile(0.5 * (u / split).clamp(1e-6, 1.0))
                    } else {
                        let rest = ((1.0 - u) / (1.0 - split)).clamp(1e-6, 1.0);
                        up * t.upper_quantile(0.5 * rest)
                    };
                    for (to, axis) in theta.iter_mut().zip(&self.axes[j * m..(j + 1) * m]) {
                        *to += x * axis;
                    }
                }
                let ln_density = self.ln_density(entries, &theta);
                (theta, ln_density)
            })
            .collect()
    }

    /// The logarithm of the density, up to a constant, summed over all signs of the columns of Λ.
    fn ln_density(&self, entries: &[Entry], theta: &[f64]) -> f64 {
        let mut columns: Vec<(usize, usize)> = entries.iter().map(|e| (e.term, e.column)).collect();
        columns.dedup();
        let mirrors = columns.len().min(MOST_MIRRORS);
        let mut sum = 0.0;
        let mut image = theta.to_vec();
        for signs in 0..1u32 << mirrors {
            for ((to, x), entry) in image.iter_mut().zip(theta).zip(entries) {
                let column = (entry.term, entry.column);
                let at = columns.iter().position(|c| *c == column).unwrap_or(0);
                *to = if at < mirrors && signs >> at & 1 == 1 {
                    -x
                } else {
                    *x
                };
            }
            sum += self.density(&image);
        }
        sum.ln()
    }

    fn density(&self, theta: &[f64]) -> f64 {
        let m = theta.len();
        let t = StudentT::new(DF);
        (0..m)
            .map(|j| {
                let x: f64 = (theta.iter().zip(&self.centre))
                    .zip(&self.axes[j * m..(j + 1) * m])
                    .map(|((x, c), axis)| (x - c) * axis)
                    .sum();
                let [down, up] = self.scales[j];
                let scale = if x < 0.0 { down } else { up };
                2.0 / (down + up) * t.density(x / scale)
            })
            .product()
    }
}

fn primes(count: usize) -> Vec<f64> {
    let mut found: Vec<u32> = Vec::with_capacity(count);
    let mut next = 2;
    while found.len() < count {
        if found.iter().all(|p| next % p != 0) {
            found.push(next);
        }
        next += 1;
    }
    found.into_iter().map(f64::from).collect()
}
