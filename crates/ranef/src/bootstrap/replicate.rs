//! The estimates of one replicate, and what is asked of them.

use std::sync::OnceLock;

use ranef_design::Parts;
use ranef_engine::Layout;
use ranef_engine::glmm::family::Scale;
use ranef_engine::lmm::{Inference, Parameter};
use ranef_frame::Source;

use crate::Hypothesis;
use crate::fit::Estimates;
use crate::generalised::inverse::Inverse;
use crate::intervals::{self, Named};
use crate::random::{RandomBlock, RandomEffects};
use crate::rows::for_each_batch;
use crate::variance::{Model, Point};
use crate::{DfMethod, Error, Fit};

/// What a model fitted to the data of one replicate finds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replicate {
    /// Relative covariance parameters.
    pub theta: Vec<f64>,
    /// Fixed effects, in the order of [`Fit::fixef`].
    pub beta: Vec<f64>,
    /// Residual standard deviation; 1 in a model without one.
    pub sigma: f64,
    /// Nuisance parameters of the family.
    pub nuisance: Vec<f64>,
    /// The REML criterion or −2 log-likelihood.
    pub criterion: f64,
    /// For each term, whether its covariance matrix is singular.
    pub singular: Vec<bool>,
}

impl Replicate {
    /// The fit of a model with these estimates in the place of its own: for statistics that are
    /// questions to a fit. It holds no rows; standard errors, degrees of freedom and what is said of
    /// single groups are unknown, and those of the model never stand in their place.
    pub fn fit(&self, model: &Fit) -> Fit {
        let mut facts = model.facts.clone();
        let layout = crate::rows::layout(model.recipe());
        let scale = match model.family().is_gaussian() {
            true => self.sigma,
            false => 1.0,
        };
        let lambda = layout.lambda(&self.theta);
        let unknown = |known: &[f64]| vec![f64::NAN; known.len()];
        let estimates = &model.facts.estimates;
        facts.estimates = Estimates {
            criterion: self.criterion,
            theta: self.theta.clone(),
            sigma: self.sigma,
            beta: self.beta.clone(),
            random: RandomBlock::of(model.recipe(), &layout, &lambda, scale, &self.singular),
            nuisance: self.nuisance.clone(),
            vcov: unknown(&estimates.vcov),
            nuisance_vcov: unknown(&estimates.nuisance_vcov),
            cross_vcov: unknown(&estimates.cross_vcov),
            ..facts.estimates
        };
        facts.df = DfMethod::None;
        // The rows that the model came from are not the replicate's.
        facts.origin = None;
        let inference = model.inference();
        let changes = inference.vcov_changes.iter().map(|c| unknown(c));
        let inference = Inference::from_parts(
            unknown(&inference.covariance),
            inference.dropped,
            changes.collect(),
            unknown(&estimates.vcov),
        );
        let effects = model.random_effects();
        let effects = RandomEffects {
            modes: effects.modes.iter().map(|m| unknown(m)).collect(),
            covariances: effects.covariances.iter().map(|c| unknown(c)).collect(),
        };
        Fit {
            inference: OnceLock::from(inference),
            random_effects: OnceLock::from(effects),
            ..Fit::of_facts(facts)
        }
    }
}

/// What is computed of every replicate.
#[derive(Clone, Debug, PartialEq)]
pub enum Statistic {
    /// Parameters by the names of [`Fit::confint_of`]; all where none is named.
    Parameters(Vec<String>),
    /// Intraclass correlations: adjusted, unadjusted, and that of each grouping factor.
    Icc,
    /// Marginal and conditional R².
    RSquared,
    /// Contrasts of the fixed effects, from [`Fit::hypotheses`].
    Contrasts(Vec<Hypothesis>),
    /// Expected values of rows where all random effects are zero, on the scale of the response; from
    /// [`Fit::statistic_of_rows`].
    Predictions(PredictedRows),
}

/// The rows that expected values are wanted for.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictedRows {
    fixed: Vec<f64>,
    offset: Vec<f64>,
    /// Number of each row in the data, from 1.
    number: Vec<usize>,
}

impl Fit {
    /// Rows whose expected values are to be bootstrapped. Rows with a missing value are left out.
    ///
    /// # Errors
    /// As of [`Fit::predict`].
    pub fn statistic_of_rows(&self, source: &dyn Source) -> Result<Statistic, Error> {
        let design = |e| Error::design(&e, self.formula());
        let (recipe, _) = self.recipe().with_new_groups(source).map_err(design)?;
        let recipe = recipe.without_groups();
        let parts = Parts {
            response: false,
            fixed: true,
            random: false,
            weights: false,
        };
        let mut out = PredictedRows {
            fixed: Vec::new(),
            offset: Vec::new(),
            number: Vec::new(),
        };
        let mut first = 0;
        for_each_batch(&recipe, source, parts, self.formula(), |batch, rows| {
            for i in 0..rows.n {
                out.fixed.extend(rows.fixed.iter().map(|c| c.at(i)));
                out.offset
                    .push(rows.offset.as_ref().map_or(0.0, |o| o.at(i)));
                let row = rows.kept.as_ref().map_or(i, |kept| kept[i] as usize);
                out.number.push(first + row + 1);
            }
            first += batch.num_rows();
            Ok(())
        })?;
        Ok(Statistic::Predictions(out))
    }
}

