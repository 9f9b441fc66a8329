//! The linear system of a mixed model, block by block: elimination of the random effects, and
//! what comes back from it. See [`system::System`] for the whole, [`lanes`] and [`sparse`] for the two
//! kernels, [`root`] for the dense part they share.

mod crossed;
mod curvature;
mod face;
mod hold;
mod joint;
mod lane;
mod lanes;
mod moments;
mod plan;
mod rest;
mod root;
mod small;
mod sparse;
mod steps;
mod system;
#[cfg(test)]
mod tests;

pub(crate) use curvature::Direction;
pub(crate) use face::{FaceScratch, Scalar, conditional_factor};
pub(crate) use joint::{Kept, Reduced, RootFactor, Way};
pub(crate) use lane::{LANES, Lane};
pub(crate) use small::{multiply_rows, sandwich, transpose};
pub(crate) use system::{Posterior, Spread, System};

/// Quadratic forms F_ij = a_i'Pa_j of directions a_i = ∂V/∂θ_i·Py and their projections on the
/// root (effects, then X).
pub(crate) struct Information {
    /// m × m, lower triangle by rows.
    pub forms: Vec<f64>,
    /// m rows, one number for each root effect and fixed effect.
    pub projections: Vec<f64>,
    /// Where a combination of the fixed effects is held: a_i'z of each direction, see [`hold`].
    pub held: Vec<f64>,
    count: usize,
}

impl Information {
    fn new(count: usize, lead: usize) -> Self {
        Self {
            forms: vec![0.0; count * count],
            projections: vec![0.0; count * lead],
            held: Vec::new(),
            count,
        }
    }

    /// Adds to F_ih, h ≤ i.
    #[inline]
    fn add(&mut self, i: usize, h: usize, value: f64) {
        self.forms[i * self.count + h] += value;
    }
}

/// The k × k scores of each grouping factor, by rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scores {
    /// Σ_f Z_f'PZ_f by REML, Σ_f Z_f'V⁻¹Z_f by ML.
    pub information: Vec<Vec<f64>>,
    /// Σ_f v_f v_f' with v = Z'Py.
    pub residual: Vec<Vec<f64>>,
}

impl Scores {
    fn new(widths: impl Iterator<Item = usize>) -> Self {
        let information: Vec<Vec<f64>> = widths.map(|k| vec![0.0; k * k]).collect();
        Self {
            residual: information.clone(),
            information,
        }
    }

    /// Adds vv' of one face.
    fn add_residual(&mut self, factor: usize, v: &[f64]) {
        let k = v.len();
        for i in 0..k {
            for j in 0..k {
                self.residual[factor][i * k + j] += v[i] * v[j];
            }
        }
    }
}
