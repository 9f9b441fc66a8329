//! Figures of variance, profiles, power and areas: their data against R and ranef's own answers.

mod models;
mod support;

use models::{drawn, near, sleep, ticks};
use ranef::{Answer, AreasOptions, lmer};
use ranef_figures::chart::Mark;
use ranef_figures::{AreasPlot, PowerCurve, PowerPoint, ProfileZeta, VarianceShares, VpcCurve};
use support::data;

#[test]
fn shares_as_in_performance_and_r2mlm() {
    let rows = data("sleep_unbal");
    let fit = lmer("Reaction ~ Days * grp + (Days | Subject)", &*rows).expect("a fit");
    let figure = VarianceShares::of(&fit, 0.95);
    // performance 0.10.2: R² marginal and conditional, ICC adjusted and unadjusted.
    let shares: Vec<f64> = figure.shares.iter().map(|s| s.estimate).collect();
    for (got, want) in shares.iter().zip([0.321460, 0.814580, 0.726737, 0.493120]) {
        near(*got, want, 1e-5);
    }
    let piece = |of: &str, name: &str| {
        let found = figure.pieces.iter().find(|p| p.of == of && p.piece == name);
        found.map(|p| p.share).expect("a piece")
    };
    // Rights and Sterba's formulas: v, m and the residual of the total.
    near(piece("total", "v"), 0.099931, 1e-5);
    near(piece("total", "m"), 0.393518, 1e-5);
    near(piece("total", "residual"), 0.185299, 1e-5);
    // Bars are whole.
    for of in ["total", "within", "between"] {
        let sum: f64 = figure
            .pieces
            .iter()
            .filter(|p| p.of == of)
            .map(|p| p.share)
            .sum();
        near(sum, 1.0, 1e-12);
    }
    let chart = drawn(&figure);
    assert!(chart.shared.x);
    // Each bar begins where the one before it ends.
    let mut ends: Vec<(f64, f64)> = Vec::new();
    for layer in &chart.panels[1].layers {
        if let Mark::Bars { at, from, to, .. } = &layer.mark {
            ends.extend(
                (0..at.len())
                    .filter(|&i| at[i] == 0.0)
                    .map(|i| (from[i], to[i])),
            );
        }
    }
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert!(ends.windows(2).all(|w| (w[0].1 - w[1].0).abs() < 1e-12));
}

#[test]
fn crossed_factors_have_shares_each() {
    let rows = data("Penicillin");
    let fit = lmer("diameter ~ 1 + (1 | plate) + (1 | sample)", &*rows).expect("a fit");
    let figure = VarianceShares::of(&fit, 0.9);
    let names: Vec<&str> = figure.shares.iter().map(|s| s.measure.as_str()).collect();
    assert_eq!(
        names,
        [
            "marginal",
            "conditional",
            "adjusted",
            "unadjusted",
            "plate",
            "sample"
        ]
    );
    assert!(figure.pieces.iter().all(|p| p.of == "total"));
    assert!(
        figure
            .notes
            .iter()
            .any(|n| n.contains("several grouping factors"))
    );
    drawn(&figure);
    let (fit, _) = ticks();
    let figure = VarianceShares::of(&fit, 0.95);
    assert_eq!(figure.link.as_deref(), Some("log"));
    drawn(&figure);
}

#[test]
fn shares_along_a_slope_as_goldstein_has_them() {
    let rows = data("sleep_unbal");
    let fit = lmer("Reaction ~ Days * grp + (Days | Subject)", &*rows).expect("a fit");
    let figure = VpcCurve::of(&fit, &[]).expect("a random slope");
    assert_eq!(figure.points.len(), 61);
    for (at, want) in [(0, 0.500), (30, 0.685), (60, 0.852)] {
        near(figure.points[at].vpc, want, 1e-3);
    }
    let turn = &figure.minima[0];
    // −τ01/τ11 and the least of the curve.
    near(turn.x, 0.0100618 * (643.199050f64 / 37.972361).sqrt(), 1e-3);
    assert!(figure.points.iter().all(|p| p.vpc >= turn.vpc - 1e-12));
    drawn(&figure);
    let (fit, _) = ticks();
    let error = VpcCurve::of(&fit, &[]).expect_err("no slope varies");
    assert_eq!(error.code(), "no_random_slopes");
}

#[test]
fn a_factor_with_varying_effects_has_points() {
    let rows = data("Machines");
    let fit = lmer("score ~ Machine + (Machine | Worker)", &*rows).expect("a fit");
    let figure = VpcCurve::of(&fit, &[]).expect("varying effects");
    assert_eq!(figure.terms, ["MachineB", "MachineC"]);
    assert_eq!(figure.points.len(), 4);
    drawn(&figure);
}

