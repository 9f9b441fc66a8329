//! What the rows look like when every row counts once: means, covariances and group sizes.
//!
//! The crossproducts that a fit works on carry the precision weights. Shares of variance are
//! about the rows as they are (Nakagawa and Schielzeth 2013: the variance of Xβ over the rows), so
//! the same sums are kept once more without weights. They cost one matrix of p + 1 columns a slice.

use faer::linalg::matmul::triangular::{BlockStructure, matmul};
use faer::{Accum, MatMut, MatRef, Par};

use crate::coordinates::{Coordinates, Standard};
use crate::layout::Layout;

/// Unweighted sums in standard units.
#[derive(Clone, Debug, Default)]
pub(super) struct Plain {
    /// The column of ones in X, with which the crossproducts are sums.
    intercept: Option<usize>,
    /// Of the columns of \[X y\].
    sums: Vec<f64>,
    /// Their crossproducts, lower triangle of a (p+1)² matrix by columns.
    products: Vec<f64>,
    /// Per factor: of the columns of the face.
    face_sums: Vec<Vec<f64>>,
    /// Per factor: their crossproducts, K × K by rows, lower triangle.
    face_products: Vec<Vec<f64>>,
    /// Per factor: rows of every level.
    counts: Vec<Vec<u32>>,
    /// Per factor: sums of the columns of \[X y\] and then of the face, level by level; empty
    /// where no rows were added, which is so where the crossproducts have them.
    levels: Vec<Vec<f64>>,
}

/// Means and covariances over the rows, each row counted once, in the user's units.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// Rows, n.
    pub rows: usize,
    /// Means of the p columns of X and, last, of y (less any offset).
    pub mean: Vec<f64>,
    /// Covariances of the same, divisor n − 1, (p+1)² by rows; zeros for a single row.
    pub covariance: Vec<f64>,
    /// Per grouping factor: means of the K columns of the face.
    pub random_mean: Vec<Vec<f64>>,
    /// Per grouping factor: means of their products, E\[zz'\], K × K by rows.
    pub random_product: Vec<Vec<f64>>,
    /// Per grouping factor: rows of every level.
    pub sizes: Vec<Vec<u32>>,
}

impl Plain {
    pub fn new(layout: &Layout) -> Self {
        let t = layout.fixed + 1;
        let each = |size: fn(&crate::layout::Factor) -> usize| -> Vec<Vec<f64>> {
            layout.factors.iter().map(|f| vec![0.0; size(f)]).collect()
        };
        Self {
            intercept: layout.intercept,
            sums: vec![0.0; t],
            products: vec![0.0; t * t],
            face_sums: each(|f| f.width),
            face_products: each(|f| f.width * f.width),
            counts: layout.factors.iter().map(|f| vec![0; f.levels]).collect(),
            levels: vec![Vec::new(); layout.factors.len()],
        }
    }

    /// Adds a slice to the sums of the levels of a factor: rows of \[X y\] without weights, and of
    /// the face with the root of theirs.
    pub fn add_levels(
        &mut self,
        factor: usize,
        codes: &[u32],
        panel: &[f64],
        face: &[f64],
        root_weights: Option<&[f64]>,
    ) {
        let (t, k) = (self.sums.len(), self.face_sums[factor].len());
        let sums = &mut self.levels[factor];
        sums.resize(self.counts[factor].len() * (t + k), 0.0);
        for (i, (&code, row)) in codes.iter().zip(panel.chunks_exact(t)).enumerate() {
            let first = code as usize * (t + k);
            let (fixed, random) = sums[first..first + t + k].split_at_mut(t);
            fixed.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
            let scale = root_weights.map_or(1.0, |w| 1.0 / w[i]);
            for (sum, z) in random.iter_mut().zip(&face[i * k..(i + 1) * k]) {
                *sum += z * scale;
            }
        }
    }

