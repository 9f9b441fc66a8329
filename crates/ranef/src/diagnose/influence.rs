//! Which groups move the results: what the model would say without each of them.
//!
//! Exactly, by fitting without the group from statistics that gave its rows up, started where all
//! rows ended; or in one step with the variances kept, which costs next to nothing. Measures as in
//! Demidenko and Stukel (2005), Loy and Hofmann (2014, J. Stat. Software 56:5) and Nieuwenhuis, te
//! Grotenhuis and Pelzer (2012). The design keeps its columns: levels, contrasts and transforms are
//! those of all rows.

use ranef_engine::Statistics;
use ranef_engine::lmm::{self, LeftOut};
use ranef_frame::Source;
use serde::{Deserialize, Serialize};

use super::model_rows::ModelRows;
use crate::random::RandomBlock;
use crate::{Error, Fit};

/// How deletion is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeletionMethod {
    /// Exactly where that takes seconds, else in one step.
    #[default]
    Automatic,
    /// Each group by a fit without it.
    Exact,
    /// One step of it, with the variances of all rows.
    OneStep,
}

/// The influence of each group of one grouping factor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupInfluence {
    /// The grouping factor.
    pub group: String,
    /// Exact or one-step; never automatic.
    pub method: DeletionMethod,
    /// Names of the fixed effects, in the order of [`LevelInfluence::dfbetas`].
    pub terms: Vec<String>,
    /// Fixed effects of all rows.
    pub estimates: Vec<f64>,
    /// Their standard errors.
    pub std_errors: Vec<f64>,
    /// Degrees of freedom of their tests, for who asks whether a test would change.
    pub df: Vec<Option<f64>>,
    /// The groups, in the order of the levels.
    pub levels: Vec<LevelInfluence>,
}

/// What leaving out one group does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LevelInfluence {
    /// The level.
    pub level: String,
    /// Its rows.
    pub n: usize,
    /// Cook's distance (β̂ − β̂₋)'Φ⁻¹(β̂ − β̂₋)/p; `None` where the model cannot be fitted without
    /// the group, as for all measures.
    pub cooks_distance: Option<f64>,
    /// The same with the variances kept.
    pub cooks_one_step: Option<f64>,
    /// The same as lme4 scales it: Cook's distance times (J − p)/J with J groups.
    pub cooks_lme4: Option<f64>,
    /// (β̂ − β̂₋)'Φ₋⁻¹(β̂ − β̂₋)/p: Cook's distance in the precision without the group.
    pub mdffits: Option<f64>,
    /// |tr(Φ⁻¹Φ₋) − p|: 0 where the group adds no precision.
    pub covtrace: Option<f64>,
    /// |Φ₋|/|Φ|: 1 where the group adds no precision, more the more it adds.
    pub covratio: Option<f64>,
    /// (β̂ − β̂₋)/SE₋ of each fixed effect.
    pub dfbetas: Vec<Option<f64>>,
    /// Fixed effects without the group.
    pub without: Vec<Option<f64>>,
    /// Their standard errors.
    pub std_errors_without: Vec<Option<f64>>,
    /// Relative change of the variances and covariances; empty in one step, which keeps them.
    pub rvc: Vec<VarianceChange>,
}

/// The relative change γ₋/γ − 1 of a variance or covariance without a group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VarianceChange {
    /// The grouping factor, or `Residual`.
    pub group: String,
    /// `var__(Intercept)`, `cov__(Intercept).Days`, `var__Observation`.
    pub parameter: String,
    /// The change; `None` where it is zero with all rows.
    pub change: Option<f64>,
}

/// A fit without a group costs about the numbers that elimination leaves to the power of 3/2, as the
/// factor of a dense matrix does; so many multiplications in all count as seconds.
const SECONDS_OF_FITS: f64 = 1e10;
/// Pairs of rows of a group cost the square of what a row reaches; the same.
const SECONDS_OF_PAIRS: f64 = 3e10;
/// Weighted systems that a generalised fit solves, and what a row costs in each.
const SYSTEMS: f64 = 50.0;
const ROW: f64 = 500.0;
/// Groups of more rows are left out in one step by a new solution instead of row by row.
const MOST_ROWS: usize = 300;

