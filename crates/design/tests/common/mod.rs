//! A small source in memory, and the two passes over it.
#![allow(dead_code)]

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int64Array, RecordBatch, StringArray,
    UInt32Array,
};
use arrow_schema::{Field, Schema};
use ranef_design::{Column, DesignError, Options, Outcome, Parts, Recipe, Survey, survey};
use ranef_formula::Formula;
use ranef_frame::{self as frame, Batches, ColumnKind, FrameError, Source};

/// One column of test data.
#[derive(Clone, Debug)]
pub enum Data {
    Numbers(Vec<Option<f64>>),
    Integers(Vec<Option<i64>>),
    Logicals(Vec<Option<bool>>),
    Text(Vec<Option<String>>),
    /// Text with levels in an order of their own.
    Ordered(Vec<Option<String>>, Vec<String>),
}

impl Data {
    pub fn len(&self) -> usize {
        match self {
            Data::Numbers(x) => x.len(),
            Data::Integers(x) => x.len(),
            Data::Logicals(x) => x.len(),
            Data::Text(x) => x.len(),
            Data::Ordered(x, _) => x.len(),
        }
    }

    /// The rows at these positions.
    pub fn select(&self, rows: &[usize]) -> Data {
        fn pick<T: Clone>(x: &[T], rows: &[usize]) -> Vec<T> {
            rows.iter().map(|&row| x[row].clone()).collect()
        }
        match self {
            Data::Numbers(x) => Data::Numbers(pick(x, rows)),
            Data::Integers(x) => Data::Integers(pick(x, rows)),
            Data::Logicals(x) => Data::Logicals(pick(x, rows)),
            Data::Text(x) => Data::Text(pick(x, rows)),
            Data::Ordered(x, levels) => Data::Ordered(pick(x, rows), levels.clone()),
        }
    }

    fn array(&self, rows: std::ops::Range<usize>) -> ArrayRef {
        match self {
            Data::Numbers(x) => Arc::new(Float64Array::from(x[rows].to_vec())),
            Data::Integers(x) => Arc::new(Int64Array::from(x[rows].to_vec())),
            Data::Logicals(x) => Arc::new(BooleanArray::from(x[rows].to_vec())),
            Data::Text(x) => dictionary(&x[rows], &[]),
            Data::Ordered(x, levels) => dictionary(&x[rows], levels),
        }
    }

    fn kind(&self) -> ColumnKind {
        match self {
            Data::Numbers(_) => ColumnKind::Number,
            Data::Integers(_) => ColumnKind::Integer,
            Data::Logicals(_) => ColumnKind::Logical,
            Data::Text(_) => ColumnKind::Text { ordered: false },
            Data::Ordered(..) => ColumnKind::Text { ordered: true },
        }
    }
}

fn dictionary(values: &[Option<String>], levels: &[String]) -> ArrayRef {
    let mut words: Vec<String> = levels.to_vec();
    let keys: UInt32Array = values
        .iter()
        .map(|value| {
            value.as_ref().map(|value| {
                let known = words.iter().position(|word| word == value);
                known.unwrap_or_else(|| {
                    words.push(value.clone());
                    words.len() - 1
                }) as u32
            })
        })
        .collect();
    Arc::new(DictionaryArray::new(
        keys,
        Arc::new(StringArray::from(words)),
    ))
}

/// Columns in memory, read in batches of a given size.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<frame::Column>,
    data: Vec<Data>,
    pub batch: usize,
}

impl Table {
    pub fn new(columns: Vec<(&str, Data)>) -> Self {
        let named = columns.iter().map(|(name, data)| frame::Column {
            name: (*name).to_owned(),
            kind: data.kind(),
        });
        Self {
            columns: named.collect(),
            data: columns.into_iter().map(|(_, data)| data).collect(),
            batch: usize::MAX,
        }
    }

    pub fn batches_of(&self, batch: usize) -> Self {
        Self {
            batch,
            ..self.clone()
        }
    }

    pub fn select(&self, rows: &[usize]) -> Self {
        Self {
            data: self.data.iter().map(|data| data.select(rows)).collect(),
            ..self.clone()
        }
    }

    pub fn replace(&self, name: &str, data: Data) -> Self {
        let mut table = self.clone();
        let at = table
            .columns
            .iter()
            .position(|column| column.name == name)
            .unwrap();
        table.columns[at].kind = data.kind();
        table.data[at] = data;
        table
    }

    pub fn len(&self) -> usize {
        self.data.first().map_or(0, Data::len)
    }

    pub fn whole(&self) -> RecordBatch {
        let all: Vec<usize> = (0..self.columns.len()).collect();
        self.batch(&all, 0..self.len())
    }

    fn batch(&self, projection: &[usize], rows: std::ops::Range<usize>) -> RecordBatch {
        let arrays: Vec<ArrayRef> = projection
            .iter()
            .map(|&column| self.data[column].array(rows.clone()))
            .collect();
        let fields: Vec<Field> = projection
            .iter()
            .zip(&arrays)
            .map(|(&column, array)| {
                Field::new(&self.columns[column].name, array.data_type().clone(), true)
            })
            .collect();
        let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(rows.len()));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options).unwrap()
    }
}

impl Source for Table {
    fn columns(&self) -> &[frame::Column] {
        &self.columns
    }

    fn rows(&self) -> Option<usize> {
        Some(self.len())
    }

