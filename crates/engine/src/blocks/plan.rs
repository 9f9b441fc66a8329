//! In which order the random effects are eliminated, and which of them one by one.
//!
//! The levels of all grouping factors are the nodes of a graph; two are joined when they meet
//! in a row. Eliminating a node joins all its later neighbours. Taken from the factor with the
//! most levels to that with the fewest, nested designs never fill in at all (a pupil touches
//! one class and one school), and crossed designs fill in once the first factor is gone. So the
//! nodes before a split point are eliminated one by one with small dense arithmetic, and all
//! that follow form one dense *root* together with X and y. The split point is the one with
//! the smallest predicted cost. Fill-reducing orders (approximate minimum degree) were measured
//! against this natural order and were never better, while their analysis took three times as
//! long.

use std::ops::Range;

use crate::statistics::Statistics;

/// One level of a grouping factor in the part that is eliminated node by node.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The grouping factor.
    pub factor: usize,
    /// The level.
    pub level: usize,
    /// Columns of the face, K.
    pub width: usize,
    /// Later nodes of this part that it couples to: a range of [`Plan::blocks`].
    pub blocks: Range<usize>,
    /// Scalar rows of the root that it couples to: a range of [`Plan::root_rows`].
    pub root: Range<usize>,
    /// Scalar rows of its panel before the p + 1 rows of X and y.
    pub height: usize,
    /// Where its K × K numbers begin.
    pub own: usize,
    /// Where its (height + p + 1) × K numbers begin.
    pub panel: usize,
    /// Where its entries of [`Plan::relative`] begin.
    pub relative: usize,
    /// True when no earlier node couples to it, so that elimination never changes its numbers.
    pub leaf: bool,
}

/// One level of a grouping factor in the root.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RootFace {
    /// The grouping factor.
    pub factor: usize,
    /// The level.
    pub level: usize,
    /// First scalar row in the root.
    pub offset: usize,
}

/// The order of elimination and everything about it that does not change with θ.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// Nodes eliminated one by one, in order.
    pub nodes: Vec<Node>,
    /// Later nodes that a node couples to.
    pub blocks: Vec<u32>,
    /// Rows of the root that a node couples to.
    pub root_rows: Vec<u32>,
    /// For a node j and each block r it couples to: where the rows of j's panel that come after
    /// block r stand in the panel of r.
    pub relative: Vec<u32>,
    /// The levels in the root.
    pub root_faces: Vec<RootFace>,
    /// Random effects in the root.
    pub root_effects: usize,
    /// Numbers in all K × K blocks.
    pub own_size: usize,
    /// Numbers in all panels.
    pub panel_size: usize,
    /// Predicted nanoseconds of one evaluation with derivatives.
    pub cost: f64,
}

/// Nanoseconds a multiply-add takes in the gather and scatter of single nodes, and in dense
/// blocked arithmetic (measured on crossed and nested designs of 10³ to 10⁵ levels).
const SPARSE_NANOSECONDS: f64 = 1.0;
const DENSE_NANOSECONDS: f64 = 0.06;

impl Plan {
    /// The cheapest plan among the natural orders.
    pub fn new(statistics: &Statistics) -> Plan {
        let factors = &statistics.layout().factors;
        let mut by_levels: Vec<usize> = (0..factors.len())
            .filter(|&f| factors[f].width > 0)
            .collect();
        by_levels.sort_by_key(|&f| std::cmp::Reverse(factors[f].levels));
        let mut by_effects = by_levels.clone();
        by_effects.sort_by_key(|&f| std::cmp::Reverse(factors[f].levels * factors[f].width));
        let first = Self::of_order(statistics, &by_levels);
        if by_effects == by_levels {
            return first;
        }
        let second = Self::of_order(statistics, &by_effects);
        if second.cost < 0.8 * first.cost {
            second
        } else {
            first
        }
    }

    /// The plan with every level in the root: the plain dense twin of all others.
    #[cfg(test)]
    pub fn all_in_root(statistics: &Statistics) -> Plan {
        let order: Vec<usize> = (0..statistics.layout().factors.len()).collect();
        Self::assemble(statistics, &Graph::new(statistics, &order), Vec::new())
    }

    /// The first `split` nodes of an order one by one and the others in the root, whatever it
    /// costs; fill-in by its definition.
    #[cfg(test)]
    pub fn split_at(statistics: &Statistics, order: &[usize], split: usize) -> Plan {
        let graph = Graph::new(statistics, order);
        let mut structures = graph.later.clone();
        for j in 0..split {
            structures[j].sort_unstable();
            structures[j].dedup();
            let structure = structures[j].clone();
            for (at, &r) in structure.iter().enumerate() {
                structures[r as usize].extend(&structure[at + 1..]);
            }
        }
        structures.truncate(split);
        Self::assemble(statistics, &graph, structures)
    }