impl Fit {
    /// The influence of each group of a grouping factor, by default of the one with the
    /// fewest levels. `progress` is told how many groups of how many are
    /// done.
    ///
    /// # Errors
    /// `no_fixed_effects` for a model without them, `unknown_group` for a factor that the model does
    /// not have, `no_groups` for a model without any; `needs_rows` for a loaded fit without rows.
    pub fn group_influence(
        &self,
        source: &dyn Source,
        group: Option<&str>,
        deletions: DeletionMethod,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<GroupInfluence, Error> {
        let factor = self.factor_named(group)?;
        self.something_to_move()?;
        let rows = self.model_rows(source)?;
        self.group_influence_of(&rows, factor, deletions, progress)
    }

    /// Influence is that on the fixed effects: without any there is nothing to say.
    pub(super) fn something_to_move(&self) -> Result<(), Error> {
        if !self.fixef().is_empty() {
            return Ok(());
        }
        Err(Error::new(
            "no_fixed_effects",
            "the model has no fixed effects, so no group and no row can move them",
        )
        .with_hint("`ranef check` looks at residuals and random effects"))
    }

    /// The grouping factor of this name, or the one with the fewest levels.
    pub(super) fn factor_named(&self, group: Option<&str>) -> Result<usize, Error> {
        let factors = self.recipe().factors();
        let names: Vec<String> = factors.iter().map(|f| format!("`{}`", f.name)).collect();
        let Some(name) = group else {
            return (0..factors.len())
                .min_by_key(|&f| factors[f].levels)
                .ok_or_else(|| {
                    Error::new("no_groups", "the model has no grouping factor")
                        .with_hint("ask for influence by row")
                });
        };
        let named = |f: usize| {
            factors[f].name == name
                || (self.varcorr().iter()).any(|b| b.factor == f && b.group == name)
        };
        (0..factors.len()).find(|&f| named(f)).ok_or_else(|| {
            Error::new(
                "unknown_group",
                format!("the model has no grouping factor `{name}`"),
            )
            .with_hint(format!("it has {}", names.join(", ")))
        })
    }

    /// Whether leaving out the groups of a factor one by one takes seconds and not minutes.
    pub(super) fn influence_is_cheap(
        &self,
        rows: &ModelRows,
        factor: usize,
    ) -> Result<bool, Error> {
        let joint = self.joint()?;
        let asked = joint.rows();
        let levels = self.recipe().factors()[factor].levels;
        let mut cost = 0.0;
        for which in rows.by_level(factor, levels) {
            let Some(&first) = which.first() else {
                continue;
            };
            let n = which.len() as f64;
            cost += if which.len() <= MOST_ROWS {
                n * n * (rows.ask(&asked, first).reach() as f64).powi(2)
            } else {
                (joint.size() as f64).powf(1.5)
            };
        }
        Ok(cost <= SECONDS_OF_PAIRS)
    }

    pub(super) fn group_influence_of(
        &self,
        rows: &ModelRows,
        factor: usize,
        deletions: DeletionMethod,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<GroupInfluence, Error> {
        let linear = self.family().is_gaussian();
        let levels = self.recipe().factors()[factor].levels;
        let joint = self.joint()?;
        let precision = self.deletion_vcov()?;
        let system = (joint.size() as f64).powf(1.5);
        let cost = match linear {
            true => levels as f64 * system,
            false => {
                let rows = self.ask_generalised(|fit| fit.cells())? as f64;
                // With effects for single rows a fit takes twenty times as long.
                let own = (0..self.varcorr().len()).any(|b| self.is_observation_level(b));
                let times = if own { 20.0 } else { 1.0 };
                times * levels as f64 * SYSTEMS * (system + ROW * rows)
            }
        };
        let exact = match deletions {
            DeletionMethod::Automatic => cost <= SECONDS_OF_FITS,
            DeletionMethod::Exact => true,
            DeletionMethod::OneStep => false,
        };
        let asked = joint.rows();
        let members = rows.by_level(factor, levels);
        let mut out = Vec::with_capacity(levels);
        for (level, which) in members.iter().enumerate() {
            progress(level, levels);
            let reduced = || -> Result<Statistics, Error> {
                let statistics = self.statistics()?;
                let mut left = Statistics::clone(statistics);
                left.remove(&rows.statistics(
                    statistics.layout(),
                    statistics.coordinates(),
                    which,
                    None,
                ));
                Ok(left)
            };
            let one_step = if which.len() <= MOST_ROWS {
                let dropped: Vec<LeftOut> = (which.iter())
                    .map(|&row| LeftOut {
                        row: rows.ask(&asked, row),
                        residual: rows.residual(row),
                        weight: rows.weight[row],
                    })
                    .collect();
                asked
                    .without(&dropped, self.working_sigma(), &precision)
                    .map(|deletion| {
                        let beta = (self.fixef().iter().zip(&deletion.change))
                            .map(|(b, c)| b - c)
                            .collect();
                        Without {
                            beta,
                            vcov: deletion.vcov,
                        }
                    })
            } else if linear {
                self.at_the_same_variances(&reduced()?)
            } else {
                None
            };
            self.not_interrupted()?;
            let fitted = match (exact, linear) {
                (false, _) => None,
                (true, true) => self.without(&reduced()?).ok().map(|fit| Refitted {
                    random: RandomBlock::of_linear(self.recipe(), &fit),
                    sigma: Some(fit.sigma),
                    beta: fit.beta,
                    vcov: fit.vcov,
                }),
                (true, false) => {
                    let fit = self.ask_generalised(|fit| fit.without_level(factor, level))?;
                    fit.ok().map(|fit| Refitted {
                        random: RandomBlock::of(
                            self.recipe(),
                            fit.layout(),
                            &fit.lambda(),
                            1.0,
                            &fit.singular,
                        ),
                        sigma: None,
                        beta: fit.beta,
                        vcov: fit.vcov,
                    })
                }
            };
            let mut found = LevelInfluence::nothing(
                self.recipe().level(factor, level),
                which.len(),
                self.fixef().len(),
            );
            found.cooks_one_step = one_step.as_ref().and_then(|w| self.cooks(&w.beta));
            if let Some(fit) = fitted {
                found.rvc = self.variance_changes(&fit);
                let without = Without {
                    beta: fit.beta,
                    vcov: fit.vcov,
                };
                self.measure(&mut found, &without, levels);
            } else if !exact && let Some(without) = &one_step {
                self.measure(&mut found, without, levels);
            }
            out.push(found);
        }
        self.not_interrupted()?;
        let p = self.fixef().len();
        let df = (0..p).map(|j| {
            let mut contrast = vec![0.0; p];
            contrast[j] = 1.0;
            self.contrast_df(&contrast)
        });
        Ok(GroupInfluence {
            group: self.recipe().factors()[factor].name.clone(),
            method: if exact {
                DeletionMethod::Exact
            } else {
                DeletionMethod::OneStep
            },
            terms: self.fixed_names().iter().map(|&n| n.to_owned()).collect(),
            estimates: self.fixef().to_vec(),
            std_errors: self.standard_errors(),
            df: df.collect(),
            levels: out,
        })
    }

    /// The covariance of the fixed effects that one-step deletion starts from: that of the linear model
    /// whose rows [`ModelRows`] has. In a generalised model it is given the variance parameters,
    /// while [`Fit::vcov`] is not.
    pub(super) fn deletion_vcov(&self) -> Result<Vec<f64>, Error> {
        if self.family().is_gaussian() {
            return Ok(self.vcov().to_vec());
        }
        let p = self.fixef().len();
        let joint = self.joint()?;
        let asked = joint.rows();
        // Units of the size of the standard errors, for the sake of the differences.
        let unit: Vec<f64> = (self.standard_errors().iter())
            .map(|e| if *e > 0.0 { 1.0 / e } else { 1.0 })
            .collect();
        let variance = |i: usize, j: Option<usize>| {
            let mut x = vec![0.0; p];
            x[i] += unit[i];
            if let Some(j) = j {
                x[j] += unit[j];
            }
            asked.variance(&x, &[]).total
        };
        let own: Vec<f64> = (0..p).map(|i| variance(i, None)).collect();
        let mut out = vec![0.0; p * p];
        for i in 0..p {
            out[i * p + i] = own[i] / (unit[i] * unit[i]);
            for j in 0..i {
                let both = 0.5 * (variance(i, Some(j)) - own[i] - own[j]) / (unit[i] * unit[j]);
                (out[i * p + j], out[j * p + i]) = (both, both);
            }
        }
        Ok(out)
    }

    /// The fit without some rows, started where all rows ended. Where variances are zero there or
    /// here that may be a lesser minimum on the boundary, so the ordinary start has a try as well.
    fn without(&self, statistics: &Statistics) -> Result<lmm::Fit, lmm::FitError> {
        let ordinary = lmm::Options {
            reml: self.reml(),
            interrupt: self.options().interrupt.clone(),
            ..Default::default()
        };
        let warm = lmm::Options {
            start: Some(self.theta().to_vec()),
            ..ordinary.clone()
        };
        let fit = lmm::fit(statistics, &warm)?;
        if !self.singular() && !fit.singular.contains(&true) && fit.certificate.converged {
            return Ok(fit);
        }
        match lmm::fit(statistics, &ordinary) {
            Ok(other) if other.value < fit.value => Ok(other),
            _ => Ok(fit),
        }
    }

    fn at_the_same_variances(&self, statistics: &Statistics) -> Option<Without> {
        let fit = lmm::fit_at(statistics, self.reml(), self.theta()).ok()?;
        // With the σ of all rows.
        let scale = (self.sigma() / fit.sigma).powi(2);
        Some(Without {
            beta: fit.beta,
            vcov: fit.vcov.iter().map(|x| x * scale).collect(),
        })
    }

    fn measure(&self, found: &mut LevelInfluence, without: &Without, groups: usize) {
        let p = self.fixef().len();
        found.cooks_distance = self.cooks(&without.beta);
        let share = (groups as f64 - p as f64) / groups as f64;
        found.cooks_lme4 = found.cooks_distance.map(|d| d * share);
        let moved = self.moved(&without.beta);
        found.mdffits = form_of_inverse(&without.vcov, &moved).map(|q| q / p as f64);
        let all = ln_determinant(self.vcov(), p);
        let left = ln_determinant(&without.vcov, p);
        found.covratio = all.zip(left).map(|(a, b)| (b - a).exp());
        found.covtrace =
            trace_of_ratio(self.vcov(), &without.vcov, p).map(|t| (t - p as f64).abs());
        for j in 0..p {
            let error = without.vcov[j * p + j].sqrt();
            found.without[j] = Some(without.beta[j]);
            found.std_errors_without[j] = Some(error);
            found.dfbetas[j] = (error > 0.0).then(|| moved[j] / error);
        }
    }

    fn moved(&self, beta: &[f64]) -> Vec<f64> {
        self.fixef().iter().zip(beta).map(|(a, b)| a - b).collect()
    }

    /// (β̂ − β̂₋)'Φ⁻¹(β̂ − β̂₋)/p.
    pub(super) fn cooks(&self, beta: &[f64]) -> Option<f64> {
        let p = self.fixef().len() as f64;
        form_of_inverse(self.vcov(), &self.moved(beta)).map(|q| q / p)
    }

    /// Standard errors of the fixed effects.
    pub(super) fn standard_errors(&self) -> Vec<f64> {
        let p = self.fixef().len();
        (0..p).map(|j| self.vcov()[j * p + j].sqrt()).collect()
    }

    fn variance_changes(&self, fit: &Refitted) -> Vec<VarianceChange> {
        let mut out = Vec::new();
        let relative = |then: f64, now: f64| (then != 0.0).then(|| now / then - 1.0);
        for (all, left) in self.varcorr().iter().zip(&fit.random) {
            for (i, first) in all.terms.iter().enumerate() {
                for (j, second) in all.terms.iter().enumerate().skip(i) {
                    out.push(VarianceChange {
                        group: all.group.clone(),
                        parameter: if i == j {
                            format!("var__{first}")
                        } else {
                            format!("cov__{first}.{second}")
                        },
                        change: relative(all.cov[i][j], left.cov[i][j]),
                    });
                }
            }
        }
        if let Some(sigma) = fit.sigma {
            out.push(VarianceChange {
                group: "Residual".to_owned(),
                parameter: "var__Observation".to_owned(),
                change: relative(self.sigma().powi(2), sigma.powi(2)),
            });
        }
        out
    }
}

/// A fit without some rows.
struct Refitted {
    random: Vec<RandomBlock>,
    sigma: Option<f64>,
    beta: Vec<f64>,
    vcov: Vec<f64>,
}

/// Fixed effects without some rows, and their covariance.
struct Without {
    beta: Vec<f64>,
    vcov: Vec<f64>,
}

impl LevelInfluence {
    fn nothing(level: String, n: usize, p: usize) -> Self {
        Self {
            level,
            n,
            cooks_distance: None,
            cooks_one_step: None,
            cooks_lme4: None,
            mdffits: None,
            covtrace: None,
            covratio: None,
            dfbetas: vec![None; p],
            without: vec![None; p],
            std_errors_without: vec![None; p],
            rvc: Vec::new(),
        }
    }
}

/// The Cholesky factor, scaled to a unit diagonal first so that units do not matter; with the
/// scales. `None` where the matrix is not positive definite.
fn factor(matrix: &[f64], p: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    let scale: Vec<f64> = (0..p).map(|i| matrix[i * p + i].sqrt()).collect();
    if scale.iter().any(|s| !(*s > 0.0 && s.is_finite())) {
        return None;
    }
    let mut l = vec![0.0; p * p];
    for i in 0..p {
        for j in 0..=i {
            let taken: f64 = (0..j).map(|a| l[i * p + a] * l[j * p + a]).sum();
            let rest = matrix[i * p + j] / scale[i] / scale[j] - taken;
            l[i * p + j] = if i != j {
                rest / l[j * p + j]
            } else if rest > 1e-14 {
                rest.sqrt()
            } else {
                return None;
            };
        }
    }
    Some((l, scale))
}

/// L⁻¹v.
fn substitute((l, scale): &(Vec<f64>, Vec<f64>), v: &[f64]) -> Vec<f64> {
    let p = v.len();
    let mut out: Vec<f64> = Vec::with_capacity(p);
    for i in 0..p {
        let taken: f64 = (0..i).map(|a| l[i * p + a] * out[a]).sum();
        out.push((v[i] / scale[i] - taken) / l[i * p + i]);
    }
    out
}

/// v'A⁻¹v of one matrix and many vectors.
pub(super) struct InverseForm(Option<(Vec<f64>, Vec<f64>)>);

impl InverseForm {
    /// Of a p × p matrix.
    pub fn new(matrix: &[f64], p: usize) -> Self {
        Self((p > 0).then(|| factor(matrix, p)).flatten())
    }

    /// v'A⁻¹v; `None` where A is not positive definite.
    pub fn at(&self, v: &[f64]) -> Option<f64> {
        let factor = self.0.as_ref()?;
        Some(substitute(factor, v).iter().map(|x| x * x).sum())
    }
}

/// v'A⁻¹v.
pub(super) fn form_of_inverse(matrix: &[f64], v: &[f64]) -> Option<f64> {
    InverseForm::new(matrix, v.len()).at(v)
}

fn ln_determinant(matrix: &[f64], p: usize) -> Option<f64> {
    let (l, scale) = factor(matrix, p)?;
    Some((0..p).map(|i| 2.0 * (l[i * p + i] * scale[i]).ln()).sum())
}

/// tr(A⁻¹B).
fn trace_of_ratio(a: &[f64], b: &[f64], p: usize) -> Option<f64> {
    let factor = factor(a, p)?;
    // tr(L⁻¹BL⁻ᵀ): substitute the columns of B, then the rows of what comes out.
    let half: Vec<Vec<f64>> = (0..p)
        .map(|j| {
            let column: Vec<f64> = (0..p).map(|i| b[i * p + j]).collect();
            substitute(&factor, &column)
        })
        .collect();
    let trace = (0..p).map(|i| {
        let row: Vec<f64> = half.iter().map(|column| column[i]).collect();
        substitute(&factor, &row)[i]
    });
    Some(trace.sum())
}
