//! The plain twin of the whole engine: V as an n × n matrix, inverted; every trace and every
//! quadratic form by its definition, in the user's units. Slow, and short enough to be read.

use super::Model;

/// A square matrix by rows.
#[derive(Clone, Debug)]
pub struct Square {
    pub n: usize,
    pub a: Vec<f64>,
}

impl Square {
    pub fn zeros(n: usize) -> Self {
        Self {
            n,
            a: vec![0.0; n * n],
        }
    }

    pub fn times(&self, other: &Square) -> Square {
        let mut out = Square::zeros(self.n);
        for i in 0..self.n {
            for l in 0..self.n {
                let x = self.a[i * self.n + l];
                if x != 0.0 {
                    for j in 0..self.n {
                        out.a[i * self.n + j] += x * other.a[l * self.n + j];
                    }
                }
            }
        }
        out
    }

    pub fn apply(&self, v: &[f64]) -> Vec<f64> {
        (0..self.n)
            .map(|i| dot(&self.a[i * self.n..(i + 1) * self.n], v))
            .collect()
    }

    pub fn trace_with(&self, other: &Square) -> f64 {
        let n = self.n;
        (0..n)
            .map(|i| {
                (0..n)
                    .map(|j| self.a[i * n + j] * other.a[j * n + i])
                    .sum::<f64>()
            })
            .sum()
    }

    /// Inverse and log-determinant of a positive definite matrix, by Cholesky.
    pub fn inverse(&self) -> (Square, f64) {
        let n = self.n;
        let mut l = Square::zeros(n);
        let mut log_det = 0.0;
        for i in 0..n {
            for j in 0..=i {
                let taken: f64 = (0..j).map(|b| l.a[i * n + b] * l.a[j * n + b]).sum();
                let rest = self.a[i * n + j] - taken;
                l.a[i * n + j] = if i == j {
                    log_det += rest.ln();
                    rest.sqrt()
                } else {
                    rest / l.a[j * n + j]
                };
            }
        }
        let mut out = Square::zeros(n);
        for c in 0..n {
            let mut x = vec![0.0; n];
            for i in c..n {
                let taken: f64 = (c..i).map(|b| l.a[i * n + b] * x[b]).sum();
                x[i] = (if i == c { 1.0 } else { 0.0 } - taken) / l.a[i * n + i];
            }
            for i in (0..n).rev() {
                let taken: f64 = (i + 1..n).map(|b| l.a[b * n + i] * x[b]).sum();
                x[i] = (x[i] - taken) / l.a[i * n + i];
            }
            for i in 0..n {
                out.a[i * n + c] = x[i];
            }
        }
        (out, log_det)
    }
}

pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// All that the engine computes at one θ.
#[derive(Clone, Debug)]
pub struct Twin {
    pub value: f64,
    pub pwrss: f64,
    pub sigma_squared: f64,
    pub beta: Vec<f64>,
    /// (X'V⁻¹X)⁻¹.
    pub covariance: Vec<f64>,
    pub gradient: Vec<f64>,
    pub average: Vec<f64>,
    pub exact: Vec<f64>,
    pub scores: Vec<Vec<f64>>,
    pub information: Vec<Vec<f64>>,
    pub residual: Vec<Vec<f64>>,
    pub forms: Vec<f64>,
    pub traces: Vec<f64>,
    pub covariance_changes: Vec<Vec<f64>>,
    pub modes: Vec<Vec<f64>>,
    pub conditional: Vec<Vec<f64>>,
}