    fn of_order(statistics: &Statistics, order: &[usize]) -> Plan {
        let graph = Graph::new(statistics, order);
        let tail = statistics.layout().fixed + 1;
        let dense = |effects: usize| {
            let r = (effects + tail) as f64;
            DENSE_NANOSECONDS * r * r * r + 4.0 * r * r
        };
        let mut remaining = statistics.layout().random_effects();
        let mut spent = 0.0;
        let (mut best, mut split) = (dense(remaining), 0);
        let mut structures: Vec<Vec<u32>> = Vec::new();
        let mut children: Vec<Vec<u32>> = vec![Vec::new(); graph.nodes.len()];
        for j in 0..graph.nodes.len() {
            let mut structure = graph.later[j].clone();
            for &child in &children[j] {
                structure.extend(
                    structures[child as usize]
                        .iter()
                        .filter(|&&r| r as usize != j),
                );
            }
            structure.sort_unstable();
            structure.dedup();
            let width = graph.width(j) as f64;
            let rows: usize = structure.iter().map(|&r| graph.width(r as usize)).sum();
            let rows = rows as f64;
            // The panel of a leaf that covers much of the root goes through blocked arithmetic.
            let leaf = children[j].is_empty();
            let rate = if leaf && 4.0 * rows > remaining as f64 && rows > 32.0 {
                2.0 * DENSE_NANOSECONDS
            } else {
                SPARSE_NANOSECONDS
            };
            spent += width
                * (rate * rows * rows + 2.0 * (rows + tail as f64) * tail as f64 + 20.0 * width);
            if spent > best {
                break;
            }
            children[j] = Vec::new();
            remaining -= graph.width(j);
            if let Some(&parent) = structure.first() {
                children[parent as usize].push(j as u32);
            }
            structures.push(structure);
            let total = spent + dense(remaining);
            if total <= best {
                best = total;
                split = j + 1;
            }
        }
        structures.truncate(split);
        let mut plan = Self::assemble(statistics, &graph, structures);
        plan.cost = best;
        plan
    }

    /// Lays out storage for the nodes whose structures are given; the others form the root.
    fn assemble(statistics: &Statistics, graph: &Graph, structures: Vec<Vec<u32>>) -> Plan {
        let tail = statistics.layout().fixed + 1;
        let split = structures.len();
        let mut plan = Plan::default();
        let mut root_offset = vec![0; graph.nodes.len()];
        for j in split..graph.nodes.len() {
            let (factor, level) = graph.nodes[j];
            root_offset[j] = plan.root_effects;
            plan.root_faces.push(RootFace {
                factor,
                level,
                offset: plan.root_effects,
            });
            plan.root_effects += graph.width(j);
        }
        let mut touched = vec![false; split];
        for (j, structure) in structures.iter().enumerate() {
            let (factor, level) = graph.nodes[j];
            let width = graph.width(j);
            let cut = structure.partition_point(|&r| (r as usize) < split);
            let blocks = plan.blocks.len()..plan.blocks.len() + cut;
            for &r in &structure[..cut] {
                touched[r as usize] = true;
                plan.blocks.push(r);
            }
            let root_start = plan.root_rows.len();
            for &r in &structure[cut..] {
                let offset = root_offset[r as usize];
                plan.root_rows
                    .extend((0..graph.width(r as usize)).map(|a| (offset + a) as u32));
            }
            let height: usize = structure.iter().map(|&r| graph.width(r as usize)).sum();
            plan.nodes.push(Node {
                factor,
                level,
                width,
                blocks,
                root: root_start..plan.root_rows.len(),
                height,
                own: plan.own_size,
                panel: plan.panel_size,
                relative: 0,
                leaf: !touched[j],
            });
            plan.own_size += width * width;
            plan.panel_size += (height + tail) * width;
        }
        plan.find_relative(&structures, graph);
        plan
    }

    fn find_relative(&mut self, structures: &[Vec<u32>], graph: &Graph) {
        for (j, structure) in structures.iter().enumerate() {
            self.nodes[j].relative = self.relative.len();
            for i in 0..self.nodes[j].blocks.len() {
                let (mut at, mut row) = (0, 0);
                let host = &structures[structure[i] as usize];
                for &r in &structure[i + 1..] {
                    while host[at] != r {
                        row += graph.width(host[at] as usize);
                        at += 1;
                    }
                    let width = graph.width(r as usize);
                    self.relative.extend((row..row + width).map(|x| x as u32));
                }
            }
        }
    }
}

/// All levels as nodes in elimination order, with their later neighbours.
struct Graph {
    /// (factor, level) of each node.
    nodes: Vec<(usize, usize)>,
    /// Neighbours with a larger number.
    later: Vec<Vec<u32>>,
    widths: Vec<usize>,
}

impl Graph {
    fn new(statistics: &Statistics, order: &[usize]) -> Self {
        let factors = &statistics.layout().factors;
        let widths = factors.iter().map(|f| f.width).collect();
        let mut start = vec![0u32; factors.len()];
        let mut nodes = Vec::new();
        for &f in order {
            start[f] = nodes.len() as u32;
            nodes.extend((0..factors[f].levels).map(|level| (f, level)));
        }
        let mut later = vec![Vec::new(); nodes.len()];
        for b in 0..factors.len() {
            for a in 0..b {
                if factors[a].width == 0 || factors[b].width == 0 {
                    continue;
                }
                for ((x, y), _) in statistics.pairs(a, b).iter() {
                    let (x, y) = (start[a] + x, start[b] + y);
                    later[x.min(y) as usize].push(x.max(y));
                }
            }
        }
        Self {
            nodes,
            later,
            widths,
        }
    }

    fn width(&self, node: usize) -> usize {
        self.widths[self.nodes[node].0]
    }
}
