//! The dense root: the effects that are not eliminated one by one, then X, then y.
//!
//! The nodes leave S, the crossproducts of the root given all eliminated effects, *not* scaled
//! by Λ. With D = blkdiag(Λ, I_p), Ω = D'SD + J (J the identity on the random effects) and
//! Ω = LL', everything follows: log-determinants and the penalised residual sum of squares from
//! the diagonal, the root's effects and β by back-substitution, their joint covariance as
//! C̃ = DΩ⁻¹D' (bordered by y left out).

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt;
use faer::linalg::triangular_solve;
use faer::{MatMut, MatRef, Par};

use super::hold::Hold;
use super::plan::{Plan, RootFace};
use super::small::{largest_inverse, long_dot, mirror_lower, scale_columns, transpose_multiply};
use crate::statistics::{ResponseProducts, Statistics};

/// Above this |Λ⁻¹| the score of a root factor is taken from S and not from Ω⁻¹: multiplying by
/// Λ⁻¹ twice loses the digits that are wanted. It is the inverse that counts and not the diagonal:
/// with 10⁻⁴ on the diagonal and 0.3 below it, not one digit was left.
const LARGEST_INVERSE: f64 = 1e3;

/// The dense part of the system.
pub(crate) struct Root {
    faces: Vec<RootFace>,
    widths: Vec<usize>,
    /// Random effects in the root.
    pub effects: usize,
    /// Fixed effects, p.
    pub fixed: usize,
    /// Rows: effects + p + 1.
    pub size: usize,
    base: Vec<f64>,
    /// S, lower triangle by columns.
    pub s: Vec<f64>,
    omega: Vec<f64>,
    /// C̃ over effects (and X), both triangles; `covariance_size`² numbers.
    pub covariance: Vec<f64>,
    /// Rows of [`Root::covariance`].
    pub covariance_size: usize,
    memory: MemBuffer,
}

/// What a factorisation of the root gives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RootValue {
    /// log|Λ'SΛ + I| of the root's random effects.
    pub log_det_effects: f64,
    /// log|X'V⁻¹X|.
    pub log_det_fixed: f64,
    /// y'Py, the penalised weighted residual sum of squares.
    pub pwrss: f64,
}

fn square(values: &[f64], n: usize) -> MatRef<'_, f64> {
    MatRef::from_column_major_slice(&values[..n * n], n, n)
}

impl Root {
    /// Gathers the root's crossproducts.
    pub fn new(statistics: &Statistics, plan: &Plan) -> Self {
        let layout = statistics.layout();
        let (effects, p) = (plan.root_effects, layout.fixed);
        let size = effects + p + 1;
        let widths: Vec<usize> = layout.factors.iter().map(|f| f.width).collect();
        let need =
            llt::factor::cholesky_in_place_scratch::<f64>(size, Par::Seq, Default::default())
                .or(llt::inverse::inverse_scratch::<f64>(size, Par::Seq));
        let mut out = Self {
            faces: plan.root_faces.clone(),
            widths,
            effects,
            fixed: p,
            size,
            s: vec![0.0; size * size],
            omega: vec![0.0; size * size],
            base: vec![0.0; size * size],
            covariance: Vec::new(),
            covariance_size: 0,
            memory: MemBuffer::new(need),
        };
        out.load(statistics);
        out
    }

    /// Takes up the numbers of statistics with the same pattern.
    pub fn load(&mut self, statistics: &Statistics) {
        let layout = statistics.layout();
        let (effects, p, size, widths) = (self.effects, self.fixed, self.size, &self.widths);
        let base = &mut self.base;
        let corner = statistics.corner();
        for c in 0..=p {
            for r in c..=p {
                base[(effects + c) * size + effects + r] = corner[c * (p + 1) + r];
            }
        }
        let mut offsets: Vec<Vec<usize>> = layout
            .factors
            .iter()
            .map(|f| vec![usize::MAX; f.levels])
            .collect();
        for face in &self.faces {
            offsets[face.factor][face.level] = face.offset;
            let k = widths[face.factor];
            let own = statistics.own(face.factor, face.level);
            let tail = statistics.tail(face.factor, face.level);
            for c in 0..k {
                let column = &mut base[(face.offset + c) * size..(face.offset + c + 1) * size];
                for r in c..k {
                    column[face.offset + r] = own[r * k + c];
                }
                column[effects..].copy_from_slice(&tail[c * (p + 1)..(c + 1) * (p + 1)]);
            }
        }
        let in_root = |factor: usize| self.faces.iter().any(|f| f.factor == factor);
        for b in (0..widths.len()).filter(|&b| in_root(b)) {
            for a in (0..b).filter(|&a| in_root(a)) {
                for ((la, lb), values) in statistics.pairs(a, b).iter() {
                    let (oa, ob) = (offsets[a][la as usize], offsets[b][lb as usize]);
                    if oa == usize::MAX || ob == usize::MAX {
                        continue;
                    }
                    for i in 0..widths[a] {
                        for j in 0..widths[b] {
                            let (x, y) = (oa + i, ob + j);
                            base[x.min(y) * size + x.max(y)] = values[i * widths[b] + j];
                        }
                    }
                }
            }
        }
    }