/// One number that every replicate has.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// `fixed`, `ran_pars`, `family`, `share`, `contrast`, `prediction` or `own`.
    pub kind: &'static str,
    pub group: Option<String>,
    pub name: String,
    pub estimate: Option<f64>,
    /// The least and the largest value that there can be.
    pub range: (f64, f64),
}

/// How to get the numbers of a replicate. Unknown ones are NaN.
pub(super) struct Measure<'a> {
    parts: Vec<Part<'a>>,
    pub asked: Vec<Asked>,
}

/// A statistic of one's own.
pub(super) type Own<'a> = &'a (dyn Fn(&Replicate) -> Vec<f64> + Sync);

enum Part<'a> {
    Parameters(Box<Parameters>),
    Icc(Vec<usize>),
    RSquared,
    Contrasts(Vec<Hypothesis>),
    Predictions(PredictedRows, Box<Inverse>),
    Own(Own<'a>),
}

/// Parameters of the model, and where they are found in a replicate.
struct Parameters {
    /// `None` for a coefficient that the data cannot give.
    wanted: Vec<Option<Parameter>>,
    layout: Layout,
    gaussian: bool,
    /// From the nuisance parameters of the family to what is shown.
    scales: Vec<Scale>,
}

const WHOLE: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

impl<'a> Measure<'a> {
    pub fn of(fit: &Fit, statistics: &[Statistic]) -> Result<Self, Error> {
        let mut out = Self {
            parts: Vec::new(),
            asked: Vec::new(),
        };
        for statistic in statistics {
            out.add(fit, statistic)?;
        }
        Ok(out)
    }

    /// A function and the names of what it gives.
    pub fn own(fit: &Fit, names: &[String], own: Own<'a>) -> Self {
        let values = own(&fit.as_replicate());
        let asked = |(i, name): (usize, &String)| Asked {
            kind: "own",
            group: None,
            name: name.clone(),
            estimate: values.get(i).copied().filter(|x| x.is_finite()),
            range: WHOLE,
        };
        Self {
            parts: vec![Part::Own(own)],
            asked: names.iter().enumerate().map(asked).collect(),
        }
    }

    fn add(&mut self, fit: &Fit, statistic: &Statistic) -> Result<(), Error> {
        let plain = |kind: &'static str, name: &str, estimate: f64, range| Asked {
            kind,
            group: None,
            name: name.to_owned(),
            estimate: estimate.is_finite().then_some(estimate),
            range,
        };
        match statistic {
            Statistic::Parameters(names) => {
                let named = intervals::named(fit, names)?;
                let family = fit.family().parameters(fit.recipe());
                let scales: Vec<Scale> = family.iter().map(|p| p.scale).collect();
                self.asked
                    .extend(named.iter().map(|n| Asked::of(n, &scales)));
                self.parts.push(Part::Parameters(Box::new(Parameters {
                    wanted: named.iter().map(|n| n.parameter).collect(),
                    layout: crate::rows::layout(fit.recipe()),
                    gaussian: fit.family().is_gaussian(),
                    scales,
                })));
            }
            Statistic::Icc => {
                if fit.varcorr().is_empty() {
                    return Err(Error::new(
                        "no_random_effects",
                        "there is no intraclass correlation without random effects",
                    ));
                }
                let icc = fit.icc(0.95, None);
                let share = |name: &str, x| plain("share", name, x, (0.0, 1.0));
                self.asked.push(share("icc", icc.adjusted));
                self.asked.push(share("icc_unadjusted", icc.unadjusted));
                let mut factors = Vec::new();
                for group in &icc.groups {
                    self.asked.push(Asked {
                        group: Some(group.group.clone()),
                        ..share("icc", group.icc)
                    });
                    let blocks = fit.varcorr().iter();
                    let factor = blocks.filter(|b| b.group == group.group).map(|b| b.factor);
                    factors.extend(factor.take(1));
                }
                self.parts.push(Part::Icc(factors));
            }
            Statistic::RSquared => {
                let shares = fit.shares(0.95);
                let share = |name: &str, x| plain("share", name, x, (0.0, 1.0));
                self.asked.push(share("r2_marginal", shares[0].estimate));
                self.asked.push(share("r2_conditional", shares[1].estimate));
                self.parts.push(Part::RSquared);
            }
            Statistic::Contrasts(rows) => {
                for row in rows {
                    let estimate = dot(&row.weights, fit.fixef());
                    self.asked
                        .push(plain("contrast", &row.name, estimate, WHOLE));
                }
                self.parts.push(Part::Contrasts(rows.clone()));
            }
            Statistic::Predictions(rows) => {
                let inverse = fit.inverse();
                let p = fit.fixef().len();
                for (i, number) in rows.number.iter().enumerate() {
                    let eta = dot(&rows.fixed[i * p..(i + 1) * p], fit.fixef()) + rows.offset[i];
                    let name = format!("row {number}");
                    self.asked
                        .push(plain("prediction", &name, inverse.mean(eta), WHOLE));
                }
                self.parts
                    .push(Part::Predictions(rows.clone(), Box::new(inverse)));
            }
        }
        Ok(())
    }

    /// The numbers of a replicate, by means of a model of shares of variance where they are asked
    /// for.
    pub fn values(&self, replicate: &Replicate, shares: Option<&Model<'_>>) -> Vec<f64> {
        let mut out = Vec::with_capacity(self.asked.len());
        for part in &self.parts {
            match part {
                Part::Parameters(parameters) => {
                    let wanted = parameters.wanted.iter();
                    out.extend(
                        wanted.map(|p| p.map_or(f64::NAN, |p| parameters.value(p, replicate))),
                    );
                }
                Part::Icc(factors) => {
                    let Some(model) = shares else { continue };
                    let point = replicate.point(model);
                    let (random, residual) = (model.random(&point), model.residual(&point));
                    let all = model.all_random(&point);
                    out.push(all / (all + residual));
                    out.push(all / (model.fixed(&point) + all + residual));
                    for &factor in factors {
                        let blocks = model.fit.varcorr().iter().zip(&random);
                        let own = blocks.filter(|(b, _)| b.factor == factor);
                        let own: f64 = own.map(|(_, v)| v).sum();
                        out.push(own / (all + residual));
                    }
                }
                Part::RSquared => {
                    let Some(model) = shares else { continue };
                    let point = replicate.point(model);
                    let (fixed, random) = (model.fixed(&point), model.all_random(&point));
                    let all = fixed + random + model.residual(&point);
                    out.push(fixed / all);
                    out.push((fixed + random) / all);
                }
                Part::Contrasts(rows) => {
                    out.extend(rows.iter().map(|row| dot(&row.weights, &replicate.beta)));
                }
                Part::Predictions(rows, inverse) => {
                    let p = replicate.beta.len();
                    for (i, offset) in rows.offset.iter().enumerate() {
                        let eta = dot(&rows.fixed[i * p..(i + 1) * p], &replicate.beta) + offset;
                        out.push(inverse.mean(eta));
                    }
                }
                Part::Own(own) => out.extend(own(replicate)),
            }
        }
        out.resize(self.asked.len(), f64::NAN);
        out
    }

    /// Whether shares of variance are among what is asked.
    pub fn wants_shares(&self) -> bool {
        let shares = |part: &Part| matches!(part, Part::Icc(..) | Part::RSquared);
        self.parts.iter().any(shares)
    }
}

