//! The response: what is left of `~`.

use serde::{Deserialize, Serialize};

use crate::column::{Column, Value};
use crate::error::{DesignError, Problem};
use crate::input::Inputs;
use crate::label;
use crate::numeric::Numeric;
use crate::plan::Batch;

/// How rows get their response.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Response {
    /// No response is needed.
    Nothing,
    /// Numbers, or logical values as 0 and 1.
    Number {
        name: String,
        value: Numeric,
        logical: bool,
    },
    /// The second level of two is 1, the first 0.
    Levels { name: String, category: usize },
    /// The number of the level, from 0.
    Categories { name: String, category: usize },
    /// Successes and failures.
    Counts {
        name: String,
        successes: Numeric,
        failures: Numeric,
    },
}

/// What the response of a model is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResponseKind {
    /// There is none.
    Nothing,
    /// Numbers.
    Number,
    /// `true` (1) and `false` (0).
    Logical,
    /// Two levels: the first is failure (0), the second success (1).
    Levels {
        /// The level that counts as 0.
        failure: String,
        /// The level that counts as 1.
        success: String,
    },
    /// Ordered categories, numbered from 0.
    Categories {
        /// Their labels.
        labels: Vec<String>,
    },
    /// Successes out of trials, from `cbind(successes, failures)`.
    Counts,
}

/// The response of the rows of one batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// No response was asked for.
    Nothing,
    /// A number a row.
    Numbers(Column),
    /// Successes and trials a row.
    Counts {
        /// Number of successes.
        successes: Column,
        /// Number of successes and failures together.
        trials: Column,
    },
}

/// Weights of a batch: positive numbers.
pub(crate) fn weights(inputs: &Inputs, column: usize, name: &str) -> Result<Column, DesignError> {
    let values = inputs.numbers(column, name, || format!("the weight `{name}`"))?;
    match values.iter().position(|&weight| weight <= 0.0) {
        None => Ok(Column::Values(values)),
        Some(index) => Err(Problem::Weight {
            column: name.to_owned(),
            value: label::number(values[index]),
            row: inputs.row(index),
        }
        .into()),
    }
}

impl Batch<'_> {
    /// The response as a number.
    pub(crate) fn response_number(
        &self,
        name: &str,
        value: &Numeric,
    ) -> Result<Value, DesignError> {
        let numbers = self.numeric(value)?;
        self.check(name, value, &numbers)?;
        Ok(numbers)
    }

    /// Successes and failures.
    pub(crate) fn response_counts(
        &self,
        name: &str,
        successes: &Numeric,
        failures: &Numeric,
    ) -> Result<(Value, Value), DesignError> {
        let count = |value: &Numeric| {
            let numbers = self.response_number(name, value)?;
            let negative = numbers.slice().iter().position(|&count| count < 0.0);
            match negative {
                None => Ok(numbers),
                Some(index) => Err(DesignError::from(Problem::NegativeCount {
                    expression: name.to_owned(),
                    value: label::number(numbers.at(index)),
                    row: self.inputs.row(index),
                })),
            }
        };
        Ok((count(successes)?, count(failures)?))
    }
}
