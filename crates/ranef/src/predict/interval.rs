//! How far a prediction may be off: its variance, what that is made of, and the interval.

use ranef_engine::lmm::{self, Drawn, JointChangesRows, JointRows, LevelColumns};
use ranef_engine::{Entry, Layout};
use serde::{Serialize, Serializer};

use crate::generalised::smooth::FamilyCovariance;
use crate::linear::{Quantiles, quadratic};
use crate::rows::layout;
use crate::{DfMethod, Error, Fit};

/// What an interval is meant to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Interval {
    /// The expected value of the response.
    Confidence,
    /// One observation yet to be made.
    Prediction,
}

/// The variance of a prediction, by where it comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Budget {
    /// The fixed effects are estimates.
    pub fixed: f64,
    /// The effects of known groups would be estimates even if the fixed effects were known.
    pub random: f64,
    /// New groups differ from the average by their random effects.
    pub groups: f64,
    /// A new observation differs from its expected value.
    pub residual: f64,
}

impl Budget {
    /// All of it.
    pub fn total(&self) -> f64 {
        self.fixed + self.random + self.groups + self.residual
    }

    /// The parts divided by the whole; `None` where the whole is zero.
    pub fn shares(&self) -> Option<Budget> {
        let total = self.total();
        (total > 0.0).then(|| Budget {
            fixed: self.fixed / total,
            random: self.random / total,
            groups: self.groups / total,
            residual: self.residual / total,
        })
    }

    pub(super) fn add(&mut self, other: &Budget) {
        self.fixed += other.fixed;
        self.random += other.random;
        self.groups += other.groups;
        self.residual += other.residual;
    }

    pub(super) fn divided_by(self, n: f64) -> Budget {
        Budget {
            fixed: self.fixed / n,
            random: self.random / n,
            groups: self.groups / n,
            residual: self.residual / n,
        }
    }
}

/// As the shares of the variance.
impl Serialize for Budget {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shares {
            fixed: Option<f64>,
            random: Option<f64>,
            groups: Option<f64>,
            residual: Option<f64>,
        }
        let shares = self.shares();
        let part = |of: fn(&Budget) -> f64| shares.as_ref().map(of);
        Shares {
            fixed: part(|b| b.fixed),
            random: part(|b| b.random),
            groups: part(|b| b.groups),
            residual: part(|b| b.residual),
        }
        .serialize(serializer)
    }
}

/// The interval of one prediction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PredictedInterval {
    /// Standard error of the prediction.
    pub std_error: f64,
    /// Degrees of freedom of the t distribution; `None` where it is normal.
    pub df: Option<f64>,
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// Where the variance comes from.
    #[serde(rename = "shares")]
    pub variance: Budget,
}

/// A row for which an interval is wanted.
pub(super) struct RowAsked<'a> {
    /// Fixed columns.
    pub x: &'a [f64],
    /// Known groups with the columns of their faces.
    pub known: &'a [LevelColumns<'a>],
    /// Columns of the faces of new groups, by factor.
    pub new: &'a [(usize, &'a [f64])],
    /// Weight of the new observation, where one is meant.
    pub weight: Option<f64>,
}

/// Answers for one row after another.
pub(super) struct Answers<'a> {
    fit: &'a Fit,
    layout: Layout,
    entries: Vec<Entry>,
    lambda: Vec<Vec<f64>>,
    joint: Option<JointRows<'a>>,
    /// How that changes with θ, where degrees of freedom need it and it is at hand.
    changes: Option<JointChangesRows<'a>>,
    /// The covariance of the fixed effects by the fit's method for degrees of freedom.
    vcov: &'a [f64],
    /// How the effects move with the parameters of the family, for rows with known groups; and how
    /// sure these parameters are.
    drift: &'a [Drawn],
    family: FamilyCovariance,
    quantiles: Quantiles,
}

impl<'a> Answers<'a> {
    /// `groups`: whether rows will name known groups.
    pub fn new(fit: &'a Fit, groups: bool, level: f64) -> Result<Self, Error> {
        let layout = layout(fit.recipe());
        let changes = match (groups, fit.df_method()) {
            (true, DfMethod::Satterthwaite | DfMethod::KenwardRoger) => fit.joint_changes(),
            _ => None,
        };
        Ok(Self {
            lambda: layout.lambda(fit.theta()),
            entries: layout.entries(),
            layout,
            joint: match groups {
                true => Some(fit.joint()?.rows()),
                false => None,
            },
            changes: changes.map(lmm::JointChanges::rows),
            vcov: fit.tested_vcov(fit.df_method())?,
            drift: match groups {
                true => fit.drift()?,
                false => &[],
            },
            family: fit.family_covariance(),
            fit,
            quantiles: Quantiles::new(level),
        })
    }

