//! Numeric expressions: what one row's numbers become before they enter a model matrix.

use serde::{Deserialize, Serialize};

use crate::column::Value;
use crate::error::DesignError;
use crate::function::{Function, Operation};
use crate::input::Input;
use crate::plan::Batch;

/// An expression of numbers, resolved against the columns of the data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Numeric {
    /// A column.
    Column(usize),
    /// A number.
    Constant(f64),
    /// A function of one number.
    Apply(Function, Box<Numeric>),
    /// An operation on two numbers.
    Combine(Operation, Box<Numeric>, Box<Numeric>),
    /// `ifelse(condition, yes, no)`.
    Choose(Box<[Numeric; 3]>),
    /// 1 where a column of text holds this text.
    Matches { column: usize, text: String },
    /// A transform with one column.
    Transform(usize),
}

impl Numeric {
    /// Whether it is a column of the data as it stands.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self, Numeric::Column(_))
    }

    /// Calls `visit` with every part of the expression.
    pub(crate) fn walk(&self, visit: &mut dyn FnMut(&Numeric)) {
        visit(self);
        match self {
            Numeric::Apply(_, inner) => inner.walk(visit),
            Numeric::Combine(_, left, right) => {
                left.walk(visit);
                right.walk(visit);
            }
            Numeric::Choose(parts) => parts.iter().for_each(|part| part.walk(visit)),
            _ => {}
        }
    }
}

impl Batch<'_> {
    /// The numbers of an expression in the rows of this batch.
    pub(crate) fn numeric(&self, numeric: &Numeric) -> Result<Value, DesignError> {
        Ok(match numeric {
            Numeric::Column(column) => {
                let name = &self.plan.columns[*column].name;
                Value::Shared(
                    self.inputs
                        .numbers(*column, name, || "the formula".into())?,
                )
            }
            Numeric::Constant(x) => Value::Constant(*x),
            Numeric::Apply(function, inner) => self.numeric(inner)?.map(function.on()),
            Numeric::Combine(operation, left, right) => {
                let operation = *operation;
                let (left, right) = (self.numeric(left)?, self.numeric(right)?);
                // The common operations are loops of their own, without a choice in every row.
                match operation {
                    Operation::Add => left.zip(right, |x, y| x + y),
                    Operation::Subtract => left.zip(right, |x, y| x - y),
                    Operation::Multiply => left.zip(right, |x, y| x * y),
                    Operation::Divide => left.zip(right, |x, y| x / y),
                    _ => left.zip(right, |x, y| operation.on(x, y)),
                }
            }
            Numeric::Choose(parts) => {
                let [condition, yes, no] = &**parts;
                let condition = self.numeric(condition)?;
                let (yes, no) = (self.numeric(yes)?, self.numeric(no)?);
                if let Value::Constant(condition) = condition {
                    return Ok(if condition != 0.0 { yes } else { no });
                }
                let choose = |row: usize, &c: &f64| if c != 0.0 { yes.at(row) } else { no.at(row) };
                let rows = condition.slice().iter().enumerate();
                Value::Owned(rows.map(|(row, c)| choose(row, c)).collect())
            }
            Numeric::Matches { column, text } => match &self.inputs.columns[*column] {
                Input::Text { keys, words } => {
                    let matches: Vec<f64> = words
                        .iter()
                        .map(|word| f64::from(u8::from(word == Some(text))))
                        .collect();
                    Value::Owned(keys.iter().map(|&key| matches[key as usize]).collect())
                }
                // New data where the column holds numbers: compare with the number, if it is one.
                _ => {
                    let name = &self.plan.columns[*column].name;
                    let values = self.inputs.numbers(*column, name, String::new)?;
                    let number = text.parse::<f64>().unwrap_or(f64::NAN);
                    Value::Shared(values).map(|x| f64::from(u8::from(x == number)))
                }
            },
            Numeric::Transform(transform) => self.transform_single(*transform)?,
        })
    }
}
