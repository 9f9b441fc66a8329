//! What elimination leaves behind, kept to ask for variances of rows.
//!
//! Henderson's matrix over (b, β), scaled by D = blkdiag(Λ, I), is Ω = LL', and the joint
//! covariance of (b̂ − b, β̂ − β) relative to σ² is C̃ = DΩ⁻¹D'. A row a = (z, x) touches one level
//! of each grouping factor, and its variance is a'C̃a = ‖L⁻¹D'a‖². Forward substitution visits
//! the nodes of the row and those later ones they couple to: at node j
//!
//! h = W_j'a_j,  a_r ← a_r − (S_rj W_j)h for the rows r of its panel,
//!
//! and ‖h‖² is what the node adds. What arrives at the root is a sparse vector again, and there
//! C̃ itself is at hand. For one grouping factor this is the closed form z'WW'z + x̃'Φx̃ with
//! x̃ = x − B'z and B = GZ'V⁻¹X. Nothing divides by Λ, so singular covariances are no special
//! case, and C̃, which has a row for every random effect, is never formed.

mod draws;
mod gram;
mod square;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

pub(crate) use draws::RootFactor;

use super::plan::{Plan, RootFace};
use super::root::Root;
use crate::layout::Layout;

/// Where a level is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    /// A node, by position.
    Node(u32),
    /// First row in the root.
    Root(u32),
    /// A factor without columns.
    Nowhere,
}

/// One eliminated level.
#[derive(Clone, Debug)]
struct KeptNode {
    factor: u32,
    level: u32,
    width: usize,
    /// Later nodes of its panel, in [`Kept::blocks`].
    blocks: Range<usize>,
    /// Rows of the root in its panel, in [`Kept::root_rows`].
    root: Range<usize>,
    own: usize,
    panel: usize,
    /// First of its effects in a vector over all nodes.
    start: usize,
}

/// The numbers of an elimination that variances of rows need.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    nodes: Vec<KeptNode>,
    blocks: Vec<u32>,
    root_rows: Vec<u32>,
    places: Vec<Vec<Place>>,
    faces: Vec<(u32, u32)>,
    /// W of every node, K × K by rows.
    w: Vec<f64>,
    /// S_rj W of every panel, K numbers a row, the last p rows those of X.
    scaled: Vec<f64>,
    /// Effects in nodes, effects in the root, fixed effects.
    effects: usize,
    root_effects: usize,
    fixed: usize,
    /// C̃ over the root's effects and X.
    covariance: Vec<f64>,
    /// L of X'V⁻¹X = LL', p × p by columns.
    fixed_factor: Vec<f64>,
}

/// A row after its way through the nodes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reduced {
    /// Nodes visited, in increasing order, and where their numbers end in `halves`.
    nodes: Vec<(u32, usize)>,
    halves: Vec<f64>,
    /// What arrived at the root: effects, then all of X.
    root: Vec<(u32, f64)>,
}

impl Reduced {
    /// Places of the root that the row reached.
    pub fn reach(&self) -> usize {
        self.root.len()
    }
}

/// Scratch for the way of one row.
pub(crate) struct Way {
    values: Vec<f64>,
    queued: Vec<bool>,
    queue: BinaryHeap<Reverse<u32>>,
    root: Vec<f64>,
    reached: Vec<bool>,
    order: Vec<u32>,
    fixed: Vec<f64>,
    half: Vec<f64>,
    /// Rows of the root that the last square was about, and C̃ there: rows of data often come one
    /// after another from the same level, which decides the places.
    places: Vec<u32>,
    block: Vec<f64>,
    /// The numbers v of an earlier row at these places, C̃v, and v'C̃v.
    known: Vec<f64>,
    product: Vec<f64>,
    square: f64,
    /// Where a row differs from v.
    changed: Vec<usize>,
}

/// A reader of saved integers that knows when they end.
struct Integers<'a>(std::slice::Iter<'a, u32>);

impl Integers<'_> {
    fn next(&mut self) -> Option<usize> {
        self.0.next().map(|&x| x as usize)
    }

    /// A length, then as many numbers below `limit` in increasing order.
    fn list(&mut self, above: usize, limit: usize, into: &mut Vec<u32>) -> Option<Range<usize>> {
        let first = into.len();
        let mut least = above;
        for _ in 0..self.next()? {
            let x = self.next()?;
            if x < least || x >= limit {
                return None;
            }
            least = x + 1;
            into.push(x as u32);
        }
        Some(first..into.len())
    }
}

