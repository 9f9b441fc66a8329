//! Batches to numbers. A reader holds what a pass over the rows needs beside the recipe: look-up
//! tables from levels to codes, built once.

use std::collections::HashMap;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_buffer::NullBuffer;
use ranef_formula::did_you_mean;
use ranef_frame::Source;

use crate::category::{Category, Levelling, Recoding};
use crate::coder::{Coder, NONE};
use crate::column::Column;
use crate::error::{DesignError, Problem};
use crate::input::{Input, Inputs, find, listed};
use crate::label;
use crate::part::Cell;
use crate::plan::{Batch, Coding, Needs, Offset, Plan, VariableKind};
use crate::recipe::{GroupingFactor, Parts, Recipe};
use crate::response::{Outcome, Response};

/// The code of a group that the model has not seen.
pub const NEW_LEVEL: u32 = NONE;

/// Turns the batches of one pass into numbers.
#[derive(Debug)]
pub struct Reader<'a> {
    recipe: &'a Recipe,
    parts: Parts,
    needs: Needs,
    coders: Vec<Option<Coder>>,
    /// Columns of the fixed effects that are not aliased.
    fixed: Vec<&'a Cell>,
    next_row: usize,
}

/// The numbers of the rows of one batch that miss no value.
#[derive(Clone, Debug)]
pub struct DesignRows {
    /// Rows of the batch that are here; `None` when that is all of them.
    pub kept: Option<Vec<u32>>,
    /// Number of rows here.
    pub n: usize,
    /// The response.
    pub response: Outcome,
    /// The columns of the fixed effects, in the order of [`Recipe::fixed_kept`].
    pub fixed: Vec<Column>,
    /// For each of [`Recipe::random`] its columns.
    pub random: Vec<Vec<Column>>,
    /// For each of [`Recipe::factors`] the level of every row; [`NEW_LEVEL`] for a level that the
    /// model has not seen.
    pub codes: Vec<Vec<u32>>,
    /// Weights, if the model has them.
    pub weights: Option<Column>,
    /// Sum of the offsets, if the model has them.
    pub offset: Option<Column>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(recipe: &'a Recipe, parts: Parts) -> Self {
        let needs = recipe.needs(parts);
        let coders = recipe
            .plan
            .categories
            .iter()
            .zip(&needs.categories)
            .map(|(category, needed)| needed.then(|| Coder::for_levels(&category.levels)))
            .collect();
        let fixed = recipe
            .fixed_kept()
            .into_iter()
            .map(|c| &recipe.fixed.cells[c])
            .collect();
        Self {
            recipe,
            parts,
            needs,
            coders,
            fixed,
            next_row: 0,
        }
    }

    /// The numbers of the next batch. Errors count rows from the first batch of this reader.
    pub fn rows(&mut self, batch: &RecordBatch) -> Result<DesignRows, DesignError> {
        let first = self.next_row;
        self.next_row += batch.num_rows();
        self.rows_from(batch, first)
    }

    /// The numbers of a batch that begins `first_row` rows into the data.
    pub fn rows_from(
        &mut self,
        batch: &RecordBatch,
        first_row: usize,
    ) -> Result<DesignRows, DesignError> {
        let recipe = self.recipe;
        let plan = &recipe.plan;
        let inputs = read(plan, &self.needs, batch, first_row, |_, _| {})?;
        for (column, data) in plan.columns.iter().enumerate() {
            if data.numeric {
                inputs.check_finite(column, &data.name)?;
            }
        }
        let mut codes = Batch::code(
            plan,
            &inputs,
            &mut self.coders,
            &self.needs.categories,
            |_| false,
        )?;
        let batch = Batch {
            plan,
            inputs: &inputs,
            codes: &codes,
        };
        let mut cache = ColumnCache::new(batch);
        let response = if self.parts.response {
            response(&batch, recipe)?
        } else {
            Outcome::Nothing
        };
        let fixed = if self.parts.fixed {
            self.fixed
                .iter()
                .map(|cell| cache.product(cell))
                .collect::<Result<_, _>>()?
        } else {
            Vec::new()
        };
        let random = if self.parts.random {
            let columns =
                |cells: &Vec<Cell>| cells.iter().map(|cell| cache.product(cell)).collect();
            recipe
                .random
                .iter()
                .map(|design| &design.cells)
                .map(columns)
                .collect::<Result<_, DesignError>>()?
        } else {
            Vec::new()
        };
        let weights = match recipe.weights {
            Some(column) if self.parts.weights => Some(crate::response::weights(
                &inputs,
                column,
                &plan.columns[column].name,
            )?),
            _ => None,
        };
        let offset = if self.parts.fixed {
            offset(&batch, recipe)?
        } else {
            None
        };
        let mut take = |factor: &GroupingFactor| {
            let mut codes = codes[factor.category].take().unwrap_or_default();
            if plan.categories[factor.category].later > 0 {
                let known = factor.levels as u32;
                codes
                    .iter_mut()
                    .filter(|code| **code >= known)
                    .for_each(|code| *code = NEW_LEVEL);
            }
            codes
        };
        let codes = match self.parts.random {
            true => recipe.factors.iter().map(&mut take).collect(),
            false => Vec::new(),
        };
        let Inputs { kept, n, .. } = inputs;
        Ok(DesignRows {
            kept,
            n,
            response,
            fixed,
            random,
            codes,
            weights,
            offset,
        })
    }
}

