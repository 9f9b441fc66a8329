//! Rows of one's own to draw responses for: groups that the model has not seen are told apart by
//! what the data say of them.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt32Type};
use arrow_array::{ArrayRef, RecordBatch};
use ranef_design::{NEW_LEVEL, Parts};
use ranef_engine::glmm::family::{Observation, Response};
use ranef_frame::Source;

use crate::diagnose::model_rows::{ModelRows, ResponseRows};
use crate::rows::for_each_batch_with;
use crate::{Error, Fit};

impl Fit {
    /// Rows without a response, and the number of levels of each grouping factor in them and in the
    /// model together.
    pub(super) fn new_rows(&self, source: &dyn Source) -> Result<(ModelRows, Vec<usize>), Error> {
        let design = |e| Error::design(&e, self.formula());
        let (recipe, _) = self.recipe().with_new_groups(source).map_err(design)?;
        let there = |parts: Parts| {
            let columns = recipe.columns(parts);
            let known = |name: &&str| source.columns().iter().any(|c| c.name == *name);
            !columns.is_empty() && columns.iter().all(known)
        };
        const NOTHING: Parts = Parts {
            response: false,
            fixed: false,
            random: false,
            weights: false,
        };
        // Trials of counts stand beside the successes.
        let successes = self.family().distribution().response() == Response::Successes;
        let parts = Parts {
            response: successes
                && there(Parts {
                    response: true,
                    ..NOTHING
                }),
            fixed: true,
            random: true,
            weights: there(Parts {
                weights: true,
                ..NOTHING
            }),
        };
        let factors = self.recipe().factors();
        let names: Vec<Vec<&str>> = (0..factors.len())
            .map(|f| self.recipe().factor_columns(f))
            .collect();
        let extra: Vec<&str> = names.iter().flatten().copied().collect();
        let mut levels: Vec<usize> = factors.iter().map(|f| f.levels).collect();
        let mut seen: Vec<HashMap<String, u32>> = vec![HashMap::new(); factors.len()];
        let mut out = ModelRows::empty(self);
        let mut observations: Vec<Observation> = Vec::new();
        let mut first = 0;
        for_each_batch_with(
            &recipe,
            source,
            parts,
            self.formula(),
            &extra,
            |batch, mut rows| {
                for (f, codes) in rows.codes.iter_mut().enumerate() {
                    if !codes.contains(&NEW_LEVEL) {
                        continue;
                    }
                    let columns = columns_of(batch, &names[f]);
                    for (i, code) in codes.iter_mut().enumerate() {
                        if *code != NEW_LEVEL {
                            continue;
                        }
                        let row = rows.kept.as_ref().map_or(i, |kept| kept[i] as usize);
                        let next = levels[f] as u32;
                        *code = *seen[f].entry(label(&columns, row)).or_insert(next);
                        levels[f] += usize::from(*code == next);
                    }
                }
                let number = |i: usize| rows.kept.as_ref().map_or(i, |kept| kept[i] as usize);
                out.number.extend((0..rows.n).map(|i| first + number(i)));
                first += batch.num_rows();
                let weight = |i: usize| rows.weights.as_ref().map_or(1.0, |w| w.at(i));
                out.weight.extend((0..rows.n).map(weight));
                match &rows.response {
                    ranef_design::Outcome::Nothing => {
                        // Without a response, weights of shares of successes are their trials.
                        let row = |i| match successes {
                            true => Observation::of(0.0, weight(i)),
                            false => Observation::new(0.0).weighted(weight(i)),
                        };
                        observations.extend((0..rows.n).map(row));
                    }
                    _ => observations.extend(crate::generalised::rows::observations(
                        self.recipe(),
                        self.family(),
                        &rows,
                        first,
                    )?),
                }
                out.extend(self, &rows);
                Ok(())
            },
        )?;
        out.predict(self);
        if !self.family().is_gaussian() {
            out.response = Some(ResponseRows::unobserved(observations));
        }
        Ok((out, levels))
    }
}

fn columns_of<'a>(batch: &'a RecordBatch, names: &[&str]) -> Vec<&'a ArrayRef> {
    let named = names.iter().filter_map(|name| batch.column_by_name(name));
    named.collect()
}

/// What a row says of its group.
fn label(columns: &[&ArrayRef], row: usize) -> String {
    let mut out = String::new();
    for column in columns {
        if let Some(words) = column.as_dictionary_opt::<UInt32Type>() {
            let values = words.values().as_string::<i32>();
            if let Some(key) = words.key(row) {
                out += values.value(key);
            }
        } else if let Some(numbers) = column.as_primitive_opt::<Float64Type>() {
            out += &numbers.value(row).to_string();
        } else if let Some(numbers) = column.as_primitive_opt::<Int64Type>() {
            out += &numbers.value(row).to_string();
        } else if let Some(values) = column.as_boolean_opt() {
            out += &values.value(row).to_string();
        }
        out.push('\u{1f}');
    }
    out
}
