//! All variance in pieces (Rights and Sterba 2019, *Psychological Methods* 24:309).
//!
//! Total = f + v + m + σ², with f = β'Φβ the fixed effects, v = tr(TΣ) the random slopes about the mean
//! of their predictors, m = μ'Tμ the random effects at that mean (τ00 where predictors are centred). With
//! one grouping factor each piece lies within or between the groups: a predictor is split as
//! x = (x − x̄_j) + x̄_j, so f = f1 + f2 and v = v_w + v_b. Where every predictor is centred within groups
//! or is one of groups, these are exactly the measures of Rights and Sterba; otherwise the split is
//! still exact, but one coefficient stands for what may be two effects, and the note says so.

use serde::Serialize;

use super::algebra::trace;
use super::point::{Model, Point, Share};
use crate::linear::quadratic;
use crate::{Error, Fit, Note};

/// The pieces of the variance that the model implies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decomposition {
    /// The grouping factor; `None` where there are several or none, and then nothing is split into
    /// within and between.
    pub group: Option<String>,
    /// Of all variance.
    pub total: Total,
    /// Of the variance within groups.
    pub within: Option<Within>,
    /// Of the variance between groups.
    pub between: Option<Between>,
    /// Whether every predictor varies only within groups or only between them.
    pub centred: Option<bool>,
    /// Where each fixed effect's predictor varies.
    pub predictors: Vec<ColumnLevel>,
    /// The measures as Rights and Sterba name them, with intervals and definitions.
    pub measures: Vec<Share>,
    /// What the reader should know besides.
    pub notes: Vec<Note>,
}

/// Shares of all variance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Total {
    /// The variance itself.
    pub variance: f64,
    /// Fixed effects of what varies within groups.
    pub f1: Option<f64>,
    /// Fixed effects of what varies between groups.
    pub f2: Option<f64>,
    /// All fixed effects.
    pub f: f64,
    /// Random slopes.
    pub v: f64,
    /// Random effects at the mean of their predictors.
    pub m: f64,
    /// Residual.
    pub residual: f64,
}

/// Shares of the variance within groups.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Within {
    /// The variance itself.
    pub variance: f64,
    /// Fixed effects.
    pub f1: f64,
    /// Random slopes.
    pub v: f64,
    /// Residual.
    pub residual: f64,
}

/// Shares of the variance between groups.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Between {
    /// The variance itself.
    pub variance: f64,
    /// Fixed effects.
    pub f2: f64,
    /// Random effects, those of slopes through the means of the groups included.
    pub m: f64,
}

/// Where a predictor varies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnLevel {
    /// The fixed effect.
    pub term: String,
    /// `within`, `between` or `both`.
    pub level: &'static str,
    /// Share of its variance that lies between the groups.
    pub between_share: f64,
}

/// A share of variance between groups below which, or above one less which, there is none:
/// rounding.
const ROUNDING: f64 = 1e-9;

/// Covariances of means of groups, and of what is left within.
pub(super) struct Split {
    /// Of the columns of X, p × p, divisor n − 1.
    pub fixed_between: Vec<f64>,
    /// For each block of the factor: of its columns.
    pub random: Vec<Spread>,
}

/// A covariance matrix, k × k by rows, in its two parts.
pub(super) struct Spread {
    pub between: Vec<f64>,
    pub within: Vec<f64>,
}

impl Split {
    /// Over the groups of a factor.
    pub fn of(fit: &Fit, factor: usize) -> Result<Self, Error> {
        let means = fit.statistics()?.level_means(factor);
        let moments = fit.moments();
        let n = fit.nobs() as f64;
        let p = fit.fixef().len();
        let width = fit.widths()[factor];
        let mut fixed_between = vec![0.0; p * p];
        let mut faces = vec![0.0; width * width];
        let mut centre = vec![0.0; width];
        for (level, &size) in means.sizes.iter().enumerate() {
            let face = &means.random[level * width..(level + 1) * width];
            for (sum, z) in centre.iter_mut().zip(face) {
                *sum += f64::from(size) * z / n;
            }
        }
        let mut distance = vec![0.0; p.max(width)];
        for (level, &size) in means.sizes.iter().enumerate() {
            let size = f64::from(size) / (n - 1.0);
            let own = &means.fixed[level * p..(level + 1) * p];
            for ((d, x), mean) in distance.iter_mut().zip(own).zip(&moments.fixed_mean) {
                *d = x - mean;
            }
            for i in 0..p {
                let scaled = size * distance[i];
                for j in 0..=i {
                    fixed_between[i * p + j] += scaled * distance[j];
                }
            }
            let face = &means.random[level * width..(level + 1) * width];
            for ((d, z), mean) in distance.iter_mut().zip(face).zip(&centre) {
                *d = z - mean;
            }
            for i in 0..width {
                for j in 0..width {
                    faces[i * width + j] += size * distance[i] * distance[j];
                }
            }
        }
        for i in 0..p {
            for j in 0..i {
                fixed_between[j * p + i] = fixed_between[i * p + j];
            }
        }
        let random = fit
            .varcorr()
            .iter()
            .enumerate()
            .filter(|(_, b)| b.factor == factor)
            .map(|(index, block)| {
                let k = block.terms.len();
                let between: Vec<f64> = (0..k * k)
                    .map(|at| faces[(block.offset + at / k) * width + block.offset + at % k])
                    .collect();
                let all = covariance(fit, index);
                let within = all.iter().zip(&between).map(|(a, b)| a - b).collect();
                Spread { between, within }
            })
            .collect();
        Ok(Self {
            fixed_between,
            random,
        })
    }
}