#[test]
fn profiles_as_in_lme4() {
    let (fit, _) = sleep();
    let figure = ProfileZeta::of(&fit, &[]).expect("profiles");
    assert_eq!(figure.parameters.len(), 6);
    let interval = |label: &str, level: f64| {
        let p = figure.parameters.iter().find(|p| p.label == label);
        let found = p
            .expect("a parameter")
            .intervals
            .iter()
            .find(|i| i.level == level);
        let found = found.expect("a level");
        (found.lower.expect("an end"), found.upper.expect("an end"))
    };
    // confint(profile(m)), lme4 1.1-31.
    for (label, lower, upper) in [
        ("SD of Intercept (Subject)", 14.3815, 37.7160),
        ("Correlation of Intercept, Days (Subject)", -0.4815, 0.6850),
        ("SD of Days (Subject)", 3.8012, 8.7534),
        ("Residual SD", 22.8983, 28.8580),
        ("Intercept", 237.6807, 265.1295),
        ("Days", 7.3587, 13.5759),
    ] {
        let (low, high) = interval(label, 0.95);
        near(low, lower, 5e-4);
        near(high, upper, 5e-4);
    }
    // Between the points of the curve, against a profile of its own.
    let own = fit
        .confint(ranef::IntervalMethod::Profile, 0.8)
        .expect("intervals");
    for (p, row) in figure.parameters.iter().zip(&own.rows) {
        let i = p
            .intervals
            .iter()
            .find(|i| i.level == 0.8)
            .expect("a level");
        near(i.lower.expect("an end"), row.lower.expect("an end"), 5e-4);
        near(i.upper.expect("an end"), row.upper.expect("an end"), 5e-4);
    }
    let chart = drawn(&figure);
    assert!(chart.shared.y && !chart.shared.x);
    let one = ProfileZeta::of(&fit, &["Days".to_owned()]).expect("a profile");
    assert_eq!(one.parameters.len(), 1);
}

#[test]
fn a_profile_that_ends_at_zero_has_no_lower_end() {
    let rows = data("Dyestuff2");
    let fit = lmer("Yield ~ 1 + (1 | Batch)", &*rows).expect("a fit");
    let figure = ProfileZeta::of(&fit, &[]).expect("profiles");
    let sd = figure
        .parameters
        .iter()
        .find(|p| p.label.starts_with("SD of"))
        .expect("one");
    assert!(
        sd.intervals
            .iter()
            .all(|i| i.lower.is_none() && i.upper.is_some())
    );
    drawn(&figure);
}

#[test]
fn power_says_where_the_target_is_reached() {
    let point = |value: f64, power: f64| PowerPoint {
        value,
        power: Some(power),
        lower: Some(power - 0.05),
        upper: Some(power + 0.05),
        analytic: Some(power + 0.01),
    };
    let mut figure = PowerCurve {
        effect: "ses:public".to_owned(),
        across: "Number of schools".to_owned(),
        target: Some(0.8),
        level: 0.95,
        points: vec![
            point(20.0, 0.41),
            point(40.0, 0.81),
            point(60.0, 0.79),
            point(80.0, 0.9),
        ],
        notes: vec!["1000 simulations each.".to_owned()],
    };
    // Chance may lift one value above the target: what counts is from where on it stays there.
    assert_eq!(figure.reached(), Some(80.0));
    let chart = drawn(&figure);
    let keys: Vec<&str> = (chart.panels[0].layers.iter())
        .filter_map(|l| l.key.as_deref())
        .collect();
    assert_eq!(
        keys,
        [
            "target 80 %",
            "by formula",
            "simulated, 95 % interval",
            "simulated, 95 % interval"
        ]
    );
    figure.points.truncate(1);
    assert_eq!(figure.reached(), None);
    assert!(figure.description().contains("not reached"));
    for point in &mut figure.points {
        (point.power, point.lower, point.upper) = (None, None, None);
    }
    drawn(&figure);
    assert_eq!(figure.table().rows(), 1);
}

#[test]
fn areas_in_the_order_of_their_estimates() {
    let (fit, rows) = sleep();
    let answer = fit.areas(&*rows, &AreasOptions::default()).expect("areas");
    let figure = AreasPlot::of(&answer, "Reaction", None);
    assert!(
        figure
            .areas
            .windows(2)
            .all(|w| w[0].estimate >= w[1].estimate)
    );
    assert_eq!(figure.areas[0].level, "337");
    for area in &figure.areas {
        assert!(area.rank_lower <= area.rank && area.rank <= area.rank_upper);
        assert!(answer.areas.contains(area));
    }
    let chart = drawn(&figure);
    assert_eq!(chart.panels.len(), 2);
    let few = AreasPlot::of(&answer, "Reaction", Some(5));
    assert!(few.notes.iter().any(|n| n.contains("5 of 18")));
    drawn(&few);
}