impl Kept {
    /// Of a plan and its numbers; the root must have been factored at the same θ. Panels come
    /// with a last row for y, which is left out.
    pub fn of_nodes(
        layout: &Layout,
        plan: &Plan,
        w: &[f64],
        scaled: &[f64],
        root: &mut Root,
        lambda: &[Vec<f64>],
    ) -> Self {
        let mut out = Self::empty(layout);
        for node in &plan.nodes {
            let first = out.blocks.len();
            out.blocks.extend(&plan.blocks[node.blocks.clone()]);
            let blocks = first..out.blocks.len();
            let first = out.root_rows.len();
            out.root_rows.extend(&plan.root_rows[node.root.clone()]);
            let root = first..out.root_rows.len();
            let k = node.width;
            let panel = &scaled[node.panel..node.panel + (node.height + layout.fixed) * k];
            out.push(
                (node.factor, node.level, k),
                blocks,
                root,
                &w[node.own..node.own + k * k],
                panel.iter().copied(),
            );
        }
        out.finish(layout, &plan.root_faces, root, lambda);
        out
    }

    /// Of one grouping factor whose levels come one after another, through [`Kept::push_level`].
    pub fn empty(layout: &Layout) -> Self {
        Self {
            nodes: Vec::new(),
            blocks: Vec::new(),
            root_rows: Vec::new(),
            places: layout
                .factors
                .iter()
                .map(|f| vec![Place::Nowhere; f.levels])
                .collect(),
            faces: Vec::new(),
            w: Vec::new(),
            scaled: Vec::new(),
            effects: 0,
            root_effects: 0,
            fixed: layout.fixed,
            covariance: Vec::new(),
            fixed_factor: Vec::new(),
        }
    }

    /// The next level of the only grouping factor: W, and W'Z'X as p rows of K numbers.
    pub fn push_level(&mut self, width: usize, w: &[f64], panel: impl Iterator<Item = f64>) {
        self.push((0, self.nodes.len(), width), 0..0, 0..0, w, panel);
    }

    fn push(
        &mut self,
        (factor, level, width): (usize, usize, usize),
        blocks: Range<usize>,
        root: Range<usize>,
        w: &[f64],
        panel: impl Iterator<Item = f64>,
    ) {
        self.places[factor][level] = Place::Node(self.nodes.len() as u32);
        self.nodes.push(KeptNode {
            factor: factor as u32,
            level: level as u32,
            width,
            blocks,
            root,
            own: self.w.len(),
            panel: self.scaled.len(),
            start: self.effects,
        });
        self.effects += width;
        self.w.extend_from_slice(w);
        self.scaled.extend(panel);
    }

    /// The root's part.
    pub fn finish(
        &mut self,
        layout: &Layout,
        faces: &[RootFace],
        root: &mut Root,
        lambda: &[Vec<f64>],
    ) {
        self.place_faces(layout, faces.iter().map(|f| (f.factor, f.level)));
        root.covariance(lambda, true, None);
        self.covariance = root.covariance.clone();
        self.fixed_factor = root.fixed_factor();
    }

    fn place_faces(&mut self, layout: &Layout, faces: impl Iterator<Item = (usize, usize)>) {
        for (factor, level) in faces {
            self.places[factor][level] = Place::Root(self.root_effects as u32);
            self.root_effects += layout.factors[factor].width;
            self.faces.push((factor as u32, level as u32));
        }
    }

    /// Numbers held.
    pub fn size(&self) -> usize {
        self.w.len() + self.scaled.len() + self.covariance.len() + self.fixed_factor.len()
    }

    /// Scratch for [`Kept::reduce`].
    pub fn way(&self) -> Way {
        Way {
            values: vec![0.0; self.effects],
            queued: vec![false; self.nodes.len()],
            queue: BinaryHeap::new(),
            root: vec![0.0; self.root_effects],
            reached: vec![false; self.root_effects],
            order: Vec::new(),
            fixed: vec![0.0; self.fixed],
            half: Vec::new(),
            places: Vec::new(),
            block: Vec::new(),
            known: Vec::new(),
            product: Vec::new(),
            square: 0.0,
            changed: Vec::new(),
        }
    }

    /// Adds the columns of one level to a row that starts its way.
    pub fn enter(&self, way: &mut Way, factor: usize, level: usize, z: &[f64]) {
        match self.places[factor][level] {
            Place::Node(j) => {
                let start = self.nodes[j as usize].start;
                for (sum, x) in way.values[start..].iter_mut().zip(z) {
                    *sum += x;
                }
                if !std::mem::replace(&mut way.queued[j as usize], true) {
                    way.queue.push(Reverse(j));
                }
            }
            Place::Root(first) => {
                for (a, x) in z.iter().enumerate() {
                    way.reach(first as usize + a, *x);
                }
            }
            Place::Nowhere => {}
        }
    }