/// Covariance matrix over the rows of the columns of a block, divisor n − 1.
fn covariance(fit: &Fit, block: usize) -> Vec<f64> {
    let n = fit.nobs() as f64;
    let moments = fit.moments();
    let mean = &moments.random_mean[block];
    let k = mean.len();
    (0..k * k)
        .map(|at| moments.random_product[block][at] - mean[at / k] * mean[at % k])
        .map(|x| x * n / (n - 1.0))
        .collect()
}

impl Fit {
    /// The pieces of the variance, with intervals at `confidence`. Within and between need the
    /// statistics of the rows; a loaded fit gives the total only.
    pub fn decomposition(&self, confidence: f64) -> Decomposition {
        let model = Model::of(self, confidence);
        let blocks = model.blocks();
        let spreads: Vec<Vec<f64>> = (0..blocks).map(|b| covariance(self, b)).collect();
        let slopes = |p: &Point| -> f64 {
            let covariances = model.covariances(p);
            (covariances.iter().zip(&spreads).enumerate())
                .filter(|(block, _)| !model.is_dispersion(*block))
                .fold(0.0, |sum, (_, (t, s))| sum + trace(t, s))
        };
        let means = |p: &Point| -> f64 {
            let covariances = model.covariances(p);
            let centres = &self.moments().random_mean;
            (covariances.iter().zip(centres).enumerate())
                .filter(|(block, _)| !model.is_dispersion(*block))
                .fold(0.0, |sum, (_, (t, m))| sum + quadratic(m, t))
        };
        let residual = |p: &Point| model.residual(p);
        let fixed = |p: &Point| model.fixed(p);
        let all = |p: &Point| fixed(p) + slopes(p) + means(p) + residual(p);
        let here = &model.here;
        let mut notes = Vec::new();
        let mut factors: Vec<usize> = self.varcorr().iter().map(|b| b.factor).collect();
        factors.sort_unstable();
        factors.dedup();
        let split = match factors.as_slice() {
            _ if model.distribution.is_some() => {
                notes.push(Note::new(
                    "link_scale",
                    "Rights and Sterba's measures are of gaussian models: these pieces are on the scale \
                     of the link, and those within and between groups are left out.",
                ));
                None
            }
            &[factor] => match Split::of(self, factor) {
                Ok(split) => Some(split),
                Err(error) => {
                    notes.push(Note::new(
                        "needs_rows",
                        format!("Within and between are left out: {error}."),
                    ));
                    None
                }
            },
            [] => None,
            _ => {
                notes.push(Note::new(
                    "several_groups",
                    "With several grouping factors there is no one line between within and \
                     between: the decomposition is of the total only.",
                ));
                None
            }
        };
        let total = Total {
            variance: all(here),
            f1: None,
            f2: None,
            f: fixed(here) / all(here),
            v: slopes(here) / all(here),
            m: means(here) / all(here),
            residual: residual(here) / all(here),
        };
        let mut out = Decomposition {
            group: None,
            total,
            within: None,
            between: None,
            centred: None,
            predictors: Vec::new(),
            measures: Vec::new(),
            notes,
        };
        let whole = "in all variance";
        let measure = |name: &str, what: &str, of: &str, f: &dyn Fn(&Point) -> f64| {
            model.share(name, format!("share of {what} {of}"), f)
        };
        let mut measures = Vec::new();
        if let Some(split) = &split {
            let between = |p: &Point| quadratic(&p.beta, &split.fixed_between);
            let within = |p: &Point| (fixed(p) - between(p)).max(0.0);
            let random = |p: &Point, side: fn(&Spread) -> &[f64]| -> f64 {
                let covariances = model.covariances(p);
                let pairs = covariances.iter().zip(&split.random);
                pairs.fold(0.0, |sum, (t, s)| sum + trace(t, side(s)))
            };
            let slopes_within = |p: &Point| random(p, |s| &s.within).max(0.0) + 0.0;
            let random_between = |p: &Point| means(p) + random(p, |s| &s.between);
            let inside = |p: &Point| within(p) + slopes_within(p) + residual(p);
            let outside = |p: &Point| between(p) + random_between(p);
            out.group = self.varcorr().first().map(|b| b.group.clone());
            out.total.f1 = Some(within(here) / all(here));
            out.total.f2 = Some(between(here) / all(here));
            out.within = Some(Within {
                variance: inside(here),
                f1: within(here) / inside(here),
                v: slopes_within(here) / inside(here),
                residual: residual(here) / inside(here),
            });
            let outer = outside(here);
            let over = |x: f64| if outer > 0.0 { x / outer } else { 0.0 };
            out.between = Some(Between {
                variance: outer,
                f2: over(between(here)),
                m: over(random_between(here)),
            });
            self.column_levels(split, &mut out);
            let ratio = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
            let (f1, f2) = (
                "the fixed effects of what varies within groups",
                "the fixed effects of what varies between groups",
            );
            measures.extend([
                measure("R2_t(f1)", f1, whole, &|p| within(p) / all(p)),
                measure("R2_t(f2)", f2, whole, &|p| between(p) / all(p)),
                measure("R2_w(f1)", f1, "in the variance within groups", &|p| {
                    within(p) / inside(p)
                }),
                measure(
                    "R2_w(v)",
                    "the random slopes",
                    "in the variance within groups",
                    &|p| slopes_within(p) / inside(p),
                ),
                measure(
                    "R2_w(f1v)",
                    "fixed effects and random slopes",
                    "in the variance within groups",
                    &|p| (within(p) + slopes_within(p)) / inside(p),
                ),
                measure("R2_b(f2)", f2, "in the variance between groups", &|p| {
                    ratio(between(p), outside(p))
                }),
                measure(
                    "R2_b(m)",
                    "the differences between groups that the fixed effects leave",
                    "in the variance between groups",
                    &|p| ratio(random_between(p), outside(p)),
                ),
            ]);
        }
        measures.extend([
            measure("R2_t(f)", "all fixed effects", whole, &|p| {
                fixed(p) / all(p)
            }),
            measure("R2_t(v)", "the random slopes", whole, &|p| {
                slopes(p) / all(p)
            }),
            measure(
                "R2_t(m)",
                "the random effects at the mean of their predictors",
                whole,
                &|p| means(p) / all(p),
            ),
            measure("R2_t(fv)", "fixed effects and random slopes", whole, &|p| {
                (fixed(p) + slopes(p)) / all(p)
            }),
            measure("R2_t(fvm)", "fixed and random effects", whole, &|p| {
                (fixed(p) + slopes(p) + means(p)) / all(p)
            }),
        ]);
        out.measures = measures;
        out
    }