/// Positions of named columns in a source.
pub(crate) fn projection(source: &dyn Source, names: &[&str]) -> Result<Vec<usize>, DesignError> {
    let columns = source.columns();
    names
        .iter()
        .map(|name| {
            columns
                .iter()
                .position(|column| column.name == *name)
                .ok_or_else(|| {
                    let known: Vec<String> =
                        columns.iter().map(|column| column.name.clone()).collect();
                    let suggestion = did_you_mean(name, &known).map(str::to_owned);
                    Problem::UnknownColumn {
                        name: (*name).to_owned(),
                        suggestion,
                        known,
                    }
                    .into()
                })
        })
        .collect()
}

/// The needed columns of a batch.
pub(crate) fn read(
    plan: &Plan,
    needs: &Needs,
    batch: &RecordBatch,
    first_row: usize,
    missing: impl FnMut(usize, usize),
) -> Result<Inputs, DesignError> {
    let mut arrays = Vec::with_capacity(plan.columns.len());
    for (column, needed) in plan.columns.iter().zip(&needs.columns) {
        let array = if *needed {
            find(batch, &column.name)
        } else {
            None
        };
        if *needed && array.is_none() {
            let known: Vec<String> = batch
                .schema_ref()
                .fields()
                .iter()
                .map(|field| field.name().clone())
                .collect();
            let suggestion = did_you_mean(&column.name, &known).map(str::to_owned);
            let name = column.name.clone();
            return Err(Problem::UnknownColumn {
                name,
                suggestion,
                known,
            }
            .into());
        }
        arrays.push(array);
    }
    let names = |column: usize| plan.columns[column].name.as_str();
    let unlisted = plan
        .categories
        .iter()
        .zip(&needs.categories)
        .filter(|(_, needed)| **needed)
        .filter_map(|(category, _)| unlisted(plan, category, &arrays))
        .collect();
    Inputs::read(
        batch.num_rows(),
        &arrays,
        unlisted,
        names,
        first_row,
        missing,
    )
}

/// For `factor(x, levels = ...)`: the column, and the rows of it that hold another value; as in R
/// these are missing.
fn unlisted(
    plan: &Plan,
    category: &Category,
    arrays: &[Option<&ArrayRef>],
) -> Option<(usize, NullBuffer)> {
    let Levelling::Recoded {
        base,
        recoding: Recoding::Listed { levels, .. },
        ..
    } = &category.source
    else {
        return None;
    };
    let Levelling::Column { column, .. } = plan.categories[*base].source else {
        return None;
    };
    Some((column, listed(arrays[column]?, levels)?))
}

/// The columns of variables, evaluated once a batch however many terms use them.
struct ColumnCache<'a> {
    batch: Batch<'a>,
    numbers: Vec<Option<Vec<Column>>>,
    coded: HashMap<(usize, Coding, usize), Column>,
    /// Factors whose levels are known to be known.
    checked: Vec<bool>,
}

impl<'a> ColumnCache<'a> {
    fn new(batch: Batch<'a>) -> Self {
        Self {
            batch,
            numbers: vec![None; batch.plan.variables.len()],
            coded: HashMap::new(),
            checked: vec![false; batch.plan.variables.len()],
        }
    }

    /// A column of the model matrix.
    fn product(&mut self, cell: &Cell) -> Result<Column, DesignError> {
        let mut product = Column::Constant(1.0);
        for (place, &(variable, coding, j)) in cell.iter().enumerate() {
            let column = self.column(variable, coding, j)?;
            product = if place == 0 {
                column
            } else {
                product.times(&column)
            };
        }
        Ok(product)
    }

