//! Replicates, one wave after another: what they find, how many fail, and when to stop.

use std::time::{Duration, Instant};

use ranef_engine::lmm::{self, FitError, Refit};
use ranef_engine::random::Stream;
use ranef_engine::simulate::{Effects, Gram, Room, Truth, parallel};
use ranef_engine::{Layout, Statistics, glmm};
use ranef_frame::Source;

use super::options::{BootstrapOptions, BootstrapType};
use super::replicate::{Measure, Replicate};
use super::resample::{Reflated, Resampled, factor};
use crate::diagnose::model_rows::ModelRows;
use crate::generalised::rows as generalised_rows;
use crate::simulate::RowWorld;
use crate::variance::Model;
use crate::{Error, Fit};

/// Why a replicate has no estimates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// There was no fit, or none that converged.
    NoFit,
    /// It was stopped.
    Interrupted,
}

/// What one replicate gives.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// What all replicates gave.
pub(crate) struct Collected<T> {
    pub found: Vec<T>,
    pub failed: u32,
    pub interrupted: bool,
}

/// A first wave is so many replicates a thread; later ones last about as long as [`WAVE`].
const FIRST: u32 = 32;
const WAVE: Duration = Duration::from_millis(300);

impl Fit {
    /// Runs replicates until all are done or the switch of the fit is set.
    pub(crate) fn replicates<S, T: Send>(
        &self,
        count: u32,
        progress: &mut dyn FnMut(u32, u32),
        state: impl Fn() -> S + Sync,
        job: impl Fn(&mut S, u32) -> Outcome<T> + Sync,
    ) -> Result<Collected<T>, Error> {
        let mut out = Collected {
            found: Vec::new(),
            failed: 0,
            interrupted: false,
        };
        let interrupt = &self.options().interrupt;
        let (mut done, mut wave) = (0, FIRST);
        while done < count && !out.interrupted {
            progress(done, count);
            let began = Instant::now();
            let last = done + wave.min(count - done);
            for outcome in parallel(done..last, &state, |state, replicate| {
                if interrupt.is_set() {
                    return Err(Failure::Interrupted);
                }
                job(state, replicate)
            }) {
                match outcome {
                    Ok(found) => out.found.push(found),
                    Err(Failure::NoFit) => out.failed += 1,
                    Err(Failure::Interrupted) => out.interrupted = true,
                }
            }
            done = last;
            let spent = began.elapsed().max(Duration::from_micros(1));
            let faster = (WAVE.as_secs_f64() / spent.as_secs_f64()).clamp(0.25, 16.0);
            wave = ((f64::from(wave) * faster) as u32).clamp(8, 1 << 20);
        }
        if out.found.is_empty() && out.interrupted {
            return Err(Error::interrupted());
        }
        if out.found.is_empty() {
            return Err(Error::new(
                "no_replicates",
                format!("none of {count} replicates could be fitted"),
            )
            .with_hint("look at the model: `ranef check`; it may have too many random effects"));
        }
        Ok(out)
    }

    /// The estimates of this fit as those of a replicate.
    pub(super) fn as_replicate(&self) -> Replicate {
        Replicate {
            theta: self.theta().to_vec(),
            beta: self.fixef().to_vec(),
            sigma: self.sigma(),
            nuisance: self.nuisance().to_vec(),
            criterion: self.criterion(),
            singular: self.varcorr().iter().map(|b| b.singular).collect(),
        }
    }

    fn engine_options(&self) -> lmm::Options {
        lmm::Options {
            reml: self.reml(),
            optimizer: self.options().optimizer,
            start: self.usual_start(),
            interrupt: self.options().interrupt.clone(),
            ..Default::default()
        }
    }

    /// θ, where a search can start from it: at the boundary it says nothing.
    fn usual_start(&self) -> Option<Vec<f64>> {
        (!self.singular()).then(|| self.theta().to_vec())
    }

    fn levels(&self) -> Vec<usize> {
        self.recipe().factors().iter().map(|f| f.levels).collect()
    }

