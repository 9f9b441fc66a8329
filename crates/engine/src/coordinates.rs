//! The coordinates in which statistics are kept: centred and scaled columns.
//!
//! Raw crossproducts lose digits when a column has a mean that is large beside its spread (a
//! calendar year, a body weight in grams), and an optimiser works badly when one variance is
//! 10⁶ times another. So everything inside the engine is in standard units, and this file maps
//! back and forth. The maps are linear and exact:
//!
//! - y* = (y − m_y)/s_y and x*_j = (x_j − m_j)/s_j, centred only beside an intercept;
//! - z*_a = (z_a − m_a)/s_a within a term that has a constant column c, so that
//!   z'b = z*'(Bb) with (Bb)_a = s_a b_a and (Bb)_c = b_c + Σ m_a b_a. The covariance factor
//!   follows as Λ* = BΛ, brought back to lower triangular form by rotations from the right.
//!
//! The criterion changes by a constant, [`Coordinates::criterion_shift`]; θ is relative to σ, so
//! the scale of y does not touch it.

use crate::layout::Layout;
use crate::statistics::{Column, Rows};

/// Shift and scale of one column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standard {
    /// Subtracted first.
    pub shift: f64,
    /// Divided by then; positive.
    pub scale: f64,
}

impl Standard {
    /// The column as it is.
    pub const IDENTITY: Standard = Standard {
        shift: 0.0,
        scale: 1.0,
    };

    /// The standard form of a column: mean and standard deviation with `centre`, the root mean
    /// square without.
    fn of(column: &Column<'_>, centre: bool) -> Self {
        let values = match column {
            Column::Constant(value) => {
                let size = value.abs();
                let scale = if size > 0.0 && !centre { size } else { 1.0 };
                return Self {
                    shift: if centre { *value } else { 0.0 },
                    scale,
                };
            }
            Column::Values(values) => values,
        };
        let n = values.len().max(1) as f64;
        let shift = if centre {
            values.iter().sum::<f64>() / n
        } else {
            0.0
        };
        let spread = (values
            .iter()
            .map(|x| (x - shift) * (x - shift))
            .sum::<f64>()
            / n)
            .sqrt();
        // A constant column has no spread of its own: its size then stands in.
        let scale = if spread > 0.0 { spread } else { shift.abs() };
        Self {
            shift,
            scale: if scale > 0.0 && scale.is_finite() {
                scale
            } else {
                1.0
            },
        }
    }
}

/// How every column of a model is standardised. Columns of ones that the layout names as
/// intercepts stay as they are; without an intercept beside it a column is never shifted.
#[derive(Clone, Debug, PartialEq)]
pub struct Coordinates {
    /// The response.
    pub response: Standard,
    /// The fixed-effects columns.
    pub fixed: Vec<Standard>,
    /// The random-effects columns: factor by factor, in the order of the face.
    pub random: Vec<Vec<Standard>>,
}

impl Coordinates {
    /// No shift and no scale.
    pub fn identity(layout: &Layout) -> Self {
        Self {
            response: Standard::IDENTITY,
            fixed: vec![Standard::IDENTITY; layout.fixed],
            random: layout
                .factors
                .iter()
                .map(|f| vec![Standard::IDENTITY; f.width])
                .collect(),
        }
    }

    /// Coordinates fitted to a first batch of rows. They need only be roughly right: any
    /// shift and scale give the same model, near ones keep more digits.
    pub fn pilot(layout: &Layout, rows: &Rows<'_>) -> Self {
        let mut coordinates = Self::identity(layout);
        let centre = layout.intercept.is_some();
        coordinates.response = Standard::of(&Column::Values(rows.response), centre);
        for (j, column) in rows.fixed.iter().enumerate() {
            if Some(j) != layout.intercept {
                coordinates.fixed[j] = Standard::of(column, centre);
            }
        }
        for term in &layout.terms {
            for a in 0..term.width {
                if Some(a) != term.intercept {
                    let column = &rows.factors[term.factor].columns[term.offset + a];
                    coordinates.random[term.factor][term.offset + a] =
                        Standard::of(column, term.intercept.is_some());
                }
            }
        }
        coordinates
    }

