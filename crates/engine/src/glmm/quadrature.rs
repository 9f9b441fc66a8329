//! Adaptive Gauss-Hermite quadrature over the random effects of one grouping factor, with its exact
//! gradient (Pinheiro and Bates 1995; Pinheiro and Chao 2006).
//!
//! With g_j(u) = −2Σℓ_i + u'u over the rows of level j, its minimum ũ_j, H_j = ½∂²g_j there and
//! C_j = L⁻ᵀ for H_j = LL', the integral over u = ũ_j + C_jt is
//!
//! F = Σ_j \[log|H_j| − 2 log Σ_r ω_r exp(½t_r't_r − ½g_j(ũ_j + C_jt_r))\]
//!
//! for nodes t_r and weights ω_r of a product rule for the standard normal. One node gives Laplace's
//! approximation, constants and all.
//!
//! # The gradient
//! Nodes move with the parameters through ũ_j and C_j. With π_r the share of node r in the sum,
//! s̄ = Σπ_r∇g(u_r) and S = Σπ_r∇g(u_r)t_r', and because dC = −CΦ(C'dHC)' where Φ takes a lower
//! triangle with half its diagonal,
//!
//! dF_j = ⟨G, dH⟩ + s̄'dũ + Σπ_r∂g(u_r),  G = C(I − M)C',  M = sym Φ(S'C).
//!
//! Laplace's gradient is this with G = H⁻¹ and s̄ = 0, and what follows from here is the same: dH
//! and dũ are differentiated through the equation of the mode.

use super::family::{Derivatives, Nuisance};
use super::hermite::hermite;
use super::laplace::Laplace;
use super::mode::Modes;

/// A product rule of so many dimensions.
pub(super) struct Rule {
    width: usize,
    /// Nodes, one after another.
    nodes: Vec<f64>,
    /// log ω + ½t't.
    weights: Vec<f64>,
}

impl Rule {
    /// `points` in each of `width` dimensions.
    pub fn new(points: usize, width: usize) -> Self {
        let one = hermite(points);
        let count = points.pow(width as u32);
        let mut nodes = Vec::with_capacity(count * width);
        let mut weights = Vec::with_capacity(count);
        for mut index in 0..count {
            let mut weight = 0.0;
            for _ in 0..width {
                let (t, log) = one[index % points];
                nodes.push(t);
                weight += log;
                index /= points;
            }
            weights.push(weight);
        }
        Self {
            width,
            nodes,
            weights,
        }
    }
}

/// The small matrices of one level.
struct Level {
    /// Its first row and the row after its last.
    rows: std::ops::Range<usize>,
    u: Vec<f64>,
    /// Z'WZ, K × K by rows.
    own: Vec<f64>,
    /// C, upper triangular by rows.
    root: Vec<f64>,
    log_det: f64,
}

/// What the nodes of a level give.
#[derive(Default)]
struct Sums {
    /// log Σ_r.
    log_sum: f64,
    /// s̄ and S.
    mean: Vec<f64>,
    cross: Vec<f64>,
    /// Σπ_r ℓ'_i of every row.
    slopes: Vec<f64>,
    /// Σπ_r Z'ℓ'(u_r) u_r'.
    outer: Vec<f64>,
    /// Σπ_r Σ_i ℓ_ψ.
    nuisance: Vec<f64>,
}

impl Modes {
    fn levels(&self, lambda: &[f64]) -> Option<Vec<Level>> {
        let k = self.data.layout.factors[0].width;
        let codes = &self.data.rows.codes[0];
        let mut out = Vec::with_capacity(self.data.layout.factors[0].levels);
        let mut first = 0;
        while first < codes.len() {
            let code = codes[first];
            let end = first + codes[first..].partition_point(|&c| c == code);
            let mut own = vec![0.0; k * k];
            for row in first..end {
                let z = &self.data.rows.z[0][row * k..(row + 1) * k];
                for i in 0..k {
                    for j in 0..k {
                        own[i * k + j] += self.weights[row] * z[i] * z[j];
                    }
                }
            }
            let (root, log_det) = inverse_root(&own, lambda, k)?;
            out.push(Level {
                rows: first..end,
                u: self.u[0][code as usize * k..][..k].to_vec(),
                own,
                root,
                log_det,
            });
            first = end;
        }
        Some(out)
    }

