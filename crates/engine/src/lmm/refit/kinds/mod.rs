//! The criterion of one grouping factor for one response after another.
//!
//! Levels with the same Z'WZ and Z'WX are of one *kind*: whatever θ is, they share M, W and all
//! that follows, and of their responses only Σ Z'y and Σ (Z'y)(Z'y)' count. Balanced designs have
//! few kinds (sleepstudy one for 18 subjects, a randomised trial one an arm), so an evaluation
//! costs as much as a handful of levels; where all levels differ each is a kind of its own. The
//! formulas are those of `lmm::criterion` and `blocks::lanes`, with sums over a kind in place of
//! levels:
//!
//! C = WW',  S −= n T'CT,  B = I − AC,  K = BA,  N = BX,  Σ vv' = B Σ(r − Xβ)(r − Xβ)' B',
//! Σ g_i'Kg_j = tr(D_iKD_j Σ vv').
//!
//! Nothing is allocated between two responses.

mod derivatives;
mod kernel;

use std::collections::HashMap;

use super::small::{backward, factor, forward, inverse};
use crate::blocks::Lane;
use crate::layout::{Entry, Layout};
use crate::statistics::{ResponseProducts, Statistics};
use kernel::Kernel;

/// Kinds from which lanes of eight are worth their padding.
const MANY: usize = 4;
/// Widest faces; beyond, the small matrices are not small.
const WIDEST: usize = 6;

/// The criterion with its parts at the last θ.
pub(super) struct Kinds {
    kernel: Either,
    place: Vec<u32>,
    entries: Vec<Entry>,
    k: usize,
    p: usize,
    reml: bool,
    degrees: f64,
    shift: f64,
    /// X'WX, lower triangle by rows.
    corner: Vec<f64>,
    fixed: Vec<f64>,
    square: f64,
    lambda: Vec<f64>,
    directions: Vec<f64>,
    root: Vec<f64>,
    /// (X'V⁻¹X)⁻¹ at the last derivatives.
    covariance: Vec<f64>,
    sums: Vec<f64>,
    /// θ of the last evaluation.
    pub theta: Vec<f64>,
    /// The criterion there, y'Py and β in standard units.
    pub value: f64,
    pub pwrss: f64,
    pub beta: Vec<f64>,
    /// Derivatives at the last θ they were asked for: by θ, a model of the second ones, and Q with its
    /// first term.
    pub gradient: Vec<f64>,
    pub hessian: Vec<f64>,
    pub score: Vec<f64>,
    pub information: Vec<f64>,
    pub evaluations: usize,
}

enum Either {
    Plain(Box<Kernel<f64>>),
    Lanes(Box<Kernel<Lane>>, pulp::Arch),
}

impl Kinds {
    /// For models with one grouping factor of a small width; `None` for all others. `shift` is what
    /// the criterion has beside log-determinants and the sum of squares.
    pub fn new(statistics: &Statistics, reml: bool, degrees: f64, shift: f64) -> Option<Self> {
        let layout = statistics.layout();
        let [only] = layout.factors.as_slice() else {
            return None;
        };
        let (k, p) = (only.width, layout.fixed);
        if k == 0 || k > WIDEST || p == 0 {
            return None;
        }
        let (mut kinds, mut place): (Vec<(usize, usize)>, Vec<u32>) = (Vec::new(), Vec::new());
        let mut seen: HashMap<Vec<u64>, u32> = HashMap::new();
        for level in 0..only.levels {
            let next = kinds.len() as u32;
            let kind = *seen.entry(key(statistics, level)).or_insert(next);
            if kind == next {
                kinds.push((level, 0));
            }
            kinds[kind as usize].1 += 1;
            place.push(kind);
        }
        let corner = statistics.corner();
        let t = p + 1;
        let entries = layout.entries();
        let m = entries.len();
        Some(Self {
            kernel: if kinds.len() < MANY {
                Either::Plain(Box::new(Kernel::new(statistics, &kinds, m)))
            } else {
                Either::Lanes(
                    Box::new(Kernel::new(statistics, &kinds, m)),
                    pulp::Arch::new(),
                )
            },
            place,
            k,
            p,
            reml,
            degrees,
            shift,
            corner: (0..p * p)
                .map(|at| corner[(at % p).min(at / p) * t + (at % p).max(at / p)])
                .collect(),
            fixed: vec![0.0; p],
            square: 0.0,
            lambda: vec![0.0; k * k],
            directions: vec![0.0; m * k * k],
            root: vec![0.0; t * t],
            covariance: vec![0.0; p * p],
            sums: vec![0.0; t * t + 2 * k * k + 2 * m * m + m * p + m * p * p + 1],
            theta: vec![0.0; m],
            value: f64::NAN,
            pwrss: f64::NAN,
            beta: vec![0.0; p],
            gradient: vec![0.0; m],
            hessian: vec![0.0; m * m],
            score: vec![0.0; k * k],
            information: vec![0.0; k * k],
            evaluations: 0,
            entries,
        })
    }