    fn read(&self, projection: &[usize]) -> Result<Batches<'_>, FrameError> {
        let projection = projection.to_vec();
        let (len, batch) = (self.len(), self.batch.min(self.len().max(1)));
        let starts = (0..len.div_ceil(batch)).map(move |i| i * batch);
        Ok(Box::new(starts.map(move |start| {
            Ok(self.batch(&projection, start..(start + batch).min(len)))
        })))
    }
}

/// Surveys a formula.
pub fn try_survey(formula: &str, table: &Table, options: &Options) -> Result<Survey, DesignError> {
    let names: Vec<&str> = table
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    let terms = Formula::parse(formula).unwrap().terms(&names).unwrap();
    survey(&terms, table, options)
}

pub fn surveyed(formula: &str, table: &Table) -> Survey {
    match try_survey(formula, table, &Options::default()) {
        Ok(survey) => survey,
        Err(error) => panic!("{formula}: {error}"),
    }
}

/// All rows of a table as numbers: column by column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    pub response: Vec<f64>,
    pub trials: Vec<f64>,
    pub fixed: Vec<Vec<f64>>,
    pub random: Vec<Vec<Vec<f64>>>,
    pub codes: Vec<Vec<u32>>,
    pub weights: Vec<f64>,
    pub offset: Vec<f64>,
    pub n: usize,
}

pub fn try_rows(recipe: &Recipe, table: &Table, parts: Parts) -> Result<Rows, DesignError> {
    let mut all = Rows {
        fixed: vec![
            Vec::new();
            if parts.fixed {
                recipe.fixed_kept().len()
            } else {
                0
            }
        ],
        random: recipe
            .random()
            .iter()
            .map(|r| vec![Vec::new(); r.names.len()])
            .collect(),
        codes: vec![Vec::new(); recipe.factors().len()],
        ..Rows::default()
    };
    let mut reader = recipe.reader(parts);
    for batch in table.read(&recipe.projection(table, parts)?)? {
        let rows = reader.rows(&batch?)?;
        let n = rows.n;
        all.n += n;
        let extend = |all: &mut Vec<f64>, column: &Column| all.extend(column.to_vec(n));
        match &rows.response {
            Outcome::Nothing => {}
            Outcome::Numbers(y) => extend(&mut all.response, y),
            Outcome::Counts { successes, trials } => {
                extend(&mut all.response, successes);
                extend(&mut all.trials, trials);
            }
        }
        all.fixed
            .iter_mut()
            .zip(&rows.fixed)
            .for_each(|(all, column)| extend(all, column));
        for (all, columns) in all.random.iter_mut().zip(&rows.random) {
            all.iter_mut()
                .zip(columns)
                .for_each(|(all, column)| extend(all, column));
        }
        all.codes
            .iter_mut()
            .zip(&rows.codes)
            .for_each(|(all, codes)| all.extend(codes));
        rows.weights
            .iter()
            .for_each(|column| extend(&mut all.weights, column));
        rows.offset
            .iter()
            .for_each(|column| extend(&mut all.offset, column));
    }
    Ok(all)
}

pub fn rows(recipe: &Recipe, table: &Table) -> Rows {
    try_rows(recipe, table, Parts::ALL).unwrap()
}

pub fn numbers(x: &[f64]) -> Data {
    Data::Numbers(x.iter().map(|&x| Some(x)).collect())
}

pub fn text(x: &[&str]) -> Data {
    Data::Text(x.iter().map(|x| Some((*x).to_owned())).collect())
}

/// Twelve subjects' worth of small data with every kind of column.
pub fn small() -> Table {
    let y = [
        2.1, 3.4, 1.9, 5.6, 4.2, 6.1, 7.7, 3.3, 8.8, 6.4, 9.9, 7.2, 5.1, 4.9,
    ];
    let x = [
        1.0, 2.5, 0.5, 4.0, 3.0, 6.0, 7.5, 2.0, 8.0, 5.0, 9.5, 6.5, 4.5, 3.5,
    ];
    let z = [
        0.2, -1.3, 0.7, 2.2, -0.4, 1.1, 0.0, -2.0, 1.6, 0.9, -0.8, 0.3, 1.2, -1.1,
    ];
    let f = [
        "a", "b", "c", "a", "b", "c", "a", "b", "c", "a", "b", "c", "a", "b",
    ];
    let h = [
        "hi", "lo", "mid", "hi", "mid", "lo", "hi", "lo", "mid", "top", "mid", "top", "lo", "hi",
    ];
    let g = [
        "u", "u", "v", "v", "w", "w", "u", "u", "v", "v", "w", "w", "u", "v",
    ];
    let id = [
        3.0, 3.0, 1.0, 1.0, 2.0, 2.0, 3.0, 10.0, 1.0, 1.0, 2.0, 10.0, 10.0, 1.0,
    ];
    Table::new(vec![
        ("y", numbers(&y)),
        ("x", numbers(&x)),
        ("z", numbers(&z)),
        ("f", text(&f)),
        ("h", text(&h)),
        ("g", text(&g)),
        ("id", numbers(&id)),
    ])
}

/// A survey of a formula that may not even be one.
pub fn try_survey_or_parse(
    formula: &str,
    table: &Table,
    options: &Options,
) -> Option<Result<Survey, DesignError>> {
    Formula::parse(formula).ok()?;
    Some(try_survey(formula, table, options))
}