    /// Sums over the nodes of a level; derivatives only where they are asked for.
    fn integrate(
        &self,
        rule: &Rule,
        level: &Level,
        lambda: &[f64],
        psi: &[f64],
        derivatives: bool,
    ) -> Sums {
        let k = rule.width;
        let n = level.rows.len();
        let observations = &self.data.observations[level.rows.clone()];
        let counts = &self.data.counts[level.rows.clone()];
        let fixed = &self.fixed[level.rows.clone()];
        let z = &self.data.rows.z[0][level.rows.start * k..level.rows.end * k];
        let nodes = rule.weights.len();
        let mut eta = vec![0.0; n];
        let mut density = vec![Derivatives::default(); n];
        let mut logs = Vec::with_capacity(nodes);
        let mut points = Vec::with_capacity(nodes * k);
        let mut slopes = Vec::with_capacity(if derivatives { nodes * n } else { 0 });
        for (t, weight) in rule.nodes.chunks_exact(k.max(1)).zip(&rule.weights) {
            let u: Vec<f64> = (0..k)
                .map(|i| level.u[i] + (i..k).map(|c| level.root[i * k + c] * t[c]).sum::<f64>())
                .collect();
            let b: Vec<f64> = (0..k)
                .map(|i| (0..=i).map(|c| lambda[i * k + c] * u[c]).sum())
                .collect();
            for ((eta, fixed), z) in eta.iter_mut().zip(fixed).zip(z.chunks_exact(k)) {
                *eta = fixed + z.iter().zip(&b).map(|(z, b)| z * b).sum::<f64>();
            }
            self.family.evaluate(observations, &eta, psi, &mut density);
            let likelihood: f64 = density.iter().zip(counts).map(|(d, n)| n * d.value).sum();
            let square: f64 = u.iter().map(|u| u * u).sum();
            logs.push(weight + likelihood - 0.5 * square);
            if derivatives {
                slopes.extend(density.iter().zip(counts).map(|(d, n)| n * d.first));
                points.extend(u);
            }
        }
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let total: f64 = logs.iter().map(|x| (x - largest).exp()).sum();
        let mut out = Sums {
            log_sum: largest + total.ln(),
            ..Sums::default()
        };
        if !derivatives {
            return out;
        }
        out.mean = vec![0.0; k];
        out.cross = vec![0.0; k * k];
        out.slopes = vec![0.0; n];
        out.outer = vec![0.0; k * k];
        out.nuisance = vec![0.0; psi.len()];
        let mut nuisance = vec![Nuisance::default(); n * psi.len()];
        for (r, log) in logs.iter().enumerate() {
            let share = (log - largest).exp() / total;
            if share < 1e-18 {
                continue;
            }
            let u = &points[r * k..(r + 1) * k];
            let t = &rule.nodes[r * k..(r + 1) * k];
            let slope = &slopes[r * n..(r + 1) * n];
            let mut score = vec![0.0; k];
            for ((sum, s), z) in out.slopes.iter_mut().zip(slope).zip(z.chunks_exact(k)) {
                *sum += share * s;
                for (score, z) in score.iter_mut().zip(z) {
                    *score += z * s;
                }
            }
            for i in 0..k {
                // ∇g = 2(u − Λ'Z'ℓ').
                let pulled: f64 = (i..k).map(|c| lambda[c * k + i] * score[c]).sum();
                let gradient = 2.0 * (u[i] - pulled);
                out.mean[i] += share * gradient;
                for j in 0..k {
                    out.cross[i * k + j] += share * gradient * t[j];
                    out.outer[i * k + j] += share * score[i] * u[j];
                }
            }
            if !psi.is_empty() {
                let b: Vec<f64> = (0..k)
                    .map(|i| (0..=i).map(|c| lambda[i * k + c] * u[c]).sum())
                    .collect();
                for ((eta, fixed), z) in eta.iter_mut().zip(fixed).zip(z.chunks_exact(k)) {
                    *eta = fixed + z.iter().zip(&b).map(|(z, b)| z * b).sum::<f64>();
                }
                self.family
                    .evaluate_nuisance(observations, &eta, psi, &mut nuisance);
                for (row, count) in nuisance.chunks_exact(psi.len()).zip(counts) {
                    for (sum, d) in out.nuisance.iter_mut().zip(row) {
                        *sum += share * count * d.value;
                    }
                }
            }
        }
        out
    }
}