    fn column(&mut self, variable: usize, coding: Coding, j: usize) -> Result<Column, DesignError> {
        let VariableKind::Factor { category, .. } = self.batch.plan.variables[variable].kind else {
            if self.numbers[variable].is_none() {
                self.numbers[variable] = Some(self.batch.variable_columns(variable)?);
            }
            return Ok(self.numbers[variable]
                .as_ref()
                .map_or(Column::Constant(0.0), |c| c[j].clone()));
        };
        if let Some(column) = self.coded.get(&(variable, coding, j)) {
            return Ok(column.clone());
        }
        let by_level = self.batch.plan.column_by_level(variable, coding, j);
        let Some(codes) = &self.batch.codes[category] else {
            unreachable!("the factor's category is coded")
        };
        if !self.checked[variable] {
            let unknown = |&code: &u32| code as usize >= by_level.len();
            if let Some(row) = codes.iter().position(unknown) {
                return Err(unknown_level(&self.batch, variable, category, row));
            }
            self.checked[variable] = true;
        }
        let values: Vec<f64> = codes.iter().map(|&code| by_level[code as usize]).collect();
        let column = Column::from(values);
        self.coded.insert((variable, coding, j), column.clone());
        Ok(column)
    }
}

/// The error for a level of a fixed factor that the model has not seen.
fn unknown_level(batch: &Batch<'_>, variable: usize, category: usize, row: usize) -> DesignError {
    let plan = batch.plan;
    let mut needs = plan.needs();
    plan.need_category(&mut needs, category);
    let held: Vec<String> = needs
        .columns
        .iter()
        .zip(&batch.inputs.columns)
        .filter(|(needed, _)| **needed)
        .map(|(_, input)| match input {
            Input::Number(values) => label::number(values[row]),
            Input::Integer(values) => values[row].to_string(),
            Input::Text { keys, words } => words.value(keys[row] as usize).to_owned(),
            Input::Absent => String::new(),
        })
        .collect();
    let levels = plan.categories[category].len();
    Problem::UnknownLevel {
        name: plan.variables[variable].name.clone(),
        level: held.join(":"),
        row: batch.inputs.row(row),
        known: (0..levels)
            .map(|level| crate::category::level_label(&plan.categories, category, level))
            .collect(),
    }
    .into()
}

/// The response of a batch.
pub(crate) fn response(batch: &Batch<'_>, recipe: &Recipe) -> Result<Outcome, DesignError> {
    Ok(match &recipe.response {
        Response::Nothing => Outcome::Nothing,
        Response::Number { name, value, .. } => {
            Outcome::Numbers(batch.response_number(name, value)?.into())
        }
        Response::Levels { name, category } | Response::Categories { name, category } => {
            let Some(codes) = &batch.codes[*category] else {
                unreachable!("the response's category is coded")
            };
            let levels = recipe.plan.categories[*category].len();
            if let Some(row) = codes.iter().position(|&code| code as usize >= levels) {
                let known = (0..levels)
                    .map(|level| {
                        crate::category::level_label(&recipe.plan.categories, *category, level)
                    })
                    .collect();
                let level = "another level".to_owned();
                let row = batch.inputs.row(row);
                return Err(Problem::UnknownLevel {
                    name: name.clone(),
                    level,
                    row,
                    known,
                }
                .into());
            }
            Outcome::Numbers(
                codes
                    .iter()
                    .map(|&code| f64::from(code))
                    .collect::<Vec<f64>>()
                    .into(),
            )
        }
        Response::Counts {
            name,
            successes,
            failures,
        } => {
            let (successes, failures) = batch.response_counts(name, successes, failures)?;
            let trials = successes.clone().zip(failures, |s, f| s + f);
            Outcome::Counts {
                successes: successes.into(),
                trials: trials.into(),
            }
        }
    })
}

fn offset(batch: &Batch<'_>, recipe: &Recipe) -> Result<Option<Column>, DesignError> {
    let mut sum = None;
    for Offset {
        name,
        span,
        value: numeric,
    } in &recipe.offsets
    {
        let value = batch.numeric(numeric)?;
        batch
            .check(name, numeric, &value)
            .map_err(|error| error.or_at(*span))?;
        sum = Some(match sum {
            None => value,
            Some(sum) => crate::column::Value::zip(sum, value, |a, b| a + b),
        });
    }
    Ok(sum.map(Column::from))
}