    /// The interval around an expected value.
    pub fn interval(&self, expected: f64, row: &RowAsked<'_>) -> PredictedInterval {
        let sigma = self.fit.sigma();
        let mut variance = Budget::default();
        match &self.joint {
            Some(joint) if !row.known.is_empty() => {
                let found = joint.variance(row.x, row.known);
                (variance.fixed, variance.random) = (found.fixed, found.random);
                // That is given the parameters of the family, which are estimates as well.
                variance.fixed += quadratic(&self.moved(row), &self.family.own).max(0.0);
            }
            _ => variance.fixed = quadratic(row.x, self.vcov).max(0.0),
        }
        for &(factor, z) in row.new {
            let scaled = self.scaled(factor, z);
            variance.groups += sigma * sigma * scaled.iter().map(|x| x * x).sum::<f64>();
        }
        if let Some(weight) = row.weight {
            variance.residual = sigma * sigma / weight;
        }
        let std_error = variance.total().sqrt();
        let df = self.df(row, &variance);
        let half = self.quantiles.of(df) * std_error;
        PredictedInterval {
            std_error,
            df,
            lower: expected - half,
            upper: expected + half,
            variance,
        }
    }

    /// ∂η/∂ψ of a row with known groups; empty without ψ.
    fn moved(&self, row: &RowAsked<'_>) -> Vec<f64> {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let one = |drift: &Drawn| {
            let groups = row.known.iter().map(|&(factor, level, z)| {
                let first = level * z.len();
                dot(z, &drift.random[factor][first..first + z.len()])
            });
            dot(row.x, &drift.fixed) + groups.sum::<f64>()
        };
        let mut moved: Vec<f64> = self.drift.iter().map(one).collect();
        moved.resize(self.fit.nuisance().len(), 0.0);
        moved
    }

    /// The covariance of the errors of a row's linear predictor and of the parameters ψ of the family.
    pub fn with_family(&self, row: &RowAsked<'_>) -> Vec<f64> {
        let k = self.fit.nuisance().len();
        let mut out = vec![0.0; k];
        let (slopes, matrix) = match row.known.is_empty() {
            true => (row.x.to_vec(), &self.family.cross),
            false => (self.moved(row), &self.family.own),
        };
        for (row, slope) in matrix.chunks_exact(k.max(1)).zip(&slopes) {
            for (sum, c) in out.iter_mut().zip(row) {
                *sum += slope * c;
            }
        }
        out
    }

    /// The variance of a response whose linear predictor has the variance `own` and the covariance
    /// `with` with ψ, and whose slopes in η and ψ are given.
    pub fn response_variance(&self, own: f64, with: &[f64], slope: f64, nuisance: &[f64]) -> f64 {
        let mixed: f64 = with.iter().zip(nuisance).map(|(c, n)| c * n).sum();
        let variance =
            slope * slope * own + 2.0 * slope * mixed + quadratic(nuisance, &self.family.own);
        variance.max(0.0)
    }

    /// Λ'z of one face.
    fn scaled(&self, factor: usize, z: &[f64]) -> Vec<f64> {
        let k = self.layout.factors[factor].width;
        let lambda = &self.lambda[factor];
        (0..k)
            .map(|c| (c..k).map(|a| lambda[a * k + c] * z[a]).sum())
            .collect()
    }

    /// Whether intervals of known groups are normal for want of what degrees of freedom need.
    pub fn lacks_changes(&self) -> bool {
        let wanted = matches!(
            self.fit.df_method(),
            DfMethod::Satterthwaite | DfMethod::KenwardRoger
        );
        wanted && self.joint.is_some() && self.changes.is_none()
    }

    /// Satterthwaite's degrees of freedom of the whole variance, 2v²/(g'Ag) with g = ∂v/∂(θ, σ). Also
    /// for fits that take Kenward and Roger's for fixed effects, except for x'β alone, where these
    /// are defined.
    fn df(&self, row: &RowAsked<'_>, variance: &Budget) -> Option<f64> {
        let fit = self.fit;
        let fixed_only = row.known.is_empty() && row.new.is_empty() && row.weight.is_none();
        if fixed_only && variance.fixed > 0.0 {
            return fit.contrast_df(row.x);
        }
        match fit.df_method() {
            DfMethod::None => return None,
            DfMethod::Residual => return Some((fit.nobs() - fit.fixef().len()) as f64),
            DfMethod::Satterthwaite | DfMethod::KenwardRoger => {}
        }
        let total = variance.total();
        if total <= 0.0 {
            return None;
        }
        let (inference, sigma) = (fit.inference(), fit.sigma());
        let mut slopes: Vec<f64> = if row.known.is_empty() {
            let of = |change: &Vec<f64>| quadratic(row.x, change);
            inference.vcov_changes.iter().map(of).collect()
        } else {
            let mut slopes = self.changes.as_ref()?.slopes(row.x, row.known);
            slopes.push(2.0 * (variance.fixed + variance.random) / sigma);
            slopes
        };
        for &(factor, z) in row.new {
            let scaled = self.scaled(factor, z);
            for (slope, entry) in slopes.iter_mut().zip(&self.entries) {
                if entry.factor == factor {
                    *slope += 2.0 * sigma * sigma * z[entry.row] * scaled[entry.column];
                }
            }
        }
        let last = slopes.len() - 1;
        slopes[last] += 2.0 * (variance.groups + variance.residual) / sigma;
        slopes.iter_mut().for_each(|x| *x /= total);
        let df = 2.0 / quadratic(&slopes, &inference.covariance);
        (df > 0.0 && df.is_finite()).then_some(df)
    }
}