impl Laplace {
    /// F by quadrature at the modes of the last search, without the constant of the densities.
    pub(super) fn integral(&self, rule: &Rule, theta: &[f64], psi: &[f64]) -> Option<f64> {
        let lambda = &self.modes.data.layout.lambda(theta)[0];
        let levels = self.modes.levels(lambda)?;
        let sum: f64 = levels
            .iter()
            .map(|level| {
                let sums = self.modes.integrate(rule, level, lambda, psi, false);
                level.log_det - 2.0 * sums.log_sum
            })
            .sum();
        sum.is_finite().then_some(sum)
    }

    /// The gradient of F by quadrature at the modes of the last search, in the order (θ, β, ψ),
    /// without the prior's.
    pub(super) fn integral_gradient(&self, rule: &Rule, theta: &[f64], psi: &[f64]) -> Vec<f64> {
        let (modes, layout) = (&self.modes, &self.modes.data.layout);
        let (k, p) = (rule.width, layout.fixed);
        let lambda = &layout.lambda(theta)[0];
        let mut by_lambda = vec![0.0; k * k];
        let mut by_beta = vec![0.0; p];
        let mut by_psi = vec![0.0; psi.len()];
        let levels = modes.levels(lambda).unwrap_or_default();
        for level in &levels {
            let sums = modes.integrate(rule, level, lambda, psi, true);
            let c = &level.root;
            // S'C, then M = sym Φ of it.
            let mut inner = vec![0.0; k * k];
            for i in 0..k {
                for j in 0..k {
                    inner[i * k + j] = (0..=j).map(|m| sums.cross[m * k + i] * c[m * k + j]).sum();
                }
            }
            let mut middle = vec![0.0; k * k];
            for i in 0..k {
                middle[i * k + i] = 1.0 - 0.5 * inner[i * k + i];
                for j in 0..i {
                    middle[i * k + j] = -0.5 * inner[i * k + j];
                    middle[j * k + i] = middle[i * k + j];
                }
            }
            // G = CMC', and ΛG, ΛGΛ'.
            let cm = product(c, &middle, k);
            let g = product_transposed(&cm, c, k);
            let lg = product(lambda, &g, k);
            let spread = product_transposed(&lg, lambda, k);
            let z = |row: usize| &modes.data.rows.z[0][row * k..(row + 1) * k];
            let h = |row: usize| -> f64 {
                let z = z(row);
                (0..k * k)
                    .map(|at| z[at / k] * spread[at] * z[at % k])
                    .sum()
            };
            // c = s̄ + Λ'Z'a and v = H⁻¹c.
            let mut za = vec![0.0; k];
            let mut s = vec![0.0; k];
            for row in level.rows.clone() {
                let a = -modes.densities[row].third * h(row);
                for (i, z) in z(row).iter().enumerate() {
                    za[i] += z * a;
                    s[i] += z * modes.densities[row].first;
                }
            }
            let pulled: Vec<f64> = (0..k)
                .map(|i| sums.mean[i] + (i..k).map(|m| lambda[m * k + i] * za[m]).sum::<f64>())
                .collect();
            let half: Vec<f64> = (0..k)
                .map(|j| (0..=j).map(|i| c[i * k + j] * pulled[i]).sum())
                .collect();
            let v: Vec<f64> = (0..k)
                .map(|i| (i..k).map(|j| c[i * k + j] * half[j]).sum())
                .collect();
            let lv: Vec<f64> = (0..k)
                .map(|i| (0..=i).map(|m| lambda[i * k + m] * v[m]).sum())
                .collect();
            // The whole matrix by Λ; only its lower triangle is a parameter.
            let own_lg = product(&level.own, &lg, k);
            let own_lv: Vec<f64> = (0..k)
                .map(|i| (0..k).map(|j| level.own[i * k + j] * lv[j]).sum())
                .collect();
            for i in 0..k {
                for j in 0..=i {
                    by_lambda[i * k + j] +=
                        2.0 * own_lg[i * k + j] + (za[i] - own_lv[i]) * level.u[j] + s[i] * v[j]
                            - 2.0 * sums.outer[i * k + j];
                }
            }
            let mut nuisance = vec![Nuisance::default(); psi.len()];
            for (at, row) in level.rows.clone().enumerate() {
                let zq: f64 = z(row).iter().zip(&lv).map(|(z, q)| z * q).sum();
                let a = -modes.densities[row].third * h(row);
                let slope = a - modes.weights[row] * zq - 2.0 * sums.slopes[at];
                for (sum, x) in by_beta.iter_mut().zip(modes.data.rows.x(row)) {
                    *sum += slope * x;
                }
                if !psi.is_empty() {
                    modes.family.nuisance_derivatives(
                        &modes.data.observations[row],
                        modes.eta[row],
                        psi,
                        &mut nuisance,
                    );
                    let count = modes.data.counts[row];
                    for (sum, d) in by_psi.iter_mut().zip(&nuisance) {
                        *sum += count * (zq * d.first - h(row) * d.second);
                    }
                }
            }
            for (sum, value) in by_psi.iter_mut().zip(&sums.nuisance) {
                *sum -= 2.0 * value;
            }
        }
        let mut gradient: Vec<f64> = self
            .entries
            .iter()
            .map(|e| by_lambda[e.row * k + e.column])
            .collect();
        gradient.extend(by_beta);
        gradient.extend(by_psi);
        gradient
    }
}

