//! Pieces without a correction, for clusters of any size.
//!
//! CR0 and CR1 need X_j'W_jX_j and X_j'W_je_j only, and these come from the crossproducts of
//! \[ZΛ X e\] by eliminating random effects, as a fit does: with M = F'R⁻¹F, F = \[ZΛ X e\], and the
//! first k columns those of a level, what W leaves of the others is M_rr − M_rk(I + M_kk)⁻¹M_kr.
//! Grouping factors that lie in each other are eliminated from the lowest level upwards, one level
//! at a time, in work that is linear in the rows.

use super::cluster::{Piece, dot};
use super::collect::Collector;
use super::triangle::triangularise;

/// Crossproducts of rows that share the levels of all grouping factors not yet eliminated.
struct Item {
    /// In the order of elimination.
    codes: Vec<u32>,
    /// By rows; columns of the factors not yet eliminated, X, e.
    gram: Vec<f64>,
}

impl Collector {
    /// The pieces for CR0, CR1 and CR1S of all clusters in the order of their codes; `None` where
    /// the grouping factors do not lie in each other.
    pub fn plain_pieces(&mut self, lambda: &[Vec<f64>], beta: &[f64]) -> Option<Vec<Piece>> {
        let p = self.layout.fixed;
        let mut order: Vec<usize> = (0..self.layout.factors.len()).collect();
        order.sort_by_key(|&f| std::cmp::Reverse(self.layout.factors[f].levels));
        self.sort();
        let (layout, width) = (&self.layout, self.width);
        let widths: Vec<usize> = order.iter().map(|&f| layout.factors[f].width).collect();
        let first: Vec<usize> = (0..layout.factors.len())
            .map(|f| layout.factors[..f].iter().map(|g| g.width).sum())
            .collect();
        let mut out = Vec::new();
        for leaves in self.leaves.chunk_by_mut(|a, b| a.cluster == b.cluster) {
            let mut items = Vec::with_capacity(leaves.len());
            for leaf in leaves {
                triangularise(&mut leaf.rows, width);
                let mut gram = vec![0.0; width * width];
                let mut row = vec![0.0; width];
                for given in leaf.rows.chunks_exact(width) {
                    let mut at = 0;
                    for &f in &order {
                        let (k, face) = (layout.factors[f].width, &given[first[f]..]);
                        for b in 0..k {
                            row[at + b] = (b..k).map(|a| face[a] * lambda[f][a * k + b]).sum();
                        }
                        at += k;
                    }
                    row[at..].copy_from_slice(&given[at..]);
                    row[at + p] -= dot(&given[at..at + p], beta);
                    for i in 0..width {
                        let left = leaf.weight * row[i];
                        for j in 0..width {
                            gram[i * width + j] += left * row[j];
                        }
                    }
                }
                items.push(Item {
                    codes: order.iter().map(|&f| leaf.codes[f]).collect(),
                    gram,
                });
            }
            for &k in &widths {
                items = eliminate(items, k)?;
            }
            let total = merge(&items);
            let w = p + 1;
            let inner: Vec<f64> = (0..p * p).map(|at| total[at / p * w + at % p]).collect();
            out.push(Piece {
                score: (0..p).map(|a| total[a * w + p]).collect(),
                variance: inner.clone(),
                cross: inner,
                regular: true,
            });
        }
        Some(out)
    }
}

/// Eliminates the first factor of the items, whose levels have `k` columns.
fn eliminate(mut items: Vec<Item>, k: usize) -> Option<Vec<Item>> {
    items.sort_by(|a, b| a.codes.cmp(&b.codes));
    items
        .chunk_by(|a, b| a.codes[0] == b.codes[0])
        .map(|level| {
            let codes = &level[0].codes[1..];
            if level.iter().any(|item| item.codes[1..] != *codes) {
                return None;
            }
            Some(Item {
                codes: codes.to_vec(),
                gram: complement(&merge(level), k)?,
            })
        })
        .collect()
}

fn merge(items: &[Item]) -> Vec<f64> {
    let mut sum = items[0].gram.clone();
    for item in &items[1..] {
        sum.iter_mut().zip(&item.gram).for_each(|(s, x)| *s += x);
    }
    sum
}

/// M_rr − M_rk(I + M_kk)⁻¹M_kr, by the Cholesky factor of I + M_kk.
fn complement(gram: &[f64], k: usize) -> Option<Vec<f64>> {
    let width = (gram.len() as f64).sqrt().round() as usize;
    let rest = width - k;
    let mut l = vec![0.0; k * k];
    for i in 0..k {
        for j in 0..=i {
            let own = gram[i * width + j] + if i == j { 1.0 } else { 0.0 };
            let left = own - dot(&l[i * k..i * k + j], &l[j * k..j * k + j]);
            l[i * k + j] = if i == j {
                if left.is_nan() || left <= 0.0 {
                    return None;
                }
                left.sqrt()
            } else {
                left / l[j * k + j]
            };
        }
    }
    // L⁻¹M_kr, column by column of r.
    let mut half = vec![0.0; rest * k];
    for r in 0..rest {
        for i in 0..k {
            let taken = dot(&l[i * k..i * k + i], &half[r * k..r * k + i]);
            half[r * k + i] = (gram[i * width + k + r] - taken) / l[i * k + i];
        }
    }
    Some(
        (0..rest * rest)
            .map(|at| {
                let (i, j) = (at / rest, at % rest);
                gram[(k + i) * width + k + j]
                    - dot(&half[i * k..(i + 1) * k], &half[j * k..(j + 1) * k])
            })
            .collect(),
    )
}
