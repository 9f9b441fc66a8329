//! The kinds of figures that look at the fit itself: variance, residuals, influence, profiles, areas.

use ranef::{AreasOptions, DeletionMethod, Diagnostics, DiagnosticsOptions, Fit};
use ranef_figures::{
    AreasPlot, CheckPanel, CooksDistances, LeveragePlot, ProfileZeta, QuantileFigure, ResidualPlot,
    ScaleLocation, SimulatedPlot, VarianceShares, VpcCurve,
};

use super::kinds::{Drawn, GROUPS, Kind, NO_ROWS, drawn};
use super::{Asked, FigureArguments};
use crate::error::Failure;

const ROWS: fn(&FigureArguments) -> bool = |_| true;
const ALL: fn(&Fit) -> bool = |_| true;
const GAUSSIAN: fn(&Fit) -> bool = |fit| fit.family().is_gaussian();
const SIMULATION: &[&str] = &["simulate", "replicates", "seed"];

/// All of them, in the order of the list.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "variance",
        shows: "R², intraclass correlations, and what all variance is made of",
        takes: &[],
        several: false,
        rows: NO_ROWS,
        suits: GROUPS,
        draw: |asked| drawn(Ok(VarianceShares::of(asked.fit(), asked.arguments.level))),
    },
    Kind {
        name: "vpc",
        shows: "the share of variance between groups along a predictor with random slopes",
        takes: &["term"],
        several: false,
        rows: NO_ROWS,
        suits: |fit| {
            (fit.recipe().random().iter()).any(|t| t.names.len() > t.constant.iter().len())
        },
        draw: |asked| drawn(VpcCurve::of(asked.fit(), &asked.arguments.term)),
    },
    Kind {
        name: "check",
        shows: "one page of checks, each with what to look for and the verdict",
        takes: SIMULATION,
        several: false,
        rows: ROWS,
        suits: ALL,
        draw: |asked| {
            let simulate = asked.arguments.simulate.given();
            drawn(CheckPanel::of(asked.fit(), asked.rows()?, simulate))
        },
    },
    Kind {
        name: "residuals",
        shows: "residuals against fitted values, with a smooth",
        takes: SIMULATION,
        several: false,
        rows: ROWS,
        suits: ALL,
        draw: |asked| {
            let options = match asked.arguments.simulate.given() {
                Some(how) => DiagnosticsOptions::default().simulate(how),
                None => DiagnosticsOptions::default(),
            };
            drawn(Ok(ResidualPlot::of(&diagnostics(asked, &options)?)))
        },
    },
    Kind {
        name: "scale-location",
        shows: "the size of residuals along the fitted values",
        takes: &[],
        several: false,
        rows: ROWS,
        suits: ALL,
        draw: |asked| drawn(Ok(ScaleLocation::of(&plain(asked)?))),
    },
    Kind {
        name: "qq",
        shows: "normal quantiles of the residuals, with a band",
        takes: &[],
        several: false,
        rows: ROWS,
        suits: GAUSSIAN,
        draw: |asked| drawn(QuantileFigure::of_residuals(&plain(asked)?)),
    },
    Kind {
        name: "qq-random",
        shows: "normal quantiles of each random effect, with bands",
        takes: &[],
        several: false,
        rows: NO_ROWS,
        suits: GROUPS,
        draw: |asked| drawn(QuantileFigure::of_random_effects(asked.fit(), None)),
    },
    Kind {
        name: "leverage",
        shows: "leverage and residual of each row, with contours of Cook's distance",
        takes: &[],
        several: false,
        rows: ROWS,
        suits: ALL,
        draw: |asked| drawn(Ok(LeveragePlot::of(&plain(asked)?))),
    },
    Kind {
        name: "cooks",
        shows: "Cook's distance of groups and rows, the largest named",
        takes: &[],
        several: false,
        rows: ROWS,
        suits: |fit| !fit.fixef().is_empty(),
        draw: |asked| {
            let options = DiagnosticsOptions::default()
                .rows()
                .groups(DeletionMethod::Automatic);
            drawn(CooksDistances::of(&diagnostics(asked, &options)?))
        },
    },
    Kind {
        name: "simulated",
        shows: "simulated residuals: uniform quantiles, and quartiles along expected values",
        takes: SIMULATION,
        several: false,
        rows: ROWS,
        suits: ALL,
        draw: |asked| {
            let how = asked.arguments.simulate.or_conditional();
            let options = DiagnosticsOptions::default().simulate(how);
            drawn(SimulatedPlot::of(&diagnostics(asked, &options)?))
        },
    },
    Kind {
        name: "profile",
        shows: "the profile of each parameter with intervals of several levels",
        takes: &["term"],
        several: false,
        rows: ROWS,
        suits: ALL,
        draw: |asked| drawn(ProfileZeta::of(asked.fit(), &asked.arguments.term)),
    },
    Kind {
        name: "areas",
        shows: "groups in order: own means, partial pooling, and intervals of their places",
        takes: &["group", "groups", "seed"],
        several: false,
        rows: ROWS,
        suits: GROUPS,
        draw: areas,
    },
];

fn diagnostics(asked: &Asked<'_>, options: &DiagnosticsOptions) -> Result<Diagnostics, Failure> {
    Ok(asked.fit().diagnostics(asked.rows()?, options)?)
}

/// Without simulations and deletions.
fn plain(asked: &Asked<'_>) -> Result<Diagnostics, Failure> {
    diagnostics(asked, &DiagnosticsOptions::default())
}

fn areas(asked: &Asked<'_>) -> Drawn {
    let a = asked.arguments;
    let mut options = AreasOptions::default().level(a.level).seed(a.simulate.seed);
    if let Some(group) = &a.group {
        options = options.group(group);
    }
    let fit = asked.fit();
    let found = fit.areas(asked.rows()?, &options)?;
    let response = fit.recipe().response_name().unwrap_or("response");
    drawn(Ok(AreasPlot::of(&found, response, a.groups)))
}
