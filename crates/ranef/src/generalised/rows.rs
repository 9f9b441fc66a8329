//! Rows of a generalised model on their way to the engine, and what is refused on it.

use ranef_design::{DesignRows, Outcome, Parts, Recipe};
use ranef_engine::glmm::Data;
use ranef_engine::glmm::family::{Fault, Observation, Response};
use ranef_engine::{Coordinates, Layout, Rows, Statistics};
use ranef_frame::Source;

use crate::Error;
use crate::family::{Family, categories};
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
    // Successes and failures: one class alone has no finite estimate.
    let (mut successes, mut failures) = (0.0, 0.0);
    for_each_batch(recipe, source, Parts::ALL, formula, |batch, rows| {
        refuse_new_levels(&rows)?;
        let observations = observations(recipe, family, &rows, before)?;
        for row in &observations {
            successes += row.y;
            failures += row.trials - row.y;
        }
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
    let binary = family.distribution().response() == Response::Successes;
    if binary && (successes == 0.0 || failures == 0.0) {
        let which = if successes == 0.0 {
            "failure"
        } else {
            "success"
        };
        return Err(Error::new(
            "one_class",
            format!(
                "every trial of the response `{}` is a {which}: there is nothing to explain",
                recipe.response_name().unwrap_or_default()
            ),
        )
        .with_hint("look at how the response is coded: the first level, or 0, is failure"));
    }
    out.ok_or_else(|| Error::new("no_rows_left", "no rows are left"))
}

impl GeneralisedRows {
    fn new(layout: &Layout, rows: &Rows<'_>) -> Self {
        let coordinates = Coordinates::pilot(layout, rows);
        Self {
            data: Data::new(layout.clone(), coordinates.clone()),
            statistics: Statistics::new(layout.clone(), coordinates),
        }
    }
}

/// The observations of a batch whose first row is row `before` of the data, from 0.
///
/// A number between 0 and 1 beside a weight is a proportion of so many trials; 0 and 1 themselves
/// may have any weight, which counts as so many such answers.
pub(crate) fn observations(
    recipe: &Recipe,
    family: &Family,
    rows: &DesignRows,
    before: usize,
) -> Result<Vec<Observation>, Error> {
    let weight = |i: usize| rows.weights.as_ref().map_or(1.0, |w| w.at(i));
    let binary = family.distribution().response() == Response::Successes;
    let levels = categories(recipe).len() as f64;
    let observation = |i: usize| match &rows.response {
        Outcome::Nothing => Observation::new(0.0),
        Outcome::Counts { successes, trials } => {
            Observation::of(successes.at(i), trials.at(i)).weighted(weight(i))
        }
        Outcome::Numbers(y) if binary && y.at(i) != 0.0 && y.at(i) != 1.0 => {
            Observation::of(y.at(i) * weight(i), weight(i))
        }
        Outcome::Numbers(y) => Observation::new(y.at(i)).weighted(weight(i)),
    };
    let mut out = Vec::with_capacity(rows.n);
    for i in 0..rows.n {
        let row = observation(i);
        let trials = if levels > 0.0 { levels } else { row.trials };
        if let Err(fault) = family.distribution().check(row.y, trials) {
            let place = before + rows.kept.as_ref().map_or(i, |kept| kept[i] as usize) + 1;
            return Err(refused(recipe, family, rows, i, place, fault));
        }
        out.push(row);
    }
    Ok(out)
}

/// What to say of a value that a family does not take.
fn refused(
    recipe: &Recipe,
    family: &Family,
    rows: &DesignRows,
    i: usize,
    place: usize,
    fault: Fault,
) -> Error {
    let name = recipe.response_name().unwrap_or_default();
    let binary = family.distribution().response() == Response::Successes;
    match (&rows.response, &rows.weights) {
        (Outcome::Numbers(y), None) if binary => Error::new(
            "response_not_binary",
            format!(
                "the response `{name}` is {} in row {place}, but a binomial response is 0 or 1, \
                 successes and failures, or a proportion of trials",
                y.at(i)
            ),
        )
        .with_hint(
            "give trials as weights (`--weights TRIALS`), or counts as \
             `cbind(successes, failures)`; counts without trials are `--family poisson`",
        ),
        (Outcome::Numbers(y), Some(weights)) if binary => {
            let (y, weight) = (y.at(i), weights.at(i));
            if (0.0..=1.0).contains(&y) {
                Error::new(
                    "weights_not_trials",
                    format!(
                        "row {place} has {y} of {weight} trials as successes in `{name}`, which is \
                         {}: no whole number",
                        y * weight
                    ),
                )
                .with_hint("the weights of proportions are their numbers of trials")
            } else {
                Error::new(
                    "proportion_outside_unit",
                    format!("the proportion `{name}` is {y} in row {place}, outside 0 to 1"),
                )
                .with_hint(
                    "give successes as `cbind(successes, failures)`, or divide percentages by 100",
                )
            }
        }
        (Outcome::Counts { successes, trials }, _) => Error::new(
            fault.code(),
            format!(
                "`{name}` has {} successes of {} trials in row {place}: {fault}",
                successes.at(i),
                trials.at(i)
            ),
        )
        .with_hint(fault.hint()),
        (Outcome::Numbers(y), _) => Error::new(
            fault.code(),
            format!(
                "the response `{name}` is {} in row {place}, which the {} family does not have: \
                 {fault}",
                y.at(i),
                family.name()
            ),
        )
        .with_hint(fault.hint()),
        (Outcome::Nothing, _) => Error::new(fault.code(), fault.to_string()),
    }
}
