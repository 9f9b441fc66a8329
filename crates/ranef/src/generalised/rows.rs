//! Rows of a generalised model on their way to the engine, and what is refused on it.

use ranef_design::{DesignRows, Outcome, Parts, Recipe};
use ranef_engine::glmm::Data;
use ranef_engine::glmm::family::Observation;
use ranef_engine::{Coordinates, Rows, Statistics};
use ranef_frame::Source;

use crate::Error;
use crate::family::Family;
use crate::rows::{engine_rows, for_each_batch, layout, refuse_new_levels};

/// The rows of a generalised model, and the crossproducts of their columns.
pub(crate) struct GeneralisedRows {
    pub data: Data,
    pub statistics: Statistics,
}

/// Reads all rows, once.
pub(crate) fn read(
    recipe: &Recipe,
    family: &Family,
    source: &dyn Source,
    formula: &str,
) -> Result<GeneralisedRows, Error> {
    let layout = layout(recipe);
    let mut out: Option<GeneralisedRows> = None;
    let mut before = 0;
    for_each_batch(recipe, source, Parts::ALL, formula, |batch, rows| {
        refuse_new_levels(&rows)?;
        let number = |i: usize| before + rows.kept.as_ref().map_or(i, |kept| kept[i] as usize) + 1;
        let observations = observations(recipe, family, &rows, number)?;
        let y: Vec<f64> = observations.iter().map(|o| o.y / o.trials).collect();
        let offset = rows.offset.as_ref().map(|offset| offset.to_vec(rows.n));
        let engine = engine_rows(recipe, &rows, &y, None);
        if !y.is_empty() {
            let out = out.get_or_insert_with(|| GeneralisedRows::new(&layout, &engine));
            out.statistics.add(&engine);
            out.data.add(&engine, &observations, offset.as_deref());
        }
        before += batch.num_rows();
        Ok(())
    })?;
    out.ok_or_else(|| Error::new("no_rows_left", "no rows are left"))
}

impl GeneralisedRows {
    fn new(layout: &ranef_engine::Layout, rows: &Rows<'_>) -> Self {
        let coordinates = Coordinates::pilot(layout, rows);
        Self {
            data: Data::new(layout.clone(), coordinates.clone()),
            statistics: Statistics::new(layout.clone(), coordinates),
        }
    }
}

/// The observations of a batch; `number` is the row of the data, from 1.
pub(crate) fn observations(
    recipe: &Recipe,
    family: &Family,
    rows: &DesignRows,
    number: impl Fn(usize) -> usize,
) -> Result<Vec<Observation>, Error> {
    let _ = (recipe, family, &number);
    let weight = |i: usize| rows.weights.as_ref().map_or(1.0, |w| w.at(i));
    Ok(match &rows.response {
        Outcome::Nothing => Vec::new(),
        Outcome::Counts { successes, trials } => (0..rows.n)
            .map(|i| Observation::of(successes.at(i), trials.at(i)).weighted(weight(i)))
            .collect(),
        Outcome::Numbers(y) if family.name() == "binomial" => (0..rows.n)
            .map(|i| Observation::of(y.at(i) * weight(i), weight(i)))
            .collect(),
        Outcome::Numbers(y) => (0..rows.n)
            .map(|i| Observation::new(y.at(i)).weighted(weight(i)))
            .collect(),
    })
}