    /// Runs the kind of bootstrap that is asked for.
    pub(super) fn run_bootstrap(
        &self,
        source: Option<&dyn Source>,
        options: &BootstrapOptions,
        measure: &Measure<'_>,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<Collected<(Vec<f64>, bool)>, Error> {
        let finish = |replicate: &Replicate, shares: Option<&Model<'_>>| {
            let singular = replicate.singular.contains(&true);
            (measure.values(replicate, shares), singular)
        };
        let shares = || measure.wants_shares().then(|| Model::of(self, 0.95));
        let (seed, count) = (options.seed, options.replicates);
        let gaussian = self.family().is_gaussian();
        let kept = options.kind == BootstrapType::Kept;
        let rows = |why: &str| -> Result<ModelRows, Error> {
            let source = source.ok_or_else(|| needs_rows(why))?;
            self.model_rows(source)
        };
        if gaussian
            && matches!(
                options.kind,
                BootstrapType::Parametric | BootstrapType::Kept
            )
        {
            let statistics = self.statistics()?;
            let refit =
                Refit::new(statistics, &self.engine_options()).map_err(|e| Error::fit(&e))?;
            drop(refit);
            if let Some(gram) = Gram::new(statistics) {
                let world = gram.world(&self.truth(kept));
                return self.replicates(
                    count,
                    progress,
                    || (self.refitter(statistics), gram.room(), shares()),
                    |(refit, room, shares): &mut (Option<Refit>, Room, Option<Model<'_>>), r| {
                        gram.draw(&world, seed, r, room);
                        let replicate = refit_of(refit, room.products())?;
                        Ok(finish(&replicate, shares.as_ref()))
                    },
                );
            }
        }
        let response = matches!(
            options.kind,
            BootstrapType::Parametric | BootstrapType::Kept | BootstrapType::Residual
        );
        match (gaussian, response) {
            (true, true) => {
                let rows = rows("drawing responses row by row")?;
                let statistics = self.statistics()?;
                let reflated =
                    (options.kind == BootstrapType::Residual).then(|| Reflated::of(self, &rows));
                let world = RowWorld::of(self, &rows, kept);
                let all: Vec<usize> = (0..rows.n).collect();
                self.replicates(
                    count,
                    progress,
                    || (self.refitter(statistics), vec![0.0; rows.n], shares()),
                    |(refit, y, shares), r| {
                        match &reflated {
                            Some(reflated) => reflated.draw(&rows, seed, r, y),
                            None => world.draw(&rows, seed, r, y),
                        }
                        let products = products(&rows, statistics, &all, y);
                        let replicate = refit_of(refit, &products)?;
                        Ok(finish(&replicate, shares.as_ref()))
                    },
                )
            }
            (false, true) => {
                if options.kind == BootstrapType::Residual {
                    return Err(Error::new(
                        "linear_only",
                        format!(
                            "residuals are drawn in gaussian models only, and this is a {} model",
                            self.family()
                        ),
                    )
                    .with_hint("draw responses (parametric) or groups (cluster)"));
                }
                let rows = rows("drawing responses of a generalised model")?;
                let world = RowWorld::of(self, &rows, kept);
                let generalised = Generalised::of(self, source)?;
                self.replicates(
                    count,
                    progress,
                    || (vec![0.0; rows.n], shares()),
                    |(y, shares), r| {
                        world.draw(&rows, seed, r, y);
                        let replicate = generalised.refit(&rows, y)?;
                        Ok(finish(&replicate, shares.as_ref()))
                    },
                )
            }
            (_, false) => {
                let rows = rows("drawing rows or groups")?;
                let layout = crate::rows::layout(self.recipe());
                let levels = self.levels();
                let clusters = (options.kind == BootstrapType::Cluster)
                    .then(|| self.clusters(&rows, options.group.as_deref()))
                    .transpose()?;
                self.replicates(count, progress, shares, |shares, r| {
                    let mut stream = Stream::new(seed, r, 0);
                    let resampled = match &clusters {
                        None => Resampled::cases(&rows, &levels, &mut stream),
                        Some((factor, inner, groups)) => {
                            Resampled::cluster(&rows, &levels, *factor, inner, groups, &mut stream)
                        }
                    };
                    let replicate = self.fit_resampled(&rows, &resampled, &layout)?;
                    Ok(finish(&replicate, shares.as_ref()))
                })
            }
        }
    }

    /// What responses are drawn from.
    pub(super) fn truth(&self, kept: bool) -> Truth {
        Truth {
            beta: self.fixef().to_vec(),
            sigma: self.sigma(),
            effects: match kept {
                true => Effects::Kept(self.random_effects().modes.clone()),
                false => Effects::New(self.theta().to_vec()),
            },
        }
    }

    /// A model to be fitted to one response after another; it was possible to make one.
    pub(crate) fn refitter(&self, statistics: &Statistics) -> Option<Refit> {
        Refit::new(statistics, &self.engine_options()).ok()
    }

    /// The grouping factor to draw, which others lie within it, and the rows of its groups.
    #[allow(clippy::type_complexity)]
    fn clusters(
        &self,
        rows: &ModelRows,
        group: Option<&str>,
    ) -> Result<(usize, Vec<bool>, Vec<Vec<usize>>), Error> {
        let factor = factor(self, group)?;
        let levels = self.levels();
        let inner = (0..levels.len())
            .map(|f| {
                let mut host = vec![u32::MAX; levels[f]];
                (rows.codes[f].iter().zip(&rows.codes[factor])).all(|(&code, &group)| {
                    let known = &mut host[code as usize];
                    let first = *known == u32::MAX;
                    if first {
                        *known = group;
                    }
                    *known == group
                })
            })
            .collect();
        let mut groups = rows.by_level(factor, levels[factor]);
        groups.retain(|rows| !rows.is_empty());
        Ok((factor, inner, groups))
    }

    fn fit_resampled(
        &self,
        rows: &ModelRows,
        resampled: &Resampled,
        layout: &Layout,
    ) -> Outcome<Replicate> {
        if let Some(data) = resampled.data(rows, layout) {
            return self.fit_generalised(data);
        }
        let statistics = resampled.statistics(rows, layout);
        let found = lmm::fit(&statistics, &self.engine_options());
        found.map_err(failure).and_then(|fit| of_linear(&fit))
    }

    fn fit_generalised(&self, data: glmm::Data) -> Outcome<Replicate> {
        Ok(of_generalised(self, &self.engine_generalised(data)?))
    }

    fn engine_generalised(&self, data: glmm::Data) -> Outcome<glmm::Fit> {
        let density = self.family().density(self.recipe());
        let options = glmm::Options {
            start: self.usual_start(),
            ..crate::generalised::fitting::settings(self.options())
        };
        match glmm::fit(data, density, &options) {
            Ok(fit) if fit.certificate.converged => Ok(fit),
            Ok(_) => Err(Failure::NoFit),
            Err(glmm::FitError::Interrupted) => Err(Failure::Interrupted),
            Err(_) => Err(Failure::NoFit),
        }
    }

    /// The estimates without one group of a factor after another.
    pub(super) fn jackknife(
        &self,
        source: Option<&dyn Source>,
        group: Option<&str>,
        measure: &Measure<'_>,
    ) -> Result<Vec<Vec<f64>>, Error> {
        let factor = factor(self, group)?;
        let why = "leaving out one group after another, for BCa intervals";
        let rows = self.model_rows(source.ok_or_else(|| needs_rows(why))?)?;
        let groups = rows.by_level(factor, self.levels()[factor]);
        let count = groups.len() as u32;
        let shares = || measure.wants_shares().then(|| Model::of(self, 0.95));
        let gaussian = self.family().is_gaussian();
        let generalised: Option<Vec<Replicate>> = (!gaussian)
            .then(|| {
                self.ask_generalised(|engine| {
                    (0..groups.len())
                        .filter_map(|level| engine.without_level(factor, level).ok())
                        .map(|fit| of_generalised(self, &fit))
                        .collect()
                })
            })
            .transpose()?;
        if let Some(found) = generalised {
            self.not_interrupted()?;
            let shares = shares();
            let values = found.iter().map(|r| measure.values(r, shares.as_ref()));
            return Ok(values.collect());
        }
        let statistics = self.statistics()?;
        let found = parallel(0..count, shares, |shares, level| {
            let own = rows.statistics(
                statistics.layout(),
                statistics.coordinates(),
                &groups[level as usize],
                None,
            );
            let mut rest = Statistics::clone(statistics);
            rest.remove(&own);
            let fit = lmm::fit(&rest, &self.engine_options()).ok()?;
            let replicate = of_linear(&fit).ok()?;
            Some(measure.values(&replicate, shares.as_ref()))
        });
        self.not_interrupted()?;
        Ok(found.into_iter().flatten().collect())
    }
}

