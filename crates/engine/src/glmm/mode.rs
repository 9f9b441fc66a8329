//! The mode of the random effects given everything else: penalised iteratively reweighted least
//! squares (Bates and DebRoy 2004; McCullagh and Nelder 1989, chapter 2.5), with Newton steps on
//! the observed curvature.

use std::sync::Arc;

use super::data::Data;
use super::family::{Density, Derivatives};
use super::laplace::densities;
use crate::blocks::{Spread, System};
use crate::layout::Layout;
use crate::statistics::Statistics;

/// Steps after which a mode is given up.
const STEPS: usize = 100;
/// A step, in standard deviations of the random effects, that changes nothing any more: log|H| is
/// taken before it, and its error is in proportion.
const CLOSE: f64 = 1e-12;
/// And one that is near enough where steps no longer shrink: rounding is all that moves.
const ROUNDING: f64 = 1e-9;
/// Halvings of a step that does not descend.
const HALVINGS: usize = 40;

/// Rows, random effects and the system that joins them.
pub(crate) struct Modes {
    pub data: Data,
    pub family: Arc<dyn Density>,
    statistics: Statistics,
    /// The system at the last mode, with the observed weights.
    pub system: System,
    /// u by factor and level; where the search ended and where the next begins.
    pub(super) u: Vec<Vec<f64>>,
    /// b = Λu.
    pub b: Vec<Vec<f64>>,
    /// s = Z'ℓ' at the mode.
    pub scores: Vec<Vec<f64>>,
    pub eta: Vec<f64>,
    pub(super) fixed: Vec<f64>,
    /// ℓ and its derivatives at the mode, times the counts.
    pub densities: Vec<Derivatives>,
    /// −ℓ''.
    pub weights: Vec<f64>,
    /// Whether W was to be the expected information where the family has one.
    pub customary: bool,
    /// Whether W is the expected information in place of that.
    expected: bool,
    /// W, and its derivatives in η.
    pub curvature: Vec<f64>,
    pub slopes: Vec<f64>,
    right: Vec<f64>,
    random: Vec<f64>,
    penalised: f64,
    /// Systems solved.
    pub steps: usize,
}

impl Modes {
    /// With the curvature of Laplace's approximation as observed everywhere, or where `expected`
    /// as lme4 takes it.
    pub fn new(mut data: Data, family: Arc<dyn Density>, expected: bool) -> Self {
        data.arrange();
        let first = data.observations.first();
        let customary = expected;
        let expected = expected && first.is_some_and(|row| family.expected(row, 1.0).is_some());
        let layout = Layout {
            fixed: 0,
            intercept: None,
            ..data.layout.clone()
        };
        let statistics = Statistics::of_rows(&layout, &mut data.rows);
        let system = System::for_weights(&statistics);
        let n = data.observations.len();
        let zeros: Vec<Vec<f64>> = layout
            .factors
            .iter()
            .map(|f| vec![0.0; f.levels * f.width])
            .collect();
        Self {
            data,
            family,
            statistics,
            system,
            u: zeros.clone(),
            b: zeros.clone(),
            scores: zeros,
            eta: vec![0.0; n],
            fixed: vec![0.0; n],
            densities: Vec::new(),
            weights: vec![0.0; n],
            customary,
            expected,
            curvature: vec![0.0; n],
            slopes: vec![0.0; n],
            right: vec![0.0; n],
            random: vec![0.0; n],
            penalised: f64::INFINITY,
            steps: 0,
        }
    }

    /// Zeros by factor and level.
    pub fn room(&self) -> Vec<Vec<f64>> {
        self.b.iter().map(|b| vec![0.0; b.len()]).collect()
    }

    /// g(ũ) = −2Σℓ + ũ'ũ at the last mode.
    pub fn penalised(&self) -> f64 {
        self.penalised
    }

    /// Finds the mode and returns log|H| there; `None` where there is none.
    pub fn find(&mut self, theta: &[f64], beta: &[f64], psi: &[f64]) -> Option<f64> {
        let lambda = self.data.layout.lambda(theta);
        self.fixed.copy_from_slice(&self.data.offset);
        self.data.rows.add_fixed(beta, &mut self.fixed);
        let warm = self.u.iter().flatten().any(|&u| u != 0.0);
        let mut found = self.descend(&lambda, theta, psi);
        if found.is_none() && warm {
            // The last mode was a bad place to start.
            self.u.iter_mut().for_each(|u| u.fill(0.0));
            found = self.descend(&lambda, theta, psi);
        }
        if found.is_none() {
            self.u.iter_mut().for_each(|u| u.fill(0.0));
        }
        self.bend(found?, theta)
    }

