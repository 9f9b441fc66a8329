//! The joint covariance of (β̂ − β, b̂ − b): how sure a fitted or predicted value is.
//!
//! σ² times the inverse of Henderson's matrix (Henderson 1975, Biometrics 31:423), as something
//! to ask: the variance of x'β̂ + z'b̂ − x'β − z'b for a row (x, z), the covariance of two of
//! them, the leverage of an observation. θ counts as known; what its estimation adds is left out
//! (of order 1/J with J levels; Kackar and Harville 1984).

use std::cell::RefCell;

use super::fit::Fit;
use crate::blocks::{Kept, Reduced, Way};
use crate::coordinates::{Coordinates, Standard};
use crate::layout::Layout;

/// A grouping factor, a level of it, and the values of the columns of its face.
pub type LevelColumns<'a> = (usize, usize, &'a [f64]);

/// The joint covariance of all effects of a fit, in the user's units.
///
/// It is a copy of its own, independent of the fit: one number for each entry that elimination
/// left, and a dense matrix over the effects of the root.
#[derive(Clone, Debug)]
pub struct Joint {
    pub(super) layout: Layout,
    pub(super) coordinates: Coordinates,
    pub(super) sigma: f64,
    pub(super) kept: Kept,
}

/// The variance of x'β̂ + z'b̂ − x'β − z'b and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variance {
    /// All of it.
    pub total: f64,
    /// What would be gone if the fixed effects were known.
    pub fixed: f64,
    /// What would be left: the random effects are not known even if the fixed effects are.
    pub random: f64,
}

/// Asks a [`Joint`] about one row after another, with scratch that is made once.
pub struct JointRows<'a> {
    joint: &'a Joint,
    scratch: RefCell<Scratch>,
}

struct Scratch {
    way: Way,
    /// A row of X and a face in standard units, and a row's covariances with β̂.
    x: Vec<f64>,
    z: Vec<f64>,
    fixed: Vec<f64>,
    row: Reduced,
}

/// A row that is ready to be compared with others.
#[derive(Clone, Debug)]
pub struct JointRow(Reduced);

impl Joint {
    pub(super) fn of(fit: &mut Fit) -> Self {
        fit.criterion.at(&fit.standard);
        Self::here(fit)
    }

    /// At another θ, in the user's units, and the σ of the fit; `None` where there is none.
    pub(super) fn at(fit: &mut Fit, theta: &[f64]) -> Option<Self> {
        let standard = fit.coordinates.theta_to_standard(fit.layout(), theta);
        fit.criterion
            .at(&standard)
            .is_finite()
            .then(|| Self::here(fit))
    }

    fn here(fit: &mut Fit) -> Self {
        Self {
            layout: fit.criterion.layout().clone(),
            coordinates: fit.coordinates.clone(),
            sigma: fit.sigma,
            kept: fit.criterion.keep(),
        }
    }

    /// Of a system in standard units whose errors have the standard deviation `sigma`.
    pub(crate) fn of_system(
        layout: Layout,
        coordinates: Coordinates,
        sigma: f64,
        kept: Kept,
    ) -> Self {
        Self {
            layout,
            coordinates,
            sigma,
            kept,
        }
    }

    /// Asks about rows.
    pub fn rows(&self) -> JointRows<'_> {
        JointRows {
            joint: self,
            scratch: RefCell::new(Scratch {
                way: self.kept.way(),
                x: Vec::new(),
                z: Vec::new(),
                fixed: Vec::new(),
                row: Reduced::default(),
            }),
        }
    }

    /// (x, z)C(x, z)' for a row that touches the given levels; a factor that is left out does
    /// not count, as for a mean over its levels. For many rows ask [`Joint::rows`].
    ///
    /// # Panics
    /// If `x` does not have p numbers, or a level or its number of columns is not the layout's.
    pub fn variance(&self, x: &[f64], levels: &[LevelColumns<'_>]) -> f64 {
        self.rows().variance(x, levels).total
    }

    /// Numbers held: what it costs to keep or to save.
    pub fn size(&self) -> usize {
        self.kept.size()
    }

    /// The shape of the model.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// As integers and numbers, to be saved.
    pub fn parts(&self) -> (Vec<u32>, Vec<f64>) {
        let (integers, kept) = self.kept.parts();
        let mut numbers = vec![self.sigma];
        let standards = std::iter::once(&self.coordinates.response)
            .chain(&self.coordinates.fixed)
            .chain(self.coordinates.random.iter().flatten());
        numbers.extend(standards.flat_map(|s| [s.shift, s.scale]));
        numbers.extend(kept);
        (integers, numbers)
    }

    /// The way back from [`Joint::parts`]; `None` where they are not those of such a model.
    pub fn from_parts(layout: &Layout, integers: &[u32], numbers: &[f64]) -> Option<Self> {
        let mut coordinates = Coordinates::identity(layout);
        let columns: usize = layout.factors.iter().map(|f| f.width).sum();
        let head = 1 + 2 * (1 + layout.fixed + columns);
        if numbers.len() < head || numbers.iter().any(|x| !x.is_finite()) {
            return None;
        }
        let (start, kept) = numbers.split_at(head);
        let standards = std::iter::once(&mut coordinates.response)
            .chain(&mut coordinates.fixed)
            .chain(coordinates.random.iter_mut().flatten());
        for (standard, pair) in standards.zip(start[1..].chunks_exact(2)) {
            *standard = Standard {
                shift: pair[0],
                scale: pair[1],
            };
        }
        Some(Self {
            kept: Kept::from_parts(layout, integers, kept)?,
            layout: layout.clone(),
            coordinates,
            sigma: start[0],
        })
    }
}

