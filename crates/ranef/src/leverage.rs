//! Leverages h = ∂ŷ/∂y at given θ, batch by batch, for whoever goes through the rows.

use ranef_design::{DesignRows, NEW_LEVEL};
use ranef_engine::lmm::{JointRows, LevelColumns};

use crate::{Error, Fit};

/// The leverages of one batch of rows after another.
pub(crate) struct Leverages<'a> {
    fit: &'a Fit,
    asked: JointRows<'a>,
    /// A row of X, and one of each face.
    x: Vec<f64>,
    faces: Vec<Vec<f64>>,
}

impl<'a> Leverages<'a> {
    /// # Errors
    /// As [`Fit::joint`].
    pub fn new(fit: &'a Fit) -> Result<Self, Error> {
        Ok(Self {
            fit,
            asked: fit.joint()?.rows(),
            x: Vec::new(),
            faces: fit.widths().iter().map(|&k| vec![0.0; k]).collect(),
        })
    }

    /// Of a batch whose rows have these weights. A level that the fit has not seen does not count.
    pub fn of(&mut self, rows: &DesignRows, weights: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; rows.n];
        for i in self.order(rows) {
            self.x.clear();
            self.x.extend(rows.fixed.iter().map(|c| c.at(i)));
            for (block, columns) in self.fit.varcorr().iter().zip(&rows.random) {
                for (a, column) in columns.iter().enumerate() {
                    self.faces[block.factor][block.offset + a] = column.at(i);
                }
            }
            let seen = rows.codes.iter().zip(&self.faces).enumerate();
            let levels: Vec<LevelColumns<'_>> = seen
                .filter(|(_, (codes, _))| codes[i] != NEW_LEVEL)
                .map(|(f, (codes, face))| (f, codes[i] as usize, face.as_slice()))
                .collect();
            out[i] = self.asked.leverage(&self.x, &levels, weights[i]);
        }
        out
    }
    /// With several grouping factors, the rows of a level of the finest one after another: they
    /// reach the same effects of the others, whose covariances are then fetched once.
    fn order(&self, rows: &DesignRows) -> Vec<usize> {
        let mut order: Vec<usize> = (0..rows.n).collect();
        let shapes = self.fit.recipe().factors();
        if let (2.., Some(finest)) = (
            shapes.len(),
            (0..shapes.len()).max_by_key(|&f| shapes[f].levels),
        ) {
            order.sort_by_key(|&i| rows.codes[finest][i]);
        }
        order
    }
}