/// The rows of a generalised model, whose responses change.
pub(crate) struct Generalised<'a> {
    fit: &'a Fit,
    data: glmm::Data,
}

impl<'a> Generalised<'a> {
    pub fn of(fit: &'a Fit, source: Option<&dyn Source>) -> Result<Self, Error> {
        let why = "drawing responses of a generalised model";
        let source = source.ok_or_else(|| needs_rows(why))?;
        let rows = generalised_rows::read(fit.recipe(), fit.family(), source, fit.formula())?;
        Ok(Self {
            fit,
            data: rows.data,
        })
    }

    /// The model fitted to another response, shares of trials.
    pub fn refit(&self, rows: &ModelRows, y: &[f64]) -> Outcome<Replicate> {
        Ok(of_generalised(self.fit, &self.engine_fit(rows, y)?))
    }

    /// The same, with standard errors.
    pub fn engine_fit(&self, rows: &ModelRows, y: &[f64]) -> Outcome<glmm::Fit> {
        let response = rows.response.as_ref().ok_or(Failure::NoFit)?;
        let observations = (response.rows.iter().zip(y))
            .map(|(row, &y)| {
                let y = y * row.trials;
                // Counts that went through a share are whole again.
                let y = if row.trials == 1.0 { y } else { y.round() };
                ranef_engine::glmm::family::Observation { y, ..*row }
            })
            .collect();
        self.fit
            .engine_generalised(self.data.with_observations(observations))
    }
}

