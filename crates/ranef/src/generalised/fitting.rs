//! Fitting a generalised model, and taking one up again where it was saved.

use std::sync::OnceLock;

use ranef_design::survey;
use ranef_engine::{glmm, lmm};
use ranef_formula::Formula;
use ranef_frame::Source;

use super::{rows, separation};
use crate::engine::Engine;
use crate::fit::{Certificate, Collinear, Estimates, Facts};
use crate::moments::Moments;
use crate::notes;
use crate::options::{Curvature, Model};
use crate::random::RandomBlock;
use crate::{DfMethod, Error, Fit};

impl Fit {
    /// Fits a generalised model: a survey of the rows, a pass that brings them into memory, and the
    /// descent.
    pub(crate) fn generalised(options: &Model, source: &dyn Source) -> Result<Self, Error> {
        let started = std::time::Instant::now();
        let text = options.formula.as_str();
        let formula = Formula::parse(text).map_err(|e| Error::formula(&e, text))?;
        let columns: Vec<&str> = source.columns().iter().map(|c| c.name.as_str()).collect();
        let mut terms = formula
            .terms(&columns)
            .map_err(|e| Error::formula(&e, text))?;
        let thresholds = options.family.distribution().has_thresholds();
        // They take the place of the intercept, whether the formula has one or not.
        terms.fixed.intercept |= thresholds;
        let mut design = options.design.clone();
        design.response = options.family.expects();
        let found = survey(&terms, source, &design).map_err(|e| Error::design(&e, text))?;
        let mut recipe = found.recipe;
        let mut rows = rows::read(&recipe, &options.family, source, text)?;
        let dependent = ranef_engine::dependent_columns(&rows.statistics);
        let mut aliases = ranef_engine::dependence(&rows.statistics, &dependent);
        if !dependent.is_empty() {
            rows.statistics = rows.statistics.without_fixed(&dependent);
            rows.data = rows.data.without_fixed(&dependent);
            recipe.drop_fixed(&dependent);
        }
        if thresholds {
            rows.statistics = rows.statistics.without_fixed(&[0]);
            rows.data = rows.data.without_fixed(&[0]);
            recipe.drop_intercept();
            terms.fixed.intercept = false;
            for weights in &mut aliases {
                weights.remove(0);
            }
        }
        let settings = settings(options);
        let engine = glmm::fit(rows.data, options.family.density(&recipe), &settings).map_err(
            |e| match e {
                glmm::FitError::TooFewRows { rows, fixed } => {
                    notes::too_few_rows(rows, fixed, &recipe, source)
                }
                other => Error::generalised(&other),
            },
        )?;
        let mut facts = Facts {
            formula: formula.to_string(),
            options: options.clone(),
            origin: None,
            terms,
            aliases,
            structure: found.structure,
            rows: found.rows,
            moments: Moments::of(&recipe, &rows.statistics),
            family: options.family,
            reml: false,
            df: DfMethod::None,
            optimizer: "newton".to_owned(),
            seconds: 0.0,
            notes: Vec::new(),
            collinear: Collinear::of(&rows.statistics),
            estimates: estimates(&recipe, &options.family, &engine),
            recipe,
        };
        facts.notes = notes::of_columns(&facts.recipe, &facts.terms, source);
        facts.notes.extend(notes::of_data(&facts, &found.notes));
        let parameters = facts.family.parameters(&facts.recipe);
        let family_notes = separation::family_notes(&parameters, &engine);
        facts.notes.extend(family_notes);
        match separation::note(&facts.recipe, &facts.moments, &engine) {
            // What the certificate says of variances is said beside a likelihood that is flat.
            Some(separation) => facts.notes.push(separation),
            None => facts.notes.extend(notes::of_estimates(&facts)),
        }
        facts.seconds = started.elapsed().as_secs_f64();
        let inference = inference(&engine);
        let mut fit = Self::new(facts, Engine::generalised(engine, rows.statistics))?;
        fit.inference = OnceLock::from(inference);
        Ok(fit)
    }