    /// Takes up the products of another response: the last row.
    pub fn set_response(&mut self, products: &ResponseProducts) {
        let (size, last) = (self.size, self.size - 1);
        for face in &self.faces {
            let k = self.widths[face.factor];
            let values = &products.random[face.factor][face.level * k..(face.level + 1) * k];
            for (a, value) in values.iter().enumerate() {
                self.base[(face.offset + a) * size + last] = *value;
            }
        }
        for (x, value) in products.fixed.iter().enumerate() {
            self.base[(self.effects + x) * size + last] = *value;
        }
        self.base[last * size + last] = products.square;
    }

    /// Starts an elimination: S as before any.
    pub fn reset(&mut self) {
        let size = self.size;
        for column in 0..size {
            let lower = column * size + column..(column + 1) * size;
            self.s[lower.clone()].copy_from_slice(&self.base[lower]);
        }
    }

    /// D as a vector over effects, X and y, where every level in the root has one effect: scaling
    /// by D is then a product of numbers, and half of every pass over the root is saved.
    fn scalar_scale(&self, lambda: &[Vec<f64>]) -> Option<Vec<f64>> {
        let mut d = vec![1.0; self.size];
        for face in &self.faces {
            if self.widths[face.factor] != 1 {
                return None;
            }
            d[face.offset] = lambda[face.factor][0];
        }
        Some(d)
    }

    /// Ω without its identity, D'SD, for levels of any width.
    fn scale_faces(&mut self, lambda: &[Vec<f64>]) {
        let (n, size) = (self.effects, self.size);
        self.omega.copy_from_slice(&self.s);
        for face in &self.faces {
            let (k, l, first) = (self.widths[face.factor], &lambda[face.factor], face.offset);
            for a in 0..k {
                for b in 0..a {
                    self.omega[(first + a) * size + first + b] =
                        self.omega[(first + b) * size + first + a];
                }
            }
            scale_columns(
                &mut self.omega[first * size..(first + k) * size],
                l,
                k,
                size,
                first..size,
            );
        }
        // Column by column, the rows of each face that reaches below the diagonal.
        let mut first_face = 0;
        for column in 0..n {
            while self
                .faces
                .get(first_face + 1)
                .is_some_and(|next| next.offset <= column)
            {
                first_face += 1;
            }
            let values = &mut self.omega[column * size..column * size + n];
            for face in &self.faces[first_face..] {
                let (k, l) = (self.widths[face.factor], &lambda[face.factor]);
                if k == 1 {
                    values[face.offset] *= l[0];
                } else {
                    transpose_multiply(&mut values[face.offset..face.offset + k], l, k);
                }
            }
        }
    }

    /// Scales and factors. `None` when Ω is not positive definite.
    pub fn factor(&mut self, lambda: &[Vec<f64>]) -> Option<RootValue> {
        let (n, size) = (self.effects, self.size);
        match self.scalar_scale(lambda) {
            Some(d) => {
                for column in 0..size {
                    let lower = column * size + column..(column + 1) * size;
                    let from = &self.s[lower.clone()];
                    for ((to, x), di) in self.omega[lower].iter_mut().zip(from).zip(&d[column..]) {
                        *to = x * (d[column] * di);
                    }
                }
            }
            None => self.scale_faces(lambda),
        }
        for i in 0..n {
            self.omega[i * size + i] += 1.0;
        }
        llt::factor::cholesky_in_place(
            MatMut::from_column_major_slice_mut(&mut self.omega, size, size),
            Default::default(),
            Par::Seq,
            MemStack::new(&mut self.memory),
            Default::default(),
        )
        .ok()?;
        let diagonal = |i: usize| self.omega[i * size + i];
        let log_det = |range: std::ops::Range<usize>| {
            let mut sum = 0.0;
            let mut product = 1.0f64;
            for i in range {
                product *= diagonal(i);
                if !(1e-200..1e200).contains(&product) {
                    sum += product.ln();
                    product = 1.0;
                }
            }
            2.0 * (sum + product.ln())
        };
        let pivot = diagonal(size - 1);
        Some(RootValue {
            log_det_effects: log_det(0..n),
            log_det_fixed: log_det(n..n + self.fixed),
            pwrss: pivot * pivot,
        })
    }

