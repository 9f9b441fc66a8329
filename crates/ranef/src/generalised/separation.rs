//! Estimates that ran away: separation, and levels without events.
//!
//! Where a predictor tells all successes from all failures, or a level has no event at all, the
//! likelihood rises for ever with a coefficient (Albert and Anderson 1984). The optimiser stops
//! where it no longer sees the rise, and the curvature that is left there gives a standard error
//! that is vast beside the estimate. That is how it is recognised, whatever the family.

use ranef_design::Recipe;
use ranef_engine::glmm;
use ranef_engine::glmm::family::{Parameter, Scale};

use crate::moments::Moments;
use crate::notes::Note;

/// Standard error, for a predictor with a standard deviation of 1, that no data with information on
/// it have: a hundred rows of one success in a hundred have one.
const VAST: f64 = 15.0;

/// Names the fixed effects that ran away, and where all responses are the same.
pub(crate) fn note(recipe: &Recipe, moments: &Moments, fit: &glmm::Fit) -> Option<Note> {
    let p = fit.beta.len();
    let names = recipe.fixed_names();
    let kept = recipe.fixed_kept();
    let gone: Vec<usize> = (0..p)
        .filter(|&j| {
            let variance = moments.fixed_cov[j * p + j];
            let scale = if variance > 0.0 { variance.sqrt() } else { 1.0 };
            let error = fit.vcov[j * p + j].sqrt() * scale;
            error.is_nan() || error > VAST
        })
        .collect();
    // The intercept goes along with the others: it is named where it is alone.
    let constant = |j: usize| recipe.has_intercept() && j == 0;
    let named: Vec<usize> = match gone.iter().any(|&j| !constant(j)) {
        true => gone.into_iter().filter(|&j| !constant(j)).collect(),
        false => gone,
    };
    if named.is_empty() {
        return None;
    }
    let parts: Vec<String> = named
        .iter()
        .map(|&j| {
            let name = &names[kept[j]];
            match fit.responses_where(j) {
                Some((least, greatest)) if least == greatest && !constant(j) => {
                    format!("`{name}` (every response is {least} in the rows of it)")
                }
                _ => format!("`{name}`"),
            }
        })
        .collect();
    let (effect, has) = match parts.len() {
        1 => ("effect", "has"),
        _ => ("effects", "have"),
    };
    Some(Note::new(
        "separation",
        format!(
            "Separation: the {effect} of {} {has} no finite estimate, because the likelihood rises \
             for ever; do not use the estimate and its standard error. Join levels, leave the \
             predictor out, or say `--penalty 2.5`: a weak prior keeps estimates finite.",
            parts.join(" and of ")
        ),
    ))
}

/// Parameters of the family that ended where the data no longer tell one value from the next: no
/// extra zeros, a negative binomial that is Poisson.
pub(crate) fn family_notes(parameters: &[Parameter], fit: &glmm::Fit) -> Vec<Note> {
    let k = fit.psi.len();
    parameters
        .iter()
        .enumerate()
        .filter(|(i, parameter)| {
            let error = fit.psi_vcov[i * k + i].sqrt();
            parameter.scale != Scale::Same && error > VAST
        })
        .map(|(i, parameter)| {
            Note::new(
                "family_at_the_end",
                format!(
                    "The estimate of `{}` ({}) went to the end of its range, {:.1e}: a family \
                     without it fits these data as well.",
                    parameter.name,
                    parameter.meaning,
                    parameter.scale.of(fit.psi[i])
                ),
            )
        })
        .collect()
}
