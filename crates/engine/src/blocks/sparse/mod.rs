//! Elimination node by node: the kernel for crossed, nested and mixed designs.
//!
//! Every node j owns K × K numbers S_jj and a panel S_rj: one row for each later effect it
//! couples to and, last, for each column of X and y. Elimination subtracts (S_rj W)(S_rj W)'
//! from what is later. Going back, each node gets its conditional mode, Z_j'Py, Z_j'PZ_j and,
//! where an earlier node asks for it, its row of the joint covariance C̃ (the selected inverse
//! of Takahashi, Fagan and Chen, 1973, in blocks and without division by Λ).

mod eliminate;
mod information;
mod inverse;
mod places;
mod substitute;

use super::face::FaceScratch;
use super::plan::{Node, Plan};
use crate::statistics::Statistics;
use eliminate::DenseUpdate;
pub(super) use inverse::Covariance;
use places::Places;
pub(super) use substitute::Substituted;

/// Columns that blocked arithmetic collects before it runs.
const UPDATE_COLUMNS: usize = 256;

/// The nodes of a plan with their numbers.
pub(crate) struct Sparse {
    pub(super) plan: Plan,
    /// p + 1.
    pub(super) tail: usize,
    /// As the statistics have them.
    own: Vec<f64>,
    panel: Vec<f64>,
    /// Where crossproducts between levels stand in the panels.
    pub(super) places: Places,
    /// As elimination leaves them, for nodes that are not leaves; at the same offsets.
    work_own: Vec<f64>,
    work_panel: Vec<f64>,
    /// W of every node and S_rj W of every panel.
    pub(super) w: Vec<f64>,
    pub(super) scaled: Vec<f64>,
    /// C̃_jj and C̃_rj (over effects and X) of nodes that are not leaves.
    pub(super) covariance_own: Vec<f64>,
    pub(super) covariance_panel: Vec<f64>,
    /// Where a node's random effects begin in vectors over all nodes.
    start: Vec<usize>,
    /// Random effects in all nodes, and the widest face.
    effects: usize,
    widest: usize,
    solution: Substituted,
    /// Whether C̃ is wanted at leaves too.
    all: bool,
    scratch: FaceScratch<f64>,
    update: DenseUpdate,
}

impl Sparse {
    /// Lays the statistics out along a plan.
    pub fn new(statistics: &Statistics, plan: Plan) -> Self {
        let layout = statistics.layout();
        let tail = layout.fixed + 1;
        let mut start = Vec::with_capacity(plan.nodes.len());
        let mut effects = 0;
        for node in &plan.nodes {
            start.push(effects);
            effects += node.width;
        }
        let places = Places::new(statistics, &plan);
        let widest = plan.nodes.iter().map(|n| n.width).max().unwrap_or(0);
        let inner = plan.nodes.iter().any(|n| !n.leaf);
        let (inner_own, inner_panel) = if inner {
            (plan.own_size, plan.panel_size)
        } else {
            (0, 0)
        };
        let dense = plan
            .nodes
            .iter()
            .any(|n| Self::covers_root(n, plan.root_effects));
        let size = plan.root_effects + tail;
        let mut out = Self {
            tail,
            w: vec![0.0; plan.own_size],
            scaled: vec![0.0; plan.panel_size],
            work_own: vec![0.0; inner_own],
            work_panel: vec![0.0; inner_panel],
            covariance_own: vec![0.0; inner_own],
            covariance_panel: vec![0.0; inner_panel],
            own: vec![0.0; plan.own_size],
            panel: vec![0.0; plan.panel_size],
            places,
            start,
            effects,
            widest,
            solution: Substituted::default(),
            all: false,
            scratch: FaceScratch::new(widest),
            update: DenseUpdate {
                buffer: if dense {
                    vec![0.0; size * (UPDATE_COLUMNS + widest)]
                } else {
                    Vec::new()
                },
                used: 0,
            },
            plan,
        };
        out.solution = out.room();
        out.load(statistics);
        out
    }

    /// Takes up the numbers of statistics with the same pattern.
    pub fn load(&mut self, statistics: &Statistics) {
        let tail = self.tail;
        for node in &self.plan.nodes {
            let k = node.width;
            self.own[node.own..node.own + k * k]
                .copy_from_slice(statistics.own(node.factor, node.level));
            let rows = statistics.tail(node.factor, node.level);
            let out = &mut self.panel
                [node.panel + node.height * k..node.panel + (node.height + tail) * k];
            for x in 0..tail {
                for a in 0..k {
                    out[x * k + a] = rows[a * tail + x];
                }
            }
        }
        self.places.write(statistics, &mut self.panel);
    }

    /// Takes up Z'Wy of another response.
    pub fn set_response(&mut self, random: &[Vec<f64>]) {
        for node in &self.plan.nodes {
            let k = node.width;
            let at = node.panel + (node.height + self.tail - 1) * k;
            self.panel[at..at + k]
                .copy_from_slice(&random[node.factor][node.level * k..(node.level + 1) * k]);
        }
    }

    /// Whether a node's panel is worth blocked arithmetic: it must meet nothing but the root, and
    /// much of that.
    pub(super) fn covers_root(node: &Node, root_effects: usize) -> bool {
        let rows = node.root.len();
        node.leaf && node.blocks.is_empty() && 4 * rows > root_effects && rows > 32
    }

    pub(super) fn panel_range(&self, node: &Node) -> std::ops::Range<usize> {
        node.panel..node.panel + (node.height + self.tail) * node.width
    }

    /// Z_j'Py of a node, from the last back-substitution.
    pub(super) fn residual(&self, j: usize) -> &[f64] {
        let start = self.start[j];
        &self.solution.residual[start..start + self.plan.nodes[j].width]
    }

    /// S_jj and the panel of a node as its elimination meets them.
    pub(super) fn current(&self, node: &Node) -> (&[f64], &[f64]) {
        let (own, panel) = if node.leaf {
            (&self.own, &self.panel)
        } else {
            (&self.work_own, &self.work_panel)
        };
        (
            &own[node.own..node.own + node.width * node.width],
            &panel[self.panel_range(node)],
        )
    }
}
