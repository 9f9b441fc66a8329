//! The rows of the groups that are wanted, and the average row of each.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use ranef_design::Parts;
use ranef_frame::{Source, take_rows};

use super::GroupPoint;
use crate::observed::{numbers, share};
use crate::rows::{for_each_batch_with, refuse_new_levels};
use crate::{Error, Fit};

/// A group and its range of the predictor.
#[derive(Clone, Copy)]
pub(super) struct Group {
    pub min: f64,
    pub max: f64,
}

/// The rows of the groups that are wanted.
pub(super) struct Rows {
    x: String,
    batches: Vec<RecordBatch>,
    /// The group and the predictor of every row, by batch.
    of: Vec<Vec<u32>>,
    pub groups: Vec<Group>,
    /// The codes of all factors in some row of every group, by factor.
    pub codes: Vec<Vec<u32>>,
    pub points: Vec<GroupPoint>,
}

impl Rows {
    pub fn read(
        fit: &Fit,
        source: &dyn Source,
        factor: usize,
        x: &str,
        levels: &[usize],
    ) -> Result<Self, Error> {
        let place: HashMap<u32, u32> = levels
            .iter()
            .enumerate()
            .map(|(g, &level)| (level as u32, g as u32))
            .collect();
        let nothing = Group {
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
        };
        let mut out = Self {
            x: x.to_owned(),
            batches: Vec::new(),
            of: Vec::new(),
            groups: vec![nothing; levels.len()],
            codes: vec![vec![0; levels.len()]; fit.recipe().factors().len()],
            points: Vec::new(),
        };
        let formula = fit.formula();
        for_each_batch_with(
            fit.recipe(),
            source,
            Parts::ALL,
            formula,
            &[x],
            |batch, rows| {
                refuse_new_levels(&rows)?;
                let (mut taken, mut of, mut here) = (Vec::new(), Vec::new(), Vec::new());
                for (i, code) in rows.codes[factor].iter().enumerate() {
                    if let Some(&g) = place.get(code) {
                        taken.push(rows.kept.as_ref().map_or(i as u32, |kept| kept[i]));
                        of.push(g);
                        here.push(i);
                    }
                }
                let own = take_rows(batch, &taken)?;
                let Some(values) = own.column_by_name(x).and_then(numbers) else {
                    let message = format!("`{x}` is no column of numbers");
                    return Err(Error::new("predictor_is_a_factor", message)
                        .with_hint("name a predictor of numbers for the horizontal axis"));
                };
                for ((&i, &g), &x) in here.iter().zip(&of).zip(&values) {
                    let group = &mut out.groups[g as usize];
                    (group.min, group.max) = (group.min.min(x), group.max.max(x));
                    for (codes, all) in out.codes.iter_mut().zip(&rows.codes) {
                        codes[g as usize] = all[i];
                    }
                    out.points.push(GroupPoint {
                        line: g as usize,
                        x,
                        y: share(&rows.response, i),
                    });
                }
                out.batches.push(own);
                out.of.push(of);
                Ok(())
            },
        )?;
        for group in &mut out.groups {
            if group.max < group.min {
                (group.min, group.max) = (0.0, 0.0);
            }
        }
        Ok(out)
    }

    /// The average row of every group with the predictor at a share of the way through the group's
    /// range.
    pub fn typical(&self, fit: &Fit, u: f64) -> Result<Typical, Error> {
        let n = self.groups.len();
        let recipe = fit.recipe();
        let mut out = Typical {
            fixed: vec![vec![0.0; n]; fit.fixef().len()],
            random: fit
                .varcorr()
                .iter()
                .map(|b| vec![vec![0.0; n]; b.terms.len()])
                .collect(),
            offset: vec![0.0; n],
        };
        let mut count = vec![0.0; n];
        let mut reader = recipe.reader(Parts::PREDICTORS);
        let design = |e| Error::design(&e, fit.formula());
        for (batch, of) in self.batches.iter().zip(&self.of) {
            let moved: Float64Array = of
                .iter()
                .map(|&g| {
                    let Group { min, max } = self.groups[g as usize];
                    Some(min + u * (max - min))
                })
                .collect();
            let moved: ArrayRef = Arc::new(moved);
            let schema = batch.schema();
            let columns = schema.fields().iter().zip(batch.columns());
            let columns = columns.map(|(field, array)| {
                let own = match *field.name() == self.x {
                    true => Arc::clone(&moved),
                    false => Arc::clone(array),
                };
                (field.name().clone(), own, true)
            });
            let batch = RecordBatch::try_from_iter_with_nullable(columns)
                .map_err(|e| Error::new("unequal_lengths", e.to_string()))?;
            if batch.num_rows() == 0 {
                continue;
            }
            let rows = reader.rows(&batch).map_err(design)?;
            for (i, &g) in of.iter().enumerate() {
                let g = g as usize;
                count[g] += 1.0;
                for (sum, column) in out.fixed.iter_mut().zip(&rows.fixed) {
                    sum[g] += column.at(i);
                }
                for (sums, columns) in out.random.iter_mut().zip(&rows.random) {
                    for (sum, column) in sums.iter_mut().zip(columns) {
                        sum[g] += column.at(i);
                    }
                }
                out.offset[g] += rows.offset.as_ref().map_or(0.0, |o| o.at(i));
            }
        }
        let all = out.fixed.iter_mut().chain(out.random.iter_mut().flatten());
        for sum in all.chain(std::iter::once(&mut out.offset)) {
            sum.iter_mut()
                .zip(&count)
                .for_each(|(sum, n)| *sum /= f64::max(*n, 1.0));
        }
        Ok(out)
    }
}

/// The average row of every group: columns, and in them a number a group.
pub(super) struct Typical {
    pub fixed: Vec<Vec<f64>>,
    pub random: Vec<Vec<Vec<f64>>>,
    pub offset: Vec<f64>,
}

impl Typical {
    fn columns(&self) -> impl Iterator<Item = &Vec<f64>> {
        let random = self.random.iter().flatten();
        self.fixed.iter().chain(random).chain([&self.offset])
    }

    /// On the straight line between two.
    pub fn between([a, b]: &[Self; 2], u: f64) -> Self {
        let mix = |a: &Vec<f64>, b: &Vec<f64>| -> Vec<f64> {
            a.iter().zip(b).map(|(a, b)| a + u * (b - a)).collect()
        };
        let each = |a: &Vec<Vec<f64>>, b: &Vec<Vec<f64>>| -> Vec<Vec<f64>> {
            a.iter().zip(b).map(|(a, b)| mix(a, b)).collect()
        };
        Self {
            fixed: each(&a.fixed, &b.fixed),
            random: a
                .random
                .iter()
                .zip(&b.random)
                .map(|(a, b)| each(a, b))
                .collect(),
            offset: mix(&a.offset, &b.offset),
        }
    }
}

pub(super) fn is_line(ends: &[Typical; 2], third: &Typical, u: f64) -> bool {
    let line = Typical::between(ends, u);
    line.columns().zip(third.columns()).all(|(line, third)| {
        let size = line.iter().chain(third).fold(0.0f64, |m, x| m.max(x.abs()));
        let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-7 * size;
        line.iter().zip(third).all(near)
    })
}
