//! Trust-region Newton for [`Kinds`]: the steps of `optimize::trust_region`, without allocation.

use super::kinds::Kinds;
use super::small::{backward, factor, forward};

/// Room for the steps.
pub(super) struct Newton {
    theta: Vec<f64>,
    candidate: Vec<f64>,
    scale: Vec<f64>,
    gradient: Vec<f64>,
    hessian: Vec<f64>,
    factor: Vec<f64>,
    step: Vec<f64>,
}

/// Evaluations after which the general method takes over.
const PATIENCE: usize = 60;
/// The step of which the model predicts a smaller decrease is the last: as of
/// `optimize::trust_region`.
const LAST: f64 = 1e-10;
/// From a step on that promised less the exact second derivatives are worth their price. On
/// sleepstudy a replicate takes 5.3 evaluations.
const NEAR: f64 = 1.0;

impl Newton {
    pub fn new(size: usize) -> Self {
        let zeros = || vec![0.0; size];
        Self {
            theta: zeros(),
            candidate: zeros(),
            scale: zeros(),
            gradient: zeros(),
            hessian: vec![0.0; size * size],
            factor: vec![0.0; size * size],
            step: zeros(),
        }
    }

    /// Descends from `start`; `true` where it arrived, at `kinds.theta`, which was evaluated.
    pub fn minimise(&mut self, kinds: &mut Kinds, start: &[f64]) -> bool {
        let n = start.len();
        self.theta.copy_from_slice(start);
        let mut value = kinds.at(start);
        if !value.is_finite() {
            return false;
        }
        self.scale.fill(0.0);
        let mut radius = f64::NAN;
        let mut exact = false;
        while kinds.evaluations < PATIENCE {
            kinds.derive(exact);
            for i in 0..n {
                let root = kinds.hessian[i * n + i].abs().sqrt();
                let least = if self.scale[i] == 0.0 {
                    root
                } else {
                    0.1 * self.scale[i]
                };
                self.scale[i] = root.max(least).max(1e-8);
            }
            for i in 0..n {
                self.gradient[i] = kinds.gradient[i] / self.scale[i];
                for j in 0..n {
                    self.hessian[i * n + j] =
                        kinds.hessian[i * n + j] / (self.scale[i] * self.scale[j]);
                }
            }
            if radius.is_nan() {
                let square = self
                    .theta
                    .iter()
                    .zip(&self.scale)
                    .map(|(t, s)| (t * s).powi(2));
                radius = square.sum::<f64>().sqrt().max(1.0);
            }
            loop {
                let Some((length, predicted)) = self.step(n, radius) else {
                    return false;
                };
                let noise = 1e-13 * value.abs().max(1.0);
                for i in 0..n {
                    self.candidate[i] = self.theta[i] + self.step[i] / self.scale[i];
                }
                let next = kinds.at(&self.candidate);
                if predicted < LAST.max(noise) {
                    if next > value + noise {
                        kinds.at(&self.theta);
                    }
                    return true;
                }
                let ratio = (value - next) / predicted;
                if ratio > 0.0 || (next - value).abs() < noise {
                    if ratio < 0.25 {
                        radius = 0.5 * length;
                    } else if ratio > 0.75 && length > 0.9 * radius {
                        radius *= 3.0;
                    }
                    self.theta.copy_from_slice(&self.candidate);
                    value = next;
                    exact = predicted < NEAR;
                    break;
                }
                radius = 0.25 * length.min(radius);
                if radius < 1e-10 || kinds.evaluations >= PATIENCE {
                    return false;
                }
            }
        }
        false
    }

    /// A step within the radius: its scaled length and the decrease that the model predicts. The
    /// Hessian is made positive by a multiple of the identity.
    fn step(&mut self, n: usize, radius: f64) -> Option<(f64, f64)> {
        let mut shift = 0.0;
        for _ in 0..40 {
            self.factor.copy_from_slice(&self.hessian);
            for i in 0..n {
                self.factor[i * n + i] += shift;
            }
            if factor(&mut self.factor, n) {
                for (s, g) in self.step.iter_mut().zip(&self.gradient) {
                    *s = -g;
                }
                forward(&self.factor, n, n, &mut self.step);
                backward(&self.factor, n, n, &mut self.step);
                let length = self.step.iter().map(|s| s * s).sum::<f64>().sqrt();
                if length <= radius {
                    let mut predicted = 0.0;
                    for i in 0..n {
                        let row = &self.hessian[i * n..(i + 1) * n];
                        let image: f64 = row.iter().zip(&self.step).map(|(h, s)| h * s).sum();
                        predicted -= self.step[i] * (self.gradient[i] + 0.5 * image);
                    }
                    return Some((length, predicted));
                }
                if length.is_nan() {
                    return None;
                }
            }
            shift = if shift == 0.0 { 1e-2 } else { 2.5 * shift };
        }
        None
    }
}
