//! What the last step tells about the Hessian.
//!
//! Average information is not the Hessian: near the minimum it converges linearly, by a factor of
//! 30 a step on InstEval and of less where variances are confounded. The change y of the gradient
//! along a step s shows what it misses in that direction, d = y − ½(H₀ + H₁)s: with the mean of
//! the models at both ends, d is free of the change of curvature along the step up to third order.
//! At the next point the model is corrected so that it maps s to H₁s + d (the update of Broyden,
//! Fletcher, Goldfarb and Shanno).
//!
//! Only a step from near the minimum counts, and only the last one: the correction is for the
//! linear tail. Two or more pairs, or pairs from further away, took as many steps or more.

/// The share of the curvature along the step that the model may miss before it is corrected:
/// below, its own steps converge faster than corrected ones.
const LEAST: f64 = 0.01;
/// And the share above which what was seen is not believed.
const MOST: f64 = 0.5;

/// Gradient and model at the beginning of a step, with the point.
pub(super) struct Secant {
    theta: Vec<f64>,
    gradient: Vec<f64>,
    hessian: Vec<f64>,
}

impl Secant {
    /// A step is about to leave this point.
    pub fn leave(theta: &[f64], gradient: &[f64], hessian: &[f64]) -> Self {
        Self {
            theta: theta.to_vec(),
            gradient: gradient.to_vec(),
            hessian: hessian.to_vec(),
        }
    }

    /// The model at the end of the step, corrected by what was seen on the way; as it is where
    /// that is out of proportion.
    pub fn correct(&self, theta: &[f64], gradient: &[f64], hessian: &[f64]) -> Vec<f64> {
        let n = theta.len();
        let step: Vec<f64> = theta.iter().zip(&self.theta).map(|(a, b)| a - b).collect();
        let image = times(hessian, &step);
        let before = times(&self.hessian, &step);
        // H₁s + d = y + ½(H₁ − H₀)s.
        let seen: Vec<f64> = (0..n)
            .map(|i| gradient[i] - self.gradient[i] + 0.5 * (image[i] - before[i]))
            .collect();
        let (model, curvature) = (dot(&image, &step), dot(&seen, &step));
        let mut corrected = hessian.to_vec();
        let missed = (curvature / model - 1.0).abs();
        if model > 0.0 && (LEAST..MOST).contains(&missed) {
            for i in 0..n {
                for j in 0..n {
                    corrected[i * n + j] +=
                        seen[i] * seen[j] / curvature - image[i] * image[j] / model;
                }
            }
        }
        corrected
    }
}

fn times(matrix: &[f64], vector: &[f64]) -> Vec<f64> {
    matrix
        .chunks_exact(vector.len())
        .map(|row| dot(row, vector))
        .collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::Secant;

    /// On a quadratic the corrected model is the Hessian along the step, whatever the model was.
    #[test]
    fn corrected_model_has_the_curvature_of_the_last_step() {
        let exact = [4.0, 1.0, 1.0, 3.0];
        let model = [3.0, 0.5, 0.5, 3.5];
        let gradient = |x: [f64; 2]| {
            [
                exact[0] * x[0] + exact[1] * x[1],
                exact[2] * x[0] + exact[3] * x[1],
            ]
        };
        let (from, to) = ([1.0, 2.0], [0.5, 1.75]);
        let secant = Secant::leave(&from, &gradient(from), &model);
        let corrected = secant.correct(&to, &gradient(to), &model);
        let step = [to[0] - from[0], to[1] - from[1]];
        let seen = gradient(step);
        for i in 0..2 {
            let image = corrected[i * 2] * step[0] + corrected[i * 2 + 1] * step[1];
            assert!((image - seen[i]).abs() < 1e-14, "{image} {}", seen[i]);
        }
    }

    /// A change of the gradient against the model's sign is not believed.
    #[test]
    fn negative_curvature_is_not_believed() {
        let model = [1.0];
        let secant = Secant::leave(&[0.0], &[1.0], &model);
        assert_eq!(secant.correct(&[1.0], &[0.0], &model), model);
    }
}
