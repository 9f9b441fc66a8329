//! A study that could be made: rows, and the model with the parameters that are believed.

use std::sync::Arc;

use ranef_engine::glmm::family::{Parameter, Scale};
use ranef_engine::simulate::{Effects, Truth};
use ranef_engine::{Statistics, lmm};
use ranef_frame::{MemorySource, Source};

use super::design::unknown;
use crate::diagnose::model_rows::{ModelRows, dot};
use crate::engine::Engine;
use crate::fit::Estimates;
use crate::random::RandomBlock;
use crate::simulate::RowWorld;
use crate::{Error, Fit, Model, rows};

/// What is believed of a model, asked block by block once its columns are known.
pub(super) trait Belief: Sync {
    /// The fixed effects of a model with these columns.
    fn beta(&self, fit: &Fit) -> Result<Vec<f64>, Error>;
    /// What is said that such a model has no place for.
    fn check(&self, fit: &Fit) -> Result<(), Error>;
    /// The covariance matrix of a term, by rows; beside it all terms.
    fn covariance(&self, block: &RandomBlock, all: &[RandomBlock]) -> Result<Vec<f64>, Error>;
    /// The residual standard deviation of a gaussian model.
    fn sigma(&self) -> Result<f64, Error>;
    /// A parameter of the family on the scale on which it is shown, or the fit's own.
    fn parameter(&self, name: &str) -> Option<f64>;
}

/// Rows with a model whose parameters are the true ones.
pub(super) struct Study {
    /// The model at the truth; a linear one can be asked everything a fit can.
    pub truth: Fit,
    pub source: MemorySource,
    /// Of a linear model.
    pub statistics: Option<Arc<Statistics>>,
    /// The model as it was fitted to the stand-in response: generalised models read rows by it.
    pub base: Option<Fit>,
}

impl Study {
    /// Surveys the rows and puts the truth into the model.
    pub fn of(model: &Model, source: MemorySource, belief: &dyn Belief) -> Result<Self, Error> {
        let base = model.fit(&source)?;
        let names = base.recipe().fixed_names();
        if base.fixef().len() < names.len() {
            let known = base.fixed_names();
            let lost = names.iter().find(|n| !known.contains(&n.as_str()));
            return Err(Error::new(
                "aliased",
                format!(
                    "`{}` cannot be estimated in this design: other columns determine it",
                    lost.map_or("", String::as_str)
                ),
            )
            .with_hint("look for a predictor that is constant, or that differs between groups that the design does not have"));
        }
        let layout = rows::layout(base.recipe());
        let gaussian = base.family().is_gaussian();
        super::remedy::refuse_saturated(&base, &source)?;
        belief.check(&base)?;
        let beta = belief.beta(&base)?;
        let sigma = if gaussian { belief.sigma()? } else { 1.0 };
        let mut theta = Vec::new();
        for block in base.varcorr() {
            let covariance = belief.covariance(block, base.varcorr())?;
            theta.extend(factor(&covariance, sigma, block)?);
        }
        let nuisance = nuisance(&base, belief)?;
        let singular: Vec<bool> = (layout.terms.iter().enumerate())
            .map(|(term, _)| {
                let mut entries = layout.entries().into_iter().zip(&theta);
                entries.any(|(e, t)| e.term == term && e.is_diagonal() && *t < 1e-6)
            })
            .collect();
        let mut facts = base.facts.clone();
        let shown = if gaussian {
            sigma
        } else {
            own_sigma(&base, &nuisance)
        };
        let lambda = layout.lambda(&theta);
        facts.estimates = Estimates {
            random: RandomBlock::of(base.recipe(), &layout, &lambda, sigma, &singular),
            theta,
            beta,
            sigma: shown,
            nuisance,
            ..facts.estimates
        };
        let statistics = match gaussian {
            true => Some(Arc::clone(base.statistics()?)),
            false => None,
        };
        let mut truth = Fit::of_facts(facts);
        if let Some(statistics) = &statistics {
            let at = lmm::fit_at(statistics, true, truth.theta()).map_err(|e| Error::fit(&e))?;
            truth.engine = Some(Engine::linear(at, Arc::clone(statistics)));
        }
        Ok(Self {
            truth,
            source,
            statistics,
            base: (!gaussian).then_some(base),
        })
    }

