//! The response and columns of the data, of the rows that a fit used: what is drawn behind a line.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt32Type};
use arrow_array::{Array, ArrayRef};
use ranef_design::{Outcome, Parts};
use ranef_frame::{Source, take_rows};

use crate::rows::for_each_batch_with;
use crate::{Error, Fit};

/// The response and columns of the data, in the order of the rows that were used.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The response: of successes and failures their share.
    pub response: Vec<f64>,
    /// The columns that were asked for.
    pub columns: Vec<ObservedColumn>,
}

/// A column of the data.
#[derive(Clone, Debug, PartialEq)]
pub enum ObservedColumn {
    /// Numbers; truth values are 0 and 1, and what is missing is not a number.
    Numbers(Vec<f64>),
    /// Words; `None` where one is missing.
    Texts(Vec<Option<String>>),
}

impl Fit {
    /// The response and some columns of the rows that were used.
    ///
    /// # Errors
    /// `unknown_column`, and what reading the source says.
    pub fn observations(&self, source: &dyn Source, columns: &[&str]) -> Result<Observed, Error> {
        let mut out = Observed {
            response: Vec::with_capacity(self.nobs()),
            columns: Vec::new(),
        };
        let formula = self.formula();
        for_each_batch_with(
            self.recipe(),
            source,
            Parts::ALL,
            formula,
            columns,
            |batch, rows| {
                (0..rows.n).for_each(|i| out.response.push(share(&rows.response, i)));
                let own = match &rows.kept {
                    None => batch.clone(),
                    Some(kept) => take_rows(batch, kept)?,
                };
                for (at, name) in columns.iter().enumerate() {
                    let Some(array) = own.column_by_name(name) else {
                        continue;
                    };
                    if out.columns.len() <= at {
                        out.columns.push(ObservedColumn::like(array));
                    }
                    out.columns[at].extend(array);
                }
                Ok(())
            },
        )?;
        Ok(out)
    }
}

/// The response of a row as a number.
pub(crate) fn share(response: &Outcome, row: usize) -> f64 {
    match response {
        Outcome::Nothing => f64::NAN,
        Outcome::Numbers(column) => column.at(row),
        Outcome::Counts { successes, trials } => successes.at(row) / trials.at(row),
    }
}

/// The numbers of a column, if it has some.
pub(crate) fn numbers(array: &ArrayRef) -> Option<Vec<f64>> {
    let missing = |x: Option<f64>| x.unwrap_or(f64::NAN);
    if let Some(values) = array.as_primitive_opt::<Float64Type>() {
        return Some(values.iter().map(missing).collect());
    }
    if let Some(values) = array.as_primitive_opt::<Int64Type>() {
        let one = |x: Option<i64>| missing(x.map(|x| x as f64));
        return Some(values.iter().map(one).collect());
    }
    let values = array.as_boolean_opt()?;
    let one = |x: Option<bool>| missing(x.map(|b| f64::from(u8::from(b))));
    Some(values.iter().map(one).collect())
}

impl ObservedColumn {
    fn like(array: &ArrayRef) -> Self {
        match numbers(array) {
            Some(_) => Self::Numbers(Vec::new()),
            None => Self::Texts(Vec::new()),
        }
    }

    fn extend(&mut self, array: &ArrayRef) {
        match self {
            Self::Numbers(out) => out.extend(numbers(array).unwrap_or_default()),
            Self::Texts(out) => {
                let dictionary = array.as_dictionary_opt::<UInt32Type>();
                let words = dictionary.and_then(|d| d.values().as_string_opt::<i32>());
                out.extend((0..array.len()).map(|i| {
                    let (dictionary, words) = (dictionary?, words?);
                    let key = dictionary.is_valid(i).then(|| dictionary.keys().value(i))?;
                    Some(words.value(key as usize).to_owned())
                }));
            }
        }
    }
}