    /// The root's random effects (not divided by Λ) and then β; call after [`Root::factor`]. With a
    /// combination of the fixed effects held, β is what it forces.
    pub fn solve(&self, lambda: &[Vec<f64>], hold: Option<&Hold>) -> Vec<f64> {
        let lead = self.size - 1;
        let mut d: Vec<f64> = (0..lead)
            .map(|i| self.omega[i * self.size + lead])
            .collect();
        if let Some(hold) = hold {
            for (x, u) in d[self.effects..].iter_mut().zip(&hold.root) {
                *x += hold.multiplier * u;
            }
        }
        let l = square(&self.omega, self.size).submatrix(0, 0, lead, lead);
        triangular_solve::solve_upper_triangular_in_place(
            l.transpose(),
            MatMut::from_column_major_slice_mut(&mut d, lead, 1),
            Par::Seq,
        );
        self.multiply_by_d(lambda, &mut d);
        d
    }

    /// L⁻¹ of a vector over X (zero on the effects), over X; call after [`Root::factor`].
    pub fn half_solve_fixed(&self, vector: &[f64]) -> Vec<f64> {
        let mut out = vector.to_vec();
        triangular_solve::solve_lower_triangular_in_place(
            square(&self.omega, self.size).submatrix(
                self.effects,
                self.effects,
                self.fixed,
                self.fixed,
            ),
            MatMut::from_column_major_slice_mut(&mut out, self.fixed, 1),
            Par::Seq,
        );
        out
    }

    /// L⁻¹ of the right-hand side, over X.
    pub fn half_solution_fixed(&self) -> impl Iterator<Item = f64> {
        let lead = self.size - 1;
        (self.effects..lead).map(move |i| self.omega[i * self.size + lead])
    }

    /// The root's random effects with a column of X as the response and no fixed effects.
    pub fn solve_fixed_column(&self, lambda: &[Vec<f64>], x: usize) -> Vec<f64> {
        let (n, size) = (self.effects, self.size);
        let mut d: Vec<f64> = (0..n).map(|i| self.omega[i * size + n + x]).collect();
        let l = square(&self.omega, size).submatrix(0, 0, n, n);
        triangular_solve::solve_upper_triangular_in_place(
            l.transpose(),
            MatMut::from_column_major_slice_mut(&mut d, n, 1),
            Par::Seq,
        );
        self.multiply_by_d(lambda, &mut d);
        d
    }

    /// Z'V⁻¹x of the root's effects for a column of X, given its solution.
    pub fn fixed_column_scores(&self, x: usize, d: &[f64]) -> Vec<f64> {
        let (n, size) = (self.effects, self.size);
        let mut v: Vec<f64> = (0..n).map(|i| self.s[i * size + n + x]).collect();
        for j in 0..n {
            let column = &self.s[j * size + j..j * size + n];
            v[j] -= long_dot(column, &d[j..n]);
            for (v, x) in v[j + 1..].iter_mut().zip(&column[1..]) {
                *v -= x * d[j];
            }
        }
        v
    }

    /// D times a vector over effects and X, in place.
    fn multiply_by_d(&self, lambda: &[Vec<f64>], d: &mut [f64]) {
        for face in &self.faces {
            let (k, l) = (self.widths[face.factor], &lambda[face.factor]);
            let values = &mut d[face.offset..face.offset + k];
            for i in (0..k).rev() {
                values[i] = (0..=i).map(|c| l[i * k + c] * values[c]).sum();
            }
        }
    }

    /// D' times a vector over effects and X, in place.
    fn multiply_by_d_transposed(&self, lambda: &[Vec<f64>], d: &mut [f64]) {
        for face in &self.faces {
            let (k, l) = (self.widths[face.factor], &lambda[face.factor]);
            transpose_multiply(&mut d[face.offset..face.offset + k], l, k);
        }
    }

    /// Z'Py of the root's effects, given the solution `d`.
    pub fn residual_scores(&self, d: &[f64]) -> Vec<f64> {
        let (n, lead, size) = (self.effects, self.size - 1, self.size);
        let mut v: Vec<f64> = (0..n).map(|i| self.s[i * size + lead]).collect();
        for j in 0..lead {
            let column = &self.s[j * size..j * size + lead];
            if j < n {
                v[j] -= long_dot(&column[j..], &d[j..lead]);
                for (v, x) in v[j + 1..].iter_mut().zip(&column[j + 1..n]) {
                    *v -= x * d[j];
                }
            }
        }
        v
    }