    /// Where each predictor varies, and what follows for the reading.
    fn column_levels(&self, split: &Split, out: &mut Decomposition) {
        let p = self.fixef().len();
        let mut mixed = Vec::new();
        for (j, term) in self.fixed_names().iter().enumerate() {
            let all = self.moments().fixed_cov[j * p + j];
            // The intercept, and what is constant beside it, varies nowhere.
            let mean = self.moments().fixed_mean[j];
            if all <= 1e-20 * mean * mean {
                continue;
            }
            let share = (split.fixed_between[j * p + j] / all).clamp(0.0, 1.0);
            let level = if share < ROUNDING {
                "within"
            } else if share > 1.0 - ROUNDING {
                "between"
            } else {
                mixed.push(format!("`{term}`"));
                "both"
            };
            out.predictors.push(ColumnLevel {
                term: (*term).to_owned(),
                level,
                between_share: share,
            });
        }
        out.centred = Some(mixed.is_empty());
        if !mixed.is_empty() {
            out.notes.push(Note::new(
                "not_centred",
                format!(
                    "{} {} both within and between groups, so one coefficient stands for what may \
                     be two effects. Within and between are split by the means of the groups; r2mlm \
                     gives the total only here. Centre within groups, with the means as further \
                     predictors, to tell the effects apart.",
                    mixed.join(", "),
                    if mixed.len() == 1 { "varies" } else { "vary" }
                ),
            ));
        }
    }
}