    /// Takes up a response.
    pub fn load(&mut self, products: &ResponseProducts) {
        self.fixed.copy_from_slice(&products.fixed);
        self.square = products.square;
        self.evaluations = 0;
        self.value = f64::NAN;
        match &mut self.kernel {
            Either::Plain(kernel) => kernel.load(&self.place, &products.random[0]),
            Either::Lanes(kernel, _) => kernel.load(&self.place, &products.random[0]),
        }
    }

    /// The criterion at θ in standard units, infinite where it does not exist.
    pub fn at(&mut self, theta: &[f64]) -> f64 {
        if self.evaluations > 0 && self.theta == theta {
            return self.value;
        }
        let (k, p, t) = (self.k, self.p, self.p + 1);
        self.evaluations += 1;
        self.theta.copy_from_slice(theta);
        self.lambda.fill(0.0);
        for (entry, x) in self.entries.iter().zip(theta) {
            self.lambda[entry.row * k + entry.column] = *x;
        }
        let lambda = &self.lambda;
        // log|M|, r'Cr, X'Cr, X'CX.
        let sums = &mut self.sums[..2 + p + p * p];
        match &mut self.kernel {
            Either::Plain(kernel) => kernel.value(lambda, sums),
            Either::Lanes(kernel, arch) => arch.dispatch(
                #[inline(always)]
                || kernel.value(lambda, sums),
            ),
        }
        let (log_det, yy, of_y, of_x) = (sums[0], sums[1], &sums[2..2 + p], &sums[2 + p..]);
        for i in 0..p {
            for j in 0..=i {
                self.root[i * t + j] = self.corner[i * p + j] - of_x[i * p + j];
            }
            self.root[p * t + i] = self.fixed[i] - of_y[i];
        }
        self.root[p * t + p] = self.square - yy;
        if !factor(&mut self.root, t) {
            (self.value, self.pwrss) = (f64::INFINITY, f64::NAN);
            return self.value;
        }
        let pivot = self.root[p * t + p];
        self.pwrss = pivot * pivot;
        let fixed = if self.reml {
            let logs: f64 = (0..p).map(|i| self.root[i * t + i].ln()).sum();
            2.0 * logs
        } else {
            0.0
        };
        let scale = std::f64::consts::TAU * self.pwrss / self.degrees;
        self.value = log_det + fixed + self.degrees * (1.0 + scale.ln()) + self.shift;
        self.beta.copy_from_slice(&self.root[p * t..p * t + p]);
        backward(&self.root, t, p, &mut self.beta);
        if !self.value.is_finite() {
            self.value = f64::INFINITY;
        }
        self.value
    }

    /// Gradient, second derivatives and scores at the last θ. The second derivatives are average
    /// information with the curvature of ΛΛ', which is a good model from afar, or with `exact` those
    /// of the criterion, with which the last steps converge quadratically.
    pub fn derive(&mut self, exact: bool) {
        let (k, p, t, m) = (self.k, self.p, self.p + 1, self.entries.len());
        for (entry, change) in (self.entries.iter()).zip(self.directions.chunks_exact_mut(k * k)) {
            change.fill(0.0);
            for a in 0..k {
                let x = self.lambda[a * k + entry.column];
                change[entry.row * k + a] += x;
                change[a * k + entry.row] += x;
            }
        }
        inverse(&self.root, t, p, &mut self.covariance);
        let none: &[f64] = &[];
        let covariance = if self.reml { &self.covariance } else { none };
        let (directions, beta) = (&self.directions, &self.beta);
        let sums = &mut self.sums[..2 * k * k + 2 * m * m + m * p + m * p * p];
        match &mut self.kernel {
            Either::Plain(kernel) => {
                kernel.derivatives(directions, beta, covariance, exact, sums);
            }
            Either::Lanes(kernel, arch) => arch.dispatch(
                #[inline(always)]
                || kernel.derivatives(directions, beta, covariance, exact, sums),
            ),
        }
        let (information, rest) = sums.split_at_mut(k * k);
        let (residual, rest) = rest.split_at_mut(k * k);
        let (forms, rest) = rest.split_at_mut(m * m);
        let (projections, rest) = rest.split_at_mut(m * p);
        let (traces, between) = rest.split_at_mut(m * m);
        if exact && self.reml {
            // tr(ΦB_iΦB_j), with L⁻¹B_iL⁻ᵀ in the place of B_i.
            for b in between.chunks_exact_mut(p * p) {
                for _ in 0..2 {
                    for row in b.chunks_exact_mut(p) {
                        forward(&self.root, t, p, row);
                    }
                    for i in 0..p {
                        for j in 0..i {
                            b.swap(i * p + j, j * p + i);
                        }
                    }
                }
            }
            for i in 0..m {
                for j in 0..=i {
                    let (a, b) = (&between[i * p * p..], &between[j * p * p..]);
                    let products = a[..p * p].iter().zip(&b[..p * p]).map(|(x, y)| x * y);
                    traces[i * m + j] += products.sum::<f64>();
                }
            }
        }
        let weigh = if exact { 2.0 } else { 1.0 };
        let c = self.degrees / self.pwrss;
        for at in 0..k * k {
            self.score[at] = information[at] - c * residual[at];
        }
        self.information.copy_from_slice(information);
        for projection in projections.chunks_exact_mut(p) {
            forward(&self.root, t, p, projection);
        }
        for i in 0..m {
            let (entry, l) = (&self.entries[i], &self.lambda);
            let through = |matrix: &[f64]| -> f64 {
                let row = &matrix[entry.row * k..(entry.row + 1) * k];
                let products = (0..k).map(|a| row[a] * l[a * k + entry.column]);
                2.0 * products.sum::<f64>()
            };
            self.gradient[i] = through(&self.score);
            // ∂r/∂θ_i stands on the diagonal until all other elements have it.
            self.hessian[i * m + i] = -through(residual);
        }
        for i in 0..m {
            for j in 0..i {
                let half: f64 = (projections[i * p..(i + 1) * p].iter())
                    .zip(&projections[j * p..(j + 1) * p])
                    .map(|(x, y)| x * y)
                    .sum();
                let (ri, rj) = (self.hessian[i * m + i], self.hessian[j * m + j]);
                let mut sum = weigh * c * (forms[i * m + j] - half) - c / self.pwrss * ri * rj;
                if exact {
                    sum -= traces[i * m + j];
                }
                sum += curvature(&self.entries, &self.score, k, i, j);
                self.hessian[i * m + j] = sum;
                self.hessian[j * m + i] = sum;
            }
        }
        for i in 0..m {
            let own = &projections[i * p..(i + 1) * p];
            let half: f64 = own.iter().map(|x| x * x).sum();
            let r = self.hessian[i * m + i];
            let trace = if exact { traces[i * m + i] } else { 0.0 };
            self.hessian[i * m + i] =
                weigh * c * (forms[i * m + i] - half) - trace - c / self.pwrss * r * r
                    + curvature(&self.entries, &self.score, k, i, i);
        }
    }
}

