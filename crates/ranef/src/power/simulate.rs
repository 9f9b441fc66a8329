//! Simulated studies: responses drawn, the model fitted, the effect tested.
//!
//! The fixed effects enter a response linearly, and neither the estimated variances nor the error of
//! an estimate depend on them (Xβ drops out of Py): of a linear model one set of draws serves every
//! value of an effect. Where predictors are random there are several *pictures* of the rows, shared
//! out evenly over the simulations. What simulation r is, is a matter of the seed and of r alone.

use ranef_engine::lmm::{self, FTest, Refit};
use ranef_engine::simulate::{Gram, Room};
use ranef_engine::{ResponseProducts, Statistics};

use ranef_frame::MemorySource;

use super::PowerOptions;
use super::plan::PowerPlan;
use super::study::Study;
use super::test::{Finding, PowerTest, Rule, Target};
use crate::bootstrap::likelihood_ratio::Side;
use crate::bootstrap::run::{Collected, Failure, Generalised, Outcome, products};
use crate::diagnose::model_rows::ModelRows;
use crate::simulate::RowWorld;
use crate::{DfMethod, Error, Fit};
use ranef_engine::distributions::{ChiSquared, FisherF, chi_bar_squared};

/// One simulation: what it found, and whether the fit was singular.
#[derive(Clone, Copy, Debug)]
pub(super) struct Simulated {
    pub picture: u32,
    pub finding: Finding,
    pub singular: bool,
}

/// Everything that simulations of one study share.
pub(super) struct Simulation<'a> {
    pub plan: &'a PowerPlan,
    pub study: &'a Study,
    pub target: &'a Target,
    pub options: &'a PowerOptions,
    /// True values of the effect that decisions will be about.
    pub effects: Vec<f64>,
}

/// The rows of one picture, ready for draws of a linear model.
enum Draws<'a> {
    Statistics(Box<Gram>, ranef_engine::simulate::World),
    Rows(Box<ModelRows>, Box<RowWorld<'a>>, Vec<usize>),
}

