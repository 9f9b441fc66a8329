//! Columns of numbers, as cheap as they can be: a constant is one number, and a column that the
//! data already hold is borrowed from their buffer, so that the random slope of `x` and the fixed
//! effect of `x` are one piece of memory.

use arrow_buffer::ScalarBuffer;

/// One column of a model matrix, for the rows of one batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// The same number in every row.
    Constant(f64),
    /// A number a row; cloning copies no numbers.
    Values(ScalarBuffer<f64>),
}

impl Column {
    /// The number in a row.
    #[inline]
    pub fn at(&self, row: usize) -> f64 {
        match self {
            Column::Constant(value) => *value,
            Column::Values(values) => values[row],
        }
    }

    /// The numbers, unless they are all the same one.
    pub fn values(&self) -> Option<&[f64]> {
        match self {
            Column::Constant(_) => None,
            Column::Values(values) => Some(values),
        }
    }

    /// The numbers written out for `rows` rows.
    pub fn to_vec(&self, rows: usize) -> Vec<f64> {
        match self {
            Column::Constant(value) => vec![*value; rows],
            Column::Values(values) => values.to_vec(),
        }
    }

    /// Elementwise product.
    pub(crate) fn times(&self, other: &Column) -> Column {
        match (self, other) {
            (Column::Constant(a), Column::Constant(b)) => Column::Constant(a * b),
            (Column::Constant(a), Column::Values(b)) | (Column::Values(b), Column::Constant(a)) => {
                if *a == 1.0 {
                    Column::Values(b.clone())
                } else {
                    Column::from(b.iter().map(|b| a * b).collect::<Vec<f64>>())
                }
            }
            (Column::Values(a), Column::Values(b)) => Column::from(
                a.iter()
                    .zip(b.iter())
                    .map(|(a, b)| a * b)
                    .collect::<Vec<f64>>(),
            ),
        }
    }
}

impl From<Vec<f64>> for Column {
    fn from(values: Vec<f64>) -> Self {
        Column::Values(values.into())
    }
}

/// A column on its way through an expression: intermediate results own their memory and are
/// overwritten in place by the next step.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// The same number in every row.
    Constant(f64),
    /// A column of the data.
    Shared(ScalarBuffer<f64>),
    /// An intermediate result.
    Owned(Vec<f64>),
}

impl Value {
    /// Applies `f` to every number.
    pub(crate) fn map(self, f: impl Fn(f64) -> f64) -> Value {
        match self {
            Value::Constant(x) => Value::Constant(f(x)),
            Value::Shared(xs) => Value::Owned(xs.iter().map(|&x| f(x)).collect()),
            Value::Owned(mut xs) => {
                xs.iter_mut().for_each(|x| *x = f(*x));
                Value::Owned(xs)
            }
        }
    }

    /// Applies `f` to every pair of numbers.
    pub(crate) fn zip(self, other: Value, f: impl Fn(f64, f64) -> f64) -> Value {
        match (self, other) {
            (x, Value::Constant(y)) => x.map(|x| f(x, y)),
            (Value::Constant(x), y) => y.map(|y| f(x, y)),
            (Value::Owned(mut xs), y) => {
                xs.iter_mut()
                    .zip(y.slice())
                    .for_each(|(x, &y)| *x = f(*x, y));
                Value::Owned(xs)
            }
            (x, Value::Owned(mut ys)) => {
                ys.iter_mut()
                    .zip(x.slice())
                    .for_each(|(y, &x)| *y = f(x, *y));
                Value::Owned(ys)
            }
            (x, y) => Value::Owned(
                x.slice()
                    .iter()
                    .zip(y.slice())
                    .map(|(&x, &y)| f(x, y))
                    .collect(),
            ),
        }
    }

    /// The numbers; empty for a constant.
    pub(crate) fn slice(&self) -> &[f64] {
        match self {
            Value::Constant(_) => &[],
            Value::Shared(xs) => xs,
            Value::Owned(xs) => xs,
        }
    }

    /// The numbers written out for `rows` rows.
    pub(crate) fn into_vec(self, rows: usize) -> Vec<f64> {
        match self {
            Value::Constant(x) => vec![x; rows],
            Value::Shared(xs) => xs.to_vec(),
            Value::Owned(xs) => xs,
        }
    }

    /// The number in a row.
    pub(crate) fn at(&self, row: usize) -> f64 {
        match self {
            Value::Constant(x) => *x,
            Value::Shared(xs) => xs[row],
            Value::Owned(xs) => xs[row],
        }
    }

    /// The first row that holds something else than a finite number.
    pub(crate) fn first_not_finite(&self) -> Option<usize> {
        match self {
            Value::Constant(x) => (!x.is_finite()).then_some(0),
            Value::Shared(xs) => first_not_finite(xs),
            Value::Owned(xs) => first_not_finite(xs),
        }
    }
}

impl From<Value> for Column {
    fn from(value: Value) -> Self {
        match value {
            Value::Constant(x) => Column::Constant(x),
            Value::Shared(xs) => Column::Values(xs),
            Value::Owned(xs) => Column::Values(xs.into()),
        }
    }
}

/// The first index that holds something else than a finite number.
///
/// Looks at whole blocks first: a branch for every number keeps the compiler from using vector
/// instructions.
pub(crate) fn first_not_finite(xs: &[f64]) -> Option<usize> {
    const EXPONENT: u64 = 0x7ff << 52;
    const BLOCK: usize = 1024;
    for (block, values) in xs.chunks(BLOCK).enumerate() {
        let bad = values
            .iter()
            .fold(false, |bad, x| bad | (x.to_bits() & EXPONENT == EXPONENT));
        if bad {
            return values
                .iter()
                .position(|x| !x.is_finite())
                .map(|i| block * BLOCK + i);
        }
    }
    None
}
