//! Rows to clusters, in one pass and in any order, with memory for a triangle a group of rows.

use std::collections::HashMap;

use super::cluster::Cluster;
use super::triangle::triangularise;
use crate::layout::Layout;
use crate::statistics::{Column, Rows};

/// Takes in rows and keeps what the sandwich needs of every cluster.
///
/// Rows that share cluster, levels of all grouping factors and weight are a *leaf*: their rows of
/// \[Z X y\] have the same pattern and are compressed together while they come in. What a leaf
/// takes is at most its rows, and no more than twice the square of the number of columns.
#[derive(Clone, Debug)]
pub struct Collector {
    pub(super) layout: Layout,
    /// Columns of all faces side by side, then X, then y.
    pub(super) width: usize,
    pub(super) leaves: Vec<Leaf>,
    /// Leaves by cluster, levels and bits of the weight.
    known: HashMap<Box<[u64]>, usize>,
    /// Rows of each cluster.
    counts: Vec<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct Leaf {
    pub cluster: usize,
    pub codes: Vec<u32>,
    pub weight: f64,
    pub rows: Vec<f64>,
}

impl Collector {
    /// No rows yet.
    pub fn new(layout: Layout) -> Self {
        let faces: usize = layout.factors.iter().map(|f| f.width).sum();
        Self {
            width: faces + layout.fixed + 1,
            layout,
            leaves: Vec::new(),
            known: HashMap::new(),
            counts: Vec::new(),
        }
    }

    /// Adds a batch of rows with the cluster of each.
    pub fn add(&mut self, rows: &Rows<'_>, clusters: &[u32]) {
        let factors = rows.factors.len();
        let mut key = vec![0u64; factors + 2];
        let mut last: Option<usize> = None;
        for row in 0..rows.response.len() {
            let cluster = clusters[row];
            let weight = rows.weights.map_or(1.0, |w| w[row]);
            key[0] = u64::from(cluster);
            key[1] = weight.to_bits();
            for (slot, factor) in key[2..].iter_mut().zip(&rows.factors) {
                *slot = u64::from(factor.codes[row]);
            }
            // Rows of a group mostly come together.
            let same = last.filter(|&leaf| {
                let leaf = &self.leaves[leaf];
                leaf.cluster == cluster as usize
                    && leaf.weight == weight
                    && leaf
                        .codes
                        .iter()
                        .zip(&rows.factors)
                        .all(|(c, f)| *c == f.codes[row])
            });
            let at = match same.or_else(|| self.known.get(key.as_slice()).copied()) {
                Some(at) => at,
                None => {
                    let at = self.leaves.len();
                    self.known.insert(key.clone().into_boxed_slice(), at);
                    self.leaves.push(Leaf {
                        cluster: cluster as usize,
                        codes: rows.factors.iter().map(|f| f.codes[row]).collect(),
                        weight,
                        rows: Vec::new(),
                    });
                    at
                }
            };
            last = Some(at);
            let cluster = cluster as usize;
            if cluster >= self.counts.len() {
                self.counts.resize(cluster + 1, 0);
            }
            self.counts[cluster] += 1;
            let leaf = &mut self.leaves[at].rows;
            let faces = rows.factors.iter().flat_map(|f| &f.columns);
            leaf.extend(faces.chain(&rows.fixed).map(|c: &Column<'_>| c.at(row)));
            leaf.push(rows.response[row]);
            if leaf.len() >= 2 * self.width * self.width {
                triangularise(leaf, self.width);
            }
        }
    }

    /// Rows taken in.
    pub fn rows(&self) -> usize {
        self.counts.iter().sum()
    }

    /// Rows of every cluster, by its code; zero for codes that did not come.
    pub fn counts(&self) -> &[usize] {
        &self.counts
    }

    /// Leaves by cluster; by levels too, so that the order of rows changes rounding at most.
    pub(super) fn sort(&mut self) {
        self.leaves.sort_by(|a, b| {
            (a.cluster, &a.codes)
                .cmp(&(b.cluster, &b.codes))
                .then(a.weight.total_cmp(&b.weight))
        });
    }

    /// The clusters, compressed, in the order of their codes; `lambda` as
    /// [`Layout::lambda`] gives it.
    pub fn clusters<'a>(
        &'a mut self,
        lambda: &'a [Vec<f64>],
    ) -> impl Iterator<Item = Cluster> + 'a {
        self.sort();
        let (layout, width) = (&self.layout, self.width);
        self.leaves
            .chunk_by_mut(|a, b| a.cluster == b.cluster)
            .map(move |leaves| assemble(layout, width, lambda, leaves))
    }
}

/// The rows of all leaves of a cluster, with the columns of Z side by side.
fn assemble(layout: &Layout, width: usize, lambda: &[Vec<f64>], leaves: &mut [Leaf]) -> Cluster {
    for leaf in leaves.iter_mut() {
        triangularise(&mut leaf.rows, width);
    }
    // Place of every level of every factor among the random effects of this cluster.
    let mut places: Vec<HashMap<u32, usize>> = vec![HashMap::new(); layout.factors.len()];
    let mut effects = 0;
    for leaf in leaves.iter() {
        for ((place, factor), &code) in places.iter_mut().zip(&layout.factors).zip(&leaf.codes) {
            place.entry(code).or_insert_with(|| {
                effects += factor.width;
                effects - factor.width
            });
        }
    }
    let p = layout.fixed;
    let faces = width - p - 1;
    let wide = effects + p + 1;
    // Leaves of one weight together.
    leaves.sort_by(|a, b| a.weight.total_cmp(&b.weight));
    let (mut rows, mut variance) = (Vec::new(), Vec::new());
    for same in leaves.chunk_by(|a, b| a.weight == b.weight) {
        let mut class = Vec::new();
        for leaf in same {
            for row in leaf.rows.chunks_exact(width) {
                let first = class.len();
                class.resize(first + wide, 0.0);
                let out = &mut class[first..];
                let mut face = 0;
                for (f, factor) in layout.factors.iter().enumerate() {
                    let (k, place) = (factor.width, places[f][&leaf.codes[f]]);
                    // z'Λ.
                    for b in 0..k {
                        out[place + b] = (b..k)
                            .map(|a| row[face + a] * lambda[f][a * k + b])
                            .sum::<f64>();
                    }
                    face += k;
                }
                out[effects..].copy_from_slice(&row[faces..]);
            }
        }
        variance.resize(variance.len() + class.len() / wide, 1.0 / same[0].weight);
        rows.append(&mut class);
    }
    let pick = |from: usize, to: usize| -> Vec<f64> {
        rows.chunks_exact(wide)
            .flat_map(|row| &row[from..to])
            .copied()
            .collect()
    };
    Cluster {
        variance,
        effects,
        spread: pick(0, effects),
        fixed: pick(effects, effects + p),
        response: pick(effects + p, wide),
    }
    .reduced(p)
}