pub(super) fn needs_rows(why: &str) -> Error {
    Error::new(
        "needs_rows",
        format!("{why} needs the rows that the model was fitted to"),
    )
    .with_hint("give the data as well, or fit the model again")
}

/// Products of a response with the columns of a linear model.
pub(crate) fn products(
    rows: &ModelRows,
    statistics: &Statistics,
    all: &[usize],
    y: &mut [f64],
) -> ranef_engine::ResponseProducts {
    y.iter_mut().zip(&rows.offset).for_each(|(y, o)| *y -= o);
    rows.statistics(statistics.layout(), statistics.coordinates(), all, Some(y))
        .response_products()
}

pub(super) fn refit_of(
    refit: &mut Option<Refit>,
    products: &ranef_engine::ResponseProducts,
) -> Outcome<Replicate> {
    let found = refit
        .as_mut()
        .ok_or(Failure::NoFit)?
        .fit(products)
        .map_err(failure)?;
    if !found.converged {
        return Err(Failure::NoFit);
    }
    Ok(Replicate {
        theta: found.theta.clone(),
        beta: found.beta.clone(),
        sigma: found.sigma,
        nuisance: Vec::new(),
        criterion: found.value,
        singular: found.singular.clone(),
    })
}

fn failure(error: FitError) -> Failure {
    match error {
        FitError::Interrupted => Failure::Interrupted,
        _ => Failure::NoFit,
    }
}

fn of_linear(fit: &lmm::Fit) -> Outcome<Replicate> {
    if !fit.certificate.converged {
        return Err(Failure::NoFit);
    }
    Ok(Replicate {
        theta: fit.theta.clone(),
        beta: fit.beta.clone(),
        sigma: fit.sigma,
        nuisance: Vec::new(),
        criterion: fit.value,
        singular: fit.singular.clone(),
    })
}

fn of_generalised(model: &Fit, fit: &glmm::Fit) -> Replicate {
    let parameters = model.family().parameters(model.recipe());
    let sigma = (parameters.iter().zip(&fit.psi))
        .find(|(parameter, _)| parameter.name == "sigma")
        .map_or(1.0, |(parameter, &psi)| parameter.scale.of(psi));
    Replicate {
        theta: fit.theta.clone(),
        beta: fit.beta.clone(),
        sigma,
        nuisance: fit.psi.clone(),
        criterion: fit.value,
        singular: fit.singular.clone(),
    }
}