/// C = L⁻ᵀ by rows for I + Λ'AΛ = LL', and log|LL'|; `None` where it is not positive definite.
fn inverse_root(own: &[f64], lambda: &[f64], k: usize) -> Option<(Vec<f64>, f64)> {
    let al = product(own, lambda, k);
    let mut l = vec![0.0; k * k];
    for i in 0..k {
        for j in 0..=i {
            let identity = if i == j { 1.0 } else { 0.0 };
            l[i * k + j] = identity
                + (0..k)
                    .map(|m| lambda[m * k + i] * al[m * k + j])
                    .sum::<f64>();
        }
    }
    let mut log_det = 0.0;
    for j in 0..k {
        for i in j..k {
            let taken: f64 = (0..j).map(|m| l[i * k + m] * l[j * k + m]).sum();
            let rest = l[i * k + j] - taken;
            if i == j {
                if rest.is_nan() || rest <= 0.0 {
                    return None;
                }
                log_det += rest.ln();
                l[j * k + j] = rest.sqrt();
            } else {
                l[i * k + j] = rest / l[j * k + j];
            }
        }
    }
    // Columns of L⁻¹ are rows of C.
    let mut root = vec![0.0; k * k];
    for c in 0..k {
        for i in c..k {
            let identity = if i == c { 1.0 } else { 0.0 };
            let taken: f64 = (c..i).map(|m| l[i * k + m] * root[c * k + m]).sum();
            root[c * k + i] = (identity - taken) / l[i * k + i];
        }
    }
    Some((root, log_det))
}

/// AB of K × K matrices by rows.
fn product(a: &[f64], b: &[f64], k: usize) -> Vec<f64> {
    (0..k * k)
        .map(|at| (0..k).map(|m| a[at / k * k + m] * b[m * k + at % k]).sum())
        .collect()
}

/// AB'.
fn product_transposed(a: &[f64], b: &[f64], k: usize) -> Vec<f64> {
    (0..k * k)
        .map(|at| (0..k).map(|m| a[at / k * k + m] * b[at % k * k + m]).sum())
        .collect()
}
