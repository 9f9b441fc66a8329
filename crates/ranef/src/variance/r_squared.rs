//! R² and everything beside it in one table.

use serde::Serialize;

use super::comparison::VarianceComparison;
use super::decomposition::Decomposition;
use super::distribution::DistributionVariance;
use super::icc;
use super::point::{Model, Share};
use super::reliability::{Reliability, SlopeShare};
use super::semi_partial::{SemiPartial, above};
use crate::{Fit, Note};

/// What the model explains, in shares of variance.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RSquared {
    /// Share of the fixed effects in all variance: σ²_f/(σ²_f + σ²_l + σ²) (Nakagawa and Schielzeth
    /// 2013).
    pub marginal: f64,
    /// Share of fixed and random effects: (σ²_f + σ²_l)/(σ²_f + σ²_l + σ²).
    pub conditional: f64,
    /// What they are made of.
    pub variances: Variances,
    /// In a generalised model, the variance of the distribution that stands in the place of σ².
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution: Option<DistributionVariance>,
    /// The reconciled table: marginal, conditional, ICC adjusted and unadjusted.
    pub rows: Vec<Share>,
    /// The pieces of Rights and Sterba (2019).
    pub decomposition: Decomposition,
    /// Semi-partial R² of fixed effects.
    pub semi_partial: Vec<SemiPartial>,
    /// Reliability of the groups' coefficients.
    pub reliability: Vec<Reliability>,
    /// What differences in slopes add.
    pub slopes: Vec<SlopeShare>,
    /// The comparison with another model, where one was asked for.
    pub against: Option<VarianceComparison>,
    /// Level of the intervals.
    pub confidence: f64,
    /// What the reader should know besides.
    pub notes: Vec<Note>,
}

/// The variances that the shares divide.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Variances {
    /// Of Xβ̂ over the rows, divisor n − 1, offset left out.
    pub fixed: f64,
    /// Of the random effects: the mean over the rows of z'Tz, all terms together (Johnson 2014).
    pub random: f64,
    /// σ²; in a generalised model the variance of the distribution on the scale of the link, with
    /// what random effects of single rows add to it.
    pub residual: f64,
}

impl Fit {
    /// R² and all shares beside it, with intervals at `confidence` (such as 0.95). What needs the
    /// statistics of the rows is left out for a loaded fit, and a note says so.
    pub fn r_squared(&self, confidence: f64) -> RSquared {
        let model = Model::of(self, confidence);
        let mut notes = icc::notes(&model);
        let rows = shares(&model);
        let decomposition = self.decomposition(confidence);
        let mut keep = |result: Result<(), crate::Error>, what: &str| {
            if let Err(error) = result {
                notes.push(Note::new(
                    "needs_rows",
                    format!("{what} left out: {error}."),
                ));
            }
        };
        let (mut semi_partial, mut reliability, mut slopes) = Default::default();
        keep(
            self.reliability().map(|x| reliability = x),
            "Reliability is",
        );
        if self.family().is_gaussian() {
            let found = self.semi_partial(confidence).map(|x| semi_partial = x);
            keep(found, "Semi-partial R² is");
            keep(
                self.slope_shares().map(|x| slopes = x),
                "The share of slopes is",
            );
        } else {
            notes.push(Note::new(
                "linear_only",
                "Semi-partial R² and the share of slopes in the variance of the response are left out: \
                 they are defined for gaussian models.",
            ));
        }
        notes.extend(above(&semi_partial));
        RSquared {
            marginal: rows[0].estimate,
            conditional: rows[1].estimate,
            variances: Variances {
                fixed: model.fixed(&model.here),
                random: model.all_random(&model.here),
                residual: model.residual(&model.here),
            },
            distribution: model.distribution,
            rows,
            decomposition,
            semi_partial,
            reliability,
            slopes,
            against: None,
            confidence,
            notes,
        }
    }

    /// Marginal and conditional R² and both intraclass correlations.
    pub(crate) fn shares(&self, confidence: f64) -> Vec<Share> {
        shares(&Model::of(self, confidence))
    }
}

impl RSquared {
    /// The same with a comparison beside it, from [`Fit::variance_against`].
    pub fn against(mut self, comparison: VarianceComparison) -> Self {
        self.against = Some(comparison);
        self
    }
}

fn shares(model: &Model) -> Vec<Share> {
    let marginal = model.share(
        "marginal",
        "share of the fixed effects in all variance: σ²_f/(σ²_f + σ²_l + σ²)",
        |p| {
            let (fixed, random) = (model.fixed(p), model.all_random(p));
            fixed / (fixed + random + model.residual(p))
        },
    );
    let conditional = model.share(
        "conditional",
        "share of fixed and random effects together: (σ²_f + σ²_l)/(σ²_f + σ²_l + σ²)",
        |p| {
            let (fixed, random) = (model.fixed(p), model.all_random(p));
            (fixed + random) / (fixed + random + model.residual(p))
        },
    );
    vec![
        marginal,
        conditional,
        icc::adjusted(model),
        icc::unadjusted(model),
    ]
}
