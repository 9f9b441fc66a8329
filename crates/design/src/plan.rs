//! What a formula comes to: columns of the data, transforms, categories and variables, each once,
//! referred to by index. The survey fills in what they learn; afterwards the plan is fixed.

use ranef_formula::Span;
use ranef_frame::ColumnKind;
use serde::{Deserialize, Serialize};

use crate::category::{Category, Levelling, level_label};
use crate::coder::Coder;
use crate::column::Column;
use crate::contrast::Contrast;
use crate::error::{DesignError, Problem};
use crate::input::{Inputs, describe_not_finite};
use crate::numeric::Numeric;
use crate::transform::{Transform, TransformKind};

/// The pieces of a design.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) columns: Vec<DataColumn>,
    pub(crate) transforms: Vec<Transform>,
    pub(crate) categories: Vec<Category>,
    pub(crate) variables: Vec<Variable>,
}

/// A column of the data that the design reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DataColumn {
    pub(crate) name: String,
    pub(crate) kind: DataKind,
    /// Whether its numbers are used as numbers, and must be finite.
    pub(crate) numeric: bool,
}

/// The type of a column where the model was fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DataKind {
    Number,
    Integer,
    Logical,
    Text { ordered: bool },
}

impl From<ColumnKind> for DataKind {
    fn from(kind: ColumnKind) -> Self {
        match kind {
            ColumnKind::Number => Self::Number,
            ColumnKind::Integer => Self::Integer,
            ColumnKind::Logical => Self::Logical,
            ColumnKind::Text { ordered } => Self::Text { ordered },
        }
    }
}

/// A variable of the fixed or random effects: the smallest thing that terms are made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Variable {
    /// As the formula writes it; coefficient names begin with it.
    pub(crate) name: String,
    /// Where it stands in the formula.
    pub(crate) span: Span,
    pub(crate) kind: VariableKind,
}

/// What a variable is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum VariableKind {
    /// One column of numbers.
    Number(Numeric),
    /// The columns of a transform.
    Matrix(usize),
    /// A category and how it is coded.
    Factor { category: usize, contrast: Contrast },
}

/// A known part of the linear predictor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Offset {
    /// As the formula writes it, or the name of its column.
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) value: Numeric,
}

/// How a variable enters a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Coding {
    /// Its numbers.
    Numbers,
    /// One column fewer than levels.
    Contrasts,
    /// One column for each level.
    Dummies,
}

/// Which columns and categories a reading needs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Needs {
    pub(crate) columns: Vec<bool>,
    pub(crate) categories: Vec<bool>,
}

impl Needs {
    /// The names of the columns.
    pub(crate) fn names<'p>(&self, plan: &'p Plan) -> Vec<&'p str> {
        let columns = plan.columns.iter().zip(&self.columns);
        columns
            .filter(|(_, needed)| **needed)
            .map(|(column, _)| column.name.as_str())
            .collect()
    }
}

impl Plan {
    /// Nothing yet.
    pub(crate) fn needs(&self) -> Needs {
        Needs {
            columns: vec![false; self.columns.len()],
            categories: vec![false; self.categories.len()],
        }
    }

    /// Adds what an expression needs.
    pub(crate) fn need_numeric(&self, needs: &mut Needs, numeric: &Numeric) {
        let mut transforms = Vec::new();
        numeric.walk(&mut |part| match part {
            Numeric::Column(column) | Numeric::Matches { column, .. } => {
                needs.columns[*column] = true;
            }
            Numeric::Transform(transform) => transforms.push(*transform),
            _ => {}
        });
        transforms
            .into_iter()
            .for_each(|transform| self.need_transform(needs, transform));
    }

    /// Marks the transforms in an expression, and those that they transform.
    pub(crate) fn mark_transforms(&self, numeric: &Numeric, used: &mut [bool]) {
        numeric.walk(&mut |part| {
            if let Numeric::Transform(transform) = part {
                used[*transform] = true;
                self.mark_transforms(&self.transforms[*transform].input, used);
            }
        });
    }