    /// S times a vector over effects and X (zero on X), over effects and X. The vectors are
    /// steps of one grouping factor: zero before and after its levels.
    pub fn multiply_by_s(&self, x: &[f64], out: &mut [f64]) {
        let (n, lead, size) = (self.effects, self.size - 1, self.size);
        let first = x[..n].iter().position(|&x| x != 0.0).unwrap_or(n);
        let last = x[..n]
            .iter()
            .rposition(|&x| x != 0.0)
            .map_or(0, |at| at + 1);
        for j in 0..last {
            let column = &self.s[j * size..j * size + lead];
            let from = first.max(j);
            out[j] += long_dot(&column[from..last], &x[from..last]);
            if x[j] != 0.0 {
                for (out, s) in out[j + 1..].iter_mut().zip(&column[j + 1..]) {
                    *out += s * x[j];
                }
            }
        }
    }

    /// L⁻¹D' of several vectors over effects and X, in place, one after another.
    pub fn half_solve(&self, lambda: &[Vec<f64>], vectors: &mut [f64], count: usize) {
        let lead = self.size - 1;
        for vector in vectors.chunks_exact_mut(lead) {
            self.multiply_by_d_transposed(lambda, vector);
        }
        triangular_solve::solve_lower_triangular_in_place(
            square(&self.omega, self.size).submatrix(0, 0, lead, lead),
            MatMut::from_column_major_slice_mut(vectors, lead, count),
            Par::Seq,
        );
    }

    /// Computes C̃, over the effects and, with `with_fixed`, X; on the way adds each root
    /// factor's Σ Z_f'PZ_f (with X; Σ Z_f'V⁻¹Z_f without) to `scores`, K × K by rows.
    pub fn covariance(
        &mut self,
        lambda: &[Vec<f64>],
        with_fixed: bool,
        scores: Option<&mut [Vec<f64>]>,
    ) {
        let n = if with_fixed {
            self.size - 1
        } else {
            self.effects
        };
        self.covariance_size = n;
        self.covariance.resize(n * n, 0.0);
        if n == 0 {
            return;
        }
        llt::inverse::inverse(
            MatMut::from_column_major_slice_mut(&mut self.covariance, n, n),
            square(&self.omega, self.size).submatrix(0, 0, n, n),
            Par::Seq,
            MemStack::new(&mut self.memory),
        );
        if let Some(d) = self.scalar_scale(lambda) {
            if let Some(scores) = scores {
                self.add_scores(lambda, n, scores);
            }
            for column in 0..n {
                let lower = &mut self.covariance[column * n + column..(column + 1) * n];
                for (x, di) in lower.iter_mut().zip(&d[column..n]) {
                    *x *= d[column] * di;
                }
            }
            mirror_lower(&mut self.covariance, n);
            return;
        }
        mirror_lower(&mut self.covariance, n);
        if let Some(scores) = scores {
            self.add_scores(lambda, n, scores);
        }
        for face in &self.faces {
            let (k, l, first) = (self.widths[face.factor], &lambda[face.factor], face.offset);
            // Rows of D are rows of Λ: the transpose of what scale_columns multiplies by.
            let transposed: Vec<f64> = (0..k * k).map(|i| l[(i % k) * k + i / k]).collect();
            scale_columns(
                &mut self.covariance[first * n..(first + k) * n],
                &transposed,
                k,
                n,
                0..n,
            );
        }
        for column in 0..n {
            for face in &self.faces {
                let (k, l) = (self.widths[face.factor], &lambda[face.factor]);
                let values =
                    &mut self.covariance[column * n + face.offset..column * n + face.offset + k];
                for i in (0..k).rev() {
                    values[i] = (0..=i).map(|c| l[i * k + c] * values[c]).sum();
                }
            }
        }
    }