    /// See [`Fit::with_rows`]: one search for the mode at the saved parameters.
    pub(crate) fn generalised_with_rows(mut self, source: &dyn Source) -> Result<Self, Error> {
        let facts = &self.facts;
        let other = |what: String| {
            Error::new(
                "other_rows",
                format!("these are not the rows that the model was fitted to: {what}"),
            )
            .with_hint("give the data that the model was fitted to, or fit it again")
        };
        let rows = rows::read(&facts.recipe, &facts.family, source, &facts.formula)?;
        let (now, then) = (rows.data.rows(), facts.rows.used);
        if now != then {
            return Err(other(format!("{now} complete rows here, {then} there")));
        }
        let estimates = &facts.estimates;
        let certificate = &estimates.certificate;
        let known = glmm::Known {
            theta: estimates.theta.clone(),
            beta: estimates.beta.clone(),
            vcov: estimates.vcov.clone(),
            psi: estimates.nuisance.clone(),
            psi_vcov: estimates.nuisance_vcov.clone(),
            cross_vcov: estimates.cross_vcov.clone(),
            singular: estimates.random.iter().map(|b| b.singular).collect(),
            certificate: lmm::Certificate {
                converged: certificate.converged,
                newton_decrement: certificate.newton_decrement,
                smallest_score: certificate.smallest_score,
                largest_slope: certificate.largest_slope,
                uninformed: certificate.uninformed.clone(),
            },
        };
        let density = facts.family.density(&facts.recipe);
        let fit = glmm::resume(rows.data, density, &settings(&facts.options), known)
            .map_err(|_| other("the likelihood does not exist for them".to_owned()))?;
        // The order of the rows may differ, and with it the rounding.
        let tolerance = 1e-6 * estimates.criterion.abs().max(1.0);
        if (fit.value - estimates.criterion).abs() > tolerance {
            return Err(other(format!(
                "the criterion is {} here, {} there",
                fit.value, estimates.criterion
            )));
        }
        self.engine = Some(Engine::generalised(fit, rows.statistics));
        self.null_model = OnceLock::new();
        Ok(self)
    }
}

/// What the engine is told.
pub(crate) fn settings(options: &Model) -> glmm::Options {
    glmm::Options {
        start: options.start.clone(),
        prior: options.prior,
        points: options.agq,
        interrupt: options.interrupt.clone(),
        curvature: match options.curvature {
            Curvature::Customary => glmm::Curvature::Customary,
            Curvature::Observed => glmm::Curvature::Observed,
        },
        ..Default::default()
    }
}

fn estimates(
    recipe: &ranef_design::Recipe,
    family: &crate::Family,
    engine: &glmm::Fit,
) -> Estimates {
    let parameters = family.parameters(recipe);
    let sigma = parameters
        .iter()
        .zip(&engine.psi)
        .find(|(parameter, _)| parameter.name == "sigma")
        .map_or(1.0, |(parameter, &psi)| parameter.scale.of(psi));
    Estimates {
        criterion: engine.value,
        theta: engine.theta.clone(),
        sigma,
        beta: engine.beta.clone(),
        vcov: engine.vcov.clone(),
        random: RandomBlock::of(
            recipe,
            engine.layout(),
            &engine.lambda(),
            1.0,
            &engine.singular,
        ),
        nuisance: engine.psi.clone(),
        nuisance_vcov: engine.psi_vcov.clone(),
        cross_vcov: engine.cross_vcov.clone(),
        certificate: Certificate::of(&engine.certificate),
        evaluations: engine.evaluations,
    }
}

/// The covariance of (θ, σ), where σ is 1 and known.
fn inference(engine: &glmm::Fit) -> lmm::Inference {
    let (m, p) = (engine.theta.len(), engine.beta.len());
    let mut covariance = vec![0.0; (m + 1) * (m + 1)];
    for i in 0..m {
        for j in 0..m {
            covariance[i * (m + 1) + j] = engine.theta_vcov[i * m + j];
        }
    }
    lmm::Inference::from_parts(
        covariance,
        0,
        vec![vec![0.0; p * p]; m + 1],
        engine.vcov.clone(),
    )
}