    /// What to add to the criterion in standard units to get it in the user's:
    /// dof·log s_y² and, by REML, Σ log s_j² from log|X'V⁻¹X|.
    pub fn criterion_shift(&self, degrees: f64, reml: bool) -> f64 {
        let fixed: f64 = if reml {
            self.fixed.iter().map(|x| 2.0 * x.scale.ln()).sum()
        } else {
            0.0
        };
        fixed + degrees * 2.0 * self.response.scale.ln()
    }

    /// Fixed effects in the user's units from those in standard units.
    pub fn fixed_effects(&self, layout: &Layout, beta: &[f64]) -> Vec<f64> {
        let mut out = self.map_fixed(layout, beta);
        if let Some(intercept) = layout.intercept {
            out[intercept] += self.response.shift;
        }
        out
    }

    /// The linear part of the map of fixed effects: s_y·M applied to a vector.
    pub fn map_fixed(&self, layout: &Layout, beta: &[f64]) -> Vec<f64> {
        let scale = self.response.scale;
        let mut out: Vec<f64> = beta
            .iter()
            .zip(&self.fixed)
            .map(|(b, x)| scale * b / x.scale)
            .collect();
        if let Some(intercept) = layout.intercept {
            let moved: f64 = (0..out.len())
                .filter(|&j| j != intercept)
                .map(|j| out[j] * self.fixed[j].shift)
                .sum();
            out[intercept] -= moved;
        }
        out
    }

    /// The fixed effect `effect` in the user's units, less the shift of the response where it is
    /// the intercept, as a combination of those in standard units.
    pub(crate) fn fixed_effect(&self, layout: &Layout, effect: usize) -> Vec<f64> {
        (0..layout.fixed)
            .map(|j| {
                let mut unit = vec![0.0; layout.fixed];
                unit[j] = 1.0;
                self.map_fixed(layout, &unit)[effect]
            })
            .collect()
    }

    /// A p × p matrix A in standard units (a covariance of fixed effects) as s_y²·MAM'.
    pub fn map_fixed_matrix(&self, layout: &Layout, matrix: &[f64]) -> Vec<f64> {
        let p = layout.fixed;
        let mut half = vec![0.0; p * p];
        for j in 0..p {
            let row = self.map_fixed(layout, &matrix[j * p..(j + 1) * p]);
            for i in 0..p {
                half[i * p + j] = row[i];
            }
        }
        let mut out = vec![0.0; p * p];
        for i in 0..p {
            out[i * p..(i + 1) * p]
                .copy_from_slice(&self.map_fixed(layout, &half[i * p..(i + 1) * p]));
        }
        out
    }

    /// A row of fixed columns in standard units, in place: M'x, so that x'β = s_y·(M'x)'β* (without
    /// the response's shift).
    pub(crate) fn row_to_standard(&self, layout: &Layout, x: &mut [f64]) {
        let level = layout.intercept.map_or(0.0, |i| x[i]);
        for (j, (x, s)) in x.iter_mut().zip(&self.fixed).enumerate() {
            let moved = if Some(j) == layout.intercept {
                0.0
            } else {
                level * s.shift
            };
            *x = (*x - moved) / s.scale;
        }
    }

    /// A row of the columns of one face in standard units, in place: B⁻ᵀz.
    pub(crate) fn face_to_standard(&self, layout: &Layout, factor: usize, z: &mut [f64]) {
        for term in layout.terms.iter().filter(|t| t.factor == factor) {
            let level = term.intercept.map_or(0.0, |c| z[term.offset + c]);
            for a in (0..term.width).filter(|&a| Some(a) != term.intercept) {
                let Standard { shift, scale } = self.random[factor][term.offset + a];
                let value = &mut z[term.offset + a];
                *value = (*value - shift * level) / scale;
            }
        }
    }

