//! Predictions for rows, old or new.

use ranef_design::{DesignRows, NEW_LEVEL, Parts};
use ranef_frame::Source;
use serde::{Deserialize, Serialize};

use crate::rows::{for_each_batch, response};
use crate::{Error, Fit, Note};

/// Which random effects a prediction takes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Groups {
    /// The groups named in the rows, with their conditional modes; a group that the model has
    /// not seen counts as average.
    #[default]
    All,
    /// The population: random effects at zero.
    None,
    /// A group yet to be drawn: the same expected value as for the population.
    New,
}

/// Predicted values in the order of the rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Predictions {
    /// One number a row; `None` where a predictor is missing.
    pub fit: Vec<Option<f64>>,
    /// How many rows named a level that the model has not seen, for each grouping factor with
    /// such rows.
    pub new_levels: Vec<(String, usize)>,
    /// Remarks, such as on groups whose mean was taken from these rows for `within()` and
    /// `between()`.
    pub notes: Vec<Note>,
}

impl Fit {
    /// Expected values for the rows of a source, which needs no response.
    pub fn predict(&self, source: &dyn Source, groups: Groups) -> Result<Predictions, Error> {
        let parts = if groups == Groups::All {
            Parts::PREDICTORS
        } else {
            Parts::FIXED
        };
        let mut unseen = vec![0; self.recipe().factors().len()];
        let mut fit = Vec::new();
        let (recipe, notes) = self
            .recipe()
            .with_new_groups(source)
            .map_err(|e| Error::design(&e, self.formula()))?;
        for_each_batch(&recipe, source, parts, self.formula(), |batch, rows| {
            let mut values = self.fixed_part(&rows);
            self.add_random_part(&rows, &mut values, &mut unseen);
            match &rows.kept {
                None => fit.extend(values.into_iter().map(Some)),
                Some(kept) => {
                    let first = fit.len();
                    fit.resize(first + batch.num_rows(), None);
                    for (&row, value) in kept.iter().zip(values) {
                        fit[first + row as usize] = Some(value);
                    }
                }
            }
            Ok(())
        })?;
        let new_levels = self
            .recipe()
            .factors()
            .iter()
            .zip(unseen)
            .filter(|(_, count)| *count > 0)
            .map(|(factor, count)| (factor.name.clone(), count))
            .collect();
        let notes = notes.iter().map(|n| Note::new(&n.code, n.message.clone()));
        Ok(Predictions {
            fit,
            new_levels,
            notes: notes.collect(),
        })
    }

    /// Calls `visit` with response, fitted value and weight of every row that was used.
    pub fn for_each_fitted(
        &self,
        source: &dyn Source,
        mut visit: impl FnMut(f64, f64, f64),
    ) -> Result<(), Error> {
        let mut unseen = vec![0; self.recipe().factors().len()];
        for_each_batch(
            self.recipe(),
            source,
            Parts::ALL,
            self.formula(),
            |_, rows| {
                let mut values = self.fixed_part(&rows);
                self.add_random_part(&rows, &mut values, &mut unseen);
                let observed = response(&rows);
                for (i, (value, y)) in values.iter().zip(&observed).enumerate() {
                    let offset = rows.offset.as_ref().map_or(0.0, |o| o.at(i));
                    let weight = rows.weights.as_ref().map_or(1.0, |w| w.at(i));
                    visit(y + offset, *value, weight);
                }
                Ok(())
            },
        )
    }

    /// Xβ plus the offset.
    fn fixed_part(&self, rows: &DesignRows) -> Vec<f64> {
        let mut values = vec![0.0; rows.n];
        for (column, beta) in rows.fixed.iter().zip(self.fixef()) {
            for (i, value) in values.iter_mut().enumerate() {
                *value += column.at(i) * beta;
            }
        }
        if let Some(offset) = &rows.offset {
            for (i, value) in values.iter_mut().enumerate() {
                *value += offset.at(i);
            }
        }
        values
    }

    /// Adds Zb of known levels and counts the rows with unknown ones.
    fn add_random_part(&self, rows: &DesignRows, values: &mut [f64], unseen: &mut [usize]) {
        if rows.codes.is_empty() {
            return;
        }
        let widths = self.widths();
        for (factor, codes) in rows.codes.iter().enumerate() {
            unseen[factor] += codes.iter().filter(|&&code| code == NEW_LEVEL).count();
        }
        let effects = self.random_effects();
        for (block, columns) in self.varcorr().iter().zip(&rows.random) {
            let modes = &effects.modes[block.factor];
            for (i, &code) in rows.codes[block.factor].iter().enumerate() {
                if code != NEW_LEVEL {
                    let first = code as usize * widths[block.factor] + block.offset;
                    for (a, column) in columns.iter().enumerate() {
                        values[i] += column.at(i) * modes[first + a];
                    }
                }
            }
        }
    }
}
