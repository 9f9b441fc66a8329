//! Vectors over the random effects, given face by face: what a quadratic form is asked of.
//!
//! The kernels compute forms (Zg)'P(Zh) without ever holding g: at each face they ask for its K
//! numbers of every vector. Two kinds of vectors are asked for: the directions of the average
//! information, g_i = E_iZ'Py, and those of Kenward and Roger's correction, g = MZ'V⁻¹x.

use super::curvature::Direction;
use super::plan::{Node, RootFace};
use super::sparse::Sparse;

/// Several vectors over the random effects.
pub(crate) trait Steps {
    /// How many.
    fn count(&self) -> usize;

    /// Forms are wanted with vectors from here up to `i`.
    fn first_partner(&self, i: usize) -> usize;

    /// Those that are not zero on a grouping factor, ascending.
    fn moving(&self, factor: usize) -> &[usize];

    /// Writes the numbers of a node, K for each vector.
    fn node(&self, j: usize, node: &Node, out: &mut [f64]);

    /// Writes the numbers of a face of the root, K for each vector.
    fn root(&self, index: usize, face: &RootFace, out: &mut [f64]);
}

/// g_i = E_iZ'Py for the directions E_i.
pub(crate) struct Along<'a> {
    directions: &'a [Direction],
    by_factor: Vec<Vec<usize>>,
    /// Z'Py of the root.
    root: &'a [f64],
    nodes: Option<&'a Sparse>,
}

impl<'a> Along<'a> {
    /// Of the root alone.
    pub fn new(directions: &'a [Direction], factors: usize, root: &'a [f64]) -> Self {
        let mut by_factor = vec![Vec::new(); factors];
        for (i, direction) in directions.iter().enumerate() {
            by_factor[direction.factor].push(i);
        }
        Self {
            directions,
            by_factor,
            root,
            nodes: None,
        }
    }

    /// And of these nodes.
    pub fn with_nodes(mut self, nodes: &'a Sparse) -> Self {
        self.nodes = Some(nodes);
        self
    }

    fn write(&self, factor: usize, v: &[f64], out: &mut [f64]) {
        let k = v.len();
        for (direction, g) in self.directions.iter().zip(out.chunks_exact_mut(k)) {
            if direction.factor == factor {
                multiply(&direction.change, v, g);
            } else {
                g.fill(0.0);
            }
        }
    }
}

impl Steps for Along<'_> {
    fn count(&self) -> usize {
        self.directions.len()
    }

    fn first_partner(&self, _: usize) -> usize {
        0
    }

    fn moving(&self, factor: usize) -> &[usize] {
        &self.by_factor[factor]
    }

    fn node(&self, j: usize, node: &Node, out: &mut [f64]) {
        if let Some(nodes) = self.nodes {
            self.write(node.factor, nodes.residual(j), out);
        }
    }

    fn root(&self, _: usize, face: &RootFace, out: &mut [f64]) {
        if let Some(k) = out.len().checked_div(self.count()) {
            self.write(face.factor, &self.root[face.offset..face.offset + k], out);
        }
    }
}

/// g_rx = M_rZ'V⁻¹x for symmetric matrices M_r and the p columns x of X, p vectors for each r.
/// Forms are wanted within each r.
pub(crate) struct Mixed<'a> {
    mixes: &'a [Vec<Vec<f64>>],
    /// Z_f'V⁻¹x of a grouping factor, by x: K numbers a face, nodes before the root.
    scores: &'a [&'a [Vec<f64>]],
    fixed: usize,
    /// Which face of its factor a node is, and a face of the root.
    nodes: Vec<usize>,
    root: Vec<usize>,
    all: Vec<usize>,
}

impl<'a> Mixed<'a> {
    pub fn new(
        mixes: &'a [Vec<Vec<f64>>],
        scores: &'a [&'a [Vec<f64>]],
        fixed: usize,
        nodes: &Sparse,
        root: &[RootFace],
    ) -> Self {
        let mut seen = vec![0; scores.len()];
        let mut next = |factor: usize| {
            seen[factor] += 1;
            seen[factor] - 1
        };
        Self {
            mixes,
            scores,
            fixed,
            nodes: nodes.plan.nodes.iter().map(|n| next(n.factor)).collect(),
            root: root.iter().map(|f| next(f.factor)).collect(),
            all: (0..mixes.len() * fixed).collect(),
        }
    }

    fn write(&self, factor: usize, face: usize, out: &mut [f64]) {
        let Some(k) = out.len().checked_div(self.count()) else {
            return;
        };
        let mut out = out.chunks_exact_mut(k);
        for mix in self.mixes {
            for (column, g) in self.scores[factor].iter().zip(&mut out) {
                multiply(&mix[factor], &column[face * k..(face + 1) * k], g);
            }
        }
    }
}

impl Steps for Mixed<'_> {
    fn count(&self) -> usize {
        self.mixes.len() * self.fixed
    }

    fn first_partner(&self, i: usize) -> usize {
        i - i % self.fixed
    }

    fn moving(&self, _: usize) -> &[usize] {
        &self.all
    }

    fn node(&self, j: usize, node: &Node, out: &mut [f64]) {
        self.write(node.factor, self.nodes[j], out);
    }

    fn root(&self, index: usize, face: &RootFace, out: &mut [f64]) {
        self.write(face.factor, self.root[index], out);
    }
}

/// A matrix by rows times a vector.
fn multiply(matrix: &[f64], v: &[f64], out: &mut [f64]) {
    for (x, row) in out.iter_mut().zip(matrix.chunks_exact(v.len())) {
        *x = row.iter().zip(v).map(|(a, b)| a * b).sum();
    }
}
