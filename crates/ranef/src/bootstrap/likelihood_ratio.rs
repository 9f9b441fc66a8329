//! Parametric-bootstrap tests of nested models (Halekoh and Højsgaard 2014, JSS 59:9, section 5).
//!
//! Responses are drawn from the smaller model, fitted by maximum likelihood, and both models are
//! fitted to each: p = (1 + #{T* ≥ T})/(1 + B), with T the likelihood-ratio statistic. No
//! distribution of T is assumed, so the test is right for fixed effects with few groups and for
//! variances at the edge of their range alike.

use ranef_engine::distributions::ChiSquared;
use ranef_engine::lmm::Refit;
use ranef_engine::{ResponseProducts, Statistics};
use ranef_frame::Source;
use serde::Serialize;

use super::check_replicates;
use super::options::BootstrapOptions;
use super::run::{Generalised, Outcome, needs_rows, products, refit_of};
use crate::diagnose::model_rows::ModelRows;
use crate::simulate::RowWorld;
use crate::{Comparison, Error, Fit, compare};

/// The bootstrap test of a model against the smaller one above it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BootstrapTest {
    /// Replicates that were asked for.
    pub replicates: u32,
    /// Replicates with both fits, B.
    pub done: usize,
    /// Replicates without one of the fits; they are left out.
    pub failed: u32,
    /// Replicates in which the larger model was singular.
    pub singular: usize,
    /// Replicates whose statistic is as large as that of the data, or larger.
    pub extreme: usize,
    /// (1 + extreme)/(1 + B).
    pub p_value: f64,
    /// Monte Carlo standard error of it.
    pub std_error: f64,
    /// Mean of the replicates' statistics: by χ² it would be the degrees of freedom.
    pub mean: f64,
    /// The p-value by χ² of T·df/mean (Bartlett's correction).
    pub p_bartlett: Option<f64>,
    /// Whether it was stopped before all replicates were done.
    pub interrupted: bool,
}

/// [`compare`] with a bootstrap test of each model against the one above it that is a special case
/// of it. The sources have the rows of the models in their order; one is enough where all are fitted
/// to the same data. Models by REML are refitted by maximum likelihood. Of the options the number of
/// replicates and the seed count.
///
/// # Errors
/// As [`compare`] and [`Fit::bootstrap`]; `no_nested` where no model is a special case of the next.
pub fn compare_bootstrap(
    fits: &[&Fit],
    sources: &[&dyn Source],
    options: &BootstrapOptions,
    progress: &mut dyn FnMut(u32, u32),
) -> Result<Comparison, Error> {
    check_replicates(options.replicates)?;
    let mut comparison = compare(fits, true)?;
    let Some(first) = sources.first() else {
        return Err(needs_rows("a bootstrap test"));
    };
    if comparison.rows.iter().all(|row| row.nested != Some(true)) {
        return Err(Error::new(
            "no_nested",
            "no model is a special case of the next larger one: there is nothing to test",
        )
        .with_hint("a bootstrap test is between a model and the same with further terms"));
    }
    let place = |name: &str| -> usize {
        // m1, m2, … in the order given.
        name[1..].parse::<usize>().unwrap_or(1) - 1
    };
    let tests = comparison.rows.iter().filter(|r| r.nested == Some(true));
    let total = options.replicates * tests.count() as u32;
    let mut before = 0;
    for at in 1..comparison.rows.len() {
        if comparison.rows[at].nested != Some(true) {
            continue;
        }
        let (small, large) = (
            place(&comparison.rows[at - 1].model),
            place(&comparison.rows[at].model),
        );
        let of = |i: usize| *sources.get(i).unwrap_or(first);
        let observed = comparison.rows[at].chisq.unwrap_or(0.0);
        let test = test(
            [fits[small], fits[large]],
            [of(small), of(large)],
            observed,
            comparison.rows[at].df.unwrap_or(0),
            options,
            &mut |done, _| progress(before + done, total),
        )?;
        before += options.replicates;
        comparison.rows[at].p_bootstrap = Some(test.p_value);
        let stop = test.interrupted;
        comparison.rows[at].bootstrap = Some(test);
        if stop {
            break;
        }
    }
    Ok(comparison)
}

impl BootstrapTest {
    /// What the test did, in a sentence.
    pub(crate) fn words(&self, model: &str) -> String {
        let mut out = format!(
            "The bootstrap test of {model}: of {} responses drawn from the model above it, {} have a \
             likelihood ratio as large, so p = (1 + {})/(1 + {}), with a Monte Carlo error of {}.",
            self.done,
            self.extreme,
            self.extreme,
            self.done,
            Digits(self.std_error)
        );
        if self.singular > 0 {
            out += &format!(" In {} of them {model} was singular.", self.singular);
        }
        if self.failed > 0 {
            out += &format!(" {} could not be fitted and do not count.", self.failed);
        }
        if self.interrupted {
            out += &format!(" It was stopped; {} were asked for.", self.replicates);
        }
        out
    }
}