impl Asked {
    fn of(named: &Named, scales: &[Scale]) -> Self {
        let (kind, range) = match named.parameter {
            None | Some(Parameter::Fixed(_)) => ("fixed", WHOLE),
            Some(Parameter::Nuisance(k)) => {
                let scale = scales.get(k).copied().unwrap_or(Scale::Same);
                let ends = (scale.of(f64::NEG_INFINITY), scale.of(f64::INFINITY));
                ("family", ends)
            }
            Some(Parameter::Correlation { .. }) => ("ran_pars", (-1.0, 1.0)),
            Some(_) => ("ran_pars", (0.0, f64::INFINITY)),
        };
        Self {
            kind,
            group: named.group.clone(),
            name: named.name.clone(),
            estimate: named.estimate,
            range,
        }
    }
}

impl Replicate {
    fn point(&self, model: &Model<'_>) -> Point {
        Point {
            theta: self.theta.clone(),
            // That of the working model of a generalised one is no parameter.
            sigma: match model.fit.family().is_gaussian() {
                true => self.sigma,
                false => model.here.sigma,
            },
            beta: self.beta.clone(),
        }
    }
}

impl Parameters {
    fn value(&self, parameter: Parameter, of: &Replicate) -> f64 {
        // Rows of the factor of a term, of which θ has the lower triangle by columns.
        let terms = &self.layout.terms;
        let row = |term: usize, effect: usize| -> Vec<f64> {
            let size = |k: usize| k * (k + 1) / 2;
            let first: usize = terms[..term].iter().map(|t| size(t.width)).sum();
            let k = terms[term].width;
            (0..=effect)
                .map(|column| of.theta[first + size(k) - size(k - column) + effect - column])
                .collect()
        };
        let norm = |row: &[f64]| row.iter().map(|x| x * x).sum::<f64>().sqrt();
        match parameter {
            Parameter::Fixed(at) => of.beta[at],
            Parameter::Sigma => of.sigma,
            Parameter::Nuisance(k) => match (self.scales.get(k), of.nuisance.get(k)) {
                (Some(scale), Some(&psi)) => scale.of(psi),
                _ => f64::NAN,
            },
            Parameter::StandardDeviation { term, effect } => {
                let scale = if self.gaussian { of.sigma } else { 1.0 };
                scale * norm(&row(term, effect))
            }
            Parameter::Correlation { term, effects } => {
                let (a, b) = (row(term, effects[0]), row(term, effects[1]));
                let size = norm(&a) * norm(&b);
                if size > 0.0 {
                    (dot(&a, &b) / size).clamp(-1.0, 1.0)
                } else {
                    f64::NAN
                }
            }
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