    /// Adds what a transform needs.
    pub(crate) fn need_transform(&self, needs: &mut Needs, transform: usize) {
        let transform = &self.transforms[transform];
        self.need_numeric(needs, &transform.input);
        if let TransformKind::GroupMean(mean) = &transform.kind {
            self.need_category(needs, mean.category);
        }
    }

    /// Adds what a category needs.
    pub(crate) fn need_category(&self, needs: &mut Needs, category: usize) {
        needs.categories[category] = true;
        match &self.categories[category].source {
            Levelling::Column { column, .. } => needs.columns[*column] = true,
            Levelling::Computed(numeric) => self.need_numeric(needs, numeric),
            Levelling::Pair { left, right, .. } => {
                self.need_category(needs, *left);
                self.need_category(needs, *right);
            }
            Levelling::Recoded { base, .. } => self.need_category(needs, *base),
        }
    }

    /// Adds what a variable needs.
    pub(crate) fn need_variable(&self, needs: &mut Needs, variable: usize) {
        match &self.variables[variable].kind {
            VariableKind::Number(numeric) => self.need_numeric(needs, numeric),
            VariableKind::Matrix(transform) => self.need_transform(needs, *transform),
            VariableKind::Factor { category, .. } => self.need_category(needs, *category),
        }
    }

    /// Number of columns of a variable under a coding.
    pub(crate) fn width(&self, variable: usize, coding: Coding) -> usize {
        match (&self.variables[variable].kind, coding) {
            (VariableKind::Number(_), _) => 1,
            (VariableKind::Matrix(transform), _) => self.transforms[*transform].width(),
            (VariableKind::Factor { category, .. }, Coding::Contrasts) => {
                self.categories[*category].len().saturating_sub(1)
            }
            (VariableKind::Factor { category, .. }, _) => self.categories[*category].len(),
        }
    }

    /// The name of column `j` of a variable under a coding, as R writes it.
    pub(crate) fn column_name(&self, variable: usize, coding: Coding, j: usize) -> String {
        let Variable { name, kind, .. } = &self.variables[variable];
        match kind {
            VariableKind::Number(_) => name.clone(),
            VariableKind::Matrix(_) if self.width(variable, coding) == 1 => name.clone(),
            VariableKind::Matrix(_) => format!("{name}{}", j + 1),
            VariableKind::Factor { category, contrast } => {
                let level = |level| level_label(&self.categories, *category, level);
                match coding {
                    Coding::Contrasts => format!("{name}{}", contrast.suffix(j, level)),
                    _ => format!("{name}{}", level(j)),
                }
            }
        }
    }

    /// The value of column `j` of a factor for each of its levels.
    pub(crate) fn column_by_level(&self, variable: usize, coding: Coding, j: usize) -> Vec<f64> {
        let VariableKind::Factor { category, contrast } = &self.variables[variable].kind else {
            unreachable!("only factors have levels")
        };
        let levels = self.categories[*category].len();
        match coding {
            Coding::Contrasts => contrast.matrix(levels).swap_remove(j),
            _ => (0..levels)
                .map(|level| if level == j { 1.0 } else { 0.0 })
                .collect(),
        }
    }
}

/// The rows of one batch, as far as they are evaluated.
#[derive(Clone, Copy)]
pub(crate) struct Batch<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) inputs: &'a Inputs,
    /// The codes of the categories that are coded so far.
    pub(crate) codes: &'a [Option<Vec<u32>>],
}

