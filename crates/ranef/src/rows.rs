//! The second pass: rows through the recipe into statistics; and later passes, for what truly
//! needs rows.

use arrow_array::RecordBatch;
use ranef_design::{Column, DesignRows, NEW_LEVEL, Outcome, Parts, Recipe};
use ranef_engine as engine;
use ranef_engine::{Coordinates, FactorRows, Layout, Rows, Statistics};
use ranef_frame::Source;

use crate::Error;

/// The engine's picture of a recipe.
pub(crate) fn layout(recipe: &Recipe) -> Layout {
    let levels: Vec<usize> = recipe.factors().iter().map(|f| f.levels).collect();
    let terms: Vec<(usize, usize, Option<usize>)> = recipe
        .random()
        .iter()
        .map(|t| (t.factor, t.names.len(), t.constant))
        .collect();
    Layout::new(
        recipe.fixed_kept().len(),
        recipe.has_intercept().then_some(0),
        &levels,
        &terms,
    )
}

/// Calls `visit` with every batch of a source and its rows in numbers.
pub(crate) fn for_each_batch(
    recipe: &Recipe,
    source: &dyn Source,
    parts: Parts,
    formula: &str,
    visit: impl FnMut(&RecordBatch, DesignRows) -> Result<(), Error>,
) -> Result<(), Error> {
    for_each_batch_with(recipe, source, parts, formula, &[], visit)
}

/// The same, with further columns of the source in the batches.
pub(crate) fn for_each_batch_with(
    recipe: &Recipe,
    source: &dyn Source,
    parts: Parts,
    formula: &str,
    extra: &[&str],
    mut visit: impl FnMut(&RecordBatch, DesignRows) -> Result<(), Error>,
) -> Result<(), Error> {
    let design = |error| Error::design(&error, formula);
    let mut projection = recipe.projection(source, parts).map_err(design)?;
    for name in extra {
        let column = position(source, name)?;
        if !projection.contains(&column) {
            projection.push(column);
        }
    }
    let mut reader = recipe.reader(parts);
    for batch in source.read(&projection)? {
        let batch = batch?;
        let rows = reader.rows(&batch).map_err(design)?;
        visit(&batch, rows)?;
    }
    Ok(())
}

/// The position of a column of a source.
fn position(source: &dyn Source, name: &str) -> Result<usize, Error> {
    let columns = source.columns();
    if let Some(at) = columns.iter().position(|c| c.name == name) {
        return Ok(at);
    }
    let known: Vec<String> = columns.iter().map(|c| c.name.clone()).collect();
    let hint = match ranef_formula::did_you_mean(name, &known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are: {}", known.join(", ")),
    };
    Err(Error::new("unknown_column", format!("there is no column `{name}`")).with_hint(hint))
}

/// The statistics of all rows.
pub(crate) fn statistics(
    recipe: &Recipe,
    source: &dyn Source,
    formula: &str,
) -> Result<Statistics, Error> {
    let layout = layout(recipe);
    let mut statistics: Option<Statistics> = None;
    for_each_batch(recipe, source, Parts::ALL, formula, |_, rows| {
        with_engine_rows(recipe, &rows, |batch| {
            if !batch.response.is_empty() {
                statistics
                    .get_or_insert_with(|| {
                        Statistics::new(layout.clone(), Coordinates::pilot(&layout, batch))
                    })
                    .add(batch);
            }
        });
        Ok(())
    })?;
    Ok(statistics.unwrap_or_else(|| {
        let coordinates = Coordinates::identity(&layout);
        Statistics::new(layout, coordinates)
    }))
}

/// Refuses rows of other data than the model was fitted to, where a level tells.
pub(crate) fn refuse_new_levels(rows: &DesignRows) -> Result<(), Error> {
    if rows.codes.iter().flatten().all(|&code| code != NEW_LEVEL) {
        return Ok(());
    }
    Err(Error::new(
        "other_rows",
        "these are not the rows that the model was fitted to: they have other levels",
    )
    .with_hint("give the data that the model was fitted to, or fit it again"))
}

/// Hands `then` the engine's view of a batch. The rows may be from a recipe that has more factors
/// and terms behind those of `recipe`.
pub(crate) fn with_engine_rows<T>(
    recipe: &Recipe,
    rows: &DesignRows,
    then: impl FnOnce(&Rows<'_>) -> T,
) -> T {
    let response = response(rows);
    let weights = rows.weights.as_ref().map(|w| w.to_vec(rows.n));
    then(&engine_rows(recipe, rows, &response, weights.as_deref()))
}

/// The engine's view of a batch, with a response and weights of one's own.
pub(crate) fn engine_rows<'a>(
    recipe: &Recipe,
    rows: &'a DesignRows,
    response: &'a [f64],
    weights: Option<&'a [f64]>,
) -> Rows<'a> {
    Rows {
        response,
        fixed: rows.fixed.iter().map(column).collect(),
        weights,
        factors: (0..recipe.factors().len())
            .map(|factor| FactorRows {
                codes: &rows.codes[factor],
                columns: recipe
                    .random()
                    .iter()
                    .zip(&rows.random)
                    .filter(|(term, _)| term.factor == factor)
                    .flat_map(|(_, columns)| columns.iter().map(column))
                    .collect(),
            })
            .collect(),
    }
}

/// The response of a batch less its offset.
pub(crate) fn response(rows: &DesignRows) -> Vec<f64> {
    let mut values = match &rows.response {
        Outcome::Numbers(column) => column.to_vec(rows.n),
        Outcome::Counts { successes, .. } => successes.to_vec(rows.n),
        Outcome::Nothing => vec![0.0; rows.n],
    };
    if let Some(offset) = &rows.offset {
        for (i, value) in values.iter_mut().enumerate() {
            *value -= offset.at(i);
        }
    }
    values
}

fn column(column: &Column) -> engine::Column<'_> {
    match column {
        Column::Constant(value) => engine::Column::Constant(*value),
        Column::Values(values) => engine::Column::Values(values),
    }
}