    /// The sums of one level over \[X y\] and over the face, where they were added.
    pub fn level(&self, factor: usize, level: usize) -> Option<(&[f64], &[f64])> {
        let (t, k) = (self.sums.len(), self.face_sums[factor].len());
        let first = level * (t + k);
        let sums = self.levels[factor].get(first..first + t + k)?;
        Some(sums.split_at(t))
    }

    /// Adds a slice of rows of \[X y\] whose crossproducts are known.
    pub fn add(&mut self, panel: &[f64], product: &[f64]) {
        let t = self.sums.len();
        if let Some(one) = self.intercept {
            for (j, sum) in self.sums.iter_mut().enumerate() {
                *sum += product[one.min(j) * t + one.max(j)];
            }
        } else {
            for row in panel.chunks_exact(t) {
                self.sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
            }
        }
        self.products
            .iter_mut()
            .zip(product)
            .for_each(|(sum, x)| *sum += x);
    }

    /// Adds a slice whose rows carry the root of their weight: divides it out again, in place.
    pub fn add_weighted(&mut self, panel: &mut [f64], root_weights: &[f64]) {
        let t = self.sums.len();
        for (row, root) in panel.chunks_exact_mut(t).zip(root_weights) {
            row.iter_mut().for_each(|x| *x /= root);
        }
        let m = panel.len() / t;
        let rows = MatRef::from_row_major_slice(panel, m, t);
        matmul(
            MatMut::from_column_major_slice_mut(&mut self.products, t, t),
            BlockStructure::TriangularLower,
            Accum::Add,
            rows.transpose(),
            BlockStructure::Rectangular,
            rows,
            BlockStructure::Rectangular,
            1.0,
            Par::Seq,
        );
        for row in panel.chunks_exact(t) {
            self.sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
    }

    /// Adds a slice of the face of a factor; `root_weights` where the rows carry them.
    pub fn add_face(
        &mut self,
        factor: usize,
        codes: &[u32],
        face: &[f64],
        root_weights: Option<&[f64]>,
    ) {
        for &code in codes {
            self.counts[factor][code as usize] += 1;
        }
        let (sums, products) = (&mut self.face_sums[factor], &mut self.face_products[factor]);
        let face = &face[..codes.len() * sums.len()];
        match (sums.len(), root_weights) {
            (0, _) => {}
            (1, None) => add_columns::<1>(face, sums, products),
            (2, None) => add_columns::<2>(face, sums, products),
            (3, None) => add_columns::<3>(face, sums, products),
            (k, root_weights) => {
                for (i, z) in face.chunks_exact(k).enumerate() {
                    let scale = root_weights.map_or(1.0, |w| 1.0 / w[i]);
                    for a in 0..k {
                        let x = z[a] * scale;
                        sums[a] += x;
                        for b in 0..=a {
                            products[a * k + b] += x * z[b] * scale;
                        }
                    }
                }
            }
        }
    }

    pub fn merge(&mut self, other: &Plain) {
        let add = |mine: &mut [f64], theirs: &[f64]| {
            mine.iter_mut().zip(theirs).for_each(|(a, b)| *a += b);
        };
        add(&mut self.sums, &other.sums);
        add(&mut self.products, &other.products);
        for (mine, theirs) in self.face_sums.iter_mut().zip(&other.face_sums) {
            add(mine, theirs);
        }
        for (mine, theirs) in self.face_products.iter_mut().zip(&other.face_products) {
            add(mine, theirs);
        }
        for (mine, theirs) in self.levels.iter_mut().zip(&other.levels) {
            mine.resize(mine.len().max(theirs.len()), 0.0);
            add(mine, theirs);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            mine.iter_mut().zip(theirs).for_each(|(a, b)| *a += b);
        }
    }

    pub fn remove(&mut self, other: &Plain) {
        let take = |mine: &mut [f64], theirs: &[f64]| {
            mine.iter_mut().zip(theirs).for_each(|(a, b)| *a -= b);
        };
        take(&mut self.sums, &other.sums);
        take(&mut self.products, &other.products);
        for (mine, theirs) in self.face_sums.iter_mut().zip(&other.face_sums) {
            take(mine, theirs);
        }
        for (mine, theirs) in self.face_products.iter_mut().zip(&other.face_products) {
            take(mine, theirs);
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            mine.iter_mut()
                .zip(theirs)
                .for_each(|(a, b)| *a = a.saturating_sub(*b));
        }
    }

    /// The columns of \[X y\] at `kept` only.
    pub fn keep(&mut self, kept: &[usize]) {
        let t = self.sums.len();
        for (levels, face) in self.levels.iter_mut().zip(&self.face_sums) {
            let of_level = |row: &[f64]| -> Vec<f64> {
                let fixed = kept.iter().map(|&j| row[j]);
                fixed.chain(row[t..].iter().copied()).collect()
            };
            *levels = levels
                .chunks_exact(t + face.len())
                .flat_map(of_level)
                .collect();
        }
        self.sums = kept.iter().map(|&j| self.sums[j]).collect();
        self.products = kept
            .iter()
            .flat_map(|&c| kept.iter().map(move |&r| c * t + r))
            .map(|at| self.products[at])
            .collect();
    }

    pub fn counts(&self, factor: usize) -> &[u32] {
        &self.counts[factor]
    }

    pub fn moments(&self, rows: usize, coordinates: &Coordinates) -> Moments {
        let n = rows as f64;
        let t = self.sums.len();
        let standards: Vec<Standard> = coordinates
            .fixed
            .iter()
            .copied()
            .chain([coordinates.response])
            .collect();
        let mean = |sum: f64, s: Standard| s.shift + s.scale * sum / n;
        let mut covariance = vec![0.0; t * t];
        if rows > 1 {
            for c in 0..t {
                for r in c..t {
                    let centred = self.products[c * t + r] - self.sums[r] * self.sums[c] / n;
                    let value = centred * standards[r].scale * standards[c].scale / (n - 1.0);
                    covariance[r * t + c] = value;
                    covariance[c * t + r] = value;
                }
            }
        }
        let mut random_mean = Vec::new();
        let mut random_product = Vec::new();
        for ((sums, products), s) in self
            .face_sums
            .iter()
            .zip(&self.face_products)
            .zip(&coordinates.random)
        {
            let k = sums.len();
            let mut out = vec![0.0; k * k];
            for a in 0..k {
                for b in 0..=a {
                    // E[zz'] of z = m + s z*.
                    let value = s[a].scale * s[b].scale * products[a * k + b] / n
                        + s[a].shift * s[b].scale * sums[b] / n
                        + s[b].shift * s[a].scale * sums[a] / n
                        + s[a].shift * s[b].shift;
                    out[a * k + b] = value;
                    out[b * k + a] = value;
                }
            }
            random_mean.push(sums.iter().zip(s).map(|(sum, s)| mean(*sum, *s)).collect());
            random_product.push(out);
        }
        Moments {
            rows,
            mean: self
                .sums
                .iter()
                .zip(&standards)
                .map(|(sum, s)| mean(*sum, *s))
                .collect(),
            covariance,
            random_mean,
            random_product,
            sizes: self.counts.clone(),
        }
    }
}

/// Sums and crossproducts of a face whose width is known at compile time: they stay in registers.
fn add_columns<const K: usize>(face: &[f64], sums: &mut [f64], products: &mut [f64]) {
    let mut sum = [0.0; K];
    let mut product = [[0.0; K]; K];
    for z in face.as_chunks::<K>().0 {
        for a in 0..K {
            sum[a] += z[a];
            for b in 0..=a {
                product[a][b] += z[a] * z[b];
            }
        }
    }
    for a in 0..K {
        sums[a] += sum[a];
        for b in 0..=a {
            products[a * K + b] += product[a][b];
        }
    }
}