    /// Sets W and its derivatives, and leaves the system with them: log|H| of it.
    fn bend(&mut self, observed: f64, theta: &[f64]) -> Option<f64> {
        if !self.expected {
            self.curvature.copy_from_slice(&self.weights);
            for (slope, d) in self.slopes.iter_mut().zip(&self.densities) {
                *slope = -d.third;
            }
            return Some(observed);
        }
        for i in 0..self.weights.len() {
            let count = self.data.counts[i];
            let row = &self.data.observations[i];
            let (w, slope) = self.family.expected(row, self.eta[i]).unwrap_or_default();
            (self.curvature[i], self.slopes[i]) = (count * w, count * slope);
        }
        self.statistics
            .reweigh(&self.data.rows, &self.curvature, &self.right);
        self.system.load(&self.statistics);
        Some(self.system.value(theta)?.log_det)
    }

    fn descend(&mut self, lambda: &[Vec<f64>], theta: &[f64], psi: &[f64]) -> Option<f64> {
        let mut here = self.evaluate(lambda, psi);
        if !here.is_finite() {
            return None;
        }
        let mut target = self.room();
        let mut solution = self.room();
        let mut last = f64::INFINITY;
        for _ in 0..STEPS {
            let (value, observed) = self.factor(theta, psi)?;
            self.system.random_solution(&mut solution, &mut self.scores);
            // u = Λ'v.
            transposed(lambda, &self.scores, &mut target);
            let step = self.u.iter().flatten().zip(target.iter().flatten());
            let longest = step.fold(0.0f64, |longest, (from, to)| longest.max((to - from).abs()));
            let stuck = longest < ROUNDING && longest > 0.1 * last;
            last = longest;
            if longest < CLOSE || stuck {
                if !observed {
                    return None;
                }
                return Some(value);
            }
            let start = std::mem::replace(&mut self.u, target);
            target = start;
            let mut next = self.evaluate(lambda, psi);
            // What rounding leaves of a difference of two sums.
            let noise = 1e-13 * here.abs();
            let mut halvings = 0;
            while next.is_nan() || next > here + noise {
                halvings += 1;
                if halvings > HALVINGS {
                    return None;
                }
                for (u, from) in self.u.iter_mut().flatten().zip(target.iter().flatten()) {
                    *u = 0.5 * (*u + from);
                }
                next = self.evaluate(lambda, psi);
            }
            here = next;
        }
        None
    }

    /// Sets η, densities and g at the present u, with other fixed effects.
    pub(super) fn evaluate_at(&mut self, lambda: &[Vec<f64>], beta: &[f64], psi: &[f64]) -> f64 {
        self.fixed.copy_from_slice(&self.data.offset);
        self.data.rows.add_fixed(beta, &mut self.fixed);
        self.evaluate(lambda, psi)
    }

    /// Weights and weighted response of the linear model whose solution is the next step towards
    /// the joint mode of fixed and random effects.
    pub(super) fn working_response(&self, psi: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut weights: Vec<f64> = self.densities.iter().map(|d| -d.second).collect();
        for i in 0..weights.len() {
            if weights[i] <= 0.0 {
                let row = &self.data.observations[i];
                let expected = self.family.information(row, self.eta[i], psi);
                weights[i] = self.data.counts[i] * expected;
            }
        }
        let right = (0..weights.len())
            .map(|i| self.densities[i].first + weights[i] * (self.eta[i] - self.data.offset[i]))
            .collect();
        (weights, right)
    }

    /// Sets η, densities and g at the present u.
    fn evaluate(&mut self, lambda: &[Vec<f64>], psi: &[f64]) -> f64 {
        forward(lambda, &self.u, &mut self.b);
        self.random.fill(0.0);
        self.data.rows.add_random(&self.b, &mut self.random);
        for ((eta, fixed), random) in self.eta.iter_mut().zip(&self.fixed).zip(&self.random) {
            *eta = fixed + random;
        }
        densities(
            &self.data,
            &*self.family,
            &self.eta,
            psi,
            &mut self.densities,
        );
        let likelihood: f64 = self.densities.iter().map(|d| d.value).sum();
        let penalty: f64 = self.u.iter().flatten().map(|u| u * u).sum();
        self.penalised = penalty - 2.0 * likelihood;
        if self.penalised.is_nan() {
            self.penalised = f64::INFINITY;
        }
        self.penalised
    }

