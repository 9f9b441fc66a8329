//! Which figures a report has, and where.
//!
//! A figure that makes no sense for a model is left out without a word; one that could not be made
//! says why.

use ranef::frame::Source;
use ranef::{
    Diagnostics, Error, Fit, GroupLinesOptions, PredictorKind, PredictorRange, RandomBlock,
};
use ranef_figures::{
    Caterpillar, CaterpillarOptions, Chart, CheckPanel, Coefficients, CoefficientsOptions,
    Figure as _, Lines, PoolingFacets, PredictedOptions, PredictedValues, Shrinkage,
    VarianceShares, VpcCurve,
};

use crate::document::{Block, Figure};
use crate::sections::{LEVEL, missing, uninterrupted};

/// Rows that are drawn behind predicted values, at most.
const POINTS: usize = 1000;

/// Errors that say that a figure makes no sense for a model: it is not missed.
const NO_SENSE: [&str; 3] = ["no_slope", "no_predictors", "no_coefficients"];

/// The figures made so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    without: bool,
    names: Vec<String>,
}

impl Figures {
    pub fn new(without: bool) -> Self {
        Self {
            without,
            names: Vec::new(),
        }
    }

    /// A figure, or why there is none.
    fn place(
        &mut self,
        name: &str,
        what: &str,
        chart: impl FnOnce() -> Result<Chart, Error>,
    ) -> Result<Option<Block>, Error> {
        if self.without {
            return Ok(None);
        }
        let chart = match uninterrupted(chart())? {
            Ok(chart) => chart,
            Err(error) if NO_SENSE.contains(&error.code()) => return Ok(None),
            Err(error) => return Ok(Some(missing(what, &error))),
        };
        let clean = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let stem: String = name.chars().map(clean).collect();
        let mut name = stem.clone();
        let mut number = 2;
        while self.names.contains(&name) {
            name = format!("{stem}-{number}");
            number += 1;
        }
        self.names.push(name.clone());
        Ok(Some(Block::Figure(Box::new(Figure {
            name,
            number: self.names.len(),
            chart,
        }))))
    }

    /// Every coefficient with its interval, where there are others than an intercept.
    pub fn coefficients(&mut self, fit: &Fit) -> Result<Option<Block>, Error> {
        if fit.fixed_names().iter().all(|name| *name == "(Intercept)") {
            return Ok(None);
        }
        self.place("coefficients", "The figure of the coefficients", || {
            let options = CoefficientsOptions::default().level(LEVEL);
            Ok(Coefficients::of([("", fit)], &options)?.chart())
        })
    }

    /// Expected responses along the first predictor, with the rows behind them where they are at
    /// hand.
    pub fn predictions(
        &mut self,
        fit: &Fit,
        rows: Option<&dyn Source>,
    ) -> Result<Option<Block>, Error> {
        if !fit.predictors().is_ok_and(|all| !all.is_empty()) {
            return Ok(None);
        }
        self.place("predictions", "The figure of predicted values", || {
            let options = PredictedOptions::default()
                .level(LEVEL)
                .points(if rows.is_some() { POINTS } else { 0 });
            Ok(PredictedValues::of(fit, rows, &options)?.chart())
        })
    }

    /// The random effects of the groups of one factor.
    pub fn caterpillar(&mut self, fit: &Fit, group: &str) -> Result<Option<Block>, Error> {
        let name = format!("caterpillar-{group}");
        self.place(
            &name,
            &format!("The figure of the groups of {group}"),
            || {
                let options = CaterpillarOptions::default().group(group).level(LEVEL);
                Ok(Caterpillar::of(fit, &options)?.chart())
            },
        )
    }

    /// What pooling did: the lines of all groups, arrows from no pooling to partial pooling, and
    /// facets of some groups.
    pub fn groups(&mut self, fit: &Fit, rows: Option<&dyn Source>) -> Result<Vec<Block>, Error> {
        let mut out = Vec::new();
        let Some(first) = fit.varcorr().first() else {
            return Ok(out);
        };
        let gaussian = fit.family().is_gaussian();
        if gaussian && first.terms.len() > 1 {
            out.extend(self.place("shrinkage", "The figure of shrinkage", || {
                Ok(Shrinkage::of(fit, None, &[], None)?.chart())
            })?);
        }
        let Some(rows) = rows.filter(|_| has_lines(fit)) else {
            return Ok(out);
        };
        let options = GroupLinesOptions::default();
        out.extend(self.place("lines", "The figure of the groups' lines", || {
            Ok(Lines::of(fit, rows, &options, gaussian)?.chart())
        })?);
        if gaussian {
            out.extend(self.place("facets", "The figure of pooling by group", || {
                Ok(PoolingFacets::of(fit, rows, &options, None, None, None)?.chart())
            })?);
        }
        Ok(out)
    }

    /// Shares of variance, and how they change along a random slope.
    pub fn variance(&mut self, fit: &Fit) -> Result<Vec<Block>, Error> {
        let mut out = Vec::new();
        if fit.varcorr().is_empty() {
            return Ok(out);
        }
        out.extend(
            self.place("variance", "The figure of shares of variance", || {
                Ok(VarianceShares::of(fit, LEVEL).chart())
            })?,
        );
        if (fit.recipe().random().iter()).any(|t| t.names.len() > t.constant.iter().len()) {
            out.extend(
                self.place("vpc", "The figure of shares along a predictor", || {
                    Ok(VpcCurve::of(fit, &[])?.chart())
                })?,
            );
        }
        Ok(out)
    }

    /// The panel of checks.
    pub fn checks(&mut self, fit: &Fit, shown: &Diagnostics) -> Result<Option<Block>, Error> {
        self.place("checks", "The figure of the checks", || {
            Ok(CheckPanel::from(fit, shown).chart())
        })
    }
}

/// Whether there is a predictor of numbers that the lines of groups may run over.
fn has_lines(fit: &Fit) -> bool {
    let numbers = |p: &PredictorRange| matches!(p.values, PredictorKind::Numbers { .. });
    let slope = |b: &RandomBlock| b.terms.iter().any(|t| t != "(Intercept)");
    fit.predictors().is_ok_and(|all| all.iter().any(numbers)) || fit.varcorr().iter().any(slope)
}