impl Twin {
    pub fn of(model: &Model, theta: &[f64], reml: bool) -> Twin {
        let (layout, n, p) = (&model.layout, model.rows(), model.layout.fixed);
        let entries = layout.entries();
        let lambda = layout.lambda(theta);
        let weights = model.weights.clone().unwrap_or_else(|| vec![1.0; n]);
        // Z blkdiag(E) Z' for a symmetric K × K matrix E at every level of a factor.
        let spread = |factor: usize, e: &[f64]| -> Square {
            let k = layout.factors[factor].width;
            let (codes, z) = (&model.codes[factor], &model.z[factor]);
            let mut out = Square::zeros(n);
            for r in 0..n {
                for s in (0..n).filter(|&s| codes[s] == codes[r]) {
                    for a in 0..k {
                        for b in 0..k {
                            out.a[r * n + s] += z[a][r] * e[a * k + b] * z[b][s];
                        }
                    }
                }
            }
            out
        };
        let relative = super::covariances(layout, theta);
        let mut v = Square::zeros(n);
        for (factor, g) in relative.iter().enumerate() {
            let part = spread(factor, g);
            v.a.iter_mut().zip(&part.a).for_each(|(x, y)| *x += y);
        }
        for i in 0..n {
            v.a[i * n + i] += 1.0 / weights[i];
        }
        let (inverse, log_det) = v.inverse();
        let vx: Vec<Vec<f64>> = model.x.iter().map(|c| inverse.apply(c)).collect();
        let mut xvx = Square::zeros(p);
        for i in 0..p {
            for j in 0..p {
                xvx.a[i * p + j] = dot(&model.x[i], &vx[j]);
            }
        }
        let (phi, log_det_fixed) = xvx.inverse();
        let mut projector = inverse.clone();
        for r in 0..n {
            for s in 0..n {
                for i in 0..p {
                    for j in 0..p {
                        projector.a[r * n + s] -= vx[i][r] * phi.a[i * p + j] * vx[j][s];
                    }
                }
            }
        }
        let py = projector.apply(&model.y);
        let pwrss = dot(&model.y, &py);
        let beta = phi.apply(&vx.iter().map(|c| dot(c, &model.y)).collect::<Vec<_>>());
        let degrees = (n - if reml { p } else { 0 }) as f64;
        let c = degrees / pwrss;
        let value = log_det
            + if reml { log_det_fixed } else { 0.0 }
            + degrees * (1.0 + (std::f64::consts::TAU * pwrss / degrees).ln());
        let middle = if reml { &projector } else { &inverse };

        // Per level: Z_f'MZ_f, v_f, V⁻¹Z_f.
        let face = |matrix: &Square, factor: usize, level: u32| -> Vec<f64> {
            let k = layout.factors[factor].width;
            let column = |a: usize| -> Vec<f64> {
                (0..n)
                    .map(|r| {
                        if model.codes[factor][r] == level {
                            model.z[factor][a][r]
                        } else {
                            0.0
                        }
                    })
                    .collect()
            };
            let columns: Vec<Vec<f64>> = (0..k).map(column).collect();
            let applied: Vec<Vec<f64>> = columns.iter().map(|c| matrix.apply(c)).collect();
            (0..k * k)
                .map(|at| dot(&columns[at / k], &applied[at % k]))
                .collect()
        };
        let mut information = Vec::new();
        let mut residual = Vec::new();
        let mut modes = Vec::new();
        let mut conditional = Vec::new();
        for (factor, shape) in layout.factors.iter().enumerate() {
            let k = shape.width;
            let g = Square {
                n: k,
                a: relative[factor].clone(),
            };
            let (mut info, mut res) = (vec![0.0; k * k], vec![0.0; k * k]);
            let (mut mode, mut cond) = (Vec::new(), Vec::new());
            for level in 0..shape.levels as u32 {
                let zmz = face(middle, factor, level);
                info.iter_mut().zip(&zmz).for_each(|(x, y)| *x += y);
                let vf: Vec<f64> = (0..k)
                    .map(|a| {
                        (0..n)
                            .filter(|&r| model.codes[factor][r] == level)
                            .map(|r| model.z[factor][a][r] * py[r])
                            .sum()
                    })
                    .collect();
                for i in 0..k {
                    for j in 0..k {
                        res[i * k + j] += vf[i] * vf[j];
                    }
                }
                mode.extend(g.apply(&vf));
                let zvz = Square {
                    n: k,
                    a: face(&inverse, factor, level),
                };
                let taken = g.times(&zvz).times(&g);
                cond.extend(g.a.iter().zip(&taken.a).map(|(x, y)| x - y));
            }
            information.push(info);
            residual.push(res);
            modes.push(mode);
            conditional.push(cond);
        }
        let scores: Vec<Vec<f64>> = information
            .iter()
            .zip(&residual)
            .map(|(a, b)| a.iter().zip(b).map(|(a, b)| a - c * b).collect())
            .collect();

        // ∂V/∂θ_i and ∂²V/∂θ_i∂θ_j.
        let m = entries.len();
        let changes: Vec<Square> = entries
            .iter()
            .map(|e| {
                let k = layout.factors[e.factor].width;
                let mut change = vec![0.0; k * k];
                for a in 0..k {
                    change[e.row * k + a] += lambda[e.factor][a * k + e.column];
                    change[a * k + e.row] += lambda[e.factor][a * k + e.column];
                }
                spread(e.factor, &change)
            })
            .collect();
        let vpy: Vec<Vec<f64>> = changes.iter().map(|v| v.apply(&py)).collect();
        let pvpy: Vec<Vec<f64>> = vpy.iter().map(|a| projector.apply(a)).collect();
        let mv: Vec<Square> = changes.iter().map(|v| middle.times(v)).collect();
        let slopes: Vec<f64> = vpy.iter().map(|a| -dot(&py, a)).collect();
        let gradient: Vec<f64> = (0..m)
            .map(|i| middle.trace_with(&changes[i]) + c * slopes[i])
            .collect();
        let mut forms = vec![0.0; m * m];
        let mut traces = vec![0.0; m * m];
        let mut average = vec![0.0; m * m];
        let mut exact = vec![0.0; m * m];
        for i in 0..m {
            for j in 0..m {
                let at = i * m + j;
                forms[at] = dot(&vpy[i], &pvpy[j]);
                traces[at] = mv[i].trace_with(&mv[j]);
                let mut bend = -(c / pwrss) * slopes[i] * slopes[j];
                let (a, b) = (&entries[i], &entries[j]);
                if a.factor == b.factor && a.column == b.column {
                    let k = layout.factors[a.factor].width;
                    let mut second = vec![0.0; k * k];
                    second[a.row * k + b.row] += 1.0;
                    second[b.row * k + a.row] += 1.0;
                    let second = spread(a.factor, &second);
                    bend += middle.trace_with(&second) - c * dot(&py, &second.apply(&py));
                }
                average[at] = c * forms[at] + bend;
                exact[at] = 2.0 * c * forms[at] - traces[at] + bend;
            }
        }
        let covariance_changes = changes
            .iter()
            .map(|change| {
                let mut inner = Square::zeros(p);
                for i in 0..p {
                    let moved = change.apply(&vx[i]);
                    for j in 0..p {
                        inner.a[i * p + j] = dot(&moved, &vx[j]);
                    }
                }
                phi.times(&inner).times(&phi).a
            })
            .collect();
        Twin {
            value,
            pwrss,
            sigma_squared: pwrss / degrees,
            beta,
            covariance: phi.a,
            gradient,
            average,
            exact,
            scores,
            information,
            residual,
            forms,
            traces,
            covariance_changes,
            modes,
            conditional,
        }
    }
}