    /// Random effects of one level, in place, from standard units to the user's: b = s_y·B⁻¹b*.
    pub fn random_effects(&self, layout: &Layout, factor: usize, b: &mut [f64]) {
        for x in b.iter_mut() {
            *x *= self.response.scale;
        }
        for term in layout.terms.iter().filter(|t| t.factor == factor) {
            self.apply_inverse(term, b, 1);
        }
    }

    /// A covariance matrix of the random effects of one level, in place: s_y²·B⁻¹CB⁻ᵀ.
    pub fn random_covariance(&self, layout: &Layout, factor: usize, c: &mut [f64]) {
        let width = layout.factors[factor].width;
        let scale = self.response.scale * self.response.scale;
        for x in c.iter_mut() {
            *x *= scale;
        }
        for _ in 0..2 {
            for term in layout.terms.iter().filter(|t| t.factor == factor) {
                self.apply_inverse(term, c, width);
            }
            transpose(c, width);
        }
    }

    /// B⁻¹ of one term applied to the rows of a face-high matrix with `columns` columns.
    fn apply_inverse(&self, term: &crate::layout::Term, matrix: &mut [f64], columns: usize) {
        for a in 0..term.width {
            if Some(a) == term.intercept {
                continue;
            }
            let row = term.offset + a;
            let standard = self.random[term.factor][row];
            for j in 0..columns {
                matrix[row * columns + j] /= standard.scale;
                if let Some(c) = term.intercept {
                    matrix[(term.offset + c) * columns + j] -=
                        standard.shift * matrix[row * columns + j];
                }
            }
        }
    }

    /// A change of the relative covariance of one level, from the user's units to standard
    /// ones: BEB', K × K.
    pub(crate) fn change_to_standard(&self, layout: &Layout, factor: usize, change: &mut [f64]) {
        let width = layout.factors[factor].width;
        for _ in 0..2 {
            for term in layout.terms.iter().filter(|t| t.factor == factor) {
                for a in (0..term.width).filter(|&a| Some(a) != term.intercept) {
                    let row = term.offset + a;
                    let Standard { shift, scale } = self.random[factor][row];
                    for j in 0..width {
                        if let Some(c) = term.intercept {
                            change[(term.offset + c) * width + j] +=
                                shift * change[row * width + j];
                        }
                        change[row * width + j] *= scale;
                    }
                }
            }
            transpose(change, width);
        }
    }

    /// The score matrix of a grouping factor in the user's units: B'QB, K × K.
    pub(crate) fn score_to_user(&self, layout: &Layout, factor: usize, score: &mut [f64]) {
        let width = layout.factors[factor].width;
        for _ in 0..2 {
            for term in layout.terms.iter().filter(|t| t.factor == factor) {
                for a in (0..term.width).filter(|&a| Some(a) != term.intercept) {
                    let row = term.offset + a;
                    let Standard { shift, scale } = self.random[factor][row];
                    for j in 0..width {
                        score[row * width + j] *= scale;
                        if let Some(c) = term.intercept {
                            score[row * width + j] += shift * score[(term.offset + c) * width + j];
                        }
                    }
                }
            }
            transpose(score, width);
        }
    }

    /// `theta` in the user's units from standard units.
    pub fn theta_to_user(&self, layout: &Layout, theta: &[f64]) -> Vec<f64> {
        self.map_theta(layout, theta, false)
    }

    /// `theta` in standard units from the user's.
    pub fn theta_to_standard(&self, layout: &Layout, theta: &[f64]) -> Vec<f64> {
        self.map_theta(layout, theta, true)
    }

    fn map_theta(&self, layout: &Layout, theta: &[f64], to_standard: bool) -> Vec<f64> {
        let mut out = Vec::with_capacity(theta.len());
        let mut at = 0;
        for term in &layout.terms {
            let k = term.width;
            let mut lambda = vec![0.0; k * k];
            for column in 0..k {
                for row in column..k {
                    lambda[row * k + column] = theta[at];
                    at += 1;
                }
            }
            let standards = &self.random[term.factor][term.offset..term.offset + k];
            for j in 0..k {
                for a in 0..k {
                    if Some(a) == term.intercept {
                        continue;
                    }
                    let Standard { shift, scale } = standards[a];
                    if !to_standard {
                        lambda[a * k + j] /= scale;
                    }
                    if let Some(c) = term.intercept {
                        let moved = shift * lambda[a * k + j];
                        lambda[c * k + j] += if to_standard { moved } else { -moved };
                    }
                    if to_standard {
                        lambda[a * k + j] *= scale;
                    }
                }
            }
            lower_factor(&mut lambda, k);
            for column in 0..k {
                for row in column..k {
                    out.push(lambda[row * k + column]);
                }
            }
        }
        out
    }
}

