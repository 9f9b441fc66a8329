//! The intraclass correlation.

use ranef_design::Relation;
use ranef_engine::distributions::Normal;
use ranef_engine::glmm::family::Link;
use serde::Serialize;

use super::curve::{CurvePoint, CurveTurn, curves};
use super::distribution::{DistributionVariance, NullMean};
use super::point::{Model, Point, Share};
use crate::{Fit, LinkVariance, Note, RandomBlock};

/// How much of the variance lies between groups.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Icc {
    /// Share of the random effects in the variance that the fixed effects leave: σ²_l/(σ²_l + σ²).
    pub adjusted: f64,
    /// Their share in all variance: σ²_l/(σ²_f + σ²_l + σ²).
    pub unadjusted: f64,
    /// One entry a grouping factor.
    pub groups: Vec<GroupIcc>,
    /// With random slopes: the share as a function of the predictor.
    pub curve: Vec<CurvePoint>,
    /// Where the variance between groups is least.
    pub minima: Vec<CurveTurn>,
    /// Rows.
    pub nobs: usize,
    /// Variance of the mean of all rows relative to that of independent rows, all factors
    /// together.
    pub design_effect: f64,
    /// Independent rows that would tell the mean as well: n/design effect.
    pub effective_n: f64,
    /// Level of the intervals.
    pub confidence: f64,
    /// In a generalised model, the variance of the distribution that stands in the place of σ².
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution: Option<DistributionVariance>,
    /// All shares with intervals and definitions.
    pub rows: Vec<Share>,
    /// What the reader should know besides.
    pub notes: Vec<Note>,
}

/// The share of one grouping factor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupIcc {
    /// The grouping factor.
    pub group: String,
    /// Its share in the variance that the fixed effects leave.
    pub icc: f64,
    /// Its variance, the mean over the rows of z'Tz: τ² where only the intercept varies.
    pub variance: f64,
    /// Correlation of two rows of the same group: with the shares of the factors in whose groups
    /// it lies.
    pub cumulative: f64,
    /// exp(√(2τ²)·Φ⁻¹(¾)): the median over pairs of groups of the higher odds to the lower (logit
    /// link; Larsen and Merlo 2005), or of the higher mean to the lower (log link).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_ratio: Option<f64>,
    /// Number of groups.
    pub levels: usize,
    /// Mean size.
    pub mean_size: f64,
    /// 1 + (mean size − 1)·icc.
    pub design_effect_mean_size: f64,
    /// 1 + (Σn²/Σn − 1)·icc, with groups of unequal size (Kish 1965).
    pub design_effect: f64,
    /// Rows over this design effect.
    pub effective_n: f64,
}

impl Fit {
    /// Intraclass correlations with intervals that hold with `confidence` (such as 0.95), design
    /// effects, and with random slopes the curve of the share at the values `at`, or over the range
    /// of the data.
    pub fn icc(&self, confidence: f64, at: Option<&[f64]>) -> Icc {
        let model = Model::of(self, confidence);
        let adjusted = adjusted(&model);
        let unadjusted = unadjusted(&model);
        let mut rows = vec![adjusted.clone(), unadjusted.clone()];
        let mut groups = Vec::new();
        let n = self.nobs() as f64;
        for (factor, shape) in self.recipe().factors().iter().enumerate() {
            let mut blocks = self.varcorr().iter().enumerate();
            let between = |(index, b): &(usize, &RandomBlock)| {
                b.factor == factor && !model.is_dispersion(*index)
            };
            let Some((_, block)) = blocks.find(between) else {
                continue;
            };
            let share = model.share(
                block.group.clone(),
                format!(
                    "share of the differences between `{}` in the variance that the fixed effects \
                     leave",
                    block.group
                ),
                |p| of_factors(&model, p, &[factor]),
            );
            let mut around = containing(self, factor);
            around.push(factor);
            let cumulative = of_factors(&model, &model.here, &around);
            let sizes = self.moments().sizes[factor].iter().map(|&s| f64::from(s));
            let kish = sizes.map(|s| s * s).sum::<f64>() / n;
            let mean_size = n / shape.levels as f64;
            let design_effect = 1.0 + (kish - 1.0) * share.estimate;
            let variance = of_factor(self, &model.random(&model.here), factor);
            let ratio = !self.family().is_gaussian()
                && matches!(self.family().link(), Link::Logit | Link::Log);
            groups.push(GroupIcc {
                group: block.group.clone(),
                icc: share.estimate,
                variance,
                cumulative,
                median_ratio: ratio.then(|| median_ratio(variance)),
                levels: shape.levels,
                mean_size,
                design_effect_mean_size: 1.0 + (mean_size - 1.0) * share.estimate,
                design_effect,
                effective_n: n / design_effect,
            });
            rows.push(share);
        }
        let design_effect = 1.0 + groups.iter().map(|g| g.design_effect - 1.0).sum::<f64>();
        let (curve, minima) = curves(&model, at);
        Icc {
            adjusted: adjusted.estimate,
            unadjusted: unadjusted.estimate,
            groups,
            curve,
            minima,
            nobs: self.nobs(),
            design_effect,
            effective_n: n / design_effect,
            confidence,
            rows,
            notes: notes(&model),
            distribution: model.distribution,
        }
    }
}

/// exp(√(2τ²)·Φ⁻¹(¾)).
fn median_ratio(variance: f64) -> f64 {
    ((2.0 * variance).sqrt() * Normal::STANDARD.quantile(0.75)).exp()
}