/// 2Q of two entries of one column of one block.
fn curvature(entries: &[Entry], score: &[f64], k: usize, i: usize, j: usize) -> f64 {
    let (a, b) = (&entries[i], &entries[j]);
    if (a.term, a.column) == (b.term, b.column) {
        2.0 * score[a.row * k + b.row]
    } else {
        0.0
    }
}

/// Everything about the design of a level, bit by bit.
fn key(statistics: &Statistics, level: usize) -> Vec<u64> {
    let layout: &Layout = statistics.layout();
    let (k, t) = (layout.factors[0].width, layout.fixed + 1);
    let own = statistics.own(0, level);
    let lower = (0..k).flat_map(|i| own[i * k..i * k + i + 1].iter());
    let rows = statistics.tail(0, level).chunks_exact(t);
    lower
        .chain(rows.flat_map(|row| row[..t - 1].iter()))
        .map(|x| x.to_bits())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::Kinds;
    use crate::lmm::Criterion;
    use crate::support::data::sleepstudy;
    use crate::support::{Model, Rng, random_model, random_theta, relative};

    /// Value, gradient, both Hessians and scores are those of the criterion.
    fn same_as_the_criterion(model: &Model, theta: &[f64], reml: bool) {
        let statistics = model.statistics();
        let mut criterion = Criterion::new(&statistics, reml);
        let shift = criterion.shift();
        let Some(mut kinds) = Kinds::new(&statistics, reml, criterion.degrees(), shift) else {
            return;
        };
        kinds.load(&statistics.response_products());
        let value = criterion.at(theta);
        if !value.is_finite() {
            return;
        }
        assert!(
            relative(kinds.at(theta), value, 1.0) < 1e-9,
            "{} {value}",
            kinds.value
        );
        for exact in [false, true] {
            let found = if exact {
                criterion.exact_derivatives()
            } else {
                criterion.derivatives()
            };
            kinds.derive(exact);
            let close = |what: &str, a: &[f64], b: &[f64]| {
                let size = b.iter().fold(1e-6f64, |s, x| s.max(x.abs()));
                for (x, y) in a.iter().zip(b) {
                    assert!((x - y).abs() < 1e-7 * size, "{what} {exact}: {a:?} {b:?}");
                }
            };
            close("gradient", &kinds.gradient, &found.gradient);
            close("score", &kinds.score, &found.scores[0]);
            close("information", &kinds.information, &found.information[0]);
            close("hessian", &kinds.hessian, &found.hessian);
        }
    }

    #[test]
    fn balanced_and_other_designs() {
        for reml in [true, false] {
            same_as_the_criterion(&sleepstudy(true), &[1.3, 0.2, 0.5], reml);
            same_as_the_criterion(&sleepstudy(false), &[0.7, 0.0], reml);
            for seed in 1..200 {
                let mut rng = Rng(seed * 104_729);
                let rows = 12 + rng.below(60);
                let model = random_model(&mut rng, 1, 3, rows);
                let theta = random_theta(&mut rng, &model.layout, 0.2, 0.1);
                same_as_the_criterion(&model, &theta, reml);
            }
        }
    }
}