    /// Factors H at the present η; says whether the weights are the observed ones. Where these
    /// give no positive definite H, the expected ones take the place of those that are not
    /// positive: the step still descends.
    fn factor(&mut self, theta: &[f64], psi: &[f64]) -> Option<(f64, bool)> {
        self.steps += 1;
        for (w, d) in self.weights.iter_mut().zip(&self.densities) {
            *w = -d.second;
        }
        self.prepare();
        if let Some(value) = self.system.value(theta) {
            return Some((value.log_det, true));
        }
        for i in 0..self.weights.len() {
            let expected = self
                .family
                .information(&self.data.observations[i], self.eta[i], psi);
            self.weights[i] = self.weights[i].max(self.data.counts[i] * expected);
        }
        self.prepare();
        Some((self.system.value(theta)?.log_det, false))
    }

    /// Loads the system with the weights, and with ℓ' + WZb as the response.
    fn prepare(&mut self) {
        for i in 0..self.weights.len() {
            self.right[i] = self.densities[i].first + self.weights[i] * self.random[i];
        }
        self.statistics
            .reweigh(&self.data.rows, &self.weights, &self.right);
        self.system.load(&self.statistics);
    }

    /// q = ΛH⁻¹Λ'Z'r and t = Z'(r − WZq) at the last mode, with the observed curvature.
    pub fn solve(&mut self, r: &[f64], q: &mut [Vec<f64>], t: &mut [Vec<f64>]) {
        if self.expected {
            self.statistics.reweigh(&self.data.rows, &self.weights, r);
        } else {
            self.statistics.replace_response(&self.data.rows, r);
        }
        self.system.load(&self.statistics);
        self.system.again();
        self.system.random_solution(q, t);
    }

    /// Whether W is the expected information in place of the observed curvature.
    pub fn expects(&self) -> bool {
        self.expected
    }

    /// h_i = z_i'Cz_i of every row.
    pub fn row_variances(&self, spread: &Spread, out: &mut Vec<f64>) {
        let rows = &self.data.rows;
        let widths: Vec<usize> = self.data.layout.factors.iter().map(|f| f.width).collect();
        out.clear();
        out.resize(rows.rows, 0.0);
        for (f, &k) in widths.iter().enumerate() {
            match k {
                0 => {}
                1 => {
                    let faces = rows.codes[f].iter().zip(&rows.z[f]);
                    for (h, (&code, z)) in out.iter_mut().zip(faces) {
                        *h += z * z * spread.own[f][code as usize];
                    }
                }
                _ => {
                    let faces = rows.codes[f].iter().zip(rows.z[f].chunks_exact(k));
                    for (h, (&code, z)) in out.iter_mut().zip(faces) {
                        let c = &spread.own[f][code as usize * k * k..][..k * k];
                        *h += bilinear(z, c, z);
                    }
                }
            }
        }
        let mut index = 0;
        for b in 0..widths.len() {
            for a in 0..b {
                let (ka, kb) = (widths[a], widths[b]);
                if ka > 0 && kb > 0 {
                    let faces = rows.z[a].chunks_exact(ka).zip(rows.z[b].chunks_exact(kb));
                    let slots = rows.slots[index].iter().zip(faces);
                    for (h, (&slot, (za, zb))) in out.iter_mut().zip(slots) {
                        let c = &spread.pairs[index][slot as usize * ka * kb..][..ka * kb];
                        *h += 2.0 * bilinear(za, c, zb);
                    }
                }
                index += 1;
            }
        }
    }
}

#[inline]
fn bilinear(x: &[f64], c: &[f64], y: &[f64]) -> f64 {
    x.iter()
        .zip(c.chunks_exact(y.len()))
        .map(|(x, row)| x * row.iter().zip(y).map(|(c, y)| c * y).sum::<f64>())
        .sum()
}

/// b = Λu, level by level.
pub(super) fn forward(lambda: &[Vec<f64>], u: &[Vec<f64>], b: &mut [Vec<f64>]) {
    for ((l, u), b) in lambda.iter().zip(u).zip(b) {
        let k = l.len().isqrt();
        if k == 0 {
            continue;
        }
        for (u, b) in u.chunks_exact(k).zip(b.chunks_exact_mut(k)) {
            for i in 0..k {
                b[i] = (0..=i).map(|c| l[i * k + c] * u[c]).sum();
            }
        }
    }
}

/// u = Λ'v, level by level.
pub(super) fn transposed(lambda: &[Vec<f64>], v: &[Vec<f64>], u: &mut [Vec<f64>]) {
    for ((l, v), u) in lambda.iter().zip(v).zip(u) {
        let k = l.len().isqrt();
        if k == 0 {
            continue;
        }
        for (v, u) in v.chunks_exact(k).zip(u.chunks_exact_mut(k)) {
            for i in 0..k {
                u[i] = (i..k).map(|c| l[c * k + i] * v[c]).sum();
            }
        }
    }
}