impl Simulation<'_> {
    pub fn run(&self, progress: &mut dyn FnMut(u32, u32)) -> Result<Collected<Simulated>, Error> {
        let count = self.options.simulations;
        let truth = &self.study.truth;
        let pictures = self.plan.pictures(count);
        if self.options.test.is_ratio() {
            return self.ratios(progress);
        }
        if !truth.family().is_gaussian() {
            return self.generalised(progress);
        }
        if pictures == 1 {
            let statistics = self.statistics()?;
            let draws = self.draws(statistics, None)?;
            return truth.replicates(
                count,
                progress,
                || (self.refit(statistics), self.room(&draws)),
                |(refit, (room, y)), r| self.linear(statistics, &draws, refit, room, y, r, 0),
            );
        }
        // Simulations r, r + pictures, … have picture r.
        let each = count.div_ceil(pictures);
        let whole = truth.replicates(
            pictures,
            &mut |done, all| progress(done * count / all.max(1), count),
            || (),
            |(), picture| {
                let source = self
                    .plan
                    .source(self.options.seed, picture)
                    .map_err(|_| Failure::NoFit)?;
                let statistics = self.study.again(&source).map_err(|_| Failure::NoFit)?;
                let draws = self
                    .draws(&statistics, Some(&source))
                    .map_err(|_| Failure::NoFit)?;
                let mut refit = self.refit(&statistics);
                let (mut room, mut y) = self.room(&draws);
                let mut found: Vec<Outcome<Simulated>> = Vec::new();
                for i in 0..each {
                    let r = picture + i * pictures;
                    if r < count {
                        found.push(self.linear(
                            &statistics,
                            &draws,
                            &mut refit,
                            &mut room,
                            &mut y,
                            r,
                            picture,
                        ));
                    }
                }
                Ok(found)
            },
        )?;
        of_pictures(whole, each, count)
    }

    fn statistics(&self) -> Result<&Statistics, Error> {
        let found = self.study.statistics.as_deref();
        found.ok_or_else(|| Error::new("linear_only", "a generalised model has no statistics"))
    }

    fn draws(
        &self,
        statistics: &Statistics,
        source: Option<&MemorySource>,
    ) -> Result<Draws<'_>, Error> {
        if let Some(gram) = Gram::new(statistics) {
            let world = gram.world(&self.study.draws());
            return Ok(Draws::Statistics(Box::new(gram), world));
        }
        let truth = &self.study.truth;
        let rows = truth.model_rows(source.unwrap_or(&self.study.source))?;
        let world = RowWorld::of(truth, &rows, false);
        let all = (0..rows.n).collect();
        Ok(Draws::Rows(Box::new(rows), Box::new(world), all))
    }

    fn room(&self, draws: &Draws<'_>) -> (Option<Room>, Vec<f64>) {
        match draws {
            Draws::Statistics(gram, _) => (Some(gram.room()), Vec::new()),
            Draws::Rows(rows, ..) => (None, vec![0.0; rows.n]),
        }
    }

    fn refit(&self, statistics: &Statistics) -> Option<Refit> {
        let options = lmm::Options {
            reml: self.study.truth.reml(),
            start: self.study.start(),
            interrupt: self.options.interrupt.clone(),
            ..Default::default()
        };
        Refit::new(statistics, &options).ok()
    }

    #[allow(clippy::too_many_arguments)]
    fn linear(
        &self,
        statistics: &Statistics,
        draws: &Draws<'_>,
        refit: &mut Option<Refit>,
        room: &mut Option<Room>,
        y: &mut [f64],
        replicate: u32,
        picture: u32,
    ) -> Outcome<Simulated> {
        let refit = refit.as_mut().ok_or(Failure::NoFit)?;
        let own: ResponseProducts;
        let drawn = match (draws, room) {
            (Draws::Statistics(gram, world), Some(room)) => {
                gram.draw(world, self.options.seed, replicate, room);
                room.products()
            }
            (Draws::Rows(rows, world, all), _) => {
                world.draw(rows, self.options.seed, replicate, y);
                own = products(rows, statistics, all, y);
                &own
            }
            _ => return Err(Failure::NoFit),
        };
        let fit = refit.whole(drawn).map_err(failure)?;
        if !fit.certificate.converged {
            return Err(Failure::NoFit);
        }
        let singular = fit.singular.contains(&true);
        let finding = self.test_linear(fit, statistics.rows());
        finding.map(|finding| Simulated {
            picture,
            finding,
            singular,
        })
    }

    /// The test of a linear fit.
    fn test_linear(&self, fit: &mut lmm::Fit, rows: usize) -> Outcome<Finding> {
        let truth = self.study.truth.fixef();
        let p = truth.len();
        let df = self.options.df_of(&self.study.truth);
        let residual = rows.saturating_sub(p) as f64;
        if self.options.test == PowerTest::Term {
            let contrasts = self.target.contrasts(p);
            let columns = &self.target.columns;
            // The true effects enter as they are: a curve of effects simulates each.
            let values: Vec<f64> = columns.iter().map(|&c| fit.beta[c]).collect();
            let test = match df {
                DfMethod::Satterthwaite => fit.inference().f_test(&contrasts, &values),
                DfMethod::KenwardRoger => fit.kenward_roger().f_test(&contrasts, &values),
                DfMethod::Residual => FTest::wald(&contrasts, &values, &fit.vcov, residual),
                DfMethod::None => FTest::wald(&contrasts, &values, &fit.vcov, f64::INFINITY),
            };
            return p_of(&test).map(Finding::PValue).ok_or(Failure::NoFit);
        }
        let column = self.target.columns[0];
        let missed = fit.beta[column] - truth[column];
        let mut contrast = vec![0.0; p];
        contrast[column] = 1.0;
        if df == DfMethod::KenwardRoger {
            let kr = fit.kenward_roger();
            let std_error = kr.covariance[column * p + column].sqrt();
            let df = kr.df(&contrast);
            return estimate(missed, std_error, df);
        }
        let std_error = fit.vcov[column * p + column].sqrt();
        let rule = self.options.rule();
        let normal = rule.critical(f64::INFINITY);
        let matters = |effect: &f64| rule.needs_df(*effect, missed, std_error, normal);
        let df = match df {
            // Not worth the while where nothing hangs on it.
            DfMethod::Satterthwaite if self.effects.iter().any(matters) => {
                fit.inference().satterthwaite(&contrast)
            }
            DfMethod::Residual => residual,
            _ => f64::INFINITY,
        };
        estimate(missed, std_error, df)
    }

    fn generalised(
        &self,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<Collected<Simulated>, Error> {
        let (count, seed) = (self.options.simulations, self.options.seed);
        let pictures = self.plan.pictures(count);
        let truth = &self.study.truth;
        let one = |truth: &Fit,
                   rows: &ModelRows,
                   world: &RowWorld<'_>,
                   engine: &Generalised<'_>,
                   y: &mut Vec<f64>,
                   r: u32,
                   picture: u32|
         -> Outcome<Simulated> {
            y.resize(rows.n, 0.0);
            world.draw(rows, seed, r, y);
            let fit = engine.engine_fit(rows, y)?;
            let singular = fit.singular.contains(&true);
            let p = truth.fixef().len();
            let finding = if self.options.test == PowerTest::Term {
                let columns = &self.target.columns;
                let values: Vec<f64> = columns.iter().map(|&c| fit.beta[c]).collect();
                let test =
                    FTest::wald(&self.target.contrasts(p), &values, &fit.vcov, f64::INFINITY);
                Finding::PValue(p_of(&test).ok_or(Failure::NoFit)?)
            } else {
                let column = self.target.columns[0];
                let missed = fit.beta[column] - truth.fixef()[column];
                estimate(missed, fit.vcov[column * p + column].sqrt(), f64::INFINITY)?
            };
            Ok(Simulated {
                picture,
                finding,
                singular,
            })
        };
        if pictures == 1 {
            let rows = self.study.rows()?;
            let world = self.study.world(&rows);
            let engine = Generalised::of(truth, Some(&self.study.source))?;
            return truth.replicates(count, progress, Vec::new, |y, r| {
                one(truth, &rows, &world, &engine, y, r, 0)
            });
        }
        let each = count.div_ceil(pictures);
        let model = self.options.model(self.plan);
        let whole = truth.replicates(
            pictures,
            &mut |done, all| progress(done * count / all.max(1), count),
            Vec::new,
            |y, picture| {
                let no_fit = |_| Failure::NoFit;
                let source = self.plan.source(seed, picture).map_err(no_fit)?;
                let all = (0..each)
                    .map(|i| picture + i * pictures)
                    .filter(|r| *r < count);
                let mut under = |study: &Study, rows: &ModelRows, source: &MemorySource| {
                    let world = study.world(rows);
                    let engine = Generalised::of(&study.truth, Some(source)).map_err(no_fit)?;
                    Ok(all
                        .clone()
                        .map(|r| one(&study.truth, rows, &world, &engine, y, r, picture))
                        .collect::<Vec<Outcome<Simulated>>>())
                };
                // The model of the first picture reads other rows too, unless there are more or fewer.
                if let Ok(rows) = self.study.rows_of(&source) {
                    return under(self.study, &rows, &source);
                }
                let study = Study::of(&model, source, self.plan).map_err(no_fit)?;
                let rows = study.rows().map_err(no_fit)?;
                under(&study, &rows, &study.source)
            },
        )?;
        of_pictures(whole, each, count)
    }

    /// Likelihood ratios of the model and a smaller one, both fitted by maximum likelihood to rows.
    fn ratios(&self, progress: &mut dyn FnMut(u32, u32)) -> Result<Collected<Simulated>, Error> {
        let (count, seed) = (self.options.simulations, self.options.seed);
        let truth = &self.study.truth;
        let source = &self.study.source;
        let base = self.study.base.as_ref().unwrap_or(truth);
        let text = match &self.options.test {
            PowerTest::Against(formula) => formula.clone(),
            _ => without(truth, &self.target.name)?,
        };
        let small = self
            .plan
            .model()
            .reml(false)
            .with_formula(text)
            .fit(source)?;
        let df = base.parameters() as i64 - small.parameters() as i64;
        if df <= 0 {
            return Err(Error::new(
                "not_nested",
                format!(
                    "`{}` is no smaller than `{}`",
                    small.formula(),
                    truth.formula()
                ),
            )
            .with_hint("give the formula with a term left out"));
        }
        // A variance alone at the edge of its range: the mixture of χ² on df − 1 and df (Self and Liang
        // 1987).
        let variances = base.fixef().len() == small.fixef().len();
        let rows = [base.model_rows(source)?, small.model_rows(source)?];
        let world = self.study.world(&rows[0]);
        let sides = [Side::of(truth, source)?, Side::of(&small, source)?];
        let n = rows[0].n;
        truth.replicates(
            count,
            progress,
            || {
                (
                    [sides[0].room(truth), sides[1].room(&small)],
                    vec![0.0; n],
                    vec![0.0; n],
                )
            },
            |(rooms, y, own), r| {
                world.draw(&rows[0], seed, r, y);
                let mut found = [(0.0, false); 2];
                for side in 0..2 {
                    own.copy_from_slice(y);
                    found[side] = sides[side].refit(&mut rooms[side], &rows[side], own)?;
                }
                let ratio = (found[1].0 - found[0].0).max(0.0);
                let p = match variances {
                    true => chi_bar_squared(ratio, df as f64 - 1.0),
                    false => ChiSquared::new(df as f64).upper_tail(ratio),
                };
                Ok(Simulated {
                    picture: 0,
                    finding: Finding::PValue(p),
                    singular: found[0].1,
                })
            },
        )
    }
}