    /// Another picture of the same design: the same model and truth with other rows.
    pub fn again(&self, source: &dyn Source) -> Result<Statistics, Error> {
        rows::statistics(self.truth.recipe(), source, self.truth.formula())
    }

    /// What responses are drawn from.
    pub fn draws(&self) -> Truth {
        Truth {
            beta: self.truth.fixef().to_vec(),
            sigma: self.truth.sigma(),
            effects: Effects::New(self.truth.theta().to_vec()),
        }
    }

    /// The rows in numbers.
    pub fn rows(&self) -> Result<ModelRows, Error> {
        self.rows_of(&self.source)
    }

    /// Those of another picture with as many rows.
    pub fn rows_of(&self, source: &dyn Source) -> Result<ModelRows, Error> {
        let fit = self.base.as_ref().unwrap_or(&self.truth);
        fit.model_rows(source)
    }

    /// What responses of the rows are drawn from.
    pub fn world(&self, rows: &ModelRows) -> RowWorld<'_> {
        let levels: Vec<usize> = (self.truth.recipe().factors().iter())
            .map(|f| f.levels)
            .collect();
        let centre = (0..rows.n)
            .map(|i| dot(rows.x(i), self.truth.fixef()) + rows.offset[i])
            .collect();
        RowWorld::with(&self.truth, centre, &vec![true; levels.len()], &levels)
    }

    /// Where searches start: at the truth, unless that says nothing of the way.
    pub fn start(&self) -> Option<Vec<f64>> {
        (!self.truth.singular()).then(|| self.truth.theta().to_vec())
    }
}

fn own_sigma(base: &Fit, nuisance: &[f64]) -> f64 {
    let parameters = base.family().parameters(base.recipe());
    (parameters.iter().zip(nuisance))
        .find(|(p, _)| p.name == "sigma")
        .map_or(1.0, |(p, &psi)| p.scale.of(psi))
}

fn nuisance(base: &Fit, belief: &dyn Belief) -> Result<Vec<f64>, Error> {
    if base.family().is_gaussian() {
        return Ok(Vec::new());
    }
    let parameters = base.family().parameters(base.recipe());
    parameters
        .iter()
        .map(|parameter: &Parameter| {
            let value = belief.parameter(&parameter.name).ok_or_else(|| {
                Error::new(
                    "missing_parameter",
                    format!(
                        "nothing says what `{}` is: {}",
                        parameter.name, parameter.meaning
                    ),
                )
                .with_hint(format!(
                    "add `{0} = …` to [parameters] of the design, or --parameter {0}=…",
                    parameter.name
                ))
            })?;
            let psi = match parameter.scale {
                Scale::Same => value,
                Scale::Exp => value.ln(),
                Scale::OnePlusExp => (value - 1.0).ln(),
                Scale::Logistic => (value / (1.0 - value)).ln(),
            };
            if psi.is_finite() {
                return Ok(psi);
            }
            Err(Error::new(
                "bad_design",
                format!("`{}` = {value} is impossible", parameter.name),
            )
            .with_hint(parameter.meaning))
        })
        .collect()
}