fn transpose(matrix: &mut [f64], n: usize) {
    for i in 0..n {
        for j in 0..i {
            matrix.swap(i * n + j, j * n + i);
        }
    }
}

/// Turns a square factor F (by rows) into the lower triangular L with LL' = FF', a non-negative
/// diagonal, and a column of zeros wherever a row depends on the rows above it. Rotations from
/// the right keep exact zeros exact and never square the entries.
pub fn lower_factor(f: &mut [f64], k: usize) {
    let norms: Vec<f64> = (0..k)
        .map(|i| {
            f[i * k..(i + 1) * k]
                .iter()
                .map(|x| x * x)
                .sum::<f64>()
                .sqrt()
        })
        .collect();
    let mut pivots = Vec::with_capacity(k);
    let mut free = 0;
    for row in 0..k {
        if free == k {
            break;
        }
        let rest = f[row * k + free..(row + 1) * k]
            .iter()
            .map(|x| x * x)
            .sum::<f64>()
            .sqrt();
        if rest <= 1e-12 * norms[row] || rest == 0.0 {
            for column in free..k {
                f[row * k + column] = 0.0;
            }
            continue;
        }
        for column in free + 1..k {
            let (x, y) = (f[row * k + free], f[row * k + column]);
            if y == 0.0 {
                continue;
            }
            let length = x.hypot(y);
            let (c, s) = (x / length, y / length);
            for r in row..k {
                let (x, y) = (f[r * k + free], f[r * k + column]);
                f[r * k + free] = c * x + s * y;
                f[r * k + column] = c * y - s * x;
            }
            f[row * k + column] = 0.0;
        }
        if f[row * k + free] < 0.0 {
            for r in row..k {
                f[r * k + free] = -f[r * k + free];
            }
        }
        pivots.push(row);
        free += 1;
    }
    let echelon = f.to_vec();
    f.fill(0.0);
    for (column, &row) in pivots.iter().enumerate() {
        for r in row..k {
            f[r * k + row] = echelon[r * k + column];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factor_keeps_the_covariance_and_names_dependent_rows() {
        // Row 2 is twice row 1, row 0 is zero: columns 0 and 2 must vanish.
        let mut f = vec![0.0, 0.0, 0.0, 3.0, 4.0, 0.0, 6.0, 8.0, 0.0];
        lower_factor(&mut f, 3);
        assert_eq!(f[0], 0.0);
        assert!((f[4] - 5.0).abs() < 1e-15);
        assert!((f[7] - 10.0).abs() < 1e-14);
        assert_eq!((f[6], f[8], f[3]), (0.0, 0.0, 0.0));
    }

    #[test]
    fn theta_survives_the_way_there_and_back() {
        let layout = Layout::new(2, Some(0), &[5], &[(0, 3, Some(0)), (0, 1, None)]);
        let mut coordinates = Coordinates::identity(&layout);
        coordinates.random[0][1] = Standard {
            shift: 2010.0,
            scale: 5.0,
        };
        coordinates.random[0][2] = Standard {
            shift: -3.0,
            scale: 0.01,
        };
        coordinates.random[0][3] = Standard {
            shift: 0.0,
            scale: 7.0,
        };
        let theta = [1.5, 0.2, -0.3, 0.7, 0.1, 0.4, 0.9];
        let there = coordinates.theta_to_standard(&layout, &theta);
        let back = coordinates.theta_to_user(&layout, &there);
        for (a, b) in theta.iter().zip(&back) {
            assert!((a - b).abs() < 1e-9, "{theta:?} {back:?}");
        }
    }
}