/// A small number with two digits.
struct Digits(f64);

impl std::fmt::Display for Digits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let decimals = match self.0 > 0.0 {
            true => (1.0 - self.0.log10().floor()).clamp(0.0, 12.0) as usize,
            false => 1,
        };
        write!(f, "{:.decimals$}", self.0)
    }
}

fn test(
    fits: [&Fit; 2],
    sources: [&dyn Source; 2],
    observed: f64,
    df: usize,
    options: &BootstrapOptions,
    progress: &mut dyn FnMut(u32, u32),
) -> Result<BootstrapTest, Error> {
    let refitted: Vec<Option<Fit>> = (fits.iter())
        .map(|fit| fit.reml().then(|| fit.refit(false)).transpose())
        .collect::<Result<_, _>>()?;
    let model = |i: usize| refitted[i].as_ref().unwrap_or(fits[i]);
    let (small, large) = (model(0), model(1));
    let rows = [small.model_rows(sources[0])?, large.model_rows(sources[1])?];
    if rows[0].n != rows[1].n || rows[0].number != rows[1].number {
        return Err(Error::new(
            "different_rows",
            "the models were not fitted to the same rows in the same order",
        )
        .with_hint("fit both models to the same data, without rows that lack a value of either"));
    }
    let world = RowWorld::of(small, &rows[0], false);
    let engines = [Side::of(small, sources[0])?, Side::of(large, sources[1])?];
    let n = rows[0].n;
    let collected = small.replicates(
        options.replicates,
        progress,
        || {
            (
                [engines[0].room(small), engines[1].room(large)],
                vec![0.0; n],
                vec![0.0; n],
            )
        },
        |(rooms, y, own), replicate| -> Outcome<(f64, bool)> {
            world.draw(&rows[0], options.seed, replicate, y);
            let mut found = Vec::with_capacity(2);
            for side in 0..2 {
                own.copy_from_slice(y);
                found.push(engines[side].refit(&mut rooms[side], &rows[side], own)?);
            }
            Ok(((found[0].0 - found[1].0).max(0.0), found[1].1))
        },
    )?;
    // Statistics that are equal but for rounding count as extreme: a variance of zero in both.
    let tolerance = 1e-8 * small.criterion().abs().max(1.0);
    let extreme = (collected.found.iter())
        .filter(|(t, _)| *t >= observed - tolerance)
        .count();
    let done = collected.found.len();
    let b = done as f64;
    let p_value = (1 + extreme) as f64 / (1.0 + b);
    let mean = collected.found.iter().map(|(t, _)| t).sum::<f64>() / b;
    Ok(BootstrapTest {
        replicates: options.replicates,
        done,
        failed: collected.failed,
        singular: collected.found.iter().filter(|(_, s)| *s).count(),
        extreme,
        p_value,
        std_error: (p_value * (1.0 - p_value) / b).sqrt(),
        mean,
        p_bartlett: (mean > 0.0 && df > 0).then(|| {
            let scaled = observed * df as f64 / mean;
            match scaled > 0.0 {
                true => ChiSquared::new(df as f64).upper_tail(scaled),
                false => 1.0,
            }
        }),
        interrupted: collected.interrupted,
    })
}

/// What fits one of the two models to a drawn response.
// There are two of them.
#[allow(clippy::large_enum_variant)]
pub(crate) enum Side<'a> {
    Linear(&'a Statistics, Vec<usize>),
    Generalised(Box<Generalised<'a>>),
}

impl<'a> Side<'a> {
    pub fn of(fit: &'a Fit, source: &dyn Source) -> Result<Self, Error> {
        if fit.family().is_gaussian() {
            return Ok(Side::Linear(fit.statistics()?, (0..fit.nobs()).collect()));
        }
        Ok(Side::Generalised(Box::new(Generalised::of(
            fit,
            Some(source),
        )?)))
    }

    pub fn room(&self, fit: &Fit) -> Option<Refit> {
        match self {
            Side::Linear(statistics, _) => fit.refitter(statistics),
            Side::Generalised(_) => None,
        }
    }

    /// −2 log-likelihood, and whether the fit is singular.
    pub fn refit(
        &self,
        room: &mut Option<Refit>,
        rows: &ModelRows,
        y: &mut [f64],
    ) -> Outcome<(f64, bool)> {
        let found = match self {
            Side::Linear(statistics, all) => {
                let products: ResponseProducts = products(rows, statistics, all, y);
                refit_of(room, &products)?
            }
            Side::Generalised(generalised) => generalised.refit(rows, y)?,
        };
        Ok((found.criterion, found.singular.contains(&true)))
    }
}