    /// Takes a row, whose levels were entered, with its fixed columns to the root. The scratch
    /// is as new afterwards.
    pub fn reduce(&self, way: &mut Way, x: &[f64], out: &mut Reduced) {
        let p = self.fixed;
        way.fixed.copy_from_slice(x);
        out.nodes.clear();
        out.halves.clear();
        out.root.clear();
        while let Some(Reverse(j)) = way.queue.pop() {
            way.queued[j as usize] = false;
            let node = &self.nodes[j as usize];
            let k = node.width;
            let w = &self.w[node.own..node.own + k * k];
            way.half.clear();
            for c in 0..k {
                let sum = (0..k)
                    .map(|b| w[b * k + c] * way.values[node.start + b])
                    .sum();
                way.half.push(sum);
            }
            way.values[node.start..node.start + k].fill(0.0);
            out.halves.extend_from_slice(&way.half);
            out.nodes.push((j, out.halves.len()));
            if way.half.iter().all(|&h| h == 0.0) {
                continue;
            }
            let half = std::mem::take(&mut way.half);
            let mut rows = self.scaled[node.panel..]
                .chunks_exact(k)
                .map(|row| -> f64 { row.iter().zip(&half).map(|(s, h)| s * h).sum() });
            for &r in &self.blocks[node.blocks.clone()] {
                let later = &self.nodes[r as usize];
                for value in &mut way.values[later.start..later.start + later.width] {
                    *value -= rows.next().unwrap_or(0.0);
                }
                if !std::mem::replace(&mut way.queued[r as usize], true) {
                    way.queue.push(Reverse(r));
                }
            }
            for (&r, taken) in self.root_rows[node.root.clone()].iter().zip(&mut rows) {
                way.reach(r as usize, -taken);
            }
            for (value, taken) in way.fixed[..p].iter_mut().zip(&mut rows) {
                *value -= taken;
            }
            drop(rows);
            way.half = half;
        }
        way.order.sort_unstable();
        for &r in &way.order {
            out.root.push((r, way.root[r as usize]));
            way.root[r as usize] = 0.0;
            way.reached[r as usize] = false;
        }
        way.order.clear();
        let fixed = way.fixed.iter().enumerate();
        out.root
            .extend(fixed.map(|(x, &value)| ((self.root_effects + x) as u32, value)));
    }

    /// a'C̃b of two rows, relative to σ².
    pub fn product(&self, a: &Reduced, b: &Reduced) -> f64 {
        let n = self.root_effects + self.fixed;
        let mut sum = self.at_nodes(a, b);
        for &(r, x) in &a.root {
            let column = &self.covariance[r as usize * n..(r as usize + 1) * n];
            let inner: f64 = b.root.iter().map(|&(c, y)| column[c as usize] * y).sum();
            sum += x * inner;
        }
        sum
    }

    /// The part of a'C̃b that comes from the nodes that both rows visited.
    fn at_nodes(&self, a: &Reduced, b: &Reduced) -> f64 {
        let mut sum = 0.0;
        let (mut i, mut j) = (0, 0);
        let (mut from, mut start) = (0, 0);
        while i < a.nodes.len() && j < b.nodes.len() {
            let ((x, to), (y, end)) = (a.nodes[i], b.nodes[j]);
            if x == y {
                sum += a.halves[from..to]
                    .iter()
                    .zip(&b.halves[start..end])
                    .map(|(x, y)| x * y)
                    .sum::<f64>();
            }
            if x <= y {
                (i, from) = (i + 1, to);
            }
            if y <= x {
                (j, start) = (j + 1, end);
            }
        }
        sum
    }

    /// The covariances of a row with each fixed effect, relative to σ², into `out`.
    pub fn with_fixed(&self, row: &Reduced, out: &mut Vec<f64>) {
        let n = self.root_effects + self.fixed;
        out.clear();
        out.resize(self.fixed, 0.0);
        for &(r, x) in &row.root {
            let column = &self.covariance[r as usize * n + self.root_effects..][..self.fixed];
            for (sum, c) in out.iter_mut().zip(column) {
                *sum += c * x;
            }
        }
    }

    /// c'Φ⁻¹c for the covariances c of a row with the fixed effects: the part of its variance
    /// that would go if they were known.
    pub fn fixed_share(&self, c: &[f64]) -> f64 {
        let p = self.fixed;
        self.fixed_factor
            .chunks_exact(p.max(1))
            .enumerate()
            .map(|(i, column)| {
                let sum: f64 = column[i..].iter().zip(&c[i..]).map(|(l, c)| l * c).sum();
                sum * sum
            })
            .sum()
    }

