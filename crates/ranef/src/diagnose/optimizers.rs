//! The same minimum by other roads: every optimiser on the same criterion.

use std::fmt;
use std::time::Instant;

use ranef_engine::lmm::{self, Optimizer};
use serde::Serialize;

use crate::options::optimizer_name;
use crate::table::{Answer, Style, Table};
use crate::{Error, Fit};

/// What several optimisers found (lme4's `allFit`).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Optimizers {
    /// The runs, in the order asked for.
    pub runs: Vec<OptimizerRun>,
    /// In one sentence: do they agree?
    pub verdict: String,
    /// Whether no run that says it converged tells another story.
    pub agree: bool,
}

/// One optimiser from its own start.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OptimizerRun {
    /// Its name.
    pub optimizer: String,
    /// The criterion where it stopped; `None` where it failed.
    pub criterion: Option<f64>,
    /// How much higher that is than the fit's.
    pub above: Option<f64>,
    /// Largest difference of any θ from the fit's.
    pub theta_difference: Option<f64>,
    /// Largest difference of any fixed effect from the fit's, in standard errors.
    pub fixed_difference: Option<f64>,
    /// Whether it stopped where the tests of a minimum hold.
    pub converged: bool,
    /// Evaluations of the criterion.
    pub evaluations: usize,
    /// Seconds it took.
    pub seconds: f64,
}

/// All of them.
pub(super) const ALL: [Optimizer; 4] = [
    Optimizer::Newton,
    Optimizer::Bfgs,
    Optimizer::Bobyqa,
    Optimizer::NelderMead,
];

/// Criteria that differ by less are the same: the accuracy to which a fit is certified.
const SAME: f64 = 1e-5;
/// And fixed effects that differ by less, in standard errors.
const SAME_EFFECTS: f64 = 1e-2;

impl Fit {
    /// Fits the model once more by each optimiser, from its own start. No rows are read.
    ///
    /// # Errors
    /// `needs_rows` for a loaded fit, which [`Fit::with_rows`] mends; `interrupted`.
    pub fn compare_optimizers(&self, optimizers: &[Optimizer]) -> Result<Optimizers, Error> {
        let statistics = self.statistics()?;
        let p = self.fixef().len();
        let runs: Vec<OptimizerRun> =
            (optimizers.iter())
                .map(|&optimizer| {
                    let started = Instant::now();
                    let settings = lmm::Options {
                        reml: self.reml(),
                        optimizer,
                        interrupt: self.options().interrupt.clone(),
                        ..Default::default()
                    };
                    let fit = lmm::fit(statistics, &settings).ok();
                    let largest = |differences: &mut dyn Iterator<Item = f64>| {
                        differences.fold(0.0f64, |a, b| a.max(b.abs()))
                    };
                    OptimizerRun {
                        optimizer: optimizer_name(optimizer).to_owned(),
                        criterion: fit.as_ref().map(|f| f.value),
                        above: fit.as_ref().map(|f| f.value - self.criterion()),
                        theta_difference: (fit.as_ref()).map(|f| {
                            largest(&mut f.theta.iter().zip(self.theta()).map(|(a, b)| a - b))
                        }),
                        fixed_difference: fit.as_ref().map(|f| {
                            largest(&mut (0..p).map(|j| {
                                (f.beta[j] - self.fixef()[j]) / self.vcov()[j * p + j].sqrt()
                            }))
                        }),
                        converged: fit.as_ref().is_some_and(|f| f.certificate.converged),
                        evaluations: fit.as_ref().map_or(0, |f| f.evaluations),
                        seconds: started.elapsed().as_secs_f64(),
                    }
                })
                .collect();
        self.not_interrupted()?;
        let lower = runs.iter().filter(|r| r.above.is_some_and(|a| a < -SAME));
        let higher: Vec<&OptimizerRun> = (runs.iter())
            .filter(|r| r.above.is_none_or(|a| a > SAME))
            .collect();
        let moved: Vec<&OptimizerRun> = (runs.iter())
            .filter(|r| r.fixed_difference.is_some_and(|d| d > SAME_EFFECTS))
            .collect();
        let better: Vec<&str> = lower.map(|r| r.optimizer.as_str()).collect();
        // That an optimiser stops too early and fails the tests says something about it only.
        let agree = better.is_empty()
            && higher.iter().all(|r| !r.converged)
            && moved.iter().all(|r| !r.converged);
        Ok(Optimizers {
            verdict: verdict(&runs, &better, &higher, agree),
            runs,
            agree,
        })
    }
}

fn verdict(
    runs: &[OptimizerRun],
    better: &[&str],
    higher: &[&OptimizerRun],
    agree: bool,
) -> String {
    if !better.is_empty() {
        return format!(
            "{} found a lower criterion: the fit is not the minimum.",
            better.join(" and ")
        );
    }
    if !agree {
        return "There is more than one point where the tests of a minimum hold: the fit is the \
                lowest of them."
            .to_owned();
    }
    if higher.is_empty() {
        return match runs.len() {
            1 => "The optimiser ends at the same minimum again.".to_owned(),
            2 => "Both optimisers end at the same minimum.".to_owned(),
            n => format!("All {n} optimisers end at the same minimum."),
        };
    }
    let names: Vec<&str> = higher.iter().map(|r| r.optimizer.as_str()).collect();
    format!(
        "No optimiser finds a lower criterion; {} stopped before the minimum.",
        names.join(" and ")
    )
}

impl Answer for Optimizers {
    fn table(&self) -> Table {
        let runs = &self.runs;
        Table::new()
            .text("optimizer", runs.iter().map(|r| r.optimizer.clone()))
            .numbers(
                "criterion",
                Style::Statistic,
                runs.iter().map(|r| r.criterion),
            )
            .numbers("above", Style::Estimate, runs.iter().map(|r| r.above))
            .titled("above the fit")
            .numbers(
                "theta_difference",
                Style::Estimate,
                runs.iter().map(|r| r.theta_difference),
            )
            .titled("largest Δθ")
            .numbers(
                "fixed_difference",
                Style::Estimate,
                runs.iter().map(|r| r.fixed_difference),
            )
            .titled("largest Δβ (SE)")
            .numbers(
                "evaluations",
                Style::Count,
                runs.iter().map(|r| r.evaluations as f64),
            )
            .numbers("seconds", Style::Estimate, runs.iter().map(|r| r.seconds))
            .text(
                "converged",
                (runs.iter()).map(|r| if r.converged { "yes" } else { "no" }.to_owned()),
            )
    }
}

impl fmt::Display for Optimizers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Differences that are rounding are not to be read.
        let mut shown = self.clone();
        for run in &mut shown.runs {
            for difference in [
                &mut run.above,
                &mut run.theta_difference,
                &mut run.fixed_difference,
            ] {
                *difference = difference.map(|d| if d.abs() < 1e-6 { 0.0 } else { d });
            }
        }
        writeln!(f, "The same model by several optimisers:")?;
        write!(f, "{}", shown.table())?;
        writeln!(f)?;
        crate::format::write_text(f, &self.verdict)
    }
}