/// The simulations of all pictures; a picture that cannot be fitted at all fails with all of its own.
fn of_pictures(
    whole: Collected<Vec<Outcome<Simulated>>>,
    each: u32,
    count: u32,
) -> Result<Collected<Simulated>, Error> {
    let mut out = Collected {
        found: Vec::new(),
        failed: whole.failed * each,
        interrupted: whole.interrupted,
    };
    for outcome in whole.found.into_iter().flatten() {
        match outcome {
            Ok(found) => out.found.push(found),
            Err(Failure::Interrupted) => out.interrupted = true,
            Err(Failure::NoFit) => out.failed += 1,
        }
    }
    match (out.found.is_empty(), out.interrupted) {
        (true, true) => Err(Error::interrupted()),
        (true, false) => Err(no_fits(count)),
        _ => Ok(out),
    }
}

fn no_fits(count: u32) -> Error {
    Error::new(
        "no_replicates",
        format!("none of {count} simulated studies could be fitted"),
    )
    .with_hint("the study is too small for its random effects: plan more groups, or rows in each")
}

/// The formula without a term of the fixed effects.
fn without(fit: &Fit, name: &str) -> Result<String, Error> {
    let terms = fit.terms();
    let removable: Vec<String> = terms.fixed.removable().iter().map(|t| t.label()).collect();
    let term = terms.fixed.terms.iter().find(|t| t.label() == name);
    match term.filter(|t| removable.contains(&t.label())) {
        Some(term) => Ok(terms.without_fixed(term).to_string()),
        None => Err(Error::new(
            "not_removable",
            format!(
                "`{name}` is no term that can be left out of {}",
                fit.formula()
            ),
        )
        .with_hint(format!(
            "leave out one of {}, or give the smaller model: --against FORMULA",
            removable.join(", ")
        ))),
    }
}