    /// Everything as integers and numbers, without anything that follows from the layout.
    pub fn parts(&self) -> (Vec<u32>, Vec<f64>) {
        let mut integers = vec![self.nodes.len() as u32, self.faces.len() as u32];
        for node in &self.nodes {
            integers.extend([node.factor, node.level]);
            for list in [
                &self.blocks[node.blocks.clone()],
                &self.root_rows[node.root.clone()],
            ] {
                integers.push(list.len() as u32);
                integers.extend(list);
            }
        }
        integers.extend(self.faces.iter().flat_map(|&(f, l)| [f, l]));
        let mut numbers = self.w.clone();
        numbers.extend(&self.scaled);
        let lower = |matrix: &[f64], n: usize, into: &mut Vec<f64>| {
            for c in 0..n {
                into.extend(&matrix[c * n + c..(c + 1) * n]);
            }
        };
        let n = self.root_effects + self.fixed;
        lower(&self.covariance, n, &mut numbers);
        lower(&self.fixed_factor, self.fixed, &mut numbers);
        (integers, numbers)
    }

    /// The way back from [`Kept::parts`]; `None` where they do not belong to the layout.
    pub fn from_parts(layout: &Layout, integers: &[u32], numbers: &[f64]) -> Option<Self> {
        let mut out = Self::empty(layout);
        let p = layout.fixed;
        let mut integers = Integers(integers.iter());
        let (nodes, faces) = (integers.next()?, integers.next()?);
        let levels: usize = layout.factors.iter().map(|f| f.levels).sum();
        if nodes + faces > levels {
            return None;
        }
        let whole = |factor: usize, level: usize| -> Option<usize> {
            let shape = layout.factors.get(factor)?;
            (level < shape.levels && shape.width > 0).then_some(shape.width)
        };
        let root_limit = layout.random_effects();
        for j in 0..nodes {
            let (factor, level) = (integers.next()?, integers.next()?);
            let width = whole(factor, level)?;
            if out.places[factor][level] != Place::Nowhere {
                return None;
            }
            let blocks = integers.list(j + 1, nodes, &mut out.blocks)?;
            let root = integers.list(0, root_limit, &mut out.root_rows)?;
            out.push(
                (factor, level, width),
                blocks,
                root,
                &[],
                std::iter::empty(),
            );
        }
        let mut seen = Vec::new();
        for _ in 0..faces {
            let (factor, level) = (integers.next()?, integers.next()?);
            whole(factor, level)?;
            if out.places[factor][level] != Place::Nowhere || seen.contains(&(factor, level)) {
                return None;
            }
            seen.push((factor, level));
        }
        out.place_faces(layout, seen.into_iter());
        if out.effects + out.root_effects != layout.random_effects()
            || out
                .root_rows
                .iter()
                .any(|&r| r as usize >= out.root_effects)
        {
            return None;
        }
        let (mut own, mut panel) = (0, 0);
        for j in 0..nodes {
            let node = &out.nodes[j];
            let later = &out.blocks[node.blocks.clone()];
            let height: usize = later.iter().map(|&r| out.nodes[r as usize].width).sum();
            let (k, rows) = (node.width, height + node.root.len() + p);
            let node = &mut out.nodes[j];
            (node.own, node.panel) = (own, panel);
            (own, panel) = (own + k * k, panel + rows * k);
        }
        let n = out.root_effects + p;
        let triangle = |n: usize| n * (n + 1) / 2;
        if numbers.len() != own + panel + triangle(n) + triangle(p) {
            return None;
        }
        let (w, rest) = numbers.split_at(own);
        let (scaled, rest) = rest.split_at(panel);
        let (covariance, factor) = rest.split_at(triangle(n));
        out.w = w.to_vec();
        out.scaled = scaled.to_vec();
        let full = |mut lower: &[f64], n: usize, both: bool| {
            let mut out = vec![0.0; n * n];
            for c in 0..n {
                let (column, rest) = lower.split_at(n - c);
                lower = rest;
                for (r, &x) in (c..n).zip(column) {
                    out[c * n + r] = x;
                    if both {
                        out[r * n + c] = x;
                    }
                }
            }
            out
        };
        out.covariance = full(covariance, n, true);
        out.fixed_factor = full(factor, p, false);
        Some(out)
    }
}

impl Way {
    /// Adds to a row of the root.
    fn reach(&mut self, r: usize, value: f64) {
        self.root[r] += value;
        if !std::mem::replace(&mut self.reached[r], true) {
            self.order.push(r as u32);
        }
    }
}
