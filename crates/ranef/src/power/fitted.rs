//! A fitted model as the beginning of a study: its estimates, and its rows over again.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt32Type};
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use ranef_frame::{MemorySource, Source, one_batch, take_rows};

use super::design::{bad, unknown};
use super::plan::Knob;
use crate::random::RandomBlock;
use crate::{Error, Fit, Model};

/// A fitted model with the rows it was fitted to.
#[derive(Debug)]
pub(super) struct Fitted {
    pub model: Model,
    pub formula: String,
    pub rows: RecordBatch,
    /// Name and columns of each grouping factor.
    pub factors: Vec<(String, Vec<String>)>,
    pub effects: Vec<(String, f64)>,
    pub blocks: Vec<RandomBlock>,
    pub sigma: f64,
    pub parameters: Vec<(String, f64)>,
}

impl Fitted {
    /// A fit with its rows.
    ///
    /// # Errors
    /// Of reading the rows.
    pub fn of(fit: &Fit, source: &dyn Source) -> Result<Self, Error> {
        let all: Vec<usize> = (0..source.columns().len()).collect();
        let mut batches = Vec::new();
        for batch in source.read(&all)? {
            batches.push(batch?);
        }
        let memory = MemorySource::from_batches(batches)?;
        let rows = one_batch(memory.batches())?;
        let recipe = fit.recipe();
        let shown = fit.family_parameters().into_iter();
        Ok(Self {
            model: fit.options().clone(),
            formula: fit.formula().to_owned(),
            factors: (recipe.factors().iter().enumerate())
                .map(|(f, factor)| {
                    let columns = recipe.factor_columns(f);
                    let columns = columns.into_iter().map(str::to_owned).collect();
                    (factor.name.clone(), columns)
                })
                .collect(),
            effects: (fit.fixed_names().into_iter().map(str::to_owned))
                .zip(fit.fixef().iter().copied())
                .collect(),
            blocks: fit.varcorr().to_vec(),
            sigma: fit.sigma(),
            parameters: shown.map(|p| (p.name, p.estimate)).collect(),
            rows,
        })
    }

    /// Refuses what the model does not have.
    pub fn knows(&self, knob: &Knob) -> Result<(), Error> {
        let factors: Vec<&str> = self.factors.iter().map(|f| f.0.as_str()).collect();
        let group = |group: &String| match factors.contains(&group.as_str()) {
            true => Ok(()),
            false => Err(unknown("grouping factor", group, &factors)),
        };
        match knob {
            Knob::Groups(g) | Knob::Within(g) | Knob::Correlation(g) => group(g),
            Knob::Effect(term) => {
                let known: Vec<&str> = self.effects.iter().map(|e| e.0.as_str()).collect();
                match known.contains(&term.as_str()) {
                    true => Ok(()),
                    false => Err(unknown("fixed effect", term, &known)),
                }
            }
            Knob::Sd(g, term) => {
                group(g)?;
                let blocks = self.blocks.iter().filter(|b| b.group == *g);
                let known: Vec<&str> = blocks
                    .flat_map(|b| b.terms.iter().map(String::as_str))
                    .collect();
                match known.contains(&term.as_str()) {
                    true => Ok(()),
                    false => Err(unknown("random effect", term, &known)),
                }
            }
            Knob::Icc(_) => Err(bad(
                "an intraclass correlation is of a design, and this plan begins with a fitted model",
                "give the standard deviation of the intercept: --sd GROUP=0.5",
            )),
            Knob::Sigma => Ok(()),
        }
    }

    /// The rows, with so many groups or so many rows within them: those there are, over again under
    /// new names.
    pub fn rows_for(&self, changes: &[(Knob, f64)]) -> Result<MemorySource, Error> {
        let mut rows = self.rows.clone();
        for (knob, value) in changes {
            let (name, n) = match knob {
                Knob::Groups(g) | Knob::Within(g) => (g, *value as usize),
                _ => continue,
            };
            let columns = self.factors.iter().find(|(f, _)| f == name);
            let columns = columns.map_or(&[][..], |(_, columns)| columns);
            rows = match knob {
                Knob::Groups(_) => self.more_groups(&rows, columns, n)?,
                _ => self.more_rows(&rows, columns, n)?,
            };
        }
        Ok(MemorySource::from_batches(vec![rows])?)
    }