    fn add_scores(&self, lambda: &[Vec<f64>], n: usize, scores: &mut [Vec<f64>]) {
        for factor in 0..self.widths.len() {
            let k = self.widths[factor];
            let l = &lambda[factor];
            let mut faces = self.faces.iter().filter(|f| f.factor == factor).peekable();
            if faces.peek().is_none() {
                continue;
            }
            if largest_inverse(l, k) > LARGEST_INVERSE {
                self.add_scores_directly(lambda, n, factor, &mut scores[factor]);
                continue;
            }
            let mut sum = vec![0.0; k * k];
            for face in faces {
                for i in 0..k {
                    for j in 0..k {
                        let identity = if i == j { 1.0 } else { 0.0 };
                        sum[i * k + j] +=
                            identity - self.covariance[(face.offset + j) * n + face.offset + i];
                    }
                }
            }
            // Λ⁻ᵀ (n I − Σ C_ff) Λ⁻¹ by two triangular solves.
            for j in 0..k {
                for i in (0..k).rev() {
                    for m in i + 1..k {
                        sum[i * k + j] -= l[m * k + i] * sum[m * k + j];
                    }
                    sum[i * k + j] /= l[i * k + i];
                }
            }
            for i in 0..k {
                for j in (0..k).rev() {
                    for m in j + 1..k {
                        sum[i * k + j] -= sum[i * k + m] * l[m * k + j];
                    }
                    sum[i * k + j] /= l[j * k + j];
                }
            }
            scores[factor]
                .iter_mut()
                .zip(&sum)
                .for_each(|(a, b)| *a += b);
        }
    }

    /// Σ_f S_ff − G_f'G_f with G = L⁻¹D'S: no division by Λ, so it holds at zero.
    fn add_scores_directly(&self, lambda: &[Vec<f64>], n: usize, factor: usize, score: &mut [f64]) {
        // Many columns at once: blocked arithmetic is what makes this as fast as the inverse.
        const COLUMNS: usize = 64;
        let k = self.widths[factor];
        let entry = |i: usize, j: usize| self.s[i.min(j) * self.size + i.max(j)];
        let firsts: Vec<usize> = self
            .faces
            .iter()
            .filter(|f| f.factor == factor)
            .map(|f| f.offset)
            .collect();
        let mut g = Vec::new();
        for firsts in firsts.chunks((COLUMNS / k).max(1)) {
            let count = firsts.len() * k;
            g.clear();
            for &first in firsts {
                for a in 0..k {
                    g.extend((0..n).map(|i| entry(i, first + a)));
                }
            }
            for column in g.chunks_exact_mut(n) {
                self.multiply_by_d_transposed(lambda, column);
            }
            triangular_solve::solve_lower_triangular_in_place(
                square(&self.omega, self.size).submatrix(0, 0, n, n),
                MatMut::from_column_major_slice_mut(&mut g, n, count),
                Par::Seq,
            );
            for (&first, face) in firsts.iter().zip(g.chunks_exact(n * k)) {
                for a in 0..k {
                    for b in 0..k {
                        let dot: f64 = face[a * n..(a + 1) * n]
                            .iter()
                            .zip(&face[b * n..(b + 1) * n])
                            .map(|(x, y)| x * y)
                            .sum();
                        score[a * k + b] += entry(first + a, first + b) - dot;
                    }
                }
            }
        }
    }

    /// The levels in the root.
    pub fn faces(&self) -> &[RootFace] {
        &self.faces
    }

    /// L of X'V⁻¹X = LL', p × p by columns; call after [`Root::factor`].
    pub fn fixed_factor(&self) -> Vec<f64> {
        let (n, p, size) = (self.effects, self.fixed, self.size);
        let mut out = vec![0.0; p * p];
        for c in 0..p {
            let column = &self.omega[(n + c) * size + n..][..p];
            out[c * p + c..(c + 1) * p].copy_from_slice(&column[c..]);
        }
        out
    }

    /// β, p numbers.
    pub fn fixed_effects(&self) -> Vec<f64> {
        let mut beta: Vec<f64> = self.half_solution_fixed().collect();
        let (p, at) = (self.fixed, self.effects);
        let l = square(&self.omega, self.size).submatrix(at, at, p, p);
        let column = MatMut::from_column_major_slice_mut(&mut beta, p, 1);
        triangular_solve::solve_upper_triangular_in_place(l.transpose(), column, Par::Seq);
        beta
    }

    /// (X'V⁻¹X)⁻¹, p × p; call after [`Root::factor`].
    pub fn fixed_covariance(&self) -> Vec<f64> {
        let (p, size) = (self.fixed, self.size);
        let mut inverse = vec![0.0; p * p];
        for i in 0..p {
            inverse[i * p + i] = 1.0;
        }
        let l = square(&self.omega, size).submatrix(self.effects, self.effects, p, p);
        let mut columns = MatMut::from_column_major_slice_mut(&mut inverse, p, p);
        triangular_solve::solve_lower_triangular_in_place(l, columns.as_mut(), Par::Seq);
        triangular_solve::solve_upper_triangular_in_place(l.transpose(), columns, Par::Seq);
        inverse
    }
}