impl Batch<'_> {
    /// The codes of all needed categories, in order: a pair comes after its halves.
    pub(crate) fn code(
        plan: &Plan,
        inputs: &Inputs,
        coders: &mut [Option<Coder>],
        needed: &[bool],
        grow: impl Fn(usize) -> bool,
    ) -> Result<Vec<Option<Vec<u32>>>, DesignError> {
        let mut codes: Vec<Option<Vec<u32>>> = Vec::with_capacity(plan.categories.len());
        for (index, category) in plan.categories.iter().enumerate() {
            if !needed[index] {
                codes.push(None);
                continue;
            }
            let grow = grow(index);
            let coded = |category: usize| -> &Vec<u32> {
                codes[category]
                    .as_ref()
                    .unwrap_or_else(|| unreachable!("coded in order"))
            };
            let own = match (&category.source, coders[index].as_mut()) {
                (Levelling::Column { column, .. }, Some(coder)) => {
                    coder.column(&inputs.columns[*column], grow)
                }
                (Levelling::Computed(numeric), Some(coder)) => {
                    let batch = Batch {
                        plan,
                        inputs,
                        codes: &codes,
                    };
                    let values = batch.numeric(numeric)?;
                    batch.check(&category.name, numeric, &values)?;
                    coder.numbers(&values.into_vec(inputs.n), grow)
                }
                (Levelling::Pair { left, right, .. }, Some(coder)) => {
                    coder.pairs(coded(*left), coded(*right), grow)
                }
                (Levelling::Recoded { base, map, .. }, _) => {
                    let base = coded(*base);
                    if map.is_empty() {
                        base.clone()
                    } else {
                        let new = |&code: &u32| map.get(code as usize).copied();
                        base.iter()
                            .map(|code| new(code).unwrap_or(crate::coder::NONE))
                            .collect()
                    }
                }
                _ => unreachable!("`{}` has no coder", category.name),
            };
            codes.push(Some(own));
        }
        Ok(codes)
    }

    /// Fails when an expression is not finite somewhere. Plain columns are checked when they are
    /// read.
    pub(crate) fn check(
        &self,
        name: &str,
        numeric: &Numeric,
        value: &crate::column::Value,
    ) -> Result<(), DesignError> {
        if numeric.is_plain() {
            return Ok(());
        }
        let Some(index) = value.first_not_finite() else {
            return Ok(());
        };
        Err(self.not_finite(name, numeric, value.at(index), index))
    }

    fn not_finite(&self, name: &str, numeric: &Numeric, found: f64, index: usize) -> DesignError {
        // Name what the columns hold there: that is where the person will look.
        let mut columns: Vec<usize> = Vec::new();
        numeric.walk(&mut |part| {
            if let Numeric::Column(column) = part
                && !columns.contains(column)
            {
                columns.push(*column);
            }
        });
        let held: Vec<String> = columns
            .into_iter()
            .filter_map(|column| {
                let name = &self.plan.columns[column].name;
                let values = self.inputs.numbers(column, name, String::new).ok()?;
                Some(format!(
                    "`{name}` is {}",
                    crate::label::number(values[index])
                ))
            })
            .collect();
        let because = if held.is_empty() {
            String::new()
        } else {
            format!(", where {}", held.join(" and "))
        };
        Problem::NotFinite {
            expression: name.to_owned(),
            value: describe_not_finite(found),
            row: self.inputs.row(index),
            because,
        }
        .into()
    }

    /// The columns of a numeric variable or a transform, checked.
    pub(crate) fn variable_columns(&self, variable: usize) -> Result<Vec<Column>, DesignError> {
        let Variable { name, span, kind } = &self.plan.variables[variable];
        match kind {
            VariableKind::Number(numeric) => {
                let value = self.numeric(numeric)?;
                self.check(name, numeric, &value)
                    .map_err(|error| error.or_at(*span))?;
                Ok(vec![value.into()])
            }
            VariableKind::Matrix(transform) => {
                let input = &self.plan.transforms[*transform].input;
                self.transform_columns(*transform)?
                    .into_iter()
                    .map(|column| match crate::column::first_not_finite(&column) {
                        Some(index) => Err(self
                            .not_finite(name, input, column[index], index)
                            .or_at(*span)),
                        None => Ok(Column::from(column)),
                    })
                    .collect()
            }
            VariableKind::Factor { .. } => unreachable!("factors are coded, not evaluated"),
        }
    }
}
