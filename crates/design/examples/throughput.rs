//! Time of both passes over a million rows: `cargo run --release --example throughput`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use arrow_array::{ArrayRef, DictionaryArray, Float64Array, RecordBatch, StringArray, UInt32Array};
use arrow_schema::{Field, Schema};
use ranef_design::{Options, Parts, survey};
use ranef_formula::Formula;
use ranef_frame::{Batches, Column, ColumnKind, FrameError, Source};

struct Memory {
    columns: Vec<Column>,
    batches: Vec<RecordBatch>,
}

impl Source for Memory {
    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn rows(&self) -> Option<usize> {
        None
    }

    fn read(&self, projection: &[usize]) -> Result<Batches<'_>, FrameError> {
        let projection = projection.to_vec();
        let project = move |batch: &RecordBatch| Ok(batch.project(&projection).expect("columns"));
        Ok(Box::new(self.batches.iter().map(project)))
    }
}

const ROWS: usize = 1_000_000;
const GROUPS: u64 = 50_000;
const BATCH: usize = 65_536;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut state = 1u64;
    let mut next = move || {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        state >> 33
    };
    let numbers: Vec<Vec<f64>> = (0..6)
        .map(|_| {
            (0..ROWS)
                .map(|_| (next() % 1_000_003) as f64 / 1e5)
                .collect()
        })
        .collect();
    let ids: Vec<f64> = (0..ROWS).map(|_| (next() % GROUPS) as f64 + 1.0).collect();
    let small: Vec<f64> = (0..ROWS).map(|_| (next() % 40) as f64 + 1.0).collect();
    let outer: Vec<f64> = ids.iter().map(|id| (id / 1000.0).floor()).collect();
    let words: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..GROUPS).map(|i| format!("group {i}")),
    ));
    let mut columns: Vec<Column> = ["y", "x1", "x2", "x3", "x4", "x5", "id", "small", "outer"]
        .iter()
        .map(|name| Column {
            name: (*name).into(),
            kind: ColumnKind::Number,
        })
        .collect();
    columns.push(Column {
        name: "text".into(),
        kind: ColumnKind::Text { ordered: false },
    });
    let batch = |start: usize| {
        let rows = start..(start + BATCH).min(ROWS);
        let mut arrays: Vec<ArrayRef> = numbers
            .iter()
            .chain([&ids, &small, &outer])
            .map(|x| Arc::new(Float64Array::from(x[rows.clone()].to_vec())) as ArrayRef)
            .collect();
        let keys: UInt32Array = ids[rows].iter().map(|&id| Some(id as u32 - 1)).collect();
        arrays.push(Arc::new(DictionaryArray::new(keys, words.clone())));
        let fields: Vec<Field> = columns
            .iter()
            .zip(&arrays)
            .map(|(column, array)| Field::new(&column.name, array.data_type().clone(), true))
            .collect();
        RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("a batch")
    };
    let batches = (0..ROWS.div_ceil(BATCH))
        .map(|i| batch(i * BATCH))
        .collect();
    let source = Memory {
        columns: columns.clone(),
        batches,
    };
    for formula in [
        "y ~ x1 + x2 + x3 + x4 + x5 + (x1 | id)",
        "y ~ x1 + x2 + x3 + x4 + x5 + (x1 | text)",
        "y ~ x1 + x2 + (1 | outer/id)",
        "y ~ x1 + x2 + (1 | small) + (1 | id)",
        "y ~ log(x1 + 1) + I(x2^2) + scale(x3) + (1 | id)",
        "y ~ poly(x1, 3) + (1 | id)",
        "y ~ within(x1, id) + between(x1, id) + (1 | id)",
        "y ~ factor(small) + (1 | id)",
    ] {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let terms = Formula::parse(formula)?.terms(&names)?;
        let (mut first, mut second) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..5 {
            let clock = Instant::now();
            let survey = survey(&terms, &source, &Options::default())?;
            first = first.min(clock.elapsed().as_secs_f64());
            let clock = Instant::now();
            let projection = survey.recipe.projection(&source, Parts::ALL)?;
            let mut reader = survey.recipe.reader(Parts::ALL);
            for batch in source.read(&projection)? {
                black_box(reader.rows(&batch?)?);
            }
            second = second.min(clock.elapsed().as_secs_f64());
        }
        println!(
            "{formula:55} survey {:6.1} ms, rows {:6.1} ms",
            first * 1e3,
            second * 1e3
        );
    }
    Ok(())
}
