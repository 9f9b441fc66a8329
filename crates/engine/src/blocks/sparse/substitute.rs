//! Back: conditional modes and Z'V⁻¹(response), from the solution of the root.

use super::Sparse;
use crate::blocks::Scores;
use crate::blocks::small::symmetric;

/// Conditional modes and Z'V⁻¹(response) node after node, with scratch for one face.
#[derive(Default)]
pub(in crate::blocks) struct Substituted {
    pub modes: Vec<f64>,
    pub residual: Vec<f64>,
    half: Vec<f64>,
    score: Vec<f64>,
}

impl Sparse {
    /// Conditional modes and Z'Py of every node, from the solution `d` of the root (effects,
    /// then β).
    pub fn back_substitute(&mut self, d: &[f64]) {
        let mut solution = std::mem::take(&mut self.solution);
        let (effects, beta) = d.split_at(self.plan.root_effects);
        self.substitute(self.tail - 1, effects, beta, &mut solution);
        self.solution = solution;
    }

    /// Modes and residual scores of every node for one column of \[X y\] as the response, given
    /// the root's effects and the fixed effects to subtract (none, or one for each column of X).
    pub fn substitute(&self, column: usize, root: &[f64], beta: &[f64], out: &mut Substituted) {
        for (j, node) in self.plan.nodes.iter().enumerate().rev() {
            let k = node.width;
            let (own, panel) = self.current(node);
            let scaled = &self.scaled[self.panel_range(node)];
            let w = &self.w[node.own..node.own + k * k];
            let at = (node.height + column) * k;
            let (t, v) = (&mut out.half[..k], &mut out.score[..k]);
            t.copy_from_slice(&scaled[at..at + k]);
            v.copy_from_slice(&panel[at..at + k]);
            let mut take = |row: usize, x: f64| {
                for a in 0..k {
                    t[a] -= scaled[row * k + a] * x;
                    v[a] -= panel[row * k + a] * x;
                }
            };
            let mut row = 0;
            for &r in &self.plan.blocks[node.blocks.clone()] {
                let first = self.start[r as usize];
                for a in 0..self.plan.nodes[r as usize].width {
                    take(row, out.modes[first + a]);
                    row += 1;
                }
            }
            for &r in &self.plan.root_rows[node.root.clone()] {
                take(row, root[r as usize]);
                row += 1;
            }
            for (x, &b) in beta.iter().enumerate() {
                take(row + x, b);
            }
            let start = self.start[j];
            for i in 0..k {
                out.modes[start + i] = (0..k).map(|c| w[i * k + c] * t[c]).sum();
            }
            for i in 0..k {
                let taken: f64 = (0..k)
                    .map(|m| symmetric(own, k, i, m) * out.modes[start + m])
                    .sum();
                out.residual[start + i] = v[i] - taken;
            }
        }
    }

    /// Room for [`Sparse::substitute`].
    pub fn room(&self) -> Substituted {
        let (effects, widest) = (self.effects, self.widest);
        Substituted {
            modes: vec![0.0; effects],
            residual: vec![0.0; effects],
            half: vec![0.0; widest],
            score: vec![0.0; widest],
        }
    }

    /// The nodes with their residual scores in a solution.
    pub fn each_residual<'a>(
        &'a self,
        solution: &'a Substituted,
    ) -> impl Iterator<Item = (usize, &'a [f64])> {
        self.plan
            .nodes
            .iter()
            .zip(&self.start)
            .map(|(node, &start)| (node.factor, &solution.residual[start..start + node.width]))
    }

    /// Adds −c Σ v v' and the derivatives of y'Py for the nodes.
    pub fn residual_terms(&self, scores: &mut Scores) {
        for (j, node) in self.plan.nodes.iter().enumerate() {
            scores.add_residual(
                node.factor,
                &self.solution.residual[self.start[j]..self.start[j] + node.width],
            );
        }
    }

    /// Factor, level, conditional mode and residual score of every node.
    pub fn each_solution(&self, visit: &mut impl FnMut(usize, usize, &[f64], &[f64])) {
        for (j, node) in self.plan.nodes.iter().enumerate() {
            let range = self.start[j]..self.start[j] + node.width;
            visit(
                node.factor,
                node.level,
                &self.solution.modes[range.clone()],
                &self.solution.residual[range],
            );
        }
    }

    /// Conditional modes, level by level.
    pub fn each_mode(&self, mut visit: impl FnMut(usize, usize, &[f64])) {
        for (j, node) in self.plan.nodes.iter().enumerate() {
            visit(
                node.factor,
                node.level,
                &self.solution.modes[self.start[j]..self.start[j] + node.width],
            );
        }
    }
}