fn estimate(missed: f64, std_error: f64, df: f64) -> Outcome<Finding> {
    if missed.is_finite() && std_error.is_finite() && std_error > 0.0 && df > 0.0 {
        return Ok(Finding::Estimate {
            missed,
            std_error,
            df,
        });
    }
    Err(Failure::NoFit)
}

fn p_of(test: &FTest) -> Option<f64> {
    if !(test.f.is_finite() && test.num_df > 0.0 && test.den_df > 0.0) {
        return None;
    }
    Some(match test.den_df.is_finite() {
        true => FisherF::new(test.num_df, test.den_df).upper_tail(test.f.max(0.0)),
        false => ChiSquared::new(test.num_df).upper_tail(test.num_df * test.f.max(0.0)),
    })
}

fn failure(error: lmm::FitError) -> Failure {
    match error {
        lmm::FitError::Interrupted => Failure::Interrupted,
        _ => Failure::NoFit,
    }
}

impl PowerOptions {
    pub(super) fn rule(&self) -> Rule<'_> {
        Rule {
            test: &self.test,
            alpha: self.alpha,
        }
    }

    /// The degrees of freedom that tests of a model have.
    pub(super) fn df_of(&self, fit: &Fit) -> DfMethod {
        fit.effective_df(self.df)
    }
}
