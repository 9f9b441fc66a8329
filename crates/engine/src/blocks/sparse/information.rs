//! Forward once more: quadratic forms a_i'Pa_j of vectors a_i = Z g_i.

use super::Sparse;
use crate::blocks::Information;
use crate::blocks::root::Root;
use crate::blocks::small::symmetric;
use crate::blocks::steps::Steps;

impl Sparse {
    /// Adds this part to the quadratic forms F_ij = a_i'Pa_j of the vectors a_i = Z g_i, and to
    /// their projections on the root.
    pub fn information(&self, steps: &impl Steps, root: &Root, into: &mut Information) {
        let m = steps.count();
        let p = self.tail - 1;
        let lead = root.effects + p;
        // Z_j'V⁻¹a_i, pending at the nodes that are not leaves.
        let mut pending: Vec<Vec<f64>> = self
            .plan
            .nodes
            .iter()
            .map(|n| {
                if n.leaf {
                    Vec::new()
                } else {
                    vec![0.0; m * n.width]
                }
            })
            .collect();
        let nothing = vec![0.0; m * self.widest];
        let mut work = vec![0.0; 3 * m * self.widest];
        let all: Vec<usize> = (0..m).collect();
        for j in 0..self.plan.nodes.len() {
            let node = &self.plan.nodes[j];
            let k = node.width;
            let (own, panel) = self.current(node);
            let scaled = &self.scaled[self.panel_range(node)];
            let w = &self.w[node.own..node.own + k * k];
            let arrived = std::mem::take(&mut pending[j]);
            // A leaf has heard of no vector but those that move its own factor.
            let (active, incoming) = if node.leaf {
                (steps.moving(node.factor), &nothing)
            } else {
                (&all[..], &arrived)
            };
            let (g, rest) = work.split_at_mut(m * k);
            let (sg, half) = rest.split_at_mut(m * k);
            steps.node(j, node, g);
            for &i in active {
                let (gi, total) = (&g[i * k..(i + 1) * k], i * k);
                for a in 0..k {
                    sg[total + a] = (0..k).map(|b| symmetric(own, k, a, b) * gi[b]).sum();
                }
                for c in 0..k {
                    half[total + c] = (0..k)
                        .map(|b| w[b * k + c] * (incoming[total + b] + sg[total + b]))
                        .sum();
                }
            }
            for (at, &i) in active.iter().enumerate() {
                let partners = active[..=at].partition_point(|&h| h < steps.first_partner(i));
                for &h in &active[partners..=at] {
                    let mut sum = 0.0;
                    for a in 0..k {
                        let (x, y) = (i * k + a, h * k + a);
                        sum +=
                            g[x] * (incoming[y] + sg[y]) + incoming[x] * g[y] - half[x] * half[y];
                    }
                    into.add(i, h, sum);
                }
            }
            // What is left for later rows: S_rj g − (S_rj W) W'(…).
            for &i in active {
                let (gi, hi) = (&g[i * k..(i + 1) * k], &half[i * k..(i + 1) * k]);
                let value = |e: usize| -> f64 {
                    (0..k)
                        .map(|a| panel[e * k + a] * gi[a] - scaled[e * k + a] * hi[a])
                        .sum()
                };
                let mut row = 0;
                for &r in &self.plan.blocks[node.blocks.clone()] {
                    let kr = self.plan.nodes[r as usize].width;
                    for a in 0..kr {
                        pending[r as usize][i * kr + a] += value(row);
                        row += 1;
                    }
                }
                let projection = &mut into.projections[i * lead..(i + 1) * lead];
                for &r in &self.plan.root_rows[node.root.clone()] {
                    projection[r as usize] += value(row);
                    row += 1;
                }
                for x in 0..p {
                    projection[root.effects + x] += value(row + x);
                }
            }
        }
    }
}