    /// The groups in the order of their first rows, with their rows.
    fn by_group(rows: &RecordBatch, columns: &[String]) -> Vec<Vec<u32>> {
        let labels = labels(rows, columns);
        let mut place: HashMap<&str, usize> = HashMap::new();
        let mut out: Vec<Vec<u32>> = Vec::new();
        // Rows of no group are no use.
        let known = labels.iter().enumerate();
        for (row, label) in known.filter_map(|(row, l)| Some((row, l.as_deref()?))) {
            let at = *place.entry(label).or_insert_with(|| {
                out.push(Vec::new());
                out.len() - 1
            });
            out[at].push(row as u32);
        }
        out
    }

    fn more_groups(
        &self,
        rows: &RecordBatch,
        columns: &[String],
        n: usize,
    ) -> Result<RecordBatch, Error> {
        let groups = Self::by_group(rows, columns);
        let mut taken = Vec::new();
        let mut round = Vec::new();
        for i in 0..n {
            let group = &groups[i % groups.len()];
            taken.extend(group);
            round.extend(std::iter::repeat_n(i / groups.len(), group.len()));
        }
        self.relabelled(rows, columns, &taken, &round)
    }

    fn more_rows(
        &self,
        rows: &RecordBatch,
        columns: &[String],
        n: usize,
    ) -> Result<RecordBatch, Error> {
        let mut taken = Vec::new();
        for group in Self::by_group(rows, columns) {
            taken.extend((0..n).map(|i| group[i % group.len()]));
        }
        Ok(take_rows(rows, &taken)?)
    }

    /// Rows whose groups, and what lies within them, have a name of their own in each round.
    fn relabelled(
        &self,
        rows: &RecordBatch,
        columns: &[String],
        taken: &[u32],
        round: &[usize],
    ) -> Result<RecordBatch, Error> {
        let out = take_rows(rows, taken)?;
        let host = labels(rows, columns);
        // The column of a factor that lies within is renamed too.
        let mut renamed: Vec<&String> = Vec::new();
        if let [only] = columns {
            renamed.push(only);
        } else {
            renamed.extend(columns.last());
        }
        for (_, own) in &self.factors {
            for column in own.iter().filter(|c| !columns.contains(c)) {
                let inner = labels(rows, std::slice::from_ref(column));
                let mut known: HashMap<&str, &str> = HashMap::new();
                let both = (inner.iter().zip(&host))
                    .filter_map(|(i, h)| Some((i.as_deref()?, h.as_deref()?)));
                let nested = both
                    .into_iter()
                    .all(|(i, h)| *known.entry(i).or_insert(h) == h);
                if nested && !renamed.contains(&column) {
                    renamed.push(column);
                }
            }
        }
        let schema = out.schema();
        let mut fields: Vec<(String, ArrayRef)> = Vec::new();
        for (field, array) in schema.fields().iter().zip(out.columns()) {
            let array: ArrayRef = match renamed.iter().any(|c| *c == field.name()) {
                false => Arc::clone(array),
                true => {
                    let own = labels(&out, std::slice::from_ref(field.name()));
                    let names = own
                        .into_iter()
                        .zip(round)
                        .map(|(label, round)| match round {
                            0 => label,
                            _ => label.map(|l| format!("{l} ({})", round + 1)),
                        });
                    Arc::new(names.collect::<StringArray>())
                }
            };
            fields.push((field.name().clone(), array));
        }
        RecordBatch::try_from_iter(fields)
            .map_err(|e| Error::new("bad_design", format!("the rows cannot be extended: {e}")))
    }
}

/// What rows say of their groups; `None` where that is missing.
fn labels(rows: &RecordBatch, columns: &[String]) -> Vec<Option<String>> {
    let mut out = vec![Some(String::new()); rows.num_rows()];
    for column in columns {
        let Some(array) = rows.column_by_name(column) else {
            continue;
        };
        for (row, label) in out.iter_mut().enumerate() {
            if array.is_null(row) {
                *label = None;
            }
            let Some(text) = label else {
                continue;
            };
            if !text.is_empty() {
                text.push(':');
            }
            if let Some(words) = array.as_dictionary_opt::<UInt32Type>() {
                if let Some(key) = words.key(row) {
                    *text += words.values().as_string::<i32>().value(key);
                }
            } else if let Some(numbers) = array.as_primitive_opt::<Float64Type>() {
                *text += &numbers.value(row).to_string();
            } else if let Some(numbers) = array.as_primitive_opt::<Int64Type>() {
                *text += &numbers.value(row).to_string();
            } else if let Some(values) = array.as_boolean_opt() {
                *text += &values.value(row).to_string();
            }
        }
    }
    out
}