impl JointRow {
    /// How many places of the root the row reached: two rows meet over the product of theirs.
    pub fn reach(&self) -> usize {
        self.0.reach()
    }
}

impl JointRows<'_> {
    /// Prepares a row; see [`Joint::variance`].
    ///
    /// # Panics
    /// If `x` does not have p numbers, or a level or its number of columns is not the layout's.
    pub fn row(&self, x: &[f64], levels: &[LevelColumns<'_>]) -> JointRow {
        let mut scratch = self.scratch.borrow_mut();
        self.reduce(&mut scratch, x, levels);
        JointRow(scratch.row.clone())
    }

    /// Leaves the row in the scratch.
    fn reduce(&self, scratch: &mut Scratch, x: &[f64], levels: &[LevelColumns<'_>]) {
        let Joint {
            layout,
            coordinates,
            kept,
            ..
        } = self.joint;
        assert_eq!(x.len(), layout.fixed, "columns of a row");
        for &(factor, level, z) in levels {
            assert_eq!(z.len(), layout.factors[factor].width, "columns of a face");
            scratch.z.clear();
            scratch.z.extend_from_slice(z);
            coordinates.face_to_standard(layout, factor, &mut scratch.z);
            kept.enter(&mut scratch.way, factor, level, &scratch.z);
        }
        scratch.x.clear();
        scratch.x.extend_from_slice(x);
        coordinates.row_to_standard(layout, &mut scratch.x);
        kept.reduce(&mut scratch.way, &scratch.x, &mut scratch.row);
    }

    /// (x, z)C(x, z)' and its parts; see [`Joint::variance`].
    ///
    /// # Panics
    /// As [`Joint::variance`].
    pub fn variance(&self, x: &[f64], levels: &[LevelColumns<'_>]) -> Variance {
        let mut scratch = self.scratch.borrow_mut();
        self.reduce(&mut scratch, x, levels);
        let Scratch {
            way, fixed, row, ..
        } = &mut *scratch;
        self.split(way, fixed, row)
    }

    /// The variance of a row that is ready.
    pub fn variance_of(&self, row: &JointRow) -> Variance {
        let mut scratch = self.scratch.borrow_mut();
        let Scratch { way, fixed, .. } = &mut *scratch;
        self.split(way, fixed, &row.0)
    }

    fn split(&self, way: &mut Way, fixed: &mut Vec<f64>, row: &Reduced) -> Variance {
        let kept = &self.joint.kept;
        let scale = self.joint.sigma * self.joint.sigma;
        let total = scale * kept.square(way, row);
        kept.with_fixed(row, fixed);
        let fixed = (scale * kept.fixed_share(fixed)).min(total);
        Variance {
            total,
            fixed,
            random: total - fixed,
        }
    }

    /// The covariance of what two rows miss.
    pub fn covariance(&self, a: &JointRow, b: &JointRow) -> f64 {
        self.joint.sigma * self.joint.sigma * self.joint.kept.product(&a.0, &b.0)
    }

    /// The covariances of what rows miss, all with all: n × n, lower triangle by rows.
    pub fn covariances(&self, rows: &[&JointRow]) -> Vec<f64> {
        let rows: Vec<&Reduced> = rows.iter().map(|row| &row.0).collect();
        let scale = self.joint.sigma * self.joint.sigma;
        let mut out = self.joint.kept.products(&rows);
        out.iter_mut().for_each(|x| *x *= scale);
        out
    }

    /// The covariances of what a row misses with β̂ − β, p numbers.
    pub fn with_fixed(&self, row: &JointRow) -> Vec<f64> {
        let mut standard = Vec::new();
        self.joint.kept.with_fixed(&row.0, &mut standard);
        let scale = self.joint.sigma * self.joint.sigma / self.joint.coordinates.response.scale;
        let scaled: Vec<f64> = standard.iter().map(|x| scale * x).collect();
        self.joint
            .coordinates
            .map_fixed(&self.joint.layout, &scaled)
    }

    /// The leverage h = ∂ŷ/∂y of an observation at given θ, which is w(x, z)C(x, z)'/σ² for one of
    /// weight w. The sum over all observations is the effective number of parameters ρ (Hodges
    /// and Sargent 2001; Vaida and Blanchard 2005).
    ///
    /// # Panics
    /// As [`Joint::variance`].
    pub fn leverage(&self, x: &[f64], levels: &[LevelColumns<'_>], weight: f64) -> f64 {
        let mut scratch = self.scratch.borrow_mut();
        self.reduce(&mut scratch, x, levels);
        let Scratch { way, row, .. } = &mut *scratch;
        weight * self.joint.kept.square(way, row)
    }
}
