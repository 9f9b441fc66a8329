//! The same system again and again with other weights: what a generalised model asks of it.
//!
//! Its layout has no fixed effects: they are held by whoever sets the weights. So V = ZΛΛ'Z' + W⁻¹,
//! P = V⁻¹, and with r in the place of the weighted response a solution is b = Λ(Λ'Z'WZΛ + I)⁻¹Λ'Z'r
//! and v = Z'(r − WZb), for which b = ΛΛ'v.

use super::{Kernel, Known, System};
use crate::blocks::lanes::Lanes;
use crate::blocks::plan::Plan;
use crate::blocks::root::Root;
use crate::statistics::Statistics;

/// The covariance Λ(Λ'Z'WZΛ + I)⁻¹Λ' of the random effects given the data, where rows ask for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spread {
    /// By factor: K × K numbers a level.
    pub own: Vec<Vec<f64>>,
    /// By pair of factors a < b: K_a × K_b numbers for each pair of levels that a row has, in the
    /// order of the statistics.
    pub pairs: Vec<Vec<f64>>,
    /// Σ_f Z_f'V⁻¹Z_f by factor, K × K.
    pub information: Vec<Vec<f64>>,
}

impl System {
    /// For weights that will change: lanes for one grouping factor, else nodes and a dense root.
    pub fn for_weights(statistics: &Statistics) -> Self {
        let factors = &statistics.layout().factors;
        if factors.len() == 1 && factors[0].width > 0 {
            let root = Root::new(statistics, &Plan::default());
            return Self::assemble(statistics, Kernel::Lanes(Lanes::new(statistics)), root);
        }
        let mut out = Self::with_plan(statistics, Plan::new(statistics));
        if let Kernel::Nodes(nodes) = &mut out.kernel {
            nodes.keep_all();
        }
        out
    }

    /// Takes up the numbers of statistics with the same pattern.
    pub fn load(&mut self, statistics: &Statistics) {
        self.known = Known::default();
        self.root.load(statistics);
        match &mut self.kernel {
            Kernel::Lanes(lanes) => lanes.load(statistics),
            Kernel::Nodes(nodes) => nodes.load(statistics),
        }
    }

    /// Eliminates once more at the θ of the last value, after another response was loaded.
    pub fn again(&mut self) {
        self.known = Known::default();
        let lambda = std::mem::take(&mut self.lambda);
        self.root.reset();
        match &mut self.kernel {
            Kernel::Lanes(lanes) => lanes.eliminate(&lambda[0], &mut self.root),
            Kernel::Nodes(nodes) => nodes.eliminate(&lambda, &mut self.root),
        };
        // The matrix is the one that was factored before.
        let _ = self.root.factor(&lambda);
        self.lambda = lambda;
    }

    /// b and v at the θ of the last value, by factor and level.
    pub fn random_solution(&mut self, b: &mut [Vec<f64>], v: &mut [Vec<f64>]) {
        let lambda = &self.lambda;
        self.solution = self.root.solve(lambda, None);
        let mut put = |factor: usize, level: usize, mode: &[f64], score: &[f64]| {
            let at = level * mode.len();
            b[factor][at..at + mode.len()].copy_from_slice(mode);
            v[factor][at..at + mode.len()].copy_from_slice(score);
        };
        match &mut self.kernel {
            Kernel::Lanes(lanes) => {
                lanes.each_solution(&lambda[0], &self.solution, |level, mode, score| {
                    put(0, level, mode, score);
                });
            }
            Kernel::Nodes(nodes) => {
                nodes.back_substitute(&self.solution);
                nodes.each_solution(&mut put);
                let scores = self.root.residual_scores(&self.solution);
                for face in self.root.faces() {
                    let range = face.offset..face.offset + self.layout.factors[face.factor].width;
                    put(
                        face.factor,
                        face.level,
                        &self.solution[range.clone()],
                        &scores[range],
                    );
                }
            }
        }
    }

    /// The covariance of the random effects at the θ of the last value.
    pub fn spread(&mut self, out: &mut Spread) {
        // The root's covariance and the nodes' are without fixed effects from here on.
        self.known = Known::default();
        let factors = &self.layout.factors;
        out.own.resize(factors.len(), Vec::new());
        out.information.clear();
        for (own, factor) in out.own.iter_mut().zip(factors) {
            own.resize(factor.levels * factor.width * factor.width, 0.0);
            out.information.push(vec![0.0; factor.width * factor.width]);
        }
        match &mut self.kernel {
            Kernel::Lanes(lanes) => {
                let sums = lanes.derivatives(&self.lambda[0], &[], &[], &[], None);
                out.information[0] = sums.score;
                let (own, zeros) = (&mut out.own[0], vec![0.0; self.layout.fixed]);
                lanes.each_level(&self.lambda[0], &zeros, |level, _, covariance| {
                    let size = covariance.len();
                    own[level * size..(level + 1) * size].copy_from_slice(covariance);
                });
            }
            Kernel::Nodes(nodes) => {
                self.root
                    .covariance(&self.lambda, false, Some(&mut out.information));
                let n = self.root.covariance_size;
                for face in self.root.faces() {
                    let k = factors[face.factor].width;
                    let own = &mut out.own[face.factor][face.level * k * k..][..k * k];
                    for (i, row) in own.chunks_exact_mut(k).enumerate() {
                        let at = (face.offset + i) * n + face.offset;
                        row.copy_from_slice(&self.root.covariance[at..at + k]);
                    }
                }
                let own = &mut out.own;
                let mut visit = |factor: usize, level: usize, covariance: &[f64]| {
                    let size = covariance.len();
                    own[factor][level * size..(level + 1) * size].copy_from_slice(covariance);
                };
                nodes.selected_inverse(&self.root, &mut out.information, Some(&mut visit));
                nodes.places.read(
                    &nodes.covariance_panel,
                    &self.root.covariance,
                    n,
                    &mut out.pairs,
                );
            }
        }
    }
}
