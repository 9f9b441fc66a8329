//! The kinds of figures that show what a model says: groups, coefficients, predictions.

use ranef::{Fit, GroupLinesOptions, PredictorKind, PredictorRange, RandomBlock};
use ranef_figures::{
    Caterpillar, CaterpillarOptions, Coefficients, CoefficientsOptions, Lines, PoolingFacets,
    PredictedOptions, PredictedValues, Shrinkage, SlopeCurve,
};

use super::FigureArguments;
use super::kinds::{GROUPS, Kind, NO_ROWS, drawn};
use crate::arguments::MeansRe;

const ROWS: fn(&FigureArguments) -> bool = |_| true;
const LINEAR_GROUPS: fn(&Fit) -> bool = |fit| GROUPS(fit) && fit.family().is_gaussian();
/// Groups, and a predictor of numbers that lines may run over.
const SLOPES: fn(&Fit) -> bool = |fit| {
    let slopes = |p: &PredictorRange| matches!(p.values, PredictorKind::Numbers { .. });
    let random = |b: &RandomBlock| b.terms.iter().any(|t| t != "(Intercept)");
    let fixed = fit.predictors().is_ok_and(|all| all.iter().any(slopes));
    GROUPS(fit) && (fixed || fit.varcorr().iter().any(random))
};

/// All of them, in the order of the list.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "lines",
        shows: "every group's line over a predictor, and the population's",
        takes: &["x", "group", "groups", "only", "complete", "scale"],
        several: false,
        rows: ROWS,
        suits: SLOPES,
        draw: |asked| {
            let a = asked.arguments;
            let lines = Lines::of(asked.fit(), asked.rows()?, &a.lines(), a.complete);
            drawn(lines)
        },
    },
    Kind {
        name: "pooling",
        shows: "complete, no and partial pooling, a facet for each group",
        takes: &["x", "group", "groups", "only"],
        several: false,
        rows: ROWS,
        suits: LINEAR_GROUPS,
        draw: |asked| {
            let a = asked.arguments;
            let (group, x) = (a.group.as_deref(), a.x.as_deref());
            let (fit, rows) = (asked.fit(), asked.rows()?);
            drawn(PoolingFacets::of(fit, rows, &a.lines(), group, x, a.groups))
        },
    },
    Kind {
        name: "shrinkage",
        shows: "arrows from every group's own regression to the multilevel model",
        takes: &["group", "term", "groups"],
        several: false,
        rows: ROWS,
        suits: LINEAR_GROUPS,
        draw: |asked| {
            let a = asked.arguments;
            let group = a.group.as_deref();
            drawn(Shrinkage::of(asked.fit(), group, &a.term, a.groups))
        },
    },
    Kind {
        name: "caterpillar",
        shows: "every group's random effects with intervals, sorted",
        takes: &["group", "term", "own-order", "groups"],
        several: false,
        rows: NO_ROWS,
        suits: GROUPS,
        draw: |asked| {
            let a = asked.arguments;
            let mut options = CaterpillarOptions::default()
                .terms(&a.term)
                .own_order(a.own_order)
                .level(a.level);
            if let Some(group) = &a.group {
                options = options.group(group);
            }
            if let Some(most) = a.groups {
                options = options.most(most);
            }
            drawn(Caterpillar::of(asked.fit(), &options))
        },
    },
    Kind {
        name: "coefficients",
        shows: "fixed effects with intervals, several models side by side",
        takes: &["term", "intercept", "standardized", "no-ratios"],
        several: true,
        rows: NO_ROWS,
        suits: |fit| fit.recipe().fixed_names().len() > 1,
        draw: |asked| {
            let a = asked.arguments;
            let options = CoefficientsOptions::default()
                .terms(&a.term)
                .intercept(a.intercept)
                .standardized(a.standardized)
                .ratios(!a.no_ratios)
                .level(a.level);
            let models = asked.fits.iter().map(|(name, fit)| (name.as_str(), fit));
            drawn(Coefficients::of(models, &options))
        },
    },
    Kind {
        name: "predictions",
        shows: "predicted values with bands over a predictor, by another or by group",
        takes: &[
            "x", "by", "at", "group", "groups", "only", "points", "scale", "re",
        ],
        several: false,
        rows: |a| a.points || a.group.is_some(),
        suits: |fit| fit.predictors().is_ok_and(|p| !p.is_empty()),
        draw: |asked| {
            let a = asked.arguments;
            let mut options = PredictedOptions::default()
                .levels(&a.only)
                .level(a.level)
                .average(a.re == Some(MeansRe::Average))
                .points(if a.points { POINTS } else { 0 });
            if let Some(scale) = a.scale {
                options = options.scale(scale.into());
            }
            if let Some(x) = &a.x {
                options = options.x(x);
            }
            if let Some(by) = &a.by {
                options = options.by(by);
            }
            if let Some(group) = &a.group {
                options = options.group(group);
            }
            if let Some(groups) = a.groups {
                options = options.groups(groups);
            }
            for (name, values) in &a.at {
                options = options.at(name, values);
            }
            let rows = match a.points || a.group.is_some() {
                true => Some(asked.rows()?),
                false => None,
            };
            drawn(PredictedValues::of(asked.fit(), rows, &options))
        },
    },
    Kind {
        name: "johnson-neyman",
        shows: "the slope of one predictor over another, and where it differs from 0",
        takes: &["x", "by", "at"],
        several: false,
        rows: NO_ROWS,
        suits: |fit| SlopeCurve::of(fit, None, None, &[], 0.95).is_ok(),
        draw: |asked| {
            let a = asked.arguments;
            let (x, by) = (a.x.as_deref(), a.by.as_deref());
            drawn(SlopeCurve::of(asked.fit(), x, by, &a.at, a.level))
        },
    },
];

/// Rows of the data that are drawn at most.
const POINTS: usize = 3000;

impl FigureArguments {
    /// The lines of groups that are asked for.
    fn lines(&self) -> GroupLinesOptions {
        let mut options = GroupLinesOptions::default()
            .levels(&self.only)
            .level(self.level);
        if let Some(x) = &self.x {
            options = options.x(x);
        }
        if let Some(group) = &self.group {
            options = options.group(group);
        }
        if let Some(groups) = self.groups {
            options = options.most(groups);
        }
        if let Some(scale) = self.scale {
            options = options.scale(scale.into());
        }
        options
    }
}