/// θ of a term: the lower triangle, by columns, of the factor of its covariance matrix over σ.
fn factor(covariance: &[f64], sigma: f64, block: &RandomBlock) -> Result<Vec<f64>, Error> {
    let k = block.terms.len();
    let mut l = vec![0.0; k * k];
    for c in 0..k {
        let size = covariance[c * k + c];
        let used: f64 = (0..c).map(|b| l[c * k + b] * l[c * k + b]).sum();
        let pivot = size - used;
        if pivot < -1e-10 * size.max(f64::MIN_POSITIVE) {
            return Err(impossible(covariance, block));
        }
        let root = pivot.max(0.0).sqrt();
        l[c * k + c] = if root * root <= 1e-12 * size {
            0.0
        } else {
            root
        };
        for r in c + 1..k {
            let used: f64 = (0..c).map(|b| l[r * k + b] * l[c * k + b]).sum();
            let left = covariance[r * k + c] - used;
            let scale = (size * covariance[r * k + r]).sqrt();
            if l[c * k + c] > 0.0 {
                l[r * k + c] = left / l[c * k + c];
            } else if left.abs() > 1e-9 * scale {
                return Err(impossible(covariance, block));
            }
        }
    }
    let mut out = Vec::new();
    for c in 0..k {
        out.extend((c..k).map(|r| l[r * k + c] / sigma));
    }
    Ok(out)
}

/// Says which correlation would do, given the others.
fn impossible(covariance: &[f64], block: &RandomBlock) -> Error {
    let k = block.terms.len();
    let sd: Vec<f64> = (0..k).map(|i| covariance[i * k + i].sqrt()).collect();
    let r = |i: usize, j: usize| covariance[i * k + j] / (sd[i] * sd[j]);
    let mut matrix: Vec<f64> = (0..k * k)
        .map(|at| {
            if at / k == at % k {
                1.0
            } else {
                r(at / k, at % k)
            }
        })
        .collect();
    let possible = |matrix: &[f64], k: usize, n: usize| {
        let part: Vec<f64> = (0..n * n).map(|at| matrix[at / n * k + at % n]).collect();
        ranef_engine::optimize::symmetric_eigen(&part, n)
            .is_some_and(|(values, _)| values.iter().all(|v| *v > -1e-9))
    };
    let mut hint = "correlations that are each possible can be impossible together".to_owned();
    'search: for i in 1..k {
        for j in 0..i {
            let given = matrix[i * k + j];
            let mut range: Option<(f64, f64)> = None;
            for step in -100..=100 {
                let x = f64::from(step) / 100.0;
                (matrix[i * k + j], matrix[j * k + i]) = (x, x);
                if possible(&matrix, k, k) {
                    range = Some(range.map_or((x, x), |(a, _)| (a, x)));
                }
            }
            (matrix[i * k + j], matrix[j * k + i]) = (given, given);
            if let Some((low, high)) = range {
                hint = format!(
                    "with the others as they are, the correlation of `{}` and `{}` can be from {low} \
                     to {high}",
                    block.terms[j], block.terms[i]
                );
                break 'search;
            }
        }
    }
    if k > 2 {
        hint += &format!(
            "; one number for all pairs can be from {:.3} to 1",
            -1.0 / (k as f64 - 1.0)
        );
    }
    Error::new(
        "impossible_correlation",
        format!(
            "the correlations of the random effects of `{}` are impossible together",
            block.group
        ),
    )
    .with_hint(hint)
}

/// Fixed effects by name: those said, and for the others what `usual` says.
pub(super) fn named_effects<'a>(
    fit: &Fit,
    said: impl Iterator<Item = (&'a String, &'a f64)>,
    usual: impl Fn(&str) -> f64,
) -> Result<Vec<f64>, Error> {
    let names = fit.fixed_names();
    let mut beta: Vec<f64> = names.iter().map(|n| usual(n)).collect();
    for (name, value) in said {
        let at = names.iter().position(|n| n == name);
        let at = at.ok_or_else(|| unknown("fixed effect", name, &names))?;
        if !value.is_finite() {
            return Err(super::design::bad(
                format!("the effect `{name}` is {value}"),
                "give a finite number",
            ));
        }
        beta[at] = *value;
    }
    Ok(beta)
}