/// Factors in whose levels those of this one lie.
fn containing(fit: &Fit, factor: usize) -> Vec<usize> {
    let outer = |pair: &ranef_design::PairShape| match pair.relation {
        Relation::FirstInSecond if pair.first == factor => Some(pair.second),
        Relation::SecondInFirst if pair.second == factor => Some(pair.first),
        Relation::Same if pair.first == factor => Some(pair.second),
        Relation::Same if pair.second == factor => Some(pair.first),
        _ => None,
    };
    fit.structure().pairs.iter().filter_map(outer).collect()
}

fn of_factor(fit: &Fit, variances: &[f64], factor: usize) -> f64 {
    let blocks = fit.varcorr().iter().zip(variances);
    blocks
        .filter(|(b, _)| b.factor == factor)
        .map(|(_, v)| v)
        .sum()
}

/// The share of some factors in random and residual variance.
fn of_factors(model: &Model, point: &Point, factors: &[usize]) -> f64 {
    let random = model.random(point);
    let own: f64 = factors
        .iter()
        .map(|&f| of_factor(model.fit, &random, f))
        .sum();
    own / (model.all_random(point) + model.residual(point))
}

pub(super) fn adjusted(model: &Model) -> Share {
    model.share(
        "adjusted",
        "share of the differences between groups in the variance that the fixed effects leave: \
         σ²_l/(σ²_l + σ²)",
        |p| {
            let random = model.all_random(p);
            random / (random + model.residual(p))
        },
    )
}

pub(super) fn unadjusted(model: &Model) -> Share {
    model.share(
        "unadjusted",
        "share of the differences between groups in all variance, that of the fixed effects \
         included: σ²_l/(σ²_f + σ²_l + σ²)",
        |p| {
            let random = model.all_random(p);
            random / (model.fixed(p) + random + model.residual(p))
        },
    )
}

/// What both the intraclass correlations and R² must say about a model.
pub(super) fn notes(model: &Model) -> Vec<Note> {
    let fit = model.fit;
    let mut notes = Vec::new();
    if fit.options().design.weights.is_some() && model.distribution.is_none() {
        notes.push(Note::new(
            "weights",
            "The residual variance σ² is that of a row of weight 1; every row counts once in the \
             variances of the predictors.",
        ));
    }
    let random = model.random(&model.here);
    let zero: Vec<String> = fit
        .varcorr()
        .iter()
        .zip(&random)
        .filter(|(_, v)| **v == 0.0)
        .map(|(b, _)| format!("`{}`", b.group))
        .collect();
    if !zero.is_empty() {
        notes.push(Note::new(
            "zero_variance",
            format!(
                "The variance between {} is estimated as zero, so its share is 0. The delta method \
                 gives no interval there; those of shares that are 0 or 1 end where the criterion \
                 of the fit has risen by {:.2}, as profile likelihood intervals do.",
                zero.join(", "),
                model.z().powi(2)
            ),
        ));
    }
    if model.distribution.is_some() {
        notes.extend(performance_of_counts(model));
        return notes;
    }
    if let Some(counted) = counted_by_performance(model) {
        let (fixed, residual) = (model.fixed(&model.here), fit.sigma().powi(2));
        let all = fixed + counted + residual;
        notes.push(Note::new(
            "all_terms",
            format!(
                "All random effects count here. R's performance (0.10) leaves out the later terms \
                 of a group, such as those that `||` makes, and random effects without a fixed \
                 effect of the same name: it prints ICC {:.3} (adjusted) and {:.3} (unadjusted), \
                 R² {:.3} (marginal) and {:.3} (conditional).",
                counted / (counted + residual),
                counted / all,
                fixed / all,
                (fixed + counted) / all
            ),
        ));
    }
    notes
}

/// What R's performance prints where its λ is another one.
fn performance_of_counts(model: &Model) -> Option<Note> {
    let fit = model.fit;
    let ours = model.distribution.as_ref()?;
    if ours.method != "lognormal" || ours.lambda_from != Some("null_model") {
        return None;
    }
    let theirs = fit.distribution_by(LinkVariance::Theoretical, NullMean::Median)?;
    let (fixed, random) = (model.fixed(&model.here), model.all_random(&model.here));
    let residual = theirs.variance + theirs.observation_level;
    let all = fixed + random + residual;
    Some(Note::new(
        "other_lambda",
        format!(
            "Tools differ in λ. R's performance (0.10) takes exp(β₀) = {:.4}, without ½Σσ² of the \
             random effects: it prints ICC {:.3} (adjusted) and {:.3} (unadjusted), R² {:.3} (marginal) \
             and {:.3} (conditional).",
            theirs.lambda.unwrap_or(f64::NAN),
            random / (random + residual),
            random / all,
            fixed / all,
            (fixed + random) / all
        ),
    ))
}

/// The variance of the random effects that R's performance counts, looked at in version 0.10.2: of
/// the first term of each group, and of columns that are among the fixed effects. `None` where
/// these are all.
fn counted_by_performance(model: &Model) -> Option<f64> {
    let fit = model.fit;
    let covariances = model.covariances(&model.here);
    let names = fit.recipe().fixed_names();
    let (mut seen, mut left_out, mut sum) = (Vec::new(), false, 0.0);
    for (index, block) in fit.varcorr().iter().enumerate() {
        let again = seen.contains(&block.factor);
        seen.push(block.factor);
        let counts: Vec<bool> = block
            .terms
            .iter()
            .map(|t| !again && (t == "(Intercept)" || names.contains(t)))
            .collect();
        left_out |= counts.contains(&false);
        let k = counts.len();
        let product = &fit.moments().random_product[index];
        sum += (0..k * k)
            .filter(|at| counts[at / k] && counts[at % k])
            .map(|at| covariances[index][at] * product[at])
            .sum::<f64>();
    }
    left_out.then_some(sum)
}
